//! The time zone in which people read times, and mean those that they type. Programs are told UTC everywhere.
//!
//! One setting, `time_zone`, is for the panel, the terminal and the banner; `--time-zone` is for what one command prints and
//! takes. What is written down stays UTC.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Time;
use jiff::tz::TimeZone;
use upgrade::Timestamp;

/// A zone of the IANA database, such as `Europe/Paris`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// There is no such zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0:?}: write UTC, or a name of the IANA database such as Europe/Paris")]
pub struct NoZone(pub String);

/// The zone of this process.
struct Chosen {
    zone: Zone,
    /// The command line named it, which settings don't change.
    is_said: bool,
}

static CHOSEN: Mutex<Option<Chosen>> = Mutex::new(None);

impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Default for Zone {
    fn default() -> Zone {
        Zone(TimeZone::UTC)
    }
}

impl std::str::FromStr for Zone {
    type Err = NoZone;

    /// The system's own database counts; the program has one for where there is none.
    fn from_str(name: &str) -> Result<Zone, NoZone> {
        // A database's folder has files that are no zones, and links that name none.
        let found = TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some());
        found.map(Zone).ok_or_else(|| NoZone(name.to_owned()))
    }
}

impl Zone {
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// How far it is ahead of UTC at that time, in seconds, and what it is called then: `3600`, `CET`.
    #[must_use]
    pub fn offset(&self, at: Timestamp) -> (i32, String) {
        let info = self.0.to_offset_info(instant(at));
        (info.offset().seconds(), info.abbreviation().to_owned())
    }

    /// The next time that clocks there show `hours:minutes`. One that they skip, or show twice, is taken as the earlier offset has it.
    #[must_use]
    pub fn next(&self, hours: i8, minutes: i8, now: Timestamp) -> Option<Timestamp> {
        let time = Time::new(hours, minutes, 0, 0).ok()?;
        let mut day = self.0.to_datetime(instant(now)).date();
        // The second day's may be one that clocks skip.
        for _ in 0..3 {
            let at = self.0.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()?;
            let at = Timestamp(u64::try_from(at.as_millisecond()).ok()?);
            if at > now {
                return Some(at);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    let milliseconds = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX)
}

/// The command line names this one.
pub(crate) fn say(zone: Zone) {
    choose(zone, true);
}

/// The settings name this one.
pub(crate) fn set(zone: Zone) {
    choose(zone, false);
}

fn choose(zone: Zone, is_said: bool) {
    let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
    if is_said || chosen.as_ref().is_none_or(|chosen| !chosen.is_said) {
        *chosen = Some(Chosen { zone, is_said });
    }
}

/// The zone of what this process prints.
pub(crate) fn current() -> Zone {
    let chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
    chosen.as_ref().map(|chosen| chosen.zone.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{NoZone, Zone};
    use upgrade::Timestamp;

    /// 2026-07-01T12:30:00Z, and half a year later.
    const SUMMER: u64 = 1_782_909_000_000;
    const WINTER: u64 = 1_798_806_600_000;

    #[test]
    fn a_zone_is_found_and_says_how_far_it_is_ahead() {
        for (name, at, offset, called) in [
            ("UTC", SUMMER, 0, "UTC"),
            ("Europe/Paris", SUMMER, 7200, "CEST"),
            ("Europe/Paris", WINTER, 3600, "CET"),
            ("America/New_York", SUMMER, -14_400, "EDT"),
            ("Asia/Kolkata", WINTER, 19_800, "IST"),
        ] {
            let zone: Zone = name.parse().expect("a zone");
            assert_eq!((zone.name(), zone.offset(Timestamp(at))), (name, (offset, called.to_owned())));
        }
        for name in ["Europe/Pariss", "", "../../etc/passwd", "/etc/passwd", "Local"] {
            assert_eq!(name.parse::<Zone>(), Err(NoZone(name.to_owned())));
        }
    }

    #[test]
    fn a_time_of_day_is_the_next_one_there() {
        let paris: Zone = "Europe/Paris".parse().expect("a zone");
        // There it is 14:30.
        for (hours, minutes, after_minutes) in
            [(14, 31, 1), (14, 30, 24 * 60), (0, 0, 9 * 60 + 30), (22, 0, 7 * 60 + 30)]
        {
            let next = paris.next(hours, minutes, Timestamp(SUMMER)).expect("a time");
            assert_eq!((next.0 - SUMMER) / 60_000, after_minutes, "{hours}:{minutes}");
        }
        // 2026-03-29T00:30:00Z: at 02:00 clocks there go on to 03:00.
        let spring = 1_774_744_200_000;
        let next = paris.next(2, 30, Timestamp(spring)).expect("a time");
        assert_eq!((next.0 - spring) / 60_000, 60, "as if they had not");
        assert_eq!(paris.next(24, 0, Timestamp(SUMMER)), None);
    }
}

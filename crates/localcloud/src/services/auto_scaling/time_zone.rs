//! The time zones that a recurrence may name. AWS takes every name of the IANA database; here are those of one fixed
//! offset, and of the two rules for summer time, that people run platforms in. Any other is refused by name.

use time::{Date, Month};

use crate::clock::{date, days_since_1970};

/// When the clocks of a zone go forward and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    Never,
    /// The last Sundays of March and October, 01:00 universal time.
    European,
    /// The second Sunday of March and the first of November, 02:00 on the clocks of the place.
    American,
}

/// A zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zone {
    /// East of Greenwich, in winter.
    offset_minutes: i64,
    summer: Summer,
}

const ZONES: &[(&str, i64, Summer)] = &[
    ("UTC", 0, Summer::Never),
    ("Etc/UTC", 0, Summer::Never),
    ("Etc/GMT", 0, Summer::Never),
    ("GMT", 0, Summer::Never),
    ("Europe/London", 0, Summer::European),
    ("Europe/Dublin", 0, Summer::European),
    ("Europe/Lisbon", 0, Summer::European),
    ("Europe/Amsterdam", 60, Summer::European),
    ("Europe/Berlin", 60, Summer::European),
    ("Europe/Brussels", 60, Summer::European),
    ("Europe/Copenhagen", 60, Summer::European),
    ("Europe/Madrid", 60, Summer::European),
    ("Europe/Oslo", 60, Summer::European),
    ("Europe/Paris", 60, Summer::European),
    ("Europe/Prague", 60, Summer::European),
    ("Europe/Rome", 60, Summer::European),
    ("Europe/Stockholm", 60, Summer::European),
    ("Europe/Vienna", 60, Summer::European),
    ("Europe/Warsaw", 60, Summer::European),
    ("Europe/Zurich", 60, Summer::European),
    ("Europe/Athens", 120, Summer::European),
    ("Europe/Helsinki", 120, Summer::European),
    ("America/New_York", -300, Summer::American),
    ("America/Toronto", -300, Summer::American),
    ("America/Chicago", -360, Summer::American),
    ("America/Denver", -420, Summer::American),
    ("America/Los_Angeles", -480, Summer::American),
    ("America/Anchorage", -540, Summer::American),
    ("America/Phoenix", -420, Summer::Never),
    ("America/Sao_Paulo", -180, Summer::Never),
    ("Pacific/Honolulu", -600, Summer::Never),
    ("Asia/Dubai", 240, Summer::Never),
    ("Asia/Kolkata", 330, Summer::Never),
    ("Asia/Hong_Kong", 480, Summer::Never),
    ("Asia/Shanghai", 480, Summer::Never),
    ("Asia/Singapore", 480, Summer::Never),
    ("Asia/Seoul", 540, Summer::Never),
    ("Asia/Tokyo", 540, Summer::Never),
    ("Australia/Brisbane", 600, Summer::Never),
];

impl Zone {
    /// Universal time.
    pub(super) const UTC: Zone = Zone { offset_minutes: 0, summer: Summer::Never };

    /// A zone by its name in the database; `Etc/GMT+9` is nine hours west.
    pub(super) fn named(name: &str) -> Option<Zone> {
        if let Some((_, offset_minutes, summer)) = ZONES.iter().find(|(known, ..)| *known == name) {
            return Some(Zone { offset_minutes: *offset_minutes, summer: *summer });
        }
        let hours = name.strip_prefix("Etc/GMT").filter(|hours| hours.starts_with(['+', '-']))?;
        let hours = hours.parse::<i64>().ok().filter(|hours| (-14..=12).contains(hours))?;
        Some(Zone { offset_minutes: -hours * 60, summer: Summer::Never })
    }

    /// A minute of universal time on the zone's clocks; both are counted from 1970.
    pub(super) fn local(self, minute: i64) -> i64 {
        minute.saturating_add(self.offset(minute))
    }

    /// A minute of the zone's clocks in universal time: the first of the two in the hour that comes twice, and an hour
    /// later in the one that doesn't come.
    pub(super) fn universal(self, local: i64) -> i64 {
        let winter = local.saturating_sub(self.offset_minutes);
        let summer = winter.saturating_sub(60);
        if self.local(summer) == local { summer } else { winter }
    }

    fn offset(self, minute: i64) -> i64 {
        let Some(year) = date(minute.div_euclid(1440)).map(Date::year) else { return self.offset_minutes };
        let sunday = |month, day| last_sunday(year, month, day) * 1440;
        let (begins, ends) = match self.summer {
            Summer::Never => return self.offset_minutes,
            Summer::European => (sunday(Month::March, 31) + 60, sunday(Month::October, 31) + 60),
            Summer::American => (
                // The second Sunday of March is the last by the 14th.
                sunday(Month::March, 14) + 120 - self.offset_minutes,
                sunday(Month::November, 7) + 60 - self.offset_minutes,
            ),
        };
        self.offset_minutes + if (begins..ends).contains(&minute) { 60 } else { 0 }
    }
}

/// The last Sunday on or before a day, in days since 1970.
fn last_sunday(year: i32, month: Month, day: u8) -> i64 {
    let date = Date::from_calendar_date(year, month, day);
    date.map_or(0, |date| days_since_1970(date) - i64::from(date.weekday().number_days_from_sunday()))
}

#[cfg(test)]
mod tests {
    use super::Zone;

    #[test]
    fn names_are_those_of_the_database() {
        for (name, is_known) in [
            ("UTC", true),
            ("Europe/Berlin", true),
            ("Etc/GMT-14", true),
            ("Etc/GMT+12", true),
            ("Etc/GMT+13", false),
            ("Etc/GMT9", false),
            ("Etc/GMT+", false),
            ("europe/berlin", false),
            ("Mars/Olympus", false),
            ("", false),
        ] {
            assert_eq!(Zone::named(name).is_some(), is_known, "{name}");
        }
    }
}

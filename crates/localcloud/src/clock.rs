//! The one place in this crate that reads a clock. Everything else is told the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This moment and `duration` more. Saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Timestamp {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_add(milliseconds))
    }

    /// `2026-01-31T08:15:30.250Z`, as AWS writes times in XML.
    #[must_use]
    pub fn iso8601(self) -> String {
        let (days, milliseconds) = (self.0 / 86_400_000, self.0 % 86_400_000);
        let (year, month, day) = civil_from_days(i64::try_from(days).unwrap_or(i64::MAX / 2));
        let (hours, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
        let (minutes, rest) = (rest / 60_000, rest % 60_000);
        let (seconds, milliseconds) = (rest / 1000, rest % 1000);
        format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z")
    }

    /// `2026-01-31T08:15:30Z`.
    #[must_use]
    pub fn iso8601_seconds(self) -> String {
        let written = self.iso8601();
        format!("{}Z", written.split('.').next().unwrap_or_default())
    }

    /// Read `2026-01-31T08:15:30Z`, with or without seconds and their fraction, in UTC or with an offset such as
    /// `+02:00`; `None` when it isn't that, or before 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Timestamp> {
        let (date, rest) = text.split_once(['T', ' '])?;
        let (clock, offset_minutes) = match rest.strip_suffix('Z') {
            Some(clock) => (clock, 0),
            None => {
                let place = rest.rfind(['+', '-'])?;
                let (clock, offset) = rest.split_at_checked(place)?;
                let (hours, minutes) = offset.get(1..)?.split_once(':')?;
                let minutes = digits(hours, 2)?.checked_mul(60)?.checked_add(digits(minutes, 2)?)?;
                (clock, if offset.starts_with('-') { -minutes } else { minutes })
            }
        };
        let mut parts = date.splitn(3, '-');
        let (year, month, day) =
            (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut parts = clock.splitn(3, ':');
        let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
        if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_from_civil(year, month, day);
        if civil_from_days(days) != (year, month, day) || !fraction.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let milliseconds: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let seconds = ((days * 24 + hour) * 60 + minute - offset_minutes) * 60 + second;
        u64::try_from(seconds * 1000 + milliseconds).ok().map(Timestamp)
    }

    /// `Sat, 31 Jan 2026 08:15:30 GMT`, as HTTP's headers write times (RFC 9110, section 5.6.7).
    #[must_use]
    pub fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, seconds) = (self.0 / 86_400_000, self.0 % 86_400_000 / 1000);
        let (year, month, day) = civil_from_days(i64::try_from(days).unwrap_or(i64::MAX / 2));
        let pick = |names: &[&'static str], place: Option<usize>| {
            place.and_then(|place| names.get(place).copied()).unwrap_or_default()
        };
        format!(
            "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
            pick(&DAYS, usize::try_from(days % 7).ok()),
            pick(&MONTHS, usize::try_from(month - 1).ok()),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

/// Digits of exactly this count.
fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days since 1970-01-01 to year, month and day of the Gregorian calendar (Howard Hinnant's `civil_from_days`).
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A date to days since 1970-01-01 (Howard Hinnant's `days_from_civil`).
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Time for the local cloud: a start plus what tokio's clock says has passed, so pausing tokio's clock
/// pauses the cloud. It never goes back, whatever becomes of the machine's clock, and never stands still for it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    started: tokio::time::Instant,
    /// By how much the cloud's time is ahead: what has happened in it has happened.
    ahead: Duration,
    /// Clients sign by the machine's clock.
    is_the_machines: bool,
}

impl Clock {
    /// A clock that starts at the machine's time.
    #[must_use]
    pub fn system() -> Clock {
        Clock { is_the_machines: true, ..Clock::starting_at(machine_time()) }
    }

    /// A clock that starts at a given time: the same run twice has the same times.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
        let started = tokio::time::Instant::now();
        Clock { start, started, ahead: Duration::ZERO, is_the_machines: false }
    }

    /// The same, going on from a time that has been given before: the machine's clock may have been set back since.
    #[must_use]
    pub fn going_on_from(self, given: Timestamp) -> Clock {
        let ahead = Duration::from_millis(given.0.saturating_sub(self.now().0));
        Clock { ahead: self.ahead + ahead, ..self }
    }

    /// What those take for the time who sign requests now: theirs may be set back and forth.
    #[must_use]
    pub fn of_signers(&self) -> Timestamp {
        if self.is_the_machines { machine_time() } else { self.start.after(self.started.elapsed()) }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.start.after(self.started.elapsed()).after(self.ahead)
    }
}

fn machine_time() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().after(since_epoch)
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn times_are_written_as_aws_writes_them() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp(milliseconds).iso8601(), text);
        }
    }

    #[test]
    fn times_are_read() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000)),
            ("2000-02-29T02:00:00.5+02:00", Some(951_782_400_500)),
            ("2000-02-28T22:30-01:30", Some(951_782_400_000)),
            ("2001-02-29T00:00:00Z", None),
            ("2000-13-01T00:00:00Z", None),
            ("2000-01-01T24:00:00Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("2000-01-01", None),
            ("2000-01-01T00:00:00", None),
            ("2000-1-1T00:00:00Z", None),
            ("99999999999-01-01T00:00:00Z", None),
            ("T-\u{e9}:00", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::parse(text).map(|found| found.0), milliseconds, "{text}");
        }
        assert_eq!(Timestamp(951_782_400_999).iso8601_seconds(), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn times_are_written_as_http_writes_them() {
        for (milliseconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"),
        ] {
            assert_eq!(Timestamp(milliseconds).http_date(), text);
        }
    }
}

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
        let (year, month, day) = civil_from_days(days);
        let (hours, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
        let (minutes, rest) = (rest / 60_000, rest % 60_000);
        let (seconds, milliseconds) = (rest / 1000, rest % 1000);
        format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z")
    }

    /// `Sat, 31 Jan 2026 08:15:30 GMT`, as HTTP's headers write times (RFC 9110, section 5.6.7).
    #[must_use]
    pub fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, seconds) = (self.0 / 86_400_000, self.0 % 86_400_000 / 1000);
        let (year, month, day) = civil_from_days(days);
        let pick = |names: &[&'static str], place: u64| {
            usize::try_from(place).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
        };
        format!(
            "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
            pick(&DAYS, days % 7),
            pick(&MONTHS, month.saturating_sub(1)),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

/// Days since 1970-01-01 to a date of the Gregorian calendar (Howard Hinnant's `civil_from_days`).
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Time for the local cloud: a start plus what tokio's clock says has passed, so pausing tokio's clock
/// pauses the cloud.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    started: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts at the machine's time.
    #[must_use]
    pub fn system() -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock::starting_at(Timestamp::default().after(since_epoch))
    }

    /// A clock that starts at a given time: the same run twice has the same times.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
        let started = tokio::time::Instant::now();
        Clock { start, started }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.start.after(self.started.elapsed())
    }
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

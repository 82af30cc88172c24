//! The one place in this crate that reads a clock. Everything else is told the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

const ISO_8601: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
/// Of 1970-01-01.
const FIRST_JULIAN_DAY: i64 = 2_440_588;

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

    fn written(self, format: &[BorrowedFormatItem<'_>]) -> String {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000);
        time.unwrap_or(PrimitiveDateTime::MAX.assume_utc()).format(format).unwrap_or_default()
    }

    /// `2026-01-31T08:15:30.250Z`, as AWS writes times in XML.
    #[must_use]
    pub fn iso8601(self) -> String {
        self.written(ISO_8601)
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
        let (minutes, rest) = text.split_at_checked("2026-01-31T08:15".len())?;
        let seconds = if rest.starts_with(':') { "" } else { ":00" };
        let whole = format!("{}{seconds}{rest}", minutes.replacen(' ', "T", 1));
        OffsetDateTime::parse(&whole, &Rfc3339).ok().and_then(Timestamp::from_time)
    }

    /// `None` before 1970.
    pub(crate) fn from_time(time: OffsetDateTime) -> Option<Timestamp> {
        u64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Timestamp)
    }

    /// `Sat, 31 Jan 2026 08:15:30 GMT`, as HTTP's headers write times (RFC 9110, section 5.6.7).
    #[must_use]
    pub fn http_date(self) -> String {
        self.written(HTTP_DATE)
    }
}

/// The date so many days after 1970-01-01.
pub(crate) fn date(days: i64) -> Option<Date> {
    let day = i32::try_from(days.checked_add(FIRST_JULIAN_DAY)?).ok()?;
    Date::from_julian_day(day).ok()
}

/// Days from 1970-01-01 to a date.
pub(crate) fn days_since_1970(date: Date) -> i64 {
    i64::from(date.to_julian_day()) - FIRST_JULIAN_DAY
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

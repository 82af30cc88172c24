//! The one place in this crate that reads a clock, and how times are written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// `2026-01-31T08:15:30Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let time = OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        time.format(&Rfc3339).unwrap_or_default()
    }

    /// Reads RFC 3339, whatever its offset; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<UnixSeconds> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(|time| UnixSeconds(time.unix_timestamp()))
    }
}

/// A start plus what tokio's clock says has passed.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Duration,
    started: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts at the machine's time.
    #[must_use]
    pub fn system() -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
        let started = tokio::time::Instant::now();
        Clock { start, started }
    }

    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        UnixSeconds(i64::try_from(self.since_epoch().as_secs()).unwrap_or(i64::MAX))
    }

    /// The time now, as the standard library has it.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + self.since_epoch()
    }

    fn since_epoch(&self) -> Duration {
        self.start + self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::UnixSeconds;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        for (text, seconds, written) in [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2026-01-31T10:15:30+02:00", 1_769_847_330, "2026-01-31T08:15:30Z"),
            ("2026-01-31T08:15:30.750Z", 1_769_847_330, "2026-01-31T08:15:30Z"),
        ] {
            assert_eq!(UnixSeconds::parse(text), Some(UnixSeconds(seconds)));
            assert_eq!(UnixSeconds(seconds).rfc3339(), written);
        }
        for text in ["", "tomorrow", "2026-01-31", "2026-01-31T08:15:30"] {
            assert_eq!(UnixSeconds::parse(text), None, "{text}");
        }
    }
}

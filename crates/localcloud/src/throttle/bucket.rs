//! A token bucket in whole numbers: millionths of a token, so that a slow rate loses nothing between two requests.

use std::time::Duration;

use crate::Timestamp;

const ONE: u64 = 1_000_000;

/// A bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    level: u64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket of so many tokens.
    pub(super) fn full(at: Timestamp, burst: u32) -> Bucket {
        Bucket { level: u64::from(burst) * ONE, at }
    }

    /// Refill it for the time that has passed, and take a token if there is one.
    pub(super) fn draw(&mut self, at: Timestamp, burst: u32, per_second: f64) -> bool {
        let passed = at.0.saturating_sub(self.at.0);
        self.at = self.at.max(at);
        let refilled = passed.saturating_mul(millionths_each_millisecond(per_second));
        self.level = self.level.saturating_add(refilled).min(u64::from(burst) * ONE);
        match self.level.checked_sub(ONE) {
            Some(rest) => {
                self.level = rest;
                true
            }
            None => false,
        }
    }
}

/// So many tokens a second are a thousand times as many millionths a millisecond. `Duration` makes the whole number of it.
fn millionths_each_millisecond(per_second: f64) -> u64 {
    let rate = Duration::try_from_secs_f64(per_second).unwrap_or_default();
    u64::try_from(rate.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Bucket;
    use crate::Timestamp;

    /// How many of `count` requests at each of these milliseconds pass.
    fn check(burst: u32, per_second: f64, requests: &[(u64, usize, usize)]) {
        let mut bucket = Bucket::full(Timestamp(0), burst);
        for (at, count, passing) in requests {
            let passed = (0..*count).filter(|_| bucket.draw(Timestamp(*at), burst, per_second)).count();
            assert_eq!(passed, *passing, "at {at} ms, {burst} and {per_second} a second");
        }
    }

    #[test]
    fn buckets_fill_again() {
        check(50, 50.0, &[(0, 60, 50), (10, 1, 0), (20, 2, 1), (1020, 100, 50), (99_999, 60, 50)]);
        check(1, 0.5, &[(0, 2, 1), (1999, 1, 0), (2000, 2, 1)]);
        check(1, 0.001, &[(0, 1, 1), (999_999, 1, 0), (1_000_000, 1, 1)]);
        check(0, 1000.0, &[(0, 1, 0), (100_000, 1, 0)]);
        check(2, 0.0, &[(0, 3, 2), (u64::MAX, 1, 0)]);
        // A clock that was set back fills nothing.
        check(1, 1.0, &[(5000, 2, 1), (0, 1, 0), (5500, 1, 0), (6000, 1, 1)]);
    }
}

//! Limits on guessing: so many wrong passwords for a name, so many attempts from an address. Kept in memory: whoever
//! can restart the program needs no guessing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use upgrade::Timestamp;

/// Wrong passwords in a row after which a name is locked.
const WRONG_FOR_A_NAME: u32 = 5;

/// How long a name is locked the first time; each time after that twice as long, up to [`LOCK_MOST_SECONDS`].
const LOCK_SECONDS: u64 = 60;
const LOCK_MOST_SECONDS: u64 = 3600;

/// Attempts from one address within [`WINDOW_SECONDS`], whatever the name.
const ATTEMPTS_FROM_AN_ADDRESS: u32 = 30;
const WINDOW_SECONDS: u64 = 300;

/// Names and addresses that are remembered; the oldest are forgotten beyond it.
const MOST_REMEMBERED: usize = 10_000;

/// Somebody must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Seconds until it is worth trying again.
    pub seconds: u64,
}

/// Counts.
#[derive(Debug, Default)]
pub struct Limits {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    names: HashMap<String, Wrong>,
    addresses: HashMap<IpAddr, (Timestamp, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    in_a_row: u32,
    locks: u32,
    locked_until: Timestamp,
    last: Timestamp,
}

impl Limits {
    /// Somebody attempts to sign in.
    ///
    /// # Errors
    /// They must wait. The password isn't even looked at.
    pub fn attempt(&self, name: &str, address: IpAddr, now: Timestamp) -> Result<(), TooMany> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wrong) = counts.names.get(&name.to_lowercase())
            && wrong.locked_until > now
        {
            return Err(TooMany { seconds: wrong.locked_until.milliseconds_since(now).div_ceil(1000) });
        }
        if counts.addresses.len() >= MOST_REMEMBERED {
            counts.addresses.retain(|_, (since, _)| now.milliseconds_since(*since) < WINDOW_SECONDS * 1000);
        }
        let (since, count) = counts.addresses.entry(address).or_insert((now, 0));
        let passed = now.milliseconds_since(*since);
        if passed >= WINDOW_SECONDS * 1000 {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        if *count > ATTEMPTS_FROM_AN_ADDRESS {
            return Err(TooMany {
                seconds: (WINDOW_SECONDS * 1000).saturating_sub(passed).div_ceil(1000).max(1),
            });
        }
        Ok(())
    }

    /// The password was wrong. Gives whether the name is locked by this.
    pub fn wrong(&self, name: &str, now: Timestamp) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.names.len() >= MOST_REMEMBERED {
            counts.names.retain(|_, wrong| now.milliseconds_since(wrong.last) < LOCK_MOST_SECONDS * 1000);
        }
        let fresh = Wrong { in_a_row: 0, locks: 0, locked_until: Timestamp(0), last: now };
        let wrong = counts.names.entry(name.to_lowercase()).or_insert(fresh);
        wrong.in_a_row += 1;
        wrong.last = now;
        if wrong.in_a_row < WRONG_FOR_A_NAME {
            return false;
        }
        let seconds = LOCK_SECONDS.saturating_mul(1 << wrong.locks.min(10)).min(LOCK_MOST_SECONDS);
        wrong.locks += 1;
        wrong.in_a_row = 0;
        wrong.locked_until = Timestamp(now.0.saturating_add(seconds * 1000));
        true
    }

    /// The password was right.
    pub fn right(&self, name: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.names.remove(&name.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, TooMany};
    use std::net::{IpAddr, Ipv4Addr};
    use upgrade::Timestamp;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_name_is_locked_longer_each_time_and_opened_by_the_right_password() {
        let limits = Limits::default();
        let mut now = Timestamp(1_000_000);
        for seconds in [60, 120, 240] {
            for attempt in 1..=5 {
                assert_eq!(limits.attempt("Ada", HERE, now), Ok(()));
                assert_eq!(limits.wrong("ada", now), attempt == 5);
            }
            assert_eq!(limits.attempt("ada", HERE, now), Err(TooMany { seconds }));
            now = Timestamp(now.0 + seconds * 1000);
            // Past the address's own window, which is not looked at here.
            now = Timestamp(now.0 + 300_000);
        }
        limits.right("ada");
        assert!(!limits.wrong("ada", now), "counts from the beginning");
    }

    #[test]
    fn an_address_may_not_try_many_names() {
        let limits = Limits::default();
        let now = Timestamp(1_000_000);
        for number in 0..30 {
            assert_eq!(limits.attempt(&format!("name{number}"), HERE, now), Ok(()));
        }
        assert_eq!(limits.attempt("another", HERE, now), Err(TooMany { seconds: 300 }));
        assert_eq!(limits.attempt("another", HERE, Timestamp(now.0 + 300_000)), Ok(()));
    }
}

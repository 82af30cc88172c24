//! Limits on guessing. Counted by name and address together, so that whoever guesses keeps out themselves and nobody
//! else; by address, whatever the name; and by name, whatever the address, where only strangers are slowed down. All of
//! it is forgotten with time, and kept in memory: whoever can restart the program needs no guessing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use upgrade::Timestamp;

/// Wrong passwords for a name from an address, in a row, after which both together are locked.
const WRONG_IN_A_ROW: u32 = 5;

/// How long they are locked the first time; with each wrong one after that twice as long, up to [`LOCK_MOST_SECONDS`].
const LOCK_SECONDS: u64 = 60;
const LOCK_MOST_SECONDS: u64 = 900;

/// After so long without a wrong one, all of it is forgotten.
const FORGET_SECONDS: u64 = 3600;

/// Attempts from one address within [`WINDOW_SECONDS`], whatever the name.
const ATTEMPTS_FROM_AN_ADDRESS: u32 = 30;
const WINDOW_SECONDS: u64 = 300;

/// Wrong passwords for a name from all addresses within [`FORGET_SECONDS`]; beyond it, addresses from which the name has
/// not signed in have one attempt each [`STRANGER_SECONDS`] together. Whoever the name belongs to comes in from where
/// they usually do, and elsewhere with patience.
const WRONG_FOR_A_NAME: u32 = 100;
const STRANGER_SECONDS: u64 = 10;

/// What is remembered of each kind; the oldest is forgotten beyond it.
const MOST_REMEMBERED: usize = 10_000;

/// A longer name is nobody's.
const MOST_NAME: usize = 64;

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
    pairs: Remembered<(String, IpAddr), Wrong>,
    /// Addresses from which a name has signed in.
    known: Remembered<(String, IpAddr), ()>,
    addresses: Remembered<IpAddr, Window>,
    names: Remembered<String, Window>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Wrong {
    in_a_row: u32,
    locks: u32,
    locked_until: Timestamp,
}

/// A count since a time.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    since: Timestamp,
    count: u32,
    /// When a stranger attempted last.
    stranger_at: Timestamp,
}

/// Things by key, each with the time at which it was touched last; never too many.
#[derive(Debug)]
struct Remembered<K, V>(HashMap<K, (Timestamp, V)>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Remembered(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone, V: Default> Remembered<K, V> {
    fn touch(&mut self, key: &K, now: Timestamp) -> &mut V {
        if self.0.len() >= MOST_REMEMBERED && !self.0.contains_key(key) {
            self.forget_the_older_half();
        }
        let (at, value) = self.0.entry(key.clone()).or_default();
        *at = now;
        value
    }

    fn forget_the_older_half(&mut self) {
        let mut times: Vec<Timestamp> = self.0.values().map(|(at, _)| *at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.0.retain(|_, (at, _)| *at > median);
    }

    /// What was touched within so long.
    fn within(&self, key: &K, seconds: u64, now: Timestamp) -> Option<&(Timestamp, V)> {
        self.0.get(key).filter(|(at, _)| now.milliseconds_since(*at) < seconds * 1000)
    }
}

/// What an address stands for: whoever has one IPv6 address has 2^64 of them.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

fn known_as(name: &str) -> String {
    name.to_lowercase().chars().take(MOST_NAME).collect()
}

fn must_wait(until: Timestamp, now: Timestamp) -> Result<(), TooMany> {
    Err(TooMany { seconds: until.milliseconds_since(now).div_ceil(1000).max(1) })
}

impl Limits {
    /// Somebody attempts to sign in. What was counted against the name until `forgiven_at` doesn't count.
    ///
    /// # Errors
    /// They must wait. The password isn't even looked at.
    pub fn attempt(
        &self,
        name: &str,
        address: IpAddr,
        forgiven_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, address) = (known_as(name), place(address));
        let pair = (name.clone(), address);
        let is_forgiven = |at: Timestamp| forgiven_at.is_some_and(|forgiven_at| at <= forgiven_at);
        if counts.pairs.0.get(&pair).is_some_and(|(at, _)| is_forgiven(*at)) {
            counts.pairs.0.remove(&pair);
        }
        if let Some((_, wrong)) = counts.pairs.within(&pair, FORGET_SECONDS, now)
            && wrong.locked_until > now
        {
            return must_wait(wrong.locked_until, now);
        }
        let of_address = counts.addresses.touch(&address, now);
        if now.milliseconds_since(of_address.since) >= WINDOW_SECONDS * 1000 || is_forgiven(of_address.since)
        {
            *of_address = Window { since: now, ..Window::default() };
        }
        of_address.count = of_address.count.saturating_add(1);
        if of_address.count > ATTEMPTS_FROM_AN_ADDRESS {
            return must_wait(of_address.since.plus_seconds(WINDOW_SECONDS), now);
        }
        let is_stranger = !counts.known.0.contains_key(&pair);
        let of_name = counts.names.0.get_mut(&name).map(|(_, window)| window);
        if let Some(of_name) = of_name
            && now.milliseconds_since(of_name.since) < FORGET_SECONDS * 1000
            && !is_forgiven(of_name.since)
            && of_name.count >= WRONG_FOR_A_NAME
            && is_stranger
        {
            let next = of_name.stranger_at.plus_seconds(STRANGER_SECONDS);
            if next > now {
                return must_wait(next, now);
            }
            of_name.stranger_at = now;
        }
        Ok(())
    }

    /// The password was wrong. Gives whether name and address together are locked by this.
    pub fn wrong(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, address) = (known_as(name), place(address));
        let of_name = counts.names.touch(&name, now);
        if now.milliseconds_since(of_name.since) >= FORGET_SECONDS * 1000 {
            *of_name = Window { since: now, ..Window::default() };
        }
        of_name.count = of_name.count.saturating_add(1);
        let pair = (name, address);
        if counts.pairs.within(&pair, FORGET_SECONDS, now).is_none() {
            counts.pairs.0.remove(&pair);
        }
        let wrong = counts.pairs.touch(&pair, now);
        wrong.in_a_row = wrong.in_a_row.saturating_add(1);
        if wrong.in_a_row < WRONG_IN_A_ROW {
            return false;
        }
        let seconds = LOCK_SECONDS.saturating_mul(1 << wrong.locks.min(10)).min(LOCK_MOST_SECONDS);
        wrong.locks = wrong.locks.saturating_add(1);
        wrong.locked_until = now.plus_seconds(seconds);
        true
    }

    /// The password was right.
    pub fn right(&self, name: &str, address: IpAddr, now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (known_as(name), place(address));
        counts.pairs.0.remove(&pair);
        // Only what was wrong counts against an address; it was counted beforehand, however many ask at once.
        if let Some((_, of_address)) = counts.addresses.0.get_mut(&pair.1) {
            of_address.count = of_address.count.saturating_sub(1);
        }
        counts.known.touch(&pair, now);
    }
}

#[cfg(test)]
mod tests;

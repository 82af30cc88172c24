//! Who acts for a run. One conducting at a time: its lease is renewed with every record, and by itself while it waits, looks
//! or acts.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use upgrade::Timestamp;

use crate::random::{NoRandomness, random_word};

/// How long a lease lasts from its last renewal. Whoever could not renew it for so long does nothing more; whoever takes
/// it over looks first, and every act is safe to repeat.
pub const LEASE_SECONDS: u64 = 60;

/// A lease is renewed when a third of it has passed.
pub(crate) const RENEW_AFTER_SECONDS: u64 = LEASE_SECONDS / 3;

/// Letters of a nonce: 2^60 of them, so that two conductings never have the same.
const NONCE_LETTERS: usize = 12;

/// The nonces of this process's conductings that have not ended.
static CONDUCTING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn conducting() -> MutexGuard<'static, BTreeSet<String>> {
    // A set is whole whoever panicked while it was held.
    CONDUCTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who may hold leases, one conducting of one process: `host/process id/when the process began/nonce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

/// One conducting of this process: its holder counts as alive until this is dropped. Two of one process are two holders.
#[derive(Debug)]
pub struct Conducting {
    holder: Holder,
    nonce: String,
}

impl Conducting {
    /// A new one, under a nonce of its own.
    ///
    /// # Errors
    /// The machine gives no random bytes.
    pub fn begin() -> Result<Conducting, NoRandomness> {
        let nonce = random_word(NONCE_LETTERS)?;
        let process = std::process::id();
        let holder = Holder(format!("{}/{process}/{}/{nonce}", host(), began(process).unwrap_or_default()));
        conducting().insert(nonce.clone());
        Ok(Conducting { holder, nonce })
    }
}

impl Deref for Conducting {
    type Target = Holder;

    fn deref(&self) -> &Holder {
        &self.holder
    }
}

impl Drop for Conducting {
    fn drop(&mut self) {
        conducting().remove(&self.nonce);
    }
}

impl Holder {
    /// A holder by name, for rehearsals and tests: it counts as alive until its lease has expired.
    #[must_use]
    pub fn named(name: &str) -> Holder {
        Holder(name.to_owned())
    }

    /// As the journal keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is known to conduct no more: its process ran on this machine and is dead, or it is this process and its
    /// conducting has ended. One on another machine, or on a system without `/proc`, isn't known to be gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let mut parts = self.0.split('/');
        let (Some(on), Some(process), Some(then)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Ok(process) = process.parse::<u32>() else { return false };
        if on != host() || then.is_empty() {
            return false;
        }
        if began(process).as_deref() != Some(then) {
            return true;
        }
        process == std::process::id() && !parts.next().is_some_and(|nonce| conducting().contains(nonce))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split('/');
        match (parts.next(), parts.next()) {
            (Some(host), Some(process)) => write!(formatter, "process {process} on {host}"),
            _ => formatter.write_str(&self.0),
        }
    }
}

/// A lease as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub holder: Holder,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Lease {
    /// Whether another conducting may take it.
    #[must_use]
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.expires_at < now || self.holder.is_gone()
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().replace('/', "-")
}

/// When a process began, in the kernel's ticks since it booted; `None` for one that isn't there or runs no more.
fn began(process: u32) -> Option<String> {
    began_by(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// From `/proc/PID/stat` (proc(5)): the second field is the program's name in parentheses, which may hold anything; the
/// third its state, of which `Z` is a zombie and `X` dead; the 22nd when it began.
fn began_by(stat: &str) -> Option<String> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    match fields.next()? {
        "Z" | "X" | "x" => None,
        _ => fields.nth(18).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::{Conducting, Holder, began_by};

    #[test]
    fn a_conducting_that_goes_on_is_not_gone_and_one_that_has_ended_is() {
        let (first, second) = (Conducting::begin().expect("random"), Conducting::begin().expect("random"));
        assert_ne!(*first, *second, "two conductings of one process are two holders");
        let ended = Holder::clone(&first);
        assert!(!ended.is_gone(), "{ended}");
        drop(first);
        if std::path::Path::new("/proc/self/stat").exists() {
            assert!(ended.is_gone(), "its process lives, and it conducts no more");
            let parts: Vec<&str> = second.as_str().split('/').collect();
            let [host, process, began, nonce] = parts.as_slice() else { panic!("{parts:?}") };
            for (name, why) in [
                (format!("{host}/{process}/1/{nonce}"), "the id was given to another process"),
                (format!("{host}/{process}/{began}"), "no conducting of ours is without a nonce"),
            ] {
                assert!(Holder::named(&name).is_gone(), "{why}");
            }
        }
        assert!(!second.is_gone(), "{}", *second);
        assert!(!Holder::named("elsewhere/1/1/x").is_gone(), "nobody knows from here");
        assert!(!Holder::named("a rehearsal").is_gone());
    }

    #[test]
    fn a_zombie_began_never() {
        let stat = |state: &str| {
            format!("7 (a ) b (c) {state} 1 7 7 0 -1 4194304 95 0 0 0 0 0 0 0 20 0 1 0 4711 2809856 0")
        };
        for (state, began) in
            [("S", Some("4711")), ("R", Some("4711")), ("T", Some("4711")), ("Z", None), ("X", None)]
        {
            assert_eq!(began_by(&stat(state)).as_deref(), began, "{state}");
        }
        assert_eq!(began_by("nothing"), None);
    }
}

//! Who acts for a deployment. Its claim names the run that has it and the conducting that carries that run on; a conducting
//! gives a sign of life every few seconds, and one that is silent may be followed by another of the same run.
//!
//! Ages count, never times of day. A conducting counts from when its last accepted beat was *sent*; others count from when
//! the store took it. So between the last call that a conducting may send and the first that its follower sends there is
//! always time in which nobody acts.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use upgrade::Timestamp;

use crate::journal::TakenOver;
use crate::random::{NoRandomness, random_word};

/// Between two beats.
pub const BEAT_SECONDS: u64 = 10;

/// From so long after its last accepted beat was sent, a conducting sends no call and repeats no attempt. An attempt lasts at
/// most 25 s, so the last one has ended before [`ACT_SECONDS`].
pub const HOLD_SECONDS: u64 = 40;

/// A conducting that has been silent for so long may be followed by another one.
pub const TAKE_OVER_SECONDS: u64 = 45;

/// From so long after the last beat of the one before, its follower acts.
pub const ACT_SECONDS: u64 = 70;

/// Whoever was heard less long ago lives: a beat more than it should take.
pub(crate) const SURELY_ALIVE_SECONDS: u64 = BEAT_SECONDS + 2;

/// What a conducting is doing before its first step, and before it acts for a run that another one began.
pub(crate) const BEGINS: &str = "Begin";
pub(crate) const TAKES_OVER: &str = "Take over";

/// Letters of a nonce: 2^60 of them, so that two conductings never have the same.
const NONCE_LETTERS: usize = 12;

/// The nonces of this process's conductings that have not ended.
static CONDUCTING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn conducting() -> MutexGuard<'static, BTreeSet<String>> {
    // A set is whole whoever panicked while it was held.
    CONDUCTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who may have a claim, one conducting of one process: `host/process id/when the process began/where/nonce`. Where: the boot and
/// the namespace in which the process id means something, since two machines may have the same name.
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
        let began = began(process).unwrap_or_default();
        let holder = Holder(format!("{}/{process}/{began}/{}/{nonce}", host(), place()));
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
    /// A holder by name, for rehearsals and tests: it counts as alive until it has been silent for too long.
    #[must_use]
    pub fn named(name: &str) -> Holder {
        Holder(name.to_owned())
    }

    /// As the journal keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is, or was, on a machine of this one's name.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        self.0.split('/').next().is_some_and(|on| !on.is_empty() && on == host())
    }

    /// Whether it is known to conduct no more: its process ran on this machine and is dead, or it is this process and its
    /// conducting has ended. One on another machine, or on a system without `/proc`, isn't known to be gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let mut parts = self.0.split('/');
        let (Some(on), Some(process), Some(then), Some(at)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let Ok(process) = process.parse::<u32>() else { return false };
        if on != host() || at != place() || at.is_empty() || then.is_empty() {
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

/// Who carries a run on, as its claim says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub holder: Holder,
    /// What it was doing when it last gave a sign of life, in words: a step's title.
    pub doing: String,
    /// When that was, by the reader's clock.
    pub beat_at: Timestamp,
}

impl Claim {
    /// Whether another conducting of the same run may follow this one.
    #[must_use]
    pub fn is_free(&self, now: Timestamp) -> bool {
        now.milliseconds_since(self.beat_at) >= TAKE_OVER_SECONDS * 1000 || self.holder.is_gone()
    }

    /// Somebody else takes it: one that is known to be gone sends nothing more.
    pub(crate) fn taken_over(self, now: Timestamp) -> TakenOver {
        let act_at =
            if self.holder.is_gone() { now } else { self.beat_at.plus_seconds(ACT_SECONDS).max(now) };
        TakenOver { from: Some(self.holder), act_at }
    }
}

/// This machine's name; empty where the system doesn't tell.
#[must_use]
pub fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().replace('/', "-")
}

/// The boot and the namespace of process ids in which this process runs (proc(5), pid_namespaces(7)); empty where the system
/// doesn't tell.
fn place() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let number: String = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    match (boot.trim().split('-').next(), number.as_str()) {
        (None | Some(""), _) | (_, "") => String::new(),
        (Some(boot), number) => format!("{boot}-{number}"),
    }
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
            let [host, process, began, place, nonce] = parts.as_slice() else { panic!("{parts:?}") };
            for (name, why) in [
                (format!("{host}/{process}/1/{place}/{nonce}"), "the id was given to another process"),
                (format!("{host}/{process}/{began}/{place}"), "no conducting of ours is without a nonce"),
            ] {
                assert!(Holder::named(&name).is_gone(), "{why}");
            }
            let elsewhere = Holder::named(&format!("{host}/{process}/1/another-boot/{nonce}"));
            assert!(!elsewhere.is_gone(), "a machine of the same name is another machine");
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

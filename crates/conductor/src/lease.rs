//! Who acts for a run. One process at a time: its lease is renewed with every record, and by itself while it waits.

use std::fmt;

use upgrade::Timestamp;

/// How long a lease lasts from its last renewal. A call to AWS is given up after 30 s and repeated up to four times, so
/// an act may take longer than this: whoever takes the lease over then looks first, and every act is safe to repeat.
pub const LEASE_SECONDS: u64 = 60;

/// A lease is renewed when a third of it has passed.
pub(crate) const RENEW_AFTER_SECONDS: u64 = LEASE_SECONDS / 3;

/// A process that may hold leases: `host/process id/when the process began`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

impl Holder {
    /// This process.
    #[must_use]
    pub fn this_process() -> Holder {
        let process = std::process::id();
        Holder(format!("{}/{process}/{}", host(), began(process).unwrap_or_default()))
    }

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

    /// Whether the process is known to be dead: it ran on this machine, and runs no more. One on another machine, or
    /// on a system without `/proc`, isn't known to be.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let mut parts = self.0.split('/');
        let (Some(on), Some(process), Some(then)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Ok(process) = process.parse::<u32>() else { return false };
        on == host() && !then.is_empty() && began(process).as_deref() != Some(then)
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
    /// Whether another process may take it.
    #[must_use]
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.expires_at < now || self.holder.is_gone()
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().replace('/', "-")
}

/// When a process began, in the kernel's ticks since it booted: the 22nd field of `/proc/PID/stat` (proc(5)); the
/// second is the program's name in parentheses, which may hold anything.
fn began(process: u32) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Holder;

    #[test]
    fn a_process_that_runs_is_not_gone_and_one_that_never_ran_here_is() {
        let this = Holder::this_process();
        assert!(!this.is_gone(), "{this}");
        let (front, _) = this.as_str().rsplit_once('/').expect("three parts");
        if std::path::Path::new("/proc/self/stat").exists() {
            assert!(Holder::named(&format!("{front}/1")).is_gone(), "the id was given to another process");
        }
        assert!(!Holder::named("elsewhere/1/1").is_gone(), "nobody knows from here");
        assert!(!Holder::named("a rehearsal").is_gone());
    }
}

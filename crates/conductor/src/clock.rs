//! The one place in this crate that reads a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use upgrade::Timestamp;

/// Time for the conductor: a start plus what tokio's clock says has passed, so that pausing tokio's clock
/// pauses the conductor. When the machine's clock is set back, it goes on from where its own counting is.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    started: tokio::time::Instant,
    /// The machine's time counts, too: it goes on while the machine sleeps, and tokio's doesn't.
    follows_machine: bool,
}

impl Clock {
    /// A clock that starts at the machine's time.
    #[must_use]
    pub fn system() -> Clock {
        Clock { follows_machine: true, ..Clock::starting_at(machine_time()) }
    }

    /// A clock that starts at a given time: the same run twice has the same times.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
        let started = tokio::time::Instant::now();
        Clock { start, started, follows_machine: false }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let counted = Timestamp(self.start.0.saturating_add(milliseconds(self.started.elapsed())));
        if self.follows_machine { counted.max(machine_time()) } else { counted }
    }

    /// The time now, as the standard library has it.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.now().0)
    }

    /// Wait.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

fn machine_time() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the crate's one Clock")]
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(milliseconds(since_epoch))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! The limit of a conducting: how long after its last accepted beat it may still send calls. It is asked before every call, where
//! calls leave, by whatever carries them there; so it belongs to the task that is under way, and is no argument of anybody's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use upgrade::Timestamp;

use crate::claim::HOLD_SECONDS;
use crate::clock::Clock;

tokio::task_local! {
    /// Whose calls leave.
    static LIMIT: Arc<HoldLimit>;
}

/// A call was not sent: another conducting may have taken the deployment over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not sent: the last sign of life that the state took was sent {silent_seconds} s ago, and from {HOLD_SECONDS} s on another conducting may take over"
)]
pub struct NotSent {
    /// How long ago the last accepted beat was sent.
    pub silent_seconds: u64,
}

/// Until when a conducting may send calls.
#[derive(Debug)]
pub(crate) struct HoldLimit {
    clock: Clock,
    /// When the last accepted beat was sent, in milliseconds since 1970.
    sent_at: AtomicU64,
    /// A call was given up without an answer since this was last asked.
    unanswered: AtomicBool,
}

impl HoldLimit {
    pub(crate) fn since(clock: Clock, sent_at: Timestamp) -> Arc<HoldLimit> {
        Arc::new(HoldLimit { clock, sent_at: AtomicU64::new(sent_at.0), unanswered: AtomicBool::new(false) })
    }

    /// A beat was accepted.
    pub(crate) fn accepted(&self, sent_at: Timestamp) {
        self.sent_at.fetch_max(sent_at.0, Ordering::Relaxed);
    }

    pub(crate) fn sent_at(&self) -> Timestamp {
        Timestamp(self.sent_at.load(Ordering::Relaxed))
    }

    /// Whether a call was given up without an answer since this was last asked.
    pub(crate) fn take_unanswered(&self) -> bool {
        self.unanswered.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn check(&self) -> Result<(), NotSent> {
        let silent = self.clock.now().milliseconds_since(self.sent_at());
        if silent < HOLD_SECONDS * 1000 { Ok(()) } else { Err(NotSent { silent_seconds: silent / 1000 }) }
    }
}

/// Have calls made under a limit.
pub(crate) async fn limited<T>(limit: &Arc<HoldLimit>, calls: impl Future<Output = T>) -> T {
    LIMIT.scope(Arc::clone(limit), calls).await
}

/// Whether a call may be sent now. Whoever sends calls of a cloud or a platform asks before each of them, repeated attempts
/// included. Outside of a conducting there is no limit.
///
/// # Errors
/// It may not.
pub fn may_send() -> Result<(), NotSent> {
    LIMIT.try_with(|limit| limit.check()).unwrap_or(Ok(()))
}

/// A call that was sent, until its answer comes. Dropped before that, it was given up: it may still arrive, and whoever
/// carries the run on takes note of it.
#[derive(Debug)]
pub struct SentCall {
    answered: bool,
}

impl SentCall {
    /// It is being sent.
    #[must_use]
    pub fn begin() -> SentCall {
        SentCall { answered: false }
    }

    /// Its answer has come.
    pub fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for SentCall {
    fn drop(&mut self) {
        if !self.answered {
            // Outside of a conducting nobody keeps count.
            let _nobody = LIMIT.try_with(|limit| limit.unanswered.store(true, Ordering::Relaxed));
        }
    }
}

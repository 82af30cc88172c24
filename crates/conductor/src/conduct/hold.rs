//! How a conducting keeps hold of its run: every write is repeated while the journal fails, for as long as the lease lasts,
//! and the lease is renewed beside whatever takes long. Whoever could not renew it for that long does nothing more.

use std::pin::pin;
use std::time::Duration;

use upgrade::{Plan, Record, Timestamp};

use super::{ConductError, Conductor, Ended, Watcher};
use crate::cloud::Cloud;
use crate::journal::{JournalError, JournalStore};
use crate::lease::{LEASE_SECONDS, RENEW_AFTER_SECONDS};

/// How long to wait until a journal that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a run that has not begun waits for a locked journal: nobody is kept out, so somebody may as well be told.
const BEGIN_SECONDS: u64 = 5;

/// How far a conducting's hold on its run goes.
#[derive(Debug)]
pub(super) struct Hold {
    /// The lease counts from here: the time of the last record or renewal that stands.
    renewed_at: Timestamp,
    /// How many of the run's records stand.
    written: usize,
}

impl Hold {
    pub(super) fn since(renewed_at: Timestamp, written: usize) -> Hold {
        Hold { renewed_at, written }
    }

    /// When the lease runs out, unless it is renewed.
    fn ends_at(&self) -> Timestamp {
        Timestamp(self.renewed_at.0.saturating_add(LEASE_SECONDS * 1000))
    }
}

impl<C: Cloud, J: JournalStore> Conductor<'_, C, J> {
    /// Write a run's beginning down.
    pub(super) async fn begin(
        &mut self,
        plan: &Plan,
        first: &Record,
        watcher: &mut impl Watcher,
    ) -> Result<(), JournalError> {
        let (holder, until) = (self.holder, self.until(BEGIN_SECONDS));
        self.repeat(plan, until, watcher, |journal| journal.begin(plan, first, holder)).await
    }

    /// Take a run's lease.
    pub(super) async fn take(&mut self, plan: &Plan, watcher: &mut impl Watcher) -> Result<(), JournalError> {
        let (holder, until, clock) = (self.holder, self.until(BEGIN_SECONDS), self.clock);
        self.repeat(plan, until, watcher, |journal| journal.take_lease(&plan.run_id, holder, clock.now()))
            .await
    }

    /// Write the next record down.
    pub(super) async fn write(
        &mut self,
        plan: &Plan,
        record: &Record,
        ends: bool,
        hold: &mut Hold,
        watcher: &mut impl Watcher,
    ) -> Result<(), ConductError> {
        let (run_id, holder, written) = (&plan.run_id, self.holder, hold.written);
        let mut again = false;
        let writing = |journal: &mut J| {
            // A write that failed may stand all the same; written twice, it would have happened twice.
            if again && journal.records_from(run_id, written)?.first() == Some(record) {
                return Ok(());
            }
            again = true;
            journal.append(run_id, record, ends, holder)
        };
        self.insist(plan, hold, watcher, writing).await?;
        hold.written += 1;
        hold.renewed_at = record.at();
        Ok(())
    }

    /// Renew the lease when it is time.
    pub(super) async fn renew(
        &mut self,
        plan: &Plan,
        hold: &mut Hold,
        watcher: &mut impl Watcher,
    ) -> Result<(), ConductError> {
        if self.clock.now().milliseconds_since(hold.renewed_at) < RENEW_AFTER_SECONDS * 1000 {
            return Ok(());
        }
        let (holder, clock) = (self.holder, self.clock);
        let renewing = |journal: &mut J| {
            let now = clock.now();
            journal.renew_lease(&plan.run_id, holder, now).map(|()| now)
        };
        hold.renewed_at = self.insist(plan, hold, watcher, renewing).await?;
        Ok(())
    }

    /// Let something go on that takes long, and renew the lease beside it. It is dropped when the lease has run out.
    pub(super) async fn beside<T>(
        &mut self,
        plan: &Plan,
        hold: &mut Hold,
        work: impl Future<Output = T>,
    ) -> Result<T, ConductError> {
        let mut work = pin!(work);
        let due = Duration::from_secs(RENEW_AFTER_SECONDS);
        let mut pause = due;
        loop {
            tokio::select! {
                // A process that stood still (a closed laptop) asks for its lease before what was under way goes on: somebody
                // may have taken over meanwhile.
                biased;
                () = self.clock.sleep(pause) => {}
                done = &mut work => return Ok(done),
            }
            let now = self.clock.now();
            match self.journal.renew_lease(&plan.run_id, self.holder, now) {
                Ok(()) => (hold.renewed_at, pause) = (now, due),
                Err(JournalError::Store { .. }) if now < hold.ends_at() => pause = PAUSE,
                Err(source @ JournalError::Store { .. }) => return Err(silenced(plan, source)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Have the journal do something for as long as the lease lasts.
    pub(super) async fn insist<T>(
        &mut self,
        plan: &Plan,
        hold: &Hold,
        watcher: &mut impl Watcher,
        work: impl FnMut(&mut J) -> Result<T, JournalError>,
    ) -> Result<T, ConductError> {
        self.repeat(plan, hold.ends_at(), watcher, work).await.map_err(|error| match error {
            source @ JournalError::Store { .. } => silenced(plan, source),
            error => error.into(),
        })
    }

    /// Have the journal do something; while the store itself fails, again and again until `until`.
    async fn repeat<T>(
        &mut self,
        plan: &Plan,
        until: Timestamp,
        watcher: &mut impl Watcher,
        mut work: impl FnMut(&mut J) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut told = false;
        loop {
            match work(self.journal) {
                Err(error @ JournalError::Store { .. }) => {
                    let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
                    if self.clock.now().0.saturating_add(pause) >= until.0 {
                        return Err(error);
                    }
                    if !std::mem::replace(&mut told, true) {
                        watcher.hindered(plan, &error, until);
                    }
                    self.clock.sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }

    /// Give the lease back where the run has not ended, so that nobody waits for its end.
    pub(super) fn give_back(
        &mut self,
        run_id: &str,
        ended: Result<Ended, ConductError>,
    ) -> Result<Ended, ConductError> {
        let overtaken = matches!(
            ended,
            Err(ConductError::Journal(JournalError::LeaseHeld { .. } | JournalError::LeaseGivenBack { .. }))
        );
        if !overtaken && !matches!(ended, Ok(Ended::Run(_))) {
            // A lease that can't be given back runs out by itself.
            let _runs_out = self.journal.release_lease(run_id, self.holder);
        }
        ended
    }

    fn until(&self, seconds: u64) -> Timestamp {
        Timestamp(self.clock.now().0.saturating_add(seconds * 1000))
    }
}

fn silenced(plan: &Plan, source: JournalError) -> ConductError {
    ConductError::Silenced { run_id: plan.run_id.clone(), seconds: LEASE_SECONDS, source }
}

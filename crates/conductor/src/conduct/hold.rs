//! How a conducting keeps hold of its run: it gives a sign of life beside everything else, and every write is repeated while
//! the journal fails, for as long as nobody else may act. Calls are sent only while the claim is surely its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use upgrade::{Plan, Record, Timestamp};

use super::{ConductError, Conductor, Ended, Watcher};
use crate::claim::{ACT_SECONDS, BEAT_SECONDS, BEGINS, HOLD_SECONDS, SURELY_ALIVE_SECONDS, TAKES_OVER};
use crate::cloud::Cloud;
use crate::journal::{JournalError, JournalStore, TakenOver};
use crate::limit::{HoldLimit, limited};

/// How long to wait until a journal that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a run that has not begun waits for a locked journal: nobody is kept out, so somebody may as well be told.
const BEGIN_SECONDS: u64 = 5;

/// How often a write is tried at least, however long each attempt takes: an answer that is lost once is no reason to give up.
const LEAST_TRIES: usize = 3;

/// How long a store that fails is waited for at least, though somebody else may act by then: a machine that stood still (a
/// closed laptop) has no network for a few seconds after it wakes. Nothing is sent meanwhile, and whoever took over is found
/// by the first answer.
const WAKES_SECONDS: u64 = 30;

/// How far a conducting's hold on its run goes.
#[derive(Debug)]
pub(super) struct Hold {
    /// Until when calls are sent.
    pub limit: Arc<HoldLimit>,
    /// How many of the run's records stand.
    pub written: Cell<usize>,
    /// The requests that records have taken up.
    pub taken: RefCell<BTreeSet<String>>,
    /// What is being done, for whoever reads the claim.
    pub doing: Cell<&'static str>,
    /// The machine stood still for longer than calls are sent without a sign of life, and the claim is its own all the same.
    pub stood_still: Cell<bool>,
}

impl Hold {
    /// Until when a store is tried again that fails since then: until somebody else may act, unless a beat is accepted.
    fn tries_until(&self, failing_since: Timestamp) -> Timestamp {
        self.limit.sent_at().plus_seconds(ACT_SECONDS).max(failing_since.plus_seconds(WAKES_SECONDS))
    }
}

impl<C: Cloud, J: JournalStore> Conductor<'_, C, J> {
    /// Write a run's beginning down.
    pub(super) async fn begin(
        &self,
        plan: &Plan,
        first: &Record,
        watcher: &mut impl Watcher,
    ) -> Result<Hold, JournalError> {
        let until = self.clock.now().plus_seconds(BEGIN_SECONDS);
        let begin = async |now| {
            self.journal.begin(plan, first, self.holder).await?;
            Ok(now)
        };
        let sent_at = self.repeat(&plan.run_id, || until, watcher, begin).await?;
        Ok(self.hold(sent_at, BEGINS))
    }

    /// Take a run's claim. Whoever has not been heard of for longer than a beat takes is waited for: either it gives a sign of
    /// life, or it may be followed.
    pub(super) async fn take(
        &self,
        run_id: &str,
        watcher: &mut impl Watcher,
    ) -> Result<(Hold, TakenOver), JournalError> {
        loop {
            let until = self.clock.now().plus_seconds(BEGIN_SECONDS);
            let take = async |now| Ok((now, self.journal.take(run_id, self.holder, now).await?));
            match self.repeat(run_id, || until, watcher, take).await {
                Ok((sent_at, taken)) => return Ok((self.hold(sent_at, TAKES_OVER), taken)),
                Err(JournalError::ClaimHeld { silent_seconds, .. })
                    if silent_seconds > SURELY_ALIVE_SECONDS =>
                {
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn hold(&self, sent_at: Timestamp, doing: &'static str) -> Hold {
        Hold {
            limit: HoldLimit::since(*self.clock, sent_at),
            written: Cell::new(0),
            taken: RefCell::default(),
            doing: Cell::new(doing),
            stood_still: Cell::new(false),
        }
    }

    /// Carry a run on while signs of life are given beside. Ends with the work, or when the run is somebody else's.
    pub(super) async fn beside<T>(
        &self,
        run_id: &str,
        hold: &Hold,
        work: impl Future<Output = Result<T, ConductError>>,
    ) -> Result<T, ConductError> {
        let (mut work, beats) = (Box::pin(work), pin!(self.beat(run_id, hold)));
        tokio::select! {
            // A process that stood still (a closed laptop) asks for its claim before what was under way goes on: somebody may
            // have taken over meanwhile.
            biased;
            lost = beats => Err(lost),
            done = &mut work => done,
        }
    }

    /// Give signs of life until none is taken any more.
    async fn beat(&self, run_id: &str, hold: &Hold) -> ConductError {
        let mut pause = Duration::from_secs(BEAT_SECONDS);
        let mut failing_since: Option<Timestamp> = None;
        loop {
            self.clock.sleep(pause).await;
            let sent_at = self.clock.now();
            match self.journal.beat(run_id, self.holder, hold.doing.get(), sent_at).await {
                Ok(()) => {
                    if sent_at.milliseconds_since(hold.limit.sent_at()) >= HOLD_SECONDS * 1000 {
                        hold.stood_still.set(true);
                    }
                    hold.limit.accepted(sent_at);
                    failing_since = None;
                    let took = self.clock.now().milliseconds_since(sent_at);
                    let due = Duration::from_secs(BEAT_SECONDS);
                    pause = due.saturating_sub(Duration::from_millis(took)).max(PAUSE);
                }
                Err(source @ JournalError::Store { .. }) => {
                    let since = *failing_since.get_or_insert(sent_at);
                    if self.clock.now() >= hold.tries_until(since) {
                        return silenced(run_id, source);
                    }
                    pause = PAUSE;
                }
                Err(error) => return error.into(),
            }
        }
    }

    /// Send calls, under the limit. Before it is kept to, nothing is sent: a sign of life is being given beside, and until one
    /// is taken it isn't known whose the deployment is.
    pub(super) async fn call<T>(&self, hold: &Hold, calls: impl Future<Output = T>) -> T {
        self.until_held(hold).await;
        // Boxed, as what carries the run on is: futures within futures within futures outgrow a thread's stack.
        limited(&hold.limit, Box::pin(calls)).await
    }

    /// Wait until calls may be sent. Whoever is overtaken meanwhile waits no longer.
    pub(super) async fn until_held(&self, hold: &Hold) {
        while hold.limit.check().is_err() {
            self.clock.sleep(PAUSE).await;
        }
    }

    /// Write the next record down.
    pub(super) async fn write(
        &self,
        plan: &Plan,
        record: &Record,
        ends: bool,
        hold: &Hold,
        watcher: &mut impl Watcher,
    ) -> Result<(), ConductError> {
        let place = hold.written.get();
        let append = async |_| self.journal.append(&plan.run_id, place, record, ends, self.holder).await;
        self.insist(&plan.run_id, hold, watcher, append).await?;
        hold.written.set(place + 1);
        Ok(())
    }

    /// Have the journal do something for as long as nobody else may act.
    pub(super) async fn insist<T>(
        &self,
        run_id: &str,
        hold: &Hold,
        watcher: &mut impl Watcher,
        work: impl AsyncFnMut(Timestamp) -> Result<T, JournalError>,
    ) -> Result<T, ConductError> {
        // A store that takes beats and nothing else isn't waited for any longer.
        let began = self.clock.now();
        let until = || hold.tries_until(began).min(began.plus_seconds(ACT_SECONDS));
        self.repeat(run_id, until, watcher, work).await.map_err(|error| match error {
            source @ JournalError::Store { .. } => silenced(run_id, source),
            error => error.into(),
        })
    }

    /// Have the journal do something, told when it is sent; while the store itself fails, again and again until `until`.
    async fn repeat<T>(
        &self,
        run_id: &str,
        until: impl Fn() -> Timestamp,
        watcher: &mut impl Watcher,
        mut work: impl AsyncFnMut(Timestamp) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut told = false;
        let mut tries = 0;
        loop {
            tries += 1;
            match work(self.clock.now()).await {
                Err(error @ JournalError::Store { .. }) => {
                    let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
                    if tries >= LEAST_TRIES && self.clock.now().0.saturating_add(pause) >= until().0 {
                        return Err(error);
                    }
                    if !std::mem::replace(&mut told, true) {
                        watcher.hindered(run_id, &error, until());
                    }
                    self.clock.sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }

    /// Give the claim back where the run has not ended, so that nobody waits for its end.
    pub(super) async fn give_back(
        &self,
        run_id: &str,
        ended: Result<Ended, ConductError>,
    ) -> Result<Ended, ConductError> {
        let overtaken = matches!(ended, Err(ConductError::Journal(JournalError::Overtaken { .. })));
        if !overtaken && !matches!(ended, Ok(Ended::Run(_))) {
            // One that can't be given back runs out by itself.
            let _runs_out = self.journal.release(run_id, self.holder).await;
        }
        ended
    }
}

fn silenced(run_id: &str, source: JournalError) -> ConductError {
    ConductError::Silenced { run_id: run_id.to_owned(), seconds: HOLD_SECONDS, source }
}

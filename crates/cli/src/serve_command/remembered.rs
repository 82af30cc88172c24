//! The runs that the panel shows, wherever they are remembered: in the data directory, and in the states of the deployments
//! that the settings name. So a run that was begun on a laptop shows, live, and takes stops and answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conductor::{Clock, JournalError, JournalStore as _, Request, RunSummary};
use panel::{FileRuns, Runs, RunsAnswer};
use tokio::sync::{Notify, OnceCell};
use upgrade::{Plan, Record, Timestamp};

use crate::configuration::{Configuration, DeploymentSettings};
use crate::error::CliError;
use crate::journal::{Journal, NoRun, shared_state_of};
use crate::site::JOURNAL_FILE;

/// How often a shared state is looked at; while no run of it goes on, at its claim alone.
const LOOK: Duration = Duration::from_secs(2);

/// How long until one that could not be looked at is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// All runs.
pub(super) struct Remembered {
    here: FileRuns,
    shared: Vec<Arc<SharedRuns>>,
}

/// The runs of one deployment's shared state.
pub(super) struct SharedRuns {
    pub(super) settings: DeploymentSettings,
    journal: OnceCell<Journal>,
    /// Another one as soon as something new was seen.
    news: AtomicU64,
    seen: Mutex<Seen>,
    /// Something was just written from here: it is not waited for.
    nudge: Notify,
}

/// What was seen last.
#[derive(Debug, Default)]
struct Seen {
    runs: Vec<RunSummary>,
    /// Of runs that go on: how many records there are.
    records: BTreeMap<String, usize>,
    /// The claim's mark, when no run went on.
    idle_at: Option<Option<String>>,
    /// Why it could not be looked at; told once.
    unreached: Option<String>,
}

impl Seen {
    /// Why nobody knows whether this is all.
    fn unread(&self) -> Option<String> {
        let is_looked_at = !self.runs.is_empty() || self.idle_at.is_some();
        let never = || (!is_looked_at).then(|| "they were not looked at yet".to_owned());
        self.unreached.clone().or_else(never)
    }
}

impl Remembered {
    pub(super) fn open(configuration: &Configuration, data: &Path) -> Result<Remembered, CliError> {
        let here = FileRuns::open(&data.join(JOURNAL_FILE), Clock::system())?;
        let with_state = configuration.deployments.iter().filter(|settings| settings.state.is_some());
        let shared = with_state.map(|settings| {
            Arc::new(SharedRuns {
                settings: settings.clone(),
                journal: OnceCell::new(),
                news: AtomicU64::new(0),
                seen: Mutex::default(),
                nudge: Notify::new(),
            })
        });
        Ok(Remembered { here, shared: shared.collect() })
    }

    /// The states that are shared.
    pub(super) fn shared(&self) -> Vec<Arc<SharedRuns>> {
        self.shared.clone()
    }

    /// Which shared state has a run; `None`: the data directory, or nobody.
    fn of(&self, run_id: &str) -> Option<&Arc<SharedRuns>> {
        self.shared.iter().find(|shared| shared.seen().runs.iter().any(|run| run.run_id == run_id))
    }
}

impl SharedRuns {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        // What was seen is replaced, never changed half-way.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal, reached when it is first asked for.
    pub(super) async fn journal(&self) -> Result<&Journal, CliError> {
        let open = async || match shared_state_of(&self.settings).await? {
            Some(journal) => Ok(journal),
            None => Err(NoRun { places: vec![self.settings.name.clone()] }.into()),
        };
        self.journal.get_or_try_init(open).await
    }

    /// Look now: a run was just begun or gone on with from here, and whoever asks next is to find it.
    pub(super) async fn look_now(&self) {
        if let Err(error) = self.look().await {
            self.tell(&error);
        }
        self.nudge.notify_one();
    }

    /// Look over and over, beside whoever asks.
    pub(super) async fn watch(self: Arc<SharedRuns>) {
        loop {
            let pause = match self.look_if_new().await {
                Ok(()) => LOOK,
                Err(error) => {
                    self.tell(&error);
                    TRY_AGAIN
                }
            };
            let clock = Clock::system();
            tokio::select! {
                () = clock.sleep(pause) => {}
                () = self.nudge.notified() => {}
            }
        }
    }

    fn tell(&self, error: &CliError) {
        let words = error.to_string();
        let mut seen = self.seen();
        if seen.unreached.as_ref() != Some(&words) {
            eprintln!(
                "slackwater: the state of deployment {} can't be read, so the panel shows what it last knew of its runs: \
                 {words}",
                self.settings.name
            );
            seen.unreached = Some(words);
            drop(seen);
            self.news.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Look once, unless nothing went on and the claim is as it was then.
    async fn look_if_new(&self) -> Result<(), CliError> {
        let idle_at = self.seen().idle_at.clone();
        if let Some(idle_at) = idle_at
            && let Journal::Shared(shared) = self.journal().await?
            && shared.mark().await? == idle_at
        {
            if self.seen().unreached.take().is_some() {
                self.news.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(());
        }
        self.look().await
    }

    async fn look(&self) -> Result<(), CliError> {
        let journal = self.journal().await?;
        // Before the look: what is begun during it is news the next time.
        let mark = match journal {
            Journal::Shared(shared) => shared.mark().await?,
            Journal::Here(_) => None,
        };
        let runs = journal.runs().await?;
        let mut records = self.seen().records.clone();
        for run in runs.iter().filter(|run| !run.ended) {
            let known = records.get(&run.run_id).copied().unwrap_or(0);
            // One that can't be read says so on its own page, and holds no other up.
            let new = journal.records_from(&run.run_id, known).await.map_or(0, |records| records.len());
            records.insert(run.run_id.clone(), known + new);
        }
        let goes_on = runs.iter().any(|run| !run.ended);
        let mut seen = self.seen();
        let news = seen.unread().is_some() || seen.runs != runs || seen.records != records;
        (seen.runs, seen.records, seen.unreached) = (runs, records, None);
        seen.idle_at = (!goes_on).then_some(mark);
        drop(seen);
        if news {
            self.news.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn unreached(error: CliError) -> JournalError {
    error
        .downcast()
        .unwrap_or_else(|other| JournalError::Store { doing: "read", source: other.to_string().into() })
}

impl Runs for Remembered {
    fn news(&self) -> RunsAnswer<'_, u64> {
        Box::pin(async move {
            let shared: u64 = self.shared.iter().map(|shared| shared.news.load(Ordering::Relaxed)).sum();
            // Both only grow or change: a sum of them is another one as soon as either is.
            Ok(self.here.news().await?.wrapping_add(shared.wrapping_mul(1 << 32)))
        })
    }

    fn all(&self) -> RunsAnswer<'_, Vec<RunSummary>> {
        Box::pin(async move {
            let mut all = self.here.all().await?;
            all.extend(self.shared.iter().flat_map(|shared| shared.seen().runs.clone()));
            all.sort_by_key(|run| run.created_at);
            Ok(all)
        })
    }

    fn unread(&self) -> BTreeMap<String, String> {
        let unread = |shared: &Arc<SharedRuns>| Some((shared.settings.name.clone(), shared.seen().unread()?));
        self.shared.iter().filter_map(unread).collect()
    }

    fn load<'a>(&'a self, run_id: &'a str) -> RunsAnswer<'a, (Plan, Vec<Record>)> {
        Box::pin(async move {
            match self.of(run_id) {
                Some(shared) => shared.journal().await.map_err(unreached)?.load(run_id).await,
                None => self.here.load(run_id).await,
            }
        })
    }

    fn records_from<'a>(&'a self, run_id: &'a str, from: usize) -> RunsAnswer<'a, Vec<Record>> {
        Box::pin(async move {
            match self.of(run_id) {
                Some(shared) => shared.journal().await.map_err(unreached)?.records_from(run_id, from).await,
                None => self.here.records_from(run_id, from).await,
            }
        })
    }

    fn ask<'a>(&'a self, run_id: &'a str, request: &'a Request, at: Timestamp) -> RunsAnswer<'a, ()> {
        Box::pin(async move {
            match self.of(run_id) {
                Some(shared) => {
                    let asked = shared.journal().await.map_err(unreached)?.ask(run_id, request, at).await;
                    shared.nudge.notify_one();
                    asked
                }
                None => self.here.ask(run_id, request, at).await,
            }
        })
    }
}

//! Runs that this process carries out: begun or gone on with as tasks, left as they should be when the process is to end,
//! and taken up again when it starts.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use conductor::{
    Clock, ConductError, Conducting, Conductor, Ended, Holder, JournalError, JournalStore as _, Reply,
    RunSummary, Watcher, read_run,
};
use panel::BackendError;
use tokio::sync::oneshot;
use upgrade::{ApprovedPlan, Plan, Question, Record, State, Timestamp, Users};

use super::reached::Reached;
use super::refusals::refused;
use super::remembered::SharedRuns;
use crate::error::CliError;
use crate::history::History;
use crate::interruption::{Leaving, leave};
use crate::journal::Journal;
use crate::notifications::{Expectation, Expecting, Telling, telling};
use crate::site::Site;

/// How often a run that somebody else may still carry out is looked at.
const LISTEN: Duration = Duration::from_secs(1);

/// How long until a deployment that could not be reached is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// What is to be carried out.
pub(super) enum Work {
    Start(Box<ApprovedPlan>),
    Resume(String),
}

impl Work {
    fn run_id(&self) -> &str {
        match self {
            Work::Start(approved) => &approved.plan().run_id,
            Work::Resume(run_id) => run_id,
        }
    }
}

impl Reached {
    /// Carry a run out as a task; comes back when its first record is written, or it couldn't begin.
    pub(super) async fn carry_out(&self, site: Arc<Site>, work: Work) -> Result<(), BackendError> {
        let deployment = site.settings.name.clone();
        let mut lifeline = self.lifeline().ok_or_else(ending)?;
        let journal = site.journal(&self.data).await.map_err(refused)?;
        let holder = Conducting::begin().map_err(refused)?;
        let (begun, has_begun) = oneshot::channel();
        tokio::task::spawn_local(async move {
            let (plan, records) = match &work {
                Work::Start(approved) => (approved.plan().clone(), Vec::new()),
                Work::Resume(run_id) => match read_run(&journal, run_id).await {
                    Ok((plan, records, _)) => (plan, records),
                    Err(error) => return drop(begun.send(Err(refused(error)))),
                },
            };
            let (telling, delivery) = telling(&site, &plan, &records, None);
            let expecting = telling.expecting();
            let delivering =
                tokio::task::spawn_local(delivery.run(|remark| eprintln!("slackwater: {remark}")));
            let mut watcher = Unattended { begun: Some(begun), telling };
            let by = {
                let conducting = conduct(&site, &work, &journal, &holder, &mut watcher);
                tokio::select! {
                    ended = conducting => {
                        report(&work, ended, &mut watcher);
                        drop((watcher, expecting));
                        // The process doesn't end before everybody was told, or could not be within a moment.
                        let _told = delivering.await;
                        return;
                    }
                    never = expect(&expecting, &journal, &plan) => match never {},
                    by = lifeline.ended() => by,
                }
            };
            // What waits to be told is tried for a moment more, while the run is left.
            drop((watcher, expecting));
            match leave(&site, work.run_id(), &journal, &holder, by).await {
                Leaving::Left(left) => eprintln!(
                    "slackwater: {left}\n  It is taken up again when `slackwater serve` starts here the next time; {}",
                    left.ways_on()
                ),
                Leaving::Unknown(error) => eprintln!(
                    "slackwater: run {} was interrupted by {by}, and nobody knows where it stands: {error}",
                    work.run_id()
                ),
                Leaving::NotBegun | Leaving::Ended(_) => {}
            }
            let _told = delivering.await;
        });
        let begun = has_begun.await.map_err(|_| ending())?;
        self.show_now(&deployment).await;
        begun
    }
}

fn ending() -> BackendError {
    BackendError::Unreachable("the panel is ending".to_owned())
}

async fn conduct(
    site: &Site,
    work: &Work,
    journal: &Journal,
    holder: &Conducting,
    watcher: &mut Unattended,
) -> Result<Ended, ConductError> {
    let (cloud, clock) = (&site.ports, &site.clock);
    let conductor = Conductor { cloud, journal, clock, holder };
    match work {
        Work::Start(plan) => conductor.start(plan, watcher).await,
        Work::Resume(run_id) => conductor.resume(run_id, watcher).await,
    }
}

/// What came of a run is in the journal. What couldn't be written there is said where the log is.
fn report(work: &Work, ended: Result<Ended, ConductError>, watcher: &mut Unattended) {
    let Err(error) = ended else { return };
    match watcher.begun.take() {
        Some(begun) => drop(begun.send(Err(refused(error)))),
        None => eprintln!("slackwater: run {} is left: {error}", work.run_id()),
    }
}

/// Nobody sits before it; answers come through the journal.
struct Unattended {
    begun: Option<oneshot::Sender<Result<(), BackendError>>>,
    telling: Telling,
}

/// Find out, while the run goes on, how long earlier ones took: whoever is told that users are out for long is told by that.
async fn expect(expecting: &Expecting, journal: &Journal, plan: &Plan) -> Infallible {
    // A history that can't be read tells nothing, and is nobody's trouble now.
    if let Ok(history) = History::of(journal, &plan.deployment, Some(&plan.run_id)).await
        && let Some(expectation) = Expectation::of_history(&history)
    {
        expecting.expect(expectation);
    }
    std::future::pending().await
}

impl Watcher for Unattended {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        self.telling.recorded(plan, record, state);
        if let Some(begun) = self.begun.take() {
            // Whoever asked may have gone away; the run goes on.
            let _gone = begun.send(Ok(()));
        }
    }

    fn asked(&mut self, _plan: &Plan, question: &Question, users: Option<&Users>) -> Reply {
        self.telling.asked(question, users);
        Reply::Wait
    }

    fn hindered(&mut self, run_id: &str, error: &JournalError, _until: Timestamp) {
        eprintln!("slackwater: run {run_id}: {error}; it is tried again");
    }
}

/// Take up every run that has not ended and that nobody carries out, each as a task of its own: one that can't be taken up
/// holds up no other. Of a shared state those that this machine carried out: whoever left one on another machine goes on with it
/// there, or asks for it here.
pub(super) async fn take_up(inner: &Arc<Reached>, shared: Vec<Arc<SharedRuns>>) {
    let here = async {
        Ok::<_, CliError>(match Journal::here_if_any(&inner.data)? {
            Some(journal) => journal.runs().await?,
            None => Vec::new(),
        })
    };
    match here.await {
        Ok(runs) => take_up_all(inner, runs),
        Err(error) => eprintln!("slackwater: runs that have not ended are not taken up: {error}"),
    }
    for state in shared {
        let inner = Arc::clone(inner);
        tokio::task::spawn_local(async move {
            let ours = |run: &RunSummary| {
                let holder = run.claim.as_ref().map(|claim| &claim.holder).or(run.left_by.as_ref());
                holder.is_some_and(Holder::is_on_this_machine)
            };
            loop {
                let runs = async { Ok::<_, CliError>(state.journal().await?.runs().await?) };
                if let Ok(runs) = runs.await {
                    return take_up_all(&inner, runs.into_iter().filter(ours).collect());
                }
                Clock::system().sleep(TRY_AGAIN).await;
            }
        });
    }
}

fn take_up_all(inner: &Arc<Reached>, runs: Vec<RunSummary>) {
    for run in runs.into_iter().filter(|run| !run.ended) {
        tokio::task::spawn_local(take_up_one(Arc::clone(inner), run));
    }
}

async fn take_up_one(inner: Arc<Reached>, run: RunSummary) {
    let RunSummary { run_id, deployment, .. } = &run;
    if inner.settings(deployment).is_err() {
        eprintln!(
            "slackwater: run {run_id} has not ended, and the settings name no deployment {deployment}: it is not taken up"
        );
        return;
    }
    let mut said = String::new();
    loop {
        let why = match take_up_now(&inner, &run).await {
            Ok(TakenUp::Yes) => {
                eprintln!("slackwater: run {run_id} of {deployment} is taken up again");
                return;
            }
            Ok(TakenUp::NotOurs(why)) => {
                eprintln!("slackwater: run {run_id} of {deployment} is not taken up: {why}");
                return;
            }
            Ok(TakenUp::Ended) => return,
            Ok(TakenUp::NotYet) => {
                Clock::system().sleep(LISTEN).await;
                continue;
            }
            Ok(TakenUp::Later(why)) => why,
            Err(error) => error.to_string(),
        };
        if why != said {
            eprintln!(
                "slackwater: run {run_id} of {deployment} can't be taken up yet, and is tried every {} s: {why}",
                TRY_AGAIN.as_secs()
            );
            said = why;
        }
        Clock::system().sleep(TRY_AGAIN).await;
    }
}

/// What came of taking a run up.
enum TakenUp {
    Yes,
    /// Its lease hasn't run out, and it isn't known whether anybody is there.
    NotYet,
    /// It could not be, for a reason that may pass.
    Later(String),
    /// It never will be, for a reason.
    NotOurs(String),
    Ended,
}

/// Take a run up. `run` is how it was found: a lease that was renewed since then is somebody's who lives.
async fn take_up_now(inner: &Reached, run: &RunSummary) -> Result<TakenUp, CliError> {
    let run_id = &run.run_id;
    let site = inner.reach(&run.deployment).await?;
    let Some(journal) = site.journal_if_any(&inner.data).await? else { return Ok(TakenUp::Ended) };
    let Some(now) = journal.runs().await?.into_iter().find(|one| one.run_id == *run_id) else {
        return Ok(TakenUp::Ended);
    };
    if now.ended {
        return Ok(TakenUp::Ended);
    }
    if let Some(claim) = now.carried_out_by(Clock::system().now()) {
        return Ok(match now.claim == run.claim {
            true => TakenUp::NotYet,
            false => TakenUp::NotOurs(format!("{} carries it out", claim.holder)),
        });
    }
    match read_run(&journal, run_id).await {
        Ok(_) => {}
        Err(error @ JournalError::Damaged { .. }) => return Ok(TakenUp::NotOurs(error.to_string())),
        Err(error) => return Err(error.into()),
    }
    drop(journal);
    // One that can't be looked at would run into its deadlines, one after the other.
    site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    match inner.carry_out(site, Work::Resume(run_id.clone())).await {
        Ok(()) => Ok(TakenUp::Yes),
        // Somebody was quicker, which shows at the next look, or it could not be done at this moment.
        Err(error) => Ok(TakenUp::Later(error.to_string())),
    }
}

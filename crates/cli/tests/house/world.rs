//! One world for tests of what lies between runs: a deployment, and a journal that several processes open.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use cli::planning::inherited;
use cli::ports::Ports;
use cli::{
    CliError, Entering, Journal, Leaving, LeavingWish, entering, is_left_over, leaving, refuse_under_way,
};
use conductor::{
    Clock, Cloud, ConductError, Conductor, Ended, Holder, JournalError, JournalStore, Reply, Request,
    SqliteJournal, TAKE_OVER_SECONDS, Watcher, read_run,
};
use tokio::sync::Notify;
use upgrade::{
    Act, Answer, Observation, Outcome, Plan, PortError, Query, Question, Record, Report, State, Users,
};

use crate::common::{approved, sdk};
use crate::full::{Full, Wishes, at_once};
use crate::material::Vendor;

/// Carries a run on and says nothing; answers come through the journal.
pub struct Waits;

impl Watcher for Waits {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, _state: &State) {}

    fn asked(&mut self, _plan: &Plan, _question: &Question, _users: Option<&Users>) -> Reply {
        Reply::Wait
    }
}

/// Says once that a run has come to where somebody waits for it; questions wait for whoever answers through the journal.
pub struct Until<'a> {
    pub when: &'a dyn Fn(&State) -> bool,
    pub reached: &'a Notify,
    pub said: bool,
}

impl Watcher for Until<'_> {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, state: &State) {
        if !self.said && state.outcome.is_none() && (self.when)(state) {
            self.said = true;
            self.reached.notify_one();
        }
    }

    fn asked(&mut self, _plan: &Plan, _question: &Question, _users: Option<&Users>) -> Reply {
        Reply::Wait
    }
}

/// A cloud that is some way off: every call takes a while, in which others act.
pub struct Distant<'a>(pub &'a Ports, pub &'a Clock);

const DISTANCE: Duration = Duration::from_millis(40);

impl Cloud for Distant<'_> {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        self.1.sleep(DISTANCE).await;
        self.0.observe(query).await
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        self.1.sleep(DISTANCE).await;
        let done = self.0.act(act).await;
        self.1.sleep(DISTANCE).await;
        done
    }
}

/// Where a world's runs are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// In a data directory, which several processes open.
    OneMachine,
    /// In a bucket: every opening is another machine's.
    Machines,
}

/// One world: a deployment, and a journal that several processes open.
pub struct World {
    pub full: Full,
    pub stores: Stores,
    folder: RefCell<tempfile::TempDir>,
    runs: Cell<usize>,
}

impl World {
    pub async fn new() -> Option<World> {
        World::over(Stores::OneMachine).await
    }

    pub async fn over(stores: Stores) -> Option<World> {
        let wishes = Wishes { notice: "1m", ..Wishes::default() };
        let world = Full::stand(Vendor::Sample, 1, wishes).await.map(World::around)?;
        Some(World { stores, ..world })
    }

    /// A deployment that stands, and an empty journal.
    pub fn around(full: Full) -> World {
        let folder = RefCell::new(tempfile::tempdir().expect("a folder"));
        World { full, stores: Stores::OneMachine, folder, runs: Cell::new(0) }
    }

    /// Nobody knows any more of the runs so far.
    pub fn lose_journal(&self) {
        self.folder.replace(tempfile::tempdir().expect("a folder"));
    }

    pub fn journal(&self) -> Journal {
        let Full { site, local, clock, .. } = &self.full;
        match self.stores {
            Stores::OneMachine => {
                let path = self.folder.borrow().path().join("journal.sqlite");
                Journal::Here(Box::new(SqliteJournal::open(&path).expect("a journal")))
            }
            Stores::Machines => {
                let state = site.settings.state.as_ref().expect("a bucket");
                // Its own connection, which has read nothing yet.
                let cloud = sdk(local, *clock);
                at_once(Journal::shared(&cloud, state, &site.settings.stack, *clock)).expect("a state")
            }
        }
    }

    pub fn run_id(&self) -> String {
        self.runs.set(self.runs.get() + 1);
        format!("run-{}", self.runs.get())
    }

    pub async fn enabling(&self) -> Result<Plan, CliError> {
        match entering(&self.full.site, Some(&self.journal()), &self.run_id(), &[], None).await? {
            Entering::By(plan) => Ok(*plan),
            Entering::Already(found) => panic!("in maintenance already: {found:?}"),
        }
    }

    pub async fn upgrading(&self) -> Result<Plan, CliError> {
        let journal = self.journal();
        refuse_under_way(Some(&journal), "production", self.full.clock.now()).await?;
        Ok(self.full.planned(&self.run_id(), inherited(&journal, "production").await).await)
    }

    pub async fn carry_on(&self, plan: &Plan, watcher: &mut impl Watcher) -> Result<Ended, ConductError> {
        let (cloud, clock) = (Distant(&self.full.site.ports, &self.full.clock), &self.full.clock);
        let holder = Holder::named(&plan.run_id);
        let journal = self.journal();
        let conductor = Conductor { cloud: &cloud, journal: &journal, clock, holder: &holder };
        Box::pin(conductor.start(&approved(plan, clock), watcher)).await
    }

    pub async fn resume(&self, run_id: &str, holder: &str) -> Result<Ended, ConductError> {
        let (cloud, clock) = (Distant(&self.full.site.ports, &self.full.clock), &self.full.clock);
        let holder = Holder::named(holder);
        let journal = self.journal();
        let conductor = Conductor { cloud: &cloud, journal: &journal, clock, holder: &holder };
        Box::pin(conductor.resume(run_id, &mut Waits)).await
    }

    /// Enter maintenance, to the end.
    pub async fn enable(&self) -> Plan {
        let plan = self.enabling().await.expect("a plan");
        let ended = self.carry_on(&plan, &mut Waits).await.expect("entered");
        assert_eq!(ended, Ended::Run(Outcome::InMaintenance));
        plan
    }

    /// Carry a plan out, and do something else as soon as the run has come to where it is waited for.
    pub async fn carry_on_and(
        &self,
        plan: &Plan,
        when: impl Fn(&State) -> bool,
        then: impl Future<Output = ()>,
    ) -> Result<Ended, ConductError> {
        let reached = Notify::new();
        let mut watcher = Until { when: &when, reached: &reached, said: false };
        let running = async {
            let ended = self.carry_on(plan, &mut watcher).await;
            assert!(watcher.said, "it never came there: {ended:?}");
            ended
        };
        tokio::join!(running, async {
            reached.notified().await;
            then.await;
        })
        .0
    }

    /// Carry a plan out until the run has come to where it is waited for; there its process is killed, and it is silent for too
    /// long.
    pub async fn kill_when(&self, plan: &Plan, when: impl Fn(&State) -> bool) {
        self.kill_when_after(plan, when, std::future::ready(())).await;
    }

    /// The same when something else has been done there.
    pub async fn kill_when_after(
        &self,
        plan: &Plan,
        when: impl Fn(&State) -> bool,
        then: impl Future<Output = ()>,
    ) {
        let reached = Notify::new();
        let mut watcher = Until { when: &when, reached: &reached, said: false };
        let reached = async {
            reached.notified().await;
            then.await;
        };
        tokio::select! {
            biased;
            () = reached => {}
            ended = self.carry_on(plan, &mut watcher) => panic!("it had ended before: {ended:?}"),
        }
        self.full.clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS + 1)).await;
    }

    /// What a run's journal tells.
    pub fn report(&self, run_id: &str) -> Report {
        let (plan, records, _) = at_once(read_run(&self.journal(), run_id)).expect("sound");
        Report::from_journal(&plan, &records).expect("it fits")
    }

    /// What the journal of the last run tells.
    pub fn last_report(&self) -> Report {
        let runs = at_once(self.journal().runs()).expect("sound");
        self.report(&runs.last().expect("a run").run_id)
    }

    /// Ask something of a run, as another process does.
    pub fn ask(&self, run_id: &str, request: &Request) {
        at_once(self.journal().ask(run_id, request, self.full.clock.now())).expect("it takes it");
    }

    /// As `slackwater maintenance disable` does it.
    pub async fn leave(&self, wish: LeavingWish) -> Result<(), Refused> {
        let journal = self.journal();
        let otherwise = |error: &dyn std::fmt::Display| Refused::Otherwise(error.to_string());
        let way = leaving(&self.full.site, &journal, wish).await.map_err(Refused::ByRule)?;
        if let Leaving::From { run_id, asks, conducted } = way {
            for request in asks {
                match journal.ask(&run_id, &request, self.full.clock.now()).await {
                    Ok(()) | Err(JournalError::Ended { .. }) => {}
                    Err(error) => return Err(otherwise(&error)),
                }
            }
            if conducted {
                self.wait_for(&run_id).await;
            } else {
                self.go_on(&run_id, "leaver").await.map_err(Refused::Otherwise)?;
            }
            if !is_left_over(&self.full.site, &journal).await.map_err(Refused::ByRule)? {
                return Ok(());
            }
        }
        match leaving(&self.full.site, &journal, wish).await.map_err(Refused::ByRule)? {
            Leaving::By(plan) => {
                let ended = self.carry_on(&plan, &mut Waits).await.map_err(|error| otherwise(&error))?;
                assert_eq!(ended, Ended::Run(Outcome::OutOfMaintenance));
                Ok(())
            }
            Leaving::From { run_id, .. } => Err(Refused::Otherwise(format!("{run_id} has not ended"))),
        }
    }

    /// Until a run has ended, whoever carries it on; what it asks is answered with waiting on.
    pub async fn wait_for(&self, run_id: &str) {
        let journal = self.journal();
        for _ in 0..4_000 {
            let (_, _, state) = read_run(&journal, run_id).await.expect("sound");
            if state.outcome.is_some() {
                return;
            }
            answer(&journal, run_id, &state, self.full.clock.now());
            self.full.clock.sleep(Duration::from_secs(3)).await;
        }
        panic!("{run_id} does not end");
    }

    /// Go on with a run whose process has died, to its end.
    pub async fn go_on(&self, run_id: &str, holder: &str) -> Result<(), String> {
        match tokio::join!(self.resume(run_id, holder), self.wait_for(run_id)).0 {
            Ok(_) | Err(ConductError::Ended { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

pub enum Refused {
    ByRule(CliError),
    Otherwise(String),
}

/// What a stop on the way out leads to is answered with waiting on.
fn answer(journal: &impl JournalStore, run_id: &str, state: &State, now: upgrade::Timestamp) {
    let Some(question) = &state.question else { return };
    assert!(question.takes(&Answer::LookAgain), "{question:?}");
    let answer = Request::Answer { answer: Answer::LookAgain, by: "ada".to_owned() };
    match at_once(journal.ask(run_id, &answer, now)) {
        Ok(()) | Err(JournalError::Ended { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

//! How a conducting holds its run: beside what takes long, while the journal fails, and when it ends.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use conductor::{
    Clock, Cloud, ConductError, Conductor, Ended, Holder, JournalError, JournalStore, Reply, SentCall,
    SqliteJournal, Watcher,
};
use upgrade::{
    Act, ApprovedPlan, CalmSeen, DoorSeen, FleetQuery, Observation, Plan, PortError, PortErrorKind, Query,
    Question, Record, State, Step, Timestamp, Users, What,
};

use crate::common::plan;

/// A cloud that takes its time, has no gate, and refuses whatever is to be done.
struct Slow {
    clock: Clock,
    look: Duration,
    /// When it was last asked to do something.
    acted_at: Cell<Option<Timestamp>>,
}

impl Cloud for Slow {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        self.clock.sleep(self.look).await;
        match query {
            Query::Fleet(FleetQuery::GateRules { listener_arns }) => {
                Ok(Observation::GateRules(listener_arns.iter().map(|arn| open_door(arn)).collect()))
            }
            Query::Fleet(FleetQuery::Calm(parts)) => {
                let doors = parts.listener_arns.iter().map(|arn| open_door(arn)).collect();
                Ok(Observation::Calm(CalmSeen { doors, ..CalmSeen::default() }))
            }
            other => Err(failed(PortErrorKind::Transient, format!("{other:?}"))),
        }
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        self.acted_at.set(Some(self.clock.now()));
        self.clock.sleep(self.look).await;
        Err(failed(PortErrorKind::Refused, format!("{act:?}")))
    }
}

fn open_door(listener_arn: &str) -> DoorSeen {
    DoorSeen { listener_arn: listener_arn.to_owned(), exists: true, rules: Vec::new(), others: Vec::new() }
}

fn failed(kind: PortErrorKind, message: String) -> PortError {
    PortError { kind, operation: "test:Do".to_owned(), message }
}

#[derive(Default)]
struct Notes {
    hindered: usize,
    records: usize,
}

impl Watcher for Notes {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, _state: &State) {
        self.records += 1;
    }

    fn asked(&mut self, _plan: &Plan, _question: &Question, _users: Option<&Users>) -> Reply {
        Reply::Leave
    }

    fn hindered(&mut self, _run_id: &str, _error: &JournalError, _until: Timestamp) {
        self.hindered += 1;
    }
}

fn virtual_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

fn slow(clock: Clock, seconds: u64) -> Slow {
    Slow { clock, look: Duration::from_secs(seconds), acted_at: Cell::new(None) }
}

async fn start(
    cloud: &impl Cloud,
    clock: Clock,
    path: &Path,
    watcher: &mut Notes,
) -> Result<Ended, ConductError> {
    let journal = SqliteJournal::open(path).expect("a journal");
    let holder = Holder::named("first");
    let conductor = Conductor { cloud, journal: &journal, clock: &clock, holder: &holder };
    let steps = vec![Step::CloseGate.usual()];
    let plan = Plan { steps, ..plan("one", "platform") };
    let hash = plan.sha256();
    let approved = ApprovedPlan::new(plan, &hash, "ada", clock.now()).expect("its own hash");
    conductor.start(&approved, watcher).await
}

#[test]
fn signs_of_life_are_given_beside_a_look_that_takes_long() {
    virtual_time().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let cloud = slow(clock, 3_000);
        let mut notes = Notes::default();
        let running = start(&cloud, clock, &path, &mut notes);
        let another = async {
            let other = Holder::named("second");
            clock.sleep(Duration::from_secs(5)).await;
            let journal = SqliteJournal::open(&path).expect("a journal");
            for _ in 0..50 {
                clock.sleep(Duration::from_secs(10)).await;
                let refused = journal.take("one", &other, clock.now()).await;
                assert!(matches!(refused, Err(JournalError::ClaimHeld { .. })), "{refused:?}");
            }
        };
        tokio::select! {
            ended = running => panic!("it still looks: {ended:?}"),
            () = another => {}
        }
    });
}

/// Somebody else locks the store for so many seconds, from the second record on.
async fn locked(seconds: u64) -> (Result<Ended, ConductError>, Notes, Slow, Timestamp) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let cloud = slow(clock, 3);
    let mut notes = Notes::default();
    let locked_at = Cell::new(clock.now());
    let ended = {
        let running = start(&cloud, clock, &path, &mut notes);
        let locking = async {
            clock.sleep(Duration::from_secs(2)).await;
            let other = rusqlite::Connection::open(&path).expect("SQLite");
            other.execute_batch("BEGIN IMMEDIATE").expect("locked");
            locked_at.set(clock.now());
            clock.sleep(Duration::from_secs(seconds)).await;
            other.execute_batch("ROLLBACK").expect("given free");
        };
        tokio::join!(running, locking).0
    };
    (ended, notes, cloud, locked_at.get())
}

#[test]
fn a_store_that_is_locked_for_twenty_seconds_is_waited_for() {
    virtual_time().block_on(async {
        let (ended, notes, ..) = locked(20).await;
        assert!(ended.is_ok(), "{ended:?}");
        assert!(notes.hindered > 0, "somebody is told");
    });
}

#[test]
fn whoever_can_give_no_sign_of_life_acts_no_more() {
    virtual_time().block_on(async {
        let (ended, _, cloud, locked_at) = locked(200).await;
        match &ended {
            Err(error @ ConductError::Silenced { .. }) => {
                assert!(error.to_string().contains("this process does nothing more"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        assert!(cloud.acted_at.get().is_none_or(|at| at <= locked_at), "it acted without its claim");
    });
}

/// A laptop is opened after more than anybody's claim lasts, and its network needs ten seconds.
#[test]
fn a_machine_that_wakes_waits_for_its_network() {
    virtual_time().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let cloud = slow(clock, 3);
        let mut notes = Notes::default();
        // A closed laptop is a future that nobody polls.
        let mut running = Box::pin(start(&cloud, clock, &path, &mut notes));
        tokio::select! {
            ended = &mut running => panic!("{ended:?}"),
            () = clock.sleep(Duration::from_secs(1)) => {}
        }
        clock.sleep(Duration::from_secs(200)).await;
        let other = rusqlite::Connection::open(&path).expect("SQLite");
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");
        let network = async {
            clock.sleep(Duration::from_secs(10)).await;
            assert_eq!(cloud.acted_at.get(), None, "nothing is done until it is known whose the run is");
            other.execute_batch("ROLLBACK").expect("given free");
        };
        let (ended, ()) = tokio::join!(running, network);
        assert!(ended.is_ok(), "{ended:?}");
        let journal = SqliteJournal::open(&path).expect("a journal");
        let (plan, records, _) = conductor::read_run(&journal, "one").await.expect("sound");
        let report = upgrade::Report::from_journal(&plan, &records).expect("sound");
        // It is told as what it was: no other process had to go on.
        assert_eq!((report.times_stood_still, report.times_resumed), (1, 0), "{records:#?}");
    });
}

/// The clouds that are called with a limit tell of a call that was given up; a look is one, too.
#[test]
fn a_look_without_an_answer_is_no_act_without_one() {
    struct GivenUp(Slow);

    impl Cloud for GivenUp {
        async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
            drop(SentCall::begin());
            self.0.observe(query).await
        }

        async fn act(&self, act: &Act) -> Result<(), PortError> {
            self.0.act(act).await
        }
    }

    virtual_time().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let cloud = GivenUp(slow(clock, 3));
        let ended = start(&cloud, clock, &path, &mut Notes::default()).await;
        assert!(ended.is_ok(), "{ended:?}");
        assert!(cloud.0.acted_at.get().is_some(), "it acted: {ended:?}");
        let journal = SqliteJournal::open(&path).expect("a journal");
        let (_, records, _) = conductor::read_run(&journal, "one").await.expect("sound");
        let unanswered = records
            .iter()
            .filter(|record| matches!(record, Record::Happened(event) if event.what == What::Unanswered));
        assert_eq!(unanswered.count(), 0, "{records:#?}");
    });
}

#[test]
fn a_run_that_begins_does_not_wait_for_long() {
    virtual_time().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        drop(SqliteJournal::open(&path).expect("a journal"));
        let other = rusqlite::Connection::open(&path).expect("SQLite");
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let refused = start(&slow(clock, 1), clock, &path, &mut Notes::default()).await;
        assert!(
            matches!(refused, Err(ConductError::Journal(JournalError::Store { doing: "written", .. }))),
            "{refused:?}"
        );
        assert!(clock.now().milliseconds_since(Timestamp(1_000_000)) <= 5_000);
    });
}

/// A second one that comes while the first goes on is told who carries it on, and the journal stays sound.
#[test]
fn a_run_that_is_taken_up_twice_at_once_is_carried_on_once() {
    virtual_time().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let cloud = slow(clock, 3);
        {
            // It is left half-way.
            let mut notes = Notes::default();
            let begun = start(&cloud, clock, &path, &mut notes);
            tokio::select! {
                ended = begun => panic!("{ended:?}"),
                () = clock.sleep(Duration::from_secs(1)) => {}
            }
        }
        let journal = SqliteJournal::open(&path).expect("a journal");
        journal.release("one", &Holder::named("first")).await.expect("given back");
        let resume = async || {
            let conducting = conductor::Conducting::begin().expect("random");
            let journal = SqliteJournal::open(&path).expect("a journal");
            let conductor =
                Conductor { cloud: &cloud, journal: &journal, clock: &clock, holder: &conducting };
            conductor.resume("one", &mut Notes::default()).await
        };
        let (one, two) = tokio::join!(resume(), resume());
        let told = |ended: &Result<Ended, ConductError>| match ended {
            Ok(Ended::Run(_) | Ended::NeedsAnswer(..)) => "carried on",
            Err(ConductError::Journal(JournalError::ClaimHeld { claim, .. })) => {
                let holder = claim.holder.to_string();
                assert!(holder.contains(&std::process::id().to_string()), "{holder}");
                "told"
            }
            other => panic!("{other:?}"),
        };
        let mut all = [told(&one), told(&two)];
        all.sort_unstable();
        assert_eq!(all, ["carried on", "told"]);
        let (_, _, state) = conductor::read_run(&journal, "one").await.expect("sound");
        assert!(state.outcome.is_some() || state.question.is_some());
    });
}

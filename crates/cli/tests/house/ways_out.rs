//! The ways out of a run that doesn't go straight: stopped at every step, unhealthy after the update, back to where it came
//! from; and maintenance by itself, also when nobody remembers how it began.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use cli::planning::prepare_maintenance;
use conductor::{ConductError, Ended, JournalStore, Reply, Request, SqliteJournal, Watcher};
use upgrade::{
    Answer, Before, Outcome, Plan, Question, Record, Report, RunKind, State, Step, UpdateKind, Users,
};

use crate::common::{Silent, virtual_time};
use crate::full::{Full, Wishes, at_once, freshly, journal, records};
use crate::material::Vendor;
use crate::outside::{Way, check_gate};

/// A journal on disk, for two to have it open.
struct Files(tempfile::TempDir);

impl Files {
    fn open(&self) -> SqliteJournal {
        SqliteJournal::open(&self.0.path().join("journal.sqlite")).expect("a journal")
    }
}

/// Asks the run through the journal to stop, as another process would, when it comes to a step.
struct Stops {
    journal: SqliteJournal,
    at: Step,
    asked: bool,
    seen: BTreeSet<Step>,
}

impl Watcher for Stops {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        self.seen.insert(state.step);
        if state.step == self.at && !self.asked && state.outcome.is_none() {
            self.asked = true;
            let stop = Request::Stop { by: "grace".to_owned() };
            at_once(self.journal.ask(&plan.run_id, &stop, record.at())).expect("the run goes on");
        }
    }

    /// On the way out a stop leads to a question; it is waited on.
    fn asked(&mut self, _plan: &Plan, question: &Question, _users: Option<&Users>) -> Reply {
        assert!(self.at.is_leaving(), "{question:?}");
        Reply::Answer { answer: Answer::LookAgain, by: "grace".to_owned() }
    }
}

#[test]
fn a_run_can_be_stopped_at_every_step() {
    let Some((fresh, steps)) = virtual_time().block_on(async {
        let fresh = freshly(Vendor::Sample).await?;
        let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await?;
        let steps: Vec<Step> = full.plan().await.steps.iter().map(|planned| planned.step).collect();
        Some((fresh, steps))
    }) else {
        return;
    };
    let (mut put_back, mut upgraded) = (0, 0);
    for at in &steps {
        virtual_time().block_on(async {
            let what = format!("stopped in {}", at.title());
            let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("it stood before");
            let plan = full.plan().await;
            let files = Files(tempfile::tempdir().expect("a folder"));
            let mut watcher = Stops { journal: files.open(), at: *at, asked: false, seen: BTreeSet::new() };
            let journal = files.open();
            let (ended, looks) = full.watched(20, full.start(&plan, &journal, &mut watcher)).await;
            let ended = ended.unwrap_or_else(|error| panic!("{what}: {error}"));
            let records = records(&journal, &plan.run_id);
            let report = full.assert_end(&plan, &records, &looks, &fresh, &what).await;
            match ended {
                Ended::Run(Outcome::NotUpgraded { reason }) => {
                    assert!(reason.contains("grace"), "{what}: {reason}");
                    assert!(!at.is_leaving(), "{what}: {reason}");
                    put_back += 1;
                }
                Ended::Run(Outcome::Upgraded) => {
                    // It came too late: the report says that somebody asked.
                    let said =
                        report.remarks.iter().chain(&report.decisions).any(|line| line.contains("grace"));
                    assert!(said || !watcher.asked, "{what}: {report:?}");
                    upgraded += 1;
                }
                other => panic!("{what}: {other:?}"),
            }
        });
    }
    println!(
        "{} of {} steps stopped at: {put_back} put back, {upgraded} too late and said so",
        steps.len(),
        steps.len()
    );
    assert!(put_back > 10 && upgraded > 0, "{put_back} {upgraded}");
}

#[test]
fn a_platform_that_is_not_healthy_goes_back() {
    for vendor in [Vendor::Sample, Vendor::CodeOcean] {
        virtual_time().block_on(async {
            let wishes = Wishes { on_unhealthy: "go-back", ..Wishes::default() };
            let Some(full) = Full::stand(vendor, 1, wishes).await else { return };
            let plan = full.plan().await;
            assert!(plan.way_back.is_some(), "{vendor:?} can be gone back from");
            let journal = journal();
            let mut watcher = FallsIll { full: &full, ill: Cell::new(false) };
            let (ended, looks) = full.watched(20, full.start(&plan, &journal, &mut watcher)).await;
            let what = format!("{vendor:?} goes back");
            let records = records(&journal, &plan.run_id);
            match ended.unwrap_or_else(|error| panic!("{what}: {error}")) {
                Ended::Run(Outcome::WentBack { reason }) => {
                    assert!(reason.contains("down"), "{what}: {reason}")
                }
                other => panic!("{what}: {other:?}"),
            }
            check_gate(&looks, &what);
            let report = Report::from_journal(&plan, &records).expect("the journal fits its plan");
            let way_back = Step::FollowUpdate(UpdateKind::WayBack);
            assert!(report.steps.iter().any(|step| step.step == way_back), "{what}");
            // Groups were replaced twice: they are as the old release defines them.
            let after = full.outside().standing().await;
            assert_eq!((after.version, after.left), (full.before.version.clone(), Vec::new()), "{what}");
            assert_eq!(after.alarms, full.before.alarms, "{what}");
            for (name, (state, _)) in &full.before.queues {
                assert_eq!(&after.queues[name].0, state, "{what}: {name}");
            }
            println!("{what}: {} records", records.len());
        });
    }
}

/// The platform is down from its update on until it is on its way back.
struct FallsIll<'a> {
    full: &'a Full,
    ill: Cell<bool>,
}

impl Watcher for FallsIll<'_> {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, state: &State) {
        let going_back = state.updates.contains_key(&UpdateKind::WayBack)
            || state.step == Step::CreateChangeSet(UpdateKind::WayBack);
        if state.step == Step::FollowUpdate(UpdateKind::Primary) && !self.ill.get() {
            self.ill.set(true);
            self.full.platform.be_healthy(false);
        }
        if going_back {
            self.full.platform.be_healthy(true);
        }
    }
}

/// Nobody is here; somebody answers through the journal later.
#[test]
fn a_question_that_nobody_answers_leaves_the_run_to_be_resumed() {
    virtual_time().block_on(async {
        let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
        let Some(fresh) = freshly(Vendor::Sample).await else { return };
        let plan = full.plan().await;
        full.platform.be_healthy(false);
        let journal = journal();
        let (ended, _) = full.watched(20, full.start(&plan, &journal, &mut Silent)).await;
        let Ended::NeedsAnswer(question, _) = ended.expect("it comes to a question") else {
            panic!("no question")
        };
        assert!(matches!(&question, Question::Unhealthy { can_go_back: true, .. }), "{question:?}");
        assert_eq!(
            full.outside().look(0).await.stranger,
            Way::MaintenancePage,
            "users are kept out meanwhile"
        );
        let left = journal.runs().await.expect("readable").pop().expect("the run");
        assert_eq!((left.ended, left.claim), (false, None), "whoever left it has given its claim back");
        full.clock.sleep(Duration::from_secs(3600)).await;
        full.platform.be_healthy(true);
        let answer = Request::Answer { answer: Answer::LookAgain, by: "ada".to_owned() };
        journal.ask(&plan.run_id, &answer, full.clock.now()).await.expect("it takes answers");
        let (ended, looks) =
            full.watched(20, full.resume(&plan.run_id, &journal, &mut Silent, "second")).await;
        assert_eq!(ended.expect("it goes on"), Ended::Run(Outcome::Upgraded));
        let records = records(&journal, &plan.run_id);
        let report = full.assert_end(&plan, &records, &looks, &fresh, "answered an hour later").await;
        assert!(report.decisions.iter().any(|line| line.contains("ada")), "{:?}", report.decisions);
    });
}

/// Waits for whoever answers through the journal.
struct Waits;

impl Watcher for Waits {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, _state: &State) {}

    fn asked(&mut self, _plan: &Plan, _question: &Question, _users: Option<&Users>) -> Reply {
        Reply::Wait
    }
}

async fn maintenance(
    full: &Full,
    kind: RunKind,
    run_id: &str,
    inherited: Before,
    journal: &SqliteJournal,
) -> (Plan, Result<Ended, ConductError>) {
    let plan = prepare_maintenance(&full.site, kind, run_id, &[], None, inherited).await.expect("a plan");
    let ended = full.start(&plan, journal, &mut Waits).await;
    (plan, ended)
}

#[test]
fn maintenance_is_entered_and_left() {
    for vendor in [Vendor::Sample, Vendor::CodeOcean] {
        for lost in [false, true] {
            virtual_time().block_on(async {
                let what = format!("{vendor:?}, journal lost: {lost}");
                let Some(full) = Full::stand(vendor, 1, Wishes { notice: "0s", ..Wishes::default() }).await
                else {
                    return;
                };
                let journal = journal();
                let nothing = Before::default();
                let (entering, ended) =
                    maintenance(&full, RunKind::EnterMaintenance, "enter", nothing, &journal).await;
                assert_eq!(ended.expect("entered"), Ended::Run(Outcome::InMaintenance), "{what}");
                let look = full.outside().look(full.clock.now().0).await;
                assert_eq!((look.stranger, look.admitted), (Way::MaintenancePage, Way::Platform), "{what}");
                assert_eq!(full.platform.at_work(), (0, 0), "{what}");
                let records = records(&journal, "enter");
                let (before, journal) = if lost {
                    (Before::default(), crate::full::journal())
                } else {
                    (upgrade::fold(&entering, &records).expect("it fits").before, journal)
                };
                let (_, ended) =
                    maintenance(&full, RunKind::LeaveMaintenance, "leave", before, &journal).await;
                assert_eq!(ended.expect("left"), Ended::Run(Outcome::OutOfMaintenance), "{what}");
                full.assert_put_back(&what).await;
            });
        }
    }
}

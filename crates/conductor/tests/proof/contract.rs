//! One contract for whatever remembers runs: SQLite on this machine, and objects that several machines share.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use conductor::{
    ACT_SECONDS, Clock, Conducting, Holder, JournalError, JournalStore, ObjectJournal, Request,
    SqliteJournal, TAKE_OVER_SECONDS, read_run,
};
use upgrade::{Answer, Approval, Event, Handover, Plan, Record, Timestamp, What};

use crate::common::objects::MemoryObjects;
use crate::common::plan;

const BEGAN: Timestamp = Timestamp(1_000_000_000);

fn holder() -> Holder {
    Holder::named("this test")
}

fn happened(at: Timestamp, what: What) -> Record {
    Record::Happened(Event { at, what })
}

/// The first record of a run of this plan.
fn approved(at: Timestamp, plan: &Plan) -> Record {
    let approval = Approval { by: "ada".to_owned(), at, plan_sha256: plan.sha256() };
    happened(at, What::Started { approval })
}

/// Both of them, each in time of its own. `check` is given the store, another opening of the same one, and the clock.
fn both<F>(check: impl Fn(Store, Store, Clock) -> F)
where
    F: Future<Output = ()>,
{
    for shared in [false, true] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let clock = Clock::starting_at(BEGAN);
            if shared {
                let objects = MemoryObjects::new(clock);
                let open = || {
                    let id = plan("any", "platform").stack_id;
                    Store::Shared(Box::new(ObjectJournal::new(
                        objects.clone(),
                        "s3://here".to_owned(),
                        &id,
                        clock,
                    )))
                };
                check(open(), open(), clock).await;
            } else {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("journal.sqlite");
                let open = || Store::Here(SqliteJournal::open(&path).expect("a journal"));
                check(open(), open(), clock).await;
            }
        });
    }
}

enum Store {
    Here(SqliteJournal),
    Shared(Box<ObjectJournal<MemoryObjects>>),
}

/// The same call to either.
macro_rules! either {
    ($store:expr, $journal:ident => $call:expr) => {
        match $store {
            Store::Here($journal) => $call.await,
            Store::Shared($journal) => $call.await,
        }
    };
}

impl JournalStore for Store {
    fn location(&self) -> &str {
        match self {
            Store::Here(journal) => journal.location(),
            Store::Shared(journal) => journal.location(),
        }
    }

    async fn begin(&self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError> {
        either!(self, journal => journal.begin(plan, first, holder))
    }

    async fn append(
        &self,
        run_id: &str,
        place: usize,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        either!(self, journal => journal.append(run_id, place, record, ends, holder))
    }

    async fn take(
        &self,
        run_id: &str,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<conductor::TakenOver, JournalError> {
        either!(self, journal => journal.take(run_id, holder, now))
    }

    async fn beat(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        either!(self, journal => journal.beat(run_id, holder, doing, now))
    }

    async fn confirm(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        either!(self, journal => journal.confirm(run_id, holder))
    }

    async fn release(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        either!(self, journal => journal.release(run_id, holder))
    }

    async fn ask(&self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError> {
        either!(self, journal => journal.ask(run_id, request, at))
    }

    async fn requests(
        &self,
        run_id: &str,
        taken: &BTreeSet<String>,
        for_the_last: bool,
    ) -> Result<Vec<conductor::Asked>, JournalError> {
        either!(self, journal => journal.requests(run_id, taken, for_the_last))
    }

    async fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        either!(self, journal => journal.load(run_id))
    }

    async fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
        either!(self, journal => journal.records_from(run_id, from))
    }

    async fn runs(&self) -> Result<Vec<conductor::RunSummary>, JournalError> {
        either!(self, journal => journal.runs())
    }
}

#[test]
fn what_was_written_is_read_again_by_another() {
    both(async |journal, beside, clock| {
        let (now, plan) = (clock.now(), plan("one", "platform"));
        let records = [
            approved(now, &plan),
            happened(now, What::Waited),
            happened(now, What::Resumed { after: Handover::GivenBack }),
        ];
        journal.begin(&plan, &records[0], &holder()).await.expect("begun");
        journal.append("one", 1, &records[1], false, &holder()).await.expect("written");
        assert_eq!(beside.load("one").await.expect("readable").1, records[..2]);
        journal.append("one", 2, &records[2], false, &holder()).await.expect("written");
        assert_eq!(beside.records_from("one", 1).await.expect("readable"), records[1..]);
        assert_eq!(beside.records_from("one", 3).await.expect("readable"), []);
        let (read, told) = beside.load("one").await.expect("readable");
        assert_eq!((read, told.as_slice()), (plan, records.as_slice()));
        let none = beside.load("none").await;
        assert!(matches!(none, Err(JournalError::NoSuchRun { .. })), "{none:?}");
    });
}

#[test]
fn a_record_has_one_place_and_is_written_into_it_once() {
    both(async |journal, beside, clock| {
        let (now, plan) = (clock.now(), plan("one", "platform"));
        journal.begin(&plan, &approved(now, &plan), &holder()).await.expect("begun");
        let record = happened(now, What::Waited);
        for _ in 0..2 {
            journal.append("one", 1, &record, false, &holder()).await.expect("the same again is harmless");
        }
        assert_eq!(journal.load("one").await.expect("readable").1.len(), 2);
        let other = Holder::named("another");
        let overtaken = beside.append("one", 1, &record, false, &other).await;
        assert!(matches!(overtaken, Err(JournalError::Overtaken { .. })), "{overtaken:?}");
    });
}

#[test]
fn one_run_a_stack_at_a_time() {
    both(async |journal, beside, clock| {
        let (one, two) = (plan("one", "platform"), plan("two", "platform"));
        journal.begin(&one, &approved(clock.now(), &one), &holder()).await.expect("begun");
        let refused = beside.begin(&two, &approved(clock.now(), &two), &Holder::named("another")).await;
        match &refused {
            Err(JournalError::RunUnderWay { run_id, carried_out_by: Some(by), .. }) => {
                let claim = &by.claim;
                assert_eq!((run_id.as_str(), &claim.holder), ("one", &holder()));
            }
            other => panic!("{other:?}"),
        }
        // Whoever carries it out falls silent: the run has the deployment all the same.
        clock.sleep(Duration::from_secs(600)).await;
        let refused = beside.begin(&two, &approved(clock.now(), &two), &Holder::named("another")).await;
        assert!(
            matches!(&refused, Err(JournalError::RunUnderWay { carried_out_by: None, .. })),
            "{refused:?}"
        );
        journal.append("one", 1, &happened(clock.now(), What::Waited), true, &holder()).await.expect("ended");
        beside
            .begin(&two, &approved(clock.now(), &two), &Holder::named("another"))
            .await
            .expect("free again");
        let runs = journal.runs().await.expect("readable");
        let told: Vec<_> = runs.iter().map(|run| (run.run_id.as_str(), run.ended)).collect();
        assert_eq!(told, [("one", true), ("two", false)]);
    });
}

#[test]
fn a_plan_is_begun_once_whatever_came_of_it() {
    both(async |journal, beside, clock| {
        let first = plan("one", "platform");
        journal.begin(&first, &approved(clock.now(), &first), &holder()).await.expect("begun");
        let mut other = plan("one", "platform");
        other.deployment = "another".to_owned();
        let refused = async |plan: &Plan| {
            let another = Holder::named("another");
            clock.sleep(Duration::from_secs(1)).await;
            let outcome = beside.begin(plan, &approved(clock.now(), plan), &another).await;
            assert!(
                matches!(&outcome, Err(JournalError::BegunBefore { run_id }) if run_id == "one"),
                "{outcome:?}"
            );
        };
        // While it goes on, and another plan under the same id.
        refused(&first).await;
        refused(&other).await;
        journal.append("one", 1, &happened(clock.now(), What::Waited), true, &holder()).await.expect("ended");
        refused(&first).await;
        refused(&other).await;
        let next = plan("two", "platform");
        journal.begin(&next, &approved(clock.now(), &next), &holder()).await.expect("another plan");
    });
}

#[test]
fn whoever_is_silent_is_followed_and_writes_nothing_more() {
    both(async |journal, beside, clock| {
        let (first, second) = (Holder::named("first"), Holder::named("second"));
        let plan = plan("one", "platform");
        journal.begin(&plan, &approved(clock.now(), &plan), &first).await.expect("begun");
        clock.sleep(Duration::from_secs(30)).await;
        journal.beat("one", &first, "Terminate jobs", clock.now()).await.expect("it lives");
        clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS - 1)).await;
        let held = beside.take("one", &second, clock.now()).await;
        match &held {
            Err(JournalError::ClaimHeld { claim, silent_seconds, .. }) => {
                assert_eq!((&claim.holder, &*claim.doing), (&first, "Terminate jobs"));
                assert_eq!(*silent_seconds, TAKE_OVER_SECONDS - 1);
            }
            other => panic!("{other:?}"),
        }
        let beaten = beside.beat("one", &second, "", clock.now()).await;
        assert!(matches!(beaten, Err(JournalError::Overtaken { .. })), "{beaten:?}");
        clock.sleep(Duration::from_secs(1)).await;
        let taken = beside.take("one", &second, clock.now()).await.expect("it was silent for long enough");
        assert_eq!(taken.from, Some(first.clone()));
        let waits = taken.act_at.milliseconds_since(clock.now());
        assert_eq!(waits, (ACT_SECONDS - TAKE_OVER_SECONDS) * 1000, "calls of the first may be under way");
        for outcome in
            [journal.beat("one", &first, "", clock.now()).await, journal.confirm("one", &first).await]
        {
            assert!(
                matches!(&outcome, Err(JournalError::Overtaken { holder: Some(by), .. }) if *by == second),
                "{outcome:?}"
            );
        }
        beside.confirm("one", &second).await.expect("it holds the claim");
        let resumed = happened(clock.now(), What::Resumed { after: Handover::GivenBack });
        beside.append("one", 1, &resumed, false, &second).await.expect("written");
        let late = journal.append("one", 1, &happened(clock.now(), What::Waited), false, &first).await;
        assert!(
            matches!(&late, Err(JournalError::Overtaken { holder: Some(by), .. }) if *by == second),
            "{late:?}"
        );
        assert_eq!(journal.load("one").await.expect("readable").1.len(), 2, "what was refused is not in it");
    });
}

#[test]
fn whoever_is_known_to_be_gone_needs_no_waiting_for() {
    both(async |journal, beside, clock| {
        let this = Conducting::begin().expect("random");
        let gone = Holder::clone(&this);
        drop(this);
        let plan = plan("one", "platform");
        journal.begin(&plan, &approved(clock.now(), &plan), &gone).await.expect("begun");
        if gone.is_gone() {
            let taken = beside.take("one", &Holder::named("second"), clock.now()).await.expect("at once");
            assert_eq!((taken.from, taken.act_at), (Some(gone), clock.now()));
        }
    });
}

#[test]
fn a_claim_that_is_given_back_is_free_at_once_and_only_its_holder_gives_it_back() {
    both(async |journal, beside, clock| {
        let (first, second) = (Holder::named("first"), Holder::named("second"));
        let plan = plan("one", "platform");
        journal.begin(&plan, &approved(clock.now(), &plan), &first).await.expect("begun");
        beside.release("one", &second).await.expect("nothing happens");
        let held = beside.take("one", &second, clock.now()).await;
        assert!(matches!(held, Err(JournalError::ClaimHeld { .. })), "{held:?}");
        journal.release("one", &first).await.expect("given back");
        let run = beside.runs().await.expect("readable").pop().expect("a run");
        assert_eq!((run.ended, run.carried_out_by(clock.now())), (false, None));
        let late = journal.beat("one", &first, "", clock.now()).await;
        assert!(matches!(late, Err(JournalError::Overtaken { .. })), "{late:?}");
        let taken = beside.take("one", &second, clock.now()).await.expect("free");
        assert_eq!((taken.from, taken.act_at), (None, clock.now()));
    });
}

#[test]
fn what_is_asked_of_a_run_is_there_until_a_record_names_it() {
    both(async |journal, beside, clock| {
        let plan = plan("one", "platform");
        journal.begin(&plan, &approved(clock.now(), &plan), &holder()).await.expect("begun");
        let stop = Request::Stop { by: "ada".to_owned() };
        let answer = Request::Answer { answer: Answer::Open, by: "ben".to_owned() };
        for request in [&stop, &answer] {
            clock.sleep(Duration::from_millis(1)).await;
            beside.ask("one", request, clock.now()).await.expect("asked");
        }
        let mut taken = BTreeSet::new();
        for expected in [stop.clone(), answer] {
            clock.sleep(Duration::from_secs(2)).await;
            let asked = journal.requests("one", &taken, false).await.expect("readable");
            let next = asked.first().expect("something is asked");
            assert_eq!(next.request, expected);
            taken.insert(next.id.clone());
        }
        clock.sleep(Duration::from_secs(2)).await;
        assert_eq!(journal.requests("one", &taken, false).await.expect("readable"), []);
        let none = beside.ask("none", &stop, clock.now()).await;
        assert!(matches!(none, Err(JournalError::NoSuchRun { .. })), "{none:?}");
        journal.append("one", 1, &happened(clock.now(), What::Waited), true, &holder()).await.expect("ended");
        let ended = beside.ask("one", &stop, clock.now()).await;
        assert!(matches!(ended, Err(JournalError::Ended { .. })), "{ended:?}");
    });
}

#[test]
fn a_sound_run_is_never_set_aside() {
    both(async |journal, beside, clock| {
        let (one, two) = (plan("one", "platform"), plan("two", "platform"));
        journal.begin(&one, &approved(clock.now(), &one), &holder()).await.expect("begun");
        journal.release("one", &holder()).await.expect("given back");
        let refused = beside.begin(&two, &approved(clock.now(), &two), &holder()).await;
        assert!(matches!(refused, Err(JournalError::RunUnderWay { .. })), "{refused:?}");
        read_run(&beside, "one").await.expect("sound");
    });
}

//! The journal in objects: beginnings that break off anywhere, answers that are lost anywhere, and what its requests cost.

use std::collections::BTreeSet;
use std::time::Duration;

use conductor::{
    ACT_SECONDS, Clock, Holder, JournalError, JournalStore, ObjectJournal, Request, TAKE_OVER_SECONDS,
    read_run,
};
use upgrade::{Approval, Event, JOURNAL_FORMAT, Plan, Record, Timestamp, What};

use crate::common::objects::{Faults, MemoryObjects};
use crate::common::plan;

fn approved(at: Timestamp, plan: &Plan) -> Record {
    let approval = Approval { by: "ada".to_owned(), at, plan_sha256: plan.sha256() };
    Record::Happened(Event { at, what: What::Started { approval } })
}

fn waited(at: Timestamp) -> Record {
    Record::Happened(Event { at, what: What::Waited })
}

fn journal(objects: &MemoryObjects, clock: Clock) -> ObjectJournal<MemoryObjects> {
    let id = plan("any", "platform").stack_id;
    ObjectJournal::new(objects.clone(), "s3://here".to_owned(), &id, clock)
}

/// How many writes a beginning is.
const WRITES: usize = 4;

/// Begin a run in a process that dies before its n-th write.
async fn begin_and_die(objects: &MemoryObjects, clock: Clock, dies_at: usize, plan: &Plan) {
    let dying = journal(&objects.with(Faults::dying_at(dies_at)), clock);
    let (first, holder) = (approved(clock.now(), plan), Holder::named("dead"));
    let began = tokio::time::timeout(Duration::from_secs(1), dying.begin(plan, &first, &holder));
    assert!(began.await.is_err(), "it has died before write {dies_at}");
}

#[tokio::test(start_paused = true)]
async fn a_beginning_that_breaks_off_can_be_begun_again_from_anywhere() {
    for dies_at in 1..=WRITES {
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let objects = MemoryObjects::new(clock);
        let plan = plan("one", "platform");
        begin_and_die(&objects, clock, dies_at, &plan).await;
        let elsewhere = journal(&objects, clock);
        if dies_at > 1 {
            let held = elsewhere.begin(&plan, &approved(clock.now(), &plan), &Holder::named("other")).await;
            assert!(matches!(held, Err(JournalError::ClaimHeld { .. })), "{dies_at}: {held:?}");
            let unbegun = elsewhere.load("one").await;
            assert!(matches!(unbegun, Err(JournalError::NotBegun { .. })), "{dies_at}: {unbegun:?}");
            let runs = elsewhere.runs().await.expect("readable");
            assert_eq!(
                runs.iter().map(|run| (&*run.run_id, run.ended)).collect::<Vec<_>>(),
                [("one", false)]
            );
        }
        clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS)).await;
        let again = approved(clock.now(), &plan);
        elsewhere
            .begin(&plan, &again, &Holder::named("other"))
            .await
            .unwrap_or_else(|error| panic!("{dies_at}: {error}"));
        let (_, records, _) = read_run(&elsewhere, "one").await.expect("sound");
        assert_eq!(records, [again], "{dies_at}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_and_never_begun_is_set_aside_by_the_next_and_can_not_begin_any_more() {
    for dies_at in 2..=WRITES {
        let clock = Clock::starting_at(Timestamp(1_000_000));
        let objects = MemoryObjects::new(clock);
        let (one, two) = (plan("one", "platform"), plan("two", "platform"));
        begin_and_die(&objects, clock, dies_at, &one).await;
        clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS)).await;
        let elsewhere = journal(&objects, clock);
        let other = Holder::named("other");
        elsewhere
            .begin(&two, &approved(clock.now(), &two), &other)
            .await
            .unwrap_or_else(|error| panic!("{dies_at}: {error}"));
        // The first record of the one that was thought dead is on its way all the same.
        let late = journal(&objects, clock);
        let refused =
            late.append("one", 0, &approved(Timestamp(1_000_000), &one), false, &Holder::named("dead")).await;
        assert!(matches!(refused, Err(JournalError::Overtaken { .. })), "{dies_at}: {refused:?}");
        let begun = late.begin(&one, &approved(clock.now(), &one), &Holder::named("dead")).await;
        assert!(
            matches!(begun, Err(JournalError::BegunBefore { .. } | JournalError::RunUnderWay { .. })),
            "{dies_at}: {begun:?}"
        );
        let runs = elsewhere.runs().await.expect("readable");
        let two = runs.iter().find(|run| run.run_id == "two").expect("it goes on");
        assert!(!two.ended && two.carried_out_by(clock.now()).is_some(), "{dies_at}: {two:?}");
        assert!(runs.iter().filter(|run| run.run_id == "one").all(|run| run.ended), "{dies_at}");
    }
}

/// Whatever fails as a store fails is done again with the same arguments.
macro_rules! again {
    ($call:expr) => {{
        let mut tries = 0;
        loop {
            match $call.await {
                Err(JournalError::Store { .. }) if tries < 3 => tries += 1,
                other => break other,
            }
        }
    }};
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_anywhere_changes_nothing() {
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let run = async |faults: Faults| {
        let objects = MemoryObjects::new(clock);
        let journal = journal(&objects.with(faults), clock);
        let holder = Holder::named("first");
        let one = plan("one", "platform");
        let first = approved(clock.now(), &one);
        again!(journal.begin(&one, &first, &holder)).expect("begun");
        for place in 1..4 {
            let record = waited(clock.now());
            again!(journal.append("one", place, &record, false, &holder)).expect("written");
            again!(journal.beat("one", &holder, "Wait", clock.now())).expect("beaten");
        }
        again!(journal.release("one", &holder)).expect("given back");
        let second = Holder::named("second");
        again!(journal.take("one", &second, clock.now())).expect("taken");
        let last = waited(clock.now());
        again!(journal.append("one", 4, &last, true, &second)).expect("ended");
        (objects, journal)
    };
    let counting = Faults::default();
    run(counting.clone()).await;
    for write in 1..=counting.writes() {
        let (objects, journal) = run(Faults::losing_answer_to(write)).await;
        assert_eq!(journal.load("one").await.expect("readable").1.len(), 5, "write {write}");
        let runs = journal.runs().await.expect("readable");
        assert_eq!(runs.len(), 1, "write {write}");
        assert!(runs[0].ended, "write {write}: {runs:?}");
        assert_eq!(objects.keys().iter().filter(|key| key.contains("/records/")).count(), 5, "write {write}");
    }
}

/// An age is of when it was answered: a slow answer makes nobody act too early.
#[tokio::test(start_paused = true)]
async fn a_claim_that_is_read_slowly_lets_nobody_act_before_the_one_before_has_ended() {
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let objects = MemoryObjects::new(clock);
    let first = journal(&objects, clock);
    let one = plan("one", "platform");
    let began = clock.now();
    first.begin(&one, &approved(began, &one), &Holder::named("first")).await.expect("begun");
    clock.sleep(Duration::from_secs(30)).await;
    let slow = journal(&objects.with(Faults::reading_slowly(Duration::from_secs(20))), clock);
    let taken =
        slow.take("one", &Holder::named("second"), clock.now()).await.expect("silent for long enough");
    assert_eq!(taken.act_at, began.plus_seconds(ACT_SECONDS));
}

/// Nobody of ours deletes a claim; whoever does leaves a run that nobody can go on with, and that is said.
#[tokio::test(start_paused = true)]
async fn a_run_whose_claim_was_deleted_is_damaged() {
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let objects = MemoryObjects::new(clock);
    let first = journal(&objects, clock);
    let one = plan("one", "platform");
    first.begin(&one, &approved(clock.now(), &one), &Holder::named("first")).await.expect("begun");
    let claim = objects.keys().into_iter().find(|key| key.ends_with("/claim")).expect("a claim");
    objects.delete(&claim);
    let refused = journal(&objects, clock).take("one", &Holder::named("second"), clock.now()).await;
    assert!(
        matches!(&refused, Err(JournalError::Damaged { reason, .. }) if reason.contains("its claim is gone")),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_damaged_run_is_in_nobodys_way_once_it_is_silent() {
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let (one, two) = (plan("one", "platform"), plan("two", "platform"));
    for (which, word) in [("plan", "its plan"), ("record 0", "its record 0"), ("missing", "missing")] {
        let objects = MemoryObjects::new(clock);
        let first = journal(&objects, clock);
        let holder = Holder::named("first");
        first.begin(&one, &approved(clock.now(), &one), &holder).await.expect("begun");
        first.append("one", 1, &waited(clock.now()), false, &holder).await.expect("written");
        let key = |end: &str| objects.keys().into_iter().find(|key| key.ends_with(end)).expect("a key");
        match which {
            "plan" => objects.damage(&key("runs/one/plan"), b"{"),
            "record 0" => objects.damage(&key("records/00000000"), b"x"),
            _ => objects.delete(&key("records/00000000")),
        }
        let elsewhere = journal(&objects, clock);
        match read_run(&elsewhere, "one").await {
            Err(JournalError::Damaged { reason, .. }) => assert!(reason.contains(word), "{reason}"),
            other => panic!("{which}: {other:?}"),
        }
        let other = Holder::named("other");
        let held = elsewhere.begin(&two, &approved(clock.now(), &two), &other).await;
        assert!(matches!(held, Err(JournalError::RunUnderWay { .. })), "{which}: {held:?}");
        first.release("one", &holder).await.expect("given back");
        elsewhere
            .begin(&two, &approved(clock.now(), &two), &other)
            .await
            .expect("the damaged one is set aside");
        let runs = elsewhere.runs().await.expect("readable");
        let told: Vec<_> =
            runs.iter().map(|run| (&*run.run_id, run.ended, run.set_aside.is_some())).collect();
        assert_eq!(told, [("one", true, true), ("two", false, false)], "{which}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_newer_program_wrote_is_neither_read_nor_written_over() {
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let objects = MemoryObjects::new(clock);
    let first = journal(&objects, clock);
    let one = plan("one", "platform");
    first.begin(&one, &approved(clock.now(), &one), &Holder::named("first")).await.expect("begun");
    let key = objects.keys().into_iter().find(|key| key.ends_with("/claim")).expect("a claim");
    objects.damage(&key, format!("{{\"format\":{},\"what\":1}}", JOURNAL_FORMAT + 1).as_bytes());
    let elsewhere = journal(&objects, clock);
    let two = plan("two", "platform");
    let other = Holder::named("other");
    let stop = Request::Stop { by: "ada".to_owned() };
    for refused in [
        elsewhere.begin(&two, &approved(clock.now(), &two), &other).await,
        elsewhere.take("one", &other, clock.now()).await.map(drop),
        elsewhere.ask("one", &stop, clock.now()).await,
        elsewhere.runs().await.map(drop),
    ] {
        match refused {
            Err(JournalError::OtherFormat { location, .. }) => assert_eq!(location, "s3://here"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_beat_is_one_put_a_record_is_one_put_and_requests_are_listed_every_two_seconds() {
    let clock = Clock::starting_at(Timestamp(1_000_000));
    let objects = MemoryObjects::new(clock);
    let counted = Faults::default();
    let journal = journal(&objects.with(counted.clone()), clock);
    let (one, holder) = (plan("one", "platform"), Holder::named("first"));
    journal.begin(&one, &approved(clock.now(), &one), &holder).await.expect("begun");
    let before = ["put", "get", "list"].map(|operation| counted.calls(operation));
    for place in 1..=100 {
        journal.append("one", place, &waited(clock.now()), false, &holder).await.expect("written");
        journal.beat("one", &holder, "Wait", clock.now()).await.expect("beaten");
        for _ in 0..10 {
            clock.sleep(Duration::from_millis(200)).await;
            journal.requests("one", &BTreeSet::new(), false).await.expect("readable");
        }
    }
    let after = ["put", "get", "list"].map(|operation| counted.calls(operation));
    assert_eq!(after[0] - before[0], 200, "a put each");
    assert_eq!(after[1] - before[1], 0, "nothing is read");
    assert!(after[2] - before[2] <= 101, "{}", after[2] - before[2]);
}

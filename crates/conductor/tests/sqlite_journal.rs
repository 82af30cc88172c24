//! The journal's file: what was written is read again, and what must not be is refused.

use conductor::{
    Conducting, DataDirectory, DataDirectoryError, Holder, JournalError, JournalStore, LEASE_SECONDS,
    Request, SqliteJournal, read_run,
};
use upgrade::{Answer, Approval, Event, Handover, JOURNAL_FORMAT, Plan, Record, Timestamp, What};

mod common;

use common::plan;

fn holder() -> Holder {
    Holder::named("this test")
}

/// The first record of a run whose plan nobody reads. Whose plan was approved is the machine's matter, not the journal's.
fn started() -> What {
    let approval = Approval { by: "ada".to_owned(), at: Timestamp(1), plan_sha256: "ab".repeat(32) };
    What::Started { approval }
}

/// The first record of a run of this plan.
fn approved(at: u64, plan: &Plan) -> Record {
    let approval = Approval { by: "ada".to_owned(), at: Timestamp(at), plan_sha256: plan.sha256() };
    happened(at, What::Started { approval })
}

fn happened(at: u64, what: What) -> Record {
    Record::Happened(Event { at: Timestamp(at), what })
}

#[test]
fn what_was_written_is_read_again_by_another_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let records = [
        happened(1, started()),
        happened(2, What::Waited),
        happened(3, What::Resumed { after: Handover::GivenBack }),
    ];
    let mut journal = SqliteJournal::open(&path).expect("a journal");
    journal.begin(&plan("one", "platform"), &records[0], &holder()).expect("begun");
    journal.append("one", &records[1], false, &holder()).expect("written");
    // A second process looks on while the first one writes.
    let beside = SqliteJournal::open(&path).expect("the same journal");
    assert_eq!(beside.load("one").expect("readable").1, records[..2]);
    let before = beside.others_writes().expect("readable");
    assert_eq!(beside.others_writes().expect("readable"), before, "nobody has written meanwhile");
    journal.append("one", &records[2], false, &holder()).expect("written");
    assert_ne!(beside.others_writes().expect("readable"), before);
    drop(journal);
    let (read, told) = SqliteJournal::open(&path).expect("again").load("one").expect("readable");
    assert_eq!(read, plan("one", "platform"));
    assert_eq!(told, records);
}

#[test]
fn one_run_a_stack_at_a_time() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    journal.begin(&plan("one", "platform"), &happened(1, started()), &holder()).expect("begun");
    let refused = journal.begin(&plan("two", "platform"), &happened(2, started()), &holder());
    assert!(
        matches!(&refused, Err(JournalError::RunUnderWay { run_id, .. }) if run_id == "one"),
        "{refused:?}"
    );
    journal
        .begin(&plan("other", "elsewhere"), &happened(3, started()), &holder())
        .expect("another stack is free");
    journal.append("one", &happened(4, What::Waited), true, &holder()).expect("ended");
    journal.begin(&plan("two", "platform"), &happened(5, started()), &holder()).expect("free again");
    let runs = journal.runs().expect("readable");
    let told: Vec<_> = runs.iter().map(|run| (run.run_id.as_str(), run.ended)).collect();
    assert_eq!(told, [("one", true), ("other", false), ("two", false)]);
    assert!(matches!(journal.load("three"), Err(JournalError::NoSuchRun { .. })));
}

#[test]
fn a_plan_is_begun_once_whatever_came_of_it() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    let first = plan("one", "platform");
    journal.begin(&first, &happened(1, started()), &holder()).expect("begun");
    let mut refused = |plan: &Plan, at: u64| {
        let outcome = journal.begin(plan, &happened(at, started()), &holder());
        assert!(
            matches!(&outcome, Err(JournalError::BegunBefore { run_id }) if run_id == "one"),
            "{outcome:?}"
        );
    };
    // While it goes on, and under the same id for another deployment.
    refused(&first, 2);
    refused(&plan("one", "elsewhere"), 3);
    journal.append("one", &happened(4, What::Waited), true, &holder()).expect("ended");
    let mut refused = |plan: &Plan, at: u64| {
        let outcome = journal.begin(plan, &happened(at, started()), &holder());
        assert!(matches!(&outcome, Err(JournalError::BegunBefore { .. })), "{outcome:?}");
    };
    refused(&first, 5);
    refused(&plan("one", "elsewhere"), 6);
    journal.begin(&plan("two", "platform"), &happened(7, started()), &holder()).expect("another plan");
}

#[test]
fn a_newer_journal_and_a_file_that_is_none_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let newer = folder.path().join("newer.sqlite");
    drop(SqliteJournal::open(&newer).expect("a journal"));
    let connection = rusqlite::Connection::open(&newer).expect("SQLite");
    connection.pragma_update(None, "user_version", JOURNAL_FORMAT + 1).expect("written");
    drop(connection);
    let refused = SqliteJournal::open(&newer);
    assert!(matches!(refused, Err(JournalError::OtherFormat { .. })), "{refused:?}");

    let other = folder.path().join("other.sqlite");
    std::fs::write(&other, "this is a letter, not a database, and long enough to show it").expect("a file");
    let refused = SqliteJournal::open(&other).expect_err("no journal");
    assert!(refused.to_string().contains("not a database"), "{refused}");
}

#[test]
fn a_data_directory_has_one_holder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data");
    let held = DataDirectory::take(&path).expect("free");
    assert!(matches!(DataDirectory::take(&path), Err(DataDirectoryError::InUse { .. })));
    drop(held);
    DataDirectory::take(&path).expect("free again");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    assert!(matches!(DataDirectory::take(&file), Err(DataDirectoryError::Unusable { .. })));
}

#[test]
fn only_the_leases_holder_acts_and_a_dead_holders_lease_expires() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    let (first, second) = (Holder::named("first"), Holder::named("second"));
    journal.begin(&plan("one", "platform"), &happened(1_000, started()), &first).expect("begun");
    let refused = |outcome: Result<(), JournalError>| {
        assert!(
            matches!(&outcome, Err(JournalError::LeaseHeld { holder, .. }) if *holder == first),
            "{outcome:?}"
        );
    };
    refused(journal.append("one", &happened(2_000, What::Waited), false, &second));
    refused(journal.take_lease("one", &second, Timestamp(3_000)));
    refused(journal.renew_lease("one", &second, Timestamp(3_000)));
    // The first one lives, and says so.
    journal.renew_lease("one", &first, Timestamp(50_000)).expect("renewed");
    refused(journal.take_lease("one", &second, Timestamp(1_000 + LEASE_SECONDS * 1000 + 1)));
    // It falls silent.
    let later = Timestamp(50_000 + LEASE_SECONDS * 1000 + 1);
    journal.take_lease("one", &second, later).expect("expired");
    journal
        .append("one", &happened(later.0, What::Resumed { after: Handover::GivenBack }), false, &second)
        .expect("written");
    let late = journal.append("one", &happened(later.0, What::Waited), false, &first);
    assert!(matches!(&late, Err(JournalError::LeaseHeld { holder, .. }) if *holder == second), "{late:?}");
    assert_eq!(journal.load("one").expect("readable").1.len(), 2, "what was refused is not in it");
    // A holder on this machine that is known to be dead needs no waiting for.
    let this = Conducting::begin().expect("random");
    let dead = Holder::clone(&this);
    drop(this);
    journal.begin(&plan("two", "elsewhere"), &happened(1_000, started()), &dead).expect("begun");
    if dead.is_gone() {
        journal.take_lease("two", &second, Timestamp(1_001)).expect("at once");
    }
}

#[test]
fn what_is_asked_of_a_run_is_taken_up_once_and_in_order() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    journal.begin(&plan("one", "platform"), &happened(1, started()), &holder()).expect("begun");
    let stop = Request::Stop { by: "ada".to_owned() };
    let answer = Request::Answer { answer: Answer::Open, by: "ben".to_owned() };
    for request in [&stop, &answer] {
        journal.ask("one", request, Timestamp(2)).expect("asked");
    }
    for expected in [stop.clone(), answer] {
        let (number, request) = journal.next_request("one").expect("readable").expect("something is asked");
        assert_eq!(request, expected);
        journal.take_request("one", number).expect("taken");
    }
    assert_eq!(journal.next_request("one").expect("readable"), None);
    assert!(matches!(journal.ask("none", &stop, Timestamp(3)), Err(JournalError::NoSuchRun { .. })));
    journal.append("one", &happened(4, What::Waited), true, &holder()).expect("ended");
    assert!(matches!(journal.ask("one", &stop, Timestamp(5)), Err(JournalError::Ended { .. })));
}

#[test]
fn a_lease_that_is_given_back_is_free_at_once_and_only_its_holder_gives_it_back() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    let (first, second) = (Holder::named("first"), Holder::named("second"));
    journal.begin(&plan("one", "platform"), &happened(1_000, started()), &first).expect("begun");
    journal.release_lease("one", &second).expect("nothing happens");
    assert!(matches!(
        journal.take_lease("one", &second, Timestamp(1_001)),
        Err(JournalError::LeaseHeld { .. })
    ));
    journal.release_lease("one", &first).expect("given back");
    let late = journal.append("one", &happened(1_002, What::Waited), false, &first);
    assert!(matches!(late, Err(JournalError::LeaseGivenBack { .. })), "{late:?}");
    journal.take_lease("one", &second, Timestamp(1_003)).expect("free");
}

/// What damages a run `bad`, and a word of why.
const DAMAGES: [(&str, &str); 4] = [
    ("UPDATE runs SET plan = '{' WHERE run_id = 'bad'", "its plan"),
    ("UPDATE records SET record = 'x' WHERE run_id = 'bad' AND sequence = 1", "its record 1"),
    ("DELETE FROM records WHERE run_id = 'bad' AND sequence = 0", "start"),
    (
        "UPDATE runs SET plan = (SELECT plan FROM runs WHERE run_id = 'good') WHERE run_id = 'bad'",
        "not the one that ada approved",
    ),
];

#[test]
fn a_damaged_run_is_in_nobodys_way() {
    for (damage, word) in DAMAGES {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let mut journal = SqliteJournal::open(&path).expect("a journal");
        for (run_id, stack) in [("good", "elsewhere"), ("bad", "platform")] {
            let plan = plan(run_id, stack);
            journal.begin(&plan, &approved(1, &plan), &holder()).expect("begun");
            journal.append(run_id, &happened(2, What::Waited), false, &holder()).expect("written");
        }
        rusqlite::Connection::open(&path).expect("SQLite").execute_batch(damage).expect(damage);
        read_run(&journal, "good").expect("sound");
        let reason = match read_run(&journal, "bad") {
            Err(JournalError::Damaged { run_id, reason }) if run_id == "bad" => reason,
            other => panic!("{damage}: {other:?}"),
        };
        assert!(reason.to_lowercase().contains(word), "{damage}: {reason}");
        assert_eq!(journal.runs().expect("readable").len(), 2, "{damage}");
        // Somebody may carry it out yet, who has read it when it was whole.
        let now = happened(3, started());
        let held = journal.begin(&plan("next", "platform"), &now, &holder());
        assert!(matches!(held, Err(JournalError::RunUnderWay { .. })), "{damage}: {held:?}");
        journal.release_lease("bad", &holder()).expect("given back");
        journal.begin(&plan("next", "platform"), &now, &holder()).expect("the damaged one is set aside");
        let runs = journal.runs().expect("readable");
        let told: Vec<_> =
            runs.iter().map(|run| (&*run.run_id, run.ended, run.set_aside.is_some())).collect();
        assert_eq!(told, [("good", false, false), ("bad", true, true), ("next", false, false)], "{damage}");
    }
}

#[test]
fn a_sound_run_is_never_set_aside() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    let plan_one = plan("one", "platform");
    journal.begin(&plan_one, &approved(1, &plan_one), &holder()).expect("begun");
    journal.release_lease("one", &holder()).expect("given back");
    let refused = journal.begin(&plan("two", "platform"), &happened(2, started()), &holder());
    assert!(matches!(refused, Err(JournalError::RunUnderWay { .. })), "{refused:?}");
}

#[test]
fn a_request_that_can_t_be_read_hides_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let mut journal = SqliteJournal::open(&path).expect("a journal");
    journal.begin(&plan("one", "platform"), &happened(1, started()), &holder()).expect("begun");
    let stop = Request::Stop { by: "ada".to_owned() };
    for _ in 0..2 {
        journal.ask("one", &stop, Timestamp(2)).expect("asked");
    }
    let other = rusqlite::Connection::open(&path).expect("SQLite");
    other.execute_batch("UPDATE requests SET request = '?' WHERE number = 1").expect("damaged");
    assert_eq!(journal.next_request("one").expect("readable"), Some((2, stop)));
}

#[test]
fn looking_writes_nothing_and_needs_no_right_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("what? 100% #1");
    std::fs::create_dir(&inside).expect("made");
    let path = inside.join("journal.sqlite");
    let absent = SqliteJournal::open_to_read(&path);
    assert!(matches!(absent, Err(JournalError::Store { .. })), "{absent:?}");
    assert!(!path.exists(), "looking makes no file");
    let mut journal = SqliteJournal::open(&path).expect("a journal");
    let (begun, next) = (happened(1, started()), happened(2, What::Waited));
    journal.begin(&plan("one", "platform"), &begun, &holder()).expect("begun");
    let mut looking = SqliteJournal::open_to_read(&path).expect("while somebody writes");
    journal.append("one", &next, false, &holder()).expect("written");
    assert_eq!(looking.load("one").expect("readable").1, [begun, next], "it sees what is written meanwhile");
    let refused = looking.renew_lease("one", &holder(), Timestamp(3));
    assert!(matches!(refused, Err(JournalError::Store { doing: "written", .. })), "{refused:?}");
    drop((looking, journal));
    let files = || std::fs::read_dir(&inside).expect("a folder").count();
    assert_eq!(files(), 1, "the last to write has left one file");
    for (file, directory) in [(0o444, 0o555), (0o600, 0o700)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(file)).expect("set");
        std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(directory)).expect("set");
        let looking = SqliteJournal::open_to_read(&path).expect("readable");
        assert_eq!(looking.load("one").expect("readable").1.len(), 2);
        assert_eq!(looking.runs().expect("readable").len(), 1);
    }
}

#[test]
fn a_journal_of_before_tells_its_format_also_to_those_who_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    drop(SqliteJournal::open(&path).expect("a journal"));
    let connection = rusqlite::Connection::open(&path).expect("SQLite");
    connection.pragma_update(None, "user_version", JOURNAL_FORMAT - 1).expect("written");
    drop(connection);
    let refused = SqliteJournal::open_to_read(&path);
    assert!(matches!(refused, Err(JournalError::OtherFormat { .. })), "{refused:?}");
}

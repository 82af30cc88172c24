//! The journal's file: what was written is read again, and what must not be is refused.

use std::collections::BTreeSet;

use conductor::{
    Asked, DataDirectory, DataDirectoryError, Holder, JournalError, JournalStore, Request, SqliteJournal,
    read_run,
};
use upgrade::{Approval, Event, Handover, JOURNAL_FORMAT, Plan, Record, Timestamp, What};

use crate::common::plan;

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

#[tokio::test]
async fn what_was_written_is_read_again_by_another_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let records = [
        happened(1, started()),
        happened(2, What::Waited),
        happened(3, What::Resumed { after: Handover::GivenBack }),
    ];
    let journal = SqliteJournal::open(&path).expect("a journal");
    journal.begin(&plan("one", "platform"), &records[0], &holder()).await.expect("begun");
    journal.append("one", 1, &records[1], false, &holder()).await.expect("written");
    // A second process looks on while the first one writes.
    let beside = SqliteJournal::open(&path).expect("the same journal");
    assert_eq!(beside.load("one").await.expect("readable").1, records[..2]);
    let before = beside.others_writes().expect("readable");
    assert_eq!(beside.others_writes().expect("readable"), before, "nobody has written meanwhile");
    journal.append("one", 2, &records[2], false, &holder()).await.expect("written");
    assert_ne!(beside.others_writes().expect("readable"), before);
    drop(journal);
    let (read, told) = SqliteJournal::open(&path).expect("again").load("one").await.expect("readable");
    assert_eq!(read, plan("one", "platform"));
    assert_eq!(told, records);
}

#[tokio::test]
async fn one_run_a_stack_at_a_time() {
    let journal = SqliteJournal::in_memory().expect("a journal");
    journal.begin(&plan("one", "platform"), &happened(1, started()), &holder()).await.expect("begun");
    let refused = journal.begin(&plan("two", "platform"), &happened(2, started()), &holder()).await;
    assert!(
        matches!(&refused, Err(JournalError::RunUnderWay { run_id, .. }) if run_id == "one"),
        "{refused:?}"
    );
    journal
        .begin(&plan("other", "elsewhere"), &happened(3, started()), &holder())
        .await
        .expect("another stack is free");
    journal.append("one", 1, &happened(4, What::Waited), true, &holder()).await.expect("ended");
    journal.begin(&plan("two", "platform"), &happened(5, started()), &holder()).await.expect("free again");
    let runs = journal.runs().await.expect("readable");
    let told: Vec<_> = runs.iter().map(|run| (run.run_id.as_str(), run.ended)).collect();
    assert_eq!(told, [("one", true), ("other", false), ("two", false)]);
    assert!(matches!(journal.load("three").await, Err(JournalError::NoSuchRun { .. })));
}

#[tokio::test]
async fn a_newer_journal_and_a_file_that_is_none_are_refused() {
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

#[tokio::test]
async fn a_data_directory_has_one_holder() {
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

#[tokio::test]
async fn a_damaged_run_is_in_nobodys_way() {
    for (damage, word) in DAMAGES {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let journal = SqliteJournal::open(&path).expect("a journal");
        for (run_id, stack) in [("good", "elsewhere"), ("bad", "platform")] {
            let plan = plan(run_id, stack);
            journal.begin(&plan, &approved(1, &plan), &holder()).await.expect("begun");
            journal.append(run_id, 1, &happened(2, What::Waited), false, &holder()).await.expect("written");
        }
        rusqlite::Connection::open(&path).expect("SQLite").execute_batch(damage).expect(damage);
        read_run(&journal, "good").await.expect("sound");
        let reason = match read_run(&journal, "bad").await {
            Err(JournalError::Damaged { run_id, reason }) if run_id == "bad" => reason,
            other => panic!("{damage}: {other:?}"),
        };
        assert!(reason.to_lowercase().contains(word), "{damage}: {reason}");
        assert_eq!(journal.runs().await.expect("readable").len(), 2, "{damage}");
        // Somebody may carry it out yet, who has read it when it was whole.
        let now = happened(3, started());
        let held = journal.begin(&plan("next", "platform"), &now, &holder()).await;
        assert!(matches!(held, Err(JournalError::RunUnderWay { .. })), "{damage}: {held:?}");
        journal.release("bad", &holder()).await.expect("given back");
        journal
            .begin(&plan("next", "platform"), &now, &holder())
            .await
            .expect("the damaged one is set aside");
        let runs = journal.runs().await.expect("readable");
        let told: Vec<_> =
            runs.iter().map(|run| (&*run.run_id, run.ended, run.set_aside.is_some())).collect();
        assert_eq!(told, [("good", false, false), ("bad", true, true), ("next", false, false)], "{damage}");
    }
}

#[tokio::test]
async fn a_request_that_can_t_be_read_hides_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let journal = SqliteJournal::open(&path).expect("a journal");
    journal.begin(&plan("one", "platform"), &happened(1, started()), &holder()).await.expect("begun");
    let stop = Request::Stop { by: "ada".to_owned() };
    for _ in 0..2 {
        journal.ask("one", &stop, Timestamp(2)).await.expect("asked");
    }
    let other = rusqlite::Connection::open(&path).expect("SQLite");
    other.execute_batch("UPDATE requests SET request = '?' WHERE number = 1").expect("damaged");
    let asked = journal.requests("one", &BTreeSet::new(), false).await.expect("readable");
    assert_eq!(asked, [Asked { id: "2".to_owned(), request: stop }]);
}

#[tokio::test]
async fn looking_writes_nothing_and_needs_no_right_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("what? 100% #1");
    std::fs::create_dir(&inside).expect("made");
    let path = inside.join("journal.sqlite");
    let absent = SqliteJournal::open_to_read(&path);
    assert!(matches!(absent, Err(JournalError::Store { .. })), "{absent:?}");
    assert!(!path.exists(), "looking makes no file");
    let journal = SqliteJournal::open(&path).expect("a journal");
    let (begun, next) = (happened(1, started()), happened(2, What::Waited));
    journal.begin(&plan("one", "platform"), &begun, &holder()).await.expect("begun");
    let looking = SqliteJournal::open_to_read(&path).expect("while somebody writes");
    journal.append("one", 1, &next, false, &holder()).await.expect("written");
    assert_eq!(
        looking.load("one").await.expect("readable").1,
        [begun, next],
        "it sees what is written meanwhile"
    );
    let refused = looking.beat("one", &holder(), "", Timestamp(3)).await;
    assert!(matches!(refused, Err(JournalError::Store { doing: "written", .. })), "{refused:?}");
    drop((looking, journal));
    let files = || std::fs::read_dir(&inside).expect("a folder").count();
    assert_eq!(files(), 1, "the last to write has left one file");
    for (file, directory) in [(0o444, 0o555), (0o600, 0o700)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(file)).expect("set");
        std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(directory)).expect("set");
        let looking = SqliteJournal::open_to_read(&path).expect("readable");
        assert_eq!(looking.load("one").await.expect("readable").1.len(), 2);
        assert_eq!(looking.runs().await.expect("readable").len(), 1);
    }
}

#[tokio::test]
async fn a_journal_of_before_tells_its_format_also_to_those_who_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    drop(SqliteJournal::open(&path).expect("a journal"));
    let connection = rusqlite::Connection::open(&path).expect("SQLite");
    connection.pragma_update(None, "user_version", JOURNAL_FORMAT - 1).expect("written");
    drop(connection);
    let refused = SqliteJournal::open_to_read(&path);
    assert!(matches!(refused, Err(JournalError::OtherFormat { .. })), "{refused:?}");
}

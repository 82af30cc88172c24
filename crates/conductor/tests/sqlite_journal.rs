//! The journal's file: what was written is read again, and what must not be is refused.

use conductor::{DataDirectory, DataDirectoryError, JournalError, JournalStore, SqliteJournal};
use upgrade::{Event, JOURNAL_FORMAT, Plan, Record, Timestamp, What};

fn plan(run_id: &str, stack: &str) -> Plan {
    let resource = |id: &str| serde_json::json!({"logical_id": id, "physical_id": format!("{id}-1")});
    serde_json::from_value(serde_json::json!({
        "format": upgrade::PLAN_FORMAT,
        "run_id": run_id,
        "stack_name": stack,
        "stack_id": format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{stack}/1"),
        "profile": "generic",
        "from_version": null,
        "to_version": null,
        "proposal": {
            "change_set_name": "change-set",
            "template_url": "https://bucket.s3.us-east-1.amazonaws.com/to.yaml",
            "template_sha256": "",
            "parameters": [],
            "capabilities": [],
        },
        "predicted": [],
        "expected": [],
        "targets": {"listener": resource("Listener"), "job_queues": [], "worker_groups": []},
        "gate": {"priority": 1, "status_code": 503, "content_type": "text/plain", "body": "back soon"},
        "steps": [],
    }))
    .expect("a plan")
}

fn happened(at: u64, what: What) -> Record {
    Record::Happened(Event { at: Timestamp(at), what })
}

#[test]
fn what_was_written_is_read_again_by_another_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let records = [happened(1, What::Started), happened(2, What::Waited), happened(3, What::Resumed)];
    let mut journal = SqliteJournal::open(&path).expect("a journal");
    journal.begin(&plan("one", "platform"), &records[0]).expect("begun");
    journal.append("one", &records[1], false).expect("written");
    // A second process looks on while the first one writes.
    let beside = SqliteJournal::open(&path).expect("the same journal");
    assert_eq!(beside.load("one").expect("readable").1, records[..2]);
    journal.append("one", &records[2], false).expect("written");
    drop(journal);
    let (read, told) = SqliteJournal::open(&path).expect("again").load("one").expect("readable");
    assert_eq!(read, plan("one", "platform"));
    assert_eq!(told, records);
}

#[test]
fn one_run_a_stack_at_a_time() {
    let mut journal = SqliteJournal::in_memory().expect("a journal");
    journal.begin(&plan("one", "platform"), &happened(1, What::Started)).expect("begun");
    let refused = journal.begin(&plan("two", "platform"), &happened(2, What::Started));
    assert!(
        matches!(&refused, Err(JournalError::RunUnderWay { run_id, .. }) if run_id == "one"),
        "{refused:?}"
    );
    journal.begin(&plan("other", "elsewhere"), &happened(3, What::Started)).expect("another stack is free");
    journal.append("one", &happened(4, What::Waited), true).expect("ended");
    journal.begin(&plan("two", "platform"), &happened(5, What::Started)).expect("free again");
    let runs = journal.runs().expect("readable");
    let told: Vec<_> = runs.iter().map(|run| (run.run_id.as_str(), run.ended)).collect();
    assert_eq!(told, [("one", true), ("other", false), ("two", false)]);
    assert!(matches!(journal.load("three"), Err(JournalError::NoSuchRun { .. })));
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
    assert!(matches!(refused, Err(JournalError::NewerFormat { .. })), "{refused:?}");

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

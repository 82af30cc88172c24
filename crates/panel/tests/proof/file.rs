//! Runs in a file of this machine that can't be written, for a while.

use std::time::Duration;

use conductor::{Clock, JournalError, Request, SqliteJournal};
use panel::{FileRuns, Runs as _};

use crate::common::plan;
use crate::runs;

/// SQLite can't make the file beside a journal that is written first: the journal is read as one that nobody writes. When that has passed, what was written is seen, and what is asked is written.
#[tokio::test(start_paused = true)]
async fn a_file_that_nobody_could_write_is_read_and_later_followed_and_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, beside) = (folder.path().join("journal.sqlite"), folder.path().join("journal.sqlite-wal"));
    let journal = SqliteJournal::open(&path).expect("a journal");
    runs::begin(&journal, &plan::plan("one"));
    drop(journal);
    std::os::unix::fs::symlink(folder.path().join("no-folder/wal"), &beside).expect("nothing is there");
    assert!(SqliteJournal::open_to_read(&path).expect("readable").is_frozen());
    let clock = Clock::system();
    let file = FileRuns::open(&path, clock).expect("it can be read");
    let names = async || {
        let all = file.all().await.expect("readable");
        all.into_iter().map(|run| run.run_id).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["one"]);
    let stop = Request::Stop { by: "ada".to_owned() };
    let refused = file.ask("one", &stop, clock.now()).await;
    assert!(matches!(refused, Err(JournalError::Store { .. })), "{refused:?}");
    let before = file.news().await.expect("readable");
    assert_eq!(file.news().await.expect("readable"), before, "nothing is new");
    // Opened anew, it is the same file.
    clock.sleep(Duration::from_millis(1100)).await;
    assert_eq!(file.news().await.expect("readable"), before, "nothing is new later either");

    std::fs::remove_file(&beside).expect("it is there");
    let journal = SqliteJournal::open(&path).expect("it can be written");
    runs::begin(&journal, &plan::plan("two"));
    clock.sleep(Duration::from_secs(1)).await;
    let since = file.news().await.expect("readable");
    assert_ne!(since, before);
    assert_eq!(names().await, ["one", "two"]);
    file.ask("one", &stop, clock.now()).await.expect("it can be written");
    let asked = file.news().await.expect("readable");
    assert_ne!(asked, since, "what is asked is news, too");
    runs::events(&journal, "two", 0, 1);
    assert_ne!(file.news().await.expect("readable"), asked);
    assert_eq!(file.records_from("two", 1).await.expect("readable").len(), 1);
}

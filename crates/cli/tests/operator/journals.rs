//! Journals that are locked, damaged, of another program, or only to be read.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;

use crate::cloud::{Cloud, Ended, end_of, ended};

fn journal(cloud: &Cloud) -> PathBuf {
    cloud.folder().join(".slackwater/journal.sqlite")
}

#[test]
fn a_store_that_another_process_locks_for_twenty_seconds_is_waited_for() {
    let cloud = Cloud::with_work();
    let run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say("in: Terminate jobs");
    let stop = cloud.run(&["run", "stop"]);
    assert_eq!(stop.code, 0, "{stop:?}");
    let other = Connection::open(journal(&cloud)).expect("SQLite");
    other.busy_timeout(Duration::from_secs(5)).expect("set");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    std::thread::sleep(Duration::from_secs(20));
    let looked = cloud.run(&["run", "list"]);
    assert_eq!(looked.code, 0, "looking waits for nobody: {looked:?}");
    other.execute_batch("ROLLBACK").expect("free again");
    let left = end_of(run);
    assert_eq!(left.code, 3, "{left:?}");
    assert!(left.out.contains("database is locked") && left.out.contains("it is tried until"), "{left:?}");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
}

#[test]
fn a_damaged_run_is_named_and_in_nobodys_way() {
    let cloud = Cloud::with_work();
    // One that has ended well, and one that died behind the gate.
    let mut first = cloud.begin(&["maintenance", "enable", "--yes", "--notice", "1h"]);
    cloud.until_runs_say("in: Wait for the window");
    let good = cloud.latest_run();
    cloud.run(&["run", "stop"]);
    first.wait().expect("it ends");
    let mut second = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say("in: Terminate jobs");
    second.kill().expect("killed");
    second.wait().expect("reaped");
    let bad = cloud.latest_run();
    let other = Connection::open(journal(&cloud)).expect("SQLite");
    other
        .execute("UPDATE records SET record = 'torn' WHERE run_id = ?1 AND sequence = 2", [&bad])
        .expect("damaged");
    drop(other);
    let list = cloud.run(&["run", "list"]);
    assert_eq!(list.code, 0, "{list:?}");
    assert!(list.out.contains("DAMAGED: its record 2") && list.out.contains(&good), "{list:?}");
    let shown = cloud.run(&["run", "show", &good]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let shown = cloud.run(&["run", "show", &bad]);
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(shown.err.contains(&format!("run {bad} is damaged: its record 2")), "{shown:?}");
    let status = cloud.run(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(status.out.contains("USERS ARE KEPT OUT by the damaged run"), "{status:?}");
    let out = cloud.run(&["maintenance", "disable"]);
    assert_eq!(out.code, 0, "{out:?}");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
    let list = cloud.run(&["run", "list"]);
    assert!(list.out.contains("SET ASIDE: its record 2"), "{list:?}");
    assert!(list.out.contains("Maintenance was left"), "{list:?}");
}

/// What can be looked at without writing anything.
fn looks(mut command: impl FnMut(&[&str]) -> Ended) {
    for (arguments, words) in [
        (&["run", "list"][..], "Maintenance was entered"),
        (&["run", "show"], "Users are kept out since"),
        (&["run", "watch"], "Users are kept out since"),
        (&["status"], "CLOSED since"),
    ] {
        let said = command(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        assert!(said.out.contains(words), "{arguments:?}: {said:?}");
        assert!(!said.out.contains("can't be read"), "{arguments:?}: {said:?}");
    }
}

#[test]
fn looking_needs_no_room_on_the_disk_and_no_right_to_write() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let cloud = Cloud::with_sample();
    assert_eq!(cloud.run(&["maintenance", "enable", "--yes"]).code, 0);
    let program = env!("CARGO_BIN_EXE_slackwater");
    let of = cloud.command(&[]);
    let shell = |script: String| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(cloud.folder())
            .stdin(Stdio::null());
        ended(&mut shell)
    };
    // No file may grow by a byte: what a full disk is to SQLite. The pipes to this test are no files.
    looks(|arguments| shell(format!("trap '' XFSZ; ulimit -f 0; exec '{program}' {}", arguments.join(" "))));
    // Somebody else's directory, to be read only. For root there is no such thing.
    let folder = cloud.folder().join(".slackwater");
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    mode(cloud.folder(), 0o755);
    for file in std::fs::read_dir(&folder).expect("a folder") {
        mode(&file.expect("a file").path(), 0o444);
    }
    mode(&folder, 0o555);
    let is_root = std::fs::metadata("/proc/self").expect("Linux").uid() == 0;
    // The program may stand where nobody else may read.
    let copy = cloud.folder().join("program");
    std::fs::copy(program, &copy).expect("copied");
    let nobody = if is_root { "setpriv --reuid 65534 --regid 65534 --clear-groups" } else { "exec" };
    looks(|arguments| shell(format!("{nobody} ./program {}", arguments.join(" "))));
    mode(&folder, 0o755);
}

/// A process that was killed leaves SQLite's own files behind, which a look may neither write nor need.
#[test]
fn looking_behind_a_run_that_was_killed_needs_no_room_either() {
    let cloud = Cloud::with_work();
    let mut run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say("in: Terminate jobs");
    run.kill().expect("killed");
    run.wait().expect("reaped");
    let of = cloud.command(&[]);
    for (command, words) in [
        ("run list", "in: Terminate jobs (by nobody"),
        ("run show", "The run has not ended."),
        ("status", "has not ended and nobody carries it out"),
    ] {
        let mut shell = Command::new("sh");
        let script =
            format!("trap '' XFSZ; ulimit -f 0; exec '{}' {command}", env!("CARGO_BIN_EXE_slackwater"));
        shell
            .args(["-c", &script])
            .envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(cloud.folder())
            .stdin(Stdio::null());
        let said = ended(&mut shell);
        assert_eq!(said.code, 0, "{command}: {said:?}");
        let text = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words) && !text.contains("can't be read"), "{command}: {said:?}");
    }
}

#[test]
fn a_journal_of_another_program_hides_nothing_of_what_is() {
    let cloud = Cloud::with_sample();
    assert_eq!(cloud.run(&["maintenance", "enable", "--yes"]).code, 0);
    let before = {
        let other = Connection::open(journal(&cloud)).expect("SQLite");
        other.pragma_update(None, "user_version", 1).expect("written");
        other.query_row("SELECT count(*) FROM runs", [], |row| row.get::<_, i64>(0)).expect("counted")
    };
    let list = cloud.run(&["run", "list"]);
    assert_eq!(list.code, 1, "{list:?}");
    assert!(list.err.contains("has format 1"), "{list:?}");
    let status = cloud.run(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(status.out.contains("CLOSED since"), "{status:?}");
    let words: Vec<&str> = status.out.split_whitespace().collect();
    assert!(words.join(" ").contains("has format 1"), "{status:?}");
    // Nobody can say here which run has the deployment: leaving is asked for in so many words.
    let refused = cloud.run(&["maintenance", "disable"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("has format 1") && refused.err.contains("--without-state"), "{refused:?}");
    let yes = cloud.run(&["maintenance", "disable", "--yes"]);
    assert_eq!((yes.code, &yes.err), (2, &refused.err), "a yes to everything is none to that");
    // Users are in long before it has looked once more, after five minutes; what it does is written beside.
    let mut leaving = cloud.begin(&["maintenance", "disable", "--without-state"]);
    cloud.until("users to be let in", || {
        let status = cloud.run(&["status"]);
        if status.out.contains("open; users are let in") {
            "users to be let in".to_owned()
        } else {
            status.out
        }
    });
    assert!(cloud.folder().join(".slackwater/left-without-state.sqlite").exists());
    leaving.kill().expect("killed");
    leaving.wait().expect("reaped");
    let other = Connection::open(journal(&cloud)).expect("SQLite");
    let after: i64 = other.query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).expect("counted");
    assert_eq!(after, before, "it is left as it is");
}

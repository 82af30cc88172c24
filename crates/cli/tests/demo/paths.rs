//! The ways an upgrade can go, each watched from outside.

use crate::client::{Client, Sight, lab};
use crate::program::{demo, nowhere, processes, public_port, texts, wait};

/// What the maintenance page must say: the message, and when the platform is expected back.
const PAGE: &[&str] = &["The lab is being upgraded to", "expected back by"];

/// A way, and how it ends.
struct Path {
    release: &'static str,
    /// The version before, and after.
    versions: (&'static str, &'static str),
    exit_code: i32,
    /// What the report says.
    says: &'static [&'static str],
}

/// Invariants 1, 2, 3 and 5 of the design, from outside: nobody reaches the platform between the closing and the
/// opening of the gate, no unsaved work is lost, workers and queues come back, the gate is open at the end.
fn check(path: &Path) {
    let (_folder, data) = nowhere();
    let mut running = demo(&data, &["--unattended", "--to", path.release]);
    let client = Client::of(public_port(&mut running), PAGE);
    running.says("Run lab-");
    let at_work: Vec<(u32, String)> = processes(&data);
    let of = |what: &str| at_work.iter().filter(|(_, command)| command.contains(what)).count();
    assert!(of(" lab worker ") >= 4 && of(" lab job ") >= 12, "{at_work:?}");
    running.says("Users were kept out for");
    // While the program looks at what has come of it, the lab lets users in.
    wait("the platform to be seen again", || (client.seen().len() > 2).then_some(()));
    let seen = client.seen();
    running.says("a job submitted afterwards runs");
    let still: Vec<&(u32, String)> = at_work
        .iter()
        .filter(|(_, command)| command.contains(" lab worker ") || command.contains(" lab job "))
        .filter(|before| processes(&data).contains(before))
        .collect();
    drop(client);
    let (code, told) = running.end();
    assert_eq!(code, path.exit_code, "{}: {told}", path.release);
    for text in path.says {
        assert!(told.contains(text), "{}: {text:?} is missing in:\n{told}", path.release);
    }
    assert_eq!(
        seen,
        [lab(path.versions.0), Sight::Maintenance, lab(path.versions.1)],
        "{}: what users saw",
        path.release
    );
    assert!(still.is_empty(), "{}: stopped, and alive: {still:?}", path.release);
    let kept = texts(&data.join("lab/sessions"));
    let kept = kept.iter().filter(|(_, text)| text.contains("typed and not saved")).count();
    assert_eq!(kept, 10, "{}: files that were not saved are on disk", path.release);
    assert!(!told.contains("  NO "), "{told}");
    let left = processes(&data);
    assert!(left.is_empty(), "{}: outlived the program: {left:?}", path.release);
}

#[test]
fn a_good_release() {
    check(&Path {
        release: "1.1.0",
        versions: ("1.0.0", "1.1.0"),
        exit_code: 0,
        says: &["Upgraded.\n", "Users are let in.", "stack lab from 1.0.0 to 1.1.0", "10 of 10"],
    });
}

#[test]
fn a_release_whose_update_fails() {
    check(&Path {
        release: "1.3.0-fails",
        versions: ("1.1.0", "1.1.0"),
        exit_code: 3,
        says: &["Not upgraded.\n", "Release 1.1.0 stands", "Users are let in.", "UPDATE_ROLLBACK_COMPLETE"],
    });
}

#[test]
fn a_release_that_is_never_healthy() {
    check(&Path {
        release: "1.2.0-bad",
        versions: ("1.1.0", "1.1.0"),
        exit_code: 3,
        says: &["Gone back to the previous release.\n", "Users are let in.", "Update the stack back"],
    });
}

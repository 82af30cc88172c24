//! The lab's upgrade from two machines, each with a data directory of its own: what they know of one another is in the lab's
//! bucket.

use std::path::Path;

use crate::program::{Running, demo, nowhere, public_port, slackwater, wait};
use crate::two_steps::{ACCEPTED, is_put_back, status};

/// A command of somebody who has the lab's settings and keys, and a data directory of their own.
fn of(whose: &Path, lab: &Path, arguments: &[&str]) -> Running {
    Running::beside(lab, slackwater(arguments, whose))
}

fn upgrade(whose: &Path, lab: &Path) -> Running {
    let release = lab.join("releases/primary-1.1.0.yaml");
    let mut arguments =
        vec!["upgrade", "--to", release.to_str().expect("text"), "--fix", "--yes", "--why", "as in the demo"];
    arguments.extend(ACCEPTED.iter().flat_map(|check| ["--accept", check]));
    of(whose, lab, &arguments)
}

/// Wait until the run is in a step, which its plan has named before; gives its id.
fn until_in(begun: &Running, step: &str) -> String {
    wait(step, || {
        let told = begun.told();
        let (_, run) = told.split_once("\nRun ")?;
        let (id, lines) = run.split_once('\n')?;
        lines.contains(step).then(|| id.to_owned())
    })
}

#[test]
fn two_upgrades_from_two_data_directories_are_one_and_the_other_is_told() {
    let (_folder, lab) = nowhere();
    let (_first_folder, first) = nowhere();
    let (_second_folder, second) = nowhere();
    let mut runs = demo(&lab, &["--stay"]);
    public_port(&mut runs);
    runs.says("Ready.");
    let begun = upgrade(&first, &lab);
    let run = until_in(&begun, "Close the gate");
    let (code, told) = upgrade(&second, &lab).end();
    assert_eq!(code, 2, "{told}");
    for text in [&*run, "has not ended", "carries it out", "nothing was touched"] {
        assert!(told.contains(text), "{text:?} is missing in:\n{told}");
    }
    // Whoever is there sees it, and may not go on with it beside whoever does.
    let (code, told) = of(&second, &lab, &["run", "list"]).end();
    assert!(code == 0 && told.contains(&run), "{code}: {told}");
    let (code, told) = begun.end();
    assert_eq!(code, 0, "{told}");
    let (code, told) = of(&second, &lab, &["run", "show", &run]).end();
    assert!(code == 0 && told.contains("Upgraded."), "{code}: {told}");
    assert!(!second.join("journal.sqlite").exists(), "nothing of it is remembered there");
    runs.interrupt();
    assert_eq!(runs.end().0, 0);
}

#[test]
fn an_upgrade_whose_machine_is_lost_is_gone_on_with_from_another() {
    let (_folder, lab) = nowhere();
    let (first_folder, first) = nowhere();
    let (_second_folder, second) = nowhere();
    let mut runs = demo(&lab, &["--stay"]);
    public_port(&mut runs);
    runs.says("Ready.");
    let begun = upgrade(&first, &lab);
    let run = until_in(&begun, "Update the stack");
    drop(begun);
    drop(first_folder);
    let (code, told) = of(&second, &lab, &["run", "list"]).end();
    assert!(code == 0 && told.contains(&run) && told.contains("by nobody"), "{code}: {told}");
    let (code, told) = of(&second, &lab, &["run", "resume"]).end();
    assert_eq!(code, 0, "{told}");
    for text in [&*run, "Upgraded.\n", "Release 1.1.0 stands (UPDATE_COMPLETE)", "Users are let in"] {
        assert!(told.contains(text), "{text:?} is missing in:\n{told}");
    }
    is_put_back(&status(&lab), None);
    runs.interrupt();
    assert_eq!(runs.end().0, 0);
}

//! Maintenance by hand on the demo's lab, by other processes than the demo's; and the ends of a demo.

use crate::client::{Client, Sight, lab};
use crate::program::{answers, beside, demo, nowhere, panel_address, processes, public_port, wait};

const PAGE: &[&str] = &["The lab is being looked after."];

/// Enabling is stopped half-way from another process: everything is put back, and users come in again. Then all the
/// way in, and out.
#[test]
fn maintenance_half_way_and_all_the_way() {
    let (_folder, data) = nowhere();
    let mut lab_runs = demo(&data, &["--stay"]);
    let client = Client::of(public_port(&mut lab_runs), PAGE);
    lab_runs.says("Ready.");
    let panel = panel_address(&mut lab_runs);
    assert!(answers(&panel), "{panel}");
    let mut enable = beside(&data, &["maintenance", "enable", "--yes"]);
    wait("the gate to be closed", || (client.seen().len() == 2).then_some(()));
    enable.says(", save 5 sessions");
    let (code, told) = beside(&data, &["run", "stop"]).end();
    assert_eq!(code, 0, "{told}");
    let (_, told) = enable.end();
    assert!(told.contains("asks to stop"), "{told}");
    wait("users to be let in", || (client.seen().len() == 3).then_some(()));
    assert_eq!(client.seen(), [lab("1.0.0"), Sight::Maintenance, lab("1.0.0")]);

    let (code, told) = beside(&data, &["maintenance", "enable", "--yes"]).end();
    assert_eq!(code, 0, "{told}");
    wait("the gate to be closed", || (client.seen().len() == 4).then_some(()));
    wait("workers and jobs to have ended", || {
        let alive = processes(&data);
        let is_work = |command: &str| command.contains(" lab worker ") || command.contains(" lab job ");
        (!alive.iter().any(|(_, command)| is_work(command))).then_some(())
    });
    let (code, told) = beside(&data, &["maintenance", "disable"]).end();
    assert_eq!(code, 0, "{told}");
    wait("workers to be back", || {
        let alive = processes(&data);
        (alive.iter().filter(|(_, command)| command.contains(" lab worker ")).count() >= 4).then_some(())
    });
    wait("users to be let in", || (client.seen().len() == 5).then_some(()));
    let (code, told) = beside(&data, &["maintenance", "status"]).end();
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("open; users are let in") && told.contains("0 of them disabled"), "{told}");
    let once = [lab("1.0.0"), Sight::Maintenance];
    assert_eq!(client.end(), [&once[..], &once, &[lab("1.0.0")]].concat());

    lab_runs.interrupt();
    let (code, told) = lab_runs.end();
    assert_eq!(code, 0, "{told}");
    assert!(processes(&data).is_empty(), "nothing outlives the program");
    wait("the panel to be gone", || (!answers(&panel)).then_some(()));
}

/// Ctrl-C before the run: nothing is left, no process and no file.
#[test]
fn interrupted_while_it_is_set_up_it_leaves_nothing() {
    let (_folder, data) = nowhere();
    let mut running = demo(&data, &["--unattended"]);
    running.says("stack lab-backup");
    running.interrupt();
    let (code, told) = running.end();
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("interrupted"), "{told}");
    assert!(processes(&data).is_empty() && !data.exists(), "{told}");
}

#[test]
fn a_release_that_the_lab_does_not_have() {
    let (_folder, data) = nowhere();
    let (code, told) = demo(&data, &["--unattended", "--to", "9.9.9"]).end();
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("the lab has no release 9.9.9") && told.contains("1.3.0-fails"), "{told}");
    assert!(!data.exists());
}

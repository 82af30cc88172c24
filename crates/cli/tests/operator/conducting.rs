//! A run that is told to end, and one that goes on without whoever read it.

use std::process::{Command, Stdio};

use crate::cloud::{Cloud, end_of, ended, signal};

/// Where a run stands that has closed the gate, and waits for a job that runs for hours.
const BEHIND_THE_GATE: &str = "in: Terminate jobs";

#[test]
fn a_signal_behind_the_gate_says_where_users_are_and_leaves_the_run_to_be_gone_on_with() {
    let cloud = Cloud::with_work();
    let mut run = cloud.begin(&["maintenance", "enable", "--yes"]);
    for (name, said) in [("TERM", "SIGTERM"), ("HUP", "SIGHUP"), ("INT", "Ctrl-C")] {
        cloud.until_runs_say(BEHIND_THE_GATE);
        let run_id = cloud.latest_run();
        signal(&run, name);
        let left = end_of(run);
        assert_eq!(left.code, 4, "{name}: {left:?}");
        for words in [
            &*format!("run {run_id} was interrupted by {said}, and is left in: Terminate jobs"),
            "USERS ARE KEPT OUT, by a look at the gate just now",
            &format!("`slackwater run resume {run_id}` goes on"),
            "`slackwater maintenance disable`",
        ] {
            assert!(left.err.contains(words), "{name}: \"{words}\" is not in {}", left.err);
        }
        let list = cloud.run(&["run", "list"]);
        assert!(list.out.contains("by nobody"), "its lease is given back at once: {list:?}");
        run = cloud.begin(&["run", "resume", &run_id]);
        cloud.until_runs_say("(process ");
    }
    assert_eq!(cloud.told(), ["began", "interrupted", "interrupted", "interrupted"]);
    let stop = cloud.run(&["run", "stop"]);
    assert_eq!(stop.code, 0, "{stop:?}");
    let ended = end_of(run);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.out.contains("Gone on with after its process had ended in the midst of it: 3 times"),
        "{ended:?}"
    );
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
    let nothing = cloud.run(&["run", "stop"]);
    assert_eq!(nothing.code, 2, "{nothing:?}");
    assert!(
        nothing.err.contains(
            "UTC (Maintenance was not entered; eve asked the run to stop): there is nothing to stop. Users are let in, by a \
             look at the gate just now."
        ),
        "{nothing:?}"
    );
}

#[test]
fn a_signal_before_the_gate_says_that_users_are_in() {
    let cloud = Cloud::with_work();
    let run = cloud.begin(&["maintenance", "enable", "--yes", "--notice", "1h", "--output", "json"]);
    cloud.until_runs_say("in: Wait for the window");
    signal(&run, "TERM");
    let left = end_of(run);
    assert_eq!(left.code, 1, "{left:?}");
    let last = left.out.lines().last().expect("a line");
    let told: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(told["by"], "SIGTERM", "{told}");
    assert_eq!(told["usersKeptOut"], false, "{told}");
    assert!(left.err.contains("Users are let in, by a look at the gate just now"), "{left:?}");
}

#[test]
fn where_users_are_is_told_from_the_journal_when_nobody_answers() {
    let mut cloud = Cloud::with_work();
    let run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say(BEHIND_THE_GATE);
    cloud.fall_silent();
    signal(&run, "TERM");
    let left = end_of(run);
    assert_eq!(left.code, 4, "{left:?}");
    assert!(left.err.contains("USERS ARE KEPT OUT as far as the journal knows"), "{left:?}");
    assert!(left.err.contains("the gate could not be looked at"), "{left:?}");
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_says_what_nobody_has_looked_at() {
    let mut cloud = Cloud::with_work();
    let run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say(BEHIND_THE_GATE);
    let run_id = cloud.latest_run();
    // Nobody answers: looking takes its time.
    cloud.fall_silent();
    signal(&run, "INT");
    std::thread::sleep(std::time::Duration::from_secs(1));
    signal(&run, "INT");
    let left = end_of(run);
    assert_eq!(left.code, 1, "{left:?}");
    for words in [
        "Ctrl-C: the run is left where it is",
        "another Ctrl-C ends at once",
        &format!("run {run_id} was interrupted, and is left where it was; where users are was not looked at"),
        "`slackwater status` looks",
        "`slackwater run resume` goes on",
    ] {
        assert!(left.err.contains(words), "\"{words}\" is not in {}", left.err);
    }
}

#[test]
fn whoever_was_started_to_ignore_a_hangup_goes_on() {
    let cloud = Cloud::with_work();
    let program = env!("CARGO_BIN_EXE_slackwater");
    let of = cloud.command(&[]);
    let run = Command::new("sh")
        .args(["-c", &format!("trap '' HUP; exec '{program}' maintenance enable --yes")])
        .envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(cloud.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    cloud.until_runs_say(BEHIND_THE_GATE);
    signal(&run, "HUP");
    std::thread::sleep(std::time::Duration::from_secs(1));
    cloud.until_runs_say("(process ");
    signal(&run, "TERM");
    assert!(end_of(run).err.contains("interrupted by SIGTERM"));
}

/// Its reader has gone away: whoever looks ends quietly, whoever keeps users out goes on.
#[test]
fn a_reader_that_has_gone_away_ends_a_look_quietly_and_a_run_not_at_all() {
    let cloud = Cloud::with_sample();
    let unread = |command: &str| {
        let mut shell = Command::new("bash");
        let of = cloud.command(&[]);
        shell
            .args([
                "-c",
                &format!(
                    "set -o pipefail; {{ sleep 0.5; exec '{}' {command}; }} | true",
                    env!("CARGO_BIN_EXE_slackwater")
                ),
            ])
            .envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(cloud.folder())
            .stdin(Stdio::null());
        ended(&mut shell)
    };
    for command in [
        "maintenance enable --yes",
        "status",
        "run list",
        "run show",
        "maintenance status",
        "run watch",
        "init --dry-run",
        "template production",
        "run --help",
    ] {
        let done = unread(command);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{command}");
    }
    let list = cloud.run(&["run", "list"]);
    assert!(list.out.contains("Maintenance was entered"), "{list:?}");
}

//! Snapshots and rehearsals as an operator makes them, and what an upgrade afterwards says of them.

use serde_json::Value;

use crate::cloud::{Cloud, sample};

const WORK: &str = "[[stack.jobs]]\nqueue = \"SystemQueue\"\ncount = 2\nseconds = 400000\nowners = [\"ada@example.com\"]\n\
                    [[stack.workers]]\ngroup = \"WorkerGroup\"\ndesired = 2\n";

fn read(cloud: &Cloud, name: &str) -> String {
    std::fs::read_to_string(cloud.folder().join(name)).expect("written")
}

#[test]
fn a_deployment_is_written_down_rehearsed_and_its_upgrade_held_against_that() {
    let cloud = Cloud::with("400", WORK);
    let taken = cloud.run(&["snapshot", "production", "-o", "whole.json"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    let snapshot: Value = serde_json::from_str(&read(&cloud, "whole.json")).expect("JSON");
    let stack = &snapshot["stacks"][0];
    assert_eq!(stack["name"], "sample");
    assert_eq!(stack["queues"][0]["jobs"].as_array().map(Vec::len), Some(2), "{stack:#}");
    assert_eq!(stack["groups"][0]["desired"], 2);
    assert!(stack["events"].as_array().is_some_and(|events| events.len() > 20));
    assert!(read(&cloud, "whole.json").contains("ada@example.com"));

    let masked = cloud.run(&["snapshot", "production", "-o", "masked.json", "--mask"]);
    assert_eq!(masked.code, 0, "{masked:?}");
    assert!(!read(&cloud, "masked.json").contains("ada@example.com"));

    let to = sample("1.1.0").display().to_string();
    let rehearsed = cloud.run(&[
        "rehearse",
        "--snapshot",
        "masked.json",
        "--to",
        &to,
        "--runs",
        "12",
        "--pictures",
        "pictures",
        "--output",
        "json",
    ]);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    let told: Value = serde_json::from_str(&rehearsed.out).expect("JSON");
    assert_eq!(told["distribution"]["ends"]["finished"], 12);
    assert_eq!(told["affected"]["jobs"], 2);
    assert_eq!(told["affected"]["owners"][0], "person-1");
    assert!(told["distribution"]["provenance"]["own-events"].as_u64().is_some(), "{told:#}");
    for name in ["timeline.svg", "distribution.svg"] {
        let picture = read(&cloud, &format!("pictures/{name}"));
        assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"), "{name}");
    }

    // From the deployment itself: the plan tells of it, and the upgrade is held against it.
    let rehearsed = cloud.run(&["rehearse", "production", "--to", &to, "--runs", "5"]);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    assert!(rehearsed.out.contains("5 finished"), "{rehearsed:?}");
    let warned = cloud.run(&["check", "production", "--to", &to, "--output", "json"]);
    let checks: Value = serde_json::from_str(&warned.out).expect("JSON");
    let warned: Vec<String> = checks["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|check| check["verdict"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("warning")))
        .map(|check| check["id"].as_str().expect("an id").to_owned())
        .collect();
    let mut upgrade = vec!["upgrade", "production", "--to", &to, "--yes", "--fix", "--why", "a test"];
    for check in &warned {
        upgrade.extend(["--accept", check]);
    }
    let upgraded = cloud.run(&upgrade);
    assert_eq!(upgraded.code, 0, "{upgraded:?}");
    assert!(upgraded.out.contains("Rehearsed 5 times on "), "{upgraded:?}");
    assert!(upgraded.out.contains("was rehearsed: "), "{upgraded:?}");
    let kept: Value =
        serde_json::from_str(&read(&cloud, ".slackwater/rehearsals/production.json")).expect("JSON");
    assert_eq!(kept["compared"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_can_not_be_rehearsed_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_slackwater"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (from, to) = (sample("1.0.0").display().to_string(), sample("1.1.0").display().to_string());
    std::fs::write(folder.path().join("old.json"), "{\"format\": 99}").expect("written");
    std::fs::write(folder.path().join("odd.toml"), "releases = [\"one.yaml\"]\n").expect("written");
    for (arguments, code, said) in [
        (vec!["rehearse", "--from", &from, "--to", &from], 2, "would change nothing"),
        (vec!["rehearse", "--from", &from, "--to", "nowhere.yaml"], 2, "cannot read nowhere.yaml"),
        (vec!["rehearse", "--from", &from, "--to", &to, "--parameter", "No=1"], 2, "--parameter No"),
        (vec!["rehearse", "--snapshot", "old.json", "--to", &to], 2, "has format 99"),
        (vec!["rehearse", "--to", &to], 2, "there is no file of settings"),
        (vec!["rehearse", "--matrix", "odd.toml"], 2, "it names no upgrade"),
        (vec!["rehearse", "--from", &from], 2, "--to"),
    ] {
        let (ended, words) = run(&arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {words}");
        assert!(words.contains(said), "{arguments:?}: {words}\nlacks {said}");
    }
}

#[test]
fn a_rehearsal_is_told_in_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (sample("1.0.0").display().to_string(), sample("1.1.0").display().to_string());
    let told = |form: &str| {
        let arguments = ["rehearse", "--from", &from, "--to", &to, "--runs", "3"];
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_slackwater"))
            .args(arguments)
            .args(["--output", form])
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        assert!(done.status.success(), "{form}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text")
    };
    let text = told("text");
    for said in ["rehearsed 3 times, seed 1", "Ends: 3 finished", "What this is worth"] {
        assert!(text.contains(said), "{text}\nlacks {said}");
    }
    let json: Value = serde_json::from_str(&told("json")).expect("JSON");
    assert_eq!(json["schema"], "slackwater/rehearsal/1");
    let markdown = told("markdown");
    assert!(
        markdown.starts_with("## Rehearsal of platform") && markdown.contains("| **Users out** |"),
        "{markdown}"
    );
    let sarif: Value = serde_json::from_str(&told("sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif["runs"][0]["results"].is_array());
    let junit = told("junit");
    assert!(junit.contains("tests=\"1\" failures=\"0\""), "{junit}");
    assert_eq!(told("json"), told("json"), "the same seed gives the same rehearsal");
    // The third run of three is the only one of its own seed.
    let alone = std::process::Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .args(["rehearse", "--from", &from, "--to", &to, "--runs", "1", "--seed", "3", "--output", "json"])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let alone: Value = serde_json::from_slice(&alone.stdout).expect("JSON");
    let downtime = &alone["distribution"]["downtimes"][0];
    let all = json["distribution"]["downtimes"].as_array().expect("a list");
    assert!(downtime.is_u64() && all.contains(downtime), "{downtime} is not among {all:?}");
}

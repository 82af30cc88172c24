//! What commands print, in which form, and where to.

use std::fs::OpenOptions;

use serde_json::Value;

use crate::cloud::{Cloud, Ended, ended, sample};
use crate::looking::warnings;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Without the time of the look.
fn timeless(text: &str) -> Value {
    let mut document = json(text);
    if let Some(at) = document.pointer_mut("/deployments/0/at") {
        *at = Value::Null;
    }
    document
}

#[test]
fn what_a_command_prints_takes_a_form_and_a_file_everywhere() {
    let cloud = Cloud::with_sample();
    assert_eq!(cloud.run(&["maintenance", "enable", "--yes"]).code, 0);
    let release = sample("1.1.0").display().to_string();
    let old = sample("1.0.0").display().to_string();
    for (command, ends) in [
        (vec!["changeset", "--from", &old, "--to", &release], &[0, 6][..]),
        (vec!["template", &release], &[0]),
        (vec!["template", "production"], &[0]),
        (vec!["policy", "production"], &[0]),
        (vec!["status"], &[0]),
        // Some of its checks fail or warn.
        (vec!["check", "--to", &release], &[0, 8]),
        (vec!["maintenance", "status"], &[0]),
        (vec!["run", "list"], &[0]),
        (vec!["run", "show"], &[0]),
    ] {
        let with = |more: &[&str]| {
            let arguments: Vec<&str> = command.iter().copied().chain(more.iter().copied()).collect();
            let said = cloud.run(&arguments);
            assert!(ends.contains(&said.code), "{arguments:?}: {said:?}");
            said
        };
        // The first check writes what the later ones find.
        with(&[]);
        for form in ["text", "json"] {
            let printed = with(&["--output", form]);
            assert!(!printed.out.contains('\u{1b}'), "{command:?}: colours are for terminals");
            for option in ["-o", "--out"] {
                let kept = with(&["--output", form, option, "kept"]);
                assert_eq!(kept.out, "", "{command:?} {form} {option}");
                let kept = std::fs::read_to_string(cloud.folder().join("kept")).expect("written");
                match form {
                    "json" => assert_eq!(timeless(&kept), timeless(&printed.out), "{command:?}"),
                    _ => assert_eq!(kept, printed.out, "{command:?}"),
                }
            }
        }
    }
    for command in [&["changeset", "--from", &old, "--to", &release][..], &["template", &release]] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--output", "policy"]).collect();
        assert!(json(&cloud.run(&arguments).out)["Statement"].is_array(), "{command:?}");
    }
    // It is told in lines, as those of a run that is carried out are.
    let watched = cloud.run(&["run", "watch", "--output", "json"]);
    assert!(
        watched.out.lines().map(json).any(|line| line["outcome"]["word"] == "in-maintenance"),
        "{watched:?}"
    );
    let nowhere = cloud.run(&["status", "--out", "no/such/folder"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert!(nowhere.err.contains("cannot write no/such/folder"), "{nowhere:?}");
}

#[test]
fn settings_are_proposed_in_both_forms() {
    let cloud = Cloud::with_sample();
    let proposed = json(&cloud.run(&["init", "--dry-run", "--output", "json"]).out);
    assert_eq!(proposed["written"], Value::Null, "{proposed}");
    let written = json(&cloud.run(&["init", "-o", "found.toml", "--output", "json"]).out);
    assert_eq!(written["written"], "found.toml", "{written}");
    let file = std::fs::read_to_string(cloud.folder().join("found.toml")).expect("written");
    assert_eq!(
        (&written["settings"], &proposed["settings"]),
        (&Value::from(file.clone()), &Value::from(file))
    );
}

#[test]
fn a_plan_is_printed_and_kept_in_one_form_and_carried_out_from_either() {
    let cloud = Cloud::with_sample();
    let release = sample("1.1.0").display().to_string();
    let mut wish = vec!["--to", &*release];
    let warnings = warnings(&cloud, &wish);
    wish.extend(warnings.iter().flat_map(|warning| ["--accept", &**warning]));
    let plan = |more: &[&str]| {
        let arguments: Vec<&str> = ["plan"].iter().chain(&wish).chain(more).copied().collect();
        cloud.run(&arguments)
    };
    let not_a_form = plan(&["--output", "plan.json"]);
    assert_eq!(not_a_form.code, 2, "{not_a_form:?}");
    assert!(not_a_form.err.contains("[possible values: text, json]"), "{not_a_form:?}");
    let printed = plan(&["--output", "json"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(!cloud.folder().join("json").exists(), "no file of that name");
    assert_eq!(json(&printed.out)["deployment"], "production");
    let hash = |said: &Ended| {
        let told = json(said.err.lines().last().expect("a line"));
        assert_eq!(told["schema"], "slackwater/plan/1", "{told}");
        told["planSha256"].as_str().expect("a hash").to_owned()
    };
    let of_printed = hash(&printed);
    let kept = plan(&["--output", "json", "-o", "kept.json"]);
    let file = std::fs::read_to_string(cloud.folder().join("kept.json")).expect("kept");
    assert_eq!(json(&file), json(&kept.out));
    assert!(hash(&kept).len() == 64 && kept.err.contains("\"file\":\"kept.json\""), "{kept:?}");
    cloud.write("printed.json", &printed.out);
    let upgraded = cloud.run(&["upgrade", "--plan", "printed.json", "--approve", &of_printed]);
    assert_eq!(upgraded.code, 0, "{upgraded:?}");
}

#[test]
fn checks_and_plans_say_what_they_wrote() {
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    let shared = settings.replace("\"data-directory\"", "\"s3://slackwater-seed-templates/state\"");
    assert_ne!(settings, shared);
    cloud.write("slackwater.toml", &shared);
    let release = sample("1.1.0").display().to_string();
    let first = cloud.run(&["check", "--to", &release]);
    let told = first.out.lines().last().expect("a line");
    for words in [
        "Nothing of the deployment was changed. Written beside it: ",
        "/slackwater/templates/",
        "s3://slackwater-seed-templates/state/probe/conditions",
    ] {
        assert!(told.contains(words), "{words}: {first:?}");
    }
    let again = cloud.run(&["check", "--to", &release]);
    assert!(again.out.ends_with("Nothing was changed, and nothing written.\n"), "{again:?}");
    let json = json(&cloud.run(&["check", "--to", &release, "--output", "json"]).out);
    assert_eq!(json["written"], serde_json::json!([]));
    // The way back needs the deployed template's copy, which no check has put there.
    let mut plan = vec!["plan", "--to", &*release];
    let warnings = warnings(&cloud, &plan[1..]);
    plan.extend(warnings.iter().flat_map(|warning| ["--accept", &**warning]));
    let planned = cloud.run(&plan);
    assert_eq!(planned.code, 0, "{planned:?}");
    assert!(planned.out.contains("Written beside it: ") && planned.out.contains(".template."), "{planned:?}");
    let again = cloud.run(&plan);
    assert!(again.out.contains("Nothing was changed, and nothing written."), "{again:?}");
}

/// `/dev/full` is a full disk to whoever writes into it.
#[test]
fn an_output_that_is_full_is_said_and_holds_nothing_up() {
    let cloud = Cloud::with_sample();
    let full = |arguments: &[&str]| {
        let file = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let output = cloud.command(arguments).stdout(file).output().expect("it starts");
        (output.status.code().expect("a code"), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (code, said) = full(&["maintenance", "enable", "--yes"]);
    assert_eq!((code, said.matches("standard output can't be written").count()), (0, 1), "{said}");
    assert!(said.contains("No space left on device") && said.contains("goes on"), "{said}");
    for look in [&["status"][..], &["run", "list"], &["run", "show"], &["run", "show", "--help"]] {
        let (code, said) = full(look);
        assert_eq!(
            (code, said.matches("standard output can't be written").count()),
            (1, 1),
            "{look:?}: {said}"
        );
    }
    let list = ended(&mut cloud.command(&["run", "list"]));
    assert!(list.out.contains("Maintenance was entered"), "{list:?}");
}

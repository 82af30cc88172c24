//! `slackwater changeset` as a person or a script runs it. Whether the prediction is right is tested where it
//! is made, against AWS's recordings; here: arguments, forms of output, exit codes, and no secret shown.

use std::path::Path;
use std::process::Command;

use crate::common::{sample, shared};
use serde_json::Value as Json;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn changeset(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .arg("changeset")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().expect("a code"), out: text(output.stdout), err: text(output.stderr) }
}

const OLD: &str = r#"
Parameters:
  Password: { Type: String, NoEcho: true, MinLength: 4 }
  Size: { Type: Number, Default: 20 }
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    Properties:
      DBInstanceClass: db.t4g.small
      Engine: postgres
      AllocatedStorage: !Ref Size
      MasterUsername: root
      MasterUserPassword: !Ref Password
  Topic:
    Type: AWS::SNS::Topic
    Properties: { DisplayName: !Sub "size ${Size}" }
"#;

/// A folder with a template in its old and new forms.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("old.yaml", OLD);
    write("bigger.yaml", &OLD.replace("Default: 20", "Default: 40"));
    // StorageEncrypted is create-only: the database is replaced, and its policy keeps no copy.
    write(
        "encrypted.yaml",
        &OLD.replace("Engine: postgres", "Engine: postgres\n      StorageEncrypted: true"),
    );
    write(
        "cycle.yaml",
        "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    DependsOn: B\n  B:\n    Type: AWS::SNS::Topic\n    DependsOn: A\n",
    );
    write("list.json", r#"[{"ParameterKey": "Password", "ParameterValue": "swordfish"}]"#);
    write("map.yaml", "Password: swordfish\n");
    write("deployed.json", r#"{"Topic": {"physical_id": "arn:aws:sns:us-east-1:000000000000:t"}}"#);
    write("wrong.json", r#"{"Topic": {"id": 1}}"#);
    folder
}

#[test]
fn exit_codes_and_messages() {
    let folder = folder();
    let secret = ["--from-parameters-file", "list.json", "--parameters-file", "map.yaml"];
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], i32, &'a str);
    let cases: [Case<'_>; 10] = [
        ("nothing changes", &["--from", "old.yaml", "--to", "old.yaml"], &secret, 0, "No changes."),
        ("in place", &["--from", "old.yaml", "--to", "bigger.yaml"], &secret, 0, "2 changed in place"),
        (
            "a database is replaced",
            &["--from", "old.yaml", "--to", "encrypted.yaml"],
            &secret,
            6,
            "data is lost",
        ),
        ("a creation", &["--from", "-", "--to", "old.yaml"], &secret[2..], 0, "2 added"),
        (
            "a file that isn't there",
            &["--from", "none.yaml", "--to", "old.yaml"],
            &secret,
            2,
            "cannot read none.yaml",
        ),
        ("a missing parameter", &["--from", "-", "--to", "old.yaml"], &[], 5, "[Password] must have values"),
        (
            "a refused parameter",
            &["--from", "-", "--to", "old.yaml"],
            &["--parameter", "Password=abc"],
            5,
            "at least 4",
        ),
        ("a cycle", &["--from", "-", "--to", "cycle.yaml"], &[], 5, "A"),
        (
            "a deployed file that is none",
            &["--from", "old.yaml", "--to", "old.yaml", "--deployed", "wrong.json"],
            &secret,
            2,
            "Topic.id is not understood",
        ),
        (
            "an argument that is none",
            &["--from", "old.yaml", "--to", "old.yaml", "--parameter", "x"],
            &[],
            2,
            "KEY=VALUE",
        ),
    ];
    for (name, arguments, more, code, text) in cases {
        let ran = changeset(folder.path(), &[arguments, more].concat());
        assert_eq!(ran.code, code, "{name}: {}{}", ran.out, ran.err);
        assert!(format!("{}{}", ran.out, ran.err).contains(text), "{name}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn json_has_the_shape_of_describe_change_set_and_our_keys_beside_it() {
    let folder = folder();
    for mode in ["plain", "values"] {
        let ran = changeset(
            folder.path(),
            &[
                "--from",
                "old.yaml",
                "--to",
                "bigger.yaml",
                "--deployed",
                "deployed.json",
                "--mode",
                mode,
                "--output",
                "json",
                "--from-parameter",
                "Password=swordfish",
                "--parameter",
                "Password=swordfish2",
            ],
        );
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.out.contains("swordfish"), "a secret is shown:\n{}", ran.out);
        let document: Json = serde_json::from_str(&ran.out).expect("JSON");
        let change = &document["Changes"][1];
        assert_eq!(change["Type"], "Resource");
        assert_eq!(change["ResourceChange"]["LogicalResourceId"], "Topic");
        assert_eq!(change["ResourceChange"]["PhysicalResourceId"], "arn:aws:sns:us-east-1:000000000000:t");
        assert_eq!(change["ResourceChange"].get("BeforeContext").is_some(), mode == "values");
        assert_eq!(document["permissions"]["Version"], "2012-10-17");
        assert_eq!(document["parameters"][0]["after"], "****");
        assert_eq!(document["parameters"][0]["changed"], true);
        assert_eq!(document["expectations"][0]["logical_id"], "Database");
        assert!(document["risks"].is_array());
    }
}

#[test]
fn the_policy_names_what_this_very_update_needs() {
    let folder = folder();
    let secret = ["--from-parameters-file", "list.json", "--parameters-file", "map.yaml"];
    let ran = changeset(
        folder.path(),
        &[&["--from", "old.yaml", "--to", "bigger.yaml", "--output", "policy"], &secret[..]].concat(),
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let policy: Json = serde_json::from_str(&ran.out).expect("JSON");
    let text = policy.to_string();
    assert!(
        text.contains("rds:ModifyDBInstance") && text.contains("cloudformation:ExecuteChangeSet"),
        "{text}"
    );
    assert!(!text.contains("rds:CreateDBInstance\""), "nothing is created: {text}");
}

#[test]
fn previous_values_stay_only_when_asked() {
    let folder = folder();
    for (more, kept) in [(&[][..], false), (&["--use-previous"][..], true)] {
        let arguments = [
            "--from",
            "old.yaml",
            "--to",
            "bigger.yaml",
            "--from-parameter",
            "Password=swordfish",
            "--parameter",
            "Password=swordfish",
            "--from-parameter",
            "Size=30",
            "--output",
            "json",
        ];
        let ran = changeset(folder.path(), &[&arguments[..], more].concat());
        let document: Json = serde_json::from_str(&ran.out).expect("JSON");
        let size = &document["parameters"][1];
        assert_eq!((size["name"].as_str(), size["before"].as_str()), (Some("Size"), Some("30")));
        assert_eq!(size["after"], if kept { "30" } else { "40" });
    }
}

#[test]
fn the_table_fits_and_has_no_colour_where_there_is_no_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let releases = sample();
    std::fs::write(folder.path().join("from.yaml"), &releases.from).expect("a file");
    std::fs::write(folder.path().join("to.yaml"), &releases.to).expect("a file");
    let ran = changeset(folder.path(), &["--from", "from.yaml", "--to", "to.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
    let groups = ran.out.find("WorkerGroup ").expect("the worker group");
    assert!(
        ran.out[groups..].contains("WorkerLaunchTemplate.LatestVersionNumber"),
        "the reason is told: {}",
        ran.out
    );
    assert!(ran.out.lines().all(|line| line.chars().count() <= 110), "{}", ran.out);
}

#[test]
fn code_oceans_worker_groups_are_foretold_as_replaced() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("templates/code-ocean");
    let mut arguments = vec!["--from", "v3.7.0.yaml", "--to", "v3.8.2.yaml", "--output", "json"];
    arguments.extend(["--parameters-file", "parameters.json", "--from-parameters-file", "parameters.json"]);
    let ran = changeset(&folder, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document: Json = serde_json::from_str(&ran.out).expect("JSON");
    let expected = |logical_id: &str| {
        let all = document["expectations"].as_array().expect("a list");
        let one = all.iter().find(|one| one["logical_id"] == logical_id);
        one.map_or("nothing", |one| one["expected"].as_str().expect("a word")).to_owned()
    };
    for (logical_id, word) in [
        ("WorkersAutoScalingGroup", "replaced"),
        ("GPUWorkersAutoScalingGroup", "replaced"),
        ("WorkersAutoScalingWarmPool", "replaced"),
        ("IdleWorkersScaleInPolicy", "replaced"),
        ("ServicesAutoScalingGroup", "instances replaced"),
        ("ServicesInstanceDedicatedMachinesAccess", "removed"),
        ("AnalyticsDBInstance", "nothing"),
    ] {
        assert_eq!(expected(logical_id), word, "{logical_id}");
    }
}

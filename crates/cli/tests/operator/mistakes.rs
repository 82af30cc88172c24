//! What is said, and what a command ends with, when something is wrong: what happened, what it means for users, what
//! to do.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use crate::cloud::{Cloud, ended, sample};
use crate::looking::warnings;

/// What is wrong, the command, its exit code, words of what it says.
type Case<'a> = (&'a str, &'a [&'a str], i32, &'a [&'a str]);

fn check(cloud: &Cloud, (what, arguments, code, words): &Case<'_>) {
    let said = cloud.run(arguments);
    assert_eq!(said.code, *code, "{what}: {said:?}");
    for word in *words {
        assert!(said.err.contains(word), "{what}: \"{word}\" is not in {}", said.err);
    }
    assert!(!said.err.contains("panicked"), "{what}: {said:?}");
}

#[test]
fn every_mistake_says_what_it_means_and_what_to_do() {
    let cloud = Cloud::with_sample();
    cloud.write("not-a-template.yaml", "just: a\nlist: of things\n");
    cloud.write("broken.yaml", "Resources: [\n");
    cloud.write(
        "absent.toml",
        "[deployments.production]\nstack = \"no-such-stack\"\nregion = \"us-east-1\"\n",
    );
    // Nobody listens on the discard port.
    cloud.write(
        "unreachable.toml",
        "[deployments.production]\nstack = \"sample\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n",
    );
    cloud.write("newer.json", "{\"format\": 999}");
    cloud.write("no-plan.json", "{}}");
    std::fs::create_dir(cloud.folder().join("damaged")).expect("made");
    cloud.write("damaged/journal.sqlite", &"this is no journal ".repeat(500));
    let release = sample("1.1.0").display().to_string();
    let cases: &[Case<'_>] = &[
        (
            "a deployment that isn't there",
            &["status", "prodution"],
            2,
            &["names no deployment prodution; the nearest: production", "nothing was touched"],
        ),
        ("no settings", &["status", "--config", "nowhere.toml"], 2, &["nowhere.toml", "slackwater init"]),
        (
            "a stack that isn't there",
            &["status", "--config", "absent.toml"],
            1,
            &[
                "no-such-stack",
                "does not exist",
                "is the stack's name in slackwater.toml right",
                "nothing was touched",
            ],
        ),
        (
            "a cloud that doesn't answer",
            &["check", "--to", &release, "--config", "unreachable.toml"],
            1,
            &["no answer", "http://127.0.0.1:9", "is the network up", "nothing was touched"],
        ),
        ("no release", &["check"], 2, &["no release is named", "--to FILE|URL"]),
        (
            "a release's file that isn't there",
            &["check", "--to", "nowhere.yaml"],
            2,
            &["cannot read nowhere.yaml"],
        ),
        (
            "a file that is no template",
            &["check", "--to", "not-a-template.yaml"],
            5,
            &["not-a-template.yaml", "nothing was touched"],
        ),
        (
            "a file that is not YAML",
            &["check", "--to", "broken.yaml"],
            5,
            &["broken.yaml", "nothing was touched"],
        ),
        (
            "a parameter that isn't there",
            &["check", "--to", &release, "--parameter", "NoSuch=1"],
            2,
            &["--parameter NoSuch", "check its spelling"],
        ),
        (
            "a check that isn't there",
            &["check", "--to", &release, "--accept", "databse-storage"],
            2,
            &[
                "--accept databse-storage: there is no such check",
                "the nearest: database-storage",
                "nothing was touched",
            ],
        ),
        (
            "a resource that isn't there",
            &["check", "--to", &release, "--accept-replacement", "NoSuchThing"],
            2,
            &[
                "--accept-replacement NoSuchThing: there is no such resource in the stack",
                "nothing was touched",
            ],
        ),
        (
            "a session that isn't there",
            &["maintenance", "enable", "--yes", "--force-session", "s-1"],
            2,
            &["--force-session s-1: there is no such session", "nothing was touched"],
        ),
        (
            "a time that isn't one",
            &["maintenance", "enable", "--yes", "--at", "noon"],
            2,
            &["--at noon", "22:00", "nothing was touched"],
        ),
        (
            "a notice that isn't one",
            &["maintenance", "enable", "--yes", "--notice", "soon"],
            2,
            &["--notice soon", "30m"],
        ),
        (
            "nobody to approve",
            &["maintenance", "enable"],
            2,
            &["not a terminal", "--yes", "nothing was touched"],
        ),
        (
            "a plan of another program",
            &["upgrade", "--plan", "newer.json", "--approve", "x"],
            2,
            &["format 999", "draw the plan up again"],
        ),
        (
            "a plan that is none",
            &["upgrade", "--plan", "no-plan.json", "--approve", "x"],
            2,
            &["no-plan.json", "nothing was touched"],
        ),
        (
            "an approval of what nobody has kept",
            &["upgrade", "--to", &release, "--approve", "x"],
            2,
            &["'--to <FILE|URL>' cannot be used with '--approve <HASH>'"],
        ),
        (
            "an approval of nothing",
            &["upgrade", "--approve", "x"],
            2,
            &["required arguments were not provided", "--plan <FILE>"],
        ),
        (
            "a banner without a platform's API",
            &["banner", "set", "Hello"],
            2,
            &["adapter is \"none\"", "[deployments.NAME.platform]"],
        ),
        (
            "a run where there is none",
            &["run", "show", "--data-dir", "empty"],
            2,
            &["there is no run in empty", "`slackwater upgrade`", "--config"],
        ),
        (
            "a journal that is none",
            &["maintenance", "enable", "--yes", "--data-dir", "damaged"],
            1,
            &["the journal cannot be", "nothing was touched"],
        ),
        (
            "a template's URL that isn't one",
            &["template", "https://example.com/x.yaml"],
            1,
            &["is not an S3 URL"],
        ),
        (
            "a deployment's template that isn't there",
            &["template", "prodution"],
            2,
            &["the nearest: production"],
        ),
    ];
    for case in cases {
        check(&cloud, case);
    }
}

#[test]
fn credentials_that_do_not_work_are_named() {
    let cloud = Cloud::with_sample();
    let mut unknown = cloud.command(&["status"]);
    unknown.env("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN");
    let said = ended(&mut unknown);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("the keys don't belong here") && said.err.contains("nothing was touched"),
        "{said:?}"
    );
    let mut none = cloud.command(&["status"]);
    none.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("HOME", cloud.folder());
    let said = ended(&mut none);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("no credentials") && said.err.contains("nothing was touched"), "{said:?}");
}

#[test]
fn a_plan_is_the_approved_one_or_nothing() {
    let cloud = Cloud::with_sample();
    let release = sample("1.1.0").display().to_string();
    let warnings = warnings(&cloud, &["--to", &release]);
    let mut arguments = vec!["plan", "--to", &release, "-o", "plan.json"];
    for warning in &warnings {
        arguments.extend(["--accept", warning]);
    }
    let drawn = cloud.run(&arguments);
    assert_eq!(drawn.code, 0, "{drawn:?}");
    let mode = std::fs::metadata(cloud.folder().join("plan.json")).expect("kept").mode() & 0o777;
    assert_eq!(mode, 0o600, "what users run is in it");
    let hash = drawn.out.rsplit("--approve ").next().expect("told").trim().to_owned();
    let plan = std::fs::read_to_string(cloud.folder().join("plan.json")).expect("kept");
    cloud.write("plan.json", &plan.replacen("\"status_code\": 503", "\"status_code\": 500", 1));
    let edited = cloud.run(&["upgrade", "--plan", "plan.json", "--approve", &hash]);
    assert_eq!(edited.code, 2, "{edited:?}");
    assert!(edited.err.contains("it was edited") && edited.err.contains("nothing was touched"), "{edited:?}");
    cloud.write("plan.json", &plan);
    let good = cloud.run(&["upgrade", "--plan", "plan.json", "--approve", &hash]);
    assert_eq!(good.code, 0, "{good:?}");
    let approved = good.out.lines().find(|line| line.contains("Approved by")).expect("the report tells who");
    assert!(approved.ends_with(&hash), "{approved}");
    let twice = cloud.run(&["upgrade", "--plan", "plan.json", "--approve", &hash]);
    assert_eq!(twice.code, 2, "{twice:?}");
    assert!(
        twice.err.contains("has been begun before, and a plan runs once")
            && twice.err.contains("nothing was touched"),
        "{twice:?}"
    );
}

#[test]
fn the_second_of_two_operators_is_told_of_the_first() {
    let cloud = Cloud::with_sample();
    let mut first = cloud
        .command(&["maintenance", "enable", "--yes", "--notice", "1h", "--output", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Its first line says that it has begun.
    let mut line = String::new();
    let out = first.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    assert!(line.contains("\"kind\":\"step\""), "{line}");
    let cases: &[Case<'_>] = &[
        (
            "a second run",
            &["maintenance", "enable", "--yes"],
            2,
            &["has not ended; one run at a time", "nothing was touched", "slackwater run watch"],
        ),
        (
            "resuming what another carries out",
            &["run", "resume"],
            1,
            &["is carried out by", "slackwater run watch"],
        ),
    ];
    for case in cases {
        check(&cloud, case);
    }
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("in: Wait for the window"), "{status:?}");
    first.kill().expect("killed");
    first.wait().expect("reaped");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("nobody carries it out"), "{status:?}");
    let left = cloud.run(&["maintenance", "disable"]);
    assert!(left.out.contains("Users are let in") || left.out.contains("users are let in"), "{left:?}");
    let status = cloud.run(&["status"]);
    assert!(!status.out.contains("Needs attention"), "{status:?}");
}

/// A file may not grow any more: what a full disk is to SQLite. The run stops, says so, and goes on when there is room.
#[test]
fn a_full_disk_stops_a_run_that_can_go_on() {
    let cloud = Cloud::with_sample();
    let mut tight = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_slackwater");
    let of = cloud.command(&[]);
    tight
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f 200; exec '{program}' maintenance enable --yes --notice 1s"),
        ])
        .envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(cloud.folder())
        .stdin(Stdio::null());
    let said = ended(&mut tight);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("the journal cannot be written"), "{said:?}");
    assert!(said.err.contains("is the disk full"), "{said:?}");
    let status = cloud.run(&["status"]);
    if status.out.contains("Last run     none") {
        // It was full before the run could begin: nothing was touched.
        assert!(status.out.contains("open; users are let in"), "{status:?}");
        return;
    }
    assert!(status.out.contains("nobody carries it out"), "{status:?}");
    let resumed = cloud.run(&["run", "resume"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
}

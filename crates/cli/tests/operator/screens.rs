//! What a person reads at 80 and at 120 columns, word for word: reviewed as it stands in `screens`, and written anew with
//! `SLACKWATER_WRITE=1`.

use std::io::Write as _;
use std::path::Path;

use regex_lite::Regex;

use crate::cloud::{Cloud, Ended, end_of, ended, sample};
use crate::terminal::{ask, never_healthy, terminal};

const WIDTHS: [usize; 2] = [80, 120];

/// What was settled once, so that the evening has its own to read.
const SETTLED: [&str; 4] = ["claim", "health-policy", "maintenance-policy", "termination-protection"];

/// What differs from one evening to the next: times, how long things took, ids and addresses.
fn normalized(cloud: &Cloud, text: &str) -> String {
    let mut text = text.replace('\r', "").replace(&cloud.folder().display().to_string(), "FOLDER");
    for (pattern, with) in [
        (r"\b[0-9a-f]{64}\b", "HASH"),
        (r"production-[0-9]{8}-[0-9]{6}[-0-9a-z]*", "RUN"),
        (r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "DATE TIME"),
        (r"[0-9]{2}:[0-9]{2}:[0-9]{2}", "TIME"),
        (r" *\b[0-9]+\.[0-9] s\b", " TOOK"),
        (r"127\.0\.0\.1:[0-9]+", "ADDRESS"),
    ] {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, with).into_owned();
    }
    text
}

/// Hold a screen to its file.
fn screen(cloud: &Cloud, name: &str, columns: usize, shown: &Ended) {
    let Ended { code, out, err } = shown;
    let found = format!("{}{}exit code {code}\n", normalized(cloud, out), normalized(cloud, err));
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/operator/screens/{name}-{columns}.txt"));
    // What is to be copied is not broken, and what has no spaces can't be.
    let wide = found.lines().filter(|line| line.chars().count() > columns);
    let wide: Vec<&str> = wide.filter(|line| !line.contains("://") && !line.contains("--approve")).collect();
    assert!(wide.is_empty(), "{name}: wider than {columns}: {wide:#?}");
    if std::env::var_os("SLACKWATER_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, found).expect("written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, kept, "{}; SLACKWATER_WRITE=1 writes what is found", path.display());
}

fn at(cloud: &Cloud, columns: usize, arguments: &[&str]) -> Ended {
    ended(cloud.command(arguments).env("COLUMNS", columns.to_string()))
}

fn settle(cloud: &Cloud) {
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    let entry = |check: &str| {
        format!(
            "[accepted.{check}]\nreason = \"it is a sample\"\nwho = \"Ada Lovelace\"\nuntil = 2099-12-31\n"
        )
    };
    let settled: String = SETTLED.map(entry).concat();
    cloud.write("slackwater.toml", &format!("{settings}{settled}"));
}

/// An evening's upgrade, which has one thing of its own to be accepted.
fn upgrade(cloud: &Cloud, code: i32) {
    let release = sample("1.1.0").display().to_string();
    let ran =
        cloud.run(&["upgrade", "--to", &release, "--yes", "--accept", "recovery-point", "--why", "no data"]);
    assert_eq!(ran.code, code, "{ran:?}");
}

#[test]
fn what_is_read_before_a_decision() {
    let cloud = Cloud::with_sample();
    settle(&cloud);
    let release = sample("1.1.0").display().to_string();
    let accepted = ["--to", &release, "--accept", "recovery-point", "--why", "no data"];
    for columns in WIDTHS {
        screen(&cloud, "check", columns, &at(&cloud, columns, &["check", "--to", &release]));
        let plan = [&["plan", "-o", "plan.json"][..], &accepted].concat();
        screen(&cloud, "plan", columns, &at(&cloud, columns, &plan));
        // On a terminal, where it asks; without colour, and in no other way different for that.
        let words = "upgrade --to '{}' --accept recovery-point --why 'no data'".replace("{}", &release);
        let mut asks = terminal(&cloud, &words);
        asks.env("COLUMNS", columns.to_string()).env("NO_COLOR", "1");
        let mut asked = asks.spawn().expect("util-linux's script is installed");
        let mut typed = asked.stdin.take().expect("piped");
        cloud.until("[y/N]", || {
            std::fs::read_to_string(cloud.folder().join("typescript")).unwrap_or_default()
        });
        typed.write_all(b"n\n").expect("typed");
        let shown = end_of(asked);
        drop(typed);
        std::fs::remove_file(cloud.folder().join("typescript")).expect("it was there");
        let decided = shown.out.split("\r\n\r\n").filter(|part| part.contains("To decide:")).count();
        assert_eq!(decided, 1, "{shown:?}");
        screen(&cloud, "upgrade", columns, &shown);
    }
}

#[test]
fn what_is_read_after_an_upgrade() {
    let cloud = Cloud::with_sample();
    settle(&cloud);
    upgrade(&cloud, 0);
    for columns in WIDTHS {
        screen(&cloud, "report", columns, &at(&cloud, columns, &["run", "show"]));
    }
}

#[test]
fn what_is_read_after_a_failure() {
    let queue = r#"{"resources": [{"stack": "sample", "logical_id": "InteractiveQueue", "phase": "create",
        "reason": "Resource handler returned message: \"The compute environment of this queue is not valid\""}]}"#;
    let cloud = Cloud::with_faults("instant", "", queue);
    settle(&cloud);
    upgrade(&cloud, 3);
    for columns in WIDTHS {
        screen(&cloud, "failure", columns, &at(&cloud, columns, &["run", "show"]));
    }
}

#[test]
fn what_is_read_when_somebody_must_decide() {
    let (cloud, upgrade) = never_healthy();
    let mut run = ask(&cloud, &upgrade);
    // Ctrl-C, as a terminal takes it.
    run.stdin.as_mut().expect("piped").write_all(b"\x03").expect("typed");
    assert_eq!(end_of(run).code, 4);
    for columns in WIDTHS {
        let shown = at(&cloud, columns, &["run", "show"]);
        let (_, question) = shown.out.split_once("THE PLATFORM IS NOT HEALTHY").expect("it is asked");
        let out = format!("THE PLATFORM IS NOT HEALTHY{question}");
        screen(&cloud, "question", columns, &Ended { out, ..shown });
    }
}

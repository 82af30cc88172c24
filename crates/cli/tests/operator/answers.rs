//! What every command prints with `--output json` is what `slackwater schema` says of it, and docs/json.md shows how to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cloud::{Cloud, Ended, end_of, ended, sample, signal};
use crate::looking::warnings;
use crate::terminal::never_healthy;

/// What was printed, each document with the command that printed it.
#[derive(Default)]
struct Printed(Vec<(String, Value)>);

impl Printed {
    /// A document on standard output, or lines of them; and lines of them on standard error.
    fn add(&mut self, command: &str, shown: &Ended) {
        let whole: Option<Value> = serde_json::from_str(&shown.out).ok();
        let lines = |text: &str| -> Vec<Value> {
            let line = |line: &str| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{command}: {error}: {line}"))
            };
            text.lines().map(line).collect()
        };
        let out = whole.map_or_else(|| lines(&shown.out), |whole| vec![whole]);
        for document in out.into_iter().chain(lines(&shown.err)) {
            assert!(document["schema"].is_string(), "{command}: {document}");
            self.0.push((command.to_owned(), document));
        }
    }

    fn run(&mut self, cloud: &Cloud, code: i32, arguments: &[&str]) {
        let shown = ended(cloud.command(arguments).args(["--output", "json"]));
        assert_eq!(shown.code, code, "{arguments:?}: {shown:?}");
        self.add(&arguments.join(" "), &shown);
    }
}

/// A platform of which only the banner is asked.
fn platform() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut banner = "null".to_owned();
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.expect("a connection"));
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                head.push_str(&line.to_lowercase());
                line.clear();
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).expect("a body");
            match head.split(' ').next() {
                Some("put") => banner = String::from_utf8(body).expect("UTF-8"),
                Some("delete") => "null".clone_into(&mut banner),
                _ => {}
            }
            let (status, body) = match head.starts_with("get") && banner == "null" {
                true => ("404 Not Found\r\ncontent-type: application/problem+json", "{\"title\": \"none\"}"),
                false => ("200 OK\r\ncontent-type: application/json", &*banner),
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _gone = reader.into_inner().write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

/// Looks, plans and rehearsals, and maintenance on and off.
fn an_evening(printed: &mut Printed) {
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    let more = format!(
        "[deployments.production.notifications]\ncommand = [\"true\"]\n\
         [deployments.elsewhere]\nstack = \"none\"\nregion = \"us-east-1\"\nstate = \"data-directory\"\n\
         [deployments.elsewhere.platform]\nadapter = \"http\"\nurl = \"{}\"\ntoken_env = \"TOKEN\"\n",
        platform()
    );
    cloud.write("slackwater.toml", &(settings + &more));
    let (old, new) = (sample("1.0.0").display().to_string(), sample("1.1.0").display().to_string());
    cloud.write("matrix.toml", &format!("releases = [\"{old}\", \"{new}\"]\n"));
    let accepted: Vec<String> = warnings(&cloud, &["production", "--to", &new]);
    let accepts: Vec<&str> = accepted.iter().flat_map(|check| ["--accept", check]).collect();
    let cases: &[(i32, &[&str])] = &[
        (0, &["init", "--dry-run"]),
        (0, &["status", "production"]),
        // The second can't be looked at.
        (2, &["status"]),
        (8, &["check", "production", "--to", &new]),
        (0, &["changeset", "--from", &old, "--to", &new]),
        (0, &["template", &new]),
        (0, &["notify", "production"]),
        (0, &["notify", "production", "--test"]),
        (0, &["snapshot", "production", "-o", "snapshot.json"]),
        (
            0,
            &[
                "rehearse",
                "--snapshot",
                "snapshot.json",
                "--to",
                &new,
                "--runs",
                "2",
                "--every-failure",
                "--most-calls",
                "1",
            ],
        ),
        (0, &["rehearse", "--matrix", "matrix.toml", "--runs", "1"]),
        (0, &["simulate", "--seeds", "1"]),
        (0, &["simulate", "--seed", "0"]),
        (0, &["run", "list"]),
        (0, &["maintenance", "enable", "production", "--yes"]),
        (0, &["maintenance", "enable", "production", "--yes"]),
        (0, &["maintenance", "status", "production"]),
        (0, &["run", "watch"]),
        (0, &["maintenance", "disable", "production"]),
        (0, &["run", "list"]),
        (0, &["run", "show"]),
        (2, &["run", "stop"]),
        (2, &["run", "answer", "--open"]),
        (2, &["run", "show", "--nonsense"]),
    ];
    for (code, arguments) in cases {
        printed.run(&cloud, *code, arguments);
    }
    for arguments in [
        &["banner", "show", "--deployment", "elsewhere"][..],
        &["banner", "set", "Soon", "--until", "2h", "--deployment", "elsewhere"],
        &["banner", "show", "--deployment", "elsewhere"],
        &["banner", "clear", "--deployment", "elsewhere"],
    ] {
        let shown = ended(cloud.command(arguments).args(["--output", "json"]).env("TOKEN", "a-token"));
        assert_eq!(shown.code, 0, "{arguments:?}: {shown:?}");
        printed.add(&arguments.join(" "), &shown);
    }
    // A plan and a policy have forms of their own; what is said beside them has not.
    let plan = [&["plan", "production", "--to", &new, "--output", "json"][..], &accepts].concat();
    let Ended { code, out, err } = cloud.run(&plan);
    assert_eq!(code, 0, "{err}");
    printed.add("plan", &Ended { code, out: String::new(), err });
    let plan: Value = serde_json::from_str(&out).expect("JSON");
    assert!(plan["format"].is_u64() && plan["schema"].is_null(), "{plan}");
    let policy: Value =
        serde_json::from_str(&cloud.run(&["policy", "production", "--output", "json"]).out).expect("JSON");
    assert!(policy["Version"].is_string() && policy["schema"].is_null(), "{policy}");
}

/// An upgrade that asks, and is answered.
fn a_question(printed: &mut Printed) {
    let (cloud, upgrade) = never_healthy();
    // What it prints there is what its page falls sick by.
    let typescript = cloud.folder().join("typescript");
    let mut command = cloud.command(&upgrade.split(' ').collect::<Vec<_>>());
    command.args(["--output", "json"]).stdout(std::fs::File::create(&typescript).expect("made"));
    let mut asked = end_of(command.stderr(Stdio::piped()).spawn().expect("the program starts"));
    asked.out = std::fs::read_to_string(&typescript).expect("written");
    assert_eq!(asked.code, 7, "{asked:?}");
    printed.add(&upgrade, &asked);
    printed.run(&cloud, 0, &["run", "show"]);
    printed.run(&cloud, 7, &["run", "stop"]);
    printed.run(&cloud, 0, &["run", "answer", "--open"]);
    printed.run(&cloud, 0, &["run", "resume"]);
}

/// Maintenance that is interrupted.
fn an_interruption(printed: &mut Printed) {
    let cloud = Cloud::with_work();
    let run = cloud.begin(&["maintenance", "enable", "--yes", "--output", "json"]);
    cloud.until_runs_say("in: Terminate jobs");
    printed.run(&cloud, 0, &["status"]);
    signal(&run, "TERM");
    let left = end_of(run);
    assert_eq!(left.code, 4, "{left:?}");
    printed.add("maintenance enable, interrupted", &left);
}

/// What goes on says once where it is, and nothing more until it is told to end.
fn what_is_called(printed: &mut Printed) {
    let cloud = Cloud::with_sample();
    for arguments in
        [&["local", "--port", "0", "--data-dir", "another"][..], &["serve", "--listen", "127.0.0.1:0"]]
    {
        let mut command = cloud.command(arguments);
        let mut running = command
            .args(["--output", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(running.stdout.take().expect("its output"));
        let mut said = String::new();
        while serde_json::from_str::<Value>(&said).is_err() {
            assert_ne!(
                out.read_line(&mut said).expect("readable"),
                0,
                "{arguments:?} ended, and said {said}"
            );
        }
        signal(&running, "TERM");
        out.read_to_string(&mut said).expect("readable");
        let shown = Ended { out: said, ..end_of(running) };
        assert_eq!(shown.code, 0, "{arguments:?}: {shown:?}");
        printed.add(&arguments.join(" "), &shown);
    }
    let found = |name: &str| {
        let of_name = |document: &&Value| document["schema"] == format!("slackwater/{name}/1");
        printed.0.iter().map(|(_, document)| document).find(of_name).expect("it was told")
    };
    let environment = found("local")["environmentFile"].as_str().expect("a path");
    let lines = std::fs::read_to_string(cloud.folder().join(environment)).expect("it is there");
    assert!(lines.contains(found("local")["endpointUrl"].as_str().expect("an address")), "{lines}");
    assert!(
        found("serve")["setupUrl"].as_str().expect("nobody is there yet").starts_with("http://127.0.0.1:")
    );
}

fn python() -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin/python");
    assert!(program.exists(), "{} is missing: run the tests with tools/test", program.display());
    program
}

fn schema(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    let shown = ended(command.arg("schema").args(arguments));
    assert_eq!(shown.code, 0, "{arguments:?}: {shown:?}");
    shown.out
}

#[test]
fn every_answer_is_what_its_schema_says() {
    let listed = schema(&[]);
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let read = |id: &&str| ((*id).to_owned(), serde_json::from_str(&schema(&[id])).expect("JSON"));
    let schemas: BTreeMap<String, Value> = listed.iter().map(read).collect();
    let mut printed = Printed::default();
    std::thread::scope(|scope| {
        let parts = [an_evening, a_question, an_interruption, what_is_called].map(|part| {
            scope.spawn(move || {
                let mut printed = Printed::default();
                part(&mut printed);
                printed.0
            })
        });
        printed.0.extend(parts.into_iter().flat_map(|part| part.join().expect("it is printed")));
    });
    let met: BTreeSet<&str> =
        printed.0.iter().filter_map(|(_, document)| document["schema"].as_str()).collect();
    assert_eq!(
        met,
        listed.iter().copied().collect(),
        "every schema has an answer of its own, and none has no schema"
    );
    let documents =
        printed.0.iter().map(|(command, document)| json!({"command": command, "document": document}));
    let told = json!({"schemas": schemas, "documents": documents.collect::<Vec<_>>()});
    let mut checker = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operator/check_answers.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python starts");
    // A checker that ended early has said why.
    let _sent = checker.stdin.take().expect("its input").write_all(told.to_string().as_bytes());
    let said = end_of(checker);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn a_schema_is_found_by_its_name_and_a_wrong_one_is_said() {
    assert_eq!(schema(&["status"]), schema(&["slackwater/status/1"]));
    let wrong = ended(Command::new(env!("CARGO_BIN_EXE_slackwater")).args(["schema", "nonsense"]));
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("there is no schema nonsense"), "{wrong:?}");
}

/// When an example of docs/json.md is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Users are kept out, and a run waits for a job.
    Waiting,
    /// The same, and nobody carries it out.
    Left,
    Before,
    /// An upgrade has ended.
    After,
}

/// Each example's own words, when it is run, how it ends, and what it prints then.
const EXAMPLES: [(&str, When, i32, &str); 15] = [
    (".inMaintenance", When::Waiting, 0, "production: since 20"),
    (".attention", When::Left, 0, "production: "),
    (".jobs.items", When::Waiting, 0, "RUNNING\t"),
    (".ended", When::Waiting, 0, ": not ended; in: Terminate jobs, by process "),
    (".usersOutUntil", When::After, 0, ""),
    ("[.health.items", When::Before, 0, "production\n0"),
    ("sort_by", When::After, 0, " s  "),
    (".logicalId) \\(.reason", When::After, 0, "UPDATE_COMPLETE sample"),
    (".outcome.word", When::After, 0, "upgraded"),
    (".inTheWay", When::Before, 0, "warning recovery-point: "),
    ("nowhere", When::Before, 0, "nowhere"),
    (".differs_from_aws", When::Before, 0, "WorkerGroup: replaced"),
    ("data lost", When::Before, 0, "true"),
    (".p95", When::Before, 0, "."),
    (".noEcho", When::Before, 0, "="),
];

/// Run the examples of that time, as they stand in the document.
fn run_examples(cloud: &Cloud, when: When, shown: &mut BTreeSet<String>) {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/json.md");
    let document = std::fs::read_to_string(document).expect("docs/json.md");
    let lines = document.lines().filter(|line| line.starts_with("slackwater ") && line.contains("| jq "));
    let program = Path::new(env!("CARGO_BIN_EXE_slackwater")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    for line in lines {
        let found = EXAMPLES.iter().find(|(words, ..)| line.contains(words));
        let (_, of, code, says) = found.unwrap_or_else(|| panic!("nobody runs the example {line}"));
        if *of != when {
            continue;
        }
        let of_cloud = cloud.command(&[]);
        let environment = of_cloud.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).envs(environment).env("PATH", &path).current_dir(cloud.folder());
        let said = ended(&mut shell);
        assert_eq!(said.code, *code, "{line}: {said:?} (is jq missing? tools/test installs it)");
        assert!(!said.out.is_empty() && said.out.contains(says) && said.err.is_empty(), "{line}: {said:?}");
        shown.insert(line.to_owned());
    }
}

#[test]
fn what_the_document_asks_with_jq_is_answered() {
    let mut shown = BTreeSet::new();
    let cloud = Cloud::with_work();
    let run = cloud.begin(&["maintenance", "enable", "--yes"]);
    cloud.until_runs_say("in: Terminate jobs");
    run_examples(&cloud, When::Waiting, &mut shown);
    signal(&run, "TERM");
    assert_eq!(end_of(run).code, 4);
    run_examples(&cloud, When::Left, &mut shown);

    let cloud = Cloud::with_sample();
    for version in ["1.0.0", "1.1.0"] {
        let name = format!("{version}.yaml");
        std::fs::copy(sample(version), cloud.folder().join(name)).expect("copied");
    }
    run_examples(&cloud, When::Before, &mut shown);
    let mut upgrade = vec!["upgrade", "--to", "1.1.0.yaml", "--yes"];
    let warned = warnings(&cloud, &upgrade[1..3]);
    upgrade.extend(warned.iter().flat_map(|check| ["--accept", check]));
    assert_eq!(cloud.run(&upgrade).code, 0);
    run_examples(&cloud, When::After, &mut shown);
    assert_eq!(shown.len(), EXAMPLES.len(), "{shown:#?}");
}

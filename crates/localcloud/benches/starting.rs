//! How long a local cloud takes from the start of its process to its first answer: a new one, and one whose file holds a
//! whole platform (Code Ocean VPC v3.7.0, created and updated to v3.8.2), which is replayed. The process is this benchmark
//! started again: what `slackwater local` does without its command line.
//!
//! `cargo bench --package localcloud --bench starting`

#[expect(dead_code, reason = "each benchmark uses what it needs")]
mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::signing::keys;
use common::{
    Client, code_ocean, code_ocean_parameters, measures, median, milliseconds, put, query, serve, timed,
};
use localcloud::{Clock, Config, LocalCloud, Speed};

const RUNS: usize = 11;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, file, ..] = arguments.as_slice()
        && flag == "--serve"
    {
        let address = serve(cloud(Path::new(file)));
        println!("{address}");
        std::thread::park();
    }
    let runs = if measures() { RUNS } else { 1 };
    let folder = tempfile::tempdir().expect("a folder");
    println!("{:<44} {:>10}", "", "to the first answer");
    let new = (0..runs).map(|number| start(&folder.path().join(format!("{number}.sqlite")))).collect();
    println!("{:<44} {:>10}", "a new cloud", milliseconds(median(new)));
    let (Some(old), Some(new)) = (code_ocean("v3.7.0"), code_ocean("v3.8.2")) else { return };
    let file = folder.path().join("platform.sqlite");
    fill(&file, &old, &new);
    let again = (0..runs).map(|_| start(&file)).collect();
    println!("{:<44} {:>10}", "one that holds a platform after its update", milliseconds(median(again)));
}

fn cloud(file: &Path) -> LocalCloud {
    let config = Config { speed: Speed::Instant, throttling: false, ..Config::default() };
    LocalCloud::open(file, config, Clock::system(), Some(keys())).expect("a cloud")
}

/// Start a process, and ask it something.
fn start(file: &Path) -> Duration {
    let program = std::env::current_exe().expect("this program");
    let (mut process, took) = timed(|| {
        let mut process =
            Command::new(program).arg("--serve").arg(file).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("an address");
        let mut client = Client::new(line.trim().parse().expect("an address"));
        client.ok(&query("cloudformation", &[("Action", "ListStacks")]));
        process
    });
    process.kill().expect("it is ended");
    process.wait().expect("it has ended");
    took
}

/// Create the platform and update it, over the wire of a cloud in this process; the file is left as it is.
fn fill(file: &Path, old: &str, new: &str) {
    let program = std::env::current_exe().expect("this program");
    let mut process =
        Command::new(program).arg("--serve").arg(file).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("an address");
    let mut client = Client::new(line.trim().parse().expect("an address"));
    client.ok(&put("/releases", ""));
    client.ok(&put("/releases/old.yaml", old));
    client.ok(&put("/releases/new.yaml", new));
    let values = code_ocean_parameters();
    let values = values.as_object().cloned().unwrap_or_default();
    let named: Vec<(String, String)> = values
        .iter()
        .zip(1..)
        .flat_map(|((name, value), place)| {
            let member = format!("Parameters.member.{place}.Parameter");
            let value = value.as_str().unwrap_or_default().to_owned();
            [(format!("{member}Key"), name.clone()), (format!("{member}Value"), value)]
        })
        .collect();
    let mut ask = |operation: &str, release: Option<&str>| {
        let url = release.map(|name| format!("https://releases.s3.us-east-1.amazonaws.com/{name}.yaml"));
        let mut fields = vec![("Action", operation), ("StackName", "co")];
        if operation.ends_with("ChangeSet") {
            fields.push(("ChangeSetName", "next"));
        }
        if let Some(url) = &url {
            fields.extend([
                ("TemplateURL", url.as_str()),
                ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
                ("Capabilities.member.2", "CAPABILITY_AUTO_EXPAND"),
            ]);
            fields.extend(named.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
        client.ok(&query("cloudformation", &fields))
    };
    ask("CreateStack", Some("old"));
    assert!(ask("DescribeStacks", None).contains("CREATE_COMPLETE"));
    ask("CreateChangeSet", Some("new"));
    assert!(ask("DescribeChangeSet", None).contains("CREATE_COMPLETE"));
    ask("ExecuteChangeSet", None);
    assert!(ask("DescribeStacks", None).contains("UPDATE_COMPLETE"));
    process.kill().expect("it is ended");
    process.wait().expect("it has ended");
}

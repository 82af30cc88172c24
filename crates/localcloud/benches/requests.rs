//! How many requests a second the cloud answers over TCP, on connections that are kept, with every request signed and
//! verified: questions about a whole platform's stack, and a full house of jobs and workers that is emptied. Everything
//! that changes something is in the request log on disk. Throttling is off.
//!
//! Requests are signed before they are sent, so that the client costs next to nothing; it has a core to itself.
//!
//! `cargo bench --package localcloud --bench requests`

#[expect(dead_code, reason = "each benchmark uses what it needs")]
mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::signing::keys;
use common::{Client, code_ocean, code_ocean_parameters, json, measures, put, query, serve, timed};
use localcloud::{Clock, Config, LocalCloud, Speed};
use serde_json::{Value, json};

/// Connections of the client.
const CONNECTIONS: usize = 4;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    println!("{:<44} {:>9} {:>12}", "", "requests", "a second");
    questions(&folder.path().join("questions.sqlite"));
    full_house(&folder.path().join("house.sqlite"));
}

fn cloud(path: &std::path::Path, speed: Speed) -> SocketAddr {
    let config = Config { speed, throttling: false, ..Config::default() };
    serve(LocalCloud::open(path, config, Clock::system(), Some(keys())).expect("a new file"))
}

/// A whole platform's stack stands there, and somebody keeps asking how it is.
fn questions(path: &std::path::Path) {
    let Some(template) = code_ocean("v3.7.0") else { return };
    let address = cloud(path, Speed::Instant);
    let mut client = Client::new(address);
    client.ok(&put("/releases", ""));
    client.ok(&put("/releases/v3.7.0.yaml", &template));
    let parsed = template::Template::parse("v3.7.0", template.as_bytes()).expect("a template");
    let values = code_ocean_parameters();
    let given: Vec<(&String, &str)> = values
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| parsed.parameters.contains_key(*name))
        .map(|(name, value)| (name, value.as_str().unwrap_or_default()))
        .collect();
    let named: Vec<(String, String)> = given
        .iter()
        .zip(1..)
        .flat_map(|((name, value), place)| {
            let member = format!("Parameters.member.{place}.Parameter");
            [(format!("{member}Key"), (*name).clone()), (format!("{member}Value"), (*value).to_owned())]
        })
        .collect();
    let mut fields = vec![
        ("Action", "CreateStack"),
        ("StackName", "co"),
        ("TemplateURL", "https://releases.s3.us-east-1.amazonaws.com/v3.7.0.yaml"),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ("Capabilities.member.2", "CAPABILITY_AUTO_EXPAND"),
    ];
    fields.extend(named.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    client.ok(&query("cloudformation", &fields));
    let ask = |operation: &str| query("cloudformation", &[("Action", operation), ("StackName", "co")]);
    let standing = client.ok(&ask("DescribeStacks"));
    assert!(standing.contains("CREATE_COMPLETE"), "{standing}");
    for (operation, count) in [
        ("DescribeStacks", 20_000),
        ("DescribeStackEvents", 5_000),
        ("ListStackResources", 5_000),
        ("DescribeStackResources", 2_000),
    ] {
        let count = if measures() { count } else { 4 };
        let answer = client.ok(&ask(operation));
        let requests = vec![ask(operation); count];
        tell(&format!("{operation}, {} kB each", answer.len() / 1024), address, requests);
    }
}

const QUEUES: usize = 5;
const JOBS: usize = 10_000;
const GROUPS: usize = 5;
const WORKERS: usize = 1_000;

/// Ten thousand unfinished jobs and a thousand workers, and maintenance that ends them all.
fn full_house(path: &std::path::Path) {
    let (jobs, workers) = if measures() { (JOBS, WORKERS) } else { (50, 10) };
    // Quick, and yet no job comes to its end by itself.
    let address = cloud(path, Speed::Times(600.0));
    let mut client = Client::new(address);
    let batch =
        |operation: &str, body: Value| json("batch", &format!("/v1/{}", operation.to_lowercase()), &body);
    client.ok(&batch(
        "CreateComputeEnvironment",
        json!({"computeEnvironmentName": "ce", "type": "MANAGED", "computeResources": {"type": "EC2", "maxvCpus": 20_000,
            "subnets": ["subnet-1"], "instanceRole": "r", "instanceTypes": ["m5.large"]}}),
    ));
    until("the environment", || {
        client.ok(&batch("DescribeComputeEnvironments", json!({}))).contains("VALID")
    });
    for number in 0..QUEUES {
        client.ok(&batch(
            "CreateJobQueue",
            json!({"jobQueueName": format!("queue-{number}"), "priority": 1,
                "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "ce"}]}),
        ));
    }
    client.ok(&batch(
        "RegisterJobDefinition",
        json!({"jobDefinitionName": "long", "type": "container", "parameters": {"runSeconds": "100000000"},
            "containerProperties": {"image": "i", "vcpus": 1, "memory": 512, "command": ["sleep"]}}),
    ));
    until("the queues", || !client.ok(&batch("DescribeJobQueues", json!({}))).contains("CREATING"));
    let submit = |number: usize| {
        batch(
            "SubmitJob",
            json!({"jobName": format!("job-{number}"), "jobQueue": format!("queue-{}", number % QUEUES),
                "jobDefinition": "long"}),
        )
    };
    let ids: Vec<String> = tell("SubmitJob", address, (0..jobs).map(submit).collect())
        .iter()
        .map(|body| {
            serde_json::from_str::<Value>(body).expect("JSON")["jobId"].as_str().expect("an id").to_owned()
        })
        .collect();

    let template = [
        ("Action", "CreateLaunchTemplate"),
        ("LaunchTemplateName", "worker"),
        ("LaunchTemplateData.InstanceType", "m5.large"),
        ("LaunchTemplateData.ImageId", "ami-1"),
    ];
    client.ok(&query("ec2", &template));
    let size = (workers / GROUPS).to_string();
    let group = |number: usize| format!("workers-{number}");
    for number in 0..GROUPS {
        client.ok(&query(
            "autoscaling",
            &[
                ("Action", "CreateAutoScalingGroup"),
                ("AutoScalingGroupName", &group(number)),
                ("LaunchTemplate.LaunchTemplateName", "worker"),
                ("LaunchTemplate.Version", "$Latest"),
                ("MinSize", "0"),
                ("MaxSize", "1000"),
                ("DesiredCapacity", &size),
                ("NewInstancesProtectedFromScaleIn", "true"),
                ("AvailabilityZones.member.1", "us-east-1a"),
            ],
        ));
    }
    let describe = |number: usize| {
        query(
            "autoscaling",
            &[("Action", "DescribeAutoScalingGroups"), ("AutoScalingGroupNames.member.1", &group(number))],
        )
    };
    let in_service = |client: &mut Client, number: usize| {
        let answer = client.ok(&describe(number));
        answer.matches("<LifecycleState>InService</LifecycleState>").count()
    };
    for number in 0..GROUPS {
        until("the workers", || in_service(&mut client, number) == workers / GROUPS);
    }
    until("the jobs", || running(&mut client, "RUNNING") == jobs);

    let calls = jobs.div_ceil(100);
    let rounds = if measures() { 20 } else { 1 };
    // The token of a page is the same each time, so the requests for all of them can be signed beforehand.
    let pages = list_pages(&mut client);
    let pages: Vec<Vec<u8>> =
        (0..calls * rounds).filter_map(|number| pages.get(number % pages.len())).cloned().collect();
    tell("ListJobs, 100 jobs each", address, pages);
    let described = (0..calls * rounds)
        .map(|number| {
            let begin = number * 100 % jobs;
            let some: Vec<&String> = ids.iter().skip(begin).take(100).collect();
            batch("DescribeJobs", json!({"jobs": some}))
        })
        .collect();
    tell("DescribeJobs, 100 jobs each", address, described);
    tell(
        "DescribeAutoScalingGroups, 200 workers each",
        address,
        (0..GROUPS * rounds * 4).map(|number| describe(number % GROUPS)).collect(),
    );

    let unprotect = (0..GROUPS)
        .flat_map(|number| {
            let answer = client.ok(&describe(number));
            let instances: Vec<String> = answer
                .split("<InstanceId>")
                .skip(1)
                .filter_map(|rest| rest.split('<').next())
                .map(str::to_owned)
                .collect();
            let group = group(number);
            let calls: Vec<Vec<u8>> = instances
                .iter()
                .map(|instance| {
                    query(
                        "autoscaling",
                        &[
                            ("Action", "SetInstanceProtection"),
                            ("AutoScalingGroupName", &group),
                            ("ProtectedFromScaleIn", "false"),
                            ("InstanceIds.member.1", instance),
                        ],
                    )
                })
                .collect();
            calls
        })
        .collect();
    tell("SetInstanceProtection, 1 worker each", address, unprotect);
    let terminate =
        ids.iter().map(|id| batch("TerminateJob", json!({"jobId": id, "reason": "maintenance"}))).collect();
    tell("TerminateJob", address, terminate);

    let ((), took) = timed(|| {
        for number in 0..GROUPS {
            client.ok(&query(
                "autoscaling",
                &[
                    ("Action", "UpdateAutoScalingGroup"),
                    ("AutoScalingGroupName", &group(number)),
                    ("MinSize", "0"),
                    ("DesiredCapacity", "0"),
                ],
            ));
        }
        until("quiet", || {
            (0..GROUPS).all(|number| !client.ok(&describe(number)).contains("<InstanceId>"))
                && ["RUNNING", "STARTING"].iter().all(|status| running(&mut client, status) == 0)
        });
    });
    println!(
        "{:<44} {:>9} {:>12}",
        format!("{workers} workers to zero, until all are gone"),
        "",
        format!("{took:.2?}")
    );
}

/// The jobs of all queues in a status, counted page by page.
fn running(client: &mut Client, status: &str) -> usize {
    let mut found = 0;
    for number in 0..QUEUES {
        let mut token = None;
        loop {
            let body =
                json!({"jobQueue": format!("queue-{number}"), "jobStatus": status, "nextToken": token});
            let answer: Value =
                serde_json::from_str(&client.ok(&json("batch", "/v1/listjobs", &body))).expect("JSON");
            found += answer["jobSummaryList"].as_array().map_or(0, Vec::len);
            token = answer["nextToken"].as_str().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    found
}

/// A request for each page of the running jobs of each queue.
fn list_pages(client: &mut Client) -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    for number in 0..QUEUES {
        let mut token = None;
        loop {
            let body =
                json!({"jobQueue": format!("queue-{number}"), "jobStatus": "RUNNING", "nextToken": token});
            let request = json("batch", "/v1/listjobs", &body);
            let answer: Value = serde_json::from_str(&client.ok(&request)).expect("JSON");
            requests.push(request);
            token = answer["nextToken"].as_str().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    requests
}

/// Send requests over several connections, print how quickly they were answered, and give the answers in their order.
fn tell(name: &str, address: SocketAddr, requests: Vec<Vec<u8>>) -> Vec<String> {
    let count = requests.len();
    let mut answers: Vec<String> = vec![String::new(); count];
    let share = count.div_ceil(CONNECTIONS).max(1);
    let ((), took) = timed(|| {
        std::thread::scope(|scope| {
            for (requests, answers) in requests.chunks(share).zip(answers.chunks_mut(share)) {
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    for (request, answer) in requests.iter().zip(answers) {
                        *answer = client.ok(request);
                    }
                });
            }
        });
    });
    line(name, count, took);
    answers
}

fn line(name: &str, count: usize, took: Duration) {
    println!("{name:<44} {count:>9} {:>12.0}", count as f64 / took.as_secs_f64());
}

/// Look again and again until something is so; a minute is too long.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within a minute");
}

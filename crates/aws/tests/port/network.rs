//! Over TCP: what is tried again, roles that are assumed, credentials that end early.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws::{AwsCloud, Connection, NewStack, Transport};
use conductor::{Clock, Cloud};
use localcloud::{AccessKeys, Config, Faults, LocalCloud, Speed};
use upgrade::{FleetQuery, Observation, PortErrorKind, Query, StackQuery, UpdateKind};

/// A local cloud that listens, on a thread of its own for as long as the tests last.
pub fn listening() -> (LocalCloud, AccessKeys, String) {
    let keys = AccessKeys::new("AKIATEST", "only on loopback");
    let config = Config { speed: Speed::Instant, ..Config::default() };
    let local = LocalCloud::in_memory(config, localcloud::Clock::system(), keys.clone());
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
    let cloud = local.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            localcloud::server::serve(listener, cloud, std::future::pending()).await.expect("served");
        });
    });
    (local, keys, endpoint)
}

fn connected(keys: &AccessKeys, endpoint: &str) -> AwsCloud {
    let clock = Clock::system();
    AwsCloud::new(&Connection {
        region: "us-east-1".to_owned(),
        endpoint_url: endpoint.to_owned(),
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: keys.secret_access_key.clone(),
        transport: Transport::Network,
        now: Arc::new(move || clock.system_time()),
    })
}

fn faults(local: &LocalCloud, text: &str) {
    local.set_faults(&Faults::parse(text).expect("faults")).expect("set");
}

#[tokio::test]
async fn a_call_over_a_network_is_tried_again_whatever_the_protocol() {
    let (local, keys, endpoint) = listening();
    let cloud = connected(&keys, &endpoint);
    let (update, stack_id) = (UpdateKind::Primary, "absent".to_owned());
    let cases: [(_, _, Query, _); 4] = [
        (
            "ec2",
            "DescribeInstances",
            FleetQuery::Machines { tags: vec![("dedicated".to_owned(), None)] }.into(),
            Observation::Machines(vec![]),
        ),
        (
            "cloudformation",
            "DescribeStacks",
            StackQuery::Status { update, stack_id }.into(),
            Observation::StackStatus(None),
        ),
        (
            "autoscaling",
            "DescribeAutoScalingGroups",
            FleetQuery::WorkerGroups { names: vec!["absent".to_owned()] }.into(),
            Observation::WorkerGroups(vec![]),
        ),
        (
            "batch",
            "DescribeJobQueues",
            FleetQuery::JobQueues { arns: vec!["absent".to_owned()] }.into(),
            Observation::JobQueues(vec![]),
        ),
    ];
    for (service, operation, query, empty) in cases {
        for answer in ["service_unavailable", "drop_connection"] {
            faults(
                &local,
                &format!(
                    r#"{{"calls": [{{"service": "{service}", "operation": "{operation}", "answer": "{answer}"}}]}}"#
                ),
            );
            assert_eq!(cloud.observe(&query).await, Ok(empty.clone()), "{service} {answer}");
        }
    }
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_said_with_the_endpoint() {
    let keys = AccessKeys::new("AKIATEST", "x");
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
    drop(listener);
    let cloud = connected(&keys, &endpoint);
    // Of whichever service.
    for query in [
        FleetQuery::Alarms { names: vec!["a".to_owned()] },
        FleetQuery::WorkerGroups { names: vec!["g".to_owned()] },
    ] {
        let error = cloud.observe(&query.into()).await.expect_err("nobody");
        assert_eq!(error.kind, PortErrorKind::Transient, "{error}");
        assert!(error.message.contains("no answer") && error.message.contains(&endpoint), "{error}");
    }
}

const ROLE: &str = r#"{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "deploy",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "agreed"}}}]},
    "Policies": [{"PolicyName": "look", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "cloudformation:DescribeStacks", "Resource": "*"}]}}]}}}}"#;

#[tokio::test]
async fn a_role_is_assumed_with_its_external_id_and_again_when_its_session_ends_early() {
    let (local, keys, endpoint) = listening();
    let cloud = connected(&keys, &endpoint);
    let template_url = cloud.upload_template("templates", "role.json", ROLE.as_bytes()).await.expect("put");
    let stack = NewStack {
        stack_name: "role",
        template_url: &template_url,
        parameters: &std::collections::BTreeMap::new(),
        capabilities: &["CAPABILITY_NAMED_IAM".to_owned()],
    };
    let stack_id = cloud.create_stack(&stack).await.expect("created");
    cloud.wait_until_created(&stack_id, &Clock::system()).await.expect("complete");
    let child = |external_id: &str| {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["connection::in_a_child", "--exact", "--ignored", "--nocapture"])
            .env_clear()
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key)
            .env("CASE_ROLE", "arn:aws:iam::000000000000:role/deploy")
            .env("CASE_EXTERNAL_ID", external_id)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child")
    };
    let stranger = child("guessed").wait_with_output().expect("its words");
    let said = String::from_utf8_lossy(&stranger.stdout);
    assert!(said.contains("role/deploy can't be assumed"), "{said}");
    assert!(said.contains(&endpoint), "{said}");

    let mut friend = child("agreed");
    let mut input = friend.stdin.take().expect("its input");
    let mut lines = BufReader::new(friend.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let mut says = |start: &str| {
        let line = lines.find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no line begins with {start}"))
    };
    assert!(says("caller").contains("assumed-role/deploy/slackwater-run-1"));
    faults(&local, r#"{"expire_credentials": true}"#);
    writeln!(input, "over").expect("written");
    let over = says("over");
    // The first call finds out, and is signed anew; the second has the others already.
    assert!(over.contains("assumed-role/deploy/slackwater-run-1") && over.ends_with("Ok(None)"), "{over}");
    writeln!(input, "again").expect("written");
    assert!(says("again").contains("assumed-role/deploy/slackwater-run-1"));
    drop(input);
    assert!(friend.wait().expect("its end").success());
}

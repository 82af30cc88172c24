//! The port against emulators that nobody here wrote: moto (Apache-2.0) for the services, MiniStack (MIT) for an update
//! that rolls back. Both are in tools/test-requirements.txt.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws::{AwsCloud, Connection, CustomName, Lookup, NewStack, Transport};
use conductor::{Clock, Cloud};
use serde_json::Value;
use upgrade::{
    Act, AdmittingRule, CalmParts, CalmSeen, FleetAct, FleetQuery, Gate, GroupSize, HealthQuery,
    LogicalResource, Memory, Note, Observation, ParameterSetting, PlannedSnapshot, Proposal, Query,
    Rememberer, SnapshotKind, StackAct, StackQuery, StandingSeen, Targets, Timestamp, UpdateKind,
};

/// A program of the tests' virtual environment.
fn program(name: &str) -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run the tests with tools/test, which installs it",
        program.display()
    );
    program
}

/// An emulator, ended with the value.
struct Peer {
    process: Child,
    endpoint_url: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped_before = self.process.wait();
    }
}

impl Peer {
    async fn start(name: &str, arguments: impl Fn(&mut Command, u16)) -> Peer {
        let program = program(name);
        // A port that is free now; when another process is quicker, the next is tried.
        for _ in 0..5 {
            let port = free_port().await;
            let mut command = Command::new(&program);
            arguments(&mut command, port);
            let process =
                command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the emulator starts");
            let mut peer = Peer { process, endpoint_url: format!("http://127.0.0.1:{port}") };
            if peer.is_ready(port).await {
                return peer;
            }
        }
        panic!("{name} did not start");
    }

    /// Wait until it takes connections, or has ended.
    async fn is_ready(&mut self, port: u16) -> bool {
        for _ in 0..600 {
            if self.process.try_wait().expect("its state").is_some() {
                return false;
            }
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    fn cloud(&self) -> AwsCloud {
        let clock = Clock::system();
        AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: self.endpoint_url.clone(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "test".to_owned(),
            transport: Transport::Network,
            now: Arc::new(move || clock.system_time()),
        })
    }
}

async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn ask(cloud: &AwsCloud, query: impl Into<Query>) -> Observation {
    let query = query.into();
    cloud.observe(&query).await.unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

async fn tell(cloud: &AwsCloud, act: &(impl Into<Act> + Clone)) {
    let act: Act = act.clone().into();
    cloud.act(&act).await.unwrap_or_else(|error| panic!("{act:?}: {error}"));
}

/// Do it twice: each act is safe to repeat.
async fn tell_twice(cloud: &AwsCloud, act: &(impl Into<Act> + Clone)) {
    tell(cloud, act).await;
    tell(cloud, act).await;
}

macro_rules! seen {
    ($cloud:expr, $query:expr, $variant:path) => {
        match ask($cloud, $query).await {
            $variant(seen) => seen,
            other => panic!("{other:?}"),
        }
    };
}

#[tokio::test]
async fn moto_is_asked_and_told_everything_it_knows() {
    let peer = Peer::start("moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })
    .await;
    let ids = furnish(&peer);
    let id = |name: &str| ids.get(name).and_then(Value::as_str).expect("an id").to_owned();
    let cloud = peer.cloud();
    the_gate(&cloud, &id("listener"), &id("rule")).await;
    groups(&cloud).await;
    queues(&cloud, &id("queue"), &id("job")).await;
    machines_alarms_and_snapshots(&cloud, &id("machine"), &id("volume")).await;
    calm_and_standing(&cloud, &id).await;
    circumstances(&cloud, &id).await;
}

fn furnish(peer: &Peer) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/furnish.py");
    let output =
        Command::new(program("python")).arg(script).arg(&peer.endpoint_url).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("ids")
}

/// A note as a run writes it.
fn note(physical_id: &str) -> String {
    Note::on(physical_id, Timestamp(1_767_225_600_000), "run-1").by("ada").with("min", -1).write()
}

/// Write a note on a thing, or take it off; twice.
async fn write_note(cloud: &AwsCloud, thing: &Rememberer) {
    let memory = Memory { resource: thing.clone(), text: note(thing.physical_id()) };
    tell_twice(cloud, &FleetAct::Remember { memories: vec![memory] }).await;
}

async fn take_note_off(cloud: &AwsCloud, thing: Rememberer) {
    tell_twice(cloud, &FleetAct::Forget { resources: vec![thing] }).await;
}

async fn the_gate(cloud: &AwsCloud, listener_arn: &str, rule_arn: &str) {
    let gate = Gate {
        priority: 2,
        status_code: 503,
        content_type: "text/plain".to_owned(),
        body: "Maintenance".to_owned(),
        admitted: vec!["192.0.2.0/24".to_owned()],
        admitting_rules: vec![AdmittingRule {
            priority: 1,
            copy_of: rule_arn.to_owned(),
            addresses: vec!["192.0.2.0/24".to_owned()],
        }],
    };
    let text = note(listener_arn);
    let close = FleetAct::CloseGate {
        listener_arn: listener_arn.to_owned(),
        gate,
        run_id: "run-1".to_owned(),
        note: text.clone(),
        missing: vec![1, 2],
    };
    tell(cloud, &close).await;
    let query = || FleetQuery::GateRules { listener_arn: listener_arn.to_owned() };
    let rules = seen!(cloud, query(), Observation::GateRules);
    let mut shown: Vec<_> = rules.iter().map(|rule| (rule.priority, rule.closes)).collect();
    shown.sort();
    assert_eq!(shown, [(Some(1), false), (Some(2), true)]);
    for rule in &rules {
        assert_eq!((rule.run_id.as_str(), rule.note.as_ref()), ("run-1", Some(&text)), "{rule:?}");
    }
    let open = FleetAct::OpenGate { rule_arns: rules.into_iter().map(|rule| rule.rule_arn).collect() };
    tell(cloud, &open).await;
    assert_eq!(seen!(cloud, query(), Observation::GateRules), vec![]);
}

async fn groups(cloud: &AwsCloud) {
    let query = || FleetQuery::WorkerGroups { names: vec!["workers".to_owned()] };
    let group = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!((group.max_size, group.desired_capacity, group.new_instances_protected), (80, 60, true));
    assert_eq!(group.hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>(), ["going"]);
    assert_eq!(group.warm_pool.map(|pool| pool.min_size), Some(1));
    let on_group = Rememberer::WorkerGroup("workers".to_owned());
    let on_instance = Rememberer::Instance(group.instances.first().expect("an instance").id.clone());
    for thing in [&on_group, &on_instance] {
        write_note(cloud, thing).await;
    }
    let noted = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!(noted.remembered, Some(note("workers")));
    for instance in &noted.instances {
        let expected = (instance.id == on_instance.physical_id()).then(|| note(&instance.id));
        assert_eq!(instance.remembered, expected, "{}", instance.id);
    }
    for thing in [on_group, on_instance] {
        take_note_off(cloud, thing).await;
    }
    let unnoted = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!(unnoted.remembered, None);
    assert!(unnoted.instances.iter().all(|instance| instance.remembered.is_none()));
    let instance_ids: Vec<String> = noted.instances.into_iter().map(|instance| instance.id).collect();
    assert!(instance_ids.len() >= 60, "{}", instance_ids.len());
    let group_name = || "workers".to_owned();
    let remove = |instance_ids| FleetAct::RemoveScaleInProtection { group_name: group_name(), instance_ids };
    let restore =
        |instance_ids| FleetAct::RestoreScaleInProtection { group_name: group_name(), instance_ids };
    for (act, protected) in [
        (remove(instance_ids.clone()), false),
        (restore(instance_ids.clone()), true),
        (remove(instance_ids), false),
    ] {
        tell_twice(cloud, &act).await;
        let seen = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
        assert!(seen.instances.iter().all(|one| one.protected_from_scale_in == protected), "{act}");
    }
    let size = GroupSize {
        group_name: "workers".to_owned(),
        min_size: 0,
        max_size: 0,
        desired_capacity: 0,
        new_instances_protected: false,
    };
    tell_twice(cloud, &FleetAct::ResizeWorkerGroups { sizes: vec![size] }).await;
    let emptied = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!((emptied.min_size, emptied.desired_capacity), (0, 0));
}

async fn queues(cloud: &AwsCloud, queue: &str, job: &str) {
    let disable = FleetAct::SetJobQueueStates { queue_arns: vec![queue.to_owned()], enabled: false };
    tell_twice(cloud, &disable).await;
    let on_queue = Rememberer::JobQueue(queue.to_owned());
    write_note(cloud, &on_queue).await;
    let query = || FleetQuery::JobQueues { arns: vec![queue.to_owned()] };
    let seen = seen!(cloud, query(), Observation::JobQueues).remove(0);
    assert_eq!(
        (seen.enabled, seen.status.as_str(), seen.remembered.as_deref()),
        (false, "VALID", Some(note(queue).as_str()))
    );
    println!("a queue's status reason: {:?}", seen.status_reason);
    take_note_off(cloud, on_queue).await;
    let terminate = FleetAct::TerminateJobs { job_ids: vec![job.to_owned()], reason: "upgrade".to_owned() };
    tell_twice(cloud, &terminate).await;
    assert_eq!(
        seen!(cloud, FleetQuery::Jobs { queue_arns: vec![queue.to_owned()] }, Observation::Jobs),
        vec![]
    );
}

async fn machines_alarms_and_snapshots(cloud: &AwsCloud, machine: &str, volume: &str) {
    let query = || FleetQuery::Machines { tags: vec![("dedicated".to_owned(), Some("yes".to_owned()))] };
    let machines = seen!(cloud, query(), Observation::Machines);
    let shown: Vec<_> =
        machines.iter().map(|seen| (seen.instance_id.as_str(), seen.owner.as_deref())).collect();
    assert_eq!(shown, [(machine, Some("ada"))]);
    tell_twice(cloud, &FleetAct::TerminateInstances { instance_ids: vec![machine.to_owned()] }).await;
    assert_eq!(seen!(cloud, query(), Observation::Machines), vec![]);

    let names = vec!["load".to_owned(), "gone".to_owned()];
    for enabled in [false, true] {
        tell_twice(cloud, &FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled }).await;
        let alarms = seen!(cloud, FleetQuery::Alarms { names: names.clone() }, Observation::Alarms);
        assert_eq!(alarms.iter().map(|alarm| alarm.actions_enabled).collect::<Vec<_>>(), [enabled]);
    }
    let on_alarm = Rememberer::Alarm("load".to_owned());
    for noted in [true, false] {
        if noted {
            write_note(cloud, &on_alarm).await;
        } else {
            take_note_off(cloud, on_alarm.clone()).await;
        }
        let alarms = seen!(cloud, FleetQuery::Alarms { names: names.clone() }, Observation::Alarms);
        let notes: Vec<_> = alarms.into_iter().map(|alarm| alarm.remembered).collect();
        assert_eq!(notes, [noted.then(|| note("load"))]);
    }

    let planned = |kind, source_id: &str, name: &str| PlannedSnapshot {
        kind,
        logical_id: name.to_owned(),
        source_id: source_id.to_owned(),
        name: name.to_owned(),
    };
    let snapshots = vec![
        planned(SnapshotKind::Database, "main", "run-1-db"),
        planned(SnapshotKind::Volume, volume, "run-1-v"),
    ];
    let query = FleetQuery::Snapshots { planned: snapshots.clone(), run_id: "run-1".to_owned() };
    assert_eq!(seen!(cloud, query.clone(), Observation::Snapshots), vec![]);
    tell_twice(cloud, &FleetAct::CreateSnapshots { snapshots, run_id: "run-1".to_owned() }).await;
    let made = seen!(cloud, query, Observation::Snapshots);
    let shown: Vec<_> = made.iter().map(|seen| (seen.name.as_str(), seen.complete)).collect();
    assert_eq!(shown, [("run-1-db", true), ("run-1-v", true)]);
}

/// Both looks, after everything before this: the queue is off, the group is empty, the gate is open.
async fn calm_and_standing(cloud: &AwsCloud, id: &impl Fn(&str) -> String) {
    let absent = format!("{}0", id("listener"));
    let parts = CalmParts {
        listener_arns: vec![id("listener"), absent],
        queue_arns: vec![id("queue")],
        job_queue_arns: vec![id("queue")],
        group_names: vec!["workers".to_owned(), "gone".to_owned()],
        alarm_names: vec!["load".to_owned(), "gone".to_owned()],
    };
    let on_alarm = Rememberer::Alarm("load".to_owned());
    write_note(cloud, &on_alarm).await;
    tell(cloud, &FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled: false }).await;
    let calm = seen!(cloud, FleetQuery::Calm(parts.clone()), Observation::Calm);
    let standing = FleetQuery::Standing { stack_id: id("stack"), parts };
    let StandingSeen { stack_status, version, calm: stands } = seen!(cloud, standing, Observation::Standing);
    assert_eq!((stack_status.as_str(), version.as_deref()), ("CREATE_COMPLETE", Some("1.0.0")));
    // Only where an end is told an alarm's note is asked for.
    for (seen, noted) in [(calm, None), (stands, Some(note("load")))] {
        let CalmSeen { doors, queues, jobs, groups, alarms } = seen;
        let doors: Vec<_> = doors.iter().map(|door| (door.exists, door.rules.len())).collect();
        assert_eq!(doors, [(true, 0), (false, 0)]);
        assert_eq!(queues.iter().map(|queue| queue.enabled).collect::<Vec<_>>(), [false]);
        assert_eq!(jobs, vec![]);
        assert_eq!(groups.iter().map(|group| group.max_size).collect::<Vec<_>>(), [0]);
        let alarms: Vec<_> = alarms.into_iter().map(|one| (one.actions_enabled, one.remembered)).collect();
        assert_eq!(alarms, [(false, noted)]);
    }
    take_note_off(cloud, on_alarm).await;
}

async fn circumstances(cloud: &AwsCloud, id: &impl Fn(&str) -> String) {
    let resource = |logical_id: &str, physical_id: String| LogicalResource {
        logical_id: logical_id.to_owned(),
        physical_id,
    };
    let targets = Targets {
        listener: resource("Listener", id("listener")),
        target_groups: vec![resource("Web", id("target_group"))],
        job_queues: vec![resource("Queue", id("queue"))],
        worker_groups: vec![resource("Workers", "workers".to_owned())],
        alarms: vec![resource("Alarm", "load".to_owned())],
        databases: vec![resource("Database", "main".to_owned())],
        volumes: vec![],
        dedicated_machine_tags: vec![("dedicated".to_owned(), None)],
    };
    let name = |resource_type: &str, name: &str| CustomName {
        logical_id: name.to_owned(),
        resource_type: resource_type.to_owned(),
        name: name.to_owned(),
    };
    let names = [
        name("AWS::IAM::Role", "batch"),
        name("AWS::IAM::Role", "free-role"),
        name("AWS::Logs::LogGroup", "free-group"),
        name("AWS::SQS::Queue", "free-queue"),
        name("AWS::S3::Bucket", "free-bucket"),
        name("AWS::EC2::LaunchTemplate", "worker"),
        name("AWS::RDS::DBInstance", "main"),
    ];
    let types = [
        "AWS::RDS::DBInstance",
        "AWS::EC2::VPC",
        "AWS::IAM::Role",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
    ];
    let lookup = Lookup {
        stack_id: &id("stack"),
        targets: &targets,
        resources: &[],
        actions: &["batch:TerminateJob".to_owned()],
        role_arn: Some(&id("role")),
        drift_of: &["Topic".to_owned()],
        drift_wait: Duration::from_secs(5),
        added_types: &types.map(str::to_owned),
        names: &names,
    };
    let found = cloud.circumstances(&lookup, &Clock::system()).await.expect("the stack is there");
    println!("not looked at: {:#?} {:#?}", found.unknown_quotas, found.unknown_names);
    assert!(found.caller_arn.is_ok_and(|arn| arn.starts_with("arn:aws:")));
    let databases = found.databases.expect("databases");
    assert_eq!(databases.iter().map(|found| found.max_allocated_storage).collect::<Vec<_>>(), [Some(100)]);
    assert_eq!(found.alarms.expect("alarms").len(), 1);
    assert_eq!(found.listener_rules.expect("rules").len(), 2);
    assert_eq!(found.worker_groups.expect("groups").len(), 1);
    let taken = found.taken_names.expect("names");
    assert_eq!(taken.keys().map(String::as_str).collect::<Vec<_>>(), ["batch", "main", "worker"]);
    println!("quotas: {:?}\ndrift: {:?}\ndenied: {:?}", found.quotas, found.drift, found.denied_to_role);

    let health = Query::Health(HealthQuery {
        target_group_arns: vec![id("target_group")],
        platform: false,
        version: None,
        http: vec![],
    });
    let findings = seen!(cloud, health, Observation::Health);
    assert_eq!(findings.iter().map(|finding| finding.healthy).collect::<Vec<_>>(), [false]);
    let stacks = cloud.stacks().await.expect("stacks");
    assert_eq!(stacks.iter().map(|stack| stack.stack_name.as_str()).collect::<Vec<_>>(), ["platform"]);
}

const STACK: &str = r#"{"Metadata": {"Port::VersionInfo": {"Version": "VERSION"}}, "Parameters": {"Colour": {"Type": "String", "Default": "green"}}, "Resources": {
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Colour"}}}BROKEN}}"#;

/// A custom resource whose function doesn't exist.
const BROKEN: &str = r#", "Broken": {"Type": "Custom::Broken", "Properties": {
    "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:absent"}}"#;

#[tokio::test]
async fn ministack_updates_a_stack_and_rolls_the_next_update_back() {
    let peer = Peer::start("ministack", |command, port| {
        // Only what is needed: its broker would take a well-known port.
        command.env("GATEWAY_PORT", port.to_string()).env("MINISTACK_HOST", "127.0.0.1");
        command.env("SERVICES", "s3,sns,cloudformation,lambda,sts,iam").env("IOT_MTLS_ENABLED", "0");
    })
    .await;
    let cloud = peer.cloud();
    // MiniStack reads a template's URL in path style only.
    let put = async |key: &str, template: String| {
        cloud.upload_template("templates", key, template.as_bytes()).await.expect("uploaded");
        format!("{}/templates/{key}", peer.endpoint_url)
    };
    let url = put("first.json", STACK.replace("BROKEN", "").replace("VERSION", "1.0.0")).await;
    let stack = NewStack {
        stack_name: "platform",
        template_url: &url,
        parameters: &std::collections::BTreeMap::new(),
        capabilities: &[],
    };
    cloud.create_stack(&stack).await.expect("created");
    cloud.wait_until_created("platform", &Clock::system()).await.expect("complete");
    for (run_id, version, broken, end) in
        [("run-1", "2.0.0", "", "UPDATE_COMPLETE"), ("run-2", "3.0.0", BROKEN, "UPDATE_ROLLBACK_COMPLETE")]
    {
        let template = STACK.replace("BROKEN", broken).replace("VERSION", version);
        let template_url = put(&format!("{run_id}.json"), template).await;
        update(&cloud, run_id, template_url, end).await;
        let (stack_id, parts) = ("platform".to_owned(), CalmParts::default());
        let stands = seen!(&cloud, FleetQuery::Standing { stack_id, parts }, Observation::Standing);
        let standing = StandingSeen {
            stack_status: end.to_owned(),
            version: Some("2.0.0".to_owned()),
            calm: CalmSeen::default(),
        };
        assert_eq!(stands, standing, "{run_id}");
    }
}

async fn update(cloud: &AwsCloud, run_id: &str, template_url: String, end: &str) {
    // MiniStack doesn't find a change set by the stack's id, so the name stands for it.
    let (kind, stack_id) = (UpdateKind::Primary, "platform".to_owned());
    let proposal = Proposal {
        change_set_name: run_id.to_owned(),
        template_url,
        template_sha256: String::new(),
        parameters: vec![ParameterSetting { key: "Colour".to_owned(), value: Some(run_id.to_owned()) }],
        capabilities: vec![],
        role_arn: None,
        tags: None,
        notification_arns: None,
        rollback_triggers: None,
    };
    tell(cloud, &StackAct::CreateChangeSet { update: kind, stack_id: stack_id.clone(), proposal }).await;
    let query =
        || StackQuery::ChangeSet { update: kind, stack_id: stack_id.clone(), name: run_id.to_owned() };
    for _ in 0..100 {
        let change_set = seen!(cloud, query(), Observation::ChangeSet).expect("a change set");
        if change_set.status == "CREATE_COMPLETE" {
            assert!(change_set.changes.iter().any(|change| change.logical_id == "Topic"), "{change_set:?}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let execute = StackAct::ExecuteChangeSet {
        update: kind,
        stack_id: stack_id.clone(),
        change_set_name: run_id.to_owned(),
        client_request_token: run_id.to_owned(),
    };
    tell(cloud, &execute).await;
    let query = || StackQuery::Events {
        update: kind,
        stack_id: stack_id.clone(),
        client_request_token: run_id.to_owned(),
        after_event_id: None,
        worker_groups: Vec::new(),
    };
    for _ in 0..300 {
        let events = match ask(cloud, query()).await {
            Observation::StackEvents { events, .. } => events,
            other => panic!("{other:?}"),
        };
        if events.last().is_some_and(|event| event.is_of_stack("platform") && event.status == end) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", ask(cloud, query()).await);
}

//! MiniStack: an update that rolls back, and the fleet as far as it has one.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::{AwsCloud, NewStack};
use conductor::Clock;
use upgrade::{
    AdmittingRule, CalmParts, CalmSeen, FleetAct, FleetQuery, Gate, NotedResource, Observation,
    ParameterSetting, Proposal, StackAct, StackQuery, StandingSeen, UpdateKind,
};

use crate::{Peer, ask, note, take_note_off, tell, tell_twice, write_note};

const STACK: &str = r#"{"Metadata": {"Port::VersionInfo": {"Version": "VERSION"}}, "Parameters": {"Colour": {"Type": "String", "Default": "green"}}, "Resources": {
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Colour"}}}BROKEN}}"#;

/// A custom resource whose function doesn't exist.
const BROKEN: &str = r#", "Broken": {"Type": "Custom::Broken", "Properties": {
    "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:absent"}}"#;

/// MiniStack with only the services that are needed: its broker would take a well-known port.
pub async fn ministack(services: &str) -> Peer {
    Peer::start("ministack", |command, port| {
        command.env("GATEWAY_PORT", port.to_string()).env("MINISTACK_HOST", "127.0.0.1");
        command.env("SERVICES", services).env("IOT_MTLS_ENABLED", "0");
    })
    .await
}

#[tokio::test]
async fn ministack_updates_a_stack_and_rolls_the_next_update_back() {
    let peer = ministack("s3,sns,cloudformation,lambda,sts,iam").await;
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
        let stands = seen!(
            &cloud,
            FleetQuery::Standing { stack_id, parts, version_sources: vec![] },
            Observation::Standing
        );
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
        monitoring_minutes: None,
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

/// Not asked for, since MiniStack doesn't have it: Batch's UpdateJobQueue, TagResource and TerminateJob; Auto Scaling's
/// SetInstanceProtection, warm pools, and instances in a group (so no notes on them); a listener that isn't there
/// (DescribeRules shows no rules of it, where ELB says ListenerNotFound).
#[tokio::test]
async fn ministack_keeps_the_gates_and_the_fleets_notes() {
    let peer = ministack(
        "s3,cloudformation,ec2,elbv2,elasticloadbalancing,autoscaling,cloudwatch,monitoring,sts,iam",
    )
    .await;
    let cloud = peer.cloud();
    cloud.upload_template("templates", "fleet.yaml", include_bytes!("fleet.yaml")).await.expect("uploaded");
    let stack = NewStack {
        stack_name: "platform",
        template_url: &format!("{}/templates/fleet.yaml", peer.endpoint_url),
        parameters: &BTreeMap::new(),
        capabilities: &[],
    };
    cloud.create_stack(&stack).await.expect("created");
    cloud.wait_until_created("platform", &Clock::system()).await.expect("complete");
    let deployment = cloud.deployment("platform").await.expect("a deployment");
    let id = |logical_id: &str| {
        let found = deployment.resources.iter().find(|one| one.logical_id == logical_id);
        found.expect("a resource").physical_id.clone()
    };
    let parts = CalmParts {
        listener_arns: vec![id("Listener")],
        group_names: vec!["workers".to_owned(), "gone".to_owned()],
        alarm_names: vec!["load".to_owned(), "gone".to_owned()],
        ..CalmParts::default()
    };
    let calm = async || seen!(&cloud, FleetQuery::Calm(parts.clone()), Observation::Calm);
    let open = calm().await;
    assert_eq!(open.doors.iter().map(|door| door.rules.len()).collect::<Vec<_>>(), [0]);
    assert!(
        open.groups.iter().all(|group| group.instances.is_empty()),
        "it launches instances now: note one"
    );

    let addresses = vec!["192.0.2.0/24".to_owned()];
    let gate = Gate {
        priority: 2,
        status_code: 503,
        content_type: "text/plain".to_owned(),
        body: "Maintenance".to_owned(),
        admitted: addresses.clone(),
        admitting_rules: vec![AdmittingRule { priority: 1, copy_of: id("Rule"), addresses }],
        makes_room: vec![],
    };
    let close = FleetAct::CloseGate {
        listener_arn: id("Listener"),
        gate,
        run_id: "run-1".to_owned(),
        note: note(&id("Listener")),
        missing: vec![1, 2],
    };
    tell(&cloud, &close).await;
    tell_twice(&cloud, &FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled: false }).await;
    let things = [NotedResource::WorkerGroup("workers".to_owned()), NotedResource::Alarm("load".to_owned())];
    for thing in &things {
        write_note(&cloud, thing).await;
    }
    let [of_group, of_alarm] = things.each_ref().map(|thing| Some(note(thing.physical_id())));
    let standing = FleetQuery::Standing {
        stack_id: "platform".to_owned(),
        parts: parts.clone(),
        version_sources: vec![],
    };
    let stands = seen!(&cloud, standing, Observation::Standing);
    assert_eq!((stands.stack_status.as_str(), stands.version.as_deref()), ("CREATE_COMPLETE", Some("1.0.0")));
    let CalmSeen { doors, queues: _, jobs: _, groups, services: _, alarms } = stands.calm;
    let mut rules: Vec<_> = doors.into_iter().flat_map(|door| door.rules).collect();
    rules.sort_by_key(|rule| rule.priority);
    let shown = rules.iter().map(|rule| (rule.priority, rule.closes, rule.note.clone()));
    let of_gate = || Some(note(&id("Listener")));
    assert_eq!(shown.collect::<Vec<_>>(), [(Some(1), false, of_gate()), (Some(2), true, of_gate())]);
    let group = groups.first().expect("the group");
    assert_eq!((groups.len(), &group.remembered), (1, &of_group));
    let shown: Vec<_> = alarms.into_iter().map(|one| (one.actions_enabled, one.remembered)).collect();
    assert_eq!(shown, [(false, of_alarm)]);

    tell_twice(
        &cloud,
        &FleetAct::OpenGate { rule_arns: rules.into_iter().map(|rule| rule.rule_arn).collect() },
    )
    .await;
    for thing in things {
        take_note_off(&cloud, thing).await;
    }
    tell_twice(&cloud, &FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled: true }).await;
    assert_eq!(calm().await, open);
}

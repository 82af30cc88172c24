//! Answers that the local cloud doesn't give, as the services' API references show them: drift, pages, recovery points,
//! temporary credentials that are over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws::{AwsCloud, Connection, Lookup, Transport};
use bytes::Bytes;
use conductor::{Clock, Cloud};
use upgrade::{
    FleetQuery, Observation, PortErrorKind, Proposal, Query, StackAct, StackQuery, Targets, Timestamp,
    UpdateKind,
};

/// Answers by operation, each given once and the last one for ever; and the requests.
#[derive(Default)]
struct Script {
    answers: BTreeMap<String, Vec<(u16, String)>>,
    requests: Vec<String>,
}

#[derive(Clone, Default)]
pub struct Canned(Arc<Mutex<Script>>);

impl Canned {
    pub fn with(self, operation: &str, answers: &[(u16, &str)]) -> Canned {
        let answers = answers.iter().rev().map(|(status, body)| (*status, (*body).to_owned())).collect();
        self.0.lock().expect("the script").answers.insert(operation.to_owned(), answers);
        self
    }

    pub fn cloud(&self) -> AwsCloud {
        let script = self.0.clone();
        AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "secret-key-that-must-not-show".to_owned(),
            transport: Transport::InProcess(Arc::new(move |request| {
                crate::operations::check(&request);
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let action = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next());
                let action = action.map_or_else(|| request.uri().path().to_owned(), str::to_owned);
                let mut script = script.lock().expect("the script");
                script.requests.push(format!("{} {body}", request.uri()));
                let (status, body) = match script.answers.get_mut(&action) {
                    Some(answers) if answers.len() > 1 => answers.pop().expect("more than one"),
                    Some(answers) => answers.first().cloned().expect("at least one"),
                    None => (400, refusal("InvalidAction", &action)),
                };
                http::Response::builder().status(status).body(Bytes::from(body)).expect("an answer")
            })),
            now: Arc::new(|| UNIX_EPOCH),
        })
    }

    pub fn requests(&self, operation: &str) -> Vec<String> {
        let script = self.0.lock().expect("the script");
        script.requests.iter().filter(|request| request.contains(operation)).cloned().collect()
    }
}

pub fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

const STACK: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>arn:aws:cloudformation:us-east-1:1:stack/s/u</StackId><StackName>s</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus><RollbackConfiguration><RollbackTriggers><member><Arn>arn:alarm</Arn><Type>AWS::CloudWatch::Alarm</Type></member></RollbackTriggers></RollbackConfiguration></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";

fn detection(status: &str) -> String {
    format!(
        "<DescribeStackDriftDetectionStatusResponse><DescribeStackDriftDetectionStatusResult><StackId>s</StackId><StackDriftDetectionId>d</StackDriftDetectionId><DetectionStatus>{status}</DetectionStatus><DetectionStatusReason>because</DetectionStatusReason><Timestamp>2026-01-01T00:00:00Z</Timestamp></DescribeStackDriftDetectionStatusResult></DescribeStackDriftDetectionStatusResponse>"
    )
}

const DRIFTS: &str = "<DescribeStackResourceDriftsResponse><DescribeStackResourceDriftsResult><StackResourceDrifts><member><LogicalResourceId>Touched</LogicalResourceId><StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><PropertyDifferences><member><PropertyPath>/MaxSize</PropertyPath><ExpectedValue>1</ExpectedValue><ActualValue>2</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member></PropertyDifferences><StackId>s</StackId><ResourceType>T</ResourceType><Timestamp>2026-01-01T00:00:00Z</Timestamp></member><member><LogicalResourceId>Other</LogicalResourceId><StackResourceDriftStatus>DELETED</StackResourceDriftStatus><StackId>s</StackId><ResourceType>T</ResourceType><Timestamp>2026-01-01T00:00:00Z</Timestamp></member></StackResourceDrifts></DescribeStackResourceDriftsResult></DescribeStackResourceDriftsResponse>";

fn drifting(statuses: &[&str]) -> Canned {
    let statuses: Vec<String> = statuses.iter().map(|status| detection(status)).collect();
    let statuses: Vec<(u16, &str)> = statuses.iter().map(|body| (200, body.as_str())).collect();
    Canned::default()
        .with("DescribeStacks", &[(200, STACK)])
        .with("DetectStackDrift", &[(200, "<DetectStackDriftResponse><DetectStackDriftResult><StackDriftDetectionId>d</StackDriftDetectionId></DetectStackDriftResult></DetectStackDriftResponse>")])
        .with("DescribeStackDriftDetectionStatus", &statuses)
        .with("DescribeStackResourceDrifts", &[(200, DRIFTS)])
}

async fn gather(cloud: &AwsCloud, resources: &[upgrade::LogicalResource]) -> upgrade::Circumstances {
    let targets = Targets {
        listeners: vec![],
        target_groups: vec![],
        job_queues: vec![],
        worker_groups: vec![],
        ecs_services: Vec::new(),
        serving_services: Vec::new(),
        alarms: vec![],
        databases: vec![],
        volumes: vec![],
        dedicated_machine_tags: vec![],
    };
    let lookup = Lookup {
        stack_id: "s",
        targets: &targets,
        resources,
        asked_of_caller: &[],
        asked_of_role: &upgrade::rights::Asked::everywhere([]),
        role_arn: None,
        drift_of: &["Touched".to_owned()],
        drift_wait: Duration::from_secs(60),
        added_types: &[],
        names: &[],
        without_update: false,
        obstacles: &upgrade::ObstacleParts::default(),
    };
    let clock = Clock::starting_at(Timestamp(0));
    cloud.circumstances(&lookup, &clock).await.expect("the stack is there")
}

/// A change set that fails in validation is told with what was found, or with the right that it takes to read that.
#[tokio::test(start_paused = true)]
async fn a_change_set_that_failed_says_what_was_found() {
    let failed = "<DescribeChangeSetResponse><DescribeChangeSetResult><ChangeSetId>arn:c</ChangeSetId><Status>FAILED</Status>\
                  <StatusReason>The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]</StatusReason>\
                  <ExecutionStatus>UNAVAILABLE</ExecutionStatus></DescribeChangeSetResult></DescribeChangeSetResponse>";
    let event = |mode: &str, reason: &str| {
        format!(
            "<member><EventType>VALIDATION_ERROR</EventType><LogicalResourceId>Q</LogicalResourceId>\
             <ResourceType>AWS::SQS::Queue</ResourceType><ValidationFailureMode>{mode}</ValidationFailureMode>\
             <ValidationPath>/Resources/Q/Properties</ValidationPath>\
             <ValidationStatusReason>{reason}</ValidationStatusReason></member>"
        )
    };
    let events = format!(
        "<DescribeEventsResponse><DescribeEventsResult><OperationEvents>{}{}<member>\
         <EventType>HOOK_INVOCATION_ERROR</EventType><HookType>Acme::Guard::Hook</HookType>\
         <HookStatusReason>no tags</HookStatusReason></member></OperationEvents></DescribeEventsResult></DescribeEventsResponse>",
        event("FAIL", "Unsupported property [A]"),
        event("WARN", "a bucket isn't empty"),
    );
    let none = "<DescribeEventsResponse><DescribeEventsResult><OperationEvents/></DescribeEventsResult></DescribeEventsResponse>";
    let results = "<ListHookResultsResponse><ListHookResultsResult><HookResults><member><HookResultId>r</HookResultId>\
                   <TypeName>Acme::Guard::Hook</TypeName><FailureMode>FAIL</FailureMode><Status>HOOK_COMPLETE_FAILED</Status>\
                   </member><member><HookResultId>w</HookResultId><TypeName>Acme::Names::Hook</TypeName>\
                   <FailureMode>WARN</FailureMode><Status>HOOK_COMPLETE_FAILED</Status></member></HookResults>\
                   </ListHookResultsResult></ListHookResultsResponse>";
    let result = "<GetHookResultResponse><GetHookResultResult><HookStatusReason>no tags at all</HookStatusReason><Annotations>\
                  <member><Status>FAILED</Status><StatusMessage>no owner</StatusMessage>\
                  <RemediationMessage>add owner</RemediationMessage><RemediationLink>https://a</RemediationLink></member>\
                  <member><Status>PASSED</Status><RemediationMessage>nothing</RemediationMessage></member></Annotations>\
                  </GetHookResultResult></GetHookResultResponse>";
    let denied = refusal("AccessDenied", "no");
    let refused = refusal("ValidationError", "not of this change set");
    let absent = refusal("HookResultNotFound", "none");
    let of_property = "Q (AWS::SQS::Queue) at /Resources/Q/Properties: Unsupported property [A]";
    let of_hook =
        "the stack: Acme::Guard::Hook (FAIL): no tags at all; it advises: no owner: add owner: https://a";
    let cases = [
        ((200, events.as_str()), (200, results), vec![of_property, of_hook]),
        // What DescribeEvents doesn't tell.
        ((200, none), (200, results), vec![of_hook]),
        ((200, none), (404, absent.as_str()), vec![]),
        (
            (200, events.as_str()),
            (404, absent.as_str()),
            vec![of_property, "the stack: Acme::Guard::Hook (FAIL): no tags"],
        ),
        (
            (200, events.as_str()),
            (403, denied.as_str()),
            vec![
                of_property,
                "the stack: Acme::Guard::Hook (FAIL): no tags",
                "what hooks of the account advise can't be read, which takes the right cloudformation:ListHookResults: AccessDenied: no",
            ],
        ),
        (
            (403, denied.as_str()),
            (200, results),
            vec![
                "what it found in particular can't be read, which takes the right cloudformation:DescribeEvents: AccessDenied: no",
            ],
        ),
        (
            (400, refused.as_str()),
            (200, results),
            vec!["what it found in particular can't be read: ValidationError: not of this change set"],
        ),
    ];
    for (events, results, expected) in cases {
        let canned = Canned::default()
            .with("DescribeChangeSet", &[(200, failed)])
            .with("DescribeEvents", &[events])
            .with("ListHookResults", &[results])
            .with("GetHookResult", &[(200, result)]);
        let query = Query::from(StackQuery::ChangeSet {
            update: UpdateKind::Primary,
            stack_id: "s".to_owned(),
            name: "c".to_owned(),
        });
        match canned.cloud().observe(&query).await {
            Ok(Observation::ChangeSet(Some(seen))) => assert_eq!(seen.findings, expected),
            other => panic!("{other:?}"),
        }
    }
}

/// AWS's two spellings of a change of tags are one change, and what becomes of an old resource is read.
#[tokio::test(start_paused = true)]
async fn a_change_set_is_read_alike_in_either_spelling_of_tags() {
    let answer = |scope: &str, target: &str| {
        format!(
            "<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_COMPLETE</Status>\
             <ExecutionStatus>AVAILABLE</ExecutionStatus><Changes><member><Type>Resource</Type><ResourceChange>\
             <PolicyAction>ReplaceAndRetain</PolicyAction><Action>Modify</Action>\
             <LogicalResourceId>Bucket</LogicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType>\
             <Replacement>True</Replacement><Scope><member>{scope}</member></Scope><Details><member>\
             <Target>{target}<RequiresRecreation>Never</RequiresRecreation></Target><Evaluation>Static</Evaluation>\
             <ChangeSource>DirectModification</ChangeSource></member></Details></ResourceChange></member></Changes>\
             </DescribeChangeSetResult></DescribeChangeSetResponse>"
        )
    };
    let old = answer("Tags", "<Attribute>Tags</Attribute>");
    let new = answer("Properties", "<Attribute>Properties</Attribute><Name>Tags</Name>");
    let mut read = Vec::new();
    for answer in [&old, &new] {
        let canned = Canned::default().with("DescribeChangeSet", &[(200, answer)]);
        let query = Query::from(StackQuery::ChangeSet {
            update: UpdateKind::Primary,
            stack_id: "s".to_owned(),
            name: "c".to_owned(),
        });
        match canned.cloud().observe(&query).await {
            Ok(Observation::ChangeSet(Some(seen))) => read.push(seen.changes),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(read[0], read[1]);
    let [change] = read[0].as_slice() else { panic!("{read:?}") };
    let details: Vec<String> = change.details.iter().map(ToString::to_string).collect();
    assert_eq!(details, ["Properties.Tags (Never) Static DirectModification"]);
    assert_eq!(change.policy_action.as_deref(), Some("ReplaceAndRetain"));
}

#[tokio::test(start_paused = true)]
async fn drift_is_waited_for_and_only_so_long() {
    const GOING: &str = "DETECTION_IN_PROGRESS";
    for (statuses, found) in [
        (&[GOING, GOING, "DETECTION_COMPLETE"][..], Ok(())),
        (&[GOING], Err("longer than 60 s")),
        (&["DETECTION_FAILED"], Err("because")),
    ] {
        let canned = drifting(statuses);
        let drift = gather(&canned.cloud(), &[]).await.drift;
        match (drift, found) {
            (Ok(drift), Ok(())) => {
                let shown: Vec<_> = drift.iter().map(|drift| (&*drift.logical_id, &*drift.status)).collect();
                assert_eq!(shown, [("Touched", "MODIFIED")]);
                assert_eq!(drift.first().map(|drift| &*drift.properties), Some(&["/MaxSize".to_owned()][..]));
            }
            (Err(reason), Err(words)) => assert!(reason.contains(words), "{statuses:?}: {reason}"),
            (drift, _) => panic!("{statuses:?}: {drift:?}"),
        }
        assert!(
            canned
                .requests("DetectStackDrift")
                .iter()
                .any(|form| form.contains("LogicalResourceIds.member.1=Touched"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_spoils_nothing_else() {
    let found = gather(&drifting(&["DETECTION_COMPLETE"]).cloud(), &[]).await;
    assert_eq!(found.stack.rollback_triggers, ["arn:alarm"]);
    assert!(found.caller_arn.is_err_and(|reason| reason.contains("sts:GetCallerIdentity")));
    assert!(found.newest_recovery_point.is_err());
    assert_eq!(found.databases, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn the_newest_recovery_point_of_the_deployments_own_resources() {
    let points = |list: &[(&str, &str, f64)]| {
        let points: Vec<_> = list
            .iter()
            .map(|(arn, status, at)| serde_json::json!({"ResourceArn": arn, "Status": status, "CompletionDate": at}))
            .collect();
        serde_json::json!({"RecoveryPoints": points}).to_string()
    };
    let one = points(&[
        ("arn:aws:rds:us-east-1:1:db:main", "COMPLETED", 1000.5),
        ("arn:aws:rds:us-east-1:1:db:main", "PARTIAL", 5000.0),
        ("arn:aws:rds:us-east-1:1:db:not-main", "COMPLETED", 6000.0),
    ]);
    let other = points(&[("arn:aws:ec2:us-east-1:1:volume/vol-1", "COMPLETED", 2000.0)]);
    let canned = drifting(&["DETECTION_COMPLETE"])
        .with(
            "/backup-vaults/",
            &[
                (200, r#"{"BackupVaultList": [{"BackupVaultName": "a"}], "NextToken": "t/1"}"#),
                (200, r#"{"BackupVaultList": [{"BackupVaultName": "b c"}]}"#),
            ],
        )
        .with("/backup-vaults/a/recovery-points/", &[(200, &one)])
        .with("/backup-vaults/b%20c/recovery-points/", &[(200, &other)]);
    for (ids, newest) in [
        (&["main"][..], Some(Timestamp(1_000_500))),
        (&["main", "vol-1"], Some(Timestamp(2_000_000))),
        (&["bucket"], None),
    ] {
        let resources: Vec<_> = ids
            .iter()
            .map(|id| upgrade::LogicalResource { logical_id: "X".to_owned(), physical_id: (*id).to_owned() })
            .collect();
        // The vaults' pages are given once, so each case has its own.
        let again = canned.clone().with(
            "/backup-vaults/",
            &[
                (200, r#"{"BackupVaultList": [{"BackupVaultName": "a"}], "NextToken": "t/1"}"#),
                (200, r#"{"BackupVaultList": [{"BackupVaultName": "b c"}]}"#),
            ],
        );
        assert_eq!(gather(&again.cloud(), &resources).await.newest_recovery_point, Ok(newest), "{ids:?}");
    }
    assert!(canned.requests("nextToken=t%2F1").len() >= 3);
}

#[tokio::test(start_paused = true)]
async fn machines_come_in_pages_and_without_those_of_groups() {
    let page = |ids: &[(&str, &str)], token: &str| {
        let items: String = ids
            .iter()
            .map(|(id, tag)| format!("<item><instancesSet><item><instanceId>{id}</instanceId><instanceState><code>16</code><name>running</name></instanceState><tagSet><item><key>{tag}</key><value>v</value></item></tagSet></item></instancesSet></item>"))
            .collect();
        format!(
            "<DescribeInstancesResponse><reservationSet>{items}</reservationSet>{token}</DescribeInstancesResponse>"
        )
    };
    let first =
        page(&[("i-2", "dedicated"), ("i-3", "aws:autoscaling:groupName")], "<nextToken>more</nextToken>");
    let second = page(&[("i-1", "dedicated")], "<nextToken/>");
    let canned = Canned::default().with("DescribeInstances", &[(200, &first), (200, &second)]);
    let query = FleetQuery::Machines { tags: vec![("dedicated".to_owned(), None)] }.into();
    let Observation::Machines(machines) = canned.cloud().observe(&query).await.expect("machines") else {
        panic!("machines")
    };
    assert_eq!(
        machines.iter().map(|machine| machine.instance_id.as_str()).collect::<Vec<_>>(),
        ["i-1", "i-2"]
    );
    assert!(canned.requests("NextToken=more").len() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_set_is_asked_for_with_everything_that_was_proposed() {
    let made = "<CreateChangeSetResponse><CreateChangeSetResult><Id>i</Id></CreateChangeSetResult></CreateChangeSetResponse>";
    let canned = Canned::default().with("CreateChangeSet", &[(200, made)]);
    let proposal = |full: bool| Proposal {
        change_set_name: "c".to_owned(),
        template_url: "https://x".to_owned(),
        template_sha256: String::new(),
        parameters: vec![],
        capabilities: vec![],
        role_arn: full.then(|| "arn:aws:iam::1:role/deploy".to_owned()),
        tags: full.then(|| vec![("a".to_owned(), "b".to_owned())]),
        notification_arns: full.then(|| vec!["arn:topic".to_owned()]),
        rollback_triggers: full.then(|| vec!["arn:alarm".to_owned()]),
        monitoring_minutes: full.then_some(15),
    };
    for full in [true, false] {
        let act = StackAct::CreateChangeSet {
            update: UpdateKind::Primary,
            stack_id: "s".to_owned(),
            proposal: proposal(full),
        };
        canned.cloud().act(&act.into()).await.expect("made");
        let form = canned.requests("CreateChangeSet").pop().expect("a request");
        for part in [
            "RoleARN=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdeploy",
            "Tags.member.1.Key=a",
            "NotificationARNs.member.1=arn%3Atopic",
            "RollbackConfiguration.RollbackTriggers.member.1.Arn=arn%3Aalarm",
            "RollbackConfiguration.RollbackTriggers.member.1.Type=AWS%3A%3ACloudWatch%3A%3AAlarm",
            "RollbackConfiguration.MonitoringTimeInMinutes=15",
        ] {
            assert_eq!(form.contains(part), full, "{part}: {form}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_ec2_are_sorted_by_code_and_status() {
    let ec2 = |code: &str| {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>words</Message></Error></Errors></Response>"
        )
    };
    for (status, body, kind, words) in [
        (503, ec2("RequestLimitExceeded"), PortErrorKind::Transient, "RequestLimitExceeded: words"),
        (
            403,
            ec2("UnauthorizedOperation"),
            PortErrorKind::Refused,
            "needs the permission ec2:DescribeInstances",
        ),
        (400, ec2("RequestExpired"), PortErrorKind::Expired, "have expired"),
        (500, String::new(), PortErrorKind::Transient, "unknown error"),
        (200, "no XML".to_owned(), PortErrorKind::Transient, "not"),
    ] {
        let canned = Canned::default().with("DescribeInstances", &[(status, &body)]);
        let query = FleetQuery::Machines { tags: vec![("dedicated".to_owned(), None)] }.into();
        let error = canned.cloud().observe(&query).await.expect_err("refused");
        assert_eq!((error.kind, error.operation.as_str()), (kind, "ec2:DescribeInstances"), "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(!error.message.contains("secret-key"), "{error}");
        // In this process nothing is tried twice.
        assert_eq!(canned.requests("DescribeInstances").len(), 1);
    }
}

//! Answers about groups, queues, alarms and rules that the local cloud doesn't give, as the services' API references show
//! them; and which calls a look is made of.

use conductor::Cloud;
use upgrade::{
    AdmittingRule, CalmParts, CalmSeen, DoorSeen, FleetAct, FleetQuery, Gate, GateRuleSeen, JobQueue, Memory,
    NotedResource, Observation, OtherRule, PortErrorKind,
};

use crate::canned::{Canned, refusal};

async fn ask(canned: &Canned, query: FleetQuery) -> Observation {
    canned.cloud().observe(&query.into()).await.expect("an answer")
}

fn rule(arn: &str, priority: &str, action: &str) -> String {
    format!(
        "<member><RuleArn>{arn}</RuleArn><Priority>{priority}</Priority><Actions><member>{action}</member></Actions></member>"
    )
}

fn rules(members: &[String], marker: &str) -> String {
    format!(
        "<DescribeRulesResponse><DescribeRulesResult><Rules>{}</Rules>{marker}</DescribeRulesResult></DescribeRulesResponse>",
        members.concat()
    )
}

fn tags_of(arn: &str, tags: &[(&str, &str)]) -> String {
    let tags = tags
        .iter()
        .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"))
        .collect::<String>();
    format!("<member><ResourceArn>{arn}</ResourceArn><Tags>{tags}</Tags></member>")
}

#[tokio::test(start_paused = true)]
async fn a_gate_rule_is_known_by_its_runs_tag_with_or_without_a_note() {
    const FORWARD: &str = "<Type>forward</Type><TargetGroupArn>arn:group</TargetGroupArn>";
    const PAGE: &str =
        "<Type>fixed-response</Type><FixedResponseConfig><StatusCode>503</StatusCode></FixedResponseConfig>";
    let first = rules(
        &[rule("arn:owners", "5", PAGE), rule("arn:admits", "1", FORWARD)],
        "<NextMarker>more</NextMarker>",
    );
    let second = rules(&[rule("arn:closes", "9", PAGE), rule("arn:default", "default", FORWARD)], "");
    let tags = [
        // Its owner's page, noted by somebody: no run made it.
        tags_of("arn:owners", &[("slackwater:before", "at=1")]),
        // As releases before the note made them.
        tags_of("arn:admits", &[("slackwater:run-id", "run-1")]),
        tags_of("arn:closes", &[("slackwater:before", "at=2 run=run-2"), ("slackwater:run-id", "run-2")]),
    ];
    let tags = format!(
        "<DescribeTagsResponse><DescribeTagsResult><TagDescriptions>{}</TagDescriptions></DescribeTagsResult></DescribeTagsResponse>",
        tags.concat()
    );
    let canned = Canned::default()
        .with("DescribeRules", &[(200, &first), (200, &second)])
        .with("DescribeTags", &[(200, &tags)]);
    let seen = |arn: &str, priority, run_id: &str, closes, note: Option<&str>| GateRuleSeen {
        rule_arn: arn.to_owned(),
        priority: Some(priority),
        run_id: run_id.to_owned(),
        closes,
        note: note.map(str::to_owned),
    };
    let wanted = vec![
        seen("arn:admits", 1, "run-1", false, None),
        seen("arn:closes", 9, "run-2", true, Some("at=2 run=run-2")),
    ];
    let listener_arn = "arn:listener".to_owned();
    let owners =
        OtherRule { rule_arn: "arn:owners".to_owned(), priority: 5, remembered: Some("at=1".to_owned()) };
    let door =
        DoorSeen { listener_arn: listener_arn.clone(), exists: true, rules: wanted, others: vec![owners] };
    let found = ask(&canned, FleetQuery::GateRules { listener_arns: vec![listener_arn] }).await;
    assert_eq!(found, Observation::GateRules(vec![door]));
    assert_eq!(canned.requests("Marker=more").len(), 1);
    assert!(canned.requests("arn%3Adefault").is_empty(), "the default rule can't be ours");
}

#[tokio::test(start_paused = true)]
async fn a_copied_rule_keeps_all_that_is_shown_of_it() {
    const SHOWN: &str = "<member><RuleArn>arn:original</RuleArn><Priority>5</Priority><Conditions>\
        <member><Field>path-pattern</Field><Values><member>/api/*</member></Values>\
        <PathPatternConfig><Values><member>/api/*</member></Values></PathPatternConfig></member>\
        <member><Field>query-string</Field><QueryStringConfig><Values><member><Key>a b</Key><Value>c</Value></member>\
        </Values></QueryStringConfig></member></Conditions><Actions>\
        <member><Order>1</Order><Type>authenticate-cognito</Type><AuthenticateCognitoConfig>\
        <AuthenticationRequestExtraParams><entry><key>p</key><value>q</value></entry></AuthenticationRequestExtraParams>\
        </AuthenticateCognitoConfig></member>\
        <member><Order>2</Order><Type>forward</Type><TargetGroupArn>arn:one</TargetGroupArn><ForwardConfig><TargetGroups>\
        <member><TargetGroupArn>arn:one</TargetGroupArn><Weight>3</Weight></member></TargetGroups>\
        <TargetGroupStickinessConfig><Enabled>false</Enabled></TargetGroupStickinessConfig></ForwardConfig></member>\
        <member><Type>redirect</Type><RedirectConfig><Query/></RedirectConfig></member></Actions></member>";
    let canned = Canned::default()
        .with("DescribeRules", &[(200, &rules(&[SHOWN.to_owned()], ""))])
        .with("CreateRule", &[(200, "<CreateRuleResponse/>")]);
    let admitting = AdmittingRule {
        priority: 1,
        copy_of: "arn:original".to_owned(),
        addresses: vec!["192.0.2.0/24".to_owned()],
    };
    let close = FleetAct::CloseGate {
        listener_arn: "arn:listener".to_owned(),
        gate: Gate {
            priority: 9,
            status_code: 503,
            content_type: "text/plain".to_owned(),
            body: "Maintenance".to_owned(),
            admitted: admitting.addresses.clone(),
            admitting_rules: vec![admitting],
            makes_room: vec![],
        },
        run_id: "run-1".to_owned(),
        note: "at=1".to_owned(),
        missing: vec![1],
    };
    canned.cloud().act(&close.into()).await.expect("closed");
    let form = canned.requests("CreateRule").pop().expect("a request");
    let sent = form.split_once("Version=2015-12-01&").expect("a form").1.split('&').collect::<Vec<_>>();
    assert_eq!(
        sent,
        [
            "ListenerArn=arn%3Alistener",
            "Priority=1",
            "Tags.member.1.Key=slackwater%3Arun-id",
            "Tags.member.1.Value=run-1",
            "Tags.member.2.Key=slackwater%3Abefore",
            "Tags.member.2.Value=at%3D1",
            "Conditions.member.1.Field=path-pattern",
            "Conditions.member.1.PathPatternConfig.Values.member.1=%2Fapi%2F*",
            "Conditions.member.2.Field=query-string",
            "Conditions.member.2.QueryStringConfig.Values.member.1.Key=a+b",
            "Conditions.member.2.QueryStringConfig.Values.member.1.Value=c",
            "Conditions.member.3.Field=source-ip",
            "Conditions.member.3.SourceIpConfig.Values.member.1=192.0.2.0%2F24",
            "Actions.member.1.Order=1",
            "Actions.member.1.Type=authenticate-cognito",
            "Actions.member.1.AuthenticateCognitoConfig.AuthenticationRequestExtraParams.entry.1.key=p",
            "Actions.member.1.AuthenticateCognitoConfig.AuthenticationRequestExtraParams.entry.1.value=q",
            "Actions.member.2.Order=2",
            "Actions.member.2.Type=forward",
            "Actions.member.2.ForwardConfig.TargetGroups.member.1.TargetGroupArn=arn%3Aone",
            "Actions.member.2.ForwardConfig.TargetGroups.member.1.Weight=3",
            "Actions.member.2.ForwardConfig.TargetGroupStickinessConfig.Enabled=false",
            "Actions.member.3.Type=redirect",
            "Actions.member.3.RedirectConfig.Query=",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_may_not_be_looked_at_is_not_taken_for_gone() {
    let parts = CalmParts { listener_arns: vec!["arn:listener".to_owned()], ..CalmParts::default() };
    for (status, code, kind) in [
        (400, "ListenerNotFound", None),
        (403, "AccessDenied", Some(PortErrorKind::Refused)),
        (400, "Throttling", Some(PortErrorKind::Transient)),
    ] {
        let canned = Canned::default().with("DescribeRules", &[(status, &refusal(code, "words"))]);
        let found = canned.cloud().observe(&FleetQuery::Calm(parts.clone()).into()).await;
        match (found, kind) {
            (Ok(Observation::Calm(CalmSeen { doors, .. })), None) => {
                let exists: Vec<bool> = doors.iter().map(|door| door.exists).collect();
                assert_eq!(exists, [false], "{code}");
            }
            (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{code}: {error}"),
            (found, _) => panic!("{code}: {found:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn why_a_queue_is_invalid_is_told_in_batchs_words() {
    let answer = r#"{"jobQueues": [
        {"jobQueueArn": "arn:a", "state": "ENABLED", "status": "INVALID", "statusReason": "CLIENT_ERROR - no role"},
        {"jobQueueArn": "arn:b", "state": "DISABLED", "status": "UPDATING", "tags": {"slackwater:before": "state=ENABLED"}}
    ]}"#;
    let canned = Canned::default().with("/v1/describejobqueues", &[(200, answer)]);
    let queue = |arn: &str, enabled, status: &str, reason: Option<&str>, note: Option<&str>| JobQueue {
        arn: arn.to_owned(),
        enabled,
        status: status.to_owned(),
        status_reason: reason.map(str::to_owned),
        remembered: note.map(str::to_owned),
    };
    let wanted = Observation::JobQueues(vec![
        queue("arn:a", true, "INVALID", Some("CLIENT_ERROR - no role"), None),
        queue("arn:b", false, "UPDATING", None, Some("state=ENABLED")),
    ]);
    let arns = vec!["arn:a".to_owned(), "arn:b".to_owned()];
    assert_eq!(ask(&canned, FleetQuery::JobQueues { arns }).await, wanted);
}

#[tokio::test(start_paused = true)]
async fn instances_are_tagged_five_hundred_a_call_and_their_notes_come_in_pages() {
    const DONE: &str = "<Response><return>true</return></Response>";
    let canned = Canned::default().with("CreateTags", &[(200, DONE)]).with("DeleteTags", &[(200, DONE)]);
    let things: Vec<NotedResource> =
        (0..1002).map(|number| NotedResource::Instance(format!("i-{number}"))).collect();
    // 1,001 that say the same, and one that says something else.
    let memories = things.iter().enumerate().map(|(number, thing)| {
        let text = if number == 7 { "protected=0" } else { "protected=1" };
        Memory { resource: thing.clone(), text: text.to_owned() }
    });
    let remember = FleetAct::Remember { memories: memories.collect() };
    canned.cloud().act(&remember.into()).await.expect("noted");
    let count = |operation: &str, words: &str| {
        canned.requests(operation).iter().filter(|request| request.contains(words)).count()
    };
    let value = |text: &str| format!("Tag.1.Value=protected%3D{text}");
    assert_eq!((count("CreateTags", &value("1")), count("CreateTags", &value("0"))), (3, 1));
    assert_eq!(count("CreateTags", "ResourceId.501="), 0);
    canned.cloud().act(&FleetAct::Forget { resources: things }.into()).await.expect("taken off");
    // The key alone: with a value, an empty one too, only a tag of that value is deleted (EC2 API reference, DeleteTags).
    assert_eq!((count("DeleteTags", "Tag.1.Key=slackwater%3Abefore"), count("DeleteTags", "Value")), (3, 0));

    let group = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>g</AutoScalingGroupName><Instances>INSTANCES</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
    let instances = ["i-1", "i-2", "i-3"].map(|id| format!("<member><InstanceId>{id}</InstanceId></member>"));
    let tags = |id: &str, token: &str| {
        format!(
            "<DescribeTagsResponse><tagSet><item><resourceId>{id}</resourceId><key>slackwater:before</key><value>of {id}</value></item></tagSet>{token}</DescribeTagsResponse>"
        )
    };
    let hooks = "<DescribeLifecycleHooksResponse><DescribeLifecycleHooksResult><LifecycleHooks/></DescribeLifecycleHooksResult></DescribeLifecycleHooksResponse>";
    for (instances, notes, calls) in [
        (instances.concat(), vec![None, Some("of i-2"), Some("of i-3")], 2),
        // Where nobody is there is no note to ask for.
        (String::new(), vec![], 0),
    ] {
        let canned = Canned::default()
            .with("DescribeAutoScalingGroups", &[(200, &group.replace("INSTANCES", &instances))])
            .with("DescribeLifecycleHooks", &[(200, hooks)])
            .with(
                "DescribeTags",
                &[(200, &tags("i-3", "<nextToken>more</nextToken>")), (200, &tags("i-2", "<nextToken/>"))],
            );
        let query = FleetQuery::WorkerGroups { names: vec!["g".to_owned()] };
        let Observation::WorkerGroups(groups) = ask(&canned, query).await else { panic!("groups") };
        let seen = groups.iter().flat_map(|group| &group.instances);
        assert_eq!(seen.map(|one| one.remembered.as_deref()).collect::<Vec<_>>(), notes);
        assert_eq!(canned.requests("DescribeTags").len(), calls);
    }
}

const ALARMS: &str = "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member><AlarmName>acts</AlarmName><AlarmArn>arn:acts</AlarmArn><ActionsEnabled>true</ActionsEnabled></member></MetricAlarms><CompositeAlarms><member><AlarmName>muted</AlarmName><AlarmArn>arn:muted</AlarmArn><ActionsEnabled>false</ActionsEnabled></member></CompositeAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>";
const STACK: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
const BODY: &str = "<GetTemplateResponse><GetTemplateResult><TemplateBody>{}</TemplateBody></GetTemplateResult></GetTemplateResponse>";

fn alarm_tags(tags: &str) -> String {
    format!(
        "<ListTagsForResourceResponse><ListTagsForResourceResult><Tags>{tags}</Tags></ListTagsForResourceResult></ListTagsForResourceResponse>"
    )
}

#[tokio::test(start_paused = true)]
async fn an_alarms_note_is_a_call_of_its_own_so_it_is_asked_for_only_where_it_matters() {
    let noted = alarm_tags(
        "<member><Key>team</Key><Value>red</Value></member><member><Key>slackwater:before</Key><Value>at=1</Value></member>",
    );
    let names = vec!["acts".to_owned(), "muted".to_owned()];
    let parts = CalmParts { alarm_names: names.clone(), ..CalmParts::default() };
    let stack_id = "s".to_owned();
    for (query, asked_of) in [
        (FleetQuery::Alarms { names }, vec!["acts", "muted"]),
        (FleetQuery::Standing { stack_id, parts: parts.clone(), version_sources: vec![] }, vec!["muted"]),
        (FleetQuery::Calm(parts), vec![]),
    ] {
        let canned = Canned::default()
            .with("DescribeAlarms", &[(200, ALARMS)])
            .with("DescribeStacks", &[(200, STACK)])
            .with("GetTemplate", &[(200, BODY)])
            .with("ListTagsForResource", &[(200, &noted)]);
        let alarms = match ask(&canned, query).await {
            Observation::Alarms(alarms) => alarms,
            Observation::Calm(seen) => seen.alarms,
            Observation::Standing(seen) => {
                // A template that tells no version.
                assert_eq!((seen.stack_status.as_str(), seen.version), ("UPDATE_COMPLETE", None));
                seen.calm.alarms
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(alarms.iter().map(|alarm| alarm.actions_enabled).collect::<Vec<_>>(), [true, false]);
        let with_note = alarms.iter().filter(|alarm| alarm.remembered.as_deref() == Some("at=1"));
        assert_eq!(with_note.map(|alarm| alarm.name.as_str()).collect::<Vec<_>>(), asked_of);
        assert_eq!(canned.requests("ListTagsForResource").len(), asked_of.len());
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_goes_away_meanwhile_has_no_note_and_one_that_is_denied_is_an_error() {
    let forget = FleetAct::Forget { resources: vec![NotedResource::Alarm("muted".to_owned())] };
    for (status, code, permission) in [
        (404, "ResourceNotFound", None),
        // As the service's JSON protocol calls it.
        (404, "ResourceNotFoundException", None),
        (403, "AccessDenied", Some("needs the permission cloudwatch:")),
    ] {
        let body = refusal(code, "words");
        let canned = Canned::default()
            .with("DescribeAlarms", &[(200, ALARMS)])
            .with("ListTagsForResource", &[(status, &body)])
            .with("UntagResource", &[(status, &body)]);
        let query = FleetQuery::Alarms { names: vec!["muted".to_owned()] };
        let seen = canned.cloud().observe(&query.into()).await;
        let forgotten = canned.cloud().act(&forget.clone().into()).await;
        match permission {
            None => {
                let Ok(Observation::Alarms(alarms)) = seen else { panic!("{code}: {seen:?}") };
                assert!(alarms.iter().all(|alarm| alarm.remembered.is_none()), "{code}");
                assert_eq!(forgotten, Ok(()), "{code}");
            }
            Some(words) => {
                for error in [seen.expect_err("denied"), forgotten.expect_err("denied")] {
                    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");
                    assert!(error.message.contains(words), "{error}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_calm_of_nothing_is_no_call() {
    let canned = Canned::default();
    let seen = ask(&canned, FleetQuery::Calm(CalmParts::default())).await;
    assert_eq!(seen, Observation::Calm(CalmSeen::default()));
    assert_eq!(canned.requests(""), Vec::<String>::new());
}

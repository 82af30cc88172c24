//! The account's hooks, as a run is told of them: which will look at an update, what they found, and what can't be read of that.

use std::time::Duration;

use localcloud::Faults;
use serde_json::{Value, json};
use upgrade::{Observation, Query, StackEvent, StackQuery, UpdateKind};

use conductor::Cloud as _;

use crate::canned::{Canned, refusal};
use crate::common::{Bench, TEMPLATE};
use crate::updates::{Update, change_set};

const GUARD: &str = "Acme::Guard::Hook";

fn set(bench: &Bench, hooks: &Value, calls: &Value) {
    let faults = json!({"hooks": hooks, "calls": calls});
    bench.local.set_faults(&Faults::from_json(&faults).expect("faults")).expect("set");
}

/// The queue and the database look different from what is deployed.
fn larger() -> String {
    TEMPLATE.replace("db.t4g.medium", "db.t4g.large")
}

fn guard(mode: &str) -> Value {
    json!({
        "type": GUARD, "stack": "platform", "logical_id": "Database", "mode": mode, "fails": true,
        "reason": "the class isn't allowed", "advice": "take db.t4g.medium",
    })
}

fn denied(operation: &str) -> Value {
    json!([{"service": "cloudformation", "operation": operation, "answer": "access_denied", "next": 1000}])
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_is_announced_and_told_with_its_advice() {
    let bench = Bench::with_platform().await;
    set(&bench, &json!([guard("FAIL")]), &json!([]));
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    update.create(&larger()).await;
    let seen = change_set(bench.ask(update.query()).await).expect("a change set").hooks.expect("asked");
    assert_eq!(
        seen.remarks("stack"),
        [
            "stack: the account's hooks will look at one resource before it is touched: Acme::Guard::Hook (FAIL) at Database"
        ]
    );
    bench.tell(&update.execute()).await;
    let events = update.ends_as("UPDATE_ROLLBACK_COMPLETE").await;
    let told: Vec<(&StackEvent, String)> =
        events.iter().filter_map(|event| Some((event, event.hook.as_ref()?.to_string()))).collect();
    let [(event, words)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        words,
        "Acme::Guard::Hook (FAIL): Hook failed with message: the class isn't allowed; it advises: take db.t4g.medium"
    );
    assert_eq!((event.logical_id.as_str(), event.status.as_str()), ("Database", "UPDATE_IN_PROGRESS"));
    let failed = events.iter().find(|event| event.is_root_failure()).expect("a failure");
    assert_eq!(
        (failed.logical_id.as_str(), failed.status_reason.as_deref()),
        ("Database", Some("The following hook(s) failed: [Acme::Guard::Hook]"))
    );
    // What was seen before isn't told again.
    let after = bench.ask(update.events(Some(event.event_id.clone()))).await;
    let Observation::StackEvents { events: rest, .. } = after else { panic!("{after:?}") };
    assert!(rest.iter().all(|event| event.hook.is_none()) && rest.len() < events.len(), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cant_be_read_of_hooks_is_said_and_fails_nothing() {
    let bench = Bench::with_platform().await;
    set(&bench, &json!([guard("FAIL")]), &denied("DescribeChangeSetHooks"));
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    update.create(&larger()).await;
    let seen = change_set(bench.ask(update.query()).await).expect("a change set");
    assert_eq!(seen.execution_status, "AVAILABLE");
    let said = seen.hooks.expect("asked").remarks("stack").join("\n");
    let words = "stack: which of the account's hooks will look at its update can't be read, which takes the right \
                 cloudformation:DescribeChangeSetHooks: AccessDenied";
    assert!(said.starts_with(words), "{said}");
    set(&bench, &json!([guard("FAIL")]), &denied("GetHookResult"));
    bench.tell(&update.execute()).await;
    let events = update.ends_as("UPDATE_ROLLBACK_COMPLETE").await;
    let said = events.iter().find_map(|event| event.hook.as_ref()).expect("told").to_string();
    let words = "Acme::Guard::Hook (FAIL): Hook failed with message: the class isn't allowed; what it advises can't be read, which \
                 takes the right cloudformation:GetHookResult: AccessDenied";
    assert!(said.starts_with(words), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_warning_is_told_and_isnt_asked_for_its_advice() {
    let bench = Bench::with_platform().await;
    set(&bench, &json!([guard("WARN")]), &denied("GetHookResult"));
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    update.create(&larger()).await;
    bench.tell(&update.execute()).await;
    let events = update.ends_as("UPDATE_COMPLETE").await;
    let found: Vec<String> =
        events.iter().filter_map(|event| Some(event.hook.as_ref()?.to_string())).collect();
    assert_eq!(found, ["Acme::Guard::Hook (WARN): Hook failed with message: the class isn't allowed"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_a_change_set_is_told_with_its_advice() {
    let bench = Bench::with_platform().await;
    let hook = json!({
        "type": GUARD, "stack": "platform", "target": "CHANGE_SET", "fails": true, "reason": "no ticket", "advice": "name one",
    });
    set(&bench, &json!([hook]), &json!([]));
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    update.ask_for(&larger()).await;
    bench.clock.sleep(Duration::from_secs(30)).await;
    let seen = change_set(bench.ask(update.query()).await).expect("a change set");
    assert_eq!((seen.status.as_str(), seen.hooks), ("FAILED", None));
    assert_eq!(
        seen.findings,
        ["the stack: Acme::Guard::Hook (FAIL): Hook failed with message: no ticket; it advises: name one"]
    );
}

fn event(number: u32, logical_id: &str, status: &str, more: &str) -> String {
    let kind = if logical_id == "s" { "AWS::CloudFormation::Stack" } else { "AWS::SQS::Queue" };
    format!(
        "<member><EventId>{number}</EventId><Timestamp>2026-01-01T00:00:00Z</Timestamp><LogicalResourceId>{logical_id}\
         </LogicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus>{more}</member>"
    )
}

/// The events of hooks may carry no token: they are the operation's whose events are around them, and never its first.
#[tokio::test(start_paused = true)]
async fn events_of_hooks_without_a_token_belong_to_the_operation_around_them() {
    let own = "<ClientRequestToken>ours</ClientRequestToken>";
    let other = "<ClientRequestToken>theirs</ClientRequestToken>";
    let hook = "<HookType>Acme::Guard::Hook</HookType><HookStatus>HOOK_COMPLETE_FAILED</HookStatus>\
                <HookStatusReason>no</HookStatusReason><HookFailureMode>FAIL</HookFailureMode>\
                <HookInvocationId>r</HookInvocationId>";
    let looking = "<HookType>Acme::Guard::Hook</HookType><HookStatus>HOOK_IN_PROGRESS</HookStatus>";
    let answer = |events: &[String]| {
        format!(
            "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{}</StackEvents>\
             </DescribeStackEventsResult></DescribeStackEventsResponse>",
            events.concat()
        )
    };
    let older = [event(2, "Q", "UPDATE_IN_PROGRESS", hook), event(1, "s", "UPDATE_IN_PROGRESS", other)];
    let mut newer = vec![
        event(6, "Q", "UPDATE_IN_PROGRESS", hook),
        event(5, "Q", "UPDATE_IN_PROGRESS", looking),
        event(4, "Q", "UPDATE_IN_PROGRESS", own),
        event(3, "s", "UPDATE_IN_PROGRESS", own),
    ];
    newer.extend(older.clone());
    for (events, expected) in [(&older[..], vec![]), (&newer[..], vec!["3", "4", "6"])] {
        let canned = Canned::default()
            .with("DescribeStackEvents", &[(200, &answer(events))])
            .with("GetHookResult", &[(404, &refusal("HookResultNotFound", "gone"))]);
        let query = Query::from(StackQuery::Events {
            update: UpdateKind::Primary,
            stack_id: "arn:aws:cloudformation:us-east-1:1:stack/s/u".to_owned(),
            client_request_token: "ours".to_owned(),
            after_event_id: None,
            worker_groups: Vec::new(),
        });
        let Ok(Observation::StackEvents { events: told, .. }) = canned.cloud().observe(&query).await else {
            panic!("events are told")
        };
        let ids: Vec<&str> = told.iter().map(|event| event.event_id.as_str()).collect();
        assert_eq!(ids, expected);
        let words = told.last().and_then(|event| event.hook.as_ref()).map(ToString::to_string);
        assert!(
            words.is_none_or(|words| words
                == "Acme::Guard::Hook (FAIL): no; what it advises can't be read: HookResultNotFound: gone"),
            "{told:?}"
        );
    }
}

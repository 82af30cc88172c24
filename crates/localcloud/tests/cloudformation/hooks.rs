//! The account's hooks: which will look at a change set, what they do to an update, and what they said.

use localcloud::Faults;
use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, lines, template};

const GUARD: &str = "Acme::Guard::Hook";

/// A stack `s` with a queue and a parameter, in an account with these hooks.
fn stand(hooks: Value) -> Cloud {
    let mut cloud = Cloud::new();
    cloud.create("s", &body(3, "a"));
    cloud.world.faults = Faults::from_json(&json!({"hooks": hooks})).expect("faults");
    cloud
}

fn body(delay: u32, value: &str) -> Value {
    template(json!({
        "Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": delay}},
        "P": {"Type": "AWS::SSM::Parameter", "DependsOn": "Q", "Properties": {"Name": "p", "Type": "String", "Value": value}},
    }))
}

fn make(cloud: &mut Cloud, body: &Value) -> Value {
    let request = json!({
        "StackName": "s", "ChangeSetName": "c", "TemplateBody": body.to_string(), "Capabilities": CAPABILITIES,
    });
    cloud.get("CreateChangeSet", request);
    cloud.pass(60);
    cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}))
}

fn update(cloud: &mut Cloud, body: &Value) {
    assert_eq!(make(cloud, body)["Status"], "CREATE_COMPLETE");
    cloud.get("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    cloud.settle();
}

/// What events tell of hooks, oldest first.
fn told(cloud: &mut Cloud, stack: &str) -> Vec<Value> {
    let mut events = cloud.all("DescribeStackEvents", "StackEvents", json!({"StackName": stack}));
    events.reverse();
    events.into_iter().filter(|event| event.get("HookType").is_some()).collect()
}

fn result(cloud: &mut Cloud, event: &Value) -> Value {
    cloud.get("GetHookResult", json!({"HookResultId": event["HookInvocationId"]}))
}

#[test]
fn a_change_set_says_which_hooks_will_look_at_what() {
    let mut cloud = stand(json!([
        {"type": GUARD, "stack": "s", "logical_id": "Q", "mode": "FAIL", "fails": true, "reason": "no"},
        {"type": "Acme::Names::Hook", "stack": "*", "mode": "WARN"},
        {"type": "Acme::Other::Hook", "stack": "another", "mode": "WARN"},
    ]));
    let request = json!({"StackName": "s", "ChangeSetName": "c", "TemplateBody": body(4, "b").to_string()});
    cloud.get("CreateChangeSet", request);
    let named = json!({"StackName": "s", "ChangeSetName": "c"});
    let answer = cloud.get("DescribeChangeSetHooks", named.clone());
    assert_eq!((&answer["Status"], &answer["Hooks"]), (&json!("PLANNING"), &json!([])));
    cloud.pass(60);
    let made = cloud.get("DescribeChangeSet", named.clone());
    let answer = cloud.get("DescribeChangeSetHooks", named);
    for name in ["ChangeSetId", "ChangeSetName", "StackId", "StackName"] {
        assert_eq!(answer[name], made[name], "{name}");
    }
    assert_eq!(answer["Status"], "PLANNED");
    let listed = |answer: &Value| -> Vec<String> {
        let hooks = answer["Hooks"].as_array().cloned().unwrap_or_default();
        let line = |hook: &Value| {
            let target = &hook["TargetDetails"]["ResourceTargetDetails"];
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            [&hook["TypeName"], &hook["FailureMode"], &target["LogicalResourceId"], &target["ResourceAction"]]
                .map(text)
                .join(" ")
        };
        hooks.iter().map(line).collect()
    };
    assert_eq!(
        listed(&answer),
        [
            "Acme::Names::Hook WARN P Modify",
            "Acme::Guard::Hook FAIL Q Modify",
            "Acme::Names::Hook WARN Q Modify",
        ]
    );
    let first = &answer["Hooks"][0];
    assert_eq!(
        (&first["InvocationPoint"], &first["TargetDetails"]["TargetType"]),
        (&json!("PRE_PROVISION"), &json!("RESOURCE"))
    );
    let of_one = json!({"ChangeSetName": made["ChangeSetId"], "LogicalResourceId": "P"});
    assert_eq!(listed(&cloud.get("DescribeChangeSetHooks", of_one)), ["Acme::Names::Hook WARN P Modify"]);
    // What can't be found is said as of the change set itself.
    for wrong in [
        json!({"ChangeSetName": "c"}),
        json!({"ChangeSetName": "x", "StackName": "s"}),
        json!({"ChangeSetName": "c", "StackName": "nowhere"}),
        json!({"ChangeSetName": "c", "StackName": "s", "NextToken": "x"}),
    ] {
        let words = cloud.refused("DescribeChangeSet", wrong.clone());
        assert_eq!(cloud.refused("DescribeChangeSetHooks", wrong), words);
    }
}

#[test]
fn many_hooks_come_in_pages() {
    let hooks: Vec<Value> =
        (0..120).map(|number| json!({"type": format!("Acme::Guard::Hook{number}"), "stack": "s"})).collect();
    let mut cloud = stand(json!(hooks));
    make(&mut cloud, &body(4, "b"));
    let named = json!({"StackName": "s", "ChangeSetName": "c"});
    assert_eq!(cloud.all("DescribeChangeSetHooks", "Hooks", named).len(), 240);
}

#[test]
fn a_hook_that_fails_ends_the_update_before_the_service_is_asked() {
    let mut cloud = stand(json!([
        {"type": GUARD, "stack": "s", "logical_id": "P", "mode": "FAIL", "fails": true, "reason": "value b", "advice": "take a"},
        {"type": "Acme::Names::Hook", "stack": "s", "logical_id": "P"},
    ]));
    let before = cloud.stored_parameters();
    let from = lines(&mut cloud, "s", 0).len();
    update(&mut cloud, &body(4, "b"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(cloud.stored_parameters(), before);
    let lines = lines(&mut cloud, "s", from);
    let failed = "P UPDATE_FAILED The following hook(s) failed: [Acme::Guard::Hook]";
    assert!(lines.iter().any(|line| line == failed), "{lines:#?}");
    let told = told(&mut cloud, "s");
    let said: Vec<(&str, &str, &str)> = told
        .iter()
        .map(|event| {
            assert_eq!(
                (&event["LogicalResourceId"], &event["ResourceStatus"], &event["HookInvocationPoint"]),
                (&json!("P"), &json!("UPDATE_IN_PROGRESS"), &json!("PRE_PROVISION"))
            );
            let text = |name: &str| event[name].as_str().unwrap_or("-");
            (text("HookType"), text("HookStatus"), text("HookStatusReason"))
        })
        .collect();
    assert_eq!(
        said,
        [
            (GUARD, "HOOK_IN_PROGRESS", "Invoking hook"),
            ("Acme::Names::Hook", "HOOK_IN_PROGRESS", "Invoking hook"),
            (GUARD, "HOOK_COMPLETE_FAILED", "Hook failed with message: value b"),
            ("Acme::Names::Hook", "HOOK_COMPLETE_SUCCEEDED", "Hook succeeded"),
        ]
    );
    assert_eq!(told[0]["HookInvocationId"], told[2]["HookInvocationId"]);
    let found = result(&mut cloud, &told[2]);
    assert_eq!(
        (&found["Status"], &found["FailureMode"], &found["TypeName"]),
        (&json!("HOOK_COMPLETE_FAILED"), &json!("FAIL"), &json!(GUARD))
    );
    assert_eq!(
        found["Target"],
        json!({"TargetType": "RESOURCE", "TargetTypeName": "AWS::SSM::Parameter", "TargetId": "P", "Action": "UPDATE"})
    );
    assert_eq!(found["Annotations"][0]["RemediationMessage"], "take a");
    assert_eq!(result(&mut cloud, &told[3])["Annotations"], Value::Null);
    // DescribeEvents has a kind of its own for it, and doesn't tell the id.
    let request = json!({"StackName": "s", "Filters": {"FailedEvents": true}});
    let events = cloud.all("DescribeEvents", "OperationEvents", request);
    let of_hook: Vec<&Value> =
        events.iter().filter(|event| event["EventType"] == "HOOK_INVOCATION_ERROR").collect();
    assert_eq!(of_hook.len(), 1, "{events:#?}");
    assert_eq!((&of_hook[0]["HookType"], of_hook[0].get("HookInvocationId")), (&json!(GUARD), None));
}

#[test]
fn a_hook_that_warns_lets_the_update_go_on() {
    let mut cloud = stand(json!([
        {"type": GUARD, "stack": "s", "mode": "WARN", "fails": true, "reason": "value b"},
    ]));
    update(&mut cloud, &body(4, "b"));
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    assert_eq!(cloud.stored_parameters(), ["b"]);
    let told = told(&mut cloud, "s");
    let failed = told.iter().filter(|event| event["HookStatus"] == "HOOK_COMPLETE_FAILED");
    assert_eq!(failed.filter(|event| event["HookFailureMode"] == "WARN").count(), 2);
    let found = result(&mut cloud, told.last().expect("some"));
    assert_eq!((&found["Status"], found.get("Annotations")), (&json!("HOOK_COMPLETE_FAILED"), None));
}

#[test]
fn hooks_look_at_what_is_made_and_at_replacements_and_not_at_what_stays() {
    let mut cloud = stand(json!([
        {"type": GUARD, "stack": "t", "reason": "fine"},
        {"type": GUARD, "stack": "s", "logical_id": "P", "fails": true, "reason": "another name"},
    ]));
    cloud.create("t", &template(json!({"Q": {"Type": "AWS::SQS::Queue"}})));
    let made = lines(&mut cloud, "t", 0);
    let words = "Q CREATE_IN_PROGRESS Hook invocations complete.  Resource creation initiated";
    assert_eq!(made.iter().filter(|line| *line == words).count(), 1, "{made:#?}");
    assert_eq!(cloud.status("t"), "CREATE_COMPLETE");
    let looks = told(&mut cloud, "t");
    assert_eq!(looks[1]["HookStatusReason"], "Hook succeeded with message: fine");
    assert_eq!(result(&mut cloud, &looks[1])["Target"]["Action"], "CREATE");
    // The queue alone changes: nothing looks.
    update(&mut cloud, &body(4, "a"));
    assert_eq!((cloud.status("s").as_str(), told(&mut cloud, "s").len()), ("UPDATE_COMPLETE", 0));
    // A replacement is kept from being made.
    let mut renamed = body(4, "a");
    renamed["Resources"]["P"]["Properties"]["Name"] = json!("other");
    update(&mut cloud, &renamed);
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(cloud.stored_parameters(), ["a"]);
}

#[test]
fn a_hook_of_change_sets_fails_the_change_set_and_says_why() {
    let mut cloud = stand(json!([
        {"type": GUARD, "stack": "s", "target": "CHANGE_SET", "fails": true, "reason": "no tags", "advice": "add tags"},
        {"type": "Acme::Names::Hook", "stack": "s", "target": "CHANGE_SET"},
    ]));
    let made = make(&mut cloud, &body(4, "b"));
    assert_eq!(
        (&made["Status"], &made["StatusReason"]),
        (&json!("FAILED"), &json!("The following hook(s)/validation failed: [Acme::Guard::Hook]."))
    );
    let named = json!({"StackName": "s", "ChangeSetName": "c"});
    let answer = cloud.get("DescribeChangeSetHooks", named);
    assert_eq!((&answer["Status"], &answer["Hooks"]), (&json!("UNAVAILABLE"), &json!([])));
    let events = cloud.get("DescribeEvents", json!({"ChangeSetName": made["ChangeSetId"]}));
    let event = &events["OperationEvents"][0];
    assert_eq!(
        (&event["EventType"], &event["HookStatusReason"]),
        (&json!("HOOK_INVOCATION_ERROR"), &json!("Hook failed with message: no tags"))
    );
    let target = json!({"TargetType": "CHANGE_SET", "TargetId": made["ChangeSetId"]});
    let found = cloud.all("ListHookResults", "HookResults", target);
    let names: Vec<&Value> = found.iter().map(|one| &one["TypeName"]).collect();
    assert_eq!(names, ["Acme::Names::Hook", GUARD]);
    let found = cloud.get("GetHookResult", json!({"HookResultId": found[1]["HookResultId"]}));
    assert_eq!(found["Annotations"][0]["RemediationMessage"], "add tags");
    // What would change nothing is looked at by nobody.
    cloud.get("DeleteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    let made = make(&mut cloud, &body(3, "a"));
    assert!(made["StatusReason"].as_str().is_some_and(|reason| reason.contains("didn't contain changes")));
}

#[test]
fn what_no_hook_found_is_not_found() {
    let mut cloud = stand(json!([]));
    let unknown = "00000000-0000-0000-0000-000000000000";
    for (operation, request) in [
        ("GetHookResult", json!({"HookResultId": unknown})),
        ("ListHookResults", json!({"TargetType": "RESOURCE", "TargetId": "Q"})),
    ] {
        let error = cloud.ask(operation, request).expect_err("refused");
        assert_eq!((error.status, error.code.as_ref()), (404, "HookResultNotFound"), "{operation}");
    }
    assert!(cloud.refused("ListHookResults", json!({})).contains("isn't simulated in this local cloud"));
}

#[test]
fn hooks_are_the_same_in_a_world_of_the_same_seed() {
    let run = || {
        let hooks = json!({"hooks": [{"type": GUARD, "stack": "s", "logical_id": "P", "fails": true, "reason": "no"}]});
        let mut cloud = Cloud::new();
        cloud.service(Service::Control, "PutFaults", hooks).expect("set");
        cloud.create("s", &body(3, "a"));
        let told = told(&mut cloud, "s");
        let results: Vec<Value> = told.iter().map(|event| result(&mut cloud, event)).collect();
        assert_eq!(results.len(), 2);
        (told, results)
    };
    assert_eq!(run(), run());
}

//! The event sequences that AWS recorded, played again: the same statuses, reasons, properties and physical ids
//! in the same order.

use std::collections::BTreeMap;

use localcloud::{Config, Input};
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, read};

/// What can't be played, by a part of its name, with the reason.
const LEFT_OUT: [(&str, &str); 6] = [
    ("macro", "the macro's Lambda function isn't run here"),
    (
        "embedded_fn_transform_include[json]",
        "a snippet that writes over a key of the template is refused here",
    ),
    ("global_fn_transform_include", "what the snippet held doesn't show in the recording"),
    ("test_conditional_transform", "the macro's Lambda function isn't run here"),
    ("test_serverless_fn_transform", "names and the API's path are hidden behind placeholders"),
    ("test_remove_transform_in_update_change_set", "the macro's Lambda function isn't run here"),
];

fn cloud() -> Cloud {
    Cloud::with(Config { account_id: "111111111111".to_owned(), ..Config::default() })
}

/// The templates of recordings that came without, where the recording shows what they must have been; with the snippet
/// that `AWS::Include` read.
fn deduced(name: &str, case: Option<&Value>) -> Option<Value> {
    let parameter = |name: Option<&str>, value: &str| {
        let mut made =
            json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}});
        if let Some(name) = name {
            made["Properties"]["Name"] = json!(name);
        }
        made
    };
    let with = |policy: &str, made: Value| {
        let mut made = made;
        made[policy] = json!("Retain");
        json!({"Resources": {"MyParameter": made}})
    };
    let mut included = case.cloned();
    Some(match name {
        _ if name.ends_with("test_deletion_policy_with_retain") => {
            json!({"before": with("DeletionPolicy", parameter(None, "a"))})
        }
        _ if name.ends_with("test_update_replace_policy_retain") => json!({
            "before": with("UpdateReplacePolicy", parameter(Some("a"), "a")),
            "after": with("UpdateReplacePolicy", parameter(Some("b"), "a")),
        }),
        _ if name.ends_with("test_unrelated_changes_update_propagation") => {
            let second = parameter(None, "fixed");
            json!({
                "before": {"Resources": {"Parameter1": parameter(Some("p"), "a"), "Parameter2": second}},
                "after": {"Resources": {"Parameter1": parameter(Some("p"), "b"), "Parameter2": second}},
            })
        }
        _ if name.ends_with("test_embedded_fn_transform_include[yml]") => {
            let included = included.as_mut()?;
            included["snippet"] = json!({"Parameter2": parameter(Some("name-2-bd1e2d36"), "foo")});
            included.clone()
        }
        _ => return None,
    })
}

/// Create and update a stack through change sets, as the recording did.
fn play(case: &Value) -> Result<Cloud, String> {
    let mut cloud = cloud();
    if let Some(snippet) = case.get("snippet") {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(snippet.to_string());
        for (operation, input) in [
            ("CreateBucket", json!({"Bucket": "test-bucket-f00d0001"})),
            ("PutObject", json!({"Bucket": "test-bucket-f00d0001", "Key": "template", "Body": body})),
        ] {
            let service = localcloud::wire::Service::ObjectStorage;
            cloud.world.handle(cloud.now, service, operation, Input(&input)).expect("stored");
        }
    }
    for (kind, side) in [("CREATE", "before"), ("UPDATE", "after")] {
        if case.get(side).is_none() {
            continue;
        }
        let store = case[format!("ssm_{side}")].as_object().cloned().unwrap_or_default();
        for (name, value) in store {
            cloud.world.parameter_store.publish(&name, value.as_str().unwrap_or_default(), cloud.now);
        }
        let parameters: Value = case[format!("parameters_{side}")]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}))
            .collect();
        let request = json!({
            "StackName": "stack", "ChangeSetName": side, "ChangeSetType": kind, "Parameters": parameters,
            "TemplateBody": case[side].to_string(), "Capabilities": CAPABILITIES,
        });
        cloud.ask("CreateChangeSet", request).map_err(|error| format!("{side}: {error}"))?;
        cloud.pass(60);
        let named = json!({"StackName": "stack", "ChangeSetName": side});
        if let Err(error) = cloud.ask("ExecuteChangeSet", named.clone()) {
            let described = cloud.ask("DescribeChangeSet", named).map_err(|error| error.to_string())?;
            return Err(format!("{side}: {error} {}", described["StatusReason"]));
        }
        cloud.settle();
    }
    Ok(cloud)
}

/// Recordings have placeholders for what a world is made with.
fn read_json(path: &str) -> Option<Value> {
    let text = read(path)?
        .replace("<region>", "us-east-1")
        .replace("<partition>", "aws")
        .replace("<stack-name:1>", "stack");
    let text = text.replace("\"url_suffix\"", "\"amazonaws.com\"");
    Some(serde_json::from_str(&text).expect("shared test data is JSON"))
}

/// What is compared of an event. Physical ids are numbered by their first appearance.
fn told(events: &[Value], names: [&str; 4], whole: bool) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for event in events {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let [status, reason, physical_id, properties] = names;
        let id = text(physical_id).to_owned();
        let number = match ids.iter().position(|known| *known == id) {
            _ if id.is_empty() => 0,
            Some(place) => place + 1,
            None => {
                ids.push(id);
                ids.len()
            }
        };
        let mut line = text(status).to_owned();
        if whole {
            let shown = match event.get(properties) {
                // Recordings show no properties of what a clean-up deletes.
                _ if line.starts_with("DELETE") => String::new(),
                Some(Value::String(properties)) => canonical(properties),
                Some(properties) => canonical(&properties.to_string()),
                None => String::new(),
            };
            line = format!("{line} {number} {} {shown}", text(reason));
        }
        lines.push(line);
    }
    if !whole {
        lines.dedup();
    }
    lines
}

/// JSON with sorted keys and scalars as text; generated physical ids inside are cut at their random end.
fn canonical(text: &str) -> String {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(entries) => {
                let sorted_entries: BTreeMap<String, Value> =
                    entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
                json!(sorted_entries)
            }
            Value::Array(items) => items.into_iter().map(sorted).collect(),
            Value::String(text) => match ["CFN-", "stack-", "arn:aws:cloudformation:"]
                .iter()
                .any(|start| text.starts_with(start))
            {
                true => json!("generated"),
                false => json!(text),
            },
            other => json!(other.to_string()),
        }
    }
    sorted(serde_json::from_str(text).unwrap_or_default()).to_string()
}

fn check(recording: &Value, case: &Value) -> Result<(), String> {
    let mut cloud = play(case)?;
    if recording["includes_delete"] == true {
        cloud.get("DeleteStack", json!({"StackName": "stack"}));
        cloud.settle();
    }
    let id =
        cloud.world.cloudformation.newest_first().first().map(|stack| stack.id.clone()).unwrap_or_default();
    let events = cloud.events(&id);
    let whole = recording["shape"] == "full";
    let variant = recording["variant"].as_str().unwrap_or_default();
    for (logical_id, wanted) in recording["resources"].as_object().into_iter().flatten() {
        let ours: Vec<Value> = events
            .iter()
            .filter(|event| event["LogicalResourceId"] == logical_id.as_str())
            .filter(|event| {
                let deletes =
                    event["ResourceStatus"].as_str().is_some_and(|status| status.starts_with("DELETE"));
                !(variant.starts_with('B') && deletes)
            })
            .cloned()
            .collect();
        let ours = told(
            &ours,
            ["ResourceStatus", "ResourceStatusReason", "PhysicalResourceId", "ResourceProperties"],
            whole,
        );
        let theirs = wanted.as_array().cloned().unwrap_or_default();
        let theirs = told(&theirs, ["status", "reason", "physical_id", "properties"], whole);
        if ours != theirs {
            return Err(format!("{logical_id}:\n  ours   {ours:#?}\n  theirs {theirs:#?}"));
        }
    }
    let statuses: Vec<&str> = events
        .iter()
        .filter(|event| event["ResourceType"] == "AWS::CloudFormation::Stack")
        .filter_map(|event| event["ResourceStatus"].as_str())
        .filter(|status| whole || !status.contains("CLEANUP"))
        .filter(|status| !(variant.starts_with('B') && status.starts_with("DELETE")))
        .collect();
    let wanted: Vec<&str> =
        recording["stack_statuses"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if statuses == wanted {
        Ok(())
    } else {
        Err(format!("stack:\n  ours   {statuses:?}\n  theirs {wanted:?}"))
    }
}

#[test]
fn recorded_sequences_are_played_again() {
    let (Some(events), Some(cases)) =
        (read_json("changesets/events.json"), read_json("changesets/cases.json"))
    else {
        return;
    };
    let cases: BTreeMap<&str, &Value> = cases
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|case| Some((case["name"].as_str()?, case)))
        .collect();
    let (mut same, mut left_out, mut different) = (0, Vec::new(), Vec::new());
    for recording in events["per_resource"].as_array().into_iter().flatten() {
        let name = recording["name"].as_str().unwrap_or_default();
        if let Some((_, reason)) = LEFT_OUT.iter().find(|(part, _)| name.contains(part)) {
            left_out.push(format!("{name}: {reason}"));
            continue;
        }
        let case = recording["case"].as_str().and_then(|case| cases.get(case)).copied();
        let deduced = deduced(name, case);
        let Some(case) = deduced.as_ref().or(case) else {
            left_out.push(format!("{name}: its template isn't among the cases"));
            continue;
        };
        match check(recording, case) {
            Ok(()) => same += 1,
            Err(difference) => different.push(format!("{name}: {difference}")),
        }
    }
    println!("recorded event sequences: {same} the same of {}", same + different.len() + left_out.len());
    println!("left out: {left_out:#?}");
    assert!(different.is_empty(), "{} different:\n{}", different.len(), different.join("\n"));
    assert!(same >= 60, "fewer recordings are played than before: {same}");
}

#[test]
fn resources_are_deleted_in_the_recorded_order() {
    let (Some(events), Some(cases)) =
        (read_json("changesets/events.json"), read_json("changesets/cases.json"))
    else {
        return;
    };
    for recording in events["global_order"].as_array().into_iter().flatten() {
        let case = cases
            .as_array()
            .into_iter()
            .flatten()
            .find(|case| case["name"] == recording["name"])
            .expect("the case");
        let mut cloud = play(case).expect("played");
        let id = cloud.stack("stack")["StackId"].as_str().unwrap_or_default().to_owned();
        let input = json!({"StackName": "stack"});
        cloud
            .world
            .handle(cloud.now, localcloud::wire::Service::CloudFormation, "DeleteStack", Input(&input))
            .expect("accepted");
        cloud.settle();
        let mut ours: Vec<(String, String)> = cloud
            .events(&id)
            .iter()
            .map(|event| {
                let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                (text("LogicalResourceId"), text("ResourceStatus"))
            })
            .filter(|(_, status)| !status.contains("CLEANUP"))
            .collect();
        ours.dedup();
        let theirs: Vec<(String, String)> =
            serde_json::from_value(recording["events"].clone()).expect("pairs");
        assert_eq!(ours, theirs, "{}", recording["name"]);
    }
}

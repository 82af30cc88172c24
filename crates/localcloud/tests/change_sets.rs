//! The recorded change sets, asked for through the wire: signed Query requests in, AWS's XML out. Each case's stack is
//! created and updated by change sets, and each of the four answers compared with what AWS recorded, as the
//! recordings' README says.

#[expect(dead_code, reason = "the clouds made here have a configuration of their own")]
mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use common::{START, Signing, keys, query, text};
use http::Request;
use localcloud::{Clock, Config, LocalCloud, Speed};
use quick_xml::events::Event;
use serde_json::{Value, json};

/// Cases whose answers differ, with the reason. Each must really differ, or it has to leave the list.
const DIFFERENT: &[(&str, &str)] = &[];

/// Lists of the answer, which XML writes as nothing when they are empty.
const LISTS: [&str; 3] = ["Changes", "Details", "Scope"];

fn shared(path: &str) -> Option<String> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    match std::fs::read_to_string(root.join(path)) {
        Ok(text) => Some(text),
        Err(_) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "shared test data is missing: {path}");
            println!("SKIPPED: shared test data is missing: {path}");
            None
        }
    }
}

struct Client {
    cloud: LocalCloud,
}

impl Client {
    fn new() -> Client {
        let config = Config {
            account_id: "111111111111".to_owned(),
            speed: Speed::Instant,
            throttling: false,
            ..Config::default()
        };
        Client { cloud: LocalCloud::in_memory(config, Clock::starting_at(START), keys()) }
    }

    /// Ask CloudFormation; gives the result's tree, or code and message.
    fn ask(&self, action: &str, parameters: &[(String, String)]) -> Result<Value, String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", "2010-05-15");
        for (name, value) in parameters {
            form.append_pair(name, value);
        }
        let response = self.cloud.call(Signing::of("cloudformation").sign(query(&form.finish())));
        let body = text(&response);
        let tree = tree(&body);
        match response.status().as_u16() {
            200 => Ok(tree[format!("{action}Result")].clone()),
            status => Err(format!("{status} {} {}", tree["Error"]["Code"], tree["Error"]["Message"])),
        }
    }

    fn put_parameter(&self, name: &str, value: &str) -> Result<(), String> {
        let body = json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true}).to_string();
        let request = Request::post("http://127.0.0.1:4566/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "AmazonSSM.PutParameter")
            .body(Bytes::from(body))
            .expect("a request");
        let response = self.cloud.call(Signing::of("ssm").sign(request));
        if response.status() == 200 { Ok(()) } else { Err(text(&response)) }
    }

    /// Every page of the answer's changes.
    fn changes(&self, name: &str, with_values: bool) -> Result<Vec<Value>, String> {
        let mut asked = vec![
            ("StackName".to_owned(), "stack".to_owned()),
            ("ChangeSetName".to_owned(), name.to_owned()),
            ("IncludePropertyValues".to_owned(), with_values.to_string()),
        ];
        let mut found = Vec::new();
        loop {
            let answer = self.ask("DescribeChangeSet", &asked)?;
            found.extend(answer["Changes"].as_array().cloned().unwrap_or_default());
            match answer["NextToken"].as_str() {
                Some(token) => {
                    asked.truncate(3);
                    asked.push(("NextToken".to_owned(), token.to_owned()));
                }
                None => return Ok(found),
            }
        }
    }
}

/// An element that isn't closed: its name, its text, its children.
type Open = (String, String, Vec<(String, Value)>);

/// An answer's XML as a tree: `member`s are a list, text is text.
fn tree(xml: &str) -> Value {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut stack: Vec<Open> = vec![(String::new(), String::new(), Vec::new())];
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                stack.push((name, String::new(), Vec::new()));
            }
            Event::Text(part) => {
                let (_, text, _) = stack.last_mut().expect("an element");
                text.push_str(&part);
            }
            Event::GeneralRef(reference) => {
                let (_, text, _) = stack.last_mut().expect("an element");
                match reference.resolve_char_ref().expect("a character") {
                    Some(character) => text.push(character),
                    None => {
                        text.push_str(
                            quick_xml::escape::resolve_predefined_entity(&reference).expect("an entity"),
                        );
                    }
                }
            }
            Event::End(_) => {
                let (name, text, children) = stack.pop().expect("an element");
                let value = if LISTS.contains(&name.as_str())
                    || children.first().is_some_and(|(child, _)| child == "member")
                {
                    children.into_iter().map(|(_, value)| value).collect()
                } else if children.is_empty() {
                    json!(text)
                } else {
                    Value::Object(children.into_iter().collect())
                };
                stack.last_mut().expect("its parent").2.push((name, value));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let (_, _, mut children) = stack.pop().expect("the document");
    children.pop().map(|(_, root)| root).unwrap_or_default()
}

/// Our generated names, and what AWS's recording calls the same thing. Longer ones are replaced first.
fn named_alike(client: &Client, case: &Value) -> Vec<(String, String)> {
    let asked = [("StackName".to_owned(), "stack".to_owned())];
    let answer = client.ask("DescribeStackResources", &asked).unwrap_or_default();
    let mut pairs = Vec::new();
    for resource in answer["StackResources"].as_array().into_iter().flatten() {
        let (Some(logical_id), Some(ours)) =
            (resource["LogicalResourceId"].as_str(), resource["PhysicalResourceId"].as_str())
        else {
            continue;
        };
        let Some(theirs) = case["deployed"][logical_id]["physical_id"].as_str() else { continue };
        if let Some(stack_id) = resource["StackId"].as_str() {
            pairs.push((stack_id.to_owned(), "the stack's id".to_owned()));
        }
        pairs.push((ours.to_owned(), theirs.to_owned()));
        if let (Some((_, ours)), Some((_, theirs))) = (ours.rsplit_once(':'), theirs.rsplit_once(':')) {
            pairs.push((ours.to_owned(), theirs.to_owned()));
        }
    }
    pairs.retain(|(ours, theirs)| ours != theirs && ours.len() > 3);
    pairs.sort_by_key(|(ours, _)| std::cmp::Reverse(ours.len()));
    pairs
}

/// The form in which answers are compared.
fn normal(changes: &[Value], names: &[(String, String)]) -> BTreeMap<String, String> {
    let mut made = BTreeMap::new();
    for change in changes {
        let mut change = plain(&change["ResourceChange"], names);
        if change["Action"] == "Add" {
            change.as_object_mut().expect("a map").remove("Replacement");
        }
        let details = change["Details"].as_array().cloned().unwrap_or_default();
        let mut details: Vec<String> = details.iter().map(sorted).collect();
        details.sort();
        change["Details"] = json!(details);
        let mut scope: Vec<String> = change["Scope"].as_array().into_iter().flatten().map(sorted).collect();
        scope.sort();
        change["Scope"] = json!(scope);
        let logical_id = change["LogicalResourceId"].as_str().unwrap_or_default().to_owned();
        made.insert(logical_id, sorted(&change));
    }
    made
}

/// Names as the recording has them, JSON in texts parsed, booleans and numbers as text (XML knows no others).
fn plain(value: &Value, names: &[(String, String)]) -> Value {
    match value {
        Value::String(text) => {
            let text = names.iter().fold(text.clone(), |text, (ours, theirs)| text.replace(ours, theirs));
            match serde_json::from_str::<Value>(&text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => plain(&inner, &[]),
                Ok(_) | Err(_) => json!(text),
            }
        }
        Value::Array(items) => items.iter().map(|item| plain(item, names)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), plain(field, names))).collect()
        }
        Value::Bool(_) | Value::Number(_) => json!(value.to_string()),
        Value::Null => Value::Null,
    }
}

fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, String> =
                fields.iter().map(|(name, field)| (name, sorted(field))).collect();
            format!("{fields:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(sorted).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

/// The recordings have placeholders such as `<parameter-name>` for names in the parameter store, which the service
/// refuses: here they are without their brackets throughout.
fn allowed_names(case: &Value) -> Value {
    let mut text = case.to_string();
    for side in ["ssm_before", "ssm_after"] {
        for name in case[side].as_object().into_iter().flat_map(|names| names.keys()) {
            text = text.replace(name.as_str(), name.trim_matches(['<', '>']));
        }
    }
    serde_json::from_str(&text).expect("still JSON")
}

fn change_set(client: &Client, case: &Value, side: &str) -> Result<(), String> {
    for (name, value) in case[format!("ssm_{side}")].as_object().into_iter().flatten() {
        client.put_parameter(name, value.as_str().unwrap_or_default())?;
    }
    let mut asked: Vec<(String, String)> = [
        ("StackName", "stack"),
        ("ChangeSetName", side),
        ("ChangeSetType", if side == "before" { "CREATE" } else { "UPDATE" }),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ("TemplateBody", &case[side].to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let parameters = case[format!("parameters_{side}")].as_object().cloned().unwrap_or_default();
    for (number, (name, value)) in parameters.iter().enumerate() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        asked.push((format!("Parameters.member.{}.ParameterKey", number + 1), name.clone()));
        asked.push((format!("Parameters.member.{}.ParameterValue", number + 1), value));
    }
    client.ask("CreateChangeSet", &asked).map(drop)
}

/// The answers that differ, of the four.
fn check(case: &Value) -> Result<Vec<String>, String> {
    let client = Client::new();
    let mut different = Vec::new();
    for (phase, side) in [("create", "before"), ("update", "after")] {
        let names = if phase == "update" { named_alike(&client, case) } else { Vec::new() };
        change_set(&client, case, side)?;
        for (mode, with_values) in [("plain", false), ("values", true)] {
            let ours = normal(&client.changes(side, with_values)?, &names);
            let theirs = case[phase][mode].as_array().cloned().unwrap_or_default();
            let stack_id = "arn:aws:cloudformation:us-east-1:111111111111:stack/stack/<resource:";
            let ids: Vec<(String, String)> =
                (1..10).map(|number| (format!("{stack_id}{number}>"), "the stack's id".to_owned())).collect();
            let theirs = normal(&theirs, &ids);
            if ours != theirs {
                different.push(format!("{phase} {mode}\n  ours   {ours:?}\n  theirs {theirs:?}"));
            }
        }
        let named = [("StackName", "stack"), ("ChangeSetName", side)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        client.ask("ExecuteChangeSet", &named)?;
        let asked = [("StackName".to_owned(), "stack".to_owned())];
        let status = client.ask("DescribeStacks", &asked)?["Stacks"][0]["StackStatus"].clone();
        if !status.as_str().is_some_and(|status| matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE")) {
            return Err(format!("{side}: the stack is {status}"));
        }
    }
    Ok(different)
}

#[test]
fn recorded_change_sets_are_answered_on_the_wire() {
    let Some(text) = shared("changesets/cases.json") else { return };
    let text = text
        .replace("<region>", "us-east-1")
        .replace("<partition>", "aws")
        .replace("<stack-name:1>", "stack");
    let text = text.replace("\"url_suffix\"", "\"amazonaws.com\"");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("shared test data is JSON");
    let cases: Vec<Value> = cases.iter().map(allowed_names).collect();
    let offline: Vec<&Value> = cases.iter().filter(|case| case["offline"] == true).collect();
    assert!(offline.len() >= 56, "the recordings have shrunk to {}", offline.len());
    let (mut same, mut unmet, mut wrong) = (0, Vec::new(), Vec::new());
    for case in &offline {
        let name = case["name"].as_str().expect("a name");
        let allowed = DIFFERENT.iter().find(|(different, _)| *different == name);
        match (check(case), allowed) {
            (Ok(different), None) if different.is_empty() => same += 1,
            (Ok(different), Some(_)) if different.is_empty() => {
                wrong.push(format!("{name} is the same now: take it off the list"));
            }
            (Ok(_) | Err(_), Some((_, reason))) => unmet.push(format!("{name}: {reason}")),
            (Ok(different), None) => wrong.push(format!("{name}: {}", different.join("\n"))),
            (Err(error), None) => wrong.push(format!("{name}: {error}")),
        }
    }
    println!("change sets on the wire: {same} of {} recorded cases", offline.len());
    println!("different: {unmet:#?}");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), offline.len(), wrong.join("\n\n"));
}

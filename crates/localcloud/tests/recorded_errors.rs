//! AWS's recorded refusals (`../shared/changesets/errors.json`) asked for over the wire, with the recorded calls and
//! templates: code, words and HTTP status must be the same. What can't be asked for here is listed by name, with why.

#[expect(dead_code, reason = "the clouds here are made at instant speed")]
mod common;

use std::collections::BTreeMap;

use bytes::Bytes;
use common::{START, Signing, keys, query, text};
use http::{Request, Response};
use localcloud::{Clock, Config, LocalCloud, Speed};
use serde_json::{Value, json};

/// How many of the recorded refusals must come out; printed with the rest by name.
const LEAST: usize = 51;

/// One recorded refusal.
struct Case<'a> {
    /// The recording's test and place.
    name: String,
    recorded: &'a Value,
    call: &'a Value,
    operation: String,
    cloud: LocalCloud,
}

/// The calls that a recording leaves out and that its words tell.
fn told_by_its_words(name: &str) -> Option<Value> {
    let body = r#"{"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}}}"#;
    let template: Value = serde_json::from_str(body).ok()?;
    let (operation, args) = match name {
        "test_create_changeset_for_deleted_stack \"ErrorForCreate\"" => (
            "create_change_set",
            json!({"StackName": "s", "ChangeSetName": "test", "ChangeSetType": "CREATE", "TemplateBody": body}),
        ),
        "test_stack_name_creation \"stack_response\"" => {
            ("create_stack", json!({"StackName": "*@da591fa3_$", "TemplateBody": body}))
        }
        "test_get_template_missing_resources \"stack-error\"" => {
            ("get_template", json!({"StackName": "does-not-exist"}))
        }
        "test_get_template_missing_resources \"change-set-error\"" => {
            ("get_template", json!({"ChangeSetName": "does-not-exist"}))
        }
        _ => return None,
    };
    Some(json!({"op": format!("cloudformation.{operation}"), "args": args, "i": 0, "template": template}))
}

/// Why a recording can't be asked for.
fn out_of_reach(name: &str, call: &Value) -> Option<&'static str> {
    match call["op"].as_str() {
        None => Some("the recording has no call"),
        Some("cloudformation.deregister_type") => Some("the registry of extensions isn't simulated"),
        Some("lambda_.get_function_url_config" | "ec2.describe_key_pairs") => {
            Some("a service or operation that isn't simulated")
        }
        Some("s3.get_bucket_notification_configuration") => Some("an operation of S3 that isn't simulated"),
        Some(_) if name.contains("test_deletion_of_failed_nested_stack") => {
            Some("the nested stack's template isn't recorded")
        }
        Some(_) => None,
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_errors_come_over_the_wire() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/changesets/errors.json");
    let Ok(recordings) = std::fs::read_to_string(path) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "shared test data is missing: {path}");
        println!("SKIPPED: shared test data is missing: {path}");
        return;
    };
    let recordings: Value = serde_json::from_str(&recordings).expect("JSON");
    let all = recordings["api_errors"].as_array().expect("a list");
    let (mut same, mut other, mut unasked) = (0, Vec::new(), Vec::new());
    for recorded in all {
        let name = recorded["name"].as_str().unwrap_or_default();
        let name = format!("{} {}", name.split("::").last().unwrap_or_default(), recorded["key"]);
        let call = match &recorded["calls"][0] {
            Value::Null => told_by_its_words(&name).unwrap_or_default(),
            call => call.clone(),
        };
        if let Some(why) = out_of_reach(&name, &call) {
            unasked.push(format!("{name}: {why}"));
            continue;
        }
        let operation = call["op"].as_str().unwrap_or_default().to_owned();
        let config = Config { speed: Speed::Instant, throttling: false, ..Config::default() };
        let cloud = LocalCloud::in_memory(config, Clock::starting_at(START), keys());
        match (Case { name: name.clone(), recorded, call: &call, operation, cloud }).compare() {
            Ok(()) => same += 1,
            Err(difference) => other.push(format!("{name}: {difference}")),
        }
    }
    println!("recorded errors: {same} of {} come out the same over the wire", all.len());
    for line in &unasked {
        println!("  not asked for: {line}");
    }
    for line in &other {
        println!("  differs: {line}");
    }
    assert!(other.is_empty(), "{other:#?}");
    assert!(same >= LEAST, "{same} of {}", all.len());
}

impl Case<'_> {
    /// Prepare, ask, compare.
    fn compare(&self) -> Result<(), String> {
        let mut input = self.input();
        self.prepare(&mut input);
        let (service, action) =
            self.operation.split_once('.').unwrap_or(("cloudformation", "create_change_set"));
        let (status, code, message) = self.ask(service, &camel(action), &input);
        let wanted = (
            self.recorded["HTTPStatusCode"].as_u64().unwrap_or_default(),
            self.recorded["Code"].as_str().unwrap_or_default(),
            self.recorded["Message"].as_str().unwrap_or_default(),
        );
        if (u64::from(status), code.as_str()) == (wanted.0, wanted.1) && fits(wanted.2, &message) {
            return Ok(());
        }
        Err(format!("recorded {} {} {}; here {status} {code} {message}", wanted.0, wanted.1, wanted.2))
    }

    /// The call's arguments, with the template where the recording points at it.
    fn input(&self) -> Value {
        let mut input = without_placeholders(&self.call["args"]);
        let Some(fields) = input.as_object_mut() else { return json!({}) };
        fields.retain(|name, value| {
            !value.is_null() && !matches!(name.as_str(), "is_update" | "template_path")
        });
        if fields.contains_key("TemplateBody") {
            // One recording leaves its template out, and its name tells it.
            let body = match &self.call["template"] {
                Value::Null => r#"{"Resources": {}}"#.to_owned(),
                template => template.to_string(),
            };
            fields.insert("TemplateBody".to_owned(), json!(body));
        }
        if let Some(Value::Object(given)) = fields.get("Parameters") {
            let given =
                given.iter().map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}));
            let given: Vec<Value> = given.collect();
            fields.insert("Parameters".to_owned(), json!(given));
        }
        // What the recording's helper deploys with.
        if self.operation == "deploy_cfn_template" {
            fields.insert("ChangeSetType".to_owned(), json!("CREATE"));
        }
        input
    }

    /// What there was before the call.
    fn prepare(&self, input: &mut Value) {
        let name =
            input["StackName"].as_str().filter(|name| !name.starts_with("${")).unwrap_or("s").to_owned();
        let before = self.call["i"].as_i64().unwrap_or_default();
        let templates = self.recorded["templates"].as_array().cloned().unwrap_or_default();
        for earlier in templates.iter().filter(|one| one["i"].as_i64().unwrap_or_default() < before) {
            let body = match earlier["template"].is_null() {
                true => continue,
                false => earlier["template"].to_string(),
            };
            let given = earlier["parameters"].as_object().cloned().unwrap_or_default();
            let given: Vec<Value> = given
                .iter()
                .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": without_placeholders(value)}))
                .collect();
            let operation = match (earlier["op"].as_str(), earlier["type"].as_str()) {
                (Some("create_change_set"), _) => "CreateChangeSet",
                (_, Some("UPDATE")) => "UpdateStack",
                _ => "CreateStack",
            };
            let change_set = input["ChangeSetName"].as_str().unwrap_or("first");
            let mut asked = json!({"StackName": name, "TemplateBody": body, "Parameters": given});
            if operation == "CreateChangeSet" {
                asked["ChangeSetName"] = json!(change_set);
                asked["ChangeSetType"] = json!("CREATE");
            }
            self.ok(operation, asked);
        }
        let body = self.call["template"].to_string();
        let case = self.name.as_str();
        let is = |part: &str| case.contains(part);
        let stack_id = || {
            let made = self.ok("CreateStack", json!({"StackName": name, "TemplateBody": body}));
            between(&made, "<StackId>", "</StackId>").unwrap_or_default()
        };
        if is("test_changeset_for_deleted_stack") || is("recreate_deleted_with_id") || is("ErrorForCreate") {
            let id = stack_id();
            self.ok("DeleteStack", json!({"StackName": id}));
            input["StackName"] = json!(id);
        } else if is("deleted_stack_events_not_found") {
            self.ok("DeleteStack", json!({"StackName": name}));
        } else if is("missing_resources_change_set_id") {
            input["ChangeSetName"] =
                json!("arn:aws:cloudformation:us-east-1:000000000000:changeSet/none/none");
        } else if is("handle_secretsmanager_secret") {
            self.ok("DeleteStack", json!({"StackName": name}));
        } else if is("existingstack_exc")
            || is("already_exists_exc")
            || is("withoutchange")
            || is("test_diff_after")
        {
            stack_id();
        } else if is("resource_not_allowed") {
            let earlier = json!([{"ParameterKey": "TopicName", "ParameterValue": "earlier"}]);
            self.ok("CreateStack", json!({"StackName": name, "TemplateBody": body, "Parameters": earlier}));
        } else if is("test_describe_changeset_after_delete") {
            self.ok("DeleteChangeSet", json!({"StackName": name, "ChangeSetName": input["ChangeSetName"]}));
        } else if is("policy_with_url") || is("both_policy_and_url") {
            // The recordings' `c4` is too short for a bucket's name.
            input["StackPolicyURL"] = json!("https://policies.s3.amazonaws.com/policy.json");
            self.store("/policies", "");
            self.store("/policies/policy.json", r#"{"Statement": [{"Effect": "Maybe"}]}"#);
        } else if is("role_without_permissions") {
            // A role that lets another service in: CloudFormation may not assume it.
            let trust = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ]});
            let role = json!({"RoleName": "role-fb405076", "AssumeRolePolicyDocument": trust.to_string()});
            let answer = self.send("iam", "CreateRole", &role);
            assert_eq!(answer.status(), 200, "{}", text(&answer));
            input["RoleARN"] =
                json!(format!("arn:aws:iam::{}:role/role-fb405076", Config::default().account_id));
        }
    }

    /// Ask CloudFormation for what it can't refuse, and let it be done.
    fn ok(&self, operation: &str, input: Value) -> String {
        let answer = self.send("cloudformation", operation, &input);
        // An earlier template may be one that fails, or be refused itself.
        let body = text(&answer);
        self.send("cloudformation", "DescribeStacks", &json!({}));
        body
    }

    fn store(&self, path: &str, body: &str) {
        let request = Request::put(format!("http://127.0.0.1:4566{path}"))
            .header("host", "127.0.0.1:4566")
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        let answer = self.cloud.call(Signing::of("s3").sign(request));
        assert_eq!(answer.status(), 200, "{path}: {}", text(&answer));
    }

    /// The answer's status, code and message.
    fn ask(&self, service: &str, operation: &str, input: &Value) -> (u16, String, String) {
        let answer = self.send(service, operation, input);
        let (status, body) = (answer.status().as_u16(), text(&answer));
        match serde_json::from_str::<Value>(&body) {
            Ok(told) => {
                let text = |names: [&str; 2]| {
                    names.iter().find_map(|name| told[*name].as_str()).unwrap_or_default().to_owned()
                };
                (status, text(["__type", "code"]), text(["message", "Message"]))
            }
            Err(_) => {
                let part = |name: &str| between(&body, &format!("<{name}>"), &format!("</{name}>"));
                let message = part("Message").unwrap_or(body.clone());
                (status, part("Code").unwrap_or_default(), unescaped(&message))
            }
        }
    }

    fn send(&self, service: &str, operation: &str, input: &Value) -> Response<Bytes> {
        let request = match service {
            "ssm" | "secretsmanager" => {
                let target = if service == "ssm" { "AmazonSSM" } else { "secretsmanager" };
                Request::post("http://127.0.0.1:4566/")
                    .header("content-type", "application/x-amz-json-1.1")
                    .header("x-amz-target", format!("{target}.{operation}"))
                    .body(Bytes::from(input.to_string()))
                    .expect("a request")
            }
            _ => {
                let version = if service == "iam" { "2010-05-08" } else { "2010-05-15" };
                let mut fields = BTreeMap::new();
                flatten("", input, &mut fields);
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", operation).append_pair("Version", version).extend_pairs(fields);
                query(&form.finish())
            }
        };
        let signed_for = match service {
            "ssm" => "ssm",
            "secretsmanager" => "secretsmanager",
            "iam" => "iam",
            _ => "cloudformation",
        };
        self.cloud.call(Signing::of(signed_for).sign(request))
    }
}

/// A value as the Query protocol's fields.
fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Bool(flag) => drop(into.insert(path.to_owned(), flag.to_string())),
        Value::Number(number) => drop(into.insert(path.to_owned(), number.to_string())),
        Value::String(text) => drop(into.insert(path.to_owned(), text.clone())),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                flatten(&below(&format!("member.{}", place + 1)), item, into);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&below(name), value, into);
            }
        }
    }
}

/// `create_change_set` as `CreateChangeSet`.
fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        format!("{}{rest}", first.to_uppercase())
    });
    words.collect()
}

/// The recordings' `<stack-name:1>` as a name that may be sent.
fn without_placeholders(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains('<') && !text.starts_with("<see ") => {
            json!(text.replace(['<', '>'], "").replace('_', "-"))
        }
        Value::Array(items) => items.iter().map(without_placeholders).collect(),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(name, value)| (name.clone(), without_placeholders(value))).collect(),
        ),
        other => other.clone(),
    }
}

/// Whether words are the recorded ones; a placeholder stands for anything.
fn fits(recorded: &str, words: &str) -> bool {
    let mut pieces = Vec::new();
    let mut rest = recorded;
    while let Some((piece, after)) = rest.split_once('<') {
        pieces.push(piece);
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    pieces.push(rest);
    // The recordings' account, and names that a run made up, are others here.
    let account = Config::default().account_id;
    let pieces: Vec<String> = pieces.iter().map(|piece| piece.replace("111111111111", &account)).collect();
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    if pieces.len() == 1 {
        return first == words;
    }
    if !words.starts_with(first.as_str()) || !words.ends_with(last.as_str()) {
        return false;
    }
    let mut at = 0;
    pieces.iter().all(|piece| match words.get(at..).and_then(|rest| rest.find(piece.as_str())) {
        Some(found) => {
            at += found + piece.len();
            true
        }
        None => false,
    })
}

fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split_once(to)?.0.to_owned())
}

fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (escape, letter) in [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
    {
        text = text.replace(escape, letter);
    }
    text
}

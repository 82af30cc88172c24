//! Every type that a published schema describes: one resource of it is created, changed in place, replaced and
//! deleted, with properties made up from the type's facts.

use changeset::facts::{self, PropertyFacts, RequiresRecreation, ResourceType};
use serde_json::{Map, Value, json};

use crate::sample;
use crate::support::{CAPABILITIES, Cloud, line, one, template};

/// A service of its own may refuse what is made up. Most such types get what they need from [`helped`]; of the
/// others at most so many may be left, all of them listed by name.
const MOST_REFUSED: usize = 20;

/// What a type of a simulated service needs: other resources, and properties that aren't made up. `#` stands for
/// the edition.
pub(crate) fn helped(type_name: &str, edition: u64) -> (Value, Value) {
    let text = match type_name {
        "AWS::AutoScaling::AutoScalingGroup" => r#"[{}, {"MinSize": "0", "MaxSize": "1"}]"#,
        "AWS::AutoScaling::WarmPool" => {
            r#"[{"A": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                       "Properties": {"AutoScalingGroupName": "text-0", "MinSize": "0", "MaxSize": "1"}},
                 "B": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                       "Properties": {"AutoScalingGroupName": "text-1", "MinSize": "0", "MaxSize": "1"}}}, {}]"#
        }
        "AWS::AutoScaling::ScheduledAction" => {
            r#"[{"A": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                       "Properties": {"AutoScalingGroupName": "text-0", "MinSize": "0", "MaxSize": "1"}},
                 "B": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                       "Properties": {"AutoScalingGroupName": "text-1", "MinSize": "0", "MaxSize": "1"}}},
                {"Recurrence": "0 0 * * *", "MaxSize": 1, "MinSize": 0, "DesiredCapacity": 0,
                 "StartTime": "2030-01-01T00:00:00Z", "EndTime": "2031-01-01T00:00:00Z", "TimeZone": "Etc/UTC"}]"#
        }
        "AWS::Batch::JobQueue" => {
            r#"[{"A": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": {"Type": "UNMANAGED"}}},
                {"ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "A"}}]}]"#
        }
        "AWS::CloudWatch::Alarm" => {
            r#"[{}, {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "m",
                     "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1}]"#
        }
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            r#"[{}, {"Type": "application", "Scheme": "internal", "Subnets": ["subnet-1", "subnet-2"]}]"#
        }
        "AWS::ElasticLoadBalancingV2::Listener" => {
            r#"[{"L0": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": ["subnet-1"]}},
                 "L1": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": ["subnet-1"]}}},
                {"LoadBalancerArn": {"Ref": "L#"}, "Port": 80, "Protocol": "HTTP", "DefaultActions":
                 [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}]"#
        }
        "AWS::ElasticLoadBalancingV2::ListenerRule" => {
            r#"[{"L": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": ["subnet-1"]}},
                 "N0": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties":
                        {"LoadBalancerArn": {"Ref": "L"}, "Port": 80, "Protocol": "HTTP", "DefaultActions":
                         [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}},
                 "N1": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties":
                        {"LoadBalancerArn": {"Ref": "L"}, "Port": 81, "Protocol": "HTTP", "DefaultActions":
                         [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}}},
                {"ListenerArn": {"Ref": "N#"}, "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}], "Actions":
                 [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}]"#
        }
        "AWS::EC2::Instance" => r#"[{}, {"ImageId": "ami-1", "InstanceType": "t3.micro"}]"#,
        "AWS::EC2::VolumeAttachment" => {
            r#"[{"I0": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-1", "InstanceType": "t3.micro"}},
                 "I1": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-1", "InstanceType": "t3.micro"}},
                 "V0": {"Type": "AWS::EC2::Volume", "Properties": {"AvailabilityZone": "us-east-1a", "Size": 1}},
                 "V1": {"Type": "AWS::EC2::Volume", "Properties": {"AvailabilityZone": "us-east-1a", "Size": 1}}},
                {"InstanceId": {"Ref": "I#"}, "VolumeId": {"Ref": "V#"}}]"#
        }
        "AWS::IAM::Role" => {
            r#"[{}, {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                     "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}]"#
        }
        "AWS::IAM::ManagedPolicy" => r#"[{}, {"PolicyDocument": POLICY}]"#,
        "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" | "AWS::IAM::UserPolicy" => {
            r#"[{"A": {"Type": "AWS::IAM::User", "Properties": {"UserName": "text-0"}},
                 "B": {"Type": "AWS::IAM::User", "Properties": {"UserName": "text-1"}},
                 "C": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "text-0", "AssumeRolePolicyDocument": TRUST}},
                 "D": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "text-1", "AssumeRolePolicyDocument": TRUST}}},
                {"PolicyDocument": POLICY}]"#
        }
        "AWS::CloudFormation::Stack" => {
            r#"[{}, {"TemplateURL": "https://templates.s3.us-east-1.amazonaws.com/child-#.json"}]"#
        }
        _ => return (json!({}), json!({})),
    };
    let policy =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"Service": "ec2.amazonaws.com"}}]}"#;
    let text = text.replace('#', &edition.to_string()).replace("POLICY", policy).replace("TRUST", trust);
    let made: Value = serde_json::from_str(&text).expect("JSON");
    (made[0].clone(), made[1].clone())
}

/// A value of a property, another one for each edition.
pub(crate) fn value(property: &PropertyFacts, edition: u64) -> Value {
    if let Some(constant) = &property.constant {
        return constant.clone();
    }
    if !property.allowed_values.is_empty() {
        let place = usize::try_from(edition).unwrap_or_default() % property.allowed_values.len();
        return property.allowed_values[place].clone();
    }
    match property.kind.as_deref() {
        Some("boolean") => json!(edition.is_multiple_of(2)),
        Some("integer" | "number") => {
            let least =
                property.minimum.as_ref().and_then(serde_json::Number::as_f64).unwrap_or(1.0).max(0.0);
            let most = property.maximum.as_ref().and_then(serde_json::Number::as_f64).unwrap_or(f64::MAX);
            json!(((least as u64) + edition).min(most as u64))
        }
        Some("array") => {
            let item = |number: u64| match &property.items {
                Some(items) => value(items, edition + number),
                None => json!(format!("item-{}", edition + number)),
            };
            (0..property.min_items.unwrap_or(1).max(1)).map(item).collect()
        }
        Some("object") => {
            let mut made: Map<String, Value> = property
                .required
                .iter()
                .filter_map(|name| Some((name.clone(), value(property.properties.get(name)?, edition))))
                .collect();
            if made.is_empty() {
                made.insert("Key".to_owned(), json!(format!("value-{edition}")));
            }
            Value::Object(made)
        }
        _ => {
            let text = format!("text-{edition}");
            let least = usize::try_from(property.min_length.unwrap_or_default()).unwrap_or_default();
            let most = usize::try_from(property.max_length.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
            // Short texts keep the digit that tells the editions apart.
            let text = format!("{text:x>least$}");
            json!(text.get(text.len().saturating_sub(most)..).unwrap_or(&text))
        }
    }
}

/// The properties that a type must have, made up from its schema.
pub(crate) fn required(type_name: &str) -> Map<String, Value> {
    let Some(schema) = facts::schema(type_name) else { return Map::new() };
    let given = sample::required(schema).into_iter();
    given.filter_map(|name| Some((name.clone(), sample::property(schema, &name, 0)?))).collect()
}

/// A value of a type's property, another one for each edition.
pub(crate) fn of_type(type_name: &str, name: &str, property: &PropertyFacts, edition: u64) -> Value {
    let made = facts::schema(type_name).and_then(|schema| sample::property(schema, name, edition));
    made.unwrap_or_else(|| value(property, edition))
}

/// The properties that a template may give.
fn writable(facts: &ResourceType) -> impl Iterator<Item = (&String, &PropertyFacts)> {
    facts.properties.iter().filter(|(name, _)| !facts.read_only.contains_key(*name))
}

fn with_word(facts: &ResourceType, word: RequiresRecreation) -> Vec<(&String, &PropertyFacts)> {
    let exactly = |name: &str| {
        let heaviest_below = facts::recreation(&facts.name, name);
        facts::recreation_fact(&facts.name, name).word == word && (heaviest_below == word)
    };
    writable(facts).filter(|(name, _)| exactly(name)).collect()
}

fn body(facts: &ResourceType, changed: &[(&String, &PropertyFacts)], edition: u64) -> Value {
    let mut properties = required(&facts.name);
    for (name, property) in changed {
        properties.insert((*name).clone(), of_type(&facts.name, name, property, edition));
    }
    let (others, given) = helped(&facts.name, edition);
    for (name, value) in given.as_object().into_iter().flatten() {
        properties.insert(name.clone(), value.clone());
    }
    let mut resources = others.as_object().cloned().unwrap_or_default();
    let needed: Vec<String> = resources.keys().cloned().collect();
    resources
        .insert("R".to_owned(), json!({"Type": facts.name, "DependsOn": needed, "Properties": properties}));
    template(Value::Object(resources))
}

/// What could be done with a type.
#[derive(Debug, Default)]
struct Tally {
    created: usize,
    updated: usize,
    replaced: usize,
    deleted: usize,
    cannot_update: usize,
    cannot_replace: usize,
    refused: Vec<String>,
    wrong: Vec<String>,
}

/// Why a type isn't through.
enum Failure {
    /// The service behind it refused what was made up, or its schema did.
    Refused(String),
    /// The engine is wrong.
    Wrong(String),
}

fn send(cloud: &mut Cloud, operation: &str, body: &Value, wanted: &str) -> Result<(), Failure> {
    let request = json!({"StackName": "s", "TemplateBody": body.to_string(), "Capabilities": CAPABILITIES});
    cloud.ask(operation, request).map_err(|error| Failure::Wrong(format!("{operation}: {error}")))?;
    cloud.settle();
    let status = cloud.status("s");
    if status == wanted {
        return Ok(());
    }
    let found = cloud.get("DescribeEvents", json!({"StackName": "s"}));
    let invalid = found["OperationEvents"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|event| event["EventType"] == "VALIDATION_ERROR");
    if let Some(event) = invalid {
        let why = format!("{} {}", event["ValidationPath"], event["ValidationStatusReason"]);
        return Err(Failure::Refused(format!("{operation}: {status}: {why}")));
    }
    let events = cloud.events("s");
    let failed = events.iter().map(line).rfind(|line| line.starts_with("R ") && line.contains("FAILED"));
    match failed {
        Some(failed) => Err(Failure::Refused(failed)),
        None => Err(Failure::Wrong(format!("{operation}: {status}"))),
    }
}

fn physical_id(cloud: &Cloud) -> Option<String> {
    cloud.world.cloudformation.find("s")?.resources.get("R")?.physical_id.clone()
}

/// Whether the last update replaced the resource.
fn was_replaced(cloud: &mut Cloud, skip: usize) -> bool {
    cloud
        .events("s")
        .iter()
        .skip(skip)
        .any(|event| line(event).contains("creation of a new physical resource"))
}

fn attempt(facts: &ResourceType, tally: &mut Tally) -> Result<(), Failure> {
    let wrong = |words: String| Err(Failure::Wrong(words));
    let cloud = &mut Cloud::new();
    for edition in 0..2 {
        cloud.url(&format!("child-{edition}.json"), &one(&edition.to_string()).to_string());
    }
    let helped = helped(&facts.name, 0).1;
    let free = |(name, _): &(&String, &PropertyFacts)| helped.get(name.as_str()).is_none();
    let in_place: Vec<_> =
        with_word(facts, RequiresRecreation::Never).into_iter().filter(free).take(1).collect();
    let replacing = with_word(facts, RequiresRecreation::Always);
    let given: Vec<_> = in_place.iter().chain(&replacing).copied().collect();
    let first = body(facts, &given, 0);
    send(cloud, "CreateStack", &first, "CREATE_COMPLETE")?;
    tally.created += 1;
    if !facts.has_update_handler() || in_place.is_empty() {
        tally.cannot_update += 1;
    } else {
        let mut next = first.clone();
        for (name, property) in &in_place {
            next["Resources"]["R"]["Properties"][name.as_str()] = of_type(&facts.name, name, property, 1);
        }
        if next == first {
            tally.cannot_update += 1;
        } else {
            let skip = cloud.events("s").len();
            send(cloud, "UpdateStack", &next, "UPDATE_COMPLETE")?;
            if was_replaced(cloud, skip) {
                return wrong("an update in place replaced it".to_owned());
            }
            tally.updated += 1;
        }
    }
    let next = body(facts, &given, 1);
    if replacing.is_empty() || body(facts, &replacing, 1) == body(facts, &replacing, 0) {
        tally.cannot_replace += 1;
    } else {
        let (before, skip) = (physical_id(cloud), cloud.events("s").len());
        send(cloud, "UpdateStack", &next, "UPDATE_COMPLETE")?;
        if !was_replaced(cloud, skip) {
            return wrong("a replacement was an update in place".to_owned());
        }
        if physical_id(cloud) == before {
            return wrong(format!("a replacement kept the physical id {before:?}"));
        }
        tally.replaced += 1;
    }
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    if let Some(stack) = cloud.world.cloudformation.find("s") {
        return wrong(format!("DeleteStack: {}", stack.status.name()));
    }
    if !cloud.world.generic.is_empty() {
        return wrong(format!("left behind: {:?}", cloud.world.generic));
    }
    tally.deleted += 1;
    Ok(())
}

#[test]
fn every_type_is_created_updated_replaced_and_deleted() {
    let mut tally = Tally::default();
    let mut all = 0;
    for name in facts::type_names() {
        let Some(facts) = facts::resource_type(name) else { continue };
        all += 1;
        match attempt(facts, &mut tally) {
            Ok(()) => {}
            Err(Failure::Refused(words)) => tally.refused.push(format!("{name}: {words}")),
            Err(Failure::Wrong(words)) => tally.wrong.push(format!("{name}: {words}")),
        }
    }
    println!(
        "of {all} types: {} created, {} updated in place ({} have nothing to update), {} replaced ({} have nothing that \
         replaces), {} deleted without a trace",
        tally.created,
        tally.updated,
        tally.cannot_update,
        tally.replaced,
        tally.cannot_replace,
        tally.deleted
    );
    println!("refused by the service behind them: {:#?}", tally.refused);
    assert!(tally.refused.len() <= MOST_REFUSED, "{} refused", tally.refused.len());
    assert!(tally.wrong.is_empty(), "{} wrong: {:#?}", tally.wrong.len(), tally.wrong);
}

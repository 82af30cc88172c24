//! Properties by the schema of their type: what is refused, in which words, and that nothing is refused that AWS took.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use changeset::rules::property_validation::{Violation, violations};
use indexmap::IndexMap;
use serde_json::json;
use template::{Outside, ResourceValues, Template, Value};

use crate::support::{Resolved, read_json, real_pseudo, shared, texts};

/// Resources of which nothing is known.
struct Nothing;

impl ResourceValues for Nothing {
    fn reference(&self, logical_id: &str) -> Value {
        Value::outside(logical_id)
    }

    fn attribute(&self, logical_id: &str, _: &str) -> Value {
        Value::outside(logical_id)
    }
}

fn of_template(template: Template, given: &BTreeMap<String, String>) -> Vec<(String, String, Violation)> {
    let resolved = Resolved::new(template, given, None, &BTreeMap::new());
    let (pseudo, outside) = (real_pseudo(), Outside::default());
    let evaluation = resolved.evaluation(&pseudo, &outside);
    let mut found = Vec::new();
    for resource in evaluation.active_resources() {
        let Ok(properties) = evaluation.properties(resource, &Nothing) else { continue };
        let violated = violations(&resource.type_name, None, &properties).into_iter();
        found.extend(violated.map(|one| (resource.logical_id.clone(), resource.type_name.clone(), one)));
    }
    found
}

fn templates_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let is = |ends: &[&str]| {
            path.extension().is_some_and(|extension| ends.iter().any(|end| extension == *end))
        };
        if path.is_dir() {
            templates_below(&path, found);
        } else if is(&["yml", "yaml", "template", "json"]) {
            found.push(path);
        }
    }
    found.sort();
}

/// The violations in a template, as lines; `None` where its parameters can't be resolved.
fn lines(template: Template, given: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let look = || of_template(template, given);
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).ok()?;
    Some(found.into_iter().map(|(id, kind, violation)| format!("{id} ({kind}) {violation}")).collect())
}

#[test]
fn every_demand_of_a_schema_is_held() {
    let cases = [
        (
            "AWS::SQS::Queue",
            json!({"VisibilityTimeoutSeconds": 30}),
            "#: extraneous key [VisibilityTimeoutSeconds] is not permitted",
        ),
        ("AWS::SQS::Queue", json!({"Tags": [{"Value": "a"}]}), "#/Tags/0: required key [Key] not found"),
        (
            "AWS::SQS::Queue",
            json!({"DelaySeconds": "soon"}),
            "#/DelaySeconds: expected type: Integer, found: String",
        ),
        ("AWS::SQS::Queue", json!({"FifoQueue": "True", "DelaySeconds": "30"}), ""),
        (
            "AWS::SQS::Queue",
            json!({"DelaySeconds": 901}),
            "#/DelaySeconds: failed validation constraint for keyword [maximum] (900)",
        ),
        (
            "AWS::SQS::Queue",
            json!({"QueueName": ["a"]}),
            "#/QueueName: expected type: String, found: JSONArray",
        ),
        (
            "AWS::IAM::Policy",
            json!({}),
            "#: required key [PolicyDocument] not found; #: required key [PolicyName] not found",
        ),
        (
            "AWS::IAM::Role",
            json!({"AssumeRolePolicyDocument": {}, "Path": "here"}),
            "#/Path: failed validation constraint for keyword [pattern]",
        ),
        (
            "AWS::S3::Bucket",
            json!({"NotificationConfiguration": {"QueueConfigurations": [{"Queue": "arn"}]}}),
            "#/NotificationConfiguration/QueueConfigurations/0: required key [Event] not found",
        ),
        (
            "AWS::S3::Bucket",
            json!({"VersioningConfiguration": {"Status": "On"}}),
            "#/VersioningConfiguration/Status: not a valid enum value (Enabled, Suspended)",
        ),
        (
            "AWS::Lambda::Permission",
            json!({"Action": ["a"], "FunctionName": "f", "Principal": "p"}),
            "#/Action: expected type: String, found: JSONArray",
        ),
        (
            "AWS::EC2::SecurityGroup",
            json!({"GroupDescription": "a", "SecurityGroupIngress": {"IpProtocol": "tcp"}}),
            "",
        ),
        (
            "AWS::EC2::SecurityGroup",
            json!({"GroupDescription": "a", "SecurityGroupIngress": {"Protocol": "tcp"}}),
            "#/SecurityGroupIngress/0: ",
        ),
        ("AWS::RDS::DBInstance", json!({"MaxAllocatedStorage": "****"}), ""),
        ("Custom::Anything", json!({"A": 1}), ""),
        ("AWS::Not::Published", json!({"A": 1}), ""),
    ];
    for (type_name, properties, expected) in cases {
        let template = json!({"Resources": {"It": {"Type": type_name, "Properties": properties}}});
        let template = Template::parse("case", template.to_string().as_bytes()).expect("a template");
        let found: Vec<String> = of_template(template, &BTreeMap::new())
            .iter()
            .map(|(_, _, violation)| violation.to_string())
            .collect();
        let found = found.join("; ");
        assert!(
            found.starts_with(expected) && found.is_empty() == expected.is_empty(),
            "{type_name} {properties}: {found}"
        );
    }
}

#[test]
fn what_aws_once_took_is_taken_again() {
    let properties = |delay: u32| {
        IndexMap::from([
            ("DelaySeconds".to_owned(), Value::Number(delay.to_string())),
            ("Fifo".to_owned(), Value::Bool(true)),
        ])
    };
    let (had, wanted) = (properties(900), properties(60));
    let look = |had| violations("AWS::SQS::Queue", had, &wanted);
    assert_eq!(look(Some(&had)), Vec::new());
    assert_eq!(look(None).len(), 1);
}

#[test]
fn a_value_is_never_told() {
    let properties = IndexMap::from([
        ("QueueName".to_owned(), Value::List(vec![Value::string("hunter2")])),
        ("DelaySeconds".to_owned(), Value::string("hunter2")),
    ]);
    let told: Vec<String> = violations("AWS::SQS::Queue", None, &properties)
        .iter()
        .flat_map(|one| [one.to_string(), one.early_words()])
        .collect();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|words| !words.contains("hunter2")), "{told:?}");
}

#[test]
fn nothing_is_refused_that_aws_took() {
    let Some(cases) = read_json("changesets/cases.json") else { return };
    let mut looked = 0;
    for case in cases.as_array().expect("a list") {
        for phase in ["before", "after"] {
            let Ok(template) = Template::parse("case", case[phase].to_string().as_bytes()) else { continue };
            let given = texts(&case[&format!("parameters_{phase}")]);
            let Some(found) = lines(template, &given) else { continue };
            println!("{}: {found:?}", case["name"]);
            assert!(found.is_empty(), "{} {phase}: {found:?}", case["name"]);
            looked += 1;
        }
    }
    println!("{looked} templates of recordings");
    assert!(looked > 100);
}

#[test]
fn nothing_is_refused_in_what_vendors_ship() {
    let Some(root) = shared("") else { return };
    let mut all = Vec::new();
    for folder in ["templates", "wild"] {
        templates_below(&root.join(folder), &mut all);
    }
    // What a release has that AWS doesn't take any more, or whose parameters here aren't of its form: series, part of the line, why.
    let known = [
        ("cfn-vpn", "/Code/S3", "the bucket is a parameter without a value here"),
        ("cfn-vpn", "/Content/S3", "the same"),
        ("cfn-vpn", "/TemplateURL", "the same"),
        ("panther-core", "/TemplateURL", "the same"),
        ("mlmax-cicd", "RoleArn", "a parameter here is no ARN"),
        ("quickstart-databricks", "/RoleName", "a parameter without a value here"),
    ];
    let (mut looked, mut refused) = (0, Vec::new());
    for path in all {
        let name = path.strip_prefix(&root).expect("below").display().to_string();
        let Ok(template) = Template::parse(&name, &std::fs::read(&path).expect("readable")) else { continue };
        let beside = [path.with_extension("params.json"), path.with_file_name("parameters.json")];
        let given = beside
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok())
            .map(|text| texts(&serde_json::from_str(&text).expect("JSON")))
            .unwrap_or_default();
        let Some(found) = lines(template, &given) else { continue };
        looked += 1;
        refused.extend(found.into_iter().map(|line| format!("{name}: {line}")));
    }
    let count = refused.len();
    refused.retain(|line| {
        !known
            .iter()
            .any(|(series, part, _)| line.starts_with(&format!("wild/{series}/")) && line.contains(part))
    });
    println!("{looked} templates of vendors: {} refused, {} of them known", count, count - refused.len());
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(looked > 200);
}

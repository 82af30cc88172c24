//! Serverless templates, expanded here and by AWS's own program for it (the package `aws-sam-translator`): the same, or refused
//! here by name. A template that AWS's program refuses must be refused here, too.

mod corpus;
mod difference;
mod mutation;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use template::{
    GivenParameter, ParameterInputs, Pseudo, ResolvedParameters, Template, TemplateError, Value,
    node_to_json, resolve_parameters,
};

use corpus::Case;

const REGION: &str = "us-east-1";

fn pseudo() -> Pseudo {
    Pseudo {
        account_id: "123456789012".to_owned(),
        region: REGION.to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/1".to_owned(),
        notification_arns: Vec::new(),
    }
}

/// The Python of the tests' virtual environment.
fn python() -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin/python");
    assert!(
        program.exists(),
        "{} is missing: run the tests with tools/test, which installs it",
        program.display()
    );
    program
}

/// A template with the values of its parameters, ready to be expanded.
struct Prepared {
    name: String,
    template: Template,
    parameters: ResolvedParameters,
}

/// A case ready to be expanded; why it isn't even a template, or can't have parameters.
fn prepared(case: &Case) -> Result<Prepared, String> {
    let template = Template::parse(&case.name, case.text.as_bytes()).map_err(|error| error.to_string())?;
    let given = template.parameters.values().filter_map(|parameter| {
        let given = case.parameters.get(&parameter.name).cloned();
        let invented = parameter.default.is_none().then(|| invented(parameter));
        Some((parameter.name.clone(), GivenParameter::Value(given.or(invented)?)))
    });
    let given = given.collect();
    let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
    let parameters =
        resolve_parameters(&template, &inputs).map_err(|error| format!("{}: {error:?}", case.name))?;
    Ok(Prepared { name: case.name.clone(), template, parameters })
}

/// A value for a parameter that has none.
fn invented(parameter: &template::Parameter) -> String {
    match parameter.allowed_values.first() {
        Some(value) => value.clone(),
        None if parameter.type_name.is_numeric() => "1".to_owned(),
        None => "value".to_owned(),
    }
}

/// What AWS's program is told: a value that isn't known is marked as it marks those itself.
fn request(case: &Prepared) -> Json {
    let value = |value: &Value, no_echo: bool| match value {
        Value::String(text) if !no_echo => json!(text),
        Value::List(elements) if !no_echo => {
            json!(elements.iter().filter_map(Value::scalar_text).collect::<Vec<_>>())
        }
        _ => json!("{{IntrinsicFunction:unknown}}"),
    };
    let parameters: serde_json::Map<String, Json> =
        case.parameters.0.iter().map(|(name, one)| (name.clone(), value(&one.value, one.no_echo))).collect();
    let template: Json = serde_json::from_str(&node_to_json(&case.template.root)).expect("JSON");
    json!({"template": template, "parameters": parameters, "region": REGION})
}

fn ask_aws(requests: &[Json]) -> Vec<Json> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serverless/translate.py");
    let mut process = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = process.stdin.take().expect("its input");
    let text = serde_json::to_string(requests).expect("JSON");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = process.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all of it");
    assert!(output.status.success(), "translate.py failed");
    serde_json::from_slice(&output.stdout).expect("a list")
}

/// What came of a template.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Identical,
    /// Not known here, by name.
    Refused(String),
    /// Refused by both.
    Wrong(String),
    Different(String),
}

fn outcome(case: &Prepared, aws: &Json) -> Outcome {
    let ours = case.template.expand(&case.parameters, &pseudo());
    // CloudFormation refuses nulls.
    let expanded = aws.get("expanded").filter(|expanded| !has_null(expanded));
    match (ours, expanded, aws["refused"].as_str()) {
        (Ok(ours), Some(theirs), _) => {
            let mut ours: Json = serde_json::from_str(&node_to_json(&ours.root)).expect("JSON");
            // Other macros stay declared here: they are still to come.
            ours.as_object_mut().expect("a map").remove("Transform");
            match difference::first(&ours, theirs) {
                None => Outcome::Identical,
                Some(difference) => Outcome::Different(difference),
            }
        }
        (Err(error @ TemplateError::Serverless { unknown: true, .. }), ..) => {
            Outcome::Refused(error.to_string())
        }
        (Err(error), None, why) => Outcome::Wrong(format!("{error}; {}", why.unwrap_or_default())),
        // What CloudFormation itself refuses when it reads what its transform wrote.
        (Err(error), ..) if !matches!(error, TemplateError::Serverless { .. }) => {
            Outcome::Wrong(error.to_string())
        }
        (Err(error), Some(_), _) => Outcome::Different(format!("AWS writes it out; here {error}")),
        (Ok(_), None, why) => Outcome::Different(format!("AWS refuses it: {}", why.unwrap_or_default())),
    }
}

fn has_null(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(elements) => elements.iter().any(has_null),
        Json::Object(entries) => entries.values().any(has_null),
        _ => false,
    }
}

/// Compares templates with AWS's program, prints the figures, and gives what isn't known here and what AWS refuses.
fn compare(title: &str, cases: &[Case]) -> (Vec<String>, Vec<String>) {
    let (prepared, unreadable): (Vec<_>, Vec<_>) = cases.iter().map(prepared).partition(Result::is_ok);
    let prepared: Vec<Prepared> = prepared.into_iter().flatten().collect();
    if !unreadable.is_empty() {
        println!("{title}: {} are no templates that a stack can be made of", unreadable.len());
    }
    let requests: Vec<Json> = prepared.iter().map(request).collect();
    let answers = ask_aws(&requests);
    assert_eq!(answers.len(), prepared.len());
    let (mut identical, mut wrong, mut refused, mut different) = (0, Vec::new(), Vec::new(), Vec::new());
    for (case, answer) in prepared.iter().zip(&answers) {
        match outcome(case, answer) {
            Outcome::Identical => identical += 1,
            Outcome::Wrong(why) => wrong.push(why),
            Outcome::Refused(why) => refused.push(why),
            Outcome::Different(how) => different.push(format!("{}: {how}", case.name)),
        }
    }
    println!(
        "{title}: {identical} of {} identical, {} refused by name, {} refused by AWS too, {} different",
        prepared.len(),
        refused.len(),
        wrong.len(),
        different.len()
    );
    for why in &refused {
        println!("  {why}");
    }
    assert!(different.is_empty(), "{title}:\n{}", different.join("\n"));
    (refused, wrong)
}

#[test]
fn what_is_written_out_is_what_aws_writes() {
    let cases = corpus::made();
    let (refused, wrong) = compare("Made for this", &cases);
    assert_eq!((refused, wrong), (Vec::new(), Vec::new()));
    assert!(cases.len() >= 25, "{} templates", cases.len());
}

#[test]
fn what_aws_refuses_is_refused() {
    let cases = corpus::wrong();
    let prepared: Vec<Prepared> = cases.iter().map(|case| prepared(case).expect("a template")).collect();
    let requests: Vec<Json> = prepared.iter().map(request).collect();
    for (case, aws) in prepared.iter().zip(ask_aws(&requests)) {
        let outcome = outcome(case, &aws);
        assert!(matches!(outcome, Outcome::Wrong(_)), "{}: {outcome:?}", case.name);
    }
    println!("Wrong: {} of {} refused by both", cases.len(), cases.len());
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    for (text, words) in UNKNOWN {
        let text = format!("Transform: AWS::Serverless-2016-10-31\nResources:\n  R: {text}\n");
        let template = Template::parse("t", text.as_bytes()).expect("a template");
        let error = template.expand(&ResolvedParameters::default(), &pseudo()).expect_err("it isn't known");
        assert!(matches!(error, TemplateError::Serverless { unknown: true, .. }), "{error}");
        let error = error.to_string();
        assert!(
            error.starts_with("t:") && error.contains(&format!("R: {words} isn't known here")),
            "{error}"
        );
    }
}

#[test]
fn what_is_changed_at_random_is_written_out_as_aws_does_or_refused() {
    compare("Changed at random", &mutation::cases(&corpus::made()));
}

#[test]
fn what_platforms_ship_is_written_out_as_aws_does() {
    compare("Platforms", &corpus::platforms());
}

#[test]
fn what_packages_ship_is_written_out_as_aws_does() {
    compare("Packages", &corpus::packages());
}

/// A resource, and what of it isn't known.
const UNKNOWN: [(&str, &str); 6] = [
    ("{Type: AWS::Serverless::GraphQLApi}", "the type AWS::Serverless::GraphQLApi"),
    ("{Type: AWS::Serverless::Connector}", "the type AWS::Serverless::Connector"),
    (
        "{Type: AWS::Serverless::Function, Properties: {CapacityProviderConfig: {Arn: a}}}",
        "the property CapacityProviderConfig of AWS::Serverless::Function",
    ),
    (
        "{Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: s3://b/k, Events: {E: {Type: Api}}}}",
        "the event E of type \"Api\" of a state machine",
    ),
    (
        "{Type: AWS::Serverless::Function, Properties: {CodeUri: s3://b/k, Handler: h, Runtime: r, Policies: OfTomorrow}}",
        "the policy OfTomorrow, of which AWS may know the ARN; write its ARN",
    ),
    ("{Type: AWS::SNS::Topic, Connectors: {C: {}}}", "the attribute Connectors"),
];

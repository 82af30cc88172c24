//! Our answers beside AWS's own: the properties that a change set shows for a creation, and the errors.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value as Json;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Part, Pseudo, ReferenceTarget, Template, Value,
    resolve_parameters,
};

use crate::support::{Unknowns, recording};

/// As the recordings have it after their account and Region were replaced by placeholders.
fn recorded_pseudo(case: &str) -> Pseudo {
    let mut pseudo = Pseudo {
        account_id: "111111111111".to_owned(),
        region: "<region>".to_owned(),
        partition: "<partition>".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "<stack-name:1>".to_owned(),
        stack_id: "<stack-id>".to_owned(),
        notification_arns: Vec::new(),
    };
    // Two cases have the partition itself: one as a key of a mapping, one shows every pseudo parameter.
    if case.ends_with("multiple_nested_functions") || case.ends_with("test_supported_pseudo_parameter") {
        pseudo.partition = "aws".to_owned();
        pseudo.url_suffix = "url_suffix".to_owned();
        pseudo.stack_id =
            "arn:<partition>:cloudformation:<region>:111111111111:stack/<stack-name:1>/<resource:2>"
                .to_owned();
    }
    pseudo
}

fn texts(map: &Json) -> IndexMap<String, String> {
    let pairs = map.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn given(map: &Json) -> IndexMap<String, GivenParameter> {
    texts(map).into_iter().map(|(name, value)| (name, GivenParameter::Value(value))).collect()
}

/// A value as change sets show it: all scalars as text, the unknown as AWS's marker.
fn shown(value: &Value) -> Json {
    match value {
        Value::List(elements) => elements.iter().map(shown).collect(),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), shown(value))).collect(),
        Value::Unknown(unknown) => {
            let parts = unknown.parts.iter().map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Resource { .. } | Part::Outside(_) => "{{changeSet:KNOWN_AFTER_APPLY}}",
            });
            Json::String(parts.collect())
        }
        scalar => Json::String(scalar.scalar_text().unwrap_or_default().to_owned()),
    }
}

/// AWS's JSON in the same form. Texts that began with a brace were stored parsed.
fn as_texts(json: &Json) -> Json {
    match json {
        Json::Array(elements) => elements.iter().map(as_texts).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), as_texts(value))).collect(),
        Json::String(text) => Json::String(text.clone()),
        other => Json::String(other.to_string()),
    }
}

#[test]
fn what_an_update_shows_is_what_aws_showed_where_no_resource_is_named() {
    let Some(cases) = recording("cases.json") else {
        return;
    };
    let mut compared = 0;
    for case in cases.as_array().unwrap().iter().filter(|case| case["offline"] == Json::Bool(true)) {
        let name = case["name"].as_str().unwrap();
        let template = Template::parse(name, case["after"].to_string().as_bytes()).unwrap();
        let ssm: BTreeMap<String, String> = texts(&case["ssm_after"]).into_iter().collect();
        let given = given(&case["parameters_after"]);
        let inputs = ParameterInputs { given: &given, previous: None, ssm: &ssm };
        let Ok(parameters) = resolve_parameters(&template, &inputs) else {
            continue;
        };
        let (pseudo, outside) = (recorded_pseudo(name), Outside::default());
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside)
            .unwrap_or_else(|error| panic!("{error}"));
        let changes = case["update"]["values"].as_array().into_iter().flatten();
        for change in changes.map(|change| &change["ResourceChange"]) {
            let logical_id = change["LogicalResourceId"].as_str().unwrap();
            let theirs = as_texts(&change["AfterContext"]["Properties"]);
            let Some(resource) = template.resources.get(logical_id).filter(|_| theirs.is_object()) else {
                continue;
            };
            let references = resource.properties.iter().flat_map(|node| evaluation.references(node));
            if references.into_iter().any(|one| matches!(one.target, ReferenceTarget::Resource { .. })) {
                continue;
            }
            let properties =
                evaluation.properties(resource, &Unknowns).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(shown(&Value::Map(properties)), theirs, "{name}: {logical_id}");
            compared += 1;
        }
    }
    assert!(compared > 40, "only {compared} compared");
}

#[test]
fn what_a_creation_shows_is_what_aws_showed() {
    let Some(cases) = recording("cases.json") else {
        return;
    };
    let (mut compared, mut unknowns) = (0, 0);
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        // Both templates parse, whatever a macro will do to them.
        for side in ["before", "after"] {
            Template::parse(name, case[side].to_string().as_bytes())
                .unwrap_or_else(|error| panic!("{error}"));
        }
        if case["offline"] != Json::Bool(true) {
            continue;
        }
        let template = Template::parse(name, case["before"].to_string().as_bytes()).unwrap();
        let ssm: BTreeMap<String, String> = texts(&case["ssm_before"]).into_iter().collect();
        let given = given(&case["parameters_before"]);
        let inputs = ParameterInputs { given: &given, previous: None, ssm: &ssm };
        let parameters =
            resolve_parameters(&template, &inputs).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        let (pseudo, outside) = (recorded_pseudo(name), Outside::default());
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside)
            .unwrap_or_else(|error| panic!("{error}"));
        let changes = case["create"]["values"].as_array().into_iter().flatten();
        for change in changes.map(|change| &change["ResourceChange"]) {
            let logical_id = change["LogicalResourceId"].as_str().unwrap();
            assert!(evaluation.is_active(logical_id), "{name}: {logical_id}");
            let properties = evaluation
                .properties(&template.resources[logical_id], &Unknowns)
                .unwrap_or_else(|error| panic!("{error}"));
            let ours = shown(&Value::Map(properties));
            let theirs = as_texts(&change["AfterContext"]["Properties"]);
            if theirs == Json::String("null".to_owned()) {
                continue;
            }
            assert_eq!(ours, theirs, "{name}: {logical_id}");
            compared += 1;
            unknowns += usize::from(theirs.to_string().contains("KNOWN_AFTER_APPLY"));
        }
    }
    assert!(compared > 60 && unknowns > 10, "only {compared} compared, {unknowns} of them with unknowns");
}

/// What AWS would answer to this template with these parameters, if we find anything wrong.
fn refusal(template: &Json, parameters: &Json) -> Option<String> {
    let template = match Template::parse("t", template.to_string().as_bytes()) {
        Ok(template) => template,
        Err(error) => return Some(error.aws_message()),
    };
    let given = given(parameters);
    let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
    let parameters = match resolve_parameters(&template, &inputs) {
        Ok(parameters) => parameters,
        Err(errors) => return errors.first().map(template::ParameterError::aws_message),
    };
    let (pseudo, outside) = (recorded_pseudo(""), Outside::default());
    let evaluation = match Evaluation::new(&template, &parameters, &pseudo, &outside) {
        Ok(evaluation) => evaluation,
        Err(error) => return Some(error.aws_message()),
    };
    for resource in evaluation.active_resources() {
        if let Err(error) = evaluation.properties(resource, &Unknowns) {
            return Some(error.aws_message());
        }
    }
    evaluation.outputs(&Unknowns).err().map(|error| error.aws_message())
}

#[test]
fn what_is_refused_is_refused_in_the_words_of_aws() {
    let Some(errors) = recording("errors.json") else {
        return;
    };
    let mut compared = 0;
    for error in errors["api_errors"].as_array().unwrap() {
        let message = error["Message"].as_str().unwrap_or_default();
        let ours = ["Template ", "[/", "Invalid template", "Unresolved resource", "Parameter '"];
        if !ours.iter().any(|beginning| message.starts_with(beginning)) {
            continue;
        }
        let calls = error["calls"].as_array().into_iter().flatten();
        let Some(call) = calls.into_iter().find(|call| call["template"].is_object()) else {
            continue;
        };
        let recorded = error["name"].as_str().unwrap_or_default();
        let ours = refusal(&call["template"], &call["parameters"]);
        assert_eq!(ours.as_deref(), Some(message), "{recorded}");
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} errors compared");
}

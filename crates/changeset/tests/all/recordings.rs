//! Every recorded change set that needs no macro but AWS's own is predicted and compared with AWS's answer, field by field.

use crate::support::{Resolved, predict_between, read_json, recorded_pseudo, texts};
use changeset::predict::{Deployed, Mode};
use changeset::wire;
use serde_json::{Value as Json, json};
use template::Template;

/// Cases that can't be met, with the reason. Each must really fail, or it has to leave the list.
const CANNOT_BE_MET: &[(&str, &str)] = &[(
    "test_change_set_fn_transform.py::TestChangeSetFnTransform::test_serverless_fn_transform",
    "the recording hides the path /hello of the API behind a placeholder; all else is met, the deployment's hashed name too",
)];

#[test]
fn every_offline_recording_is_predicted() {
    let Some(cases) = read_json("changesets/cases.json") else { return };
    let text = cases.to_string().replace("<partition>", "aws");
    let cases: Vec<Json> = serde_json::from_str(&text).expect("still JSON");
    let is_serverless =
        |case: &Json| case["name"].as_str().is_some_and(|name| name.contains("test_serverless"));
    let offline: Vec<&Json> =
        cases.iter().filter(|case| case["offline"] == true || is_serverless(case)).collect();
    assert!(offline.len() >= 57, "the recordings have shrunk to {}", offline.len());
    let mut failures = Vec::new();
    let (mut cases_met, mut answers, mut answers_met) = (0, 0, 0);
    for case in &offline {
        let name = case["name"].as_str().expect("a name");
        let mut met = true;
        for (phase, mode_name, mode) in [
            ("create", "plain", Mode::Plain),
            ("create", "values", Mode::Values),
            ("update", "plain", Mode::Plain),
            ("update", "values", Mode::Values),
        ] {
            answers += 1;
            let expected = normal(&case[phase][mode_name]);
            let predicted = normal(&predicted(case, phase, mode));
            if expected == predicted {
                answers_met += 1;
            } else {
                met = false;
                let allowed = CANNOT_BE_MET.iter().find(|(unmet, _)| *unmet == name);
                match allowed {
                    Some((_, reason)) => println!("not met: {name}, {phase} {mode_name}: {reason}"),
                    None => failures.push(format!(
                        "{name}, {phase} {mode_name}\n  AWS       {expected}\n  predicted {predicted}"
                    )),
                }
            }
        }
        cases_met += usize::from(met);
        assert!(
            !met || CANNOT_BE_MET.iter().all(|(unmet, _)| *unmet != name),
            "{name} is met now: take it off the list"
        );
    }
    println!("{cases_met} of {} recorded cases, {answers_met} of {answers} answers", offline.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_aws_answered_can_be_read_and_written_again() {
    let Some(cases) = read_json("changesets/cases.json") else { return };
    let mut answers = 0;
    for case in cases.as_array().into_iter().flatten() {
        for (phase, mode) in
            [("create", "plain"), ("create", "values"), ("update", "plain"), ("update", "values")]
        {
            let answer = &case[phase][mode];
            let read = wire::read(answer).unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
            assert_eq!(normal(&wire::changes(&read)), normal(answer), "{}", case["name"]);
            answers += 1;
        }
    }
    assert!(answers > 200);
}

#[test]
fn a_word_that_is_not_known_is_refused() {
    let change =
        json!([{"ResourceChange": {"Action": "Conjure", "LogicalResourceId": "A", "ResourceType": "T"}}]);
    let error = wire::read(&change).expect_err("refused").to_string();
    assert!(error.contains("unknown Action \"Conjure\""), "{error}");
    assert!(wire::read(&json!([{"ResourceChange": {"Action": "Add"}}])).is_err());
}

fn predicted(case: &Json, phase: &str, mode: Mode) -> Json {
    let template = |side: &str| {
        Template::parse(side, case[side].to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", case["name"]))
    };
    let before = Resolved::new(
        template("before"),
        &texts(&case["parameters_before"]),
        None,
        &texts(&case["ssm_before"]),
    );
    let change_set = if phase == "create" {
        predict_between(None, &before, &Deployed::default(), mode, &recorded_pseudo())
    } else {
        let after = Resolved::new(
            template("after"),
            &texts(&case["parameters_after"]),
            Some(&before.parameters),
            &texts(&case["ssm_after"]),
        );
        predict_between(
            Some(&before),
            &after,
            &crate::support::deployed(&case["deployed"]),
            mode,
            &recorded_pseudo(),
        )
    };
    wire::changes(&change_set.unwrap_or_else(|error| panic!("{}: {error}", case["name"])))
}

/// The form that the recordings' README compares in: changes by logical id, details as a set, no
/// `Replacement` on an Add, JSON text parsed.
fn normal(changes: &Json) -> Json {
    let mut made = serde_json::Map::new();
    for change in changes.as_array().into_iter().flatten() {
        let mut change = parsed(&change["ResourceChange"]);
        if change["Action"] == "Add" {
            change.as_object_mut().expect("a map").remove("Replacement");
        }
        let mut details: Vec<String> =
            change["Details"].as_array().into_iter().flatten().map(sorted_text).collect();
        details.sort();
        change["Details"] = json!(details);
        let logical_id = change["LogicalResourceId"].as_str().expect("a logical id").to_owned();
        assert!(
            made.insert(logical_id, serde_json::from_str(&sorted_text(&change)).expect("JSON")).is_none(),
            "a resource twice"
        );
    }
    serde_json::from_str(&sorted_text(&Json::Object(made))).expect("JSON")
}

fn parsed(value: &Json) -> Json {
    match value {
        Json::String(text) if text.starts_with('{') => match serde_json::from_str::<Json>(text) {
            Ok(inner) => parsed(&inner),
            Err(_) => value.clone(),
        },
        Json::Array(items) => items.iter().map(parsed).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), parsed(value))).collect(),
        other => other.clone(),
    }
}

fn sorted_text(value: &Json) -> String {
    match value {
        Json::Object(entries) => {
            let mut keys: Vec<&String> = entries.keys().collect();
            keys.sort();
            let parts: Vec<String> = keys
                .into_iter()
                .map(|key| format!("{}:{}", json!(key), sorted_text(&entries[key])))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(sorted_text).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

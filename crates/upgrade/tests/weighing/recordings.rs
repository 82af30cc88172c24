//! What we predict, weighed against what AWS recorded: a plan made from the prediction would have been carried out.

use std::collections::{BTreeMap, BTreeSet};

use changeset::{Deployed, DeployedResource, wire};
use serde_json::Value as Json;
use template::{Pseudo, Template, Value};
use upgrade::weigh;

use crate::support::{Predicted, Release, changes, predict_between, shared, weigh_plainly};

/// `<partition>` stands for `aws` in the recordings.
fn pseudo() -> Pseudo {
    Pseudo {
        account_id: "111111111111".to_owned(),
        region: "<region>".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "url_suffix".to_owned(),
        stack_name: "<stack-name:1>".to_owned(),
        stack_id: "arn:aws:cloudformation:<region>:111111111111:stack/<stack-name:1>/<resource:2>".to_owned(),
        notification_arns: Vec::new(),
    }
}

fn cases() -> Option<Vec<Json>> {
    let text = shared("changesets/cases.json")?.replace("<partition>", "aws");
    Some(serde_json::from_str(&text).expect("an array of cases"))
}

fn texts(json: &Json) -> BTreeMap<String, String> {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn deployed(json: &Json) -> Deployed {
    let resources = json.as_object().into_iter().flatten().map(|(logical_id, resource)| {
        let attributes = texts(&resource["attributes"]).into_iter();
        let made = DeployedResource {
            physical_id: resource["physical_id"].as_str().map(str::to_owned),
            attributes: attributes.map(|(name, value)| (name, Value::String(value))).collect(),
            properties: None,
        };
        (logical_id.clone(), made)
    });
    Deployed { resources: resources.collect(), ..Deployed::default() }
}

/// Both of a case's change sets, as we predict them: the creation's and the update's.
fn predicted(case: &Json) -> [(&'static str, Predicted); 2] {
    let pseudo = pseudo();
    let template = |side: &str| {
        Template::parse(side, case[side].to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", case["name"]))
    };
    let (given, ssm) = (texts(&case["parameters_before"]), texts(&case["ssm_before"]));
    let before = Release::new(template("before"), &given, None, &ssm, &pseudo);
    let (given, ssm) = (texts(&case["parameters_after"]), texts(&case["ssm_after"]));
    let after = Release::new(template("after"), &given, Some(&before), &ssm, &pseudo);
    [
        ("create", predict_between(None, &before, &Deployed::default(), &pseudo)),
        ("update", predict_between(Some(&before), &after, &deployed(&case["deployed"]), &pseudo)),
    ]
}

#[test]
fn no_recorded_change_set_stops_a_run_that_was_approved_from_its_prediction() {
    let Some(cases) = cases() else { return };
    let (mut weighed, mut without_stop, mut remarks, mut not_weighed) = (0, 0, 0, Vec::new());
    let mut stops = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        if case["offline"] != true {
            not_weighed.push(name);
            continue;
        }
        for (phase, predicted) in predicted(case) {
            for (mode, approved) in [("plain", &predicted.plain), ("values", &predicted.values)] {
                let answer = wire::read(&case[phase][mode]).expect("AWS's answer");
                let weighing = weigh_plainly(&changes(approved), &changes(&answer));
                weighed += 1;
                without_stop += usize::from(weighing.stops.is_empty());
                remarks += weighing.remarks.len();
                stops.extend(weighing.stops.iter().map(|stop| format!("{name}, {phase} {mode}: {stop}")));
            }
        }
    }
    println!("{without_stop} of {weighed} recorded change sets without a stop, {remarks} remarks");
    println!(
        "not predicted, since only AWS knows what their macros give: {} of {} cases: {}",
        not_weighed.len(),
        cases.len(),
        not_weighed.join(", ")
    );
    assert!(weighed >= 4 * 56, "the recordings have shrunk to {weighed}");
    assert!(stops.is_empty(), "{}", stops.join("\n"));
}

/// Every recorded answer that is not a creation, weighed against an approval of nothing and the other way round.
#[test]
fn every_recorded_change_stops_a_run_when_it_was_not_approved_and_when_it_is_left_out() {
    let Some(cases) = cases() else { return };
    let mut recorded = 0;
    for case in &cases {
        for (phase, mode) in
            [("create", "plain"), ("create", "values"), ("update", "plain"), ("update", "values")]
        {
            let answer = changes(&wire::read(&case[phase][mode]).expect("AWS's answer"));
            for change in answer {
                recorded += 1;
                let alone = [change];
                assert_eq!(weigh_plainly(&alone, &alone), upgrade::Weighing::default());
                assert_eq!(weigh_plainly(&[], &alone).stops.len(), 1, "{alone:?}");
                assert_eq!(weigh_plainly(&alone, &[]).stops.len(), 1, "{alone:?}");
            }
        }
    }
    println!("{recorded} recorded changes, each stopped when unapproved and when left out");
    assert!(recorded > 300, "the recordings have shrunk to {recorded}");
}

/// With property values AWS omits those that read an attribute of a resource modified in place. Whoever approved the
/// plain change set and read that there will be silence is not stopped by it; who wasn't told is.
#[test]
fn a_silence_that_was_foretold_stops_nothing() {
    let Some(cases) = cases() else { return };
    let (mut silences, mut stops) = (0, Vec::new());
    for case in cases.iter().filter(|case| case["offline"] == true) {
        for (phase, predicted) in predicted(case) {
            let answer = changes(&wire::read(&case[phase]["values"]).expect("AWS's answer"));
            let approved = changes(&predicted.plain);
            let silent: BTreeSet<&str> = predicted
                .expected
                .iter()
                .filter(|one| one.aws_values.is_none())
                .map(|one| one.logical_id.as_str())
                .collect();
            let omitted =
                approved.iter().filter(|change| silent.contains(change.logical_id.as_str())).count();
            silences += omitted;
            let untold = weigh_plainly(&approved, &answer).stops.len();
            let told = weigh(&approved, &answer, &silent).stops;
            assert_eq!(untold, told.len() + omitted, "{}", case["name"]);
            stops.extend(told.iter().map(|stop| format!("{}, {phase}: {stop}", case["name"])));
        }
    }
    println!("{silences} resources that AWS omits with property values, each foretold");
    assert!(silences > 0);
    assert!(stops.is_empty(), "{}", stops.join("\n"));
}

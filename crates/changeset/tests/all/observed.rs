//! What AWS really did to each resource in the recorded updates, against what is expected.

use std::collections::BTreeSet;

use crate::support::{Resolved, read_json, recorded_pseudo, texts};
use changeset::expect::{Expected, expectations};
use changeset::predict::{Deployed, Mode, predict};
use serde_json::Value as Json;
use template::{Outside, Template};

/// What the events of an update tell of a resource. Recordings of variants B and C dropped repeated statuses
/// and deletions, so that a replacement can't always be told from a change in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Observed {
    Nothing,
    Added,
    Replaced,
    InPlace,
    InPlaceOrReplaced,
    Removed,
}

fn observed(events: &Json, logical_id: &str) -> Observed {
    let complete = events["variant"].as_str().is_some_and(|variant| variant.starts_with('A'));
    let phase = |name: &str| -> Vec<&str> {
        events["phases"][logical_id][name].as_array().into_iter().flatten().filter_map(Json::as_str).collect()
    };
    let (update, cleanup) = (phase("update"), phase("update_cleanup"));
    let updated = update.first().is_some_and(|status| status.starts_with("UPDATE"));
    match (update.first(), cleanup.is_empty()) {
        (Some(status), _) if status.starts_with("CREATE") => Observed::Added,
        (_, false) if updated => Observed::Replaced,
        _ if updated && complete => Observed::InPlace,
        _ if updated => Observed::InPlaceOrReplaced,
        (_, false) => Observed::Removed,
        _ => Observed::Nothing,
    }
}

#[test]
fn what_aws_did_is_what_was_expected() {
    let Some(cases) = read_json("changesets/cases.json") else { return };
    let text = cases.to_string().replace("<partition>", "aws");
    let cases: Vec<Json> = serde_json::from_str(&text).expect("still JSON");
    let (mut resources, mut disagreements, mut failures) = (0, 0, Vec::new());
    for case in cases.iter().filter(|case| case["offline"] == true && case["events"]["phases"].is_object()) {
        let template =
            |side: &str| Template::parse(side, case[side].to_string().as_bytes()).expect("a template");
        let before = Resolved::new(
            template("before"),
            &texts(&case["parameters_before"]),
            None,
            &texts(&case["ssm_before"]),
        );
        let after = Resolved::new(
            template("after"),
            &texts(&case["parameters_after"]),
            Some(&before.parameters),
            &texts(&case["ssm_after"]),
        );
        let (pseudo, outside, deployed): (_, _, Deployed) =
            (recorded_pseudo(), Outside::default(), crate::support::deployed(&case["deployed"]));
        let (old, new) = (before.evaluation(&pseudo, &outside), after.evaluation(&pseudo, &outside));
        let plain = predict(Some(&old), &new, &deployed, Mode::Plain).expect("a prediction");
        let values = predict(Some(&old), &new, &deployed, Mode::Values).expect("a prediction");
        let expected = expectations(Some(&old), &new, &deployed, &plain, &values).expect("expectations");
        let mut names: BTreeSet<String> =
            before.template.resources.keys().chain(after.template.resources.keys()).cloned().collect();
        names.retain(|name| old.is_active(name) || new.is_active(name));
        for name in names {
            resources += 1;
            let found = expected.iter().find(|one| one.logical_id == name);
            disagreements += usize::from(found.is_some_and(|one| one.differs()));
            let expectation = found.map_or(Expected::Unchanged, |one| one.expected);
            let seen = observed(&case["events"], &name);
            let fits = match expectation {
                Expected::Unchanged => seen == Observed::Nothing,
                Expected::Added => seen == Observed::Added,
                Expected::Removed => matches!(seen, Observed::Removed | Observed::Nothing),
                Expected::UpdatedInPlace => matches!(seen, Observed::InPlace | Observed::InPlaceOrReplaced),
                Expected::Replaced => matches!(seen, Observed::Replaced | Observed::InPlaceOrReplaced),
                Expected::MayBeUpdated
                | Expected::MayBeReplaced
                | Expected::InstancesReplaced
                | Expected::Fails => false,
            };
            if !fits {
                let because = found.map(|one| format!("{:?}", one.because)).unwrap_or_default();
                failures.push(format!(
                    "{} {name}: expected {expectation:?}, AWS did {seen:?}: {because}",
                    case["name"]
                ));
            }
        }
    }
    println!(
        "{} of {resources} resources did what was expected; for {disagreements} AWS's preview said otherwise",
        resources - failures.len()
    );
    assert!(resources > 80, "the recordings have shrunk");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

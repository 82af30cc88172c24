//! Updates as people reported them of AWS, from public trackers and documentation (`reported/`), with what AWS does:
//!
//! - `refused`: AWS refuses the template or the change set itself; `unchanged`, `changed`: whether a change set has changes.
//! - `expect`: by logical id, what becomes of it (alternatives with `|`).
//! - `fails`, `fails_any`: where the update fails; `lacks_failure`: nowhere.
//! - `endangered`: one of these is at risk.

use std::collections::{BTreeMap, BTreeSet};

use changeset::expect::{Expected, expectations};
use changeset::predict::{Deployed, Mode, predict};
use changeset::risks::{RiskKind, risks};
use indexmap::IndexMap;
use serde::Deserialize;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, ResolvedParameters, Template, resolve_parameters,
};

use crate::support::real_pseudo;

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    aws: String,
    before: String,
    after: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    refused: bool,
    #[serde(default)]
    unchanged: bool,
    #[serde(default)]
    changed: bool,
    #[serde(default)]
    expect: BTreeMap<String, String>,
    fails: Option<String>,
    #[serde(default)]
    fails_any: bool,
    #[serde(default)]
    lacks_failure: bool,
    #[serde(default)]
    endangered: Vec<String>,
}

/// What doesn't come out as on AWS, and why it stays so for now. A case that comes out right has to leave this list.
const OPEN: [(&str, &str); 13] = [
    ("type-unknown", "a type that isn't published here may be newer than what is: said as a note"),
    ("mapping-key-is-a-number", "how a key was written isn't kept by the reader"),
    (
        "new-bucket-with-acl",
        "releases that are deployed have such buckets, and the local cloud has to be able to make them",
    ),
    ("group-replacing-update", "said with a perhaps: the new template version is known to AWS alone"),
    ("named-table-key-type", "an attribute's type that changes isn't known to replace a table"),
    ("api-sibling-variable-renamed", "of variable path parts there is one a parent; only names are compared"),
    ("third-subscription-filter", "quotas are not counted"),
    ("mapping-longer-function-than-queue", "two resources' values are not compared"),
    ("fifo-queue-standard-dead-letters", "two resources' values are not compared"),
    ("subscription-renamed-other-attributes", "foretold as made over the old one, whatever its attributes"),
    ("base-path-beside-the-empty-one", "the empty base path excludes others; only the same is compared"),
    ("rds-instance-port", "the published schema has it in place by now; the guide of 2023 has a replacement"),
    ("table-local-index", "the published schema and the guide have it in place"),
];

struct Side {
    template: Template,
    parameters: ResolvedParameters,
}

fn side(text: &str, given: &BTreeMap<String, String>, before: Option<&Side>) -> Result<Side, String> {
    let template = Template::parse("case", text.as_bytes()).map_err(|error| error.to_string())?;
    let given: IndexMap<String, GivenParameter> = given
        .iter()
        .filter(|(name, _)| template.parameters.contains_key(*name))
        .map(|(name, value)| (name.clone(), GivenParameter::Value(value.clone())))
        .collect();
    let inputs = ParameterInputs {
        given: &given,
        previous: before.map(|side| &side.parameters),
        ..ParameterInputs::default()
    };
    let words = |errors: Vec<template::ParameterError>| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let parameters = resolve_parameters(&template, &inputs).map_err(words)?;
    let template = template.expand(&parameters, &real_pseudo()).map_err(|error| error.to_string())?;
    Ok(Side { template, parameters })
}

#[derive(Default)]
struct Told {
    refused: Option<String>,
    listed: usize,
    expected: BTreeMap<String, Expected>,
    failing: BTreeSet<String>,
    endangered: BTreeSet<String>,
}

fn told(case: &Case) -> Result<Told, String> {
    let before = side(&case.before, &BTreeMap::new(), None)?;
    let after = side(&case.after, &case.parameters, Some(&before))?;
    let (pseudo, outside, deployed) = (real_pseudo(), Outside::default(), Deployed::default());
    let evaluated = |error: template::EvaluateError| error.to_string();
    let before =
        Evaluation::new(&before.template, &before.parameters, &pseudo, &outside).map_err(evaluated)?;
    let after = Evaluation::new(&after.template, &after.parameters, &pseudo, &outside).map_err(evaluated)?;
    after.check_rules().map_err(|_| "a rule".to_owned())?;
    let predicted = |mode| predict(Some(&before), &after, &deployed, mode).map_err(|error| error.to_string());
    let (plain, values) = (predicted(Mode::Plain)?, predicted(Mode::Values)?);
    let expected =
        expectations(Some(&before), &after, &deployed, &plain, &values).map_err(|error| error.to_string())?;
    let risks = risks(&expected, &after);
    let of = |kinds: &dyn Fn(RiskKind) -> bool| {
        risks.iter().filter(|risk| kinds(risk.kind)).filter_map(|risk| risk.logical_id.clone()).collect()
    };
    let mut failing: BTreeSet<String> = of(&|kind| kind == RiskKind::UpdateFails);
    failing.extend(
        expected.iter().filter(|one| one.expected == Expected::Fails).map(|one| one.logical_id.clone()),
    );
    Ok(Told {
        refused: None,
        listed: plain.changes.len(),
        expected: expected.iter().map(|one| (one.logical_id.clone(), one.expected)).collect(),
        failing,
        endangered: of(&|kind| !matches!(kind, RiskKind::CapabilityNeeded | RiskKind::Interruption)),
    })
}

fn word(expected: Option<&Expected>) -> &'static str {
    match expected {
        None | Some(Expected::Unchanged) => "unchanged",
        Some(Expected::MayBeUpdated) => "perhaps changed",
        Some(Expected::UpdatedInPlace) => "changed in place",
        Some(Expected::InstancesReplaced) => "instances replaced",
        Some(Expected::MayBeReplaced) => "perhaps replaced",
        Some(Expected::Replaced) => "replaced",
        Some(Expected::Added) => "added",
        Some(Expected::Removed) => "removed",
        Some(Expected::Fails) => "fails",
    }
}

fn wrong(case: &Case) -> Vec<String> {
    let told = told(case).unwrap_or_else(|reason| Told { refused: Some(reason), ..Told::default() });
    let mut wrong = Vec::new();
    let mut must = |holds: bool, words: String| {
        if !holds {
            wrong.push(words);
        }
    };
    match (&told.refused, case.refused) {
        (Some(_), true) => return Vec::new(),
        (None, true) => return vec!["is accepted".to_owned()],
        (Some(reason), false) => return vec![format!("is refused: {reason}")],
        (None, false) => {}
    }
    for (logical_id, words) in &case.expect {
        let found = word(told.expected.get(logical_id));
        must(words.split('|').any(|one| one == found), format!("{logical_id} is {found}, not {words}"));
    }
    if let Some(resource) = &case.fails {
        must(told.failing.contains(resource), format!("no failure at {resource}: {:?}", told.failing));
    }
    must(!case.fails_any || !told.failing.is_empty(), "no failure".to_owned());
    must(!case.lacks_failure || told.failing.is_empty(), format!("fails at {:?}", told.failing));
    let is_named = case.endangered.iter().any(|one| told.endangered.contains(one));
    must(case.endangered.is_empty() || is_named, format!("no danger for {:?}", case.endangered));
    must(!case.unchanged || told.listed == 0, "something changes".to_owned());
    must(!case.changed || told.listed > 0, "nothing changes".to_owned());
    wrong
}

#[test]
fn reported_updates_come_out_as_on_aws_but_for_those_that_are_open() {
    let tables = [include_str!("reported/reported.toml"), include_str!("reported/blind.toml")];
    let cases: Vec<Case> = tables
        .iter()
        .flat_map(|table| toml::from_str::<Table>(table).expect("a table of cases").case)
        .collect();
    let (mut differ, mut settled) = (Vec::new(), Vec::new());
    let mut right = 0;
    for case in &cases {
        assert!(!case.source.is_empty(), "{} has no source", case.name);
        let wrong = wrong(case);
        let is_open = OPEN.iter().any(|(name, _)| *name == case.name);
        match (wrong.is_empty(), is_open) {
            (true, false) => right += 1,
            (true, true) => settled.push(case.name.as_str()),
            (false, true) => {}
            (false, false) => differ.push(format!(
                "{} ({}): {}. AWS: {}",
                case.name,
                case.source,
                wrong.join("; "),
                case.aws
            )),
        }
    }
    println!("{right} of {} reported updates come out as on AWS; {} are open", cases.len(), OPEN.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(settled.is_empty(), "no longer open: {settled:?}");
}

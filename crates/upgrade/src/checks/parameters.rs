//! Every parameter three ways: as the stack has it, as the old release proposed it, as the new one does. Secrets are
//! never shown.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use template::{
    GivenParameter, ParameterError, ParameterInputs, ParameterProblem, ResolvedParameters, Template,
    carry_over, resolve_parameters, unchecked_patterns,
};

use super::constraints::ParameterConstraints;
use super::finding::{Finding, count, list};
use super::{Check, CheckInput, CheckResult};
use crate::draft::{DraftError, ReleaseSide};

/// A parameter, three ways. Of a secret only whether it has a value is told: its values are `****`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterRow {
    pub name: String,
    /// Under which heading the vendor shows it.
    pub group: Option<String>,
    /// What the vendor calls it.
    pub label: Option<String>,
    /// In which of the two releases it is.
    pub place: ParameterPlace,
    /// The stack's value; for a parameter store type the name in the store.
    pub current: Option<String>,
    /// The deployed release's default.
    pub old_default: Option<String>,
    /// The new release's default.
    pub new_default: Option<String>,
    /// The value that the update gives it; `None` when it has none, or leaves.
    pub will_be: Option<String>,
    /// Both releases have it, with different defaults.
    pub changed_default: bool,
    /// It is NoEcho, in one of the two releases.
    pub secret: bool,
    /// Why CloudFormation would refuse the value, or the lack of one. Never says the value.
    pub constraint_error: Option<String>,
    /// What the new release takes; `None` for one that leaves, and for a secret, which nobody gives here.
    pub constraints: Option<ParameterConstraints>,
}

/// In which release a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ParameterPlace {
    /// In both.
    Kept,
    /// Only in the new one.
    New,
    /// Only in the deployed one: its value goes.
    Gone,
}

/// A table of every parameter of both releases: the new one's in its order, then those that leave. `given` is what the
/// operator gives; every other parameter keeps its value, or takes the new default.
#[must_use]
pub fn parameter_table(
    before: &ReleaseSide,
    after: &Template,
    given: &BTreeMap<String, String>,
) -> Vec<ParameterRow> {
    let ReleaseSide { template: before, parameters: stored } = before;
    let errors = errors(stored, after, given);
    let interfaces = [after.interface(), before.interface()];
    let group = |name: &str| {
        let mut groups = interfaces.iter().flat_map(|interface| &interface.groups);
        groups.find(|group| group.parameters.iter().any(|one| one == name))?.label.clone()
    };
    let label = |name: &str| interfaces.iter().find_map(|interface| interface.labels.get(name)).cloned();
    let gone = before.parameters.keys().filter(|name| !after.parameters.contains_key(*name));
    let row = |name: &String| {
        let (old, new) = (before.parameters.get(name), after.parameters.get(name));
        let secret = [old, new].into_iter().flatten().any(|parameter| parameter.no_echo);
        let shown = |value: Option<&String>| match (value, secret) {
            (Some(_), true) => Some("****".to_owned()),
            (value, _) => value.cloned(),
        };
        let current = stored.0.get(name).map(|parameter| &parameter.text);
        let (old_default, new_default) =
            (old.and_then(|old| old.default.as_ref()), new.and_then(|new| new.default.as_ref()));
        let will_be = given.get(name).or(current).or(new_default).filter(|_| new.is_some());
        ParameterRow {
            name: name.clone(),
            group: group(name),
            label: label(name),
            place: match (old, new) {
                (Some(_), Some(_)) => ParameterPlace::Kept,
                (None, _) => ParameterPlace::New,
                (Some(_), None) => ParameterPlace::Gone,
            },
            current: shown(current),
            old_default: shown(old_default),
            new_default: shown(new_default),
            will_be: shown(will_be),
            changed_default: old.is_some() && new.is_some() && old_default != new_default,
            secret,
            constraint_error: errors
                .iter()
                .find(|error| error.parameter == *name)
                .map(|error| error.reason.clone()),
            constraints: new.filter(|_| !secret).map(ParameterConstraints::from_parameter),
        }
    };
    after.parameters.keys().chain(gone).map(row).collect()
}

/// What CloudFormation would refuse.
fn errors(
    stored: &ResolvedParameters,
    after: &Template,
    given: &BTreeMap<String, String>,
) -> Vec<ParameterError> {
    let given: IndexMap<String, GivenParameter> =
        given.iter().map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone()))).collect();
    let carried = carry_over(after, &given, Some(stored));
    let inputs = ParameterInputs { given: &carried, previous: Some(stored), ..ParameterInputs::default() };
    let mut errors = resolve_parameters(after, &inputs).err().unwrap_or_default();
    // AWS shows a secret as `****`. Whether the secret itself meets its constraints only CloudFormation can say.
    errors.retain(|error| {
        let hidden = !given.contains_key(&error.parameter)
            && after.parameters.get(&error.parameter).is_some_and(|parameter| parameter.no_echo);
        match error.kind {
            ParameterProblem::TooLong | ParameterProblem::NotANumber | ParameterProblem::Constraint => {
                !hidden
            }
            ParameterProblem::NotInTemplate
            | ParameterProblem::NoPreviousValue
            | ParameterProblem::Missing => true,
        }
    });
    errors
}

/// Whether every parameter has a value that CloudFormation takes, and which defaults have moved.
pub(super) const PARAMETERS: Check = Check::new("parameters", "Parameters", check);

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    for error in errors(&input.before.parameters, input.after, input.given) {
        finding.fail(
            error.reason,
            "Give the parameter a value that the release takes, or leave it out where the release has none of this name.",
        );
    }
    for name in
        input.given.keys().filter(|name| input.after.parameters.get(*name).is_some_and(|one| one.no_echo))
    {
        finding.fail(
            format!("{name} is NoEcho and given: a plan keeps no secrets."),
            "Set it on the stack first, with the release that is deployed, and leave it out here.",
        );
    }
    let rows = parameter_table(input.before, input.after, input.given);
    for row in rows.iter().filter(|row| row.changed_default) {
        let [old, new, will_be] = [&row.old_default, &row.new_default, &row.will_be]
            .map(|value| value.as_deref().unwrap_or("none"));
        // Of a secret the values look alike, so which of them the stack has can't be said.
        let stays_behind = !row.secret
            && !input.given.contains_key(&row.name)
            && row.current == row.old_default
            && row.current.is_some();
        if stays_behind {
            finding.warn(
                format!(
                    "{}: the default went from {old} to {new}, and the stack keeps {will_be}: a stored value beats a new \
                     default.",
                    row.name
                ),
                "Decide for each default that moved whether to take it: give the parameter its new default, or keep the \
                 value.",
            );
        } else {
            finding.note(format!(
                "{}: the default went from {old} to {new}; the stack will have {will_be}.",
                row.name
            ));
        }
    }
    let of_place = |place| rows.iter().filter(move |row| row.place == place);
    for row in of_place(ParameterPlace::New) {
        match (&row.will_be, &row.constraint_error) {
            (Some(value), None) if value.is_empty() => {
                finding.note(format!("{} is new and stays empty.", row.name))
            }
            (Some(value), None) => finding.note(format!("{} is new and will be {value}.", row.name)),
            (Some(_) | None, _) => {}
        }
    }
    let gone: Vec<&str> = of_place(ParameterPlace::Gone).map(|row| row.name.as_str()).collect();
    if !gone.is_empty() {
        finding.note(format!("Leave the template, and their values with them: {}.", list(gone)));
    }
    let unchecked: BTreeSet<&str> =
        unchecked_patterns(input.after).map(|parameter| parameter.name.as_str()).collect();
    if !unchecked.is_empty() {
        finding.note(format!("Patterns that only CloudFormation can check: {}.", list(unchecked)));
    }
    // A draft stops at them.
    if let Err(DraftError::Rules(violations)) = input.foretold {
        for violation in violations {
            finding.fail(
                format!("The release's rule {} is violated: {}.", violation.rule, violation.description),
                "Change the parameters that the rule speaks of.",
            );
        }
    }
    let kept = of_place(ParameterPlace::Kept).count();
    finding.note(format!("In both releases: {}.", count(kept, "parameter")));
    finding.done()
}

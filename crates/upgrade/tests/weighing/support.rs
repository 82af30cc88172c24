//! Predicting from templates, and reading the shared recordings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use changeset::expect::{Expectation, expectations};
use changeset::{ChangeSet, Deployed, Mode, predict};
use indexmap::IndexMap;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Pseudo, ResolvedParameters, Template,
    resolve_parameters,
};
use upgrade::{Change, Weighing, weigh};

/// The shared folder's file, or `None` with a loud line when it is missing (which CI doesn't allow).
pub fn shared(path: &str) -> Option<String> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    let text = std::fs::read_to_string(&full).ok();
    if text.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "shared/{path} is missing: check it out beside the repository"
        );
        eprintln!("SKIPPED: shared/{path} is missing, so this test has tested nothing");
    }
    text
}

/// A release with its values.
pub struct Release {
    template: Template,
    parameters: ResolvedParameters,
}

impl Release {
    /// Values that the template doesn't take are left out.
    pub fn new(
        template: Template,
        given: &BTreeMap<String, String>,
        previous: Option<&Release>,
        ssm: &BTreeMap<String, String>,
        pseudo: &Pseudo,
    ) -> Release {
        let given: IndexMap<String, GivenParameter> = given
            .iter()
            .filter(|(name, _)| template.parameters.contains_key(*name))
            .map(|(name, value)| (name.clone(), GivenParameter::Value(value.clone())))
            .collect();
        let previous = previous.map(|release| &release.parameters);
        let parameters = resolve_parameters(&template, &ParameterInputs { given: &given, previous, ssm })
            .expect("the parameters fit");
        let template = template.expand(&parameters, pseudo).expect("it expands");
        Release { template, parameters }
    }
}

/// Our prediction in both modes, and what we expect to happen.
pub struct Predicted {
    pub plain: ChangeSet,
    pub values: ChangeSet,
    pub expected: Vec<Expectation>,
}

pub fn predict_between(
    before: Option<&Release>,
    after: &Release,
    deployed: &Deployed,
    pseudo: &Pseudo,
) -> Predicted {
    let outside = Outside::default();
    let side = |release| {
        let Release { template, parameters }: &Release = release;
        Evaluation::new(template, parameters, pseudo, &outside).expect("it can be evaluated")
    };
    let (before, after) = (before.map(side), side(after));
    let mode = |mode| predict(before.as_ref(), &after, deployed, mode).expect("it can be predicted");
    let (plain, values) = (mode(Mode::Plain), mode(Mode::Values));
    let expected =
        expectations(before.as_ref(), &after, deployed, &plain, &values).expect("it can be foretold");
    Predicted { plain, values, expected }
}

pub fn changes(set: &ChangeSet) -> Vec<Change> {
    set.changes.iter().map(Change::from_prediction).collect()
}

/// Weighs where nothing was foretold to be silent.
pub fn weigh_plainly(approved: &[Change], actual: &[Change]) -> Weighing {
    weigh(approved, actual, &BTreeSet::new())
}

//! Reading the shared test data, and predicting from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use changeset::ChangeSet;
use changeset::predict::{Deployed, DeployedResource, Mode, PredictError, predict};
use indexmap::IndexMap;
use serde_json::Value as Json;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Pseudo, ResolvedParameters, Template, Value,
    resolve_parameters,
};

/// The shared folder's file or folder, or `None` with a loud line when it is missing (which CI doesn't
/// allow).
pub fn shared(path: &str) -> Option<PathBuf> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "shared/{path} is missing: check it out beside the repository"
    );
    eprintln!("SKIPPED: shared/{path} is missing, so this test has tested nothing");
    None
}

pub fn read_json(path: &str) -> Option<Json> {
    let text = std::fs::read_to_string(shared(path)?).expect("the file is readable");
    Some(serde_json::from_str(&text).expect("the file is JSON"))
}

pub fn read_template(path: &str) -> Template {
    let full = shared(path).expect("the caller has looked for it");
    let bytes = std::fs::read(&full).expect("the file is readable");
    Template::parse(path, &bytes).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The pseudo parameters of a recorded stack. `<partition>` stands for `aws` in the recordings, except where
/// a template reads it; so the recordings are read with `aws` in its place.
pub fn recorded_pseudo() -> Pseudo {
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

pub fn real_pseudo() -> Pseudo {
    Pseudo {
        account_id: "111111111111".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "platform".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:111111111111:stack/platform/1".to_owned(),
        notification_arns: Vec::new(),
    }
}

/// A template with its resolved parameters, owned.
pub struct Resolved {
    pub template: Template,
    pub parameters: ResolvedParameters,
}

impl Resolved {
    /// Resolves the parameters; those that the template doesn't take are left out.
    pub fn new(
        template: Template,
        given: &BTreeMap<String, String>,
        previous: Option<&ResolvedParameters>,
        ssm: &BTreeMap<String, String>,
    ) -> Resolved {
        let given: IndexMap<String, GivenParameter> = given
            .iter()
            .filter(|(name, _)| template.parameters.contains_key(*name))
            .map(|(name, value)| (name.clone(), GivenParameter::Value(value.clone())))
            .collect();
        let inputs = ParameterInputs { given: &given, previous, ssm };
        let parameters = resolve_parameters(&template, &inputs).unwrap_or_else(|errors| {
            panic!(
                "{}: {}",
                template.name,
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            )
        });
        let template = template.expand(&parameters, &real_pseudo()).unwrap_or_else(|error| panic!("{error}"));
        Resolved { template, parameters }
    }

    pub fn evaluation<'a>(&'a self, pseudo: &'a Pseudo, outside: &'a Outside) -> Evaluation<'a> {
        Evaluation::new(&self.template, &self.parameters, pseudo, outside)
            .unwrap_or_else(|error| panic!("{}: {error}", self.template.name))
    }
}

/// Predicts from resolved templates.
pub fn predict_between(
    before: Option<&Resolved>,
    after: &Resolved,
    deployed: &Deployed,
    mode: Mode,
    pseudo: &Pseudo,
) -> Result<ChangeSet, PredictError> {
    let outside = Outside::default();
    let before = before.map(|side| side.evaluation(pseudo, &outside));
    predict(before.as_ref(), &after.evaluation(pseudo, &outside), deployed, mode)
}

pub fn texts(json: &Json) -> BTreeMap<String, String> {
    let entries = json.as_object().into_iter().flatten();
    entries
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

pub fn deployed(json: &Json) -> Deployed {
    let resources = json.as_object().into_iter().flatten().map(|(logical_id, resource)| {
        let made = DeployedResource {
            physical_id: resource["physical_id"].as_str().map(str::to_owned),
            attributes: texts(&resource["attributes"])
                .into_iter()
                .map(|(name, value)| (name, Value::String(value)))
                .collect(),
            properties: None,
        };
        (logical_id.clone(), made)
    });
    Deployed { resources: resources.collect(), ..Deployed::default() }
}

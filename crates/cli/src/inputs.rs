//! The releases and parameters a person names, read and checked before anything is started.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use template::{
    GivenParameter, Node, ParameterError, ParameterInputs, ParameterProblem, Template, resolve_parameters,
};

use crate::error::{CliError, Exit, Prefixed};
use crate::files::{self, FileError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Parameters(Vec<ParameterError>),
    #[error("--parameter {0}: neither release has such a parameter")]
    UnknownParameter(String),
}

impl From<InputError> for CliError {
    fn from(error: InputError) -> CliError {
        match &error {
            InputError::Parameters(problems) => {
                let is_missing = problems.iter().any(|problem| problem.kind == ParameterProblem::Missing);
                let refused = CliError::new(Exit::RefusedByAws, error);
                match is_missing {
                    true => refused.hint("give a value with --parameter KEY=VALUE; nothing was started"),
                    false => refused,
                }
            }
            InputError::UnknownParameter(_) => {
                CliError::new(Exit::BadInput, error).hint("check its spelling; nothing was started")
            }
        }
    }
}

/// A release's template, read and found sound.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// The file's name, for messages.
    pub name: String,
    /// Its text.
    pub bytes: Vec<u8>,
    /// Its tree.
    pub template: Template,
}

impl Release {
    pub(crate) fn read(path: &Path) -> Result<Release, CliError> {
        Release::parse(&path.display().to_string(), files::read(path)?)
    }

    pub(crate) fn parse(name: &str, bytes: Vec<u8>) -> Result<Release, CliError> {
        let template = Template::parse(name, &bytes)?;
        Ok(Release { name: name.to_owned(), bytes, template })
    }

    /// Whether a parameter is NoEcho.
    pub(crate) fn is_secret(&self, key: &str) -> bool {
        self.template.parameters.get(key).is_some_and(|parameter| parameter.no_echo)
    }

    /// Those of the given parameters that the release takes; refused when one is missing or not allowed.
    pub(crate) fn parameters(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, CliError> {
        let taken: BTreeMap<String, String> = given
            .iter()
            .filter(|(key, _)| self.template.parameters.contains_key(*key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let values: IndexMap<String, GivenParameter> =
            taken.iter().map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone()))).collect();
        let inputs = ParameterInputs { given: &values, ..ParameterInputs::default() };
        resolve_parameters(&self.template, &inputs).map_err(InputError::Parameters)?;
        Ok(taken)
    }
}

/// Refuse a parameter that no release has: it is a typing error.
pub(crate) fn refuse_unknown(
    given: &BTreeMap<String, String>,
    releases: &[&Release],
) -> Result<(), CliError> {
    let known = |key: &String| releases.iter().any(|release| release.template.parameters.contains_key(key));
    match given.keys().find(|key| !known(key)) {
        Some(key) => Err(InputError::UnknownParameter(key.clone()).into()),
        None => Ok(()),
    }
}

/// A file of parameters: AWS's own form, `[{"ParameterKey": …, "ParameterValue": …}]`, or a plain map, in JSON or
/// YAML.
pub(crate) fn parameters_file(path: &Path) -> Result<IndexMap<String, GivenParameter>, CliError> {
    let malformed = |reason: String| CliError::from(FileError::malformed(path, reason));
    let bytes = files::read(path)?;
    let name = path.display().to_string();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(IndexMap::new());
    }
    let root = template::read(&name, &bytes, template::Aliases::Refuse)
        .map_err(|source| Prefixed { prefix: "the parameters file can't be read", source })
        .map_err(CliError::untouched)?;
    let text = |node: &Node| node.scalar_text().map(str::to_owned);
    if let Some(map) = root.as_mapping() {
        return map
            .iter()
            .map(|(key, entry)| match text(&entry.value) {
                Some(value) => Ok((key.clone(), GivenParameter::Value(value))),
                None => Err(malformed(format!("{key}: a text or a number is wanted"))),
            })
            .collect();
    }
    let Some(list) = root.as_sequence() else {
        return Err(malformed("a map, or a list of {ParameterKey, ParameterValue}, is wanted".to_owned()));
    };
    list.iter()
        .map(|entry| {
            let key = entry.get("ParameterKey").and_then(text);
            let value = entry.get("ParameterValue").and_then(text);
            let previous = entry.get("UsePreviousValue").and_then(text).is_some_and(|word| word == "true");
            match (key, value, previous) {
                (Some(key), Some(value), false) => Ok((key, GivenParameter::Value(value))),
                (Some(key), None, true) => Ok((key, GivenParameter::UsePreviousValue)),
                _ => Err(malformed(format!(
                    "line {}: ParameterKey with either ParameterValue or UsePreviousValue is wanted",
                    entry.at.line
                ))),
            }
        })
        .collect()
}

//! Systems Manager's parameter store: parameters with their versions. No `Debug` here shows the value of a
//! `SecureString`. Policies, labels, tiers beyond the standard one and allowed patterns are not simulated.
//!
//! Stacks read plain parameters, and no `SecureString`, through parameters of theirs.

mod filters;
pub mod provision;
mod read;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::descriptor::{Descriptor, Errors, Rate, TARGET_JSON, Target, changes, reads, unknown_operation};
use crate::{AwsError, Input, Timestamp, World};

/// "A maximum of 100 versions"; the oldest goes.
const MOST_VERSIONS: usize = 100;

/// Parameters by name.
#[derive(Debug, Clone, Default)]
pub struct ParameterStore {
    parameters: BTreeMap<String, Parameter>,
}

impl ParameterStore {
    /// Give a parameter a value whatever its name is, as AWS does with those that it keeps for everybody.
    pub fn publish(&mut self, name: &str, value: &str, at: Timestamp) {
        self.add_version(name, Kind::String, value, at);
    }

    fn add_version(&mut self, name: &str, kind: Kind, value: &str, modified: Timestamp) -> &mut Parameter {
        let parameter = self.parameters.entry(name.to_owned()).or_insert_with(|| Parameter {
            kind,
            description: None,
            data_type: "text".to_owned(),
            first: 1,
            versions: Vec::new(),
        });
        parameter.kind = kind;
        let is_secret = kind == Kind::SecureString;
        parameter.versions.push(Version { value: value.to_owned(), modified, is_secret });
        if parameter.versions.len() > MOST_VERSIONS {
            parameter.versions.remove(0);
            parameter.first += 1;
        }
        parameter
    }

    /// The parameters that aren't secret, with their present values.
    pub fn plain_values(&self) -> impl Iterator<Item = (&str, &str)> {
        let plain = self.parameters.iter().filter(|(_, parameter)| parameter.kind != Kind::SecureString);
        plain.filter_map(|(name, parameter)| Some((name.as_str(), parameter.versions.last()?.value.as_str())))
    }

    /// What a stack reads of a parameter; `None` where there is none, or it is secret.
    #[must_use]
    pub fn value_for_stacks(&self, name: &str) -> Option<String> {
        let parameter = self.parameters.get(name).filter(|parameter| parameter.kind != Kind::SecureString);
        let stored = parameter.and_then(|parameter| parameter.versions.last());
        stored.map(|version| version.value.clone()).or_else(|| public_value(name))
    }
}

#[derive(Debug, Clone)]
struct Parameter {
    kind: Kind,
    description: Option<String>,
    data_type: String,
    /// The number of the oldest version that is kept.
    first: u64,
    /// The last is the present one.
    versions: Vec<Version>,
}

impl Parameter {
    /// The present version's number.
    fn number(&self) -> u64 {
        self.first + u64::try_from(self.versions.len()).unwrap_or_default().saturating_sub(1)
    }

    fn version(&self, number: u64) -> Option<&Version> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.versions.get(place)
    }
}

#[derive(Clone)]
struct Version {
    value: String,
    modified: Timestamp,
    is_secret: bool,
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Version");
        shown.field("modified", &self.modified);
        if self.is_secret { &mut shown } else { shown.field("value", &self.value) }.finish_non_exhaustive()
    }
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    String,
    StringList,
    SecureString,
}

impl Kind {
    fn named(name: &str) -> Option<Kind> {
        [Kind::String, Kind::StringList, Kind::SecureString].into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Kind::String => "String",
            Kind::StringList => "StringList",
            Kind::SecureString => "SecureString",
        }
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "Systems Manager (the parameter store)",
    signing_name: "ssm",
    // <https://repost.aws/knowledge-center/ssm-parameter-store-rate-exceeded>
    errors: Errors { server_error: "InternalServerError", ..TARGET_JSON.errors },
    unknown_operation,
    target: Target::Named(&[("Name", "parameter/"), ("Names", "parameter/"), ("Path", "parameter/")]),
    // <https://docs.aws.amazon.com/general/latest/gr/ssm.html>: the default throughput, shared.
    rates: &[Rate::shared("throughput", &["GetParameter", "GetParameters", "PutParameter"], 40)],
    resource_types: provision::TYPES,
    operations: &[
        reads("GetParameter", read::get),
        reads("GetParameters", read::get_several),
        reads("GetParametersByPath", read::by_path),
        reads("GetParameterHistory", read::history),
        reads("DescribeParameters", read::describe),
        changes("PutParameter", write::put),
        changes("DeleteParameter", write::delete),
        changes("DeleteParameters", write::delete_several),
    ],
    ..TARGET_JSON
};

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ValidationException", message)
}

/// Recorded by many: the code alone, without words.
fn not_found() -> AwsError {
    AwsError::new(400, "ParameterNotFound", "")
}

fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, AwsError> {
    input.string(name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let shown = name.to_lowercase();
        validation(format!(
            "1 validation error detected: Value at '{shown}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// The present value of a parameter that AWS keeps for everybody, such as the newest image of a kind: made up, the same
/// every time, and the same that stacks get.
pub(crate) fn public_value(name: &str) -> Option<String> {
    name.starts_with("/aws/service/").then(|| {
        let digest = Sha256::digest(name.as_bytes());
        let hex = hex::encode(digest);
        format!("ami-{}", hex.get(..17).unwrap_or(&hex))
    })
}

/// `arn:aws:ssm:REGION:ACCOUNT:parameter/name`, the slash once.
fn arn(world: &World, name: &str) -> String {
    world.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
}

#[cfg(test)]
mod tests;

//! Systems Manager's parameter store: parameters with their versions. No `Debug` here shows the value of a
//! `SecureString`. Policies, labels, tiers beyond the standard one and allowed patterns are not simulated.
//!
//! Stacks read plain parameters from [`crate::cloudformation::CloudFormation::parameter_store`]; what is stored here is
//! written there as well.

mod filters;
pub mod provision;
mod read;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{AwsError, Input, Timestamp, World};

/// Parameters by name.
#[derive(Debug, Default)]
pub struct ParameterStore {
    parameters: BTreeMap<String, Parameter>,
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

/// Answer a request.
///
/// # Errors
/// In Systems Manager's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
    match operation {
        "GetParameter" => read::get(world, input),
        "GetParameters" => read::get_several(world, input),
        "GetParametersByPath" => read::by_path(world, input),
        "GetParameterHistory" => read::history(world, input),
        "DescribeParameters" => read::describe(world, input),
        "PutParameter" => write::put(world, input),
        "DeleteParameter" => write::delete(world, input),
        "DeleteParameters" => write::delete_several(world, input),
        _ => Err(AwsError::new(400, "UnknownOperationException", "")),
    }
}

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

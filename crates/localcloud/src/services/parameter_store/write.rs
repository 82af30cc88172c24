//! Putting and deleting parameters.

use serde_json::{Value, json};

use super::{Kind, not_found, required, validation};
use crate::{AwsError, Input, World};

/// Of the standard tier.
const LONGEST_VALUE: usize = 4096;

pub(super) fn put(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "Name")?;
    check_name(name)?;
    let value = required(input, "Value")?;
    check_value(value)?;
    let overwrite = input.boolean("Overwrite")?.unwrap_or(false);
    let existing = world.parameter_store.parameters.get(name);
    if existing.is_some() && !overwrite {
        return Err(AwsError::new(
            400,
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    let kind = match (input.string("Type"), existing) {
        (Some(given), _) => kind(given)?,
        (None, Some(existing)) => existing.kind,
        (None, None) => {
            return Err(validation("A parameter type is required when you create a parameter."));
        }
    };
    let version = store(world, name, kind, value, input);
    Ok(json!({"Version": version, "Tier": "Standard"}))
}

pub(super) fn kind(given: &str) -> Result<Kind, AwsError> {
    Kind::named(given).ok_or_else(|| {
        let shown: String = given.chars().take(100).collect();
        validation(format!(
            "1 validation error detected: Value '{shown}' at 'type' failed to satisfy constraint: Member must satisfy \
             enum value set: [SecureString, StringList, String]"
        ))
    })
}

/// "Parameter names … can't be prefixed with "aws" or "ssm" … must use only the following: a-zA-Z0-9_.- and /; at most
/// fifteen levels" (PutParameter).
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    if name.len() > 1011 || !name.bytes().all(allowed) {
        return Err(validation(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
             following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(validation("Parameter name must be a fully qualified name."));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("ssm") {
        return Err(validation("Parameter name: can't be prefixed with \"ssm\" (case-insensitive)."));
    }
    if first.starts_with("aws") {
        return Err(AwsError::new(400, "AccessDeniedException", "No access to reserved parameter name."));
    }
    if name.trim_start_matches('/').split('/').count() > 15 {
        return Err(AwsError::new(
            400,
            "HierarchyLevelLimitExceededException",
            "A hierarchy can have a maximum of 15 levels.",
        ));
    }
    Ok(())
}

pub(super) fn check_value(value: &str) -> Result<(), AwsError> {
    if value.chars().count() > LONGEST_VALUE {
        return Err(validation(format!(
            "Standard tier parameters support a maximum parameter value of {LONGEST_VALUE} characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier."
        )));
    }
    Ok(())
}

/// Add a version; gives its number.
pub(super) fn store(world: &mut World, name: &str, kind: Kind, value: &str, input: Input<'_>) -> u64 {
    let parameter = world.parameter_store.add_version(name, kind, value, world.now);
    if let Some(description) = input.string("Description") {
        parameter.description = Some(description.to_owned());
    }
    if let Some(data_type) = input.string("DataType") {
        data_type.clone_into(&mut parameter.data_type);
    }
    parameter.number()
}

/// Remove a parameter, if it is there.
pub(super) fn remove(world: &mut World, name: &str) -> bool {
    world.parameter_store.parameters.remove(name).is_some()
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "Name")?;
    if remove(world, name) { Ok(json!({})) } else { Err(not_found()) }
}

pub(super) fn delete_several(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let names = super::read::names(input)?;
    let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
    for name in names {
        if remove(world, name) { &mut deleted } else { &mut invalid }.push(name);
    }
    Ok(json!({"DeletedParameters": deleted, "InvalidParameters": invalid}))
}

//! `AWS::SecretsManager::Secret`. Its physical id, an ARN, is made as for every type without a service of its own.

use super::{Hidden, generate, secrets, values};
use crate::generic;
use crate::properties;
use crate::resource::{Desired, ProvisionError, Provisioned, ResourceType};
use crate::services::tags;
use crate::{AwsError, Input, World};

/// The type.
pub const TYPES: &[ResourceType] =
    &[ResourceType { name: "AWS::SecretsManager::Secret", create, update, finish_delete, ..generic::ANY }];

/// Create the secret.
///
/// # Errors
/// In Secrets Manager's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    if let Some(name) = input.string("Name") {
        secrets::check_free(world, name)?;
    }
    let value = value(world, desired, input)?;
    let provisioned = generic::create(world, desired)?;
    let arn = provisioned.physical_id.as_str();
    let name = match provisioned.attributes.get("Name") {
        Some(template::Value::String(name)) => name.as_str(),
        _ => {
            arn.split(":secret:").nth(1).and_then(|tail| tail.rsplit_once('-')).map_or(arn, |(name, _)| name)
        }
    };
    let mut secret = secrets::empty(world, name, arn);
    if let Some(value) = value {
        let id = world.identities.uuid(&format!("secret version {arn}"));
        values::add(&mut secret, id, value, world.now, &[]);
    }
    world.secrets_manager.secrets.insert(arn.to_owned(), secret);
    describe(world, desired, arn, input);
    Ok(provisioned)
}

/// Change the secret in place. It gets a new version when its value, or the way it is generated, has changed.
///
/// # Errors
/// In Secrets Manager's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let previous = desired.previous.map(properties::to_json).unwrap_or_default();
    let input = Input(&properties);
    let changed = ["SecretString", "GenerateSecretString"]
        .iter()
        .any(|name| properties.get(*name) != previous.get(*name));
    let value = if changed { value(world, desired, input)? } else { None };
    let provisioned = generic::update(world, desired)?;
    let arn = provisioned.physical_id.as_str();
    let now = world.now;
    if let Some(value) = value {
        let id = world.identities.uuid(&format!("secret version {arn}"));
        if let Some(secret) = world.secrets_manager.secrets.get_mut(arn)
            && values::current(secret) != Some(&value)
        {
            values::add(secret, id, value, now, &[]);
        }
    }
    describe(world, desired, arn, input);
    Ok(provisioned)
}

/// Gone, without a recovery window, as CloudFormation's handler asks.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    world.secrets_manager.secrets.remove(physical_id);
}

/// The value that the template gives or wants made up; a secret without either has none.
fn value(world: &mut World, desired: &Desired<'_>, input: Input<'_>) -> Result<Option<Hidden>, AwsError> {
    match (input.string("SecretString"), input.object("GenerateSecretString")) {
        (Some(_), Some(_)) => {
            let words = "You can't specify both SecretString and GenerateSecretString.";
            Err(super::invalid_request(words))
        }
        (Some(text), None) => Ok(Some(Hidden::Text(text.to_owned()))),
        (None, Some(settings)) => {
            let entity = format!("{}/{}", desired.owner.stack_id, desired.logical_id);
            generate::generate(world, &entity, settings).map(|text| Some(Hidden::Text(text)))
        }
        (None, None) => Ok(None),
    }
}

fn describe(world: &mut World, desired: &Desired<'_>, arn: &str, input: Input<'_>) {
    let Some(secret) = world.secrets_manager.secrets.get_mut(arn) else { return };
    secret.description = input.string("Description").map(str::to_owned);
    secret.key_id = input.string("KmsKeyId").map(str::to_owned);
    // Recorded (`test_cfn_handle_secretsmanager_secret`): CloudFormation's own three are among them.
    secret.tags = desired.tags(tags::read(input));
}

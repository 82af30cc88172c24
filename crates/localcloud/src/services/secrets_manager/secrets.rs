//! Secrets as such: creating, describing, listing, deleting.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Secret, arn_of, invalid_parameter, invalid_request, living_mut, not_found, seconds, values};
use crate::services::paging::page;
use crate::services::tags;
use crate::{AwsError, Input, World};

pub(super) fn create_secret(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = name(input)?;
    let value = values::given(input)?;
    values::check_token(input)?;
    check_free(world, name)?;
    let suffix = world.identities.alphanumeric(&format!("secret {name}"), 6);
    let arn = world.arn("secretsmanager", &format!("secret:{name}-{suffix}"));
    let mut secret = empty(world, name, &arn);
    secret.description = input.string("Description").map(str::to_owned);
    secret.key_id = input.string("KmsKeyId").map(str::to_owned);
    secret.tags = tags::read(input);
    let mut answer = json!({"ARN": arn, "Name": name});
    if let Some(value) = value {
        let id = values::version_id(world, input, name);
        values::add(&mut secret, id.clone(), value, world.now, &[]);
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("VersionId".to_owned(), json!(id));
        }
    }
    world.secrets_manager.secrets.insert(arn, secret);
    Ok(answer)
}

/// Forget a secret of this name whose time is over; refuse when there is another one.
pub(super) fn check_free(world: &mut World, name: &str) -> Result<(), AwsError> {
    let now = world.now;
    let secrets = &mut world.secrets_manager.secrets;
    match secrets.values().find(|secret| secret.name == name) {
        None => Ok(()),
        Some(secret) if secret.deleted_on.is_some_and(|on| on <= now) => {
            let arn = secret.arn.clone();
            secrets.remove(&arn);
            Ok(())
        }
        Some(secret) if secret.deleted_on.is_some() => Err(invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )),
        Some(_) => Err(AwsError::new(
            400,
            "ResourceExistsException",
            format!("The operation failed because the secret {name} already exists."),
        )),
    }
}

/// A secret without a value.
pub(super) fn empty(world: &World, name: &str, arn: &str) -> Secret {
    Secret {
        name: name.to_owned(),
        arn: arn.to_owned(),
        description: None,
        key_id: None,
        created: world.now,
        changed: world.now,
        deleted_on: None,
        tags: BTreeMap::new(),
        versions: BTreeMap::new(),
    }
}

/// "The secret name can contain ASCII letters, numbers, and the following characters: /_+=.@-" (CreateSecret).
fn name(input: Input<'_>) -> Result<&str, AwsError> {
    let name = input.string("Name").unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    if (1..=512).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(AwsError::new(
            400,
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ))
    }
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = arn_of(world, input)?;
    let secret = world.secrets_manager.secrets.get(&arn);
    secret.map(|secret| to_api(secret, "VersionIdsToStages")).ok_or_else(|| not_found(""))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let all = input.boolean("IncludePlannedDeletion")?.unwrap_or(false);
    let wanted = |secret: &Secret| {
        input.objects("Filters").all(|filter| match filter.string("Key") {
            // "A prefix match, case-sensitive."
            Some("name") => filter.strings("Values").any(|value| secret.name.starts_with(value)),
            Some("tag-key") => filter.strings("Values").any(|value| secret.tags.contains_key(value)),
            Some("tag-value") => {
                filter.strings("Values").any(|value| secret.tags.values().any(|tag| tag == value))
            }
            _ => true,
        })
    };
    let shown = world.secrets_manager.secrets.values().filter(|secret| {
        wanted(secret)
            && match secret.deleted_on {
                Some(on) => all && on > world.now,
                None => true,
            }
    });
    let most = input.integer("MaxResults")?.unwrap_or(100);
    let most = usize::try_from(most).ok().filter(|most| (1..=100).contains(most));
    let most = most.ok_or_else(|| invalid_parameter("MaxResults must be between 1 and 100"))?;
    let items = shown.map(|secret| (secret.arn.clone(), to_api(secret, "SecretVersionsToStages")));
    let page = page(items, input.string("NextToken"), most)
        .map_err(|_| AwsError::new(400, "InvalidNextTokenException", "The NextToken value is invalid."))?;
    let mut answer = json!({"SecretList": page.items});
    if let (Some(token), Some(fields)) = (page.next_token, answer.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(token));
    }
    Ok(answer)
}

/// Members that aren't there are left out: a client takes null for a value of its type.
fn to_api(secret: &Secret, stages: &str) -> Value {
    let mut fields = Map::new();
    fields.insert("ARN".to_owned(), json!(secret.arn));
    fields.insert("Name".to_owned(), json!(secret.name));
    if let Some(description) = &secret.description {
        fields.insert("Description".to_owned(), json!(description));
    }
    if let Some(key) = &secret.key_id {
        fields.insert("KmsKeyId".to_owned(), json!(key));
    }
    fields.insert("CreatedDate".to_owned(), json!(seconds(secret.created)));
    fields.insert("LastChangedDate".to_owned(), json!(seconds(secret.changed)));
    if let Some(on) = secret.deleted_on {
        fields.insert("DeletedDate".to_owned(), json!(seconds(on)));
    }
    fields.insert("Tags".to_owned(), tags::list(&secret.tags));
    let versions = secret.versions.iter().filter(|(_, version)| !version.stages.is_empty());
    let versions = versions.map(|(id, version)| (id.clone(), json!(version.stages)));
    fields.insert(stages.to_owned(), Value::Object(versions.collect()));
    Value::Object(fields)
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let now = world.now;
    let days = input.integer("RecoveryWindowInDays")?;
    let at_once = input.boolean("ForceDeleteWithoutRecovery")?.unwrap_or(false);
    if days.is_some() && at_once {
        return Err(invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid_parameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        ));
    }
    let secret = living_mut(world, input)?;
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    if at_once {
        world.secrets_manager.secrets.remove(&arn);
        return Ok(json!({"ARN": arn, "Name": name, "DeletionDate": seconds(now)}));
    }
    let on = now.after(Duration::from_secs(u64::try_from(days).unwrap_or(30) * 86_400));
    secret.deleted_on = Some(on);
    Ok(json!({"ARN": arn, "Name": name, "DeletionDate": seconds(on)}))
}

pub(super) fn restore(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = arn_of(world, input)?;
    let secret = world.secrets_manager.secrets.get_mut(&arn).ok_or_else(|| not_found(""))?;
    secret.deleted_on = None;
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}

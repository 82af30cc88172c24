//! The ARN on which an action of a resource operation is checked.

use template::Value;

use crate::World;
use crate::generic;
use crate::resource::{ArnForm, Desired};
use crate::services::resource_type;

/// The resource's ARN: what it is known by, or what it would get. `*` where nothing tells.
///
/// A name that CloudFormation would make up is made up the same way, so a policy for `STACK-*` fits; its random end is
/// another than the resource's own.
pub(super) fn arn(world: &mut World, desired: &Desired<'_>) -> String {
    if let Some(id) = desired.physical_id.filter(|id| id.starts_with("arn:")) {
        return id.to_owned();
    }
    let mut properties = desired.properties.clone();
    if let (Some(id), Some(name)) = (desired.physical_id, generic::name_property(desired.type_name)) {
        properties.insert(name.to_owned(), Value::String(id.to_owned()));
    }
    let named = Desired { properties: &properties, ..desired.clone() };
    let (made_up, attributes) = generic::would_be(world, &named);
    let id = desired.physical_id.map_or(made_up, str::to_owned);
    let text = |name: &str| match desired.properties.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) | None => None,
    };
    match resource_type(desired.type_name).arn {
        ArnForm::Id(service, prefix) => {
            return world.arn(service, &format!("{prefix}{}", id.trim_start_matches('/')));
        }
        ArnForm::Property(service, prefix, property) => {
            return world.arn(service, &format!("{prefix}{}", text(property).as_deref().unwrap_or("*")));
        }
        ArnForm::Name(service, prefix, property) => {
            let name = property.and_then(text).unwrap_or_else(|| made_up_name(world, desired));
            return world.arn(service, &format!("{prefix}{name}"));
        }
        ArnForm::Computed(property, compute) => {
            let name = text(property).unwrap_or_else(|| made_up_name(world, desired));
            return compute(world, desired, &name);
        }
        ArnForm::Facts => {}
    }
    if id.starts_with("arn:") {
        return id;
    }
    let own = attributes.into_iter().find_map(|(name, value)| match value {
        Value::String(text) if name.to_lowercase().ends_with("arn") && text.starts_with("arn:") => Some(text),
        _ => None,
    });
    match own {
        Some(arn) => arn,
        None if desired.type_name.starts_with("AWS::EC2::") => {
            let kind = kebab(desired.type_name.rsplit("::").next().unwrap_or_default());
            world.arn("ec2", &format!("{kind}/{id}"))
        }
        None => "*".to_owned(),
    }
}

fn made_up_name(world: &mut World, desired: &Desired<'_>) -> String {
    let random = world.identities.alphanumeric(&format!("{}/would be", desired.owner.stack_id), 12);
    format!("{}-{}-{random}", desired.owner.stack_name, desired.logical_id)
}

/// `SecurityGroup` as `security-group`, `VPC` as `vpc`.
fn kebab(name: &str) -> String {
    let mut made = String::new();
    let mut before_is_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before_is_lower {
            made.push('-');
        }
        before_is_lower = letter.is_ascii_lowercase();
        made.push(letter.to_ascii_lowercase());
    }
    made
}

/// A service as the SDKs name it in their messages: `Lambda`, `Rds`, `SecretsManager`.
pub(super) fn service_name(type_name: &str) -> String {
    let part = type_name.split("::").nth(1).unwrap_or_default();
    match part.get(..1) {
        Some(first) if part.chars().all(|letter| !letter.is_ascii_lowercase()) => {
            format!("{first}{}", part.get(1..).unwrap_or_default().to_lowercase())
        }
        _ => part.to_owned(),
    }
}

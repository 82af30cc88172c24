//! What a service says of a resource now: the properties that people and maintenance change without CloudFormation.
//!
//! Assumption: of services with an API of their own here the properties below are looked at, and no others.

use indexmap::IndexMap;
use serde_json::Value as Json;
use template::Value;

use crate::World;
use crate::cloudformation::stack::{Properties, StackResource};
use crate::services::resource_type;

/// What has become of a resource of a service with an API of its own.
pub(super) enum Live {
    /// The properties that it was defined with, as they are now.
    Present(Properties),
    /// It is gone.
    Gone,
}

/// What the service says; `None`: the type isn't looked at.
pub(super) fn live_properties(world: &World, resource: &StackResource) -> Option<Live> {
    let live = resource_type(&resource.type_name).live?;
    let Some(found) = (live.ask)(world, resource.physical_id.as_deref()?) else { return Some(Live::Gone) };
    let mut now = (*resource.properties).clone();
    let properties = match live.within {
        None => Some(&mut now),
        Some(name) => match now.get_mut(name) {
            Some(Value::Map(entries)) => Some(entries),
            Some(_) | None => None,
        },
    };
    if let Some(properties) = properties {
        for (property, called) in live.properties {
            overlay(properties, property, found.get(*called));
        }
    }
    Some(Live::Present(now))
}

/// Put what the service says in the place of what the stack said, where the stack said anything.
fn overlay(properties: &mut IndexMap<String, Value>, property: &str, live: Option<&Json>) {
    let Some(value) = properties.get_mut(property) else { return };
    let text = match live {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(flag)) => flag.to_string(),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => return,
    };
    let same_number = value
        .scalar_text()
        .and_then(|old| Some(old.parse::<f64>().ok()?.total_cmp(&text.parse::<f64>().ok()?).is_eq()))
        .unwrap_or(false);
    if !same_number {
        *value = Value::String(text);
    }
}

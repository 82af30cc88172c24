//! A change set as `DescribeChangeSet` words it: the list `Changes`, as JSON. The one place that knows this
//! form; reading is in `read`.

mod read;

use serde_json::{Map, Value as Json, json};

use crate::change_set::{ChangeSet, Detail, ResourceChange};

pub use read::{WireError, read};

/// The list `Changes` of `DescribeChangeSet`. Contexts are JSON text, as AWS gives them.
pub fn changes(change_set: &ChangeSet) -> Json {
    let changes = change_set
        .changes
        .iter()
        .map(|change| json!({"Type": "Resource", "ResourceChange": resource_change(change)}));
    Json::Array(changes.collect())
}

fn resource_change(change: &ResourceChange) -> Json {
    let mut made = Map::new();
    put(&mut made, "PolicyAction", change.policy_action);
    put(&mut made, "Action", Some(change.action));
    put(&mut made, "LogicalResourceId", Some(&change.logical_id));
    put(&mut made, "PhysicalResourceId", change.physical_id.as_ref());
    put(&mut made, "ResourceType", Some(&change.resource_type));
    put(&mut made, "Replacement", change.replacement);
    let scope = change.scope.iter().map(|attribute| json!(attribute.word()));
    made.insert("Scope".to_owned(), scope.collect());
    made.insert("Details".to_owned(), change.details.iter().map(detail).collect());
    put(&mut made, "BeforeContext", change.before_context.as_ref());
    put(&mut made, "AfterContext", change.after_context.as_ref());
    Json::Object(made)
}

fn detail(detail: &Detail) -> Json {
    let mut target = Map::new();
    put(&mut target, "Attribute", Some(detail.target.attribute));
    put(&mut target, "Name", detail.target.name.as_ref());
    let recreation = detail.target.requires_recreation.map(|word| word.word());
    put(&mut target, "RequiresRecreation", recreation);
    put(&mut target, "Path", detail.target.path.as_ref());
    put(&mut target, "BeforeValue", detail.target.before_value.as_ref());
    put(&mut target, "AfterValue", detail.target.after_value.as_ref());
    let change_type = detail.target.attribute_change_type;
    put(&mut target, "AttributeChangeType", change_type);
    let mut made = Map::new();
    made.insert("Target".to_owned(), Json::Object(target));
    put(&mut made, "Evaluation", Some(detail.evaluation));
    put(&mut made, "ChangeSource", detail.change_source);
    put(&mut made, "CausingEntity", detail.causing_entity.as_ref());
    Json::Object(made)
}

/// Absent parts are left out, as AWS does.
fn put(into: &mut Map<String, Json>, key: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        into.insert(key.to_owned(), Json::String(value.to_string()));
    }
}

//! Properties of resources as a profile reads them: evaluated with nothing deployed. What can't be evaluated counts
//! as absent: whether the template is sound is asked elsewhere.

use template::{Evaluation, Node, ReferenceTarget, Resource, ResourceValues, Unknown, Value};

/// One property, evaluated with every resource unknown.
pub(super) fn property(evaluation: &Evaluation<'_>, resource: &Resource, name: &str) -> Option<Value> {
    evaluation.evaluate(node(resource, name)?, &NothingDeployed).ok()
}

/// A property's text.
pub(crate) fn text(evaluation: &Evaluation<'_>, resource: &Resource, name: &str) -> Option<String> {
    property(evaluation, resource, name)?.scalar_text().map(str::to_owned)
}

/// A property as written.
pub(crate) fn node<'a>(resource: &'a Resource, name: &str) -> Option<&'a Node> {
    resource.properties.as_ref()?.get(name)
}

/// A resource's tags; of a value that isn't known yet only the key.
pub(super) fn tags(evaluation: &Evaluation<'_>, resource: &Resource) -> Vec<(String, Option<String>)> {
    let text = |value: Option<&Value>| value.and_then(Value::scalar_text).map(str::to_owned);
    match property(evaluation, resource, "Tags") {
        Some(Value::List(tags)) => tags
            .iter()
            .filter_map(|tag| match tag {
                Value::Map(tag) => Some((text(tag.get("Key"))?, text(tag.get("Value")))),
                _ => None,
            })
            .collect(),
        // Batch, among others, writes tags as a map.
        Some(Value::Map(tags)) => tags.iter().map(|(key, value)| (key.clone(), text(Some(value)))).collect(),
        _ => Vec::new(),
    }
}

/// The parameters that a property refers to.
pub(super) fn parameters(evaluation: &Evaluation<'_>, node: &Node) -> Vec<String> {
    let mut names = Vec::new();
    for reference in evaluation.references(node) {
        if let ReferenceTarget::Parameter(name) = reference.target
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// The resources of a type that a node refers to, in the order in which it names them.
pub(crate) fn resources(evaluation: &Evaluation<'_>, node: &Node, type_name: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for reference in evaluation.references(node) {
        if let ReferenceTarget::Resource { logical_id, .. } = reference.target
            && !ids.contains(&logical_id)
            && evaluation.is_active(&logical_id)
            && evaluation.template().resources.get(&logical_id).is_some_and(|one| one.type_name == type_name)
        {
            ids.push(logical_id);
        }
    }
    ids
}

/// Resources of which nothing is known.
struct NothingDeployed;

impl ResourceValues for NothingDeployed {
    fn reference(&self, logical_id: &str) -> Value {
        unknown(logical_id, None)
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        unknown(logical_id, Some(attribute))
    }
}

fn unknown(logical_id: &str, attribute: Option<&str>) -> Value {
    Value::Unknown(Unknown {
        parts: vec![template::Part::Resource {
            logical_id: logical_id.to_owned(),
            attribute: attribute.map(str::to_owned),
        }],
    })
}

//! The snippets that `AWS::Include` brings into a template, read from the buckets of this world.

use std::collections::BTreeMap;

use template::{Node, NodeKind, Template};

use crate::services::object_storage;
use crate::{AwsError, World};

/// Deeper than templates may nest; the parser has its own limit.
const DEPTH: usize = 64;

/// Every snippet that the template names outright, by its location.
///
/// # Errors
/// AWS's words for a bucket that doesn't exist (recorded), and for an object that can't be read.
pub fn read(world: &World, template: &Template) -> Result<BTreeMap<String, String>, AwsError> {
    let mut locations = Vec::new();
    find(&template.root, 0, &mut locations);
    let failed =
        |reason: String| AwsError::validation(format!("Transform AWS::Include failed with: {reason}"));
    let mut snippets = BTreeMap::new();
    for location in locations {
        let bucket =
            location.strip_prefix("s3://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if !bucket.is_empty() && !world.object_storage.has_bucket(bucket) {
            return Err(failed(format!("S3 bucket [{bucket}] does not exist.")));
        }
        let bytes = object_storage::resolve_url(world, location).map_err(|error| failed(error.message))?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| failed("The specified S3 object is not UTF-8.".to_owned()))?;
        snippets.insert(location.to_owned(), text.to_owned());
    }
    Ok(snippets)
}

fn find<'a>(node: &'a Node, depth: usize, into: &mut Vec<&'a str>) {
    if depth > DEPTH {
        return;
    }
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().for_each(|item| find(item, depth + 1, into)),
        NodeKind::Mapping(entries) => {
            let included = node.get("Name").and_then(Node::as_str) == Some("AWS::Include");
            let location = node
                .get("Parameters")
                .and_then(|parameters| parameters.get("Location"))
                .and_then(Node::as_str);
            if let (true, Some(location)) = (included, location) {
                into.push(location);
            }
            entries.values().for_each(|entry| find(&entry.value, depth + 1, into));
        }
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => {}
    }
}

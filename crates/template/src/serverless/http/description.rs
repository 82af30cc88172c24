//! An HTTP API's description in the making.

use indexmap::IndexMap;
use regex_lite::Regex;

use crate::node::Node;
use crate::serverless::rest::editor::{ANY_METHOD, INTEGRATION, is_openapi_3, method_key};
use crate::serverless::tree::{Map, conditional, map, reference};

/// The path of what no other path serves.
pub(in crate::serverless) const DEFAULT_PATH: &str = "$default";

/// An API's description, apart from its other properties.
#[derive(Debug, Clone)]
pub(in crate::serverless) struct Described {
    /// `DefinitionBody`.
    pub(in crate::serverless) body: Node,
    /// Whether the transform writes the description, of the functions' events.
    pub(in crate::serverless) managed: bool,
}

/// A description without paths.
pub(in crate::serverless) fn skeleton() -> Node {
    map! {
        "openapi" => "3.0.1",
        "info" => map! {"version" => "1.0", "title" => reference("AWS::StackName")},
        "paths" => Map::new(),
    }
}

/// Takes the descriptions out of the APIs of a template; one that has none gets an empty one, which the transform writes.
pub(in crate::serverless) fn descriptions(resources: &mut Node) -> IndexMap<String, Described> {
    let mut found = IndexMap::new();
    for (logical_id, entry) in resources.entries_mut().into_iter().flatten() {
        let resource = &mut entry.value;
        if resource.get("Type").and_then(Node::as_str) != Some(super::TYPE) {
            continue;
        }
        if resource.get("Properties").is_none() {
            resource.put("Properties", Map::new());
        }
        let Some(properties) = resource.get_mut("Properties") else {
            continue;
        };
        let body = properties.take("DefinitionBody").filter(Node::is_something);
        if body.is_none() && !properties.get("DefinitionUri").is_some_and(Node::is_something) {
            found.insert(logical_id.clone(), Described { body: skeleton(), managed: true });
        }
        if let Some(body) = body {
            found.insert(logical_id.clone(), Described { body, managed: false });
        }
    }
    found
}

/// Whether this is a description that can be changed.
pub(in crate::serverless) fn is_valid(body: &Node) -> bool {
    body.get("paths").is_some_and(|paths| paths.as_mapping().is_some())
        && body.get("openapi").is_some_and(is_openapi_3)
}

/// What is in a choice between nodes, but for nothing; the node itself if it is none.
pub(super) fn choices(node: &mut Node) -> Vec<&mut Node> {
    if node.get("Fn::If").is_none() {
        return vec![node];
    }
    let arguments = node.get_mut("Fn::If").and_then(Node::elements_mut);
    arguments.into_iter().flatten().skip(1).filter(|one| !one.is_no_value()).collect()
}

fn path_items<'a>(body: &'a mut Node, path: &str) -> Vec<&'a mut Node> {
    body.get_mut("paths").and_then(|paths| paths.get_mut(path)).map(choices).unwrap_or_default()
}

/// Adds a path with a method, unless they are there.
pub(in crate::serverless) fn add_path(body: &mut Node, path: &str, method: &str) {
    let method = method_key(method).text;
    if let Some(paths) = body.get_mut("paths")
        && paths.get(path).is_none()
    {
        paths.put(path, Map::new());
    }
    for item in path_items(body, path) {
        if item.get(&method).is_none() {
            item.put(&method, Map::new());
        }
    }
}

/// Lets a path exist under a condition alone.
pub(in crate::serverless) fn make_conditional(body: &mut Node, path: &str, condition: &str) {
    if let Some(item) = body.get_mut("paths").and_then(|paths| paths.get_mut(path)) {
        *item = conditional(condition, item.clone(), None);
    }
}

/// The definitions of a method that call something.
pub(in crate::serverless) fn methods<'a>(body: &'a mut Node, path: &str, method: &str) -> Vec<&'a mut Node> {
    let method = method_key(method).text;
    let items = path_items(body, path).into_iter();
    let definitions = items.filter_map(|item| item.get_mut(&method)).flat_map(choices);
    definitions.filter(|one| one.get(INTEGRATION).is_some_and(Node::is_something)).collect()
}

/// Whether a method of a path calls something already.
pub(in crate::serverless) fn has_integration(body: &Node, path: &str, method: &str) -> bool {
    let mut body = body.clone();
    let items = path_items(&mut body, path).len();
    items > 0 && methods(&mut body, path, method).len() >= items
}

/// Whether everything that no other path serves goes to this function.
pub(in crate::serverless) fn calls_by_default(body: &Node, function: &str) -> bool {
    if !has_integration(body, DEFAULT_PATH, ANY_METHOD) {
        return false;
    }
    let mut body = body.clone();
    let Ok(pattern) = Regex::new(r"([A-Za-z0-9]+)\.Arn") else {
        return false;
    };
    methods(&mut body, DEFAULT_PATH, ANY_METHOD).into_iter().all(|definition| {
        let uri = definition.get_mut(INTEGRATION).and_then(|integration| integration.get_mut("uri"));
        uri.map(choices).unwrap_or_default().into_iter().all(|uri| {
            let text = uri.get("Fn::Sub").and_then(Node::as_str).unwrap_or_default();
            let name = pattern.captures(text).and_then(|found| found.get(1));
            name.is_some_and(|name| name.as_str() == function)
        })
    })
}

/// Lets a method of a path call a function, unless it calls something already.
pub(in crate::serverless) fn add_integration(
    body: &mut Node,
    path: &str,
    method: &str,
    uri: Node,
    condition: Option<&Node>,
) {
    if has_integration(body, path, method) {
        return;
    }
    add_path(body, path, method);
    let key = method_key(method).text;
    let uri = match condition {
        Some(condition) => conditional(condition, uri, None),
        None => uri,
    };
    for item in path_items(body, path) {
        let Some(definition) = item.get_mut(&key) else {
            continue;
        };
        let integration = map! {
            "type" => "aws_proxy",
            "httpMethod" => "POST",
            "payloadFormatVersion" => "2.0",
            "uri" => uri.clone(),
        };
        definition.put(INTEGRATION, integration);
        if path == DEFAULT_PATH && key == ANY_METHOD {
            definition.put("isDefaultRoute", true);
        }
        if definition.get("responses").is_none() {
            definition.put("responses", Map::new());
        }
        if let Some(condition) = condition {
            *definition = conditional(condition, definition.clone(), None);
        }
    }
}

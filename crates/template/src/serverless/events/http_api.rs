//! `HttpApi`: a route of an HTTP API calls the function.

use regex_lite::Regex;

use super::api::api_id;
use super::{Called, Event, permission};
use crate::node::{Node, NodeKind};
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::http::{self, DEFAULT_PATH};
use crate::serverless::problem::Expanded;
use crate::serverless::rest::editor::{ANY_METHOD, INTEGRATION};
use crate::serverless::source::{Declared, Form, Source};
use crate::serverless::tree::{list, map};

/// The properties of the event.
const PROPERTIES: &[Declared] = &[
    ("Path", Form::Text, false),
    ("Method", Form::Text, false),
    ("ApiId", Form::Text, false),
    ("Stage", Form::Text, false),
    ("Auth", Form::Map, false),
    ("TimeoutInMillis", Form::Number, false),
    ("RouteSettings", Form::Map, false),
    ("PayloadFormatVersion", Form::Text, false),
];

/// Writes out the permission, and lets the API call the function.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    called: &Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let nothing = Node::from_pairs([]);
    let api_id = api_id(event.get("Properties").unwrap_or(&nothing), "ApiId");
    let event = Event::read(called, name, event, &[PROPERTIES])?;
    let source = &event.source;
    let text = |name: &str| source.get(name).and_then(Node::as_str);
    let (Some(path), Some(method), Some(api_id)) = (text("Path"), text("Method"), api_id) else {
        return source.wrong("Path, Method and ApiId are texts or a Ref");
    };
    let Some(mut described) = expansion.described_http.get(&api_id).cloned() else {
        return match expansion.resource(&api_id) {
            Some(_) => Ok(vec![route_permission(called, &event, path, method)]),
            None => source.wrong("ApiId must name an API of the same template"),
        };
    };
    if !http::is_valid(&described.body) {
        return source.wrong(format!(
            "the DefinitionBody of {api_id} is no description of an API (openapi 3 and paths)"
        ));
    }
    let is_default = path == DEFAULT_PATH;
    let by_default = !is_default && http::calls_by_default(&described.body, &called.target.logical_id);
    let made = if by_default { Vec::new() } else { vec![route_permission(called, &event, path, method)] };
    if described.managed && http::has_integration(&described.body, path, method) {
        return source.wrong(format!("the method {method} of {path} is another event's already"));
    }
    integrate(called, source, &mut described.body, path, method);
    if let Some(own) = source.something("Auth") {
        let of_api = expansion.resource(&api_id).and_then(|api| api.get("Properties")?.get("Auth"));
        let definitions = http::methods(&mut described.body, path, method);
        http::auth::add_to_methods(source, definitions, own, of_api)?;
    }
    expansion.described_http.insert(api_id, described);
    Ok(made)
}

fn integrate(called: &Called<'_>, source: &Source, body: &mut Node, path: &str, method: &str) {
    let name = called.arn_variable();
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{name}}}/invocations"
    );
    http::add_integration(body, path, method, map! {"Fn::Sub" => uri}, called.condition());
    let parameters = path_parameters(path);
    for definition in http::methods(body, path, method) {
        let settings = [
            ("timeoutInMillis", source.something("TimeoutInMillis")),
            ("payloadFormatVersion", source.something("PayloadFormatVersion")),
        ];
        for (key, value) in settings {
            if let (Some(value), Some(integration)) = (value, definition.get_mut(INTEGRATION)) {
                integration.put(key, value);
            }
        }
        for name in &parameters {
            add_path_parameter(definition, name);
        }
    }
}

/// The variables of a path.
fn path_parameters(path: &str) -> Vec<String> {
    let Ok(pattern) = Regex::new(r"\{(.*?)\}") else {
        return Vec::new();
    };
    let names = pattern.captures_iter(path).filter_map(|found| found.get(1));
    names.map(|name| name.as_str().to_owned()).collect()
}

fn add_path_parameter(definition: &mut Node, name: &str) {
    if definition.get("parameters").is_none() {
        definition.put("parameters", Vec::new());
    }
    let Some(parameters) = definition.get_mut("parameters").and_then(Node::elements_mut) else {
        return;
    };
    match parameters.iter_mut().find(|one| one.get("name").and_then(Node::as_str) == Some(name)) {
        Some(one) => {
            one.put("in", "path");
            one.put("required", true);
        }
        None => parameters.push(map! {"name" => name, "in" => "path", "required" => true}),
    }
}

/// The permission for a route of the API to call the function.
fn route_permission(called: &Called<'_>, event: &Event, path: &str, method: &str) -> Generated {
    let trimmed = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
    let path = if trimmed == DEFAULT_PATH { "" } else { trimmed };
    let path = match Regex::new(r"\{([a-zA-Z0-9._-]+|proxy\+)\}") {
        Ok(variable) => variable.replace_all(path, "*").into_owned(),
        Err(_) => path.to_owned(),
    };
    let lower = method.to_lowercase();
    let verb = if lower == "any" || lower == ANY_METHOD { "*".to_owned() } else { lower.to_uppercase() };
    let route =
        if lower == "any" && path == format!("/{DEFAULT_PATH}") { path } else { format!("/{verb}{path}") };
    let arn = format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}{route}"
    );
    let mut permission = permission(called, event.id(), "", "apigateway.amazonaws.com");
    let api =
        event.source.get("ApiId").cloned().unwrap_or_else(|| Node::new(NodeKind::Null, event.source.node.at));
    permission
        .set("SourceArn", map! {"Fn::Sub" => list![arn, map! {"__ApiId__" => api, "__Stage__" => "*"}]});
    permission
}

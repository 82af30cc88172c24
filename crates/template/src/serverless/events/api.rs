//! `Api`: a method of a REST API calls the function.

use super::{Called, Event, permission};
use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::rest::auth::{self, MethodAuth};
use crate::serverless::rest::document::{Part, PartMap, Word};
use crate::serverless::rest::editor::{Editor, INTEGRATION, method_key, path_in_arn};
use crate::serverless::rest::models::RequestModel;
use crate::serverless::source::{Declared, Form, Source};
use crate::serverless::tree::{list, map};

/// The properties of the event.
const PROPERTIES: &[Declared] = &[
    ("Path", Form::Text, true),
    ("Method", Form::Text, true),
    ("RestApiId", Form::Text, true),
    ("Stage", Form::Text, false),
    ("Auth", Form::Map, false),
    ("RequestModel", Form::Map, false),
    ("RequestParameters", Form::List, false),
    ("TimeoutInMillis", Form::Number, false),
    ("ResponseTransferMode", Form::Text, false),
];

/// The logical id that `RestApiId` names: a `Ref` or a text.
pub(in crate::serverless) fn api_id(properties: &Node, key: &str) -> Option<String> {
    let id = properties.get(key)?;
    id.get("Ref").unwrap_or(id).as_str().map(str::to_owned)
}

/// Writes out the permission, and lets the API call the function.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    called: &Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let nothing = Node::from_pairs([]);
    let api_id = api_id(event.get("Properties").unwrap_or(&nothing), "RestApiId");
    let event = Event::read(called, name, event, &[PROPERTIES])?;
    let source = &event.source;
    let text = |name: &str| source.get(name).and_then(Node::as_str);
    let (Some(path), Some(method)) = (text("Path"), text("Method")) else {
        return source.wrong("Path and Method are texts");
    };
    let Some((api_id, api)) = api_id.and_then(|id| Some((id.clone(), expansion.resource(&id)?))) else {
        return source.wrong("RestApiId must name an API of the same template");
    };
    let suffix =
        match api.get("Properties").and_then(|properties| properties.get("StageName")).map(Node::as_str) {
            Some(Some("")) => return source.wrong("the StageName of the API is empty"),
            Some(Some(stage)) => stage.to_owned(),
            Some(None) | None => "Stage".to_owned(),
        };
    let mut permission = permission(called, event.id(), &suffix, "apigateway.amazonaws.com");
    let verb = if method.eq_ignore_ascii_case("any") { "*".to_owned() } else { method.to_uppercase() };
    let arn = format!(
        "arn:{}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{verb}{}",
        expansion.partition,
        path_in_arn(path)
    );
    let rest_api_id = source.get("RestApiId").cloned().unwrap_or(nothing);
    permission.set(
        "SourceArn",
        map! {"Fn::Sub" => list![arn, map! {"__ApiId__" => rest_api_id, "__Stage__" => "*"}]},
    );
    if let Some(described) = expansion.described.get(&api_id).filter(|described| described.managed) {
        let auth = expansion.resource(&api_id).and_then(|api| api.get("Properties")?.get("Auth"));
        let auth = auth.map(|auth| expansion.values.resolved(&api_id, auth)).transpose()?;
        let models = expansion.resource(&api_id).and_then(|api| api.get("Properties")?.get("Models"));
        let of_api = (auth.as_ref(), models);
        let body = integrated(expansion, called, source, &described.body, (path, method), of_api)?;
        if let Some(described) = expansion.described.get_mut(&api_id) {
            described.body = body;
        }
    }
    Ok(vec![permission])
}

fn integrated(
    expansion: &Expansion<'_>,
    called: &Called<'_>,
    source: &Source,
    body: &Part,
    (path, method): (&str, &str),
    (of_api, models): (Option<&Node>, Option<&Node>),
) -> Expanded<Part> {
    let mut editor = Editor::new(&source.logical_id, &source.node, body)?;
    let key = method_key(method);
    if editor.has_integration(path, &key)? {
        return source.wrong(format!("the method {method} of {path} is another event's already"));
    }
    let mode = source.get("ResponseTransferMode").and_then(Node::as_str);
    let streams = mode == Some("RESPONSE_STREAM");
    let uri = integration_uri(expansion.partition, called, streams);
    let condition = called.condition().and_then(Node::as_str).map(Word::given);
    editor.add_integration(path, &key, uri, condition.as_ref(), streams)?;
    let own = source.something("Auth");
    if let Some(credentials) = auth::credentials(own, of_api, expansion.partition) {
        for definition in editor.methods(path, &key)? {
            auth::call_as(definition, &credentials);
        }
    }
    if let Some(own) = own {
        MethodAuth::read(source, own, of_api)?.add(&mut editor, path, &key)?;
    }
    if let Some(timeout) = source.something("TimeoutInMillis") {
        for definition in editor.methods(path, &key)? {
            if let Some(integration) = definition.get_mut(INTEGRATION).and_then(Part::as_map_mut) {
                integration.put("timeoutInMillis", Part::given(timeout));
            }
        }
    }
    if let Some(model) = source.something("RequestModel")
        && let Some(model) = RequestModel::read(source, model, models)?
    {
        model.add(&mut editor, path, &key)?;
    }
    if let Some(parameters) = source.something("RequestParameters") {
        let parameters = request_parameters(source, parameters)?;
        for definition in editor.methods(path, &key)? {
            add_parameters(definition, &parameters);
        }
    }
    Ok(editor.done())
}

/// The address under which API Gateway calls the function.
fn integration_uri(partition: &str, called: &Called<'_>, streams: bool) -> Part {
    let (version, end) = match streams {
        true => ("2021-11-15", "response-streaming-invocations"),
        false => ("2015-03-31", "invocations"),
    };
    let is_function = called.target.logical_id == called.function_id;
    let name = called.arn_variable();
    let uri = format!(
        "arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/${{{name}}}/{end}"
    );
    let word = Word { text: uri, of_template: is_function };
    Part::Map(PartMap::hashed_of("Fn::Sub", word))
}

/// A parameter that a method takes.
struct Parameter {
    name: String,
    required: Part,
    is_cached: bool,
}

fn request_parameters(source: &Source, given: &Node) -> Expanded<Vec<Parameter>> {
    let mut found = Vec::new();
    for one in given.as_sequence().unwrap_or_default() {
        let (name, settings) = match (one.as_str(), one.pairs().next()) {
            (Some(name), _) => (name, None),
            (None, Some((name, settings))) => (name, Some(settings)),
            (None, None) => return source.wrong("each of RequestParameters is a text or a map"),
        };
        let places = ["method.request.querystring.", "method.request.path.", "method.request.header."];
        if !places.iter().any(|place| name.starts_with(place)) {
            return source.wrong(format!(
                "the request parameter {name} must begin with method.request.querystring., .path. or .header."
            ));
        }
        let is_known = |settings: &Node| {
            settings.as_mapping().is_some()
                && settings.pairs().all(|(key, _)| ["Required", "Caching"].contains(&key))
        };
        if !settings.is_none_or(is_known) {
            return source.wrong(format!("the request parameter {name} has Required and Caching"));
        }
        let setting = |key: &str| settings.and_then(|settings| settings.get(key));
        found.push(Parameter {
            name: name.to_owned(),
            required: setting("Required").map_or(Part::Bool(false), Part::given),
            is_cached: setting("Caching").is_some_and(Node::is_something),
        });
    }
    Ok(found)
}

fn add_parameters(definition: &mut PartMap, parameters: &[Parameter]) {
    let mut all = match definition.get("parameters") {
        Some(Part::List(elements)) => elements.clone(),
        _ => Vec::new(),
    };
    for Parameter { name, required, is_cached } in parameters {
        let rest = name.replace("method.request.", "");
        let (place, short) = rest.split_once('.').unwrap_or((&rest, ""));
        let place = if place == "querystring" { Word::own("query") } else { Word::given(place) };
        let mut parameter = PartMap::hashed();
        parameter.put("in", place);
        parameter.put("name", Word::given(short));
        parameter.put("required", required.clone());
        parameter.put("type", "string");
        all.push(Part::Map(parameter));
        if *is_cached && let Some(integration) = definition.get_mut(INTEGRATION).and_then(Part::as_map_mut) {
            let mut cached = match integration.get("cacheKeyParameters") {
                Some(Part::List(elements)) => elements.clone(),
                _ => Vec::new(),
            };
            cached.push(Part::Text(Word::given(name.as_str())));
            integration.put("cacheKeyParameters", Part::List(cached));
        }
    }
    definition.put("parameters", Part::List(all));
}

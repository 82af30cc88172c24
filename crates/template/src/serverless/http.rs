//! `AWS::Serverless::HttpApi`, also the one that functions' events make: an HTTP API of API Gateway with its stage.

pub(super) mod auth;
mod description;

pub(super) use description::{
    DEFAULT_PATH, Described, add_integration, add_path, calls_by_default, descriptions, has_integration,
    is_valid, make_conditional, methods, skeleton,
};

use super::Expansion;
use super::events::own_arn;
use super::generated::Generated;
use super::logical_id;
use super::problem::{Expanded, wrong};
use super::rest::editor::ANY_METHOD;
use super::rest::key_order::KeyOrder;
use super::s3_address::S3Address;
use super::source::{Declared, Form, Source};
use super::tree::{Map, conditional, list, map, reference};
use crate::node::Node;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::HttpApi";

/// The logical id of the API that events make.
pub(super) const IMPLICIT: &str = "ServerlessHttpApi";

/// The tag by which the transform knows its own.
const MADE_BY: &str = "httpapi:createdBy";

/// Its properties that are known here, `DefinitionBody` aside, which is taken out beforehand. `Domain` is not.
const PROPERTIES: &[Declared] = &[
    ("Name", Form::Any, false),
    ("StageName", Form::TextOrMap, false),
    ("Tags", Form::Map, false),
    ("PropagateTags", Form::Bool, false),
    ("DefinitionUri", Form::TextOrMap, false),
    ("StageVariables", Form::Map, false),
    ("CorsConfiguration", Form::BoolOrMap, false),
    ("AccessLogSettings", Form::Map, false),
    ("Auth", Form::Map, false),
    ("DefaultRouteSettings", Form::Map, false),
    ("RouteSettings", Form::Map, false),
    ("FailOnWarnings", Form::Bool, false),
    ("Description", Form::Text, false),
    ("DisableExecuteApiEndpoint", Form::Bool, false),
];

/// Adds an event's settings of its route to its API.
pub(super) fn set_route(
    template: &mut Node,
    function: &str,
    event: &str,
    api: &str,
    path: &str,
    method: &str,
) -> Expanded<()> {
    let resources = template.get("Resources");
    let function_node = resources.and_then(|all| all.get(function));
    let settings = function_node
        .and_then(|one| {
            one.get("Properties")?.get("Events")?.get(event)?.get("Properties")?.get("RouteSettings")
        })
        .cloned();
    let Some(mut settings) = settings else {
        return Ok(());
    };
    if settings.as_mapping().is_none() {
        return wrong(function, &settings, format!("the RouteSettings of the event {event} are a map"));
    }
    if let Some(condition) = function_node.and_then(|one| one.get("Condition")) {
        settings = conditional(condition, settings, None);
    }
    let route =
        if method == ANY_METHOD { path.to_owned() } else { format!("{} {path}", method.to_uppercase()) };
    let Some(api) = template.get_mut("Resources").and_then(|all| all.get_mut(api)) else {
        return Ok(());
    };
    if api.get("Properties").is_none() {
        api.put("Properties", Map::new());
    }
    let Some(properties) = api.get_mut("Properties") else {
        return Ok(());
    };
    if properties.get("RouteSettings").is_none() {
        properties.put("RouteSettings", Map::new());
    }
    let at = settings.clone();
    let Some(all) = properties.get_mut("RouteSettings").filter(|all| all.as_mapping().is_some()) else {
        return wrong(function, &at, "the RouteSettings of the API are a map");
    };
    let mut merged = all.get(&route).cloned().unwrap_or_else(|| Node::from(Map::new()));
    for (key, value) in settings.pairs() {
        merged.put(key, value);
    }
    all.put(&route, merged);
    Ok(())
}

/// Writes out an API.
pub(super) fn expand(expansion: &mut Expansion<'_>, id: &str, node: &Node) -> Expanded<Vec<Generated>> {
    let source = Source::read(id, TYPE, node, &[PROPERTIES])?;
    let described = expansion.described_http.get(id).cloned();
    let mut body = described.map(|described| described.body);
    if body.is_some() && source.something("DefinitionUri").is_some() {
        return source.wrong("an API has DefinitionUri or DefinitionBody, not both");
    }
    let mut api = Generated::new(id, "AWS::ApiGatewayV2::Api", &source.attributes);
    api.depends_on = source.depends_on.clone();
    let mut tags = source.something("Tags").cloned();
    let asked = describe(expansion, &source, &mut body, &mut tags)?;
    api.set_some("FailOnWarnings", source.something("FailOnWarnings"));
    match (&body, source.something("DefinitionUri")) {
        (Some(body), _) => api.set("Body", body),
        (None, Some(uri)) => {
            let address = S3Address::read(id, "DefinitionUri", uri)?;
            let mut location = map! {"Bucket" => address.bucket, "Key" => address.key};
            if let Some(version) = address.version {
                location.put("Version", version);
            }
            api.set("BodyS3Location", location);
        }
        (None, None) => {
            return source.wrong("an API needs DefinitionBody, DefinitionUri or an event of a function");
        }
    }
    let stage = stage(&source, tags.as_ref());
    expansion.name_part(id, "Stage", &stage);
    let mut made = vec![api, stage];
    for (name, function) in asked {
        made.push(authorizer_permission(&source, &name, function)?);
    }
    Ok(made)
}

/// Lets the API ask a function who may call.
fn authorizer_permission(source: &Source, name: &str, function: Node) -> Expanded<Generated> {
    if !name.chars().all(|one| one.is_ascii_alphanumeric()) {
        return source.wrong(format!("the authorizer's name {name} isn't alphanumeric"));
    }
    let id = source.logical_id.as_str();
    let permission_id = format!("{id}{name}AuthorizerPermission");
    let mut permission = Generated::new(permission_id, "AWS::Lambda::Permission", &source.handed_on());
    permission.set("Action", "lambda:InvokeFunction");
    permission.set("FunctionName", function);
    permission.set("Principal", "apigateway.amazonaws.com");
    let resource = "${__ApiId__}/authorizers/*";
    let variables = map! {"__ApiId__" => reference(id)};
    permission.set("SourceArn", own_arn("${AWS::Partition}", "execute-api", resource, variables));
    Ok(permission)
}

fn stage(source: &Source, tags: Option<&Node>) -> Generated {
    let id = source.logical_id.as_str();
    let default = Node::from("$default");
    let name = source.something("StageName").unwrap_or(&default);
    let prefix = name.as_str().unwrap_or_default();
    let stage_id = if prefix == "$default" {
        format!("{id}ApiGatewayDefaultStage")
    } else if !prefix.is_empty() && prefix.chars().all(char::is_alphanumeric) {
        format!("{id}{prefix}Stage")
    } else {
        format!("{id}Stage{}", logical_id::digits_of_text(prefix))
    };
    let mut stage = Generated::new(stage_id, "AWS::ApiGatewayV2::Stage", &source.handed_on());
    stage.set("ApiId", reference(id));
    stage.set("StageName", name);
    for name in ["StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"] {
        stage.set_some(name, source.get(name));
    }
    stage.set_some("Tags", tags);
    stage.set("AutoDeploy", true);
    stage
}

/// Adds to an API's description what its properties say, and to its tags that the transform made it. Gives the functions that the
/// API must be allowed to ask, by the authorizer's name.
fn describe(
    expansion: &Expansion<'_>,
    source: &Source,
    body: &mut Option<Node>,
    tags: &mut Option<Node>,
) -> Expanded<Vec<(String, Node)>> {
    let Some(body) = body else {
        let needing = ["Auth", "CorsConfiguration", "Tags", "Name", "Description"];
        let found = needing.iter().find(|name| source.something(name).is_some());
        return match found.or(source.get("DisableExecuteApiEndpoint").map(|_| &"DisableExecuteApiEndpoint")) {
            Some(name) => source.wrong(format!("{name} needs DefinitionBody")),
            None => Ok(Vec::new()),
        };
    };
    let valid = is_valid(body);
    let changes = ["CorsConfiguration", "Tags", "Name", "Description"];
    if !valid && changes.iter().any(|name| source.something(name).is_some()) {
        return source.wrong("DefinitionBody is no description of an API (openapi 3 and paths)");
    }
    add_cors(expansion, source, body)?;
    let asked = auth::add(source, body, expansion.partition)?;
    if valid {
        let all = tags.get_or_insert_with(|| Node::from(Map::new()));
        all.put(MADE_BY, "SAM");
        add_tags(expansion, source, body, all)?;
    }
    if let Some(disabled) = source.get("DisableExecuteApiEndpoint") {
        if !valid {
            return source.wrong("DefinitionBody is no description of an API (openapi 3 and paths)");
        }
        if body.get("servers").is_some() {
            return source.unknown("DisableExecuteApiEndpoint of an API with servers");
        }
        let configuration = map! {"disableExecuteApiEndpoint" => disabled};
        body.put("servers", list![map! {"x-amazon-apigateway-endpoint-configuration" => configuration}]);
    }
    let info = |key: &str| body.get("info").and_then(|info| info.get(key)).cloned();
    if let Some(name) = source.something("Name") {
        if info("title") != Some(reference("AWS::StackName")) {
            return source.wrong("an API whose DefinitionBody has a title can't have Name");
        }
        if let Some(info) = body.get_mut("info") {
            info.put("title", name);
        }
    }
    if let Some(description) = source.something("Description") {
        if body.get("info").and_then(|info| info.get("description")).is_some_and(Node::is_something) {
            return source.wrong("an API whose DefinitionBody has a description can't have Description");
        }
        if body.get("info").is_none() {
            body.put("info", Map::new());
        }
        if let Some(info) = body.get_mut("info") {
            info.put("description", description);
        }
    }
    if source.something("FailOnWarnings").is_some()
        && let Some(paths) = body.get_mut("paths")
        && let Some(default) = paths.take(DEFAULT_PATH)
    {
        paths.put(&format!("/{DEFAULT_PATH}"), default);
    }
    Ok(asked)
}

fn add_cors(expansion: &Expansion<'_>, source: &Source, body: &mut Node) -> Expanded<()> {
    const HEADERS: [(&str, &str); 6] = [
        ("AllowOrigins", "allowOrigins"),
        ("AllowHeaders", "allowHeaders"),
        ("AllowMethods", "allowMethods"),
        ("ExposeHeaders", "exposeHeaders"),
        ("MaxAge", "maxAge"),
        ("AllowCredentials", "allowCredentials"),
    ];
    let given = source.get("CorsConfiguration");
    let given = given.map(|one| expansion.values.resolved(&source.logical_id, one)).transpose()?;
    let Some(given) = given.filter(Node::is_something) else {
        return Ok(());
    };
    let given = if given.as_bool().is_some() {
        map! {"AllowOrigins" => list!["*"]}
    } else {
        given
    };
    if given.as_mapping().is_none() {
        return source.wrong("CorsConfiguration is true or a map");
    }
    let origins = given.get("AllowOrigins");
    if given.is_function() || origins.is_some_and(Node::is_function) {
        return source.unknown("a CorsConfiguration whose origins are given by a function");
    }
    if let Some((name, _)) = given.pairs().find(|(name, _)| !HEADERS.iter().any(|(known, _)| known == name)) {
        return source.wrong(format!("CorsConfiguration has no {name}"));
    }
    let with_credentials = given.get("AllowCredentials").and_then(Node::as_bool) == Some(true);
    if with_credentials && origins == Some(&list!["*"]) {
        return source.wrong("CorsConfiguration can't allow credentials for every origin");
    }
    let mut made = body.get("x-amazon-apigateway-cors").cloned().unwrap_or_else(|| Node::from(Map::new()));
    for (name, header) in HEADERS {
        let value = given.get(name).filter(|value| match name {
            "MaxAge" => true,
            "AllowCredentials" => value.as_bool() == Some(true),
            _ => value.is_something(),
        });
        if let Some(value) = value {
            made.put(header, value);
        }
    }
    body.put("x-amazon-apigateway-cors", made);
    Ok(())
}

/// Writes tags into the description.
fn add_tags(expansion: &Expansion<'_>, source: &Source, body: &mut Node, tags: &Node) -> Expanded<()> {
    const VALUE: &str = "x-amazon-apigateway-tag-value";
    let order: Vec<String> = match expansion.hashed_tags.contains(&source.logical_id) {
        true => KeyOrder::of(tags.pairs().map(|(key, _)| key)).keys().map(str::to_owned).collect(),
        false => tags.pairs().map(|(key, _)| key.to_owned()).collect(),
    };
    if !body.get("tags").is_some_and(Node::is_something) {
        body.put("tags", Vec::new());
    }
    let Some(all) = body.get_mut("tags").and_then(Node::elements_mut) else {
        return source.wrong("the tags of DefinitionBody are a list");
    };
    for key in order {
        let Some(value) = tags.get(&key) else {
            continue;
        };
        match all.iter_mut().find(|tag| tag.get("name").and_then(Node::as_str) == Some(key.as_str())) {
            Some(tag) => tag.put(VALUE, value),
            None => all.push(map! {"name" => key, VALUE => value}),
        }
    }
    Ok(())
}

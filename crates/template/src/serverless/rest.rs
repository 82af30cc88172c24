//! `AWS::Serverless::Api`, also the one that functions' events make: a REST API of API Gateway with its deployment and its stage.
//!
//! The deployment's logical id is a hash of the API's description, so that a changed API is deployed anew.

pub(super) mod auth;
mod authorizer;
mod cors;
pub(super) mod document;
pub(super) mod editor;
mod gateway_responses;
pub(super) mod key_order;
pub(super) mod models;
pub(super) mod usage_plan;

use indexmap::IndexMap;

use super::Expansion;
use super::events::own_arn;
use super::generated::{Generated, tag_list};
use super::logical_id;
use super::number;
use super::problem::Expanded;
use super::s3_address::S3Address;
use super::source::{Declared, Form, Source};
use super::tree::{list, map, reference};
use crate::node::{Node, NodeKind};
use auth::Auth;
use document::{Part, PartMap, Word};
use editor::{Editor, is_openapi_3};
use key_order::KeyOrder;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::Api";

/// The logical id of the API that events make.
pub(super) const IMPLICIT: &str = "ServerlessRestApi";

/// Its properties that are known here, `DefinitionBody` aside, which is taken out beforehand. `Domain`,
/// `MergeDefinitions` and `AlwaysDeploy` are not.
const PROPERTIES: &[Declared] = &[
    ("Name", Form::TextOrMap, false),
    ("StageName", Form::TextOrMap, true),
    ("Tags", Form::Map, false),
    ("PropagateTags", Form::Bool, false),
    ("DefinitionUri", Form::TextOrMap, false),
    ("CacheClusterEnabled", Form::Bool, false),
    ("CacheClusterSize", Form::Text, false),
    ("Variables", Form::Map, false),
    ("EndpointConfiguration", Form::TextOrMap, false),
    ("MethodSettings", Form::List, false),
    ("BinaryMediaTypes", Form::List, false),
    ("MinimumCompressionSize", Form::Number, false),
    ("Cors", Form::TextOrMap, false),
    ("Auth", Form::Map, false),
    ("GatewayResponses", Form::Map, false),
    ("Models", Form::Map, false),
    ("AccessLogSetting", Form::Map, false),
    ("CanarySetting", Form::Map, false),
    ("TracingEnabled", Form::Bool, false),
    ("OpenApiVersion", Form::Text, false),
    ("FailOnWarnings", Form::Bool, false),
    ("Description", Form::Text, false),
    ("Mode", Form::Text, false),
    ("DisableExecuteApiEndpoint", Form::Bool, false),
    ("ApiKeySourceType", Form::Text, false),
    ("Policy", Form::TextOrMap, false),
    ("SecurityPolicy", Form::Text, false),
    ("EndpointAccessMode", Form::Text, false),
];

/// Types that get the API's tags when `PropagateTags` is set.
const TAGGED: [&str; 4] = [
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::ApiKey",
];

/// An API's description, apart from its other properties.
#[derive(Debug, Clone)]
pub(super) struct Described {
    /// `DefinitionBody`.
    pub(super) body: Part,
    /// Whether the transform writes the description, of the functions' events.
    pub(super) managed: bool,
}

/// Takes the descriptions out of the APIs of a template; one that has none gets an empty one, which the transform writes.
pub(super) fn descriptions(resources: &mut Node) -> IndexMap<String, Described> {
    let mut found = IndexMap::new();
    for (logical_id, entry) in resources.entries_mut().into_iter().flatten() {
        let resource = &mut entry.value;
        if resource.get("Type").and_then(Node::as_str) != Some(TYPE) {
            continue;
        }
        let has = |resource: &Node, name: &str| {
            resource.get("Properties").and_then(|all| all.get(name)).is_some_and(Node::is_something)
        };
        if !has(resource, "DefinitionBody") && !has(resource, "DefinitionUri") {
            found.insert(logical_id.clone(), Described { body: editor::skeleton(), managed: true });
        }
        let properties = resource.get_mut("Properties");
        if let Some(body) = properties.and_then(|all| all.take("DefinitionBody")).filter(Node::is_something) {
            found.insert(logical_id.clone(), Described { body: Part::given(&body), managed: false });
        }
    }
    found
}

/// Gives the descriptions that the transform writes the version of OpenAPI that their API asks for.
pub(super) fn set_versions(resources: &mut Node, described: &mut IndexMap<String, Described>) {
    for (logical_id, described) in described.iter_mut().filter(|(_, described)| described.managed) {
        let properties = resources.get_mut(logical_id).and_then(|api| api.get_mut("Properties"));
        let Some(version) =
            properties.and_then(|all| all.get_mut("OpenApiVersion")).filter(|one| is_openapi_3(one))
        else {
            continue;
        };
        let word = match &version.kind {
            NodeKind::Number(text) => {
                let text = number::plain(text);
                *version = Node::string(text.as_str(), version.at);
                Word::own(text)
            }
            _ => Word::given(version.as_str().unwrap_or_default()),
        };
        if let Some(body) = described.body.as_map_mut() {
            body.put("openapi", word);
            if body.get("swagger").is_some_and(Part::is_something) {
                body.remove("swagger");
            }
        }
    }
}

/// Writes out an API.
pub(super) fn expand(expansion: &mut Expansion<'_>, id: &str, node: &Node) -> Expanded<Vec<Generated>> {
    let source = Source::read(id, TYPE, node, &[PROPERTIES])?;
    let described = expansion.described.get(id).cloned();
    if let Some(version) = source.something("OpenApiVersion")
        && !is_version(version)
    {
        return source.wrong("OpenApiVersion has the form 3.0.1");
    }
    let mut body = described.map(|described| described.body);
    if body.is_some() && source.something("DefinitionUri").is_some() {
        return source.wrong("an API has DefinitionUri or DefinitionBody, not both");
    }
    let mut api = Generated::new(id, "AWS::ApiGateway::RestApi", &source.attributes);
    api.depends_on = source.depends_on.clone();
    let media_types = source.get("BinaryMediaTypes");
    let media_types = media_types.map(|types| expansion.values.resolved(id, types)).transpose()?;
    let given = source.something("Auth").map(|given| expansion.values.resolved(id, given)).transpose()?;
    let auth = match source.something("Auth") {
        None => None,
        Some(given) if names_a_place(given) => {
            return source.unknown("Auth with a Ref of AWS::Region or AWS::Partition");
        }
        Some(_) => given.as_ref().map(|given| Auth::read(&source, given)).transpose()?,
    };
    describe(&source, &mut body, media_types.as_ref(), auth.as_ref(), expansion.partition)?;
    api.set_some("BinaryMediaTypes", media_types.as_ref());
    api.set_some("MinimumCompressionSize", source.get("MinimumCompressionSize"));
    set_endpoint(expansion, &source, &mut api)?;
    for name in [
        "FailOnWarnings",
        "Name",
        "Description",
        "Mode",
        "ApiKeySourceType",
        "Policy",
        "SecurityPolicy",
        "EndpointAccessMode",
    ] {
        api.set_some(name, source.something(name));
    }
    let printed = match (&body, source.something("DefinitionUri")) {
        (Some(body), _) => {
            api.set("Body", body.node());
            body.printed()
        }
        (None, Some(uri)) => {
            let address = body_in_s3(&source, uri)?;
            api.set("BodyS3Location", address.node());
            address.printed()
        }
        (None, None) => return source.wrong("an API needs DefinitionBody or DefinitionUri"),
    };
    let (deployment, stage) = deployment_and_stage(expansion, &source, &printed);
    expansion.name_part(id, "Stage", &stage);
    expansion.name_part(id, "Deployment", &deployment);
    let plan = match &given {
        Some(auth) => usage_plan::expand(expansion, &source, &api, &stage, auth)?,
        None => Vec::new(),
    };
    let mut made = vec![api, deployment, stage];
    made.extend(plan);
    for (name, function) in auth.iter().flat_map(Auth::functions) {
        made.push(authorizer_permission(expansion, &source, name, function)?);
    }
    if let Some(tags) = source.something("Tags").filter(|_| source.something("PropagateTags").is_some()) {
        let tags = ordered_tags(expansion, &source, tags);
        for resource in made.iter_mut().filter(|one| TAGGED.contains(&one.type_name)) {
            resource.set("Tags", tags.clone());
        }
    }
    Ok(made)
}

/// Whether a tree refers to where it runs, which the transform writes into a description otherwise than the template's own texts.
fn names_a_place(node: &Node) -> bool {
    matches!(node.reference_name(), Some("AWS::Region" | "AWS::Partition"))
        || node.children().any(names_a_place)
}

/// Lets the API ask a function who may call.
fn authorizer_permission(
    expansion: &Expansion<'_>,
    source: &Source,
    name: &str,
    function: &Node,
) -> Expanded<Generated> {
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
    permission.set("SourceArn", own_arn(expansion.partition, "execute-api", resource, variables));
    Ok(permission)
}

/// Whether this is a version that the transform takes.
fn is_version(version: &Node) -> bool {
    let text = version.as_str().unwrap_or_default();
    let mut characters = text.chars();
    let is_major = matches!(characters.next(), Some('2' | '3'));
    let rest: Vec<char> = characters.collect();
    let is_part = |part: &[char]| matches!(part, ['.', digit] if digit.is_ascii_digit());
    is_major && matches!(rest.len(), 2 | 4) && rest.chunks(2).all(is_part)
}

/// Adds to an API's description what its properties say.
fn describe(
    source: &Source,
    body: &mut Option<Part>,
    media_types: Option<&Node>,
    auth: Option<&Auth>,
    partition: &str,
) -> Expanded<()> {
    let Some(body) = body else {
        let needing = ["Cors", "Auth", "GatewayResponses", "Models"]
            .into_iter()
            .filter(|name| source.something(name).is_some());
        let endpoint = source.get("DisableExecuteApiEndpoint").map(|_| "DisableExecuteApiEndpoint");
        return match needing.chain(endpoint).next() {
            Some(name) => source.wrong(format!("{name} needs DefinitionBody")),
            None => Ok(()),
        };
    };
    cors::add(source, body)?;
    if let Some(auth) = auth {
        auth.add(source, body, partition)?;
        // The transform does this here and once more below, where it finds part of it done.
        as_openapi(source, body)?;
    }
    gateway_responses::add(source, body)?;
    if let Some(types) = media_types.filter(|types| types.is_something()) {
        let mut editor = Editor::new(&source.logical_id, &source.node, body)?;
        if let Some(document) = editor.document() {
            document.put("x-amazon-apigateway-binary-media-types", with_slashes(&Part::given(types)));
        }
        *body = editor.done();
    }
    if models::add(source, body)? {
        as_openapi(source, body)?;
    }
    if let Some(disabled) = source.get("DisableExecuteApiEndpoint") {
        disable_endpoint(source, body, &Part::given(disabled))?;
    }
    as_openapi(source, body)
}

/// Types of media with `/` for `~1`, in which it can't stand in a patch.
fn with_slashes(part: &Part) -> Part {
    match part {
        Part::Text(word) => Part::Text(Word::given(word.text.replace("~1", "/"))),
        Part::List(elements) => Part::List(elements.iter().map(with_slashes).collect()),
        Part::Map(map) => {
            let mut made = PartMap::hashed();
            for (key, part) in map.pairs() {
                made.set(Word::given(key.text.replace("~1", "/")), with_slashes(part));
            }
            Part::Map(made)
        }
        other => other.clone(),
    }
}

fn disable_endpoint(source: &Source, body: &mut Part, disabled: &Part) -> Expanded<()> {
    const CONFIGURATION: &str = "x-amazon-apigateway-endpoint-configuration";
    const DISABLED: &str = "disableExecuteApiEndpoint";
    if body.get("openapi").is_some_and(Part::is_something) || body.get(CONFIGURATION).is_some() {
        return source
            .unknown("DisableExecuteApiEndpoint of an API in OpenAPI 3 or with an endpoint configuration");
    }
    let mut editor = Editor::new(&source.logical_id, &source.node, body)?;
    if let Some(document) = editor.document() {
        document.put(CONFIGURATION, Part::plain(DISABLED, disabled.clone()));
    }
    *body = editor.done();
    Ok(())
}

/// What was written for Swagger 2, as OpenAPI 3 has it, if the API asks for that.
fn as_openapi(source: &Source, body: &mut Part) -> Expanded<()> {
    if body.get("swagger").is_some() {
        return Ok(());
    }
    let version = match source.get("OpenApiVersion") {
        Some(version) => Some(version.clone()),
        None => body.get("openapi").map(Part::node),
    };
    if !version.is_some_and(|version| is_openapi_3(&version)) {
        return Ok(());
    }
    let Some(body) = body.as_map_mut() else {
        return Ok(());
    };
    for (old, new) in [("securityDefinitions", "securitySchemes"), ("definitions", "schemas")] {
        if !body.get(old).is_some_and(Part::is_something) {
            continue;
        }
        let mut components = match body.get("components").cloned() {
            Some(Part::Map(map)) if Part::Map(map.clone()).is_something() => map,
            _ => PartMap::hashed(),
        };
        if let Some(definitions) = body.get(old).cloned() {
            components.put(new, definitions);
        }
        body.put("components", components);
        body.remove(old);
    }
    let paths = body.get_mut("paths").and_then(Part::as_map_mut);
    let Some(paths) = paths else {
        return Ok(());
    };
    for path in paths.keys() {
        let item = paths.get_mut(&path.text).and_then(Part::as_map_mut);
        let Some(item) = item else {
            return source.wrong(format!("the path {} of DefinitionBody is no map", path.text));
        };
        let Some(options) = item.get_mut("options").filter(|one| one.is_something()) else {
            continue;
        };
        let Some(options) = options.as_map_mut() else {
            return source.wrong(format!("the method options of the path {} is no map", path.text));
        };
        options.remove("produces");
        options.remove("consumes");
        let headers = options
            .get_mut("responses")
            .and_then(|responses| responses.as_map_mut()?.get_mut("200")?.as_map_mut()?.get_mut("headers"));
        if let Some(headers) = headers.and_then(Part::as_map_mut) {
            for name in headers.keys() {
                if let Some(header) = headers.get(&name.text).cloned() {
                    headers.set(name, PartMap::hashed_of("schema", header));
                }
            }
        }
    }
    Ok(())
}

fn set_endpoint(expansion: &Expansion<'_>, source: &Source, api: &mut Generated) -> Expanded<()> {
    let regional = Node::from("REGIONAL");
    let value = match source.something("EndpointConfiguration") {
        Some(value) => value,
        None if expansion.partition == "aws" => return Ok(()),
        None => &regional,
    };
    let Some(kind) = value.get("Type").filter(|kind| kind.is_something()) else {
        api.set("EndpointConfiguration", map! {"Types" => list![value]});
        api.set("Parameters", map! {"endpointConfigurationTypes" => value});
        return Ok(());
    };
    let mut configuration = map! {"Types" => list![kind]};
    match (value.get("VPCEndpointIds"), value.get("VpcEndpointIds")) {
        (Some(_), Some(_)) => {
            return source.wrong("EndpointConfiguration has VPCEndpointIds or VpcEndpointIds, not both");
        }
        (Some(ids), None) | (None, Some(ids)) => configuration.put("VpcEndpointIds", ids),
        (None, None) => {}
    }
    if let Some(address_type) = value.get("IpAddressType") {
        configuration.put("IpAddressType", address_type);
    }
    api.set("EndpointConfiguration", configuration);
    api.set("Parameters", map! {"endpointConfigurationTypes" => kind});
    Ok(())
}

fn body_in_s3(source: &Source, uri: &Node) -> Expanded<Part> {
    let something = |key: &str| uri.get(key).filter(|one| one.is_something()).cloned();
    let (bucket, key, version) = if uri.as_mapping().is_some() {
        match (something("Bucket"), something("Key")) {
            (Some(bucket), Some(key)) => (bucket, key, uri.get("Version").cloned()),
            _ => return source.wrong("DefinitionUri needs Bucket and Key"),
        }
    } else {
        match S3Address::parse(uri.as_str().unwrap_or_default(), uri) {
            Some(address) => (address.bucket, address.key, address.version),
            None => {
                return source.wrong(format!(
                    "DefinitionUri is {:?}, which is no object in S3 (s3://bucket/key); package the template first (`sam package`, `aws cloudformation package`)",
                    uri.as_str().unwrap_or_default()
                ));
            }
        }
    };
    let mut made = PartMap::hashed();
    made.put("Bucket", Part::given(&bucket));
    made.put("Key", Part::given(&key));
    if let Some(version) = version {
        made.put("Version", Part::given(&version));
    }
    Ok(Part::Map(made))
}

fn deployment_and_stage(expansion: &Expansion<'_>, source: &Source, printed: &str) -> (Generated, Generated) {
    let id = source.logical_id.as_str();
    let mut hashed = vec![printed.to_owned()];
    let version = source.something("OpenApiVersion");
    hashed.extend(version.and_then(Node::as_str).map(str::to_owned));
    hashed.extend(expansion.function_names.get(id).cloned().filter(|names| !names.is_empty()));
    let hashed = hashed.join("||");
    let deployment_id = format!("{id}Deployment{}", logical_id::digits_of_text(&hashed));
    let mut deployment = Generated::new(deployment_id, "AWS::ApiGateway::Deployment", &source.handed_on());
    deployment.set("RestApiId", reference(id));
    if version.is_none() {
        deployment.set("StageName", "Stage");
    }
    deployment.set("Description", format!("RestApi deployment id: {}", logical_id::digits(&hashed, 40)));
    let name = source.get("StageName");
    let prefix = name.and_then(Node::as_str).unwrap_or_default();
    let stage_id = match !prefix.is_empty() && prefix.chars().all(char::is_alphanumeric) {
        true => format!("{id}{prefix}Stage"),
        false => format!("{id}Stage{}", logical_id::digits_of_text(prefix)),
    };
    let mut stage = Generated::new(stage_id, "AWS::ApiGateway::Stage", &source.handed_on());
    stage.set("RestApiId", reference(id));
    stage.set("DeploymentId", deployment.reference());
    for name in [
        "StageName",
        "CacheClusterEnabled",
        "CacheClusterSize",
        "Variables",
        "MethodSettings",
        "AccessLogSetting",
        "CanarySetting",
        "TracingEnabled",
    ] {
        stage.set_some(name, source.get(name));
    }
    if let Some(tags) = source.get("Tags") {
        stage.set("Tags", ordered_tags(expansion, source, tags));
    }
    (deployment, stage)
}

/// Tags as a list, in the order in which the transform takes them from an API.
fn ordered_tags(expansion: &Expansion<'_>, source: &Source, tags: &Node) -> Vec<Node> {
    if source.logical_id == IMPLICIT && expansion.implicit_rest {
        return tag_list(tags.pairs());
    }
    let order = KeyOrder::of(tags.pairs().map(|(key, _)| key));
    tag_list(order.keys().filter_map(|key| Some((key, tags.get(key)?))))
}

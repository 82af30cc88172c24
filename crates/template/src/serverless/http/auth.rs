//! `Auth` of an HTTP API and of its routes: who may call, written into the API's description.

use super::description::{choices, is_valid};
use crate::node::Node;
use crate::serverless::problem::Expanded;
use crate::serverless::rest::editor::INTEGRATION;
use crate::serverless::source::Source;
use crate::serverless::tree::{Map, list, map};

/// The name of AWS's own way to sign calls.
const SIGNED: &str = "AWS_IAM";
/// The name of what lets everybody call.
const NOBODY: &str = "NONE";

/// Writes an API's `Auth` into its description; gives the functions that the API must be allowed to ask, by the authorizer's name.
pub(super) fn add(source: &Source, body: &mut Node, partition: &str) -> Expanded<Vec<(String, Node)>> {
    let Some(auth) = source.something("Auth") else {
        return Ok(Vec::new());
    };
    const KNOWN: [&str; 3] = ["Authorizers", "DefaultAuthorizer", "EnableIamAuthorizer"];
    if let Some((name, _)) = auth.pairs().find(|(name, _)| !KNOWN.contains(name)) {
        return source.wrong(format!("Auth has no {name}"));
    }
    if !is_valid(body) {
        return source.wrong("Auth needs a DefinitionBody that describes an API");
    }
    let authorizers = auth.get("Authorizers").filter(|all| all.is_something());
    if authorizers.is_some_and(|all| all.as_mapping().is_none()) {
        return source.wrong("Auth.Authorizers is a map");
    }
    let mut schemes = Map::new();
    let mut asked = Vec::new();
    if auth.get("EnableIamAuthorizer").and_then(Node::as_bool) == Some(true) {
        let signed = map! {
            "type" => "apiKey",
            "name" => "Authorization",
            "in" => "header",
            "x-amazon-apigateway-authtype" => "awsSigv4",
        };
        schemes.insert(SIGNED.to_owned(), signed);
    }
    for (name, authorizer) in authorizers.into_iter().flat_map(Node::pairs) {
        schemes.insert(name.to_owned(), scheme(source, name, authorizer, partition)?);
        let is_allowed = authorizer.get("EnableFunctionDefaultPermissions").is_some_and(Node::is_something);
        if let Some(function) = authorizer.get("FunctionArn").filter(|_| is_allowed) {
            asked.push((name.to_owned(), function.clone()));
        }
    }
    put_schemes(body, &schemes);
    let Some(default) = auth.get("DefaultAuthorizer").filter(|one| one.is_something() && !one.is_no_value())
    else {
        return Ok(asked);
    };
    let Some(default) = default.as_str().filter(|name| schemes.contains_key(*name)) else {
        return source.wrong("Auth.DefaultAuthorizer is one of Authorizers");
    };
    let scopes = authorizers.and_then(|all| all.get(default)?.get("AuthorizationScopes"));
    let scopes = scopes.cloned().unwrap_or_else(|| Node::from(Vec::new()));
    set_default(source, body, default, &scopes)?;
    Ok(asked)
}

fn put_schemes(body: &mut Node, schemes: &Map) {
    let existing = body.get("components").and_then(|components| components.get("securitySchemes"));
    let mut all =
        existing.filter(|all| all.is_something()).cloned().unwrap_or_else(|| Node::from(Map::new()));
    for (name, scheme) in schemes {
        all.put(name, scheme);
    }
    if !all.is_something() {
        return;
    }
    if !body.get("components").is_some_and(Node::is_something) {
        body.put("components", Map::new());
    }
    if let Some(components) = body.get_mut("components") {
        components.put("securitySchemes", all);
    }
}

/// How an authorizer is described.
fn scheme(source: &Source, name: &str, given: &Node, partition: &str) -> Expanded<Node> {
    const KEY: &str = "x-amazon-apigateway-authorizer";
    const OF_JWT: [&str; 3] = ["AuthorizationScopes", "JwtConfiguration", "IdentitySource"];
    const OF_FUNCTION: [&str; 6] = [
        "FunctionArn",
        "FunctionInvokeRole",
        "Identity",
        "AuthorizerPayloadFormatVersion",
        "EnableSimpleResponses",
        "EnableFunctionDefaultPermissions",
    ];
    if given.as_mapping().is_none() {
        return source.wrong(format!("the authorizer {name} is a map"));
    }
    let something = |key: &str| given.get(key).filter(|one| one.is_something());
    let jwt = something("JwtConfiguration");
    let own: &[&str] = if jwt.is_some() { &OF_JWT } else { &OF_FUNCTION };
    let foreign = given.pairs().find(|(key, _)| {
        !own.contains(key)
            && (OF_JWT.contains(key) || OF_FUNCTION.contains(key) || *key == "OpenIdConnectUrl")
    });
    if let Some((key, _)) = foreign {
        return source.wrong(format!("the authorizer {name} can't have {key}"));
    }
    if given.get("AuthorizationScopes").is_some_and(|scopes| scopes.as_sequence().is_none()) {
        return source.wrong(format!("AuthorizationScopes of the authorizer {name} is a list"));
    }
    if let Some(jwt) = jwt {
        let Some(identity) = something("IdentitySource").filter(|_| jwt.as_mapping().is_some()) else {
            return source
                .wrong(format!("the authorizer {name} needs JwtConfiguration, a map, and IdentitySource"));
        };
        let configuration =
            Node::from_pairs(jwt.pairs().map(|(key, value)| (key.to_lowercase(), value.clone())));
        let authorizer =
            map! {"jwtConfiguration" => configuration, "identitySource" => identity, "type" => "jwt"};
        return Ok(map! {"type" => "oauth2", KEY => authorizer});
    }
    let (Some(function), Some(version)) =
        (something("FunctionArn"), something("AuthorizerPayloadFormatVersion"))
    else {
        return source.wrong(format!(
            "the authorizer {name} needs FunctionArn and AuthorizerPayloadFormatVersion, or JwtConfiguration"
        ));
    };
    if given.get("EnableFunctionDefaultPermissions").is_some_and(|one| one.as_bool().is_none()) {
        return source
            .wrong(format!("EnableFunctionDefaultPermissions of the authorizer {name} is true or false"));
    }
    let uri = format!(
        "arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{__FunctionArn__}}/invocations"
    );
    let mut authorizer = map! {
        "type" => "request",
        "authorizerUri" => map! {"Fn::Sub" => list![uri, map! {"__FunctionArn__" => function}]},
        "authorizerPayloadFormatVersion" => version,
    };
    if let Some(role) = something("FunctionInvokeRole").filter(|role| role.as_str() != Some(NOBODY)) {
        authorizer.put("authorizerCredentials", role);
    }
    if let Some(identity) = something("Identity") {
        if identity.as_mapping().is_none() {
            return source.wrong(format!("Identity of the authorizer {name} is a map"));
        }
        if let Some(seconds) = identity.get("ReauthorizeEvery") {
            authorizer.put("authorizerResultTtlInSeconds", seconds);
        }
        authorizer.put("identitySource", identity_source(source, name, identity)?);
    }
    if let Some(simple) = something("EnableSimpleResponses") {
        authorizer.put("enableSimpleResponses", simple);
    }
    Ok(map! {"type" => "apiKey", "name" => "Unused", "in" => "header", KEY => authorizer})
}

/// Where in a request a caller says who it is.
fn identity_source(source: &Source, name: &str, identity: &Node) -> Expanded<Vec<Node>> {
    let mut found = Vec::new();
    for (prefix, key) in [
        ("$request.header.", "Headers"),
        ("$request.querystring.", "QueryStrings"),
        ("$stageVariables.", "StageVariables"),
        ("$context.", "Context"),
    ] {
        let Some(values) = identity.get(key).filter(|one| one.is_something()) else {
            continue;
        };
        let texts: Option<Vec<&str>> =
            values.as_sequence().and_then(|values| values.iter().map(Node::as_str).collect());
        let Some(texts) = texts else {
            return source.wrong(format!("Identity.{key} of the authorizer {name} is a list of texts"));
        };
        found.extend(texts.into_iter().map(|text| Node::from(format!("{prefix}{text}"))));
    }
    Ok(found)
}

/// Gives every method the default authorizer that has none of its own.
fn set_default(source: &Source, body: &mut Node, default: &str, scopes: &Node) -> Expanded<()> {
    let paths = body.get_mut("paths").and_then(Node::entries_mut);
    for (path, entry) in paths.into_iter().flatten() {
        for item in choices(&mut entry.value) {
            let methods = item.entries_mut().into_iter().flatten();
            for (method, entry) in
                methods.filter(|(method, _)| !["parameters", "options"].contains(&method.as_str()))
            {
                if method.to_lowercase() != *method || method == "any" {
                    return source.wrong(format!(
                        "the method {method} of the path {path} isn't written in small letters"
                    ));
                }
                for definition in choices(&mut entry.value) {
                    if definition.as_mapping().is_none() {
                        return source.wrong(format!("the method {method} of the path {path} is no map"));
                    }
                    let integrates = definition.get(INTEGRATION).is_some_and(Node::is_something);
                    if integrates && !definition.get("security").is_some_and(Node::is_something) {
                        definition.put("security", list![map! {default => scopes}]);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Writes an event's `Auth` into the definitions of its method.
pub(in crate::serverless) fn add_to_methods(
    source: &Source,
    definitions: Vec<&mut Node>,
    own: &Node,
    of_api: Option<&Node>,
) -> Expanded<()> {
    let something =
        |auth: Option<&Node>, name: &str| auth?.get(name).filter(|one| one.is_something()).cloned();
    if of_api.is_some_and(|auth| auth.as_mapping().is_none()) {
        return source.wrong("Auth of the API is a map");
    }
    let default = something(of_api, "DefaultAuthorizer");
    let Some(authorizer) = something(Some(own), "Authorizer").or_else(|| default.clone()) else {
        return source.wrong("Auth needs Authorizer, or a DefaultAuthorizer of the API");
    };
    let Some(name) = authorizer.as_str() else {
        return source.wrong("Auth.Authorizer is a text");
    };
    let authorizers = something(of_api, "Authorizers");
    let signs = of_api.and_then(|auth| auth.get("EnableIamAuthorizer")?.as_bool()) == Some(true);
    let given = authorizers.as_ref().and_then(|all| all.get(name)).filter(|one| one.is_something());
    match name {
        NOBODY if default.is_none() => {
            return source.wrong("Authorizer NONE needs a DefaultAuthorizer of the API");
        }
        NOBODY => {}
        SIGNED if signs => {}
        _ if given.is_none() => {
            return source.wrong(format!("Authorizer is {name}, which the API doesn't define"));
        }
        _ => {}
    }
    let scopes = something(Some(own), "AuthorizationScopes");
    if scopes.as_ref().is_some_and(|scopes| scopes.as_sequence().is_none()) {
        return source.wrong("Auth.AuthorizationScopes is a list");
    }
    let scopes = match name {
        NOBODY | SIGNED => None,
        _ => scopes.or_else(|| something(given, "AuthorizationScopes")),
    };
    let one = map! {name => scopes.unwrap_or_else(|| Node::from(Vec::new()))};
    for definition in definitions {
        let mut all = definition.get("security").and_then(Node::as_sequence).unwrap_or_default().to_vec();
        all.push(one.clone());
        definition.put("security", all);
    }
    Ok(())
}

//! `Auth` of a REST API and of its methods: who may call, written into the API's description.

use super::authorizer::Authorizer;
use super::document::{Part, PartMap, Word};
use super::editor::{Editor, INTEGRATION, is_valid};
use super::key_order::KeyOrder;
use crate::node::Node;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;

const DEFINITIONS: &str = "securityDefinitions";
const SECURITY: &str = "security";
/// The name of AWS's own way to sign calls.
const SIGNED: &str = "AWS_IAM";
/// The name of what lets everybody call.
const NOBODY: &str = "NONE";
const API_KEY: &str = "api_key";
const NO_API_KEY: &str = "api_key_false";

/// What `Auth` of an API may have. `ResourcePolicy` isn't known here.
const KNOWN: [&str; 7] = [
    "UsagePlan",
    "Authorizers",
    "DefaultAuthorizer",
    "InvokeRole",
    "AddDefaultAuthorizerToCorsPreflight",
    "AddApiKeyRequiredToCorsPreflight",
    "ApiKeyRequired",
];

/// What `Auth` of an API says.
pub(in crate::serverless) struct Auth {
    authorizers: Vec<(String, Authorizer)>,
    default: Option<String>,
    needs_key: bool,
    on_preflight: bool,
    key_on_preflight: bool,
}

impl Auth {
    /// Reads an API's `Auth`, in which parameters have their values.
    pub(super) fn read(source: &Source, given: &Node) -> Expanded<Auth> {
        if given.as_mapping().is_none() {
            return source.wrong("Auth is a map");
        }
        for (name, _) in given.pairs() {
            if name == "ResourcePolicy" {
                return source.unknown(format!("Auth.{name}"));
            }
            if !KNOWN.contains(&name) {
                return source.wrong(format!("Auth has no {name}"));
            }
        }
        let authorizers = Authorizer::all(source, given.get("Authorizers"))?;
        let default = match given.get("DefaultAuthorizer").filter(|one| one.is_something()) {
            Some(name) if name.as_str() == Some(SIGNED) => Some(SIGNED.to_owned()),
            // Where there are none at all the transform doesn't look at it.
            Some(name) if !authorizers.is_empty() => {
                let default = name.as_str().filter(|name| authorizers.iter().any(|(one, _)| one == name));
                match default {
                    Some(default) => Some(default.to_owned()),
                    None => return source.wrong("Auth.DefaultAuthorizer is one of Authorizers"),
                }
            }
            _ => None,
        };
        let says = |name: &str, otherwise: bool| given.get(name).map_or(otherwise, Node::is_something);
        Ok(Auth {
            authorizers,
            default,
            needs_key: says("ApiKeyRequired", false),
            on_preflight: says("AddDefaultAuthorizerToCorsPreflight", true),
            key_on_preflight: says("AddApiKeyRequiredToCorsPreflight", true),
        })
    }

    /// The authorizers that are functions which the API must be allowed to call: their names and the functions' ARNs.
    pub(super) fn functions(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.authorizers.iter().filter_map(|(name, one)| Some((name.as_str(), one.called()?)))
    }

    /// Writes it into the API's description.
    pub(super) fn add(&self, source: &Source, document: &mut Part, partition: &str) -> Expanded<()> {
        if !is_valid(document) {
            return source.wrong("Auth needs a DefinitionBody that describes an API");
        }
        let mut editor = Editor::new(&source.logical_id, &source.node, document)?;
        let mut definitions = definitions(&mut editor);
        let signed = (self.default.as_deref() == Some(SIGNED)).then_some(SIGNED);
        let names = signed.into_iter().chain(self.authorizers.iter().map(|(name, _)| name.as_str()));
        for name in KeyOrder::of(names).keys() {
            let found = self.authorizers.iter().find(|(one, _)| one == name).map(|(_, one)| one);
            let definition = found.unwrap_or(&Authorizer::signed()).definition(source, partition)?;
            definitions.set(Word::given(name), definition);
        }
        if let Some(default) = &self.default {
            for path in editor.paths() {
                for (method, definition) in editor.integrated(&path.text)? {
                    if self.on_preflight || method != "options" {
                        self.set_default(definition, default, &mut definitions);
                    }
                }
            }
        }
        if self.needs_key {
            need_key(&mut definitions);
            for path in editor.paths() {
                for (method, definition) in editor.integrated(&path.text)? {
                    set_key(definition, method == "options" && !self.key_on_preflight);
                }
            }
        }
        put_definitions(&mut editor, definitions);
        *document = editor.done();
        Ok(())
    }

    /// Gives a method the default authorizer, unless it has one of its own or wants none.
    fn set_default(&self, definition: &mut PartMap, default: &str, definitions: &mut PartMap) {
        let names = |part: &Part| part.as_map().map(PartMap::keys).unwrap_or_default();
        let is_authorizer = |part: &Part| {
            names(part)
                .iter()
                .any(|key| key.text == SIGNED || self.authorizers.iter().any(|(name, _)| *name == key.text))
        };
        let (own, mut others): (Vec<Part>, Vec<Part>) =
            security_of(definition).into_iter().partition(is_authorizer);
        let wants_none = others.iter().position(|part| names(part).iter().any(|key| key.text == NOBODY));
        let mut all = match wants_none {
            Some(place) => {
                others.remove(place);
                others
            }
            None if !own.is_empty() => [others, own].concat(),
            None => {
                let scopes = self.authorizers.iter().find(|(name, _)| name == default);
                let scopes = scopes.map_or_else(|| Part::List(Vec::new()), |(_, one)| one.scopes());
                others.push(named(Word::given(default), scopes));
                others
            }
        };
        if !all.is_empty() {
            let is_signed = all.first_mut().is_some_and(|first| first.get(SIGNED).is_some());
            definition.put(SECURITY, Part::List(all));
            if is_signed {
                sign(definitions);
            }
        }
    }
}

/// `Auth` of an event, held against that of its API.
pub(in crate::serverless) struct MethodAuth {
    authorizer: Option<String>,
    scopes: Option<Part>,
    needs_key: Option<bool>,
}

impl MethodAuth {
    /// Reads an event's `Auth`.
    pub(in crate::serverless) fn read(
        source: &Source,
        given: &Node,
        api: Option<&Node>,
    ) -> Expanded<MethodAuth> {
        const KNOWN: [&str; 4] = ["Authorizer", "AuthorizationScopes", "ApiKeyRequired", "InvokeRole"];
        if let Some((name, _)) = given.pairs().find(|(name, _)| !KNOWN.contains(name)) {
            return source.unknown(format!("Auth.{name} of the event"));
        }
        let something = |name: &str| given.get(name).filter(|one| one.is_something());
        let of_api = |name: &str| api.and_then(|api| api.get(name)).filter(|one| one.is_something());
        let authorizer = match something("Authorizer").map(|one| one.as_str().map(str::to_owned)) {
            None => None,
            Some(None) => return source.wrong("Auth.Authorizer is a text"),
            Some(Some(name)) => Some(name),
        };
        let authorizers = of_api("Authorizers");
        match authorizer.as_deref() {
            None | Some(SIGNED) => {}
            Some(NOBODY) if of_api("DefaultAuthorizer").is_none() => {
                return source.wrong("Authorizer NONE needs a DefaultAuthorizer of the API");
            }
            Some(NOBODY) => {}
            Some(name) => {
                if !authorizers.and_then(|all| all.get(name)).is_some_and(Node::is_something) {
                    return source.wrong(format!("Authorizer is {name}, which the API doesn't define"));
                }
            }
        }
        if authorizers.is_some_and(|all| all.as_mapping().is_none()) {
            return source.wrong("Auth.Authorizers of the API is a map");
        }
        let scopes = something("AuthorizationScopes");
        if let Some(scopes) = scopes {
            if scopes.as_sequence().is_none() {
                return source.wrong("Auth.AuthorizationScopes is a list");
            }
            if authorizer.is_none() {
                return source.wrong("Auth.AuthorizationScopes needs Authorizer");
            }
        }
        let needs_key = given.get("ApiKeyRequired").map(Node::is_something);
        if needs_key == Some(false) && of_api("ApiKeyRequired").is_none() {
            return source.wrong("ApiKeyRequired: false needs ApiKeyRequired of the API");
        }
        let of_authorizer = authorizer.as_deref().filter(|name| *name != NOBODY);
        let of_authorizer = of_authorizer.and_then(|name| authorizers?.get(name));
        let scopes = of_authorizer
            .and_then(|one| given.get("AuthorizationScopes").or_else(|| one.get("AuthorizationScopes")));
        Ok(MethodAuth { authorizer, scopes: scopes.map(Part::given), needs_key })
    }

    /// Writes it into the definitions of a method.
    pub(in crate::serverless) fn add(
        &self,
        editor: &mut Editor<'_>,
        path: &str,
        method: &Word,
    ) -> Expanded<()> {
        let mut definitions = definitions(editor);
        if let Some(name) = &self.authorizer {
            for definition in editor.methods(path, method)? {
                let scopes = self.scopes.clone().unwrap_or_else(|| Part::List(Vec::new()));
                let mut all = security_of(definition);
                all.push(named(Word::given(name.as_str()), scopes));
                let is_signed = all.first().is_some_and(|first| first.get(SIGNED).is_some());
                definition.put(SECURITY, Part::List(all));
                if is_signed {
                    sign(&mut definitions);
                }
            }
        }
        if let Some(needs_key) = self.needs_key {
            for definition in editor.methods(path, method)? {
                let name = if needs_key { API_KEY } else { NO_API_KEY };
                if needs_key {
                    need_key(&mut definitions);
                }
                let mut all = security_of(definition);
                all.push(named(Word::own(name), Part::List(Vec::new())));
                definition.put(SECURITY, Part::List(all));
            }
        }
        put_definitions(editor, definitions);
        Ok(())
    }
}

/// As whom API Gateway calls the function: nothing unless callers sign.
pub(in crate::serverless) fn credentials(
    event: Option<&Node>,
    api: Option<&Node>,
    partition: &str,
) -> Option<Part> {
    let text = |auth: Option<&Node>, name: &str| {
        auth.and_then(|auth| auth.get(name)).and_then(Node::as_str).map(str::to_owned)
    };
    let event = event.filter(|event| event.is_something());
    let is_signed = text(event, "Authorizer").as_deref() == Some(SIGNED)
        || (event.is_none() && text(api, "DefaultAuthorizer").as_deref() == Some(SIGNED));
    if !is_signed {
        return None;
    }
    let role = |auth: Option<&Node>| {
        let given = auth.and_then(|auth| auth.get("InvokeRole"))?;
        Some(if given.is_something() { Part::given(given) } else { Part::from(NOBODY) })
    };
    let callers = || Part::from(format!("arn:{partition}:iam::*:user/*").as_str());
    let role = role(event).or_else(|| role(api));
    let named = role.as_ref().map(Part::node);
    match named.as_ref().and_then(Node::as_str) {
        Some(NOBODY) => None,
        Some("CALLER_CREDENTIALS") => Some(callers()),
        _ => Some(role.unwrap_or_else(callers)),
    }
}

/// Puts credentials into the integration of a method.
pub(in crate::serverless) fn call_as(definition: &mut PartMap, credentials: &Part) {
    if let Some(integration) = definition.get_mut(INTEGRATION).and_then(Part::as_map_mut) {
        integration.put("credentials", credentials.clone());
    }
}

/// `{name: scopes}`.
fn named(name: Word, scopes: Part) -> Part {
    let mut map = PartMap::hashed();
    map.set(name, scopes);
    Part::Map(map)
}

fn security_of(definition: &PartMap) -> Vec<Part> {
    match definition.get(SECURITY) {
        Some(Part::List(elements)) => elements.clone(),
        _ => Vec::new(),
    }
}

/// Gives a method the API's key, unless it wants none.
fn set_key(definition: &mut PartMap, is_free: bool) {
    let existing = security_of(definition);
    let is_about_keys = |part: &Part| part.get(API_KEY).is_some() || part.get(NO_API_KEY).is_some();
    let wants_none = existing.iter().any(|part| part.get(NO_API_KEY).is_some());
    let mut all: Vec<Part> = existing.iter().filter(|part| !is_about_keys(part)).cloned().collect();
    if !wants_none && !is_free {
        all.push(named(Word::own(API_KEY), Part::List(Vec::new())));
    }
    let same = all.len() == existing.len()
        && all.iter().zip(&existing).all(|(one, other)| one.node() == other.node());
    if !same {
        definition.put(SECURITY, Part::List(all));
    }
}

fn definitions(editor: &mut Editor<'_>) -> PartMap {
    let found = editor.document().and_then(|document| document.get(DEFINITIONS)).cloned();
    match found {
        Some(Part::Map(map)) if !map.keys().is_empty() => map,
        _ => PartMap::hashed(),
    }
}

fn put_definitions(editor: &mut Editor<'_>, definitions: PartMap) {
    if let Some(document) = editor.document().filter(|_| !definitions.keys().is_empty()) {
        document.put(DEFINITIONS, definitions);
    }
}

/// Adds the definition of signed calls.
fn sign(definitions: &mut PartMap) {
    let mut signed = PartMap::hashed();
    signed.put("x-amazon-apigateway-authtype", "awsSigv4");
    signed.put("type", "apiKey");
    signed.put("name", "Authorization");
    signed.put("in", "header");
    definitions.add_beside(SIGNED, signed);
}

/// Adds the definition of keys.
fn need_key(definitions: &mut PartMap) {
    let mut key = PartMap::hashed();
    key.put("type", "apiKey");
    key.put("name", "x-api-key");
    key.put("in", "header");
    definitions.add_beside(API_KEY, key);
}

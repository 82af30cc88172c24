//! `Cors`: every path answers the question of a browser, whether it may be called from elsewhere.

use super::document::{Part, PartMap, Word};
use super::editor::{ANY_METHOD, Editor, INTEGRATION, is_valid};
use crate::node::Node;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;

/// Adds the answers to an API's description.
pub(super) fn add(source: &Source, document: &mut Part) -> Expanded<()> {
    let Some(given) = source.something("Cors") else {
        return Ok(());
    };
    let part = |key: &str| given.get(key).map(Part::given);
    let is_map = given.as_mapping().is_some() && !given.is_function();
    if is_map {
        const KNOWN: [&str; 5] =
            ["AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge", "AllowCredentials"];
        if let Some((key, _)) = given.pairs().find(|(key, _)| !KNOWN.contains(key)) {
            return source.wrong(format!("Cors has no {key}"));
        }
    }
    let answer = match is_map {
        true => Answer {
            origin: part("AllowOrigin").unwrap_or_else(|| Part::from("'*'")),
            headers: part("AllowHeaders"),
            methods: part("AllowMethods"),
            age: part("MaxAge"),
            credentials: given.get("AllowCredentials").and_then(Node::as_bool) == Some(true),
        },
        false => {
            Answer { origin: Part::given(given), headers: None, methods: None, age: None, credentials: false }
        }
    };
    if !is_valid(document) {
        return source.wrong("Cors needs a DefinitionBody that describes an API");
    }
    if answer.credentials && answer.origin.node().as_str() == Some("'*'") {
        return source.wrong("Cors can't allow credentials for every origin; give AllowOrigin");
    }
    let mut editor = Editor::new(&source.logical_id, &source.node, document)?;
    let mut done: Vec<String> = Vec::new();
    for path in editor.paths() {
        let plain = if path.text == "/" { "/" } else { path.text.trim_end_matches('/') };
        if done.iter().any(|one| one == plain) {
            continue;
        }
        done.push(plain.to_owned());
        // What is found for the first choice of a path holds for the others.
        let mut methods = answer.methods.clone().filter(Part::is_something);
        for item in editor.path_items(&path.text)? {
            if item.get("options").is_some() {
                continue;
            }
            if !answer.origin.is_something() {
                return source.wrong("Cors needs AllowOrigin");
            }
            let methods =
                methods.get_or_insert_with(|| Part::from(format!("'{}'", methods_of(item)).as_str()));
            item.put("options", answer.method(methods));
        }
    }
    *document = editor.done();
    Ok(())
}

/// The methods that a path answers to, in the order of the alphabet.
fn methods_of(item: &PartMap) -> String {
    let mut methods: Vec<String> = match item.get(ANY_METHOD) {
        Some(_) => ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"].map(str::to_owned).to_vec(),
        None => {
            let keys = item.keys().into_iter().map(|word| word.text.to_uppercase());
            keys.chain(["OPTIONS".to_owned()]).collect()
        }
    };
    methods.sort();
    methods.dedup();
    methods.join(",")
}

/// What is answered.
struct Answer {
    origin: Part,
    headers: Option<Part>,
    methods: Option<Part>,
    age: Option<Part>,
    credentials: bool,
}

impl Answer {
    /// The method that answers.
    fn method(&self, methods: &Part) -> PartMap {
        let mut parameters = PartMap::hashed();
        let mut headers = PartMap::hashed();
        let mut header = |name: &str, value: &Part, kind: &str| {
            parameters.put(&format!("method.response.header.{name}"), value.clone());
            headers.put(name, Part::plain("type", kind));
        };
        header("Access-Control-Allow-Origin", &self.origin, "string");
        if let Some(allowed) = self.headers.as_ref().filter(|one| one.is_something()) {
            header("Access-Control-Allow-Headers", allowed, "string");
        }
        if methods.is_something() {
            header("Access-Control-Allow-Methods", methods, "string");
        }
        if let Some(age) = &self.age {
            header("Access-Control-Max-Age", age, "integer");
        }
        if self.credentials {
            header("Access-Control-Allow-Credentials", &Part::from("'true'"), "string");
        }
        let json = || Part::List(vec![Part::from("application/json")]);
        let mut default = PartMap::hashed();
        default.put("statusCode", "200");
        default.put("responseParameters", parameters);
        default.put("responseTemplates", Part::plain("application/json", "{}\n"));
        let mut integration = PartMap::hashed();
        integration.put("type", "mock");
        integration
            .put("requestTemplates", Part::plain("application/json", "{\n  \"statusCode\" : 200\n}\n"));
        integration.put("responses", PartMap::hashed_of("default", default));
        let mut response = PartMap::hashed();
        response.put("description", "Default response for CORS method");
        response.put("headers", headers);
        let mut method = PartMap::hashed();
        method.set(Word::own("summary"), "CORS support");
        method.put("consumes", json());
        method.put("produces", json());
        method.put(INTEGRATION, integration);
        method.put("responses", PartMap::hashed_of("200", response));
        method
    }
}

//! Changes to an API's description: paths, methods, what they call.

use regex_lite::Regex;

use super::document::{Part, PartMap, Word};
use crate::node::Node;
use crate::serverless::problem::{Expanded, wrong};

pub(in crate::serverless) const INTEGRATION: &str = "x-amazon-apigateway-integration";
pub(in crate::serverless) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// A description of an API without paths.
pub(in crate::serverless) fn skeleton() -> Part {
    let mut info = PartMap::hashed();
    info.put("version", "1.0");
    info.put("title", Part::plain("Ref", "AWS::StackName"));
    let mut document = PartMap::hashed();
    document.put("swagger", "2.0");
    document.put("info", info);
    document.put("paths", PartMap::hashed());
    Part::Map(document)
}

/// Whether this is a version of OpenAPI 3.
pub(in crate::serverless) fn is_openapi_3(version: &Node) -> bool {
    let text = version.scalar_text().unwrap_or_default();
    Regex::new(r"^3(\.\d)(\.\d)?$").is_ok_and(|pattern| pattern.is_match(text))
}

/// Whether this is a description that can be changed.
pub(in crate::serverless) fn is_valid(document: &Part) -> bool {
    let has_paths = document.get("paths").is_some_and(|paths| paths.as_map().is_some());
    let is_swagger = document.get("swagger").is_some_and(Part::is_something);
    let is_openapi = || document.get("openapi").is_some_and(|version| is_openapi_3(&version.node()));
    has_paths && (is_swagger || is_openapi())
}

/// The name under which a method stands.
pub(in crate::serverless) fn method_key(method: &str) -> Word {
    match method.to_lowercase().as_str() {
        "any" => Word::own(ANY_METHOD),
        other => Word::given(other),
    }
}

/// An API's path as the ARN of a call has it: without a slash at its end, with `*` for its variables.
pub(in crate::serverless) fn path_in_arn(path: &str) -> String {
    let path = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
    match Regex::new(r"\{([a-zA-Z0-9._-]+|[a-zA-Z0-9._-]+\+|proxy\+)\}") {
        Ok(variable) => variable.replace_all(path, "*").into_owned(),
        Err(_) => path.to_owned(),
    }
}

/// A description being changed.
pub(in crate::serverless) struct Editor<'a> {
    /// The resource on whose behalf.
    of: &'a str,
    at: &'a Node,
    document: Part,
}

impl<'a> Editor<'a> {
    /// Takes a description up. Taking it up and putting it down copy it, as the transform does.
    pub(in crate::serverless) fn new(of: &'a str, at: &'a Node, document: &Part) -> Expanded<Editor<'a>> {
        if !is_valid(document) {
            return wrong(
                of,
                at,
                "DefinitionBody is no description of an API (swagger or openapi, and paths)",
            );
        }
        let mut editor = Editor { of, at, document: document.copied() };
        for path in editor.paths() {
            editor.path_items(&path.text)?;
        }
        Ok(editor)
    }

    /// Puts the description down.
    pub(in crate::serverless) fn done(self) -> Part {
        self.document.copied()
    }

    pub(in crate::serverless) fn document(&mut self) -> Option<&mut PartMap> {
        self.document.as_map_mut()
    }

    /// The paths in their order.
    pub(in crate::serverless) fn paths(&self) -> Vec<Word> {
        self.document.get("paths").and_then(Part::as_map).map(PartMap::keys).unwrap_or_default()
    }

    fn all_paths(&mut self) -> Option<&mut PartMap> {
        self.document.as_map_mut()?.get_mut("paths")?.as_map_mut()
    }

    /// What stands under a path, in each choice of it.
    pub(in crate::serverless) fn path_items(&mut self, path: &str) -> Expanded<Vec<&mut PartMap>> {
        let (of, at) = (self.of, self.at);
        let items =
            self.all_paths().and_then(|paths| paths.get_mut(path)).map(Part::choices).unwrap_or_default();
        let mut maps = Vec::new();
        for item in items {
            match item.as_map_mut() {
                Some(map) => maps.push(map),
                None => return wrong(of, at, format!("the path {path} of DefinitionBody is no map")),
            }
        }
        Ok(maps)
    }

    /// Adds a path with a method, unless they are there.
    pub(in crate::serverless) fn add_path(&mut self, path: &str, method: &Word) -> Expanded<()> {
        if let Some(paths) = self.all_paths() {
            paths.entry(Word::given(path), PartMap::hashed());
        }
        for item in self.path_items(path)? {
            item.entry(method.clone(), PartMap::hashed());
        }
        Ok(())
    }

    /// Lets a path exist under a condition alone.
    pub(in crate::serverless) fn make_conditional(&mut self, path: &str, condition: Word) {
        if let Some(item) = self.all_paths().and_then(|paths| paths.get_mut(path)) {
            *item = Part::under(condition, item.clone());
        }
    }

    /// Whether a method of a path calls something already.
    pub(in crate::serverless) fn has_integration(&mut self, path: &str, method: &Word) -> Expanded<bool> {
        let items = self.path_items(path)?;
        let mut has = !items.is_empty();
        for item in items {
            let integrates =
                |definition: &mut Part| definition.get(INTEGRATION).is_some_and(Part::is_something);
            has &= item
                .get_mut(&method.text)
                .is_some_and(|definition| definition.choices().into_iter().any(integrates));
        }
        Ok(has)
    }

    /// Lets a method of a path call a function.
    pub(in crate::serverless) fn add_integration(
        &mut self,
        path: &str,
        method: &Word,
        uri: Part,
        condition: Option<&Word>,
        streams: bool,
    ) -> Expanded<()> {
        self.add_path(path, method)?;
        let uri = match condition {
            Some(condition) => Part::under(condition.clone(), uri),
            None => uri,
        };
        for item in self.path_items(path)? {
            let definition = item.entry(method.clone(), PartMap::hashed());
            if let Some(definition) = definition.as_map_mut() {
                let mut integration = PartMap::hashed();
                integration.put("type", "aws_proxy");
                integration.put("httpMethod", "POST");
                integration.put("uri", uri.clone());
                if streams {
                    integration.put("responseTransferMode", "STREAM");
                }
                definition.put(INTEGRATION, integration);
                definition.entry(Word::own("responses"), PartMap::hashed());
            }
            if let Some(condition) = condition {
                *definition = Part::under(condition.clone(), definition.clone());
            }
        }
        Ok(())
    }

    /// The definitions of all methods of a path that call something, each with its method.
    pub(in crate::serverless) fn integrated(&mut self, path: &str) -> Expanded<Vec<(String, &mut PartMap)>> {
        const NO_METHODS: [&str; 3] = ["summary", "description", "parameters"];
        let (of, at) = (self.of, self.at);
        let mut found = Vec::new();
        for item in self.path_items(path)? {
            for (method, definition) in item.values_mut() {
                if NO_METHODS.contains(&method.text.as_str()) {
                    continue;
                }
                for one in definition.choices() {
                    let integrates = one.get(INTEGRATION).is_some_and(Part::is_something);
                    match one.as_map_mut() {
                        None => {
                            return wrong(of, at, format!("the method {} of {path} is no map", method.text));
                        }
                        Some(map) if integrates => found.push((method.text.to_lowercase(), map)),
                        Some(_) => {}
                    }
                }
            }
        }
        Ok(found)
    }

    /// The definitions of a method that call something.
    pub(in crate::serverless) fn methods(
        &mut self,
        path: &str,
        method: &Word,
    ) -> Expanded<Vec<&mut PartMap>> {
        let mut found = Vec::new();
        for item in self.path_items(path)? {
            let definitions = item.get_mut(&method.text).map(Part::choices).unwrap_or_default();
            found.extend(
                definitions
                    .into_iter()
                    .filter(|one| one.get(INTEGRATION).is_some_and(Part::is_something))
                    .filter_map(Part::as_map_mut),
            );
        }
        Ok(found)
    }
}

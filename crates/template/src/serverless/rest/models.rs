//! `Models` of a REST API, `RequestModel` of its methods: what a request must hold.

use super::document::{Part, PartMap, Word};
use super::editor::{Editor, is_openapi_3, is_valid};
use super::key_order::KeyOrder;
use crate::node::Node;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;

const DEFINITIONS: &str = "definitions";
const VALIDATORS: &str = "x-amazon-apigateway-request-validators";
const VALIDATOR: &str = "x-amazon-apigateway-request-validator";

/// Writes an API's models into its description. Says whether there were any.
pub(super) fn add(source: &Source, document: &mut Part) -> Expanded<bool> {
    let Some(models) = source.something("Models") else {
        return Ok(false);
    };
    if !is_valid(document) {
        return source.wrong("Models needs a DefinitionBody that describes an API");
    }
    let mut editor = Editor::new(&source.logical_id, &source.node, document)?;
    let mut definitions = match editor.document().and_then(|document| document.get(DEFINITIONS)).cloned() {
        Some(Part::Map(map)) => map,
        _ => PartMap::hashed(),
    };
    let order = KeyOrder::of(models.pairs().map(|(name, _)| name));
    for name in order.keys() {
        let schema = models.get(name).filter(|schema| schema.get("type").is_some_and(Node::is_something));
        let Some(schema) = schema else {
            return source.wrong(format!("the model {name} is a map with type"));
        };
        definitions.set(Word::given(name.to_lowercase()), Part::given(schema));
    }
    if let Some(document) = editor.document() {
        document.put(DEFINITIONS, definitions);
    }
    *document = editor.done();
    Ok(true)
}

/// `RequestModel` of an event, held against the models of its API.
pub(in crate::serverless) struct RequestModel {
    name: String,
    required: Option<Part>,
    /// Whether the body and the parameters are held against it.
    validated: Option<(bool, bool)>,
}

impl RequestModel {
    /// Reads an event's `RequestModel`; nothing if it names no model.
    pub(in crate::serverless) fn read(
        source: &Source,
        given: &Node,
        models: Option<&Node>,
    ) -> Expanded<Option<RequestModel>> {
        let Some(model) = given.get("Model").filter(|model| model.is_something()) else {
            return Ok(None);
        };
        let Some(name) = model.as_str() else {
            return source.wrong("RequestModel.Model is a text");
        };
        if !models.and_then(|models| models.get(name)).is_some_and(Node::is_something) {
            return source
                .wrong(format!("RequestModel.Model is {name}, which is none of the Models of the API"));
        }
        let says = |key: &str| given.get(key).map(|one| one.as_bool());
        let validated = match (says("ValidateBody"), says("ValidateParameters")) {
            (None, None) => None,
            (Some(None), _) | (_, Some(None)) => {
                return source.wrong("ValidateBody and ValidateParameters of RequestModel are true or false");
            }
            (body, parameters) => Some((body.flatten() == Some(true), parameters.flatten() == Some(true))),
        };
        let required = given.get("Required").map(Part::given);
        Ok(Some(RequestModel { name: name.to_lowercase(), required, validated }))
    }

    /// Writes it into the definitions of a method.
    pub(in crate::serverless) fn add(
        &self,
        editor: &mut Editor<'_>,
        path: &str,
        method: &Word,
    ) -> Expanded<()> {
        let document = editor.document();
        let is_swagger = document.as_ref().is_some_and(|document| document.get("swagger").is_some());
        let version = document.and_then(|document| document.get("openapi").map(Part::node));
        let is_openapi = version.is_some_and(|version| version.is_something() && is_openapi_3(&version));
        for definition in editor.methods(path, method)? {
            if is_swagger {
                self.add_parameter(definition);
            } else if is_openapi {
                self.add_body(definition);
            }
        }
        match self.validated {
            Some((body, parameters)) => validate(editor, path, method, body, parameters),
            None => Ok(()),
        }
    }

    fn add_parameter(&self, definition: &mut PartMap) {
        let mut parameter = PartMap::hashed();
        parameter.put("in", "body");
        parameter.put("name", Word::given(self.name.as_str()));
        parameter.put("schema", Part::plain("$ref", format!("#/definitions/{}", self.name).as_str()));
        if let Some(required) = &self.required {
            parameter.put("required", required.clone());
        }
        let mut all = match definition.get("parameters") {
            Some(Part::List(elements)) => elements.clone(),
            _ => Vec::new(),
        };
        all.push(Part::Map(parameter));
        definition.put("parameters", Part::List(all));
    }

    fn add_body(&self, definition: &mut PartMap) {
        let schema = Part::plain("$ref", format!("#/components/schemas/{}", self.name).as_str());
        let content = Part::plain("application/json", Part::plain("schema", schema));
        let mut body = PartMap::default();
        body.put("content", content);
        if let Some(required) = &self.required {
            body.put("required", required.clone());
        }
        definition.put("requestBody", body);
    }
}

fn validate(
    editor: &mut Editor<'_>,
    path: &str,
    method: &Word,
    body: bool,
    parameters: bool,
) -> Expanded<()> {
    let name = match (body, parameters) {
        (true, true) => "body-and-params",
        (true, false) => "body-only",
        (false, true) => "params-only",
        (false, false) => "no-validation",
    };
    let mut validator = PartMap::hashed();
    validator.put("validateRequestBody", Part::Bool(body));
    validator.put("validateRequestParameters", Part::Bool(parameters));
    if let Some(document) = editor.document() {
        if !document.get(VALIDATORS).is_some_and(Part::is_something) {
            document.put(VALIDATORS, PartMap::hashed());
        }
        if let Some(all) = document.get_mut(VALIDATORS).and_then(Part::as_map_mut) {
            all.add_beside(name, validator);
        }
    }
    for definition in editor.methods(path, method)? {
        definition.update(VALIDATOR, name);
    }
    Ok(())
}

//! `GatewayResponses` of a REST API: what it answers itself where no function does.

use super::document::{Part, PartMap, Word};
use super::editor::{Editor, is_valid};
use super::key_order::KeyOrder;
use crate::node::Node;
use crate::serverless::number;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;

const RESPONSES: &str = "x-amazon-apigateway-gateway-responses";

/// Writes an API's answers into its description.
pub(super) fn add(source: &Source, document: &mut Part) -> Expanded<()> {
    let Some(given) = source.something("GatewayResponses") else {
        return Ok(());
    };
    for (kind, response) in given.pairs() {
        if response.is_function() || response.as_mapping().is_none() {
            return source.wrong(format!("the gateway response {kind} is a map"));
        }
        const KNOWN: [&str; 3] = ["ResponseParameters", "ResponseTemplates", "StatusCode"];
        if let Some((key, _)) = response.pairs().find(|(key, _)| !KNOWN.contains(key)) {
            return source.wrong(format!("the gateway response {kind} has no {key}"));
        }
    }
    if !is_valid(document) {
        return source.wrong("GatewayResponses needs a DefinitionBody that describes an API");
    }
    let mut editor = Editor::new(&source.logical_id, &source.node, document)?;
    let mut responses = match editor.document().and_then(|document| document.get(RESPONSES)).cloned() {
        Some(Part::Map(map)) if !map.keys().is_empty() => map,
        _ => PartMap::hashed(),
    };
    // The transform goes over them once to read and once to write.
    let read = KeyOrder::of(given.pairs().map(|(kind, _)| kind));
    for kind in read.copied().keys() {
        if let Some(response) = given.get(kind) {
            responses.set(Word::given(kind), described(source, kind, response)?);
        }
    }
    if let Some(document) = editor.document() {
        document.put(RESPONSES, responses);
    }
    *document = editor.done();
    Ok(())
}

fn described(source: &Source, kind: &str, response: &Node) -> Expanded<PartMap> {
    let mut made = PartMap::hashed();
    made.put("responseParameters", parameters(source, kind, response.get("ResponseParameters"))?);
    let templates = response.get("ResponseTemplates").filter(|one| one.is_something());
    made.put("responseTemplates", templates.map_or_else(|| Part::Map(PartMap::hashed()), Part::given));
    let status = response.get("StatusCode");
    if let Some(nothing) = status.filter(|status| !status.is_something() && status.as_str().is_none()) {
        return source
            .unknown(format!("{} as the StatusCode of the gateway response {kind}", nothing.kind_name()));
    }
    if let Some(status) = status.filter(|status| status.is_something()) {
        let text = status.scalar_text().map(number::plain).unwrap_or_default();
        if status.as_bool().is_some()
            || !(1..=3).contains(&text.len())
            || !text.chars().all(|one| one.is_ascii_digit())
        {
            return source
                .wrong(format!("StatusCode of the gateway response {kind} is a number of three digits"));
        }
        made.put("statusCode", text.as_str());
    }
    Ok(made)
}

fn parameters(source: &Source, kind: &str, given: Option<&Node>) -> Expanded<PartMap> {
    const PLACES: [(&str, &str); 3] =
        [("Headers", "header."), ("Paths", "path."), ("QueryStrings", "querystring.")];
    let mut made = PartMap::hashed();
    let Some(given) = given.filter(|given| given.is_something()) else {
        return Ok(made);
    };
    let is_known = |name: &str| PLACES.iter().any(|(place, _)| *place == name);
    if given.as_mapping().is_none() || given.pairs().any(|(name, _)| !is_known(name)) {
        return source
            .wrong(format!("ResponseParameters of {kind} is a map of Headers, Paths and QueryStrings"));
    }
    for (place, prefix) in PLACES {
        let Some(values) = given.get(place) else {
            continue;
        };
        if values.as_mapping().is_none() {
            return source.wrong(format!("ResponseParameters.{place} of {kind} is a map"));
        }
        for name in KeyOrder::of(values.pairs().map(|(name, _)| name)).keys() {
            if let Some(value) = values.get(name) {
                made.set(Word::given(format!("gatewayresponse.{prefix}{name}")), Part::given(value));
            }
        }
    }
    Ok(made)
}

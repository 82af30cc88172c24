//! `AWS::Serverless::LayerVersion`: a version of a layer, which is another resource whenever anything about it changes.

use super::Expansion;
use super::generated::Generated;
use super::logical_id;
use super::problem::Expanded;
use super::s3_address::S3Address;
use super::source::{Declared, Form, Source};
use super::tree::{Map, map};
use crate::node::Node;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::LayerVersion";

const PROPERTIES: &[Declared] = &[
    ("LayerName", Form::TextOrMap, false),
    ("Description", Form::Text, false),
    ("PublishLambdaVersion", Form::Bool, false),
    ("ContentUri", Form::TextOrMap, true),
    ("CompatibleArchitectures", Form::ListOfTextsOrMaps, false),
    ("CompatibleRuntimes", Form::ListOfTextsOrMaps, false),
    ("LicenseInfo", Form::Text, false),
    ("RetentionPolicy", Form::Text, false),
];

/// Writes out a version of a layer.
pub(super) fn expand(expansion: &mut Expansion<'_>, old_id: &str, node: &Node) -> Expanded<Vec<Generated>> {
    let mut source = Source::read(old_id, TYPE, node, &[PROPERTIES])?;
    for name in ["LayerName", "LicenseInfo", "Description", "RetentionPolicy"] {
        if let Some(value) = source.get_mut(name).filter(|value| value.is_something()) {
            let resolved = expansion.values.resolved(old_id, value)?;
            if resolved.as_str().is_none() && resolved.as_mapping().is_none() {
                return source.wrong(format!("{name} is a text or a Ref of a parameter"));
            }
            *value = resolved;
        }
    }
    let retention = match source.get("RetentionPolicy") {
        None => None,
        Some(policy) => match policy.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("retain") => Some("Retain"),
            Some("delete") => Some("Delete"),
            _ => return source.wrong("RetentionPolicy is Retain or Delete"),
        },
    };
    let architectures = source.something("CompatibleArchitectures").filter(|one| !one.is_function());
    let is_known = |one: &Node| one.is_function() || matches!(one.as_str(), Some("arm64" | "x86_64"));
    if !architectures.and_then(Node::as_sequence).unwrap_or_default().iter().all(is_known) {
        return source.wrong("CompatibleArchitectures are arm64 and x86_64");
    }
    let mut attributes = source.handed_on();
    match retention {
        Some(policy) => {
            attributes.insert("DeletionPolicy".to_owned(), Node::from(policy));
        }
        None => {
            attributes.entry("DeletionPolicy".to_owned()).or_insert_with(|| Node::from("Retain"));
        }
    }
    let new_id = format!("{old_id}{}", logical_id::digits_of(&hashed(&source)));
    let mut layer = Generated::new(new_id, "AWS::Lambda::LayerVersion", &attributes);
    layer.depends_on = source.depends_on.clone();
    match source.something("LayerName") {
        Some(name) => layer.set("LayerName", name),
        None => layer.set("LayerName", old_id),
    }
    let content =
        source.get("ContentUri").map(|uri| S3Address::read(old_id, "ContentUri", uri)).transpose()?;
    layer.set("Content", content.map(S3Address::for_lambda).unwrap_or_default());
    for name in ["Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"] {
        layer.set_some(name, source.get(name));
    }
    if layer.logical_id != old_id {
        expansion.names.changed.insert(old_id.to_owned(), layer.logical_id.clone());
    }
    Ok(vec![layer])
}

/// What a version of a layer is told by: the whole resource, but for what becomes of it later.
fn hashed(source: &Source) -> Node {
    let mut entries = Map::from([("Type".to_owned(), Node::from(TYPE))]);
    entries.extend(
        source.depends_on.clone().filter(Node::is_something).map(|one| ("DependsOn".to_owned(), one)),
    );
    let counts = |name: &str| !["DeletionPolicy", "UpdateReplacePolicy", "Metadata"].contains(&name);
    entries.extend(source.attributes.clone().into_iter().filter(|(name, _)| counts(name)));
    entries.insert("Properties".to_owned(), Node::from(source.properties().clone()));
    map! {source.logical_id.as_str() => Node::from(entries)}
}

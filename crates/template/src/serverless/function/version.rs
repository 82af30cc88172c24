//! `AutoPublishAlias`: a version that is a new one whenever the code is, and the alias that points to it.

use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::logical_id;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;
use crate::serverless::tree::{Map, map};

/// Version and alias of a function.
pub(super) struct Published {
    pub(super) version: Generated,
    pub(super) alias: Generated,
}

/// Publishes a version of the function, if `AutoPublishAlias` asks for it. Changes the function where the transform does: the
/// description tells of a code hash that was given, and parameters in the code are replaced.
pub(super) fn publish(
    expansion: &Expansion<'_>,
    source: &Source,
    function: &mut Generated,
) -> Expanded<Option<Published>> {
    if source.something("ProvisionedConcurrencyConfig").is_some()
        && source.something("AutoPublishAlias").is_none()
    {
        return source.wrong("ProvisionedConcurrencyConfig needs AutoPublishAlias");
    }
    let Some(alias_name) = source.something("AutoPublishAlias") else {
        return match source.get("VersionDeletionPolicy") {
            Some(_) => source.wrong("VersionDeletionPolicy needs AutoPublishAlias"),
            None => Ok(None),
        };
    };
    let values = &expansion.values;
    let logical_id = source.logical_id.as_str();
    let alias_name = values.resolved(logical_id, alias_name)?;
    let Some(alias_name) = alias_name.as_str() else {
        return source.wrong("AutoPublishAlias is a text or a Ref of a parameter");
    };
    let mut code_hash = None;
    if let Some(given) = source.something("AutoPublishCodeSha256") {
        let given = values.resolved(logical_id, given)?;
        let Some(hash) = given.as_str() else {
            return source.wrong("AutoPublishCodeSha256 is a text or a Ref of a parameter");
        };
        let description = match source.get("Description") {
            None => Node::from(hash),
            Some(description) => {
                let description = values.resolved(logical_id, description)?;
                match description.as_str() {
                    _ if !description.is_something() => Node::from(hash),
                    Some(text) => Node::from(format!("{text} {hash}")),
                    None => {
                        map! {"Fn::Join" => vec![Node::from(" "), Node::from(vec![description, Node::from(hash)])]}
                    }
                }
            }
        };
        function.set("Description", description);
        code_hash = Some(hash.to_owned());
    }
    if let Some(code) = function.properties.get_mut("Code") {
        values.resolve(logical_id, code)?;
    }
    let digits = match code_hash.filter(|hash| !hash.is_empty()) {
        Some(hash) => hash.chars().take(10).collect(),
        None => logical_id::digits_of(&Node::from(hashed(expansion, source, function))),
    };
    let mut attributes = source.handed_on();
    if !attributes.contains_key("DeletionPolicy") {
        let policy = source.get("VersionDeletionPolicy").cloned().unwrap_or_else(|| Node::from("Retain"));
        attributes.insert("DeletionPolicy".to_owned(), policy);
    }
    let mut version =
        Generated::new(format!("{logical_id}Version{digits}"), "AWS::Lambda::Version", &attributes);
    version.set("FunctionName", function.reference());
    version.set_some("Description", source.get("VersionDescription"));
    let is_name = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
    if !alias_name.chars().all(is_name) || alias_name.chars().all(|one| one.is_ascii_digit()) {
        return source.wrong(format!(
            "AutoPublishAlias is {alias_name:?}; an alias has letters, digits, hyphens and underscores, and not digits alone"
        ));
    }
    let alias_id = format!("{logical_id}Alias{}", alias_name.replace('-', "D").replace('_', "U"));
    let mut alias = Generated::new(alias_id, "AWS::Lambda::Alias", &source.handed_on());
    alias.set("Name", alias_name);
    alias.set("FunctionName", function.reference());
    alias.set("FunctionVersion", version.attribute("Version"));
    alias.set_some("ProvisionedConcurrencyConfig", source.something("ProvisionedConcurrencyConfig"));
    Ok(Some(Published { version, alias }))
}

/// What a new version is made for: the code with what it runs in, or every property.
fn hashed(expansion: &Expansion<'_>, source: &Source, function: &Generated) -> Map {
    let mut hashed = Map::new();
    if source.something("AutoPublishAliasAllProperties").is_some() {
        hashed.extend(function.properties.clone());
        for layer in function.properties.get("Layers").and_then(Node::as_sequence).unwrap_or_default() {
            let Some((logical_id, properties)) =
                named_resource(layer).and_then(|id| Some((id, expansion.resource(id)?.get("Properties")?)))
            else {
                continue;
            };
            if properties.get("PublishLambdaVersion").is_some_and(Node::is_something) {
                hashed.insert(logical_id.to_owned(), properties.clone());
            }
        }
        return hashed;
    }
    let property = |name: &str| function.properties.get(name).filter(|value| value.is_something());
    let pairs =
        |node: &Node| -> Map { node.pairs().map(|(key, value)| (key.to_owned(), value.clone())).collect() };
    hashed.extend(property("Code").map(pairs).unwrap_or_default());
    hashed.extend(property("Environment").map(pairs).unwrap_or_default());
    if let Some(size) = property("MemorySize") {
        hashed.insert("MemorySize".to_owned(), size.clone());
    }
    if let Some(snap_start) = property("SnapStart")
        && snap_start.get("ApplyOn").is_some_and(|on| on.as_str() != Some("None"))
    {
        hashed.insert("SnapStart".to_owned(), snap_start.clone());
    }
    hashed
}

/// The resource that a function refers to.
fn named_resource(node: &Node) -> Option<&str> {
    if let Some(name) = node.reference_name() {
        return Some(name);
    }
    let (_, entry) = node.only_entry().filter(|(key, _)| *key == "Fn::GetAtt")?;
    match entry.value.as_sequence() {
        Some([logical_id, _]) => logical_id.as_str(),
        Some(_) => None,
        None => {
            entry.value.as_str()?.split_once('.').filter(|(_, rest)| !rest.contains('.')).map(|(id, _)| id)
        }
    }
}

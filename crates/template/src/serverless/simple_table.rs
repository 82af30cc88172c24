//! `AWS::Serverless::SimpleTable`: a table of DynamoDB with one key.

use super::generated::{Generated, tag_list};
use super::problem::Expanded;
use super::source::{Declared, Form, Source};
use super::tree::{list, map};
use crate::node::Node;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::SimpleTable";

const PROPERTIES: &[Declared] = &[
    ("PointInTimeRecoverySpecification", Form::Any, false),
    ("PrimaryKey", Form::MapOfTexts, false),
    ("ProvisionedThroughput", Form::MapOfNumbers, false),
    ("TableName", Form::TextOrMap, false),
    ("Tags", Form::Map, false),
    ("SSESpecification", Form::Map, false),
];

/// Writes out a table.
pub(super) fn expand(logical_id: &str, node: &Node) -> Expanded<Vec<Generated>> {
    let source = Source::read(logical_id, TYPE, node, &[PROPERTIES])?;
    let (name, kind) = match source.something("PrimaryKey") {
        None => (Node::from("id"), "S"),
        Some(key) => {
            let kind = match key.get("Type").and_then(Node::as_str) {
                Some("String") => "S",
                Some("Number") => "N",
                Some("Binary") => "B",
                _ => return source.wrong("PrimaryKey needs Type: String, Number or Binary"),
            };
            match key.get("Name") {
                Some(name) => (name.clone(), kind),
                None => return source.wrong("PrimaryKey needs Name"),
            }
        }
    };
    let mut table = Generated::new(logical_id, "AWS::DynamoDB::Table", &source.attributes);
    table.depends_on = source.depends_on.clone();
    table.set("AttributeDefinitions", list![map! {"AttributeName" => &name, "AttributeType" => kind}]);
    table.set("KeySchema", list![map! {"AttributeName" => &name, "KeyType" => "HASH"}]);
    match source.something("ProvisionedThroughput") {
        Some(throughput) => table.set("ProvisionedThroughput", throughput),
        None => table.set("BillingMode", "PAY_PER_REQUEST"),
    }
    for name in ["PointInTimeRecoverySpecification", "SSESpecification", "TableName"] {
        table.set_some(name, source.something(name));
    }
    if let Some(tags) = source.something("Tags") {
        table.set("Tags", tag_list(tags.pairs()));
    }
    Ok(vec![table])
}

//! Short forms of functions (`!Sub`) and the long forms they stand for (`Fn::Sub`).
//!
//! Only YAML has short forms. They are written out while reading, so nothing else knows them.

use indexmap::IndexMap;

use crate::node::{Entry, Node, NodeKind, Position};

/// The long form of a short form, or nothing if CloudFormation has no such tag.
pub(crate) fn long_form(tag_suffix: &str) -> Option<&'static str> {
    Some(match tag_suffix {
        "Ref" => "Ref",
        "Condition" => "Condition",
        "And" => "Fn::And",
        "Base64" => "Fn::Base64",
        "Cidr" => "Fn::Cidr",
        "Contains" => "Fn::Contains",
        "EachMemberEquals" => "Fn::EachMemberEquals",
        "EachMemberIn" => "Fn::EachMemberIn",
        "Equals" => "Fn::Equals",
        "FindInMap" => "Fn::FindInMap",
        "GetAtt" => "Fn::GetAtt",
        "GetAZs" => "Fn::GetAZs",
        "If" => "Fn::If",
        "ImportValue" => "Fn::ImportValue",
        "Join" => "Fn::Join",
        "Length" => "Fn::Length",
        "Not" => "Fn::Not",
        "Or" => "Fn::Or",
        "RefAll" => "Fn::RefAll",
        "Select" => "Fn::Select",
        "Split" => "Fn::Split",
        "Sub" => "Fn::Sub",
        "ToJsonString" => "Fn::ToJsonString",
        "Transform" => "Fn::Transform",
        "ValueOf" => "Fn::ValueOf",
        "ValueOfAll" => "Fn::ValueOfAll",
        _ => return None,
    })
}

/// Writes a short form out: `!Ref X` becomes `{"Ref": "X"}`, `!GetAtt A.B.C` `{"Fn::GetAtt": ["A", "B.C"]}`.
pub(crate) fn write_out(long_form: &str, argument: Node, tag_at: Position) -> Node {
    let argument = if long_form == "Fn::GetAtt" { split_get_att(argument) } else { argument };
    let mut entries = IndexMap::with_capacity(1);
    entries.insert(long_form.to_owned(), Entry::new(tag_at, argument));
    Node::new(NodeKind::Mapping(entries), tag_at)
}

/// `A.B.C` as the two arguments `A` and `B.C`: a logical id has no dots, an attribute may.
fn split_get_att(argument: Node) -> Node {
    let Some((logical_id, attribute)) = argument.as_str().and_then(|text| text.split_once('.')) else {
        return argument;
    };
    let at = argument.at;
    Node::new(NodeKind::Sequence(vec![Node::string(logical_id, at), Node::string(attribute, at)]), at)
}

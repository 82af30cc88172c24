//! What CloudFormation finds wrong only once an operation has begun: attributes that a type doesn't have.

use changeset::rules::attributes;
use template::{Evaluation, Node, NodeKind};

/// The first reference of an output to an attribute that its resource's type doesn't have, in AWS's words
/// (recorded: `[Error] /Outputs/InvalidOutput/Value/Fn::GetAtt: Resource type … does not support attribute`).
pub fn unsupported_attribute(evaluation: &Evaluation<'_>) -> Option<String> {
    let template = evaluation.template();
    template
        .outputs
        .values()
        .filter(|output| {
            output.condition.as_deref().is_none_or(|name| evaluation.condition(name).unwrap_or(false))
        })
        .find_map(|output| {
            let path = format!("/Outputs/{}/Value", output.name);
            find(evaluation, &output.value, &path, 0)
        })
}

/// Deeper than templates may nest; the parser has its own limit.
const DEPTH: usize = 64;

fn find(evaluation: &Evaluation<'_>, node: &Node, path: &str, depth: usize) -> Option<String> {
    if depth > DEPTH {
        return None;
    }
    match &node.kind {
        NodeKind::Sequence(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find(evaluation, item, &format!("{path}/{index}"), depth + 1)),
        NodeKind::Mapping(entries) => entries.iter().find_map(|(key, entry)| match key.as_str() {
            "Fn::GetAtt" => unsupported(evaluation, &entry.value, path),
            // Only the taken branch counts, and which one that is the evaluation knows, not we.
            "Fn::If" => None,
            _ => find(evaluation, &entry.value, &format!("{path}/{key}"), depth + 1),
        }),
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => None,
    }
}

fn unsupported(evaluation: &Evaluation<'_>, argument: &Node, path: &str) -> Option<String> {
    let [logical_id, attribute] = argument.as_sequence()? else { return None };
    let (logical_id, attribute) = (logical_id.as_str()?, attribute.as_str()?);
    let type_name = &evaluation.template().resources.get(logical_id)?.type_name;
    (!attributes::is_supported(type_name, attribute)).then(|| {
        format!(
            "[Error] {path}/Fn::GetAtt: Resource type {type_name} does not support attribute {{{attribute}}}."
        )
    })
}

//! Outputs of a stack, and the exports among them that other stacks may import.

use serde_json::{Value as Json, json};
use template::{Evaluation, Node, NodeKind, ResourceValues, Value};

use super::Export;
use super::paging;
use super::stack::{Stack, StackOutput};
use super::submission::Silent;
use super::words::evaluate_words;
use crate::{AwsError, Input, World};

/// The outputs whose condition holds; the error is the reason with which the stack fails.
pub fn evaluate(
    evaluation: &Evaluation<'_>,
    values: &dyn ResourceValues,
) -> Result<Vec<StackOutput>, String> {
    let outputs = evaluation.outputs(values).map_err(|error| evaluate_words(&error))?;
    outputs
        .into_iter()
        .map(|output| {
            let value = text(&output.value).ok_or_else(|| {
                format!("Template format error: The Value field of every Outputs member must evaluate to a String. ({})", output.name)
            })?;
            let export_name = match &output.export_name {
                Some(name) => Some(text(name).ok_or_else(|| {
                    format!("Template format error: Output {}'s Export Name must evaluate to a String.", output.name)
                })?),
                None => None,
            };
            Ok(StackOutput { key: output.name, value, description: output.description, export_name })
        })
        .collect()
}

/// ListExports.
pub fn list_exports(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let exports = world.cloudformation.exports.iter();
    let all: Vec<Json> = exports
        .map(|(name, export)| json!({"ExportingStackId": export.stack_id, "Name": name, "Value": export.value}))
        .collect();
    let (page, next) = paging::page(&all, input.string("NextToken"), 100)?;
    Ok(paging::answer("Exports", page.to_vec(), next))
}

/// ListImports: the stacks that import an export.
pub fn list_imports(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let name = input.required_string("ExportName")?;
    let importers: Vec<Json> = world
        .cloudformation
        .newest_first()
        .into_iter()
        .filter(|stack| stack.is_alive() && imports_export(stack, name))
        .map(|stack| json!(stack.name))
        .collect();
    if importers.is_empty() {
        return Err(AwsError::validation(format!("Export '{name}' is not imported by any stack.")));
    }
    let (page, next) = paging::page(&importers, input.string("NextToken"), 100)?;
    Ok(paging::answer("Imports", page.to_vec(), next))
}

fn imports_export(stack: &Stack, name: &str) -> bool {
    stack.definition.as_ref().is_some_and(|definition| definition.imports.iter().any(|import| import == name))
}

/// The names that a template imports, in the resources and outputs that are there and the branches that are taken.
pub fn imports(evaluation: &Evaluation<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for node in evaluation.active_resources().flat_map(|resource| resource.evaluated_nodes()) {
        find_imports(evaluation, node, 0, &mut names);
    }
    for output in evaluation.active_outputs() {
        find_imports(evaluation, &output.value, 0, &mut names);
    }
    names.sort();
    names.dedup();
    names
}

fn find_imports(evaluation: &Evaluation<'_>, node: &Node, depth: usize, into: &mut Vec<String>) {
    // Deeper than templates may nest; the parser has its own limit.
    const DEPTH: usize = 64;
    match &node.kind {
        _ if depth > DEPTH => {}
        NodeKind::Sequence(items) => {
            items.iter().for_each(|item| find_imports(evaluation, item, depth + 1, into))
        }
        NodeKind::Mapping(entries) => {
            for (key, entry) in entries {
                if key == "Fn::If"
                    && let Some([condition, then, otherwise]) = entry.value.as_sequence()
                {
                    let holds =
                        condition.as_str().and_then(|name| evaluation.condition(name)).unwrap_or(false);
                    find_imports(evaluation, if holds { then } else { otherwise }, depth + 1, into);
                    continue;
                }
                if key == "Fn::ImportValue"
                    && let Ok(Value::String(name)) = evaluation.evaluate(&entry.value, &Silent)
                {
                    into.push(name);
                }
                find_imports(evaluation, &entry.value, depth + 1, into);
            }
        }
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => {}
    }
}

/// Why a stack can't be deleted: the first of its exports that another stack imports, in AWS's words.
pub fn in_use(world: &World, stack: &Stack) -> Option<String> {
    let (name, importer) = imported(world, stack, |_, _| true)?;
    Some(format!("Delete canceled. Cannot delete export {name} as it is in use by {importer}."))
}

/// The first export of a stack, among those that `leaves` names, that another stack imports, and that stack.
fn imported(world: &World, stack: &Stack, leaves: impl Fn(&str, &str) -> bool) -> Option<(String, String)> {
    let exports = world.cloudformation.exports.iter().filter(|(_, export)| export.stack_id == stack.id);
    exports.filter(|(name, export)| leaves(name, &export.value)).find_map(|(name, _)| {
        let importer = world
            .cloudformation
            .stacks
            .values()
            .find(|other| other.is_alive() && other.id != stack.id && imports_export(other, name))?;
        Some((name.clone(), importer.name.clone()))
    })
}

/// Publish what the stack exports now, and withdraw what it exported before. Refuses a name of another stack, and
/// to withdraw or change what another stack imports.
pub fn export(world: &mut World, stack: &Stack, outputs: &[StackOutput]) -> Result<(), String> {
    let kept = |name: &str, value: &str| {
        outputs.iter().any(|output| output.export_name.as_deref() == Some(name) && output.value == value)
    };
    if let Some((name, importer)) = imported(world, stack, |name, value| !kept(name, value)) {
        // The words are those that people quote (aws-cdk issue 17741, linz/geostore issue 630).
        let goes = !outputs.iter().any(|output| output.export_name.as_ref() == Some(&name));
        let what = if goes { "deleted" } else { "updated" };
        return Err(format!("Export {name} cannot be {what} as it is in use by {importer}"));
    }
    let exports = &mut world.cloudformation.exports;
    let names =
        || outputs.iter().filter_map(|output| Some((output.export_name.clone()?, output.value.clone())));
    for (name, _) in names() {
        if let Some(taken) = exports.get(&name).filter(|taken| taken.stack_id != stack.id) {
            let owner = taken.stack_id.split('/').nth(1).unwrap_or_default();
            return Err(format!("Export with name {name} is already exported by stack {owner}"));
        }
    }
    exports.retain(|_, export| export.stack_id != stack.id);
    for (name, value) in names() {
        exports.insert(name, Export { stack_id: stack.id.clone(), value });
    }
    Ok(())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        // A list in an output is joined by commas, as AWS shows list attributes.
        Value::List(items) => {
            items.iter().map(text).collect::<Option<Vec<String>>>().map(|items| items.join(","))
        }
        Value::Null | Value::Map(_) | Value::Unknown(_) => None,
    }
}

//! Questions about templates: the one a stack has, or one that is sent along.

use serde_json::{Value as Json, json};
use template::{Parameter, Template, node_to_json};

use super::mask::MASK;
use super::{capabilities, change_set, describe, locate, submission};
use crate::cloudformation::status::Status;
use crate::{AwsError, Input, World};

/// GetTemplate.
pub fn get_template(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let definition = match (input.string("ChangeSetName"), input.string("StackName")) {
        (Some(_), None) if !input.string("ChangeSetName").unwrap_or_default().starts_with("arn:") => {
            return Err(AwsError::validation("StackName is a required parameter."));
        }
        (Some(_), _) => change_set::find(world, input)?.1.definition.clone().ok(),
        (None, Some(name)) => locate::stack_with_id(world, name)?.definition.clone(),
        (None, None) => return Err(AwsError::validation("StackName is a required parameter.")),
    };
    let Some(definition) = definition else {
        // A stack that only a change set has made has an empty template yet.
        return Ok(json!({"TemplateBody": "", "StagesAvailable": ["Original", "Processed"]}));
    };
    let processed = input.string("TemplateStage") == Some("Processed")
        && definition.template.declared_transforms().next().is_some();
    let body = if processed { node_to_json(&definition.template.root) } else { definition.body.to_string() };
    Ok(json!({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}))
}

/// GetTemplateSummary.
pub fn summary(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let template = match input.string("StackName") {
        Some(name) => {
            let stack = locate::stack_with_id(world, name)?;
            if stack.status == Status::ReviewInProgress {
                return Err(AwsError::validation(
                    "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.",
                ));
            }
            let definition = stack.definition.clone();
            definition
                .ok_or_else(|| AwsError::validation(format!("Stack with id {name} does not exist")))?
                .template
                .clone()
        }
        None => submission::template(world, input, None)?.0,
    };
    let mut types: Vec<&str> = Vec::new();
    for resource in template.resources.values() {
        if !types.contains(&resource.type_name.as_str()) {
            types.push(&resource.type_name);
        }
    }
    let mut made = json!({
        "Parameters": template.parameters.values().map(parameter).collect::<Vec<Json>>(),
        "ResourceTypes": types,
        "ResourceIdentifierSummaries": types.iter().map(|name| identifier_summary(&template, name)).collect::<Vec<Json>>(),
    });
    common(&mut made, &template);
    if let Some(version) = template.root.get("AWSTemplateFormatVersion").and_then(|node| node.scalar_text()) {
        describe::put(&mut made, "Version", json!(version));
    }
    if let Some(metadata) = &template.metadata {
        describe::put(&mut made, "Metadata", json!(node_to_json(metadata)));
    }
    Ok(made)
}

/// ValidateTemplate.
pub fn validate(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let (template, _) = submission::template(world, input, None)?;
    let parameters: Vec<Json> = template
        .parameters
        .values()
        .map(|parameter| {
            let mut made = json!({"ParameterKey": parameter.name, "NoEcho": parameter.no_echo});
            default_and_description(&mut made, parameter);
            made
        })
        .collect();
    let mut made = json!({"Parameters": parameters});
    common(&mut made, &template);
    Ok(made)
}

fn common(made: &mut Json, template: &Template) {
    if let Some(description) = &template.description {
        describe::put(made, "Description", json!(description));
    }
    if let Some((capability, types)) = capabilities::required(template) {
        describe::put(made, "Capabilities", json!([capability]));
        let reason = format!("The following resource(s) require capabilities: [{}]", types.join(", "));
        describe::put(made, "CapabilitiesReason", json!(reason));
    }
    let declared: Vec<&str> = template.declared_transforms().collect();
    if !declared.is_empty() {
        describe::put(made, "DeclaredTransforms", json!(declared));
    }
}

fn parameter(parameter: &Parameter) -> Json {
    let constraints = match parameter.allowed_values.is_empty() {
        true => json!({}),
        false => json!({"AllowedValues": parameter.allowed_values}),
    };
    let mut made = json!({
        "ParameterKey": parameter.name,
        "ParameterType": parameter.type_name.to_string(),
        "NoEcho": parameter.no_echo,
        "ParameterConstraints": constraints,
    });
    default_and_description(&mut made, parameter);
    made
}

fn default_and_description(made: &mut Json, parameter: &Parameter) {
    if let Some(default) = &parameter.default {
        describe::put(made, "DefaultValue", json!(if parameter.no_echo { MASK } else { default }));
    }
    if let Some(description) = &parameter.description {
        describe::put(made, "Description", json!(description));
    }
}

fn identifier_summary(template: &Template, type_name: &str) -> Json {
    let logical_ids: Vec<&str> = template
        .resources
        .values()
        .filter(|resource| resource.type_name == type_name)
        .map(|resource| resource.logical_id.as_str())
        .collect();
    let identifiers =
        changeset::facts::resource_type(type_name).map(|facts| facts.primary_identifier.clone());
    json!({
        "ResourceType": type_name,
        "LogicalResourceIds": logical_ids,
        "ResourceIdentifiers": identifiers.unwrap_or_default(),
    })
}

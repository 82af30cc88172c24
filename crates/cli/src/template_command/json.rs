//! A release as JSON, for other programs. The keys are a promise.

use serde_json::{Value as Json, json};
use upgrade::Part;

use super::release::{Labelled, Policy, Release};

/// The document.
pub(crate) fn document(release: &Release<'_>) -> Json {
    let template = release.template;
    json!({
        "name": template.name,
        "version": release.version.as_ref().map(|version| json!({
            "version": version.version,
            "commit": version.commit,
            "metadata_key": version.metadata_key,
        })),
        "description": template.description,
        "transforms": template.transforms,
        "parameter_groups": release.groups.iter().map(|group| json!({
            "label": group.label,
            "parameters": group.parameters.iter().map(parameter).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "rules": template.rules.values().map(|rule| json!({
            "name": rule.name,
            "assertions": rule.assertions.iter().map(|one| &one.description).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "conditions": template.conditions.len(),
        "resources": release.services.iter().flat_map(|(service, types)| types.iter().map(move |(kind, count)| json!({
            "service": service,
            "type": kind,
            "unconditional": count.always,
            "conditional": count.conditional,
        }))).collect::<Vec<_>>(),
        "capabilities": release.capabilities.iter().map(|needed| json!({
            "capability": needed.capability.word(),
            "because_of": needed.because_of,
        })).collect::<Vec<_>>(),
        "custom_named": release.custom_named.iter().map(|one| json!({
            "logical_id": one.resource.logical_id,
            "type": one.resource.type_name,
            "properties": one.properties,
        })).collect::<Vec<_>>(),
        "stateful": release.stateful.iter().map(|one| json!({
            "logical_id": one.resource.logical_id,
            "type": one.resource.type_name,
            "deletion_policy": policy(&one.deletion_policy),
            "update_replace_policy": policy(&one.update_replace_policy),
        })).collect::<Vec<_>>(),
        "limits": release.limits.iter().map(|used| json!({
            "limit": format!("{:?}", used.limit),
            "used": used.used,
            "maximum": used.limit.maximum(),
        })).collect::<Vec<_>>(),
        "maintenance": maintenance(release),
    })
}

fn parameter(labelled: &Labelled<'_>) -> Json {
    let Labelled { label, parameter } = labelled;
    json!({
        "name": parameter.name,
        "label": label,
        "type": parameter.type_name.to_string(),
        "description": parameter.description,
        "default": parameter.default.as_ref().map(|default| if parameter.no_echo { "****" } else { default }),
        "no_echo": parameter.no_echo,
        "allowed_values": parameter.allowed_values,
        "allowed_pattern": parameter.allowed_pattern,
        "min_length": parameter.min_length,
        "max_length": parameter.max_length,
        "min_value": parameter.min_value,
        "max_value": parameter.max_value,
        "constraint_description": parameter.constraint_description,
    })
}

fn policy(policy: &Policy) -> Json {
    json!({"policy": policy.word(), "written": !matches!(policy, Policy::Default(_))})
}

fn maintenance(release: &Release<'_>) -> Json {
    let found = match &release.maintenance {
        Ok(found) => found,
        Err(why) => return json!({"profile": release.profile, "problems": [why]}),
    };
    let survey = &found.survey;
    let parts: serde_json::Map<String, Json> = Part::ALL
        .iter()
        .map(|part| (part.key().to_owned(), json!(survey.parts.get(part).cloned().unwrap_or_default())))
        .collect();
    json!({
        "profile": release.profile,
        "parts": parts,
        "storage_parameters": survey.databases.iter().map(|database| {
            (database.logical_id.clone(), json!(database.storage_parameter))
        }).collect::<serde_json::Map<_, _>>(),
        "dedicated_machine_tags": survey.dedicated_machine_tags.iter().map(|(key, value)| {
            json!({"key": key, "value": value})
        }).collect::<Vec<_>>(),
        "backup_parameters": survey.backup_parameters,
        "problems": survey.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "taken_as_empty": found.taken_as_empty,
    })
}

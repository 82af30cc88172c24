//! A release for other programs.

use changeset::permissions::Permissions;
use template::Limit;
use upgrade::Part;

use super::release::{Labelled, Policy, Release};
use crate::answers::release::{
    Capability, CustomNamed, DataPolicy, DeploymentRole, LimitUsed, LimitWord, MachineTag, ParameterGroup,
    ReleaseTold, ReleaseVersion, ResourceCount, Stateful, TemplateParameter, TemplateRule, Touched,
};

pub(crate) fn answer(release: &Release<'_>, role: &Permissions) -> ReleaseTold {
    let template = release.template;
    let services = release.services.iter();
    let counts =
        services.flat_map(|(service, types)| types.iter().map(move |(name, count)| (service, name, count)));
    ReleaseTold {
        name: template.name.clone(),
        version: release.version.as_ref().map(|version| ReleaseVersion {
            version: version.version.clone(),
            commit: version.commit.clone(),
            metadata_key: version.metadata_key.clone(),
        }),
        description: template.description.clone(),
        transforms: template.transforms.clone(),
        parameter_groups: release
            .groups
            .iter()
            .map(|group| ParameterGroup {
                label: group.label.clone(),
                parameters: group.parameters.iter().map(parameter).collect(),
            })
            .collect(),
        rules: template
            .rules
            .values()
            .map(|rule| TemplateRule {
                name: rule.name.clone(),
                assertions: rule.assertions.iter().map(|one| one.description.clone()).collect(),
            })
            .collect(),
        conditions: template.conditions.len(),
        resources: counts
            .map(|(service, type_name, count)| ResourceCount {
                service: service.clone(),
                type_name: type_name.clone(),
                unconditional: count.always,
                conditional: count.conditional,
            })
            .collect(),
        capabilities: release
            .capabilities
            .iter()
            .map(|needed| Capability {
                capability: needed.capability.word().to_owned(),
                because_of: needed.because_of.iter().cloned().collect(),
            })
            .collect(),
        custom_named: release
            .custom_named
            .iter()
            .map(|one| CustomNamed {
                logical_id: one.resource.logical_id.clone(),
                type_name: one.resource.type_name.clone(),
                properties: one.properties.clone(),
            })
            .collect(),
        stateful: release
            .stateful
            .iter()
            .map(|one| Stateful {
                logical_id: one.resource.logical_id.clone(),
                type_name: one.resource.type_name.clone(),
                deletion_policy: policy(&one.deletion_policy),
                update_replace_policy: policy(&one.update_replace_policy),
            })
            .collect(),
        limits: release
            .limits
            .iter()
            .map(|used| LimitUsed {
                limit: limit(used.limit),
                used: used.used,
                maximum: used.limit.maximum(),
            })
            .collect(),
        maintenance: touched(release),
        deployment_role: DeploymentRole {
            policy: role.policy_document(),
            unknown_types: role.unknown_types.iter().cloned().collect(),
        },
    }
}

fn parameter(labelled: &Labelled<'_>) -> TemplateParameter {
    let Labelled { label, parameter } = labelled;
    let default = |default: &String| if parameter.no_echo { "****".to_owned() } else { default.clone() };
    TemplateParameter {
        name: parameter.name.clone(),
        label: label.clone(),
        type_name: parameter.type_name.to_string(),
        description: parameter.description.clone(),
        default: parameter.default.as_ref().map(default),
        no_echo: parameter.no_echo,
        allowed_values: parameter.allowed_values.clone(),
        allowed_pattern: parameter.allowed_pattern.clone(),
        min_length: parameter.min_length,
        max_length: parameter.max_length,
        min_value: parameter.min_value,
        max_value: parameter.max_value,
        constraint_description: parameter.constraint_description.clone(),
    }
}

fn policy(policy: &Policy) -> DataPolicy {
    DataPolicy { policy: policy.word().to_owned(), written: !matches!(policy, Policy::Default(_)) }
}

fn limit(limit: Limit) -> LimitWord {
    match limit {
        Limit::Resources => LimitWord::Resources,
        Limit::Parameters => LimitWord::Parameters,
        Limit::Outputs => LimitWord::Outputs,
        Limit::Mappings => LimitWord::Mappings,
        Limit::MappingAttributes => LimitWord::MappingAttributes,
        Limit::DescriptionBytes => LimitWord::DescriptionBytes,
        Limit::InlineBytes => LimitWord::InlineBytes,
        Limit::Bytes => LimitWord::Bytes,
    }
}

fn touched(release: &Release<'_>) -> Touched {
    let profile = release.profile.clone();
    let found = match &release.maintenance {
        Ok(found) => found,
        Err(why) => return Touched { profile, problems: vec![why.clone()], ..Touched::default() },
    };
    let survey = &found.survey;
    let ids = |part: &Part| survey.parts.get(part).cloned().unwrap_or_default();
    let tags = survey.dedicated_machine_tags.iter().cloned();
    let databases = survey.databases.iter();
    Touched {
        profile,
        parts: Part::ALL.iter().map(|part| (part.key().to_owned(), ids(part))).collect(),
        storage_parameters: databases
            .map(|database| (database.logical_id.clone(), database.storage_parameter.clone()))
            .collect(),
        dedicated_machine_tags: tags.map(|(key, value)| MachineTag { key, value }).collect(),
        backup_parameters: survey.backup_parameters.clone(),
        problems: survey.problems.iter().map(ToString::to_string).collect(),
        taken_as_empty: found.taken_as_empty.clone(),
    }
}

//! From a deployment as observed and a new release to a plan.

use std::collections::BTreeMap;

use changeset::capabilities::capabilities;
use changeset::expect::expectations;
use changeset::{DeployedResource, Mode};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Pseudo, ResolvedParameters, Template, carry_over,
    resolve_parameters,
};

use crate::comparison::Change;
use crate::deployment::Deployment;
use crate::observation::LogicalResource;
use crate::plan::{
    ExpectedChange, Gate, PLAN_FORMAT, ParameterSetting, Plan, Proposal, Targets, default_steps, hex,
};
use crate::profile::{Profile, ProfileError};

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct DraftRequest<'a> {
    /// The deployment, as observed.
    pub deployment: &'a Deployment,
    /// Its parts, from [`find_targets`].
    pub targets: &'a Targets,
    /// Priorities of the rules that the listener has.
    pub rule_priorities: &'a [i32],
    /// The new release's file name, for messages.
    pub template_name: &'a str,
    /// The new release's template.
    pub template: &'a [u8],
    /// Where CloudFormation will read it.
    pub template_url: &'a str,
    /// Parameters that the operator gives; every other one keeps its value, or takes the new default.
    pub given: &'a BTreeMap<String, String>,
    /// Names the run: letters, digits and hyphens.
    pub run_id: &'a str,
}

/// Why there is no plan. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The stack can't be updated in the state it is in.
    #[error(
        "stack {stack_name} is {status}; it can be updated when it is in a _COMPLETE state that is not ROLLBACK_COMPLETE"
    )]
    NotUpdatable {
        /// The stack.
        stack_name: String,
        /// Its status.
        status: String,
    },
    /// A template can't be read.
    #[error(transparent)]
    Template(#[from] template::TemplateError),
    /// Parameters are missing or refused.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Parameters(Vec<template::ParameterError>),
    /// A secret would have to be in the plan.
    #[error(
        "parameter {0} is NoEcho and new or changed; slackwater does not keep secrets in a plan, so set it on the stack first"
    )]
    SecretInPlan(String),
    /// Conditions can't be decided.
    #[error(transparent)]
    Evaluate(#[from] template::EvaluateError),
    /// The change set can't be foretold.
    #[error(transparent)]
    Predict(#[from] changeset::PredictError),
    /// The profile doesn't fit.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A part of the platform is not in the account.
    #[error(
        "{logical_id} is in the template of stack {stack_name}, but the stack has no such resource; has it drifted?"
    )]
    NotDeployed {
        /// The resource.
        logical_id: String,
        /// The stack.
        stack_name: String,
    },
    /// The rule that closes the gate must come before every other.
    #[error(
        "the listener {listener} has a rule of priority 1, so no rule can come before it; move it (elbv2 set-rule-priorities) to make room for the gate"
    )]
    NoRoomForGate {
        /// The listener's logical id.
        listener: String,
    },
    /// The update would change nothing.
    #[error("the update would change nothing: the stack already has this template with these parameters")]
    NoChanges,
}

/// The release that is deployed, read and ready to evaluate.
struct Deployed {
    template: Template,
    parameters: ResolvedParameters,
}

impl Deployed {
    fn read(deployment: &Deployment) -> Result<Deployed, DraftError> {
        let name = format!("template of stack {}", deployment.stack_name);
        let template = unconstrained_secrets(Template::parse(&name, deployment.template.as_bytes())?);
        let given: IndexMap<String, GivenParameter> = deployment
            .parameters
            .iter()
            .filter(|(key, _)| template.parameters.contains_key(*key))
            .map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone())))
            .collect();
        let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
        let parameters = resolve_parameters(&template, &inputs).map_err(DraftError::Parameters)?;
        let template = template.expand(&parameters, &pseudo(deployment))?;
        Ok(Deployed { template, parameters })
    }
}

/// Find the parts of a deployment that maintenance touches.
pub fn find_targets(deployment: &Deployment) -> Result<(Profile, Targets), DraftError> {
    let deployed = Deployed::read(deployment)?;
    let (pseudo, outside) = (pseudo(deployment), Outside::default());
    let evaluation = Evaluation::new(&deployed.template, &deployed.parameters, &pseudo, &outside)?;
    let profile = Profile::of(&deployed.template);
    let roles = profile.roles(&evaluation)?;
    let find = |logical_id: &String| {
        deployment.resources.iter().find(|resource| resource.logical_id == *logical_id).cloned().ok_or_else(
            || DraftError::NotDeployed {
                logical_id: logical_id.clone(),
                stack_name: deployment.stack_name.clone(),
            },
        )
    };
    let find_all = |ids: &[String]| ids.iter().map(find).collect::<Result<Vec<LogicalResource>, _>>();
    let targets = Targets {
        listener: find(&roles.listener)?,
        job_queues: find_all(&roles.job_queues)?,
        worker_groups: find_all(&roles.worker_groups)?,
    };
    Ok((profile, targets))
}

/// Draw up the plan.
pub fn draft(request: &DraftRequest<'_>) -> Result<Plan, DraftError> {
    let DraftRequest { deployment, targets, .. } = *request;
    if !is_updatable(&deployment.status) {
        return Err(DraftError::NotUpdatable {
            stack_name: deployment.stack_name.clone(),
            status: deployment.status.clone(),
        });
    }
    let before = Deployed::read(deployment)?;
    let after = unconstrained_secrets(Template::parse(request.template_name, request.template)?);
    let given: IndexMap<String, GivenParameter> = request
        .given
        .iter()
        .filter(|(key, value)| before.parameters.0.get(*key).is_none_or(|deployed| deployed.text != **value))
        .map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone())))
        .collect();
    if let Some((secret, _)) =
        after.parameters.iter().find(|(key, parameter)| parameter.no_echo && given.contains_key(*key))
    {
        return Err(DraftError::SecretInPlan(secret.clone()));
    }
    let carried = carry_over(&after, &given, Some(&before.parameters));
    let inputs =
        ParameterInputs { given: &carried, previous: Some(&before.parameters), ..ParameterInputs::default() };
    let parameters = resolve_parameters(&after, &inputs).map_err(DraftError::Parameters)?;
    let after = after.expand(&parameters, &pseudo(deployment))?;

    let (pseudo, outside) = (pseudo(deployment), Outside::default());
    let evaluation_before = Evaluation::new(&before.template, &before.parameters, &pseudo, &outside)?;
    let evaluation_after = Evaluation::new(&after, &parameters, &pseudo, &outside)?;
    let deployed = deployed_resources(deployment);
    let predict = |mode| changeset::predict(Some(&evaluation_before), &evaluation_after, &deployed, mode);
    let (plain, values) = (predict(Mode::Plain)?, predict(Mode::Values)?);
    if plain.changes.is_empty() {
        return Err(DraftError::NoChanges);
    }
    let expected = expectations(Some(&evaluation_before), &evaluation_after, &deployed, &plain, &values)?;
    Ok(Plan {
        format: PLAN_FORMAT,
        run_id: request.run_id.to_owned(),
        stack_name: deployment.stack_name.clone(),
        stack_id: deployment.stack_id.clone(),
        profile: Profile::of(&before.template).name.to_owned(),
        from_version: before.template.version_info().map(|info| info.version),
        to_version: after.version_info().map(|info| info.version),
        proposal: Proposal {
            change_set_name: format!("slackwater-{}", request.run_id),
            template_url: request.template_url.to_owned(),
            template_sha256: hex(&Sha256::digest(request.template)),
            parameters: carried
                .iter()
                .map(|(key, given)| ParameterSetting {
                    key: key.clone(),
                    value: match given {
                        GivenParameter::Value(value) => Some(value.clone()),
                        GivenParameter::UsePreviousValue => None,
                    },
                })
                .collect(),
            capabilities: capabilities(&after)
                .iter()
                .map(|needed| needed.capability.word().to_owned())
                .collect(),
        },
        predicted: plain.changes.iter().map(Change::from_prediction).collect(),
        expected: expected.iter().map(ExpectedChange::from_expectation).collect(),
        targets: targets.clone(),
        gate: gate(request)?,
        steps: default_steps(),
    })
}

/// AWS shows a secret as `****`, which the constraints of its parameter may refuse: they are CloudFormation's
/// to check, which knows the value.
fn unconstrained_secrets(mut template: Template) -> Template {
    for parameter in template.parameters.values_mut().filter(|parameter| parameter.no_echo) {
        parameter.allowed_values.clear();
        parameter.allowed_pattern = None;
        (parameter.min_length, parameter.max_length) = (None, None);
        (parameter.min_value, parameter.max_value) = (None, None);
    }
    template
}

/// Statuses from which UpdateStack is allowed (CloudFormation user guide, "Stack status codes").
fn is_updatable(status: &str) -> bool {
    matches!(
        status,
        "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
    )
}

fn pseudo(deployment: &Deployment) -> Pseudo {
    Pseudo {
        account_id: deployment.account_id.clone(),
        region: deployment.region.clone(),
        partition: deployment.partition.clone(),
        url_suffix: match deployment.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        }
        .to_owned(),
        stack_name: deployment.stack_name.clone(),
        stack_id: deployment.stack_id.clone(),
        notification_arns: Vec::new(),
    }
}

fn deployed_resources(deployment: &Deployment) -> changeset::Deployed {
    changeset::Deployed {
        resources: deployment
            .resources
            .iter()
            .map(|resource| {
                let deployed = DeployedResource {
                    physical_id: Some(resource.physical_id.clone()),
                    ..DeployedResource::default()
                };
                (resource.logical_id.clone(), deployed)
            })
            .collect(),
    }
}

/// A rule before all others: half of the lowest, so that there is room on both sides.
fn gate(request: &DraftRequest<'_>) -> Result<Gate, DraftError> {
    let lowest = request.rule_priorities.iter().copied().min().unwrap_or(50_001);
    if lowest <= 1 {
        return Err(DraftError::NoRoomForGate { listener: request.targets.listener.logical_id.clone() });
    }
    Ok(Gate {
        priority: lowest / 2,
        status_code: 503,
        content_type: "text/html".to_owned(),
        body: MAINTENANCE_PAGE.to_owned(),
    })
}

/// What users see. Far below the 1,024 bytes of a fixed response.
const MAINTENANCE_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta http-equiv=\"refresh\" content=\"30\"><title>Maintenance</title>\
<body style=\"font:1.1rem/1.5 system-ui;max-width:32rem;margin:20vh auto;padding:0 1rem\">\
<h1>Maintenance in progress</h1><p>A new version is being installed. This page looks again by itself \
every 30 seconds and lets you in when it is done.</p>";

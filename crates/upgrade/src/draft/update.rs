//! One stack's update: what is asked of CloudFormation, what it will answer, what will really happen.

use std::collections::{BTreeMap, BTreeSet};

use changeset::capabilities::capabilities;
use changeset::estimate::{OwnEvents, estimate};
use changeset::expect::{Expectation, expectations};
use changeset::permissions::{Permissions, permissions};
use changeset::risks::{Risk, risks};
use changeset::{DeployedResource, Mode, PredictError};
use indexmap::IndexMap;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Pseudo, ReferenceTarget, ResolvedParameters,
    Template, carry_over, resolve_parameters,
};

use crate::comparison::Change;
use crate::deployment::Deployment;
use crate::draft::DraftError;
use crate::draft::options::UpdateOptions;
use crate::draft::properties::{ChangedProperty, changed_properties};
use crate::draft::secrets::{shown_values, side, side_by_resources};
use crate::plan::{
    ExpectedChange, ParameterSetting, PlannedRisk, Proposal, StackUpdate, UpdateKind, sha256_of,
};
use crate::profile::Profile;
use crate::version::{release_version, version_sources};

/// What one update is made from.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRequest<'a> {
    /// Which update of the run.
    pub kind: UpdateKind,
    /// The stack, as observed.
    pub deployment: &'a Deployment,
    /// The new release's file name, for messages.
    pub template_name: &'a str,
    /// The new release's template.
    pub template: &'a [u8],
    /// Where CloudFormation will read it.
    pub template_url: &'a str,
    /// Parameters that the operator gives; every other one keeps its value, or takes the new default.
    pub given: &'a BTreeMap<String, String>,
    /// Settings of the operation.
    pub options: &'a UpdateOptions,
    /// Names the run: letters, digits and hyphens.
    pub run_id: &'a str,
    /// What tells where templates tell their version; `None`: they themselves.
    pub profile: Option<&'a Profile>,
}

/// A release with the values it is deployed, or will be deployed, with: sound, and ready to evaluate.
#[derive(Debug, Clone)]
pub struct ReleaseSide {
    /// The template, its loops and includes expanded.
    pub template: Template,
    /// Its parameters. Secrets are `****`, as AWS shows them, but for those of the deployed release of which the stack's
    /// resources tell that they have their default, or are empty.
    pub parameters: ResolvedParameters,
}

/// An update, with everything that was found out on the way to it.
#[derive(Debug, Clone)]
pub struct DraftedUpdate {
    /// The update as a plan keeps it.
    pub update: StackUpdate,
    /// The deployed release.
    pub before: ReleaseSide,
    /// The new release.
    pub after: ReleaseSide,
    /// Pseudo parameters of the stack.
    pub pseudo: Pseudo,
    /// What we expect of each resource.
    pub expectations: Vec<Expectation>,
    /// What it may cost, the gravest first.
    pub risks: Vec<Risk>,
    /// What IAM has to allow.
    pub permissions: Permissions,
    /// What becomes of each property.
    pub properties: Vec<ChangedProperty>,
}

impl DraftedUpdate {
    /// The least IAM policy that lets it be made, JSON.
    #[must_use]
    pub fn policy(&self) -> String {
        self.permissions.policy_document().to_string()
    }
}

/// What updates may cost all together, as a plan keeps it: the gravest first, whichever update has it.
pub(super) fn planned_risks<'a>(updates: impl Iterator<Item = &'a DraftedUpdate>) -> Vec<PlannedRisk> {
    let mut risks: Vec<(&DraftedUpdate, &Risk)> =
        updates.flat_map(|drafted| drafted.risks.iter().map(move |risk| (drafted, risk))).collect();
    risks.sort_by_key(|(_, risk)| (risk.kind, !risk.certain));
    let planned = |(drafted, risk): (&DraftedUpdate, &Risk)| PlannedRisk {
        update: drafted.update.kind,
        kind: risk.kind.title().to_owned(),
        certain: risk.certain,
        logical_id: risk.logical_id.clone(),
        because: risk.because.clone(),
    };
    risks.into_iter().map(planned).collect()
}

impl ReleaseSide {
    /// The version that it tells, by a profile; without one, by the profile that the template itself tells.
    #[must_use]
    pub fn version(&self, profile: Option<&Profile>) -> Option<String> {
        let sources = version_sources(profile, &self.template);
        let value = |name: &str| Some(self.parameters.0.get(name)?.text.clone());
        release_version(&self.template, &sources, value)
    }

    pub fn deployed(deployment: &Deployment) -> Result<ReleaseSide, DraftError> {
        let name = format!("template of stack {}", deployment.stack_name);
        let template = unconstrained_secrets(Template::parse(&name, deployment.template.as_bytes())?);
        side_by_resources(&template, deployment)
    }

    /// The same of a stack whose resources aren't known: what is shown of each parameter counts as its value.
    fn as_shown(deployment: &Deployment) -> Result<ReleaseSide, DraftError> {
        let name = format!("template of stack {}", deployment.stack_name);
        let template = unconstrained_secrets(Template::parse(&name, deployment.template.as_bytes())?);
        side(&template, &shown_values(deployment, &template), deployment)
    }
}

/// Draw one update up. [`DraftError::NoChanges`] when it would change nothing.
pub fn draft_update(request: &UpdateRequest<'_>) -> Result<DraftedUpdate, DraftError> {
    let UpdateRequest { deployment, options, .. } = *request;
    if !is_updatable(&deployment.status) {
        return Err(DraftError::NotUpdatable {
            stack_name: deployment.stack_name.clone(),
            status: deployment.status.clone(),
        });
    }
    let before = match request.kind {
        UpdateKind::Primary | UpdateKind::BackupStack | UpdateKind::RoleStack => {
            ReleaseSide::deployed(deployment)?
        }
        // Of the stack as it will be, whose new resources nobody has seen.
        UpdateKind::WayBack => ReleaseSide::as_shown(deployment)?,
    };
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
    let pseudo = pseudo(deployment);
    let after = ReleaseSide { template: after.expand(&parameters, &pseudo)?, parameters };

    let outside = Outside::default();
    let evaluation_before = Evaluation::new(&before.template, &before.parameters, &pseudo, &outside)?;
    let evaluation_after = Evaluation::new(&after.template, &after.parameters, &pseudo, &outside)?;
    evaluation_after.check_rules().map_err(DraftError::Rules)?;
    let wished_tags = options.tags.as_ref().map(|tags| tags.iter().cloned().collect::<BTreeMap<_, _>>());
    let deployed = changeset::Deployed {
        stack_tags_change: wished_tags.is_some_and(|tags| tags != deployment.tags),
        ..deployed_resources(deployment)
    };
    let predict = |mode| changeset::predict(Some(&evaluation_before), &evaluation_after, &deployed, mode);
    let (plain, values) = (predict(Mode::Plain)?, predict(Mode::Values)?);
    if plain.changes.is_empty() {
        return Err(DraftError::NoChanges);
    }
    let expectations = expectations(Some(&evaluation_before), &evaluation_after, &deployed, &plain, &values)?;
    let time = estimate(Some(&evaluation_before), &evaluation_after, &expectations, &OwnEvents::default())
        .map_err(PredictError::Cycle)?;
    let update = StackUpdate {
        kind: request.kind,
        stack_name: deployment.stack_name.clone(),
        stack_id: deployment.stack_id.clone(),
        from_version: before.version(request.profile),
        to_version: after.version(request.profile),
        proposal: Proposal {
            change_set_name: change_set_name(request.kind, request.run_id),
            template_url: request.template_url.to_owned(),
            template_sha256: sha256_of(request.template),
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
            capabilities: capabilities(&after.template)
                .iter()
                .map(|needed| needed.capability.word().to_owned())
                .collect(),
            role_arn: options.role_arn.clone(),
            tags: options.tags.clone(),
            notification_arns: options.notification_arns.clone(),
            rollback_triggers: options.rollback_triggers.clone(),
            monitoring_minutes: options.monitoring_minutes,
        },
        predicted: plain.changes.iter().map(Change::from_prediction).collect(),
        expected: expectations.iter().map(ExpectedChange::from_expectation).collect(),
        estimated_seconds: time.update_seconds + time.clean_up_seconds + options.watched_seconds(),
        point_of_no_return: time.point_of_no_return,
    };
    let risks = risks(&expectations, &evaluation_after);
    let permissions = permissions(&expectations, &evaluation_after);
    let properties = changed_properties(request.kind, &values.changes, &before, &after);
    Ok(DraftedUpdate { update, before, after, pseudo, expectations, risks, permissions, properties })
}

/// The update back to what the stack had, as it will have to be once `drafted` has been carried out. `template_url` is
/// where CloudFormation will read the deployed template again.
///
/// # Errors
/// As [`draft_update`]; [`DraftError::SecretInPlan`] when the new release drops a secret that the old one needs.
pub fn draft_way_back(
    deployment: &Deployment,
    drafted: &DraftedUpdate,
    new_template: &[u8],
    template_url: &str,
    run_id: &str,
) -> Result<StackUpdate, DraftError> {
    let updated = Deployment {
        status: "UPDATE_COMPLETE".to_owned(),
        template: String::from_utf8_lossy(new_template).into_owned(),
        parameters: drafted
            .after
            .parameters
            .0
            .iter()
            .map(|(key, value)| (key.clone(), value.text.clone()))
            .collect(),
        ..deployment.clone()
    };
    // Every parameter as it was; a secret that both releases have is kept by CloudFormation. A database's storage stays
    // as the new release has it: RDS refuses to shrink it (RDS user guide, "Working with storage").
    let storage = storage_parameters(&drafted.before, &drafted.pseudo)?;
    let given: BTreeMap<String, String> = deployment
        .parameters
        .iter()
        .filter(|(key, _)| {
            let secret = drafted.before.template.parameters.get(*key).is_some_and(|one| one.no_echo);
            !(secret && drafted.after.template.parameters.contains_key(*key))
        })
        .map(|(key, value)| match drafted.after.parameters.0.get(key) {
            Some(grown) if storage.contains(key) => (key.clone(), grown.text.clone()),
            Some(_) | None => (key.clone(), value.clone()),
        })
        .collect();
    let request = UpdateRequest {
        kind: UpdateKind::WayBack,
        deployment: &updated,
        template_name: "the deployed template",
        template: deployment.template.as_bytes(),
        template_url,
        given: &given,
        options: &UpdateOptions::default(),
        run_id,
        profile: None,
    };
    draft_update(&request).map(|drafted| drafted.update)
}

/// The parameters that databases' storage refers to.
fn storage_parameters(release: &ReleaseSide, pseudo: &Pseudo) -> Result<BTreeSet<String>, DraftError> {
    let outside = Outside::default();
    let evaluation = Evaluation::new(&release.template, &release.parameters, pseudo, &outside)?;
    let databases =
        release.template.resources.values().filter(|resource| resource.type_name == "AWS::RDS::DBInstance");
    let storage = databases.filter_map(|database| database.properties.as_ref()?.get("AllocatedStorage"));
    let references = storage.flat_map(|node| evaluation.references(node));
    Ok(references
        .filter_map(|reference| match reference.target {
            ReferenceTarget::Parameter(name) => Some(name),
            ReferenceTarget::Resource { .. } | ReferenceTarget::Pseudo(_) => None,
        })
        .collect())
}

fn change_set_name(kind: UpdateKind, run_id: &str) -> String {
    match kind {
        UpdateKind::Primary | UpdateKind::BackupStack | UpdateKind::RoleStack => {
            format!("slackwater-{run_id}")
        }
        UpdateKind::WayBack => format!("slackwater-{run_id}-back"),
    }
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
#[must_use]
pub fn is_updatable(status: &str) -> bool {
    matches!(
        status,
        "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
    )
}

/// Pseudo parameters of a deployed stack.
pub(crate) fn pseudo(deployment: &Deployment) -> Pseudo {
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
        ..changeset::Deployed::default()
    }
}

//! `SimulatePrincipalPolicy` and `SimulateCustomPolicy`: what policies would allow.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
//!
//! Not simulated: resource policies, and the positions of the statements within their documents.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::condition::{Context, NotEvaluated};
use super::document::{Kind, Policy};
use super::evaluate::{Decision, Verdict, decide};
use super::{Identity, listed, no_such_entity, policies};
use crate::{AwsError, Input, World};

/// The most pairs of action and resource of one request.
const MOST_PAIRS: usize = 10_000;

/// Policies with their names.
#[derive(Default)]
struct Policies {
    names: Vec<String>,
    parsed: Vec<Policy>,
    /// Policies of AWS's that are attached and whose text isn't known.
    unknown: Vec<String>,
}

impl Policies {
    fn add(&mut self, name: &str, text: &str) -> Result<(), AwsError> {
        let parsed = Policy::parse(text, Kind::Identity);
        self.parsed.push(parsed.map_err(|error| invalid(format!("{name}: {error}")))?);
        self.names.push(name.to_owned());
        Ok(())
    }

    fn add_given(&mut self, input: Input<'_>, field: &str) -> Result<(), AwsError> {
        for (place, text) in input.strings(field).enumerate() {
            self.add(&format!("{field}.{}", place + 1), text)?;
        }
        Ok(())
    }

    fn add_managed(&mut self, world: &World, arn: &str) -> Result<(), AwsError> {
        match policies::document(world, arn) {
            Some(text) => self.add(arn.rsplit('/').next().unwrap_or(arn), text),
            None => {
                self.unknown.push(arn.to_owned());
                Ok(())
            }
        }
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidInput", message)
}

fn undecidable(message: impl std::fmt::Display) -> AwsError {
    AwsError::new(500, "PolicyEvaluation", message.to_string())
}

pub(super) fn custom(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    if !input.has("PolicyInputList") {
        input.required_string("PolicyInputList")?;
    }
    let mut policies = Policies::default();
    policies.add_given(input, "PolicyInputList")?;
    simulate(world, input, &policies, None)
}

pub(super) fn principal(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = input.required_string("PolicySourceArn")?;
    let mut identities = world.iam.roles.values().chain(world.iam.users.values());
    let identity = identities.find(|identity| identity.arn == arn);
    let identity = identity.ok_or_else(|| no_such_entity(format!("{arn} cannot be found.")))?;
    let mut policies = Policies::default();
    policies.add_given(input, "PolicyInputList")?;
    for (name, text) in &identity.inline {
        policies.add(name, text)?;
    }
    for arn in &identity.attached {
        policies.add_managed(world, arn)?;
    }
    simulate(world, input, &policies, Some(identity))
}

fn simulate(
    world: &World,
    input: Input<'_>,
    policies: &Policies,
    identity: Option<&Identity>,
) -> Result<Value, AwsError> {
    if input.has("ResourcePolicy") {
        return Err(invalid("ResourcePolicy is not simulated in this local cloud"));
    }
    let actions: Vec<&str> = input.strings("ActionNames").collect();
    if actions.is_empty() {
        input.required_string("ActionNames")?;
    }
    if let Some(bad) = actions.iter().find(|action| !action.contains(':') && **action != "*") {
        return Err(invalid(format!("Invalid Entity Name {bad}")));
    }
    let mut resources: Vec<&str> = input.strings("ResourceArns").collect();
    if resources.is_empty() {
        resources.push("*");
    }
    if actions.len().saturating_mul(resources.len()) > MOST_PAIRS {
        return Err(invalid("Too many actions and resources"));
    }
    let boundary = boundary(world, input, identity)?;
    let context = context(world, input, identity);
    let mut results = Vec::new();
    for action in &actions {
        for resource in &resources {
            let place = format!("{:08}", results.len());
            let result = one(policies, boundary.as_ref(), action, resource, &context)?;
            results.push((place, result));
        }
    }
    listed(input, "EvaluationResults", results)
}

/// The boundary of the request, or else the identity's.
fn boundary(
    world: &World,
    input: Input<'_>,
    identity: Option<&Identity>,
) -> Result<Option<Policies>, AwsError> {
    let mut boundary = Policies::default();
    if input.has("PermissionsBoundaryPolicyInputList") {
        boundary.add_given(input, "PermissionsBoundaryPolicyInputList")?;
        return Ok(Some(boundary));
    }
    match identity.and_then(|identity| identity.boundary.as_ref()) {
        Some(arn) => boundary.add_managed(world, arn).map(|()| Some(boundary)),
        None => Ok(None),
    }
}

/// What the request says, and what follows from the identity.
fn context(world: &World, input: Input<'_>, identity: Option<&Identity>) -> Context {
    let mut context = Context::default();
    if let Some(identity) = identity {
        context.set("aws:PrincipalArn", vec![identity.arn.clone()]);
        context.set("aws:PrincipalAccount", vec![world.config.account_id.clone()]);
        context.set("aws:userid", vec![identity.id.clone()]);
        if identity.role.is_none() {
            context.set("aws:username", vec![identity.name.clone()]);
        }
        for (key, value) in &identity.tags {
            context.set(&format!("aws:PrincipalTag/{key}"), vec![value.clone()]);
        }
    }
    for entry in input.objects("ContextEntries") {
        if let Some(key) = entry.string("ContextKeyName") {
            context.set(key, entry.strings("ContextKeyValues").map(str::to_owned).collect());
        }
    }
    context
}

fn one(
    policies: &Policies,
    boundary: Option<&Policies>,
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<Value, AwsError> {
    let ask = |policies: &Policies| -> Result<Decision, AwsError> {
        let decision = decide(&policies.parsed, action, resource, context);
        let decision = decision.map_err(|error: NotEvaluated| undecidable(error))?;
        match policies.unknown.first() {
            // What isn't known could have allowed it.
            Some(arn) if decision.verdict == Verdict::ImplicitDeny => Err(undecidable(format!(
                "The text of {arn} is not known in this local cloud, and nothing else decides on {action}"
            ))),
            _ => Ok(decision),
        }
    };
    let decision = ask(policies)?;
    let limits = boundary.map(ask).transpose()?;
    let verdict = match (decision.verdict, limits.as_ref().map(|limits| limits.verdict)) {
        (Verdict::ExplicitDeny, _) | (_, Some(Verdict::ExplicitDeny)) => Verdict::ExplicitDeny,
        (Verdict::Allowed, None | Some(Verdict::Allowed)) => Verdict::Allowed,
        _ => Verdict::ImplicitDeny,
    };
    let names: BTreeSet<&str> =
        decision.matched.iter().filter_map(|place| policies.names.get(*place)).map(String::as_str).collect();
    let matched = names.iter().map(|name| json!({"SourcePolicyId": name, "SourcePolicyType": "IAM Policy"}));
    let mut missing = decision.missing;
    missing.extend(limits.iter().flat_map(|limits| limits.missing.clone()));
    let mut result = json!({
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": match verdict {
            Verdict::Allowed => "allowed",
            Verdict::ExplicitDeny => "explicitDeny",
            Verdict::ImplicitDeny => "implicitDeny",
        },
        "MatchedStatements": matched.collect::<Vec<_>>(),
        "MissingContextValues": missing,
    });
    if let (Some(limits), Some(fields)) = (limits, result.as_object_mut()) {
        let allows = limits.verdict == Verdict::Allowed;
        let detail = json!({"AllowedByPermissionsBoundary": allows});
        fields.insert("PermissionsBoundaryDecisionDetail".to_owned(), detail);
    }
    Ok(result)
}

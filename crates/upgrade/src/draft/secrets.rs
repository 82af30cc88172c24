//! What a secret parameter is, as far as a stack's resources tell. AWS shows `****` whatever it is, an empty one too, and a
//! condition may ask whether it was given at all; CloudFormation knows, and its change set follows from that.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use template::{Evaluation, GivenParameter, Outside, ParameterInputs, Template, resolve_parameters};

use super::DraftError;
use super::update::{ReleaseSide, pseudo};
use crate::deployment::Deployment;

/// What AWS shows of every secret (CloudFormation user guide, "Parameters", NoEcho).
const SHOWN: &str = "****";

type Values = IndexMap<String, GivenParameter>;

/// What AWS shows of the deployed parameters.
pub(super) fn shown_values(deployment: &Deployment, template: &Template) -> Values {
    let parameters = deployment.parameters.iter();
    parameters
        .filter(|(key, _)| template.parameters.contains_key(*key))
        .map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone())))
        .collect()
}

/// A release with values.
pub(super) fn side(
    template: &Template,
    given: &Values,
    deployment: &Deployment,
) -> Result<ReleaseSide, DraftError> {
    let inputs = ParameterInputs { given, ..ParameterInputs::default() };
    let parameters = resolve_parameters(template, &inputs).map_err(DraftError::Parameters)?;
    let template = template.expand(&parameters, &pseudo(deployment))?;
    Ok(ReleaseSide { template, parameters })
}

/// The deployed release. Where the resources that there are fit a secret's default better than a secret of four stars, or fit an
/// empty one better, that is its value.
pub(super) fn side_by_resources(
    template: &Template,
    deployment: &Deployment,
) -> Result<ReleaseSide, DraftError> {
    let mut given = shown_values(deployment, template);
    let mut taken = side(template, &given, deployment)?;
    let is_shown =
        |name: &String| matches!(given.get(name), Some(GivenParameter::Value(value)) if value == SHOWN);
    let parameters = template.parameters.iter();
    let secrets: Vec<_> = parameters.filter(|(name, one)| one.no_echo && is_shown(name)).collect();
    if secrets.is_empty() {
        return Ok(taken);
    }
    let Some(mut least) = misfits(&taken, deployment) else { return Ok(taken) };
    for (name, parameter) in secrets {
        for guess in [parameter.default.as_deref(), Some("")].into_iter().flatten() {
            if least == 0 {
                return Ok(taken);
            }
            let mut other = given.clone();
            other.insert(name.clone(), GivenParameter::Value(guess.to_owned()));
            let Ok(guessed) = side(template, &other, deployment) else { continue };
            if let Some(fewer) = misfits(&guessed, deployment).filter(|found| *found < least) {
                (given, taken, least) = (other, guessed, fewer);
            }
        }
    }
    Ok(taken)
}

/// How many resources are there and shouldn't be by the template's conditions, or the other way round. `None`: the conditions
/// can't be decided.
fn misfits(side: &ReleaseSide, deployment: &Deployment) -> Option<usize> {
    let (pseudo, outside) = (pseudo(deployment), Outside::default());
    let evaluation = Evaluation::new(&side.template, &side.parameters, &pseudo, &outside).ok()?;
    let wanted: BTreeSet<&str> = evaluation.active_resources().map(|one| one.logical_id.as_str()).collect();
    let there: BTreeSet<&str> = deployment.resources.iter().map(|one| one.logical_id.as_str()).collect();
    Some(wanted.symmetric_difference(&there).count())
}

#[cfg(test)]
mod tests {
    use crate::deployment::Deployment;
    use crate::draft::ReleaseSide;
    use crate::observation::LogicalResource;

    const TEMPLATE: &str = r#"
Parameters:
  Webhook: {Type: String, NoEcho: true, Default: ""}
  License: {Type: String, NoEcho: true}
  Token: {Type: String, NoEcho: true, Default: none}
Conditions:
  HasWebhook: !Not [!Equals [!Ref Webhook, ""]]
  HasToken: !Not [!Equals [!Ref Token, none]]
  HasLicense: !Not [!Equals [!Ref License, ""]]
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Hook: {Type: AWS::SNS::Subscription, Condition: HasWebhook}
  Key: {Type: AWS::SNS::Topic, Condition: HasLicense}
  Scan: {Type: AWS::SNS::Topic, Condition: HasToken}
"#;

    #[test]
    fn a_secret_that_conditions_ask_for_is_what_the_stacks_resources_tell() {
        for (there, webhook, token) in [
            (&["Topic", "Key"][..], "", "none"),
            (&["Topic", "Key", "Hook"], "****", "none"),
            (&["Topic", "Key", "Hook", "Scan"], "****", "****"),
        ] {
            let deployment = Deployment {
                stack_name: "platform".to_owned(),
                stack_id: "arn:aws:cloudformation:us-east-1:111122223333:stack/platform/1".to_owned(),
                status: "CREATE_COMPLETE".to_owned(),
                last_updated: None,
                account_id: "111122223333".to_owned(),
                region: "us-east-1".to_owned(),
                partition: "aws".to_owned(),
                template: TEMPLATE.to_owned(),
                parameters: ["Webhook", "License", "Token"]
                    .map(|name| (name.to_owned(), "****".to_owned()))
                    .into(),
                tags: Default::default(),
                resources: there
                    .iter()
                    .map(|id| LogicalResource {
                        logical_id: (*id).to_owned(),
                        physical_id: format!("{id}-1"),
                    })
                    .collect(),
            };
            let side = ReleaseSide::deployed(&deployment).expect("a sound template");
            let value = |name: &str| side.parameters.0.get(name).map(|one| one.text.as_str());
            assert_eq!(
                (value("Webhook"), value("License"), value("Token")),
                (Some(webhook), Some("****"), Some(token)),
                "{there:?}"
            );
        }
    }
}

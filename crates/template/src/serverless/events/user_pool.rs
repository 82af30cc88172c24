//! `Cognito`: a user pool of the same template calls the function as a trigger.

use super::{Called, Event, changed, permission};
use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::source::{Declared, Form};
use crate::serverless::tree::attribute;

const PROPERTIES: &[Declared] =
    &[("UserPool", Form::Text, true), ("Trigger", Form::Exactly(&Form::TextOrTexts), true)];

const USER_POOL: &str = "AWS::Cognito::UserPool";

/// The properties that a user pool with triggers may have.
const USER_POOL_PROPERTIES: [&str; 29] = [
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "AliasAttributes",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailAuthenticationMessage",
    "EmailAuthenticationSubject",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "EnabledMfas",
    "LambdaConfig",
    "MfaConfiguration",
    "Policies",
    "Schema",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserAttributeUpdateSettings",
    "UsernameAttributes",
    "UsernameConfiguration",
    "UserPoolAddOns",
    "UserPoolName",
    "UserPoolTags",
    "UserPoolTier",
    "VerificationMessageTemplate",
    "WebAuthnRelyingPartyID",
    "WebAuthnUserVerification",
];

/// Writes out the permission and the user pool with its triggers.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    called: &Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let event = Event::read(called, name, event, &[PROPERTIES])?;
    let source = &event.source;
    let (pool_id, mut pool) = event.referred(expansion, "UserPool", USER_POOL, "user pool")?;
    let prefix = format!("{}Cognito", called.target.logical_id);
    let mut permission = permission(called, &prefix, "", "cognito-idp.amazonaws.com");
    permission.set("SourceArn", attribute(&pool_id, "Arn"));
    if pool.get("Properties").is_none() {
        pool.put("Properties", Node::from_pairs([]));
    }
    let triggers = source.get("Trigger").cloned().unwrap_or_else(|| Node::from(Vec::new()));
    let triggers = triggers.as_sequence().map_or_else(|| vec![triggers.clone()], <[Node]>::to_vec);
    if let Some(properties) = pool.get_mut("Properties") {
        if properties.get("LambdaConfig").is_none() {
            properties.put("LambdaConfig", Node::from_pairs([]));
        }
        let Some(config) = properties.get_mut("LambdaConfig").filter(|one| one.as_mapping().is_some()) else {
            return source.wrong("the LambdaConfig of the user pool must be a map");
        };
        for trigger in triggers.iter().filter_map(Node::as_str) {
            if config.get(trigger).is_some() {
                return source.wrong(format!("the trigger {trigger} is taken"));
            }
            config.put(trigger, &called.arn);
        }
    }
    Ok(vec![permission, changed(expansion, &pool_id, USER_POOL, pool, &USER_POOL_PROPERTIES)?])
}

//! Whether a user or a role's session may make a call: its policies decide, with AWS's words when they don't allow
//! it. The owner's keys may do everything and never come here.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html> has the words; it says which
//! policy denied only for some services, and here it is always said.
//!
//! Assumptions: a policy of AWS's that is attached and whose text isn't known here allows what no other policy decides
//! on; a condition that isn't evaluated denies.

use super::caller::Caller;
use super::condition::Context;
use super::document::{Kind, Policy};
use super::evaluate::{Verdict, decide};
use super::{Identity, needed, policies};
use crate::wire::route::Call;
use crate::{AwsError, World};

/// Let a call pass, or refuse it as the service does.
///
/// # Errors
/// When the user or the role is gone, or its policies don't allow everything that the call needs.
pub(crate) fn authorize(world: &World, caller: &Caller<'_>, call: &Call) -> Result<(), AwsError> {
    for needed in needed::of(world, call) {
        let mut context = caller.context(world);
        needed.add_to(&mut context, world, call);
        if let Err(why) = may(world, caller, &needed.action, &needed.resource, &context) {
            let descriptor = call.service.descriptor();
            return Err(descriptor.denied(&caller.arn, &needed.action, &needed.resource, &why));
        }
    }
    Ok(())
}

/// Whether a caller may do this; else why not, in AWS's words.
pub(crate) fn may(
    world: &World,
    caller: &Caller<'_>,
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<(), String> {
    let verdict = caller
        .identity
        .map_or(Verdict::ImplicitDeny, |identity| verdict(world, identity, action, resource, context));
    match verdict {
        Verdict::Allowed => Ok(()),
        Verdict::ExplicitDeny => Err("with an explicit deny in an identity-based policy".to_owned()),
        Verdict::ImplicitDeny => Err(format!("because no identity-based policy allows the {action} action")),
    }
}

/// What a user's or a role's own policies, and its boundary, say.
fn verdict(world: &World, identity: &Identity, action: &str, resource: &str, context: &Context) -> Verdict {
    let decide_on = |texts: Vec<Option<&str>>| {
        let has_unknown = texts.iter().any(Option::is_none);
        let parsed: Vec<Policy> =
            texts.iter().flatten().filter_map(|text| Policy::parse(text, Kind::Identity).ok()).collect();
        match decide(&parsed, action, resource, context).map(|decision| decision.verdict) {
            Ok(Verdict::ImplicitDeny) if has_unknown => Verdict::Allowed,
            Ok(verdict) => verdict,
            Err(_not_evaluated) => Verdict::ImplicitDeny,
        }
    };
    let mut texts: Vec<Option<&str>> = identity.inline.values().map(|text| Some(text.as_str())).collect();
    texts.extend(identity.attached.iter().map(|arn| policies::document(world, arn)));
    let own = decide_on(texts);
    let limit = identity.boundary.as_ref().map(|arn| decide_on(vec![policies::document(world, arn)]));
    match (own, limit) {
        (Verdict::ExplicitDeny, _) | (_, Some(Verdict::ExplicitDeny)) => Verdict::ExplicitDeny,
        (Verdict::Allowed, None | Some(Verdict::Allowed)) => Verdict::Allowed,
        (Verdict::Allowed | Verdict::ImplicitDeny, _) => Verdict::ImplicitDeny,
    }
}

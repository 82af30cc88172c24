//! `AssumeRole`. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
//!
//! Assumption: the account's owner may assume roles here (AWS refuses its root user), since the one pair of keys
//! stands for whoever runs this cloud. The role's trust policy has to let the account in all the same.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Session, caller, root_arn};
use crate::services::iam::authorize::may;
use crate::services::iam::caller::Caller;
use crate::services::iam::condition::Context;
use crate::services::iam::document::{Kind, Policy};
use crate::services::iam::evaluate::trusts;
use crate::{AccessKeys, AwsError, Input, World};

const SHORTEST_SECONDS: i64 = 900;
const USUAL_SECONDS: i64 = 3600;
const LONGEST_SECONDS: i64 = 43_200;

pub(super) fn assume_role(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let role_arn = input.required_string("RoleArn")?;
    let name = session_name(input)?;
    let seconds = duration(input)?;
    let caller = caller(world, input);
    let caller_arn = caller.as_ref().map_or_else(|| root_arn(world), |caller| caller.arn.clone());
    // A session goes by its role's name as well.
    let callers: Vec<String> = caller
        .iter()
        .flat_map(|caller| [Some(caller.arn.clone()), caller.identity.map(|identity| identity.arn.clone())])
        .flatten()
        .collect();
    let denied = || {
        AwsError::new(
            403,
            "AccessDenied",
            format!(
                "User: {caller_arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            ),
        )
    };
    let role = world.iam.role_by_arn(role_arn).ok_or_else(denied)?;
    let settings = role.role.as_ref().ok_or_else(denied)?;
    let trust = Policy::parse(&settings.trust, Kind::Trust).map_err(|_| denied())?;

    let account = world.config.account_id.clone();
    let root = root_arn(world);
    let own: Vec<&str> = callers.iter().map(String::as_str).collect();
    let all: Vec<&str> = [account.as_str(), root.as_str()].into_iter().chain(own.iter().copied()).collect();
    let mut context = Context::default();
    context.set("aws:PrincipalAccount", vec![account.clone()]);
    context.set("aws:PrincipalArn", vec![callers.last().unwrap_or(&root).clone()]);
    context.set("sts:RoleSessionName", vec![name.to_owned()]);
    if let Some(id) = input.string("ExternalId") {
        context.set("sts:ExternalId", vec![id.to_owned()]);
    }
    // A condition that isn't evaluated doesn't open the door.
    let lets_in = |names: &[&str]| trusts(&trust, "sts:AssumeRole", names, &context).unwrap_or(false);
    // A trust in the whole account leaves it to the caller's own policies; one that names the caller needs none of those.
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
    let may_by_own =
        |caller: &Caller<'_>| may(world, caller, "sts:AssumeRole", role_arn, &caller.context(world)).is_ok();
    if !(lets_in(&all) && (lets_in(&own) || caller.as_ref().is_none_or(may_by_own))) {
        return Err(denied());
    }
    if seconds > settings.longest_session_seconds {
        return Err(AwsError::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if caller.is_some_and(|caller| caller.is_session()) && seconds > USUAL_SECONDS {
        return Err(AwsError::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let user_id = format!("{}:{name}", role.id);
    let arn = format!("arn:{}:sts::{account}:assumed-role/{}/{name}", world.config.partition, role.name);
    Ok(begin(world, role_arn, arn, user_id, seconds))
}

fn begin(world: &mut World, role_arn: &str, arn: String, user_id: String, seconds: i64) -> Value {
    let suffix = world.identities.alphanumeric(&format!("session {arn}"), 16).to_uppercase();
    let id = format!("ASIA{suffix}");
    let salt = &world.security_token.salt;
    let session = Session {
        keys: AccessKeys::new(id.clone(), salt.secret(&id)),
        token: salt.token(&id),
        issued: world.now,
        expires: world.now.after(Duration::from_secs(u64::try_from(seconds).unwrap_or_default())),
        arn,
        user_id,
        role_arn: role_arn.to_owned(),
    };
    let answer = json!({
        "Credentials": {
            "AccessKeyId": session.keys.access_key_id,
            "SecretAccessKey": session.keys.secret_access_key,
            "SessionToken": session.token,
            "Expiration": session.expires.iso8601(),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    });
    world.security_token.sessions.insert(id, session);
    answer
}

fn session_name(input: Input<'_>) -> Result<&str, AwsError> {
    let name = input.required_string("RoleSessionName")?;
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-')
    };
    if !(2..=64).contains(&name.len()) || !name.bytes().all(allowed) {
        let shown: String = name.chars().take(100).collect();
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{shown}' at 'roleSessionName' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
        )));
    }
    Ok(name)
}

fn duration(input: Input<'_>) -> Result<i64, AwsError> {
    let seconds = input.integer("DurationSeconds")?.unwrap_or(USUAL_SECONDS);
    let (bound, limit) = match seconds {
        ..SHORTEST_SECONDS => ("greater", SHORTEST_SECONDS),
        SHORTEST_SECONDS..=LONGEST_SECONDS => return Ok(seconds),
        _ => ("less", LONGEST_SECONDS),
    };
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must \
         have value {bound} than or equal to {limit}"
    )))
}

/// The credentials of a role for a machine of this cloud: an instance's profile or a job's role hands them out.
///
/// AWS renews them before they end. A process has them in its environment, where nobody can renew them, so these
/// don't end.
pub(super) fn for_machine(world: &mut World, role_arn: &str, session_name: &str) -> Option<Value> {
    const HUNDRED_YEARS_SECONDS: i64 = 100 * 365 * 24 * 3600;
    let role = world.iam.role_by_arn(role_arn)?;
    let (role_name, role_id) = (role.name.clone(), role.id.clone());
    let config = &world.config;
    let arn = format!(
        "arn:{}:sts::{}:assumed-role/{role_name}/{session_name}",
        config.partition, config.account_id
    );
    let user_id = format!("{role_id}:{session_name}");
    Some(begin(world, role_arn, arn, user_id, HUNDRED_YEARS_SECONDS))
}

//! Who signed a request: the account's owner, a user, or the session of a role; and what conditions may ask about them.

use super::Identity;
use super::condition::Context;
use crate::World;

pub(crate) use crate::services::security_token::CALLER;

/// A user or a role's session, whose policies decide. The owner, whose keys may do everything, is none.
#[derive(Debug, Clone)]
pub(crate) struct Caller<'w> {
    /// As refusals name it: a user's ARN, or a session's.
    pub(crate) arn: String,
    /// `AIDA…`, or `AROA…:session`.
    user_id: String,
    /// Whose policies decide; `None`: the user or the role is gone.
    pub(crate) identity: Option<&'w Identity>,
    /// When the temporary credentials were given, as `aws:TokenIssueTime` has it.
    issued: Option<String>,
    /// The service that calls in its name.
    via: Option<&'static str>,
}

impl<'w> Caller<'w> {
    /// Whose key this is; `None`: the owner's.
    pub(crate) fn of_key(world: &'w World, access_key_id: &str) -> Option<Caller<'w>> {
        if let Some(session) = world.security_token.session(access_key_id) {
            return Some(Caller {
                arn: session.arn.clone(),
                user_id: session.user_id.clone(),
                identity: world.iam.role_by_arn(&session.role_arn),
                issued: Some(session.issued.iso8601_seconds()),
                via: None,
            });
        }
        world.iam.key(access_key_id)?;
        let user = world.iam.user_of_key(access_key_id);
        let arn = user.map_or_else(|| format!("the user of {access_key_id}"), |user| user.arn.clone());
        let user_id = user.map(|user| user.id.clone()).unwrap_or_default();
        Some(Caller { arn, user_id, identity: user, issued: None, via: None })
    }

    /// A session that a service has begun for a role.
    pub(crate) fn in_role(role: &'w Identity, arn: String) -> Caller<'w> {
        let user_id = format!("{}:{}", role.id, arn.rsplit('/').next().unwrap_or_default());
        Caller { arn, user_id, identity: Some(role), issued: None, via: None }
    }

    /// The same, in whose name a service calls (a forward access session).
    pub(crate) fn via(self, service: &'static str) -> Caller<'w> {
        Caller { via: Some(service), ..self }
    }

    /// As STS tells it.
    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Whether it is a role's session.
    pub(crate) fn is_session(&self) -> bool {
        self.issued.is_some()
    }

    /// What is known of the caller and of the cloud at this moment.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    ///
    /// A key that isn't set here is one that this request doesn't have, and a condition on it is met as AWS meets it
    /// ("If the key that you specify in a policy condition is not present in the request context, the values do not match";
    /// a negated one holds). So are `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths` and `aws:ResourceOrgID`, for the account
    /// is in no organization; `aws:SourceVpc` and `aws:SourceVpce`, for no endpoint is passed; `aws:FederatedProvider`.
    ///
    /// Assumptions: requests count as sent over TLS, which a server on this machine has no use for; they come from
    /// 127.0.0.1, the only address it listens at; temporary credentials were begun without a second factor.
    pub(crate) fn context(&self, world: &World) -> Context {
        let mut context = Context::default();
        let mut set = |key: &str, value: &str| context.set(key, vec![value.to_owned()]);
        let account = &world.config.account_id;
        set("aws:PrincipalAccount", account);
        set("aws:ResourceAccount", account);
        set("aws:RequestedRegion", &world.config.region);
        set("aws:CurrentTime", &world.now.iso8601_seconds());
        set("aws:EpochTime", &(world.now.0 / 1000).to_string());
        set("aws:SecureTransport", "true");
        set("aws:SourceIp", "127.0.0.1");
        set("aws:PrincipalIsAWSService", "false");
        set("aws:userid", &self.user_id);
        set("aws:ViaAWSService", if self.via.is_some() { "true" } else { "false" });
        if let Some(service) = self.via {
            for key in ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"] {
                set(key, service);
            }
        }
        if let Some(issued) = &self.issued {
            set("aws:TokenIssueTime", issued);
            set("aws:MultiFactorAuthPresent", "false");
        }
        if let Some(identity) = self.identity {
            set("aws:PrincipalArn", &identity.arn);
            if identity.role.is_some() {
                set("aws:PrincipalType", "AssumedRole");
            } else {
                set("aws:PrincipalType", "User");
                set("aws:username", &identity.name);
            }
            for (key, value) in &identity.tags {
                set(&format!("aws:PrincipalTag/{key}"), value);
            }
        }
        context
    }
}

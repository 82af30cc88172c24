//! STS: who is calling, and temporary credentials for roles. The account has one owner here, whose keys are this
//! cloud's; users, and whoever assumes a role, may do what their policies allow ([`crate::services::iam`]).

mod assume;
mod session;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::descriptor::{Descriptor, QUERY, Rate, Target, changes, reads};
use crate::services::iam::caller::Caller;
use crate::{Input, World};

pub use session::{Salt, Session};

/// The parameter under which the wire says whose signature it has verified. No client can set it: the wire
/// overwrites it.
pub const CALLER: &str = "CallerAccessKeyId";

/// Temporary credentials.
#[derive(Debug, Clone, Default)]
pub struct SecurityToken {
    /// By access key id; those that have expired too, so that they are known as such.
    sessions: BTreeMap<String, Session>,
    /// What secrets are made with.
    salt: Salt,
}

impl SecurityToken {
    /// The session of an access key.
    #[must_use]
    pub fn session(&self, access_key_id: &str) -> Option<&Session> {
        self.sessions.get(access_key_id)
    }

    /// Make the secrets of sessions depend on the owner's secret: then they are the same in every run with the same
    /// keys, and nobody without them can foretell one.
    pub fn set_salt(&mut self, owner_secret: &str) {
        self.salt = Salt::new(owner_secret);
    }

    /// The secret of an access key.
    pub(crate) fn secret_of(&self, access_key_id: &str) -> String {
        self.salt.secret(access_key_id)
    }

    /// What sets this cloud apart from another one of the same seed on the same machine. Not secret.
    #[must_use]
    pub fn own_mark(&self) -> String {
        self.salt.mark()
    }

    /// Let the sessions of a machine end now: it is gone, or gets new ones.
    pub(crate) fn end_machine(&mut self, session_name: &str, now: crate::Timestamp) {
        let of_machine = self
            .sessions
            .values_mut()
            .filter(|session| session.user_id.split_once(':').is_some_and(|(_, name)| name == session_name));
        for session in of_machine {
            session.expires = session.expires.min(now);
        }
    }

    /// Let every session end now.
    pub fn expire_all(&mut self, now: crate::Timestamp) {
        for session in self.sessions.values_mut() {
            session.expires = session.expires.min(now);
        }
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "STS",
    signing_name: "sts",
    version: Some("2011-06-15"),
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    // "No permissions are required to perform this operation" (GetCallerIdentity); who may assume a role, its trust
    // policy says.
    target: Target::Unguarded,
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>: requests made with the account's
    // credentials.
    rates: &[Rate::shared("account", &["AssumeRole", "GetCallerIdentity"], 600)],
    operations: &[
        reads("GetCallerIdentity", |world, input| {
            let account = &world.config.account_id;
            Ok(match caller(world, input) {
                Some(caller) => {
                    json!({"UserId": caller.user_id(), "Account": account, "Arn": caller.arn})
                }
                None => json!({"UserId": account, "Account": account, "Arn": root_arn(world)}),
            })
        }),
        changes("AssumeRole", assume::assume_role),
    ],
    ..QUERY
};

/// The credentials that a role hands to a machine of this cloud; `None` when there is no such role.
pub(crate) fn for_machine(world: &mut World, role_arn: &str, session_name: &str) -> Option<Value> {
    assume::for_machine(world, role_arn, session_name)
}

/// The user or the session that signed a request; `None` when the owner's keys did.
fn caller<'w>(world: &'w World, input: Input<'_>) -> Option<Caller<'w>> {
    Caller::of_key(world, input.string(CALLER)?)
}

fn root_arn(world: &World) -> String {
    format!("arn:{}:iam::{}:root", world.config.partition, world.config.account_id)
}

#[cfg(test)]
mod tests;

//! Roles, and what each may do. The one place that decides.

use rusqlite::types::{FromSql, FromSqlResult, ValueRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, plans, approves, runs, stops and answers.
    Operator,
    /// All of it, and decides who else may.
    Admin,
}

/// What a role gives: something that may be done through the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Look at deployments and runs.
    Look,
    /// Draw up plans: nothing is changed.
    Plan,
    /// Approve a plan.
    Approve,
    /// Begin an approved plan's run; enter and leave maintenance; go on with a run.
    Run,
    /// Stop a run, or answer its question.
    Decide,
    /// Set or clear the banner.
    Announce,
    /// People, tokens, the audit trail.
    Administer,
    /// One's own password and sign-out.
    OwnAccount,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }

    /// As it is stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// From its word.
    #[must_use]
    pub fn named(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }

    /// What it may: after "may".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Role::Viewer => "look at everything, and change nothing",
            Role::Operator => "plan, approve, run, stop and answer",
            Role::Admin => "do all of it, and decide who else may",
        }
    }
}

impl Permission {
    /// The least role that may.
    #[must_use]
    pub fn least_role(self) -> Role {
        match self {
            Permission::Look | Permission::OwnAccount => Role::Viewer,
            Permission::Plan
            | Permission::Approve
            | Permission::Run
            | Permission::Decide
            | Permission::Announce => Role::Operator,
            Permission::Administer => Role::Admin,
        }
    }
}

/// As the file has it; a word that we don't know may least.
impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Role> {
        value.as_str().map(|word| Role::named(word).unwrap_or(Role::Viewer))
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, Role};

    #[test]
    fn each_role_may_what_it_may_and_no_more() {
        for (permission, viewer, operator) in [
            (Permission::Look, true, true),
            (Permission::OwnAccount, true, true),
            (Permission::Plan, false, true),
            (Permission::Approve, false, true),
            (Permission::Run, false, true),
            (Permission::Decide, false, true),
            (Permission::Announce, false, true),
            (Permission::Administer, false, false),
        ] {
            assert_eq!(Role::Viewer.may(permission), viewer, "viewer, {permission:?}");
            assert_eq!(Role::Operator.may(permission), operator, "operator, {permission:?}");
            assert!(Role::Admin.may(permission), "admin, {permission:?}");
        }
    }
}

//! Roles, and what each may do. The one place that decides.

/// What somebody may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, plans, approves, runs, stops and answers.
    Operator,
    /// All of it, and decides who else may.
    Admin,
}

/// Something that is done through the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
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

    /// Whether it may.
    #[must_use]
    pub fn may(self, deed: Deed) -> bool {
        self >= deed.least()
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

impl Deed {
    /// The least role that may.
    #[must_use]
    pub fn least(self) -> Role {
        match self {
            Deed::Look | Deed::OwnAccount => Role::Viewer,
            Deed::Plan | Deed::Approve | Deed::Run | Deed::Decide | Deed::Announce => Role::Operator,
            Deed::Administer => Role::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deed, Role};

    #[test]
    fn each_role_may_what_it_may_and_no_more() {
        for (deed, viewer, operator) in [
            (Deed::Look, true, true),
            (Deed::OwnAccount, true, true),
            (Deed::Plan, false, true),
            (Deed::Approve, false, true),
            (Deed::Run, false, true),
            (Deed::Decide, false, true),
            (Deed::Announce, false, true),
            (Deed::Administer, false, false),
        ] {
            assert_eq!(Role::Viewer.may(deed), viewer, "viewer, {deed:?}");
            assert_eq!(Role::Operator.may(deed), operator, "operator, {deed:?}");
            assert!(Role::Admin.may(deed), "admin, {deed:?}");
        }
    }
}

//! The hooks of an account (CloudFormation Hooks): which will look at an update, and what they found. Somebody else's rules, which
//! no plan knows: they are told, and stop nothing that AWS itself doesn't stop.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// As many as anybody reads.
const SHOWN: usize = 10;

/// Which hooks will look at what a change set does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HooksSeen {
    /// In AWS's order.
    pub planned: Vec<PlannedHook>,
    /// Why that isn't all that could be known, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// A hook that will look at a resource before it is touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedHook {
    /// Such as `Acme::Guard::Hook`.
    pub type_name: String,
    /// `FAIL` or `WARN`.
    pub failure_mode: String,
    /// The resource.
    pub logical_id: String,
}

impl HooksSeen {
    /// What a person is told of them, a sentence each; `stack`: whose update it is, in words.
    #[must_use]
    pub fn remarks(&self, stack: &str) -> Vec<String> {
        let HooksSeen { planned, unread } = self;
        let mut remarks = Vec::new();
        if !planned.is_empty() {
            let resources: BTreeSet<&str> = planned.iter().map(|hook| hook.logical_id.as_str()).collect();
            let (counted, it) = match resources.len() {
                1 => ("one resource".to_owned(), "it is"),
                several => (format!("{several} resources"), "each is"),
            };
            let mut named: Vec<String> = planned.iter().take(SHOWN).map(ToString::to_string).collect();
            if planned.len() > SHOWN {
                named.push(format!("and {} more", planned.len() - SHOWN));
            }
            remarks.push(format!(
                "{stack}: the account's hooks will look at {counted} before {it} touched: {}",
                named.join(", ")
            ));
        }
        if let Some(why) = unread {
            remarks.push(format!("{stack}: which of the account's hooks will look at its update {why}"));
        }
        remarks
    }
}

impl fmt::Display for PlannedHook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlannedHook { type_name, failure_mode, logical_id } = self;
        write!(formatter, "{type_name} ({failure_mode}) at {logical_id}")
    }
}

/// What a hook found in a resource, or in a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookFinding {
    /// Such as `Acme::Guard::Hook`.
    pub type_name: String,
    /// `FAIL`, or `WARN`: the operation goes on.
    pub failure_mode: String,
    /// What it found, in its own words.
    pub reason: String,
    /// What it advises, piece by piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// Why its advice isn't known, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice_unread: Option<String>,
}

impl HookFinding {
    /// Whether what it looked at goes on all the same.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.failure_mode == "WARN"
    }
}

impl fmt::Display for HookFinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HookFinding { type_name, failure_mode, reason, advice, advice_unread } = self;
        write!(formatter, "{type_name} ({failure_mode}): {reason}")?;
        if !advice.is_empty() {
            write!(formatter, "; it advises: {}", advice.join("; "))?;
        }
        match advice_unread {
            Some(why) => write!(formatter, "; what it advises {why}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HookFinding, HooksSeen, PlannedHook};

    fn planned(number: usize) -> PlannedHook {
        PlannedHook {
            type_name: "Acme::Guard::Hook".to_owned(),
            failure_mode: "FAIL".to_owned(),
            logical_id: format!("R{number}"),
        }
    }

    #[test]
    fn ten_hooks_are_named_and_the_others_counted() {
        let some = |count: usize, unread: Option<&str>| {
            let planned = (0..count).map(planned).collect();
            HooksSeen { planned, unread: unread.map(str::to_owned) }.remarks("stack")
        };
        assert_eq!(some(0, None), Vec::<String>::new());
        assert_eq!(
            some(1, None),
            [
                "stack: the account's hooks will look at one resource before it is touched: Acme::Guard::Hook (FAIL) at R0"
            ]
        );
        let many = some(12, Some("can't be read")).join("\n");
        assert!(many.contains("look at 12 resources") && many.contains("at R9, and 2 more\n"), "{many}");
        assert!(
            many.ends_with("stack: which of the account's hooks will look at its update can't be read"),
            "{many}"
        );
    }

    #[test]
    fn a_finding_is_told_with_its_advice_or_why_there_is_none() {
        let mut found = HookFinding {
            type_name: "Acme::Guard::Hook".to_owned(),
            failure_mode: "WARN".to_owned(),
            reason: "no tags".to_owned(),
            advice: Vec::new(),
            advice_unread: None,
        };
        assert_eq!(found.to_string(), "Acme::Guard::Hook (WARN): no tags");
        found.advice = vec!["add one".to_owned(), "or two".to_owned()];
        assert_eq!(found.to_string(), "Acme::Guard::Hook (WARN): no tags; it advises: add one; or two");
        found.advice.clear();
        found.advice_unread = Some("can't be read".to_owned());
        assert_eq!(found.to_string(), "Acme::Guard::Hook (WARN): no tags; what it advises can't be read");
    }
}

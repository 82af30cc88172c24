//! The hooks that the account has (CloudFormation Hooks): who looks at a change before it is made, and what they find. They are
//! in the document of faults because no API of this cloud registers them.

use serde::{Deserialize, Serialize};

/// The reason becomes part of a sentence that AWS keeps within 1,024 characters (API reference, `HookStatusReason`).
const LONGEST_WORDS: usize = 900;

/// A hook of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountHook {
    /// Its name, such as `Acme::Guard::Hook`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The name of the stack at which it looks, or `*`.
    pub stack: String,
    /// The resource at which it looks, by its name in the template, or `*`.
    #[serde(default = "any", skip_serializing_if = "is_any")]
    pub logical_id: String,
    /// What it looks at.
    #[serde(default)]
    pub target: HookTarget,
    /// What follows when it finds something.
    #[serde(default)]
    pub mode: HookFailureMode,
    /// Whether it finds something.
    #[serde(default)]
    pub fails: bool,
    /// What it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it advises: the `RemediationMessage` of its annotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// What a hook looks at (Hooks user guide, "Hook targets").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HookTarget {
    /// Each resource before it is made or changed.
    #[default]
    Resource,
    /// A change set, when it is made.
    ChangeSet,
}

/// What follows when a hook finds something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HookFailureMode {
    /// What it looks at fails.
    #[default]
    Fail,
    /// It is told, and goes on.
    Warn,
}

impl HookFailureMode {
    /// As AWS writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HookFailureMode::Fail => "FAIL",
            HookFailureMode::Warn => "WARN",
        }
    }
}

fn any() -> String {
    "*".to_owned()
}

fn is_any(pattern: &String) -> bool {
    pattern == "*"
}

impl AccountHook {
    /// Whether it looks at this resource.
    pub(super) fn looks_at_resource(&self, stack: &str, logical_id: &str) -> bool {
        self.target == HookTarget::Resource
            && self.is_of_stack(stack)
            && (is_any(&self.logical_id) || self.logical_id == logical_id)
    }

    /// Whether it looks at this stack's change sets.
    pub(super) fn looks_at_change_sets(&self, stack: &str) -> bool {
        self.target == HookTarget::ChangeSet && self.is_of_stack(stack)
    }

    fn is_of_stack(&self, stack: &str) -> bool {
        is_any(&self.stack) || self.stack == stack
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let parts: Vec<&str> = self.type_name.split("::").collect();
        let is_part = |part: &&str| {
            (2..=64).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if parts.len() != 3 || !parts.iter().all(is_part) {
            return Some("type must be of the form Acme::Guard::Hook");
        }
        if self.target == HookTarget::ChangeSet && !is_any(&self.logical_id) {
            return Some("a hook of change sets looks at no resource: leave logical_id out");
        }
        let advice = self.advice.as_deref().unwrap_or_default();
        if self.reason.len() > LONGEST_WORDS || advice.len() > LONGEST_WORDS {
            return Some("reason and advice must be at most 900 bytes long");
        }
        None
    }
}

//! A resource of a stack, as the engine asks for it and as the service behind it gives it.
//!
//! `create` and `update` of a [`ResourceType`] act at once and say how long AWS would take; the engine waits that long
//! before it reports the operation complete. `delete` begins the removal; `finish_delete` ends it.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use template::Value;

use crate::identity::Identities;
use crate::{AwsError, World};

/// The stack a resource belongs to.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The stack's name.
    pub stack_name: String,
    /// The stack's ARN.
    pub stack_id: String,
    /// Tags of the stack, which CloudFormation hands on to taggable resources.
    pub tags: Vec<(String, String)>,
    /// The role that CloudFormation works as; `None`: with whatever its caller may do.
    pub role_arn: Option<String>,
}

/// A resource as the template wants it.
#[derive(Debug, Clone)]
pub struct Desired<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// The resource's name in the template.
    pub logical_id: &'a str,
    /// Such as `AWS::Batch::JobQueue`.
    pub type_name: &'a str,
    /// Fully evaluated properties.
    pub properties: &'a IndexMap<String, Value>,
    /// What it was created or last updated with; `None` on creation.
    pub previous: Option<&'a IndexMap<String, Value>>,
    /// Its physical id; `None` on creation.
    pub physical_id: Option<&'a str>,
    /// Whether this undoes what a failed operation did. A handler of a resource type is told the same
    /// (`ResourceHandlerRequest.rollback`), and some do otherwise then: what can't shrink stays as large as it is.
    pub undoes: bool,
}

impl Desired<'_> {
    /// The tags that CloudFormation puts on every resource that can have any.
    #[must_use]
    pub fn system_tags(&self) -> [(&'static str, &str); 3] {
        [
            ("aws:cloudformation:stack-name", self.owner.stack_name.as_str()),
            ("aws:cloudformation:logical-id", self.logical_id),
            ("aws:cloudformation:stack-id", self.owner.stack_id.as_str()),
        ]
    }

    /// The stack's tags, the template's over them, and over both CloudFormation's own three.
    #[must_use]
    pub fn tags(&self, given: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
        let mut tags: BTreeMap<String, String> = self.owner.tags.iter().cloned().collect();
        tags.extend(given);
        tags.extend(self.system_tags().map(|(key, value)| (key.to_owned(), value.to_owned())));
        tags
    }

    /// A name as most services' handlers make them up.
    pub fn generated_name(&self, identities: &mut Identities) -> String {
        let (stack, id) = (&self.owner.stack_name, self.logical_id);
        let suffix = identities.alphanumeric(&format!("{stack} {id}"), 12);
        format!("{stack}-{id}-{suffix}")
    }

    /// The physical id of a resource that exists; empty on creation.
    #[must_use]
    pub fn id(&self) -> &str {
        self.physical_id.unwrap_or_default()
    }
}

/// A resource as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Provisioned {
    /// What `Ref` gives, unless the type's facts say otherwise.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, Value>,
    /// What the service adds to the type's usual duration (an instance to drain, say).
    pub extra: Duration,
}

impl Provisioned {
    /// An attribute that is text; empty where it is none.
    #[must_use]
    pub fn text(&self, attribute: &str) -> &str {
        match self.attributes.get(attribute) {
            Some(Value::String(text)) => text,
            Some(_) | None => "",
        }
    }
}

/// Whether a resource has come to rest, asked when its usual time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stability {
    /// The operation is complete.
    Stable,
    /// Not yet: look again after so long.
    Again(Duration),
    /// CloudFormation waits no longer.
    Failed(ProvisionError),
}

/// A refusal by the service behind a resource, in that service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ProvisionError {
    /// `ResourceStatusReason` of the failed event.
    pub reason: String,
}

impl From<AwsError> for ProvisionError {
    fn from(error: AwsError) -> ProvisionError {
        ProvisionError { reason: error.message }
    }
}

/// A type of resources, and how its service makes, changes and removes one. What a type doesn't say for itself is
/// simulated from its facts ([`crate::generic::ANY`]).
#[derive(Debug)]
pub struct ResourceType {
    /// Such as `AWS::Batch::JobQueue`.
    pub name: &'static str,
    /// Make it.
    pub create: fn(&mut World, &Desired<'_>) -> Result<Provisioned, ProvisionError>,
    /// Change it in place; `previous` and `physical_id` are given.
    pub update: fn(&mut World, &Desired<'_>) -> Result<Provisioned, ProvisionError>,
    /// Begin to remove it; gives what that adds to the type's usual duration.
    pub delete: fn(&mut World, &Desired<'_>) -> Result<Duration, ProvisionError>,
    /// The removal's time is over: it is gone. By type and physical id, as those below that take no [`Desired`].
    pub finish_delete: fn(&mut World, &str, &str),
    /// Leave a snapshot before it is deleted, as the policy `Snapshot` asks for; gives the snapshot's id, `None` where
    /// the type knows no snapshots.
    pub leave_snapshot: fn(&mut World, &Desired<'_>) -> Result<Option<String>, ProvisionError>,
    /// Whether one that was created or updated has come to rest, by its physical id.
    pub stability: fn(&mut World, &str) -> Stability,
    /// After how long to look again at a removal that takes longer than was thought; asked before `check_deleted`.
    pub looks_again: fn(&mut World, &str) -> Option<Duration>,
    /// Whether a removal whose time is over has succeeded, asked before `finish_delete`; the error is the reason of
    /// DELETE_FAILED.
    pub check_deleted: fn(&World, &str) -> Result<(), ProvisionError>,
    /// The ARN that a role's permission is checked on.
    pub arn: ArnForm,
    /// How drift detection learns what has become of it; `None`: it is taken for unchanged.
    pub live: Option<Live>,
}

/// The ARN of a resource, or the one that it would get, after the service, Region and account.
#[derive(Debug, Clone, Copy)]
pub enum ArnForm {
    /// As its physical id or an attribute says.
    Facts,
    /// Of this service, this prefix and the physical id (without a slash at its beginning).
    Id(&'static str, &'static str),
    /// Of this service, this prefix and what a property says; `*` where it says nothing.
    Property(&'static str, &'static str, &'static str),
    /// Of this service and this prefix, with a made-up name unless the property (if there is one) has it.
    Name(&'static str, &'static str, Option<&'static str>),
    /// From the name that the property has, or a made-up one.
    Computed(&'static str, fn(&World, &Desired<'_>, &str) -> String),
}

/// How drift detection learns what has become of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    /// What its service says of it, by its physical id; `None` when it is gone.
    pub ask: fn(&World, &str) -> Option<serde_json::Value>,
    /// The property under which the properties below stand, if not at the top.
    pub within: Option<&'static str>,
    /// Properties that people and maintenance change without CloudFormation, and what they are called in the answer.
    pub properties: &'static [(&'static str, &'static str)],
}

/// The value at a JSON pointer of an answer.
pub fn answer_at(answer: Result<serde_json::Value, AwsError>, pointer: &str) -> Option<serde_json::Value> {
    answer.ok()?.pointer_mut(pointer).map(serde_json::Value::take)
}

/// Whether a resource's provider is the template author's own function or topic.
#[must_use]
pub fn is_custom(type_name: &str) -> bool {
    type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource"
}

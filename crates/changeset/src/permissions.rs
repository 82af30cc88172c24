//! The least set of IAM actions that an update needs, by why it needs them.
//!
//! Of each resource that changes, the permissions that its published handlers name, by what is done with it.
//! Listing, reading and drift are left out where nothing reads. AWS's handlers name what they may call, so
//! some of it will not be called.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use template::ParameterType;

use crate::change_set::PolicyAction;
use crate::expect::{Expectation, Expected};
use crate::facts::{self, Handler, Handlers};
use crate::predict::Side;

/// What the update needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// The actions by why they are needed; an action may stand in several groups.
    pub groups: BTreeMap<Why, PermissionGroup>,
    /// Types that change and whose handlers aren't published, so that their actions are not in here.
    pub unknown_types: BTreeSet<String>,
}

/// Why actions are needed. The first is for whoever runs the update, the others for the role that
/// CloudFormation assumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// To make, read and execute the change set and to follow it.
    ChangeSet,
    /// To read the values of SSM parameter types.
    ReadParameters,
    /// To create what is added or replaced.
    Create,
    /// To change what stays.
    Update,
    /// To delete what is removed or replaced.
    Delete,
    /// To hand roles to services.
    PassRole,
    /// To take the update back if it fails: what was made is deleted.
    RollBack,
}

impl Why {
    /// The statement's id in a policy document.
    pub fn statement_id(self) -> &'static str {
        match self {
            Why::ChangeSet => "ChangeSet",
            Why::ReadParameters => "ReadParameters",
            Why::Create => "Create",
            Why::Update => "Update",
            Why::Delete => "Delete",
            Why::PassRole => "PassRole",
            Why::RollBack => "RollBack",
        }
    }
}

/// The actions of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionGroup {
    /// The IAM actions.
    pub actions: BTreeSet<String>,
    /// The resources that need them, by logical id.
    pub because_of: BTreeSet<String>,
}

/// What CloudFormation's own API asks of whoever runs an update through a change set and watches it.
const CHANGE_SET: [&str; 9] = [
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
];

/// The permissions that the expected update needs. `after` is the new template with its parameters.
pub fn permissions(expectations: &[Expectation], after: &Side<'_>) -> Permissions {
    let mut made = Permissions::default();
    made.add(Why::ChangeSet, CHANGE_SET, None);
    if after
        .parameters()
        .0
        .values()
        .any(|parameter| matches!(parameter.type_name, ParameterType::SsmParameterValue(_)))
    {
        made.add(Why::ReadParameters, ["ssm:GetParameters"], None);
    }
    for one in expectations {
        let needs = needs(one);
        if needs.is_empty() {
            continue;
        }
        let Some(handlers) =
            facts::resource_type(&one.resource_type).and_then(|facts| facts.handlers.as_ref())
        else {
            made.unknown_types.insert(one.resource_type.clone());
            continue;
        };
        for why in needs {
            let actions = handler(handlers, why)
                .into_iter()
                .flat_map(|handler| handler.permissions.iter().map(String::as_str));
            let (pass_role, actions): (Vec<&str>, Vec<&str>) =
                actions.partition(|action| *action == "iam:PassRole");
            made.add(why, actions, Some(&one.logical_id));
            if !pass_role.is_empty() {
                made.add(Why::PassRole, pass_role, Some(&one.logical_id));
            }
        }
    }
    made
}

impl Permissions {
    fn add<'p>(&mut self, why: Why, actions: impl IntoIterator<Item = &'p str>, because_of: Option<&str>) {
        let group = self.groups.entry(why).or_default();
        group.actions.extend(actions.into_iter().map(str::to_owned));
        group.because_of.extend(because_of.map(str::to_owned));
    }

    /// Every action once.
    pub fn actions(&self) -> BTreeSet<&str> {
        self.groups.values().flat_map(|group| group.actions.iter().map(String::as_str)).collect()
    }

    /// A policy document with a statement for each reason. Resources are `*`: which ARNs a handler touches is
    /// not published.
    pub fn policy_document(&self) -> Json {
        let statements = self.groups.iter().filter(|(_, group)| !group.actions.is_empty()).map(|(why, group)| {
            json!({"Sid": why.statement_id(), "Effect": "Allow", "Action": group.actions, "Resource": "*"})
        });
        json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
    }
}

/// What is done with a resource, going forward and taking it back.
fn needs(one: &Expectation) -> Vec<Why> {
    let deletes = matches!(
        one.old_resource,
        Some(
            PolicyAction::Delete
                | PolicyAction::Snapshot
                | PolicyAction::ReplaceAndDelete
                | PolicyAction::ReplaceAndSnapshot
        )
    );
    let mut needs = match one.expected {
        Expected::Unchanged => Vec::new(),
        Expected::Added => vec![Why::Create, Why::RollBack],
        Expected::MayBeUpdated | Expected::UpdatedInPlace | Expected::InstancesReplaced | Expected::Fails => {
            vec![Why::Update]
        }
        Expected::MayBeReplaced => vec![Why::Update, Why::Create, Why::RollBack],
        Expected::Replaced => vec![Why::Create, Why::RollBack],
        Expected::Removed => Vec::new(),
    };
    if deletes {
        needs.push(Why::Delete);
    }
    needs
}

fn handler(handlers: &Handlers, why: Why) -> Option<&Handler> {
    match why {
        Why::Create => handlers.create.as_ref(),
        Why::Update => handlers.update.as_ref(),
        Why::Delete | Why::RollBack => handlers.delete.as_ref(),
        Why::ChangeSet | Why::ReadParameters | Why::PassRole => None,
    }
}

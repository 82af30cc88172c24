//! The role that a function or a schedule works as, with the policies that it was given.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::generated::Generated;
use super::policy_templates;
use super::problem::{Expanded, unknown, wrong};
use super::tree::{Map, list, map};
use crate::node::Node;

/// `sts:AssumeRole` for a service.
pub(super) fn assumed_by(service: &str) -> Node {
    map! {
        "Version" => "2012-10-17",
        "Statement" => list![map! {
            "Action" => list!["sts:AssumeRole"],
            "Effect" => "Allow",
            "Principal" => map! {"Service" => list![service]},
        }],
    }
}

/// A policy that allows actions on resources.
pub(super) fn allowing(name: impl Into<String>, statements: &[(&str, &Node)]) -> Node {
    let statement = |(action, resource): &(&str, &Node)| {
        map! {"Action" => *action, "Effect" => "Allow", "Resource" => *resource}
    };
    map! {
        "PolicyName" => name.into(),
        "PolicyDocument" => map! {"Statement" => statements.iter().map(statement).collect::<Vec<_>>()},
    }
}

/// The ARN of a policy of AWS's own.
pub(super) fn aws_policy_arn(partition: &str, path: &str) -> String {
    format!("arn:{partition}:iam::aws:policy/{path}")
}

/// The paths of AWS's own policies by their names, each with the partitions that have it.
static AWS_POLICIES: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/managed-policies.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some((line.split(' ').next()?.rsplit('/').next()?, line))).collect()
});

/// The ARN of one of AWS's own policies that is given by its name.
fn aws_policy_named(partition: &str, name: &str) -> Option<String> {
    let short = match partition {
        "aws" => "aws",
        "aws-cn" => "cn",
        "aws-us-gov" => "gov",
        "aws-eusc" => "eusc",
        _ => return None,
    };
    let mut words = AWS_POLICIES.get(name)?.split(' ');
    let path = words.next()?;
    words.any(|word| word == short).then(|| aws_policy_arn(partition, path))
}

/// What kind of policy stands in a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The name or the ARN of a policy, or a function that gives it.
    Managed,
    /// A document.
    Document,
    /// A policy template with its parameters.
    Template,
    Other,
}

/// What a role is made of.
pub(super) struct Role<'a> {
    /// The logical id of what works as it.
    pub(super) owner: &'a str,
    pub(super) attributes: &'a Map,
    pub(super) partition: &'a str,
    pub(super) assumed: Node,
    /// The property `Policies`.
    pub(super) policies: Option<&'a Node>,
    pub(super) managed_arns: Vec<Node>,
    pub(super) documents: Vec<Node>,
    pub(super) path: Option<&'a Node>,
    pub(super) boundary: Option<&'a Node>,
    pub(super) tags: Vec<Node>,
}

impl Role<'_> {
    /// The role as a resource.
    ///
    /// # Errors
    /// Policies that are none, or that aren't known here.
    pub(super) fn generate(self) -> Expanded<Generated> {
        let Role { owner, attributes, partition, assumed, policies, mut managed_arns, mut documents, .. } =
            self;
        let mut role = Generated::new(format!("{owner}Role"), "AWS::IAM::Role", attributes);
        for (index, policy) in listed(policies).iter().enumerate() {
            // Also of what a template stands for, both choices of a function must be of one kind.
            kind(owner, policy)?;
            let policy = policy_templates::written_out(owner, policy)?;
            match kind(owner, &policy)? {
                Kind::Document => {
                    let name = format!("{}Policy{index}", role.logical_id);
                    let named = |document: &Node| {
                        Ok(map! {"PolicyName" => name.clone(), "PolicyDocument" => document})
                    };
                    documents.push(each_choice(&policy, &named)?);
                }
                Kind::Managed => {
                    let arn = each_choice(&policy, &|one| managed_arn(owner, partition, one))?;
                    if !managed_arns.contains(&arn) {
                        managed_arns.push(arn);
                    }
                }
                Kind::Template | Kind::Other => {
                    return unknown(
                        owner,
                        &policy,
                        format!(
                            "the policy at place {index} of Policies, which is neither a name, a document nor a policy template known here"
                        ),
                    );
                }
            }
        }
        role.set("AssumeRolePolicyDocument", assumed);
        role.set("ManagedPolicyArns", managed_arns);
        if !documents.is_empty() {
            role.set("Policies", documents);
        }
        role.set_some("Path", self.path);
        role.set_some("PermissionsBoundary", self.boundary);
        role.set("Tags", self.tags);
        Ok(role)
    }
}

/// `Policies`, always as a list.
fn listed(policies: Option<&Node>) -> Vec<Node> {
    match policies.filter(|node| node.is_something()) {
        None => Vec::new(),
        Some(node) => node.as_sequence().map_or_else(|| vec![node.clone()], <[Node]>::to_vec),
    }
}

/// A policy, or both choices of an `Fn::If` of policies, changed.
fn each_choice(policy: &Node, change: &dyn Fn(&Node) -> Expanded<Node>) -> Expanded<Node> {
    let Some([condition, yes, no]) = policy.if_arguments().and_then(Node::as_sequence) else {
        return change(policy);
    };
    let choice = |one: &Node| if one.is_no_value() { Ok(one.clone()) } else { change(one) };
    Ok(map! {"Fn::If" => list![condition, choice(yes)?, choice(no)?]})
}

fn managed_arn(owner: &str, partition: &str, policy: &Node) -> Expanded<Node> {
    let Some(name) = policy.as_str() else {
        return Ok(policy.clone());
    };
    match aws_policy_named(partition, name) {
        Some(arn) => Ok(Node::string(arn, policy.at)),
        None if name.starts_with("arn:") => Ok(policy.clone()),
        None => {
            unknown(owner, policy, format!("the policy {name}, of which AWS may know the ARN; write its ARN"))
        }
    }
}

fn kind(owner: &str, policy: &Node) -> Expanded<Kind> {
    if let Some(arguments) = policy.if_arguments() {
        let Some([_, yes, no]) = arguments.as_sequence() else {
            return wrong(owner, policy, "Fn::If takes a condition and two values");
        };
        let (first, second) = (kind(owner, yes)?, kind(owner, no)?);
        return match (yes.is_no_value(), no.is_no_value()) {
            _ if first == second => Ok(first),
            (true, _) => Ok(second),
            (_, true) => Ok(first),
            _ => wrong(
                owner,
                policy,
                "both choices of a Fn::If in Policies must be of one kind; write two of them",
            ),
        };
    }
    Ok(if policy.as_str().is_some() || policy.is_function() {
        Kind::Managed
    } else if policy.get("Statement").is_some() {
        Kind::Document
    } else if policy_templates::is_one(policy) {
        Kind::Template
    } else {
        Kind::Other
    })
}

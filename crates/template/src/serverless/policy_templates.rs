//! The policy templates: names for what a function is often allowed, with the parameters that say of what.
//!
//! What each allows is `data/policy-templates.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::problem::{Expanded, wrong};
use super::tree::{list, map};
use crate::node::Node;

/// A policy template.
#[derive(Debug, Default)]
struct PolicyTemplate {
    parameters: Vec<&'static str>,
    statements: Vec<Statement>,
}

/// What a statement allows.
#[derive(Debug, Default)]
struct Statement {
    actions: Words,
    resources: Words,
    /// Key and value of a `StringEquals`.
    when: Option<(&'static str, &'static str)>,
}

/// One or more words; whether they are written as a list.
#[derive(Debug, Default)]
struct Words {
    words: Vec<&'static str>,
    listed: bool,
}

static TEMPLATES: LazyLock<BTreeMap<&'static str, PolicyTemplate>> = LazyLock::new(|| {
    let mut templates = BTreeMap::new();
    let mut name = "";
    for line in include_str!("../../data/policy-templates.txt").lines().filter(|line| !line.starts_with('#'))
    {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else {
            continue;
        };
        let rest: Vec<&'static str> = words.collect();
        if !line.starts_with(' ') {
            name = first;
            templates.insert(name, PolicyTemplate { parameters: rest, statements: Vec::new() });
            continue;
        }
        let Some(template) = templates.get_mut(name) else {
            continue;
        };
        let words = Words { words: rest, listed: first.ends_with('*') };
        match (first, template.statements.last_mut()) {
            ("action" | "action*", _) => {
                template.statements.push(Statement { actions: words, ..Statement::default() });
            }
            ("resource" | "resource*", Some(statement)) => statement.resources = words,
            ("when", Some(statement)) => {
                statement.when = words.words.first().copied().zip(words.words.get(1).copied());
            }
            _ => {}
        }
    }
    templates
});

/// Whether this is a policy template with its parameters.
pub(super) fn is_one(policy: &Node) -> bool {
    policy.only_entry().is_some_and(|(name, _)| TEMPLATES.contains_key(name))
}

/// The document that a policy template stands for, also inside a `Fn::If`; any other policy as it is.
///
/// # Errors
/// Parameters that are missing.
pub(super) fn written_out(of: &str, policy: &Node) -> Expanded<Node> {
    if let Some([condition, yes, no]) = policy.if_arguments().and_then(Node::as_sequence) {
        let (yes, no) = (document(of, yes)?, document(of, no)?);
        return Ok(map! {"Fn::If" => list![condition, yes, no]});
    }
    document(of, policy)
}

fn document(of: &str, policy: &Node) -> Expanded<Node> {
    let Some((name, template)) = policy.only_entry().and_then(|(name, _)| Some((name, TEMPLATES.get(name)?)))
    else {
        return Ok(policy.clone());
    };
    let given = policy.get(name).filter(|given| given.as_mapping().is_some());
    let missing = template.parameters.iter().find(|one| given.and_then(|given| given.get(one)).is_none());
    let (Some(given), None) = (given, missing) else {
        let needed = template.parameters.join(" and ");
        let reason = match needed.is_empty() {
            true => format!("the policy template {name} takes an empty map"),
            false => format!("the policy template {name} needs {needed}"),
        };
        return wrong(of, policy, reason);
    };
    let address = |pattern: &str| address(&template.parameters, given, pattern);
    let statement = |one: &Statement| {
        let mut made = map! {
            "Action" => words(&one.actions, &|word| Node::from(word)),
            "Effect" => "Allow",
            "Resource" => words(&one.resources, &address),
        };
        if let Some((key, value)) = one.when {
            made.put("Condition", map! {"StringEquals" => map! {key => address(value)}});
        }
        made
    };
    Ok(map! {"Statement" => template.statements.iter().map(statement).collect::<Vec<_>>()})
}

fn words(words: &Words, node: &dyn Fn(&str) -> Node) -> Node {
    match words.words.as_slice() {
        [one] if !words.listed => node(one),
        many => Node::from(many.iter().map(|word| node(word)).collect::<Vec<_>>()),
    }
}

/// An address with the values of its variables: `Fn::Sub` where it has any.
fn address(parameters: &[&str], given: &Node, pattern: &str) -> Node {
    let mut variables = Node::from_pairs([]);
    for name in pattern.split("${").skip(1).filter_map(|after| after.split('}').next()) {
        let parameter = parameters.iter().find(|parameter| parameter.eq_ignore_ascii_case(name));
        if let Some(value) = parameter.and_then(|parameter| given.get(parameter)) {
            variables.put(name, value);
        }
    }
    if variables.is_something() {
        map! {"Fn::Sub" => list![pattern, variables]}
    } else if pattern.contains("${") {
        map! {"Fn::Sub" => pattern}
    } else {
        Node::from(pattern)
    }
}

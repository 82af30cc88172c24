//! Which parameters, resources and pseudo parameters a node refers to, in the branches that are taken.

use crate::evaluation::{Evaluation, is_pseudo_parameter};
use crate::function::{Call, Function, GetAttArguments, get_att_arguments, value_call};
use crate::node::{Node, NodeKind, Position};
use crate::substitution::{Piece, pieces};

/// A reference, and where it stands (for `Fn::Sub` where its text begins).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it refers to.
    pub target: ReferenceTarget,
    /// Where it stands.
    pub at: Position,
}

/// What a reference refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReferenceTarget {
    /// A parameter of the template.
    Parameter(String),
    /// A resource of the template, by `Ref` (no attribute) or `Fn::GetAtt`.
    Resource {
        /// Its logical id.
        logical_id: String,
        /// The attribute, `None` for `Ref`.
        attribute: Option<String>,
    },
    /// A pseudo parameter such as `AWS::Region` (`AWS::NoValue` among them).
    Pseudo(String),
}

impl Evaluation<'_> {
    /// Every reference in a node, in order, repeated ones repeated. Of `Fn::If` only the branch that is taken
    /// counts; names the template doesn't have are left out.
    pub fn references(&self, node: &Node) -> Vec<Reference> {
        let mut found = Vec::new();
        self.collect(node, &mut found, &mut Vec::new());
        found
    }

    fn collect(&self, node: &Node, found: &mut Vec<Reference>, included: &mut Vec<String>) {
        let Some(call) = value_call(node) else {
            for child in node.children() {
                self.collect(child, found, included);
            }
            if let Some(argument) = node.get("Fn::Transform") {
                self.collect_include(argument, found, included);
            }
            return;
        };
        match call.function {
            Function::Ref => match call.argument.as_str() {
                Some(name) => self.push(name, None, call.argument.at, found),
                None => self.collect(call.argument, found, included),
            },
            Function::GetAtt => self.collect_get_att(call, found, included),
            Function::Sub => self.collect_substitution(call, found, included),
            Function::If => match call.list() {
                Some([condition, holds, fails]) => {
                    match condition.as_str().and_then(|name| self.condition(name)) {
                        Some(true) => self.collect(holds, found, included),
                        Some(false) => self.collect(fails, found, included),
                        None => self.collect(call.argument, found, included),
                    }
                }
                None => self.collect(call.argument, found, included),
            },
            Function::Transform => {
                self.collect(call.argument, found, included);
                self.collect_include(call.argument, found, included);
            }
            _ => self.collect(call.argument, found, included),
        }
    }

    fn collect_get_att(&self, call: Call<'_>, found: &mut Vec<Reference>, included: &mut Vec<String>) {
        match get_att_arguments(call.argument) {
            Some(GetAttArguments::Dotted(logical_id, attribute)) => {
                self.push(logical_id, Some(attribute), call.argument.at, found);
            }
            Some(GetAttArguments::Two(logical_id, attribute)) => {
                match (logical_id.as_str(), attribute.scalar_text()) {
                    (Some(id), Some(attribute)) => {
                        self.push(id, Some(attribute), call.argument.at, found);
                    }
                    // The attribute may be a reference to a parameter.
                    (Some(id), None) => {
                        let name = self.evaluate(attribute, &crate::evaluation::NoResources);
                        let name = name.as_ref().ok().and_then(|value| value.scalar_text());
                        self.push(id, Some(name.unwrap_or_default()), call.argument.at, found);
                        self.collect(attribute, found, included);
                    }
                    (None, _) => self.collect(call.argument, found, included),
                }
            }
            None => {}
        }
    }

    fn collect_substitution(&self, call: Call<'_>, found: &mut Vec<Reference>, included: &mut Vec<String>) {
        let (text, variables) = match &call.argument.kind {
            NodeKind::Sequence(arguments) => match arguments.as_slice() {
                [text, variables] => (text, Some(variables)),
                _ => return,
            },
            _ => (call.argument, None),
        };
        for piece in text.scalar_text().into_iter().flat_map(pieces) {
            let Piece::Variable(name) = piece else {
                continue;
            };
            if variables.is_some_and(|map| map.get(name).is_some()) {
                continue;
            }
            match name.split_once('.') {
                Some((logical_id, attribute)) => {
                    self.push(logical_id, Some(attribute), text.at, found);
                }
                None => self.push(name, None, text.at, found),
            }
        }
        if let Some(variables) = variables {
            self.collect(variables, found, included);
        }
    }

    fn collect_include(&self, argument: &Node, found: &mut Vec<Reference>, included: &mut Vec<String>) {
        let Some(location) = argument.get("Parameters").and_then(|one| one.get("Location")) else {
            return;
        };
        let address = self.evaluate(location, &crate::evaluation::NoResources);
        let Some(address) = address.as_ref().ok().and_then(|value| value.scalar_text()) else {
            return;
        };
        // Once is enough, also for a snippet that includes itself.
        if included.iter().any(|one| one == address) {
            return;
        }
        included.push(address.to_owned());
        if let Some(snippet) = self.includes.get(address) {
            self.collect(snippet, found, included);
        }
    }

    fn push(&self, name: &str, attribute: Option<&str>, at: Position, found: &mut Vec<Reference>) {
        let target = if attribute.is_none() && is_pseudo_parameter(name) {
            ReferenceTarget::Pseudo(name.to_owned())
        } else if attribute.is_none() && self.template.parameters.contains_key(name) {
            ReferenceTarget::Parameter(name.to_owned())
        } else if self.template.resources.contains_key(name) {
            ReferenceTarget::Resource { logical_id: name.to_owned(), attribute: attribute.map(str::to_owned) }
        } else {
            return;
        };
        found.push(Reference { target, at });
    }
}

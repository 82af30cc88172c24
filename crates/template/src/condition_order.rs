//! The order in which conditions can be decided: each after those it names.

use std::collections::HashMap;

use crate::cycle::{self, Visit};
use crate::function::{Function, call};
use crate::location::Location;
use crate::node::Node;
use crate::read_error::TemplateError;
use crate::template::Template;

/// The conditions, each after those it needs.
///
/// # Errors
/// A circle of conditions. Names of conditions that are not there are `check`'s to report.
pub(crate) fn condition_order(template: &Template) -> Result<Vec<&str>, TemplateError> {
    let indexes: HashMap<&str, usize> =
        template.conditions.keys().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let needs: Vec<Vec<usize>> = template
        .conditions
        .values()
        .map(|node| {
            let mut names = Vec::new();
            condition_names(node, &mut names);
            names.into_iter().filter_map(|name| indexes.get(name).copied()).collect()
        })
        .collect();
    let name = |index: usize| template.conditions.get_index(index).map_or("", |(name, _)| name.as_str());
    match cycle::visit(&needs) {
        Visit::Order(order) => Ok(order.into_iter().map(name).collect()),
        Visit::Cycle(indexes) => {
            let at = indexes
                .first()
                .and_then(|first| template.conditions.get_index(*first))
                .map_or_else(Default::default, |(_, node)| node.at);
            Err(TemplateError::ConditionCycle {
                location: Location::new(&template.name, at),
                cycle: indexes.into_iter().map(name).collect::<Vec<_>>().join(" -> "),
            })
        }
    }
}

/// The conditions that a node names, by `Condition` and `Fn::If`.
fn condition_names<'node>(node: &'node Node, names: &mut Vec<&'node str>) {
    if let Some(found) = call(node) {
        let named = match found.function {
            Function::Condition => Some(found.argument),
            Function::If => found.argument.as_sequence().and_then(<[Node]>::first),
            _ => None,
        };
        names.extend(named.and_then(Node::as_str));
    }
    for child in node.children() {
        condition_names(child, names);
    }
}

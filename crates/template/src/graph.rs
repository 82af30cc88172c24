//! Which active resource needs which, and in what order they can be made.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::cycle::{self, Visit};
use crate::evaluation::Evaluation;
use crate::location::Location;
use crate::node::Position;
use crate::references::ReferenceTarget;

/// The dependencies among the active resources, by `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    ids: Vec<String>,
    indexes: HashMap<String, usize>,
    /// For each resource those it needs, without repetition, in the order in which it names them.
    needs: Vec<Vec<usize>>,
    /// For each resource those that need it, in the template's order.
    needed_by: Vec<Vec<usize>>,
}

/// Resources that need each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{location}: circular dependency between resources: {}; remove one of these references",
    .cycle.join(" -> ")
)]
pub struct CycleError {
    /// The first resource of the circle.
    pub location: Location,
    /// The circle, its first resource again at the end.
    pub cycle: Vec<String>,
}

impl CycleError {
    /// Where the first resource of the circle stands; always known.
    pub fn position(&self) -> Option<Position> {
        Some(self.location.at)
    }
}

impl Evaluation<'_> {
    /// The dependencies among the active resources. Only the branches of `Fn::If` that are taken count, and a
    /// `DependsOn` an inactive resource is ignored.
    ///
    /// # Errors
    /// The circle, if there is one.
    pub fn dependencies(&self) -> Result<Graph, CycleError> {
        let ids: Vec<String> = self.active_resources().map(|resource| resource.logical_id.clone()).collect();
        let indexes: HashMap<String, usize> =
            ids.iter().enumerate().map(|(index, id)| (id.clone(), index)).collect();
        let mut needs: Vec<Vec<usize>> = Vec::with_capacity(ids.len());
        for resource in self.active_resources() {
            let mut needed = Vec::new();
            let mut add = |id: &str| {
                if let Some(index) = indexes.get(id)
                    && !needed.contains(index)
                {
                    needed.push(*index);
                }
            };
            for node in resource.evaluated_nodes() {
                for reference in self.references(node) {
                    if let ReferenceTarget::Resource { logical_id, .. } = &reference.target {
                        add(logical_id);
                    }
                }
            }
            for id in &resource.depends_on {
                add(id);
            }
            needs.push(needed);
        }
        if let Visit::Cycle(circle) = cycle::visit(&needs) {
            let cycle: Vec<String> = circle.iter().filter_map(|index| ids.get(*index).cloned()).collect();
            let at = cycle
                .first()
                .and_then(|id| self.template.resources.get(id))
                .map_or_else(Position::default, |resource| resource.at);
            return Err(CycleError { location: self.location(at), cycle });
        }
        let mut needed_by = vec![Vec::new(); ids.len()];
        for (index, needed) in needs.iter().enumerate() {
            for need in needed {
                if let Some(dependents) = needed_by.get_mut(*need) {
                    dependents.push(index);
                }
            }
        }
        Ok(Graph { ids, indexes, needs, needed_by })
    }
}

impl Graph {
    /// What a resource needs, in the order in which it names them; nothing for a resource that isn't active.
    pub fn dependencies_of(&self, logical_id: &str) -> impl Iterator<Item = &str> {
        self.neighbours(&self.needs, logical_id)
    }

    /// Which resources need this one, in the template's order.
    pub fn dependents_of(&self, logical_id: &str) -> impl Iterator<Item = &str> {
        self.neighbours(&self.needed_by, logical_id)
    }

    /// Whether a resource needs another one, itself or through others.
    pub fn depends_on(&self, logical_id: &str, other: &str) -> bool {
        let mut seen = HashSet::new();
        let mut open: Vec<&str> = self.dependencies_of(logical_id).collect();
        while let Some(needed) = open.pop() {
            if needed == other {
                return true;
            }
            if seen.insert(needed) {
                open.extend(self.dependencies_of(needed));
            }
        }
        false
    }

    fn neighbours<'graph>(
        &'graph self,
        edges: &'graph [Vec<usize>],
        logical_id: &str,
    ) -> impl Iterator<Item = &'graph str> {
        self.indexes
            .get(logical_id)
            .and_then(|index| edges.get(*index))
            .into_iter()
            .flatten()
            .filter_map(|index| self.ids.get(*index))
            .map(String::as_str)
    }

    /// Every active resource in the template's order.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// Every resource after those it needs; among those that are free, the template's order.
    pub fn topological_order(&self) -> Vec<&str> {
        let mut waiting_for: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut free: BinaryHeap<Reverse<usize>> = waiting_for
            .iter()
            .enumerate()
            .filter(|(_, count)| **count == 0)
            .map(|(index, _)| Reverse(index))
            .collect();
        let mut order = Vec::with_capacity(self.ids.len());
        while let Some(Reverse(index)) = free.pop() {
            if let Some(id) = self.ids.get(index) {
                order.push(id.as_str());
            }
            for dependent in self.needed_by.get(index).into_iter().flatten() {
                if let Some(count) = waiting_for.get_mut(*dependent) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        free.push(Reverse(*dependent));
                    }
                }
            }
        }
        order
    }
}

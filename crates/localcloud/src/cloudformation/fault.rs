//! Failures to order: which resource fails, when, and in which words. Tests and rehearsals set them.

use std::collections::BTreeMap;

/// When a resource fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultPhase {
    /// At the end of its creation (also the creation that replaces it).
    Create,
    /// At the end of its update in place.
    Update,
    /// When a failed update is undone.
    Rollback,
    /// At the end of its deletion, in a clean-up phase too.
    Delete,
    /// When it is to signal: it says failure; without words it says nothing at all.
    Signal,
}

/// The faults of a world. Each stays until it is removed.
#[derive(Debug, Default)]
pub struct Faults {
    reasons: BTreeMap<(String, String, FaultPhase), String>,
}

impl Faults {
    /// Let a resource of a stack (by name) fail in a phase, with this reason.
    pub fn set(&mut self, stack_name: &str, logical_id: &str, phase: FaultPhase, reason: &str) {
        self.reasons.insert((stack_name.to_owned(), logical_id.to_owned(), phase), reason.to_owned());
    }

    /// No faults any more.
    pub fn clear(&mut self) {
        self.reasons.clear();
    }

    /// The reason, where a fault is set.
    #[must_use]
    pub fn reason(&self, stack_name: &str, logical_id: &str, phase: FaultPhase) -> Option<String> {
        if self.reasons.is_empty() {
            return None;
        }
        self.reasons.get(&(stack_name.to_owned(), logical_id.to_owned(), phase)).cloned()
    }
}

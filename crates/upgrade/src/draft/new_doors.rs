//! Ways in that the update makes: nobody can look at them beforehand, but the new template tells what they will be.

use std::collections::BTreeMap;

use template::{Evaluation, Outside, Resource};

use super::update::DraftedUpdate;
use crate::door::{Closing, DoorWord, HAS_NO_RULES, PlannedDoor};
use crate::observation::LogicalResource;
use crate::profile::Part;
use crate::profile::properties::text;

/// A listener that the update makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDoor {
    /// Its name in the template.
    pub logical_id: String,
    /// Such as `TCP:22, new with this release`.
    pub words: String,
    /// Whether its load balancer gives it rules: only those of HTTP and HTTPS do.
    pub has_rules: bool,
}

/// Those of an update, in the template's order. What can't be evaluated is none.
#[must_use]
pub fn new_doors(drafted: &DraftedUpdate) -> Vec<NewDoor> {
    let outside = Outside::default();
    let (before, after) = (&drafted.before, &drafted.after);
    let before = Evaluation::new(&before.template, &before.parameters, &drafted.pseudo, &outside);
    let after = Evaluation::new(&after.template, &after.parameters, &drafted.pseudo, &outside);
    let (Ok(before), Ok(after)) = (before, after) else {
        return Vec::new();
    };
    let is_listener = |resource: &&Resource| Part::Listeners.types().contains(&resource.type_name.as_str());
    let is_new = |resource: &&Resource| {
        !before.template().resources.contains_key(&resource.logical_id)
            || !before.is_active(&resource.logical_id)
    };
    let listeners = after.active_resources().filter(is_listener).filter(is_new);
    let door = |listener: &Resource| {
        let protocol = text(&after, listener, "Protocol").unwrap_or_default();
        let port = text(&after, listener, "Port").unwrap_or_default();
        // A gateway load balancer passes traffic on to appliances: nobody comes in by it.
        (protocol != "GENEVE").then(|| NewDoor {
            logical_id: listener.logical_id.clone(),
            words: format!("{protocol}:{port}, new with this release"),
            has_rules: protocol == "HTTP" || protocol == "HTTPS",
        })
    };
    listeners.filter_map(door).collect()
}

impl NewDoor {
    /// What becomes of it, where that is to be settled beforehand; `None`: the gate is closed on it once it is there.
    pub(crate) fn settled(&self, words: &BTreeMap<String, DoorWord>) -> Option<Closing> {
        match words.get(&self.logical_id) {
            Some(DoorWord::NotForUsers { reason }) => Some(Closing::NotForUsers { reason: reason.clone() }),
            Some(DoorWord::StaysOpen { reason }) => Some(Closing::StaysOpen { reason: reason.clone() }),
            Some(DoorWord::Users) | None if self.has_rules => None,
            Some(DoorWord::Users) | None => {
                let why = HAS_NO_RULES.to_owned();
                Some(Closing::CantBeClosed { why })
            }
        }
    }

    /// As the plan has it.
    pub(super) fn planned(self, words: &BTreeMap<String, DoorWord>) -> Option<PlannedDoor> {
        let closing = self.settled(words)?;
        let listener = LogicalResource { logical_id: self.logical_id, physical_id: String::new() };
        Some(PlannedDoor { listener, words: self.words, closing })
    }
}

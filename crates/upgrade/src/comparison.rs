//! AWS's change set, weighed against the approved one by what it does: which resources, which action, which replacement,
//! which properties. Another word for the same thing is a remark, not a stop.
//!
//! What is graver than approved stops a run, and so does what is another thing altogether, or is left out: whoever
//! approved has not said yes to it. What is milder, or the same with another attribution, is told.

mod change;
mod difference;

use std::collections::{BTreeMap, BTreeSet};

use changeset::change_set::{ChangeSource, Evaluation, PolicyAction, Replacement};
use changeset::facts::RequiresRecreation;

pub use change::{Change, ChangeDetail};
pub use difference::{ChangedPart, Difference};

/// What the comparison of AWS's change set with the approved one found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Weighing {
    /// What nobody has approved: the change set must not be executed.
    pub stops: Vec<Difference>,
    /// What a person should know, and what stops nothing.
    pub remarks: Vec<Difference>,
}

/// Weighs AWS's change set. `foretold_silence` has the logical ids of which the plan foretold that AWS, asked in this
/// mode, doesn't list them.
#[must_use]
pub fn weigh(approved: &[Change], actual: &[Change], foretold_silence: &BTreeSet<&str>) -> Weighing {
    let approved: BTreeMap<&str, &Change> =
        approved.iter().map(|change| (change.logical_id.as_str(), change)).collect();
    let mut actual: Vec<&Change> = actual.iter().collect();
    actual.sort();
    let mut found = Vec::new();
    for change in &actual {
        match approved.get(change.logical_id.as_str()) {
            Some(approved) => weigh_change(approved, change, &mut found),
            None => found.push(Difference::UnapprovedResource((*change).clone())),
        }
    }
    let listed: BTreeSet<&str> = actual.iter().map(|change| change.logical_id.as_str()).collect();
    let left_out = approved
        .iter()
        .filter(|(logical_id, _)| !listed.contains(*logical_id) && !foretold_silence.contains(*logical_id));
    found.extend(left_out.map(|(_, change)| Difference::ResourceLeftOut((*change).clone())));
    let (stops, remarks) = found.into_iter().partition(Difference::stops);
    Weighing { stops, remarks }
}

/// Both change a resource of the same name.
fn weigh_change(approved: &Change, actual: &Change, found: &mut Vec<Difference>) {
    let logical_id = || actual.logical_id.clone();
    if approved.resource_type != actual.resource_type {
        found.push(Difference::OtherType {
            logical_id: logical_id(),
            approved: approved.resource_type.clone(),
            actual: actual.resource_type.clone(),
        });
    }
    if approved.action != actual.action {
        // The rest follows from it. There is no milder action: where AWS modifies what was to be removed, the removal
        // is left out, and the modification is what nobody has approved.
        found.push(Difference::OtherAction {
            logical_id: logical_id(),
            approved: approved.action.clone(),
            actual: actual.action.clone(),
        });
        return;
    }
    let (was, is) = (replacement(approved), replacement(actual));
    if was != is {
        found.push(Difference::Replacement {
            logical_id: logical_id(),
            approved: was.to_string(),
            actual: is.to_string(),
            graver: is > was,
        });
    }
    if approved.policy_action != actual.policy_action {
        found.push(Difference::PolicyAction {
            logical_id: logical_id(),
            approved: approved.policy_action.clone(),
            actual: actual.policy_action.clone(),
            graver: is_graver_for_the_old_one(approved, actual),
        });
    }
    weigh_parts(approved, actual, found);
}

/// What of the resource changes, whatever is said to cause it.
fn weigh_parts(approved: &Change, actual: &Change, found: &mut Vec<Difference>) {
    let (was, is) = (parts(approved), parts(actual));
    let logical_id = || actual.logical_id.clone();
    let others = found.len();
    for part in is.keys().filter(|part| !was.contains_key(*part)) {
        found.push(Difference::UnapprovedPart { logical_id: logical_id(), part: part.clone() });
    }
    for (part, details) in was.iter().filter(|(part, _)| !is.contains_key(*part)) {
        found.push(Difference::PartLeftOut {
            logical_id: logical_id(),
            part: part.clone(),
            certain: details.iter().any(|detail| is_certain(detail)),
        });
    }
    let only = |those: &Change, others: &Change, shared: &BTreeMap<ChangedPart, Vec<&ChangeDetail>>| {
        let only = those.details.difference(&others.details);
        only.filter(|detail| shared.contains_key(&ChangedPart::from_detail(detail)))
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let (approved_only, actual_only) = (only(approved, actual, &is), only(actual, approved, &was));
    if !approved_only.is_empty() || !actual_only.is_empty() {
        found.push(Difference::OtherAttribution { logical_id: logical_id(), approved_only, actual_only });
    }
    // The scope only sums the details up; it is told by itself where they say the same.
    if approved.scope != actual.scope && found.len() == others {
        found.push(Difference::OtherScope {
            logical_id: logical_id(),
            approved: approved.scope.clone(),
            actual: actual.scope.clone(),
        });
    }
}

/// The changed parts of a resource with their details. An attribute that only the scope names is a part without any.
fn parts(change: &Change) -> BTreeMap<ChangedPart, Vec<&ChangeDetail>> {
    let mut parts: BTreeMap<ChangedPart, Vec<&ChangeDetail>> = BTreeMap::new();
    for detail in &change.details {
        parts.entry(ChangedPart::from_detail(detail)).or_default().push(detail);
    }
    for attribute in &change.scope {
        if !change.details.iter().any(|detail| detail.attribute == *attribute) {
            parts.insert(ChangedPart { attribute: attribute.clone(), name: None }, Vec::new());
        }
    }
    parts
}

/// Whether the property changes whatever executing finds out: a Dynamic cause alone may come to nothing, but a direct
/// modification beside it means that the template's text differs (design §5).
fn is_certain(detail: &ChangeDetail) -> bool {
    detail.evaluation == Evaluation::Static.word()
        || detail.change_source.as_deref() == Some(ChangeSource::DirectModification.word())
}

/// One of AWS's words. One that nobody knows yet is graver than every other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word<T> {
    Known(T),
    Unknown(String),
}

impl<T: Copy> Word<T> {
    fn read(all: &[T], word: fn(T) -> &'static str, said: &str) -> Word<T> {
        let known = all.iter().copied().find(|one| word(*one) == said);
        known.map_or_else(|| Word::Unknown(said.to_owned()), Word::Known)
    }
}

impl std::fmt::Display for Word<Replacement> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Word::Known(word) => word.word(),
            Word::Unknown(word) => word,
        })
    }
}

/// Whether the resource is replaced, as AWS says; where it doesn't say, as it sums details up elsewhere (design §5: some
/// `Always` that is Static: True; any other `Always` or `Conditionally`: Conditional; else False).
fn replacement(change: &Change) -> Word<Replacement> {
    if let Some(said) = &change.replacement {
        return Word::read(Replacement::ALL, Replacement::word, said);
    }
    let of_detail = |detail: &ChangeDetail| match detail.requires_recreation.as_deref() {
        Some(word) if word == RequiresRecreation::Never.word() => Replacement::False,
        Some(word)
            if word == RequiresRecreation::Always.word()
                && detail.evaluation == Evaluation::Static.word() =>
        {
            Replacement::True
        }
        Some(_) => Replacement::Conditional,
        None => Replacement::False,
    };
    Word::Known(change.details.iter().map(of_detail).max().unwrap_or(Replacement::False))
}

/// Whether the old physical resource comes to more harm than was approved.
///
/// Assumption: where only one side says what becomes of it, AWS has left the word out or begun to give it (it came with
/// property values, in 2024); whether there is an old resource at all is the action's and the replacement's matter,
/// which are weighed by themselves.
fn is_graver_for_the_old_one(approved: &Change, actual: &Change) -> bool {
    let (Some(was), Some(is)) = (&approved.policy_action, &actual.policy_action) else { return false };
    let harm = |word: &str| match Word::read(PolicyAction::ALL, PolicyAction::word, word) {
        Word::Known(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) => 0,
        Word::Known(PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot) => 1,
        Word::Known(PolicyAction::Delete | PolicyAction::ReplaceAndDelete) => 2,
        Word::Unknown(_) => 3,
    };
    harm(is) > harm(was)
}

//! Two resources that want what only one can have, while both are there. A replacement and whatever has a new logical id are made
//! before the clean-up removes what they follow on. The rules are in [`crate::rules::exclusive`].

use std::collections::BTreeMap;

use template::Graph;

use super::Expected;
use crate::facts::{self, ReplacementStrategy};
use crate::rules::exclusive::{Claim, Effect};

/// Somebody else has what a resource is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The resource that has it; `None` where it is this resource's own old physical one.
    pub holder: Option<String>,
    /// Until when.
    pub until: Until,
    /// Whether it is a name.
    pub is_name: bool,
    /// What becomes of the second one.
    pub effect: Effect,
    /// The service's words.
    pub words: String,
    /// False where it depends on the order in which AWS takes up two resources at once.
    pub certain: bool,
}

/// How long the holder has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// Until the update's clean-up removes it.
    CleanUp,
    /// Until it is itself changed, in the same update.
    ItsUpdate,
    /// It keeps it.
    ForGood,
}

/// What each resource has and is to have.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) before: BTreeMap<String, Vec<Claim>>,
    pub(super) after: BTreeMap<String, Vec<Claim>>,
}

/// What is known of a resource's fate.
pub(super) struct Fate<'a> {
    pub(super) expected: Expected,
    pub(super) type_name: &'a str,
    /// The old physical resource leaves the stack and stays in the account.
    pub(super) is_retained: bool,
}

/// The collisions of each resource.
pub(super) fn find(
    claims: &Claims,
    fates: &BTreeMap<&str, Fate<'_>>,
    graph: &Graph,
) -> BTreeMap<String, Vec<Collision>> {
    let mut found: BTreeMap<String, Vec<Collision>> = BTreeMap::new();
    for (logical_id, wanted) in &claims.after {
        let Some(fate) = fates.get(logical_id.as_str()) else { continue };
        if !is_written(fate.expected) {
            continue;
        }
        let own = claims.before.get(logical_id).map_or(&[][..], Vec::as_slice);
        for claim in wanted {
            let had = own.iter().any(|before| before.conflicts_with(claim));
            let holders = claims
                .before
                .iter()
                .filter(|(_, claims)| claims.iter().any(|before| before.conflicts_with(claim)));
            for (holder, _) in holders {
                let is_retained = fates.get(holder.as_str()).is_some_and(|fate| fate.is_retained);
                // What stays in the account takes nothing with it.
                if is_retained && claim.effect() == Effect::Overwritten {
                    continue;
                }
                let collision = if holder == logical_id {
                    itself(fate, claim)
                } else if had && !is_made_anew(fate.expected) {
                    // Both have it as deployed: what the rule says isn't so here.
                    None
                } else {
                    other(claims, fates, graph, (logical_id, fate), holder, claim)
                };
                if let Some((until, certain)) = collision {
                    let until = if is_retained { Until::ForGood } else { until };
                    found.entry(logical_id.clone()).or_default().push(Collision {
                        holder: (holder != logical_id).then(|| holder.clone()),
                        until,
                        is_name: claim.is_name(),
                        effect: claim.effect(),
                        words: claim.words(),
                        certain,
                    });
                }
            }
            // Two that are both made, told at the later one.
            let twins = claims.after.iter().take_while(|(other, _)| *other != logical_id).filter(
                |(other, theirs)| {
                    fates.get(other.as_str()).is_some_and(|fate| is_made_anew(fate.expected))
                        && is_made_anew(fate.expected)
                        && theirs.iter().any(|theirs| theirs.conflicts_with(claim))
                },
            );
            for (other, _) in twins {
                found.entry(logical_id.clone()).or_default().push(Collision {
                    holder: Some(other.clone()),
                    until: Until::ForGood,
                    is_name: claim.is_name(),
                    effect: claim.effect(),
                    words: claim.words(),
                    certain: fate.expected != Expected::MayBeReplaced,
                });
            }
        }
    }
    found
}

fn itself(fate: &Fate<'_>, claim: &Claim) -> Option<(Until, bool)> {
    if deletes_first(fate.type_name) || claim.is_name() {
        // Names are refused beforehand, in AWS's words for that.
        return None;
    }
    match fate.expected {
        Expected::Replaced => Some((Until::CleanUp, true)),
        Expected::MayBeReplaced => Some((Until::CleanUp, false)),
        Expected::Unchanged
        | Expected::MayBeUpdated
        | Expected::UpdatedInPlace
        | Expected::InstancesReplaced
        | Expected::Added
        | Expected::Removed
        | Expected::Fails => None,
    }
}

fn other(
    claims: &Claims,
    fates: &BTreeMap<&str, Fate<'_>>,
    graph: &Graph,
    (logical_id, fate): (&str, &Fate<'_>),
    holder: &str,
    claim: &Claim,
) -> Option<(Until, bool)> {
    let certain = !matches!(fate.expected, Expected::MayBeReplaced | Expected::MayBeUpdated);
    let keeps =
        claims.after.get(holder).is_some_and(|claims| claims.iter().any(|after| after.conflicts_with(claim)));
    let holders = fates.get(holder)?;
    match holders.expected {
        Expected::Removed => Some((Until::CleanUp, certain)),
        Expected::Replaced if deletes_first(holders.type_name) && !keeps => Some((Until::ItsUpdate, false)),
        Expected::Replaced => Some((Until::CleanUp, certain)),
        _ if keeps => Some((Until::ForGood, certain)),
        Expected::MayBeReplaced => Some((Until::CleanUp, false)),
        // It gives it up within the same update: in time only if it comes before.
        Expected::MayBeUpdated | Expected::UpdatedInPlace | Expected::InstancesReplaced => {
            let comes_before = graph.depends_on(logical_id, holder);
            let comes_after = graph.depends_on(holder, logical_id);
            // Two that exchange what they have wait for each other.
            let exchange = !is_made_anew(fate.expected)
                && claims.before.get(logical_id).is_some_and(|mine| {
                    claims.after.get(holder).is_some_and(|theirs| {
                        theirs.iter().any(|theirs| mine.iter().any(|mine| mine.conflicts_with(theirs)))
                    })
                });
            (!comes_before).then_some((Until::ItsUpdate, certain && (comes_after || exchange)))
        }
        Expected::Unchanged | Expected::Added | Expected::Fails => None,
    }
}

fn deletes_first(type_name: &str) -> bool {
    facts::resource_type(type_name)
        .is_some_and(|facts| facts.replacement_strategy == ReplacementStrategy::DeleteThenCreate)
}

/// Whether a call is made for it that may be refused.
fn is_written(expected: Expected) -> bool {
    match expected {
        Expected::MayBeUpdated
        | Expected::UpdatedInPlace
        | Expected::InstancesReplaced
        | Expected::MayBeReplaced
        | Expected::Replaced
        | Expected::Added => true,
        Expected::Unchanged | Expected::Removed | Expected::Fails => false,
    }
}

fn is_made_anew(expected: Expected) -> bool {
    matches!(expected, Expected::Added | Expected::Replaced | Expected::MayBeReplaced)
}

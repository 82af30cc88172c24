//! Which priorities an update gives to listener rules: the gate stands before all of them, or users come in by a rule that
//! the release brings, and takes none of them, or the update fails on it.

use std::collections::{BTreeMap, BTreeSet};

use template::{Evaluation, Outside};

use super::DraftedUpdate;
use super::update::ReleaseSide;
use crate::profile::properties::{node, resources, text};

const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";

/// The priorities that rules get which are new, or have others until now, by the listener's name in the template. What
/// can't be evaluated is left out.
#[must_use]
pub fn new_priorities(drafted: &DraftedUpdate) -> BTreeMap<String, BTreeSet<i32>> {
    let before = rules(drafted, &drafted.before);
    let mut found: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    for (rule, places) in rules(drafted, &drafted.after) {
        for (listener, priority) in places {
            let had = before.get(&rule).is_some_and(|places| places.contains(&(listener.clone(), priority)));
            if !had {
                found.entry(listener).or_default().insert(priority);
            }
        }
    }
    found
}

/// The listeners and priorities of a release's rules, by the rule's name.
fn rules(drafted: &DraftedUpdate, release: &ReleaseSide) -> BTreeMap<String, BTreeSet<(String, i32)>> {
    let outside = Outside::default();
    let evaluation = Evaluation::new(&release.template, &release.parameters, &drafted.pseudo, &outside);
    let Ok(evaluation) = evaluation else { return BTreeMap::new() };
    let places = |rule: &template::Resource| {
        let priority: i32 = text(&evaluation, rule, "Priority")?.parse().ok()?;
        let listeners = resources(&evaluation, node(rule, "ListenerArn")?, LISTENER);
        Some(listeners.into_iter().map(|listener| (listener, priority)).collect())
    };
    let of_type = evaluation.active_resources().filter(|one| one.type_name == RULE);
    of_type.filter_map(|rule| Some((rule.logical_id.clone(), places(rule)?))).collect()
}

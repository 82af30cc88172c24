//! Whether every way in can be closed, and whether the gate's rules fit on each listener: their count, their priorities, and
//! room in each rule for the addresses that pass.
//!
//! Source: Elastic Load Balancing user guide, "Quotas for your Application Load Balancers": 100 rules a load balancer
//! without default rules (adjustable), 5 condition values a rule (fixed). Priorities are 1 to 50000 (API reference,
//! CreateRule).

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, count, list};
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::ListenerRule;
use crate::door::{Closing, Judged, ListenerSeen, judge};
use crate::draft::{gate_on, new_doors};
use crate::other_ways_in::unjudged_ways;

const RULES_A_LOAD_BALANCER: usize = 100;
const CONDITION_VALUES_A_RULE: u32 = 5;

/// Whether every way in is closed, needs no closing, or is settled by the owner.
pub(super) const DOORS: Check = Check::new("doors", "Every way in", doors);

fn doors(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let listeners = match &input.circumstances.listeners {
        Ok(listeners) => listeners,
        Err(reason) => {
            finding.fail(
                format!("The listeners could not be looked at: {reason}. Whether users can be kept out is not known."),
                "Allow elasticloadbalancing:DescribeLoadBalancers, DescribeListeners and DescribeRules, and check again.",
            );
            return finding.done();
        }
    };
    if let Ok(ways) = unjudged_ways(input.deployment)
        && !ways.is_empty()
    {
        finding.note(format!(
            "Not judged, for only load balancers are: {}. Whoever comes in by such a way is not kept out.",
            list(ways.iter().map(String::as_str))
        ));
    }
    if input.gateless {
        without_gate(input, listeners, &mut finding);
        return finding.done();
    }
    let mut closes = 0;
    for (listener, judged) in judge(listeners, input.door_words) {
        match judged {
            Judged::Close => {
                closes += 1;
                finding.note(format!("{} closes.", place(listener)));
            }
            Judged::Other(closing) => tell(&place(listener), &listener.key(), closing, &mut finding),
        }
    }
    let new = input.foretold.map(new_doors).unwrap_or_default();
    for door in &new {
        let place = format!("{} ({})", door.logical_id, door.words);
        match door.settled(input.door_words) {
            None => finding.note(format!("{place}, closes as soon as CloudFormation has made it.")),
            Some(closing) => tell(&place, &door.logical_id, closing, &mut finding),
        }
    }
    let is_known = |name: &&String| {
        listeners.iter().any(|one| is_named(one, name)) || new.iter().any(|door| door.logical_id == **name)
    };
    for name in input.door_words.keys().filter(|name| !is_known(name)) {
        finding.warn(
            format!("The settings speak of a door {name}, and there is no such listener."),
            "Write its name in the template, or its ARN.",
        );
    }
    if closes == 0 {
        finding.fail(
            "No listener of an application load balancer was found, so nothing can keep users out.",
            "If work is to be stopped without keeping anybody out, say so in the deployment's settings: gate = \"none\". A \
             listener that isn't the stack's is named there too: doors = { \"ARN\" = \"users\" }.",
        );
    }
    finding.done()
}

/// What becomes of a listener that isn't closed by rules. `key`: how the settings name it.
fn tell(place: &str, key: &str, closing: Closing, finding: &mut Finding) {
    match closing {
        Closing::LeadsToClosed { to } => {
            finding.note(format!("{place} leads only to {}, which closes.", to.join(", ")));
        }
        Closing::NotForUsers { reason } => {
            finding.note(format!("{place} is not for users, by the settings: {reason}"));
        }
        Closing::StaysOpen { reason } => finding.warn(
            format!("{place} stays open, by the settings: {reason}"),
            "Users may come in by it while the platform is updated.",
        ),
        Closing::CantBeClosed { why } => finding.fail(
            format!("{place} can't be closed: {why}. Users would come in by it."),
            format!(
                "If users don't come in by it, say so in the deployment's settings, with the reason: doors = {{ {key} = \
                 \"not-for-users: …\" }}; if they do, and it may stay so, doors = {{ {key} = \"stays-open: …\" }}."
            ),
        ),
        Closing::ByRules(_) => {}
    }
}

/// What the owner of a platform without a gate must know: who comes in all the same.
fn without_gate(input: &CheckInput<'_>, listeners: &[ListenerSeen], finding: &mut Finding) {
    finding.note("The settings say that there is no gate: work is stopped, and nobody is kept out.");
    let judged = judge(listeners, input.door_words);
    let closable = judged.iter().any(|(_, judged)| *judged == Judged::Close);
    let open = judged.into_iter().filter_map(|(listener, judged)| match judged {
        Judged::Close => Some(place(listener)),
        Judged::Other(Closing::CantBeClosed { why }) => {
            Some(format!("{}, which can't be closed ({why})", place(listener)))
        }
        Judged::Other(_) => None,
    });
    let open: Vec<String> = open.collect();
    if open.is_empty() {
        return;
    }
    let advice = if closable {
        "Take gate = \"none\" out of the deployment's settings, and those that can be are closed."
    } else {
        "Nothing of it can be closed by a rule. Tell its users, or stop what is behind it by other means."
    };
    let open = list(open.iter().map(String::as_str));
    finding.warn(format!("People may come in while the stack is updated, by {open}."), advice);
}

/// A listener by its name in the template and its place.
fn place(listener: &ListenerSeen) -> String {
    let words = listener.words();
    match &listener.logical_id {
        Some(id) => format!("{id} ({words})"),
        None => words,
    }
}

fn is_named(listener: &ListenerSeen, name: &str) -> bool {
    listener.arn == name || listener.logical_id.as_deref() == Some(name)
}

/// Whether there is room for the gate on every listener that is closed.
pub(super) const GATE_SPACE: Check = Check::new("gate-space", "Room for the gate", space).accepted_singly();

fn space(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    if input.gateless {
        return finding.skipped("There is no gate.");
    }
    let Ok(listeners) = &input.circumstances.listeners else {
        return finding.skipped("The listeners could not be looked at.");
    };
    let closing: Vec<&ListenerSeen> = judge(listeners, input.door_words)
        .into_iter()
        .filter(|(_, judged)| *judged == Judged::Close)
        .map(|(listener, _)| listener)
        .collect();
    let left: BTreeSet<&str> = closing
        .iter()
        .flat_map(|listener| &listener.rules)
        .filter_map(|rule| rule.run_id.as_deref())
        .collect();
    if let Some(found) = input.found {
        finding.note(format!(
            "The deployment is in maintenance (run {}): its gate is used as it stands.",
            found.run_id
        ));
        return finding.done();
    }
    if !left.is_empty() {
        finding.warn(
            format!(
                "Rules of an earlier run are still there ({}), and none of them keeps users out: they are deleted before the \
                 gate closes.",
                list(left.iter().copied())
            ),
            "Look at that run (`slackwater run show`).",
        );
    }
    let mut needed_on: BTreeMap<&str, usize> = BTreeMap::new();
    for listener in &closing {
        let needed = 1 + copies(input.admitted.len(), listener, &mut finding);
        *needed_on.entry(listener.balancer.as_str()).or_default() += needed;
        priorities(input, listener, needed, &mut finding);
    }
    for (balancer, needed) in needed_on {
        // Default rules don't count.
        let rules = listeners.iter().filter(|one| one.balancer == balancer).flat_map(|one| &one.rules);
        let there = rules.filter(|rule| rule.priority.is_some()).count();
        if there + needed > RULES_A_LOAD_BALANCER {
            finding.fail(
                format!(
                    "The load balancer {balancer} has {there} rules, and the gate needs {needed} more: over \
                     {RULES_A_LOAD_BALANCER}, which is the limit unless AWS has raised it."
                ),
                "Let fewer addresses pass, or several as one CIDR block; or ask AWS for more rules a load balancer.",
            );
        }
    }
    finding.done()
}

/// Whether the gate finds a place before the platform's rules on one listener.
fn priorities(input: &CheckInput<'_>, listener: &ListenerSeen, needed: usize, finding: &mut Finding) {
    let own = listener.rules.iter().filter(|rule| rule.run_id.is_none() && rule.priority.is_some()).count();
    let none = BTreeSet::new();
    let new = listener.logical_id.as_ref().and_then(|id| input.new_priorities.get(id)).unwrap_or(&none);
    let name = listener.name();
    // Too many condition values are told of by themselves.
    let Ok(gate) = gate_on(listener, input.admitted, new) else {
        if let Some(first) =
            new.first().filter(|first| usize::try_from(**first).is_ok_and(|first| first <= needed))
        {
            finding.fail(
                format!(
                    "The new release gives a rule of {name} priority {first}, and the gate needs {needed} before it: the \
                     update would fail there, or let users in."
                ),
                "Ask the vendor for a priority that leaves room, or let fewer addresses pass.",
            );
        }
        return;
    };
    match gate.makes_room.as_slice() {
        [] => finding.note(format!(
            "{} on {name}; the gate needs {needed} before {}, at {}.",
            count(own, "rule"),
            if own == 1 { "it" } else { "them" },
            gate.priority
        )),
        moves => finding.note(format!(
            "{name} has no room before its first rule, so {} for the time of the maintenance and back afterwards: {}. \
             CloudFormation sees that as drift meanwhile.",
            if moves.len() == 1 { "it is moved" } else { "rules are moved" },
            list(moves.iter().map(|one| format!("{} to {}", one.from, one.to)).collect::<Vec<_>>().iter().map(String::as_str))
        )),
    }
}

/// How many copies of the platform's rules let the listed addresses pass. Each rule is copied (the default one too),
/// as often as its free condition values ask for.
fn copies(admitted: usize, listener: &ListenerSeen, finding: &mut Finding) -> usize {
    if admitted == 0 {
        return 0;
    }
    let mut copies = 0;
    let (mut full, mut signing_in) = (Vec::new(), Vec::new());
    for rule in listener.rules.iter().filter(|rule| rule.run_id.is_none()) {
        let named =
            rule.priority.map_or_else(|| "the default rule".to_owned(), |priority| priority.to_string());
        if rule.signs_in {
            signing_in.push(named.clone());
        }
        let room = CONDITION_VALUES_A_RULE.saturating_sub(values_of(rule)) as usize;
        if room == 0 {
            full.push(named);
        } else {
            copies += admitted.div_ceil(room);
        }
    }
    let name = listener.name();
    // API reference, AuthenticateOidcActionConfig: ClientSecret is required where a rule is made, and is never shown.
    if !signing_in.is_empty() {
        finding.fail(
            format!(
                "Rules of {name} that sign users in by OpenID Connect (priorities {}) can't be copied for the listed \
                 addresses: their client secret can't be read.",
                list(signing_in.iter().map(String::as_str))
            ),
            "Let nobody pass (maintenance.admitted), or put those addresses before a listener that doesn't sign in.",
        );
    }
    if !full.is_empty() {
        finding.fail(
            format!(
                "Rules of {name} with {CONDITION_VALUES_A_RULE} condition values already have no room for a source address \
                 (priorities {}), so no copy of them can let listed addresses pass.",
                list(full.iter().map(String::as_str))
            ),
            "Let nobody pass, or ask the vendor for rules with fewer values.",
        );
    }
    copies
}

/// The default rule's copy needs a condition of its own, for its path.
fn values_of(rule: &ListenerRule) -> u32 {
    if rule.priority.is_some() { rule.condition_values } else { 1 }
}

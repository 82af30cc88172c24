//! Whether the gate's rules fit among the listener's: their count, their priorities, and room in each rule for the
//! addresses that pass.
//!
//! Source: Elastic Load Balancing user guide, "Quotas for your Application Load Balancers": 100 rules a load balancer
//! without default rules (adjustable), 5 condition values a rule (fixed). Priorities are 1 to 50000 (API reference,
//! CreateRule).

use super::finding::{Finding, count, list};
use super::{CheckInput, CheckResult};
use crate::circumstances::ListenerRule;

const RULES_A_LOAD_BALANCER: usize = 100;
const CONDITION_VALUES_A_RULE: u32 = 5;

/// Whether there is room for the gate.
pub(super) fn space(input: &CheckInput<'_>) -> CheckResult {
    let mut finding = Finding::new("gate-space", "Room for the gate").accepted_singly();
    let rules = match &input.circumstances.listener_rules {
        Ok(rules) => rules,
        Err(reason) => {
            finding.warn(
                format!("The listener's rules could not be looked at: {reason}. Whether the gate can be closed is not known."),
                "Allow elasticloadbalancing:DescribeRules and check again.",
            );
            return finding.done();
        }
    };
    let listener = &input.targets.listener.physical_id;
    let left: Vec<&str> = rules.iter().filter_map(|rule| rule.run_id.as_deref()).collect();
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
    let own: Vec<&ListenerRule> = rules.iter().filter(|rule| rule.run_id.is_none()).collect();
    let on_listener: Vec<&ListenerRule> =
        own.iter().copied().filter(|rule| rule.listener_arn == *listener).collect();
    let copies = copies(input.admitted.len(), &on_listener, &mut finding);
    let needed = 1 + copies;

    // Default rules don't count.
    let there = rules.iter().filter(|rule| rule.priority.is_some()).count();
    if there + needed > RULES_A_LOAD_BALANCER {
        finding.fail(
            format!(
                "The load balancer has {there} rules, and the gate needs {needed} more (1 that closes, {copies} that let \
                 listed addresses pass): over {RULES_A_LOAD_BALANCER}, which is the limit unless AWS has raised it."
            ),
            "Let fewer addresses pass, or several as one CIDR block; or ask AWS for more rules a load balancer.",
        );
    }
    let lowest = on_listener.iter().filter_map(|rule| rule.priority).min().unwrap_or(50_001);
    let free = usize::try_from(lowest - 1).unwrap_or(0);
    if free < needed {
        finding.fail(
            format!(
                "The listener's first rule has priority {lowest}, so there are {free} priorities before it; the gate needs \
                 {needed}."
            ),
            format!(
                "Move the platform's rules up to make room (aws elbv2 set-rule-priorities), the first one to {} or more. \
                 CloudFormation will see that as drift of the rules.",
                needed + 1
            ),
        );
    } else {
        finding.note(format!(
            "{} of the platform on this listener, the first at {lowest}; the gate needs {needed} before it.",
            count(on_listener.len(), "rule")
        ));
    }
    finding.done()
}

/// How many copies of the platform's rules let the listed addresses pass. Each rule is copied (the default one too),
/// as often as its free condition values ask for.
fn copies(admitted: usize, rules: &[&ListenerRule], finding: &mut Finding) -> usize {
    if admitted == 0 {
        return 0;
    }
    let mut copies = 0;
    let (mut full, mut signing_in) = (Vec::new(), Vec::new());
    for rule in rules {
        let named =
            rule.priority.map_or_else(|| "the default rule".to_owned(), |priority| priority.to_string());
        if rule.signs_in {
            signing_in.push(named.clone());
        }
        // The default rule's copy needs a condition of its own, for its path.
        let taken = if rule.priority.is_some() { rule.condition_values } else { 1 };
        let room = CONDITION_VALUES_A_RULE.saturating_sub(taken) as usize;
        if room == 0 {
            full.push(named);
        } else {
            copies += admitted.div_ceil(room);
        }
    }
    // API reference, AuthenticateOidcActionConfig: ClientSecret is required where a rule is made, and is never shown.
    if !signing_in.is_empty() {
        finding.fail(
            format!(
                "Rules that sign users in by OpenID Connect (priorities {}) can't be copied for the listed addresses: their \
                 client secret can't be read.",
                list(signing_in.iter().map(String::as_str))
            ),
            "Let nobody pass (maintenance.admitted), or put those addresses before a listener that doesn't sign in.",
        );
    }
    if !full.is_empty() {
        finding.fail(
            format!(
                "Rules with {CONDITION_VALUES_A_RULE} condition values already have no room for a source address (priorities \
                 {}), so no copy of them can let listed addresses pass.",
                list(full.iter().map(String::as_str))
            ),
            "Let nobody pass, or ask the vendor for rules with fewer values.",
        );
    }
    copies
}

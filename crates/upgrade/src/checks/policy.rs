//! Whether what the owner decided makes sense, alone and with what the platform can do.

use std::collections::BTreeSet;

use super::finding::{Finding, count, list};
use super::{Check, CheckInput, CheckResult};
use crate::policy::{Escalation, OnUnhealthy};

/// How workloads are treated.
pub(super) const MAINTENANCE_POLICY: Check =
    Check::new("maintenance-policy", "Maintenance policy", maintenance).standing();

fn maintenance(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let (policy, platform) = (input.maintenance, input.circumstances.platform);
    let kinds = [
        ("sessions", policy.sessions),
        ("computations", policy.computations),
        ("jobs", policy.jobs),
        ("workers", policy.workers),
    ];
    for (kind, drain) in kinds {
        if drain.deadline_seconds < drain.grace_seconds {
            finding.fail(
                format!(
                    "{kind}: the deadline ({} s) is before the end of the grace ({} s), so nothing is ever told to end.",
                    drain.deadline_seconds, drain.grace_seconds
                ),
                "Give a deadline that is longer than the grace.",
            );
        }
        let then = match drain.escalation {
            Escalation::Wait => "the run goes on waiting, in maintenance",
            Escalation::Stop => "the run stops and ends maintenance again",
            Escalation::Force => "they are ended by force",
        };
        finding.note(format!(
            "{kind}: {} s of grace, and after {} s {then}.",
            drain.grace_seconds, drain.deadline_seconds
        ));
    }
    sessions(input, &mut finding);
    if !platform.computations {
        finding
            .note("The platform's adapter can't stop computations: those that run end with their workers.");
    }
    if !policy.mute_alarms {
        finding.note("Alarms are not muted.");
    }
    finding.done()
}

fn sessions(input: &CheckInput<'_>, finding: &mut Finding) {
    let (policy, platform) = (input.maintenance, input.circumstances.platform);
    let forced = policy.sessions.escalation == Escalation::Force;
    if !platform.sessions {
        finding.warn(
            "The platform's adapter doesn't know sessions: nobody is told, nothing is saved, and open sessions end with \
             their workers.",
            "Name the platform's API in [deployments.NAME.platform], if it has one; else announce the window early, and ask \
             people to save and close their sessions before it.",
        );
    } else if !platform.save {
        finding.warn(
            match policy.sessions.escalation {
                Escalation::Stop => {
                    "Sessions can't be saved through the platform's adapter: one with unsaved work is left alone, and after \
                     the deadline the run stops and ends maintenance again."
                }
                Escalation::Wait => {
                    "Sessions can't be saved through the platform's adapter: one with unsaved work is left alone, and the run \
                     waits for its owner, in maintenance."
                }
                Escalation::Force => {
                    "Sessions can't be saved through the platform's adapter: after the deadline those that the policy names are \
                     stopped, and what is unsaved in them is lost."
                }
            },
            "Ask people to save and close their sessions before the window.",
        );
    }
    if platform.sessions && !platform.notices {
        finding.note("Nothing can be shown inside sessions: people learn from the banner, or not at all.");
    }
    if forced && policy.force_sessions.is_empty() {
        finding.warn(
            "Sessions may be stopped by force, and none is named: force takes only those that the plan names, so nothing \
             is forced.",
            "Name the sessions whose unsaved work may be lost, or choose to stop or to wait.",
        );
    }
    if !forced && !policy.force_sessions.is_empty() {
        finding.warn(
            format!(
                "Sessions are named for force ({}), and the escalation is not force: naming them does nothing.",
                list(policy.force_sessions.iter().map(String::as_str))
            ),
            "Choose force as the escalation, or take the names away.",
        );
    }
    if let Some(Ok(running)) = &input.circumstances.sessions {
        let running: BTreeSet<&str> = running.iter().map(|session| session.id.as_str()).collect();
        let unknown = policy.force_sessions.iter().map(String::as_str).filter(|id| !running.contains(id));
        let unknown: Vec<&str> = unknown.collect();
        if !unknown.is_empty() {
            finding.note(format!("Named for force and not running: {}.", list(unknown)));
        }
    }
}

/// Whether anything proves the platform healthy before users are let in.
pub(super) const HEALTH_POLICY: Check = Check::new("health-policy", "Health policy", health).standing();

fn health(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let policy = input.health;
    let asks_targets = policy.targets && !input.targets.target_groups.is_empty();
    let asks_platform = policy.platform && input.circumstances.platform.status;
    let mut asked = Vec::new();
    if asks_targets {
        asked.push(count(input.targets.target_groups.len(), "target group"));
    } else if policy.targets && input.targets.serving_services.is_empty() {
        finding.note("Target groups are to be asked, and the stack has none on the public listener.");
    }
    if policy.targets && !input.targets.serving_services.is_empty() {
        asked.push(count(input.targets.serving_services.len(), "ECS service"));
    }
    if asks_platform {
        asked.push("the platform's own API".to_owned());
    } else if policy.platform {
        finding.note("The platform is to be asked, and its adapter can't ask how it is.");
    }
    asked.extend(policy.http.iter().map(|check| format!("{} ({})", check.name, check.url)));
    if asked.is_empty() {
        finding.warn(
            "Nothing is asked after the update: maintenance ends because CloudFormation is done, which doesn't mean that \
             the platform answers.",
            "Add an HTTP check of the platform's own, or an adapter that can ask it.",
        );
    } else {
        finding.note(format!("Asked after the update: {}.", asked.join(", ")));
    }
    if let Some(reason) = &input.circumstances.health_unknown {
        finding.note(format!(
            "How healthy it is now could not be looked at, so what is sick already will be waited for: {reason}."
        ));
    }
    if !policy.http.is_empty() && input.admitted.is_empty() {
        finding.note(
            "No address passes the closed gate: a check of a page behind it meets the maintenance page.",
        );
    }
    if policy.quiet_seconds >= policy.deadline_seconds {
        finding.fail(
            format!(
                "All must be well for {} s without a break within {} s, which can't be.",
                policy.quiet_seconds, policy.deadline_seconds
            ),
            "Give the deadline more time than the quiet.",
        );
    }
    for check in &policy.http {
        if !check.url.starts_with("https://") && !check.url.starts_with("http://") {
            finding.fail(
                format!("{}: {} is no address of a web page.", check.name, check.url),
                "Write it with https://.",
            );
        }
    }
    match policy.on_failure {
        OnUnhealthy::Ask | OnUnhealthy::GoBack => {}
        OnUnhealthy::Open => finding.warn(
            "A platform that isn't well is opened all the same.",
            "Choose to ask, unless users are better off with a broken platform than with none.",
        ),
        OnUnhealthy::StayClosed => {
            finding.note(
                "A platform that isn't well stays closed, and nobody is asked: see that somebody watches.",
            );
        }
    }
    finding.done()
}

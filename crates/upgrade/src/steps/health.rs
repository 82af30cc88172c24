//! UPDATE_COMPLETE does not mean that the platform answers: it proves itself healthy before users are let in.

use crate::Timestamp;
use crate::observation::{HealthFinding, Observation, physical_ids};
use crate::plan::{Plan, RunKind, UpdateKind};
use crate::policy::OnUnhealthy;
use crate::query::{HealthQuery, Query};
use crate::question::Question;
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Inquiry};
use crate::transition::named;

pub(crate) fn check_health() -> StepRules {
    StepRules {
        ends: Ends::AtHealthDeadline,
        ..StepRules::new(
            "Check health",
            |plan, state, _| inquiry(plan, state),
            |plan, state, seen, at| {
                let Observation::Health(findings) = seen else { return None };
                Some(check(plan, state, findings, at))
            },
        )
        .letting_in()
    }
}

/// Asked where an update was begun, and by whoever lets users in again: what nobody touched needs no proof.
fn inquiry(plan: &Plan, state: &State) -> Inquiry {
    let policy = &plan.health;
    let asks = policy.targets || policy.platform || !policy.http.is_empty();
    let touched = state.has_begun(UpdateKind::Primary) || plan.kind == RunKind::LeaveMaintenance;
    if !asks || !touched {
        return Inquiry::Known(Decision::Done);
    }
    let version = match (plan.kind, &state.failure) {
        // Whichever release stands.
        (RunKind::LeaveMaintenance, _) => None,
        (RunKind::Upgrade | RunKind::EnterMaintenance, None) => plan.to_version.clone(),
        (RunKind::Upgrade | RunKind::EnterMaintenance, Some(_)) => plan.from_version.clone(),
    };
    let services = if policy.targets { state.targets.serving_services.as_slice() } else { &[] };
    let groups = if policy.targets { state.targets.target_groups.as_slice() } else { &[] };
    Inquiry::Ask(Query::Health(HealthQuery {
        target_group_arns: physical_ids(groups),
        service_arns: physical_ids(services),
        platform: policy.platform && plan.platform.status,
        version,
        http: policy.http.clone(),
    }))
}

/// Whether the plan has a way back that leads anywhere now.
pub(crate) fn can_go_back(plan: &Plan, state: &State) -> bool {
    plan.way_back.is_some() && state.failure.is_none() && state.has_begun(UpdateKind::Primary)
}

/// Done when everything has been well for the quiet period without a break. What was as sick before maintenance proves
/// nothing now: it is told, and not waited for.
fn check(plan: &Plan, state: &mut State, findings: &[HealthFinding], at: Timestamp) -> Decision {
    let sick_before = |finding: &HealthFinding| {
        state.before.health.iter().any(|before| before.what == finding.what && !before.healthy)
    };
    let (excused, unhealthy): (Vec<&HealthFinding>, Vec<&HealthFinding>) =
        findings.iter().filter(|finding| !finding.healthy).partition(|finding| sick_before(finding));
    let excused: Vec<String> = excused
        .iter()
        .map(|finding| format!("{} was not healthy before either, so it was not waited for", finding.what))
        .filter(|remark| !state.remarks.contains(remark))
        .collect();
    let unhealthy: Vec<String> =
        unhealthy.iter().map(|finding| format!("{}: {}", finding.what, finding.detail)).collect();
    state.remarks.extend(excused);
    state.unhealthy.clone_from(&unhealthy);
    let policy = &plan.health;
    if unhealthy.is_empty() {
        let since = *state.healthy_since.get_or_insert(at);
        if at.milliseconds_since(since) >= policy.quiet_seconds * 1000 {
            return Decision::Done;
        }
        return Decision::Wait(vec![format!("{} s without a break of health", policy.quiet_seconds)]);
    }
    state.healthy_since = None;
    if state.elapsed_seconds(at) <= policy.deadline_seconds {
        return Decision::Wait(unhealthy);
    }
    let can_go_back = can_go_back(plan, state);
    match policy.on_failure {
        OnUnhealthy::GoBack if can_go_back => Decision::GoBack(format!(
            "the new release wasn't healthy after {} s: {}",
            policy.deadline_seconds,
            named(&unhealthy)
        )),
        OnUnhealthy::Ask | OnUnhealthy::GoBack => {
            Decision::Ask(Question::Unhealthy { findings: unhealthy, can_go_back })
        }
        OnUnhealthy::Open => {
            state.remarks.push(format!(
                "{}, as the policy says, though the platform wasn't healthy: {}",
                if plan.gateless { "work went on" } else { "users were let in" },
                named(&unhealthy)
            ));
            Decision::Done
        }
        OnUnhealthy::StayClosed => Decision::Stuck(format!(
            "the platform isn't healthy, and the policy says to stay closed: {}",
            named(&unhealthy)
        )),
    }
}

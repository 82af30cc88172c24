//! Sessions: tell the person inside, save, and stop what is saved. No session is stopped before its save has been
//! confirmed, unless the plan names it and says force.

use crate::Timestamp;
use crate::act::Act;
use crate::observation::Observation;
use crate::plan::Plan;
use crate::platform::{BannerLevel, PlatformAct, PlatformObservation, PlatformQuery, Session, Unsaved};
use crate::policy::Escalation;
use crate::query::Query;
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Drain, Inquiry, drain_of_work};
use crate::transition::named;

/// A save that has shown nothing for so long is asked for again.
const ASK_AGAIN_AFTER_SECONDS: u64 = 30;

pub(crate) fn save_sessions() -> StepRules {
    StepRules {
        ends: Ends::DrainOfWork(|policy| policy.sessions),
        is_needed: |plan| plan.platform.sessions,
        ..StepRules::new(
            "Save and stop sessions",
            |plan, _, _| {
                if !plan.platform.sessions {
                    return Inquiry::Known(Decision::Done);
                }
                Inquiry::Ask(Query::Platform(PlatformQuery::Sessions))
            },
            |plan, state, seen, at| {
                let Observation::Platform(PlatformObservation::Sessions(sessions)) = seen else {
                    return None;
                };
                Some(save_and_stop(plan, state, sessions, at))
            },
        )
    }
}

/// Done when no session is left.
fn save_and_stop(plan: &Plan, state: &mut State, sessions: &[Session], at: Timestamp) -> Decision {
    if sessions.is_empty() {
        return Decision::Done;
    }
    let policy = &plan.maintenance;
    let stage = drain_of_work(policy.sessions, state, at);
    let mut acts = notices(plan, state, sessions);
    for session in sessions {
        let id = &session.id;
        if session.is_saved() {
            let told = state.told.sessions.contains(id);
            if !told && !matches!(stage, Drain::Grace) {
                acts.push(PlatformAct::StopSession { session_id: id.clone() });
            }
            continue;
        }
        let asked = state.told.saves.get(id);
        let due =
            asked.is_none_or(|told_at| at.milliseconds_since(*told_at) > ASK_AGAIN_AFTER_SECONDS * 1000);
        if matches!(stage, Drain::Force) && policy.force_sessions.contains(id) {
            if !state.told.sessions.contains(id) {
                acts.push(PlatformAct::StopSession { session_id: id.clone() });
            }
        } else if plan.platform.save && due {
            acts.push(PlatformAct::SaveSession { session_id: id.clone() });
        }
    }
    let unsaved: Vec<String> = sessions
        .iter()
        .filter(|session| !session.is_saved() && !policy.force_sessions.contains(&session.id))
        .map(in_words)
        .collect();
    match stage {
        Drain::GiveUp(seconds) => {
            let left: Vec<String> = sessions.iter().map(in_words).collect();
            Decision::Fail(format!("sessions were left after {seconds} s: {}", named(&left)))
        }
        Drain::Force if !unsaved.is_empty() => Decision::Fail(format!(
            "the plan names no such session to be stopped by force, and its save was not confirmed: {}",
            named(&unsaved)
        )),
        Drain::Force | Drain::Grace | Drain::Tell if !acts.is_empty() => {
            Decision::Act(Act::Platform { acts })
        }
        Drain::Force | Drain::Grace | Drain::Tell => Decision::Wait(sessions.iter().map(in_words).collect()),
    }
}

fn notices(plan: &Plan, state: &State, sessions: &[Session]) -> Vec<PlatformAct> {
    if !plan.platform.notices {
        return Vec::new();
    }
    let seconds = plan.maintenance.sessions.grace_seconds;
    let when = match seconds {
        0 => "now".to_owned(),
        1 => "in a second".to_owned(),
        2..120 => format!("in {seconds} seconds"),
        _ => format!("in {} minutes", seconds / 60),
    };
    let text = format!(
        "Maintenance: your session will be saved, and stopped {when}. Once maintenance is over you can open it again."
    );
    sessions
        .iter()
        .filter(|session| !state.told.notified.contains(&session.id))
        .map(|session| PlatformAct::Notify {
            session_id: session.id.clone(),
            text: text.clone(),
            level: BannerLevel::Critical,
        })
        .collect()
}

fn in_words(session: &Session) -> String {
    let state = match session.unsaved {
        Unsaved::No if session.is_saved() => "saved".to_owned(),
        Unsaved::No => "not confirmed as saved".to_owned(),
        Unsaved::Yes { items } => format!("{items} unsaved"),
        Unsaved::Unknown => "cannot tell whether it is saved".to_owned(),
    };
    let error = session.last_save.as_ref().and_then(|save| save.error.as_deref());
    let failed = error.map(|error| format!("; its save failed: {error}")).unwrap_or_default();
    format!("session {} of {} ({state}{failed})", session.name, session.owner)
}

/// Whether sessions that the plan forces may be left when quiet is confirmed.
pub(crate) fn may_be_left(plan: &Plan) -> bool {
    plan.maintenance.sessions.escalation == Escalation::Force && !plan.maintenance.force_sessions.is_empty()
}

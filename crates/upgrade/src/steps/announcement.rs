//! Tell users beforehand, wait for the window, and take the banner down again.

use crate::act::Act;
use crate::observation::Observation;
use crate::plan::Plan;
use crate::platform::{Banner, PlatformAct, PlatformObservation, PlatformQuery};
use crate::query::Query;
use crate::state::{BannerBefore, State};
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Inquiry};

pub(crate) fn announce() -> StepRules {
    StepRules {
        is_needed: |plan| plan.announcement.banner.is_some() && plan.platform.banner,
        ..StepRules::new(
            "Announce maintenance",
            |plan, state, _| inquiry(plan, state),
            |plan, state, seen, _| {
                let Observation::Platform(PlatformObservation::Banner(shown)) = seen else { return None };
                Some(show(plan, state, shown.as_ref()))
            },
        )
    }
}

pub(crate) fn clear_banner() -> StepRules {
    StepRules::new(
        "Clear the banner",
        |plan, state, _| inquiry(plan, state),
        |plan, state, seen, _| {
            let Observation::Platform(PlatformObservation::Banner(shown)) = seen else { return None };
            Some(clear(plan, state, shown.as_ref()))
        },
    )
    .tidying()
}

fn inquiry(plan: &Plan, state: &State) -> Inquiry {
    let concerns_us = plan.announcement.banner.is_some() || state.before.banner.is_some();
    if !concerns_us || !plan.platform.banner {
        return Inquiry::Known(Decision::Done);
    }
    Inquiry::Ask(Query::Platform(PlatformQuery::Banner))
}

/// Done when the platform shows our banner. Whatever it showed before is put up again afterwards.
fn show(plan: &Plan, state: &mut State, seen: Option<&Banner>) -> Decision {
    let Some(wanted) = &plan.announcement.banner else { return Decision::Done };
    let shown = seen.is_some_and(|seen| says(seen, wanted));
    let before = match &state.before.banner {
        // What an earlier maintenance of ours shows is nobody's own.
        Some(BannerBefore { ours, before }) if shown || seen.is_some_and(|seen| says(seen, ours)) => {
            before.clone()
        }
        Some(_) | None => seen.filter(|_| !shown).cloned(),
    };
    state.before.banner = Some(BannerBefore { ours: wanted.clone(), before });
    if shown {
        return Decision::Done;
    }
    Decision::Act(Act::Platform { acts: vec![PlatformAct::SetBanner(wanted.clone())] })
}

/// Done when the platform doesn't show our banner. The one that was there before comes back; anybody else's stays.
fn clear(plan: &Plan, state: &State, seen: Option<&Banner>) -> Decision {
    let Some(seen) = seen else { return Decision::Done };
    let (ours, before) = match (&state.before.banner, &plan.announcement.banner) {
        (Some(BannerBefore { ours, before }), _) => (ours, before.as_ref()),
        (None, Some(ours)) => (ours, None),
        (None, None) => return Decision::Done,
    };
    if !says(seen, ours) {
        return Decision::Done;
    }
    let act = before.map_or(PlatformAct::ClearBanner, |banner| PlatformAct::SetBanner(banner.clone()));
    Decision::Act(Act::Platform { acts: vec![act] })
}

/// A platform may write times in its own way: the text makes a banner ours.
fn says(seen: &Banner, ours: &Banner) -> bool {
    seen.text == ours.text
}

/// Done when the announced time has come.
pub(crate) fn await_window() -> StepRules {
    StepRules {
        ends: Ends::AtWindow,
        is_needed: |plan| plan.announcement.closes_at.is_some(),
        ..StepRules::new(
            "Wait for the window",
            |plan, _, at| {
                Inquiry::Known(match plan.announcement.closes_at {
                    Some(closes_at) if at < closes_at => {
                        Decision::Wait(vec!["the announced time at which the gate closes".to_owned()])
                    }
                    Some(_) | None => Decision::Done,
                })
            },
            |_, _, _, _| None,
        )
    }
}

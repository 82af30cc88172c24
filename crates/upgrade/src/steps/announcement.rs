//! Tell users beforehand, wait for the window, and take the banner down again.

use crate::Timestamp;
use crate::act::Act;
use crate::observation::Query;
use crate::plan::Plan;
use crate::platform::{Banner, PlatformAct, PlatformQuery};
use crate::steps::{Decision, Look};

pub(crate) fn look(plan: &Plan) -> Look {
    if plan.announcement.banner.is_none() || !plan.platform.banner {
        return Look::Known(Decision::Done);
    }
    Look::Ask(Query::Platform(PlatformQuery::Banner))
}

/// Done when the platform shows our banner.
pub(crate) fn announce(plan: &Plan, seen: Option<&Banner>) -> Decision {
    match &plan.announcement.banner {
        Some(wanted) if !seen.is_some_and(|seen| says(seen, wanted)) => {
            Decision::Act(Act::Platform { acts: vec![PlatformAct::SetBanner(wanted.clone())] })
        }
        Some(_) | None => Decision::Done,
    }
}

/// Done when the platform doesn't show our banner. Anybody else's stays.
pub(crate) fn clear(plan: &Plan, seen: Option<&Banner>) -> Decision {
    match (&plan.announcement.banner, seen) {
        (Some(ours), Some(seen)) if says(seen, ours) => {
            Decision::Act(Act::Platform { acts: vec![PlatformAct::ClearBanner] })
        }
        (Some(_) | None, Some(_) | None) => Decision::Done,
    }
}

/// A platform may write times in its own way: the text makes a banner ours.
fn says(seen: &Banner, ours: &Banner) -> bool {
    seen.text == ours.text
}

/// Done when the announced time has come.
pub(crate) fn await_window(plan: &Plan, at: Timestamp) -> Look {
    Look::Known(match plan.announcement.closes_at {
        Some(closes_at) if at < closes_at => {
            Decision::Wait(vec!["the announced time at which the gate closes".to_owned()])
        }
        Some(_) | None => Decision::Done,
    })
}

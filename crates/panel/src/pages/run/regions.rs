//! What of a run's page changes while one looks.

use conductor::Claim;
use maud::Markup;
use upgrade::{Timestamp, UpdateKind};

use super::decision::decision;
use super::glance::glance;
use super::standing::standing;
use super::steps::steps;
use super::stopped::stopped;
use super::timeline::{MOST_ROWS, Timeline, timeline};
use crate::live::RunPicture;
use crate::usual::Usual;

/// What changes while one looks, but for the timeline.
pub(crate) struct Regions {
    /// Where it stands.
    pub(crate) standing: String,
    /// Which step of how many, and how long it takes yet.
    pub(crate) glance: String,
    /// The question and its answers; the stop button.
    pub(crate) decide: String,
    pub(crate) steps: String,
    /// What was stopped.
    pub(crate) stopped: String,
}

impl Regions {
    /// Each with the name of its place in the page.
    pub(crate) fn named(self) -> [(&'static str, String); 5] {
        let Regions { standing, glance, decide, steps, stopped } = self;
        [
            ("standing", standing),
            ("glance", glance),
            ("decide", decide),
            ("steps", steps),
            ("stopped", stopped),
        ]
    }
}

/// The timeline's place in the page.
pub(crate) const TIMELINE: &str = "timeline";

/// The timeline as it is `now`. It is by far the largest part of a page, so it is told less often than the others.
pub(crate) fn timeline_now(picture: &RunPicture, now: Timestamp) -> Markup {
    drawn(picture, now, Some(MOST_ROWS))
}

/// And with every resource, however many they are.
pub(crate) fn whole_timeline(picture: &RunPicture, now: Timestamp) -> Markup {
    drawn(picture, now, None)
}

fn drawn(picture: &RunPicture, now: Timestamp, most: Option<usize>) -> Markup {
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let of_updates = plan.updates.iter().map(|update| (update.kind.title(), update.stack_name.as_str()));
    let mut stacks: Vec<(&str, &str)> = of_updates.collect();
    if stacks.iter().all(|(_, name)| *name != plan.stack_name) {
        stacks.push((UpdateKind::Primary.title(), &plan.stack_name));
    }
    timeline(&Timeline {
        events: &report.stack_events,
        stacks,
        now: now.0,
        ended: report.outcome.is_some(),
        most,
        whole: &format!("/runs/{}/timeline", plan.run_id),
    })
}

/// Everything of a run that changes while one looks, but for the timeline. `may_decide`: the reader may stop and answer.
/// `claim`: who carries it out.
pub(crate) fn regions(
    picture: &RunPicture,
    usual: &Usual,
    may_decide: bool,
    claim: Option<&Claim>,
    now: Timestamp,
) -> Regions {
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let state = picture.telling.state();
    Regions {
        standing: standing(picture, claim).into_string(),
        glance: glance(picture, usual, claim.is_some(), true, now).into_string(),
        decide: decision(plan, state, may_decide, claim.is_some()).into_string(),
        steps: steps(plan, state, report).into_string(),
        stopped: stopped(report).into_string(),
    }
}

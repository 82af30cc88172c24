//! How long a run's steps take as a rule: from the rehearsal of its upgrade, and from earlier runs of its deployment.

use std::collections::HashMap;
use std::time::Duration;

use upgrade::{Durations, Plan, Step, Timestamp};

use crate::panel::Panel;
use crate::proposals::{Rehearsal, RehearsalStanding};
use crate::words::{counted, duration};

/// How long earlier runs may be read before a page is shown without them.
const READ_SECONDS: u64 = 2;

/// What is known of how long steps take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usual {
    steps: HashMap<Step, (u64, Source)>,
}

/// Where a time is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Rehearsal,
    /// So many times a run went through the step.
    Runs(usize),
}

/// When a run is over as a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// When the step that it is in ends as a rule.
    pub(crate) step_ends: Timestamp,
    /// What comes after that step, in milliseconds.
    pub(crate) rest: u64,
}

impl Left {
    pub(crate) fn milliseconds(self, now: Timestamp) -> u64 {
        self.step_ends.milliseconds_since(now).saturating_add(self.rest)
    }
}

impl Usual {
    /// Of the run of this plan. What can't be read in time is not waited for: the run's own page comes first.
    pub(crate) async fn of_run(panel: &Panel, plan: &Plan) -> Usual {
        let read = panel.live.durations(&plan.deployment, &plan.run_id);
        let read = tokio::time::timeout(Duration::from_secs(READ_SECONDS), read).await;
        let earlier = read.ok().and_then(Result::ok);
        let proposal = panel.proposals.by_run(&plan.run_id).ok().flatten();
        let rehearsal = match proposal.map(|proposal| panel.proposals.rehearsal(&proposal)) {
            Some(Ok(RehearsalStanding::Done(rehearsal))) => Some(rehearsal),
            Some(_) | None => None,
        };
        Usual::new(earlier.as_deref(), rehearsal.as_deref())
    }

    /// How long an update takes is its release's, so the rehearsal tells it better; the rest is the platform's, so earlier
    /// runs do.
    fn new(earlier: Option<&Durations>, rehearsal: Option<&Rehearsal>) -> Usual {
        let mut steps = HashMap::new();
        for step in Step::all() {
            let rehearsed = rehearsal
                .and_then(|rehearsal| rehearsal.steps.iter().find(|told| told.title == step.title()))
                .map(|told| (told.took.median_seconds.saturating_mul(1000), Source::Rehearsal));
            let ran =
                earlier.and_then(|earlier| Some((earlier.usual(step)?, Source::Runs(earlier.times(step)))));
            let told =
                if matches!(step, Step::FollowUpdate(_)) { rehearsed.or(ran) } else { ran.or(rehearsed) };
            steps.extend(told.map(|told| (step, told)));
        }
        Usual { steps }
    }

    /// How long a step takes, in milliseconds.
    pub(crate) fn step(&self, step: Step) -> Option<u64> {
        self.steps.get(&step).map(|(milliseconds, _)| *milliseconds)
    }

    /// The same for a person, with where it is from: `3 min 10 s (2 earlier runs)`.
    pub(crate) fn step_in_words(&self, step: Step) -> Option<String> {
        let (milliseconds, source) = self.steps.get(&step)?;
        let source = match source {
            Source::Rehearsal => "as rehearsed".to_owned(),
            Source::Runs(times) => counted(*times, "earlier run"),
        };
        Some(format!("{} ({source})", duration(*milliseconds)))
    }

    /// When a run is over that began this step then, and has these to come; `None`: a step is among them of which nothing is known.
    /// The wait for an announced time counts for nothing here.
    pub(crate) fn left(
        &self,
        step: Step,
        began: Timestamp,
        to_come: impl Iterator<Item = Step>,
    ) -> Option<Left> {
        // The one is mostly passed over; the other ends at its announced time, which whoever asks knows.
        let has_no_usual_time = |step: &Step| matches!(step, Step::LookOnceMore | Step::AwaitWindow);
        let mut rest = 0_u64;
        for step in to_come.filter(|step| !has_no_usual_time(step)) {
            rest = rest.saturating_add(self.step(step)?);
        }
        let own = if step == Step::AwaitWindow { 0 } else { self.step(step)? };
        Some(Left { step_ends: Timestamp(began.0.saturating_add(own)), rest })
    }

    /// Where the times of these steps are from.
    pub(crate) fn sources(&self, mut of: impl Iterator<Item = Step>) -> &'static str {
        let (mut rehearsed, mut ran) = (false, false);
        of.by_ref().filter_map(|step| self.steps.get(&step)).for_each(|(_, source)| match source {
            Source::Rehearsal => rehearsed = true,
            Source::Runs(_) => ran = true,
        });
        match (rehearsed, ran) {
            (true, true) => "from its rehearsal and earlier runs",
            (true, false) => "from its rehearsal",
            (false, true) => "from earlier runs",
            (false, false) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use upgrade::{Durations, RunDurations, Step, Timestamp, UpdateKind};

    use super::{Left, Usual};

    fn earlier(steps: &[(Step, u64)]) -> Durations {
        let mut durations = Durations::default();
        durations.add(&RunDurations { steps: steps.to_vec(), kept_out: None });
        durations
    }

    #[test]
    fn what_is_left_is_told_where_every_step_to_come_is_known() {
        let update = Step::FollowUpdate(UpdateKind::Primary);
        let known = earlier(&[(update, 60_000), (Step::CheckHealth, 30_000), (Step::OpenGate, 2_000)]);
        let usual = Usual::new(Some(&known), None);
        let left = |to_come: &[Step]| usual.left(update, Timestamp(1_000), to_come.iter().copied());
        let to_come = [Step::CheckHealth, Step::OpenGate, Step::LookOnceMore];
        let told = Left { step_ends: Timestamp(61_000), rest: 32_000 };
        assert_eq!(left(&to_come), Some(told));
        assert_eq!(left(&[Step::CheckHealth, Step::RestoreWorkers]), None);
        assert_eq!(told.milliseconds(Timestamp(31_000)), 62_000);
        assert_eq!(
            told.milliseconds(Timestamp(600_000)),
            32_000,
            "a step that takes longer adds nothing that is known"
        );
        assert_eq!(usual.step_in_words(update).as_deref(), Some("1 min 00 s (1 earlier run)"));
        assert_eq!(usual.sources(to_come.into_iter()), "from earlier runs");
    }
}

//! How long earlier runs of a deployment took: what an estimate may be made of, and what "slow" means.

use std::collections::BTreeMap;

use crate::plan::RunKind;
use crate::report::Report;
use crate::state::Outcome;
use crate::step::Step;

/// How long an ended run took, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunDurations {
    /// Of its steps, in the order that they were entered in.
    pub steps: Vec<(Step, u64)>,
    /// For how long an upgrade that came to its end kept users out.
    pub kept_out: Option<u64>,
}

impl RunDurations {
    /// What a run says of how long things take; `None`: nothing. One that was gone on with after its process died, or whose
    /// machine stood still, says nothing; one that failed says it of the way out alone.
    #[must_use]
    pub fn of_run(kind: RunKind, report: &Report) -> Option<RunDurations> {
        if report.times_resumed + report.times_stood_still > 0 {
            return None;
        }
        let well = matches!(
            report.outcome,
            Some(Outcome::Upgraded | Outcome::InMaintenance | Outcome::OutOfMaintenance)
        );
        let told = report.steps.iter().filter(|step| well || step.step.is_leaving());
        let steps = told.filter_map(|step| Some((step.step, step.milliseconds()?))).collect();
        let kept_out = match report.gate_closed {
            Some((from, Some(until))) if well && kind == RunKind::Upgrade => {
                Some(until.milliseconds_since(from))
            }
            Some(_) | None => None,
        };
        Some(RunDurations { steps, kept_out })
    }
}

/// How long several runs took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    steps: BTreeMap<Step, Vec<u64>>,
    kept_out: Vec<u64>,
}

impl Durations {
    /// The latest runs say most; older ones are of another platform.
    pub const MOST_RUNS: usize = 10;

    pub fn add(&mut self, run: &RunDurations) {
        for (step, milliseconds) in &run.steps {
            self.steps.entry(*step).or_default().push(*milliseconds);
        }
        self.kept_out.extend(run.kept_out);
    }

    /// How long a step takes, as a rule.
    #[must_use]
    pub fn usual(&self, step: Step) -> Option<u64> {
        median(self.steps.get(&step)?)
    }

    /// The longest that a step ever took.
    #[must_use]
    pub fn longest(&self, step: Step) -> Option<u64> {
        self.steps.get(&step)?.iter().max().copied()
    }

    /// How often a step was gone through.
    #[must_use]
    pub fn times(&self, step: Step) -> usize {
        self.steps.get(&step).map_or(0, Vec::len)
    }

    /// How long an upgrade keeps users out, as a rule, and how many said so.
    #[must_use]
    pub fn kept_out(&self) -> Option<(u64, usize)> {
        Some((median(&self.kept_out)?, self.kept_out.len()))
    }

    /// The longest that an upgrade kept users out.
    #[must_use]
    pub fn longest_kept_out(&self) -> Option<u64> {
        self.kept_out.iter().max().copied()
    }
}

/// The middle one; of two middle ones the greater, since a promise too short is the worse.
fn median(milliseconds: &[u64]) -> Option<u64> {
    let mut sorted = milliseconds.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::{Durations, RunDurations, median};
    use crate::plan::RunKind;
    use crate::report::{Report, StepReport};
    use crate::state::Outcome;
    use crate::{Step, Timestamp};

    fn report(outcome: Outcome, step: Step, milliseconds: u64) -> Report {
        Report {
            outcome: Some(outcome),
            gate_closed: Some((Timestamp(0), Some(Timestamp(milliseconds * 2)))),
            steps: vec![StepReport {
                step,
                started_at: Timestamp(0),
                ended_at: Some(Timestamp(milliseconds)),
                acts: Vec::new(),
            }],
            ..Report::default()
        }
    }

    #[test]
    fn the_middle_is_the_rule() {
        for (all, middle) in [(&[][..], None), (&[5], Some(5)), (&[9, 1], Some(9)), (&[9, 1, 4], Some(4))] {
            assert_eq!(median(all), middle, "{all:?}");
        }
    }

    #[test]
    fn what_failed_or_was_interrupted_is_no_rule() {
        let mut durations = Durations::default();
        let mut add = |kind, report: &Report| {
            RunDurations::of_run(kind, report).iter().for_each(|run| durations.add(run));
        };
        let step = Step::TerminateJobs;
        for milliseconds in [60_000, 90_000, 300_000] {
            add(RunKind::Upgrade, &report(Outcome::Upgraded, step, milliseconds));
        }
        let failed = Outcome::NotUpgraded { reason: String::new() };
        add(RunKind::Upgrade, &report(failed.clone(), step, 900_000));
        add(RunKind::Upgrade, &report(failed, Step::OpenGate, 7_000));
        add(RunKind::Upgrade, &Report { times_resumed: 1, ..report(Outcome::Upgraded, step, 7_000_000) });
        add(RunKind::EnterMaintenance, &report(Outcome::InMaintenance, step, 80_000));
        assert_eq!((durations.usual(step), durations.longest(step)), (Some(90_000), Some(300_000)));
        assert_eq!((durations.times(step), durations.usual(Step::OpenGate)), (4, Some(7_000)));
        assert_eq!(durations.kept_out(), Some((180_000, 3)));
        assert_eq!(durations.usual(Step::ConfirmQuiet), None);
    }
}

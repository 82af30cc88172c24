//! How long earlier runs of a deployment took, from the journal: what an estimate may be made of, and what "slow" means.

use std::collections::BTreeMap;

use conductor::{JournalError, JournalStore};
use upgrade::{Outcome, Report, RunKind, Step};

use crate::error::CliError;

/// The latest runs say most; older ones are of another platform.
const RUNS: usize = 10;

/// How long earlier runs took, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History {
    steps: BTreeMap<Step, Vec<u64>>,
    /// How long users were kept out by upgrades that came to their end.
    kept_out: Vec<u64>,
}

impl History {
    /// The history of a deployment; `but` is a run that is under way itself.
    pub(crate) async fn of(
        journal: &impl JournalStore,
        deployment: &str,
        but: Option<&str>,
    ) -> Result<History, CliError> {
        let mut history = History::default();
        let runs = journal.runs().await?;
        let ended = runs
            .iter()
            .rev()
            .filter(|run| run.ended && run.deployment == deployment && Some(run.run_id.as_str()) != but);
        for run in ended.take(RUNS) {
            match journal.load(&run.run_id).await {
                Ok((plan, records)) => {
                    // One that doesn't fit its plan is damaged as well: it says nothing, and hides no other.
                    if let Ok(report) = Report::from_journal(&plan, &records) {
                        history.add(plan.kind, &report);
                    }
                }
                Err(JournalError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(history)
    }

    /// Take up an ended run. A run that was gone on with after its process died, or its machine stood
    /// still, says nothing of how long things take.
    pub(crate) fn add(&mut self, kind: RunKind, report: &Report) {
        if report.times_resumed + report.times_stood_still > 0 {
            return;
        }
        let well = matches!(
            report.outcome,
            Some(Outcome::Upgraded | Outcome::InMaintenance | Outcome::OutOfMaintenance)
        );
        for step in report.steps.iter().filter(|step| well || step.step.is_leaving()) {
            self.steps.entry(step.step).or_default().extend(step.milliseconds());
        }
        if kind == RunKind::Upgrade
            && well
            && let Some((from, Some(until))) = report.gate_closed
        {
            self.kept_out.push(until.milliseconds_since(from));
        }
    }

    /// How long a step takes, as a rule.
    pub(crate) fn usual(&self, step: Step) -> Option<u64> {
        median(self.steps.get(&step)?)
    }

    /// The longest that a step ever took.
    pub(crate) fn longest(&self, step: Step) -> Option<u64> {
        self.steps.get(&step)?.iter().max().copied()
    }

    /// How long an upgrade keeps users out, as a rule.
    pub(crate) fn kept_out(&self) -> Option<u64> {
        median(&self.kept_out)
    }

    /// What is expected of an upgrade, in a sentence.
    pub(crate) fn expectation(&self) -> String {
        match self.kept_out() {
            Some(milliseconds) => format!(
                "Maintenance lasts about {}: the median of {} of this stack.",
                crate::words::duration(milliseconds),
                crate::words::counted(self.kept_out.len(), "earlier upgrade")
            ),
            None => {
                "No estimate yet of how long maintenance lasts: no upgrade of this stack has ended well here."
                    .to_owned()
            }
        }
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
    use upgrade::{Outcome, Report, RunKind, Step, StepReport, Timestamp};

    use super::{History, median};

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
        let mut history = History::default();
        let step = Step::TerminateJobs;
        for milliseconds in [60_000, 90_000, 300_000] {
            history.add(RunKind::Upgrade, &report(Outcome::Upgraded, step, milliseconds));
        }
        let failed = Outcome::NotUpgraded { reason: String::new() };
        history.add(RunKind::Upgrade, &report(failed, step, 900_000));
        history.add(
            RunKind::Upgrade,
            &Report { times_resumed: 1, ..report(Outcome::Upgraded, step, 7_000_000) },
        );
        history.add(RunKind::EnterMaintenance, &report(Outcome::InMaintenance, step, 80_000));
        assert_eq!((history.usual(step), history.longest(step)), (Some(90_000), Some(300_000)));
        assert_eq!(history.kept_out(), Some(180_000));
        assert!(history.expectation().starts_with("Maintenance lasts about 3 min 00 s"));
        assert_eq!(history.usual(Step::ConfirmQuiet), None);
    }
}

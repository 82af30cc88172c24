//! How long earlier runs of a deployment took, from the journal: what an estimate may be made of, and what "slow" means.

use conductor::{JournalError, JournalStore};
use upgrade::{Durations, Report, RunDurations, RunKind, Step};

use crate::error::CliError;

/// How long earlier runs took, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History {
    durations: Durations,
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
        for run in ended.take(Durations::MOST_RUNS) {
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

    /// Take up an ended run.
    pub(crate) fn add(&mut self, kind: RunKind, report: &Report) {
        if let Some(run) = RunDurations::of_run(kind, report) {
            self.durations.add(&run);
        }
    }

    /// How long a step takes, as a rule.
    pub(crate) fn usual(&self, step: Step) -> Option<u64> {
        self.durations.usual(step)
    }

    /// The longest that a step ever took.
    pub(crate) fn longest(&self, step: Step) -> Option<u64> {
        self.durations.longest(step)
    }

    /// How long an upgrade keeps users out, as a rule.
    pub(crate) fn kept_out(&self) -> Option<u64> {
        Some(self.durations.kept_out()?.0)
    }

    /// The longest that an upgrade kept users out.
    pub(crate) fn longest_kept_out(&self) -> Option<u64> {
        self.durations.longest_kept_out()
    }

    /// What is expected of an upgrade, in a sentence.
    pub(crate) fn expectation(&self) -> String {
        match self.durations.kept_out() {
            Some((milliseconds, upgrades)) => format!(
                "Maintenance lasts about {}: the median of {} of this stack.",
                crate::words::duration(milliseconds),
                crate::words::counted(upgrades, "earlier upgrade")
            ),
            None => {
                "No estimate yet of how long maintenance lasts: no upgrade of this stack has ended well here."
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use upgrade::{Outcome, Report, RunKind, Timestamp};

    use super::History;

    #[test]
    fn what_is_expected_says_of_how_many_upgrades_it_is_made() {
        let mut history = History::default();
        assert!(history.expectation().starts_with("No estimate yet"));
        let upgraded = Report {
            outcome: Some(Outcome::Upgraded),
            gate_closed: Some((Timestamp(0), Some(Timestamp(180_000)))),
            ..Report::default()
        };
        history.add(RunKind::Upgrade, &upgraded);
        let told = history.expectation();
        assert_eq!(
            told,
            "Maintenance lasts about 3 min 00 s: the median of 1 earlier upgrade of this stack."
        );
    }
}

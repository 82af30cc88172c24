//! A run for other programs, line by line as its records come, and how it came to an end.

use panel::answers::{AskedQuestion, Gate, Outcome, Seen};
use upgrade::{Ending, Plan, Question, Record, Report, RunningReport, Users};

use crate::answers::{self, RunAsked, RunEnded, RunLine};

/// Prints what records tell.
#[derive(Default)]
pub(crate) struct RunLines {
    telling: RunningReport,
}

impl RunLines {
    /// Of a run that has these records already: they are not told again.
    pub(crate) fn after(plan: &Plan, records: &[Record]) -> RunLines {
        let mut lines = RunLines::default();
        for record in records {
            // Whoever goes on with the run has found that they fit.
            let _fits = lines.telling.tell(plan, record);
        }
        lines
    }

    pub(crate) fn recorded(&mut self, plan: &Plan, record: &Record) {
        let told = self.telling.told();
        // One that doesn't fit ends the conducting, which says so.
        if self.telling.tell(plan, record).is_err() {
            return;
        }
        for line in self.telling.lines_since(told) {
            answers::print_line(&RunLine { run_id: plan.run_id.clone(), line: line.into() });
        }
    }
}

/// The last line of a run that has ended.
pub(crate) fn print_end(plan: &Plan, outcome: &upgrade::Outcome, told: &Report) {
    let ending = Ending { kind: plan.kind, outcome, seen: told.seen.as_ref() };
    answers::print_line(&RunEnded {
        run_id: plan.run_id.clone(),
        outcome: Outcome::from(outcome),
        seen: told.seen.as_ref().map(Seen::from),
        needs_somebody: ending.needs_somebody(),
    });
}

/// The last line of a run that waits for a person. `users`: where they were seen to be.
pub(crate) fn print_question(run_id: &str, question: &Question, users: Option<&Users>) {
    answers::print_line(&RunAsked {
        run_id: run_id.to_owned(),
        question: AskedQuestion::from(question),
        gate: Gate::seen(users).0,
    });
}

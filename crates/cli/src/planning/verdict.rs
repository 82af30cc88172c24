//! What follows from everything that was found out: the plan, or what stands in its way, and what to do about each kind of it.

use upgrade::{CheckResult, Fate, Plan, Verdict, in_the_way, standing_checks};

use super::{NoPlan, Prepared};
use crate::error::{CliError, Exit, UNTOUCHED};

impl Prepared {
    /// Whether CloudFormation is foretold to refuse an update, or to roll it back.
    #[must_use]
    pub fn is_foretold_to_fail(&self) -> bool {
        let updates = self.foretold.iter().flat_map(|foretold| &foretold.updates);
        updates.flat_map(|update| &update.expected).any(|change| change.expected == Fate::Fails)
    }

    /// The checks that stand in the way of a plan, by id.
    pub(crate) fn in_the_way(&self) -> Vec<String> {
        in_the_way(&self.checks, &self.accepted).into_iter().map(|check| check.id.clone()).collect()
    }

    /// The plan; else what stands in its way, and what to do about each kind of it.
    ///
    /// # Errors
    /// There is none.
    pub fn into_plan(self) -> Result<Plan, CliError> {
        let fails = self.is_foretold_to_fail();
        let Prepared { checks, foretold, plan, accepted, .. } = self;
        let error = match plan {
            Ok(plan) => return Ok(plan),
            Err(NoPlan::Undrawn(error)) => return Err(error.into()),
            Err(error @ NoPlan::Blocked(_)) => error,
        };
        let open: Vec<&CheckResult> = in_the_way(&checks, &accepted);
        let ids = |verdict: Verdict| {
            let meant = open.iter().filter(|check| check.verdict == verdict);
            meant.map(|check| check.id.as_str()).collect::<Vec<_>>()
        };
        let (failed, warned) = (ids(Verdict::Failed), ids(Verdict::Warning));
        let kind = if fails { Exit::ForetoldToFail } else { Exit::BlockedByChecks };
        let mut told = CliError::new(kind, error);
        if !failed.is_empty() {
            told = told.hint(format!("failed, to be mended: {}", failed.join(", ")));
        }
        if !warned.is_empty() {
            told = told.hint(format!(
                "warned, to be accepted with --accept CHECK --why TEXT: {}",
                warned.join(", ")
            ));
        }
        let standing = standing_checks();
        let every_evening: Vec<&str> = warned.into_iter().filter(|id| standing.contains(id)).collect();
        if !every_evening.is_empty() {
            told = told.hint(format!(
                "the same every evening? settle it once, in [accepted.CHECK] of slackwater.toml: {}",
                every_evening.join(", ")
            ));
        }
        let losses = foretold.iter().flat_map(|foretold| &foretold.losses);
        let losses: Vec<&str> =
            losses.filter(|loss| accepted.iter().all(|one| one.what != **loss)).map(String::as_str).collect();
        if !losses.is_empty() {
            told = told
                .hint(format!("data that goes, with --accept-replacement LOGICAL_ID: {}", losses.join(", ")));
        }
        let fixes = open.iter().flat_map(|check| &check.fixes);
        let fixes: Vec<String> = fixes.map(|fix| format!("{}={}", fix.parameter, fix.value)).collect();
        if !fixes.is_empty() {
            told = told.hint(format!("offered, taken with --fix: {}", fixes.join(", ")));
        }
        Err(told.hint(UNTOUCHED))
    }
}

impl From<NoPlan> for CliError {
    fn from(error: NoPlan) -> CliError {
        match error {
            NoPlan::Blocked(_) => CliError::new(Exit::BlockedByChecks, error).hint(UNTOUCHED),
            NoPlan::Undrawn(error) => error.into(),
        }
    }
}

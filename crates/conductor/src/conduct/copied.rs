//! A copy of a conducting, for what-ifs: it goes on from where the original was, with the same records, in a copy of the world.

use upgrade::{Act, Effect, Plan, Record, State, Timestamp};

use super::{ConductError, Conductor, Ended, Watcher, request_of};
use crate::cloud::Cloud;
use crate::journal::{JournalError, JournalStore};

/// Where a conducting is right before it writes an act down and does it: what follows depends on this, the records, and the world.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub state: &'a State,
    pub act: &'a Act,
    /// When it looked at last whether the calm holds.
    pub watched_at: Option<Timestamp>,
}

impl<C: Cloud, J: JournalStore> Conductor<'_, C, J> {
    /// Go on as the conducting did that was here, with a journal that holds nothing of the run yet: nothing is resumed, and nobody
    /// taken over. `records`: those of the run up to here, one at least.
    ///
    /// # Errors
    /// As [`Conductor::start`]; without a record there is no such run.
    pub async fn go_on_from(
        &self,
        plan: &Plan,
        records: &[Record],
        here: Here<'_>,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, ConductError> {
        let Some((first, others)) = records.split_first() else {
            return Err(JournalError::NoSuchRun { run_id: plan.run_id.clone() }.into());
        };
        let hold = self.begin(plan, first, watcher).await?;
        hold.written.set(1);
        for record in others {
            self.write(plan, record, false, &hold, watcher).await?;
        }
        hold.taken.replace(records.iter().filter_map(request_of).cloned().collect());
        let at = (here.state.clone(), Effect::Act(here.act.clone()));
        let going_on = self.go_on(plan, at, here.watched_at, &hold, watcher);
        let ended = self.beside(&plan.run_id, &hold, going_on).await;
        self.give_back(&plan.run_id, ended).await
    }
}

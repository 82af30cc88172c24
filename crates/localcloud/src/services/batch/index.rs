//! Where jobs are found: those of a queue in one state, in the order of their submission, and those that wait for
//! another. A queue may hold ten thousand, and is listed again and again while they end.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::job::JobState;

/// Kept by [`super::job::enter`] and the submission; jobs are never forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// By queue, state and place in the order of submission: the job's id.
    places: BTreeMap<String, BTreeMap<JobState, BTreeMap<u64, String>>>,
    /// By the job that is waited for: those that wait, whether they still do or not.
    dependents: BTreeMap<String, Vec<String>>,
}

impl Index {
    /// A job has come into a state; from another, unless it is new.
    pub(super) fn moved(&mut self, queue: &str, number: u64, id: &str, from: Option<JobState>, to: JobState) {
        let states = match self.places.get_mut(queue) {
            Some(states) => states,
            None => self.places.entry(queue.to_owned()).or_default(),
        };
        if let Some(left) = from.and_then(|from| states.get_mut(&from)) {
            left.remove(&number);
        }
        states.entry(to).or_default().insert(number, id.to_owned());
    }

    /// A job waits for others.
    pub(super) fn waits(&mut self, id: &str, others: &[String]) {
        for other in others {
            self.dependents.entry(other.clone()).or_default().push(id.to_owned());
        }
    }

    /// The jobs that were submitted to wait for this one.
    pub(super) fn dependents(&self, id: &str) -> &[String] {
        self.dependents.get(id).map_or(&[], Vec::as_slice)
    }

    /// The jobs of a queue in a state that were submitted after the one of this number, in their order.
    pub(super) fn after(
        &self,
        queue: &str,
        state: JobState,
        number: Option<u64>,
    ) -> impl Iterator<Item = (u64, &str)> {
        let jobs = self.places.get(queue).and_then(|states| states.get(&state));
        let from = number.map_or(Bound::Unbounded, Bound::Excluded);
        jobs.into_iter()
            .flat_map(move |jobs| jobs.range((from, Bound::Unbounded)))
            .map(|(number, id)| (*number, id.as_str()))
    }
}

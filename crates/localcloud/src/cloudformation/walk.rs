//! A walk over a graph of tasks: what is ready, what runs, what is done. Knows nothing of stacks.
//!
//! Among the ready tasks the one that was listed first comes first, so a walk is the same every time.

use std::collections::{BTreeMap, BTreeSet};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Its prerequisites aren't all done.
    Waiting,
    /// Begun and not ended.
    Running,
    /// Ended well; what waits for it may go on.
    Done,
    /// Ended badly; what waits for it waits for ever.
    Failed,
}

/// A task's place in its walk.
pub type TaskIndex = usize;

/// One task: a name and what is to be done.
#[derive(Debug, Clone)]
pub struct Task<Work> {
    /// The resource's logical id.
    pub logical_id: String,
    /// What is to be done.
    pub work: Work,
    /// Where it stands.
    pub state: TaskState,
    outstanding: usize,
    dependents: Vec<TaskIndex>,
}

/// Tasks and their order.
#[derive(Debug, Clone)]
pub struct Walk<Work> {
    tasks: Vec<Task<Work>>,
    ready: BTreeSet<TaskIndex>,
    running: BTreeSet<TaskIndex>,
}

impl<Work> Walk<Work> {
    /// A walk over `tasks` (logical id and work, in the order wanted among equals). `prerequisites` gives for
    /// a task's place the logical ids that must be done before; names that no task has are passed over.
    /// Several tasks may share a logical id (an old and an older physical resource): all of them count.
    pub fn new(tasks: Vec<(String, Work)>, mut prerequisites: impl FnMut(&str) -> Vec<String>) -> Walk<Work> {
        let mut places: BTreeMap<String, Vec<TaskIndex>> = BTreeMap::new();
        for (index, (logical_id, _)) in tasks.iter().enumerate() {
            places.entry(logical_id.clone()).or_default().push(index);
        }
        let mut made: Vec<Task<Work>> = tasks
            .into_iter()
            .map(|(logical_id, work)| Task {
                logical_id,
                work,
                state: TaskState::Waiting,
                outstanding: 0,
                dependents: Vec::new(),
            })
            .collect();
        let mut ready = BTreeSet::new();
        let names: Vec<String> = made.iter().map(|task| task.logical_id.clone()).collect();
        for (index, name) in names.iter().enumerate() {
            let before: BTreeSet<TaskIndex> = prerequisites(name)
                .iter()
                .filter_map(|other| places.get(other))
                .flatten()
                .copied()
                .filter(|other| *other != index)
                .collect();
            for other in &before {
                if let Some(task) = made.get_mut(*other) {
                    task.dependents.push(index);
                }
            }
            if let Some(task) = made.get_mut(index) {
                task.outstanding = before.len();
            }
            if before.is_empty() {
                ready.insert(index);
            }
        }
        Walk { tasks: made, ready, running: BTreeSet::new() }
    }

    /// Begin the next ready task, if any.
    pub fn begin_next(&mut self) -> Option<TaskIndex> {
        let index = self.ready.pop_first()?;
        self.running.insert(index);
        if let Some(task) = self.tasks.get_mut(index) {
            task.state = TaskState::Running;
        }
        Some(index)
    }

    /// A task ended well.
    pub fn finish(&mut self, index: TaskIndex) {
        self.running.remove(&index);
        let Some(task) = self.tasks.get_mut(index) else { return };
        task.state = TaskState::Done;
        for dependent in task.dependents.clone() {
            if let Some(task) = self.tasks.get_mut(dependent) {
                task.outstanding = task.outstanding.saturating_sub(1);
                if task.outstanding == 0 {
                    self.ready.insert(dependent);
                }
            }
        }
    }

    /// A task ended badly.
    pub fn fail(&mut self, index: TaskIndex) {
        self.running.remove(&index);
        if let Some(task) = self.tasks.get_mut(index) {
            task.state = TaskState::Failed;
        }
    }

    /// Whether nothing runs and nothing can begin.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.ready.is_empty() && self.running.is_empty()
    }

    /// What runs, first listed first.
    #[must_use]
    pub fn running(&self) -> Vec<TaskIndex> {
        self.running.iter().copied().collect()
    }

    /// A task.
    #[must_use]
    pub fn task(&self, index: TaskIndex) -> Option<&Task<Work>> {
        self.tasks.get(index)
    }

    /// A task, to change its work.
    pub fn task_mut(&mut self, index: TaskIndex) -> Option<&mut Task<Work>> {
        self.tasks.get_mut(index)
    }

    /// All tasks in the order they were listed.
    pub fn tasks(&self) -> impl Iterator<Item = &Task<Work>> {
        self.tasks.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins whatever can begin, ends it, and writes down the rounds.
    fn rounds(tasks: &[(&str, &[&str])], failing: &str) -> String {
        let before: BTreeMap<&str, &[&str]> = tasks.iter().copied().collect();
        let listed = tasks.iter().map(|(name, _)| ((*name).to_owned(), ())).collect();
        let mut walk = Walk::new(listed, |name| {
            before
                .get(name)
                .into_iter()
                .flat_map(|names| names.iter())
                .map(|name| (*name).to_owned())
                .collect()
        });
        let mut text = String::new();
        while !walk.is_at_rest() {
            while walk.begin_next().is_some() {}
            for index in walk.running() {
                let name = walk.task(index).map(|task| task.logical_id.clone()).unwrap_or_default();
                text.push_str(&name);
                if name == failing { walk.fail(index) } else { walk.finish(index) }
            }
            text.push(' ');
        }
        text.trim_end().to_owned()
    }

    #[test]
    fn tasks_begin_in_order_when_their_prerequisites_are_done() {
        for (tasks, failing, expected) in [
            (
                &[("a", &[][..]), ("b", &["a"][..]), ("c", &["a"][..]), ("d", &["b", "c"][..])][..],
                "",
                "a bc d",
            ),
            (&[("d", &["b"][..]), ("b", &[][..]), ("a", &["nobody"][..])][..], "", "ba d"),
            (&[("a", &[][..]), ("b", &["a"][..]), ("c", &[][..])][..], "a", "ac"),
            (&[("a", &["a"][..])][..], "", "a"),
        ] {
            assert_eq!(rounds(tasks, failing), expected);
        }
    }
}

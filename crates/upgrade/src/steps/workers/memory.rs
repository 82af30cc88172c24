//! What a worker group's note says: its sizes before maintenance.

use crate::act::{GroupSize, WarmPoolSize};
use crate::note::Note;
use crate::observation::WorkerGroup;

/// `min=1 max=4 desired=2 protected=true warm=1 prepared=3`; the last two only with a warm pool, `prepared=max` for the
/// group's greatest size.
pub(super) fn write(note: Note, size: &GroupSize, pool: Option<&WarmPoolSize>) -> Note {
    let note = note
        .with("min", size.min_size)
        .with("max", size.max_size)
        .with("desired", size.desired_capacity)
        .with("protected", size.new_instances_protected);
    let Some(pool) = pool else { return note };
    let prepared = pool.max_group_prepared_capacity.map_or("max".to_owned(), |most| most.to_string());
    note.with("warm", pool.min_size).with("prepared", prepared)
}

/// The group as it was, by its note. What the note doesn't tell is as it is now.
pub(super) fn as_before(group: &WorkerGroup, note: &Note) -> WorkerGroup {
    let mut before = group.clone();
    before.min_size = note.number("min").unwrap_or(before.min_size);
    before.max_size = note.number("max").unwrap_or(before.max_size);
    before.desired_capacity = note.number("desired").unwrap_or(before.desired_capacity);
    if let Some(protected) = note.word("protected") {
        before.new_instances_protected = protected == "true";
    }
    if let Some(pool) = &mut before.warm_pool {
        pool.min_size = note.number("warm").unwrap_or(pool.min_size);
        if note.word("prepared").is_some() {
            pool.max_group_prepared_capacity = note.number("prepared");
        }
    }
    before
}

#[cfg(test)]
mod tests {
    use super::{as_before, write};
    use crate::act::{GroupSize, WarmPoolSize};
    use crate::note::Note;
    use crate::observation::{WarmPool, WorkerGroup};

    #[test]
    fn what_is_written_is_read_again() {
        for (size, pool) in [
            ((1, 4, 2, true), None),
            ((0, 10, 0, false), Some((1, None))),
            ((3, 3, 3, true), Some((0, Some(5)))),
        ] {
            let group_name = "workers".to_owned();
            let size = GroupSize {
                group_name: group_name.clone(),
                min_size: size.0,
                max_size: size.1,
                desired_capacity: size.2,
                new_instances_protected: size.3,
            };
            let warm = pool.map(|(min_size, prepared)| WarmPoolSize {
                group_name: group_name.clone(),
                min_size,
                max_group_prepared_capacity: prepared,
            });
            let note = write(Note::default(), &size, warm.as_ref());
            let group = WorkerGroup {
                name: group_name,
                min_size: 0,
                max_size: 0,
                desired_capacity: 0,
                new_instances_protected: false,
                warm_pool: warm
                    .as_ref()
                    .map(|_| WarmPool { min_size: 0, max_group_prepared_capacity: Some(0) }),
                instances: Vec::new(),
                hooks: Vec::new(),
                suspended: Vec::new(),
                remembered: None,
            };
            let before = as_before(&group, &Note::read(&note.write()));
            assert_eq!(super::super::size_of(&before), size, "{note:?}");
            assert_eq!(super::super::warm_pool_of(&before), warm, "{note:?}");
        }
    }
}

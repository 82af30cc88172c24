//! The note on a worker group: its sizes before maintenance, as a tag's value. It makes leaving possible when the
//! journal is lost, and keeps a second maintenance from taking zero for what was before.

use crate::act::{GroupSize, WarmPoolSize};
use crate::observation::WorkerGroup;

/// `min=1 max=4 desired=2 protected=true warm=1 prepared=3`; the last two only with a warm pool, `prepared=max` for
/// the group's greatest size. At most 256 characters, all of them allowed in a tag's value.
pub(super) fn write(size: &GroupSize, pool: Option<&WarmPoolSize>) -> String {
    let mut text = format!(
        "min={} max={} desired={} protected={}",
        size.min_size, size.max_size, size.desired_capacity, size.new_instances_protected
    );
    if let Some(pool) = pool {
        let prepared = pool.max_group_prepared_capacity.map_or("max".to_owned(), |most| most.to_string());
        text.push_str(&format!(" warm={} prepared={prepared}", pool.min_size));
    }
    text
}

/// The group as it was: what its note says, where it has one that can be read.
pub(super) fn as_before(group: &WorkerGroup) -> WorkerGroup {
    let mut before = group.clone();
    let Some(note) = &group.remembered else { return before };
    for (key, value) in note.split(' ').filter_map(|part| part.split_once('=')) {
        let number = value.parse::<i32>();
        match (key, number) {
            ("min", Ok(number)) => before.min_size = number,
            ("max", Ok(number)) => before.max_size = number,
            ("desired", Ok(number)) => before.desired_capacity = number,
            ("protected", _) => before.new_instances_protected = value == "true",
            ("warm", Ok(number)) => {
                if let Some(pool) = &mut before.warm_pool {
                    pool.min_size = number;
                }
            }
            ("prepared", number) => {
                if let Some(pool) = &mut before.warm_pool {
                    pool.max_group_prepared_capacity = number.ok();
                }
            }
            // A note of a newer program, or somebody's own words: the rest of it still counts.
            _ => {}
        }
    }
    before
}

#[cfg(test)]
mod tests {
    use super::{as_before, write};
    use crate::act::{GroupSize, WarmPoolSize};
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
            let note = write(&size, warm.as_ref());
            assert!(note.len() <= 256, "{note}");
            let before = as_before(&WorkerGroup {
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
                remembered: Some(note.clone()),
            });
            assert_eq!(super::super::size_of(&before), size, "{note}");
            assert_eq!(super::super::warm_pool_of(&before), warm, "{note}");
        }
    }
}

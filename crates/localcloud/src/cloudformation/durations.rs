//! How long CloudFormation takes for a resource of a type. The figures are data: `data/durations.txt`, each
//! with where it comes from.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

static TEXT: &str = include_str!("../../data/durations.txt");

/// How long one type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// From CREATE_IN_PROGRESS to CREATE_COMPLETE.
    pub create: Duration,
    /// From UPDATE_IN_PROGRESS to UPDATE_COMPLETE, in place.
    pub update: Duration,
    /// From DELETE_IN_PROGRESS to DELETE_COMPLETE.
    pub delete: Duration,
}

/// From the request to the first resource. Assumption: AWS reads the template and begins within seconds.
pub const START: Duration = Duration::from_secs(4);
/// From a resource's first event to "Resource creation Initiated". Assumption: one call to the service.
pub const INITIATE: Duration = Duration::from_secs(1);
/// From CreateChangeSet to a change set that can be executed. Assumption: seconds.
pub const CHANGE_SET: Duration = Duration::from_secs(6);

/// The figures of a type; the line `default` where it has none of its own.
#[must_use]
pub fn usual(type_name: &str) -> Durations {
    static TABLE: OnceLock<BTreeMap<&'static str, Durations>> = OnceLock::new();
    let table = TABLE.get_or_init(|| TEXT.lines().filter_map(read_line).collect());
    let name = if crate::resource::is_custom(type_name) { "Custom::*" } else { type_name };
    let none = Durations { create: INITIATE, update: INITIATE, delete: INITIATE };
    table.get(name).or_else(|| table.get("default")).copied().unwrap_or(none)
}

/// `TYPE CREATE UPDATE DELETE because WHERE FROM`, in seconds.
fn read_line(line: &'static str) -> Option<(&'static str, Durations)> {
    let (figures, _) = line.split_once(" because ")?;
    let mut words = figures.split_whitespace();
    let name = words.next().filter(|name| !name.starts_with('#'))?;
    let mut seconds = || words.next()?.parse().ok().map(Duration::from_secs);
    Some((name, Durations { create: seconds()?, update: seconds()?, delete: seconds()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        for (number, line) in TEXT.lines().enumerate() {
            let skipped = line.is_empty() || line.starts_with('#');
            assert!(skipped != read_line(line).is_some(), "data/durations.txt:{}: {line}", number + 1);
        }
        assert_eq!(usual("AWS::No::Such"), usual("default"));
        assert!(usual("AWS::RDS::DBInstance").create > usual("default").create);
    }
}

//! How long CloudFormation takes for a resource, and where that is known from: the stack's own events, what AWS documents,
//! historical averages, or an assumption.
//!
//! The averages are those of aws-cloudformation/rain (`data/rain.tsv`, Apache-2.0; its head says of which commit). Where it has
//! none, or something better is known, `data/durations.txt` has a line.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Serialize;

use crate::facts::{self, Treatment};

static AVERAGES: &str = include_str!("../data/rain.tsv");
static BETTER: &str = include_str!("../data/durations.txt");

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// From CREATE_IN_PROGRESS to CREATE_COMPLETE.
    Create,
    /// From UPDATE_IN_PROGRESS to UPDATE_COMPLETE, in place.
    Update,
    /// From DELETE_IN_PROGRESS to DELETE_COMPLETE.
    Delete,
}

impl Operation {
    /// As AWS has it in statuses, in small letters.
    pub fn word(self) -> &'static str {
        match self {
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }
}

/// Where a figure is from, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// The events of the stack itself.
    OwnEvents,
    /// AWS's documentation.
    Documented,
    /// Historical averages of many stacks.
    Averages,
    /// Nobody has measured it.
    Assumed,
}

impl Provenance {
    /// For a person.
    pub fn title(self) -> &'static str {
        match self {
            Provenance::OwnEvents => "this stack's own events",
            Provenance::Documented => "AWS's documentation",
            Provenance::Averages => "historical averages",
            Provenance::Assumed => "assumptions",
        }
    }
}

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Seconds.
    pub seconds: u64,
    /// Where that is from.
    pub provenance: Provenance,
}

/// A line of either table, by operation.
type Line = [Option<Figure>; 3];

/// By type.
type Table = HashMap<&'static str, Line>;

/// How long an operation on a resource of this type usually takes.
pub fn usual(type_name: &str, operation: Operation) -> Figure {
    static TABLES: OnceLock<(Table, Table)> = OnceLock::new();
    let (better, averages) = TABLES.get_or_init(|| {
        (
            BETTER.lines().filter_map(better_line).collect(),
            AVERAGES.lines().filter_map(average_line).collect(),
        )
    });
    let name = match facts::treatment(type_name) {
        Treatment::CustomResource => "Custom::*",
        Treatment::Published | Treatment::Transformed | Treatment::Module | Treatment::Unknown => type_name,
    };
    let place = operation as usize;
    let of = |table: &Table, name: &str| table.get(name).and_then(|line| line[place]);
    of(better, name)
        .or_else(|| of(averages, name))
        .or_else(|| of(better, "default"))
        .unwrap_or(Figure { seconds: 4, provenance: Provenance::Assumed })
}

/// `TYPE CREATE UPDATE DELETE because WHERE FROM`, in seconds, `-` for what the averages say.
fn better_line(line: &'static str) -> Option<(&'static str, Line)> {
    let (figures, source) = line.split_once(" because ")?;
    let provenance = if source.contains("assumption") { Provenance::Assumed } else { Provenance::Documented };
    let mut words = figures.split_whitespace();
    let name = words.next().filter(|name| !name.starts_with('#'))?;
    let mut figure = || match words.next()? {
        "-" => Some(None),
        seconds => Some(Some(Figure { seconds: seconds.parse().ok()?, provenance })),
    };
    Some((name, [figure()?, figure()?, figure()?]))
}

/// `TYPE CREATE UPDATE DELETE` with tabs; zeros and deletes are no evidence.
fn average_line(line: &'static str) -> Option<(&'static str, Line)> {
    let mut words = line.split('\t');
    let name = words.next().filter(|name| !name.starts_with('#'))?;
    let mut figure = || {
        let seconds: u64 = words.next()?.parse().ok()?;
        Some((seconds > 0).then_some(Figure { seconds, provenance: Provenance::Averages }))
    };
    Some((name, [figure()?, figure()?, None]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_no_average_is_asked_for_that_is_not_there() {
        let averages: HashMap<&str, Line> = AVERAGES.lines().filter_map(average_line).collect();
        assert_eq!(averages.len(), AVERAGES.lines().filter(|line| !line.starts_with('#')).count());
        for (number, line) in BETTER.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, figures) =
                better_line(line).unwrap_or_else(|| panic!("data/durations.txt:{}: {line}", number + 1));
            for (place, figure) in figures.iter().enumerate() {
                let known = averages.get(name).is_some_and(|line| line[place].is_some());
                assert!(figure.is_some() || known, "{name}: no average for the -");
            }
        }
    }

    #[test]
    fn the_better_figure_comes_first_and_says_where_it_is_from() {
        for (name, operation, provenance) in [
            ("AWS::RDS::DBInstance", Operation::Create, Provenance::Averages),
            ("AWS::RDS::DBInstance", Operation::Delete, Provenance::Assumed),
            ("AWS::EFS::MountTarget", Operation::Create, Provenance::Documented),
            ("AWS::AutoScaling::AutoScalingGroup", Operation::Update, Provenance::Assumed),
            ("AWS::No::Such", Operation::Create, Provenance::Assumed),
            ("Custom::Thing", Operation::Create, Provenance::Assumed),
        ] {
            assert_eq!(usual(name, operation).provenance, provenance, "{name} {operation:?}");
        }
        assert_eq!(usual("Custom::Thing", Operation::Create).seconds, 8);
        assert!(usual("AWS::RDS::DBInstance", Operation::Create).seconds > 300);
    }
}

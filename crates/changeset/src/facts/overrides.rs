//! Corrections of the published facts: `data/overrides.txt`, one a line, each with its reason.
//!
//! Nothing is corrected anywhere else, so that the file is the whole list of what we know better.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::record::Stateful;
use super::recreation::RequiresRecreation;

static TEXT: &str = include_str!("../../data/overrides.txt");

#[derive(Debug, Default)]
struct Overrides {
    recreation: BTreeMap<(String, String), (RequiresRecreation, String)>,
    stateful: BTreeMap<String, String>,
    reference: BTreeMap<String, Vec<String>>,
}

/// The corrected word for a property and its reason. The type `Custom::*` stands for every custom resource.
pub(super) fn recreation(type_name: &str, path: &str) -> Option<(RequiresRecreation, &'static str)> {
    let (word, reason) = all().recreation.get(&(type_name.to_owned(), path.to_owned()))?;
    Some((*word, reason))
}

/// The paths of a type that are corrected.
pub(super) fn recreation_paths(type_name: &str) -> impl Iterator<Item = &'static str> {
    all().recreation.keys().filter(move |(name, _)| name == type_name).map(|(_, path)| path.as_str())
}

pub(super) fn stateful(type_name: &str) -> Option<Stateful> {
    all().stateful.get(type_name).map(|because| Stateful { because: because.clone() })
}

pub(super) fn reference(type_name: &str) -> Option<Vec<String>> {
    all().reference.get(type_name).cloned()
}

fn all() -> &'static Overrides {
    static OVERRIDES: OnceLock<Overrides> = OnceLock::new();
    OVERRIDES.get_or_init(|| {
        let mut made = Overrides::default();
        for line in TEXT.lines() {
            // A line that can't be read is left out here and found by the test below.
            let _ = read_line(line, &mut made);
        }
        made
    })
}

/// Reads one line into the overrides; the error says what is wrong with it.
fn read_line(line: &str, into: &mut Overrides) -> Result<(), &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let (fact, reason) = line.split_once(" because ").ok_or("a line needs ` because ` and a reason")?;
    let reason = reason.trim().trim_end_matches('.').to_owned();
    let mut words = fact.split_whitespace();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("recreation"), Some(type_name), Some(path), Some(word)) => {
            let word = RequiresRecreation::from_word(word)
                .ok_or("the last word is Always, Conditionally or Never")?;
            into.recreation.insert((type_name.to_owned(), path.to_owned()), (word, reason));
        }
        (Some("stateful"), Some(type_name), None, None) => {
            into.stateful.insert(type_name.to_owned(), reason);
        }
        (Some("reference"), Some(type_name), Some(names), None) => {
            into.reference.insert(type_name.to_owned(), names.split('|').map(str::to_owned).collect());
        }
        _ => {
            return Err(
                "a line starts with `recreation TYPE PATH WORD`, `stateful TYPE` or `reference TYPE NAMES`",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_every_corrected_type_exists() {
        let mut made = Overrides::default();
        for (number, line) in TEXT.lines().enumerate() {
            assert_eq!(read_line(line, &mut made), Ok(()), "data/overrides.txt:{}: {line}", number + 1);
        }
        let types = made
            .recreation
            .keys()
            .map(|(name, _)| name)
            .chain(made.stateful.keys())
            .chain(made.reference.keys());
        for type_name in types {
            let known = type_name == "Custom::*" || super::super::resource_type(type_name).is_some();
            assert!(known, "data/overrides.txt names {type_name}, which no schema knows");
        }
        assert!(!made.recreation.is_empty() && !made.stateful.is_empty());
    }

    #[test]
    fn a_line_without_a_reason_is_refused() {
        assert!(read_line("stateful AWS::S3::Bucket", &mut Overrides::default()).is_err());
        assert!(
            read_line("recreation AWS::S3::Bucket /Name Perhaps because of this", &mut Overrides::default())
                .is_err()
        );
    }
}

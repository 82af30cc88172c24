//! What a rollback doesn't bring back: the lines of `data/no-return.txt`. Read by the prediction, which marks an update's point of
//! no return, and by the local cloud's engine, which leaves such properties as the update has made them.

use std::cmp::Ordering;
use std::sync::OnceLock;

use indexmap::IndexMap;
use template::Value;

use super::refusals::compare_versions;
use crate::compare::same;

static TEXT: &str = include_str!("../../data/no-return.txt");

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoWayBack {
    /// The type.
    pub type_name: &'static str,
    /// The property.
    pub property: &'static str,
    /// What is the matter afterwards.
    pub loss: Loss,
    /// Why, as a clause.
    pub why: &'static str,
    /// Where that is known from.
    pub source: &'static str,
    when: When,
}

/// What is the matter after a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// What was is not there again.
    Lost,
    /// What was is there again, and something else as well.
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Any,
    Grows,
    Later,
}

/// Every line.
pub fn lines() -> &'static [NoWayBack] {
    static LINES: OnceLock<Vec<NoWayBack>> = OnceLock::new();
    LINES.get_or_init(|| TEXT.lines().filter_map(|line| read_line(line).ok().flatten()).collect())
}

/// What of a change in place a rollback wouldn't bring back.
pub fn no_way_back(
    type_name: &str,
    before: &IndexMap<String, Value>,
    after: &IndexMap<String, Value>,
) -> Vec<&'static NoWayBack> {
    lines()
        .iter()
        .filter(|line| line.type_name == type_name)
        .filter(|line| line.holds(before.get(line.property), after.get(line.property)))
        .collect()
}

impl NoWayBack {
    fn holds(&self, before: Option<&Value>, after: Option<&Value>) -> bool {
        if same(before, after) {
            return false;
        }
        let texts = before.and_then(Value::scalar_text).zip(after.and_then(Value::scalar_text));
        match (self.when, texts) {
            (When::Any, _) => true,
            (When::Grows, Some((before, after))) => {
                matches!((before.parse::<f64>(), after.parse::<f64>()), (Ok(before), Ok(after)) if after > before)
            }
            // Versions that can't be compared are taken for later ones: nobody is to count on the way back.
            (When::Later, Some((before, after))) => {
                compare_versions(before, after).is_none_or(|order| order == Ordering::Less)
            }
            // What isn't known, or wasn't given, may be anything.
            (When::Grows | When::Later, None) => after.is_some(),
        }
    }
}

/// Reads one line; the error says what is wrong with it.
fn read_line(line: &'static str) -> Result<Option<NoWayBack>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (rule, source) = line.rsplit_once(" | ").ok_or("a line needs ` | ` and a source")?;
    let mut words = rule.splitn(5, ' ');
    let mut word = || words.next().ok_or("a line begins with TYPE PROPERTY WHEN LOSS WHY");
    let (type_name, property, when, loss, why) = (word()?, word()?, word()?, word()?, word()?);
    let when = match when {
        "any" => When::Any,
        "grows" => When::Grows,
        "later" => When::Later,
        _ => return Err("the third word is any, grows or later"),
    };
    let loss = match loss {
        "lost" => Loss::Lost,
        "left" => Loss::Left,
        _ => return Err("the fourth word is lost or left"),
    };
    Ok(Some(NoWayBack { type_name, property, loss, why, source, when }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_names_a_property_that_exists() {
        for (number, line) in TEXT.lines().enumerate() {
            let line = read_line(line).unwrap_or_else(|wrong| panic!("line {}: {wrong}", number + 1));
            let Some(line) = line else { continue };
            let facts = crate::facts::resource_type(line.type_name).expect(line.type_name);
            assert!(facts.properties.contains_key(line.property), "{} {}", line.type_name, line.property);
        }
    }

    #[test]
    fn only_what_grows_or_becomes_later_has_no_way_back() {
        let database = |storage: &str, version: &str| {
            IndexMap::from([
                ("AllocatedStorage".to_owned(), Value::string(storage)),
                ("EngineVersion".to_owned(), Value::string(version)),
            ])
        };
        for (before, after, expected) in [
            (database("20", "15.4"), database("20", "15.4"), vec![]),
            (database("20", "15.4"), database("40", "15.4"), vec!["AllocatedStorage"]),
            (database("20", "15.4"), database("20", "16.1"), vec!["EngineVersion"]),
            (database("40", "15.4"), database("20", "15"), vec![]),
        ] {
            let found = no_way_back("AWS::RDS::DBInstance", &before, &after);
            let mut names: Vec<_> = found.iter().map(|line| line.property).collect();
            names.sort_unstable();
            assert_eq!(names, expected);
        }
    }
}

//! Whether a change of a property recreates its resource, in AWS's three words.

use serde::{Deserialize, Serialize};

use super::{overrides, record::ResourceType, treatment};

/// AWS's `RequiresRecreation`, ordered by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RequiresRecreation {
    /// The resource is changed in place.
    Never,
    /// It depends on values that only AWS sees.
    Conditionally,
    /// A new resource takes the place of the old one.
    Always,
}

impl RequiresRecreation {
    /// AWS's word.
    pub fn word(self) -> &'static str {
        match self {
            RequiresRecreation::Never => "Never",
            RequiresRecreation::Conditionally => "Conditionally",
            RequiresRecreation::Always => "Always",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<RequiresRecreation> {
        [RequiresRecreation::Never, RequiresRecreation::Conditionally, RequiresRecreation::Always]
            .into_iter()
            .find(|each| each.word() == word)
    }
}

/// The word for a property path, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecreationFact {
    /// The word.
    pub word: RequiresRecreation,
    /// The second source's word where it differs and no override decided.
    pub disputed: Option<RequiresRecreation>,
    /// The override's reason, where one decided.
    pub overridden_because: Option<&'static str>,
    /// Set when the word follows from the type having no update handler.
    pub no_update_handler: bool,
}

/// Whether changing the property at `property_path` of a resource of this type recreates it.
///
/// The path is written `/Name/Nested/0/Deep` or `Name`; a list index may be a number or `*`. A path above a
/// create-only path (`/ComputeResources` where `/ComputeResources/Type` is create-only) gives the heaviest
/// word below it, because without the values nothing better can be said: with values use
/// [`crate::compare::changed_properties`]. A type that no schema knows gives `Never`: see
/// [`super::treatment`].
pub fn recreation(type_name: &str, property_path: &str) -> RequiresRecreation {
    let path = segments(property_path);
    let below = patterns_below(type_name, &path)
        .into_iter()
        .map(|pattern| fact_at(type_name, &segments(&pattern)).word);
    below.fold(fact_at(type_name, &path).word, RequiresRecreation::max)
}

/// The word for this very path with what it rests on: an override, a missing update handler, a dispute. Paths
/// as for [`recreation()`].
pub fn recreation_fact(type_name: &str, property_path: &str) -> RecreationFact {
    fact_at(type_name, &segments(property_path))
}

/// The fact for exactly this path or the nearest path above it that has one.
pub(crate) fn fact_at(type_name: &str, path: &[&str]) -> RecreationFact {
    let never = RecreationFact {
        word: RequiresRecreation::Never,
        disputed: None,
        overridden_because: None,
        no_update_handler: false,
    };
    let override_name = treatment::override_name(type_name);
    for length in (1..=path.len()).rev() {
        let written = path.get(..length).map(pointer).unwrap_or_default();
        if let Some((word, reason)) = overrides::recreation(override_name, &written) {
            return RecreationFact { word, overridden_because: Some(reason), ..never };
        }
    }
    // `/*` stands for every property of a type whose properties no schema lists.
    if let Some((word, reason)) = overrides::recreation(override_name, "/*") {
        return RecreationFact { word, overridden_because: Some(reason), ..never };
    }
    let Some(facts) = super::resource_type(type_name) else { return never };
    if !facts.has_update_handler() {
        return RecreationFact { word: RequiresRecreation::Always, no_update_handler: true, ..never };
    }
    let top = path.get(..1).map(pointer).unwrap_or_default();
    let disputed = facts.disputed.get(&top).map(|words| words.second);
    RecreationFact { word: word_in_schema(facts, path), disputed, ..never }
}

fn word_in_schema(facts: &ResourceType, path: &[&str]) -> RequiresRecreation {
    let covers =
        |patterns: &[String]| patterns.iter().any(|pattern| is_at_or_above(&segments(pattern), path));
    if covers(&facts.create_only) {
        RequiresRecreation::Always
    } else if covers(&facts.conditional_create_only) {
        RequiresRecreation::Conditionally
    } else {
        RequiresRecreation::Never
    }
}

/// The paths strictly below `path` that have a word of their own.
pub(crate) fn patterns_below(type_name: &str, path: &[&str]) -> Vec<String> {
    let override_name = treatment::override_name(type_name);
    let facts = super::resource_type(type_name);
    let known =
        facts.into_iter().flat_map(|facts| facts.create_only.iter().chain(&facts.conditional_create_only));
    known
        .map(String::as_str)
        .chain(overrides::recreation_paths(override_name))
        .filter(|pattern| {
            let pattern = segments(pattern);
            pattern.len() > path.len() && is_at_or_above(path, &pattern)
        })
        .map(str::to_owned)
        .collect()
}

/// The names of a path, outermost first.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn pointer(path: &[&str]) -> String {
    path.iter().flat_map(|part| ["/", if is_index(part) { "*" } else { part }]).collect()
}

/// Whether `upper` is `lower` or stands above it.
fn is_at_or_above(upper: &[&str], lower: &[&str]) -> bool {
    upper.len() <= lower.len()
        && upper.iter().zip(lower).all(|(one, other)| one == other || (is_index(one) && is_index(other)))
}

fn is_index(part: &str) -> bool {
    part == "*" || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

//! What makes an update fail, or lose what it has just made: rules that the prediction ([`crate::expect`]) and the local cloud's
//! engine read alike, so that the two can't disagree. Each has the source that it is from.
//!
//! - [`attributes`]: which attributes a type has.
//! - [`exclusive`]: what only one resource can have at a time.
//! - [`no_return`]: what a rollback doesn't bring back.
//! - [`property_validation`]: what the schema of a type demands of its properties.
//! - [`refusals`]: what a service refuses, known from the values alone.

use std::collections::BTreeMap;

pub mod attributes;
pub mod exclusive;
pub mod no_return;
pub mod property_validation;
pub mod refusals;
mod values;

/// How many reasons for a refusal are known, by what they are about: for a reader who wants to know what "nothing is refused" rests on.
pub fn known_refusals() -> BTreeMap<&'static str, usize> {
    let mut known: BTreeMap<&'static str, usize> = BTreeMap::new();
    for rule in refusals::rules() {
        *known.entry(rule.group.title()).or_default() += 1;
    }
    let refused = exclusive::rules().iter().filter(|rule| rule.effect == exclusive::Effect::Refused).count();
    known.insert("what only one can have", refused);
    // A name that stays, one that another resource has, and an attribute that isn't there.
    *known.entry(refusals::Group::Names.title()).or_default() += 2;
    known.insert("attributes", 1);
    known.insert("properties by the schema of their type", 1);
    known
}

//! What makes an update fail, or lose what it has just made: rules that the prediction ([`crate::expect`]) and the local cloud's
//! engine read alike, so that the two can't disagree. Each has the source that it is from.
//!
//! - [`attributes`]: which attributes a type has.
//! - [`exclusive`]: what only one resource can have at a time.
//! - [`no_return`]: what a rollback doesn't bring back.
//! - [`refusals`]: what a service refuses, known from the values alone.

pub mod attributes;
pub mod exclusive;
pub mod no_return;
pub mod refusals;

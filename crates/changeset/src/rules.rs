//! What makes an update fail, or lose what it has just made: rules that the prediction ([`crate::expect`]) and the local cloud's
//! engine read alike, so that the two can't disagree. Each has the source that it is from.
//!
//! - [`attributes`]: which attributes a type has.
//! - [`exclusive`]: what only one resource can have at a time.
//! - [`refusals`]: what a service refuses, known from the values alone.

pub mod attributes;
pub mod exclusive;
pub mod refusals;

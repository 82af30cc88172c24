//! Resource facts and the prediction of a change set. Pure: no clock, network, file, environment or
//! randomness.
//!
//! - [`facts`]: what AWS publishes of every resource type.
//! - [`compare`]: which properties differ between two evaluated sets, and what each difference costs.
//! - [`conditional`]: what a conditional replacement comes down to.
//! - [`custom_name`]: which names stand in the way of a replacement.
//! - [`mod@predict`]: what AWS will say, in both of its modes; [`wire`] is the answer as AWS words it.
//! - [`expect`]: what will really happen, and why AWS's words differ.
//! - [`durations`], [`mod@estimate`]: how long it takes, and where it can't be taken back any more.
//! - [`rules`]: what makes an update fail, or lose what it has made.
//! - [`risks`], [`capabilities`], [`permissions`]: what that may cost, what the operator has to acknowledge,
//!   what IAM has to allow.

#![warn(missing_docs)]

pub mod capabilities;
pub mod change_set;
pub mod compare;
pub mod conditional;
pub mod custom_name;
pub mod durations;
pub mod estimate;
pub mod expect;
pub mod facts;
pub mod permissions;
pub mod predict;
pub mod risks;
pub mod rules;
pub mod stack_policy;
pub mod wildcard;
pub mod wire;

pub use change_set::{ChangeSet, KNOWN_AFTER_APPLY};
pub use predict::{Deployed, DeployedResource, Mode, PredictError, predict};

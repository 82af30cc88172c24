//! The services an upgrade touches, each with its own state, its own API and its own part of provisioning.

pub mod auto_scaling;
pub mod backup;
pub mod batch;
pub mod cloudwatch;
pub mod ec2;
pub mod ecs;
#[cfg(test)]
mod hostile;
pub mod iam;
pub mod load_balancing;
pub mod notification;
pub mod object_storage;
pub(crate) mod paging;
pub mod parameter_store;
pub(crate) mod properties;
pub mod rds;
pub mod secrets_manager;
pub mod security_token;
#[cfg(test)]
pub(crate) mod testing;

//! The services an upgrade touches, each with its own state, its own API and its own part of provisioning.

pub mod auto_scaling;
pub mod batch;
#[cfg(test)]
mod hostile;
pub mod load_balancing;
pub mod object_storage;
pub(crate) mod paging;
pub(crate) mod properties;
pub mod security_token;
#[cfg(test)]
pub(crate) mod testing;

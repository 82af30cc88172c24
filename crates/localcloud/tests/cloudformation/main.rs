//! CloudFormation of the local cloud, asked through [`localcloud::World::handle`] without the wire.

mod chance;
mod code_ocean;
mod operations;
mod recorded;
mod replacement;
mod rollback;
mod support;
mod vendors;

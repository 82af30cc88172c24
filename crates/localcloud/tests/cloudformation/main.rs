//! CloudFormation of the local cloud, asked through [`localcloud::World::handle`] without the wire.

mod chance;
mod code_ocean;
mod drift;
mod every_type;
mod expected;
mod lab;
mod nested;
mod operations;
mod policies;
mod recorded;
mod refusals;
mod replacement;
mod rollback;
mod support;
mod vendors;
mod waiting;

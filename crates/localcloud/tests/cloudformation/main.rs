//! CloudFormation of the local cloud, asked through [`localcloud::World::handle`] without the wire.

mod chance;
mod code_ocean;
mod containers;
mod custom_resources;
mod drift;
mod every_type;
mod expected;
mod groups;
mod lab;
mod listeners;
mod nested;
mod operations;
mod policies;
mod recorded;
mod refusals;
mod replacement;
mod rollback;
mod rules;
mod serverless;
mod service_role;
mod storage;
mod support;
mod switches;
mod template_urls;
mod vendors;
mod waiting;

//! The conductor's ports, over the AWS wire.
//!
//! There is one cloud interface, and one way to speak it (`wire.rs`). It is pointed at AWS, at a local cloud over loopback, at
//! one in this process ([`Transport::InProcess`]), or at anybody's emulator; nothing here knows which.

mod auto_scaling;
mod aws_connection;
mod backup;
mod batch;
mod circumstances;
mod cloud;
mod cloudformation;
mod clouds;
mod cloudwatch;
mod concurrency;
mod connection;
mod contents;
mod deployment;
mod ec2;
mod ecs;
mod endpoints;
mod errors;
mod identity;
mod in_process;
mod limited;
mod load_balancing;
mod nested;
mod obstacles;
mod pace;
mod quotas;
mod rds;
mod refusal;
mod renewing;
mod sns;
mod stack;
mod stacks;
mod state_bucket;
mod state_objects;
mod storage;
mod sts_address;
mod tags;
mod taken_names;
mod uri_encoding;
mod wire;
mod workload;
mod xml;

pub use aws_connection::{AssumedRole, AwsConnection, ConnectError};
pub use circumstances::Lookup;
pub use cloud::AwsCloud;
pub use cloudformation::drift_preview::{Drifted, drift_preview_name};
pub use clouds::AwsClouds;
pub use connection::{Connection, Transport};
pub use contents::{ContentDifference, FoundContent, UnreadContent, VerifiedContents};
pub use in_process::{Carried, Carrier, InProcessHandler};
pub use pace::Pace;
pub use stack::NewStack;
pub use stacks::StackListed;
pub use state_objects::StateObjects;
pub use storage::{PinnedTemplate, object_of_url};
pub use taken_names::CustomName;

//! The conductor's ports, over the AWS SDK.
//!
//! There is one cloud interface: the AWS wire. The SDK is pointed at AWS, at a local cloud over loopback, at
//! one in this process ([`Transport::InProcess`]), or at anybody's emulator; nothing here knows which.

mod auto_scaling;
mod batch;
mod cloud;
mod cloudformation;
mod connection;
mod deployment;
mod errors;
mod in_process;
mod load_balancing;
mod stack;
mod storage;
mod workload;

pub use cloud::AwsCloud;
pub use connection::{Connection, Transport};
pub use in_process::InProcessHandler;
pub use stack::NewStack;

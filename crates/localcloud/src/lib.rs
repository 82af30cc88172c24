//! An AWS-compatible cloud on one machine: the CloudFormation engine and the services an upgrade touches.
//!
//! It is a cloud, not our cloud: nothing here knows the conductor, the AWS adapters, the upgrade or the
//! panel. The whole state is one [`World`], a deterministic function of its seed and of the requests it
//! was given at their times. Nothing in it runs by itself: a request first lets everything happen that was
//! due before it. That is what makes real time, virtual time and restarting after a crash the same thing.

pub mod clock;
pub mod cloudformation;
pub mod control;
pub mod descriptor;
pub mod error;
pub mod faults;
mod gate;
pub mod generic;
pub mod identity;
pub mod input;
pub mod journal;
pub mod machine_room;
pub mod observe;
pub(crate) mod properties;
pub mod resource;
pub mod server;
pub mod service;
pub mod services;
pub mod throttle;
pub mod timers;
pub mod wire;
pub mod world;

pub use clock::{Clock, Timestamp};
pub use cloudformation::durations::Pace;
pub use error::AwsError;
pub use faults::Faults;
pub use input::Input;
pub use service::LocalCloud;
pub use wire::keys::AccessKeys;
pub use world::{Config, Speed, World};

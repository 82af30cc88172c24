//! The lab: a small but real research-computing platform, with which an upgrade is shown and tested. Its templates
//! (`deploy/lab/`) start these programs on the instances and in the Batch jobs of a cloud.
//!
//! It is somebody else's platform as far as the rest of the workspace is concerned: it knows no other crate, and no
//! other crate knows more of it than its command line and what it says over HTTP. It isolates nobody: whoever
//! signs in runs processes as the user that the web service runs as.

pub mod aws_api;
pub mod clock;
mod command;
pub mod http_client;
pub mod identity;
pub mod job;
pub mod release;
pub mod session;
pub mod store;
pub mod web;
pub mod worker;

pub use command::{Command, LabError, run};

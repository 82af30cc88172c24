//! The adapters to a platform's own API: who works on it, what they have not saved, and what it can be told to do.
//!
//! The words (questions, answers, acts, capabilities) are `upgrade`'s. Here is how a platform is reached:
//!
//! - [`HTTP`] speaks Slackwater's own small contract, version 1. `openapi.yaml` beside this crate
//!   describes it; a vendor who answers it needs no code of ours.
//! - [`CODE_OCEAN`] speaks Code Ocean's public REST API, and says what that can't do.
//! - [`NONE`] can do nothing, and says so.
//!
//! No AWS, no command line, no decision: what follows from an answer is decided in `upgrade`. Nothing is repeated
//! here either; an error's kind says whether repeating may help. A platform behind a closed gate must be reached from
//! an allow-listed address, or it answers with the maintenance page (a 503, so `Transient`).

mod adapter;
mod client;
mod config;
mod failure;
mod probe;
mod secret;
mod transport;
mod webhook;

pub use adapter::{ADAPTERS, Adapter, AdapterKind, CODE_OCEAN, HTTP, NONE};
pub use config::{PlatformConfig, PlatformError};
pub use probe::probe;
pub use secret::{Secret, TokenError, TokenSource, read_secret, read_token};
pub use transport::{InProcessAnswer, InProcessHandler};
pub use webhook::{NotTaken, post};

//! Carries a plan out: asks the cloud, tells the state machine, does what it says, writes everything down.
//!
//! It knows no AWS, HTTP or HTML: the cloud is whatever implements [`Cloud`].

mod clock;
mod cloud;
mod conduct;
mod data_directory;
mod journal;
mod lease;
mod objects;
mod random;
mod sqlite;

pub use clock::Clock;
pub use cloud::Cloud;
pub use conduct::{ConductError, Conductor, Ended, Reply, Watcher};
pub use data_directory::{DataDirectory, DataDirectoryError};
pub use journal::{JournalError, JournalStore, Request, RunSummary, read_run};
pub use lease::{Conducting, Holder, LEASE_SECONDS, Lease};
pub use objects::{Found, ObjectError, Objects, Written};
pub use random::{NoRandomness, random_word};
pub use sqlite::SqliteJournal;

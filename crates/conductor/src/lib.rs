//! Carries a plan out: asks the cloud, tells the state machine, does what it says, writes everything down.
//!
//! It knows no AWS, HTTP or HTML: the cloud is whatever implements [`Cloud`].

mod clock;
mod cloud;
mod conduct;
mod data_directory;
mod journal;
mod lease;
mod sqlite;

pub use clock::Clock;
pub use cloud::Cloud;
pub use conduct::{ConductError, Conductor, Ended, Reply, Watcher};
pub use data_directory::{DataDirectory, DataDirectoryError};
pub use journal::{JournalError, JournalStore, Request, RunSummary};
pub use lease::{Holder, LEASE_SECONDS, Lease};
pub use sqlite::SqliteJournal;

//! Carries a plan out: asks the cloud, tells the state machine, does what it says, writes everything down.
//!
//! It knows no AWS, HTTP or HTML: the cloud is whatever implements [`Cloud`].

mod clock;
mod cloud;
mod conduct;
mod data_directory;
mod journal;
mod sqlite;

pub use clock::Clock;
pub use cloud::Cloud;
pub use conduct::{ConductError, Watcher, resume, start};
pub use data_directory::{DataDirectory, DataDirectoryError};
pub use journal::{JournalError, JournalStore, RunSummary};
pub use sqlite::SqliteJournal;

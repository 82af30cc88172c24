//! Carries a plan out: asks the cloud, tells the state machine, does what it says, writes everything down.
//!
//! It knows no AWS, HTTP or HTML: the cloud is whatever implements [`Cloud`], and a shared state whatever implements
//! [`Objects`].

mod claim;
mod clock;
mod cloud;
mod conduct;
mod data_directory;
mod journal;
mod limit;
mod object_journal;
mod objects;
mod private_file;
mod random;
mod sqlite;

pub use claim::{
    ACT_SECONDS, BEAT_SECONDS, Claim, Conducting, HOLD_SECONDS, Holder, TAKE_OVER_SECONDS, host,
};
pub use clock::Clock;
pub use cloud::Cloud;
pub use conduct::{ConductError, Conductor, Ended, Here, Reply, Watcher};
pub use data_directory::{DataDirectory, DataDirectoryError};
pub use journal::{Asked, CarriedOn, JournalError, JournalStore, Request, RunSummary, TakenOver, read_run};
pub use limit::{NotSent, SentCall, may_send};
pub use object_journal::ObjectJournal;
pub use objects::{Found, ObjectError, Objects, Written};
pub use private_file::{make_private, write_private};
pub use random::{NoRandomness, random_word};
pub use sqlite::{SqliteJournal, location_of};

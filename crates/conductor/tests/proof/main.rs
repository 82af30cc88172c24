//! What the conductor promises: how a run is held, and what remembers it.

mod common;
mod conducting;
mod contract;
mod object_journal;
mod sqlite_journal;

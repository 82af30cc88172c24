//! The port against the local cloud in this process, in virtual time.

mod acts;
mod canned;
mod common;
mod connection;
mod lookups;
mod queries;
mod rate;
mod updates;

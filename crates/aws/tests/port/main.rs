//! The port against the local cloud: in this process and in virtual time, but for `network`.

mod acts;
mod calm;
mod canned;
mod canned_fleet;
mod common;
mod connection;
mod contents;
mod hooks;
mod lookups;
mod nested;
mod network;
mod notes;
mod obstacles;
mod operations;
mod pins;
mod queries;
mod rate;
mod renewal;
mod services;
mod state;
mod state_answers;
mod state_bucket;
mod updates;

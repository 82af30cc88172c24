//! What the panel must withstand, on real sockets where sockets matter.

#[path = "../common/mod.rs"]
mod common;
mod document;
mod elsewhere;
mod file;
mod followed;
mod fuzz;
mod house;
mod lists;
mod raw;
mod runs;
mod slow;
mod streams;
mod tls;

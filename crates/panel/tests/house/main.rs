//! The panel's router, asked in process.

mod access;
#[path = "../common/mod.rs"]
mod common;
mod maintenance;
mod served;
mod upgrade;

//! The panel's router, asked in process.

mod access;
mod acts;
mod attacks;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod looks;
mod maintenance;
mod pages;
mod rehearsal;
mod served;
mod upgrade;

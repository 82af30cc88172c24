//! What the panel's tests and benchmarks share.

pub mod house;
pub mod plan;
pub mod rehearsal;
pub mod release;

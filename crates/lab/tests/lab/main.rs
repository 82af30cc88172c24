//! The lab's programs as real processes over loopback.

mod code_ocean;
mod contract;
mod life;
mod support;
mod templates;
mod workers;

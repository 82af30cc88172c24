//! A standing simulation of this program: deployments that nobody wrote, evenings that go wrong in every way that this program knows
//! of, and the rules of the design, judged from outside after every run.
//!
//! An evening is a few runs of one deployment, one after the other, each carried on by one to four machines over lines on which calls
//! are lost, late, answered with errors, while machines stand still or die, people say stop, answer whatever comes to mind, begin
//! another run, or update the stack by hand. Everything about it follows from its seed ([`evening::simulate`]).

pub mod chance;
pub mod deployment;
pub mod evening;
mod judge;
pub mod machine;
pub mod net;
pub mod options;
mod person;
pub mod seeds;
mod world;

//! The state machine against a small platform that obeys it: every end, every crash.
//!
//! The platform here is a stand-in that answers questions and carries acts out at once; what AWS really does
//! is tested on the local cloud. What is tested here is the machine: whatever happens, everything is put
//! back, and a run resumed from any prefix of its journal comes to the same end.

mod approval;
mod carry_out;
mod crashes;
mod ends;
mod found;
mod gateless;
mod late;
mod limits;
mod overtaken;
mod plans;
mod platform;
mod resumed;
mod service;
mod services;
mod stories;

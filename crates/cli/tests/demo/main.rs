//! The lab's demo over loopback, as a stranger runs it and as its users see it: real processes, real listeners, and a
//! client of the test's own that looks from outside all the time.

mod by_hand;
mod client;
mod elsewhere;
mod paths;
mod program;
mod two_steps;

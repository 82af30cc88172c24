//! The program as an operator uses it against a cloud that listens: what it finds and shows, and what it says, and
//! ends with, when something is wrong.

mod cloud;
mod conducting;
mod journals;
mod looking;
mod mistakes;
mod panel;
mod printing;
mod serving;
mod telling;
mod terminal;

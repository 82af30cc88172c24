//! The program as an operator uses it against a cloud that listens: what it finds and shows, and what it says, and
//! ends with, when something is wrong.

mod action;
mod answers;
mod cloud;
mod conducting;
mod journals;
mod looking;
mod mail_server;
mod mistakes;
mod notices;
mod panel;
mod printing;
mod rehearsing;
mod rehearsing_in_panel;
mod screens;
mod serving;
mod shells;
mod telling;
mod terminal;
mod web_server;
mod zones;

//! The pages, as HTML. They show what they are given: no page asks, decides or changes anything.

mod access;
mod account;
mod deployment;
mod form;
mod history;
mod layout;
mod overview;
mod run;
mod sign_in;
mod timeline;
mod untold;
mod upgrade;
mod words;

pub(crate) use access::access;
pub(crate) use account::account;
pub(crate) use deployment::{MaintenancePage, Shown, banner, escalation, level, level_word, maintenance};
pub(crate) use history::history;
pub(crate) use layout::{Page, failed};
pub(crate) use overview::{Card, overview};
pub(crate) use run::{LINES_A_PAGE, Mark, TIMELINE, lines, regions, run, timeline_now};
pub(crate) use sign_in::{set_up, sign_in};
pub(crate) use untold::untold;
pub(crate) use upgrade::{Wizard, details, ended, no_events, options, review, steps_of_run, template};
pub(crate) use words::{iso, standing, standing_in};

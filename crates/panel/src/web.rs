//! HTTP: what surrounds every page and every answer.

mod assets;
mod failure;
mod forms;
mod guard;
mod headers;
mod request;
mod routes;

pub(crate) use assets::{SCRIPT, STYLE};
pub(crate) use failure::Failure;
pub(crate) use forms::{is_held, page_of_runs};
pub(crate) use request::Asker;
pub use routes::router;

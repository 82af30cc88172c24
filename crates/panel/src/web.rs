//! HTTP: what surrounds every page and every answer.

mod assets;
mod failure;
mod forms;
mod guard;
mod headers;
mod request;
mod routes;
mod stream;

pub(crate) use assets::{SCRIPT, STYLE};
pub(crate) use failure::Failure;
pub(crate) use forms::page_of_runs;
pub(crate) use request::Asker;
pub use routes::router;

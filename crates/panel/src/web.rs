//! HTTP: what surrounds every page and every answer.

mod assets;
mod entry;
mod failure;
mod guard;
mod headers;
mod reading;
mod request;
mod routes;
mod stream;
mod upgrade;

pub(crate) use assets::{SCRIPT, STYLE};
pub(crate) use failure::{Failure, FieldError};
pub(crate) use guard::{MOST_BYTES, MOST_UPLOAD_BYTES};
pub(crate) use reading::page_of_runs;
pub(crate) use request::Asker;
pub use routes::router;

//! HTTP: what surrounds every page and every answer, and knows none of them.

mod assets;
mod failure;
mod guard;
mod headers;
mod page;
mod request;

pub(crate) use assets::{Icon, serve as serve_asset};
pub(crate) use failure::{Failure, FieldError, Problem};
pub(crate) use guard::{MOST_BYTES, MOST_UPLOAD_BYTES, check, has_cookie, is_api, only, set_cookie};
pub(crate) use headers::add as add_headers;
pub(crate) use page::{Frame, Page, token, waiting_count};
pub(crate) use request::{Asker, Call, Navigation, Visitor, session};

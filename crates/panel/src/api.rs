//! The REST API, `/api/v1`: the same acts as the pages' forms, for programs.
//!
//! [`operations`] is the one list: the routes, the roles and the OpenAPI document are made from it.

mod handlers;
mod once;
mod openapi;
mod operations;

pub(crate) use once::once_only;
pub(crate) use openapi::document;
pub(crate) use operations::operations;

//! The REST API, `/api/v1`: every act there is. The pages' forms are sent here too, by their script.
//!
//! [`operations`] is the one list: the routes, the roles and the OpenAPI document are made from it.

mod audit;
mod confirmed;
mod handlers;
mod once;
mod openapi;
mod operations;
mod people;
mod proposals;
mod schemas;

pub(crate) use confirmed::confirmed;
pub(crate) use once::once_only;
pub(crate) use openapi::document;
pub(crate) use operations::operations;

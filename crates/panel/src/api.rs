//! The REST API, `/api/v1`: every act there is. The pages' forms are sent here too, by their script.
//!
//! [`operations`] is the one list: the routes and the permissions are made from it, and so is the OpenAPI document, with the
//! types that its functions take and give.

mod audit;
mod audited;
mod confirmation;
mod deployments;
mod document;
mod idempotency;
mod operation;
mod operations;
mod people;
mod proposals;
mod runs;

pub(crate) use confirmation::confirm;
pub(crate) use idempotency::once_only;
pub(crate) use operations::operations;

//! The adapters against platforms that are made here: over real sockets, and in process where time is virtual.

mod code_ocean;
mod contract;
mod failures;
mod openapi;
mod server;
mod stub;
mod tls;

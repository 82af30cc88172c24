//! AWS's change set weighed against the approved one: on AWS's own recordings, on a vendor's release, and difference by
//! difference.

mod code_ocean;
mod differences;
mod recordings;
mod support;

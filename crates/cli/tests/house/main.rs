//! Tests of the whole house, in one program: what the parts do together, and what a person sees of it.

mod changeset;
mod common;
mod crash_everywhere;
mod demo;
mod fail_everywhere;
mod peers;
mod seed;
mod virtual_upgrade;

//! Tests of the whole house, in one program: what the parts do together, and what a person sees of it.

mod calls;
mod changeset;
mod common;
mod crash_everywhere;
mod demo;
mod expired_keys;
mod fail_everywhere;
mod field_notes;
mod full;
mod issue_five;
mod machines;
mod matrix;
mod next_release;
mod outside;
mod peers;
mod pins;
mod seed;
mod services;
mod simulation;
mod stub_platform;
mod unwhole;
mod vendors;
mod virtual_upgrade;
mod ways_out;
mod wild;
mod world;

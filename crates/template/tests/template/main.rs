//! Tests of the public interface, one binary so that the crate is linked once.

mod bad_input;
mod expansion;
mod functions;
mod hostile_input;
mod parameters;
mod properties;
mod recordings;
mod sections;
mod support;
mod vendor_templates;

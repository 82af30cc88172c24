//! The crate's tests through its public interface, one program so that they link once.

mod code_ocean;
mod estimates;
mod expectations;
mod facts;
mod observed;
mod property_validation;
mod recordings;
mod reported;
mod rules;
mod support;
mod vendors;

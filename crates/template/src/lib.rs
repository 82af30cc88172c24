//! The CloudFormation template language: parse, parameters, conditions, functions, graph.
//!
//! Pure: text and values in, trees, values and errors out. Nothing here knows a runtime, a clock, the network, files,
//! the environment or randomness; what a template asks of the outside is an argument ([`Outside`],
//! [`ResourceValues`]).
//!
//! Start with [`Template::parse`], give the parameters their values with [`resolve_parameters`], and ask an
//! [`Evaluation`] for what the template says with them.

#![warn(missing_docs)]

mod aws_message;
mod check;
mod condition_order;
mod cycle;
mod dynamic_reference;
mod evaluate_error;
mod evaluation;
mod expand;
mod flow_indentation;
mod function;
mod functions;
mod graph;
mod interface;
mod java_pattern;
mod limits;
mod location;
mod node;
mod parameter;
mod pattern_effort;
mod print_json;
mod read;
mod read_error;
mod read_json;
mod read_yaml;
mod references;
mod resolve;
mod rules;
mod scalar;
mod serverless;
mod short_form;
mod structure;
mod substitution;
mod template;
mod value;

pub use dynamic_reference::{DynamicReference, dynamic_references};
pub use evaluate_error::EvaluateError;
pub use evaluation::{EvaluatedOutput, Evaluation, Outside, Pseudo};
pub use functions::zones_of_region;
pub use graph::{CycleError, Graph};
pub use interface::{Interface, ParameterGroup, VersionInfo};
pub use limits::{Limit, LimitUse, MAXIMUM_INLINE_BYTES};
pub use location::Location;
pub use node::{Entry, Node, NodeKind, Position};
pub use parameter::{Parameter, ParameterType};
pub use pattern_effort::PatternEffort;
pub use print_json::{node_to_json, value_to_json};
pub use read::{Aliases, MAXIMUM_ALIASED_VALUES, MAXIMUM_DEPTH, MAXIMUM_TEMPLATE_BYTES, read};
pub use read_error::TemplateError;
pub use references::{Reference, ReferenceTarget};
pub use resolve::{
    GivenParameter, MAXIMUM_PARAMETER_VALUE_BYTES, ParameterError, ParameterInputs, ParameterProblem,
    ParameterSource, ResolvedParameter, ResolvedParameters, carry_over, resolve_parameters,
    unchecked_patterns,
};
pub use rules::RuleViolation;
pub use serverless::{RepositoryApplication, SERVERLESS};
pub use template::{Assertion, DisplacedKey, LANGUAGE_EXTENSIONS, Output, Resource, Rule, Template};
pub use value::{Part, ResourceValues, Unknown, Value};

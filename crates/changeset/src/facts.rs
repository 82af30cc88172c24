//! What is known of every resource type: properties, which of them recreate the resource, handlers with their
//! permissions, identifiers, tags, statefulness.
//!
//! The base is the CloudFormation schema; `data/overrides.txt` corrects it with a reason a line. Where a
//! second published source differs the property is *disputed* and stays so until somebody looks. The data
//! files are made by `tools/facts`. Here is no opinion about a change: that is [`crate::compare`] and the
//! prediction.

mod container;
mod overrides;
mod pattern;
mod record;
mod recreation;
mod schema;
mod treatment;

use container::Container;

pub use container::Sources;
pub(crate) use pattern::pattern;
pub use record::{
    Disputed, Handler, Handlers, PropertyFacts, ReplacementStrategy, ResourceType, Stateful, Tagging,
};
pub use recreation::{RecreationFact, RequiresRecreation, recreation, recreation_fact};
pub(crate) use recreation::{fact_at, patterns_below};
pub use schema::{Kind, Schema, TypeSchema};
pub use treatment::{Treatment, treatment};

static FACTS: Container<ResourceType> =
    Container::new(include_bytes!("../data/facts.bin"), ResourceType::decode);
static SCHEMAS: Container<TypeSchema> =
    Container::new(include_bytes!("../data/schemas.bin"), TypeSchema::decode);

/// The facts of one resource type, decoded at the first call; `None` when no published schema knows the type
/// (see [`treatment`] for what is then done).
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    FACTS.get(name)
}

/// What a type's schema demands of its properties; `None` when no published schema knows the type.
pub fn schema(name: &str) -> Option<&'static TypeSchema> {
    SCHEMAS.get(name)
}

/// Whether CloudFormation hands the stack's tags on to a resource of this type when they change.
pub fn takes_stack_tags(name: &str) -> bool {
    resource_type(name).and_then(|facts| facts.tagging.as_ref()).is_some_and(|tagging| tagging.updatable)
}

/// Every known type name, sorted.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    FACTS.names()
}

/// Which published packages the facts come from, with versions.
pub fn sources() -> Sources {
    FACTS.sources()
}

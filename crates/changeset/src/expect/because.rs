//! Why something happens to a resource, as a value: decisions are made from it. Its sentence is for people, and for
//! nothing else. How they are found is in `reasons.rs`.

use std::fmt::{Display, Formatter};

use super::collisions::{Collision, Until};
use crate::change_set::Attribute;
use crate::facts::{RequiresRecreation, Treatment};
use crate::rules::exclusive::Effect;
use crate::rules::property_validation::Violation;
use crate::rules::refusals::Group;

/// Why something happens to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The new template has it and the deployed one doesn't.
    OnlyInNew,
    /// The deployed template has it and the new one doesn't.
    OnlyInDeployed,
    /// AWS lists it for what it reads, and that stays the same.
    ReadsTheSame,
    /// CloudFormation or a service refuses.
    Refused(Refusal),
    /// It is a nested stack.
    NestedStack,
    /// What a replacement that AWS calls conditional comes down to, as [`crate::conditional`] says it.
    Resolved(&'static str),
    /// The same, where it is changed in place and may be away for a while.
    Interrupted(&'static str),
    /// A replacement that AWS calls conditional, by conditions that aren't published.
    OnlyAwsChecks {
        /// The deciding property's path, such as `/Engine`.
        path: Option<String>,
    },
    /// The stack's tags change, and it gets them.
    StackTags,
    /// Its type is a special one.
    Treatment(Treatment),
    /// An attribute changes that only CloudFormation's own record has.
    KeptByCloudFormation(Attribute),
    /// The template's text changes a property.
    TemplateChanges {
        /// The property's path, with dots.
        path: String,
        /// What that costs.
        price: Price,
    },
    /// A property reads what changes.
    Reads {
        /// The property's path, with dots.
        path: String,
        /// What it reads and why that changes.
        read: Reading,
        /// What that costs.
        price: Price,
    },
    /// The published sources don't agree.
    Disputed {
        /// On which property.
        property: String,
        /// What the CloudFormation schema says.
        schema: RequiresRecreation,
        /// What AWS CDK's service specification says.
        service_specification: RequiresRecreation,
    },
    /// So many changes more, which nobody would read.
    More(usize),
}

/// Why the update fails at a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It would be replaced, and the new one would need the name while the old one has it.
    CustomName {
        /// The properties that name it.
        properties: Vec<String>,
        /// Their values, in the same order.
        names: Vec<String>,
    },
    /// Another resource has what only one can have.
    Taken(Collision),
    /// It reads an attribute that the type doesn't have.
    NoSuchAttribute {
        /// The resource that it reads.
        logical_id: String,
        /// Its type.
        resource_type: String,
        /// The attribute.
        attribute: String,
    },
    /// Its properties violate the schema of its type.
    Invalid(Vec<Violation>),
    /// One of [`crate::rules::refusals`].
    ByRule {
        /// What the rule is about.
        group: Group,
        /// Where it is known from.
        source: &'static str,
        /// The service's words.
        words: String,
    },
}

/// What changing a property costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// Nothing: it is changed in place.
    InPlace,
    /// Perhaps a new resource.
    MayNeedNew,
    /// A new resource.
    NeedsNew,
}

/// What a property reads, and why that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A parameter whose value changes.
    Parameter(String),
    /// A resource, or an attribute of it.
    Resource {
        /// `Resource` or `Resource.Attribute`.
        what: String,
        /// What happens to it.
        fate: ReadFate,
    },
}

/// What happens to a resource that another one reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFate {
    /// It is made.
    New,
    /// It is replaced.
    Replaced,
    /// It would be replaced, and the update fails there.
    WouldBeReplaced,
    /// It may be replaced.
    MayBeReplaced,
    /// The attribute is a property, which changes.
    PropertyChanges(String),
    /// Updating the resource may change the attribute.
    UpdateMayChangeIt(String),
    /// Updating the resource moves the attribute on.
    UpdateMovesItOn(String),
}

impl Display for Because {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Because::OnlyInNew => {
                formatter.write_str("The new template has it and the deployed one doesn't.")
            }
            Because::OnlyInDeployed => {
                formatter.write_str("The deployed template has it and the new one doesn't.")
            }
            Because::ReadsTheSame => {
                formatter.write_str("What it reads from other resources stays the same.")
            }
            Because::Refused(refusal) => refusal.fmt(formatter),
            Because::NestedStack => formatter.write_str(
                "A nested stack is always updated; what that changes depends on its own template.",
            ),
            Because::Resolved(sentence) | Because::Interrupted(sentence) => formatter.write_str(sentence),
            Because::OnlyAwsChecks { path } => write!(
                formatter,
                "A change of {} may need a new resource, by conditions that only AWS checks.",
                path.as_deref().unwrap_or("a property")
            ),
            Because::StackTags => {
                formatter.write_str("The stack's tags change, and CloudFormation hands them on.")
            }
            Because::Treatment(treatment) => formatter.write_str(treatment.note().unwrap_or_default()),
            Because::KeptByCloudFormation(attribute) => write!(
                formatter,
                "The template changes {attribute}, which CloudFormation itself keeps: the resource is not touched."
            ),
            Because::TemplateChanges { path, price } => {
                write!(formatter, "The template changes {path}{price}.")
            }
            Because::Reads { path, read, price } => write!(formatter, "{path} reads {read}{price}."),
            Because::Disputed { property, schema, service_specification } => write!(
                formatter,
                "Disputed: for {property} the CloudFormation schema says {}, AWS CDK's service specification {}.",
                schema.word(),
                service_specification.word()
            ),
            Because::More(count) => write!(formatter, "{count} more changes."),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::CustomName { properties, names } => write!(
                formatter,
                "CloudFormation cannot update a stack when a custom-named resource requires replacing: {} stays {}. \
                 Rename it and update the stack again.",
                properties.join(" and "),
                names.join(" and ")
            ),
            Refusal::Taken(collision) => collision.fmt(formatter),
            Refusal::NoSuchAttribute { logical_id, resource_type, attribute } => write!(
                formatter,
                "Resource type {resource_type} does not support attribute {{{attribute}}}, which is read of {logical_id}."
            ),
            Refusal::Invalid(violations) => {
                let each: Vec<String> = violations.iter().map(ToString::to_string).collect();
                write!(formatter, "Properties validation failed: {}.", each.join("; "))
            }
            Refusal::ByRule { words, .. } => formatter.write_str(words),
        }
    }
}

impl Display for Collision {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let Collision { holder, until, is_name: _, effect, words, certain } = self;
        let holder = holder.as_deref().unwrap_or("the old resource");
        let has = match until {
            Until::CleanUp => "has it until the update's clean-up, which comes last",
            Until::ItsUpdate => "has it until it is changed itself",
            Until::ForGood => "has it and keeps it",
        };
        let order = if *certain { "" } else { ", if AWS takes this one up first" };
        match effect {
            Effect::Refused => write!(formatter, "{words}: {holder} {has}{order}."),
            Effect::Overwritten => write!(
                formatter,
                "{words}: {holder} {has}; this one is made over it, and is gone when {holder} goes{order}."
            ),
        }
    }
}

impl Display for Price {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Price::InPlace => "",
            Price::MayNeedNew => "; changing it may need a new resource",
            Price::NeedsNew => "; changing it needs a new resource",
        })
    }
}

impl Display for Reading {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Reading::Parameter(name) => write!(formatter, "the parameter {name} (its value changes)"),
            Reading::Resource { what, fate } => write!(formatter, "{what} ({fate})"),
        }
    }
}

impl Display for ReadFate {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadFate::New => formatter.write_str("the resource is new"),
            ReadFate::Replaced => formatter.write_str("the resource is replaced"),
            ReadFate::WouldBeReplaced => formatter.write_str("the resource would be replaced"),
            ReadFate::MayBeReplaced => formatter.write_str("the resource may be replaced"),
            ReadFate::PropertyChanges(property) => write!(formatter, "its {property} changes"),
            ReadFate::UpdateMayChangeIt(resource) => {
                write!(formatter, "updating {resource} may change it")
            }
            ReadFate::UpdateMovesItOn(resource) => write!(formatter, "updating {resource} moves it on"),
        }
    }
}

//! CloudFormation's limits on a template, and how much of each it uses (user guide, "CloudFormation quotas").

use std::fmt;

use crate::read::MAXIMUM_TEMPLATE_BYTES;
use crate::template::Template;

/// The largest template that may be sent in a request itself; a larger one must come from S3.
pub const MAXIMUM_INLINE_BYTES: usize = 51_200;

/// A limit of CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// 500 resources.
    Resources,
    /// 200 parameters.
    Parameters,
    /// 200 outputs.
    Outputs,
    /// 200 mappings.
    Mappings,
    /// 200 attributes in a mapping; the fullest one counts.
    MappingAttributes,
    /// 1,024 bytes of description.
    DescriptionBytes,
    /// 51,200 bytes in the request itself.
    InlineBytes,
    /// 1 MB from S3.
    Bytes,
}

impl Limit {
    /// The most that CloudFormation takes.
    pub fn maximum(self) -> usize {
        match self {
            Limit::Resources => 500,
            Limit::Parameters | Limit::Outputs | Limit::Mappings | Limit::MappingAttributes => 200,
            Limit::DescriptionBytes => 1_024,
            Limit::InlineBytes => MAXIMUM_INLINE_BYTES,
            Limit::Bytes => MAXIMUM_TEMPLATE_BYTES,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Limit::Resources => ("resources", "move some to a nested stack"),
            Limit::Parameters => ("parameters", "join some in a list, or move them to SSM"),
            Limit::Outputs => ("outputs", "remove some"),
            Limit::Mappings => ("mappings", "join some"),
            Limit::MappingAttributes => ("attributes in a mapping", "split it"),
            Limit::DescriptionBytes => ("bytes of Description", "shorten it"),
            Limit::InlineBytes => ("bytes in a request", "upload the template to S3"),
            Limit::Bytes => ("bytes", "split the template into nested stacks"),
        }
    }
}

/// How much of a limit a template uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUse {
    /// The limit.
    pub limit: Limit,
    /// What the template has.
    pub used: usize,
}

impl LimitUse {
    /// Whether CloudFormation would refuse it. For [`Limit::InlineBytes`]: whether it must come from S3.
    pub fn is_exceeded(&self) -> bool {
        self.used > self.limit.maximum()
    }
}

impl fmt::Display for LimitUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, hint) = self.limit.words();
        write!(formatter, "{} of {} {what}", self.used, self.limit.maximum())?;
        if self.is_exceeded() {
            write!(formatter, "; {hint}")?;
        }
        Ok(())
    }
}

impl Template {
    /// How much of each limit this template uses. Loops count once they are expanded.
    pub fn limits(&self) -> Vec<LimitUse> {
        let attributes = self.mappings.values().filter_map(|one| one.as_mapping());
        [
            (Limit::Resources, self.resources.len()),
            (Limit::Parameters, self.parameters.len()),
            (Limit::Outputs, self.outputs.len()),
            (Limit::Mappings, self.mappings.len()),
            (Limit::MappingAttributes, attributes.map(|one| one.len()).max().unwrap_or(0)),
            (Limit::DescriptionBytes, self.description.as_ref().map_or(0, String::len)),
            (Limit::InlineBytes, self.size_bytes),
            (Limit::Bytes, self.size_bytes),
        ]
        .into_iter()
        .map(|(limit, used)| LimitUse { limit, used })
        .collect()
    }
}

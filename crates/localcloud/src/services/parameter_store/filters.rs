//! `ParameterFilters` of `DescribeParameters`, and the older `Filters`.

use super::{Kind, validation};
use crate::{AwsError, Input};

/// One filter, of whose values one has to fit.
pub(super) struct Filter<'a> {
    key: Key,
    how: How,
    values: Vec<&'a str>,
}

enum Key {
    Name,
    Type,
}

enum How {
    Equals,
    BeginsWith,
    Contains,
    /// `Path`: the parameters right below.
    OneLevel,
    /// `Path`: all below.
    Recursive,
}

/// The filters of a request.
pub(super) fn read(input: Input<'_>) -> Result<Vec<Filter<'_>>, AwsError> {
    let mut filters = Vec::new();
    for filter in input.objects("ParameterFilters") {
        let (name, option) = (filter.string("Key").unwrap_or_default(), filter.string("Option"));
        let (key, how) = match (name, option) {
            ("Name", None | Some("Equals")) => (Key::Name, How::Equals),
            ("Name", Some("BeginsWith")) => (Key::Name, How::BeginsWith),
            ("Name", Some("Contains")) => (Key::Name, How::Contains),
            ("Type", None | Some("Equals")) => (Key::Type, How::Equals),
            ("Path", None | Some("OneLevel")) => (Key::Name, How::OneLevel),
            ("Path", Some("Recursive")) => (Key::Name, How::Recursive),
            ("Name" | "Type" | "Path", Some(_)) => {
                return Err(AwsError::new(
                    400,
                    "InvalidFilterOption",
                    format!("The following filter option is not valid for the filter key {name}"),
                ));
            }
            _ => return Err(AwsError::new(400, "InvalidFilterKey", "The specified key is not valid.")),
        };
        filters.push(Filter { key, how, values: filter.strings("Values").collect() });
    }
    for filter in input.objects("Filters") {
        let key = match filter.string("Key") {
            Some("Name") => Key::Name,
            Some("Type") => Key::Type,
            _ => return Err(validation("The specified filter key is not valid.")),
        };
        filters.push(Filter { key, how: How::BeginsWith, values: filter.strings("Values").collect() });
    }
    Ok(filters)
}

impl Filter<'_> {
    /// Whether a parameter passes.
    pub(super) fn fits(&self, name: &str, kind: Kind) -> bool {
        let text = match self.key {
            Key::Name => name,
            Key::Type => kind.name(),
        };
        self.values.iter().any(|value| match self.how {
            How::Equals => text == *value,
            How::BeginsWith => text.starts_with(value),
            How::Contains => text.contains(value),
            How::OneLevel | How::Recursive => {
                let below =
                    text.strip_prefix(value.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
                below.is_some_and(|rest| matches!(self.how, How::Recursive) || !rest.contains('/'))
            }
        })
    }
}

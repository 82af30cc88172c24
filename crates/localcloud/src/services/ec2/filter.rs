//! Filters: each names a field of what is shown, or a tag, and the values it takes, with `*` and `?`.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>

use changeset::wildcard::matches;
use serde_json::Value;

use super::refused;
use crate::{AwsError, Input};

/// What a filter's name stands for: a path of names in what is shown, through lists.
pub(super) type Known = (&'static str, &'static str);

/// The filters of a request; all of them have to take.
pub(super) struct Filters<'a>(Vec<Filter<'a>>);

struct Filter<'a> {
    field: Field<'a>,
    values: Vec<&'a str>,
}

enum Field<'a> {
    Path(&'static str),
    Tag(&'a str),
    TagKey,
    TagValue,
}

/// The filters of a request.
///
/// # Errors
/// When a name isn't one of the operation's.
pub(super) fn parse<'a>(input: Input<'a>, known: &[Known]) -> Result<Filters<'a>, AwsError> {
    let filters = input.objects("Filter").map(|filter| {
        let name = filter.string("Name").unwrap_or_default();
        let field = match known.iter().find(|(known, _)| *known == name) {
            Some((_, path)) => Field::Path(path),
            None => match (name, name.strip_prefix("tag:")) {
                (_, Some(key)) => Field::Tag(key),
                ("tag-key", None) => Field::TagKey,
                ("tag-value", None) => Field::TagValue,
                _ => return Err(refused("InvalidParameterValue", format!("The filter '{name}' is invalid"))),
            },
        };
        Ok(Filter { field, values: filter.strings("Value").collect() })
    });
    Ok(Filters(filters.collect::<Result<_, _>>()?))
}

impl Filters<'_> {
    /// Whether all of them take what is shown, its tags under `tagSet`.
    pub(super) fn take(&self, shown: &Value) -> bool {
        self.0.iter().all(|filter| filter.takes(shown))
    }
}

impl Filter<'_> {
    fn takes(&self, shown: &Value) -> bool {
        match self.field {
            Field::Path(path) => at(shown, path).iter().any(|found| self.takes_text(found)),
            Field::Tag(key) => tags(shown).any(|(found, value)| found == key && self.takes_text(value)),
            Field::TagKey => tags(shown).any(|(key, _)| self.takes_text(key)),
            Field::TagValue => tags(shown).any(|(_, value)| self.takes_text(value)),
        }
    }

    fn takes_text(&self, text: &str) -> bool {
        self.values.iter().any(|pattern| matches(pattern, text))
    }
}

fn tags(shown: &Value) -> impl Iterator<Item = (&str, &str)> {
    let tags = Input(shown).0.get("tagSet").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| Some((tag.get("key")?.as_str()?, tag.get("value")?.as_str()?)))
}

/// The texts at a path. Recursion is as deep as the path.
fn at(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| at(item, path)).collect(),
        Value::Object(fields) => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            fields.get(first).map(|field| at(field, rest)).unwrap_or_default()
        }
        _ if !path.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Null => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use changeset::wildcard::matches;

    #[test]
    fn patterns_are_aws_s() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("web-*", "web-1", true),
            ("web-*", "db-1", false),
            ("*-1", "web-1-1", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?", "é", true),
            ("??", "a", false),
            ("*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

//! Reading requests and writing answers: numbers, pages, times, and settings that only travel through.

use serde_json::{Map, Value, json};

use super::invalid;
use crate::services::paging::page;
use crate::{AwsError, Input, Timestamp};

/// What of a request is kept as it came.
pub(super) fn kept(input: Input<'_>, names: &[&str]) -> Map<String, Value> {
    let given =
        |name: &&str| Some(((*name).to_owned(), input.0.get(*name).filter(|one| !one.is_null())?.clone()));
    names.iter().filter_map(given).collect()
}

/// A number that can't be negative.
pub(super) fn count(input: Input<'_>, name: &str) -> Result<Option<u32>, AwsError> {
    let number = input.integer(name).map_err(|error| invalid(error.message))?;
    number
        .map(|number| {
            u32::try_from(number)
                .ok()
                .filter(|number| *number <= i32::MAX.unsigned_abs())
                .ok_or_else(|| invalid(format!("{name} must be between 0 and {}", i32::MAX)))
        })
        .transpose()
}

/// A yes or no; no when it isn't given.
pub(super) fn flag(input: Input<'_>, name: &str) -> Result<bool, AwsError> {
    Ok(input.boolean(name).map_err(|error| invalid(error.message))?.unwrap_or(false))
}

/// Whether an answer is asked to contain something.
pub(super) fn includes(input: Input<'_>, what: &str) -> bool {
    input.strings("include").any(|included| included == what)
}

/// A list of ARNs in pages: at most 100 of them, `usual` without a number.
pub(super) fn listed(
    input: Input<'_>,
    under: &str,
    arns: impl IntoIterator<Item = String>,
    usual: usize,
) -> Result<Value, AwsError> {
    let asked = input.integer("maxResults").map_err(|error| invalid(error.message))?;
    let most = match asked {
        None => usual,
        Some(asked) => usize::try_from(asked)
            .ok()
            .filter(|asked| (1..=100).contains(asked))
            .ok_or_else(|| invalid("maxResults must be between 1 and 100."))?,
    };
    let items = arns.into_iter().map(|arn| (arn.clone(), Value::String(arn)));
    let page = page(items, input.string("nextToken"), most).map_err(|_| invalid("Invalid token"))?;
    let mut fields = Map::new();
    fields.insert(under.to_owned(), Value::Array(page.items));
    if let Some(token) = page.next_token {
        fields.insert("nextToken".to_owned(), Value::String(token));
    }
    Ok(Value::Object(fields))
}

/// The names of a request that asks for several things at once.
///
/// # Errors
/// When there are none, or too many. Recorded: `Services cannot be empty.` Assumption: the other words.
pub(super) fn several<'a>(input: Input<'a>, name: &str, most: usize) -> Result<Vec<&'a str>, AwsError> {
    let names: Vec<&str> = input.strings(name).collect();
    let mut letters = name.chars();
    let shown: String =
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
    if names.is_empty() {
        Err(invalid(format!("{shown} cannot be empty.")))
    } else if names.len() > most {
        Err(invalid(format!("{shown} cannot contain more than {most} elements.")))
    } else {
        Ok(names)
    }
}

/// What wasn't found, as the describing operations tell it.
pub(super) fn missing(arn: &str) -> Value {
    json!({"arn": arn, "reason": "MISSING"})
}

/// Times are seconds in JSON.
pub(super) fn seconds(at: Timestamp) -> f64 {
    crate::wire::times::seconds(at.0)
}

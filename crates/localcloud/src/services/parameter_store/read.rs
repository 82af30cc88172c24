//! Reading parameters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Kind, Parameter, Version, arn, filters, not_found, public_value, required, validation};
use crate::services::paging::{Page, page};
use crate::{AwsError, Input, World};

/// The most names, and the most parameters of a path, of one call.
const MOST_NAMES: usize = 10;

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let decrypt = input.boolean("WithDecryption")?.unwrap_or(false);
    one(world, required(input, "Name")?, decrypt).map(|parameter| json!({"Parameter": parameter}))
}

/// The names of a request: one to ten.
pub(super) fn names<'a>(input: Input<'a>) -> Result<Vec<&'a str>, AwsError> {
    let names: Vec<&str> = input.strings("Names").collect();
    if (1..=MOST_NAMES).contains(&names.len()) {
        return Ok(names);
    }
    let bound = if names.is_empty() { "greater than or equal to 1" } else { "less than or equal to 10" };
    Err(validation(format!(
        "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length {bound}"
    )))
}

pub(super) fn get_several(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let decrypt = input.boolean("WithDecryption")?.unwrap_or(false);
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for name in names(input)? {
        match one(world, name, decrypt) {
            Ok(parameter) => found.push(parameter),
            Err(_) => invalid.push(name),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
}

pub(super) fn by_path(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let path = required(input, "Path")?;
    if !path.starts_with('/') {
        return Err(validation("The parameter path must begin with a slash."));
    }
    let decrypt = input.boolean("WithDecryption")?.unwrap_or(false);
    let recursive = input.boolean("Recursive")?.unwrap_or(false);
    let prefix = format!("{}/", path.trim_end_matches('/'));
    let parameters =
        world.parameter_store.parameters.iter().filter(|(name, _)| {
            name.strip_prefix(&prefix).is_some_and(|rest| recursive || !rest.contains('/'))
        });
    let items = parameters
        .filter_map(|(name, parameter)| Some((name, parameter, parameter.versions.last()?)))
        .map(|(name, parameter, version)| {
            (name.clone(), to_api(world, name, parameter, version, parameter.number(), decrypt))
        });
    Ok(answer("Parameters", paged(input, items, MOST_NAMES)?))
}

pub(super) fn history(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "Name")?;
    let decrypt = input.boolean("WithDecryption")?.unwrap_or(false);
    let parameter = world.parameter_store.parameters.get(name).ok_or_else(not_found)?;
    let items = (parameter.first..).zip(&parameter.versions).map(|(number, version)| {
        let mut entry = metadata(name, parameter, version, number);
        entry.insert("Value".to_owned(), json!(value(parameter, version, decrypt)));
        (format!("{number:020}"), Value::Object(entry))
    });
    Ok(answer("Parameters", paged(input, items, 50)?))
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let wanted = filters::read(input)?;
    let parameters = world.parameter_store.parameters.iter();
    let parameters =
        parameters.filter(|(name, parameter)| wanted.iter().all(|one| one.fits(name, parameter.kind)));
    let items = parameters.filter_map(|(name, parameter)| {
        let mut entry = metadata(name, parameter, parameter.versions.last()?, parameter.number());
        entry.insert("ARN".to_owned(), json!(arn(world, name)));
        entry.insert("Policies".to_owned(), json!([]));
        Some((name.clone(), Value::Object(entry)))
    });
    Ok(answer("Parameters", paged(input, items, 50)?))
}

/// A parameter by its name, its ARN, or either with `:version`.
fn one(world: &World, asked: &str, decrypt: bool) -> Result<Value, AwsError> {
    let own = arn(world, "");
    let local = match asked.strip_prefix(&own) {
        Some(rest) => rest,
        None => asked,
    };
    let (name, selector) = match local.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (local, None),
    };
    let parameters = &world.parameter_store.parameters;
    let slashed = format!("/{name}");
    let found = parameters.get_key_value(name);
    let found = found.or_else(|| parameters.get_key_value(&slashed).filter(|_| asked.starts_with("arn:")));
    let Some((name, parameter)) = found else {
        let value = public_value(name).ok_or_else(not_found)?;
        return Ok(json!({
            "Name": name, "Type": "String", "Value": value, "Version": 1, "DataType": "text",
            "ARN": format!("arn:{}:ssm:{}::parameter{name}", world.config.partition, world.config.region),
        }));
    };
    let number = match selector {
        None => parameter.number(),
        Some(selector) => selector.parse().map_err(|_| not_found())?,
    };
    let version = parameter.version(number).ok_or_else(|| {
        AwsError::new(
            400,
            "ParameterVersionNotFound",
            format!(
                "Systems Manager could not find version {number} of {name}. Verify the version and try again."
            ),
        )
    })?;
    let mut found = to_api(world, name, parameter, version, number, decrypt);
    if let (Some(selector), Some(fields)) = (selector, found.as_object_mut()) {
        fields.insert("Selector".to_owned(), json!(format!(":{selector}")));
    }
    Ok(found)
}

fn to_api(
    world: &World,
    name: &str,
    parameter: &Parameter,
    version: &Version,
    number: u64,
    decrypt: bool,
) -> Value {
    json!({
        "Name": name,
        "Type": parameter.kind.name(),
        "Value": value(parameter, version, decrypt),
        "Version": number,
        "LastModifiedDate": crate::wire::times::seconds(version.modified.0),
        "ARN": arn(world, name),
        "DataType": parameter.data_type,
    })
}

fn metadata(name: &str, parameter: &Parameter, version: &Version, number: u64) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("Name".to_owned(), json!(name));
    fields.insert("Type".to_owned(), json!(parameter.kind.name()));
    fields.insert("LastModifiedDate".to_owned(), json!(crate::wire::times::seconds(version.modified.0)));
    if let Some(description) = &parameter.description {
        fields.insert("Description".to_owned(), json!(description));
    }
    fields.insert("Version".to_owned(), json!(number));
    fields.insert("Tier".to_owned(), json!("Standard"));
    fields.insert("DataType".to_owned(), json!(parameter.data_type));
    fields
}

/// A value, or what stands for one that isn't decrypted: no cipher text, but as opaque as one.
fn value(parameter: &Parameter, version: &Version, decrypt: bool) -> String {
    if parameter.kind == Kind::SecureString && !decrypt {
        STANDARD.encode(Sha256::digest(version.value.as_bytes()))
    } else {
        version.value.clone()
    }
}

/// `MaxResults` and `NextToken`.
fn paged(
    input: Input<'_>,
    items: impl IntoIterator<Item = (String, Value)>,
    most: usize,
) -> Result<Page<Value>, AwsError> {
    let asked = match input.integer("MaxResults").map_err(|error| validation(error.message))? {
        None => Some(most),
        Some(asked) => usize::try_from(asked).ok().filter(|asked| (1..=most).contains(asked)),
    };
    let asked = asked.ok_or_else(|| validation(format!("MaxResults must be between 1 and {most}")))?;
    page(items, input.string("NextToken"), asked)
        .map_err(|_| AwsError::new(400, "InvalidNextToken", "The specified token is not valid."))
}

fn answer(under: &str, page: Page<Value>) -> Value {
    let mut fields = Map::new();
    fields.insert(under.to_owned(), Value::Array(page.items));
    if let Some(token) = page.next_token {
        fields.insert("NextToken".to_owned(), json!(token));
    }
    Value::Object(fields)
}

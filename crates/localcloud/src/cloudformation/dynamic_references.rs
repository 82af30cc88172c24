//! Dynamic references: `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}`, `{{resolve:secretsmanager:…}}`.
//!
//! A plain parameter is read when a definition is made: its value stands in the properties from then on, so that whatever
//! compares them sees what has changed. What is secret stays a reference in all that a stack keeps, and with it in every event,
//! change set and answer; only the service is asked with what it gives ([`reveal`]).
//!
//! Where nothing else is said, this is how AWS was measured to behave by the authors of `cdktn-io/terraform-provider-cfncompat`
//! ("Live AWS Test Results", T6 to T9): plain references are read anew by every update, those to secrets when their resource is
//! updated for another reason; outputs keep the reference as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use template::{DynamicReference, Evaluation, Node, Resource, Value, dynamic_references};

use super::mask;
use super::stack::{Definition, Properties};
use super::submission::Silent;
use super::words::evaluate_words;
use crate::resource::is_custom;
use crate::services::Service;
use crate::{AwsError, Input, World};

const SSM: &str = "ssm";
const SSM_SECURE: &str = "ssm-secure";
const SECRETS_MANAGER: &str = "secretsmanager";

/// Where a secure parameter may stand (user guide, "Resources that support dynamic parameter patterns for secure strings").
const TAKE_SECURE_PARAMETERS: &[&str] = &[
    "AWS::DirectoryService::MicrosoftAD/Properties/Password",
    "AWS::DirectoryService::SimpleAD/Properties/Password",
    "AWS::ElastiCache::ReplicationGroup/Properties/AuthToken",
    "AWS::IAM::User/Properties/LoginProfile/Password",
    "AWS::KinesisFirehose::DeliveryStream/Properties/RedshiftDestinationConfiguration/Password",
    "AWS::OpsWorks::App/Properties/Source/Password",
    "AWS::OpsWorks::Stack/Properties/CustomCookbooksSource/Password",
    "AWS::OpsWorks::Stack/Properties/RdsDbInstances/DbPassword",
    "AWS::RDS::DBCluster/Properties/MasterUserPassword",
    "AWS::RDS::DBInstance/Properties/MasterUserPassword",
    "AWS::Redshift::Cluster/Properties/MasterUserPassword",
];

/// Whether a definition may have any: they can be put together from parts, of which this one is hard to split.
pub fn may_have(definition: &Definition) -> bool {
    definition.body.contains("resolve:")
        || definition.parameters.0.values().any(|parameter| parameter.text.contains("{{resolve:"))
}

/// The resources in which one may stand, under the assumption of [`may_have`]: all, where what they are made of has any.
fn that_may_have<'a>(
    definition: &'a Definition,
    evaluation: &Evaluation<'a>,
) -> impl Iterator<Item = &'a Resource> {
    let (template, outside) = (evaluation.template(), &definition.outside);
    let says = |text: &String| text.contains("resolve:");
    let made_of = template.mappings.values().chain(template.conditions.values()).any(mentions)
        || template.transforms.iter().chain(&template.done_transforms).next().is_some()
        || outside.imports.values().chain(outside.includes.values()).any(says)
        || definition.parameters.0.values().any(|parameter| says(&parameter.text));
    let active: Vec<_> = evaluation.active_resources().collect();
    active.into_iter().filter(move |resource| made_of || resource.properties.as_ref().is_some_and(mentions))
}

/// Whether a text within says `resolve:`.
fn mentions(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.contains("resolve:")) || node.children().any(mentions)
}

/// The values of the plain parameters that a definition refers to, by the whole reference. A reference with a part that only
/// a resource will give is left to [`read_late`].
///
/// # Errors
/// What CloudFormation refuses the request with.
pub fn look_up(world: &mut World, definition: &Definition) -> Result<BTreeMap<String, String>, AwsError> {
    let mut values = BTreeMap::new();
    if !may_have(definition) {
        return Ok(values);
    }
    check_defaults(definition)?;
    let evaluation = definition.evaluation().map_err(|error| AwsError::validation(evaluate_words(&error)))?;
    let mut found = Vec::new();
    for resource in that_may_have(definition, &evaluation) {
        let Ok(properties) = evaluation.properties(resource, &Silent) else { continue };
        each_text(&resource.type_name, &properties, &mut |place, text| {
            found.extend(dynamic_references(text).map(|one| (place.to_owned(), one.text.to_owned())));
        });
    }
    for (place, text) in &found {
        for reference in dynamic_references(text) {
            check_format(reference)?;
            match reference.service {
                SSM if !values.contains_key(text) => {
                    values.insert(text.clone(), parameter(world, reference)?);
                }
                // One without a version is refused when the operation begins.
                SSM_SECURE if version(reference).is_some() => {
                    refuse_unsupported(place).map_err(AwsError::validation)?
                }
                _ => {}
            }
        }
    }
    Ok(values)
}

/// The definition with what its plain references give now.
///
/// # Errors
/// As [`look_up`].
pub fn read_anew(world: &mut World, definition: Arc<Definition>) -> Result<Arc<Definition>, AwsError> {
    if !may_have(&definition) {
        return Ok(definition);
    }
    let mut bare = Definition::clone(&definition);
    bare.outside.dynamic_references.clear();
    let values = look_up(world, &bare)?;
    bare.outside.dynamic_references = values;
    Ok(Arc::new(bare))
}

/// Put the values of plain parameters where a resource's attribute has made up the name.
///
/// # Errors
/// The reason with which the resource fails.
pub fn read_late(world: &mut World, properties: &mut Properties) -> Result<(), String> {
    let mut refused = None;
    replace(properties, &mut |text| {
        let mut made = text.to_owned();
        for reference in dynamic_references(text).filter(|reference| reference.service == SSM) {
            match check_format(reference).and_then(|()| parameter(world, reference)) {
                Ok(value) => made = made.replace(reference.text, &value),
                Err(error) => refused = refused.take().or(Some(error.message)),
            }
        }
        made
    });
    refused.map_or(Ok(()), Err)
}

/// Why an operation can't begin: a secure parameter where none may stand. Nothing when it can.
pub fn unsupported<'a>(definition: &'a Definition, evaluation: &Evaluation<'a>) -> Option<String> {
    let mut refused = None;
    for resource in that_may_have(definition, evaluation) {
        let Ok(properties) = evaluation.properties(resource, &Silent) else { continue };
        each_text(&resource.type_name, &properties, &mut |place, text| {
            if dynamic_references(text).any(|reference| reference.service == SSM_SECURE) {
                refused = refused.take().or(refuse_unsupported(place).err());
            }
        });
    }
    refused
}

/// Properties with their secrets, for a service alone to see.
pub struct Revealed {
    /// What the service is asked with.
    pub properties: Properties,
    secrets: Vec<String>,
    /// What became of each text that has a secret in it, and the text.
    texts: Vec<(String, String)>,
}

impl Revealed {
    /// A service's words without the secrets that it repeats.
    pub fn mask(&self, words: &str) -> String {
        mask::masked(words, &self.secrets)
    }

    /// A value that the service gives back: the reference in the place of what it was made of.
    pub fn hide(&self, value: &mut Value) {
        if let Value::String(text) = value
            && let Some((_, reference)) = self.texts.iter().find(|(revealed, _)| revealed == text)
        {
            text.clone_from(reference);
        }
    }
}

/// Look up the secrets that properties refer to; nothing when they refer to none. Custom resources get the reference as it
/// is (user guide, "Using dynamic references": secure values aren't supported there).
///
/// # Errors
/// The reason with which the resource fails.
pub fn reveal(world: &mut World, type_name: &str, given: &Properties) -> Result<Option<Revealed>, String> {
    let is_secret =
        |reference: &DynamicReference<'_>| matches!(reference.service, SSM_SECURE | SECRETS_MANAGER);
    let mut has_any = false;
    each_text(type_name, given, &mut |_, text| {
        has_any |= dynamic_references(text).any(|one| is_secret(&one))
    });
    if !has_any || is_custom(type_name) {
        return Ok(None);
    }
    let mut revealed = Revealed { properties: given.clone(), secrets: Vec::new(), texts: Vec::new() };
    let Revealed { properties, secrets, texts } = &mut revealed;
    let mut refused = None;
    replace(properties, &mut |text| {
        let mut made = text.to_owned();
        for reference in dynamic_references(text).filter(is_secret) {
            let value = match reference.service {
                SECRETS_MANAGER => secret(world, reference),
                _ => parameter(world, reference).map_err(|error| error.message),
            };
            match value {
                Ok(value) => {
                    made = made.replace(reference.text, &value);
                    secrets.push(value);
                }
                Err(words) => refused = refused.take().or(Some(words)),
            }
        }
        if made != text {
            texts.push((made.clone(), text.to_owned()));
        }
        made
    });
    secrets.retain(|secret| !secret.is_empty());
    refused.map_or(Ok(Some(revealed)), Err)
}

/// Put the references of `kept` over what stands in their places: what a service says of a secret is told to nobody.
///
/// Assumption: a property that has a secret in it never drifts.
pub fn hide(kept: &Value, live: &mut Value) {
    match (kept, live) {
        (Value::String(text), live) if dynamic_references(text).any(|one| one.service != SSM) => {
            *live = kept.clone();
        }
        (Value::Map(kept), Value::Map(live)) => {
            for (name, kept) in kept {
                if let Some(live) = live.get_mut(name) {
                    hide(kept, live);
                }
            }
        }
        (Value::List(kept), Value::List(live)) => {
            kept.iter().zip(live).for_each(|(kept, live)| hide(kept, live));
        }
        _ => {}
    }
}

/// A parameter's default must say which version it means.
fn check_defaults(definition: &Definition) -> Result<(), AwsError> {
    for parameter in definition.template.parameters.values() {
        let default = parameter.default.as_deref().unwrap_or_default();
        if dynamic_references(default).any(|one| one.service == SSM && version(one).is_none()) {
            return Err(AwsError::validation(format!(
                "Template error: parameter {} should not contain ssm versionless resolver",
                parameter.name
            )));
        }
    }
    Ok(())
}

/// A parameter's version is a number: labels aren't taken.
fn check_format(reference: DynamicReference<'_>) -> Result<(), AwsError> {
    let is_parameter = matches!(reference.service, SSM | SSM_SECURE);
    let is_well = match reference.key.split_once(':') {
        None => !reference.key.is_empty(),
        Some((name, version)) => !name.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()),
    };
    if is_parameter && !is_well {
        return Err(AwsError::validation(format!(
            "Incorrect format is used in the following SSM reference: [{}]",
            reference.text
        )));
    }
    Ok(())
}

fn version<'text>(reference: DynamicReference<'text>) -> Option<&'text str> {
    reference.key.split_once(':').map(|(_, version)| version)
}

fn refuse_unsupported(place: &str) -> Result<(), String> {
    if TAKE_SECURE_PARAMETERS.contains(&place) {
        return Ok(());
    }
    Err(format!("SSM Secure reference is not supported in: [{place}]"))
}

/// What a parameter holds. The words for one that isn't there are those of aws-samples/data-mesh-datazone-cdk-cloudformation
/// issue 19.
fn parameter(world: &mut World, reference: DynamicReference<'_>) -> Result<String, AwsError> {
    let DynamicReference { service, key, .. } = reference;
    let request = json!({"Name": key, "WithDecryption": true});
    let found = Service::ParameterStore.call(world, "GetParameter", Input(&request));
    let found = found.ok().and_then(|mut answer| answer.get_mut("Parameter").map(Json::take));
    let text = |name: &str| Some(found.as_ref()?.get(name)?.as_str()?.to_owned());
    if service == SSM && text("Type").as_deref() == Some("SecureString") {
        let name = key.split(':').next().unwrap_or_default();
        return Err(AwsError::validation(format!(
            "Non-secure ssm prefix was used for secure parameter {name}"
        )));
    }
    text("Value")
        .ok_or_else(|| AwsError::validation(format!("Parameters: [{service}:{key}] cannot be found.")))
}

/// What a secret holds: `SECRET:SecretString:JSON-KEY:STAGE:VERSION`, of which only the first must be there. A secret may be an
/// ARN, which has colons of its own.
fn secret(world: &mut World, reference: DynamicReference<'_>) -> Result<String, String> {
    const COLONS_OF_AN_ARN: usize = 6;
    let mut colons = reference.key.match_indices(':').map(|(place, _)| place);
    let end = match reference.key.starts_with("arn:") {
        true => colons.nth(COLONS_OF_AN_ARN),
        false => colons.next(),
    };
    let (id, rest) = reference.key.split_at(end.unwrap_or(reference.key.len()));
    let mut parts = rest.strip_prefix(':').unwrap_or_default().split(':');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    // Nothing but `SecretString` may stand there.
    let _kind = part();
    let (key, stage, version) = (part(), part(), part());
    let mut request = json!({"SecretId": id});
    for (name, value) in [("VersionStage", stage), ("VersionId", version)] {
        if let Some(value) = value {
            request[name] = json!(value);
        }
    }
    let answer = Service::SecretsManager.call(world, "GetSecretValue", Input(&request)).map_err(|error| {
        let id = world.identities.uuid("dynamic reference");
        format!(
            "{} (Service: AWSSecretsManager; Status Code: {}; Error Code: {}; Request ID: {id}; Proxy: null)",
            error.message, error.status, error.code
        )
    })?;
    let whole = answer.get("SecretString").and_then(Json::as_str).unwrap_or_default();
    let Some(key) = key else { return Ok(whole.to_owned()) };
    let Ok(Json::Object(fields)) = serde_json::from_str::<Json>(whole) else {
        return Err("Could not parse SecretString JSON".to_owned());
    };
    match fields.get(key) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Null) | None => {
            Err("Could not find a value associated with JSONKey in SecretString".to_owned())
        }
        Some(other) => Ok(other.to_string()),
    }
}

/// Every text of a resource's properties, with its place as CloudFormation writes it: `AWS::IAM::User/Properties/LoginProfile/Password`.
fn each_text(type_name: &str, properties: &Properties, act: &mut dyn FnMut(&str, &str)) {
    fn walk(place: &str, value: &Value, act: &mut dyn FnMut(&str, &str)) {
        match value {
            Value::String(text) => act(place, text),
            Value::List(items) => items.iter().for_each(|item| walk(place, item, act)),
            Value::Map(entries) => {
                entries.iter().for_each(|(name, value)| walk(&format!("{place}/{name}"), value, act));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => {}
        }
    }
    for (name, value) in properties {
        walk(&format!("{type_name}/Properties/{name}"), value, act);
    }
}

/// Put another text in the place of each that has a dynamic reference in it.
fn replace(properties: &mut Properties, act: &mut dyn FnMut(&str) -> String) {
    fn walk(value: &mut Value, act: &mut dyn FnMut(&str) -> String) {
        match value {
            Value::String(text) => {
                if text.contains("{{resolve:") {
                    *text = act(text);
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| walk(item, act)),
            Value::Map(entries) => entries.values_mut().for_each(|value| walk(value, act)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => {}
        }
    }
    properties.values_mut().for_each(|value| walk(value, act));
}

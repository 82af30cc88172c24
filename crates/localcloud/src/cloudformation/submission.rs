//! What a sender submits for a stack: template, parameters, tags, capabilities. Checked here in CloudFormation's
//! order and words, and made into a [`Definition`]. CreateStack, UpdateStack and CreateChangeSet share it.

use std::collections::BTreeMap;
use std::sync::Arc;

use changeset::facts::{Treatment, treatment};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use template::{GivenParameter, Outside, ParameterInputs, Pseudo, Template, Value, resolve_parameters};

use super::capabilities;
use super::dynamic_references;
use super::includes;
use super::outputs;
use super::stack::Definition;
use super::words::{self, evaluate_words, parameter_words, template_words};
use crate::services::object_storage;
use crate::{AwsError, Input, World};

/// The most that `TemplateBody` may hold, in bytes (API reference, CreateStack).
const MAXIMUM_BODY_BYTES: usize = 51_200;
/// Macros that run here or whose output isn't needed.
const KNOWN_TRANSFORMS: [&str; 4] =
    [template::LANGUAGE_EXTENSIONS, "AWS::Include", template::SERVERLESS, "AWS::SecretsManager-2020-07-23"];

/// Of which stack a submission is.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The stack's name.
    pub stack_name: String,
    /// The stack's id.
    pub stack_id: String,
    /// What it is defined with now.
    pub previous: Option<Arc<Definition>>,
    /// The role that CloudFormation is to work as.
    pub role_arn: Option<String>,
}

/// Make a definition of what a request says.
///
/// # Errors
/// What CloudFormation refuses the request with; nothing has changed then.
pub fn definition(
    world: &mut World,
    input: Input<'_>,
    subject: &Subject,
    direct: bool,
) -> Result<Definition, AwsError> {
    let (template, body) = template(world, input, subject.previous.as_deref())?;
    for transform in &template.transforms {
        if !KNOWN_TRANSFORMS.contains(&transform.as_str()) {
            return Err(AwsError::validation(format!("No transform named {transform} found.")));
        }
    }
    let given = given(input)?;
    // Recorded. A stack in review has nothing that could be used again.
    if subject.previous.is_none()
        && input.string("ChangeSetType") == Some("CREATE")
        && given.values().any(|value| matches!(value, GivenParameter::UsePreviousValue))
    {
        return Err(AwsError::validation(
            "Cannot specify UsePreviousValue on Parameters when ChangeSetType is CREATE",
        ));
    }
    let previous = subject.previous.as_ref().map(|previous| &previous.parameters);
    let store = parameter_store(world, &template, &given, previous);
    let inputs = ParameterInputs { given: &given, previous, ssm: &store };
    let parameters = resolve_parameters(&template, &inputs)
        .map_err(|errors| AwsError::validation(parameter_words(&errors)))?;
    if let Some((name, parameter)) =
        parameters.0.iter().find(|(_, parameter)| matches!(parameter.value, Value::Unknown(_)))
    {
        return Err(AwsError::validation(format!(
            "Unable to fetch parameters [{}] from parameter store for this account.",
            if parameter.no_echo { name } else { &parameter.text }
        )));
    }
    let pseudo_arns = notification_arns(input, subject);
    let pseudo = pseudo(world, subject, pseudo_arns);
    let outside = outside(world, subject, &template)?;
    let template = expanded(template, &parameters, &pseudo, &outside)?;
    let tags = match (input.has("Tags"), &subject.previous) {
        (false, Some(previous)) => previous.tags.clone(),
        _ => tags(input)?,
    };
    let given_capabilities: Vec<String> = input.strings("Capabilities").map(str::to_owned).collect();
    let mut definition = Definition {
        imports: Vec::new(),
        template,
        body,
        parameters,
        pseudo,
        outside,
        tags,
        capabilities: given_capabilities,
        secrets: std::sync::OnceLock::new(),
        role_arn: subject.role_arn.clone(),
        validates: direct && !input.boolean("DisableValidation")?.unwrap_or(false),
    };
    check_recognized(&definition.template)?;
    check_types(input, &definition.template)?;
    definition.imports = check(&definition, direct)?;
    definition.outside.dynamic_references = dynamic_references::look_up(world, &definition)?;
    Ok(definition)
}

fn notification_arns(input: Input<'_>, subject: &Subject) -> Vec<String> {
    match (input.has("NotificationARNs"), &subject.previous) {
        (false, Some(previous)) => previous.pseudo.notification_arns.clone(),
        _ => input.strings("NotificationARNs").map(str::to_owned).collect(),
    }
}

/// What the template asks of the world outside its stack.
fn outside(world: &World, subject: &Subject, template: &Template) -> Result<Outside, AwsError> {
    let exports =
        world.cloudformation.exports.iter().filter(|(_, export)| export.stack_id != subject.stack_id);
    Ok(Outside {
        imports: exports.map(|(name, export)| (name.clone(), export.value.clone())).collect(),
        includes: includes::read(world, template)?,
        ..Outside::default()
    })
}

/// The template with its loops, includes and serverless resources written out.
fn expanded(
    template: Arc<Template>,
    parameters: &template::ResolvedParameters,
    pseudo: &Pseudo,
    outside: &Outside,
) -> Result<Arc<Template>, AwsError> {
    if !template.unexpanded && !template.has_known_macro() && outside.includes.is_empty() {
        return Ok(template);
    }
    let written_out = template.expand_with(parameters, pseudo, outside);
    written_out.map(Arc::new).map_err(|error| AwsError::validation(template_words(&error)))
}

/// Types of AWS that aren't published. Another vendor's may be activated in the account.
fn check_recognized(template: &Template) -> Result<(), AwsError> {
    let mut unknown: Vec<&str> = template
        .resources
        .values()
        .map(|resource| resource.type_name.as_str())
        .filter(|name| {
            let is_ours = name.starts_with("AWS::") && !name.ends_with("::MODULE");
            is_ours && treatment(name) == Treatment::Unknown
        })
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    if unknown.is_empty() {
        return Ok(());
    }
    let list = unknown.join(", ");
    Err(AwsError::validation(format!("Template format error: Unrecognized resource types: [{list}]")))
}

/// `ResourceTypes`: what the sender lets CloudFormation touch; everything when it isn't given.
fn check_types(input: Input<'_>, template: &Template) -> Result<(), AwsError> {
    let allowed: Vec<&str> = input.strings("ResourceTypes").collect();
    let allows = |pattern: &str, name: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    };
    let refused = template.resources.values().find(|resource| {
        !allowed.is_empty() && !allowed.iter().any(|pattern| allows(pattern, &resource.type_name))
    });
    match refused {
        None => Ok(()),
        Some(resource) => Err(AwsError::validation(format!(
            "Resource type {} is not allowed by parameter ResourceTypes [{}]",
            resource.type_name,
            allowed.join(", ")
        ))),
    }
}

/// The most that a template may hold (user guide, "CloudFormation quotas").
fn check_counts(template: &Template) -> Result<(), AwsError> {
    let counts = [
        ("resources", template.resources.len(), 500),
        ("parameters", template.parameters.len(), 200),
        ("outputs", template.outputs.len(), 200),
    ];
    match counts.iter().find(|(_, count, most)| count > most) {
        None => Ok(()),
        Some((what, count, most)) => Err(AwsError::validation(format!(
            "Template format error: Number of {what}, {count}, is greater than maximum allowed, {most}"
        ))),
    }
}

/// What can be told before the operation begins. Gives the exports that the template imports.
fn check(definition: &Definition, direct: bool) -> Result<Vec<String>, AwsError> {
    check_counts(&definition.template)?;
    let refused = |error: &template::EvaluateError| AwsError::validation(evaluate_words(error));
    let evaluation = definition.evaluation().map_err(|error| refused(&error))?;
    if let Err(violations) = evaluation.check_rules() {
        let described: Vec<&str> =
            violations.iter().map(|violation| violation.description.as_str()).collect();
        return Err(AwsError::validation(format!("Template validation error: {}", described.join(", "))));
    }
    evaluation.dependencies().map_err(|error| AwsError::validation(words::circle(&error.cycle)))?;
    for resource in evaluation.active_resources() {
        evaluation.properties(resource, &Silent).map_err(|error| refused(&error))?;
    }
    evaluation.outputs(&Silent).map_err(|error| refused(&error))?;
    capabilities::check(&evaluation, &definition.capabilities, direct)?;
    Ok(outputs::imports(&evaluation))
}

/// Resources of which nothing is known yet.
pub struct Silent;

impl template::ResourceValues for Silent {
    fn reference(&self, logical_id: &str) -> Value {
        unknown(logical_id, None)
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        unknown(logical_id, Some(attribute.to_owned()))
    }
}

fn unknown(logical_id: &str, attribute: Option<String>) -> Value {
    Value::Unknown(template::Unknown {
        parts: vec![template::Part::Resource { logical_id: logical_id.to_owned(), attribute }],
    })
}

/// The template of a request: sent along, at a URL, or the stack's own.
pub fn template(
    world: &mut World,
    input: Input<'_>,
    previous: Option<&Definition>,
) -> Result<(Arc<Template>, Arc<str>), AwsError> {
    if let Some(body) = input.string("TemplateBody") {
        if body.len() > MAXIMUM_BODY_BYTES {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {MAXIMUM_BODY_BYTES}"
            )));
        }
        return parse(world, body.into());
    }
    if let Some(url) = input.string("TemplateURL") {
        if let Some(rest) = url.strip_prefix("s3://") {
            let bucket = rest.split('/').next().unwrap_or_default();
            return Err(AwsError::validation(format!(
                "S3 error: Domain name specified in {bucket} is not a valid S3 domain"
            )));
        }
        let bytes = object_storage::resolve_url(world, url)?;
        let body = std::str::from_utf8(bytes)
            .map_err(|_| AwsError::validation("Template format error: unsupported structure."))?;
        return parse(world, body.into());
    }
    match previous.filter(|_| input.boolean("UsePreviousTemplate").ok().flatten() == Some(true)) {
        // As it was sent: with other parameters its loops may come out otherwise.
        Some(previous) => parse(world, previous.body.clone()),
        None => Err(AwsError::validation("Either Template URL or Template Body must be specified.")),
    }
}

/// Parse a template, once for each text.
fn parse(world: &mut World, body: Arc<str>) -> Result<(Arc<Template>, Arc<str>), AwsError> {
    const KEPT: usize = 8;
    let digest: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    let known = world.cloudformation.parsed.lock().get(&digest).cloned();
    if let Some(parsed) = known {
        return Ok(parsed);
    }
    let template = Template::parse("template", body.as_bytes())
        .map_err(|error| AwsError::validation(template_words(&error)))?;
    let mut kept = world.cloudformation.parsed.lock();
    if kept.len() >= KEPT {
        kept.retain(|_, (template, _)| Arc::strong_count(template) > 1);
    }
    let parsed = (Arc::new(template), body);
    kept.insert(digest, parsed.clone());
    Ok(parsed)
}

/// `Parameters` of a request.
fn given(input: Input<'_>) -> Result<IndexMap<String, GivenParameter>, AwsError> {
    let mut given = IndexMap::new();
    for parameter in input.objects("Parameters") {
        let name = parameter.required_string("ParameterKey")?;
        let value = match (parameter.boolean("UsePreviousValue")?, parameter.string("ParameterValue")) {
            (Some(true), Some(_)) => {
                return Err(AwsError::validation(format!(
                    "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (Some(true), None) => GivenParameter::UsePreviousValue,
            (_, Some(text)) => GivenParameter::Value(text.to_owned()),
            (_, None) => {
                return Err(AwsError::validation(format!(
                    "Invalid input for parameter key {name}. Need to specify parameter value"
                )));
            }
        };
        if given.insert(name.to_owned(), value).is_some() {
            return Err(AwsError::validation(format!("Duplicate parameter key {name} is not allowed.")));
        }
    }
    Ok(given)
}

/// `Tags` of a request.
fn tags(input: Input<'_>) -> Result<Vec<(String, String)>, AwsError> {
    input
        .objects("Tags")
        .map(|tag| {
            Ok((tag.required_string("Key")?.to_owned(), tag.string("Value").unwrap_or_default().to_owned()))
        })
        .collect()
}

/// The parameter store's values for the names that the template asks for. Public names that AWS keeps for
/// everybody get a made-up value, the same every time.
fn parameter_store(
    world: &World,
    template: &Template,
    given: &IndexMap<String, GivenParameter>,
    previous: Option<&template::ResolvedParameters>,
) -> BTreeMap<String, String> {
    let names =
        template.parameters.values().filter(|parameter| parameter.type_name.is_ssm_value()).filter_map(
            |parameter| match given.get(&parameter.name) {
                Some(GivenParameter::Value(text)) => Some(text.clone()),
                Some(GivenParameter::UsePreviousValue) => previous
                    .and_then(|previous| previous.0.get(&parameter.name))
                    .map(|parameter| parameter.text.clone()),
                None => parameter.default.clone(),
            },
        );
    let mut store = BTreeMap::new();
    for name in names {
        if let Some(value) = world.parameter_store.value_for_stacks(&name) {
            store.insert(name, value);
        }
    }
    store
}

fn pseudo(world: &World, subject: &Subject, notification_arns: Vec<String>) -> Pseudo {
    let partition = world.config.partition.clone();
    let url_suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Pseudo {
        account_id: world.config.account_id.clone(),
        region: world.config.region.clone(),
        url_suffix: url_suffix.to_owned(),
        partition,
        stack_name: subject.stack_name.clone(),
        stack_id: subject.stack_id.clone(),
        notification_arns,
    }
}

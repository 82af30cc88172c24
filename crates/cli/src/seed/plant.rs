//! Creating the stacks of a seed, and knowing what they hold.

use std::collections::BTreeMap;

use super::answer::{records, texts};
use super::work::set_to_work;
use super::{Caller, CallerError, Seed, SeedError, StackSeed};
use crate::words::{counted, duration};

/// The bucket that holds the templates.
const BUCKET: &str = "slackwater-seed-templates";

/// A stack that stands.
#[derive(Debug, Clone)]
pub struct StackSeen {
    /// Its ARN.
    pub id: String,
    /// By logical id: type and physical id.
    pub resources: BTreeMap<String, (String, String)>,
}

/// Create every stack of a seed and set it to work; each is waited for.
///
/// # Errors
/// At the first thing that can't be: what came before it stands.
pub async fn plant(caller: &Caller, seed: &Seed, tell: &mut impl FnMut(String)) -> Result<(), SeedError> {
    for stack in &seed.stacks {
        let seen = create(caller, seed, stack, tell).await?;
        set_to_work(caller, seed, &seen, &stack.workload, tell).await?;
    }
    Ok(())
}

/// Create a stack and wait until it stands.
///
/// # Errors
/// When its template can't be read or the cloud refuses it, or its creation fails.
pub async fn create(
    caller: &Caller,
    seed: &Seed,
    stack: &StackSeed,
    tell: &mut impl FnMut(String),
) -> Result<StackSeen, SeedError> {
    let name = stack.name.get_ref();
    let began = caller.clock().now();
    let url = template_url(caller, seed, stack).await?;
    let mut fields: Vec<(String, String)> = vec![
        ("StackName".to_owned(), name.clone()),
        ("TemplateURL".to_owned(), url),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()),
        ("Capabilities.member.2".to_owned(), "CAPABILITY_NAMED_IAM".to_owned()),
        ("Capabilities.member.3".to_owned(), "CAPABILITY_AUTO_EXPAND".to_owned()),
    ];
    fields.extend(stack.role_arn.iter().map(|role| ("RoleARN".to_owned(), role.clone())));
    for ((key, value), place) in stack.parameters.iter().zip(1..) {
        fields.push((format!("Parameters.member.{place}.ParameterKey"), key.clone()));
        fields.push((format!("Parameters.member.{place}.ParameterValue"), value.get_ref().clone()));
    }
    for ((key, value), place) in stack.tags.iter().zip(1..) {
        fields.push((format!("Tags.member.{place}.Key"), key.clone()));
        fields.push((format!("Tags.member.{place}.Value"), value.clone()));
    }
    tell(format!("Creating stack {name} from {}", stack.template.get_ref()));
    let created = caller.query("cloudformation", "CreateStack", &fields).await;
    created.map_err(|error| seed.blamed(&stack.name, error))?;
    wait_until_created(caller, seed, stack).await?;
    let seen = look(caller, name).await?;
    tell(format!(
        "  CREATE_COMPLETE: {} in {}",
        counted(seen.resources.len(), "resource"),
        duration(caller.clock().now().milliseconds_since(began))
    ));
    Ok(seen)
}

/// A stack that stands already.
///
/// # Errors
/// When there is none of this name.
pub(crate) async fn look(caller: &Caller, name: &str) -> Result<StackSeen, SeedError> {
    let mut asked = vec![("StackName".to_owned(), name.to_owned())];
    let xml = caller.query("cloudformation", "DescribeStacks", &asked).await?;
    let id = texts(&xml, "StackId").into_iter().next().unwrap_or_default();
    let mut resources = BTreeMap::new();
    loop {
        let xml = caller.query("cloudformation", "ListStackResources", &asked).await?;
        resources.extend(records(&xml, "StackResourceSummaries").into_iter().filter_map(|mut record| {
            let logical_id = record.remove("LogicalResourceId")?;
            Some((logical_id, (record.remove("ResourceType")?, record.remove("PhysicalResourceId")?)))
        }));
        let Some(token) = texts(&xml, "NextToken").into_iter().next() else {
            return Ok(StackSeen { id, resources });
        };
        asked.truncate(1);
        asked.push(("NextToken".to_owned(), token));
    }
}

/// A stack's outputs.
pub(crate) async fn outputs(caller: &Caller, name: &str) -> Result<BTreeMap<String, String>, SeedError> {
    let asked = [("StackName".to_owned(), name.to_owned())];
    let xml = caller.query("cloudformation", "DescribeStacks", &asked).await?;
    let outputs = records(&xml, "Outputs").into_iter();
    Ok(outputs
        .filter_map(|mut output| Some((output.remove("OutputKey")?, output.remove("OutputValue")?)))
        .collect())
}

/// A URL that CloudFormation reads: of the template that was uploaded, or the one that was given.
async fn template_url(caller: &Caller, seed: &Seed, stack: &StackSeed) -> Result<String, SeedError> {
    let template = stack.template.get_ref();
    if template.starts_with("https://") || template.starts_with("http://") {
        return Ok(template.clone());
    }
    let body = std::fs::read(template).map_err(|source| SeedError::Template {
        file: seed.file.clone(),
        line: seed.line(stack.template.span().start),
        path: template.into(),
        source,
    })?;
    upload(caller, stack.name.get_ref(), body).await.map_err(|error| seed.blamed(&stack.template, error))
}

/// Put a template where CloudFormation reads it; gives its URL.
pub(crate) async fn upload(caller: &Caller, name: &str, body: Vec<u8>) -> Result<String, CallerError> {
    // The bucket may be there from another seed.
    match caller.put(&format!("/{BUCKET}"), Vec::new()).await {
        Ok(()) | Err(CallerError::Refused { .. }) => {}
        Err(error) => return Err(error),
    }
    caller.put(&format!("/{BUCKET}/{name}"), body).await?;
    Ok(format!("https://{BUCKET}.s3.{}.amazonaws.com/{name}", caller.region()))
}

async fn wait_until_created(caller: &Caller, seed: &Seed, stack: &StackSeed) -> Result<(), SeedError> {
    let asked = [("StackName".to_owned(), stack.name.get_ref().clone())];
    loop {
        let xml = caller.query("cloudformation", "DescribeStacks", &asked).await?;
        match texts(&xml, "StackStatus").into_iter().next().unwrap_or_default().as_str() {
            "CREATE_COMPLETE" => return Ok(()),
            status if status.ends_with("_IN_PROGRESS") => caller.rest().await,
            status => {
                let events = caller.query("cloudformation", "DescribeStackEvents", &asked).await?;
                // What fails before any resource is begun (an import that nobody exports) is told of the stack alone.
                let failed = records(&events, "StackEvents").into_iter().rev().find(|event| {
                    event.get("ResourceStatus").is_some_and(|status| {
                        status.ends_with("_FAILED") || status.as_str() == "ROLLBACK_IN_PROGRESS"
                    })
                });
                let part = |name: &str| {
                    failed.as_ref().and_then(|event| event.get(name)).cloned().unwrap_or_default()
                };
                return Err(seed.wrong(
                    &stack.name,
                    format!(
                        "the stack is {status}: {}: {}",
                        part("LogicalResourceId"),
                        part("ResourceStatusReason")
                    ),
                ));
            }
        }
    }
}

impl Seed {
    /// A refusal that a part of it is to blame for. A seed that no file holds has no lines to tell.
    pub(super) fn blamed<T>(&self, part: &toml::Spanned<T>, error: CallerError) -> SeedError {
        match error {
            CallerError::Refused { operation, words } if !self.text.is_empty() => {
                self.wrong(part, format!("the cloud refused {operation}: {words}"))
            }
            other => SeedError::Caller(other),
        }
    }
}

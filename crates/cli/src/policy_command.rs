//! `slackwater policy`: the least IAM policy of Slackwater's own principal, with the reason of each statement.

mod text;

use std::process::ExitCode;

use serde_json::Value;
use template::Template;
use upgrade::rights::{Purpose, Statement, policy_document, statements};
use upgrade::{UpdateKind, find_targets_with};

use crate::arguments::{Format, Policy};
use crate::configuration::Access;
use crate::error::{CliError, Exit};
use crate::planning::doors::listeners;
use crate::planning::rights::{linked_grounds, primary_grounds};
use crate::site::{self, Site};
use crate::template_command::release::deployment_role;
use crate::terminal;

/// A policy, and what its reader must know beside it.
#[derive(Debug)]
pub struct LeastPolicy {
    pub purpose: Purpose,
    /// Whose it is; `None`: nobody said.
    pub principal: Option<String>,
    pub statements: Vec<Statement>,
    /// The stacks that are reached with it.
    pub stacks: Vec<StackOf>,
    /// Linked stacks that are reached with another principal, whose policy is another one.
    pub elsewhere: Vec<&'static str>,
    /// Where the state lies, where there is a bucket.
    pub state_bucket: Option<String>,
}

/// A stack that is reached.
#[derive(Debug)]
pub struct StackOf {
    pub name: String,
    /// The role that CloudFormation works as; `None`: it works with the principal's rights.
    pub role_arn: Option<String>,
}

/// Which policy is asked for.
#[derive(Debug, Clone, Default)]
pub struct PolicyWish {
    /// The principal that is to have it; `None`: the settings', or whoever asks.
    pub principal: Option<String>,
    /// The role that upgrades name, which they hand to CloudFormation.
    pub role_arn: Option<String>,
}

impl LeastPolicy {
    /// As IAM takes it.
    #[must_use]
    pub fn document(&self) -> Value {
        policy_document(&self.statements)
    }

    /// How many characters IAM counts: all but white space (IAM quotas).
    #[must_use]
    pub fn size(&self) -> usize {
        self.document().to_string().chars().filter(|one| !one.is_whitespace()).count()
    }
}

pub(crate) async fn run(arguments: &Policy) -> Result<ExitCode, CliError> {
    let configuration = site::configuration(&arguments.config)?;
    let settings = configuration.deployment(arguments.deployment.as_deref())?.clone();
    let site = Site::of(settings, configuration.directory(), "policy").await?;
    let wish = PolicyWish { principal: arguments.principal.clone(), role_arn: arguments.role_arn.clone() };
    let policy = least_policy(&site, arguments.purpose.into(), arguments.stack.into(), &wish).await?;
    match arguments.printed.format {
        Format::Json => println!("{:#}", policy.document()),
        Format::Text => print_styled!("{}", text::render(&site.settings.name, &policy, terminal::width())),
    }
    Ok(Exit::Done.into())
}

/// The least policy for a purpose, of the principal with which a stack is reached.
///
/// # Errors
/// There is no such stack in the settings, or the deployment can't be looked at.
pub async fn least_policy(
    site: &Site,
    purpose: Purpose,
    stack: UpdateKind,
    wish: &PolicyWish,
) -> Result<LeastPolicy, CliError> {
    let settings = &site.settings;
    let missing = || CliError::bad_input(format!("{} has no {}", settings.name, stack.title()));
    let (access, name) = match stack {
        UpdateKind::Primary | UpdateKind::WayBack => (&settings.access, &settings.stack),
        UpdateKind::BackupStack => {
            settings.backup_stack.as_ref().map(|one| (&one.access, &one.stack)).ok_or_else(missing)?
        }
        UpdateKind::RoleStack => {
            settings.role_stack.as_ref().map(|one| (&one.access, &one.stack)).ok_or_else(missing)?
        }
    };
    let cloud = site.ports.clouds.cloud_for(stack)?;
    let is_primary = *access == settings.access;
    let deployment = cloud.deployment(if is_primary { &settings.stack } else { name }).await?;
    let mut grounds = if is_primary {
        let (_, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
        let listeners = listeners(site, &deployment).await?;
        primary_grounds(site, &deployment, &targets, &listeners)
    } else {
        linked_grounds(site, access, &deployment)
    };
    let principal = match (&wish.principal, &access.credentials.role) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(role)) => Some(role.arn.clone()),
        (None, None) => principal_of(&cloud.caller_arn().await?),
    };
    grounds.principal.clone_from(&principal);
    let mut stacks = Vec::new();
    for name in grounds.primary_stack.iter().chain(&grounds.linked_stacks) {
        let role_arn = wish.role_arn.clone().or(cloud.stack_role(name).await?);
        grounds.stack_roles.extend(role_arn.clone());
        stacks.push(StackOf { name: name.clone(), role_arn });
    }
    grounds.stack_roles.sort();
    grounds.stack_roles.dedup();
    grounds.passed_roles.extend(wish.role_arn.clone());
    Ok(LeastPolicy {
        purpose,
        principal,
        statements: statements(purpose, &grounds),
        stacks,
        elsewhere: elsewhere(site, access),
        state_bucket: grounds.state.map(|(bucket, _)| bucket),
    })
}

/// What CloudFormation needs for a template's resources, as `slackwater template --output policy` prints it.
#[must_use]
pub fn resources_policy(template: &Template) -> Value {
    deployment_role(template).policy_document()
}

/// Linked stacks that are reached otherwise.
fn elsewhere(site: &Site, access: &Access) -> Vec<&'static str> {
    let settings = &site.settings;
    let all = [
        (Some(&settings.access), "primary"),
        (settings.backup_stack.as_ref().map(|stack| &stack.access), "backup"),
        (settings.role_stack.as_ref().map(|stack| &stack.access), "role"),
    ];
    let others = all.into_iter().filter(|(other, _)| other.is_some_and(|other| other != access));
    others.map(|(_, name)| name).collect()
}

/// Whose policies an ARN of STS stands for: a session's are its role's. `None`: the account's owner, who needs none; a role
/// whose path a session doesn't tell is taken as one without a path.
fn principal_of(caller_arn: &str) -> Option<String> {
    // arn:aws:sts::123456789012:assumed-role/NAME/SESSION
    let mut parts = caller_arn.splitn(6, ':');
    let (partition, service) = (parts.nth(1)?, parts.next()?);
    let (account, resource) = (parts.nth(1)?, parts.next()?);
    match (service, resource.split('/').collect::<Vec<_>>().as_slice()) {
        ("sts", ["assumed-role", role, _]) => Some(format!("arn:{partition}:iam::{account}:role/{role}")),
        ("iam", ["user" | "role", ..]) => Some(caller_arn.to_owned()),
        _ => None,
    }
}

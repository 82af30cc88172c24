//! `slackwater init`, as far as it is thought: from the stacks of an account to a proposed `slackwater.toml`, with what
//! was found and why, and what is uncertain. Nothing here asks a cloud or writes a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::words::counted;

/// A stack of the account, as far as one must know it to tell what it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundStack {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub id: String,
    /// Such as `UPDATE_COMPLETE`.
    pub status: String,
    /// What stands before `::VersionInfo` in its template's metadata, and the version.
    pub version: Option<(String, String)>,
    /// Parameter values; NoEcho ones are `****`.
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The stack that it is nested in.
    pub parent_id: Option<String>,
    /// The role that CloudFormation assumes for it.
    pub role_arn: Option<String>,
    /// What it is made of, as far as maintenance goes; `None`: it was not looked at.
    pub anatomy: Option<Anatomy>,
}

/// What a stack is made of, as far as maintenance goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anatomy {
    /// The profile that its template tells.
    pub profile: String,
    /// The version that its template tells, where no metadata does.
    pub version: Option<String>,
    /// Its workers are agents that finish the job that they are at, when they are given the time.
    pub agents_finish: bool,
    /// What was taken for what, a line each, such as `worker groups: Agents`.
    pub parts: Vec<String>,
    /// Queues, groups and machines: something whose work can be stopped.
    pub has_work: bool,
    /// The listeners that the gate closes, by name.
    pub closes: Vec<String>,
    /// Those that can't be closed: their names as the settings write them, and in words.
    pub stays_open: Vec<(String, String)>,
    /// Ways in that are no load balancer's, in words.
    pub unjudged: Vec<String>,
}

impl Anatomy {
    /// Whether maintenance would have anything to do, or people come in by what it can't close.
    fn is_platform(&self) -> bool {
        self.has_work || !self.closes.is_empty() || !self.stays_open.is_empty()
    }
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proposal {
    /// The text of `slackwater.toml`; empty when no deployment was found.
    pub toml: String,
    /// What was found, and by what.
    pub found: Vec<String>,
    /// What a person must look at.
    pub uncertain: Vec<String>,
}

/// How the account was reached, where that was said on the command line: the settings must say it too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundBy {
    /// A profile of AWS's own files.
    pub aws_profile: Option<String>,
    /// Another address for every service.
    pub endpoint_url: Option<String>,
}

/// Propose settings for what an account holds.
#[must_use]
pub fn propose(stacks: &[FoundStack], by: &FoundBy) -> Proposal {
    let mut proposal = Proposal::default();
    let standing: Vec<&FoundStack> =
        stacks.iter().filter(|stack| stack.parent_id.is_none() && stands(&stack.status)).collect();
    let linked: BTreeSet<&str> = standing
        .iter()
        .flat_map(|stack| [backup_stack(stack, &standing), role_stack(stack, &standing)])
        .flatten()
        .map(|stack| stack.id.as_str())
        .collect();
    for stack in &standing {
        if linked.contains(stack.id.as_str()) {
            continue;
        }
        match &stack.version {
            Some((vendor, version)) => proposal.found.push(format!(
                "{} is a deployment: its template says {vendor}::VersionInfo, version {version}{}",
                stack.name,
                told_by_tag(stack)
            )),
            None if stack.anatomy.as_ref().is_some_and(Anatomy::is_platform) => proposal.found.push(format!(
                "{} may be a deployment: its template tells {}, and it has what maintenance is about{}",
                stack.name,
                stack
                    .anatomy
                    .as_ref()
                    .and_then(|anatomy| Some(format!("version {}", anatomy.version.as_ref()?)))
                    .unwrap_or_else(|| "no version".to_owned()),
                told_by_tag(stack)
            )),
            None => continue,
        }
        deployment(&mut proposal, stack, &standing, by);
        if stack.anatomy.as_ref().is_some_and(|anatomy| anatomy.agents_finish) {
            // Writing to a string cannot fail.
            let _ = write!(
                proposal.toml,
                "\n[deployments.{}.maintenance]\nworkers = {{ grace = \"30m\", deadline = \"1h\" }}   # agents finish the job that they are at\n",
                stack.name
            );
        }
    }
    if proposal.toml.is_empty() {
        proposal.uncertain.push(format!(
            "{} looked at, and none has an entry of Metadata that ends in ::VersionInfo, or worker groups, job queues or a load \
             balancer's listener, so none is known to be a platform; name yours in slackwater.toml: [deployments.NAME] with \
             stack and region",
            counted(standing.len(), "stack")
        ));
    }
    proposal
}

fn deployment(proposal: &mut Proposal, stack: &FoundStack, standing: &[&FoundStack], by: &FoundBy) {
    let Proposal { toml, found, uncertain } = proposal;
    // Writing to a string cannot fail.
    let _ = write!(toml, "{}[deployments.{}]\nstack = {}\n", separator(toml), stack.name, quoted(&stack.id));
    for (key, value) in [("aws_profile", &by.aws_profile), ("endpoint_url", &by.endpoint_url)] {
        if let Some(value) = value {
            let _ = writeln!(toml, "{key} = {}", quoted(value));
        }
    }
    match &stack.anatomy {
        Some(anatomy) => made_of(toml, found, uncertain, &stack.name, anatomy),
        None if stack.version.as_ref().is_some_and(|(vendor, _)| vendor == "CodeOcean") => {
            toml.push_str("profile = \"code-ocean\"\n");
        }
        None => {}
    }
    // What can't be found in an account, and that most owners want.
    toml.push_str(
        "# release = { catalogue = \"releases.toml\" }   # [[release]] tables with version and template, oldest first\n",
    );
    toml.push_str(
        "# template_bucket = \"…\"   # where copies of a plan's templates are kept\n\
         # state = \"s3://…/…\"      # where claim and journals are, for every operator's machine\n\
         # platform = { adapter = \"http\", url = \"https://…\", token_env = \"…\" }   # sessions, banners, health\n",
    );
    if stack.status.ends_with("_FAILED") || stack.status.ends_with("_IN_PROGRESS") {
        uncertain
            .push(format!("{} is {}: it can't be updated before that is over", stack.name, stack.status));
    }
    if let Some((parameter, vault)) = vault(stack) {
        let Some(place) = Arn::parse(&vault) else { return };
        match backup_stack(stack, standing) {
            Some(backup) => {
                found.push(format!(
                    "{} is its backup stack: {parameter} points at a vault of its name, {vault}",
                    backup.name
                ));
                let _ = write!(
                    toml,
                    "\n[deployments.{}.backup_stack]\nstack = {}\n",
                    stack.name,
                    quoted(&backup.id)
                );
            }
            None => {
                uncertain.push(format!(
                    "{parameter} of {} points at {vault}: the stack that made it is in account {}, Region {}, and can't \
                     be seen from here; fill in the commented lines",
                    stack.name, place.account, place.region
                ));
                let _ = write!(
                    toml,
                    "\n# {parameter} points at {vault}\n# [deployments.{}.backup_stack]\n# stack = \"…\"\n# region = {}\n\
                     # role_arn = \"arn:aws:iam::{}:role/…\"\n",
                    stack.name,
                    quoted(place.region),
                    place.account
                );
            }
        }
    }
    if let Some(role) = &stack.role_arn {
        match role_stack(stack, standing) {
            Some(found_stack) => {
                found.push(format!("{} is its role's stack: CloudFormation assumes {role}", found_stack.name));
                let _ = write!(toml, "\n[deployments.{}.role_stack]\nstack = {}\n", stack.name, quoted(&found_stack.id));
            }
            None => uncertain.push(format!(
                "CloudFormation assumes {role} for {}, and no stack here has a name that it begins with; if one made it, \
                 add [deployments.{}.role_stack]",
                stack.name, stack.name
            )),
        }
    }
}

/// The profile, the gate, and what was taken for what.
fn made_of(
    toml: &mut String,
    found: &mut Vec<String>,
    uncertain: &mut Vec<String>,
    name: &str,
    anatomy: &Anatomy,
) {
    let Anatomy { profile, version: _, agents_finish: _, parts, has_work, closes, stays_open, unjudged } =
        anatomy;
    // Writing to a string cannot fail.
    let _ = writeln!(toml, "profile = {}", quoted(profile));
    found.extend(parts.iter().map(|part| format!("{name}: {part}")));
    if !has_work {
        uncertain.push(format!(
            "{name} has no worker group, job queue or ECS service that the profile {profile} finds, so maintenance would stop no \
             work: a profile's file names them (worker_groups, job_queues, ecs_services)"
        ));
    }
    if !unjudged.is_empty() {
        uncertain.push(format!(
            "people may also come in to {name} by {}: such ways are not judged, and nothing closes them",
            unjudged.join(", ")
        ));
    }
    if closes.is_empty() {
        toml.push_str(
            "gate = \"none\"   # no listener that can be closed: work is stopped, nobody is kept out\n",
        );
        found
            .push(format!("{name} has no gate: no listener of an application load balancer (docs/doors.md)"));
        uncertain.extend(stays_open.iter().map(|(_, words)| {
            format!("{words} of {name} can't be closed: whoever comes in by it is there while the stack is updated")
        }));
        return;
    }
    found.push(format!("{name}: the gate closes {}", closes.join(", ")));
    if !stays_open.is_empty() {
        let words: Vec<String> =
            stays_open.iter().map(|(key, _)| format!("{key} = \"not-for-users: …\"")).collect();
        let _ = writeln!(toml, "# doors = {{ {} }}   # or stays-open: …", words.join(", "));
    }
    for (_, words) in stays_open {
        uncertain.push(format!(
            "{words} of {name} can't be closed: say in doors whether users come in by it, and why it may stay open"
        ));
    }
}

/// Whether there is something to deploy to: not gone, not only reviewed.
fn stands(status: &str) -> bool {
    !matches!(status, "DELETE_COMPLETE" | "DELETE_IN_PROGRESS" | "REVIEW_IN_PROGRESS")
}

fn separator(toml: &str) -> &'static str {
    if toml.is_empty() { "" } else { "\n" }
}

fn told_by_tag(stack: &FoundStack) -> String {
    match stack.tags.iter().find(|(key, _)| key.to_lowercase().contains("environment")) {
        Some((key, value)) => format!(" (tag {key}={value})"),
        None => String::new(),
    }
}

/// The parameter that points at a backup vault, with the vault's ARN.
fn vault(stack: &FoundStack) -> Option<(String, String)> {
    stack
        .parameters
        .iter()
        .find(|(_, value)| Arn::parse(value).is_some_and(|arn| arn.resource.starts_with("backup-vault:")))
        .map(|(name, value)| (name.clone(), value.clone()))
}

/// The stack that made the vault that this one's backups are copied to. Assumption: a vault that a template names, or
/// that CloudFormation names, begins with its stack's name; the longest fits best.
fn backup_stack<'s>(stack: &FoundStack, standing: &[&'s FoundStack]) -> Option<&'s FoundStack> {
    let (_, vault) = vault(stack)?;
    let arn = Arn::parse(&vault)?;
    let name = arn.resource.strip_prefix("backup-vault:")?;
    longest(standing, stack, name, |other| other.account == arn.account && other.region == arn.region)
}

/// The stack that made the role that CloudFormation assumes: it names roles STACK-RESOURCE-RANDOM (user guide, "Name
/// Type").
fn role_stack<'s>(stack: &FoundStack, standing: &[&'s FoundStack]) -> Option<&'s FoundStack> {
    let arn = Arn::parse(stack.role_arn.as_deref()?)?;
    let name = arn.resource.rsplit('/').next()?;
    longest(standing, stack, name, |other| other.account == arn.account)
}

fn longest<'s>(
    standing: &[&'s FoundStack],
    asks: &FoundStack,
    name: &str,
    fits: impl Fn(&Arn<'_>) -> bool,
) -> Option<&'s FoundStack> {
    let begins = |stack: &FoundStack| {
        name.to_lowercase()
            .strip_prefix(&stack.name.to_lowercase())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    };
    standing
        .iter()
        .copied()
        .filter(|stack| stack.id != asks.id && begins(stack))
        .filter(|stack| Arn::parse(&stack.id).is_some_and(|arn| fits(&arn)))
        .max_by_key(|stack| stack.name.len())
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let (_partition, _service) = (parts.next()?, parts.next()?);
        Some(Arn { region: parts.next()?, account: parts.next()?, resource: parts.next()? })
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

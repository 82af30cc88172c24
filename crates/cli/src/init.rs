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

#[cfg(test)]
mod tests {
    use super::{Anatomy, FoundBy, FoundStack, propose};
    use crate::configuration::Configuration;

    fn stack(name: &str, version: Option<&str>) -> FoundStack {
        FoundStack {
            name: name.to_owned(),
            id: format!("arn:aws:cloudformation:us-east-1:111111111111:stack/{name}/1"),
            status: "UPDATE_COMPLETE".to_owned(),
            version: version.map(|version| ("CodeOcean".to_owned(), version.to_owned())),
            ..FoundStack::default()
        }
    }

    fn with_vault(mut stack: FoundStack, vault: &str) -> FoundStack {
        stack.parameters.insert("pDestinationBackupVaultArn".to_owned(), vault.to_owned());
        stack
    }

    #[test]
    fn deployments_are_found_with_their_backup_and_role_stacks() {
        let mut platform = with_vault(
            stack("codeocean", Some("v3.8.2")),
            "arn:aws:backup:us-east-1:111111111111:backup-vault:codeocean-backup-vault",
        );
        platform.role_arn = Some("arn:aws:iam::111111111111:role/deploy-Role-1ABC".to_owned());
        let nested = FoundStack { parent_id: Some("x".to_owned()), ..stack("nested", Some("v3.8.2")) };
        let gone = FoundStack { status: "DELETE_COMPLETE".to_owned(), ..stack("gone", Some("v3.7.0")) };
        let stacks = [
            platform,
            stack("codeocean-backup", Some("v3.8.2")),
            stack("deploy", None),
            stack("other", None),
            nested,
            gone,
        ];
        let proposal = propose(&stacks, &FoundBy::default());
        assert_eq!(proposal.uncertain, Vec::<String>::new());
        assert_eq!(proposal.found.len(), 3, "{:?}", proposal.found);
        let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
        let [only] = read.deployments.as_slice() else { panic!("{}", proposal.toml) };
        assert_eq!(only.name, "codeocean");
        assert_eq!(only.profile.as_ref().map(|word| word.text.as_str()), Some("code-ocean"));
        assert!(
            only.backup_stack.as_ref().is_some_and(|one| one.stack.ends_with("stack/codeocean-backup/1"))
        );
        assert!(only.role_stack.as_ref().is_some_and(|one| one.stack.ends_with("stack/deploy/1")));
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let mut platform = with_vault(
            stack("codeocean", Some("v3.8.2")),
            "arn:aws:backup:eu-west-1:222222222222:backup-vault:theirs",
        );
        platform.role_arn = Some("arn:aws:iam::111111111111:role/by-hand".to_owned());
        platform.status = "UPDATE_ROLLBACK_FAILED".to_owned();
        let proposal = propose(&[platform], &FoundBy::default());
        assert_eq!(proposal.uncertain.len(), 3, "{:?}", proposal.uncertain);
        assert!(
            proposal.toml.contains("# region = \"eu-west-1\"")
                && proposal.toml.contains("iam::222222222222:")
        );
        Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
    }

    #[test]
    fn how_the_account_was_reached_is_written_down() {
        let by = FoundBy {
            aws_profile: Some("prod".to_owned()),
            endpoint_url: Some("http://127.0.0.1:4580".to_owned()),
        };
        let proposal = propose(&[stack("p", Some("1"))], &by);
        let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
        let access = &read.deployment(None).expect("the only one").access;
        assert_eq!(access.region, "us-east-1");
        assert_eq!(access.credentials.aws_profile.as_deref(), Some("prod"));
        assert_eq!(access.endpoint_url.as_deref(), Some("http://127.0.0.1:4580"));
    }

    #[test]
    fn what_tells_no_version_is_proposed_with_what_it_is_made_of() {
        let made_of = |closes: &[&str], stays_open: &[(&str, &str)]| Anatomy {
            version: None,
            agents_finish: false,
            profile: "generic".to_owned(),
            parts: vec!["worker groups: Agents".to_owned()],
            has_work: true,
            closes: closes.iter().map(|one| (*one).to_owned()).collect(),
            stays_open: stays_open.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect(),
            unjudged: Vec::new(),
        };
        let idle = |anatomy: Anatomy| Anatomy { parts: Vec::new(), has_work: false, ..anatomy };
        let beside = |anatomy| Anatomy { unjudged: vec!["Api (API Gateway)".to_owned()], ..anatomy };
        for (anatomy, gateless, uncertain) in [
            (made_of(&[], &[]), true, 0),
            (beside(made_of(&[], &[])), true, 1),
            // Nothing to stop and nothing to close, and people come in all the same.
            (idle(made_of(&[], &[("Old", "classic load balancer old")])), true, 2),
            (made_of(&["Https"], &[]), false, 0),
            (made_of(&["Https"], &[("Ssh", "TCP:22 of front")]), false, 1),
        ] {
            let has_work = anatomy.has_work;
            let platform = FoundStack { anatomy: Some(anatomy), ..stack("runners", None) };
            let bucket = FoundStack { anatomy: Some(Anatomy::default()), ..stack("bucket", None) };
            let proposal = propose(&[platform, bucket], &FoundBy::default());
            let read =
                Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
            let [only] = read.deployments.as_slice() else { panic!("{}", proposal.toml) };
            assert_eq!((only.name.as_str(), only.gateless), ("runners", gateless), "{}", proposal.toml);
            let told = proposal.found.iter().any(|line| line == "runners: worker groups: Agents");
            assert_eq!(told, has_work);
            assert_eq!(proposal.uncertain.len(), uncertain, "{:?}", proposal.uncertain);
        }
    }

    #[test]
    fn agents_are_given_time_to_finish_and_a_version_that_a_profile_finds_is_told() {
        let anatomy = Anatomy {
            profile: "runs-on".to_owned(),
            version: Some("v3.1.3".to_owned()),
            agents_finish: true,
            has_work: true,
            ..Anatomy::default()
        };
        let platform = FoundStack { anatomy: Some(anatomy), ..stack("runners", None) };
        let proposal = propose(&[platform], &FoundBy::default());
        let told = "runners may be a deployment: its template tells version v3.1.3, and it has what maintenance is about";
        assert!(proposal.found.iter().any(|line| line.starts_with(told)), "{:?}", proposal.found);
        let read = Configuration::parse("slackwater.toml", &proposal.toml).expect("what is proposed is good");
        let [only] = read.deployments.as_slice() else { panic!("{}", proposal.toml) };
        let workers = only.maintenance.policy.workers;
        assert_eq!((workers.grace_seconds, workers.deadline_seconds), (1800, 3600));
    }

    #[test]
    fn the_line_that_settles_every_open_door_can_be_taken_as_it_stands() {
        let anatomy = Anatomy {
            profile: "generic".to_owned(),
            has_work: true,
            closes: vec!["Https".to_owned()],
            stays_open: vec![
                ("Ssh".to_owned(), "TCP:22 of front".to_owned()),
                ("\"arn:api\"".to_owned(), "TCP:443 of api".to_owned()),
            ],
            ..Anatomy::default()
        };
        let platform = FoundStack { anatomy: Some(anatomy), ..stack("runners", None) };
        let proposal = propose(&[platform], &FoundBy::default());
        let settled = proposal.toml.replace("# doors = ", "doors = ");
        let read = Configuration::parse("slackwater.toml", &settled).expect("one table of doors");
        let [only] = read.deployments.as_slice() else { panic!("{settled}") };
        assert_eq!(only.doors.keys().collect::<Vec<_>>(), ["Ssh", "arn:api"]);
    }

    #[test]
    fn an_account_without_platforms_gets_no_file() {
        let proposal = propose(&[stack("a", None), stack("b", None)], &FoundBy::default());
        assert_eq!(proposal.toml, "");
        assert!(
            proposal.uncertain[0].starts_with("2 stacks looked at, and none "),
            "{:?}",
            proposal.uncertain
        );
    }
}

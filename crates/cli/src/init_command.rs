//! `slackwater init`: looks at an account and writes the settings that [`crate::init`] proposes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use aws::{AwsCloud, AwsConnection, Pace, StackListed};
use upgrade::{Closing, Judged, Part, ReleaseSide, WaysIn, judge_doors, survey_deployment, unjudged_ways};

use crate::answers::{self, ProposedSettings};
use crate::arguments::{Format, Init};
use crate::error::{CliError, Exit};
use crate::files::FileError;
use crate::init::{Anatomy, FoundBy, FoundStack, Proposal, propose};
use crate::words::counted;

pub(crate) async fn run(arguments: &Init) -> Result<ExitCode, CliError> {
    // Said before anything is asked of a cloud.
    if !arguments.dry_run && arguments.out.exists() {
        return Err(would_overwrite(&arguments.out));
    }
    let cloud = AwsCloud::connect(&AwsConnection {
        region: arguments.region.clone(),
        profile: arguments.aws_profile.clone(),
        role: None,
        endpoint_url: arguments.endpoint_url.clone(),
        pace: Pace::Documented,
    })
    .await?;
    let caller = cloud.caller_arn().await?;
    let by =
        FoundBy { aws_profile: arguments.aws_profile.clone(), endpoint_url: arguments.endpoint_url.clone() };
    let (stacks, proposal) = propose_for_account(&cloud, &by).await?;
    if arguments.format == Format::Text {
        println!("Looked at {} as {caller} ({}).", counted(stacks.len(), "stack"), cloud.label());
        show(&proposal);
    }
    if proposal.toml.is_empty() {
        let names: Vec<String> = stacks.into_iter().map(|stack| stack.name).collect();
        let among = match names.as_slice() {
            [] => ": there is no stack at all".to_owned(),
            names => format!(" among the stacks {}", names.join(", ")),
        };
        return Err(CliError::bad_input(format!("no platform was found{among}")).hint(
            "is this the right account and Region? Else write [deployments.NAME] with stack and region into slackwater.toml yourself; nothing was written",
        ));
    }
    if !arguments.dry_run {
        write(&arguments.out, &proposal.toml)?;
    }
    match (arguments.format, arguments.dry_run) {
        (Format::Text, true) => print!("\n{}", proposal.toml),
        (Format::Text, false) => println!(
            "\nWritten: {}. Read it; then `slackwater status` shows how {} stands.",
            arguments.out.display(),
            if proposal.toml.matches("\nstack = ").count() > 1 {
                "each deployment"
            } else {
                "the deployment"
            }
        ),
        (Format::Json, dry_run) => answers::print(&ProposedSettings {
            found: proposal.found,
            to_look_at: proposal.uncertain,
            settings: proposal.toml,
            written: (!dry_run).then(|| arguments.out.display().to_string()),
        }),
    }
    Ok(Exit::Done.into())
}

/// The stacks of an account, and what is proposed for them.
///
/// # Errors
/// The stacks can't be listed. One that can't be looked into is told of in the proposal.
pub async fn propose_for_account(
    cloud: &AwsCloud,
    by: &FoundBy,
) -> Result<(Vec<FoundStack>, Proposal), CliError> {
    let mut stacks: Vec<FoundStack> = cloud.stacks().await?.into_iter().map(found).collect();
    let unseen = look_into(cloud, &mut stacks).await;
    let mut proposal = propose(&stacks, by);
    proposal.uncertain.extend(unseen);
    Ok((stacks, proposal))
}

fn show(proposal: &Proposal) {
    for (title, lines) in [("Found", &proposal.found), ("To look at", &proposal.uncertain)] {
        if !lines.is_empty() {
            println!("{title}:");
        }
        for line in lines {
            println!("  - {line}");
        }
    }
}

fn found(stack: StackListed) -> FoundStack {
    FoundStack {
        name: stack.stack_name,
        id: stack.stack_id,
        status: stack.status,
        version: stack.version,
        parameters: stack.parameters,
        tags: stack.tags,
        parent_id: stack.parent_id,
        role_arn: stack.role_arn,
        anatomy: None,
    }
}

/// So many stacks are looked into; with more, those whose template tells a version.
const MOST_STACKS: usize = 60;

/// See what the stacks are made of. What could not be seen, a line each.
async fn look_into(cloud: &AwsCloud, stacks: &mut [FoundStack]) -> Vec<String> {
    let mut unseen = Vec::new();
    let top = stacks.iter().filter(|stack| stack.parent_id.is_none()).count();
    if top > MOST_STACKS {
        unseen.push(format!(
            "{top} stacks are more than are looked into: of those whose template tells no version nothing is proposed"
        ));
    }
    for stack in stacks.iter_mut().filter(|stack| stack.parent_id.is_none()) {
        if top > MOST_STACKS && stack.version.is_none() {
            continue;
        }
        match anatomy(cloud, &stack.id).await {
            Ok(anatomy) => stack.anatomy = Some(anatomy),
            Err(reason) if stack.version.is_some() => {
                unseen.push(format!("{} could not be looked into: {reason}", stack.name));
            }
            // Most stacks are nobody's platform: one that can't be read is no news.
            Err(_) => {}
        }
    }
    unseen
}

/// What one stack is made of.
async fn anatomy(cloud: &AwsCloud, stack_id: &str) -> Result<Anatomy, String> {
    let deployment = cloud.deployment(stack_id).await.map_err(|error| error.to_string())?;
    let nothing = BTreeMap::new();
    let (profile, survey) = survey_deployment(&deployment).map_err(|error| error.to_string())?;
    let ways = WaysIn::find(&deployment, &nothing).map_err(|error| error.to_string())?;
    let listeners = cloud.listeners(&ways).await.map_err(|error| error.to_string())?;
    let judged = judge_doors(&listeners, &nothing);
    let closes = judged.iter().filter(|(_, judged)| *judged == Judged::Close);
    let stays_open = judged
        .iter()
        .filter(|(_, judged)| matches!(judged, Judged::Other(Closing::CantBeClosed { .. })))
        .map(|(listener, _)| (listener.key(), listener.words()));
    let parts = survey.parts.iter().filter(|(_, ids)| !ids.is_empty());
    let has = |part| survey.parts.get(&part).is_some_and(|ids| !ids.is_empty());
    Ok(Anatomy {
        version: ReleaseSide::deployed(&deployment).ok().and_then(|side| side.version(Some(&profile))),
        agents_finish: profile.agents_finish,
        profile: profile.name,
        parts: parts.map(|(part, ids)| format!("{}: {}", part.title(), ids.join(", "))).collect(),
        has_work: has(Part::WorkerGroups)
            || has(Part::JobQueues)
            || has(Part::EcsServices)
            || !survey.dedicated_machine_tags.is_empty(),
        closes: closes.map(|(listener, _)| listener.name()).collect(),
        stays_open: stays_open.collect(),
        unjudged: unjudged_ways(&deployment).map_err(|error| error.to_string())?,
    })
}

fn would_overwrite(path: &Path) -> CliError {
    CliError::bad_input(format!("{} is there already", path.display()))
        .hint("name another file with --out, or print with --dry-run; nothing was touched")
}

/// Also when somebody else makes the file at the same moment, theirs stands.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let made = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    made.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => would_overwrite(path),
        _ => FileError::Unwritable { path: path.to_owned(), source }.into(),
    })
}

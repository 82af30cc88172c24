//! `slackwater init`: looks at an account and writes the settings that [`crate::init`] proposes.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use aws::{AwsCloud, AwsConnection, Pace, StackListed};
use serde_json::json;

use crate::arguments::{Format, Init};
use crate::error::{CliError, DONE};
use crate::init::{FoundBy, FoundStack, Proposal, propose};
use crate::words::counted;

pub(crate) async fn run(arguments: &Init) -> Result<ExitCode, CliError> {
    // Said before anything is asked of a cloud.
    if !arguments.dry_run && arguments.out.exists() {
        return Err(CliError::WouldOverwrite { path: arguments.out.clone() });
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
    let stacks: Vec<FoundStack> = cloud.stacks().await?.into_iter().map(found).collect();
    let by =
        FoundBy { aws_profile: arguments.aws_profile.clone(), endpoint_url: arguments.endpoint_url.clone() };
    let proposal = propose(&stacks, &by);
    if arguments.format == Format::Text {
        println!("Looked at {} as {caller} ({}).", counted(stacks.len(), "stack"), cloud.described());
        show(&proposal);
    }
    if proposal.toml.is_empty() {
        return Err(CliError::NothingFound { stacks: stacks.into_iter().map(|stack| stack.name).collect() });
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
        (Format::Json, dry_run) => println!(
            "{:#}",
            json!({
                "found": proposal.found,
                "to_look_at": proposal.uncertain,
                "settings": proposal.toml,
                "written": (!dry_run).then(|| arguments.out.display().to_string()),
            })
        ),
    }
    Ok(ExitCode::from(DONE))
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
    }
}

/// Also when somebody else makes the file at the same moment, theirs stands.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let made = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    made.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => CliError::WouldOverwrite { path: path.to_owned() },
        _ => CliError::Unwritable { path: path.to_owned(), source },
    })
}

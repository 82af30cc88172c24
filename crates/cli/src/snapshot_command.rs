//! `slackwater snapshot`: how a deployment stands, in a file.

use std::process::ExitCode;

use crate::answers::{self, SnapshotTaken};
use crate::arguments::{ConfigFile, Format, TakeSnapshot};
use crate::error::{CliError, Exit};
use crate::files;
use crate::site::{self, Site};
use crate::snapshot::{Snapshot, mask, take};
use crate::words::counted;

pub(crate) async fn run(arguments: &TakeSnapshot) -> Result<ExitCode, CliError> {
    let mut snapshot = take(&arguments.config, arguments.deployment.as_deref()).await?;
    let left = if arguments.mask { mask::mask(&mut snapshot) } else { Vec::new() };
    let text = serde_json::to_string_pretty(&snapshot).unwrap_or_default();
    files::write_private(&arguments.out, text.as_bytes())?;
    let resources: usize = snapshot.stacks.iter().map(|stack| stack.resources.len()).sum();
    let events: usize = snapshot.stacks.iter().map(|stack| stack.events.len()).sum();
    let secrets: Vec<String> = snapshot
        .stacks
        .iter()
        .flat_map(|stack| stack.secret_parameters.iter().map(move |key| format!("{}/{key}", stack.name)))
        .collect();
    match arguments.format {
        Format::Json => answers::print(&SnapshotTaken {
            file: arguments.out.display().to_string(),
            deployment: snapshot.deployment,
            stacks: snapshot.stacks.len(),
            resources,
            events,
            unread: snapshot.unread,
            secret_parameters: secrets,
            masked: snapshot.masked,
            parameters_as_they_are: left,
        }),
        Format::Text => {
            println!(
                "{} of {}, {} and {} of their history are in {}.",
                counted(snapshot.stacks.len(), "stack"),
                snapshot.deployment,
                counted(resources, "resource"),
                counted(events, "event"),
                arguments.out.display()
            );
            in_words(arguments, &snapshot, &secrets, &left);
        }
    }
    Ok(Exit::Done.into())
}

/// What a person must know of it.
fn in_words(arguments: &TakeSnapshot, snapshot: &Snapshot, secrets: &[String], left: &[String]) {
    for sentence in &snapshot.unread {
        println!("Not in it: {sentence}");
    }
    if !secrets.is_empty() {
        println!("Left out, and made up by a rehearsal: {}.", secrets.join(", "));
    }
    match arguments.mask {
        false => {
            println!("Who reads it learns who works in the deployment: --mask lets others stand for them.")
        }
        true if left.is_empty() => {
            println!("Account numbers, physical ids, and who works on what stand for others.")
        }
        true => println!(
            "Account numbers, physical ids, and who works on what stand for others. Look at these parameters before you share it; their values are as they are: {}.",
            left.join(", ")
        ),
    }
    println!("Rehearse with: slackwater rehearse --snapshot {} --to TEMPLATE", arguments.out.display());
}

/// Take a snapshot of a deployment of the settings.
pub(crate) async fn take(config: &ConfigFile, name: Option<&str>) -> Result<Snapshot, CliError> {
    let configuration = site::configuration(config)?;
    let settings = configuration.deployment(name)?.clone();
    let site = Site::of(settings, configuration.directory(), "snapshot").await?;
    let settings = take::settings(&site, &configuration.path)?;
    take::take(&site, settings).await
}

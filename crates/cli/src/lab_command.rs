//! `slackwater lab`: the programs that the lab's templates start, so that one executable is all that a machine needs.

use std::process::ExitCode;

use crate::error::{CliError, Exit, Prefixed};

pub(crate) async fn run(command: lab::Command) -> Result<ExitCode, CliError> {
    let ended = lab::run(command).await;
    ended.map_err(|source| CliError::new(Exit::Failed, Prefixed { prefix: "lab", source }))?;
    Ok(Exit::Done.into())
}

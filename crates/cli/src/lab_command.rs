//! `slackwater lab`: the programs that the lab's templates start, so that one executable is all that a machine needs.

use std::process::ExitCode;

use crate::error::{CliError, DONE};

pub(crate) async fn run(command: lab::Command) -> Result<ExitCode, CliError> {
    lab::run(command).await?;
    Ok(ExitCode::from(DONE))
}

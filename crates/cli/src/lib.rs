//! Where everything meets: the arguments, the rooms behind them, and what a person reads.
//!
//! Nothing knows this crate. It is a library so that its tests can run the demo's own upgrade in process and
//! in virtual time.

mod arguments;
mod change_table;
mod changeset_command;
mod demo;
mod error;
mod inputs;
mod lab_command;
mod local_cloud;
mod local_command;
mod planning;
mod progress;
mod report;
mod runs;
mod words;

use std::process::ExitCode;

pub use arguments::Arguments;
pub use demo::{Scenario, populate};
pub use error::{CliError, EXIT_CODES};
pub use planning::{PlanRequest, plan};

use arguments::Command;

/// Run a command; gives the exit code. What went wrong is printed to standard error.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)
        .and_then(|runtime| runtime.block_on(dispatch(arguments)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            error.print();
            error.exit_code()
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, CliError> {
    match arguments.command {
        Command::Changeset(changeset) => changeset_command::run(&changeset),
        Command::Demo(demo) => demo::run(demo).await,
        Command::Local(local) => local_command::run(local).await,
        Command::Run(command) => runs::run(command).await,
        Command::Lab(command) => lab_command::run(command).await,
    }
}

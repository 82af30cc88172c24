//! The `slackwater` program.

use std::process::ExitCode;

use clap::Parser;
use cli::Arguments;

fn main() -> ExitCode {
    cli::run(Arguments::parse())
}

//! `slackwater completions`: what a shell needs to complete commands, from the commands themselves.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::error::Exit;

pub(crate) fn run(completions: &Completions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::command(), "slackwater", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    Exit::Done.into()
}

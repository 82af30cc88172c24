//! The command line of what shells and readers of manuals are given.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which: such as status, or slackwater/status/1 [default: list them].
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ManPages {
    /// Write a page a command there, such as slackwater-run-answer.1. It is made when it isn't there; pages that are there are
    /// replaced.
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: Option<PathBuf>,
}

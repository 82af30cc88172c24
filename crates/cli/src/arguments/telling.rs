//! The command line of notices.

use clap::Args;

use super::{ConfigFile, Printed};

#[derive(Debug, Args)]
pub(crate) struct Notify {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    /// Send a test by every way, and say of each whether it was taken. On PagerDuty an alert opens and is resolved at once.
    #[arg(long)]
    pub test: bool,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub config: ConfigFile,
}

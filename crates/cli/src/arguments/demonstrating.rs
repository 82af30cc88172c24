//! The command line of `slackwater demo`.

use std::path::PathBuf;

use clap::Args;
use localcloud::Speed;

use super::{DataDir, key_value, speed};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A vendor's release to begin with, a CloudFormation template, instead of the lab.
    #[arg(long, value_name = "TEMPLATE", requires = "to")]
    pub from: Option<PathBuf>,
    /// The release to upgrade to: of the lab 1.1.0, 1.2.0-bad (never healthy) or 1.3.0-fails (rolled back); after --from a
    /// template [default: 1.1.0].
    #[arg(long, value_name = "RELEASE|TEMPLATE")]
    pub to: Option<PathBuf>,
    /// A parameter's value, with --from; may be repeated. A release that doesn't take it isn't given it.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// Name of the stack, with --from.
    #[arg(long, default_value = "demo")]
    pub stack_name: String,
    /// Carry the upgrade out without asking.
    #[arg(long)]
    pub unattended: bool,
    /// Deploy the lab and set it to work, upgrade nothing, and stay until Ctrl-C: for other commands and for browsers.
    #[arg(long, conflicts_with_all = ["unattended", "from"])]
    pub stay: bool,
    /// Discard what an earlier demo left in the data directory.
    #[arg(long)]
    pub fresh: bool,
    /// Loopback port of the local cloud; 0 takes any free ones, for the lab as well (else 8800 and 8801).
    #[arg(long, default_value_t = 4580)]
    pub port: u16,
    /// How many times faster than AWS the local cloud works, or "instant".
    #[arg(long, default_value = "120", value_parser = speed, allow_hyphen_values = true)]
    pub speed: Speed,
    /// Where identifiers on the local cloud come from: the same seed gives the same ones.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub data: DataDir,
}

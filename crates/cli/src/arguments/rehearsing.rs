//! The command line of snapshots and rehearsals.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigFile, Format, Out, Places, key_value};

#[derive(Debug, Args)]
pub(crate) struct TakeSnapshot {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    /// The file to write. No secret is in it; who reads it knows what runs in the deployment.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub out: PathBuf,
    /// Let account numbers, physical ids, and who works on what stand for others, so that it may be shared. Names of stacks and
    /// parameter values stay.
    #[arg(long)]
    pub mask: bool,
    /// What is said of it: as a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The deployment's name in slackwater.toml, as it is now [default: the only one].
    #[arg(conflicts_with_all = ["snapshot", "from"])]
    pub deployment: Option<String>,
    /// What `slackwater snapshot` has written down, instead of the deployment itself.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub snapshot: Option<PathBuf>,
    /// The release to begin with, a CloudFormation template, where there is no deployment: what runs in it is made up.
    #[arg(long, value_name = "TEMPLATE")]
    pub from: Option<PathBuf>,
    /// The release to upgrade to: a template's file.
    #[arg(long, value_name = "TEMPLATE", required_unless_present = "matrix")]
    pub to: Option<PathBuf>,
    /// Every upgrade that a file names, releases by sets of parameters (docs/rehearsal.md): a vendor's gate.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["deployment", "snapshot", "from", "to", "parameters", "pictures"])]
    pub matrix: Option<PathBuf>,
    /// A parameter's value; may be repeated. Secret parameters are made up where none is given.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// Name of the stack, with --from.
    #[arg(long, default_value = "platform")]
    pub stack_name: String,
    /// How often [default: 200; with --every-failure 20].
    #[arg(long, value_name = "N")]
    pub runs: Option<usize>,
    /// Where everything that is drawn comes from: the same seed gives the same rehearsal, to the byte.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Let everything fail as well, one thing at a time: each resource, each call, each record, each step.
    #[arg(long)]
    pub every_failure: bool,
    /// Of the calls, requests and records at most so many of each kind, evenly spread [default: all].
    #[arg(long, value_name = "N", requires = "every_failure")]
    pub most_calls: Option<usize>,
    /// As a person reads it, JSON, Markdown (a pull request), SARIF (a code host) or JUnit (a pipeline).
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = RehearsalOutput::Text)]
    pub output: RehearsalOutput,
    /// Write the pictures there as well: timeline.svg and distribution.svg.
    #[arg(long, value_name = "DIRECTORY")]
    pub pictures: Option<PathBuf>,
    #[command(flatten)]
    pub places: Places,
    #[command(flatten)]
    pub out: Out,
}

/// How a rehearsal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RehearsalOutput {
    Text,
    Json,
    Markdown,
    Sarif,
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// How many evenings, each of its own seed.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub seeds: usize,
    /// The first one's seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub first: u64,
    /// This evening alone, told line by line.
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "first", "until_broken"])]
    pub seed: Option<u64>,
    /// Begin no more evenings when a rule was broken on one.
    #[arg(long)]
    pub until_broken: bool,
    /// As a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub out: Out,
}

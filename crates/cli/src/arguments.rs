//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use localcloud::Speed;

/// Takes a running platform from one release to the next in a calm.
#[derive(Debug, Parser)]
#[command(name = "slackwater", version, after_help = crate::error::EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upgrade a platform on a cloud in this process, from nothing to the report.
    Demo(Demo),
    /// Foretell what an update will do, without asking AWS.
    Changeset(Changeset),
    /// What a release is, read off its template.
    Template(ShowTemplate),
    /// Run a cloud on this machine that the AWS CLI, boto3 and the AWS SDKs talk to.
    Local(Local),
    /// Look at runs, and go on with one whose process died.
    #[command(subcommand)]
    Run(Run),
}

#[derive(Debug, Args)]
pub(crate) struct Changeset {
    /// The deployed template; "-" for none: the change set creates a stack.
    #[arg(long, value_name = "TEMPLATE")]
    pub from: PathBuf,
    /// The new template.
    #[arg(long, value_name = "TEMPLATE")]
    pub to: PathBuf,
    /// A parameter's deployed value; may be repeated.
    #[arg(long = "from-parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub from_parameters: Vec<(String, String)>,
    /// A parameter's new value; may be repeated. One given nowhere takes the new template's default.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// Deployed values: a map, or AWS's list of ParameterKey and ParameterValue, in JSON or YAML.
    #[arg(long, value_name = "FILE")]
    pub from_parameters_file: Option<PathBuf>,
    /// New values, in the same forms.
    #[arg(long, value_name = "FILE")]
    pub parameters_file: Option<PathBuf>,
    /// A parameter that is given no new value keeps its deployed one instead of taking the default.
    #[arg(long)]
    pub use_previous: bool,
    /// A value of the parameter store at the time of deployment; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = key_value)]
    pub from_ssm: Vec<(String, String)>,
    /// A value of the parameter store now; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = key_value)]
    pub ssm: Vec<(String, String)>,
    /// What is deployed: a JSON map from logical id to {"physical_id": …, "attributes": {…}}.
    #[arg(long, value_name = "FILE")]
    pub deployed: Option<PathBuf>,
    /// AWS::StackName.
    #[arg(long, default_value = "stack")]
    pub stack_name: String,
    /// AWS::Region.
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
    /// AWS::AccountId.
    #[arg(long, default_value = "000000000000")]
    pub account: String,
    /// AWS::Partition.
    #[arg(long, default_value = "aws")]
    pub partition: String,
    /// Which of AWS's two answers: without or with property values.
    #[arg(long, value_enum, default_value_t = PredictMode::Plain)]
    pub mode: PredictMode,
    /// A table for a person, JSON in DescribeChangeSet's shape, or the IAM policy that the update needs.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum PredictMode {
    Plain,
    Values,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Output {
    Table,
    Json,
    Policy,
}

#[derive(Debug, Args)]
pub(crate) struct ShowTemplate {
    /// The release: a template's file.
    pub template: PathBuf,
    /// A parameter's value, for conditions; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// What is what in it: code-ocean, generic, or a profile's file [default: found from the template].
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Only the least IAM policy of a role that deploys it, JSON.
    #[arg(long)]
    pub policy: bool,
    /// A table for a person, or JSON.
    #[arg(long, value_enum, default_value_t = TemplateOutput::Table)]
    pub output: TemplateOutput,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum TemplateOutput {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The release to begin with, a CloudFormation template [default: the sample platform's 1.0.0].
    #[arg(long, value_name = "TEMPLATE", requires = "to")]
    pub from: Option<PathBuf>,
    /// The release to upgrade to [default: the sample platform's 1.1.0].
    #[arg(long, value_name = "TEMPLATE", requires = "from")]
    pub to: Option<PathBuf>,
    /// A parameter's value; may be repeated. A release that doesn't take it isn't given it.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// Name of the stack.
    #[arg(long, default_value = "demo")]
    pub stack_name: String,
    /// Carry the upgrade out without asking.
    #[arg(long)]
    pub unattended: bool,
    /// Discard what an earlier demo left in the data directory.
    #[arg(long)]
    pub fresh: bool,
    /// Loopback port of the local cloud; 0 takes any free one.
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

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Local {
    #[command(subcommand)]
    pub command: Option<LocalCommand>,
    /// Loopback port; 0 takes any free one.
    #[arg(long, default_value_t = 4580)]
    pub port: u16,
    /// How many times faster than AWS it works, or "instant". Fixed when the data directory is made.
    #[arg(long, value_parser = speed)]
    pub speed: Option<Speed>,
    /// What is to go wrong: failing resources, throttled, lost and refused calls (JSON, as PUT /_slackwater/faults).
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// AWS::Region. Fixed when the data directory is made.
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
    #[command(flatten)]
    pub data: DataDir,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Bring the local cloud to where a deployment is: stacks, jobs, instances, grown storage, recovery points.
    ///
    /// A cloud of the data directory that runs is called; else it is opened here until everything stands. The form of
    /// the file stands in crates/cli/src/seed.rs; deploy/seeds/ has a sample.
    Seed(LocalSeed),
}

#[derive(Debug, Args)]
pub(crate) struct LocalSeed {
    /// The described deployment, in TOML.
    pub file: PathBuf,
    /// What stands for ${NAME} in the file; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// How many times faster than AWS a cloud works that is made for it, or "instant".
    #[arg(long, value_parser = speed)]
    pub speed: Option<Speed>,
    #[command(flatten)]
    pub data: DataDir,
}

#[derive(Debug, Args)]
pub(crate) struct DataDir {
    /// Where the journal and the local cloud are kept.
    #[arg(
        long = "data-dir",
        value_name = "DIRECTORY",
        env = "SLACKWATER_DATA_DIR",
        default_value = ".slackwater"
    )]
    pub path: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Run {
    /// Every run in the data directory.
    List(DataDir),
    /// What happened in a run.
    Show(OneRun),
    /// Go on with a run whose process died.
    Resume(OneRun),
}

#[derive(Debug, Args)]
pub(crate) struct OneRun {
    /// The run's id [default: the latest].
    pub run_id: Option<String>,
    #[command(flatten)]
    pub data: DataDir,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "instant" {
        return Ok(Speed::Instant);
    }
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Speed::Times(factor)),
        _ => Err("write a number above 0, or \"instant\"".to_owned()),
    }
}

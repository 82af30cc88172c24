//! The command line.

mod demonstrating;
mod form;
mod looking;
mod reading;
mod rehearsing;
mod running;
mod stack_options;
mod telling;
mod upgrading;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use localcloud::Speed;

use crate::zone::Zone;

pub(crate) use demonstrating::Demo;
pub(crate) use looking::{BannerCommand, BannerOf, Init, Policy, Status};
pub(crate) use reading::{Completions, ManPages, Schema};
pub(crate) use rehearsing::{RehearsalOutput, Rehearse, Simulate, TakeSnapshot};
pub(crate) use running::{AnswerRun, FollowRun, ListRuns, OneRun, Run, ShowRun};
pub(crate) use stack_options::StackOptions;
pub(crate) use telling::Notify;
pub(crate) use upgrading::{Check, Entering, PlanArguments, Upgrade, Wish};

/// Takes a running platform from one release to the next in a calm.
#[derive(Debug, Parser)]
#[command(name = "slackwater", version, max_term_width = 100, after_help = crate::error::exit_code_table())]
pub struct Arguments {
    /// The zone of the times that are printed and given, such as Europe/Paris [default: time_zone of the settings, or UTC].
    #[arg(long, value_name = "ZONE", global = true)]
    pub(crate) time_zone: Option<Zone>,
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
    /// Look at an account, and propose slackwater.toml for what is found there.
    Init(Init),
    /// The least IAM policy that Slackwater itself needs for a deployment, with the reason of each statement.
    ///
    /// What CloudFormation does with the stack's resources isn't in it: that is its role's (`slackwater template --output policy`).
    Policy(Policy),
    /// How deployments stand: release, gate, who and what runs, the last run, what needs attention.
    Status(Status),
    /// The banner that users of a platform see.
    #[command(subcommand)]
    Banner(BannerCommand),
    /// Run a cloud on this machine that the AWS CLI, boto3 and the AWS SDKs talk to.
    Local(Local),
    /// Check whether a deployment can be upgraded to a release. Nothing of it is changed.
    ///
    /// Written beside it, and said: copies of the templates into its template_bucket, under slackwater/templates/; where its
    /// state is in a bucket, one object there that tries it (probe/conditions). CloudFormation is asked to detect drift.
    Check(Check),
    /// Draw up the plan of an upgrade, to be read, kept and approved. Nothing of the deployment is changed.
    ///
    /// Written beside it, and said: copies of its templates into template_bucket, under slackwater/templates/, so that what is
    /// approved is what is deployed; where the state is in a bucket, one object there that tries it (probe/conditions).
    Plan(PlanArguments),
    /// Write down how a deployment stands, for rehearsals elsewhere: templates, parameters without secrets, who and what runs, how
    /// long things took. Nothing of the deployment is changed; CloudFormation is asked to detect drift.
    Snapshot(TakeSnapshot),
    /// Rehearse an upgrade, hundreds of times, in clouds in this process. Nothing real is touched, and no account is needed.
    Rehearse(Rehearse),
    /// Hold this program to its own rules on evenings that it draws from seeds. Nothing real is touched.
    Simulate(Simulate),
    /// Upgrade a deployment: announce, maintenance on, update, prove healthy, maintenance off.
    Upgrade(Upgrade),
    /// Maintenance mode by itself.
    #[command(subcommand)]
    Maintenance(Maintenance),
    /// Look at runs, stop them, answer them, and go on with one whose process died.
    #[command(subcommand)]
    Run(Run),
    /// Serve the Admin Panel: look, maintain, follow runs, in a browser.
    Serve(Serve),
    /// Who is told of a deployment's runs, and by what way; with --test each is sent a test.
    Notify(Notify),
    /// List what commands print with --output json, or print the JSON Schema of one of them.
    Schema(Schema),
    /// Print the script by which a shell completes this program's commands.
    Completions(Completions),
    /// Print this program's manual page, or write one a command into a directory.
    Man(ManPages),
    /// The lab's programs, as the lab's templates start them.
    #[command(subcommand, hide = true)]
    Lab(lab::Command),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen. Beyond this machine only with TLS, or behind a proxy that has it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4590")]
    pub listen: std::net::SocketAddr,
    /// The certificate and those that vouch for it, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A proxy before it speaks TLS, and says in X-Forwarded-For who asks. Only a proxy's word counts: one on this machine,
    /// unless --proxy names others.
    #[arg(long, conflicts_with = "tls_cert")]
    pub behind_proxy: bool,
    /// A proxy's address, or a network of them such as 10.0.0.0/16; may be repeated.
    #[arg(long, value_name = "NETWORK", requires = "behind_proxy")]
    pub proxy: Vec<panel::Network>,
    /// Serve nothing: give somebody a new password, and print it once. Their sessions end, their tokens are revoked, and
    /// what is counted against their name is forgiven. Works beside a panel that is served.
    #[arg(long, value_name = "NAME", group = "instead")]
    pub reset_password: Option<String>,
    /// Serve nothing: look whether the audit trail is as it was written.
    #[arg(long, group = "instead")]
    pub verify_audit: bool,
    /// With --verify-audit: an earlier export, with which the trail must begin.
    #[arg(long, value_name = "FILE", requires = "verify_audit")]
    pub against: Option<PathBuf>,
    /// Serve nothing: print the audit trail, one JSON object a line, oldest first.
    #[arg(long, group = "instead")]
    pub export_audit: bool,
    /// End when standard input ends: whoever has started it can't leave it behind, however it dies itself.
    #[arg(long, hide = true)]
    pub until_stdin_ends: bool,
    /// How it tells that it is ready: as a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text, conflicts_with = "instead")]
    pub format: Format,
    #[command(flatten)]
    pub places: Places,
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
    /// Another stack's export, as both releases find it; may be repeated.
    #[arg(long = "export", value_name = "NAME=VALUE", value_parser = key_value)]
    pub exports: Vec<(String, String)>,
    /// What stands at the Location of an AWS::Include, as both releases find it; may be repeated.
    #[arg(long = "include", value_name = "LOCATION=FILE", value_parser = key_value)]
    pub includes: Vec<(String, String)>,
    /// A tag that the deployed stack has; may be repeated.
    #[arg(long = "from-tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub from_tags: Vec<(String, String)>,
    /// A tag that the stack is to have; may be repeated. Without any it keeps the tags that it has.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub tags: Vec<(String, String)>,
    /// The stack's own events, the answer of `aws cloudformation describe-stack-events`: how long things took here.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
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
    /// As a person reads it, JSON in DescribeChangeSet's shape, or the least IAM policy that the update needs.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Document::Text)]
    pub document: Document,
    #[command(flatten)]
    pub out: Out,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum PredictMode {
    Plain,
    Values,
}

/// What is printed of a template or of a change of templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Document {
    Text,
    Json,
    Policy,
}

#[derive(Debug, Args)]
pub(crate) struct ShowTemplate {
    /// The release: a template's file, its S3 URL, or a deployment of slackwater.toml, whose deployed template it is.
    #[arg(value_name = "FILE|URL|DEPLOYMENT")]
    pub template: String,
    /// A parameter's value, for conditions; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// What is what in it: code-ocean, elastic-ci, runs-on, generic, or a profile's file [default: found from the template].
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// As a person reads it, JSON, or the least IAM policy of a role that deploys it.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Document::Text)]
    pub document: Document,
    #[command(flatten)]
    pub out: Out,
    #[command(flatten)]
    pub config: ConfigFile,
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
    /// Print a line for each request to standard error: time, service, operation, status, error code, duration, and
    /// what it is about. Never a parameter's value.
    #[arg(long)]
    pub log_requests: bool,
    /// How it tells that it is ready: lines that a shell sets, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub data: DataDir,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Bring the local cloud to where a deployment is: stacks, jobs, instances, grown storage, recovery points.
    ///
    /// A cloud of the data directory that runs is called; else it is opened here until everything stands. The file's form is
    /// in docs/seed.md; deploy/seeds/ has a sample.
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
        id = "data-dir",
        long = "data-dir",
        value_name = "DIRECTORY",
        env = "SLACKWATER_DATA_DIR",
        default_value = ".slackwater"
    )]
    pub path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The file that names deployments [default: slackwater.toml here, then in the user's configuration].
    #[arg(id = "config", long = "config", value_name = "FILE", env = "SLACKWATER_CONFIG")]
    pub path: Option<PathBuf>,
}

/// Where deployments are described, and where what happens is kept.
#[derive(Debug, Args)]
pub(crate) struct Places {
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(flatten)]
    pub data: DataDir,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// What a command that looks prints, and where to.
#[derive(Debug, Args)]
pub(crate) struct Printed {
    /// As a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub out: Out,
}

#[derive(Debug, Args)]
pub(crate) struct Out {
    /// Write it into a file instead of printing it.
    #[arg(id = "out", short = 'o', long = "out", value_name = "FILE")]
    pub path: Option<PathBuf>,
}

/// How a run is shown while it goes on.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Progress {
    /// As a person reads it, or every record as a line of JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// No live line, also on a terminal: only lines that stay.
    #[arg(long)]
    pub quiet: bool,
}

impl From<Format> for Progress {
    fn from(format: Format) -> Progress {
        Progress { format, quiet: false }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Maintenance {
    /// Keep users out, save and stop their work, stop jobs and workers; stay there.
    Enable(EnableMaintenance),
    /// Put everything back and let users in; at any time, also half-way through enabling, also without a journal.
    Disable(DisableMaintenance),
    /// Whether users are kept out, by whom, and what has been stopped.
    Status(MaintenanceStatus),
}

#[derive(Debug, Args)]
pub(crate) struct EnableMaintenance {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    #[command(flatten)]
    pub entering: Entering,
    /// Do it without asking.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub progress: Progress,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
pub(crate) struct DisableMaintenance {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    /// A run that is being carried out is asked to stop, and waited for.
    #[arg(long)]
    pub stop_run: bool,
    /// Let users in though the stack is being updated: they meet whatever CloudFormation is changing.
    #[arg(long)]
    pub while_updating: bool,
    /// Let users in without waiting for the platform to be healthy; it is told in the report.
    #[arg(long)]
    pub although_unhealthy: bool,
    /// Leave although the deployment's state can't be read, so that nobody knows here of a run that goes on elsewhere. What
    /// is put back is looked at once more after five minutes.
    #[arg(long)]
    pub without_state: bool,
    /// Ask nothing. It asks only where the state can't be read: that is refused then, unless --without-state says it.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub progress: Progress,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
pub(crate) struct MaintenanceStatus {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub places: Places,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    /// Each command with its names, by a look at all of them.
    fn commands(of: &clap::Command, name: &str, all: &mut Vec<(String, clap::Command)>) {
        for command in of.get_subcommands() {
            let name = format!("{name} {}", command.get_name());
            commands(command, &name, all);
            all.push((name, command.clone()));
        }
    }

    #[test]
    fn output_is_a_form_and_out_a_file_in_every_command() {
        let mut all = Vec::new();
        commands(&super::Arguments::command(), "slackwater", &mut all);
        let mut with_out = Vec::new();
        for (name, command) in &all {
            let option =
                |long: &str| command.get_arguments().find(|argument| argument.get_long() == Some(long));
            let value = |argument: &clap::Arg| argument.get_value_names().map(|names| names[0].to_string());
            let (output, out) = (option("output"), option("out"));
            if let Some(output) = output {
                assert_eq!((value(output).as_deref(), output.get_short()), (Some("FORMAT"), None), "{name}");
                assert!(output.get_possible_values().len() >= 2, "{name}");
            }
            if let Some(out) = out {
                assert_eq!((value(out).as_deref(), out.get_short()), (Some("FILE"), Some('o')), "{name}");
                assert!(output.is_some(), "{name} has --out without --output");
                with_out.push(name.as_str());
            }
            let short = command.get_arguments().find(|argument| argument.get_short() == Some('o'));
            assert_eq!(short.map(clap::Arg::get_id), out.map(clap::Arg::get_id), "{name}");
        }
        with_out.sort_unstable();
        assert_eq!(
            with_out,
            [
                "slackwater banner show",
                "slackwater changeset",
                "slackwater check",
                "slackwater init",
                "slackwater maintenance status",
                "slackwater notify",
                "slackwater plan",
                "slackwater policy",
                "slackwater rehearse",
                "slackwater run list",
                "slackwater run show",
                "slackwater simulate",
                "slackwater snapshot",
                "slackwater status",
                "slackwater template",
            ]
        );
    }

    #[test]
    fn help_is_at_most_a_hundred_columns_wide() {
        let mut whole = super::Arguments::command();
        whole.build();
        let mut all = Vec::new();
        commands(&whole, "slackwater", &mut all);
        // The lab's own programs are started by templates, and read by nobody.
        let read = all.into_iter().filter(|(name, _)| !name.starts_with("slackwater lab"));
        for (name, mut command) in read {
            for line in command.render_long_help().to_string().lines() {
                assert!(line.chars().count() <= 100, "{name}: {line}");
            }
        }
    }

    /// What clap finds wrong with a command it finds when that command is called, in a debug build: here with all.
    #[test]
    fn no_command_contradicts_itself() {
        super::Arguments::command().debug_assert();
    }
}

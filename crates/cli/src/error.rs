//! What went wrong, for a person: what happened, what it means for users right now, what to do. The one place
//! that decides on exit codes.

mod hint;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use conductor::{ConductError, DataDirectoryError, JournalError, NoRandomness};
use upgrade::{DraftError, PortError, Timestamp};

use crate::configuration::ConfigurationError;
use crate::interruption::{LeftRun, Whereabouts};
use crate::seed::SeedError;
use crate::words::moment;

/// Shown by `--help`.
pub const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed for a reason outside: cloud, disk, network
  2  bad input: nothing was touched
  3  not upgraded: users are where they were, let in or in the maintenance that was found
  4  users are kept out, which nobody asked for: somebody must look
  5  a template or parameters that AWS would refuse: nothing was touched
  6  (changeset) a resource that holds data is replaced, or removed without a copy
  7  a run waits for a person's decision: users may be kept out";

/// Done.
pub(crate) const DONE: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const BAD_INPUT: u8 = 2;
/// The old release stands.
pub(crate) const NOT_UPGRADED: u8 = 3;
/// Users are kept out.
pub(crate) const GATE_CLOSED: u8 = 4;

const REFUSED_BY_AWS: u8 = 5;
/// A run waits for an answer.
pub(crate) const NEEDS_ANSWER: u8 = 7;
/// A change set that loses data.
pub(crate) const DATA_AT_RISK: u8 = 6;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The runtime couldn't start.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// The panel can't be served.
    #[error(transparent)]
    Panel(Box<crate::serve_command::ServeError>),
    /// The local cloud couldn't serve.
    #[error(transparent)]
    Serve(localcloud::server::ServeError),
    /// A file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file can't be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A program of the lab ended.
    #[error("lab: {0}")]
    Lab(#[from] lab::LabError),
    /// A template can't be used.
    #[error(transparent)]
    Template(#[from] template::TemplateError),
    /// Parameters are missing or refused.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Parameters(Vec<template::ParameterError>),
    /// A file isn't what it should be.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of parameters that is neither JSON nor YAML.
    #[error("the parameters file can't be read: {0}")]
    ParametersFile(template::TemplateError),
    /// A condition, a function or a reference can't be evaluated.
    #[error(transparent)]
    Evaluate(#[from] template::EvaluateError),
    /// The change set can't be foretold.
    #[error(transparent)]
    Predict(#[from] changeset::PredictError),
    /// Assertions of the template's rules don't hold.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Rules(Vec<template::RuleViolation>),
    /// A template beyond CloudFormation's limits.
    #[error("{template}: {used}")]
    OverLimit {
        /// The file.
        template: String,
        /// Which limit, and how much of it is used.
        used: String,
    },
    /// `--to` without `--from` names no release of the lab's.
    #[error("the lab has no release {0}")]
    NoSuchLabRelease(String),
    /// The demo's platform.
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    /// `--parameter` names what no release has.
    #[error("--parameter {0}: neither release has such a parameter")]
    UnknownParameter(String),
    /// The settings.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The port is taken.
    #[error("port {port} on this machine is in use")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The local cloud can't listen.
    #[error("the local cloud cannot listen on port {port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// The system's words.
        source: io::Error,
    },
    /// The data directory.
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    /// The local cloud's own file.
    #[error(transparent)]
    LocalCloud(#[from] localcloud::service::OpenError),
    /// The seed can't be planted.
    #[error(transparent)]
    Seed(#[from] crate::seed::SeedError),
    /// A local cloud that is being used, but not by one that can be called.
    #[error("{} is in use, but its aws.env tells of no local cloud: {reason}", path.display())]
    NotCallable {
        /// The data directory.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The local cloud can't take its faults.
    #[error("the local cloud cannot take the faults: {0}")]
    Faults(localcloud::AwsError),
    /// An earlier demo is still there.
    #[error("{} already holds a local cloud with the stack of an earlier demo{}", path.display(), unfinished.as_deref().map(|run| format!(", whose run {run} has not ended")).unwrap_or_default())]
    StackExists {
        /// The data directory.
        path: PathBuf,
        /// The unfinished run, if there is one.
        unfinished: Option<String>,
    },
    /// The speed of a local cloud is part of its history.
    #[error("{} holds a local cloud already, and its speed was fixed when it was made", path.display())]
    FixedSpeed {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no local cloud to resume on.
    #[error("{} holds no demo", path.display())]
    NoDemo {
        /// The data directory.
        path: PathBuf,
    },
    /// The deployment is in the maintenance of a run of another state.
    #[error(
        "the deployment's gate or notes belong to a run of the state {theirs}, and the settings here say {ours}: two states of one deployment know nothing of each other"
    )]
    OtherState {
        /// The other one.
        theirs: String,
        /// The one that the settings name.
        ours: String,
    },
    /// A store that takes conditional writes for plain ones.
    #[error(
        "the state {location} ignores {ignores}, so two operators could hold the deployment's claim at once"
    )]
    UnfitState {
        /// Where it is.
        location: String,
        /// The precondition.
        ignores: &'static str,
    },
    /// A drain would meet what it can't end.
    #[error("maintenance could not be entered: {}", .0.join(" "))]
    Undrainable(Vec<String>),
    /// Nobody knows whether the claim can be kept.
    #[error("whether the state {location} keeps a claim could not be tried: {reason}")]
    UntriedState {
        /// Where it is.
        location: String,
        /// Why.
        reason: String,
    },
    /// Maintenance is to be left, and nobody can say here which run has the deployment.
    #[error(
        "the state {location} can't be read: {reason}. A run that somebody carries out elsewhere may go on acting"
    )]
    WithoutState {
        /// Where it is.
        location: String,
        /// Why.
        reason: String,
    },
    /// There is no run.
    #[error("there is no run in {}", places.join(", nor in "))]
    NoRun {
        /// Where runs were looked for: the data directory, and states of deployments.
        places: Vec<String>,
    },
    /// The cloud refused, outside of a run.
    #[error(transparent)]
    Cloud(#[from] PortError),
    /// There is no plan.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The run could not go on.
    #[error(transparent)]
    Conduct(#[from] ConductError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal doesn't fit its plan.
    #[error("the journal does not fit its plan: {0}")]
    Report(#[from] upgrade::IllegalTransition),
    /// AWS can't be reached.
    #[error(transparent)]
    Connect(#[from] aws::ConnectError),
    /// The platform's API can't be reached as the settings say.
    #[error(transparent)]
    Platform(#[from] platform::PlatformError),
    /// The platform's token can't be read.
    #[error(transparent)]
    Token(#[from] platform::TokenError),
    /// A linked stack's update can't be drawn up.
    #[error("the update of the linked stack {stack} can't be drawn up: {source}")]
    Linked {
        /// The stack.
        stack: String,
        /// Why.
        source: Box<DraftError>,
    },
    /// Something that a plan needs could not be looked at.
    #[error("{what} of stack {stack} can't be looked at: {reason}")]
    NotLookedAt {
        /// What.
        what: &'static str,
        /// The stack.
        stack: String,
        /// Why.
        reason: String,
    },
    /// A template can't be held to what it is.
    #[error(
        "{template} can be changed after it was approved: deployment {deployment} names no template_bucket that a copy could be kept in, and {template} is not one version of an object on S3"
    )]
    NoTemplateBucket {
        /// The deployment.
        deployment: String,
        /// The file or the URL.
        template: String,
    },
    /// No release was named.
    #[error("no release is named")]
    NoRelease,
    /// Checks stand in the way.
    #[error("there is no plan: {}", .checks.join(", "))]
    Blocked {
        /// The checks' ids.
        checks: Vec<String>,
    },
    /// The plan isn't the approved one.
    #[error("the plan in {} has the hash {found}, not the approved {approved}: it was edited, or another one was approved", path.display())]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// What was approved.
        approved: String,
        /// What it is.
        found: String,
    },
    /// The plan isn't approved.
    #[error(transparent)]
    Approval(#[from] upgrade::NotApproved),
    /// A plan of another program.
    #[error("the plan in {} has format {found}, and this program reads {known}", path.display())]
    PlanFormat {
        /// The file.
        path: PathBuf,
        /// The plan's.
        found: u64,
        /// Ours.
        known: u32,
    },
    /// A time that isn't one.
    #[error("{option} {text}: write how long from now (30m, 2h) or a time of day in UTC (22:00)")]
    When {
        /// What it was given with.
        option: &'static str,
        /// What was given.
        text: String,
    },
    /// A notice that isn't a duration.
    #[error("--notice {0}: write how long, such as 30m or 1h30m")]
    Notice(String),
    /// The platform shows no banners, or nobody said how to reach it.
    #[error("{deployment}: its platform adapter is \"{adapter}\", which shows no banners")]
    NoBanner {
        /// The deployment.
        deployment: String,
        /// The adapter.
        adapter: &'static str,
    },
    /// A file of settings is there already.
    #[error("{} is there already", path.display())]
    WouldOverwrite {
        /// The file.
        path: PathBuf,
    },
    /// No stack is known to be a platform.
    #[error("no platform was found{}", if stacks.is_empty() { ": there is no stack at all".to_owned() } else { format!(" among the stacks {}", stacks.join(", ")) })]
    NothingFound {
        /// The stacks that there are.
        stacks: Vec<String>,
    },
    /// `--accept` names no check, `--accept-replacement` no resource.
    #[error("{option} {name}: there is no such {what}{}", meant(nearest))]
    UnknownAcceptance {
        /// The option.
        option: &'static str,
        /// What was given.
        name: String,
        /// `check`, `resource …`, `session …`.
        what: &'static str,
        /// What may have been meant.
        nearest: Vec<String>,
    },
    /// The run asks nothing.
    #[error("run {run_id} asks nothing at this moment")]
    NothingAsked {
        /// The run.
        run_id: String,
    },
    /// Not an answer to what the run asks.
    #[error("that is not an answer to what run {run_id} asks")]
    NotAnAnswer {
        /// The run.
        run_id: String,
    },
    /// A run is being carried out, and nobody asked to stop it.
    #[error("run {run_id} is carried out by {holder}, in step \"{step}\"")]
    RunConducted {
        /// The run.
        run_id: String,
        /// By whom.
        holder: String,
        /// Where it stands.
        step: &'static str,
    },
    /// Users would be let in to a stack that is being updated.
    #[error(
        "stack {stack} is {status}: users would meet a platform that CloudFormation is changing under them"
    )]
    WhileUpdating {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// Another run began while one was left.
    #[error("another run of the deployment has begun meanwhile")]
    NotLeft,
    /// Nobody is there to approve.
    #[error("the plan needs somebody to approve it, and standard input is not a terminal")]
    NobodyToApprove,
    /// The plan was not approved.
    #[error("not approved; nothing was touched")]
    NotApproved,
    /// There is nothing to stop.
    #[error("run {run_id} has ended, {} UTC ({how}{}): there is nothing to stop. {users}", moment(*at), decisions(decided))]
    NothingToStop {
        /// The run.
        run_id: String,
        /// How it has ended, in words.
        how: String,
        /// When.
        at: Timestamp,
        /// What people decided on its way, and who.
        decided: Vec<String>,
        /// It left users out, which nobody asked for.
        needs_somebody: bool,
        /// Where users are now.
        users: Whereabouts,
    },
    /// The machine gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Ctrl-C, or another signal, where no run goes on.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-C, or another signal, before a run's first record was written.
    #[error("interrupted before the run had begun: nothing was touched")]
    InterruptedBefore,
    /// A second signal, before it was looked where users are.
    #[error("run {run_id} was interrupted, and is left where it was; where users are was not looked at")]
    LeftUnseen {
        /// The run.
        run_id: String,
    },
    /// Ctrl-C, or another signal, while a run went on.
    #[error("{0}")]
    Left(Box<LeftRun>),
}

fn decisions(decided: &[String]) -> String {
    decided.iter().map(|one| format!("; {one}")).collect()
}

fn meant(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; the nearest: {}", nearest.join(", ")) }
}

impl CliError {
    /// Print it to standard error, with what to do.
    pub fn print(&self) {
        eprintln!("slackwater: {self}");
        if let Some(hint) = self.hint() {
            eprintln!("  {hint}");
        }
        if let CliError::Left(left) = self {
            eprintln!("  {}", left.ways_on());
        }
    }

    /// See [`EXIT_CODES`].
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            CliError::Template(_)
            | CliError::Parameters(_)
            | CliError::Evaluate(_)
            | CliError::Predict(_)
            | CliError::Rules(_)
            | CliError::OverLimit { .. } => REFUSED_BY_AWS,
            CliError::Unreadable { .. }
            | CliError::Configuration(_)
            | CliError::Malformed { .. }
            | CliError::ParametersFile(_)
            | CliError::UnknownParameter(_)
            | CliError::NoSuchLabRelease(_)
            | CliError::PortInUse { .. }
            | CliError::DataDirectory(DataDirectoryError::InUse { .. })
            | CliError::StackExists { .. }
            | CliError::FixedSpeed { .. }
            | CliError::NoDemo { .. }
            | CliError::NoRun { .. }
            | CliError::OtherState { .. }
            | CliError::UnfitState { .. }
            | CliError::UntriedState { .. }
            | CliError::Undrainable(_)
            | CliError::WithoutState { .. }
            | CliError::Draft(_)
            | CliError::Token(_)
            | CliError::Platform(_)
            | CliError::Linked { .. }
            | CliError::NoTemplateBucket { .. }
            | CliError::NoRelease
            | CliError::Blocked { .. }
            | CliError::OtherPlan { .. }
            | CliError::Approval(_)
            | CliError::PlanFormat { .. }
            | CliError::When { .. }
            | CliError::Notice(_)
            | CliError::NoBanner { .. }
            | CliError::WouldOverwrite { .. }
            | CliError::NothingFound { .. }
            | CliError::UnknownAcceptance { .. }
            | CliError::NothingAsked { .. }
            | CliError::NotAnAnswer { .. }
            | CliError::RunConducted { .. }
            | CliError::NotLeft
            | CliError::WhileUpdating { .. }
            | CliError::Journal(JournalError::RunUnderWay { .. })
            | CliError::NobodyToApprove => BAD_INPUT,
            CliError::NothingToStop { needs_somebody: true, users, .. } if users.kept_out => GATE_CLOSED,
            CliError::NothingToStop { .. } => BAD_INPUT,
            CliError::Seed(SeedError::At { .. } | SeedError::Template { .. })
            | CliError::NotCallable { .. } => BAD_INPUT,
            CliError::Panel(error) => error.exit_code(),
            CliError::NotApproved => NOT_UPGRADED,
            CliError::Left(left) if left.users.kept_out => GATE_CLOSED,
            CliError::Conduct(
                ConductError::Ended { .. }
                | ConductError::Journal(
                    JournalError::RunUnderWay { .. }
                    | JournalError::BegunBefore { .. }
                    | JournalError::NoSuchRun { .. }
                    | JournalError::Ended { .. },
                ),
            )
            | CliError::Journal(JournalError::NoSuchRun { .. } | JournalError::Ended { .. }) => BAD_INPUT,
            CliError::Demo(_)
            | CliError::Connect(_)
            | CliError::NotLookedAt { .. }
            | CliError::Runtime(_)
            | CliError::Serve(_)
            | CliError::Lab(_)
            | CliError::Unwritable { .. }
            | CliError::Listen { .. }
            | CliError::DataDirectory(DataDirectoryError::Unusable { .. })
            | CliError::LocalCloud(_)
            | CliError::Seed(SeedError::Caller(_) | SeedError::Answer { .. })
            | CliError::Faults(_)
            | CliError::Cloud(_)
            | CliError::Conduct(_)
            | CliError::Journal(_)
            | CliError::Report(_)
            | CliError::Random(_)
            | CliError::Left(_)
            | CliError::LeftUnseen { .. }
            | CliError::InterruptedBefore
            | CliError::Interrupted => FAILED,
        })
    }
}

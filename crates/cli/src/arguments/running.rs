//! The command line of `slackwater run`.

use clap::{Args, Subcommand};

use super::{Format, Places, Printed, Progress};

#[derive(Debug, Subcommand)]
pub(crate) enum Run {
    /// Every run of the deployments that the settings name, and of the data directory.
    List(ListRuns),
    /// What happened in a run.
    Show(ShowRun),
    /// Follow a run that another process carries out.
    Watch(FollowRun),
    /// Go on with a run whose process died, or that waits for an answer.
    Resume(FollowRun),
    /// Stop a run: before the update it leaves maintenance; during the update it cancels it.
    Stop(OneRun),
    /// Answer what a run asks, whatever process carries it out.
    Answer(AnswerRun),
}

#[derive(Debug, Args)]
pub(crate) struct ListRuns {
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
pub(crate) struct OneRun {
    /// The run's id [default: the latest].
    pub run_id: Option<String>,
    /// What is said of it: as a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
pub(crate) struct ShowRun {
    /// The run's id [default: the latest].
    pub run_id: Option<String>,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
pub(crate) struct FollowRun {
    /// The run's id [default: the latest].
    pub run_id: Option<String>,
    #[command(flatten)]
    pub progress: Progress,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("answer").required(true),
    override_usage = "slackwater run answer <ONE OF THE ANSWERS BELOW> [RUN_ID]"
)]
pub(crate) struct AnswerRun {
    /// The run's id [default: the latest].
    pub run_id: Option<String>,
    /// A failed rollback: try it again as it is, its cause having been mended.
    #[arg(long, group = "answer")]
    pub retry: bool,
    /// A failed rollback: pass over this resource; may be repeated.
    #[arg(long, value_name = "LOGICAL_ID", group = "answer")]
    pub skip: Vec<String>,
    /// A failed rollback: pass over whatever failed, in nested stacks too.
    #[arg(long, group = "answer")]
    pub skip_all: bool,
    /// Look again, and wait on.
    #[arg(long, group = "answer")]
    pub look_again: bool,
    /// An unhealthy platform: go back to the previous release.
    #[arg(long, group = "answer")]
    pub go_back: bool,
    /// Let users in as it is.
    #[arg(long, group = "answer")]
    pub open: bool,
    /// End the run with users kept out.
    #[arg(long, group = "answer")]
    pub stay_closed: bool,
    /// The gate is gone: close it again and go on.
    #[arg(long, group = "answer")]
    pub close_again: bool,
    /// The closing time has passed: go on all the same.
    #[arg(long, group = "answer")]
    pub go_on: bool,
    /// Stop here: what this run took away is put back.
    #[arg(long, group = "answer")]
    pub stop_here: bool,
    /// What is said of it: as a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub places: Places,
}

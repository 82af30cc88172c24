//! The command line of `slackwater check`, `plan` and `upgrade`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, Places, Printed, Progress, StackOptions, key_value};

/// What an upgrade is to do.
#[derive(Debug, Args)]
pub(crate) struct Wish {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    /// The release: a template's file, or its S3 URL.
    #[arg(long, value_name = "FILE|URL")]
    pub to: Option<String>,
    /// A parameter's value; may be repeated. One that isn't given keeps its value, or takes the new default.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_value)]
    pub parameters: Vec<(String, String)>,
    /// Take the values that checks offer: a database's storage as it has grown.
    #[arg(long)]
    pub fix: bool,
    /// Accept a check's warning, by its id; may be repeated.
    #[arg(long, value_name = "CHECK")]
    pub accept: Vec<String>,
    /// Accept that a resource which holds data is replaced or removed; may be repeated.
    #[arg(long, value_name = "LOGICAL_ID")]
    pub accept_replacement: Vec<String>,
    /// Why it is accepted; kept in the plan.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub why: String,
    #[command(flatten)]
    pub entering: Entering,
    #[command(flatten)]
    pub stack_options: StackOptions,
    /// Show the checks that passed as well, each with what was seen.
    #[arg(long)]
    pub verbose: bool,
    #[command(flatten)]
    pub places: Places,
}

/// How maintenance is entered.
#[derive(Debug, Args)]
pub(crate) struct Entering {
    /// A session that may be stopped unsaved when its deadline has passed, by id; may be repeated.
    #[arg(long, value_name = "SESSION")]
    pub force_session: Vec<String>,
    /// When the gate closes: after so long (30m), or at a time of day in the zone (22:00) [default: after the settings' notice].
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Tell users now, and close the gate after so long (30m).
    #[arg(long, value_name = "DURATION", conflicts_with = "at")]
    pub notice: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub wish: Wish,
    /// Show what was changed outside of CloudFormation and what the release wants of it, by a change set that AWS makes for
    /// it (REVERT_DRIFT), that is never executed, and deleted again; none is made while another one waits. That takes the rights to
    /// make one: `slackwater policy --for upgrade`.
    #[arg(long)]
    pub drift: bool,
    #[command(flatten)]
    pub printed: Printed,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub wish: Wish,
    /// As a person reads it, or the plan itself as JSON: what --out keeps.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Keep the plan in a file as well, for `slackwater upgrade --plan FILE --approve HASH`.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    #[command(flatten)]
    pub wish: Wish,
    /// Carry out a plan that was kept, instead of drawing one up.
    #[arg(long, value_name = "FILE", conflicts_with = "to", requires = "approve")]
    pub plan: Option<PathBuf>,
    /// The kept plan's hash, as it was read: approval is of that plan and no other.
    // Both: what is required is waived by clap where it conflicts with what is there.
    #[arg(long, value_name = "HASH", requires = "plan", conflicts_with = "to")]
    pub approve: Option<String>,
    /// Carry it out without asking.
    #[arg(long, conflicts_with = "plan")]
    pub yes: bool,
    #[command(flatten)]
    pub progress: Progress,
}

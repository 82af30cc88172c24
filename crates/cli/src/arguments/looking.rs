//! The command line of what looks at deployments and accounts, and of banners.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use upgrade::rights::Purpose;
use upgrade::{BannerLevel, UpdateKind};

use super::{ConfigFile, Format, Places, Printed};

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The Region to look in [default: the environment's, or the profile's].
    #[arg(long)]
    pub region: Option<String>,
    /// A profile of AWS's own files [default: what the environment offers].
    #[arg(long = "profile", value_name = "PROFILE")]
    pub aws_profile: Option<String>,
    /// Another address for every service: a local cloud [default: AWS_ENDPOINT_URL, or AWS itself].
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The file to write. One that is there is never overwritten.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "slackwater.toml")]
    pub out: PathBuf,
    /// Print the file instead of writing it.
    #[arg(long, conflicts_with = "out")]
    pub dry_run: bool,
    /// As a person reads it, or JSON: what was found, what is uncertain, and the settings' text.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The deployment's name in slackwater.toml [default: all of them].
    pub deployment: Option<String>,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub places: Places,
}

#[derive(Debug, Args)]
pub(crate) struct Policy {
    /// The deployment's name in slackwater.toml [default: the only one].
    pub deployment: Option<String>,
    /// What the principal is for. "upgrade" holds planning and maintenance; "panel" is what the Admin Panel shows, and what is
    /// done there takes the rights of what is done.
    #[arg(long = "for", value_name = "PURPOSE", value_enum, default_value_t = PolicyPurpose::Upgrade)]
    pub purpose: PolicyPurpose,
    /// Whose: of the principal with which this stack is reached. A linked stack may have one of its own.
    #[arg(long, value_enum, default_value_t = PolicyStack::Primary)]
    pub stack: PolicyStack,
    /// The principal that is to have it, a role's or a user's ARN [default: the settings' role_arn, or whoever asks].
    #[arg(long, value_name = "ARN")]
    pub principal: Option<String>,
    /// The role that upgrades name with --role-arn, which they hand to CloudFormation.
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
    #[command(flatten)]
    pub printed: Printed,
    #[command(flatten)]
    pub config: ConfigFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyPurpose {
    Plan,
    Maintenance,
    Upgrade,
    Panel,
}

impl From<PolicyPurpose> for Purpose {
    fn from(purpose: PolicyPurpose) -> Purpose {
        match purpose {
            PolicyPurpose::Plan => Purpose::Plan,
            PolicyPurpose::Maintenance => Purpose::Maintenance,
            PolicyPurpose::Upgrade => Purpose::Upgrade,
            PolicyPurpose::Panel => Purpose::Panel,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyStack {
    Primary,
    Backup,
    Role,
}

impl From<PolicyStack> for UpdateKind {
    fn from(stack: PolicyStack) -> UpdateKind {
        match stack {
            PolicyStack::Primary => UpdateKind::Primary,
            PolicyStack::Backup => UpdateKind::BackupStack,
            PolicyStack::Role => UpdateKind::RoleStack,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum BannerCommand {
    /// Show a banner to everybody, in place of the one that is shown.
    Set(BannerSet),
    /// Show no banner.
    Clear(BannerClear),
    /// Say which banner users see.
    Show(BannerShow),
}

#[derive(Debug, Args)]
pub(crate) struct BannerSet {
    /// What it says.
    pub text: String,
    /// How urgently.
    #[arg(long, value_enum, default_value_t = Level::Info)]
    pub level: Level,
    /// Until when: after so long (2h), or at a time of day in the zone (22:00) [default: until it is cleared].
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// What is said of it: as a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub of: BannerOf,
}

#[derive(Debug, Args)]
pub(crate) struct BannerClear {
    /// What is said of it: as a person reads it, or JSON.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub of: BannerOf,
}

#[derive(Debug, Args)]
pub(crate) struct BannerOf {
    /// The deployment's name in slackwater.toml [default: the only one].
    #[arg(long, value_name = "DEPLOYMENT")]
    pub deployment: Option<String>,
    #[command(flatten)]
    pub config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct BannerShow {
    #[command(flatten)]
    pub of: BannerOf,
    #[command(flatten)]
    pub printed: Printed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    Info,
    Warning,
    Critical,
}

impl From<Level> for BannerLevel {
    fn from(level: Level) -> BannerLevel {
        match level {
            Level::Info => BannerLevel::Info,
            Level::Warning => BannerLevel::Warning,
            Level::Critical => BannerLevel::Critical,
        }
    }
}

//! `slackwater.toml`: which deployments there are, and what their owner decided once. Here is what the settings are;
//! how TOML is read is in `reader`, how each table is read in the module of its name.
//!
//! Secrets stand in no file: only the name of an environment variable, or the path of a file.

mod accepted;
mod catalogue;
mod deployment;
mod doors;
pub(crate) mod duration;
mod health;
mod maintenance;
mod notifications;
mod place;
mod plan_settings;
mod platform;
mod problem;
mod profile_file;
mod reader;
mod state;

use std::ops::Range;
use std::path::{Path, PathBuf};

use upgrade::nearest;

use crate::error::{CliError, Exit, UNTOUCHED};

pub use accepted::AcceptedCheck;
pub use catalogue::{Catalogue, parse_catalogue};
pub use deployment::{Access, AssumedRole, Credentials, DeploymentSettings, LinkedStackSettings};
pub use maintenance::MaintenanceSettings;
pub use notifications::{EmailSettings, MailSecurity, Notifications, PagerDutySettings, WebhookSettings};
pub use place::{Environment, find_file};
pub use plan_settings::Window;
pub use platform::PlatformSettings;
pub use problem::{Problem, ProblemKind, Problems};
pub use profile_file::{load_profile, parse_profile};
pub use reader::Word;
pub use state::StateSettings;

use reader::{Document, Table};

use crate::zone::{NoZone, Zone};

/// A file of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The file.
    pub path: PathBuf,
    /// Every deployment, in the order of their names.
    pub deployments: Vec<DeploymentSettings>,
    /// The Admin Panel's own settings.
    pub panel: PanelSettings,
    /// In which people read times: in the panel, on the terminal, in banners. `None`: UTC, and in the panel each reader's own.
    pub time_zone: Option<Zone>,
}

/// `[panel]`: what is decided once for all deployments that the panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PanelSettings {
    /// Where people reach it, for links in notices; `None`: nobody said.
    pub url: Option<String>,
    /// Whether a plan is approved by somebody else than those who proposed it.
    pub two_person_approval: bool,
    /// Whether a plan is approved only after a rehearsal that is as new as what it was drawn up from.
    pub rehearsal_required: bool,
    /// How often a rehearsal carries the upgrade out; `None`: as often as the command line does.
    pub rehearsal_runs: Option<u64>,
}

/// More tell nothing that fewer don't.
const REHEARSAL_RUNS: Range<u64> = 1..1_001;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// It is nowhere.
    #[error("there is no file of settings; looked for {}", .looked_for.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    NoFile {
        /// Where it was looked for.
        looked_for: Vec<PathBuf>,
    },
    /// It can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// It isn't as it should be.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// It names no deployment.
    #[error("{} names no deployment", path.display())]
    NoDeployment {
        /// The file.
        path: PathBuf,
    },
    /// It names several, and the command none.
    #[error("{} names several deployments ({}); say which", path.display(), names.join(", "))]
    WhichDeployment {
        /// The file.
        path: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// It names no such deployment.
    #[error("{} names no deployment {name}; the nearest: {}", path.display(), nearest.join(", "))]
    UnknownDeployment {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The nearest names.
        nearest: Vec<String>,
    },
}

impl From<ConfigurationError> for CliError {
    fn from(error: ConfigurationError) -> CliError {
        let hint = match error {
            ConfigurationError::NoFile { .. } => {
                "`slackwater init` makes one, or name yours with --config; nothing was touched"
            }
            ConfigurationError::NoDeployment { .. } => {
                "add [deployments.NAME] with stack and region; `slackwater init` proposes one"
            }
            ConfigurationError::Unreadable { .. } => {
                "name the right file with --config, or let `slackwater init` make one; nothing was touched"
            }
            ConfigurationError::Problems(_)
            | ConfigurationError::WhichDeployment { .. }
            | ConfigurationError::UnknownDeployment { .. } => UNTOUCHED,
        };
        CliError::new(Exit::BadInput, error).hint(hint)
    }
}

/// The panel's address, without a slash at its end.
fn panel_url(table: &Table<'_>) -> Option<String> {
    let word = table.text("url")?;
    platform::check_url(table, "url", &word);
    Some(word.text.trim_end_matches('/').to_owned())
}

/// The zone of every deployment: a panel and a terminal show several beside each other.
fn time_zone(root: &Table<'_>) -> Option<Zone> {
    let word = root.text("time_zone")?;
    let zone = word.text.parse();
    zone.inspect_err(|error: &NoZone| root.unfit("time_zone", &word, error.to_string())).ok()
}

impl Configuration {
    /// Read settings. `file` is the name for messages; paths in it are from its directory.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Configuration, Problems> {
        Document::read(file, text, |root| {
            let mut deployments = root.named_tables("deployments", deployment::read);
            let everywhere = accepted::read(root);
            for deployment in &mut deployments {
                // A deployment's own word goes before that for all.
                let own = deployment.accepted.len();
                for one in &everywhere {
                    if deployment.accepted[..own].iter().all(|its| its.check != one.check) {
                        deployment.accepted.push(one.clone());
                    }
                }
            }
            let panel = root.table("panel", |table| PanelSettings {
                url: panel_url(table),
                two_person_approval: table.flag("two_person_approval").unwrap_or(false),
                rehearsal_required: table.flag("rehearsal_required").unwrap_or(false),
                rehearsal_runs: table.number("rehearsal_runs", REHEARSAL_RUNS),
            });
            let panel = panel.unwrap_or_default();
            let time_zone = time_zone(root);
            for deployment in &mut deployments {
                deployment.time_zone = time_zone.clone().unwrap_or_default();
            }
            Some(Configuration { path: PathBuf::from(file), deployments, panel, time_zone })
        })
    }

    /// Find the file and read it. `given` is what the command line or `SLACKWATER_CONFIG` says.
    ///
    /// # Errors
    /// There is none, it can't be read, or it isn't as it should be.
    pub fn load(
        given: Option<&Path>,
        environment: &Environment,
    ) -> Result<Configuration, ConfigurationError> {
        let path = find_file(given, environment, Path::is_file)
            .map_err(|looked_for| ConfigurationError::NoFile { looked_for })?;
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ConfigurationError::Unreadable { path: path.clone(), source })?;
        Ok(Configuration::parse(&path.display().to_string(), &text)?)
    }

    /// The directory from which paths in the file are meant.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A deployment by its name; without a name the only one.
    ///
    /// # Errors
    /// There is none of this name, or several and no name.
    pub fn deployment(&self, name: Option<&str>) -> Result<&DeploymentSettings, ConfigurationError> {
        let path = || self.path.clone();
        let names = || self.deployments.iter().map(|one| one.name.as_str());
        match (name, self.deployments.as_slice()) {
            (_, []) => Err(ConfigurationError::NoDeployment { path: path() }),
            (None, [only]) => Ok(only),
            (None, _) => Err(ConfigurationError::WhichDeployment {
                path: path(),
                names: names().map(str::to_owned).collect(),
            }),
            (Some(name), all) => {
                all.iter().find(|one| one.name == name).ok_or_else(|| ConfigurationError::UnknownDeployment {
                    path: path(),
                    name: name.to_owned(),
                    nearest: nearest(name, names()),
                })
            }
        }
    }
}

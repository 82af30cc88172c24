//! A deployment within reach: its settings, its clouds, its platform, its profile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::{AssumedRole, AwsCloud, AwsClouds, AwsConnection, Pace};
use conductor::{Clock, location_of};
use platform::{Adapter, PlatformConfig, Secret, read_token};
use upgrade::Profile;

use crate::arguments::{ConfigFile, Places};
use crate::configuration::{
    Access, Configuration, ConfigurationError, DeploymentSettings, Environment, PlatformSettings,
    StateSettings, load_profile,
};
use crate::error::CliError;
use crate::ports::Ports;
use crate::written_objects::WrittenObjects;
use crate::zone;

/// The journal's name in a data directory.
pub(crate) const JOURNAL_FILE: &str = "journal.sqlite";

/// How long one request to the platform's API may take.
const PLATFORM_SECONDS: u64 = 30;

/// A deployment within reach.
pub struct Site {
    /// What its owner decided.
    pub settings: DeploymentSettings,
    /// Where its questions and acts go.
    pub ports: Ports,
    /// What is what in its stack; `None`: its template tells.
    pub profile: Option<Profile>,
    /// What the time is.
    pub clock: Clock,
    /// Where its claim and journals are, as notes carry it: `s3://bucket/prefix`, or `HOST:/path`; empty: nowhere in particular.
    pub state: String,
    /// Where paths in its settings are from.
    pub directory: PathBuf,
    /// How long an upgrade is expected to keep users out; `None`: nobody knows.
    pub expected_milliseconds: Option<u64>,
    /// What was written on the way to a plan.
    pub written: WrittenObjects,
    /// Where this machine keeps what happens; `None`: nowhere.
    pub data: Option<PathBuf>,
    /// Where people reach the panel; `None`: nobody said.
    pub panel_url: Option<String>,
}

/// Find the settings. Times are printed in their zone from here on.
pub(crate) fn configuration(file: &ConfigFile) -> Result<Configuration, ConfigurationError> {
    let environment = Environment::of_process();
    let configuration = Configuration::load(file.path.as_deref(), &environment)?;
    if let Some(zone) = &configuration.time_zone {
        zone::set(zone.clone());
    }
    Ok(configuration)
}

impl Site {
    /// Reach the deployment of this name, or the only one. Credentials are fetched now, so that what is wrong with them
    /// is said now.
    pub(crate) async fn reach(places: &Places, name: Option<&str>, session: &str) -> Result<Site, CliError> {
        let configuration = configuration(&places.config)?;
        let settings = configuration.deployment(name)?.clone();
        let site = Site::of(settings, configuration.directory(), session).await?.kept_in(&places.data.path);
        Ok(Site { panel_url: configuration.panel.url, ..site })
    }

    /// Reach a deployment by its settings.
    pub(crate) async fn of(
        settings: DeploymentSettings,
        directory: &Path,
        session: &str,
    ) -> Result<Site, CliError> {
        let primary = connect(&settings.access, session).await?;
        let linked = async |access: Option<&Access>| -> Result<Option<AwsCloud>, CliError> {
            match access {
                None => Ok(None),
                Some(access) if *access == settings.access => Ok(Some(primary.clone())),
                Some(access) => connect(access, session).await.map(Some),
            }
        };
        let backup = linked(settings.backup_stack.as_ref().map(|stack| &stack.access)).await?;
        let role = linked(settings.role_stack.as_ref().map(|stack| &stack.access)).await?;
        let platform = adapter(&settings.platform, directory)?;
        let ports = Ports { clouds: AwsClouds { primary, backup, role }, platform };
        Site::around(settings, directory, ports, Clock::system())
    }

    /// A deployment whose ports are there already: in this process, say.
    pub fn around(
        settings: DeploymentSettings,
        directory: &Path,
        ports: Ports,
        clock: Clock,
    ) -> Result<Site, CliError> {
        let profile = load_profile(&settings, directory)?;
        let state = settings.state.as_ref().map(StateSettings::location).unwrap_or_default();
        Ok(Site {
            state,
            settings,
            ports,
            profile,
            clock,
            directory: directory.to_owned(),
            expected_milliseconds: None,
            written: WrittenObjects::default(),
            data: None,
            panel_url: None,
        })
    }

    /// The same with its state in a data directory, unless the settings name a place that is shared.
    #[must_use]
    pub(crate) fn kept_in(self, directory: &Path) -> Site {
        let state = match &self.settings.state {
            Some(_) => self.state.clone(),
            None => location_of(&directory.join(JOURNAL_FILE)),
        };
        Site { state, data: Some(directory.to_owned()), ..self }
    }

    /// A path of the settings.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }
}

/// Reach an account and Region.
pub(crate) async fn connect(access: &Access, session: &str) -> Result<AwsCloud, CliError> {
    let connection = AwsConnection {
        region: Some(access.region.clone()),
        profile: access.credentials.aws_profile.clone(),
        role: access.credentials.role.as_ref().map(|role| AssumedRole {
            role_arn: role.arn.clone(),
            external_id: role.external_id.clone(),
            session_name: AssumedRole::name_session(session),
        }),
        endpoint_url: access.endpoint_url.clone(),
        pace: Pace::Documented,
    };
    Ok(AwsCloud::connect(&connection).await?)
}

/// The platform's API, with its token read from where the settings say it is.
pub(crate) fn adapter(settings: &PlatformSettings, directory: &Path) -> Result<Adapter, CliError> {
    let token = match &settings.token {
        None => Secret::new(String::new()),
        Some(source) => read_token(&source.from_directory(directory))?,
    };
    let config = PlatformConfig {
        adapter: settings.adapter,
        url: settings.url.clone().unwrap_or_default(),
        token,
        ca_file: settings.ca_file.as_ref().map(|path| directory.join(path)),
        timeout: Duration::from_secs(PLATFORM_SECONDS),
    };
    Ok(Adapter::new(config)?)
}

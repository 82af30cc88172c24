//! One platform, whichever its API.

use upgrade::{PlatformAct, PlatformCapabilities, PlatformObservation, PlatformQuery, PortError};

use crate::client::{Client, Scheme};
use crate::config::{AdapterKind, PlatformConfig, PlatformError};
use crate::failure::Failure;
use crate::transport::InProcessHandler;
use crate::{code_ocean, contract};

/// A platform that can be asked and told.
pub struct Adapter(Speaks);

enum Speaks {
    Nothing,
    Contract(Client),
    CodeOcean(Client),
}

impl Adapter {
    /// The platform that `config` describes. Nothing is asked of it yet.
    ///
    /// # Errors
    /// As [`PlatformError`] says: a URL or token that can't be used, certificates that can't be read.
    pub fn new(config: PlatformConfig) -> Result<Adapter, PlatformError> {
        Adapter::over(&config, None)
    }

    /// The same over a function in this process: for a rehearsal in virtual time. `config.url` and `config.token`
    /// are used as they are over a network.
    ///
    /// # Errors
    /// As [`Adapter::new`].
    pub fn in_process(config: PlatformConfig, handler: InProcessHandler) -> Result<Adapter, PlatformError> {
        Adapter::over(&config, Some(handler))
    }

    fn over(config: &PlatformConfig, handler: Option<InProcessHandler>) -> Result<Adapter, PlatformError> {
        Ok(Adapter(match config.adapter {
            AdapterKind::None => Speaks::Nothing,
            AdapterKind::Http => Speaks::Contract(Client::new(config, Scheme::Bearer, handler)?),
            AdapterKind::CodeOcean => Speaks::CodeOcean(Client::new(config, Scheme::BasicUserName, handler)?),
        }))
    }

    /// What this platform's API can do. Asking or telling it anything else is refused.
    #[must_use]
    pub fn capabilities(&self) -> PlatformCapabilities {
        match &self.0 {
            Speaks::Nothing => PlatformCapabilities::NONE,
            Speaks::Contract(_) => contract::CAPABILITIES,
            Speaks::CodeOcean(_) => code_ocean::CAPABILITIES,
        }
    }

    /// Ask. Changes nothing. The answer is of the query's kind.
    ///
    /// # Errors
    /// `Transient` when the platform is unreachable, slow, busy (429) or failing (5xx), or answers something that
    /// is not JSON. `Refused` when it says no, answers in another shape than its API has, redirects, never ends a
    /// list, is not trusted, or can't do this. No error shows the token.
    pub async fn observe(&self, query: &PlatformQuery) -> Result<PlatformObservation, PortError> {
        match &self.0 {
            Speaks::Nothing => Err(nobody(query.operation())),
            Speaks::Contract(client) => {
                told(client, query.operation(), contract::observe(client, query).await)
            }
            Speaks::CodeOcean(client) => {
                told(client, query.operation(), code_ocean::observe(client, query).await)
            }
        }
    }

    /// Do. `Ok` says that the platform took it on, or that what it is about is gone; what came of it is seen by
    /// asking. Doing the same act again is harmless.
    ///
    /// # Errors
    /// As [`Adapter::observe`].
    pub async fn act(&self, act: &PlatformAct) -> Result<(), PortError> {
        match &self.0 {
            Speaks::Nothing => Err(nobody(act.operation())),
            Speaks::Contract(client) => told(client, act.operation(), contract::act(client, act).await),
            Speaks::CodeOcean(client) => told(client, act.operation(), code_ocean::act(client, act).await),
        }
    }
}

fn told<T>(client: &Client, operation: &str, result: Result<T, Failure>) -> Result<T, PortError> {
    result.map_err(|failure| failure.into_port_error(operation, |text| client.hide(text)))
}

fn nobody(operation: &str) -> PortError {
    Failure::Unable("no platform adapter is configured").into_port_error(operation, |text| text)
}

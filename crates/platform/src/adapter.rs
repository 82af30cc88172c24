//! One platform, whichever its API. A new adapter is a file in `adapter/`, and its `mod` and its line here.

mod code_ocean;
mod contract;

use async_trait::async_trait;
use upgrade::{
    Banner, Computation, PlatformAct, PlatformCapabilities, PlatformObservation, PlatformQuery,
    PlatformStatus, PortError, Session,
};

use crate::client::{Client, Scheme};
use crate::config::{PlatformConfig, PlatformError};
use crate::failure::Failure;
use crate::transport::InProcessHandler;

pub use code_ocean::CODE_OCEAN;
pub use contract::HTTP;

pub static ADAPTERS: &[&AdapterKind] = &[&NONE, &HTTP, &CODE_OCEAN];

/// A platform without an API that we may use.
pub static NONE: AdapterKind =
    AdapterKind { word: "none", capabilities: PlatformCapabilities::NONE, speaks: None };

/// Which API a platform has. Its word tells which.
pub struct AdapterKind {
    /// As the settings have it.
    pub word: &'static str,
    /// What that API can do.
    pub capabilities: PlatformCapabilities,
    /// How it is presented the token, and how it is spoken; `None`: there is nothing to reach.
    speaks: Option<(Scheme, Speaks)>,
}

impl AdapterKind {
    /// Whether it has an address and a token.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.speaks.is_some()
    }
}

impl std::fmt::Debug for AdapterKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.word)
    }
}

impl PartialEq for AdapterKind {
    fn eq(&self, other: &AdapterKind) -> bool {
        self.word == other.word
    }
}

impl Eq for AdapterKind {}

impl Default for &AdapterKind {
    fn default() -> Self {
        &NONE
    }
}

/// An API, as an adapter speaks it. What it can't do it refuses.
#[async_trait]
trait PlatformApi: Send + Sync {
    fn client(&self) -> &Client;

    async fn sessions(&self) -> Result<Vec<Session>, Failure>;

    async fn computations(&self) -> Result<Vec<Computation>, Failure>;

    async fn status(&self) -> Result<PlatformStatus, Failure>;

    async fn banner(&self) -> Result<Option<Banner>, Failure>;

    async fn act(&self, act: &PlatformAct) -> Result<(), Failure>;
}

/// An API over a client that presents the token.
type Speaks = fn(Client) -> Box<dyn PlatformApi>;

/// A platform that can be asked and told.
pub struct Adapter {
    kind: &'static AdapterKind,
    api: Option<Box<dyn PlatformApi>>,
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
        let kind = config.adapter;
        let api = match kind.speaks {
            None => None,
            Some((scheme, speak)) => Some(speak(Client::new(config, scheme, handler)?)),
        };
        Ok(Adapter { kind, api })
    }

    /// What this platform's API can do. Asking or telling it anything else is refused.
    #[must_use]
    pub fn capabilities(&self) -> PlatformCapabilities {
        self.kind.capabilities
    }

    /// Every session that has not ended.
    ///
    /// # Errors
    /// `Transient` when the platform is unreachable, slow, busy (429) or failing (5xx), or answers something that
    /// is not JSON. `Refused` when it says no, answers in another shape than its API has, redirects, never ends a
    /// list, is not trusted, or can't do this. No error shows the token.
    pub async fn sessions(&self) -> Result<Vec<Session>, PortError> {
        let operation = PlatformQuery::Sessions.operation();
        let api = self.api(operation)?;
        reply(api, operation, api.sessions().await)
    }

    /// Every computation that has not ended.
    ///
    /// # Errors
    /// As [`Adapter::sessions`].
    pub async fn computations(&self) -> Result<Vec<Computation>, PortError> {
        let operation = PlatformQuery::Computations.operation();
        let api = self.api(operation)?;
        reply(api, operation, api.computations().await)
    }

    /// Version and health.
    ///
    /// # Errors
    /// As [`Adapter::sessions`].
    pub async fn status(&self) -> Result<PlatformStatus, PortError> {
        let operation = PlatformQuery::Status.operation();
        let api = self.api(operation)?;
        reply(api, operation, api.status().await)
    }

    /// The banner that users see; `None`: there is none.
    ///
    /// # Errors
    /// As [`Adapter::sessions`].
    pub async fn banner(&self) -> Result<Option<Banner>, PortError> {
        let operation = PlatformQuery::Banner.operation();
        let api = self.api(operation)?;
        reply(api, operation, api.banner().await)
    }

    /// A run's question. The answer is of the query's kind.
    ///
    /// # Errors
    /// As [`Adapter::sessions`].
    pub async fn observe(&self, query: &PlatformQuery) -> Result<PlatformObservation, PortError> {
        match query {
            PlatformQuery::Sessions => self.sessions().await.map(PlatformObservation::Sessions),
            PlatformQuery::Computations => self.computations().await.map(PlatformObservation::Computations),
            PlatformQuery::Status => self.status().await.map(PlatformObservation::Status),
            PlatformQuery::Banner => self.banner().await.map(PlatformObservation::Banner),
        }
    }

    /// Do. `Ok` says that the platform took it on, or that what it is about is gone; what came of it is seen by
    /// asking. Doing the same act again is harmless.
    ///
    /// # Errors
    /// As [`Adapter::sessions`].
    pub async fn act(&self, act: &PlatformAct) -> Result<(), PortError> {
        let api = self.api(act.operation())?;
        reply(api, act.operation(), api.act(act).await)
    }

    fn api(&self, operation: &str) -> Result<&dyn PlatformApi, PortError> {
        let nobody = || Failure::Unable("no platform adapter is configured");
        self.api.as_deref().ok_or_else(|| nobody().into_port_error(operation, |text| text))
    }
}

fn reply<T>(api: &dyn PlatformApi, operation: &str, result: Result<T, Failure>) -> Result<T, PortError> {
    result.map_err(|failure| failure.into_port_error(operation, |text| api.client().hide(text)))
}

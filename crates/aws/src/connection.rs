//! How a cloud is reached with explicit keys: a local cloud, over loopback or in this process.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::endpoints::{BucketRegions, Endpoints};
use crate::errors::Origin;
use crate::in_process::{self, Carrier, InProcessHandler};
use crate::limited::limited;
use crate::pace::{PATIENCE, Pace, paced};
use crate::wire::{ATTEMPT, Wire};

/// How often a call over a network is tried in all, as the SDKs do where they are told to.
pub(crate) const ATTEMPTS: u32 = 4;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// What carries the requests.
#[derive(Clone)]
pub enum Transport {
    Network,
    /// A function in this process.
    InProcess(InProcessHandler),
    /// A function in this process whose answers take their time, or never come.
    Carried(Carrier),
}

/// How a cloud is reached with explicit keys. They are not shown by `Debug`. For AWS itself see
/// [`crate::AwsConnection`].
pub struct Connection {
    /// Such as `us-east-1`.
    pub region: String,
    /// Where requests go, such as `http://127.0.0.1:4580`.
    pub endpoint_url: String,
    /// The access key's id.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret_access_key: String,
    /// What carries the requests.
    pub transport: Transport,
    /// What the time is, for signatures. It must be the time of the cloud that checks them.
    pub now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}

/// Everything that clients are made of.
pub(crate) struct Reach {
    pub wire: Wire,
    /// For errors.
    pub origin: Origin,
}

impl Connection {
    pub(crate) fn reach(&self, pace: Pace) -> Reach {
        let credentials =
            Credentials::from_keys(self.access_key_id.clone(), self.secret_access_key.clone(), None);
        let credentials = SharedCredentialsProvider::new(credentials);
        // Before a call is tried again it is waited for a random time. In this process nothing is lost on the way, and the same run twice
        // must wait the same, so there the state machine's own second look is enough.
        let (connector, attempts) = match &self.transport {
            Transport::Network => {
                let plain = aws_smithy_http_client::Connector::builder()
                    .connector_settings(settings())
                    .sleep_impl(TokioSleep::new())
                    .build_http();
                (SharedHttpConnector::new(plain), ATTEMPTS)
            }
            Transport::InProcess(handler) => (in_process::connector(handler.clone()), 1),
            Transport::Carried(carrier) => (in_process::carried(carrier.clone()), 1),
        };
        let connector = paced(limited(connector), pace);
        let endpoints = Endpoints {
            region: self.region.clone(),
            settings_url: Some(self.endpoint_url.clone()),
            configured: None,
            buckets: BucketRegions::default(),
        };
        let origin = Origin { label: endpoints.label(), profile: None };
        let wire =
            Wire { connector, credentials, endpoints: Arc::new(endpoints), now: self.now.clone(), attempts };
        Reach { wire, origin }
    }
}

/// The connector as the credentials' sources take it.
pub(crate) fn shared(
    connector: &SharedHttpConnector,
) -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    let connector = connector.clone();
    http_client_fn(move |_settings, _components| connector.clone())
}

pub(crate) fn settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(CONNECT).build()
}

/// Of an attempt with its turns: the answer itself is waited for as [`ATTEMPT`] says, where it is sent.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT + PATIENCE).build()
}

pub(crate) fn retries(attempts: u32) -> RetryConfig {
    if attempts > 1 { RetryConfig::standard().with_max_attempts(attempts) } else { RetryConfig::disabled() }
}

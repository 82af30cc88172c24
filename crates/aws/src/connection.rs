//! How the SDK reaches a cloud.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::in_process::{self, InProcessHandler};

/// What carries the requests.
#[derive(Clone)]
pub enum Transport {
    /// HTTP to the endpoint.
    Network,
    /// A function in this process.
    InProcess(InProcessHandler),
}

/// How a cloud is reached. Credentials are not shown by `Debug`.
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

impl Connection {
    /// The configuration that every SDK client here is made with.
    pub(crate) fn sdk_config(&self) -> SdkConfig {
        let credentials =
            Credentials::from_keys(self.access_key_id.clone(), self.secret_access_key.clone(), None);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region.clone()))
            .endpoint_url(self.endpoint_url.clone())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http_client())
            .time_source(Now(self.now.clone()))
            .sleep_impl(TokioSleep::new())
            .retry_config(self.retries())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .operation_attempt_timeout(Duration::from_secs(30))
                    .build(),
            )
            // It wakes twice a second for every request, also in virtual time, and guards downloads that
            // nothing here makes.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }

    /// The SDK's retries wait for a random time. In this process nothing is lost on the way, and the same run
    /// twice must wait the same, so there the state machine's own second look is enough.
    fn retries(&self) -> RetryConfig {
        match self.transport {
            Transport::Network => RetryConfig::standard().with_max_attempts(4),
            Transport::InProcess(_) => RetryConfig::disabled(),
        }
    }

    fn http_client(&self) -> SharedHttpClient {
        match &self.transport {
            Transport::Network => aws_smithy_http_client::Builder::new().build_http(),
            Transport::InProcess(handler) => in_process::http_client(handler.clone()),
        }
    }
}

/// The SDK's view of our clock.
struct Now(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl fmt::Debug for Now {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Now")
    }
}

impl TimeSource for Now {
    fn now(&self) -> SystemTime {
        (self.0)()
    }
}

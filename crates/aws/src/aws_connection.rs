//! How AWS itself is reached: the user's profile, environment, single sign-on or instance role; a role to assume; TLS.

use std::sync::Arc;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::cloud::AwsCloud;
use crate::connection::{ATTEMPTS, Reach, retries, settings, shared, timeouts};
use crate::endpoints::{BucketRegions, Endpoints, STS};
use crate::errors::{Origin, with_causes};
use crate::limited::limited;
use crate::pace::{Pace, paced};
use crate::renewing::{Kept, Renewing, renewed};
use crate::sts_address::with_sts_address;
use crate::wire::Wire;

/// How AWS is reached. What is left out comes from where the AWS CLI takes it: `AWS_REGION`, `AWS_PROFILE`,
/// `AWS_ENDPOINT_URL`, `~/.aws/config`, single sign-on, the instance's or the container's role.
#[derive(Debug, Clone, Default)]
pub struct AwsConnection {
    /// Such as `us-east-1`.
    pub region: Option<String>,
    /// A profile of `~/.aws/config`.
    pub profile: Option<String>,
    pub role: Option<AssumedRole>,
    /// Another address for every service, such as an emulator's. It wins over `AWS_ENDPOINT_URL`,
    /// `AWS_ENDPOINT_URL_SERVICE` and the profile's.
    pub endpoint_url: Option<String>,
    pub pace: Pace,
}

#[derive(Debug, Clone)]
pub struct AssumedRole {
    pub role_arn: String,
    /// What its trust policy wants as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// How the session is called in CloudTrail: `slackwater-RUN`. See [`AssumedRole::name_session`].
    pub session_name: String,
}

impl AssumedRole {
    /// The session name of a run: what STS takes of it (`[\w+=,.@-]`, 2 to 64 characters; AssumeRole, RoleSessionName).
    #[must_use]
    pub fn name_session(run_id: &str) -> String {
        let taken = |letter: char| {
            if letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter) { letter } else { '-' }
        };
        format!("slackwater-{run_id}").chars().map(taken).take(64).collect()
    }
}

/// Why AWS can't be reached; each says whose attempt it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error(
        "{who}: no Region is set: give --region, set AWS_REGION, or write region = … into the profile in ~/.aws/config"
    )]
    NoRegion {
        /// The profile, or where it was looked for.
        who: String,
    },
    #[error("{who}: no credentials: {why}")]
    NoCredentials {
        /// Profile, Region, endpoint.
        who: String,
        /// The provider's words.
        why: String,
    },
    /// A session that is over.
    #[error("{who}: the credentials have expired: {why}; renew them{how}")]
    Expired {
        /// Profile, Region, endpoint.
        who: String,
        /// The provider's words.
        why: String,
        /// The command that renews them.
        how: String,
    },
    /// The role can't be assumed.
    #[error("{who}: the role {role_arn} can't be assumed: {why}")]
    Role {
        /// Profile, Region, endpoint.
        who: String,
        role_arn: String,
        /// The words of STS.
        why: String,
    },
}

impl AwsCloud {
    /// Clients for every service an upgrade touches. Credentials are fetched at once, so that what is wrong with them is
    /// said here and not in the middle of a run; their source is read again when AWS says that they are over.
    pub async fn connect(connection: &AwsConnection) -> Result<AwsCloud, ConnectError> {
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env())
            .connector_settings(settings())
            .sleep_impl(TokioSleep::new())
            .build();
        Ok(AwsCloud::from_reach(connection.reach(SharedHttpConnector::new(connector), ATTEMPTS).await?))
    }
}

impl AwsConnection {
    /// `connector` carries the requests, each tried so often.
    pub(crate) async fn reach(
        &self,
        connector: SharedHttpConnector,
        attempts: u32,
    ) -> Result<Reach, ConnectError> {
        // Sign-on and instance metadata are not part of the account's budget, so they go around the pace.
        let unpaced = with_sts_address(connector.clone(), self.endpoint_url.clone());
        let loaded = self.load(&unpaced, attempts).await;
        let named = self.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
        let profile_words = named.as_ref().map(|profile| format!("profile {profile}"));
        let Some(region) = loaded.region().map(ToString::to_string) else {
            let who = profile_words.unwrap_or_else(|| "default profile and environment".to_owned());
            return Err(ConnectError::NoRegion { who });
        };
        let endpoints = Endpoints {
            region,
            settings_url: self.endpoint_url.clone(),
            configured: Some(loaded.clone()),
            buckets: BucketRegions::default(),
        };
        let who = match &profile_words {
            Some(profile) => format!("{profile}, {}", endpoints.label()),
            None => endpoints.label(),
        };
        let source = {
            let (this, endpoints, who) = (self.clone(), endpoints.clone(), who.clone());
            move || {
                let (this, endpoints, unpaced, who) =
                    (this.clone(), endpoints.clone(), unpaced.clone(), who.clone());
                async move {
                    // All of it anew: a profile's file is read once in a provider's life.
                    let loaded = this.load(&unpaced, attempts).await;
                    this.provider(&loaded, &endpoints, &unpaced, &who).await
                }
            }
        };
        let renewing = Arc::new(Renewing::new(source));
        let first = renewing.fresh().await;
        let _found = first.map_err(|error| self.refused(&who, named.as_deref(), &with_causes(&error)))?;
        let credentials = SharedCredentialsProvider::new(Kept(renewing.clone()));
        let connector = paced(renewed(limited(connector), renewing), self.pace);
        Ok(Reach {
            wire: Wire {
                connector,
                credentials,
                endpoints: Arc::new(endpoints),
                // The wall's time, not the conductor's: a machine that slept has a clock that stood still, and AWS
                // refuses signatures that are five minutes off.
                now: Arc::new(|| SystemTimeSource::new().now()),
                attempts,
            },
            origin: Origin { label: who, profile: named },
        })
    }

    /// What environment, files and caches say now.
    async fn load(&self, connector: &SharedHttpConnector, attempts: u32) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(shared(connector))
            .sleep_impl(TokioSleep::new())
            .retry_config(retries(attempts))
            .timeout_config(timeouts())
            .stalled_stream_protection(
                aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig::disabled(),
            );
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }

    /// The credentials' source: the loaded one, or the role that it assumes.
    async fn provider(
        &self,
        loaded: &SdkConfig,
        endpoints: &Endpoints,
        connector: &SharedHttpConnector,
        who: &str,
    ) -> Result<SharedCredentialsProvider, ConnectError> {
        let base = match &self.profile {
            // A profile that is named is meant: keys in the environment don't overrule it, as in the AWS CLI.
            Some(profile) => {
                let configured = ProviderConfig::without_region()
                    .with_region(loaded.region().cloned())
                    .with_http_client(shared(connector))
                    .with_sleep_impl(TokioSleep::new());
                let builder = ProfileFileCredentialsProvider::builder().configure(&configured);
                SharedCredentialsProvider::new(builder.profile_name(profile).build())
            }
            None => loaded.credentials_provider().ok_or_else(|| ConnectError::NoCredentials {
                who: who.to_owned(),
                why: "no source of credentials is set up".to_owned(),
            })?,
        };
        let Some(role) = &self.role else { return Ok(base) };
        let sts = endpoints.sdk_config(loaded, &STS);
        let mut builder =
            AssumeRoleProvider::builder(&role.role_arn).session_name(&role.session_name).configure(&sts);
        if let Some(external_id) = &role.external_id {
            builder = builder.external_id(external_id);
        }
        Ok(SharedCredentialsProvider::new(builder.build_from_provider(base).await))
    }

    fn refused(&self, who: &str, profile: Option<&str>, why: &str) -> ConnectError {
        let (who, why) = (who.to_owned(), why.to_owned());
        let lower = why.to_lowercase();
        if lower.contains("expired") {
            let how =
                profile.map_or_else(String::new, |profile| format!(": aws sso login --profile {profile}"));
            return ConnectError::Expired { who, why, how };
        }
        match &self.role {
            Some(role) => ConnectError::Role { who, role_arn: role.role_arn.clone(), why },
            None => ConnectError::NoCredentials { who, why },
        }
    }
}

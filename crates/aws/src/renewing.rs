//! Credentials that are read again: when they come to their end, and when AWS says that they are over before that, because
//! somebody has renewed them where they come from (a file, single sign-on's cache, a process).
//!
//! A profile's provider reads its files once, so the whole source is made anew. The refused call is tried again where the
//! source gives others; where it doesn't, nothing is asked of it for a moment, however many calls are refused.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use conductor::Clock;
use tokio::sync::Mutex;
use upgrade::Timestamp;

use crate::aws_connection::ConnectError;
use crate::errors::are_keys_over;
use crate::refusal::with_code;

/// How long before their end credentials are renewed (the SDK's identity cache has the same).
const EARLY: Duration = Duration::from_secs(10);

/// How long a source may take: a process that hangs holds nobody up for good.
const PATIENCE: Duration = Duration::from_secs(20);

/// A source that gave what AWS refuses isn't asked again for so long.
const PAUSE_MILLISECONDS: u64 = 3000;

type Opening = Pin<Box<dyn Future<Output = Result<SharedCredentialsProvider, ConnectError>> + Send>>;

/// Credentials that are kept until shortly before they end, or until they are refused.
pub(crate) struct Renewing {
    open: Box<dyn Fn() -> Opening + Send + Sync>,
    clock: Clock,
    kept: Mutex<Keeping>,
}

#[derive(Default)]
struct Keeping {
    provider: Option<SharedCredentialsProvider>,
    credentials: Option<Credentials>,
    /// When the source gave nothing new.
    in_vain_at: Option<Timestamp>,
}

impl fmt::Debug for Renewing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Renewing").finish_non_exhaustive()
    }
}

impl Renewing {
    /// `open` reads the source from its beginning.
    pub(crate) fn new<Open, Opens>(open: Open) -> Renewing
    where
        Open: Fn() -> Opens + Send + Sync + 'static,
        Opens: Future<Output = Result<SharedCredentialsProvider, ConnectError>> + Send + 'static,
    {
        Renewing {
            open: Box::new(move || Box::pin(open())),
            clock: Clock::starting_at(Timestamp(0)),
            kept: Mutex::default(),
        }
    }

    /// What to sign with.
    pub(crate) async fn fresh(&self) -> Result<Credentials, CredentialsError> {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.credentials.as_ref().filter(|credentials| is_good(credentials)) {
            return Ok(credentials.clone());
        }
        // What the source keeps itself (single sign-on's token, a role's way) spares a new beginning, if it still serves.
        if let Some(provider) = kept.provider.clone()
            && let Ok(credentials) = provide(&provider).await
        {
            kept.credentials = Some(credentials.clone());
            return Ok(credentials);
        }
        self.read_anew(&mut kept).await
    }

    /// AWS refused these: whether there are others.
    async fn renew(&self, refused: &Signer) -> bool {
        let mut kept = self.kept.lock().await;
        if kept.credentials.as_ref().is_some_and(|credentials| !refused.holds(credentials)) {
            // Somebody else was faster.
            return true;
        }
        let now = self.clock.now();
        if kept.in_vain_at.is_some_and(|at| now.milliseconds_since(at) < PAUSE_MILLISECONDS) {
            return false;
        }
        let renewed = self.read_anew(&mut kept).await.is_ok_and(|credentials| !refused.holds(&credentials));
        kept.in_vain_at = if renewed { None } else { Some(now) };
        renewed
    }

    async fn read_anew(&self, kept: &mut Keeping) -> Result<Credentials, CredentialsError> {
        (kept.provider, kept.credentials) = (None, None);
        let reading = async {
            let provider = (self.open)().await.map_err(CredentialsError::not_loaded)?;
            let credentials = provide(&provider).await?;
            Ok((provider, credentials))
        };
        let (provider, credentials) = tokio::time::timeout(PATIENCE, reading)
            .await
            .unwrap_or_else(|_late| Err(CredentialsError::provider_timed_out(PATIENCE)))?;
        kept.provider = Some(provider);
        kept.credentials = Some(credentials.clone());
        Ok(credentials)
    }
}

/// Some sources hand out what they have, whether it is over or not.
async fn provide(provider: &SharedCredentialsProvider) -> Result<Credentials, CredentialsError> {
    let credentials = tokio::time::timeout(PATIENCE, provider.provide_credentials())
        .await
        .unwrap_or_else(|_late| Err(CredentialsError::provider_timed_out(PATIENCE)))?;
    match credentials.expiry() {
        Some(expiry) if expiry <= SystemTimeSource::new().now() => {
            Err(CredentialsError::provider_error("what the source gives has expired"))
        }
        Some(_) | None => Ok(credentials),
    }
}

fn is_good(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|expiry| SystemTimeSource::new().now() + EARLY < expiry)
}

/// The same as the SDK takes it.
#[derive(Debug)]
pub(crate) struct Kept(pub Arc<Renewing>);

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.fresh())
    }
}

/// Whose signature a request bears.
struct Signer {
    access_key_id: String,
    session_token: Option<String>,
}

impl Signer {
    fn read(request: &HttpRequest) -> Option<Signer> {
        let authorization = request.headers().get("authorization")?;
        let access_key_id = authorization.split_once("Credential=")?.1.split('/').next()?.to_owned();
        let session_token = request.headers().get("x-amz-security-token").map(str::to_owned);
        Some(Signer { access_key_id, session_token })
    }

    fn holds(&self, credentials: &Credentials) -> bool {
        credentials.access_key_id() == self.access_key_id
            && credentials.session_token() == self.session_token.as_deref()
    }
}

/// A connector that has the credentials read again when an answer says that they are over.
pub(crate) fn renewed(connector: SharedHttpConnector, renewing: Arc<Renewing>) -> SharedHttpConnector {
    SharedHttpConnector::new(RenewingConnector { inner: connector, renewing })
}

#[derive(Debug)]
struct RenewingConnector {
    inner: SharedHttpConnector,
    renewing: Arc<Renewing>,
}

impl HttpConnector for RenewingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signer = Signer::read(&request);
        let (inner, renewing) = (self.inner.clone(), self.renewing.clone());
        HttpConnectorFuture::new(async move {
            let response = inner.call(request).await?;
            if !response.status().is_client_error() {
                return Ok(response);
            }
            let (mut response, code) = with_code(response).await?;
            if are_keys_over(&code)
                && let Some(signer) = signer
                && renewing.renew(&signer).await
            {
                response.add_extension(SignAnew);
            }
            Ok(response)
        })
    }
}

/// On a refusal after which there are other credentials: the same call may be signed with those.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignAnew;

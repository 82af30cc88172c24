//! Signed calls: what they have in common is here (addresses, signatures, repetition, refusals), and each protocol beside it:
//! [`query`], [`json`], and S3's own, [`object_storage`].
//!
//! An SDK crate of a service takes minutes to compile for the dozen of its operations that are needed, so there is none;
//! what is repeated, how often and after what wait is as in the SDKs' standard mode.

pub(crate) mod json;
pub(crate) mod object_storage;
pub(crate) mod query;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::USER_AGENT;
use http_body_util::BodyExt;

use crate::endpoints::{Endpoints, STORAGE, Service};
use crate::errors::{Failure, may_be_repeated, with_causes};
use crate::pace::PATIENCE;
use crate::renewing::SignAnew;
use crate::xml::Element;

/// How long an answer is waited for ([`crate::limited`]). Whoever holds a claim sends nothing
/// from 40 s after its last beat and may be followed at 70 s: what it sent in the last moment must have ended by then.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(25);

/// How CloudTrail names whoever calls.
const OUR_NAME: &str = concat!("slackwater/", env!("CARGO_PKG_VERSION"));

/// What carries, signs and repeats calls. Its `Debug` shows no key.
#[derive(Clone)]
pub(crate) struct Wire {
    pub connector: SharedHttpConnector,
    pub credentials: SharedCredentialsProvider,
    pub endpoints: Arc<Endpoints>,
    pub now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    /// How often a call is tried in all.
    pub attempts: u32,
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wire").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// A call before it is signed.
struct Call<'a> {
    service: &'a Service,
    method: http::Method,
    /// Whole and encoded.
    uri: String,
    /// The Region that it is signed for.
    region: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    /// Whether it may be sent again when nobody knows what came of it.
    repeatable: bool,
}

/// What a service answered, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    headers: Headers,
    pub body: Bytes,
    /// What the time was here when the request was signed.
    pub signed_at: SystemTime,
    /// The Region that it was signed for.
    pub region: String,
    /// It was refused for its credentials, and there are others by now.
    sign_anew: bool,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    fn text(&self) -> Cow<'_, str> {
        // Nearly all are sound, and looked through sooner so than for what isn't.
        str::from_utf8(&self.body).map_or_else(|_| String::from_utf8_lossy(&self.body), Cow::Borrowed)
    }

    /// The root of its XML.
    pub(crate) fn tree(&self) -> Result<Element, Failure> {
        Element::parse(&self.text()).map_err(|error| Failure::Unreadable(error.to_string()))
    }

    /// What it says when it isn't a success.
    pub(crate) fn refusal(&self) -> Failure {
        refusal(self.status, self.header("x-amzn-errortype"), &self.text())
    }
}

impl Wire {
    /// The same for another Region.
    pub(crate) fn in_region(&self, region: &str) -> Wire {
        let endpoints = Endpoints { region: region.to_owned(), ..Endpoints::clone(&self.endpoints) };
        Wire { endpoints: Arc::new(endpoints), ..self.clone() }
    }

    /// A call without a body to where the service is. `path`: with its query, already encoded.
    fn call<'a>(&self, service: &'a Service, method: http::Method, path: &str) -> Call<'a> {
        let (base, region) = self.endpoints.address(service);
        Call {
            service,
            method,
            uri: format!("{}{path}", base.trim_end_matches('/')),
            region,
            headers: Vec::new(),
            body: Bytes::new(),
            repeatable: true,
        }
    }

    /// Send, and take nothing but a success.
    async fn send(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let answer = self.send_for_any_status(call).await?;
        if answer.is_success() { Ok(answer) } else { Err(answer.refusal()) }
    }

    /// Send, again and again where it may help: four tries in all, with the SDKs' standard waits (a random part of 1, 2,
    /// 4 s, at most 20 s).
    async fn send_for_any_status(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut tried = 1;
        loop {
            let answered = self.attempt(call).await;
            if let Ok(Answer { sign_anew: true, .. }) = &answered
                && tried < self.attempts
            {
                tried += 1;
                continue;
            }
            let may_help = match &answered {
                Ok(answer) if answer.is_success() => false,
                Ok(answer) => {
                    may_be_repeated(answer.refusal().code(), answer.status)
                        && (call.repeatable || answer.status < 500)
                }
                Err(Failure::Unreachable(_)) => call.repeatable,
                Err(
                    Failure::Service { .. }
                    | Failure::Withheld(_)
                    | Failure::Credentials(_)
                    | Failure::Unreadable(_)
                    | Failure::Unsent(_),
                ) => false,
            };
            if !may_help || tried >= self.attempts {
                return answered;
            }
            let most = f64::from(1_u32 << tried.min(5).saturating_sub(1)).min(20.0);
            tokio::time::sleep(Duration::from_secs_f64(most * fastrand::f64())).await;
            tried += 1;
        }
    }

    /// Sign and send once.
    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let answered = async {
            let (request, signed_at) = self.signed(call).await?;
            let response = self.connector.call(request).await.map_err(|error| match error.is_user() {
                true => Failure::Withheld(with_causes(&error)),
                false => Failure::Unreachable(with_causes(&error)),
            })?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let sign_anew = response.extension::<SignAnew>().is_some();
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| Failure::Unreachable(error.to_string()))?.to_bytes();
            Ok(Answer { status, headers, body, signed_at, region: call.region.clone(), sign_anew })
        };
        // What keeps objects isn't paced, and whoever asks it counts from when it asked.
        let limit = if *call.service == STORAGE { ATTEMPT } else { ATTEMPT + PATIENCE };
        tokio::time::timeout(limit, answered)
            .await
            .unwrap_or_else(|_late| Err(Failure::Unreachable(format!("no answer within {limit:?}"))))
    }

    async fn signed(&self, call: &Call<'_>) -> Result<(HttpRequest, SystemTime), Failure> {
        let unsent = |error: String| Failure::Unsent(error);
        let identity: Identity = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| Failure::Credentials(with_causes(&error)))?
            .into();
        let signed_at = (self.now)();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&call.region)
            .name(call.service.signing_name)
            .time(signed_at)
            .settings(signing_settings(call.service))
            .build()
            .map_err(|error| unsent(error.to_string()))?
            .into();
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable =
            SignableRequest::new(call.method.as_str(), &call.uri, headers, SignableBody::Bytes(&call.body))
                .map_err(|error| unsent(error.to_string()))?;
        let (instructions, _signature) =
            sign(signable, &parameters).map_err(|error| unsent(error.to_string()))?.into_parts();
        let mut request =
            http::Request::builder().method(&call.method).uri(&call.uri).header(USER_AGENT, OUR_NAME);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let mut request =
            request.body(SdkBody::from(call.body.clone())).map_err(|error| unsent(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        let request = HttpRequest::try_from(request).map_err(|error| unsent(error.to_string()))?;
        Ok((request, signed_at))
    }
}

/// S3 takes a path as it is written, and wants the body's hash in a header (S3 API reference, "Signature calculations for the
/// authorization header"); every other service encodes the path once more.
fn signing_settings(service: &Service) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if *service == STORAGE {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// A refusal's code and words, in whichever of the protocols. REST services say the code in the header `x-amzn-errortype`, some
/// of them nowhere else.
pub(crate) fn refusal(status: u16, in_header: Option<&str>, text: &str) -> Failure {
    let (code, message) = match Element::parse(text) {
        Ok(root) => {
            let error = root.find("Error").unwrap_or(&root);
            (error.text_of("Code").to_owned(), error.text_of("Message").to_owned())
        }
        Err(_) => {
            let json = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
            let field = |names: &[&str]| {
                names.iter().find_map(|name| json.get(*name)?.as_str()).unwrap_or_default().to_owned()
            };
            (field(&["__type", "code", "Code"]), field(&["message", "Message"]))
        }
    };
    let code = in_header.filter(|code| !code.is_empty()).unwrap_or(&code);
    // It may carry its shape's namespace before it, and a URL behind it.
    let code = code.split(':').next().unwrap_or_default();
    Failure::Service { status, code: code.rsplit('#').next().unwrap_or_default().to_owned(), message }
}

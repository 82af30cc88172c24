//! Signed calls without an SDK crate: the Query protocol (EC2, RDS, IAM, CloudWatch, STS), JSON where a service speaks
//! nothing else (AWS Backup, Service Quotas), and S3 ([`object_storage`]).
//!
//! `aws-sdk-ec2` alone takes minutes to compile, and a handful of its operations is needed; so a request is a form here,
//! and an answer a tree. Requests leave through the same connector as the SDK's, and are repeated as the SDK's are.

pub(crate) mod object_storage;

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
use http_body_util::BodyExt;
use upgrade::PortError;

use crate::endpoints::{Endpoints, STORAGE, Service};
use crate::errors::{Failure, failed, may_be_repeated};
use crate::pace::PATIENCE;
use crate::renewing::SignAnew;
use crate::xml::Element;

/// How long an answer is waited for ([`crate::limited`]). Whoever holds a claim sends nothing
/// from 40 s after its last beat and may be followed at 70 s: what it sent in the last moment must have ended by then.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(25);

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

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The root of its XML.
    pub(crate) fn tree(&self) -> Result<Element, Failure> {
        Element::parse(&self.text()).map_err(|error| Failure::Unreadable(error.to_string()))
    }

    /// What it says when it isn't a success.
    pub(crate) fn refusal(&self) -> Failure {
        refusal(self.status, &self.text())
    }
}

/// A form of the Query protocol.
#[derive(Debug, Clone)]
pub(crate) struct Form<'a> {
    service: &'a Service,
    action: &'static str,
    fields: Vec<(String, String)>,
    repeatable: bool,
}

impl<'a> Form<'a> {
    pub(crate) fn new(service: &'a Service, action: &'static str) -> Form<'a> {
        Form { service, action, fields: Vec::new(), repeatable: true }
    }

    /// A field.
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Form<'a> {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// A list: `NAME.1`, `NAME.2`, …
    #[must_use]
    pub(crate) fn with_list<T: AsRef<str>>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Form<'a> {
        for (index, value) in values.into_iter().enumerate() {
            self.fields.push((format!("{name}.{}", index + 1), value.as_ref().to_owned()));
        }
        self
    }

    /// A call that makes something anew each time it arrives: it isn't sent again unless it was turned away.
    #[must_use]
    pub(crate) fn once(mut self) -> Form<'a> {
        self.repeatable = false;
        self
    }

    /// Such as `ec2:DescribeInstances`.
    fn operation(&self) -> String {
        format!("{}:{}", self.service.iam_prefix, self.action)
    }

    fn body(&self) -> Bytes {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", self.action).append_pair("Version", self.service.version);
        for (name, value) in &self.fields {
            form.append_pair(name, value);
        }
        Bytes::from(form.finish())
    }
}

impl Wire {
    /// The same for another Region.
    pub(crate) fn in_region(&self, region: &str) -> Wire {
        let endpoints = Endpoints { region: region.to_owned(), ..Endpoints::clone(&self.endpoints) };
        Wire { endpoints: Arc::new(endpoints), ..self.clone() }
    }

    /// Send a form; gives the answer's root.
    ///
    /// # Errors
    /// Sorted, with the service's code and words.
    pub(crate) async fn query(&self, form: &Form<'_>) -> Result<Element, PortError> {
        self.query_or(form).await.map_err(|failure| failed(&form.operation(), &failure))
    }

    /// The same, for those who know what a code means.
    pub(crate) async fn query_or(&self, form: &Form<'_>) -> Result<Element, Failure> {
        let call = Call {
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form.body(),
            repeatable: form.repeatable,
            ..self.call(form.service, http::Method::POST, "/")
        };
        self.send(&call).await?.tree()
    }

    /// All pages of a form: `each` takes an answer and gives the token of the next page, which goes into `field`.
    pub(crate) async fn pages(
        &self,
        form: Form<'_>,
        field: &str,
        mut each: impl FnMut(&Element) -> Option<String>,
    ) -> Result<(), PortError> {
        let mut token = None;
        loop {
            let form = match token {
                Some(token) => form.clone().with(field, token),
                None => form.clone(),
            };
            token = each(&self.query(&form).await?);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Ask a REST-JSON service.
    pub(crate) async fn get_json(
        &self,
        service: &Service,
        action: &str,
        path: String,
    ) -> Result<serde_json::Value, PortError> {
        let answer = self.json(&self.call(service, http::Method::GET, &path)).await;
        answer.map_err(|failure| failed(&format!("{}:{action}", service.iam_prefix), &failure))
    }

    /// Ask a service whose operation stands in a header.
    pub(crate) async fn target_json(
        &self,
        service: &Service,
        action: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, PortError> {
        let answer = self.target_json_or(service, action, body).await;
        answer.map_err(|failure| failed(&format!("{}:{action}", service.iam_prefix), &failure))
    }

    /// The same, for those who know what a code means.
    pub(crate) async fn target_json_or(
        &self,
        service: &Service,
        action: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, Failure> {
        let call = Call {
            headers: vec![
                ("content-type", format!("application/x-amz-json-{}", service.json_version)),
                ("x-amz-target", format!("{}.{action}", service.version)),
            ],
            body: Bytes::from(body.to_string()),
            ..self.call(service, http::Method::POST, "/")
        };
        self.json(&call).await
    }

    async fn json(&self, call: &Call<'_>) -> Result<serde_json::Value, Failure> {
        let answer = self.send(call).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| Failure::Unreadable(format!("not JSON: {error}")))
    }

    /// A call without a body to where the service is. `path`: with its query, already encoded.
    fn call<'a>(&self, service: &'a Service, method: http::Method, path: &str) -> Call<'a> {
        let (base, region) = self.endpoints.of(service);
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

    /// Send, again and again where it may help: four tries in all, with the SDK's standard waits (a random part of 1, 2,
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
            let response = self
                .connector
                .call(request)
                .await
                .map_err(|error| Failure::Unreachable(crate::errors::told(&error)))?;
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
            .map_err(|error| Failure::Credentials(crate::errors::told(&error)))?
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
        let mut request = http::Request::builder().method(&call.method).uri(&call.uri);
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

/// A refusal's code and words, in whichever of the protocols.
pub(crate) fn refusal(status: u16, text: &str) -> Failure {
    let (code, message) = match Element::parse(text) {
        Ok(root) => {
            let error = root.find("Error").unwrap_or(&root);
            (error.text_of("Code").to_owned(), error.text_of("Message").to_owned())
        }
        Err(_) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json) => {
                let field = |names: &[&str]| {
                    names.iter().find_map(|name| json.get(*name)?.as_str()).unwrap_or_default().to_owned()
                };
                // The code may carry its shape's namespace.
                let code = field(&["__type", "code", "Code"]);
                let code = code.rsplit('#').next().unwrap_or_default().to_owned();
                (code, field(&["message", "Message"]))
            }
            Err(_) => (String::new(), String::new()),
        },
    };
    Failure::Service { status, code, message }
}

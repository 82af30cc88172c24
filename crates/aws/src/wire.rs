//! Signed calls without an SDK crate: the Query protocol (EC2, RDS, IAM, CloudWatch, STS), and JSON where a service
//! speaks nothing else (AWS Backup, Service Quotas).
//!
//! `aws-sdk-ec2` alone takes minutes to compile, and a handful of its operations is needed; so a request is a form here,
//! and an answer a tree. Requests leave through the same connector as the SDK's, and are repeated as the SDK's are.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use upgrade::PortError;

use crate::endpoints::{Endpoints, Service};
use crate::errors::{Failure, failed, is_transient};
use crate::xml::Element;

/// How long one attempt may take; the SDK's clients have the same.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(30);

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
struct Call {
    method: http::Method,
    /// Path and query, already encoded.
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    /// Whether it may be sent again when nobody knows what came of it.
    repeatable: bool,
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
            method: http::Method::POST,
            path: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form.body(),
            repeatable: form.repeatable,
        };
        let text = self.send(form.service, &call).await?;
        Element::parse(&text).map_err(|error| Failure::Unreadable(error.to_string()))
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
        let call = Call {
            method: http::Method::GET,
            path,
            headers: Vec::new(),
            body: Bytes::new(),
            repeatable: true,
        };
        let answer = self.json(service, &call).await;
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
            method: http::Method::POST,
            path: "/".to_owned(),
            headers: vec![
                ("content-type", format!("application/x-amz-json-{}", service.json_version)),
                ("x-amz-target", format!("{}.{action}", service.version)),
            ],
            body: Bytes::from(body.to_string()),
            repeatable: true,
        };
        self.json(service, &call).await
    }

    async fn json(&self, service: &Service, call: &Call) -> Result<serde_json::Value, Failure> {
        let text = self.send(service, call).await?;
        serde_json::from_str(&text).map_err(|error| Failure::Unreadable(format!("not JSON: {error}")))
    }

    /// Send, again and again where it may help: four tries in all, with the SDK's standard waits (a random part of 1, 2,
    /// 4 s, at most 20 s).
    async fn send(&self, service: &Service, call: &Call) -> Result<String, Failure> {
        let mut tried = 1;
        loop {
            let failure = match self.attempt(service, call).await {
                Ok(text) => return Ok(text),
                Err(failure) => failure,
            };
            let may_help = match &failure {
                Failure::Service { code, status, .. } => {
                    is_transient(code, *status) && (call.repeatable || *status < 500)
                }
                Failure::Unreachable(_) => call.repeatable,
                Failure::Credentials(_) | Failure::Unreadable(_) | Failure::Unsent(_) => false,
            };
            if !may_help || tried >= self.attempts {
                return Err(failure);
            }
            let most = f64::from(1_u32 << tried.min(5).saturating_sub(1)).min(20.0);
            tokio::time::sleep(Duration::from_secs_f64(most * fastrand::f64())).await;
            tried += 1;
        }
    }

    async fn attempt(&self, service: &Service, call: &Call) -> Result<String, Failure> {
        let request = self.signed(service, call).await?;
        let answered = async {
            let response = self
                .connector
                .call(request)
                .await
                .map_err(|error| Failure::Unreachable(crate::errors::told(&error)))?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| Failure::Unreachable(error.to_string()))?.to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            if (200..300).contains(&status) { Ok(text) } else { Err(refusal(status, &text)) }
        };
        tokio::time::timeout(ATTEMPT, answered)
            .await
            .unwrap_or_else(|_late| Err(Failure::Unreachable(format!("no answer within {ATTEMPT:?}"))))
    }

    async fn signed(&self, service: &Service, call: &Call) -> Result<HttpRequest, Failure> {
        let unsent = |error: String| Failure::Unsent(error);
        let (base, region) = self.endpoints.of(service);
        let uri = format!("{}{}", base.trim_end_matches('/'), call.path);
        let identity: Identity = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| Failure::Credentials(crate::errors::told(&error)))?
            .into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name(service.signing_name)
            .time((self.now)())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsent(error.to_string()))?
            .into();
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable =
            SignableRequest::new(call.method.as_str(), &uri, headers, SignableBody::Bytes(&call.body))
                .map_err(|error| unsent(error.to_string()))?;
        let (instructions, _signature) =
            sign(signable, &parameters).map_err(|error| unsent(error.to_string()))?.into_parts();
        let mut request = http::Request::builder().method(&call.method).uri(&uri);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let mut request =
            request.body(SdkBody::from(call.body.clone())).map_err(|error| unsent(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| unsent(error.to_string()))
    }
}

/// A refusal's code and words, in whichever of the protocols.
fn refusal(status: u16, text: &str) -> Failure {
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

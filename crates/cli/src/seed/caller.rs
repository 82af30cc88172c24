//! A cloud to call: signed requests over a socket or into a cloud in this process. No SDK: a seed needs services that
//! the program has no client of.

use std::net::ToSocketAddrs;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use conductor::Clock;
use http::{Request, Response};
use localcloud::{AccessKeys, LocalCloud};
use serde_json::Value;

use super::{LOOK, SeedError};
use crate::http_client::PlainClient;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// Nobody is there.
    #[error("the local cloud at {endpoint} does not answer: {reason}")]
    Unreachable {
        /// Where it should be.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// The cloud says no.
    #[error("the cloud refused {operation}: {words}")]
    Refused {
        /// What was asked.
        operation: String,
        /// Its words.
        words: String,
    },
    /// The request can't be made.
    #[error("{operation} cannot be asked: {reason}")]
    Request {
        /// What was to be asked.
        operation: String,
        /// Why.
        reason: String,
    },
}

enum Way {
    Socket(Box<PlainClient>),
    InProcess(LocalCloud),
}

/// A cloud to call. `Debug` shows no keys.
pub struct Caller {
    way: Way,
    endpoint: String,
    keys: AccessKeys,
    region: String,
    clock: Clock,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Caller").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// How long a call that was one too many waits for its next turn, and how often: two minutes in all.
const PAUSE: Duration = Duration::from_millis(50);
const MOST_PAUSES: u32 = 2400;
/// More of an answer is not read.
const LARGEST_ANSWER_BYTES: usize = 64 << 20;

impl Caller {
    /// The cloud in this process.
    #[must_use]
    pub fn in_process(cloud: LocalCloud, clock: Clock) -> Caller {
        let (keys, region) = (cloud.keys().clone(), cloud.region().to_owned());
        Caller { way: Way::InProcess(cloud), endpoint: "http://localhost".to_owned(), keys, region, clock }
    }

    /// The cloud that listens at a URL such as `http://127.0.0.1:4580`.
    ///
    /// # Errors
    /// When that isn't a place.
    pub fn at(endpoint: &str, keys: AccessKeys, region: &str, clock: Clock) -> Result<Caller, CallerError> {
        let unreachable = |reason: String| CallerError::Unreachable { endpoint: endpoint.to_owned(), reason };
        let authority = endpoint
            .strip_prefix("http://")
            .ok_or_else(|| unreachable("the URL must begin with http://".to_owned()))?;
        authority
            .trim_end_matches('/')
            .to_socket_addrs()
            .map_err(|error| unreachable(error.to_string()))?
            .next()
            .ok_or_else(|| unreachable("no such address".to_owned()))?;
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let way = Way::Socket(Box::new(PlainClient::new()));
        Ok(Caller { way, endpoint, keys, region: region.to_owned(), clock })
    }

    /// The Region.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Wait until the next look: of a cloud in this process, the first at which something may have changed.
    pub(super) async fn rest(&self) {
        let look = u64::try_from(LOOK.as_millis()).unwrap_or(u64::MAX);
        let looks = match &self.way {
            Way::Socket(_) => 1,
            Way::InProcess(cloud) => cloud.next_change().map_or(1, |at| {
                upgrade::Timestamp(at.0).milliseconds_since(self.clock.now()).div_ceil(look).max(1)
            }),
        };
        self.clock.sleep(Duration::from_millis(looks.saturating_mul(look))).await;
    }

    /// The clock that everything here waits by.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Ask a Query service; gives the XML.
    ///
    /// # Errors
    /// When nobody answers, or the cloud refuses.
    pub async fn query(
        &self,
        service: &'static str,
        operation: &str,
        fields: &[(String, String)],
    ) -> Result<String, CallerError> {
        let version = match service {
            "cloudformation" => "2010-05-15",
            "autoscaling" => "2011-01-01",
            "elasticloadbalancing" => "2015-12-01",
            "rds" => "2014-10-31",
            "monitoring" => "2010-08-01",
            _ => "2016-11-15",
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", operation)
            .append_pair("Version", version)
            .extend_pairs(fields)
            .finish();
        let body = self
            .send(service, operation, "POST", "/", "application/x-www-form-urlencoded", form.into_bytes())
            .await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Ask a REST service; gives the JSON.
    ///
    /// # Errors
    /// When nobody answers, the cloud refuses, or what it answers is no JSON.
    pub async fn json(
        &self,
        service: &'static str,
        operation: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, SeedError> {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(service, operation, method, path, "application/json", bytes).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| SeedError::Answer { operation: operation.to_owned(), reason: error.to_string() })
    }

    /// Put something into S3: a bucket, or an object.
    pub(super) async fn put(&self, path: &str, body: Vec<u8>) -> Result<(), CallerError> {
        self.send("s3", "s3:Put", "PUT", path, "application/octet-stream", body).await.map(drop)
    }

    async fn send(
        &self,
        service: &'static str,
        operation: &str,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Bytes, CallerError> {
        let impossible = |reason: String| CallerError::Request { operation: operation.to_owned(), reason };
        let body = Bytes::from(body);
        let mut pauses = 0;
        loop {
            let request = Request::builder()
                .method(method)
                .uri(format!("{}{path}", self.endpoint))
                .header("content-type", content_type)
                .body(body.clone())
                .map_err(|error| impossible(error.to_string()))?;
            let request = self.signed(service, request).map_err(|error| impossible(error.to_string()))?;
            let answer = match &self.way {
                Way::InProcess(cloud) => cloud.call(request),
                Way::Socket(client) => client
                    .send(request, LARGEST_ANSWER_BYTES)
                    .await
                    .map_err(|reason| CallerError::Unreachable { endpoint: self.endpoint.clone(), reason })?,
            };
            if answer.status().is_success() {
                return Ok(answer.into_body());
            }
            if !is_one_too_many(&answer) || pauses >= MOST_PAUSES {
                let words = words(&answer);
                return Err(CallerError::Refused { operation: operation.to_owned(), words });
            }
            // Thousands of jobs are planted as quickly as the cloud takes them.
            pauses += 1;
            self.clock.sleep(PAUSE).await;
        }
    }

    fn signed(
        &self,
        service: &'static str,
        mut request: Request<Bytes>,
    ) -> Result<Request<Bytes>, Box<dyn std::error::Error>> {
        let (id, secret) = (self.keys.access_key_id.clone(), self.keys.secret_access_key.clone());
        let identity = Credentials::new(id, secret, None, None, "slackwater").into();
        let mut settings = SigningSettings::default();
        if service == "s3" {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(self.clock.system_time())
            .settings(settings)
            .build()?
            .into();
        let body = request.body().clone();
        let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok());
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            content_type.map(|value| ("content-type", value)).into_iter(),
            SignableBody::Bytes(&body),
        )?;
        let (instructions, _signature) = sign(signable, &params)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// Whether the cloud was asked too often, so that nothing was done.
fn is_one_too_many(answer: &Response<Bytes>) -> bool {
    let text = String::from_utf8_lossy(answer.body());
    answer.status() == 429
        || ["Throttling", "RequestLimitExceeded", "SlowDown"]
            .iter()
            .any(|code| text.contains(&format!("<Code>{code}")))
        || answer
            .headers()
            .get("x-amzn-errortype")
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("Throttling"))
}

/// A refusal's own words, whatever protocol they came in.
fn words(answer: &Response<Bytes>) -> String {
    let text = String::from_utf8_lossy(answer.body());
    let json = serde_json::from_str::<Value>(&text).ok();
    let of_json = json.as_ref().and_then(|json| json.get("message").or_else(|| json.get("Message")));
    let of_json = of_json.and_then(Value::as_str).map(str::to_owned);
    of_json
        .or_else(|| super::answer::texts(&text, "Message").into_iter().next())
        .unwrap_or_else(|| answer.status().to_string())
}

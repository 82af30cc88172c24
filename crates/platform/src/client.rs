//! One JSON request to the platform: where it goes, who it says we are, how long and how large its answer may be.
//! The only place that holds the token.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::{Base, PlatformConfig, PlatformError};
use crate::failure::Failure;
use crate::secret::Secret;
use crate::transport::{InProcessHandler, Transport};

/// The largest answer that is read. Code Ocean lists every computation a capsule ever had in one answer; at about a
/// kilobyte each this is thirty thousand.
pub(crate) const LARGEST_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The most pages of one list. It ends a list that would never end.
pub(crate) const MOST_PAGES: usize = 1_000;

/// What a path segment keeps as it is: RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How the token is presented.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scheme {
    /// `Bearer` and the token (RFC 6750).
    Bearer,
    /// `Basic` with the token as user name and no password (RFC 7617).
    BasicUserName,
}

pub(crate) struct Client {
    base: Base,
    authorization: HeaderValue,
    /// What no error may show: the token, and the token as the header holds it.
    hidden: Vec<Secret>,
    transport: Transport,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(
        config: &PlatformConfig,
        scheme: Scheme,
        in_process: Option<InProcessHandler>,
    ) -> Result<Client, PlatformError> {
        let base = Base::parse(&config.url)?;
        let token = config.token.expose();
        if token.is_empty() {
            return Err(PlatformError::NoToken);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PlatformError::TokenMalformed);
        }
        let credentials = match scheme {
            Scheme::Bearer => config.token.clone(),
            Scheme::BasicUserName => {
                use base64::Engine as _;
                Secret::new(base64::engine::general_purpose::STANDARD.encode(format!("{token}:")))
            }
        };
        let word = match scheme {
            Scheme::Bearer => "Bearer",
            Scheme::BasicUserName => "Basic",
        };
        let mut authorization = HeaderValue::try_from(format!("{word} {}", credentials.expose()))
            .map_err(|_| PlatformError::TokenMalformed)?;
        authorization.set_sensitive(true);
        let transport = match in_process {
            Some(handler) => Transport::InProcess(handler),
            None => Transport::network(&base.scheme, config.ca_file.as_deref())?,
        };
        let hidden = vec![credentials, config.token.clone()];
        Ok(Client { base, authorization, hidden, transport, timeout: config.timeout })
    }

    /// The text without the token, wherever a server or a library put it.
    pub(crate) fn hide(&self, text: String) -> String {
        self.hidden.iter().fold(text, |text, secret| text.replace(secret.expose(), "***"))
    }

    /// Ask, and read the answer's JSON.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        json(&self.send(Method::GET, path, query, None).await?)
    }

    /// Ask with a JSON body, and read the answer's JSON.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Failure> {
        json(&self.send(Method::POST, path, &[], Some(body)).await?)
    }

    /// Send one request; the body of a 2xx answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<Bytes, Failure> {
        let request = self.request(method, path, query, body)?;
        let answer = tokio::time::timeout(self.timeout, self.transport.call(request, LARGEST_ANSWER_BYTES))
            .await
            .map_err(|_| Failure::TimedOut(self.timeout))??;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.into_body());
        }
        if status.is_redirection() {
            return Err(Failure::Redirected { status, place: redirected_to(&answer) });
        }
        Err(refusal(status, &answer))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<http::Request<Bytes>, Failure> {
        let mut path_and_query = format!("{}{path}", self.base.path);
        if !query.is_empty() {
            let mut serializer = form_urlencoded::Serializer::new(String::new());
            serializer.extend_pairs(query);
            path_and_query.push('?');
            path_and_query.push_str(&serializer.finish());
        }
        let uri = Uri::builder()
            .scheme(self.base.scheme.clone())
            .authority(self.base.authority.as_str())
            .path_and_query(path_and_query)
            .build();
        let builder = http::Request::builder()
            .method(method)
            .uri(uri.map_err(|_| Failure::Unable("the request's URL is too long"))?)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json, application/problem+json")
            .header(USER_AGENT, concat!("slackwater/", env!("CARGO_PKG_VERSION")));
        let request = match body {
            Some(body) => {
                builder.header(CONTENT_TYPE, "application/json").body(Bytes::from(body.to_string()))
            }
            None => builder.body(Bytes::new()),
        };
        request.map_err(|_| Failure::Unable("the request can't be written"))
    }
}

/// A path of segments, each of them escaped. An id that a server would take for a step up is refused.
pub(crate) fn path(segments: &[&str]) -> Result<String, Failure> {
    let mut path = String::new();
    for segment in segments {
        if matches!(*segment, "" | "." | "..") {
            return Err(Failure::BadId((*segment).to_owned()));
        }
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    Ok(path)
}

/// An act on something that is gone: it has ended, which is what an end is for. `is_gone` tells a platform's own 404
/// from that of somebody else at the same address.
pub(crate) fn unless_gone(
    result: Result<Bytes, Failure>,
    is_gone: impl Fn(&Failure) -> bool,
) -> Result<(), Failure> {
    match result {
        Ok(_) => Ok(()),
        Err(failure) if is_gone(&failure) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(Failure::from_json)
}

/// Only the host: the rest of a redirect's target may hold anything.
fn redirected_to(answer: &http::Response<Bytes>) -> String {
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let uri = location.and_then(|location| location.parse::<Uri>().ok());
    match uri.as_ref().and_then(Uri::host) {
        Some(host) => host.to_owned(),
        None => "another path".to_owned(),
    }
}

fn refusal(status: StatusCode, answer: &http::Response<Bytes>) -> Failure {
    let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_problem = media_type.is_some_and(|value| {
        let name = value.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("application/problem+json")
    });
    Failure::Status { status, words: words(answer.body()), is_problem }
}

/// What a refusal says: RFC 9457's `title` and `detail`, or Code Ocean's `message`.
fn words(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Words {
        title: Option<String>,
        detail: Option<String>,
        message: Option<String>,
    }
    let words: Words = serde_json::from_slice(body).ok()?;
    let said: Vec<String> = [words.title, words.detail, words.message].into_iter().flatten().collect();
    if said.is_empty() { None } else { Some(said.join(": ")) }
}

//! A webhook: one POST to an address that is itself a secret.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderMap, StatusCode};

use crate::failure::{Failure, is_worth_repeating};
use crate::secret::Secret;
use crate::transport::Transport;

/// What a webhook answers is looked at no further than this.
const LARGEST_ANSWER_BYTES: usize = 64 * 1024;

/// Why a webhook didn't take what it was sent. The words show neither its address nor any part of it: whoever knows that can
/// write there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct NotTaken {
    pub words: String,
    /// What it answered; `None`: nothing.
    pub status: Option<u16>,
    /// Whether the same may be taken later.
    pub is_passing: bool,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl NotTaken {
    fn never(words: impl Into<String>) -> NotTaken {
        NotTaken { words: words.into(), status: None, is_passing: false, retry_after: None }
    }

    fn not_now(words: impl Into<String>) -> NotTaken {
        NotTaken { is_passing: true, ..NotTaken::never(words) }
    }
}

/// Post JSON to `url`, with `headers` beside those that every request has; gives the status, a success. No redirect is followed.
///
/// # Errors
/// It wasn't taken.
pub async fn post(
    url: &Secret,
    headers: HeaderMap,
    body: &serde_json::Value,
    timeout: Duration,
) -> Result<u16, NotTaken> {
    let body = Bytes::from(body.to_string());
    let answered = tokio::time::timeout(timeout, send(url.expose(), headers, body)).await;
    answered.unwrap_or_else(|_| Err(NotTaken::not_now(format!("no answer within {} s", timeout.as_secs()))))
}

async fn send(url: &str, headers: HeaderMap, body: Bytes) -> Result<u16, NotTaken> {
    let uri: http::Uri = url.parse().map_err(|_| NotTaken::never("its address is not a URL"))?;
    let scheme = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => scheme.clone(),
        Some(scheme) if *scheme == Scheme::HTTP && is_here(&uri) => scheme.clone(),
        Some(_) | None => {
            return Err(NotTaken::never("its address is not an https URL (http goes to this machine only)"));
        }
    };
    let hidden = [url.to_owned(), uri.host().unwrap_or_default().to_owned()];
    let hide = |text: String| {
        let parts = hidden.iter().filter(|part| !part.is_empty());
        parts.fold(text, |text, part| text.replace(part.as_str(), "***"))
    };
    let transport =
        Transport::network(&scheme, None).map_err(|error| NotTaken::never(hide(error.to_string())))?;
    let mut request =
        http::Request::post(uri).body(body).map_err(|_| NotTaken::never("its request can't be written"))?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, const { http::HeaderValue::from_static("application/json") });
    let agent = const { http::HeaderValue::from_static(concat!("slackwater/", env!("CARGO_PKG_VERSION"))) };
    request.headers_mut().insert(USER_AGENT, agent);
    let answer = match transport.call(request, LARGEST_ANSWER_BYTES).await {
        Ok(answer) => answer,
        Err(Failure::Untrusted(why)) => {
            return Err(NotTaken::never(hide(format!("its certificate is not trusted: {why}"))));
        }
        Err(failure) => {
            let is_passing = matches!(failure, Failure::Unreachable(_));
            return Err(NotTaken { is_passing, ..NotTaken::never(hide(failure.to_string())) });
        }
    };
    let status = answer.status();
    if status.is_success() {
        return Ok(status.as_u16());
    }
    Err(NotTaken {
        words: format!("it answered {status}"),
        status: Some(status.as_u16()),
        is_passing: is_worth_repeating(status),
        retry_after: wanted_pause(status, answer.headers()),
    })
}

/// The pause that a busy server asks for, in its form of seconds; as a date it is passed over.
fn wanted_pause(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !is_worth_repeating(status) {
        return None;
    }
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn is_here(uri: &http::Uri) -> bool {
    matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_failure_shows_the_address() {
        for (url, is_passing) in [
            ("not an address with-a-secret", false),
            ("ftp://host.invalid/with-a-secret", false),
            ("http://with-a-secret.invalid/x", false),
            ("http://127.0.0.1:1/with-a-secret", true),
            ("https://with-a-secret.invalid/x", true),
        ] {
            let body = serde_json::json!({});
            let url = Secret::new(url.to_owned());
            let failed = post(&url, HeaderMap::new(), &body, Duration::from_secs(5)).await;
            let failed = failed.expect_err("nobody listens");
            assert!(!format!("{failed} {failed:?}").contains("with-a-secret"), "{failed}");
            assert_eq!(failed.is_passing, is_passing, "{failed}");
        }
    }
}

//! A webhook: one POST of JSON to an address that is itself a secret.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::uri::Scheme;

use crate::secret::Secret;
use crate::transport::Transport;

/// What a webhook answers is looked at no further than this.
const LARGEST_ANSWER_BYTES: usize = 64 * 1024;

/// Post JSON to `url`. No redirect is followed.
///
/// # Errors
/// In words that show neither the URL nor any part of it: whoever knows it can write there.
pub async fn post_json(url: &Secret, body: &serde_json::Value, timeout: Duration) -> Result<(), String> {
    let answered = tokio::time::timeout(timeout, send(url.expose(), body)).await;
    answered.unwrap_or_else(|_| Err(format!("no answer within {} s", timeout.as_secs())))
}

async fn send(url: &str, body: &serde_json::Value) -> Result<(), String> {
    let uri: http::Uri = url.parse().map_err(|_| "its address is not a URL".to_owned())?;
    let scheme = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => scheme.clone(),
        Some(scheme) if *scheme == Scheme::HTTP && is_here(&uri) => scheme.clone(),
        Some(_) | None => {
            return Err("its address is not an https URL (http goes to this machine only)".to_owned());
        }
    };
    let hidden = [url.to_owned(), uri.host().unwrap_or_default().to_owned()];
    let hide = |text: String| {
        let parts = hidden.iter().filter(|part| !part.is_empty());
        parts.fold(text, |text, part| text.replace(part.as_str(), "***"))
    };
    let transport = Transport::network(&scheme, None).map_err(|error| hide(error.to_string()))?;
    let request = http::Request::post(uri)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("slackwater/", env!("CARGO_PKG_VERSION")))
        .body(Bytes::from(body.to_string()))
        .map_err(|_| "its request can't be written".to_owned())?;
    let answer = transport.call(request, LARGEST_ANSWER_BYTES).await;
    let status = answer.map_err(|failure| hide(failure.to_string()))?.status();
    if status.is_success() { Ok(()) } else { Err(format!("it answered {status}")) }
}

fn is_here(uri: &http::Uri) -> bool {
    matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_failure_shows_the_address() {
        for url in [
            "not an address with-a-secret",
            "ftp://host.invalid/with-a-secret",
            "http://with-a-secret.invalid/x",
            "http://127.0.0.1:1/with-a-secret",
            "https://with-a-secret.invalid/x",
        ] {
            let body = serde_json::json!({});
            let failed = post_json(&Secret::new(url.to_owned()), &body, Duration::from_secs(5)).await;
            let words = failed.expect_err("nobody listens");
            assert!(!words.contains("with-a-secret"), "{words}");
        }
    }
}

//! Who may talk to the local cloud at all: programs on this machine, never a page in a browser.
//!
//! A page can send requests to loopback, directly or through a name that resolves there (DNS rebinding). It
//! can't sign them, but it is turned away before that matters.

use http::HeaderMap;

/// Why a request is turned away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The `Host` is none of ours.
    #[error(
        "Host {0} is not served here: use 127.0.0.1, localhost or [::1] (or an amazonaws.com name in process)"
    )]
    Host(String),
    /// No `Host`.
    #[error("the request names no Host")]
    NoHost,
    /// A browser sent it.
    #[error("requests from web pages are refused (the request carries {0})")]
    Browser(&'static str),
}

/// The host a request names, without its port.
///
/// # Errors
/// When a browser sent it, or the host isn't loopback or an AWS name.
pub fn check(host: Option<&str>, headers: &HeaderMap) -> Result<String, OriginError> {
    for name in ["origin", "sec-fetch-site", "sec-fetch-mode"] {
        if headers.contains_key(name) {
            return Err(OriginError::Browser(name));
        }
    }
    let host = host.ok_or(OriginError::NoHost)?;
    let name = without_port(host).to_ascii_lowercase();
    let served = matches!(name.as_str(), "127.0.0.1" | "localhost" | "[::1]")
        || [".localhost", ".amazonaws.com", ".amazonaws.com.cn"]
            .iter()
            .any(|suffix| name.len() > suffix.len() && name.ends_with(suffix));
    if served { Ok(name) } else { Err(OriginError::Host(host.chars().take(100).collect())) }
}

/// The host of an authority.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // Every group but the last of an IPv6 address ends in a colon too: the bracket tells.
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !port.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::check;

    #[test]
    fn only_loopback_and_aws_names_are_served() {
        for (host, served) in [
            ("127.0.0.1:4566", true),
            ("localhost", true),
            ("[::1]:80", true),
            ("[::1]", true),
            ("bucket.localhost:4566", true),
            ("cloudformation.us-east-1.amazonaws.com", true),
            ("LOCALHOST:1", true),
            ("example.com", false),
            ("127.0.0.1.example.com", false),
            ("amazonaws.com.example.com:80", false),
            (".localhost", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(check(Some(host), &HeaderMap::new()).is_ok(), served, "{host}");
        }
        assert!(check(None, &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_browser_is_turned_away() {
        for name in ["origin", "sec-fetch-site"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static("null"));
            assert!(check(Some("localhost"), &headers).is_err(), "{name}");
        }
    }
}

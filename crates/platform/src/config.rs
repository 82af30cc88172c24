//! What a person says of their platform, and what can be wrong with it. It is checked once, before anything is
//! asked of the platform.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;

use crate::adapter::AdapterKind;
use crate::secret::Secret;

/// How a platform is reached. The token is not shown by `Debug`.
pub struct PlatformConfig {
    /// Which API it has. With [`crate::NONE`] the rest is not looked at.
    pub adapter: &'static AdapterKind,
    /// Where it is, such as `https://platform.example.org`. A path before the API's own is kept. Plain `http` only
    /// on this machine: the token must not cross a network in the clear.
    pub url: String,
    /// Who we are.
    pub token: Secret,
    /// A file of certificates (PEM) to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take, its answer included.
    pub timeout: Duration,
}

impl fmt::Debug for PlatformConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password; `Adapter::new` refuses that, but Debug comes before.
        formatter
            .debug_struct("PlatformConfig")
            .field("adapter", &self.adapter.word)
            .field("ca_file", &self.ca_file)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a platform can't even be asked.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// Not `http(s)://host…`.
    #[error("the platform's URL must look like https://platform.example.org")]
    Url,
    /// A user name or password in the URL, which is shown where a token isn't.
    #[error("the platform's URL must hold no user name or password; the token has a place of its own")]
    CredentialsInUrl,
    /// Plain HTTP to another machine.
    #[error("{0} is reached over plain http, which would show the token to the network; use https")]
    PlainHttp(String),
    #[error("the platform's API needs a token, and there is none")]
    NoToken,
    /// A token that a header can't carry.
    #[error("the platform's token holds characters that a token can't have")]
    TokenMalformed,
    /// The file of certificates can't be used.
    #[error("the certificates in {} can't be used: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        reason: String,
    },
    /// The system trusts nobody.
    #[error("this system has no certificates to trust ({0}); name a file of them")]
    NoSystemCertificates(String),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

/// Where the platform is, checked.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub scheme: Scheme,
    pub authority: String,
    /// Without a slash at its end.
    pub path: String,
}

impl Base {
    pub(crate) fn parse(url: &str) -> Result<Base, PlatformError> {
        let uri: Uri = url.trim().parse().map_err(|_| PlatformError::Url)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(PlatformError::Url);
        };
        if authority.as_str().contains('@') {
            return Err(PlatformError::CredentialsInUrl);
        }
        if uri.query().is_some() || authority.host().is_empty() {
            return Err(PlatformError::Url);
        }
        if *scheme == Scheme::HTTP && !is_this_machine(authority.host()) {
            return Err(PlatformError::PlainHttp(authority.host().to_owned()));
        }
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err(PlatformError::Url);
        }
        Ok(Base {
            scheme: scheme.clone(),
            authority: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// Loopback. A name that only resolves to it (other than `localhost`) doesn't count: it may resolve elsewhere.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_keeps_the_token_safe_is_taken() {
        let cases = [
            ("https://platform.example.org", Ok("platform.example.org ")),
            ("https://platform.example.org/", Ok("platform.example.org ")),
            ("https://platform.example.org:8443/base/", Ok("platform.example.org:8443 /base")),
            ("http://127.0.0.1:4000", Ok("127.0.0.1:4000 ")),
            ("http://[::1]:4000", Ok("[::1]:4000 ")),
            ("http://localhost:4000", Ok("localhost:4000 ")),
            ("http://platform.example.org", Err("plain http")),
            ("http://localhost.example.org", Err("plain http")),
            ("https://user:hunter2@platform.example.org", Err("no user name or password")),
            ("https://platform.example.org/?token=hunter2", Err("must look like")),
            ("ftp://platform.example.org", Err("must look like")),
            ("platform.example.org", Err("must look like")),
            ("/path", Err("must look like")),
            ("", Err("must look like")),
        ];
        for (url, expected) in cases {
            match (Base::parse(url), expected) {
                (Ok(base), Ok(parts)) => assert_eq!(format!("{} {}", base.authority, base.path), parts),
                (Err(error), Err(words)) => {
                    let shown = format!("{error} {error:?}");
                    assert!(shown.contains(words), "{url}: {shown}");
                    assert!(!shown.contains("hunter2"), "{url}: {shown}");
                }
                (found, _) => panic!("{url}: {found:?}"),
            }
        }
    }
}

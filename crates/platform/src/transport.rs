//! What carries a request: a connection, or a function in this process.
//!
//! hyper's own client with rustls, for the AWS SDK brings both along already (its client is the same hyper-util; ring
//! is its cryptography); reqwest would add some twenty crates for what is three methods here. It follows no redirect
//! and repeats nothing that was sent.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Scheme;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::config::PlatformError;
use crate::failure::{Failure, with_causes};

/// What an [`InProcessHandler`] gives.
pub type InProcessAnswer = Pin<Box<dyn Future<Output = http::Response<Bytes>> + Send>>;

/// A platform in this process: answers one HTTP request, on the caller's task. So a rehearsal can run in virtual
/// time, where a socket's wait would be taken for idleness.
pub type InProcessHandler = Arc<dyn Fn(http::Request<Bytes>) -> InProcessAnswer + Send + Sync>;

pub(crate) enum Transport {
    Network(Box<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>),
    InProcess(InProcessHandler),
}

impl Transport {
    pub(crate) fn network(scheme: &Scheme, ca_file: Option<&Path>) -> Result<Transport, PlatformError> {
        // Plain HTTP needs no certificates, and `Base` allows it on this machine only.
        let roots = if *scheme == Scheme::HTTP { RootCertStore::empty() } else { roots(ca_file)? };
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| PlatformError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = if *scheme == Scheme::HTTP { builder.https_or_http() } else { builder.https_only() };
        let client = Client::builder(TokioExecutor::new()).build(builder.enable_http1().build());
        Ok(Transport::Network(Box::new(client)))
    }

    /// Send, and read the answer to its end, but no more than `limit` bytes of it.
    pub(crate) async fn call(
        &self,
        request: http::Request<Bytes>,
        limit: usize,
    ) -> Result<http::Response<Bytes>, Failure> {
        match self {
            Transport::Network(client) => {
                let response =
                    client.request(request.map(Full::new)).await.map_err(|error| unreachable(&error))?;
                let (parts, body) = response.into_parts();
                let body = Limited::new(body, limit).collect().await.map_err(|error| {
                    if error.is::<LengthLimitError>() {
                        Failure::TooLarge(limit)
                    } else {
                        Failure::Unreachable(format!("the answer broke off: {}", with_causes(error.as_ref())))
                    }
                })?;
                Ok(http::Response::from_parts(parts, body.to_bytes()))
            }
            Transport::InProcess(handler) => {
                let response = handler(request).await;
                if response.body().len() > limit {
                    return Err(Failure::TooLarge(limit));
                }
                Ok(response)
            }
        }
    }
}

/// A certificate that isn't trusted stays so; everything else about a connection may be better a minute later.
fn unreachable(error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(rustls::Error::InvalidCertificate(reason)) = current.downcast_ref::<rustls::Error>() {
            return Failure::Untrusted(reason.to_string());
        }
        // An io::Error's source skips the error that it wraps; here one wraps another.
        cause = match current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    Failure::Unreachable(with_causes(error))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, PlatformError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let unusable = |reason: String| PlatformError::Certificates { path: path.to_owned(), reason };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| unusable(with_causes(&error)))?
            {
                let certificate = certificate.map_err(|error| unusable(with_causes(&error)))?;
                roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(unusable("there is no certificate in it".to_owned()));
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            // Some systems carry a certificate that rustls can't read; the others still count.
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
                return Err(PlatformError::NoSystemCertificates(reasons.join("; ")));
            }
        }
    }
    Ok(roots)
}

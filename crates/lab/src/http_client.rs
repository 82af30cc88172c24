//! One HTTP/1.1 request on a connection of its own: what the worker and the signed AWS calls need.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// This build speaks plain HTTP only.
    #[error("{0} is not an http:// address: this program brings no TLS")]
    NotHttp(String),
    /// Nobody listens, or the connection broke.
    #[error("{authority} can't be reached: {source}")]
    Unreachable { authority: String, source: std::io::Error },
    /// What came is no HTTP.
    #[error("{authority} does not answer in HTTP: {source}")]
    Protocol { authority: String, source: hyper::Error },
    /// Nothing came.
    #[error("{authority} did not answer within {} s", PATIENCE.as_secs())]
    Slow { authority: String },
}

/// Send a request whose URI is absolute.
///
/// # Errors
/// When there is no answer. An answer of any status is one.
pub async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let authority = authority(request.uri())?;
    let exchange = exchange(request, &authority);
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .unwrap_or_else(|_| Err(HttpError::Slow { authority: authority.clone() }))
}

fn authority(uri: &Uri) -> Result<String, HttpError> {
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) => Ok(format!("{host}:{}", uri.port_u16().unwrap_or(80))),
        _ => Err(HttpError::NotHttp(uri.to_string())),
    }
}

async fn exchange(request: Request<Bytes>, authority: &str) -> Result<Response<Bytes>, HttpError> {
    let protocol = |source| HttpError::Protocol { authority: authority.to_owned(), source };
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|source| HttpError::Unreachable { authority: authority.to_owned(), source })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(protocol)?;
    let driver = tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    if let Ok(host) = parts.uri.authority().map_or(authority, |authority| authority.as_str()).parse() {
        parts.headers.entry(http::header::HOST).or_insert(host);
    }
    if let Some(path) = parts.uri.path_and_query() {
        parts.uri = Uri::from(path.clone());
    }
    let response =
        sender.send_request(Request::from_parts(parts, Full::new(body))).await.map_err(protocol)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(protocol)?.to_bytes();
    driver.abort();
    Ok(Response::from_parts(parts, body))
}

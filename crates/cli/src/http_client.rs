//! Plain HTTP to this machine, as anybody's client speaks it: a connection for each request.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client without memory.
#[derive(Debug, Clone)]
pub(crate) struct PlainClient(Client<HttpConnector, Full<Bytes>>);

impl PlainClient {
    pub(crate) fn new() -> PlainClient {
        // A connection that waits may be closed by the other side in the moment in which it is used again.
        PlainClient(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http())
    }

    /// Send a request, and read its answer to the end; an answer of any status is one.
    ///
    /// # Errors
    /// In words, when there is none, or it is longer than `most` bytes.
    pub(crate) async fn send(&self, request: Request<Bytes>, most: usize) -> Result<Response<Bytes>, String> {
        let answer = self.0.request(request.map(Full::new)).await.map_err(|error| error.to_string())?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, most).collect().await;
        Ok(Response::from_parts(parts, body.map_err(|error| error.to_string())?.to_bytes()))
    }
}

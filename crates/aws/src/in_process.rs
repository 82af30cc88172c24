//! The connector that calls a function instead of a socket.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;

/// Answers one HTTP request. It must not block for long: it runs on the caller's task. A `std::io::ErrorKind` among
/// the answer's extensions says that the connection broke instead.
pub type InProcessHandler = Arc<dyn Fn(http::Request<Bytes>) -> http::Response<Bytes> + Send + Sync>;

/// Carries one HTTP request and gives the answer in its time: a line between two machines, with all that can happen on it. An
/// error says that the connection broke, and nobody knows what came of the request.
pub type Carrier = Arc<dyn Fn(http::Request<Bytes>) -> Carried + Send + Sync>;

/// What a [`Carrier`] gives, in its time.
pub type Carried = Pin<Box<dyn Future<Output = io::Result<http::Response<Bytes>>> + Send>>;

pub(crate) fn carried(carrier: Carrier) -> SharedHttpConnector {
    SharedHttpConnector::new(CarriedConnector { carrier })
}

struct CarriedConnector {
    carrier: Carrier,
}

impl fmt::Debug for CarriedConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CarriedConnector")
    }
}

impl HttpConnector for CarriedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let carrier = self.carrier.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
            let response = carrier(http::Request::from_parts(parts, body)).await;
            let response = response.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

pub(crate) fn connector(handler: InProcessHandler) -> SharedHttpConnector {
    SharedHttpConnector::new(Connector { handler })
}

struct Connector {
    handler: InProcessHandler,
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let handler = self.handler.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
            let response = handler(http::Request::from_parts(parts, body));
            // How a function says that the line was cut instead of answering.
            if let Some(kind) = response.extensions().get::<std::io::ErrorKind>() {
                return Err(ConnectorError::io(std::io::Error::from(*kind).into()));
            }
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

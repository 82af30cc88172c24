//! An HTTP server on loopback around a function, plain or with TLS; and an adapter that reaches it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use platform::{Adapter, AdapterKind, InProcessHandler, PlatformConfig, Secret};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Long, odd and easy to find in a text.
pub const TOKEN: &str = "tok_5ecre7-n0t-t0-be-sh0wn";

/// A handler that answers at once.
pub fn handler(
    answer: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
) -> InProcessHandler {
    Arc::new(move |request| {
        let response = answer(request);
        Box::pin(async move { response })
    })
}

/// Serve on a free port until the runtime ends.
pub async fn serve(handler: InProcessHandler, tls: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _peer)) = listener.accept().await {
            let (handler, tls) = (handler.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            converse(stream, handler).await;
                        }
                    }
                    None => converse(stream, handler).await,
                }
            });
        }
    });
    address
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, handler: InProcessHandler) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let handler = handler.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(handler(Request::from_parts(parts, body)).await.map(Full::new))
        }
    });
    // A client that goes away ends its own connection.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

pub fn config(adapter: &'static AdapterKind, url: String) -> PlatformConfig {
    PlatformConfig {
        adapter,
        url,
        token: Secret::new(TOKEN.to_owned()),
        ca_file: None,
        timeout: Duration::from_secs(20),
    }
}

/// An adapter of the platform that `handler` is, over a socket.
pub async fn over_socket(kind: &'static AdapterKind, handler: InProcessHandler) -> Adapter {
    let address = serve(handler, None).await;
    Adapter::new(config(kind, format!("http://{address}"))).expect("a usable configuration")
}

/// The same in this process.
pub fn in_process(kind: &'static AdapterKind, handler: InProcessHandler) -> Adapter {
    let config = config(kind, "https://platform.example.org/base".to_owned());
    Adapter::in_process(config, handler).expect("a usable configuration")
}

/// An answer.
pub fn answer(status: u16, media_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", media_type)
        .body(body.into())
        .expect("a response")
}

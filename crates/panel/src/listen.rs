//! Sockets: where the panel listens, with or without TLS, and what a slow or silent client may cost.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// A client that has not said its headers, or not shaken hands, by then is hung up on.
const HEADER_SECONDS: u64 = 10;

/// A client that reads nothing of what it asked for is hung up on by then.
const WRITE_SECONDS: u64 = 30;

/// Connections at once; more wait.
const MOST_CONNECTIONS: usize = 1024;

/// Connections at once from one address, so that nobody takes all of the room. Behind a proxy everybody has the
/// proxy's address: there it is the proxy's business.
const MOST_FROM_AN_ADDRESS: usize = MOST_CONNECTIONS / 2;

/// Certificate and key, PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Why the panel can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Passwords would cross a network in clear.
    #[error(
        "{0} is reached by others, and without TLS passwords would cross the network in clear: give --tls-cert and \
         --tls-key, or --behind-proxy where a proxy does it, or listen on 127.0.0.1"
    )]
    InClear(SocketAddr),
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {address}: {source}")]
    Bind { address: SocketAddr, source: std::io::Error },
    /// A certificate or key can't be used.
    #[error("{}: {reason}", path.display())]
    Tls { path: PathBuf, reason: String },
}

/// A socket that is open.
pub struct Listening {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    most_from_an_address: usize,
    pub address: SocketAddr,
}

/// Open a socket. Beyond this machine it must be TLS, or a proxy's business.
///
/// # Errors
/// It would be in clear, the socket can't be had, or the certificate can't be used.
pub async fn listen(
    address: SocketAddr,
    tls: Option<&Tls>,
    behind_proxy: bool,
) -> Result<Listening, ListenError> {
    if tls.is_none() && !behind_proxy && !address.ip().is_loopback() {
        return Err(ListenError::InClear(address));
    }
    let tls = tls.map(acceptor).transpose()?;
    let bind = |source| ListenError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let most_from_an_address = if behind_proxy { MOST_CONNECTIONS } else { MOST_FROM_AN_ADDRESS };
    Ok(Listening { listener, tls, most_from_an_address, address })
}

fn acceptor(tls: &Tls) -> Result<TlsAcceptor, ListenError> {
    let unusable = |path: &Path, reason: String| ListenError::Tls { path: path.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&tls.certificate, error.to_string()))?;
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| unusable(&tls.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&tls.certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| unusable(&tls.certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Listening {
    /// Whether it speaks TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serve for as long as this is awaited.
    pub async fn serve(self, router: Router) {
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let guests = Arc::new(Guests::default());
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Who has too many is hung up on at once; who waits is somebody else.
                    if let Some(seat) = Guests::seat(&guests, peer.ip(), self.most_from_an_address) {
                        tokio::spawn(serve_connection(
                            stream,
                            peer,
                            self.tls.clone(),
                            router.clone(),
                            (permit, seat),
                        ));
                    }
                }
                // Out of file descriptors, or a client that went away at once: neither ends the panel.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    place: (OwnedSemaphorePermit, Seat),
) {
    // Live events are small, and wanted at once.
    let _best_effort = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_secs(WRITE_SECONDS)));
    let stream = Box::pin(stream);
    match tls {
        None => serve_http(stream, peer, router).await,
        Some(tls) => {
            let hands = tokio::time::timeout(Duration::from_secs(HEADER_SECONDS), tls.accept(stream)).await;
            if let Ok(Ok(stream)) = hands {
                serve_http(stream, peer, router).await;
            }
        }
    }
    drop(place);
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Guests {
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among its address's; given back when it is dropped.
#[derive(Debug)]
struct Seat {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    /// A place, while the address has fewer than so many.
    fn seat(guests: &Arc<Guests>, address: IpAddr, most: usize) -> Option<Seat> {
        let mut counts = guests.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { guests: Arc::clone(guests), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.guests.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.oneshot(request).await.map_err(|never: Infallible| never)
        }
    });
    // A connection that breaks is the client's business.
    let _ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS))
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

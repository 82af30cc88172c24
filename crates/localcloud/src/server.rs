//! The local cloud on a socket: HTTP/1.1 on loopback around [`LocalCloud::call`].

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::machine_room::{MachineRoom, MachineRoomError};
use crate::service::{LARGEST_BODY_BYTES, LocalCloud};

/// How long a client may take to send its headers.
const HEADER_READ_SECONDS: u64 = 30;
/// How long connections may finish their request after the shutdown was asked for.
const DRAIN_SECONDS: u64 = 5;
/// Connections beyond this wait for others to end.
const MOST_CONNECTIONS: usize = 256;

/// Why the server can't serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It can start processes for whoever holds the keys: it must not be reachable from elsewhere.
    #[error("the local cloud listens on loopback only, not on {0}: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The machine room.
    #[error(transparent)]
    Machines(#[from] MachineRoomError),
    /// The listener.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// Serve as [`serve`] does, with a machine room beside it: load balancers listen, and what carries the image
/// `local/process` is a process. `folder` is where the machines have their working folders and logs. When this returns no
/// process is left.
///
/// # Errors
/// When the listener isn't on loopback, or the folder can't be used.
pub async fn serve_with_machines(
    listener: TcpListener,
    cloud: LocalCloud,
    folder: PathBuf,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let machines = MachineRoom::open(cloud.clone(), folder, &format!("http://{address}"))?;
    let served = serve(listener, cloud, shutdown).await;
    machines.close().await;
    served
}

/// Serve until `shutdown` is ready, then let the connections finish what they are at.
///
/// # Errors
/// When the listener isn't on loopback. A failing connection ends that connection alone.
pub async fn serve(
    listener: TcpListener,
    cloud: LocalCloud,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let has_room = connections.len() < MOST_CONNECTIONS;
        tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, _peer)) => {
                    let (cloud, mut stopped) = (cloud.clone(), stopped.clone());
                    connections.spawn(async move {
                        let service = service_fn(move |request| answer(cloud.clone(), request));
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .header_read_timeout(Duration::from_secs(HEADER_READ_SECONDS))
                            .max_buf_size(64 * 1024)
                            .serve_connection(TokioIo::new(stream), service);
                        tokio::pin!(connection);
                        // A connection that fails has a client that went away: nobody is left to tell.
                        tokio::select! {
                            _ended = &mut connection => {}
                            () = async { let _asked = stopped.wait_for(|stop| *stop).await; } => {
                                connection.as_mut().graceful_shutdown();
                                let _ended = connection.await;
                            }
                        }
                    });
                }
                // Out of file descriptors, most likely: a moment later some may be free.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let _told = stop.send(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _in_time = tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS), drained).await;
    Ok(())
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    /// It has failed.
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    /// A fault was ordered.
    #[error("a fault closes the connection")]
    Dropped,
}

async fn answer(cloud: LocalCloud, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, AnswerError> {
    let (parts, body) = request.into_parts();
    let stated = body.size_hint().lower();
    if usize::try_from(stated).is_ok_and(|stated| stated <= LARGEST_BODY_BYTES) {
        match Limited::new(body, LARGEST_BODY_BYTES).collect().await {
            Ok(whole) => {
                let request = Request::from_parts(parts, whole.to_bytes());
                let response = cloud.call(request);
                if response.extensions().get::<io::ErrorKind>().is_some() {
                    return Err(AnswerError::Dropped);
                }
                return Ok(response.map(Full::new));
            }
            Err(error) => match error.downcast::<hyper::Error>() {
                Ok(error) => return Err(AnswerError::Connection(*error)),
                Err(_beyond_the_limit) => {}
            },
        }
    }
    let mut response = cloud.too_large(&parts).map(Full::new);
    // The rest of the body is not read, so the connection can't go on.
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    Ok(response)
}

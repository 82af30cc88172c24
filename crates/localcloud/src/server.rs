//! The local cloud on a socket: HTTP/1.1 on loopback around [`LocalCloud::call`].
//!
//! Nothing of a body is kept before its request's headers have been looked at ([`LocalCloud::look_at_head`]): who isn't known
//! here is refused by them. Where the signature covers the body itself, little of it is read (`server/room.rs`).

mod room;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::machine_room::{MachineRoom, MachineRoomError};
use crate::service::{Head, LARGEST_BODY_BYTES, LocalCloud};

use room::{Room, Seat};

/// How long a client may take to send its headers, and how much of them; so many are read.
const HEADER_READ_SECONDS: u64 = 30;
const LARGEST_HEAD_BYTES: usize = 32 * 1024;
const MOST_HEADERS: usize = 64;
/// How long it may take to send its body.
const BODY_READ_SECONDS: u64 = 30;
/// The largest body that is read before its signature is known to hold: CloudFormation's largest request, as a form.
const LARGEST_UNVERIFIED_BYTES: usize = 4 * 1024 * 1024;
/// What is still read, and not kept, of a refused request, so that its client reads the answer; and for how long.
const PASSED_OVER_BYTES: usize = 1024 * 1024;
const PASSED_OVER_SECONDS: u64 = 2;
/// How long connections may finish their request after the shutdown was asked for.
const DRAIN_SECONDS: u64 = 5;

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
    let room = Room::default();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => {
                    // With everybody at something verified, whoever comes tries again.
                    let Some(seat) = room.enter() else { continue };
                    let (cloud, mut stopped, seat) = (cloud.clone(), stopped.clone(), Arc::new(seat));
                    connections.spawn(async move {
                        let own = Arc::clone(&seat);
                        let service = service_fn(move |request| answer(cloud.clone(), Arc::clone(&own), request));
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .header_read_timeout(Duration::from_secs(HEADER_READ_SECONDS))
                            .max_headers(MOST_HEADERS)
                            .max_buf_size(LARGEST_HEAD_BYTES)
                            .serve_connection(TokioIo::new(stream), service);
                        tokio::pin!(connection);
                        // A connection that fails has a client that went away: nobody is left to tell.
                        tokio::select! {
                            _ended = &mut connection => {}
                            () = seat.asked_to_leave() => {}
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
    /// Its body took too long, or too much.
    #[error("the connection makes room for others")]
    MakesRoom,
}

async fn answer(
    cloud: LocalCloud,
    seat: Arc<Seat>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, AnswerError> {
    let (parts, body) = request.into_parts();
    let head = match cloud.look_at_head(&parts) {
        Ok(head) => head,
        Err(refusal) => return Ok(pass_over(body, *refusal).await),
    };
    let whole = read(&parts, body, head, &seat, &cloud).await;
    let answered = match whole {
        Ok(whole) => {
            let response = cloud.call(Request::from_parts(parts, whole));
            match response.extensions().get::<io::ErrorKind>() {
                Some(_) => Err(AnswerError::Dropped),
                None => Ok(response.map(Full::new)),
            }
        }
        Err(Unread::Connection(error)) => Err(error.into()),
        Err(Unread::Refused(refusal)) => Ok(closing(*refusal)),
        Err(Unread::MakesRoom) => Err(AnswerError::MakesRoom),
    };
    seat.let_go();
    answered
}

/// Why a body isn't read to its end.
enum Unread {
    Connection(hyper::Error),
    Refused(Box<Response<Bytes>>),
    MakesRoom,
}

/// The whole body, as far as its request's headers vouch for it.
async fn read(
    parts: &Parts,
    mut body: Incoming,
    head: Head,
    seat: &Seat,
    cloud: &LocalCloud,
) -> Result<Bytes, Unread> {
    let (limit, is_verified) = match head {
        Head::Verified => (LARGEST_BODY_BYTES, true),
        Head::NeedsBody => (LARGEST_UNVERIFIED_BYTES, false),
    };
    let too_large = || Unread::Refused(Box::new(cloud.too_large(parts, limit)));
    let stated = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if stated > limit {
        return Err(too_large());
    }
    let reading = async {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(Unread::Connection)?;
            let Some(data) = frame.data_ref() else { continue };
            if whole.len() + data.len() > limit {
                return Err(too_large());
            }
            if !seat.keep(data.len(), is_verified) {
                return Err(Unread::MakesRoom);
            }
            whole.extend_from_slice(data);
        }
        Ok(Bytes::from(whole))
    };
    // Who sends no more is no client any more.
    tokio::time::timeout(Duration::from_secs(BODY_READ_SECONDS), reading)
        .await
        .unwrap_or(Err(Unread::MakesRoom))
}

/// The refusal of a request whose body nobody keeps.
async fn pass_over(mut body: Incoming, refusal: Response<Bytes>) -> Response<Full<Bytes>> {
    // What says itself that it is long isn't waited for.
    let stated = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if stated > PASSED_OVER_BYTES {
        return closing(refusal);
    }
    let passing = async {
        let mut passed = 0;
        while let Some(frame) = body.frame().await {
            passed +=
                frame.ok().and_then(|frame| frame.data_ref().map(Bytes::len)).unwrap_or(PASSED_OVER_BYTES);
            if passed > PASSED_OVER_BYTES {
                return false;
            }
        }
        true
    };
    let limit = Duration::from_secs(PASSED_OVER_SECONDS);
    if tokio::time::timeout(limit, passing).await.unwrap_or(false) {
        refusal.map(Full::new)
    } else {
        closing(refusal)
    }
}

/// The answer to a request whose body isn't read: the connection can't go on.
fn closing(response: Response<Bytes>) -> Response<Full<Bytes>> {
    let mut response = response.map(Full::new);
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}

//! A request on its way to a target and the answer on its way back: headers, bodies as they flow, upgrades, and the idle
//! timeout, which counts from the last byte in either direction.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Sleep;

use super::traffic::{Traffic, UnderWay};
use crate::Clock;
use crate::services::load_balancing::{ForwardedFor, Settings};

/// The body of an answer.
pub(super) type Answer = UnsyncBoxBody<Bytes, CarryError>;

/// Why a body doesn't go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum CarryError {
    /// The other side has failed.
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    /// Nothing came for too long.
    #[error("nothing came for {} seconds", .0.as_secs())]
    Idle(Duration),
}

/// How long a target may take to accept a connection.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html> (504)
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers that are about one connection alone. <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>
const HOP_BY_HOP: &[&str] = &[
    "connection",
    // Answered by whoever reads the body, which is the load balancer.
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where a request goes, and how.
pub(super) struct Way<'a> {
    pub(super) settings: &'a Settings,
    pub(super) peer: SocketAddr,
    pub(super) target: &'a str,
    pub(super) address: SocketAddr,
}

/// Connections to targets.
#[derive(Debug)]
pub(super) struct Forward {
    client: Client<HttpConnector, Carried>,
    clock: Clock,
    traffic: Traffic,
}

impl Forward {
    pub(super) fn new(clock: Clock, traffic: Traffic) -> Forward {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Forward { client, clock, traffic }
    }

    /// Carry a request to its target.
    ///
    /// # Errors
    /// The status that the load balancer answers instead: 502 for a target that refuses or breaks off, 504 for one
    /// that is silent.
    pub(super) async fn carry(
        &self,
        mut request: Request<Incoming>,
        way: Way<'_>,
    ) -> Result<Response<Answer>, StatusCode> {
        let idle = Idle::new(self.clock, way.settings.idle_timeout);
        let under_way = self.traffic.count(way.target);
        let upgrade = upgrade_of(request.headers());
        let client_side = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = Uri::builder()
            .scheme("http")
            .authority(way.address.to_string())
            .path_and_query(path)
            .build()
            .map_err(|_| StatusCode::BAD_REQUEST)?;
        parts.version = http::Version::HTTP_11;
        remove_hop_by_hop(&mut parts.headers);
        ask_for_upgrade(&mut parts.headers, upgrade.as_ref());
        forwarded(&mut parts.headers, &way);
        let request = Request::from_parts(parts, Carried::new(body, idle.clone(), None));
        let mut response = tokio::select! {
            answered = self.client.request(request) => answered.map_err(|error| status_of(&error))?,
            () = idle.over() => return Err(StatusCode::GATEWAY_TIMEOUT),
        };
        // A target that speaks HTTP/1.0 ends its own connections, not the client's.
        *response.version_mut() = http::Version::HTTP_11;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let client_side = client_side.ok_or(StatusCode::BAD_GATEWAY)?;
            let target_side = hyper::upgrade::on(&mut response);
            let switched = upgrade_of(response.headers());
            tokio::spawn(join(client_side, target_side, way.settings.idle_timeout, under_way));
            remove_hop_by_hop(response.headers_mut());
            ask_for_upgrade(response.headers_mut(), switched.as_ref());
            return Ok(response.map(|body| Carried::new(body, idle, None).boxed_unsync()));
        }
        remove_hop_by_hop(response.headers_mut());
        Ok(response.map(|body| Carried::new(body, idle, Some(under_way)).boxed_unsync()))
    }
}

/// 504 for what took too long, 502 for everything else.
fn status_of(error: &(dyn Error + 'static)) -> StatusCode {
    let mut cause = Some(error);
    while let Some(found) = cause {
        if found.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return StatusCode::GATEWAY_TIMEOUT;
        }
        cause = found.source();
    }
    StatusCode::BAD_GATEWAY
}

/// The protocol that a connection is to be upgraded to.
fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = named_by_connection(headers).contains(&UPGRADE);
    headers.get(UPGRADE).filter(|_| asks).cloned()
}

fn ask_for_upgrade(headers: &mut HeaderMap, protocol: Option<&HeaderValue>) {
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    }
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(*name);
    }
}

/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html>
fn forwarded(headers: &mut HeaderMap, way: &Way<'_>) {
    let mut set = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set("x-forwarded-proto", way.settings.protocol);
    set("x-forwarded-port", &way.settings.port.to_string());
    match way.settings.forwarded_for {
        ForwardedFor::Preserve => {}
        ForwardedFor::Remove => {
            headers.remove("x-forwarded-for");
        }
        ForwardedFor::Append => {
            let given = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
            let mut all: Vec<String> = given.map(str::to_owned).collect();
            all.push(way.peer.ip().to_string());
            if let Ok(value) = HeaderValue::from_str(&all.join(", ")) {
                headers.insert("x-forwarded-for", value);
            }
        }
    }
}

/// Carry an upgraded connection until one side closes it, or both are silent for too long.
async fn join(
    client: hyper::upgrade::OnUpgrade,
    target: hyper::upgrade::OnUpgrade,
    idle: Duration,
    under_way: UnderWay,
) {
    // A side that has gone away needs the other no more.
    let (Ok(client), Ok(target)) = tokio::join!(client, target) else { return };
    let (client, target) = (TokioIo::new(client), TokioIo::new(target));
    super::traffic::copy_both(client, target, idle).await;
    drop(under_way);
}

/// When the last byte came, in either direction.
#[derive(Debug, Clone)]
struct Idle {
    clock: Clock,
    timeout: Duration,
    last: Arc<AtomicU64>,
}

impl Idle {
    fn new(clock: Clock, timeout: Duration) -> Idle {
        Idle { clock, timeout, last: Arc::new(AtomicU64::new(clock.now().0)) }
    }

    fn touch(&self) {
        self.last.store(self.clock.now().0, Ordering::Relaxed);
    }

    /// How much of the timeout is left.
    fn left(&self) -> Duration {
        let silent = self.clock.now().0.saturating_sub(self.last.load(Ordering::Relaxed));
        self.timeout.saturating_sub(Duration::from_millis(silent))
    }

    async fn over(&self) {
        loop {
            match self.left() {
                Duration::ZERO => return,
                left => tokio::time::sleep(left).await,
            }
        }
    }
}

/// A body as it flows.
#[derive(Debug)]
pub(super) struct Carried {
    body: Incoming,
    idle: Idle,
    timer: Pin<Box<Sleep>>,
    _under_way: Option<UnderWay>,
}

impl Carried {
    fn new(body: Incoming, idle: Idle, under_way: Option<UnderWay>) -> Carried {
        let timer = Box::pin(tokio::time::sleep(idle.timeout));
        Carried { body, idle, timer, _under_way: under_way }
    }
}

impl Body for Carried {
    type Data = Bytes;
    type Error = CarryError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CarryError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.idle.touch();
            return Poll::Ready(frame.map(|frame| frame.map_err(CarryError::Connection)));
        }
        while this.timer.as_mut().poll(context).is_ready() {
            match this.idle.left() {
                Duration::ZERO => return Poll::Ready(Some(Err(CarryError::Idle(this.idle.timeout)))),
                left => this.timer.set(tokio::time::sleep(left)),
            }
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! The loopback ports that listeners listen on, and the connections to them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::proxy::{Listener, Proxy};
use super::report::Report;
use super::traffic::Traffic;
use crate::services::load_balancing::{self, Listening};
use crate::{LocalCloud, World};

/// Ports below are for privileged programs.
const FIRST_FREE_PORT: u16 = 1024;
/// How long connections may finish what they are at when everything closes.
const DRAIN: Duration = Duration::from_secs(1);

/// The listeners that listen.
#[derive(Debug)]
pub(super) struct Balancers {
    cloud: LocalCloud,
    proxy: Arc<Proxy>,
    bound: BTreeMap<String, Bound>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Bound {
    asked_port: u16,
    /// When it is dropped the listener closes: connections finish the request they are at.
    _open: watch::Sender<()>,
}

/// What the world wants.
pub(super) fn wanted(world: &World) -> Vec<Listening> {
    load_balancing::listening(world)
}

impl Balancers {
    pub(super) fn new(cloud: &LocalCloud, traffic: &Traffic) -> Balancers {
        Balancers {
            cloud: cloud.clone(),
            proxy: Arc::new(Proxy::new(cloud.clone(), traffic.clone())),
            bound: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Listen where it is wanted, and nowhere else.
    pub(super) async fn reconcile(&mut self, wanted: &[Listening]) {
        self.bound.retain(|arn, bound| {
            wanted.iter().any(|wanted| wanted.arn == *arn && wanted.port == bound.asked_port)
        });
        while self.tasks.try_join_next().is_some() {}
        for wanted in wanted {
            if self.bound.contains_key(&wanted.arn) {
                continue;
            }
            // Out of ports or of file descriptors: the next look tries again.
            let Some(listener) = bind(wanted).await else { continue };
            let Ok(address) = listener.local_addr() else { continue };
            if wanted.kept_port != Some(address.port()) {
                let report = Report::Listening { listener: wanted.arn.clone(), port: address.port() };
                // A world that has broken is noticed by the next look.
                let _told = self.cloud.report(&report);
            }
            let (open, closed) = watch::channel(());
            self.bound.insert(wanted.arn.clone(), Bound { asked_port: wanted.port, _open: open });
            let of = Listener { arn: wanted.arn.clone(), port: address.port() };
            self.tasks.spawn(accept(listener, self.proxy.clone(), Arc::new(of), closed));
        }
    }

    /// Close all of them.
    pub(super) async fn end_all(&mut self) {
        self.bound.clear();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout(DRAIN, ended).await;
        self.tasks.shutdown().await;
    }
}

/// The port of before, else its own, else any.
async fn bind(wanted: &Listening) -> Option<TcpListener> {
    let own = Some(wanted.port).filter(|port| *port >= FIRST_FREE_PORT);
    for port in wanted.kept_port.into_iter().chain(own).chain([0]) {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Some(listener);
        }
    }
    None
}

async fn accept(
    listener: TcpListener,
    proxy: Arc<Proxy>,
    of: Arc<Listener>,
    mut closed: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // The sender never sends: it is dropped.
            _closed = closed.changed() => break,
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (proxy, of, mut closed) = (proxy.clone(), of.clone(), closed.clone());
                    // A small answer that waits for more would be a slow one.
                    let _slower = stream.set_nodelay(true);
                    connections.spawn(async move {
                        let idle = proxy.idle_timeout(&of);
                        let service = service_fn(move |request| {
                            let (proxy, of) = (proxy.clone(), of.clone());
                            async move { proxy.answer(&of, peer, request).await }
                        });
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .header_read_timeout(idle)
                            .serve_connection(TokioIo::new(stream), service)
                            .with_upgrades();
                        tokio::pin!(connection);
                        // A connection that fails has a client that went away: nobody is left to tell.
                        tokio::select! {
                            _ended = &mut connection => {}
                            _closed = closed.changed() => {
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
    while connections.join_next().await.is_some() {}
}

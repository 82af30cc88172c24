//! The panel's own thread: whoever looks, however many, takes no time of the thread that carries runs out.

use std::net::SocketAddr;

use panel::{Panel, Tls};
use tokio::sync::oneshot;

use super::ServeError;
use crate::error::CliError;

/// A socket that is open, on a thread of its own.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) is_tls: bool,
    /// Takes the panel to be served.
    panel: oneshot::Sender<Panel>,
    /// Told, or dropped, when it is served no more.
    ended: oneshot::Receiver<()>,
}

impl Door {
    /// Open the socket.
    ///
    /// # Errors
    /// It can't listen there.
    pub(super) async fn open(
        address: SocketAddr,
        tls: Option<Tls>,
        behind_proxy: bool,
    ) -> Result<Door, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(CliError::cannot_start)?;
        let (open, is_open) = oneshot::channel();
        let (panel, to_serve) = oneshot::channel::<Panel>();
        let (end, ended) = oneshot::channel();
        let serve = async move {
            let listening = match panel::listen(address, tls.as_ref(), behind_proxy).await {
                Ok(listening) => listening,
                Err(error) => return drop(open.send(Err(error))),
            };
            // Whoever opened it waits for both.
            let _gone = open.send(Ok((listening.address, listening.is_tls())));
            let Ok(panel) = to_serve.await else { return };
            let follower = panel.clone();
            tokio::spawn(async move { follower.follow().await });
            listening.serve(panel::router(panel)).await;
        };
        let thread = std::thread::Builder::new().name("panel".to_owned()).spawn(move || {
            runtime.block_on(serve);
            // The process has ended before, at worst.
            let _gone = end.send(());
        });
        thread.map_err(CliError::cannot_start)?;
        let (address, is_tls) = is_open.await.map_err(|_| ServeError::Ended)?.map_err(ServeError::from)?;
        Ok(Door { address, is_tls, panel, ended })
    }

    /// Serve the panel; what is given ends when it is served no more.
    pub(super) fn serve(self, panel: Panel) -> impl Future<Output = ()> {
        // A thread that has ended says so at once.
        let _gone = self.panel.send(panel).is_err();
        async move {
            let _ended = self.ended.await;
        }
    }
}

//! How the process's end reaches every run that it carries out.

use tokio::sync::{mpsc, watch};

use crate::signals::Signal;

/// The end of all conductings of this process: asked for once, and waited for.
pub(super) struct Ending {
    asked: watch::Sender<Option<Signal>>,
    /// Ends when no conducting holds its other half any more.
    all: mpsc::Receiver<()>,
}

/// What each conducting has of the [`Ending`].
#[derive(Clone)]
pub(super) struct Lifeline {
    asked: watch::Receiver<Option<Signal>>,
    /// Dropped when the conducting has been left.
    _alive: mpsc::Sender<()>,
}

/// Both halves.
pub(super) fn lifeline() -> (Ending, Lifeline) {
    let (asked, is_asked) = watch::channel(None);
    let (alive, all) = mpsc::channel(1);
    (Ending { asked, all }, Lifeline { asked: is_asked, _alive: alive })
}

impl Ending {
    /// Have every conducting leave its run, and wait until all have. Every other [`Lifeline`] must be gone by then.
    pub(super) async fn end_all(mut self, by: Signal) {
        self.asked.send_replace(Some(by));
        while self.all.recv().await.is_some() {}
    }
}

impl Lifeline {
    /// Wait until the process is to end.
    pub(super) async fn ended(&mut self) -> Signal {
        match self.asked.wait_for(Option::is_some).await {
            Ok(asked) => asked.unwrap_or(Signal::Terminate),
            // Nobody can ask any more: the process ends.
            Err(_) => Signal::Terminate,
        }
    }
}

//! `slackwater serve`: the Admin Panel over the deployments that the settings name.

mod backend;
mod conducting;
mod look;
mod remembered;
mod upgrade;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use conductor::Clock;
use panel::{Origins, Panel, PanelSettings, Tls};

use crate::arguments::Serve;
use crate::error::{BAD_INPUT, CliError, DONE, FAILED};
use crate::interruption::{Signal, Signals};
use crate::journals::make_directory;
use crate::site;

use backend::{Sites, do_errands};
use conducting::{lifeline, take_up};
use remembered::Remembered;

/// The panel's own file in a data directory.
const PANEL_FILE: &str = "panel.sqlite";

/// Why the panel can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It can't listen.
    #[error(transparent)]
    Listen(#[from] panel::ListenError),
    /// A file of its can't be opened.
    #[error(transparent)]
    Panel(#[from] panel::PanelError),
    /// Access can't be written.
    #[error(transparent)]
    Access(#[from] panel::access::AccessError),
}

impl ServeError {
    /// An address that won't do is input; a file that can't be opened is not.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            ServeError::Listen(_) => BAD_INPUT,
            ServeError::Panel(_) | ServeError::Access(_) => FAILED,
        }
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> CliError {
        CliError::Panel(Box::new(error))
    }
}

pub(crate) async fn run(arguments: Serve) -> Result<ExitCode, CliError> {
    let configuration = site::configuration(&arguments.config)?;
    let tls = tls(arguments.tls_cert, arguments.tls_key);
    let listening = panel::listen(arguments.listen, tls.as_ref(), arguments.behind_proxy)
        .await
        .map_err(ServeError::from)?;
    make_directory(&arguments.data.path)?;
    let origins = Origins {
        secure: listening.is_tls() || arguments.behind_proxy,
        behind_proxy: arguments.behind_proxy,
        loopback_only: listening.address.ip().is_loopback() && !arguments.behind_proxy,
    };
    let (errands, to_do) = tokio::sync::mpsc::unbounded_channel();
    let two_person_approval = configuration.panel.two_person_approval;
    let (ending, lifeline) = lifeline();
    let remembered = Arc::new(Remembered::open(&configuration, &arguments.data.path)?);
    let sites = Sites::new(configuration, &arguments.data.path, errands, lifeline, remembered.shared());
    let inner = sites.inner();
    let mut signals = Signals::listen().map_err(CliError::Runtime)?;
    let panel = Panel::open(PanelSettings {
        two_person_approval,
        backend: Arc::new(sites),
        runs: Arc::clone(&remembered) as Arc<dyn panel::Runs>,
        access: &arguments.data.path.join(PANEL_FILE),
        clock: Clock::system(),
        origins,
    })
    .map_err(ServeError::from)?;
    let scheme = if listening.is_tls() { "https" } else { "http" };
    println!("Admin Panel: {}", address(scheme, listening.address));
    if let Some(path) = panel.setup_path().map_err(ServeError::from)? {
        println!("Nobody can sign in yet. Within an hour, open once:");
        println!("  {}{path}", address(scheme, listening.address));
    }
    let follower = panel.clone();
    tokio::spawn(async move { follower.follow().await });
    let shared = remembered.shared();
    for state in &shared {
        tokio::spawn(Arc::clone(state).watch());
    }
    let local = tokio::task::LocalSet::new();
    local.spawn_local(do_errands(to_do));
    let until_stdin_ends = arguments.until_stdin_ends;
    let served = local.run_until(async move {
        take_up(&inner, shared).await;
        let by = tokio::select! {
            () = listening.serve(panel::router(panel)) => return,
            by = signals.next() => by,
            () = stdin_ended(), if until_stdin_ends => Signal::InputEnded,
        };
        // From now on nothing begins; what goes on is left as it should be, unless somebody asks once more.
        inner.begin_no_more();
        tokio::select! {
            () = ending.end_all(by) => {}
            _again = signals.next() => {}
        }
    });
    served.await;
    Ok(ExitCode::from(DONE))
}

/// Wait for the end of standard input. Its thread is left to itself: it can only wait.
async fn stdin_ended() {
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _end = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Nobody waits any more where the panel has ended before.
        let _gone = ended.send(());
    });
    let _ended = has_ended.await;
}

fn address(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}")
}

/// Both or none: clap sees to it.
fn tls(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Option<Tls> {
    Some(Tls { certificate: certificate?, key: key? })
}

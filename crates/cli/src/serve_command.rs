//! `slackwater serve`: the Admin Panel over the deployments that the settings name.

mod backend;
mod look;
mod upgrade;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use conductor::Clock;
use panel::{Origins, Panel, PanelSettings, Tls};

use crate::arguments::Serve;
use crate::demo::until_interrupted;
use crate::error::{BAD_INPUT, CliError, DONE, FAILED};
use crate::runs::{JOURNAL_FILE, make_directory};
use crate::site;

use backend::{Sites, do_errands};

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
    let panel = Panel::open(PanelSettings {
        two_person_approval,
        backend: Arc::new(Sites::new(configuration, &arguments.data.path, errands)),
        journal: &arguments.data.path.join(JOURNAL_FILE),
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
    let local = tokio::task::LocalSet::new();
    local.spawn_local(do_errands(to_do));
    let served = local.run_until(listening.serve(panel::router(panel)));
    tokio::select! {
        interrupted = until_interrupted(false, served) => interrupted?,
        () = stdin_ended(), if arguments.until_stdin_ends => {}
    }
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

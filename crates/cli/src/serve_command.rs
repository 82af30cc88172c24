//! `slackwater serve`: the Admin Panel over the deployments that the settings name.

mod backend;
mod conducting;
mod door;
mod lifeline;
mod look;
mod offline;
mod reached;
mod refusals;
mod rehearsed;
mod remembered;
mod upgrade;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use conductor::Clock;
use panel::access::AccessError;
use panel::{Origins, Panel, PanelSettings, Proxies, Tls};

use crate::answers::{self, PanelReady};
use crate::arguments::{Format, Serve};
use crate::configuration;
use crate::error::{CliError, Exit};
use crate::journal::make_directory;
use crate::signals::{Signal, Signals};
use crate::site;

use backend::{Sites, do_errands};
use conducting::take_up;
use door::Door;
use lifeline::lifeline;
pub use look::look;
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
    /// Access can't be read or written.
    #[error(transparent)]
    Access(#[from] panel::access::AccessError),
    /// A password can't be made.
    #[error(transparent)]
    Password(#[from] panel::access::PasswordError),
    /// Nobody has served a panel from there.
    #[error("{} is not there: no panel was served from this data directory", path.display())]
    NoPanel {
        /// Its file.
        path: PathBuf,
    },
    /// Somebody has changed the audit trail.
    #[error("{}: {}", offline::BROKEN, offline::in_words(.0))]
    Trail(panel::access::Broken),
    /// An earlier export can't be read.
    #[error("{}: {source}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The audit trail is another than the one that was exported.
    #[error("the audit trail is another one than the one that was exported: they differ from row {place} on")]
    OtherTrail {
        /// The first row that differs.
        place: i64,
    },
    /// The panel's thread has ended.
    #[error("the panel has ended")]
    Ended,
}

/// An address that won't do is input; a file that can't be opened is not.
impl From<ServeError> for CliError {
    fn from(error: ServeError) -> CliError {
        let kind = match &error {
            ServeError::Listen(_)
            | ServeError::NoPanel { .. }
            | ServeError::Export { .. }
            | ServeError::Access(AccessError::Nobody(_)) => Exit::BadInput,
            ServeError::Panel(_)
            | ServeError::Access(_)
            | ServeError::Password(_)
            | ServeError::Trail(_)
            | ServeError::OtherTrail { .. }
            | ServeError::Ended => Exit::Failed,
        };
        CliError::new(kind, error)
    }
}

pub(crate) async fn run(arguments: Serve) -> Result<ExitCode, CliError> {
    if let Some(done) = offline::instead(&arguments).await {
        return done;
    }
    let configuration = site::configuration(&arguments.places.config)?;
    let tls = tls(arguments.tls_cert, arguments.tls_key);
    let proxies = match (arguments.behind_proxy, arguments.proxy.is_empty()) {
        (false, _) => Proxies::none(),
        (true, true) => Proxies::on_this_machine(),
        (true, false) => Proxies::named(arguments.proxy),
    };
    let door = Door::open(arguments.listen, tls, arguments.behind_proxy).await?;
    make_directory(&arguments.places.data.path)?;
    let origins = Origins {
        secure: door.is_tls || arguments.behind_proxy,
        loopback_only: door.address.ip().is_loopback() && !arguments.behind_proxy,
    };
    let (errands, to_do) = tokio::sync::mpsc::unbounded_channel();
    let configuration::PanelSettings { two_person_approval, rehearsal_required, rehearsal_runs: _, url: _ } =
        configuration.panel;
    let time_zone = configuration.time_zone.as_ref().map(|zone| zone.name().to_owned());
    let (ending, lifeline) = lifeline();
    let remembered = Arc::new(Remembered::open(&configuration, &arguments.places.data.path)?);
    let sites =
        Sites::new(configuration, &arguments.places.data.path, errands, lifeline, remembered.shared());
    let inner = sites.inner();
    let mut signals = Signals::listen()?;
    let panel = Panel::open(PanelSettings {
        two_person_approval,
        rehearsal_required,
        time_zone,
        backend: Arc::new(sites),
        runs: Arc::clone(&remembered) as Arc<dyn panel::Runs>,
        access: &arguments.places.data.path.join(PANEL_FILE),
        clock: Clock::system(),
        origins,
        proxies,
    })
    .map_err(ServeError::from)?;
    let scheme = if door.is_tls { "https" } else { "http" };
    let url = address(scheme, door.address);
    let setup_url = panel.setup_path().map_err(ServeError::from)?.map(|path| format!("{url}{path}"));
    match (arguments.format, setup_url) {
        (Format::Json, setup_url) => answers::print(&PanelReady { url, setup_url }),
        (Format::Text, setup_url) => {
            println!("Admin Panel: {url}");
            if let Some(setup_url) = setup_url {
                println!("Nobody can sign in yet. Within an hour, open once:");
                println!("  {setup_url}");
            }
        }
    }
    let served = door.serve(panel.clone());
    let shared = remembered.shared();
    for state in &shared {
        tokio::spawn(Arc::clone(state).watch());
    }
    let local = tokio::task::LocalSet::new();
    local.spawn_local(do_errands(to_do));
    let until_stdin_ends = arguments.until_stdin_ends;
    let ended = local.run_until(async move {
        take_up(&inner, shared).await;
        let by = tokio::select! {
            () = served => return,
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
    ended.await;
    panel.end();
    Ok(Exit::Done.into())
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

fn address(scheme: &str, address: std::net::SocketAddr) -> String {
    format!("{scheme}://{address}")
}

/// Both or none: clap sees to it.
fn tls(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Option<Tls> {
    Some(Tls { certificate: certificate?, key: key? })
}

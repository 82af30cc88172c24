//! A panel served in process or on a socket.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use conductor::{Clock, SqliteJournal};
use panel::access::{Access, Role};
use panel::{FileRuns, Origins, Panel, PanelSettings, Proxies, Runs, Tls, router};

use crate::common::house::House;

/// A panel with its files.
pub struct Served {
    pub panel: Panel,
    pub journal: PathBuf,
    pub access: PathBuf,
    _folder: tempfile::TempDir,
}

impl Served {
    pub fn new() -> Served {
        Served::of(1)
    }

    /// One of so many deployments.
    pub fn of(deployments: usize) -> Served {
        let house = House { deployments, ..House::default() };
        Served::reached(Origins { secure: false, loopback_only: true }, None, house)
    }

    /// One of runs that aren't in its journal.
    pub fn over(runs: Arc<dyn Runs>) -> Served {
        Served::reached(Origins { secure: false, loopback_only: true }, Some(runs), House::default())
    }

    /// One whose browsers come over TLS.
    pub fn over_tls() -> Served {
        Served::reached(Origins { secure: true, loopback_only: true }, None, House::default())
    }

    fn reached(origins: Origins, runs: Option<Arc<dyn Runs>>, house: House) -> Served {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, access) = (folder.path().join("journal.sqlite"), folder.path().join("panel.sqlite"));
        let clock = Clock::system();
        let panel = Panel::open(PanelSettings {
            time_zone: None,
            backend: Arc::new(house),
            runs: runs.unwrap_or_else(|| Arc::new(FileRuns::open(&journal, clock).expect("it opens"))),
            access: &access,
            clock,
            origins,
            proxies: Proxies::none(),
            two_person_approval: false,
            rehearsal_required: false,
        })
        .expect("it opens");
        Served { panel, journal, access, _folder: folder }
    }

    /// What answers.
    pub fn router(&self) -> Router {
        router(self.panel.clone())
    }

    /// The journal, as another process has it.
    pub fn journal(&self) -> SqliteJournal {
        SqliteJournal::open(&self.journal).expect("a journal")
    }

    /// A token of somebody of this role.
    pub fn token(&self, role: Role) -> String {
        let access = Access::open(&self.access).expect("SQLite");
        let now = Clock::system().now();
        let name = format!("a-{}", role.word());
        access.add_person(&name, role, "no password's hash", now).expect("a name of its own");
        let minted = access.mint_token(&name, "for this test", role, 1, now).expect("written");
        minted.text().to_owned()
    }

    /// Serve on a free port of this machine for as long as the runtime lives.
    pub async fn listen(&self, tls: Option<&Tls>) -> SocketAddr {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let listening = panel::listen(anywhere, tls, false).await.expect("a free port");
        let address = listening.address;
        tokio::spawn(listening.serve(self.router()));
        let panel = self.panel.clone();
        tokio::spawn(async move { panel.follow().await });
        address
    }
}

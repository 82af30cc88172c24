//! A panel over a deployment that only remembers its banner, served in process or on a socket.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use conductor::{Clock, SqliteJournal};
use panel::access::{Access, Role};
use panel::proposals::{Preparation, UpgradeWish};
use panel::{
    Answering, Backend, BackendError, DeploymentSummary, GatePicture, Look, MaintenanceWish, Origins, Panel,
    PanelSettings, Release, Tls, router,
};
use upgrade::{Banner, Plan, RunKind, Timestamp};

/// The deployment.
#[derive(Default)]
struct House {
    banner: Mutex<Option<Banner>>,
}

impl Backend for House {
    fn deployments(&self) -> Vec<DeploymentSummary> {
        vec![DeploymentSummary {
            name: "lab".to_owned(),
            stack: "lab-stack".to_owned(),
            region: "us-east-1".to_owned(),
            message: None,
            has_banner: true,
        }]
    }
    fn look(&self, deployment: &str) -> Answering<'_, Look> {
        let known = deployment == "lab";
        let missing = BackendError::NoDeployment(deployment.to_owned());
        Box::pin(async move {
            let look = Look {
                at: Timestamp(1_800_000_000_000),
                version: Some("1.0.0".to_owned()),
                status: "UPDATE_COMPLETE".to_owned(),
                gate: GatePicture::Open,
                jobs: Ok(Vec::new()),
                workers: Err("throttled".to_owned()),
                sessions: None,
                computations: None,
            };
            if known { Ok(look) } else { Err(missing) }
        })
    }
    fn prepare_maintenance(&self, _: &str, _: RunKind, _: &MaintenanceWish) -> Answering<'_, Plan> {
        Box::pin(async { Err(BackendError::Refused("not in this house".to_owned())) })
    }
    fn releases(&self, _: &str) -> Answering<'_, Vec<Release>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn prepare(&self, _: &str, _: &UpgradeWish) -> Answering<'_, Preparation> {
        Box::pin(async { Err(BackendError::Refused("not in this house".to_owned())) })
    }
    fn start(&self, _: Plan) -> Answering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn resume(&self, _: &str) -> Answering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn banner(&self, _: &str) -> Answering<'_, Option<Banner>> {
        let banner = self.banner.lock().expect("no panic").clone();
        Box::pin(async move { Ok(banner) })
    }
    fn set_banner(&self, _: &str, banner: Option<Banner>) -> Answering<'_, ()> {
        *self.banner.lock().expect("no panic") = banner;
        Box::pin(async { Ok(()) })
    }
}

/// A panel with its files.
pub struct Served {
    pub panel: Panel,
    pub journal: PathBuf,
    pub access: PathBuf,
    _folder: tempfile::TempDir,
}

impl Served {
    pub fn new() -> Served {
        Served::reached(Origins { secure: false, behind_proxy: false, loopback_only: true })
    }

    /// One whose browsers come over TLS.
    pub fn over_tls() -> Served {
        Served::reached(Origins { secure: true, behind_proxy: false, loopback_only: true })
    }

    fn reached(origins: Origins) -> Served {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, access) = (folder.path().join("journal.sqlite"), folder.path().join("panel.sqlite"));
        let panel = Panel::open(PanelSettings {
            backend: Arc::new(House::default()),
            journal: &journal,
            access: &access,
            clock: Clock::system(),
            origins,
            two_person_approval: false,
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

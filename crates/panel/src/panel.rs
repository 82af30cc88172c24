//! The panel as one value: what every request needs.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use conductor::Clock;
use upgrade::Timestamp;

use crate::access::{Access, AccessError, Limits, PasswordError, Passwords};
use crate::backend::Backend;
use crate::live::Live;
use crate::proposals::{ProposalError, Proposals};
use crate::runs::Runs;

/// Proposals, beside the panel's own file.
const PROPOSALS_FILE: &str = "proposals.sqlite";

/// The panel.
#[derive(Clone)]
pub struct Panel {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) live: Arc<Live>,
    pub(crate) access: Arc<Access>,
    pub(crate) proposals: Arc<Proposals>,
    pub(crate) two_person_approval: bool,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Clock,
    pub(crate) origins: Origins,
}

/// How browsers reach the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origins {
    /// They come over TLS: ours, or a proxy's before us. Cookies are then for TLS alone.
    pub secure: bool,
    /// A proxy stands before us, and says in `X-Forwarded-For` who asks.
    pub behind_proxy: bool,
    /// We listen on this machine's own address only: other names in `Host` are somebody's trick (DNS rebinding).
    pub loopback_only: bool,
}

/// What a panel is made of.
pub struct PanelSettings<'a> {
    /// The deployments.
    pub backend: Arc<dyn Backend>,
    /// The place that remembers runs.
    pub runs: Arc<dyn Runs>,
    /// The panel's own file: who may do what. Proposals are kept beside it.
    pub access: &'a Path,
    /// Whether a plan is approved by somebody else than those who proposed it.
    pub two_person_approval: bool,
    /// What the time is.
    pub clock: Clock,
    /// How browsers reach it.
    pub origins: Origins,
}

/// Why there is no panel.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// The panel's own file can't be opened.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The file of proposals can't be opened.
    #[error(transparent)]
    Proposals(#[from] ProposalError),
    /// Passwords can't be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl Panel {
    /// Open everything.
    ///
    /// # Errors
    /// A file can't be opened.
    pub fn open(settings: PanelSettings<'_>) -> Result<Panel, PanelError> {
        Ok(Panel {
            backend: settings.backend,
            live: Live::new(settings.runs, settings.clock),
            access: Arc::new(Access::open(settings.access)?),
            proposals: Arc::new(Proposals::open(&settings.access.with_file_name(PROPOSALS_FILE))?),
            two_person_approval: settings.two_person_approval,
            passwords: Passwords::new()?,
            limits: Arc::new(Limits::default()),
            clock: settings.clock,
            origins: settings.origins,
        })
    }

    /// The path of a new set-up link, while nobody can sign in; `None` otherwise.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn setup_path(&self) -> Result<Option<String>, AccessError> {
        if self.access.has_people()? {
            return Ok(None);
        }
        let minted = self.access.mint_setup(self.now())?;
        Ok(Some(format!("/setup/{}", minted.text())))
    }

    /// Follow the runs for as long as this is awaited.
    pub async fn follow(&self) {
        Arc::clone(&self.live).follow().await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Origins {
    /// The address that asks: the peer's, or the one that our proxy saw (the last of the list is the proxy's own word).
    pub(crate) fn address(self, peer: Option<IpAddr>, forwarded: Option<&str>) -> IpAddr {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let told = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        match (self.behind_proxy, told) {
            (true, Some(told)) => told,
            (true | false, _) => peer.unwrap_or(nobody),
        }
    }

    /// The name of the session's cookie. `__Host-`: a browser takes it only over TLS, for this host alone.
    pub(crate) fn session_cookie(self) -> &'static str {
        if self.secure { "__Host-slackwater" } else { "slackwater" }
    }

    /// The name of the cookie that forms lean on before anybody has signed in.
    pub(crate) fn form_cookie(self) -> &'static str {
        if self.secure { "__Host-slackwater-form" } else { "slackwater-form" }
    }
}

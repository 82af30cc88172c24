//! The panel as one value: what every request needs.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use conductor::Clock;
use upgrade::Timestamp;

use crate::access::{Access, AccessError, Act, Limits, PasswordError, Passwords, Refusal, Refusals};
use crate::backend::Backend;
use crate::live::Live;
use crate::looks::Looks;
use crate::proposals::{ProposalError, Proposals};
use crate::proxies::Proxies;
use crate::runs::Runs;

/// Proposals, beside the panel's own file.
const PROPOSALS_FILE: &str = "proposals.sqlite";

/// How often it is looked whether refused sign-ins are to be summed up.
const SUM_UP: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Panel {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) looks: Arc<Looks>,
    pub(crate) live: Arc<Live>,
    pub(crate) access: Arc<Access>,
    pub(crate) proposals: Arc<Proposals>,
    pub(crate) two_person_approval: bool,
    pub(crate) rehearsal_required: bool,
    pub(crate) time_zone: Option<Arc<str>>,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Arc<Limits>,
    refusals: Arc<Refusals>,
    pub(crate) clock: Clock,
    pub(crate) origins: Origins,
    pub(crate) proxies: Arc<Proxies>,
}

/// How browsers reach the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origins {
    /// They come over TLS: ours, or a proxy's before us. Cookies are then for TLS alone.
    pub secure: bool,
    /// We listen on this machine's own address only: other names in `Host` are somebody's trick (DNS rebinding).
    pub loopback_only: bool,
}

pub struct PanelSettings<'a> {
    pub backend: Arc<dyn Backend>,
    /// The place that remembers runs.
    pub runs: Arc<dyn Runs>,
    /// The panel's own file: who may do what. Proposals are kept beside it.
    pub access: &'a Path,
    /// Whether a plan is approved by somebody else than those who proposed it.
    pub two_person_approval: bool,
    /// Whether a plan is approved only after a rehearsal that is as new as what it was drawn up from.
    pub rehearsal_required: bool,
    /// In which pages show times, a name of the IANA database; `None`: in each reader's own.
    pub time_zone: Option<String>,
    pub clock: Clock,
    /// How browsers reach it.
    pub origins: Origins,
    pub proxies: Proxies,
}

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
            looks: Arc::new(Looks::new(Arc::clone(&settings.backend), settings.clock)),
            backend: settings.backend,
            live: Live::new(settings.runs, settings.clock),
            access: Arc::new(Access::open(settings.access)?),
            proposals: Arc::new(Proposals::open(&settings.access.with_file_name(PROPOSALS_FILE))?),
            two_person_approval: settings.two_person_approval,
            rehearsal_required: settings.rehearsal_required,
            time_zone: settings.time_zone.map(Arc::from),
            passwords: Passwords::new()?,
            limits: Arc::new(Limits::default()),
            refusals: Arc::new(Refusals::default()),
            clock: settings.clock,
            origins: settings.origins,
            proxies: Arc::new(settings.proxies),
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

    /// Follow the runs, and sum up refused sign-ins, for as long as this is awaited.
    pub async fn follow(&self) {
        tokio::join!(Arc::clone(&self.live).follow(), self.sum_up());
    }

    /// What refused sign-ins were counted and not written yet is written: nobody counts on.
    pub fn end(&self) {
        if let Some(sum) = self.refusals.take() {
            self.write_sum(&sum);
        }
    }

    async fn sum_up(&self) {
        loop {
            self.clock.sleep(SUM_UP).await;
            self.sum_up_if_due();
        }
    }

    fn sum_up_if_due(&self) {
        if let Some(sum) = self.refusals.take_due(self.now()) {
            self.write_sum(&sum);
        }
    }

    fn write_sum(&self, sum: &str) {
        let act = Act { who: "", address: "", act: "sign-ins refused", object: "" };
        if let Err(error) = self.access.audit(act, false, sum, self.now()) {
            // There is nobody to answer.
            eprintln!("slackwater: {error}: {sum}");
        }
    }

    /// A sign-in was refused: it is in the audit trail, by itself or in a sum.
    pub(crate) fn refused_sign_in(&self, name: &str, address: IpAddr, why: &str) -> Result<(), AccessError> {
        self.sum_up_if_due();
        let address = address.to_string();
        match self.refusals.refused(name, &address, self.now()) {
            Refusal::Counted => Ok(()),
            Refusal::Entry => {
                let act = Act { who: name, address: &address, act: "sign in", object: "" };
                self.access.audit(act, false, why, self.now())
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Origins {
    /// The name of the session's cookie. `__Host-`: a browser takes it only over TLS, for this host alone.
    pub(crate) fn session_cookie(self) -> &'static str {
        if self.secure { "__Host-slackwater" } else { "slackwater" }
    }

    /// The name of the cookie that forms lean on before anybody has signed in.
    pub(crate) fn form_cookie(self) -> &'static str {
        if self.secure { "__Host-slackwater-form" } else { "slackwater-form" }
    }
}

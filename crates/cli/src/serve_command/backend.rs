//! The panel's [`Backend`] over real deployments: sites are reached when they are first asked for, and kept.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use conductor::{JournalError, JournalStore as _};
use panel::proposals::{Preparation, UpgradeWish};
use panel::{
    Answering, Backend, BackendError, DeploymentSummary, LeavingWish, Look, MaintenanceWish, Release,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use upgrade::{
    ApprovedPlan, Banner, DrainPolicy, Plan, PlatformAct, PlatformObservation, PlatformQuery, PortError,
};

use super::conducting::{Lifeline, Work};
use super::look::look;
use super::remembered::SharedRuns;
use crate::configuration::{Adapter, Configuration, DeploymentSettings};
use crate::error::CliError;
use crate::maintenance_command::{self, Entering, Leaving, LeavingError, already, entering, leaving_for};
use crate::planning::run_id;
use crate::site::Site;

/// The name that assumed roles' sessions carry.
const SESSION: &str = "panel";

/// Something to be done on the one thread where sites live: the ports' futures are not bound to be `Send`, and the web
/// server's tasks must be.
pub(super) type Errand = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Do whatever comes, each as a task of its own. Runs within a `LocalSet`.
pub(super) async fn do_errands(mut errands: mpsc::UnboundedReceiver<Errand>) {
    while let Some(errand) = errands.recv().await {
        tokio::task::spawn_local(errand());
    }
}

/// The deployments of the settings.
pub(super) struct Sites {
    inner: Arc<Inner>,
    errands: mpsc::UnboundedSender<Errand>,
}

pub(super) struct Inner {
    pub(super) configuration: Configuration,
    pub(super) data: PathBuf,
    reached: Mutex<HashMap<String, Arc<Site>>>,
    /// What conductings are ended by; `None`: the process is ending, and none begins any more.
    lifeline: std::sync::Mutex<Option<Lifeline>>,
    /// The states that are shared, as the panel follows them.
    shared: Vec<Arc<SharedRuns>>,
}

impl Sites {
    pub(super) fn new(
        configuration: Configuration,
        data: &Path,
        errands: mpsc::UnboundedSender<Errand>,
        lifeline: Lifeline,
        shared: Vec<Arc<SharedRuns>>,
    ) -> Sites {
        let (reached, lifeline) = (Mutex::new(HashMap::new()), std::sync::Mutex::new(Some(lifeline)));
        let data = data.to_owned();
        Sites { inner: Arc::new(Inner { configuration, data, reached, lifeline, shared }), errands }
    }

    pub(super) fn inner(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }

    /// Have something done where sites live.
    fn local<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(Arc<Inner>) -> F + Send + 'static,
    ) -> Answering<'_, T>
    where
        F: Future<Output = Result<T, BackendError>> + 'static,
    {
        let (answer, has_answer) = oneshot::channel();
        let inner = Arc::clone(&self.inner);
        let errand: Errand = Box::new(move || {
            Box::pin(async move {
                // Whoever asked may have gone away.
                let _gone = answer.send(work(inner).await);
            })
        });
        let sent = self.errands.send(errand);
        Box::pin(async move {
            let ended = || BackendError::Unreachable("the panel is ending".to_owned());
            sent.map_err(|_| ended())?;
            has_answer.await.map_err(|_| ended())?
        })
    }
}

impl Inner {
    /// For one more conducting; `None`: the process is ending.
    pub(super) fn lifeline(&self) -> Option<Lifeline> {
        self.lifeline.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A deployment's run was just begun or gone on with.
    pub(super) async fn show_now(&self, deployment: &str) {
        for shared in self.shared.iter().filter(|shared| shared.settings.name == deployment) {
            shared.look_now().await;
        }
    }

    /// From now on no conducting begins.
    pub(super) fn begin_no_more(&self) {
        self.lifeline.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn settings(&self, deployment: &str) -> Result<&DeploymentSettings, BackendError> {
        let found = self.configuration.deployments.iter().find(|one| one.name == deployment);
        found.ok_or_else(|| BackendError::NoDeployment(deployment.to_owned()))
    }

    pub(super) async fn site(&self, deployment: &str) -> Result<Arc<Site>, BackendError> {
        self.settings(deployment)?;
        self.reach(deployment).await.map_err(unreachable)
    }

    /// The deployment that a run is of. One that can't be reached hides no other's runs.
    pub(super) async fn site_of_run(&self, run_id: &str) -> Result<Arc<Site>, BackendError> {
        let mut unreached = None;
        for settings in &self.configuration.deployments {
            let found = async {
                let site = self.reach(&settings.name).await?;
                let journal = site.journal_if_any(&self.data).await?;
                let runs = match &journal {
                    Some(journal) => journal.runs().await?,
                    None => Vec::new(),
                };
                let is_its = runs.iter().any(|run| run.run_id == run_id && run.deployment == settings.name);
                Ok::<_, CliError>(is_its.then_some(site))
            };
            match found.await {
                Ok(Some(site)) => return Ok(site),
                Ok(None) => {}
                Err(error) => unreached = Some(error),
            }
        }
        Err(match unreached {
            Some(error) => unreachable(error),
            None => refused(JournalError::NoSuchRun { run_id: run_id.to_owned() }),
        })
    }

    /// A deployment of the settings, reached once.
    pub(super) async fn reach(&self, deployment: &str) -> Result<Arc<Site>, CliError> {
        let mut reached = self.reached.lock().await;
        if let Some(site) = reached.get(deployment) {
            return Ok(Arc::clone(site));
        }
        let settings = self.configuration.deployment(Some(deployment))?.clone();
        let site = Site::of(settings, self.configuration.directory(), SESSION).await?.kept_in(&self.data);
        let site = Arc::new(site);
        reached.insert(deployment.to_owned(), Arc::clone(&site));
        Ok(site)
    }
}

impl Backend for Sites {
    fn deployments(&self) -> Vec<DeploymentSummary> {
        let all = self.inner.configuration.deployments.iter();
        all.map(|settings| DeploymentSummary {
            name: settings.name.clone(),
            stack: settings.stack.clone(),
            region: settings.access.region.clone(),
            message: settings.maintenance.banner.clone(),
            // Of the adapters only the contract has a banner; which ones do is asked again when it is set.
            has_banner: settings.platform.adapter == Adapter::Http,
            has_gate: !settings.gateless,
        })
        .collect()
    }

    fn look(&self, deployment: &str) -> Answering<'_, Look> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| look(&*inner.site(&deployment).await?).await)
    }

    fn prepare_entering(&self, deployment: &str, wish: &MaintenanceWish) -> Answering<'_, Plan> {
        let (deployment, wish) = (deployment.to_owned(), wish.clone());
        self.local(async move |inner| inner.entering(&deployment, &wish).await)
    }

    fn prepare_leaving(
        &self,
        deployment: &str,
        wish: LeavingWish,
        by: &str,
    ) -> Answering<'_, panel::Leaving> {
        let (deployment, by) = (deployment.to_owned(), by.to_owned());
        self.local(async move |inner| inner.leaving(&deployment, wish, &by).await)
    }

    fn releases(&self, deployment: &str) -> Answering<'_, Vec<Release>> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| inner.releases(&deployment).await)
    }

    fn prepare(&self, deployment: &str, wish: &UpgradeWish) -> Answering<'_, Preparation> {
        let (deployment, wish) = (deployment.to_owned(), wish.clone());
        self.local(async move |inner| inner.prepare(&deployment, wish).await)
    }

    fn start(&self, plan: ApprovedPlan) -> Answering<'_, ()> {
        self.local(async move |inner| {
            let site = inner.site(&plan.plan().deployment).await?;
            inner.carry_out(site, Work::Start(Box::new(plan))).await
        })
    }

    fn resume(&self, run_id: &str) -> Answering<'_, ()> {
        let run_id = run_id.to_owned();
        self.local(async move |inner| {
            let site = inner.site_of_run(&run_id).await?;
            inner.carry_out(site, Work::Resume(run_id)).await
        })
    }

    fn banner(&self, deployment: &str) -> Answering<'_, Option<Banner>> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| {
            let site = inner.site(&deployment).await?;
            if !site.ports.platform.capabilities().banner {
                return Err(BackendError::Refused("this platform shows no banner".to_owned()));
            }
            match site.ports.platform.observe(&PlatformQuery::Banner).await.map_err(unanswered)? {
                PlatformObservation::Banner(banner) => Ok(banner),
                PlatformObservation::Sessions(_)
                | PlatformObservation::Computations(_)
                | PlatformObservation::Status(_) => {
                    Err(BackendError::Unreachable("the platform answered something else".to_owned()))
                }
            }
        })
    }

    fn set_banner(&self, deployment: &str, banner: Option<Banner>) -> Answering<'_, ()> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| {
            let site = inner.site(&deployment).await?;
            if !site.ports.platform.capabilities().banner {
                return Err(BackendError::Refused("this platform shows no banner".to_owned()));
            }
            let act = banner.map_or(PlatformAct::ClearBanner, PlatformAct::SetBanner);
            site.ports.platform.act(&act).await.map_err(unanswered)
        })
    }
}

impl Inner {
    async fn entering(&self, deployment: &str, wish: &MaintenanceWish) -> Result<Plan, BackendError> {
        let mut settings = self.settings(deployment)?.clone();
        if wish.message.is_some() {
            settings.maintenance.banner.clone_from(&wish.message);
        }
        let policy = &mut settings.maintenance.policy;
        for drain in [&mut policy.sessions, &mut policy.computations, &mut policy.jobs, &mut policy.workers] {
            wished(drain, wish)?;
        }
        // With its own settings, for this plan alone.
        let site = Site::of(settings, self.configuration.directory(), SESSION)
            .await
            .map_err(unreachable)?
            .kept_in(&self.data);
        if wish.message.is_some() && !site.ports.platform.capabilities().banner {
            return Err(BackendError::Refused("this platform shows users no message".to_owned()));
        }
        let journal = site.journal(&self.data).await.map_err(refused)?;
        let id = run_id(deployment, &site.clock).map_err(refused)?;
        let force = &wish.force_sessions;
        match entering(&site, Some(&journal), &id, force, wish.closes_at).await.map_err(refused)? {
            Entering::By(plan) => Ok(*plan),
            Entering::Already(found) => {
                Err(BackendError::Refused(format!("{} Nothing is changed.", already(&found))))
            }
        }
    }

    /// As `slackwater maintenance disable` decides it.
    async fn leaving(
        &self,
        deployment: &str,
        wish: LeavingWish,
        by: &str,
    ) -> Result<panel::Leaving, BackendError> {
        let site = self.site(deployment).await?;
        let journal = site.journal(&self.data).await.map_err(refused)?;
        let LeavingWish { stop_run, while_updating, although_unhealthy } = wish;
        let wish = maintenance_command::LeavingWish { stop_run, while_updating, although_unhealthy };
        Ok(match leaving_for(&site, &journal, wish, by).await.map_err(not_covered)? {
            Leaving::By(plan) => panel::Leaving::By(plan),
            Leaving::From { run_id, asks, conducted } => panel::Leaving::From { run_id, asks, conducted },
        })
    }
}

/// What a leaving would meet and isn't covered: in the words of the page that asks for it.
fn not_covered(error: CliError) -> BackendError {
    let way_on = match error.downcast_ref() {
        Some(LeavingError::RunConducted { .. }) => ". Nothing was touched: have it stopped first.",
        Some(LeavingError::WhileUpdating { .. }) => {
            ". Nothing was touched: wait for its end, or have users let in while the stack is being updated."
        }
        Some(LeavingError::WithoutState { .. } | LeavingError::AnotherRun) | None => "",
    };
    BackendError::Refused(format!("{error}{way_on}"))
}

fn wished(drain: &mut DrainPolicy, wish: &MaintenanceWish) -> Result<(), BackendError> {
    if let Some(grace) = wish.grace_seconds {
        if grace > drain.deadline_seconds {
            return Err(BackendError::Refused(format!(
                "work may end by itself for {grace} s, which is past its deadline of {} s in the settings",
                drain.deadline_seconds
            )));
        }
        drain.grace_seconds = grace;
    }
    if let Some(escalation) = wish.escalation {
        drain.escalation = escalation;
    }
    Ok(())
}

pub(super) fn unanswered(error: PortError) -> BackendError {
    BackendError::Unreachable(error.to_string())
}

pub(super) fn unreachable(error: CliError) -> BackendError {
    BackendError::Unreachable(error.to_string())
}

pub(super) fn refused(error: impl std::fmt::Display) -> BackendError {
    BackendError::Refused(error.to_string())
}

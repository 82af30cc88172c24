//! The panel's [`Backend`] over real deployments: sites are reached when they are first asked for, and kept.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use conductor::{Conductor, Holder, JournalStore as _, Reply, Watcher};
use panel::proposals::{Preparation, UpgradeWish};
use panel::{Answering, Backend, BackendError, DeploymentSummary, Look, MaintenanceWish, Release};
use tokio::sync::{Mutex, mpsc, oneshot};
use upgrade::{
    ApprovedPlan, Banner, DrainPolicy, Plan, PlatformAct, PlatformObservation, PlatformQuery, PortError,
    Question, Record, RunKind, State,
};

use super::look::look;
use crate::configuration::{Adapter, Configuration, DeploymentSettings};
use crate::error::CliError;
use crate::maintenance_command::{
    Entering, LeavingWish, already, entering, leaving_plan, refuse_while_updating,
};
use crate::notifications::{Message, Noticing, message, tell};
use crate::runs::unused_id;
use crate::site::Site;
use crate::upgrade_command::open;

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
}

impl Sites {
    pub(super) fn new(
        configuration: Configuration,
        data: &Path,
        errands: mpsc::UnboundedSender<Errand>,
    ) -> Sites {
        let reached = Mutex::new(HashMap::new());
        Sites { inner: Arc::new(Inner { configuration, data: data.to_owned(), reached }), errands }
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
    pub(super) fn settings(&self, deployment: &str) -> Result<&DeploymentSettings, BackendError> {
        let found = self.configuration.deployments.iter().find(|one| one.name == deployment);
        found.ok_or_else(|| BackendError::NoDeployment(deployment.to_owned()))
    }

    pub(super) async fn site(&self, deployment: &str) -> Result<Arc<Site>, BackendError> {
        let mut reached = self.reached.lock().await;
        if let Some(site) = reached.get(deployment) {
            return Ok(Arc::clone(site));
        }
        let settings = self.settings(deployment)?.clone();
        let site = Site::of(settings, self.configuration.directory(), SESSION).await.map_err(unreachable)?;
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
        })
        .collect()
    }

    fn look(&self, deployment: &str) -> Answering<'_, Look> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| look(&*inner.site(&deployment).await?).await)
    }

    fn prepare_maintenance(
        &self,
        deployment: &str,
        kind: RunKind,
        wish: &MaintenanceWish,
    ) -> Answering<'_, Plan> {
        let (deployment, wish) = (deployment.to_owned(), wish.clone());
        self.local(async move |inner| match kind {
            RunKind::EnterMaintenance => inner.entering(&deployment, &wish).await,
            RunKind::LeaveMaintenance => inner.leaving(&deployment).await,
            RunKind::Upgrade => Err(BackendError::Refused("an upgrade has a plan of its own".to_owned())),
        })
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
            let journal = open(&inner.data).map_err(refused)?;
            let (plan, _) = journal.load(&run_id).map_err(refused)?;
            let site = inner.site(&plan.deployment).await?;
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

enum Work {
    Start(Box<ApprovedPlan>),
    Resume(String),
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
        let site = Site::of(settings, self.configuration.directory(), SESSION).await.map_err(unreachable)?;
        if wish.message.is_some() && !site.ports.platform.capabilities().banner {
            return Err(BackendError::Refused("this platform shows users no message".to_owned()));
        }
        let journal = open(&self.data).map_err(refused)?;
        let id = unused_id(&site, Some(&journal)).map_err(refused)?;
        let force = &wish.force_sessions;
        match entering(&site, Some(&journal), &id, force, wish.closes_at).await.map_err(refused)? {
            Entering::By(plan) => Ok(*plan),
            Entering::Already(found) => {
                Err(BackendError::Refused(format!("{} Nothing is changed.", already(&found))))
            }
        }
    }

    /// As `slackwater maintenance disable` does where no run goes on.
    async fn leaving(&self, deployment: &str) -> Result<Plan, BackendError> {
        let site = self.site(deployment).await?;
        let journal = open(&self.data).map_err(refused)?;
        let wish = LeavingWish::default();
        refuse_while_updating(&site, wish).await.map_err(refused)?;
        leaving_plan(&site, &journal, wish).await.map_err(refused)
    }

    /// Carry a run out as a task; comes back when its first record is written, or it couldn't begin.
    async fn carry_out(&self, site: Arc<Site>, work: Work) -> Result<(), BackendError> {
        let mut journal = open(&self.data).map_err(refused)?;
        let (begun, has_begun) = oneshot::channel();
        tokio::task::spawn_local(async move {
            let holder = Holder::this_process();
            let (notices, told) = mpsc::unbounded_channel();
            let mut watcher = Unattended { begun: Some(begun), noticing: Noticing::default(), notices };
            tokio::task::spawn_local(deliver(Arc::clone(&site), told));
            let (cloud, clock) = (&site.ports, &site.clock);
            let mut conductor = Conductor { cloud, journal: &mut journal, clock, holder: &holder };
            let ended = match &work {
                Work::Start(plan) => conductor.start(plan, &mut watcher).await,
                Work::Resume(run_id) => conductor.resume(run_id, &mut watcher).await,
            };
            if let Err(error) = ended {
                match watcher.begun.take() {
                    Some(begun) => drop(begun.send(Err(refused(error)))),
                    // What came of a run is in the journal. What couldn't be written there is said where the log is.
                    None => eprintln!("slackwater: {error}"),
                }
            }
        });
        let ended = |_| BackendError::Unreachable("the run's task has ended before it began".to_owned());
        has_begun.await.map_err(ended)?
    }
}

/// Nobody sits before it; answers come through the journal.
struct Unattended {
    begun: Option<oneshot::Sender<Result<(), BackendError>>>,
    noticing: Noticing,
    notices: mpsc::UnboundedSender<Message>,
}

/// Tell those who want to be told, one notice after the other, beside the run.
async fn deliver(site: Arc<Site>, mut told: mpsc::UnboundedReceiver<Message>) {
    while let Some(message) = told.recv().await {
        for remark in tell(&site, &message).await {
            eprintln!("slackwater: {remark}");
        }
    }
}

impl Watcher for Unattended {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        for notice in self.noticing.recorded(record, state) {
            // Whoever delivers lives as long as the run's task.
            let _gone = self.notices.send(message(plan, &notice));
        }
        if let Some(begun) = self.begun.take() {
            // Whoever asked may have gone away; the run goes on.
            let _gone = begun.send(Ok(()));
        }
    }

    fn asked(&mut self, _plan: &Plan, _question: &Question) -> Reply {
        Reply::Wait
    }
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

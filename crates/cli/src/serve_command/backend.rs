//! The panel's [`Backend`] over real deployments: sites are reached when they are first asked for, and kept.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use panel::proposals::{Preparation, Progress, Rehearsal, WishedTemplate};
use panel::{
    Answering, Backend, BackendError, DeploymentSummary, Leaving, LeavingWish, Look, MaintenanceWish,
};
use tokio::sync::{mpsc, oneshot};
use upgrade::{ApprovedPlan, Banner, CatalogueEntry, DrainPolicy, Plan, PlatformAct, UpgradeChoices};

use super::conducting::Work;
use super::lifeline::Lifeline;
use super::look::look;
use super::reached::{Reached, SESSION};
use super::refusals::{refused, unanswered, unreachable};
use super::remembered::SharedRuns;
use crate::configuration::Configuration;
use crate::error::CliError;
use crate::maintenance_command::{Entering, LeavingError, entering, leaving_for};
use crate::planning::run_id;
use crate::site::Site;
use crate::words::already;

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
    inner: Arc<Reached>,
    errands: mpsc::UnboundedSender<Errand>,
}

impl Sites {
    pub(super) fn new(
        configuration: Configuration,
        data: &Path,
        errands: mpsc::UnboundedSender<Errand>,
        lifeline: Lifeline,
        shared: Vec<Arc<SharedRuns>>,
    ) -> Sites {
        Sites { inner: Arc::new(Reached::new(configuration, data.to_owned(), lifeline, shared)), errands }
    }

    pub(super) fn inner(&self) -> Arc<Reached> {
        Arc::clone(&self.inner)
    }

    /// Have something done where sites live.
    fn local<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(Arc<Reached>) -> F + Send + 'static,
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

impl Backend for Sites {
    fn deployments(&self) -> Vec<DeploymentSummary> {
        let all = self.inner.configuration.deployments.iter();
        all.map(|settings| DeploymentSummary {
            name: settings.name.clone(),
            stack: settings.stack.clone(),
            region: settings.access.region.clone(),
            message: settings.maintenance.banner.clone(),
            has_banner: settings.platform.adapter.capabilities.banner,
            has_gate: !settings.gateless,
            has_console: settings.access.endpoint_url.is_none(),
            notice_seconds: settings.maintenance.notice_seconds,
            maintenance: settings.maintenance.policy.clone(),
        })
        .collect()
    }

    fn observe(&self, deployment: &str) -> Answering<'_, Look> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| look(&*inner.site(&deployment).await?).await)
    }

    fn prepare_entering(&self, deployment: &str, wish: &MaintenanceWish) -> Answering<'_, Plan> {
        let (deployment, wish) = (deployment.to_owned(), wish.clone());
        self.local(async move |inner| inner.entering(&deployment, &wish).await)
    }

    fn prepare_leaving(&self, deployment: &str, wish: LeavingWish, by: &str) -> Answering<'_, Leaving> {
        let (deployment, by) = (deployment.to_owned(), by.to_owned());
        self.local(async move |inner| inner.leaving(&deployment, wish, &by).await)
    }

    fn releases(&self, deployment: &str) -> Answering<'_, Vec<CatalogueEntry>> {
        let deployment = deployment.to_owned();
        self.local(async move |inner| inner.releases(&deployment).await)
    }

    fn prepare(
        &self,
        deployment: &str,
        template: &WishedTemplate,
        choices: &UpgradeChoices,
    ) -> Answering<'_, Preparation> {
        let (deployment, template, choices) = (deployment.to_owned(), template.clone(), choices.clone());
        self.local(async move |inner| inner.prepare(&deployment, template, choices).await)
    }

    fn rehearse(
        &self,
        deployment: &str,
        template: &WishedTemplate,
        choices: &UpgradeChoices,
        progress: Progress,
    ) -> Answering<'_, Rehearsal> {
        let (deployment, template, choices) = (deployment.to_owned(), template.clone(), choices.clone());
        self.local(async move |inner| inner.rehearse(&deployment, template, choices, progress).await)
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
            site.ports.platform.banner().await.map_err(unanswered)
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

impl Reached {
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
        let closes_at = wish.notice_seconds.map(|seconds| site.clock.now().plus_seconds(u64::from(seconds)));
        match entering(&site, Some(&journal), &id, force, closes_at).await.map_err(refused)? {
            Entering::By(plan) => Ok(*plan),
            Entering::Already(found) => {
                Err(BackendError::Refused(format!("{} Nothing is changed.", already(&found))))
            }
        }
    }

    /// As `slackwater maintenance disable` decides it.
    async fn leaving(&self, deployment: &str, wish: LeavingWish, by: &str) -> Result<Leaving, BackendError> {
        let site = self.site(deployment).await?;
        let journal = site.journal(&self.data).await.map_err(refused)?;
        leaving_for(&site, &journal, wish, by).await.map_err(not_covered)
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
    if let Some(grace) = wish.grace_seconds.map(u64::from) {
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

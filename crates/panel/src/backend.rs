//! What the panel needs of the world: deployments to look at, runs to begin. Whoever serves the panel implements it.

use std::future::Future;
use std::pin::Pin;

use conductor::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::{
    ApprovedPlan, Banner, CatalogueEntry, Computation, EcsService, HealthFinding, Job, Maintenance,
    MaintenancePolicy, Plan, Session, Timestamp, UpgradeChoices, Users, WorkerGroup,
};

use crate::proposals::{Preparation, Progress, Rehearsal, WishedTemplate};

/// An answer that is on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

/// Deployments within reach.
pub trait Backend: Send + Sync + 'static {
    /// Every deployment that the settings name.
    fn deployments(&self) -> Vec<DeploymentSummary>;

    /// How a deployment is at this moment. Asks its cloud, so it may take seconds.
    fn observe(&self, deployment: &str) -> Answering<'_, Look>;

    /// Draw up the plan of entering maintenance. Changes nothing. Refused where the deployment is in it already, and nothing
    /// of it has come back.
    fn prepare_entering(&self, deployment: &str, wish: &MaintenanceWish) -> Answering<'_, Plan>;

    /// Decide how maintenance is left, for whoever `by` names. Changes nothing. Refused where the leaving would meet something
    /// that the wish doesn't cover.
    fn prepare_leaving(&self, deployment: &str, wish: LeavingWish, by: &str) -> Answering<'_, Leaving>;

    /// The releases that the deployment's catalogue has, in its order; empty where it has none.
    fn releases(&self, deployment: &str) -> Answering<'_, Vec<CatalogueEntry>>;

    /// Look at everything an upgrade touches, check it, and draw its plan up. Changes nothing on the deployment, but
    /// that a template that isn't on S3 is put into the owner's bucket. Takes seconds to minutes.
    fn prepare(
        &self,
        deployment: &str,
        template: &WishedTemplate,
        choices: &UpgradeChoices,
    ) -> Answering<'_, Preparation>;

    /// Rehearse the upgrade again and again against clouds in memory, set up as the deployment is now, and let one thing fail at a
    /// time. Changes nothing on the deployment. Takes seconds to minutes; where `progress` says that nobody wants it any more,
    /// the rest isn't begun, and whatever is answered is of no use.
    fn rehearse(
        &self,
        deployment: &str,
        template: &WishedTemplate,
        choices: &UpgradeChoices,
        progress: Progress,
    ) -> Answering<'_, Rehearsal>;

    /// Begin an approved plan's run as a task of this process, which goes on whoever looks. Returns once its first record is
    /// written; refused to a plan that has been begun before, and while another run of the stack has not ended.
    fn start(&self, plan: ApprovedPlan) -> Answering<'_, ()>;

    /// Go on with a run that nobody carries out, as a task of this process.
    fn resume(&self, run_id: &str) -> Answering<'_, ()>;

    /// The banner that users see.
    fn banner(&self, deployment: &str) -> Answering<'_, Option<Banner>>;

    /// Show users a banner; `None` takes it down.
    fn set_banner(&self, deployment: &str, banner: Option<Banner>) -> Answering<'_, ()>;
}

/// Why a deployment didn't answer. The words are shown to people who may look: they hold no secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BackendError {
    /// The settings name no such deployment.
    #[error("there is no deployment {0}")]
    NoDeployment(String),
    /// What was asked for can't be done as things are.
    #[error("{0}")]
    Refused(String),
    /// A cloud or a platform didn't answer.
    #[error("{0}")]
    Unreachable(String),
}

/// A deployment, as its settings have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeploymentSummary {
    pub name: String,
    /// The primary stack's name or ARN.
    pub stack: String,
    pub region: String,
    /// The banner that settings give to maintenance, as a beginning for forms.
    #[serde(skip)]
    pub message: Option<String>,
    /// Whether its platform shows banners.
    #[serde(skip)]
    pub has_banner: bool,
    /// Whether there is a gate that keeps users out.
    #[serde(skip)]
    pub has_gate: bool,
    /// Whether AWS's console shows its stack: a local cloud has none.
    #[serde(skip)]
    pub has_console: bool,
    /// How long before the gate closes users are told.
    #[serde(skip)]
    pub notice_seconds: u64,
    /// How work is ended where a wish says nothing of it.
    #[serde(skip)]
    pub maintenance: MaintenancePolicy,
}

/// A deployment as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When this was.
    pub at: Timestamp,
    /// The deployed release's version, when its template tells it.
    pub version: Option<String>,
    /// The stack's status, such as `UPDATE_COMPLETE`.
    pub status: String,
    /// Whether users are let in, and by whom and since when they aren't, as the gate itself or the notes tell it: whoever
    /// closed it, wherever their journal lies. Or why nobody knows.
    pub users: Result<Users, String>,
    /// Every way in and how it stands, a line each.
    pub doors: Vec<String>,
    /// Each part that proves the platform healthy; none: nothing is asked. Or why nobody knows.
    pub health: Result<Vec<HealthFinding>, String>,
    /// What is as maintenance leaves it and bears its note, a line each: leaving puts it back. Or why nobody knows.
    pub taken_away: Result<Vec<String>, String>,
    /// Unfinished jobs; or why nobody knows.
    pub jobs: Result<Vec<Job>, String>,
    /// Worker groups; or why nobody knows.
    pub workers: Result<Vec<WorkerGroup>, String>,
    /// ECS services that work; or why nobody knows.
    pub services: Result<Vec<EcsService>, String>,
    /// Sessions; `None` where the platform has no way to tell.
    pub sessions: Option<Result<Vec<Session>, String>>,
    /// Computations; `None` where the platform has no way to tell.
    pub computations: Option<Result<Vec<Computation>, String>>,
}

impl Look {
    /// The maintenance that the deployment is in.
    #[must_use]
    pub fn maintenance(&self) -> Option<&Maintenance> {
        self.users.as_ref().ok().and_then(Users::maintenance)
    }

    /// Whether it is in none, as far as was seen.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.users, Ok(Users::In | Users::AtWork))
    }
}

/// The longest message to users, in characters.
pub(crate) const MOST_MESSAGE: usize = 500;

/// How maintenance is wanted; what is left out is as the settings have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "Maintenance")]
pub struct MaintenanceWish {
    /// What users are told.
    #[schemars(length(min = 1, max = MOST_MESSAGE))]
    pub message: Option<String>,
    /// After so long the gate closes.
    #[schemars(range(max = u32::MAX))]
    pub notice_seconds: Option<u32>,
    /// So long work may end by itself before it is told to.
    #[schemars(range(max = u32::MAX))]
    pub grace_seconds: Option<u32>,
    /// What follows when a deadline has passed.
    pub escalation: Option<upgrade::Escalation>,
    /// Sessions that may be stopped unsaved, by id.
    pub force_sessions: Vec<String>,
}

/// What a leaving may meet, and goes through with all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "Leaving")]
pub struct LeavingWish {
    /// A run that is carried out is asked to stop.
    pub stop_run: bool,
    /// Users are let in though the stack is being updated.
    pub while_updating: bool,
    /// Users are let in though the platform isn't healthy.
    pub although_unhealthy: bool,
}

/// How maintenance is left.
#[derive(Debug)]
pub enum Leaving {
    /// A run has not ended: this is asked of it, in this order.
    From {
        run_id: String,
        /// What is asked; empty: it leaves already.
        asks: Vec<Request>,
        /// Whether somebody carries it on; else it is to be resumed.
        conducted: bool,
    },
    /// By a run of this plan.
    By(Box<Plan>),
}

//! The upgrade as plan and state machine: `(state, event) -> (state, effect)`. Pure.
//!
//! A [`Plan`] leaves no choices; [`transition`] carries it out in the mind: it is told what was observed and
//! what came of an act, and says what to do next. The conductor does it. The journal is the list of events,
//! so a run's [`State`] is a fold over it, and going on after a crash is folding it again.
//!
//! Every step is level-triggered: observe, decide, act, observe again. So every act may be repeated, and
//! the end of a step is always something seen on the cloud, never something assumed.

mod act;
mod approval;
mod checks;
mod choices;
mod circumstances;
mod comparison;
mod deployment;
mod door;
mod draft;
mod durations;
mod ending;
mod facts;
mod hooks;
mod journal;
mod journal_lines;
mod limit;
mod note;
mod observation;
mod obstacles;
mod other_ways_in;
pub mod pieces;
mod plan;
mod platform;
mod policy;
mod profile;
mod query;
mod question;
mod repeated_failures;
mod report;
pub mod rights;
mod shared_state;
mod state;
mod step;
mod steps;
mod suggestions;
mod takeover;
mod transition;
mod user_impact;
mod version;
mod watch;

pub use act::{
    Act, FleetAct, GroupSize, LifecycleAction, Memory, NotedResource, RuleMove, ServiceCount, StackAct,
    WarmPoolSize,
};
pub use approval::{Approval, ApprovedPlan, NotApproved};
pub use checks::{
    CheckInput, CheckResult, DatabaseStorage, ParameterConstraints, ParameterFix, ParameterPlace,
    ParameterRow, ReleaseFacts, StorageAdvice, Verdict, Version, actions_of_role, check, check_ids,
    in_the_way, least_growth, new_targets, parameter_table, standing_checks, storage_advice,
};
pub use choices::{CatalogueEntry, UpgradeChoices};
pub use circumstances::{
    Alarm, Circumstances, Database, DeniedAction, Drift, LinkedStack, ListenerRule, Looked, Machine,
    PendingMaintenance, Quota, StackSettings,
};
pub use comparison::{Change, ChangeDetail, ChangedPart, Difference, Weighing, weigh};
pub use deployment::Deployment;
pub use door::{
    BalancerKind, Closing, DoorWord, Judged, LeadsTo, ListenerSeen, PlannedDoor, WaysIn, judge as judge_doors,
};
pub use draft::{
    ChangedProperty, DraftError, DraftedUpdate, Findings, Foretold, MOST_ARNS, MOST_MONITORING_MINUTES,
    MOST_PAGE_BYTES, MOST_TAGS, PlanSettings, ReleaseSide, UnfitOption, UpdateOptions, UpdateRequest,
    draft_update, draft_way_back, find_targets, find_targets_with, is_updatable, maintenance_plan,
    makes_room, new_priorities, survey_deployment, upgrade_plan,
};
pub use durations::{Durations, RunDurations};
pub use ending::{DoorStanding, Ending, Seen, Users, still_to_put_back};
pub use facts::{Fact, Facts, FactsBefore};
pub use hooks::{HookFinding, HooksSeen, PlannedHook};
pub use journal::{Event, Handover, JOURNAL_FORMAT, PortError, PortErrorKind, Record, What};
pub use journal_lines::{Line, LineKind};
pub use limit::{Limit, Then};
pub use note::Note;
pub use observation::{
    AlarmSeen, CalmSeen, ChangeSetSeen, DoorSeen, EcsService, EcsTask, GateRuleSeen, HealthFinding, Instance,
    Job, JobQueue, LifecycleHook, LogicalResource, Observation, OtherRule, SnapshotSeen, StackEvent,
    StandingSeen, WarmPool, WorkerGroup, physical_ids,
};
pub use obstacles::{
    ApiProtection, ComputeEnvironment, InstanceRefresh, Obstacle, ObstacleParts, ObstaclesSeen,
    ProtectedInstance, ScheduledAction, Weight, not_come_back, obstacles,
};
pub use other_ways_in::unjudged_ways;
pub use plan::{
    Acceptance, AdmittingRule, AtWork, ExpectedChange, Fate, Gate, PLAN_FORMAT, ParameterSetting, Piece,
    Plan, PlannedRisk, PlannedSnapshot, PlannedStep, Proposal, RunKind, SnapshotKind, StackUpdate, Targets,
    UnpinnedPiece, UpdateKind, sha256_of,
};
pub use platform::{
    Banner, BannerLevel, Computation, LastSave, PlatformAct, PlatformCapabilities, PlatformHealth,
    PlatformObservation, PlatformQuery, PlatformStatus, Session, SessionKind, Unsaved,
};
pub use policy::{
    Announcement, DrainPolicy, Escalation, HealthPolicy, HttpCheck, MaintenancePolicy, OnUnhealthy,
};
pub use profile::{
    DatabaseRole, Misfit, MisfitKind, Part, Profile, ProfileError, ProfileWord, Roles, SelectBy, Selection,
    Selector, Survey, is_work,
};
pub use query::{CalmParts, FleetQuery, HealthQuery, Query, StackQuery};
pub use question::{Answer, Question, StuckResource};
pub use repeated_failures::{Novelty, Repeated};
pub use report::{Report, RunningReport, StepReport};
pub use shared_state::{BucketSeen, SharedState, Trial, Versions};
pub use state::{BannerBefore, Before, Door, Maintenance, Outcome, State, Stays, Taken, Told, UpdateState};
pub use step::Step;
pub use steps::services::not_running;
pub use steps::users_query;
pub use suggestions::nearest;
pub use takeover::{LATE_SECONDS, Renewal};
pub use template::PatternEffort;
pub use transition::{Effect, IllegalTransition, StopDoes, fold, stop_does, transition};
pub use version::{VersionSource, deployed_version, release_version, version_sources};
pub use watch::{WATCH_SECONDS, watch_due, watch_seconds};

/// Milliseconds since 1970-01-01T00:00:00Z. Time is an argument here, never read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Milliseconds from `earlier` to this; zero when it isn't earlier.
    #[must_use]
    pub fn milliseconds_since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// So many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

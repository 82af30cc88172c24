//! The upgrade as plan and state machine: `(state, event) -> (state, effect)`. Pure.
//!
//! A [`Plan`] leaves no choices; [`transition`] carries it out in the mind: it is told what was observed and
//! what came of an act, and says what to do next. The conductor does it. The journal is the list of events,
//! so a run's [`State`] is a fold over it, and going on after a crash is folding it again.
//!
//! Every step is level-triggered: observe, decide, act, observe again. So every act may be repeated, and
//! the end of a step is always something seen on the cloud, never something assumed.

mod act;
mod comparison;
mod deployment;
mod draft;
mod journal;
mod observation;
mod plan;
mod platform;
mod profile;
mod report;
mod state;
mod steps;
mod transition;

pub use act::{Act, GroupSize, WarmPoolSize};
pub use comparison::{Change, Difference, compare};
pub use deployment::Deployment;
pub use draft::{DraftError, DraftRequest, draft, find_targets};
pub use journal::{Event, JOURNAL_FORMAT, PortError, PortErrorKind, Record, What};
pub use observation::{
    ChangeSetSeen, GateRuleSeen, Instance, Job, JobQueue, LogicalResource, Observation, Query, StackEvent,
    WarmPool, WorkerGroup,
};
pub use plan::{
    ExpectedChange, Fate, Gate, PLAN_FORMAT, ParameterSetting, Plan, PlannedStep, Proposal, Step, Targets,
    default_steps,
};
pub use platform::{
    Banner, BannerLevel, Computation, LastSave, PlatformAct, PlatformCapabilities, PlatformHealth,
    PlatformObservation, PlatformQuery, PlatformStatus, Session, SessionKind, Unsaved,
};
pub use profile::{Profile, ProfileError, Roles};
pub use report::{Report, StepReport};
pub use state::{Before, Outcome, State};
pub use transition::{Effect, IllegalTransition, fold, transition};

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
}

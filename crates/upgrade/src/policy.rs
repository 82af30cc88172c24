//! How maintenance goes about its work: what a deployment's owner decides once, and a plan freezes.

use serde::{Deserialize, Serialize};

use crate::platform::Banner;

/// Grace, deadline and escalation for one kind of workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainPolicy {
    /// Seconds in which the work may end by itself before it is told to.
    pub grace_seconds: u64,
    /// Seconds after which the escalation follows, counted from the step's beginning.
    pub deadline_seconds: u64,
    /// What follows then.
    pub escalation: Escalation,
}

impl DrainPolicy {
    /// Seconds after which the work is ended one way or the other, counted from the step's beginning; `None`: it is
    /// waited for as long as it takes.
    #[must_use]
    pub fn limit_seconds(self) -> Option<u64> {
        match self.escalation {
            Escalation::Wait => None,
            Escalation::Stop | Escalation::Force => Some(self.deadline_seconds.max(self.grace_seconds)),
        }
    }
}

/// What follows when a drain's deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Escalation {
    /// Go on waiting, users kept out, saying what holds it.
    Wait,
    /// Stop the run: put everything back and let users in.
    Stop,
    /// End it by force: sessions unsaved (only those that the plan names), instances by terminating them directly;
    /// jobs and computations end with the workers.
    Force,
}

/// How maintenance treats each kind of workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenancePolicy {
    /// Interactive sessions.
    pub sessions: DrainPolicy,
    /// Sessions that may be stopped though their save was not confirmed, by id. With [`Escalation::Force`] only.
    pub force_sessions: Vec<String>,
    pub computations: DrainPolicy,
    /// Batch jobs.
    pub jobs: DrainPolicy,
    /// Worker instances and dedicated machines.
    pub workers: DrainPolicy,
    /// Whether the stack's alarms are muted meanwhile.
    pub mute_alarms: bool,
    /// A run that fails behind its closed gate, with the old release standing, ends there with users kept out, instead
    /// of letting them in. Who stops a run, or disables maintenance, lets them in all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stay_closed_on_failure: bool,
}

impl Default for MaintenancePolicy {
    fn default() -> MaintenancePolicy {
        let drain = |grace_seconds, deadline_seconds, escalation| DrainPolicy {
            grace_seconds,
            deadline_seconds,
            escalation,
        };
        MaintenancePolicy {
            sessions: drain(0, 900, Escalation::Stop),
            force_sessions: Vec::new(),
            computations: drain(0, 600, Escalation::Stop),
            // A job gets 30 s between SIGTERM and SIGKILL (Batch user guide, "Job timeouts").
            jobs: drain(0, 900, Escalation::Stop),
            workers: drain(0, 1800, Escalation::Stop),
            mute_alarms: true,
            stay_closed_on_failure: false,
        }
    }
}

/// When users are told and when the gate closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The banner until the gate closes; `None`: the platform shows none.
    pub banner: Option<Banner>,
    /// The gate closes no earlier than this, in milliseconds since 1970.
    pub closes_at: Option<crate::Timestamp>,
}

/// What proves the platform healthy before users are let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthPolicy {
    /// Target groups of the public listener must have a healthy target and no unhealthy one.
    pub targets: bool,
    /// The platform must answer with the new version (the old one after a rollback) and be well.
    pub platform: bool,
    /// The owner's own checks.
    pub http: Vec<HttpCheck>,
    /// All of it must hold this long without a break.
    pub quiet_seconds: u64,
    /// After this long a person is asked.
    pub deadline_seconds: u64,
    /// What follows without asking.
    pub on_failure: OnUnhealthy,
}

impl Default for HealthPolicy {
    fn default() -> HealthPolicy {
        HealthPolicy {
            targets: true,
            platform: true,
            http: Vec::new(),
            quiet_seconds: 30,
            deadline_seconds: 900,
            on_failure: OnUnhealthy::Ask,
        }
    }
}

/// An HTTP check of the owner's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// What to call it.
    pub name: String,
    /// Where. Users' own addresses are behind the closed gate: this must be one that isn't, or an allow-listed way.
    pub url: String,
    /// The wanted status code.
    pub status: u16,
    /// Text that the body must contain.
    pub contains: Option<String>,
}

/// What follows when the platform isn't healthy after its update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnUnhealthy {
    /// A person decides.
    Ask,
    /// Go back to the previous template.
    GoBack,
    /// Let users in all the same.
    Open,
    /// End with the gate closed.
    StayClosed,
}

//! The faults as data: read from JSON, checked, written back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account_hook::AccountHook;
use crate::wire::Service;

/// More entries than any rehearsal needs.
const MOST_ENTRIES: usize = 1000;
/// A year of a second's work.
const LONGEST_TIMES: f64 = 31_536_000.0;
const HIGHEST_RATE: f64 = 1_000_000.0;

/// Why a document isn't one of faults.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// Not JSON, or of another form. The text says where.
    #[error("these are no faults: {0}. See the members in the documentation of the faults module")]
    Form(#[from] serde_json::Error),
    /// A service that isn't here.
    #[error(
        "{list}[{place}]: no service is signed for as {service}: use names such as cloudformation or batch"
    )]
    Service {
        /// The member.
        list: &'static str,
        /// Its place.
        place: usize,
        /// What was given.
        service: String,
    },
    /// An answer that the service doesn't have.
    #[error("calls[{place}]: conditional_request_conflict is an answer of s3 alone")]
    Answer {
        /// Its place.
        place: usize,
    },
    /// A number that makes no sense.
    #[error("{list}[{place}]: {what}")]
    Number {
        /// The member.
        list: &'static str,
        /// Its place.
        place: usize,
        /// What it has to be.
        what: &'static str,
    },
    /// A hook that no account could have.
    #[error("hooks[{place}]: {what}")]
    Hook {
        /// Its place.
        place: usize,
        /// What it has to be.
        what: &'static str,
    },
    /// Too many entries.
    #[error("{0} has more than {MOST_ENTRIES} entries")]
    TooMany(&'static str),
}

/// What is to go wrong. The parent module says what each member does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Resources that fail.
    pub resources: Vec<ResourceFault>,
    /// Resources that take long.
    pub slow: Vec<SlowResource>,
    /// Resources whose update is told to be complete and isn't made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmade: Vec<UnmadeUpdate>,
    /// What the functions behind custom resources answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_resources: Vec<CustomAnswer>,
    /// The hooks that the account has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<AccountHook>,
    /// Calls that aren't answered as they should be.
    pub calls: Vec<CallFault>,
    /// Token buckets besides the usual ones.
    pub throttle: Vec<Throttle>,
    /// Whether the usual ones apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttling: Option<bool>,
    /// End the temporary credentials given so far.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub expire_credentials: bool,
}

/// A resource that fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceFault {
    /// The stack's name.
    pub stack: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// When.
    pub phase: FaultPhase,
    /// In which words.
    pub reason: String,
}

/// When a resource fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPhase {
    /// At the end of its creation (also the creation that replaces it).
    Create,
    /// At the end of its update in place.
    Update,
    /// When a failed update is undone.
    Rollback,
    /// At the end of its deletion, in a clean-up phase too.
    Delete,
    /// When it is to signal; without a reason it says nothing at all.
    Signal,
}

/// A resource that takes long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowResource {
    /// The stack's name.
    pub stack: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// How many times as long; at least once.
    pub times: f64,
}

/// A resource whose update CloudFormation records as complete while the service has changed nothing, as a resize of ElastiCache
/// that failed was (coverage roadmap 2273).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnmadeUpdate {
    /// The stack's name.
    pub stack: String,
    /// The resource's name in the template.
    pub logical_id: String,
}

/// What the function behind a custom resource answers, with success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomAnswer {
    /// The stack's name.
    pub stack: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// `PhysicalResourceId`; another one than the resource has replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_id: Option<String>,
    /// `Data`: what `Fn::GetAtt` gives, a list among it too.
    #[serde(default)]
    pub data: BTreeMap<String, serde_json::Value>,
}

/// Calls that aren't answered as they should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFault {
    /// The service's signing name.
    pub service: String,
    /// The operation, or `*`.
    pub operation: String,
    /// Calls that are let through first.
    #[serde(default)]
    pub after: u64,
    /// Calls that then meet the fault.
    #[serde(default = "once")]
    pub next: u64,
    /// What they meet.
    pub answer: Answer,
    /// With [`Answer::ArriveLate`], after how many seconds they happen: at most 900; `None`: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_seconds: Option<u64>,
}

/// A request later than this has a signature that AWS takes no more.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>
const LATEST_SECONDS: u64 = 900;

fn once() -> u64 {
    1
}

/// What a call meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Status 500; nothing has happened.
    ServerError,
    /// Status 503; nothing has happened.
    ServiceUnavailable,
    /// The service's own refusal of one call too many; nothing has happened.
    Throttled,
    /// As if a policy forbade it; nothing has happened.
    AccessDenied,
    /// As if the credentials had expired; nothing has happened.
    ExpiredCredentials,
    /// S3's 409 to a conditional write that met another request to the same key; nothing has happened.
    ConditionalRequestConflict,
    /// No answer; nothing has happened.
    DropConnection,
    /// No answer, though it has happened.
    LoseResponse,
    /// No answer, and it happens later, after whatever has happened by then. What is on its way when the cloud's process ends
    /// never arrives.
    ArriveLate,
}

/// A token bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// The service's signing name.
    pub service: String,
    /// The operation, or `*` for all together.
    pub operation: String,
    /// How many calls a full bucket lets through.
    pub burst: u32,
    /// How many more each second.
    pub per_second: f64,
}

impl Faults {
    /// Read a document's text.
    ///
    /// # Errors
    /// When it isn't one; the message says what is wrong with which entry.
    pub fn parse(text: &str) -> Result<Faults, FaultsError> {
        serde_json::from_str::<Faults>(text)?.checked()
    }

    /// Read a document that is JSON already.
    ///
    /// # Errors
    /// When it isn't one.
    pub fn from_json(value: &Value) -> Result<Faults, FaultsError> {
        Faults::deserialize(value)?.checked()
    }

    /// Let a resource of a stack (by name) fail in a phase, with this reason, until the faults are set anew.
    pub fn fail(&mut self, stack: &str, logical_id: &str, phase: FaultPhase, reason: &str) {
        let (stack, logical_id) = (stack.to_owned(), logical_id.to_owned());
        self.resources.push(ResourceFault { stack, logical_id, phase, reason: reason.to_owned() });
    }

    /// The reason for which a resource is to fail; of several the last one counts.
    #[must_use]
    pub fn reason(&self, stack: &str, logical_id: &str, phase: FaultPhase) -> Option<String> {
        let fits = |fault: &&ResourceFault| {
            fault.phase == phase && fault.logical_id == logical_id && fault.stack == stack
        };
        self.resources.iter().rev().find(fits).map(|fault| fault.reason.clone())
    }

    /// How many times as long a resource takes.
    #[must_use]
    pub fn times(&self, stack: &str, logical_id: &str) -> Option<f64> {
        self.slow
            .iter()
            .find(|slow| slow.stack == stack && slow.logical_id == logical_id)
            .map(|slow| slow.times)
    }

    /// Whether a resource's update is only said to be made.
    #[must_use]
    pub fn is_unmade(&self, stack: &str, logical_id: &str) -> bool {
        self.unmade.iter().any(|one| one.stack == stack && one.logical_id == logical_id)
    }

    /// What the function behind a custom resource answers; without an order it says success and nothing else.
    #[must_use]
    pub fn custom_resource(&self, stack: &str, logical_id: &str) -> Option<&CustomAnswer> {
        self.custom_resources.iter().find(|answer| answer.stack == stack && answer.logical_id == logical_id)
    }

    /// The hooks that look at a resource of a stack (by name), in their order.
    pub fn hooks_of_resource<'a>(
        &'a self,
        stack: &'a str,
        logical_id: &'a str,
    ) -> impl Iterator<Item = &'a AccountHook> {
        self.hooks.iter().filter(move |hook| hook.looks_at_resource(stack, logical_id))
    }

    /// The hooks that look at the change sets of a stack (by name), in their order.
    pub fn hooks_of_change_sets<'a>(&'a self, stack: &'a str) -> impl Iterator<Item = &'a AccountHook> {
        self.hooks.iter().filter(move |hook| hook.looks_at_change_sets(stack))
    }

    /// The fault that a call meets or uses up, with its place.
    #[must_use]
    pub fn call(&self, service: &str, operation: &str) -> Option<(usize, &CallFault)> {
        self.calls.iter().enumerate().find(|(_, fault)| {
            fault.next > 0 && fault.service == service && is_about(&fault.operation, operation)
        })
    }

    /// The buckets of an operation, with their places.
    pub fn throttles<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
    ) -> impl Iterator<Item = (usize, &'a Throttle)> {
        self.throttle
            .iter()
            .enumerate()
            .filter(move |(_, one)| one.service == service && is_about(&one.operation, operation))
    }

    fn checked(self) -> Result<Faults, FaultsError> {
        for (list, length) in [
            ("resources", self.resources.len()),
            ("slow", self.slow.len()),
            ("unmade", self.unmade.len()),
            ("custom_resources", self.custom_resources.len()),
            ("hooks", self.hooks.len()),
            ("calls", self.calls.len()),
            ("throttle", self.throttle.len()),
        ] {
            if length > MOST_ENTRIES {
                return Err(FaultsError::TooMany(list));
            }
        }
        for (place, slow) in self.slow.iter().enumerate() {
            if !(1.0..=LONGEST_TIMES).contains(&slow.times) {
                let what = "times must be at least 1, and at most 31536000";
                return Err(FaultsError::Number { list: "slow", place, what });
            }
        }
        let unfit = |(place, hook): (usize, &AccountHook)| Some((place, hook.fault()?));
        if let Some((place, what)) = self.hooks.iter().enumerate().find_map(unfit) {
            return Err(FaultsError::Hook { place, what });
        }
        let known = |list, place, service: &String| match Service::signed_for(service) {
            Some(service) if service != Service::Control => Ok(()),
            _ => Err(FaultsError::Service { list, place, service: service.clone() }),
        };
        for (place, fault) in self.calls.iter().enumerate() {
            known("calls", place, &fault.service)?;
            if fault.answer == Answer::ConditionalRequestConflict && fault.service != "s3" {
                return Err(FaultsError::Answer { place });
            }
            if fault.late_seconds.is_some_and(|seconds| seconds > LATEST_SECONDS) {
                let what = "late_seconds must be at most 900";
                return Err(FaultsError::Number { list: "calls", place, what });
            }
        }
        for (place, throttle) in self.throttle.iter().enumerate() {
            known("throttle", place, &throttle.service)?;
            if !(0.0..=HIGHEST_RATE).contains(&throttle.per_second) {
                let what = "per_second must be between 0 and 1000000";
                return Err(FaultsError::Number { list: "throttle", place, what });
            }
        }
        Ok(self)
    }
}

impl CallFault {
    /// One more call has met this: what is let through comes first.
    pub fn use_once(&mut self) {
        match self.after {
            0 => self.next = self.next.saturating_sub(1),
            _ => self.after -= 1,
        }
    }
}

impl SlowResource {
    /// What `times` adds to a time.
    #[must_use]
    pub fn added(times: f64, usual: Duration) -> Duration {
        Duration::try_from_secs_f64(usual.as_secs_f64() * (times - 1.0)).unwrap_or_default()
    }
}

fn is_about(wanted: &str, operation: &str) -> bool {
    wanted == "*" || wanted == operation
}

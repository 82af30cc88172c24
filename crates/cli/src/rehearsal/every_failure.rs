//! Everything that can fail does, one thing at a time, and each outcome is classed.

use std::collections::BTreeMap;

use conductor::Ended;
use localcloud::Faults;
use localcloud::faults::{FaultPhase, ResourceFault};
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{Answer, Fate, Question, Record, Step, UpdateKind};

use super::beginnings::Beginning;
use super::many::on_every_core;
use super::simulated_platform::{Fault, Mishap};
use super::summary::{End, Summary};
use super::{Came, Death, Rehearsal, Variation};
use crate::error::CliError;
use crate::words;

/// How a call of the cloud is answered instead of as it should be.
pub const ANSWERS: [&str; 6] =
    ["throttled", "server_error", "drop_connection", "lose_response", "expired_credentials", "access_denied"];

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Cause {
    /// CloudFormation can't bring a resource to where it should be; where `rollback_too`, nor back.
    Resource { update: UpdateKind, logical_id: String, phase: Phase, rollback_too: bool },
    /// The call of this number (from 0) is answered so.
    Call { number: usize, call: String, answer: &'static str },
    /// The request to the platform of this number (from 0) is answered so.
    Platform { number: usize, request: String, answer: &'static str },
    /// Whatever carries the run out dies, and another takes it over.
    Death(Death),
    /// Somebody says stop when this step begins.
    Stop {
        #[serde(serialize_with = "words::as_title")]
        #[schemars(with = "String")]
        step: Step,
    },
}

/// What is done with a resource when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Create,
    Update,
    Delete,
}

impl Cause {
    /// In a few words.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Cause::Resource { update, logical_id, phase, rollback_too } => {
                let phase = match phase {
                    Phase::Create => "can't be made",
                    Phase::Update => "can't be updated",
                    Phase::Delete => "can't be deleted",
                };
                let back = if *rollback_too { ", nor rolled back" } else { "" };
                let stack = match update {
                    UpdateKind::Primary | UpdateKind::WayBack => String::new(),
                    UpdateKind::BackupStack | UpdateKind::RoleStack => format!(" ({})", update.title()),
                };
                format!("{logical_id}{stack} {phase}{back}")
            }
            Cause::Call { number, call, answer } => format!("call {number}, {call}: {answer}"),
            Cause::Platform { number, request, answer } => {
                format!("platform request {number}, {request}: {answer}")
            }
            Cause::Death(Death { record, act_is_done: false }) => {
                format!("the process dies after record {record}")
            }
            Cause::Death(Death { record, act_is_done: true }) => {
                format!("the process dies when the act of record {record} is done")
            }
            Cause::Stop { step } => format!("somebody says stop at: {}", step.title()),
        }
    }

    /// What kind of thing it is, for the table.
    #[must_use]
    pub fn group(&self) -> &'static str {
        match self {
            Cause::Resource { rollback_too: false, .. } => "a resource fails",
            Cause::Resource { rollback_too: true, .. } => "a resource fails, its rollback too",
            Cause::Call { .. } => "a call of AWS fails",
            Cause::Platform { .. } => "a request to the platform fails",
            Cause::Death(_) => "the process dies",
            Cause::Stop { .. } => "somebody says stop",
        }
    }
}

/// A way out of a failed rollback that was tried.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayOut {
    /// As it is typed: `retry`, `skip`, `skip-all`.
    pub answer: &'static str,
    /// What is passed over.
    pub skip: Vec<String>,
    pub end: End,
    /// The stack's status afterwards.
    pub stack_status: String,
}

impl WayOut {
    /// Whether the next update may begin.
    #[must_use]
    pub fn leaves_updatable(&self) -> bool {
        matches!(self.stack_status.as_str(), "UPDATE_ROLLBACK_COMPLETE" | "UPDATE_COMPLETE")
    }
}

/// What came of one thing that went wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub cause: Cause,
    pub title: String,
    pub end: End,
    pub reason: String,
    /// How long users were out, in milliseconds, until the end or the question.
    pub downtime: Option<u64>,
    pub whole: u64,
    /// What a rollback didn't bring back, or what could not be put back.
    pub lost: Vec<String>,
    /// Ways out of a failed rollback that were tried, the least harmful that leaves an updatable stack first.
    pub ways_out: Vec<WayOut>,
}

impl Failure {
    /// Whether a person has to come.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        !self.end.is_well()
    }
}

/// Every failure.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    pub outcomes: Vec<Failure>,
    /// What runs never came to, so that they say nothing of it: a resource that isn't touched, a call that isn't made.
    pub unmet: Vec<String>,
    /// How many of each kind came to which end.
    pub ends: BTreeMap<&'static str, BTreeMap<End, usize>>,
    /// How many there are of which not all were tried, by kind: tried and there.
    pub sampled: BTreeMap<&'static str, Sampled>,
}

/// How many failures of a kind were tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sampled {
    pub tried: usize,
    pub there: usize,
}

impl Failures {
    fn of(outcomes: Vec<Failure>, unmet: Vec<String>, sampled: BTreeMap<&'static str, Sampled>) -> Failures {
        let mut ends: BTreeMap<&'static str, BTreeMap<End, usize>> = BTreeMap::new();
        for one in &outcomes {
            *ends.entry(one.cause.group()).or_default().entry(one.end).or_default() += 1;
        }
        Failures { outcomes, unmet, ends, sampled }
    }

    /// How many need a person.
    #[must_use]
    pub fn need_a_person(&self) -> usize {
        self.outcomes.iter().filter(|one| one.needs_a_person()).count()
    }
}

/// Everything that can go wrong with a run that went like this one. `most_calls`: of the calls, at most so many of each answer are
/// tried, evenly spread.
fn causes(
    rehearsal: &Rehearsal,
    whole: &Came,
    most_calls: usize,
) -> (Vec<Cause>, BTreeMap<&'static str, Sampled>) {
    let mut causes = Vec::new();
    let mut sampled = BTreeMap::new();
    let of = |tried, there| Sampled { tried, there };
    for update in &rehearsal.plan.updates {
        for one in &update.expected {
            let phase = match one.expected {
                // What is replaced fails when the new one is made.
                Fate::Added | Fate::Replaced => Phase::Create,
                Fate::UpdatedInPlace | Fate::InstancesReplaced => Phase::Update,
                Fate::Removed => Phase::Delete,
                Fate::MayBeReplaced | Fate::MayBeUpdated | Fate::Unchanged | Fate::Fails => continue,
            };
            for rollback_too in [false, true] {
                // What is removed is removed in the clean-up, after which nothing is rolled back.
                if rollback_too && phase == Phase::Delete {
                    continue;
                }
                causes.push(Cause::Resource {
                    update: update.kind,
                    logical_id: one.logical_id.clone(),
                    phase,
                    rollback_too,
                });
            }
        }
    }
    let spread = |there: usize| there.div_ceil(most_calls.max(1)).max(1);
    let calls = &whole.calls;
    let every = spread(calls.len());
    let before = causes.len();
    for (offset, answer) in ANSWERS.into_iter().enumerate() {
        // Each answer begins elsewhere, so that together they meet more of the calls.
        for (number, call) in calls.iter().enumerate().skip(offset * every / ANSWERS.len()).step_by(every) {
            causes.push(Cause::Call { number, call: call.clone(), answer });
        }
    }
    sampled.insert("a call of AWS fails", of(causes.len() - before, calls.len() * ANSWERS.len()));
    let every = spread(whole.requests.len());
    let before = causes.len();
    for (offset, mishap) in Mishap::ALL.into_iter().enumerate() {
        let requests = whole.requests.iter().enumerate();
        for (number, request) in requests.skip(offset * every / Mishap::ALL.len()).step_by(every) {
            causes.push(Cause::Platform { number, request: request.clone(), answer: mishap.word() });
        }
    }
    sampled.insert(
        "a request to the platform fails",
        of(causes.len() - before, whole.requests.len() * Mishap::ALL.len()),
    );
    let every = spread(whole.records.len());
    let before = causes.len();
    let records = whole.records.iter().enumerate();
    let intents = records.clone().filter(|(_, record)| matches!(record, Record::Intended { .. }));
    let deaths: Vec<Death> = records
        .map(|(record, _)| Death { record, act_is_done: false })
        .chain(intents.map(|(record, _)| Death { record, act_is_done: true }))
        .collect();
    causes.extend(deaths.iter().step_by(every).map(|death| Cause::Death(*death)));
    sampled.insert("the process dies", of(causes.len() - before, deaths.len()));
    let steps = whole.report.steps.iter().map(|step| step.step);
    let mut seen = Vec::new();
    for step in steps {
        if !seen.contains(&step) {
            seen.push(step);
            causes.push(Cause::Stop { step });
        }
    }
    sampled.retain(|_, Sampled { tried, there }| tried < there);
    (causes, sampled)
}

/// Let everything fail, one thing at a time, on as many threads as there are cores. `progress` hears how many are done, of how
/// many; where it says no, the rest isn't begun.
///
/// # Errors
/// The first run that broke one of the program's own rules.
pub fn every_failure(
    rehearsal: &Rehearsal,
    most_calls: usize,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Failures, CliError> {
    let whole = rehearsal.run(&Variation::default())?;
    let beginnings = rehearsal.beginnings(&whole)?;
    let (causes, sampled) = causes(rehearsal, &whole, most_calls);
    let all = causes.len();
    let outcomes = on_every_core(all, &|done| progress(done, all), &|number| {
        // There are as many pieces as causes.
        let try_one = |cause| try_cause(rehearsal, latest(&beginnings, cause, &whole), cause);
        causes.get(number).map(try_one).transpose()
    })?;
    let (mut met, mut unmet) = (Vec::new(), Vec::new());
    for outcome in outcomes.into_iter().flatten() {
        match outcome {
            Ok(failure) => met.push(failure),
            Err(title) => unmet.push(title),
        }
    }
    Ok(Failures::of(met, unmet, sampled))
}

/// The latest beginning of `whole` from which a run goes on in which this goes wrong; `None`: from the start.
fn latest<'b>(beginnings: &'b [Beginning], cause: &Cause, whole: &Came) -> Option<&'b Beginning> {
    let is_before = |beginning: &&Beginning| match cause {
        Cause::Resource { update, .. } => !beginning.has_executed(*update),
        Cause::Call { number, .. } => beginning.calls.len() <= *number,
        Cause::Platform { number, .. } => beginning.requests <= *number,
        Cause::Death(death) => beginning.records.len() <= death.record,
        Cause::Stop { step } => {
            let entered = whole.entered.iter().find(|(_, entered)| entered == step);
            entered.is_none_or(|(record, _)| beginning.records.len() <= *record)
        }
    };
    beginnings.iter().rev().find(is_before)
}

/// In these words a resource fails.
const REASON: &str = "so it was rehearsed";

/// Whether what was to go wrong did: a resource may not be reached, a call not be made.
fn is_met(cause: &Cause, came: &Came) -> bool {
    match cause {
        Cause::Resource { .. } => {
            let reasons = came.report.stack_events.iter().filter_map(|event| event.status_reason.as_ref());
            reasons.into_iter().any(|reason| reason.contains(REASON))
        }
        Cause::Call { number, .. } => came.calls.len() > *number,
        Cause::Platform { number, .. } => came.requests.len() > *number,
        Cause::Death(death) => came.records.len() > death.record,
        Cause::Stop { step } => came.report.steps.iter().any(|one| one.step == *step),
    }
}

/// Let one thing go wrong, after this beginning; its title where the run never came to it.
fn try_cause(
    rehearsal: &Rehearsal,
    beginning: Option<&Beginning>,
    cause: &Cause,
) -> Result<Result<Failure, String>, CliError> {
    let variation = variation(rehearsal, cause);
    let came = rehearsal.run_from(beginning, &variation)?;
    if !is_met(cause, &came) {
        return Ok(Err(cause.title()));
    }
    let summary = Summary::of(0, &came);
    let ways_out = match &came.ended {
        Ended::NeedsAnswer(Question::RollbackFailed { resources, .. }, _) => {
            let stuck = resources.iter().map(|one| one.logical_id.clone()).collect();
            ways_out(rehearsal, beginning, &variation, stuck)?
        }
        Ended::NeedsAnswer(..) | Ended::Run(_) => Vec::new(),
    };
    let lost: Vec<String> =
        came.report.still_to_put_back.iter().chain(&came.report.left_behind).cloned().collect();
    Ok(Ok(Failure {
        title: cause.title(),
        cause: cause.clone(),
        end: summary.end,
        reason: summary.reason.unwrap_or_default(),
        downtime: summary.downtime,
        whole: summary.whole,
        lost,
        ways_out,
    }))
}

/// The ways out of a failed rollback, tried; the best first.
fn ways_out(
    rehearsal: &Rehearsal,
    beginning: Option<&Beginning>,
    variation: &Variation,
    stuck: Vec<String>,
) -> Result<Vec<WayOut>, CliError> {
    let mut ways = Vec::new();
    let skipping = (!stuck.is_empty()).then_some(Answer::ContinueRollback { skip: stuck });
    let retry = Answer::ContinueRollback { skip: Vec::new() };
    for answer in [Some(retry), skipping, Some(Answer::ForceRollback)].into_iter().flatten() {
        let word = answer.word();
        let skip = if let Answer::ContinueRollback { skip } = &answer { skip.clone() } else { Vec::new() };
        let answered = Variation { answers: vec![answer], ..variation.clone() };
        let came = rehearsal.run_from(beginning, &answered)?;
        let end = Summary::of(0, &came).end;
        ways.push(WayOut { answer: word, skip, end, stack_status: came.stack_status });
    }
    // What is tried first is the least harmful: nothing passed over, then what is stuck, then whatever fails.
    ways.sort_by_key(|way| !(way.leaves_updatable() && way.end.is_well()));
    Ok(ways)
}

fn variation(rehearsal: &Rehearsal, cause: &Cause) -> Variation {
    let mut variation = Variation::default();
    match cause {
        Cause::Resource { update, logical_id, phase, rollback_too } => {
            let stack = rehearsal.plan.update(*update).map(|update| update.stack_name.clone());
            let fault = |phase| ResourceFault {
                stack: stack.clone().unwrap_or_default(),
                logical_id: logical_id.clone(),
                phase,
                reason: REASON.to_owned(),
            };
            let phase = match phase {
                Phase::Create => FaultPhase::Create,
                Phase::Update => FaultPhase::Update,
                Phase::Delete => FaultPhase::Delete,
            };
            let mut resources = vec![fault(phase)];
            resources.extend(rollback_too.then(|| fault(FaultPhase::Rollback)));
            variation.faults = Faults { resources, ..Faults::default() };
        }
        Cause::Call { number, answer, .. } => variation.failing_call = Some((*number, answer)),
        Cause::Platform { number, answer, .. } => {
            let mishap = Mishap::ALL.into_iter().find(|mishap| mishap.word() == *answer);
            variation.mishaps = mishap.map(|mishap| Fault { at: *number, mishap }).into_iter().collect();
        }
        Cause::Death(death) => variation.dies = Some(*death),
        Cause::Stop { step } => variation.stop_at = Some(*step),
    }
    variation
}

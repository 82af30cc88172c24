//! One job's way through its states.
//! <https://docs.aws.amazon.com/batch/latest/userguide/job_states.html>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::attempts::{self, Ending};
use super::{Batch, Timer, durations, invalid, processes};
use crate::{Timestamp, World, timers};

/// A job's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum JobState {
    Submitted,
    Pending,
    Runnable,
    Starting,
    Running,
    Succeeded,
    Failed,
}

impl JobState {
    pub(super) const ALL: [JobState; 7] = [
        JobState::Submitted,
        JobState::Pending,
        JobState::Runnable,
        JobState::Starting,
        JobState::Running,
        JobState::Succeeded,
        JobState::Failed,
    ];

    /// AWS's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            JobState::Submitted => "SUBMITTED",
            JobState::Pending => "PENDING",
            JobState::Runnable => "RUNNABLE",
            JobState::Starting => "STARTING",
            JobState::Running => "RUNNING",
            JobState::Succeeded => "SUCCEEDED",
            JobState::Failed => "FAILED",
        }
    }

    /// The state of a word.
    pub(super) fn of_name(name: &str) -> Option<JobState> {
        JobState::ALL.into_iter().find(|state| state.name() == name)
    }

    /// SUCCEEDED or FAILED.
    pub(super) fn has_ended(self) -> bool {
        matches!(self, JobState::Succeeded | JobState::Failed)
    }
}

/// A job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: String,
    /// Its place in the order of submission.
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) queue_arn: String,
    pub(super) definition_arn: String,
    pub(super) state: JobState,
    /// Counts its states, so that a timer of an earlier one is known as stale.
    pub(super) step: u64,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) stopped: Option<Timestamp>,
    pub(super) reason: Option<String>,
    pub(super) exit_code: Option<i64>,
    pub(super) is_cancelled: bool,
    pub(super) is_terminated: bool,
    pub(super) depends_on: Vec<String>,
    pub(super) plan: Plan,
    /// Those that are over.
    pub(super) attempts: Vec<Value>,
    /// Whether it is a process and has, or waits for, one now.
    pub(super) has_process: bool,
    /// The instance that the present attempt runs on.
    pub(super) host: Option<String>,
    /// Where the output of the present attempt goes.
    pub(super) log_stream: Option<String>,
    /// Settings that are given back as they came.
    pub(super) described: Map<String, Value>,
}

/// What a job will do. A job says so itself, by a parameter or, in its container's environment, a variable:
/// `runSeconds` or `RUN_SECONDS`, `exitCode` or `EXIT_CODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) run: Duration,
    pub(super) exit_code: i64,
    /// `attemptDurationSeconds`.
    pub(super) timeout: Option<Duration>,
}

impl Plan {
    /// The plan of a job with these parameters and variables; a text that is no number counts as none.
    pub(super) fn read(
        parameters: &Map<String, Value>,
        variables: &BTreeMap<String, String>,
        timeout_seconds: Option<u64>,
    ) -> Plan {
        let said = |parameter: &str, variable: &str| {
            let text = parameters.get(parameter).and_then(Value::as_str);
            text.or_else(|| variables.get(variable).map(String::as_str)).map(str::to_owned)
        };
        let run = said("runSeconds", "RUN_SECONDS").and_then(|text| text.parse().ok());
        let exit_code = said("exitCode", "EXIT_CODE").and_then(|text| text.parse().ok());
        Plan {
            run: run.map_or(durations::RUN, Duration::from_secs),
            exit_code: exit_code.unwrap_or(0),
            timeout: timeout_seconds.map(Duration::from_secs),
        }
    }
}

/// Put a job into a state for a time.
pub(super) fn enter(world: &mut World, id: &str, state: JobState, lasts: Option<Duration>) {
    let Batch { jobs, index, .. } = &mut world.batch;
    let Some(job) = jobs.get_mut(id) else { return };
    index.moved(&job.queue_arn, job.number, id, Some(job.state), state);
    job.state = state;
    job.step += 1;
    if let Some(lasts) = lasts {
        let timer = Timer::Job { job: id.to_owned(), step: job.step };
        world.schedule(lasts, timers::Timer::Batch(timer));
    }
}

/// Jobs that run end when this says so; where it says nothing, as they were to.
pub(crate) fn let_end(world: &mut World, ends_after: &dyn Fn(&str) -> Option<Duration>) {
    let jobs = world.batch.jobs.iter().filter(|(_, job)| job.state == JobState::Running);
    let ending: Vec<(String, Duration)> =
        jobs.filter_map(|(id, _)| Some((id.clone(), ends_after(id)?))).collect();
    for (id, after) in ending {
        enter(world, &id, JobState::Running, Some(after));
    }
}

/// A job's state has lasted its time.
pub(super) fn step_is_over(world: &mut World, id: &str, step: u64) {
    let now = world.now;
    let is_process = world.batch.jobs.get(id).is_some_and(|job| processes::is_process(world, job));
    let Batch { jobs, queues, environments, .. } = &mut world.batch;
    let Some(job) = jobs.get_mut(id).filter(|job| job.step == step) else { return };
    match job.state {
        JobState::Submitted => enter(world, id, JobState::Pending, Some(durations::SUBMISSION)),
        JobState::Pending => leave_pending(world, id),
        JobState::Runnable if job.is_cancelled || job.is_terminated => end(world, id, JobState::Failed, None),
        JobState::Runnable => {
            // Disabling a queue stops placing: the job stays until `place_waiting`.
            let places = queues.get(&job.queue_arn).is_some_and(|queue| invalid::places(environments, queue));
            if places {
                enter(world, id, JobState::Starting, Some(durations::START));
            }
        }
        JobState::Starting | JobState::Running if job.is_terminated => end(world, id, JobState::Failed, None),
        JobState::Starting if is_process => processes::wait_for_process(world, id),
        JobState::Starting => {
            job.started = Some(now);
            let lasts = job.plan.timeout.map_or(job.plan.run, |timeout| timeout.min(job.plan.run));
            enter(world, id, JobState::Running, Some(lasts));
        }
        JobState::Running => {
            let timed_out = job.plan.timeout.is_some_and(|timeout| timeout < job.plan.run);
            let (succeeded, reason) = match job.plan.exit_code {
                _ if timed_out => (false, "Job attempt duration exceeded timeout"),
                code => (code == 0, "Essential container in task exited"),
            };
            let exit_code = Some(if timed_out { 137 } else { job.plan.exit_code });
            attempts::end(world, id, Ending { succeeded, exit_code, reason: Some(reason), timed_out });
        }
        JobState::Succeeded | JobState::Failed => {}
    }
}

/// PENDING lasts until every dependency has succeeded.
fn leave_pending(world: &mut World, id: &str) {
    let Batch { jobs, .. } = &world.batch;
    let Some(job) = jobs.get(id) else { return };
    let states: Vec<Option<JobState>> =
        job.depends_on.iter().map(|needed| jobs.get(needed).map(|needed| needed.state)).collect();
    if states.contains(&Some(JobState::Failed)) {
        end(world, id, JobState::Failed, Some("Dependent Job failed"));
    } else if states.iter().all(|state| matches!(state, None | Some(JobState::Succeeded))) {
        enter(world, id, JobState::Runnable, Some(durations::PLACEMENT));
    }
}

/// A job has ended; jobs that wait for it look again.
pub(super) fn end(world: &mut World, id: &str, state: JobState, reason: Option<&str>) {
    let now = world.now;
    let Some(job) = world.batch.jobs.get_mut(id) else { return };
    job.stopped = Some(now);
    job.has_process = false;
    if let Some(reason) = reason {
        job.reason = Some(reason.to_owned());
    }
    attempts::note(job, now);
    enter(world, id, state, None);
    let Batch { jobs, index, .. } = &world.batch;
    let is_pending = |id: &&String| jobs.get(id.as_str()).is_some_and(|job| job.state == JobState::Pending);
    let waiting: Vec<String> = index.dependents(id).iter().filter(is_pending).cloned().collect();
    for waiting in waiting {
        enter(world, &waiting, JobState::Pending, Some(durations::SUBMISSION));
    }
}

/// A queue is there (again): what is RUNNABLE there gets its place after the usual time, if it is enabled.
pub(super) fn place_waiting(world: &mut World, queue_arn: &str) {
    if !world.batch.queues.get(queue_arn).is_some_and(|queue| queue.is_enabled) {
        return;
    }
    let Batch { jobs, index, .. } = &world.batch;
    let is_wanted = |id: &&str| jobs.get(*id).is_some_and(|job| !job.is_cancelled && !job.is_terminated);
    let runnable = index.after(queue_arn, JobState::Runnable, None).map(|(_, id)| id);
    let waiting: Vec<String> = runnable.filter(is_wanted).map(str::to_owned).collect();
    for id in waiting {
        enter(world, &id, JobState::Runnable, Some(durations::PLACEMENT));
    }
}

/// A queue or an environment works (again): so do the queues that depend on it.
pub(super) fn place_waiting_again(world: &mut World, arn: &str) {
    let queues: Vec<String> = world
        .batch
        .queues
        .values()
        .filter(|queue| queue.arn == arn || invalid::environments_of(queue).any(|used| used == arn))
        .map(|queue| queue.arn.clone())
        .collect();
    for queue in queues {
        place_waiting(world, &queue);
    }
}

/// The queue is gone.
pub(super) fn end_all_of_queue(world: &mut World, queue_arn: &str) {
    let unfinished: Vec<String> = world
        .batch
        .jobs
        .values()
        .filter(|job| job.queue_arn == queue_arn && !job.state.has_ended())
        .map(|job| job.id.clone())
        .collect();
    for id in unfinished {
        if let Some(job) = world.batch.jobs.get_mut(&id) {
            job.is_terminated = true;
        }
        end(world, &id, JobState::Failed, Some("Job queue was deleted"));
    }
}

//! The rules of the design, judged from outside: by what the cloud and the platform say, and by what everybody was told.

use std::time::Duration;

use conductor::JournalStore;
use serde_json::{Value, json};
use upgrade::{
    Act, Answer, FleetAct, OnUnhealthy, Outcome, Question, Record, RunKind, StackAct, Step, Timestamp,
    UpdateKind,
};

use super::deployment::{Becomes, SECRET, STACK};
use super::world::{Done, TOKEN, World};
use crate::error::CliError;
use crate::rehearsal::onlooker::Standing;
use crate::rehearsal::summary::End;
use crate::seed::SeedError;
use crate::seed::answer::texts;

/// Between two looks at a gate that must be closed, in seconds of virtual time.
const LOOK_SECONDS: u64 = 20;

/// The id of the first run.
pub(super) const FIRST_RUN: &str = "run-0";

/// How a run was judged.
pub(super) struct Judged {
    /// Whether users are kept out after it.
    pub is_entered: bool,
    /// How it ended, in a few words.
    pub word: String,
}

/// Judge a run by what stands after it.
///
/// # Errors
/// The cloud doesn't answer: a fault of the simulation.
pub(super) async fn judge(world: &World, done: &Done, was_entered: bool) -> Result<Judged, CliError> {
    let run_id = &done.plan.run_id;
    let wrong = |words: String| world.wrong(format!("{run_id}: {words}"));
    for (machine, believed) in done.believed.iter().enumerate() {
        let mut rest = done.records.iter();
        for record in believed.borrow().iter() {
            if !rest.any(|written| written == record) {
                wrong(format!("machine {machine} believes written what is not: {record:?}"));
                break;
            }
        }
    }
    let lines = world.calm_lines();
    let journal = world.journal(&lines, world.stage.clock, &done.plan.stack_id).await?;
    match journal.runs().await {
        Ok(runs) => {
            for run in runs.iter().filter(|run| !run.ended) {
                wrong(format!("{run:?} has not ended"));
            }
        }
        Err(error) => wrong(format!("the runs can't be listed: {error}")),
    }
    // What is wrong is written down where this is: it is taken first.
    let past_the_limit = std::mem::take(&mut world.net.log().past_the_limit);
    past_the_limit.into_iter().for_each(wrong);
    secrets(world, done);
    let Some(outcome) = &done.outcome else {
        wrong("it has not ended".to_owned());
        return Ok(Judged { is_entered: is_shut(world).await?, word: "not ended".to_owned() });
    };
    let (status, version, has_foreign) = stack(world)?;
    if world.meddled_at.take().is_some() && !has_foreign {
        wrong(
            "what somebody else had updated the stack to was undone, and nobody had approved of that"
                .to_owned(),
        );
    }
    let after = Standing::look(&world.stage.primary, world.stage.clock).await?;
    let is_shut = after.gate_pages() > world.before.gate_pages();
    // Somebody may have decided to let users in as it was, or to pass over what could not be rolled back.
    let opened_as_it_was = done.answers.iter().any(|(question, answer)| {
        matches!((question, answer), (Question::Leaving { .. } | Question::GateGone { .. }, Answer::Open))
    });
    let executes_way_back = |record: &Record| {
        matches!(
            record,
            Record::Intended {
                act: Act::Stack(StackAct::ExecuteChangeSet { update: UpdateKind::WayBack, .. }),
                ..
            }
        )
    };
    // A group that the way back makes anew has the sizes of its template.
    let went_back = done.records.iter().any(executes_way_back);
    let was_led = went_back
        || done.answers.iter().any(|(_, answer)| match answer {
            Answer::ContinueRollback { skip } => !skip.is_empty(),
            Answer::ForceRollback => true,
            Answer::LookAgain
            | Answer::GoBack
            | Answer::Open
            | Answer::StayClosed
            | Answer::CloseAgain
            | Answer::GoOn
            | Answer::Leave => false,
        });
    // Nothing was refused to the run, so nothing could be left to be named.
    if world.options.trouble.answered_once_in.is_none()
        && !world.options.aims
        && !is_shut
        && !opened_as_it_was
    {
        for words in left_over(world).await? {
            wrong(words);
        }
    }
    world.was_led.set(world.was_led.get() || was_led);
    // What the new release has no more, and CloudFormation could not delete, stays without instances.
    let is_removed = |words: &str| {
        let mut parts = world.deployment.parts.iter().enumerate();
        version.as_deref() == Some("1.1.0")
            && parts.any(|(number, part)| {
                matches!(part.becomes, Becomes::Removed | Becomes::Replaced)
                    && words.starts_with(&format!("part-{number}-first "))
            })
    };
    let check = |end: End| {
        if is_shut {
            wrong("users are told to be in, and the maintenance page stands".to_owned());
        }
        if !opened_as_it_was {
            let resized = world.resized.borrow();
            let is_its_owners =
                |words: &&String| resized.iter().any(|group| words.starts_with(group.as_str()));
            let wrongs = world.before.wrongs(&after, end, world.was_led.get());
            let judged = wrongs.iter().filter(|words| !is_its_owners(words) && !is_removed(words));
            judged.cloned().for_each(wrong);
        }
    };
    let expected_version = |expected: &str| {
        if version.as_deref() != Some(expected) {
            wrong(format!("the stack has release {version:?} ({status}), and not {expected}"));
        }
    };
    let before = done.plan.from_version.as_deref();
    let (is_entered, word) = match outcome {
        Outcome::Upgraded => {
            check(End::Finished);
            // Somebody else's update may have come after it: that is told.
            if !(has_foreign && done.remarks.iter().any(|remark| remark.contains("updated the stack since")))
            {
                expected_version("1.1.0");
            }
            // A way back that was rolled back leaves the new release as well.
            if status != "UPDATE_COMPLETE" && !(went_back && status == "UPDATE_ROLLBACK_COMPLETE") {
                wrong(format!("it is upgraded, and the stack is {status}"));
            }
            // A later run finds the platform as sick as it was before.
            let is_sick = world.options.unhealthy && !world.net.is_calm() && run_id == FIRST_RUN;
            let somebody_opened = done.answers.iter().any(|(_, answer)| *answer == Answer::Open);
            if is_sick && !somebody_opened && done.plan.health.on_failure != OnUnhealthy::Open {
                wrong("users were let into a platform that isn't healthy, and nobody had said so".to_owned());
            }
            (false, "upgraded")
        }
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } => {
            if let Some(before) = before {
                expected_version(before);
            }
            if was_entered {
                if !is_shut {
                    wrong("maintenance had been entered by hand, and the gate is open".to_owned());
                }
                (true, "not upgraded, still in maintenance")
            } else {
                check(End::RolledBack);
                (false, "not upgraded")
            }
        }
        Outcome::InMaintenance => {
            calm(world, &after, is_shut, &status, &wrong).await?;
            (true, "in maintenance")
        }
        Outcome::OutOfMaintenance => {
            check(if version.as_deref() == Some("1.0.0") { End::RolledBack } else { End::Finished });
            (false, "out of maintenance")
        }
        Outcome::GateClosed { reason } => {
            world.said.borrow_mut().push(reason.clone());
            (is_shut, "ended with users kept out")
        }
    };
    Ok(Judged { is_entered, word: word.to_owned() })
}

/// What a run that is over has left: its banner, a change set.
async fn left_over(world: &World) -> Result<Vec<String>, CliError> {
    let mut left = Vec::new();
    left.extend(world.platform.banner().map(|text| format!("its banner is left: {text}")));
    let fields = [("StackName".to_owned(), STACK.to_owned())];
    let listed = world.caller.query("cloudformation", "ListChangeSets", &fields).await;
    let listed = listed.map_err(SeedError::from)?;
    let names = texts(&listed, "ChangeSetName").into_iter().zip(texts(&listed, "ExecutionStatus"));
    for (name, status) in names.filter(|(name, _)| name.starts_with("slackwater-")) {
        if status == "AVAILABLE" {
            left.push(format!("its change set {name} is left"));
        }
    }
    Ok(left)
}

/// Nothing goes on in a deployment that is in maintenance.
async fn calm(
    world: &World,
    after: &Standing,
    is_shut: bool,
    status: &str,
    wrong: &dyn Fn(String),
) -> Result<(), CliError> {
    if !is_shut {
        wrong("it is in maintenance, and users reach the platform".to_owned());
    }
    // What a failed rollback has not deleted yet belongs to no release.
    if status != "UPDATE_ROLLBACK_FAILED" {
        for words in after.awake() {
            wrong(format!("it is in maintenance, and {words}"));
        }
    }
    if world.platform.at_work() != (0, 0) {
        wrong("it is in maintenance, and people's work goes on".to_owned());
    }
    for words in jobs(world).await? {
        wrong(format!("it is in maintenance, and {words}"));
    }
    Ok(())
}

/// Whether a maintenance page stands that wasn't there before.
///
/// # Errors
/// The cloud doesn't answer.
pub(super) async fn is_shut(world: &World) -> Result<bool, CliError> {
    let pages = crate::rehearsal::onlooker::gate_pages(&world.caller).await?;
    Ok(pages > world.before.gate_pages())
}

/// What can only be judged when all is over.
///
/// # Errors
/// The cloud doesn't answer.
pub(super) async fn afterwards(world: &World) -> Result<(), CliError> {
    for words in world.platform.wrongs() {
        world.wrong(format!("the platform: {words}"));
    }
    for said in world.said.borrow().iter() {
        for secret in [SECRET, TOKEN] {
            if said.contains(secret) {
                world.wrong(format!("somebody was told a secret: {}", said.replace(secret, "…")));
            }
        }
    }
    if !world.options.resizes {
        return Ok(());
    }
    // What is nobody's business any more but its owner's.
    let Some(group) = resize(world).await? else { return Ok(()) };
    world.stage.clock.sleep(Duration::from_secs(1_200)).await;
    let now = Standing::look(&world.stage.primary, world.stage.clock).await?;
    if now.sizes(&group).is_some_and(|sizes| sizes[1] != "9" || sizes[2] != wanted_now(world)) {
        world.wrong(format!(
            "{group} was resized by its owner after the run, and has {:?}",
            now.sizes(&group)
        ));
    }
    Ok(())
}

/// How many instances an owner wants who gives a group another size: on every other evening none, as a group has it that nobody
/// needs at night.
fn wanted_now(world: &World) -> &'static str {
    if world.seed.is_multiple_of(2) { "0" } else { "1" }
}

/// The owner gives the first group another size.
async fn resize(world: &World) -> Result<Option<String>, CliError> {
    let standing = Standing::look(&world.stage.primary, world.stage.clock).await?;
    let Some(group) = standing.group_names().next().map(str::to_owned) else { return Ok(None) };
    let desired = wanted_now(world);
    let fields = [("AutoScalingGroupName", group.as_str()), ("MaxSize", "9"), ("DesiredCapacity", desired)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let resized = world.caller.query("autoscaling", "UpdateAutoScalingGroup", &fields).await;
    // One that CloudFormation could not delete to the end takes no size any more.
    if resized.is_err() {
        return Ok(None);
    }
    world.resized.borrow_mut().push(group.clone());
    Ok(Some(group))
}

/// Status, release, and whether what somebody else added by hand is there.
fn stack(world: &World) -> Result<(String, Option<String>, bool), CliError> {
    let look = world.stage.primary.inspect(|cloud| {
        let stack = cloud.cloudformation.find(STACK)?;
        let version = stack.definition.as_ref().and_then(|one| one.template.version_info());
        let foreign = stack.resources.values().any(|resource| resource.logical_id == "Foreign");
        Some((stack.status.name().to_owned(), version.map(|info| info.version), foreign))
    });
    let look = look.map_err(|error| CliError::new(crate::Exit::Failed, error.message))?;
    Ok(look.unwrap_or_else(|| ("gone".to_owned(), None, false)))
}

/// Whether the stack has what somebody else added by hand, and rests.
///
/// # Errors
/// An earlier request ended in a fault of the local cloud.
pub(super) fn is_meddled(world: &World) -> Result<bool, CliError> {
    let (status, _, foreign) = stack(world)?;
    Ok(status == "UPDATE_COMPLETE" && foreign)
}

/// No secret is in what was written of a run.
fn secrets(world: &World, done: &Done) {
    let written = [serde_json::to_string(&done.plan), serde_json::to_string(&done.records)];
    for text in written.into_iter().flatten() {
        for (secret, what) in [(SECRET, "a NoEcho parameter"), (TOKEN, "the platform's token")] {
            if text.contains(secret) {
                world.wrong(format!("{}: {what} is in its plan or its journal", done.plan.run_id));
            }
        }
    }
}

/// Jobs that have not ended, by queue.
async fn jobs(world: &World) -> Result<Vec<String>, CliError> {
    let mut unfinished = Vec::new();
    let ask = async |path: &str, body: &Value| {
        world.caller.json("batch", "batch:ListJobs", "POST", path, body).await
    };
    let queues = ask("/v1/describejobqueues", &json!({})).await?;
    for queue in queues["jobQueues"].as_array().into_iter().flatten() {
        for status in ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] {
            let asked = json!({"jobQueue": queue["jobQueueName"], "jobStatus": status});
            let found = ask("/v1/listjobs", &asked).await?;
            let count = found["jobSummaryList"].as_array().map_or(0, Vec::len);
            if count > 0 {
                unfinished.push(format!("{count} of {}'s jobs are {status}", queue["jobQueueName"]));
            }
        }
    }
    Ok(unfinished)
}

/// Whether a run that is in this step has closed the gate, and not begun to open it.
fn keeps_out(step: Step) -> bool {
    let updates = |step: Step| {
        matches!(
            step,
            Step::ExecuteChangeSet(UpdateKind::Primary | UpdateKind::WayBack)
                | Step::FollowUpdate(UpdateKind::Primary | UpdateKind::WayBack)
        )
    };
    let comes_back = [Step::LocateTargets, Step::CheckHealth, Step::RestoreWorkers, Step::RestoreJobQueues];
    Step::DRAINING.contains(&step)
        || Step::SAVING.contains(&step)
        || updates(step)
        || comes_back.contains(&step)
}

/// What is looked at while a run goes on, each time that it has written a record.
pub(super) struct Onlooker {
    looked_at: Option<u64>,
    has_closed: bool,
    /// When the last record was written, by the true clock.
    pub last_at: Option<Timestamp>,
    /// The group to which its owner has given another size since users are in.
    resized: Option<String>,
}

impl Onlooker {
    pub(super) fn new(was_entered: bool) -> Onlooker {
        Onlooker { looked_at: None, has_closed: was_entered, last_at: None, resized: None }
    }

    /// Users are in, and a group is its owner's again: whoever looks once more leaves it alone, but where it has nothing.
    pub(super) fn users_are_in(&mut self, world: &World, record: &Record, step: Step) {
        if !world.options.resizes {
            return;
        }
        if self.resized.is_none() && step == Step::LookOnceMore {
            self.resized = at_once(resize(world)).and_then(Result::ok).flatten();
            return;
        }
        let Record::Intended { act: Act::Fleet(FleetAct::ResizeWorkerGroups { sizes }), .. } = record else {
            return;
        };
        let Some(group) =
            self.resized.as_ref().filter(|group| sizes.iter().any(|one| one.group_name == **group))
        else {
            return;
        };
        let standing = at_once(Standing::look(&world.stage.primary, world.stage.clock)).and_then(Result::ok);
        let has_some = standing.and_then(|standing| standing.sizes(group).map(|sizes| sizes[1] != "0"));
        if has_some == Some(true) {
            world.wrong(format!("{group} was resized by its owner, and is about to be put back once more"));
        }
    }

    /// Look, where there is something to be seen.
    pub(super) fn look(&mut self, world: &World, kind: RunKind, record: &Record, step: Step) {
        if kind != RunKind::LeaveMaintenance && Step::DRAINING.contains(&step) {
            self.has_closed = true;
        }
        let executes = matches!(
            record,
            Record::Intended {
                act: Act::Stack(StackAct::ExecuteChangeSet { update: UpdateKind::Primary, .. }),
                ..
            }
        );
        let now = world.stage.clock.now().0 / 1000;
        let is_due = executes || self.looked_at.is_none_or(|at| now >= at + LOOK_SECONDS);
        if !self.has_closed || !keeps_out(step) || !is_due {
            return;
        }
        self.looked_at = Some(now);
        match at_once(seen(world, step, executes)) {
            Some(Ok(wrongs)) => wrongs.into_iter().for_each(|words| world.wrong(words)),
            Some(Err(error)) => world.wrong(format!("the onlooker can't look: {error}")),
            // The cloud is throttling the onlooker as well: the next record is looked at.
            None => self.looked_at = None,
        }
    }
}

/// What is not as it must be while users are kept out.
async fn seen(world: &World, step: Step, executes: bool) -> Result<Vec<String>, CliError> {
    let mut wrongs = Vec::new();
    if !is_shut(world).await? {
        wrongs.push(format!("users reach the platform, and the run is at {:?}", step.title()));
    }
    if executes {
        let standing = Standing::look(&world.stage.primary, world.stage.clock).await?;
        for words in standing.awake().into_iter().chain(jobs(world).await?) {
            wrongs.push(format!("the update is about to be executed, and {words}"));
        }
        if world.platform.at_work() != (0, 0) {
            wrongs.push("the update is about to be executed, and people's work goes on".to_owned());
        }
    }
    Ok(wrongs)
}

/// What comes of something that waits for nobody: a cloud in this process answers at once.
fn at_once<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(work).poll(&mut context) {
        std::task::Poll::Ready(done) => Some(done),
        std::task::Poll::Pending => None,
    }
}

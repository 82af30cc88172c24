//! Runs over the API: where they stand, what happened, what is asked of them.

use conductor::{Claim, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::{Limit, LineKind, Maintenance, Question, RunKind, StopDoes, stop_does};

use super::audited::audited;
use super::deployments::Gate;
use super::operation::{Done, limit};
use crate::live::{ListedRun, RunDigest, Unreadable};
use crate::moment::Moment;
use crate::web::{Call, Failure};
use crate::words::run_status;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Runs {
    runs: Vec<RunSummary>,
    /// The run that the next page ends before.
    next_before: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RunSummary {
    run_id: String,
    deployment: String,
    stack: String,
    /// `null`: its plan can't be read.
    kind: Option<RunKind>,
    from_version: Option<String>,
    to_version: Option<String>,
    started_at: Moment,
    last_at: Moment,
    /// Where it stands, in a few words; or why it can't be read.
    standing: String,
    ended: bool,
    /// `null`: it goes on, or can't be read.
    outcome: Option<Outcome>,
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    word: OutcomeWord,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum OutcomeWord {
    Upgraded,
    NotUpgraded,
    WentBack,
    InMaintenance,
    OutOfMaintenance,
    GateClosed,
}

impl From<&upgrade::Outcome> for Outcome {
    fn from(outcome: &upgrade::Outcome) -> Outcome {
        let (word, reason) = match outcome {
            upgrade::Outcome::Upgraded => (OutcomeWord::Upgraded, None),
            upgrade::Outcome::NotUpgraded { reason } => (OutcomeWord::NotUpgraded, Some(reason)),
            upgrade::Outcome::WentBack { reason } => (OutcomeWord::WentBack, Some(reason)),
            upgrade::Outcome::InMaintenance => (OutcomeWord::InMaintenance, None),
            upgrade::Outcome::OutOfMaintenance => (OutcomeWord::OutOfMaintenance, None),
            upgrade::Outcome::GateClosed { reason } => (OutcomeWord::GateClosed, Some(reason)),
        };
        Outcome { word, reason: reason.cloned() }
    }
}

impl RunSummary {
    /// Of a run that can't be read only what the journal's own list says.
    fn new(run: &conductor::RunSummary, digest: Result<&RunDigest, &Unreadable>) -> RunSummary {
        let known = digest.ok();
        RunSummary {
            run_id: run.run_id.clone(),
            deployment: run.deployment.clone(),
            stack: run.stack_name.clone(),
            kind: run.kind,
            from_version: known.and_then(|digest| digest.from_version.clone()),
            to_version: known.and_then(|digest| digest.to_version.clone()),
            started_at: known.map_or(run.created_at, |digest| digest.started_at).into(),
            last_at: known.map_or(run.created_at, |digest| digest.last_at).into(),
            standing: match digest {
                Ok(digest) => run_status(&digest.status).1,
                Err(why) => format!("{}: {}", why.word(), why.reason()),
            },
            ended: known.map_or(run.ended, |digest| digest.status.outcome.is_some()),
            outcome: known.and_then(|digest| digest.status.outcome.as_ref()).map(Outcome::from),
        }
    }
}

pub(super) async fn list(call: Call) -> Result<Runs, Failure> {
    let limit = limit(&call)?;
    let runs = call.panel.live.page(call.query("before"), limit).await?.ok_or(Failure::NotFound)?;
    let next = (runs.len() == limit).then(|| runs.last().map(|run| run.summary.run_id.clone())).flatten();
    let summary = |ListedRun { summary, digest }: &ListedRun| RunSummary::new(summary, digest.as_ref());
    Ok(Runs { runs: runs.iter().map(summary).collect(), next_before: next })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    #[serde(flatten)]
    summary: RunSummary,
    /// Who proposed its upgrade, and who began it, where that was in the panel.
    proposed_by: Option<String>,
    approved_by: Option<String>,
    approved_at: Option<Moment>,
    begun_by: Option<String>,
    plan_sha256: String,
    /// Whether somebody carries it out at this moment.
    carried_out: bool,
    carried_out_by: Option<CarriedOutBy>,
    steps: Vec<Step>,
    /// What holds the step that it is in, by name.
    waiting_on: Vec<String>,
    /// When that step ends by itself, and what follows.
    until: Option<Until>,
    /// What a person must decide.
    question: Option<AskedQuestion>,
    stopped_jobs: Vec<StoppedJob>,
    decisions: Vec<String>,
    remarks: Vec<String>,
    /// The maintenance in which it found the deployment.
    found: Option<FoundMaintenance>,
    /// What came back behind the closed gate.
    came_back: Vec<String>,
    still_to_put_back: Vec<String>,
    /// What CloudFormation's clean-up left behind.
    left_behind: Vec<String>,
    /// `null`: it goes on, or nobody could look.
    seen: Option<Seen>,
}

#[derive(Serialize, JsonSchema)]
struct CarriedOutBy {
    holder: String,
    /// What was being done when that was last said.
    doing: String,
    /// When that was.
    at: Moment,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Step {
    step: String,
    started_at: Moment,
    ended_at: Option<Moment>,
    milliseconds: Option<u64>,
    acts: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Until {
    at: Moment,
    then: String,
}

#[derive(Serialize, JsonSchema)]
struct StoppedJob {
    id: String,
    name: String,
    owner: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FoundMaintenance {
    /// The run that entered it.
    run_id: String,
    since: Option<Moment>,
    by: Option<String>,
}

impl From<&Maintenance> for FoundMaintenance {
    fn from(found: &Maintenance) -> FoundMaintenance {
        let Maintenance { run_id, since, by, state: _ } = found;
        FoundMaintenance { run_id: run_id.clone(), since: since.map(Moment::from), by: by.clone() }
    }
}

/// What was seen of the deployment when a run had ended. What it is by now, the deployment's own operation tells.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Seen {
    at: Moment,
    stack_status: String,
    version: Option<String>,
    gate: Gate,
    doors: Vec<SeenDoor>,
    maintenance: Option<FoundMaintenance>,
    still_to_put_back: Vec<String>,
    not_come_back: Vec<String>,
    not_running: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SeenDoor {
    listener_arn: String,
    closed: bool,
}

impl From<&upgrade::Seen> for Seen {
    fn from(seen: &upgrade::Seen) -> Seen {
        let upgrade::Seen {
            at,
            stack_status,
            release,
            users,
            doors,
            still_to_put_back,
            not_come_back,
            not_running,
        } = seen.clone();
        let (gate, maintenance) = Gate::seen(Some(&users));
        let doors = doors.into_iter();
        Seen {
            at: at.into(),
            stack_status,
            version: release,
            gate,
            doors: doors
                .map(|upgrade::DoorStanding { listener_arn, closed }| SeenDoor { listener_arn, closed })
                .collect(),
            maintenance: maintenance.map(FoundMaintenance::from),
            still_to_put_back,
            not_come_back,
            not_running,
        }
    }
}

/// A question, with the answers that it takes.
#[derive(Serialize, JsonSchema)]
struct AskedQuestion {
    #[serde(flatten)]
    about: QuestionKind,
    answers: Vec<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum QuestionKind {
    RollbackFailed { root_cause: String, refused: Option<String>, resources: Vec<String> },
    Unseen { error: String, minutes: u64 },
    NoCredentials { step: &'static str, error: String },
    Unhealthy { findings: Vec<String> },
    Leaving { step: &'static str, held: Vec<String>, tried_on: bool },
    GateGone { updating: bool, doors: Vec<String> },
    WindowPassed { closes_at: Moment },
}

impl From<&Question> for AskedQuestion {
    fn from(question: &Question) -> AskedQuestion {
        let mut answers: Vec<&'static str> = question.answers().iter().map(upgrade::Answer::word).collect();
        let about = match question.clone() {
            Question::RollbackFailed { update: _, root_cause, resources, refused } => {
                // Passing over some of them is trying again.
                answers.insert(1, "skip");
                let resources = resources.into_iter().map(|one| one.logical_id).collect();
                QuestionKind::RollbackFailed { root_cause, refused, resources }
            }
            Question::Unseen { update: _, error, minutes } => QuestionKind::Unseen { error, minutes },
            Question::NoCredentials { step, error, can_leave: _ } => {
                QuestionKind::NoCredentials { step: step.title(), error }
            }
            Question::Unhealthy { findings, can_go_back: _ } => QuestionKind::Unhealthy { findings },
            Question::Leaving { step, held, can_go_back: _, tried_on } => {
                QuestionKind::Leaving { step: step.title(), held, tried_on }
            }
            Question::GateGone { updating, doors } => QuestionKind::GateGone { updating, doors },
            Question::WindowPassed { closes_at } => {
                QuestionKind::WindowPassed { closes_at: closes_at.into() }
            }
        };
        AskedQuestion { about, answers }
    }
}

pub(super) async fn get(call: Call) -> Result<Run, Failure> {
    let (panel, run_id) = (&call.panel, &call.id);
    let picture = panel.live.run(run_id).await?;
    let runs = panel.live.runs().await?;
    let run = runs.iter().find(|run| run.run_id == *run_id).ok_or(Failure::NotFound)?;
    let claim = run.carried_out_by(panel.now());
    let (plan, report, state) = (&picture.plan, picture.telling.report(), picture.telling.state());
    let proposal = panel.proposals.by_run(run_id)?;
    let steps = report.steps.iter().map(|step| Step {
        step: step.step.title().to_owned(),
        started_at: step.started_at.into(),
        ended_at: step.ended_at.map(Moment::from),
        milliseconds: step.milliseconds(),
        acts: step.acts.clone(),
    });
    let jobs = report.stopped_jobs.iter().map(|job| StoppedJob {
        id: job.id.clone(),
        name: job.name.clone(),
        owner: job.owner.clone(),
    });
    let until = state.and_then(|state| Limit::next(plan, state, panel.now()));
    Ok(Run {
        summary: RunSummary::new(run, Ok(&RunDigest::new(&picture)?)),
        proposed_by: proposal.as_ref().map(|proposal| proposal.made_by.clone()),
        approved_by: report.approval.as_ref().map(|approval| approval.by.clone()),
        approved_at: report.approval.as_ref().map(|approval| approval.at.into()),
        begun_by: proposal.as_ref().and_then(|proposal| proposal.stage.begun()).map(|(_, by)| by.to_owned()),
        plan_sha256: plan.sha256(),
        carried_out: claim.is_some(),
        carried_out_by: claim.map(|Claim { holder, doing, beat_at }| CarriedOutBy {
            holder: holder.to_string(),
            doing: doing.clone(),
            at: (*beat_at).into(),
        }),
        steps: steps.collect(),
        waiting_on: state.map(|state| state.waiting_on.clone()).unwrap_or_default(),
        until: until.map(|Limit { at, then }| Until { at: at.into(), then: then.to_string() }),
        question: state.and_then(|state| state.question.as_ref()).map(AskedQuestion::from),
        stopped_jobs: jobs.collect(),
        decisions: report.decisions.clone(),
        remarks: report.remarks.clone(),
        found: report.found.as_ref().map(FoundMaintenance::from),
        came_back: report.came_back.clone(),
        still_to_put_back: report.still_to_put_back.clone(),
        left_behind: report.left_behind.clone(),
        seen: report.seen.as_ref().map(Seen::from),
    })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lines {
    lines: Vec<Line>,
    /// The line that the next page ends before.
    next_before: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
struct Line {
    number: usize,
    at: Moment,
    kind: &'static str,
    text: String,
}

impl From<&upgrade::Line> for Line {
    fn from(line: &upgrade::Line) -> Line {
        let (kind, text) = match line.kind.clone() {
            LineKind::Step(step) => ("step", step.title().to_owned()),
            LineKind::Act(act) => ("act", act),
            LineKind::Stack(event) => {
                let reason = event.reason().unwrap_or_default();
                ("stack", format!("{} {} {reason}", event.status, event.logical_id).trim_end().to_owned())
            }
            LineKind::Failed(error) => ("failed", error),
            LineKind::FailedAgain(times) => ("failed-again", times.to_string()),
            LineKind::Stop { by } => ("stop", by),
            LineKind::Decision { by, what } => ("decision", format!("{by}: {what}")),
            LineKind::Asked => ("asked", String::new()),
            LineKind::Resumed => ("resumed", String::new()),
            LineKind::StoodStill => ("stood-still", String::new()),
            LineKind::CameBack(what) => ("came-back", what),
            LineKind::Ended(..) => ("ended", String::new()),
        };
        Line { number: line.number, at: line.at.into(), kind, text }
    }
}

pub(super) async fn lines(call: Call) -> Result<Lines, Failure> {
    let limit = limit(&call)?;
    let picture = call.panel.live.run(&call.id).await?;
    let all = picture.telling.lines();
    let before = call.parsed("before", "before is a line's number.")?.unwrap_or(all.len()).min(all.len());
    let begin = before.saturating_sub(limit);
    let page = all.get(begin..before).unwrap_or_default();
    Ok(Lines {
        lines: page.iter().rev().map(Line::from).collect(),
        next_before: (begin > 0).then_some(begin),
    })
}

pub(super) async fn stop(call: Call) -> Result<Done, Failure> {
    let (panel, run_id) = (&call.panel, &call.id);
    let work = async {
        let picture = panel.live.run(run_id).await?;
        match picture.telling.state().map(stop_does) {
            None | Some(StopDoes::Nothing) => {
                return Err(Failure::Conflict("Nothing can be stopped at this moment.".to_owned()));
            }
            Some(StopDoes::LeaveMaintenance | StopDoes::CancelUpdate | StopDoes::Ask) => {}
        }
        panel.live.ask(run_id, Request::Stop { by: call.asker.signature() }, panel.now()).await?;
        Ok(Done)
    };
    audited(&call, "stop", run_id, work).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    answer: AnswerWord,
    /// With the answer `skip`: resources that the rollback passes over, by logical id.
    #[serde(default)]
    skip: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum AnswerWord {
    Retry,
    Skip,
    SkipAll,
    LookAgain,
    GoBack,
    Open,
    StayClosed,
    CloseAgain,
    GoOn,
    StopHere,
}

pub(super) async fn answer(call: Call, Answer { answer, skip }: Answer) -> Result<Done, Failure> {
    let answer = match answer {
        AnswerWord::Retry => Some(upgrade::Answer::ContinueRollback { skip: Vec::new() }),
        AnswerWord::Skip => (!skip.is_empty()).then_some(upgrade::Answer::ContinueRollback { skip }),
        AnswerWord::SkipAll => Some(upgrade::Answer::ForceRollback),
        AnswerWord::LookAgain => Some(upgrade::Answer::LookAgain),
        AnswerWord::GoBack => Some(upgrade::Answer::GoBack),
        AnswerWord::Open => Some(upgrade::Answer::Open),
        AnswerWord::StayClosed => Some(upgrade::Answer::StayClosed),
        AnswerWord::CloseAgain => Some(upgrade::Answer::CloseAgain),
        AnswerWord::GoOn => Some(upgrade::Answer::GoOn),
        AnswerWord::StopHere => Some(upgrade::Answer::Leave),
    };
    let (panel, run_id) = (&call.panel, &call.id);
    let work = async {
        let picture = panel.live.run(run_id).await?;
        let question = picture.telling.state().and_then(|state| state.question.as_ref());
        let Some(question) = question else {
            return Err(Failure::Conflict("The run asks nothing at this moment.".to_owned()));
        };
        let Some(answer) = answer.filter(|answer| question.takes(answer)) else {
            return Err(Failure::BadInput("That is no answer to what the run asks.".to_owned()));
        };
        let request = Request::Answer { answer, by: call.asker.signature() };
        panel.live.ask(run_id, request, panel.now()).await?;
        Ok(Done)
    };
    audited(&call, "answer", run_id, work).await
}

pub(super) async fn resume(call: Call) -> Result<Done, Failure> {
    let work = async {
        call.panel.live.run(&call.id).await?;
        call.panel.backend.resume(&call.id).await?;
        Ok(Done)
    };
    audited(&call, "resume", &call.id, work).await
}

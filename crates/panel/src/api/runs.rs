//! Runs over the API: where they stand, what happened, what is asked of them.

use conductor::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::{Limit, StopDoes, stop_does};

use super::audited::audited;
use super::operation::{Done, limit};
use crate::answers::{
    AskedQuestion, CarriedOutBy, FoundMaintenance, Line, Outcome, RunStep, RunSummary, Seen,
};
use crate::live::{RunDigest, Unreadable};
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

/// Of a run that can't be read only what the journal's own list says.
fn summary(run: &conductor::RunSummary, digest: Result<&RunDigest, &Unreadable>) -> RunSummary {
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

pub(super) async fn list(call: Call) -> Result<Runs, Failure> {
    let limit = limit(&call)?;
    let runs = call.panel.live.page(call.query("before"), limit).await?.ok_or(Failure::NotFound)?;
    let next = (runs.len() == limit).then(|| runs.last().map(|run| run.summary.run_id.clone())).flatten();
    let runs = runs.iter().map(|run| summary(&run.summary, run.digest.as_ref())).collect();
    Ok(Runs { runs, next_before: next })
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
    steps: Vec<RunStep>,
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

pub(super) async fn get(call: Call) -> Result<Run, Failure> {
    let (panel, run_id) = (&call.panel, &call.id);
    let picture = panel.live.run(run_id).await?;
    let runs = panel.live.runs().await?;
    let run = runs.iter().find(|run| run.run_id == *run_id).ok_or(Failure::NotFound)?;
    let claim = run.carried_out_by(panel.now());
    let (plan, report, state) = (&picture.plan, picture.telling.report(), picture.telling.state());
    let proposal = panel.proposals.by_run(run_id)?;
    let jobs = report.stopped_jobs.iter().map(|job| StoppedJob {
        id: job.id.clone(),
        name: job.name.clone(),
        owner: job.owner.clone(),
    });
    let until = state.and_then(|state| Limit::next(plan, state, panel.now()));
    Ok(Run {
        summary: summary(run, Ok(&RunDigest::new(&picture)?)),
        proposed_by: proposal.as_ref().map(|proposal| proposal.made_by.clone()),
        approved_by: report.approval.as_ref().map(|approval| approval.by.clone()),
        approved_at: report.approval.as_ref().map(|approval| approval.at.into()),
        begun_by: proposal.as_ref().and_then(|proposal| proposal.stage.begun()).map(|(_, by)| by.to_owned()),
        plan_sha256: plan.sha256(),
        carried_out: claim.is_some(),
        carried_out_by: claim.map(CarriedOutBy::from),
        steps: report.steps.iter().map(RunStep::from).collect(),
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

//! What can be done through the panel, whether a form or a program asks: each once, each in the audit trail. What it is
//! done to, the call's address names.

mod credentials;
mod proposals;

use conductor::Request;
use upgrade::{Answer, ApprovedPlan, Banner, Plan, StopDoes, stop_does};

use crate::access::Act;
use crate::backend::{Leaving, LeavingWish, MaintenanceWish};
use crate::panel::Panel;
use crate::web::{Asker, Call, Failure};

pub(crate) use credentials::{
    add_person, change_own_password, change_person, confirm, mint_token, revoke_token, set_password,
};
pub(crate) use proposals::{
    Acknowledged, NOTICE_TO_KEEP_MILLISECONDS, ProposalChange, approve, begin, change, discard,
    missed_notice, prepare, propose,
};

/// The longest message to users, in characters.
pub(crate) const MOST_MESSAGE: usize = 500;

/// Write an act down, do it, and write down what came of it. What can't be written down isn't done.
async fn audited<T>(
    call: &Call,
    act: &str,
    object: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Call { panel, asker, .. } = call;
    let number = begin_act(panel, asker, act, object)?;
    let result = work.await;
    end_act(panel, number, &result);
    result
}

/// As [`audited`], for what is done at once.
fn audited_now<T>(
    panel: &Panel,
    asker: &Asker,
    act: &str,
    object: &str,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let number = begin_act(panel, asker, act, object)?;
    let result = work();
    end_act(panel, number, &result);
    result
}

fn begin_act(panel: &Panel, asker: &Asker, act: &str, object: &str) -> Result<i64, Failure> {
    let (who, address) = (asker.signature(), asker.address.to_string());
    let act = Act { who: &who, address: &address, act, object };
    Ok(panel.access.begin_act(act, panel.now())?)
}

fn end_act<T>(panel: &Panel, number: i64, result: &Result<T, Failure>) {
    let detail = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if let Err(error) = panel.access.end_act(number, result.is_ok(), &detail, panel.now()) {
        // What was done is done: whoever asked is told so, and the trail has the act without its outcome.
        eprintln!("slackwater: what came of act {number} of the audit trail could not be written: {error}");
    }
}

/// Ask a run to stop.
pub(crate) async fn stop(call: &Call) -> Result<(), Failure> {
    let (panel, run_id) = (&call.panel, &call.id);
    let work = async {
        let picture = panel.live.run(run_id).await?;
        match picture.telling.state().map(stop_does) {
            None | Some(StopDoes::Nothing) => {
                return Err(Failure::Conflict("Nothing can be stopped at this moment.".to_owned()));
            }
            Some(StopDoes::LeaveMaintenance | StopDoes::CancelUpdate | StopDoes::Ask) => {}
        }
        let request = Request::Stop { by: call.asker.signature() };
        Ok(panel.live.ask(run_id, request, panel.now()).await?)
    };
    audited(call, "stop", run_id, work).await
}

/// Answer a run's question. `None`: what was sent is none of the answers.
pub(crate) async fn answer(call: &Call, answer: Option<Answer>) -> Result<(), Failure> {
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
        Ok(panel.live.ask(run_id, request, panel.now()).await?)
    };
    audited(call, "answer", run_id, work).await
}

/// Go on with a run that nobody carries out.
pub(crate) async fn resume(call: &Call) -> Result<(), Failure> {
    let work = async {
        call.panel.live.run(&call.id).await?;
        Ok(call.panel.backend.resume(&call.id).await?)
    };
    audited(call, "resume", &call.id, work).await
}

/// Enter maintenance. Gives the run.
pub(crate) async fn enter_maintenance(call: &Call, wish: MaintenanceWish) -> Result<String, Failure> {
    let (panel, deployment) = (&call.panel, &call.id);
    let work = async {
        if let Some(message) = &wish.message {
            message_fits(message)?;
        }
        let plan = panel.backend.prepare_entering(deployment, &wish).await?;
        let run_id = start_as_asked(call, plan).await?;
        panel.looks.forget(deployment);
        Ok(run_id)
    };
    audited(call, "enable maintenance", deployment, work).await
}

/// Leave maintenance. Gives the run that leaves it: one that has not ended and is asked to, or its own.
pub(crate) async fn leave_maintenance(call: &Call, wish: LeavingWish) -> Result<String, Failure> {
    let (panel, deployment) = (&call.panel, &call.id);
    let work = async {
        let leaving = panel.backend.prepare_leaving(deployment, wish, &call.asker.signature()).await?;
        panel.looks.forget(deployment);
        match leaving {
            Leaving::By(plan) => start_as_asked(call, *plan).await,
            Leaving::From { run_id, asks, conducted } => {
                for request in asks {
                    panel.live.ask(&run_id, request, panel.now()).await?;
                }
                if !conducted {
                    panel.backend.resume(&run_id).await?;
                }
                Ok(run_id)
            }
        }
    };
    audited(call, "disable maintenance", deployment, work).await
}

/// Whoever asks for maintenance, or for its end, approves what was drawn up for it.
async fn start_as_asked(call: &Call, plan: Plan) -> Result<String, Failure> {
    let (run_id, drawn) = (plan.run_id.clone(), plan.sha256());
    let approved = ApprovedPlan::new(plan, &drawn, &call.asker.signature(), call.panel.now())
        .map_err(|error| Failure::Conflict(error.to_string()))?;
    call.panel.backend.start(approved).await?;
    Ok(run_id)
}

/// Show users a banner; `None` takes it down.
pub(crate) async fn set_banner(call: &Call, banner: Option<Banner>) -> Result<(), Failure> {
    let (panel, deployment) = (&call.panel, &call.id);
    let act = if banner.is_some() { "set banner" } else { "clear banner" };
    let work = async {
        if let Some(banner) = &banner {
            message_fits(&banner.text)?;
            if let (Some(from), Some(until)) = (&banner.from, &banner.until)
                && until <= from
            {
                return Err(Failure::BadInput("A banner ends after it begins.".to_owned()));
            }
        }
        let set = panel.backend.set_banner(deployment, banner).await;
        panel.looks.forget(deployment);
        Ok(set?)
    };
    audited(call, act, deployment, work).await
}

fn message_fits(message: &str) -> Result<(), Failure> {
    let strange = |one: char| one.is_control() && one != '\n';
    if message.trim().is_empty() || message.chars().count() > MOST_MESSAGE || message.chars().any(strange) {
        return Err(Failure::BadInput(format!(
            "A message has 1 to {MOST_MESSAGE} characters, and no control characters."
        )));
    }
    Ok(())
}

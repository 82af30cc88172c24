//! What can be done through the panel, whether a form or a program asks: each once, each in the audit trail.

mod credentials;
mod proposals;

use conductor::Request;
use upgrade::{Answer, ApprovedPlan, Banner, Plan, StopDoes, stop_does};

use crate::access::Act;
use crate::backend::{Leaving, LeavingWish, MaintenanceWish};
use crate::panel::Panel;
use crate::web::{Asker, Failure};

pub(crate) use credentials::{
    add_person, change_own_password, change_person, confirm, mint_token, revoke_token, set_password,
};
pub(crate) use proposals::{
    Acknowledged, MOST_TEMPLATE_BYTES, NOTICE_TO_KEEP_MILLISECONDS, ProposalChange, approve, begin, change,
    discard, look, missed_notice, propose,
};

/// The longest message to users.
const MOST_MESSAGE: usize = 500;

/// Write an act down, do it, and write down what came of it. What can't be written down isn't done.
async fn audited<T>(
    panel: &Panel,
    asker: &Asker,
    act: &str,
    object: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let number = begun(panel, asker, act, object)?;
    let result = work.await;
    ended(panel, number, &result);
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
    let number = begun(panel, asker, act, object)?;
    let result = work();
    ended(panel, number, &result);
    result
}

fn begun(panel: &Panel, asker: &Asker, act: &str, object: &str) -> Result<i64, Failure> {
    let (who, address) = (asker.signature(), asker.address.to_string());
    let act = Act { who: &who, address: &address, act, object };
    Ok(panel.access.begin_act(act, panel.now())?)
}

fn ended<T>(panel: &Panel, number: i64, result: &Result<T, Failure>) {
    let detail = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if let Err(error) = panel.access.end_act(number, result.is_ok(), &detail, panel.now()) {
        // What was done is done: whoever asked is told so, and the trail has the act without its outcome.
        eprintln!("slackwater: what came of act {number} of the audit trail could not be written: {error}");
    }
}

/// Ask a run to stop.
pub(crate) async fn stop(panel: &Panel, asker: &Asker, run_id: &str) -> Result<(), Failure> {
    let work = async {
        let picture = panel.live.run(run_id).await?;
        match picture.telling.state().map(stop_does) {
            None | Some(StopDoes::Nothing) => {
                return Err(Failure::Conflict("Nothing can be stopped at this moment.".to_owned()));
            }
            Some(StopDoes::LeaveMaintenance | StopDoes::CancelUpdate | StopDoes::Ask) => {}
        }
        let request = Request::Stop { by: asker.signature() };
        Ok(panel.live.ask(run_id, request, panel.now()).await?)
    };
    audited(panel, asker, "stop", run_id, work).await
}

/// Answer a run's question. `word` is one of [`words_of`]'s.
pub(crate) async fn answer(
    panel: &Panel,
    asker: &Asker,
    run_id: &str,
    word: &str,
    skip: Vec<String>,
) -> Result<(), Failure> {
    let work = async {
        let picture = panel.live.run(run_id).await?;
        let question = picture.telling.state().and_then(|state| state.question.as_ref());
        let Some(question) = question else {
            return Err(Failure::Conflict("The run asks nothing at this moment.".to_owned()));
        };
        let answer = named(word, skip).filter(|answer| question.takes(answer));
        let Some(answer) = answer else {
            return Err(Failure::BadInput("That is no answer to what the run asks.".to_owned()));
        };
        let request = Request::Answer { answer, by: asker.signature() };
        Ok(panel.live.ask(run_id, request, panel.now()).await?)
    };
    audited(panel, asker, "answer", run_id, work).await
}

fn named(word: &str, skip: Vec<String>) -> Option<Answer> {
    match word {
        "retry" => Some(Answer::ContinueRollback { skip: Vec::new() }),
        "skip" if !skip.is_empty() => Some(Answer::ContinueRollback { skip }),
        "look-again" => Some(Answer::LookAgain),
        "go-back" => Some(Answer::GoBack),
        "open" => Some(Answer::Open),
        "stay-closed" => Some(Answer::StayClosed),
        "close-again" => Some(Answer::CloseAgain),
        "go-on" => Some(Answer::GoOn),
        "stop-here" => Some(Answer::Leave),
        _ => None,
    }
}

/// Go on with a run that nobody carries out.
pub(crate) async fn resume(panel: &Panel, asker: &Asker, run_id: &str) -> Result<(), Failure> {
    let work = async {
        panel.live.run(run_id).await?;
        Ok(panel.backend.resume(run_id).await?)
    };
    audited(panel, asker, "resume", run_id, work).await
}

/// Enter maintenance. Gives the run.
pub(crate) async fn enter_maintenance(
    panel: &Panel,
    asker: &Asker,
    deployment: &str,
    wish: MaintenanceWish,
) -> Result<String, Failure> {
    let work = async {
        if let Some(message) = &wish.message {
            message_fits(message)?;
        }
        let plan = panel.backend.prepare_entering(deployment, &wish).await?;
        let run_id = start_as_asked(panel, asker, plan).await?;
        panel.looks.forget(deployment);
        Ok(run_id)
    };
    audited(panel, asker, "enable maintenance", deployment, work).await
}

/// Leave maintenance. Gives the run that leaves it: one that has not ended and is asked to, or its own.
pub(crate) async fn leave_maintenance(
    panel: &Panel,
    asker: &Asker,
    deployment: &str,
    wish: LeavingWish,
) -> Result<String, Failure> {
    let work = async {
        let leaving = panel.backend.prepare_leaving(deployment, wish, &asker.signature()).await?;
        panel.looks.forget(deployment);
        match leaving {
            Leaving::By(plan) => start_as_asked(panel, asker, *plan).await,
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
    audited(panel, asker, "disable maintenance", deployment, work).await
}

/// Whoever asks for maintenance, or for its end, approves what was drawn up for it.
async fn start_as_asked(panel: &Panel, asker: &Asker, plan: Plan) -> Result<String, Failure> {
    let (run_id, drawn) = (plan.run_id.clone(), plan.sha256());
    let approved = ApprovedPlan::new(plan, &drawn, &asker.signature(), panel.now())
        .map_err(|error| Failure::Conflict(error.to_string()))?;
    panel.backend.start(approved).await?;
    Ok(run_id)
}

/// Show users a banner, or take it down.
pub(crate) async fn banner(
    panel: &Panel,
    asker: &Asker,
    deployment: &str,
    banner: Option<Banner>,
) -> Result<(), Failure> {
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
    audited(panel, asker, act, deployment, work).await
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

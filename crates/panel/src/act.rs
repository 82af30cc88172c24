//! What can be done through the panel, whether a form or a program asks: each once, each in the audit trail.

mod proposals;

use conductor::Request;
use upgrade::{Answer, ApprovedPlan, Banner, Plan, StopDoes, stop_does};

use crate::access::{Audited, Minted, Role};
use crate::backend::{Leaving, LeavingWish, MaintenanceWish};
use crate::panel::Panel;
use crate::web::{Asker, Failure};

pub(crate) use proposals::{
    Acknowledged, MOST_TEMPLATE_BYTES, NOTICE_TO_KEEP_MILLISECONDS, ProposalChange, approve, begin, change,
    discard, look, missed_notice, propose,
};

/// The longest message to users.
const MOST_MESSAGE: usize = 500;

/// Write down what came of an act, and hand it on.
fn noted<T>(
    panel: &Panel,
    asker: &Asker,
    act: &str,
    object: &str,
    result: Result<T, Failure>,
) -> Result<T, Failure> {
    let detail = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let entry = Audited {
        who: &asker.signature(),
        address: &asker.address.to_string(),
        act,
        object,
        done: result.is_ok(),
        detail: &detail,
    };
    panel.access.audit(entry, panel.now())?;
    result
}

/// Ask a run to stop.
pub(crate) async fn stop(panel: &Panel, asker: &Asker, run_id: &str) -> Result<(), Failure> {
    let result = async {
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
    noted(panel, asker, "stop", run_id, result.await)
}

/// Answer a run's question. `word` is one of [`words_of`]'s.
pub(crate) async fn answer(
    panel: &Panel,
    asker: &Asker,
    run_id: &str,
    word: &str,
    skip: Vec<String>,
) -> Result<(), Failure> {
    let result = async {
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
    noted(panel, asker, "answer", run_id, result.await)
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
    let result = async {
        panel.live.run(run_id).await?;
        Ok(panel.backend.resume(run_id).await?)
    };
    noted(panel, asker, "resume", run_id, result.await)
}

/// Enter maintenance. Gives the run.
pub(crate) async fn enter_maintenance(
    panel: &Panel,
    asker: &Asker,
    deployment: &str,
    wish: MaintenanceWish,
) -> Result<String, Failure> {
    let result = async {
        if let Some(message) = &wish.message {
            message_fits(message)?;
        }
        let plan = panel.backend.prepare_entering(deployment, &wish).await?;
        start_as_asked(panel, asker, plan).await
    };
    noted(panel, asker, "enable maintenance", deployment, result.await)
}

/// Leave maintenance. Gives the run that leaves it: one that has not ended and is asked to, or its own.
pub(crate) async fn leave_maintenance(
    panel: &Panel,
    asker: &Asker,
    deployment: &str,
    wish: LeavingWish,
) -> Result<String, Failure> {
    let result = async {
        let leaving = panel.backend.prepare_leaving(deployment, wish, &asker.signature()).await?;
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
    noted(panel, asker, "disable maintenance", deployment, result.await)
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
    let result = async {
        if let Some(banner) = &banner {
            message_fits(&banner.text)?;
            if let (Some(from), Some(until)) = (&banner.from, &banner.until)
                && until <= from
            {
                return Err(Failure::BadInput("A banner ends after it begins.".to_owned()));
            }
        }
        Ok(panel.backend.set_banner(deployment, banner).await?)
    };
    noted(panel, asker, act, deployment, result.await)
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

/// Let somebody in.
pub(crate) async fn add_person(
    panel: &Panel,
    asker: &Asker,
    name: &str,
    role: Role,
    password: String,
) -> Result<(), Failure> {
    let result = async {
        let hash = panel.passwords.hash(name, password).await?;
        Ok(panel.access.add_person(name, role, &hash, panel.now())?)
    };
    noted(panel, asker, "add person", name, result.await)
}

/// Change what somebody may, or shut them out.
pub(crate) fn change_person(
    panel: &Panel,
    asker: &Asker,
    name: &str,
    role: Role,
    disabled: bool,
) -> Result<(), Failure> {
    let act = if disabled { "shut person out" } else { "change person" };
    let result = panel.access.change_person(name, role, disabled).map_err(Failure::from);
    noted(panel, asker, act, &format!("{name}: {}", role.word()), result)
}

/// Give somebody another password: they have forgotten theirs.
pub(crate) async fn set_password(
    panel: &Panel,
    asker: &Asker,
    name: &str,
    password: String,
) -> Result<(), Failure> {
    let result = async {
        let hash = panel.passwords.hash(name, password).await?;
        Ok(panel.access.change_password(name, &hash)?)
    };
    noted(panel, asker, "set password", name, result.await)
}

/// Change the asker's own password. Their sessions end, this one too. Wrong ones count as attempts to sign in do.
pub(crate) async fn change_own_password(
    panel: &Panel,
    asker: &Asker,
    current: String,
    new: String,
) -> Result<(), Failure> {
    let name = &asker.person.name;
    let result = async {
        if asker.person.token.is_some() {
            return Err(Failure::Conflict("A token changes no password: sign in.".to_owned()));
        }
        panel.limits.attempt(name, asker.address, panel.now()).map_err(Failure::TooMany)?;
        let hash = panel.access.password_of(name)?.map(|(_, hash)| hash);
        if !panel.passwords.is(current, hash).await {
            panel.limits.wrong(name, panel.now());
            return Err(Failure::field("current", "That is not your password."));
        }
        panel.limits.right(name);
        let hash = panel.passwords.hash(name, new).await.map_err(|error| match Failure::from(error) {
            Failure::BadInput(words) => Failure::field("new", words),
            other => other,
        })?;
        Ok(panel.access.change_password(name, &hash)?)
    };
    noted(panel, asker, "change own password", name, result.await)
}

/// Make an API token for the asker.
pub(crate) fn mint_token(
    panel: &Panel,
    asker: &Asker,
    name: &str,
    role: Role,
    days: u32,
) -> Result<Minted, Failure> {
    let result = if asker.person.token.is_some() {
        Err(Failure::Conflict("A token makes no tokens: sign in.".to_owned()))
    } else if !(1..=366).contains(&days) {
        Err(Failure::BadInput("A token is good for 1 to 366 days.".to_owned()))
    } else {
        panel.access.mint_token(&asker.person.name, name, role, days, panel.now()).map_err(Failure::from)
    };
    noted(panel, asker, "make token", name, result)
}

/// Revoke a token.
pub(crate) fn revoke_token(panel: &Panel, asker: &Asker, id: i64) -> Result<(), Failure> {
    let result = panel.access.revoke_token(id).map_err(Failure::from);
    noted(panel, asker, "revoke token", &id.to_string(), result)
}

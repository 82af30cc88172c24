//! `slackwater maintenance`: in, out, and where it stands. Maintenance is a state of the deployment: what is decided here is
//! decided from a look at it.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use conductor::{CarriedOn, Claim, JournalError, JournalStore, Request, read_run};
use panel::answers::FoundMaintenance;
use upgrade::{
    Acceptance, Answer, Before, Maintenance as InMaintenance, OnUnhealthy, Plan, RunKind, State, StopDoes,
    Timestamp, stop_does,
};

use crate::answers::{self, AlreadyInMaintenance};
use crate::arguments::{
    DataDir, DisableMaintenance, EnableMaintenance, Format, Maintenance, MaintenanceStatus,
};
use crate::error::{CliError, Exit};
use crate::journal::Journal;
use crate::planning::{WithState, inherited, prepare_leaving, prepare_maintenance, run_id};
use crate::site::Site;
use crate::terminal;
use crate::words::already;
use crate::{operate, plan_text, run_lines, status, wish};

pub use panel::{Leaving, LeavingWish};

/// Why maintenance is not left.
#[derive(Debug, thiserror::Error)]
pub enum LeavingError {
    /// Nobody can say here which run has the deployment.
    #[error(
        "the state {location} can't be read: {reason}. A run that somebody carries out elsewhere may go on acting"
    )]
    WithoutState { location: String, reason: String },
    /// A run is being carried out, and nobody asked to stop it.
    #[error("run {run_id} is carried out by {holder}, in step \"{step}\"")]
    RunConducted { run_id: String, holder: String, step: &'static str },
    #[error(
        "stack {stack} is {status}: users would meet a platform that CloudFormation is changing under them"
    )]
    WhileUpdating { stack: String, status: String },
    /// While one was left.
    #[error("another run of the deployment has begun meanwhile")]
    AnotherRun,
}

impl From<LeavingError> for CliError {
    fn from(error: LeavingError) -> CliError {
        let hint = match error {
            LeavingError::WithoutState { .. } => {
                "mend that, or leave all the same with --without-state: what is done is written into the data directory, and looked at once more after five minutes; nothing was touched"
            }
            LeavingError::RunConducted { .. } => {
                "nothing was touched; `slackwater maintenance disable --stop-run` asks it to stop, waits, and then ends maintenance; `slackwater run watch` follows it"
            }
            LeavingError::WhileUpdating { .. } => {
                "nothing was touched; wait for its end (`slackwater run resume` follows a run of ours, `slackwater run stop` cancels its update), or end maintenance all the same with --while-updating"
            }
            LeavingError::AnotherRun => {
                "`slackwater run list` names it; `slackwater maintenance disable` tries again"
            }
        };
        CliError::new(Exit::BadInput, error).hint(hint)
    }
}

/// How often a run that was asked to stop is looked at.
const WAIT_MILLISECONDS: u64 = 500;

pub(crate) async fn run(command: Maintenance) -> Result<ExitCode, CliError> {
    match command {
        Maintenance::Enable(arguments) => enable(&arguments).await,
        Maintenance::Disable(arguments) => disable(&arguments).await,
        Maintenance::Status(arguments) => status(&arguments).await,
    }
}

async fn enable(arguments: &EnableMaintenance) -> Result<ExitCode, CliError> {
    let (places, deployment) = (&arguments.places, arguments.deployment.as_deref());
    let site = Site::reach(places, deployment, "maintenance").await?;
    let journal = site.journal_if_any(&places.data.path).await?;
    let wish = &arguments.entering;
    let closes_at = wish::closes_at(wish, &site.clock)?;
    let run_id = run_id(&site.settings.name, &site.clock)?;
    let entering = entering(&site, journal.as_ref(), &run_id, &wish.force_session, closes_at).await?;
    let plan = match entering {
        Entering::Already(found) => {
            match arguments.progress.format {
                Format::Text => println!("{} Nothing is changed.", already(&found)),
                Format::Json => answers::print_line(&AlreadyInMaintenance {
                    deployment: site.settings.name.clone(),
                    maintenance: FoundMaintenance::from(&found),
                }),
            }
            return Ok(Exit::Done.into());
        }
        Entering::By(plan) => *plan,
    };
    let sessions = plan.at_work.sessions.iter().map(|session| session.id.as_str());
    wish::known_sessions(&wish.force_session, sessions)?;
    let shown = plan.sha256();
    if arguments.progress.format == Format::Text {
        print_styled!("{}", plan_text::plan(&plan, terminal::width()));
    }
    if !arguments.yes {
        operate::approve("Enable maintenance mode?")?;
    }
    let approved = operate::approved(plan, &shown, &site.clock)?;
    let journal = site.journal(&places.data.path).await?;
    operate::start(&site, &approved, &journal, arguments.progress).await
}

/// How maintenance is entered.
pub enum Entering {
    /// The deployment is in it, and nothing of it has come back.
    Already(InMaintenance),
    /// By this plan.
    By(Box<Plan>),
}

/// Decide how maintenance is entered. Entering it twice changes nothing the second time; what is half-way is completed.
///
/// # Errors
/// A run of the deployment has not ended, or something can't be looked at.
pub async fn entering(
    site: &Site,
    journal: Option<&impl JournalStore>,
    run_id: &str,
    force_sessions: &[String],
    closes_at: Option<Timestamp>,
) -> Result<Entering, CliError> {
    refuse_under_way(journal, &site.settings.name, site.clock.now()).await?;
    let standing = status::look(site, None).await?;
    if let Some(found) = standing.calm() {
        return Ok(Entering::Already(found));
    }
    let inherited = match journal {
        Some(journal) => inherited(journal, &site.settings.name).await,
        None => Before::default(),
    };
    let kind = RunKind::EnterMaintenance;
    let plan = prepare_maintenance(site, kind, run_id, force_sessions, closes_at, inherited).await?;
    Ok(Entering::By(Box::new(plan)))
}

/// A deployment has one run at a time. Whoever wants another is told of the one that has not ended before anything else.
///
/// # Errors
/// A run has not ended.
pub async fn refuse_under_way(
    journal: Option<&impl JournalStore>,
    deployment: &str,
    now: Timestamp,
) -> Result<(), CliError> {
    let Some(journal) = journal else { return Ok(()) };
    match under_way(journal, deployment, now).await? {
        None => Ok(()),
        Some(UnderWay { plan, claim, .. }) => Err(JournalError::RunUnderWay {
            run_id: plan.run_id,
            stack_name: plan.stack_name,
            carried_out_by: claim.map(|claim| CarriedOn::at(claim, now)),
        }
        .into()),
    }
}

/// A run that has not ended.
struct UnderWay {
    plan: Plan,
    state: State,
    /// Who carries it on; `None`: nobody.
    claim: Option<Claim>,
}

/// The deployment's run that has not ended. One that can't be read is in nobody's way.
async fn under_way(
    journal: &impl JournalStore,
    deployment: &str,
    now: Timestamp,
) -> Result<Option<UnderWay>, CliError> {
    let runs = journal.runs().await?;
    let unended = runs.into_iter().rev().filter(|run| run.deployment == deployment && !run.ended);
    for run in unended {
        let claim = run.carried_out_by(now).cloned();
        let Ok((plan, _, state)) = read_run(journal, &run.run_id).await else { continue };
        return Ok(Some(UnderWay { plan, state, claim }));
    }
    Ok(None)
}

/// Leaving works whatever came before: a run that ended in maintenance, one that died half-way, or none that anybody
/// remembers.
async fn disable(arguments: &DisableMaintenance) -> Result<ExitCode, CliError> {
    let (places, deployment) = (&arguments.places, arguments.deployment.as_deref());
    let site = Site::reach(places, deployment, "maintenance").await?;
    let DisableMaintenance { stop_run, while_updating, although_unhealthy, .. } = *arguments;
    let wish = LeavingWish { stop_run, while_updating, although_unhealthy };
    let journal = match readable(&site, &places.data).await {
        Ok(journal) => journal,
        Err(error) => return without_state(&site, arguments, wish, &error).await,
    };
    if let Leaving::From { run_id, asks, conducted } = leaving(&site, &journal, wish).await? {
        let asked = asks.len();
        for request in asks {
            journal.ask(&run_id, &request, site.clock.now()).await?;
        }
        let words = match asked {
            0 => format!("Run {run_id} is leaving maintenance already."),
            _ => format!("Run {run_id} has not ended; it is asked to stop."),
        };
        let format = arguments.progress.format;
        match format {
            Format::Text => println!("{words}"),
            Format::Json => remark!("{words}"),
        }
        let code = if conducted {
            wait_for(&journal, &run_id, format).await?
        } else {
            // Nobody carries it on: its way out is carried out here.
            operate::resume(&site, &run_id, &journal, arguments.progress).await?
        };
        // What it asks is a person's to answer. Where it has ended with users in, there is nothing more to do.
        if !is_left_over(&site, &journal).await? {
            return Ok(code);
        }
    }
    let Leaving::By(plan) = leaving(&site, &journal, wish).await? else {
        return Err(LeavingError::AnotherRun.into());
    };
    // Who asks to leave approves of leaving, whatever there is to put back.
    let asked = plan.sha256();
    let approved = operate::approved(*plan, &asked, &site.clock)?;
    operate::start(&site, &approved, &journal, arguments.progress).await
}

/// The deployment's journal, if it can be read: who leaves must know of the run that has the deployment.
async fn readable(site: &Site, data: &DataDir) -> Result<Journal, CliError> {
    let journal = site.journal(&data.path).await?;
    journal.runs().await?;
    Ok(journal)
}

/// Leave although nobody can say here which run has the deployment. It is the one act without its state: it looks at what is,
/// says what may happen, asks, and is written into the data directory. What it puts back is looked at once more after five
/// minutes, since calls of a run elsewhere may arrive until then.
async fn without_state(
    site: &Site,
    arguments: &DisableMaintenance,
    wish: LeavingWish,
    error: &CliError,
) -> Result<ExitCode, CliError> {
    let refused = || LeavingError::WithoutState { location: site.state.clone(), reason: error.to_string() };
    refuse_while_updating(site, wish).await?;
    if !arguments.without_state && (arguments.yes || !std::io::stdin().is_terminal()) {
        return Err(refused().into());
    }
    let standing = status::look(site, None).await?;
    remark!("{}", refused());
    if arguments.progress.format == Format::Text {
        print_styled!("{}", terminal::fit(&status::maintenance(&standing, terminal::width())));
    }
    if !arguments.without_state {
        operate::approve("Put back what is noted, and end maintenance?")?;
    }
    let by = wish::who();
    let journal = journal_without_state(&arguments.places.data.path).await?;
    let plan = leaving_plan(site, &journal, wish, &by, WithState::No).await?;
    let asked = plan.sha256();
    let approved = operate::approved(plan, &asked, &site.clock)?;
    operate::start(site, &approved, &journal, arguments.progress).await
}

/// Where a leaving without state is written down: the data directory's journal, or one beside it that nobody has written yet
/// where that is what can't be read.
async fn journal_without_state(directory: &Path) -> Result<Journal, CliError> {
    if let Ok(journal) = Journal::here(directory)
        && journal.runs().await.is_ok()
    {
        return Ok(journal);
    }
    Journal::beside(directory)
}

/// Decide how maintenance is left, for whoever works at this machine.
///
/// # Errors
/// A run is carried out, or the stack is being updated, and the wish doesn't cover it; something can't be looked at.
pub async fn leaving(
    site: &Site,
    journal: &impl JournalStore,
    wish: LeavingWish,
) -> Result<Leaving, CliError> {
    leaving_for(site, journal, wish, &wish::who()).await
}

/// Decide how maintenance is left, for whoever `by` names.
///
/// # Errors
/// A run is carried out, or the stack is being updated, and the wish doesn't cover it; something can't be looked at.
pub(crate) async fn leaving_for(
    site: &Site,
    journal: &impl JournalStore,
    wish: LeavingWish,
    by: &str,
) -> Result<Leaving, CliError> {
    if let Some(run) = under_way(journal, &site.settings.name, site.clock.now()).await? {
        let asks = may_leave(site, &run, wish, by).await?;
        return Ok(Leaving::From { run_id: run.plan.run_id, asks, conducted: run.claim.is_some() });
    }
    refuse_while_updating(site, wish).await?;
    Ok(Leaving::By(Box::new(leaving_plan(site, journal, wish, by, WithState::Yes).await?)))
}

/// Whether, after a run was left, the deployment still is in maintenance, and no run has it.
pub async fn is_left_over(site: &Site, journal: &impl JournalStore) -> Result<bool, CliError> {
    let under_way = under_way(journal, &site.settings.name, site.clock.now()).await?.is_some();
    Ok(!under_way && status::look(site, None).await?.has_taken_away())
}

/// Whether a run that has not ended may be left, and what is asked of it.
async fn may_leave(
    site: &Site,
    run: &UnderWay,
    wish: LeavingWish,
    by: &str,
) -> Result<Vec<Request>, CliError> {
    let UnderWay { plan, state, claim } = run;
    if let Some(claim) = claim
        && !wish.stop_run
    {
        return Err(LeavingError::RunConducted {
            run_id: plan.run_id.clone(),
            holder: claim.holder.to_string(),
            step: state.step.title(),
        }
        .into());
    }
    let by = by.to_owned();
    if wish.while_updating && is_updating(site).await? {
        return Ok(vec![Request::GiveUp { by }]);
    }
    // A run that is carried out has its update cancelled; nobody waits here for one that isn't.
    if claim.is_none() {
        refuse_while_updating(site, wish).await?;
    }
    if state.step.is_leaving()
        && state.question.is_none()
        && state.stays.is_none()
        && stop_does(state) != StopDoes::LeaveMaintenance
        && !wish.although_unhealthy
    {
        // It leaves maintenance already: it is only waited for, or carried on.
        return Ok(Vec::new());
    }
    let open = Request::Answer { answer: Answer::Open, by: by.clone() };
    let mut asks = Vec::new();
    match &state.question {
        Some(question) if wish.although_unhealthy && question.takes(&Answer::Open) => asks.push(open),
        Some(question) if question.takes(&Answer::Leave) => {
            asks.push(Request::Answer { answer: Answer::Leave, by });
        }
        // It waits for a person's word and nothing leads out of it by itself: it is ended as it is, and left from outside.
        Some(_) => asks.push(Request::GiveUp { by }),
        None => {
            asks.push(Request::Stop { by });
            asks.extend(wish.although_unhealthy.then_some(open));
        }
    }
    Ok(asks)
}

/// Follow a run that somebody else carries out until it has ended or asks something.
async fn wait_for(journal: &impl JournalStore, run_id: &str, format: Format) -> Result<ExitCode, CliError> {
    loop {
        tokio::time::sleep(Duration::from_millis(WAIT_MILLISECONDS)).await;
        let (plan, records, state) = read_run(journal, run_id).await?;
        if let Some(outcome) = &state.outcome {
            let report = upgrade::Report::from_journal(&plan, &records)?;
            match format {
                Format::Text => crate::report::print(&plan, &records, &report),
                Format::Json => run_lines::print_end(&plan, outcome, &report),
            }
            return Ok(crate::report::exit_code(plan.kind, outcome, state.seen.as_ref()));
        }
        if let Some(question) = &state.question {
            match format {
                Format::Text => println!("\n{}", crate::question_text::render(run_id, question, None)),
                Format::Json => run_lines::print_question(run_id, question, None),
            }
            return Ok(Exit::NeedsAnswer.into());
        }
    }
}

async fn is_updating(site: &Site) -> Result<bool, CliError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    Ok(deployment.status.ends_with("_IN_PROGRESS"))
}

/// Nobody is let in to a stack that is being updated, unless it is asked for in so many words.
async fn refuse_while_updating(site: &Site, wish: LeavingWish) -> Result<(), CliError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    if deployment.status.ends_with("_IN_PROGRESS") && !wish.while_updating {
        let (stack, status) = (deployment.stack_name, deployment.status);
        return Err(LeavingError::WhileUpdating { stack, status }.into());
    }
    Ok(())
}

/// The plan of leaving, with what the last run remembers of how everything was.
async fn leaving_plan(
    site: &Site,
    journal: &impl JournalStore,
    wish: LeavingWish,
    by: &str,
    state: WithState,
) -> Result<Plan, CliError> {
    let inherited = inherited(journal, &site.settings.name).await;
    let run_id = run_id(&site.settings.name, &site.clock)?;
    let mut plan = prepare_leaving(site, &run_id, inherited, state).await?;
    if wish.although_unhealthy {
        plan.health.deadline_seconds = 0;
        plan.health.on_failure = OnUnhealthy::Open;
        plan.accepted.push(Acceptance {
            what: "health".to_owned(),
            who: by.to_owned(),
            why: "asked to end maintenance although the platform is unhealthy".to_owned(),
            of: Vec::new(),
        });
    }
    Ok(plan)
}

async fn status(arguments: &MaintenanceStatus) -> Result<ExitCode, CliError> {
    let (places, deployment) = (&arguments.places, arguments.deployment.as_deref());
    let site = Site::reach(places, deployment, "maintenance").await?;
    let standing = status::look(&site, Some(&places.data)).await?;
    match arguments.printed.format {
        Format::Text => {
            print_styled!("{}", terminal::fit(&status::maintenance(&standing, terminal::width())))
        }
        Format::Json => status::print_alone(standing),
    }
    Ok(Exit::Done.into())
}

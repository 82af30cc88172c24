//! `slackwater maintenance`: in, out, and where it stands.

use std::process::ExitCode;

use conductor::{JournalError, JournalStore, SqliteJournal, read_run};
use upgrade::{
    AlarmSeen, Before, Deployment, DraftError, Outcome, Plan, RunKind, Targets, find_targets_with, fold,
};

use crate::arguments::{DisableMaintenance, EnableMaintenance, Format, Maintenance, MaintenanceStatus};
use crate::change_table::terminal_width;
use crate::error::{CliError, DONE};
use crate::planning::{prepare_maintenance, run_id};
use crate::site::Site;
use crate::upgrade_command::open;
use crate::{operate, plan_text, runs, status, wish};

pub(crate) async fn run(command: Maintenance) -> Result<ExitCode, CliError> {
    match command {
        Maintenance::Enable(arguments) => enable(&arguments).await,
        Maintenance::Disable(arguments) => disable(&arguments).await,
        Maintenance::Status(arguments) => status(&arguments).await,
    }
}

async fn enable(arguments: &EnableMaintenance) -> Result<ExitCode, CliError> {
    let site = Site::reach(&arguments.config, arguments.deployment.as_deref(), "maintenance").await?;
    let closes_at = wish::closes_at(arguments.at.as_deref(), arguments.notice.as_deref(), &site.clock)?;
    let run_id = run_id(&site.settings.name, &site.clock)?;
    let kind = RunKind::EnterMaintenance;
    let plan = prepare_maintenance(&site, kind, &run_id, &arguments.force_session, closes_at, None).await?;
    let sessions = plan.at_work.sessions.iter().map(|session| session.id.as_str());
    wish::known_sessions(&arguments.force_session, sessions)?;
    if arguments.progress.format == Format::Text {
        print_styled!("{}", plan_text::plan(&plan, terminal_width()));
    }
    if !arguments.yes {
        operate::approve("Enable maintenance mode?")?;
    }
    let mut journal = open(&arguments.data.path)?;
    operate::start(&site, &plan, &mut journal, arguments.progress).await
}

/// Leaving works whatever came before: a run that ended in maintenance, one that died half-way, or none that anybody
/// remembers.
async fn disable(arguments: &DisableMaintenance) -> Result<ExitCode, CliError> {
    let site = Site::reach(&arguments.config, arguments.deployment.as_deref(), "maintenance").await?;
    let mut journal = runs::journal_to_leave_with(&arguments.data.path)?;
    let last = last_run(&journal, &site.settings.name)?;
    if let Some((plan, false)) = &last {
        // It has not ended: the way out is its own.
        let by = wish::who();
        journal.ask(&plan.run_id, &conductor::Request::Stop { by }, site.clock.now())?;
        println!("Run {} has not ended; it is asked to stop, which leaves maintenance.", plan.run_id);
        return operate::resume(&site, &plan.run_id, &mut journal, arguments.progress).await;
    }
    let plan = leaving_plan(&site, &journal, last).await?;
    operate::start(&site, &plan, &mut journal, arguments.progress).await
}

/// The plan of leaving, with what the last run remembers of how everything was; `last` is [`last_run`]'s, and has ended.
pub(crate) async fn leaving_plan(
    site: &Site,
    journal: &SqliteJournal,
    last: Option<(Plan, bool)>,
) -> Result<Plan, CliError> {
    let remembered = match &last {
        Some((plan, true)) => {
            let (_, records) = journal.load(&plan.run_id)?;
            let state = fold(plan, &records)?;
            // What a run has put back already is its owner's again.
            let kept_out = matches!(state.outcome, Some(Outcome::InMaintenance | Outcome::GateClosed { .. }));
            kept_out.then_some(state.before)
        }
        Some((_, false)) | None => None,
    };
    let before = match remembered {
        Some(before) => before,
        None => from_template(site).await?,
    };
    let run_id = run_id(&site.settings.name, &site.clock)?;
    let mut plan =
        prepare_maintenance(site, RunKind::LeaveMaintenance, &run_id, &[], None, Some(before)).await?;
    if let Some((entered, _)) = last {
        // The banner that is to be taken down is the one that was put up.
        plan.announcement.banner = entered.announcement.banner;
    }
    Ok(plan)
}

/// The deployment's last run that entered maintenance and did not leave it, and whether it has ended.
pub(crate) fn last_run(journal: &SqliteJournal, deployment: &str) -> Result<Option<(Plan, bool)>, CliError> {
    let runs = journal.runs()?;
    let Some(run) = runs.into_iter().rev().find(|run| run.deployment == deployment) else { return Ok(None) };
    let plan = match read_run(journal, &run.run_id) {
        Ok((plan, ..)) => plan,
        // What it remembers is lost with it, and it is in nobody's way.
        Err(JournalError::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok((plan.kind != RunKind::LeaveMaintenance || !run.ended).then_some((plan, run.ended)))
}

/// Without a journal: groups and queues carry their notes, and alarms act as the template says.
pub async fn from_template(site: &Site) -> Result<Before, CliError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    let (_, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    Ok(Before { alarms: Some(alarms_by_template(&deployment, &targets)?), ..Before::default() })
}

/// The alarms of a deployment as its template has them act.
pub(crate) fn alarms_by_template(
    deployment: &Deployment,
    targets: &Targets,
) -> Result<Vec<AlarmSeen>, DraftError> {
    let template = upgrade::ReleaseSide::deployed(deployment)?.template;
    let acts = |logical_id: &str| {
        let enabled = template
            .resources
            .get(logical_id)
            .and_then(|resource| resource.properties.as_ref()?.get("ActionsEnabled")?.scalar_text());
        // CloudWatch: true unless it is said otherwise (AWS::CloudWatch::Alarm, ActionsEnabled).
        enabled != Some("false")
    };
    let alarms = targets
        .alarms
        .iter()
        .map(|alarm| AlarmSeen { name: alarm.physical_id.clone(), actions_enabled: acts(&alarm.logical_id) });
    Ok(alarms.collect())
}

async fn status(arguments: &MaintenanceStatus) -> Result<ExitCode, CliError> {
    let site = Site::reach(&arguments.config, arguments.deployment.as_deref(), "maintenance").await?;
    let standing = status::look(&site, &arguments.data).await?;
    match arguments.output {
        Format::Text => print_styled!("{}", status::maintenance(&standing, terminal_width())),
        Format::Json => println!("{:#}", serde_json::json!(standing)),
    }
    Ok(ExitCode::from(DONE))
}

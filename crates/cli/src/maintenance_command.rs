//! `slackwater maintenance`: in, out, and where it stands.

use std::process::ExitCode;

use conductor::{Cloud, JournalStore, SqliteJournal};
use upgrade::{AlarmSeen, Before, Observation, Outcome, Plan, Query, RunKind, find_targets_with, fold};

use crate::arguments::{DisableMaintenance, EnableMaintenance, Format, Maintenance, MaintenanceStatus};
use crate::change_table::terminal_width;
use crate::error::{CliError, DONE};
use crate::planning::{prepare_maintenance, run_id};
use crate::site::Site;
use crate::upgrade_command::open;
use crate::words::{counted, moment};
use crate::{operate, plan_text, wish};

pub(crate) async fn run(command: Maintenance) -> Result<ExitCode, CliError> {
    match command {
        Maintenance::Enable(arguments) => enable(&arguments).await,
        Maintenance::Disable(arguments) => disable(&arguments).await,
        Maintenance::Status(arguments) => status(&arguments).await,
    }
}

async fn enable(arguments: &EnableMaintenance) -> Result<ExitCode, CliError> {
    let site = Site::reach(&arguments.config, arguments.deployment.as_deref(), "maintenance").await?;
    let closes_at = arguments.at.as_deref().map(|text| wish::when(text, &site.clock)).transpose()?;
    let run_id = run_id(&site.settings.name, &site.clock);
    let kind = RunKind::EnterMaintenance;
    let plan = prepare_maintenance(&site, kind, &run_id, &arguments.force_session, closes_at, None).await?;
    if arguments.output == Format::Text {
        anstream::print!("{}", plan_text::plan(&plan, terminal_width()));
    }
    if !arguments.yes {
        operate::approve("Enable maintenance mode?")?;
    }
    let mut journal = open(&arguments.data.path)?;
    operate::start(&site, &plan, &mut journal, arguments.output).await
}

/// Leaving works whatever came before: a run that ended in maintenance, one that died half-way, or none that anybody
/// remembers.
async fn disable(arguments: &DisableMaintenance) -> Result<ExitCode, CliError> {
    let site = Site::reach(&arguments.config, arguments.deployment.as_deref(), "maintenance").await?;
    let mut journal = open(&arguments.data.path)?;
    let last = last_run(&journal, &site.settings.name)?;
    if let Some((plan, false)) = &last {
        // It has not ended: the way out is its own.
        let by = wish::who();
        journal.ask(&plan.run_id, &conductor::Request::Stop { by }, site.clock.now())?;
        println!("Run {} has not ended; it is asked to stop, which leaves maintenance.", plan.run_id);
        return operate::resume(&site, &plan.run_id, &mut journal, arguments.output).await;
    }
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
        None => from_template(&site).await?,
    };
    let run_id = run_id(&site.settings.name, &site.clock);
    let mut plan =
        prepare_maintenance(&site, RunKind::LeaveMaintenance, &run_id, &[], None, Some(before)).await?;
    if let Some((entered, _)) = last {
        // The banner that is to be taken down is the one that was put up.
        plan.announcement.banner = entered.announcement.banner;
    }
    operate::start(&site, &plan, &mut journal, arguments.output).await
}

/// The deployment's last run that entered maintenance and did not leave it, and whether it has ended.
pub(crate) fn last_run(journal: &SqliteJournal, deployment: &str) -> Result<Option<(Plan, bool)>, CliError> {
    let runs = journal.runs()?;
    let Some(run) = runs.into_iter().rev().find(|run| run.deployment == deployment) else { return Ok(None) };
    let (plan, _) = journal.load(&run.run_id)?;
    Ok((plan.kind != RunKind::LeaveMaintenance || !run.ended).then_some((plan, run.ended)))
}

/// Without a journal: groups and queues carry their notes, and alarms act as the template says.
pub(crate) async fn from_template(site: &Site) -> Result<Before, CliError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    let (_, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    let template = upgrade::ReleaseSide::deployed(&deployment)?.template;
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
    Ok(Before { alarms: Some(alarms.collect()), ..Before::default() })
}

async fn status(arguments: &MaintenanceStatus) -> Result<ExitCode, CliError> {
    let site = Site::reach(&arguments.config, arguments.deployment.as_deref(), "maintenance").await?;
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    let (_, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    let ids = |resources: &[upgrade::LogicalResource]| {
        resources.iter().map(|resource| resource.physical_id.clone()).collect::<Vec<_>>()
    };
    println!("{} (stack {}, {})", site.settings.name, deployment.stack_name, deployment.status);
    let rules = Query::GateRules { listener_arn: targets.listener.physical_id.clone() };
    if let Observation::GateRules(rules) = site.ports.observe(&rules).await? {
        match rules.first() {
            None => println!("  Gate: open. Users are let in."),
            Some(rule) => println!("  Gate: CLOSED by run {}. Users see the maintenance page.", rule.run_id),
        }
    }
    if let Observation::JobQueues(queues) =
        site.ports.observe(&Query::JobQueues { arns: ids(&targets.job_queues) }).await?
    {
        let disabled = queues.iter().filter(|queue| !queue.enabled).count();
        println!("  Job queues: {}, {disabled} disabled.", counted(queues.len(), "queue"));
    }
    if let Observation::Jobs(jobs) =
        site.ports.observe(&Query::Jobs { queue_arns: ids(&targets.job_queues) }).await?
    {
        println!("  Unfinished jobs: {}.", jobs.len());
    }
    if let Observation::WorkerGroups(groups) =
        site.ports.observe(&Query::WorkerGroups { names: ids(&targets.worker_groups) }).await?
    {
        for group in groups {
            let noted =
                group.remembered.as_deref().map(|note| format!("; before: {note}")).unwrap_or_default();
            println!(
                "  Workers {}: {} at work, sizes {} to {}{noted}.",
                group.name,
                counted(group.instances.len(), "instance"),
                group.min_size,
                group.max_size
            );
        }
    }
    let journal = arguments.data.path.join(crate::runs::JOURNAL_FILE);
    if journal.exists() {
        let journal = SqliteJournal::open(&journal)?;
        if let Some(run) = journal.runs()?.into_iter().rev().find(|run| run.deployment == site.settings.name)
        {
            let (plan, records) = journal.load(&run.run_id)?;
            let state = fold(&plan, &records)?;
            println!(
                "  Last run: {} ({} UTC): {}.",
                run.run_id,
                moment(run.created_at),
                crate::runs::in_words(&state)
            );
        }
    }
    Ok(ExitCode::from(DONE))
}

//! `slackwater run`: what was done, and going on with what wasn't finished.

use std::process::ExitCode;

use conductor::{Clock, DataDirectory, JournalStore, SqliteJournal};
use upgrade::{Report, fold};

use crate::arguments::{DataDir, OneRun, Run};
use crate::demo::Notes;
use crate::error::{CliError, DONE};
use crate::progress::Lines;
use crate::words::moment;
use crate::{local_cloud, report};

pub(crate) async fn run(command: Run) -> Result<ExitCode, CliError> {
    match command {
        Run::List(data) => list(&data),
        Run::Show(one) => show(&one),
        Run::Resume(one) => resume(&one).await,
    }
}

/// The journal, to look at: another process may be writing it.
fn journal(data: &DataDir) -> Result<SqliteJournal, CliError> {
    let path = data.path.join("journal.sqlite");
    if !path.exists() {
        return Err(CliError::NoRun { path: data.path.clone() });
    }
    Ok(SqliteJournal::open(&path)?)
}

fn list(data: &DataDir) -> Result<ExitCode, CliError> {
    let journal = journal(data)?;
    println!("{:<28} {:<24} {:<20} state", "run", "stack", "began (UTC)");
    for run in journal.runs()? {
        let (plan, records) = journal.load(&run.run_id)?;
        let state = fold(&plan, &records)?;
        let words = match &state.outcome {
            None => format!("not ended; in: {}", state.step.title()),
            Some(upgrade::Outcome::Upgraded) => "upgraded".to_owned(),
            Some(upgrade::Outcome::NotUpgraded { .. }) => "not upgraded".to_owned(),
            Some(upgrade::Outcome::GateClosed { .. }) => "USERS ARE KEPT OUT".to_owned(),
        };
        println!("{:<28} {:<24} {:<20} {words}", run.run_id, run.stack_name, moment(run.created_at));
    }
    Ok(ExitCode::from(DONE))
}

/// The run that was named, else the latest.
fn chosen(journal: &SqliteJournal, one: &OneRun) -> Result<String, CliError> {
    match &one.run_id {
        Some(run_id) => Ok(run_id.clone()),
        None => match journal.runs()?.pop() {
            Some(run) => Ok(run.run_id),
            None => Err(CliError::NoRun { path: one.data.path.clone() }),
        },
    }
}

fn show(one: &OneRun) -> Result<ExitCode, CliError> {
    let journal = journal(&one.data)?;
    let (plan, records) = journal.load(&chosen(&journal, one)?)?;
    report::print(&plan, &Report::from_journal(&plan, &records)?);
    Ok(ExitCode::from(DONE))
}

async fn resume(one: &OneRun) -> Result<ExitCode, CliError> {
    if !one.data.path.join(local_cloud::CLOUD_FILE).exists() {
        return Err(CliError::NoDemo { path: one.data.path.clone() });
    }
    let directory = DataDirectory::take(&one.data.path)?;
    let mut journal = SqliteJournal::open(&directory.journal())?;
    let run_id = chosen(&journal, one)?;
    let (plan, records) = journal.load(&run_id)?;
    let state = fold(&plan, &records)?;
    if state.outcome.is_some() {
        return Err(conductor::ConductError::Ended { run_id }.into());
    }
    // The port it had, so that what was exported still holds; any other one does as well.
    let notes = Notes::read(&directory);
    let listener = match local_cloud::listen(notes.map_or(0, |notes| notes.port)).await {
        Err(CliError::PortInUse { .. }) => local_cloud::listen(0).await?,
        other => other?,
    };
    let running = local_cloud::start(listener, &directory, None, None, false)?;
    running.write_environment(&directory)?;
    println!(
        "Local cloud: {} (environment in {})",
        running.endpoint_url,
        directory.join("aws.env").display()
    );
    let clock = Clock::system();
    let cloud = running.sdk(clock);
    let mut lines = Lines::resuming(&state);
    let outcome = crate::demo::until_interrupted(
        true,
        conductor::resume(&run_id, &cloud, &mut journal, &clock, &mut lines),
    )
    .await??;
    let (plan, records) = journal.load(&run_id)?;
    report::print(&plan, &Report::from_journal(&plan, &records)?);
    Ok(report::exit_code(&outcome))
}

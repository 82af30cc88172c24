//! `slackwater run`: what was done, what is being done, and having a word in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use conductor::{
    Clock, DataDirectory, JournalError, JournalStore, Request, RunSummary, SqliteJournal, Watcher as _,
    read_run,
};
use upgrade::{Answer, Ending, Record, Report, RunKind, State, StopDoes, fold, stop_does};

use crate::arguments::{AnswerRun, DataDir, OneRun, ResumeRun, Run, WatchRun};
use crate::demo::Notes;
use crate::error::{CliError, DONE};
use crate::history::History;
use crate::progress::Lines;
use crate::site::Site;
use crate::wish::who;
use crate::words::moment;
use crate::{local_cloud, operate, question_text, report, upgrade_command};

/// The journal's name in a data directory.
pub(crate) const JOURNAL_FILE: &str = "journal.sqlite";

/// How often somebody who watches looks for new records.
const WATCH_MILLISECONDS: u64 = 500;

pub(crate) async fn run(command: Run) -> Result<ExitCode, CliError> {
    match command {
        Run::List(data) => list(&data),
        Run::Show(one) => show(&one),
        Run::Watch(one) => watch(&one).await,
        Run::Resume(one) => resume(&one).await,
        Run::Stop(one) => stop(&one),
        Run::Answer(one) => answer(&one),
    }
}

/// Make a data directory, readable by its owner only, if it isn't there.
pub(crate) fn make_directory(path: &Path) -> Result<(), CliError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| CliError::Unwritable { path: path.to_owned(), source })
}

/// The journal, to look at: another process may be writing it.
fn journal(data: &DataDir) -> Result<SqliteJournal, CliError> {
    journal_if_any(data)?.ok_or_else(|| CliError::NoRun { path: data.path.clone() })
}

/// The journal, to ask something of a run, or to go on with one.
fn journal_to_write(data: &DataDir) -> Result<SqliteJournal, CliError> {
    let path = data.path.join(JOURNAL_FILE);
    if !path.exists() {
        return Err(CliError::NoRun { path: data.path.clone() });
    }
    Ok(SqliteJournal::open(&path)?)
}

/// The journal to look at, where there is one.
pub(crate) fn journal_if_any(data: &DataDir) -> Result<Option<SqliteJournal>, CliError> {
    let path = data.path.join(JOURNAL_FILE);
    if path.exists() { Ok(Some(SqliteJournal::open_to_read(&path)?)) } else { Ok(None) }
}

/// The journal to leave maintenance with. One of another program's stays as it is, and is in nobody's way: leaving needs no
/// memory, since everything that maintenance changes bears its note.
pub(crate) fn journal_to_leave_with(directory: &Path) -> Result<SqliteJournal, CliError> {
    match upgrade_command::open(directory) {
        Err(CliError::Journal(error @ JournalError::OtherFormat { .. })) => {
            eprintln!("slackwater: {error}. It is left as it is, and this run is written down nowhere");
            Ok(SqliteJournal::in_memory()?)
        }
        other => other,
    }
}

/// Where a run stands, in a few words.
pub(crate) fn in_words(kind: RunKind, state: &State) -> String {
    match (&state.outcome, &state.question) {
        (None, Some(_)) => "waits for a person's decision".to_owned(),
        (None, None) => format!("not ended; in: {}", state.step.title()),
        (Some(outcome), _) => {
            let ending = Ending { kind, outcome, seen: state.seen.as_ref() };
            let out = if ending.needs_somebody() { ": USERS ARE KEPT OUT" } else { "" };
            format!("{}{out}", ending.title())
        }
    }
}

fn list(data: &DataDir) -> Result<ExitCode, CliError> {
    let journal = journal(data)?;
    println!("{:<36} {:<20} {:<20} {:<20} state", "run", "deployment", "stack", "began (UTC)");
    for run in journal.runs()? {
        // One that is damaged hides no other.
        let state = match (&run.set_aside, read_run(&journal, &run.run_id)) {
            (Some(reason), _) => format!("DAMAGED, and set aside: {reason}"),
            (None, Ok((plan, _, state))) => in_words(plan.kind, &state),
            (None, Err(JournalError::Damaged { reason, .. })) => format!("DAMAGED: {reason}"),
            (None, Err(error)) => return Err(error.into()),
        };
        println!(
            "{:<36} {:<20} {:<20} {:<20} {state}{}",
            run.run_id,
            run.deployment,
            run.stack_name,
            moment(run.created_at),
            led_by(&run)
        );
    }
    Ok(ExitCode::from(DONE))
}

/// Who carries a run out that has not ended.
fn led_by(run: &RunSummary) -> String {
    match run.carried_out_by(Clock::system().now()) {
        Some(holder) => format!(" ({holder})"),
        None if run.ended => String::new(),
        None => " (by nobody: `slackwater run resume` goes on)".to_owned(),
    }
}

/// The run that was named, else the latest.
fn chosen(journal: &SqliteJournal, run_id: Option<&str>, data: &DataDir) -> Result<String, CliError> {
    match run_id {
        Some(run_id) => Ok(run_id.to_owned()),
        None => match journal.runs()?.pop() {
            Some(run) => Ok(run.run_id),
            None => Err(CliError::NoRun { path: data.path.clone() }),
        },
    }
}

fn show(one: &OneRun) -> Result<ExitCode, CliError> {
    let journal = journal(&one.data)?;
    let run_id = chosen(&journal, one.run_id.as_deref(), &one.data)?;
    let (plan, records, state) = read_run(&journal, &run_id)?;
    report::print(&plan, &records, &Report::from_journal(&plan, &records)?);
    if let Some(question) = &state.question {
        println!("\n{}", question_text::render(&run_id, question, None));
    }
    Ok(ExitCode::from(DONE))
}

async fn watch(one: &WatchRun) -> Result<ExitCode, CliError> {
    let mut journal = journal(&one.data)?;
    let run_id = chosen(&journal, one.run_id.as_deref(), &one.data)?;
    let (plan, records, _) = read_run(&journal, &run_id)?;
    let mut state: Option<State> = None;
    let history = History::of(&journal, &plan.deployment, Some(&run_id))?;
    let mut lines = Lines::new(history, !one.quiet);
    let clock = Clock::system();
    let mut known: Vec<Record> = Vec::new();
    let mut fresh = records;
    loop {
        for record in fresh {
            known.push(record.clone());
            let next = match (state.take(), &record) {
                (Some(state), Record::Intended { act, .. }) => state.intending(act.clone()),
                (Some(state), Record::Happened(event)) => upgrade::transition(&plan, state, event)?.0,
                (None, _) => fold(&plan, &known)?,
            };
            lines.recorded(&plan, &record, &next);
            state = Some(next);
        }
        if let Some(State { outcome: Some(outcome), .. }) = &state {
            let told = Report::from_journal(&plan, &known)?;
            report::print(&plan, &known, &told);
            return Ok(report::exit_code(plan.kind, outcome, told.seen.as_ref()));
        }
        lines.tick(clock.now());
        tokio::time::sleep(Duration::from_millis(WATCH_MILLISECONDS)).await;
        if journal.is_frozen() {
            journal = SqliteJournal::open_to_read(&one.data.path.join(JOURNAL_FILE))?;
        }
        fresh = journal.records_from(&run_id, known.len())?;
    }
}

fn stop(one: &OneRun) -> Result<ExitCode, CliError> {
    let mut journal = journal_to_write(&one.data)?;
    let run_id = chosen(&journal, one.run_id.as_deref(), &one.data)?;
    let (plan, _, state) = read_run(&journal, &run_id)?;
    if state.outcome.is_some() {
        return Err(CliError::NothingToStop { run_id, how: in_words(plan.kind, &state) });
    }
    let words = match stop_does(&state) {
        StopDoes::LeaveMaintenance if state.found.is_some() => {
            "Nothing has been updated yet: it ends, and the deployment stays in the maintenance in which it was."
        }
        StopDoes::LeaveMaintenance => {
            "Nothing has been updated yet: it leaves maintenance, puts everything back and lets users in."
        }
        StopDoes::CancelUpdate => {
            "The update is cancelled: CloudFormation rolls it back, then users get back what they had."
        }
        StopDoes::Ask => {
            "Maintenance is being left already: it asks whether to open, to go back, or to wait on (`slackwater run answer`)."
        }
        StopDoes::Nothing => {
            println!("Nothing can be stopped at this moment: {}.", in_words(plan.kind, &state));
            return Ok(ExitCode::from(DONE));
        }
    };
    journal.ask(&run_id, &Request::Stop { by: who() }, Clock::system().now())?;
    println!("Run {run_id} is asked to stop. {words}");
    nobody(&journal, &run_id)?;
    Ok(ExitCode::from(DONE))
}

fn answer(one: &AnswerRun) -> Result<ExitCode, CliError> {
    let mut journal = journal_to_write(&one.data)?;
    let run_id = chosen(&journal, one.run_id.as_deref(), &one.data)?;
    let (_, _, state) = read_run(&journal, &run_id)?;
    let Some(question) = &state.question else {
        return Err(CliError::NothingAsked { run_id });
    };
    let answer = if one.look_again {
        Answer::LookAgain
    } else if one.go_back {
        Answer::GoBack
    } else if one.open {
        Answer::Open
    } else if one.stay_closed {
        Answer::StayClosed
    } else if one.close_again {
        Answer::CloseAgain
    } else if one.go_on {
        Answer::GoOn
    } else if one.stop_here {
        Answer::Leave
    } else {
        Answer::ContinueRollback { skip: one.skip.clone() }
    };
    if !question.takes(&answer) {
        return Err(CliError::NotAnAnswer { run_id });
    }
    println!("Run {run_id} is answered: {}.", answer.in_words());
    journal.ask(&run_id, &Request::Answer { answer, by: who() }, Clock::system().now())?;
    nobody(&journal, &run_id)?;
    Ok(ExitCode::from(DONE))
}

/// Say so when nobody is there to take up what was asked.
fn nobody(journal: &SqliteJournal, run_id: &str) -> Result<(), CliError> {
    let run = journal.runs()?.into_iter().find(|run| run.run_id == run_id);
    if run.is_none_or(|run| run.carried_out_by(Clock::system().now()).is_none()) {
        println!("Nobody carries it out at this moment: `slackwater run resume {run_id}` goes on with it.");
    }
    Ok(())
}

async fn resume(one: &ResumeRun) -> Result<ExitCode, CliError> {
    let mut journal = journal_to_write(&one.data)?;
    let run_id = chosen(&journal, one.run_id.as_deref(), &one.data)?;
    let (plan, _, state) = read_run(&journal, &run_id)?;
    if state.outcome.is_some() {
        return Err(conductor::ConductError::Ended { run_id }.into());
    }
    if !one.data.path.join(local_cloud::CLOUD_FILE).exists() || one.config.path.is_some() {
        let site = Site::reach(&one.config, Some(&plan.deployment), &run_id).await?;
        return operate::resume(&site, &run_id, &mut journal, one.progress).await;
    }
    // A demo's: its cloud lives in the same directory, and died with it.
    let directory = DataDirectory::take(&one.data.path)?;
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
    let site = crate::demo::site_of(&running, &directory, &plan.stack_name)?;
    operate::resume(&site, &run_id, &mut journal, one.progress).await
}

/// Jobs of a report by owner, for words.
pub(crate) fn by_owner<'a, T>(things: &'a [T], owner: impl Fn(&'a T) -> &'a str) -> BTreeMap<&'a str, usize> {
    let mut owners = BTreeMap::new();
    for thing in things {
        *owners.entry(owner(thing)).or_default() += 1;
    }
    owners
}

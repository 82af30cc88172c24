//! `slackwater run`: what was done, what is being done, and having a word in it.

mod journals;

use std::process::ExitCode;
use std::time::Duration;

use conductor::{Clock, DataDirectory, JournalError, JournalStore as _, Request, Watcher as _, read_run};
use panel::answers::AskedQuestion;
use upgrade::{Answer, Ending, Outcome, Plan, Question, Record, Report, State, StopDoes, fold, stop_does};

use crate::answers::{self, RunRequested, Unreached};
use crate::arguments::{AnswerRun, FollowRun, Format, ListRuns, OneRun, Places, Progress, Run, ShowRun};
use crate::demo::{self, NoDemo, Notes};
use crate::error::{CliError, Exit};
use crate::history::History;
use crate::interruption::{Whereabouts, find_users};
use crate::journal::Journal;
use crate::listed_run::{ListedRun, in_words};
use crate::local_cloud::{self, LocalCloudError};
use crate::progress::Lines;
use crate::run_lines::{self, RunLines};
use crate::site::Site;
use crate::wish::who;
use crate::words::{bare_moment, moment};
use crate::zone;
use crate::{operate, question_text, report, terminal};

use journals::{Access, Journals};

/// How often somebody who watches looks for new records.
const WATCH_MILLISECONDS: u64 = 500;

pub(crate) async fn run(command: Run) -> Result<ExitCode, CliError> {
    match command {
        Run::List(arguments) => list(&arguments).await,
        Run::Show(one) => show(&one).await,
        Run::Watch(one) => watch(&one).await,
        Run::Resume(one) => resume(&one).await,
        Run::Stop(one) => stop(&one).await,
        Run::Answer(one) => answer(&one).await,
    }
}

async fn list(arguments: &ListRuns) -> Result<ExitCode, CliError> {
    let journals = Journals::open(&arguments.places, Access::Read).await?;
    let mut unreached = journals.unreached();
    if arguments.printed.format == Format::Text {
        journals.tell_unreached();
    }
    let now = Clock::system().now();
    // A journal that can't be read hides no other.
    let mut unread: Option<JournalError> = None;
    let mut rows = Vec::new();
    for journal in journals.all() {
        let runs = match journal.runs().await {
            Ok(runs) => runs,
            Err(error) => {
                let (name, because) = (journal.location().to_owned(), error.to_string());
                unreached.push(Unreached { name, because });
                unread.get_or_insert(error);
                continue;
            }
        };
        for run in runs {
            rows.push(ListedRun::read(journal, &run, now).await?);
        }
    }
    match arguments.printed.format {
        Format::Json => {
            let runs = rows.into_iter().map(ListedRun::answer).collect();
            answers::print(&answers::Runs { runs, unreached });
        }
        Format::Text => {
            let widest = |title: &str, of: fn(&ListedRun) -> &String| {
                rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0).max(title.len())
            };
            let (run, deployment, stack) = (
                widest("run", |row| &row.run),
                widest("deployment", |row| &row.deployment),
                widest("stack", |row| &row.stack),
            );
            let mut text = format!(
                "{:<run$}  {:<deployment$}  {:<stack$}  {:<19}  state\n",
                "run",
                "deployment",
                "stack",
                format!("began ({})", zone::current().name())
            );
            for listed in &rows {
                text.push_str(&format!(
                    "{:<run$}  {:<deployment$}  {:<stack$}  {:<19}  {}{}\n",
                    listed.run,
                    listed.deployment,
                    listed.stack,
                    bare_moment(listed.began),
                    listed.state,
                    led_by(listed)
                ));
            }
            print!("{}", terminal::fit(&text));
        }
    }
    unread.map_or_else(|| Ok(Exit::Done.into()), |error| Err(error.into()))
}

/// Who carries a run out that has not ended.
fn led_by(run: &ListedRun) -> String {
    match &run.holder {
        Some(holder) => format!(" ({holder})"),
        None if run.outcome.is_some() || run.damaged.is_some() || run.not_begun => String::new(),
        None => " (by nobody: `slackwater run resume` goes on)".to_owned(),
    }
}

async fn show(one: &ShowRun) -> Result<ExitCode, CliError> {
    let (journal, run_id) = find(&one.places, one.run_id.as_deref(), Access::Read).await?;
    let (plan, records, state) = read_run(&journal, &run_id).await?;
    let told = Report::from_journal(&plan, &records)?;
    match one.printed.format {
        Format::Json => {
            let standing = in_words(plan.kind, &state);
            answers::print(&report::answer(&plan, &told, &state, standing));
        }
        Format::Text => {
            report::print(&plan, &records, &told);
            if let Some(question) = &state.question {
                println!("\n{}", question_text::render(&run_id, question, None));
            }
        }
    }
    Ok(Exit::Done.into())
}

async fn watch(one: &FollowRun) -> Result<ExitCode, CliError> {
    let Progress { format, quiet } = one.progress;
    let (mut journal, run_id) = find(&one.places, one.run_id.as_deref(), Access::Read).await?;
    let (plan, records, _) = read_run(&journal, &run_id).await?;
    let mut state: Option<State> = None;
    let history = History::of(&journal, &plan.deployment, Some(&run_id)).await?;
    let mut lines = Lines::new(history, !quiet && format == Format::Text);
    let mut told = RunLines::default();
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
            match format {
                Format::Text => lines.recorded(&plan, &record, &next),
                Format::Json => told.recorded(&plan, &record),
            }
            state = Some(next);
        }
        if let Some(State { outcome: Some(outcome), .. }) = &state {
            let report = Report::from_journal(&plan, &known)?;
            match format {
                Format::Text => report::print(&plan, &known, &report),
                Format::Json => run_lines::print_end(&plan, outcome, &report),
            }
            return Ok(report::exit_code(plan.kind, outcome, report.seen.as_ref()));
        }
        lines.tick(clock.now());
        tokio::time::sleep(Duration::from_millis(WATCH_MILLISECONDS)).await;
        journal.thaw(&one.places.data.path)?;
        fresh = journal.records_from(&run_id, known.len()).await?;
    }
}

async fn stop(one: &OneRun) -> Result<ExitCode, CliError> {
    let (journal, run_id) = find(&one.places, one.run_id.as_deref(), Access::Write).await?;
    let (plan, records, state) = read_run(&journal, &run_id).await?;
    if let Some(outcome) = &state.outcome {
        return Err(nothing_to_stop(one, &plan, &records, &state, outcome).await?);
    }
    let format = one.format;
    if let Some(question) = &state.question {
        let message =
            format!("Run {run_id} waits for a person's decision, and does nothing that could be stopped.");
        requested(&journal, &run_id, false, message, Some(question), format).await?;
        return Ok(Exit::NeedsAnswer.into());
    }
    let words = match stop_does(&state) {
        StopDoes::LeaveMaintenance if state.found.is_some() => {
            "Nothing has been updated yet: it ends, and the deployment stays in the maintenance in which it was."
        }
        StopDoes::LeaveMaintenance => {
            "Nothing has been updated yet: it puts everything back and leaves maintenance."
        }
        StopDoes::CancelUpdate => {
            "The update is cancelled: CloudFormation rolls it back, then users get back what they had."
        }
        StopDoes::Ask => {
            "Maintenance is being left already: it asks whether to open, to go back, or to wait on (`slackwater run answer`)."
        }
        StopDoes::Nothing => {
            let words = in_words(plan.kind, &state);
            let message = match &state.stop {
                Some(by) => format!("Run {run_id} is stopping already, as {by} asked ({words})."),
                None => {
                    format!(
                        "Nothing of run {run_id} can be stopped at this moment ({words}): it ends by itself."
                    )
                }
            };
            requested(&journal, &run_id, false, message, None, format).await?;
            return Ok(Exit::Done.into());
        }
    };
    journal.ask(&run_id, &Request::Stop { by: who() }, Clock::system().now()).await?;
    let message = format!("Run {run_id} is asked to stop. {words}");
    requested(&journal, &run_id, true, message, None, format).await?;
    Ok(Exit::Done.into())
}

/// Whoever stops a run that has ended wants to know what became of it, and where users are now: by a look.
async fn nothing_to_stop(
    one: &OneRun,
    plan: &Plan,
    records: &[Record],
    state: &State,
    outcome: &Outcome,
) -> Result<CliError, CliError> {
    let told = Report::from_journal(plan, records)?;
    let users = match Site::reach(&one.places, Some(&plan.deployment), &plan.run_id).await {
        Ok(site) => find_users(&site, plan, records, state).await,
        Err(error) => Whereabouts::of_journal(plan, records, error.to_string()),
    };
    let ending = Ending { kind: plan.kind, outcome, seen: state.seen.as_ref() };
    let decided: String = told.decisions.iter().map(|one| format!("; {one}")).collect();
    let said = format!(
        "run {} has ended, {} ({}{decided}): there is nothing to stop. {users}",
        plan.run_id,
        moment(told.last_at),
        in_words(plan.kind, state),
    );
    let kind = if ending.needs_somebody() && users.kept_out { Exit::KeptOut } else { Exit::BadInput };
    Ok(CliError::new(kind, said).hint("`slackwater run show` tells how; nothing was touched"))
}

async fn answer(one: &AnswerRun) -> Result<ExitCode, CliError> {
    let (journal, run_id) = find(&one.places, one.run_id.as_deref(), Access::Write).await?;
    let (_, _, state) = read_run(&journal, &run_id).await?;
    let Some(question) = &state.question else {
        return Err(CliError::bad_input(format!("run {run_id} asks nothing at this moment"))
            .hint("`slackwater run show` says where it stands; nothing was changed"));
    };
    let plain = [
        (one.skip_all, Answer::ForceRollback),
        (one.look_again, Answer::LookAgain),
        (one.go_back, Answer::GoBack),
        (one.open, Answer::Open),
        (one.stay_closed, Answer::StayClosed),
        (one.close_again, Answer::CloseAgain),
        (one.go_on, Answer::GoOn),
        (one.stop_here, Answer::Leave),
    ];
    let said = plain.into_iter().find(|(is_said, _)| *is_said).map(|(_, answer)| answer);
    let answer = said.unwrap_or_else(|| Answer::ContinueRollback { skip: one.skip.clone() });
    if !question.takes(&answer) {
        return Err(CliError::bad_input(format!("that is not an answer to what run {run_id} asks"))
            .hint("`slackwater run show` says what it asks, and what can be answered"));
    }
    let message = format!("Run {run_id} is answered: {}.", answer.in_words());
    journal.ask(&run_id, &Request::Answer { answer, by: who() }, Clock::system().now()).await?;
    requested(&journal, &run_id, true, message, None, one.format).await?;
    Ok(Exit::Done.into())
}

/// Say what was asked of a run, and whether somebody is there to take it up.
async fn requested(
    journal: &Journal,
    run_id: &str,
    asked: bool,
    message: String,
    question: Option<&Question>,
    format: Format,
) -> Result<(), CliError> {
    let run = journal.runs().await?.into_iter().find(|run| run.run_id == run_id);
    let carried_out = run.is_some_and(|run| run.carried_out_by(Clock::system().now()).is_some());
    match (format, question) {
        (Format::Json, question) => answers::print(&RunRequested {
            run_id: run_id.to_owned(),
            asked,
            message,
            question: question.map(AskedQuestion::from),
            carried_out,
        }),
        (Format::Text, Some(question)) => {
            println!("{message}\n\n{}", question_text::render(run_id, question, None));
        }
        (Format::Text, None) => {
            println!("{message}");
            if !carried_out {
                println!(
                    "Nobody carries it out at this moment: `slackwater run resume {run_id}` goes on with it."
                );
            }
        }
    }
    Ok(())
}

async fn resume(one: &FollowRun) -> Result<ExitCode, CliError> {
    if one.places.config.path.is_none() && one.places.data.path.join(local_cloud::CLOUD_FILE).exists() {
        return resume_demo(one).await;
    }
    let (journal, run_id) = find(&one.places, one.run_id.as_deref(), Access::Write).await?;
    let (plan, _, state) = read_run(&journal, &run_id).await?;
    refuse_ended(&state, &run_id)?;
    // What is missing on this machine (keys of a linked account, the platform's token) is told here, before the claim is taken.
    let site = Site::reach(&one.places, Some(&plan.deployment), &run_id).await?;
    operate::resume(&site, &run_id, &journal, one.progress).await
}

/// A demo's cloud lives in the same directory, and died with it.
async fn resume_demo(one: &FollowRun) -> Result<ExitCode, CliError> {
    let directory = DataDirectory::take(&one.places.data.path)?;
    // The port it had, so that what was exported still holds; any other one does as well.
    let notes = Notes::read(&directory);
    let listener = match local_cloud::listen(notes.map_or(0, |notes| notes.port)).await {
        Err(LocalCloudError::PortInUse { .. }) => local_cloud::listen(0).await?,
        other => other?,
    };
    let running = local_cloud::start(listener, &directory, None, None, false)?;
    running.write_environment(&directory)?;
    let format = one.progress.format;
    let words = format!(
        "Local cloud: {} (environment in {})",
        running.endpoint_url,
        directory.join(crate::local_cloud::ENVIRONMENT_FILE).display()
    );
    match format {
        Format::Text => println!("{words}"),
        Format::Json => remark!("{words}"),
    }
    let site = demo::site_of(&running, &directory).await?;
    let journal = site.journal(directory.path()).await?;
    let run_id = match &one.run_id {
        Some(run_id) => run_id.clone(),
        None => match journal.runs().await?.pop() {
            Some(run) => run.run_id,
            None => return Err(NoDemo { path: one.places.data.path.clone() }.into()),
        },
    };
    let (_, _, state) = read_run(&journal, &run_id).await?;
    refuse_ended(&state, &run_id)?;
    operate::resume(&site, &run_id, &journal, one.progress).await
}

fn refuse_ended(state: &State, run_id: &str) -> Result<(), CliError> {
    match state.outcome {
        Some(_) => Err(conductor::ConductError::Ended { run_id: run_id.to_owned() }.into()),
        None => Ok(()),
    }
}

/// The journal of the run that was named, else of the latest, wherever it is remembered.
async fn find(places: &Places, run_id: Option<&str>, access: Access) -> Result<(Journal, String), CliError> {
    Journals::open(places, access).await?.find(run_id).await
}

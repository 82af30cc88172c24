//! Carrying runs out in front of a person, or of a program.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use conductor::{Conductor, Ended, Holder, JournalStore, Reply, SqliteJournal, Watcher};
use upgrade::{Answer, Plan, Question, Record, Report, State, fold};

use crate::arguments::Format;
use crate::demo::until_interrupted;
use crate::error::{CliError, NEEDS_ANSWER};
use crate::progress::Lines;
use crate::site::Site;
use crate::wish::who;
use crate::{question_text, report};

/// Begin a plan's run and carry it to its end.
pub(crate) async fn start(
    site: &Site,
    plan: &Plan,
    journal: &mut SqliteJournal,
    format: Format,
) -> Result<ExitCode, CliError> {
    Ok(start_and_tell(site, plan, journal, format).await?.0)
}

/// The same; tells how it ended as well.
pub(crate) async fn start_and_tell(
    site: &Site,
    plan: &Plan,
    journal: &mut SqliteJournal,
    format: Format,
) -> Result<(ExitCode, Ended), CliError> {
    let mut watcher = Shown { lines: Lines::new(), format };
    let holder = Holder::this_process();
    let mut conductor = Conductor { cloud: &site.ports, journal, clock: &site.clock, holder: &holder };
    let ended = until_interrupted(true, conductor.start(plan, &mut watcher)).await??;
    Ok((finish(&plan.run_id, &ended, journal, format)?, ended))
}

/// Go on with a run.
pub(crate) async fn resume(
    site: &Site,
    run_id: &str,
    journal: &mut SqliteJournal,
    format: Format,
) -> Result<ExitCode, CliError> {
    let (plan, records) = journal.load(run_id)?;
    let state = fold(&plan, &records)?;
    let mut watcher = Shown { lines: Lines::resuming(&state), format };
    let holder = Holder::this_process();
    let mut conductor = Conductor { cloud: &site.ports, journal, clock: &site.clock, holder: &holder };
    let ended = until_interrupted(true, conductor.resume(run_id, &mut watcher)).await??;
    finish(run_id, &ended, journal, format)
}

fn finish(
    run_id: &str,
    ended: &Ended,
    journal: &SqliteJournal,
    format: Format,
) -> Result<ExitCode, CliError> {
    let (plan, records) = journal.load(run_id)?;
    match ended {
        Ended::Run(outcome) => {
            match format {
                Format::Text => report::print(&plan, &Report::from_journal(&plan, &records)?),
                Format::Json => println!("{}", serde_json::json!({"outcome": outcome})),
            }
            Ok(report::exit_code(outcome))
        }
        Ended::NeedsAnswer(question) => {
            match format {
                Format::Text => println!("\n{}", question_text::render(run_id, question)),
                Format::Json => println!("{}", serde_json::json!({"question": question})),
            }
            Ok(ExitCode::from(NEEDS_ANSWER))
        }
    }
}

/// Shows a run as it happens, and asks whoever sits before it.
pub(crate) struct Shown {
    pub lines: Lines,
    pub format: Format,
}

impl Watcher for Shown {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        match self.format {
            Format::Text => self.lines.recorded(plan, record, state),
            // A reader that has gone away doesn't stop a run.
            Format::Json => {
                let _gone = writeln!(io::stdout(), "{}", serde_json::json!(record));
            }
        }
    }

    fn asked(&mut self, plan: &Plan, question: &Question) -> Reply {
        if self.format == Format::Json || !io::stdin().is_terminal() {
            return Reply::Leave;
        }
        println!("\n{}", question_text::render(&plan.run_id, question));
        loop {
            print!("Your decision: ");
            let _flushed = io::stdout().flush();
            let mut line = String::new();
            match io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => return Reply::Leave,
                Ok(_) => {}
            }
            if line.trim() == "leave" {
                return Reply::Leave;
            }
            match question_text::parse(line.trim()).filter(|answer: &Answer| question.takes(answer)) {
                Some(answer) => return Reply::Answer { answer, by: who() },
                None => println!("That is not one of the answers."),
            }
        }
    }
}

/// Ask on the terminal whether to go on.
pub(crate) fn approve(question: &str) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::NobodyToApprove);
    }
    print!("\n{question} [y/N] ");
    let _flushed = io::stdout().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(CliError::NotApproved),
    }
}

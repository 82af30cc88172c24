//! Carrying runs out in front of a person, or of a program.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use conductor::{Clock, ConductError, Conductor, Ended, Holder, JournalStore, Reply, SqliteJournal, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use upgrade::{Answer, ApprovedPlan, Plan, Question, Record, Report, State, fold};

use crate::arguments::{Format, Progress};
use crate::demo::until_interrupted;
use crate::error::{CliError, NEEDS_ANSWER};
use crate::history::History;
use crate::notifications::{Message, Notice, Noticing, message, tell};
use crate::progress::Lines;
use crate::site::Site;
use crate::wish::who;
use crate::{question_text, report};

/// How often the live line is drawn anew.
const TICK: Duration = Duration::from_millis(500);

/// Begin an approved plan's run and carry it to its end.
pub(crate) async fn start(
    site: &Site,
    plan: &ApprovedPlan,
    journal: &mut SqliteJournal,
    progress: impl Into<Progress>,
) -> Result<ExitCode, CliError> {
    Ok(start_and_tell(site, plan, journal, progress).await?.0)
}

/// The same; tells how it ended as well.
pub(crate) async fn start_and_tell(
    site: &Site,
    approved: &ApprovedPlan,
    journal: &mut SqliteJournal,
    progress: impl Into<Progress>,
) -> Result<(ExitCode, Ended), CliError> {
    let progress = progress.into();
    let plan = approved.plan();
    let history = History::of(journal, &plan.deployment, Some(&plan.run_id))?;
    let shown = Shown::new(Lines::new(history, !progress.quiet), progress.format);
    let ended = {
        let holder = Holder::this_process();
        let mut conductor =
            Conductor { cloud: &site.ports, journal: &mut *journal, clock: &site.clock, holder: &holder };
        carry_out(site, shown, async |shown| conductor.start(approved, shown).await).await?
    };
    Ok((finish(&plan.run_id, &ended, journal, progress.format)?, ended))
}

/// Go on with a run.
pub(crate) async fn resume(
    site: &Site,
    run_id: &str,
    journal: &mut SqliteJournal,
    progress: impl Into<Progress>,
) -> Result<ExitCode, CliError> {
    let progress = progress.into();
    let (plan, records) = journal.load(run_id)?;
    let state = fold(&plan, &records)?;
    let history = History::of(journal, &plan.deployment, Some(run_id))?;
    let shown = Shown::new(Lines::resuming(&state, history, !progress.quiet), progress.format);
    let ended = {
        let holder = Holder::this_process();
        let mut conductor =
            Conductor { cloud: &site.ports, journal: &mut *journal, clock: &site.clock, holder: &holder };
        carry_out(site, shown, async |shown| conductor.resume(run_id, shown).await).await?
    };
    finish(run_id, &ended, journal, progress.format)
}

/// Conduct, keep the live line alive, and tell whoever wants to be told, all at once.
async fn carry_out(
    site: &Site,
    (mut shown, told): (Shown, UnboundedReceiver<Message>),
    conduct: impl AsyncFnOnce(&mut Shown) -> Result<Ended, ConductError>,
) -> Result<Ended, CliError> {
    let (lines, untold, format) = (shown.lines.clone(), shown.untold.clone(), shown.format);
    // The conducting is boxed: futures within futures within futures are more than the compiler lays out.
    let conducting = async {
        let ended = Box::pin(conduct(&mut shown)).await;
        // The last notice has been written; who delivers them may end.
        drop(shown);
        ended
    };
    let all = async {
        let both = async { tokio::join!(conducting, deliver(site, told, &lines, &untold, format)).0 };
        tokio::select! {
            ended = both => ended,
            never = tick(site, &lines) => match never {},
        }
    };
    Ok(until_interrupted(true, Box::pin(all)).await??)
}

async fn tick(site: &Site, lines: &RefCell<Lines>) -> Infallible {
    loop {
        tokio::time::sleep(TICK).await;
        lines.borrow_mut().tick(site.clock.now());
    }
}

/// Tell what is to be told, one after the other.
async fn deliver(
    site: &Site,
    mut told: UnboundedReceiver<Message>,
    lines: &RefCell<Lines>,
    untold: &Cell<usize>,
    format: Format,
) {
    while let Some(message) = told.recv().await {
        for remark in tell(site, &message).await {
            match format {
                Format::Text => lines.borrow_mut().say(&format!("            Remark: {remark}")),
                Format::Json => eprintln!("slackwater: {remark}"),
            }
        }
        untold.set(untold.get().saturating_sub(1));
    }
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
            let told = Report::from_journal(&plan, &records)?;
            match format {
                Format::Text => report::print(&plan, &told),
                Format::Json => println!("{}", serde_json::json!({"outcome": outcome, "seen": told.seen})),
            }
            Ok(report::exit_code(plan.kind, outcome, told.seen.as_ref()))
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

/// Shows a run as it happens, has notices sent, and asks whoever sits before it.
struct Shown {
    lines: Rc<RefCell<Lines>>,
    format: Format,
    notices: UnboundedSender<Message>,
    /// Notices that nobody has been told of yet.
    untold: Rc<Cell<usize>>,
    noticing: Noticing,
}

impl Shown {
    fn new(lines: Lines, format: Format) -> (Shown, UnboundedReceiver<Message>) {
        let (notices, told) = unbounded_channel();
        let (lines, untold) = (Rc::new(RefCell::new(lines)), Rc::new(Cell::new(0)));
        (Shown { lines, format, notices, untold, noticing: Noticing::default() }, told)
    }

    fn notify(&self, plan: &Plan, notice: &Notice) {
        // The receiver lives as long as the conducting does.
        if self.notices.send(message(plan, notice)).is_ok() {
            self.untold.set(self.untold.get() + 1);
        }
    }
}

impl Watcher for Shown {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        for notice in self.noticing.recorded(record, state) {
            self.notify(plan, &notice);
        }
        match self.format {
            Format::Text => self.lines.borrow_mut().recorded(plan, record, state),
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
        if self.untold.get() > 0 {
            // Reading from a terminal holds everything up: whoever is to be told of the question comes first.
            return Reply::Wait;
        }
        self.lines.borrow_mut().make_room();
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

/// What was just shown is what is approved, by whoever sits here.
pub(crate) fn approved(plan: Plan, shown_sha256: &str, clock: &Clock) -> Result<ApprovedPlan, CliError> {
    Ok(ApprovedPlan::new(plan, shown_sha256, &who(), clock.now())?)
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

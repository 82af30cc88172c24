//! Carrying runs out in front of a person, or of a program.

mod asking;

use std::cell::RefCell;
use std::convert::Infallible;
use std::io::{self, BufRead, IsTerminal};
use std::ops::DerefMut;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use conductor::{
    Clock, ConductError, Conducting, Conductor, Ended, Holder, JournalError, JournalStore, Reply, Watcher,
    read_run,
};
use futures_util::future::{FusedFuture, FutureExt as _};
use upgrade::{ApprovedPlan, NotApproved, Plan, Question, Record, Report, State, Timestamp, Users};

use crate::answers;
use crate::arguments::{Format, Progress};
use crate::error::{CliError, Exit};
use crate::history::History;
use crate::interruption::{self, Leaving, leave};
use crate::notifications::{Delivery, Expectation, Telling, telling};
use crate::progress::Lines;
use crate::rehearsal::kept::{Kept, compare};
use crate::run_lines::{self, RunLines};
use crate::signals::{Signal, Signals};
use crate::site::Site;
use crate::wish::who;
use crate::words::clock_time;
use crate::{question_text, report};

use asking::Asking;

/// Why a plan is not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApprovalError {
    #[error("the plan needs somebody to approve it, and standard input is not a terminal")]
    NobodyToApprove,
    #[error("not approved; nothing was touched")]
    NotApproved,
}

impl From<ApprovalError> for CliError {
    fn from(error: ApprovalError) -> CliError {
        match error {
            ApprovalError::NobodyToApprove => CliError::new(Exit::BadInput, error).hint(
                "carry it out without asking with --yes (demo: --unattended), or draw it up with `slackwater plan -o FILE` and approve its hash; nothing was touched",
            ),
            ApprovalError::NotApproved => CliError::new(Exit::NotUpgraded, error),
        }
    }
}

/// How often the live line is drawn anew.
const TICK: Duration = Duration::from_millis(500);

/// Begin an approved plan's run and carry it to its end.
pub(crate) async fn start(
    site: &Site,
    plan: &ApprovedPlan,
    journal: &impl JournalStore,
    progress: impl Into<Progress>,
) -> Result<ExitCode, CliError> {
    Ok(start_and_tell(site, plan, journal, progress).await?.0)
}

/// The same; tells how it ended as well.
pub(crate) async fn start_and_tell(
    site: &Site,
    approved: &ApprovedPlan,
    journal: &impl JournalStore,
    progress: impl Into<Progress>,
) -> Result<(ExitCode, Ended), CliError> {
    let progress = progress.into();
    let plan = approved.plan();
    let history = History::of(journal, &plan.deployment, Some(&plan.run_id)).await?;
    let expected = Expectation::of_history(&history);
    let lines = Lines::new(history, !progress.quiet);
    let form = Form::of(progress.format, plan, &[]);
    let (shown, delivering) = Shown::new(site, lines, form, telling(site, plan, &[], expected));
    let mut delivering = Box::pin(delivering.fuse());
    let holder = Conducting::begin()?;
    let carried = {
        let conductor = Conductor { cloud: &site.ports, journal, clock: &site.clock, holder: &holder };
        let conduct = async |shown: &mut Shown| conductor.start(approved, shown).await;
        carry_out(site, shown, delivering.as_mut(), conduct).await?
    };
    let ended = ended(site, &plan.run_id, journal, &holder, carried, progress.format);
    let ended = beside(delivering.as_mut(), ended).await?;
    let code = finish(site, &plan.run_id, &ended, journal, progress.format).await?;
    delivered(delivering).await;
    Ok((code, ended))
}

/// Go on with a run.
pub(crate) async fn resume(
    site: &Site,
    run_id: &str,
    journal: &impl JournalStore,
    progress: impl Into<Progress>,
) -> Result<ExitCode, CliError> {
    let progress = progress.into();
    let (plan, records, state) = read_run(journal, run_id).await?;
    let history = History::of(journal, &plan.deployment, Some(run_id)).await?;
    let expected = Expectation::of_history(&history);
    let lines = Lines::resuming(&state, history, !progress.quiet);
    let form = Form::of(progress.format, &plan, &records);
    let (shown, delivering) = Shown::new(site, lines, form, telling(site, &plan, &records, expected));
    let mut delivering = Box::pin(delivering.fuse());
    let holder = Conducting::begin()?;
    let carried = {
        let conductor = Conductor { cloud: &site.ports, journal, clock: &site.clock, holder: &holder };
        let conduct = async |shown: &mut Shown| conductor.resume(run_id, shown).await;
        carry_out(site, shown, delivering.as_mut(), conduct).await?
    };
    let ended = ended(site, run_id, journal, &holder, carried, progress.format);
    let ended = beside(delivering.as_mut(), ended).await?;
    let code = finish(site, run_id, &ended, journal, progress.format).await?;
    delivered(delivering).await;
    Ok(code)
}

/// What came of carrying a run out.
enum Carried {
    Ended(Ended),
    Interrupted { by: Signal, signals: Signals },
}

/// How the conducting ended. One that was interrupted leaves its run as it should be left, and is an error.
async fn ended(
    site: &Site,
    run_id: &str,
    journal: &impl JournalStore,
    holder: &Holder,
    carried: Carried,
    format: Format,
) -> Result<Ended, CliError> {
    let (by, mut signals) = match carried {
        Carried::Ended(ended) => return Ok(ended),
        Carried::Interrupted { by, signals } => (by, signals),
    };
    remark!("{}", interruption::what_follows(by));
    let leaving = tokio::select! {
        leaving = leave(site, run_id, journal, holder, by) => leaving,
        // Whoever asks twice doesn't want to wait for what can be looked up.
        _again = signals.next() => {
            return Err(CliError::new(
                Exit::Failed,
                format!("run {run_id} was interrupted, and is left where it was; where users are was not looked at"),
            )
            .hint(
                "`slackwater status` looks where users are; `slackwater run resume` goes on with it; `slackwater maintenance disable` puts everything back and ends maintenance",
            ));
        }
    };
    match leaving {
        Leaving::NotBegun => {
            Err(CliError::new(Exit::Failed, "interrupted before the run had begun: nothing was touched"))
        }
        Leaving::Unknown(error) => Err(ConductError::Journal(error).into()),
        Leaving::Ended(outcome) => Ok(Ended::Run(outcome)),
        Leaving::Left(left) => {
            if format == Format::Json {
                answers::print_line(&left.answer());
            }
            Err(left.into())
        }
    }
}

/// Conduct, keep the live line alive, and tell whoever wants to be told, all at once, until it ends or is to end. What is not
/// delivered by then is left to the caller: nobody waits for it before reading how the run ended.
async fn carry_out(
    site: &Site,
    mut shown: Shown,
    delivering: Pin<&mut impl FusedFuture<Output = ()>>,
    conduct: impl AsyncFnOnce(&mut Shown) -> Result<Ended, ConductError>,
) -> Result<Carried, CliError> {
    let mut signals = Signals::listen()?;
    let lines = shown.lines.clone();
    // The conducting is boxed: futures within futures within futures are more than the compiler lays out.
    let conducting = async {
        let ended = Box::pin(conduct(&mut shown)).await;
        // The last notice has been written; who delivers them may end.
        drop(shown);
        ended
    };
    let all = async {
        tokio::select! {
            ended = beside(delivering, conducting) => ended,
            never = tick(site, &lines) => match never {},
        }
    };
    let by = tokio::select! {
        ended = Box::pin(all) => return Ok(Carried::Ended(ended?)),
        by = signals.next() => by,
    };
    lines.borrow_mut().make_room();
    Ok(Carried::Interrupted { by, signals })
}

/// Do something while notices are delivered.
async fn beside<T>(delivering: Pin<&mut impl FusedFuture<Output = ()>>, work: impl Future<Output = T>) -> T {
    let telling = async {
        delivered(delivering).await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        done = work => done,
        never = telling => match never {},
    }
}

/// Wait until everybody was told, which may have been before.
async fn delivered(delivering: Pin<impl DerefMut<Target = impl FusedFuture<Output = ()>>>) {
    if !delivering.is_terminated() {
        delivering.await;
    }
}

async fn tick(site: &Site, lines: &RefCell<Lines>) -> Infallible {
    loop {
        tokio::time::sleep(TICK).await;
        lines.borrow_mut().tick(site.clock.now());
    }
}

async fn finish(
    site: &Site,
    run_id: &str,
    ended: &Ended,
    journal: &impl JournalStore,
    format: Format,
) -> Result<ExitCode, CliError> {
    let (plan, records) = journal.load(run_id).await?;
    match ended {
        Ended::Run(outcome) => {
            let told = Report::from_journal(&plan, &records)?;
            match format {
                Format::Text => {
                    report::print(&plan, &records, &told);
                    if let Some(compared) = site.data.as_ref().and_then(|data| compare(data, &plan, &told)) {
                        println!("{compared}");
                    }
                }
                Format::Json => run_lines::print_end(&plan, outcome, &told),
            }
            Ok(report::exit_code(plan.kind, outcome, told.seen.as_ref()))
        }
        Ended::NeedsAnswer(question, users) => {
            match format {
                Format::Text => {
                    let known = rehearsed(site).and_then(|kept| kept.evidence(question));
                    let known = known.map(|known| format!("{known}\n")).unwrap_or_default();
                    println!("\n{}{known}", question_text::render(run_id, question, users.as_ref()));
                }
                Format::Json => run_lines::print_question(run_id, question, users.as_ref()),
            }
            Ok(Exit::NeedsAnswer.into())
        }
    }
}

/// What the last rehearsal of this deployment said.
fn rehearsed(site: &Site) -> Option<Kept> {
    Kept::read(site.data.as_ref()?, &site.settings.name)
}

/// How a run is shown while it goes on.
enum Form {
    Text,
    Json(Box<RunLines>),
}

impl Form {
    /// Of a run that has these records already.
    fn of(format: Format, plan: &Plan, records: &[Record]) -> Form {
        match format {
            Format::Text => Form::Text,
            Format::Json => Form::Json(Box::new(RunLines::after(plan, records))),
        }
    }

    fn is_json(&self) -> bool {
        matches!(self, Form::Json(_))
    }
}

/// Shows a run as it happens, has notices sent, and asks whoever sits before it.
struct Shown {
    lines: Rc<RefCell<Lines>>,
    form: Form,
    telling: Telling,
    asking: Asking,
    rehearsed: Option<Kept>,
}

impl Shown {
    /// With it what delivers notices, to be run beside the conducting and to its own end.
    fn new(
        site: &Site,
        lines: Lines,
        form: Form,
        (telling, delivery): (Telling, Delivery),
    ) -> (Shown, impl Future<Output = ()> + use<>) {
        let lines = Rc::new(RefCell::new(lines));
        let remarks = Rc::clone(&lines);
        let speaks_json = form.is_json();
        let delivering = delivery.run(move |remark| match speaks_json {
            false => remarks.borrow_mut().say(&format!("            Remark: {remark}")),
            true => remark!("{remark}"),
        });
        let (asking, rehearsed) = (Asking::default(), rehearsed(site));
        (Shown { lines, form, telling, asking, rehearsed }, delivering)
    }
}

impl Watcher for Shown {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        if self.asking.is_shown() && state.question.is_none() {
            self.asking.decided();
            self.lines.borrow_mut().hold_live(false);
            // The prompt's line ends here.
            println!();
        }
        self.telling.recorded(plan, record, state);
        match &mut self.form {
            Form::Text => self.lines.borrow_mut().recorded(plan, record, state),
            Form::Json(lines) => lines.recorded(plan, record),
        }
    }

    fn asked(&mut self, plan: &Plan, question: &Question, users: Option<&Users>) -> Reply {
        self.telling.asked(question, users);
        if self.form.is_json() || !io::stdin().is_terminal() {
            // What is tried on goes on without anybody's word; everything else waits for whoever resumes it.
            return if question.is_tried_on() { Reply::Wait } else { Reply::Leave };
        }
        // A live line would wipe out what is being typed.
        self.lines.borrow_mut().hold_live(true);
        let known = self.rehearsed.as_ref().and_then(|kept| kept.evidence(question));
        self.asking.ask(&plan.run_id, question, users, known.as_deref())
    }

    fn hindered(&mut self, _run_id: &str, error: &JournalError, until: Timestamp) {
        let words = format!("{error}; it is tried until {}", clock_time(until));
        match &self.form {
            Form::Text => self.lines.borrow_mut().say(&format!("            {words}")),
            Form::Json(_) => remark!("{words}"),
        }
    }
}

/// What was just shown is what is approved, by whoever sits here.
pub(crate) fn approved(plan: Plan, shown_sha256: &str, clock: &Clock) -> Result<ApprovedPlan, NotApproved> {
    ApprovedPlan::new(plan, shown_sha256, &who(), clock.now())
}

/// Ask on the terminal whether to go on.
pub(crate) fn approve(question: &str) -> Result<(), ApprovalError> {
    if !io::stdin().is_terminal() {
        return Err(ApprovalError::NobodyToApprove);
    }
    print!("\n{question} [y/N] ");
    crate::output::flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(ApprovalError::NotApproved),
    }
}

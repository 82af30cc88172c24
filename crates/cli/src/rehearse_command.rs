//! `slackwater rehearse`: an upgrade, hundreds of times, before anything real is touched.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use crate::answers;
use crate::arguments::{RehearsalOutput, Rehearse};
use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::inputs::{Release, refuse_unknown};
use crate::planning::NewRelease;
use crate::rehearsal::durations::Drawn;
use crate::rehearsal::every_failure::every_failure;
use crate::rehearsal::kept::{Kept, keep};
use crate::rehearsal::many::{Distribution, Spread, histories, runs};
use crate::rehearsal::matrix::{self, Matrix, Pair, Row};
use crate::rehearsal::summary::{End, Summary};
use crate::rehearsal::told::Told;
use crate::rehearsal::{Rehearsal, Variation, formats, pictures, text, virtual_time};
use crate::snapshot::Snapshot;
use crate::snapshot_command;
use crate::terminal;

/// How often an upgrade is rehearsed unless said otherwise: so often that 99 of 100 can be told; less where every failure, or a
/// whole matrix, is the point.
pub(crate) const RUNS: usize = 200;
const RUNS_BESIDE: usize = 20;

/// A conducting's futures are deep.
pub(crate) const STACK_BYTES: usize = 16 << 20;

/// How much is rehearsed.
pub(crate) struct Extent {
    /// The first run's; each following one has the next.
    pub(crate) seed: u64,
    pub(crate) runs: usize,
    /// Everything that can fail does as well, with at most so many of each kind of call; `None`: nothing does.
    pub(crate) failures_with_calls: Option<usize>,
}

/// What a rehearsal does, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Runs,
    Failures,
}

/// Hears how much of a part is done, of how much; says whether the rest is still wanted.
pub(crate) type Hearing<'a> = &'a (dyn Fn(Part, usize, usize) -> bool + Sync);

pub(crate) async fn run(arguments: &Rehearse) -> Result<ExitCode, CliError> {
    if let Some(path) = &arguments.matrix {
        let rows = apart(|| whole_matrix(arguments, path))?;
        let is_well = rows.iter().all(Row::is_well);
        match arguments.output {
            RehearsalOutput::Text => print!("{}", matrix::text(&rows)),
            RehearsalOutput::Json => answers::print(&Matrix { upgrades: rows }),
            RehearsalOutput::Markdown => print!("{}", matrix::markdown(&rows)),
            RehearsalOutput::Junit => print!("{}", matrix::junit(&rows)),
            RehearsalOutput::Sarif => {
                return Err(CliError::bad_input("a matrix isn't told as SARIF")
                    .hint("take --output markdown, json or junit; nothing was touched"));
            }
        }
        return Ok(exit(is_well));
    }
    let script = script(arguments).await?;
    let named = script.release.name.clone();
    let mut told = apart(|| rehearse(arguments, script))?;
    if arguments.from.is_none() {
        // Of a deployment that there is: its upgrade tells of it, and is held against it.
        let data = &arguments.places.data.path;
        told.compared =
            Kept::read(data, &told.deployment).map_or_else(Vec::new, |kept| kept.compared().to_vec());
        keep(data, conductor::Clock::system().now(), &told)?;
    }
    if let Some(directory) = &arguments.pictures {
        std::fs::create_dir_all(directory).map_err(FileError::unwritable(directory))?;
        for (name, picture) in [
            ("timeline.svg", pictures::timeline_svg(&told)),
            ("distribution.svg", pictures::distribution_svg(&told)),
        ] {
            files::write_private(&directory.join(name), picture.as_bytes())?;
        }
    }
    match arguments.output {
        RehearsalOutput::Text => print_styled!("{}", text::render(&told, terminal::width())),
        RehearsalOutput::Json => answers::print(&told),
        RehearsalOutput::Markdown => print!("{}", formats::markdown(&told)),
        RehearsalOutput::Sarif => println!("{:#}", formats::sarif(&told, &named)),
        RehearsalOutput::Junit => print!("{}", formats::junit(&told)),
    }
    Ok(exit(told.is_well()))
}

fn exit(well: bool) -> ExitCode {
    if well { Exit::Done } else { Exit::Failed }.into()
}

/// Do it on a thread of its own, whose clock may stand still.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> Result<T, CliError> + Send) -> Result<T, CliError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let broken =
            |_| Err(CliError::new(Exit::Failed, "the rehearsal broke off by a fault of this program"));
        thread.map_err(CliError::cannot_start)?.join().unwrap_or_else(broken)
    })
}

/// What is rehearsed.
struct Script {
    snapshot: Snapshot,
    release: NewRelease,
    given: BTreeMap<String, String>,
}

/// From templates, from a file, or from the deployment as it is.
async fn script(arguments: &Rehearse) -> Result<Script, CliError> {
    let given: BTreeMap<String, String> = arguments.parameters.iter().cloned().collect();
    let Some(to) = &arguments.to else { return Err(CliError::bad_input("no release is named")) };
    let to = Release::read(to)?;
    let snapshot = match (&arguments.from, &arguments.snapshot) {
        (Some(from), _) => {
            let from = Release::read(from)?;
            refuse_unknown(&given, &[&from, &to])?;
            made_up(&arguments.stack_name, &from, &given)
        }
        (None, Some(path)) => Snapshot::read(path)?,
        (None, None) => {
            snapshot_command::take(&arguments.places.config, arguments.deployment.as_deref()).await?
        }
    };
    Ok(Script { snapshot, release: NewRelease::of(&to.name, to.bytes, None)?, given })
}

fn made_up(name: &str, from: &Release, given: &BTreeMap<String, String>) -> Snapshot {
    Snapshot::of_template(name, &String::from_utf8_lossy(&from.bytes), &from.template, given)
}

fn rehearse(arguments: &Rehearse, script: Script) -> Result<Told, CliError> {
    let Script { snapshot, release, given } = script;
    let runtime = virtual_time()?;
    let rehearsal = runtime.block_on(Rehearsal::prepare(&snapshot, release, &given))?;
    let usual = if arguments.every_failure { RUNS_BESIDE } else { RUNS };
    asked(arguments, &snapshot, &rehearsal, arguments.runs.unwrap_or(usual))
}

fn whole_matrix(arguments: &Rehearse, path: &Path) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    for pair in matrix::read(path)? {
        let title = pair.title();
        if std::io::stderr().is_terminal() {
            eprintln!("{title}");
        }
        let row = |told, refused, changes_nothing| Row { title, changes_nothing, refused, told };
        rows.push(match one_of(arguments, &pair) {
            Ok(told) => row(Some(told), None, false),
            Err(error) if is_of_nothing(&error) => row(None, None, true),
            Err(error) => row(None, Some(error.to_string()), false),
        });
    }
    Ok(rows)
}

fn one_of(arguments: &Rehearse, pair: &Pair) -> Result<Told, CliError> {
    let (from, to) = (Release::read(&pair.from)?, Release::read(&pair.to)?);
    let snapshot = made_up(&arguments.stack_name, &from, &pair.given);
    let release = NewRelease::of(&to.name, to.bytes, None)?;
    let runtime = virtual_time()?;
    let rehearsal = runtime.block_on(Rehearsal::prepare(&snapshot, release, &pair.given))?;
    asked(arguments, &snapshot, &rehearsal, arguments.runs.unwrap_or(RUNS_BESIDE))
}

/// Whether there is nothing to upgrade.
fn is_of_nothing(error: &CliError) -> bool {
    matches!(error.downcast_ref(), Some(upgrade::DraftError::NoChanges))
}

/// As the command line asks for it, with its progress where somebody looks.
fn asked(
    arguments: &Rehearse,
    snapshot: &Snapshot,
    rehearsal: &Rehearsal,
    runs: usize,
) -> Result<Told, CliError> {
    let is_shown = std::io::stderr().is_terminal();
    let progress = |part: Part, done: usize, all: usize| {
        let what = match part {
            Part::Runs => "rehearsed",
            Part::Failures => "failures",
        };
        if is_shown && (done == all || done.is_multiple_of(10)) {
            eprint!("\r{what}: {done} of {all}{}", if done == all { "\n" } else { "" });
        }
        true
    };
    let most_calls = arguments.most_calls.unwrap_or(usize::MAX);
    let failures_with_calls = arguments.every_failure.then_some(most_calls);
    let extent = Extent { seed: arguments.seed, runs: runs.max(1), failures_with_calls };
    told(&extent, snapshot, rehearsal, &progress)
}

/// Rehearse, and tell what came of it.
///
/// # Errors
/// The first run that broke one of the program's own rules.
pub(crate) fn told(
    extent: &Extent,
    snapshot: &Snapshot,
    rehearsal: &Rehearsal,
    progress: Hearing<'_>,
) -> Result<Told, CliError> {
    let histories = histories(snapshot);
    let Extent { seed, runs: count, failures_with_calls } = *extent;
    let of = |seed| {
        let drawn = Drawn { histories: histories.clone(), seed };
        rehearsal.run(&Variation::drawn(drawn.clone())).map(|came| (came, drawn))
    };
    let (summaries, middle, (came, drawn)) = if count == 1 {
        let (came, drawn) = of(seed)?;
        (vec![Summary::of(seed, &came)], seed, (came, drawn))
    } else {
        let counted = |done| progress(Part::Runs, done, count);
        let summaries = runs(rehearsal, &histories, seed, count, &counted)?;
        // The finished run in the middle, once more, for its course.
        let finished = summaries.iter().filter_map(|one| one.downtime.filter(|_| one.end == End::Finished));
        let median = Spread::of(finished.collect()).map(|spread| spread.median);
        let middle = summaries.iter().find(|one| median.is_some() && one.downtime == median);
        let middle = middle.map_or(seed, |one| one.seed);
        (summaries, middle, of(middle)?)
    };
    let distribution = Distribution::of(&rehearsal.plan, &histories, &summaries);
    let mut told = Told::of(rehearsal, snapshot, seed, distribution, &came, (middle, &drawn));
    if let Some(most_calls) = failures_with_calls {
        let counted = |done, all| progress(Part::Failures, done, all);
        told.failures = Some(every_failure(rehearsal, most_calls, &counted)?);
    }
    Ok(told)
}

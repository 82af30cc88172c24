//! The one place where the program writes to its standard output and standard error. `println!` and its kin in this crate
//! are the ones from here: the standard library's panic when whoever reads has gone away.
//!
//! A command that only looks ends quietly when nobody reads any more, as `cat` does. One that changes something goes on: a
//! terminal that was closed is no reason to leave users outside. What fails in another way, such as a full disk, is said.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::answers::{self, Answer, Problem, Remark};
use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::terminal;

/// Whether the command of this process only looks.
static ONLY_LOOKS: AtomicBool = AtomicBool::new(false);

/// Whether it was said that standard output can't be written.
static SAID: AtomicBool = AtomicBool::new(false);

/// Whether the command of this process was asked for JSON.
static SPEAKS_JSON: AtomicBool = AtomicBool::new(false);

/// What is printed, where it is for a file.
static KEPT: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Say that the command of this process changes nothing, so that it may end when nobody reads.
pub(crate) fn only_looks(does: bool) {
    ONLY_LOOKS.store(does, Ordering::Relaxed);
}

/// Say that the command of this process was asked for JSON: what is said beside its answer is JSON as well, a line each.
pub(crate) fn speaks_json(does: bool) {
    SPEAKS_JSON.store(does, Ordering::Relaxed);
}

/// Keep what is printed from now on for a file.
pub(crate) fn keep() {
    with_kept(|kept| *kept = Some(Vec::new()));
}

/// Write what was kept into a file, without colours.
pub(crate) fn write_kept(path: &Path) -> Result<(), FileError> {
    let Some(bytes) = with_kept(Option::take) else { return Ok(()) };
    // Plans are among what is printed.
    files::write_private(path, &bytes)
}

fn with_kept<T>(act: impl FnOnce(&mut Option<Vec<u8>>) -> T) -> T {
    // Whoever panicked while it was held has left bytes as they were.
    act(&mut KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Write to standard output.
pub(crate) fn write_out(words: fmt::Arguments<'_>) {
    if !was_kept(words) {
        written(io::stdout().lock().write_fmt(words));
    }
}

/// Write to standard output, with its colours where it has them.
pub(crate) fn write_styled(words: fmt::Arguments<'_>) {
    if !was_kept(words) {
        written(anstream::stdout().lock().write_fmt(words));
    }
}

fn was_kept(words: fmt::Arguments<'_>) -> bool {
    with_kept(|kept| {
        let Some(bytes) = kept else { return false };
        // Writing to memory cannot fail.
        let _ = anstream::StripStream::new(bytes as &mut dyn Write).write_fmt(words);
        true
    })
}

/// Write to standard error. Where that is gone as well, nobody can be told.
pub(crate) fn write_err(words: fmt::Arguments<'_>) {
    let _gone = io::stderr().lock().write_fmt(words);
}

/// Say something to standard error that a reader should know.
pub(crate) fn write_remark(words: fmt::Arguments<'_>) {
    match SPEAKS_JSON.load(Ordering::Relaxed) {
        false => write_err(format_args!("slackwater: {words}\n")),
        true => write_err_answer(&Remark { message: words.to_string() }),
    }
}

/// Say something to standard error that is an answer of its own.
pub(crate) fn write_err_answer<A: Answer>(answer: &A) {
    write_err(format_args!("{}\n", answers::document(answer)));
}

/// Print an error to standard error, with what to do.
pub(crate) fn print_error(error: &CliError) {
    if SPEAKS_JSON.load(Ordering::Relaxed) {
        return write_err_answer(&Problem::new(error.kind(), error.to_string(), error.hints().to_vec()));
    }
    let mut text = format!("slackwater: {error}\n");
    for hint in error.hints() {
        text.push_str(&format!("  {hint}\n"));
    }
    write_err(format_args!("{}", terminal::fit(&text)));
}

/// Write out what waits in the buffer.
pub(crate) fn flush() {
    written(io::stdout().lock().flush());
}

/// What the command line's reader found: help that was asked for, or a mistake. Gives the exit code.
pub(crate) fn of_command_line(found: &clap::Error) -> ExitCode {
    let code = ExitCode::from(u8::try_from(found.exit_code()).unwrap_or(Exit::Failed.code()));
    if found.use_stderr() && asks_for_json(std::env::args_os().skip(1)) {
        let told = found.render().to_string();
        let message = told.trim_end().trim_start_matches("error: ").to_owned();
        write_err_answer(&Problem::new(Exit::BadInput, message, Vec::new()));
        return code;
    }
    match found.print() {
        Ok(()) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe || found.use_stderr() => code,
        Err(error) => {
            say(&error);
            Exit::Failed.into()
        }
    }
}

/// Whether a command line that can't be read asks for JSON all the same.
fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.take_while(|one| one != "--").collect();
    let pairs = arguments.windows(2).any(|pair| pair == ["--output", "json"]);
    pairs || arguments.iter().any(|one| one == "--output=json")
}

fn written(result: io::Result<()>) {
    let Err(error) = result else { return };
    let nobody_reads = error.kind() == io::ErrorKind::BrokenPipe;
    let ends = ONLY_LOOKS.load(Ordering::Relaxed);
    if !nobody_reads && !SAID.swap(true, Ordering::Relaxed) {
        say(&error);
        if !ends {
            write_err(format_args!("  what was begun goes on, and isn't shown here\n"));
        }
    }
    if ends {
        std::process::exit(if nobody_reads { 0 } else { i32::from(Exit::Failed.code()) });
    }
}

fn say(error: &io::Error) {
    write_err(format_args!("slackwater: standard output can't be written: {error}\n"));
}

macro_rules! print {
    ($($words:tt)*) => { $crate::output::write_out(format_args!($($words)*)) };
}

macro_rules! println {
    () => { $crate::output::write_out(format_args!("\n")) };
    ($($words:tt)*) => { $crate::output::write_out(format_args!("{}\n", format_args!($($words)*))) };
}

macro_rules! eprint {
    ($($words:tt)*) => { $crate::output::write_err(format_args!($($words)*)) };
}

macro_rules! eprintln {
    ($($words:tt)*) => { $crate::output::write_err(format_args!("{}\n", format_args!($($words)*))) };
}

/// Say something beside the answer, to standard error: after `slackwater: `, or as JSON.
macro_rules! remark {
    ($($words:tt)*) => { $crate::output::write_remark(format_args!($($words)*)) };
}

/// As `print!`, for text with styles.
macro_rules! print_styled {
    ($($words:tt)*) => { $crate::output::write_styled(format_args!($($words)*)) };
}

//! The one place where the program writes to its standard output and standard error. `println!` and its kin in this crate
//! are the ones from here: the standard library's panic when whoever reads has gone away.
//!
//! A command that only looks ends quietly when nobody reads any more, as `cat` does. One that changes something goes on: a
//! terminal that was closed is no reason to leave users outside.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the command of this process only looks.
static ONLY_LOOKS: AtomicBool = AtomicBool::new(false);

/// Say that the command of this process changes nothing, so that it may end when nobody reads.
pub(crate) fn only_looks(does: bool) {
    ONLY_LOOKS.store(does, Ordering::Relaxed);
}

/// Write to standard output.
pub(crate) fn write_out(words: fmt::Arguments<'_>) {
    written(io::stdout().lock().write_fmt(words));
}

/// Write to standard output, with its colours where it has them.
pub(crate) fn write_styled(words: fmt::Arguments<'_>) {
    written(anstream::stdout().lock().write_fmt(words));
}

/// Write to standard error. Where that is gone as well, nobody can be told.
pub(crate) fn write_err(words: fmt::Arguments<'_>) {
    let _gone = io::stderr().lock().write_fmt(words);
}

/// Write out what waits in the buffer.
pub(crate) fn flush() {
    written(io::stdout().lock().flush());
}

fn written(result: io::Result<()>) {
    let Err(error) = result else { return };
    if !ONLY_LOOKS.load(Ordering::Relaxed) {
        return;
    }
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    write_err(format_args!("slackwater: standard output can't be written: {error}\n"));
    std::process::exit(1);
}

macro_rules! print {
    ($($words:tt)*) => { $crate::output::write_out(format_args!($($words)*)) };
}

macro_rules! println {
    () => { $crate::output::write_out(format_args!("\n")) };
    ($($words:tt)*) => { $crate::output::write_out(format_args!("{}\n", format_args!($($words)*))) };
}

macro_rules! eprintln {
    ($($words:tt)*) => { $crate::output::write_err(format_args!("{}\n", format_args!($($words)*))) };
}

/// As `print!`, for text with styles.
macro_rules! print_styled {
    ($($words:tt)*) => { $crate::output::write_styled(format_args!($($words)*)) };
}

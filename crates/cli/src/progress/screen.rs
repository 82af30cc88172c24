//! Standard output, with or without a live line at its end. Everything that is printed while a run goes on comes through
//! here, so that the two never mix.

use std::io::{self, IsTerminal, Write};

use crate::terminal;

/// A terminal narrower than this shows nothing of use.
const NARROWEST: usize = 20;

/// Back to the line's beginning, and erase it (ECMA-48: CR, EL 2).
const ERASE: &str = "\r\x1b[2K";

/// Where a run is shown.
#[derive(Debug)]
pub(super) struct Screen {
    live: bool,
    drawn: bool,
}

impl Screen {
    /// Standard output. A live line needs a terminal that moves its cursor. It has no colour, so `NO_COLOR` doesn't concern it; whoever
    /// wants lines that stay says --quiet.
    pub(super) fn standard_output(live_wanted: bool) -> Screen {
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Screen { live: live_wanted && !dumb && io::stdout().is_terminal(), drawn: false }
    }

    /// Whether there is a live line.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Print a line that stays.
    pub(super) fn print(&mut self, text: &str) {
        self.clear();
        println!("{}", terminal::fit(text));
    }

    /// Draw the live line anew. `line` takes the width it may have.
    pub(super) fn draw(&mut self, line: impl FnOnce(usize) -> Option<String>) {
        if !self.live {
            return;
        }
        let columns = terminal::columns().unwrap_or(80);
        // The last column stays free: some terminals wrap as soon as it is written.
        let width = columns.saturating_sub(1);
        match line(width).filter(|_| width >= NARROWEST) {
            Some(text) => {
                let mut out = io::stdout();
                let _gone = write!(out, "{ERASE}{text}").and_then(|()| out.flush());
                self.drawn = true;
            }
            None => self.clear(),
        }
    }

    /// Take the live line away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut out = io::stdout();
            let _gone = write!(out, "{ERASE}").and_then(|()| out.flush());
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

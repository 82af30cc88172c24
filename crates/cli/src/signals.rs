//! What asks a process to end: signals, and the end of standard input.

use std::fmt;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::error::{CliError, Exit};

/// Signals' numbers in `/proc/PID/status` (signal(7)).
const SIGHUP: u32 = 1;

/// What asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    Hangup,
    /// Whoever started it has gone away, or wants no more of it.
    InputEnded,
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Signal::Interrupt => "Ctrl-C",
            Signal::Terminate => "SIGTERM",
            Signal::Hangup => "SIGHUP",
            Signal::InputEnded => "the end of standard input",
        })
    }
}

/// The signals that end a conducting. From when this is made, none of them ends the process by itself.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    /// `None`: the process was started with it ignored (`nohup`), and goes on.
    hangup: Option<Stream>,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals, CliError> {
        let stream = |kind| signal(kind).map_err(CliError::cannot_start);
        Ok(Signals {
            interrupt: stream(SignalKind::interrupt())?,
            terminate: stream(SignalKind::terminate())?,
            hangup: if ignores(SIGHUP) { None } else { Some(stream(SignalKind::hangup())?) },
        })
    }

    /// Wait for the next one.
    pub(crate) async fn next(&mut self) -> Signal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = hangup => Signal::Hangup,
        }
    }
}

/// Whether this process ignores a signal: the mask `SigIgn` in `/proc/self/status` (proc(5)).
fn ignores(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (number - 1)) != 0
}

/// Let the work go on until it is done or a signal asks for its end. A run has its own: it is left as it should be.
pub(crate) async fn until_interrupted<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        done = work => Ok(done),
        _ = signals.next() => Err(CliError::new(Exit::Failed, "interrupted")),
    }
}

/// Wait for Ctrl-C, or what a service manager sends.
pub(crate) async fn asked_to_end() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked,
        _asked = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::ignores;

    #[test]
    fn signals_of_this_process_are_not_ignored() {
        assert!(!ignores(15));
    }
}

//! What every command ends with, and the error that a person reads: what happened, what it means for whoever called, what
//! to do. Knows no other module: each has its own errors, and says beside them what they are here.

mod other_crates;

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// How a command ends; as a number, the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    BadInput = 2,
    NotUpgraded = 3,
    KeptOut = 4,
    RefusedByAws = 5,
    DataAtRisk = 6,
    NeedsAnswer = 7,
    BlockedByChecks = 8,
    ForetoldToFail = 9,
}

impl Exit {
    pub const ALL: [Exit; 10] = [
        Exit::Done,
        Exit::Failed,
        Exit::BadInput,
        Exit::NotUpgraded,
        Exit::KeptOut,
        Exit::RefusedByAws,
        Exit::DataAtRisk,
        Exit::NeedsAnswer,
        Exit::BlockedByChecks,
        Exit::ForetoldToFail,
    ];

    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// For programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "failed",
            Exit::BadInput => "bad-input",
            Exit::NotUpgraded => "not-upgraded",
            Exit::KeptOut => "kept-out",
            Exit::RefusedByAws => "refused-by-aws",
            Exit::DataAtRisk => "data-at-risk",
            Exit::NeedsAnswer => "needs-answer",
            Exit::BlockedByChecks => "blocked-by-checks",
            Exit::ForetoldToFail => "foretold-to-fail",
        }
    }

    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "failed for a reason outside: cloud, disk, network",
            Exit::BadInput => "bad input: nothing was touched",
            Exit::NotUpgraded => {
                "not upgraded: users are where they were, let in or in the maintenance that was found"
            }
            Exit::KeptOut => "users are kept out, which nobody asked for: somebody must look",
            Exit::RefusedByAws => "a template or parameters that AWS would refuse: nothing was touched",
            Exit::DataAtRisk => {
                "(changeset) a resource that holds data is replaced, or removed without a copy"
            }
            Exit::NeedsAnswer => "a run waits for a person's decision: users may be kept out",
            Exit::BlockedByChecks => "checks stand in the way of the upgrade: nothing was touched",
            Exit::ForetoldToFail => "the update is foretold to fail, or to be refused: nothing was touched",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The table of exit codes, as `--help` prints it.
pub(crate) fn exit_code_table() -> String {
    let rows = Exit::ALL.map(|exit| format!("\n  {}  {}", exit.code(), exit.sentence()));
    format!("Exit codes:{}", rows.concat())
}

/// The commonest hint: whoever called may mend it and call again.
pub(crate) const UNTOUCHED: &str = "nothing was touched";

/// Why a command failed.
#[derive(Debug)]
pub struct CliError {
    kind: Exit,
    source: Box<dyn Error + Send + Sync>,
    hints: Vec<String>,
}

impl CliError {
    pub(crate) fn new(kind: Exit, source: impl Into<Box<dyn Error + Send + Sync>>) -> CliError {
        CliError { kind, source: source.into(), hints: Vec::new() }
    }

    /// What whoever called must mend, where no caller within tells it from other errors.
    pub(crate) fn bad_input(message: impl Into<String>) -> CliError {
        CliError::new(Exit::BadInput, message.into())
    }

    /// Bad input, and nothing else to say than that nothing was touched.
    pub(crate) fn untouched(source: impl Into<Box<dyn Error + Send + Sync>>) -> CliError {
        CliError::new(Exit::BadInput, source).hint(UNTOUCHED)
    }

    /// Something that the program needs of its machine (a signal, a thread, a process) is not to be had.
    pub(crate) fn cannot_start(source: std::io::Error) -> CliError {
        CliError::new(Exit::Failed, Prefixed { prefix: "cannot start", source })
    }

    /// What to do, in a line of its own.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn kind(&self) -> Exit {
        self.kind
    }

    /// What to do, a line each.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The error that a module gave, where it is one of this type.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.source.downcast_ref()
    }

    pub(crate) fn downcast<E: Error + 'static>(self) -> Result<E, CliError> {
        let CliError { kind, source, hints } = self;
        source.downcast().map(|error| *error).map_err(|source| CliError { kind, source, hints })
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(formatter)
    }
}

impl Error for CliError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// An error that doesn't say itself what it is about.
#[derive(Debug, thiserror::Error)]
#[error("{prefix}: {source}")]
pub(crate) struct Prefixed<E: Error + 'static> {
    pub prefix: &'static str,
    pub source: E,
}

//! What the errors of the other crates are to whoever called the program.

use conductor::{ConductError, DataDirectoryError, JournalError, NoRandomness};
use upgrade::{DraftError, IllegalTransition, NotApproved, PortError};

use super::{CliError, Exit, Prefixed, UNTOUCHED};

/// Errors that say everything themselves.
macro_rules! plain {
    ($($error:ty => $kind:ident $(, $hint:expr)?;)*) => {
        $(impl From<$error> for CliError {
            fn from(error: $error) -> CliError {
                CliError::new(Exit::$kind, error)$(.hint($hint))?
            }
        })*
    };
}

plain! {
    localcloud::server::ServeError => Failed;
    localcloud::service::OpenError => Failed;
    NoRandomness => Failed;
    template::EvaluateError => RefusedByAws;
    changeset::PredictError => RefusedByAws;
    template::TemplateError => RefusedByAws, UNTOUCHED;
    aws::ConnectError => Failed, UNTOUCHED;
    DraftError => BadInput, UNTOUCHED;
    platform::PlatformError => BadInput, UNTOUCHED;
    platform::TokenError => BadInput, UNTOUCHED;
    NotApproved => BadInput, "draw the plan up again and read it; nothing was touched";
}

const OF_ANOTHER_VERSION: &str = "another version of this program wrote it, or the file was changed: use that version, or another --data-dir; users may be kept out: `slackwater status` tells";

impl From<IllegalTransition> for CliError {
    fn from(source: IllegalTransition) -> CliError {
        let prefix = "the journal does not fit its plan";
        CliError::new(Exit::Failed, Prefixed { prefix, source }).hint(OF_ANOTHER_VERSION)
    }
}

impl From<DataDirectoryError> for CliError {
    fn from(error: DataDirectoryError) -> CliError {
        match error {
            DataDirectoryError::InUse { .. } => CliError::new(Exit::BadInput, error).hint(
                "wait for it to end, or use another --data-dir (and --port 0) to run a second one beside it",
            ),
            DataDirectoryError::Unusable { .. } => CliError::new(Exit::Failed, error),
        }
    }
}

impl From<ConductError> for CliError {
    fn from(error: ConductError) -> CliError {
        let (kind, hint) = match &error {
            ConductError::Journal(journal) => {
                let is_input = is_input(journal) || matches!(journal, JournalError::BegunBefore { .. });
                let kind = if is_input { Exit::BadInput } else { Exit::Failed };
                (kind, journal_hint(journal, true))
            }
            ConductError::Silenced { .. } => (
                Exit::Failed,
                "is the disk full, does another program lock the journal, or does the bucket of the state not answer (docs/state.md)? the run has stopped where it was, and users may be kept out: `slackwater status` tells; mend that, then `slackwater run resume` goes on",
            ),
            ConductError::Illegal { .. } => (Exit::Failed, OF_ANOTHER_VERSION),
            ConductError::Ended { .. } => {
                (Exit::BadInput, "`slackwater run show` tells how; nothing was touched")
            }
        };
        CliError::new(kind, error).hint(hint)
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> CliError {
        let kind = if is_input(&error) { Exit::BadInput } else { Exit::Failed };
        let hint = journal_hint(&error, false);
        CliError::new(kind, error).hint(hint)
    }
}

fn is_input(error: &JournalError) -> bool {
    matches!(
        error,
        JournalError::RunUnderWay { .. } | JournalError::NoSuchRun { .. } | JournalError::Ended { .. }
    )
}

/// What to do about a journal, outside of a run or within.
fn journal_hint(error: &JournalError, in_a_run: bool) -> &'static str {
    match error {
        JournalError::RunUnderWay { .. } => {
            "nothing was touched; `slackwater run watch` follows it, `slackwater run resume` goes on with it where nobody carries it out, `slackwater maintenance disable` leaves it and lets users in"
        }
        JournalError::BegunBefore { .. } => {
            "draw up another plan, which looks at everything anew; nothing was touched. `slackwater run show` tells what came of this one"
        }
        JournalError::ClaimHeld { .. } => {
            "this process does nothing more; `slackwater run watch` follows the other one, `slackwater run stop` asks it to stop; should it be gone, it is followed within 90 s of its last sign of life"
        }
        JournalError::Overtaken { .. } => {
            "this process does nothing more; `slackwater run watch` follows whoever goes on with it, `slackwater run resume` goes on where nobody does"
        }
        JournalError::Damaged { .. } => {
            "no other run is concerned, and the next one of its deployment sets it aside; users may be kept out: `slackwater status` tells, `slackwater maintenance disable` puts everything back and ends maintenance"
        }
        JournalError::NotBegun { .. } => {
            "`slackwater upgrade` with the same plan begins it; the next run of its deployment sets it aside"
        }
        JournalError::NoSuchRun { .. } => "`slackwater run list` names them; nothing was touched",
        JournalError::Ended { .. } => "`slackwater run show` tells how; nothing was touched",
        JournalError::OtherFormat { .. } => "nothing was touched",
        JournalError::Store { .. } if in_a_run => {
            "is the disk full, the data directory not yours to write, or the bucket of the state out of reach (docs/state.md)? the run has stopped where it was, and users may be kept out: `slackwater status` tells; mend that, then `slackwater run resume` goes on"
        }
        JournalError::Store { .. } => {
            "is the disk full, the data directory not yours to write, or the bucket of the state out of reach (docs/state.md)? mend that, or name another data directory with --data-dir; nothing was touched"
        }
    }
}

/// A refusal of the cloud outside of a run: a command that looks, so nothing was touched.
impl From<PortError> for CliError {
    fn from(error: PortError) -> CliError {
        let says = |words: &str| error.message.contains(words);
        let hint = if says("does not exist") && error.operation.starts_with("cloudformation:") {
            "is the stack's name in slackwater.toml right, and its Region and account? nothing was touched"
        } else if says("NoSuchBucket") && error.operation == "s3:PutObject" {
            "template_bucket in slackwater.toml names a bucket that isn't there: make it (aws s3 mb s3://NAME), or name another; nothing was touched"
        } else if says("this machine's clock") {
            "timedatectl shows the clock and sets it; nothing was touched"
        } else if says("have expired") {
            "nothing was touched; a run that was under way goes on with `slackwater run resume`"
        } else if says("no answer") {
            "is the network up, and does the endpoint answer (endpoint_url, AWS_ENDPOINT_URL, proxies)? nothing was touched"
        } else if error.operation.starts_with("platform:") {
            "is the platform's url right, and its token good? behind a closed gate it answers only allow-listed addresses"
        } else {
            "nothing was touched"
        };
        CliError::new(Exit::Failed, error).hint(hint)
    }
}

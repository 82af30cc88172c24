//! Why the backend does not do what was asked, as the panel tells it.

use panel::BackendError;
use upgrade::PortError;

use crate::error::CliError;

pub(super) fn unanswered(error: PortError) -> BackendError {
    BackendError::Unreachable(error.to_string())
}

pub(super) fn unreachable(error: CliError) -> BackendError {
    BackendError::Unreachable(error.to_string())
}

pub(super) fn refused(error: impl std::fmt::Display) -> BackendError {
    BackendError::Refused(error.to_string())
}

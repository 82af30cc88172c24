//! Files that a person names, read and written with errors that name them.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{CliError, Exit};

#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
}

impl From<FileError> for CliError {
    fn from(error: FileError) -> CliError {
        match error {
            FileError::Unreadable { .. } | FileError::Malformed { .. } => CliError::untouched(error),
            FileError::Unwritable { .. } => CliError::new(Exit::Failed, error),
        }
    }
}

impl FileError {
    pub(crate) fn unwritable(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> FileError {
        |source| FileError::Unwritable { path: path.into(), source }
    }

    pub(crate) fn malformed(path: &Path, reason: impl ToString) -> FileError {
        FileError::Malformed { path: path.to_owned(), reason: reason.to_string() }
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })
}

pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })
}

/// Readable by its owner only.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    conductor::write_private(path, bytes).map_err(FileError::unwritable(path))
}

//! What a demo puts into its data directory, and how it is taken away again.

use std::io;
use std::path::PathBuf;

use conductor::{DataDirectory, JournalError, JournalStore, RunSummary, SqliteJournal};
use serde::{Deserialize, Serialize};

use super::{lab_site, settings_file};
use crate::arguments::Demo;
use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::local_cloud;
use crate::local_cloud::ENVIRONMENT_FILE;

/// There is no local cloud to resume on.
#[derive(Debug, thiserror::Error)]
#[error("{} holds no demo", path.display())]
pub(crate) struct NoDemo {
    pub path: PathBuf,
}

impl From<NoDemo> for CliError {
    fn from(error: NoDemo) -> CliError {
        let hint = "begin with `slackwater demo`, or name the right --data-dir";
        CliError::new(Exit::BadInput, error).hint(hint)
    }
}

/// What a resumed demo must know beside the journal and the cloud's own file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// The port the local cloud listened on.
    pub port: u16,
}

impl Notes {
    const FILE: &'static str = "demo.json";

    pub(super) fn write(self, directory: &DataDirectory) -> Result<(), FileError> {
        let text = serde_json::json!(self).to_string();
        files::write_private(&directory.join(Notes::FILE), text.as_bytes())
    }

    /// What is noted; nothing when there is no note, which only costs the port.
    pub(crate) fn read(directory: &DataDirectory) -> Option<Notes> {
        serde_json::from_slice(&std::fs::read(directory.join(Notes::FILE)).ok()?).ok()
    }
}

/// Take the data directory; one that holds an earlier demo only with `--fresh`.
pub(super) async fn take(arguments: &Demo) -> Result<DataDirectory, CliError> {
    let directory = DataDirectory::take(&arguments.data.path)?;
    if directory.join(local_cloud::CLOUD_FILE).exists() {
        if !arguments.fresh {
            let runs = match lab_site::stopped_journal(&directory).await {
                Ok(journal) => journal.runs().await,
                Err(_) => runs_here(&directory).await,
            };
            let runs = runs.unwrap_or_default();
            let unfinished = runs.into_iter().rev().find(|run| !run.ended).map(|run| run.run_id);
            return Err(stack_exists(&directory, unfinished.as_deref()));
        }
        discard(&directory, true)?;
    }
    Ok(directory)
}

fn stack_exists(directory: &DataDirectory, unfinished: Option<&str>) -> CliError {
    let what = format!(
        "{} already holds a local cloud with the stack of an earlier demo",
        directory.path().display()
    );
    match unfinished {
        None => CliError::bad_input(what)
            .hint("start over with --fresh, or keep it and use another --data-dir; nothing was started"),
        Some(run) => CliError::bad_input(format!("{what}, whose run {run} has not ended"))
            .hint("finish it with `slackwater run resume`, or discard it with --fresh; nothing was started"),
    }
}

/// Whether a run was begun there. The panel makes an empty journal, which nobody would miss.
pub(super) async fn has_runs(directory: &DataDirectory) -> bool {
    // One that can't be read may hold runs.
    if directory.journal().exists() && !runs_here(directory).await.is_ok_and(|runs| runs.is_empty()) {
        return true;
    }
    // A lab without its stack has had none.
    match lab_site::stopped_journal(directory).await {
        Ok(journal) => !journal.runs().await.is_ok_and(|runs| runs.is_empty()),
        Err(_) => false,
    }
}

/// The runs that the directory itself remembers.
pub(super) async fn runs_here(directory: &DataDirectory) -> Result<Vec<RunSummary>, JournalError> {
    SqliteJournal::open(&directory.journal())?.runs().await
}

/// Remove what a demo puts into its data directory, and the directory when the demo made it.
pub(super) fn discard(directory: &DataDirectory, keep_directory: bool) -> Result<(), FileError> {
    let unless_gone = |path, result: io::Result<()>| match result {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FileError::Unwritable { path, source })
        }
        Ok(()) | Err(_) => Ok(()),
    };
    let remove = |name: &str| unless_gone(directory.join(name), std::fs::remove_file(directory.join(name)));
    for name in [
        ENVIRONMENT_FILE,
        Notes::FILE,
        settings_file::FILE,
        settings_file::PROFILE,
        settings_file::TOKEN,
        settings_file::CATALOGUE,
        "cloud.sqlite",
        "cloud.sqlite-wal",
        "cloud.sqlite-shm",
        "journal.sqlite",
        "journal.sqlite-wal",
        "journal.sqlite-shm",
        "panel.sqlite",
        "panel.sqlite-wal",
        "panel.sqlite-shm",
        "proposals.sqlite",
        "proposals.sqlite-wal",
        "proposals.sqlite-shm",
    ] {
        remove(name)?;
    }
    for name in [local_cloud::MACHINES_FOLDER, settings_file::RELEASES, settings_file::DATA] {
        unless_gone(directory.join(name), std::fs::remove_dir_all(directory.join(name)))?;
    }
    if !keep_directory {
        remove("lock")?;
        // Somebody else's file in it is a reason to leave it.
        let _kept = std::fs::remove_dir(directory.path());
    }
    Ok(())
}

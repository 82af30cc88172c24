//! Sessions that run: for each a real shell in a folder of its own, and the text edited in the page that is
//! not yet written to disk. Both live in this process's memory and end with it.

mod files;
mod process_group;
mod shell;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::release::Release;
use crate::store::{Saved, Store, StoreError};

pub use files::{FileEntry, NotAPath, RelativePath, list};
pub use process_group::end as end_process_group;
pub use shell::{Shell, plain_shell};

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// It isn't open.
    #[error("the session is stopped: open it first")]
    Stopped,
    /// More unsaved text than this process keeps.
    #[error("more than {} MiB of unsaved text: save first", MOST_UNSAVED_BYTES >> 20)]
    TooMuchUnsaved,
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Unsaved text of one session.
const MOST_UNSAVED_BYTES: usize = 16 << 20;

/// What a running session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Its shell runs.
    Running,
    /// Unsaved text is being written.
    Saving,
    /// Its processes are being ended.
    Stopping,
    /// Nothing of it is in memory.
    Stopped,
}

impl SessionState {
    /// The word for it, on the wire and on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SessionState::Running => "running",
            SessionState::Saving => "saving",
            SessionState::Stopping => "stopping",
            SessionState::Stopped => "stopped",
        }
    }
}

/// A session as it stands in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStatus {
    pub state: SessionState,
    /// Files whose text isn't on disk.
    pub unsaved: Vec<String>,
}

struct Live {
    shell: Shell,
    unsaved: BTreeMap<String, String>,
    saving: bool,
    stopping: bool,
    /// Held while text is written and while processes are ended: one after the other.
    busy: Arc<tokio::sync::Mutex<()>>,
}

/// Every running session.
#[derive(Clone)]
pub struct Sessions {
    live: Arc<Mutex<HashMap<String, Live>>>,
    store: Arc<Store>,
    folder: PathBuf,
    clock: Clock,
    release: Release,
}

impl Sessions {
    /// None runs yet; their folders lie in `folder`.
    #[must_use]
    pub fn new(store: Arc<Store>, folder: PathBuf, clock: Clock, release: Release) -> Sessions {
        Sessions { live: Arc::default(), store, folder, clock, release }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn folder(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Ids of those that aren't stopped.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// How a session stands.
    #[must_use]
    pub fn status(&self, id: &str) -> SessionStatus {
        match self.lock().get(id) {
            None => SessionStatus { state: SessionState::Stopped, unsaved: Vec::new() },
            Some(live) => SessionStatus {
                state: match (live.stopping, live.saving) {
                    (true, _) => SessionState::Stopping,
                    (false, true) => SessionState::Saving,
                    (false, false) => SessionState::Running,
                },
                unsaved: live.unsaved.keys().cloned().collect(),
            },
        }
    }

    /// Start a session's shell, unless it runs.
    ///
    /// # Errors
    /// When the system or the database refuses.
    pub fn open(&self, id: &str) -> Result<(), SessionError> {
        let folder = self.folder(id);
        std::fs::create_dir_all(&folder)?;
        let mut live = self.lock();
        if live.contains_key(id) {
            return Ok(());
        }
        let shell = Shell::start(&folder)?;
        self.store.session_opened(id, self.clock.now())?;
        let session =
            Live { shell, unsaved: BTreeMap::new(), saving: false, stopping: false, busy: Arc::default() };
        live.insert(id.to_owned(), session);
        Ok(())
    }

    /// What the page shows of a file: the edited text if there is one, else what is on disk.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn text(&self, id: &str, path: &RelativePath) -> Result<String, SessionError> {
        if let Some(text) = self.lock().get(id).and_then(|live| live.unsaved.get(path.as_str())) {
            return Ok(text.clone());
        }
        Ok(files::read(&self.folder(id), path)?.unwrap_or_default())
    }

    /// Keep edited text; text that is what the disk holds is none.
    ///
    /// # Errors
    /// When the session isn't open.
    pub fn edit(&self, id: &str, path: &RelativePath, text: String) -> Result<(), SessionError> {
        let on_disk = files::read(&self.folder(id), path).ok().flatten();
        let mut sessions = self.lock();
        let live = sessions.get_mut(id).filter(|live| !live.stopping).ok_or(SessionError::Stopped)?;
        if on_disk.as_deref() == Some(text.as_str()) {
            live.unsaved.remove(path.as_str());
        } else {
            let others = live.unsaved.iter().filter(|(name, _)| *name != path.as_str());
            let bytes: usize = others.map(|(_, text)| text.len()).sum();
            if bytes + text.len() > MOST_UNSAVED_BYTES {
                return Err(SessionError::TooMuchUnsaved);
            }
            live.unsaved.insert(path.as_str().to_owned(), text);
        }
        drop(sessions);
        self.store.session_active(id, self.clock.now())?;
        Ok(())
    }

    /// Tell the shell to do something.
    ///
    /// # Errors
    /// When the session isn't open, or its shell can't be started again.
    pub fn command(&self, id: &str, command: &str) -> Result<(), SessionError> {
        let mut sessions = self.lock();
        let live = sessions.get_mut(id).filter(|live| !live.stopping).ok_or(SessionError::Stopped)?;
        if live.shell.has_ended() {
            live.shell = Shell::start(&self.folder(id))?;
        }
        live.shell.say(command);
        drop(sessions);
        self.store.session_active(id, self.clock.now())?;
        Ok(())
    }

    /// The terminal's text from a place on, and the next place.
    #[must_use]
    pub fn output(&self, id: &str, from: u64) -> (String, u64) {
        self.lock().get(id).map_or((String::new(), 0), |live| live.shell.output(from))
    }

    /// Begin to write a session's unsaved text to its files. What came of it stands in the registry.
    /// A save that is under way, and a session that is stopped, need none.
    pub fn save(&self, id: &str) {
        let busy = match self.lock().get_mut(id) {
            Some(live) if !live.saving && !live.stopping => {
                live.saving = true;
                Arc::clone(&live.busy)
            }
            Some(_) | None => return,
        };
        let (sessions, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            let _held = busy.lock().await;
            sessions.write(&id).await;
        });
    }

    async fn write(&self, id: &str) {
        let unsaved = self.lock().get(id).map(|live| live.unsaved.clone()).unwrap_or_default();
        let folder = self.folder(id);
        let written =
            tokio::task::spawn_blocking(move || files::write_all(&folder, unsaved)).await.unwrap_or_default();
        let at = self.clock.now();
        let mut error = None;
        let mut saves = Vec::new();
        {
            let mut sessions = self.lock();
            let Some(live) = sessions.get_mut(id) else { return };
            for (path, text, outcome) in written {
                match outcome {
                    Ok(()) => {
                        let bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
                        // What was typed meanwhile is still unsaved.
                        if live.unsaved.get(&path) == Some(&text) {
                            live.unsaved.remove(&path);
                        }
                        saves.push(Saved { path, bytes, at });
                    }
                    Err(failure) => error = Some(format!("{path}: {failure}")),
                }
            }
        }
        let mut recorded = self.store.session_saved(id, at, error.as_deref());
        if recorded.is_ok() && self.release.has_history_of_saves() {
            recorded = self.store.add_saves(id, &saves);
        }
        if let Err(failure) = recorded {
            eprintln!("session {id}: the save could not be recorded: {failure}");
        }
        if let Some(live) = self.lock().get_mut(id) {
            live.saving = false;
        }
    }

    /// Begin to end a session's processes. Unsaved text is lost; a save that is under way ends first.
    pub fn stop(&self, id: &str) {
        let busy = match self.lock().get_mut(id) {
            Some(live) if !live.stopping => {
                live.stopping = true;
                Arc::clone(&live.busy)
            }
            Some(_) | None => return,
        };
        let (sessions, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            let _held = busy.lock().await;
            sessions.end(&id).await;
        });
    }

    /// End every session and wait for it: the process is about to end.
    pub async fn stop_all(&self) {
        let ids = self.running();
        for id in &ids {
            self.stop(id);
        }
        while !self.running().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn end(&self, id: &str) {
        let group = self.lock().get(id).map(|live| live.shell.process_group());
        if let Some(group) = group {
            process_group::end(group).await;
        }
        self.lock().remove(id);
    }

    /// Files of a session on disk, and those that are only in memory.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn files(&self, id: &str) -> Result<Vec<FileEntry>, SessionError> {
        let folder = self.folder(id);
        let mut files = if folder.is_dir() { list(&folder)? } else { Vec::new() };
        for path in self.status(id).unsaved {
            if !files.iter().any(|file| file.path == path) {
                files.push(FileEntry { path, bytes: 0 });
            }
        }
        Ok(files)
    }
}

/// The folder of a data folder that sessions' folders lie in.
#[must_use]
pub fn sessions_folder(data: &Path) -> PathBuf {
    data.join("sessions")
}

//! Where runs are remembered: in the state of their deployment, which every machine with the settings reaches, or in this
//! machine's data directory.

use std::collections::BTreeSet;
use std::path::Path;

use aws::{AwsCloud, StateObjects};
use conductor::{
    Asked, Clock, Holder, JournalError, JournalStore, ObjectError, ObjectJournal, Request, RunSummary,
    SqliteJournal, TakenOver,
};
use tokio::sync::OnceCell;
use upgrade::{BucketSeen, Plan, Record, SharedState, Timestamp};

use crate::configuration::{DeploymentSettings, StateSettings};
use crate::error::{CliError, Exit};
use crate::files::FileError;
use crate::site::{self, JOURNAL_FILE, Site};

/// What was left without state is written here where the data directory's own journal can't be read.
const WITHOUT_STATE_FILE: &str = "left-without-state.sqlite";

/// The probe that tries a store: always the same one, so that trying leaves no more behind than one object.
const PROBE: &str = "conditions";

/// There is no run in the places where runs were looked for: the data directory, and states of deployments.
#[derive(Debug, thiserror::Error)]
#[error("there is no run in {}", places.join(", nor in "))]
pub(crate) struct NoRun {
    pub places: Vec<String>,
}

impl From<NoRun> for CliError {
    fn from(error: NoRun) -> CliError {
        CliError::new(Exit::BadInput, error).hint(
            "`slackwater upgrade` and `slackwater maintenance enable` begin one; other deployments' are found with their settings (--config), a machine's own with --data-dir",
        )
    }
}

/// What remembers runs.
#[derive(Debug)]
pub enum Journal {
    /// This machine's data directory.
    Here(Box<SqliteJournal>),
    /// The state that several machines share.
    Shared(Box<SharedJournal>),
}

/// A state in S3, and whoever is there under AWS's eyes.
#[derive(Debug)]
pub struct SharedJournal {
    objects: ObjectJournal<StateObjects>,
    /// With whose rights it is reached.
    cloud: AwsCloud,
    /// The caller's ARN, once it was asked.
    caller_arn: OnceCell<String>,
}

impl SharedJournal {
    /// A word that is another one as soon as something was begun, ended or beaten ([`ObjectJournal::mark`]).
    pub(crate) async fn mark(&self) -> Result<Option<String>, JournalError> {
        self.objects.mark().await
    }

    /// What is asked is asked by somebody, with somebody's rights: whoever may write there may ask.
    async fn signed(&self, request: &Request) -> Request {
        let arn = self.caller_arn.get_or_try_init(|| self.cloud.caller_arn()).await;
        let signed = |by: &str| match arn {
            Ok(arn) => format!("{by} ({arn})"),
            Err(error) => format!("{by} (whose ARN could not be asked: {error})"),
        };
        match request {
            Request::Stop { by } => Request::Stop { by: signed(by) },
            Request::GiveUp { by } => Request::GiveUp { by: signed(by) },
            Request::Answer { answer, by } => Request::Answer { answer: answer.clone(), by: signed(by) },
        }
    }
}

/// The same call to either.
macro_rules! either {
    ($self:expr, $journal:ident => $call:expr) => {
        match $self {
            Journal::Here($journal) => $call,
            Journal::Shared(shared) => {
                let $journal = &shared.objects;
                $call
            }
        }
    };
}

impl JournalStore for Journal {
    fn location(&self) -> &str {
        either!(self, journal => journal.location())
    }

    async fn begin(&self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError> {
        either!(self, journal => journal.begin(plan, first, holder).await)
    }

    async fn append(
        &self,
        run_id: &str,
        place: usize,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        either!(self, journal => journal.append(run_id, place, record, ends, holder).await)
    }

    async fn take(&self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<TakenOver, JournalError> {
        either!(self, journal => journal.take(run_id, holder, now).await)
    }

    async fn beat(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        either!(self, journal => journal.beat(run_id, holder, doing, now).await)
    }

    async fn confirm(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        either!(self, journal => journal.confirm(run_id, holder).await)
    }

    async fn release(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        either!(self, journal => journal.release(run_id, holder).await)
    }

    async fn ask(&self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError> {
        match self {
            Journal::Here(journal) => journal.ask(run_id, request, at).await,
            Journal::Shared(shared) => shared.objects.ask(run_id, &shared.signed(request).await, at).await,
        }
    }

    async fn requests(
        &self,
        run_id: &str,
        taken: &BTreeSet<String>,
        for_the_last: bool,
    ) -> Result<Vec<Asked>, JournalError> {
        either!(self, journal => journal.requests(run_id, taken, for_the_last).await)
    }

    async fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        either!(self, journal => journal.load(run_id).await)
    }

    async fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
        either!(self, journal => journal.records_from(run_id, from).await)
    }

    async fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        either!(self, journal => journal.runs().await)
    }
}

impl Journal {
    /// The data directory's, made if it isn't there.
    pub(crate) fn here(directory: &Path) -> Result<Journal, CliError> {
        make_directory(directory)?;
        Ok(Journal::Here(Box::new(SqliteJournal::open(&directory.join(JOURNAL_FILE))?)))
    }

    /// One in the data directory that is made for what may not be written into its own.
    pub(crate) fn beside(directory: &Path) -> Result<Journal, CliError> {
        make_directory(directory)?;
        Ok(Journal::Here(Box::new(SqliteJournal::open(&directory.join(WITHOUT_STATE_FILE))?)))
    }

    /// The data directory's, to look at; `None`: nothing was written there yet.
    pub(crate) fn here_if_any(directory: &Path) -> Result<Option<Journal>, CliError> {
        let path = directory.join(JOURNAL_FILE);
        match path.exists() {
            true => Ok(Some(Journal::Here(Box::new(SqliteJournal::open_to_read(&path)?)))),
            false => Ok(None),
        }
    }

    /// Open a file anew that was opened as one that nobody writes: somebody may write it by now.
    pub(crate) fn thaw(&mut self, directory: &Path) -> Result<(), CliError> {
        match self {
            Journal::Here(journal) if journal.is_frozen() => {
                **journal = SqliteJournal::open_to_read(&directory.join(JOURNAL_FILE))?;
            }
            Journal::Here(_) | Journal::Shared(_) => {}
        }
        Ok(())
    }

    /// The state of a deployment's settings, by its stack's name or id.
    ///
    /// # Errors
    /// The stack can't be looked up, or the bucket can't be reached.
    pub async fn shared(
        cloud: &AwsCloud,
        state: &StateSettings,
        stack: &str,
        clock: Clock,
    ) -> Result<Journal, CliError> {
        let stack_id = match stack.starts_with("arn:") {
            true => stack.to_owned(),
            false => cloud.stack_id(stack).await?,
        };
        let objects = state_objects(cloud, state, &stack_id).await;
        let objects =
            objects.map_err(|error| JournalError::Store { doing: "read", source: Box::new(error) })?;
        let objects = ObjectJournal::new(objects, state.location(), &stack_id, clock);
        let shared = SharedJournal { objects, cloud: cloud.clone(), caller_arn: OnceCell::new() };
        Ok(Journal::Shared(Box::new(shared)))
    }
}

/// The objects of a state: of the account that the settings name, else of the stack's own.
async fn state_objects(
    cloud: &AwsCloud,
    state: &StateSettings,
    stack_id: &str,
) -> Result<StateObjects, ObjectError> {
    let account = stack_id.split(':').nth(4).unwrap_or_default();
    let owner = state.owner.as_deref().unwrap_or(account);
    cloud.state_objects(&state.bucket, &state.prefix, Some(owner)).await
}

/// Make a data directory, readable by its owner only, if it isn't there.
pub(crate) fn make_directory(path: &Path) -> Result<(), FileError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(FileError::unwritable(path))
}

impl Site {
    /// What remembers this deployment's runs; a data directory is made if it isn't there.
    pub(crate) async fn journal(&self, directory: &Path) -> Result<Journal, CliError> {
        match &self.settings.state {
            Some(state) => self.shared_journal(state).await,
            None => Journal::here(directory),
        }
    }

    /// The same to look at; `None`: nothing was written yet.
    pub(crate) async fn journal_if_any(&self, directory: &Path) -> Result<Option<Journal>, CliError> {
        match &self.settings.state {
            Some(state) => self.shared_journal(state).await.map(Some),
            None => Journal::here_if_any(directory),
        }
    }

    /// Where the deployment's state is, and what its place is like: it is tried.
    /// Without an update nothing of it but that it keeps a claim is looked at.
    pub(crate) async fn shared_state(&self, stack_id: &str, for_update: bool) -> SharedState {
        let location = self.state.clone();
        let Some(state) = &self.settings.state else { return SharedState { location, bucket: None } };
        let bucket = match state_objects(&self.ports.clouds.primary, state, stack_id).await {
            Ok(objects) => {
                let (seen, is_new) = match for_update {
                    true => objects.inspect_bucket(PROBE).await,
                    false => objects.try_bucket(PROBE).await,
                };
                if is_new {
                    self.written.note(format!("{location}/probe/{PROBE}"));
                }
                seen
            }
            Err(error) => {
                let reason = error.to_string();
                BucketSeen {
                    trial: Err(reason.clone()),
                    public: Err(reason.clone()),
                    expired_by: Err(reason.clone()),
                    locked_days: Err(reason.clone()),
                    versions: Err(reason),
                }
            }
        };
        SharedState { location, bucket: Some(bucket) }
    }

    async fn shared_journal(&self, state: &StateSettings) -> Result<Journal, CliError> {
        Journal::shared(&self.ports.clouds.primary, state, &self.settings.stack, self.clock).await
    }
}

/// A deployment's shared state, reached with nothing but its primary account's rights; `None`: it has none.
pub(crate) async fn shared_state_of(settings: &DeploymentSettings) -> Result<Option<Journal>, CliError> {
    let Some(state) = &settings.state else { return Ok(None) };
    let cloud = site::connect(&settings.access, "state").await?;
    Journal::shared(&cloud, state, &settings.stack, Clock::system()).await.map(Some)
}

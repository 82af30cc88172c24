//! A likeness of S3 in memory, by one clock: conditional writes, ages to the second, and answers that are lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conductor::{Clock, Found, ObjectError, Objects, Written};

/// One store that several hold: each with faults of its own.
#[derive(Debug, Clone)]
pub struct MemoryObjects {
    store: Arc<Mutex<Store>>,
    clock: Clock,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<String, (Vec<u8>, String, u64)>,
    etags: u64,
}

/// What goes wrong, by the how manyeth write it is: shared with whoever counts.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    inner: Arc<Mutex<FaultsInner>>,
}

#[derive(Debug, Default)]
struct FaultsInner {
    writes: usize,
    /// The answer to this write is lost, after it has happened.
    loses_answer_to: Option<usize>,
    /// Reads are answered after so long.
    reads_take: Duration,
    /// This write is never sent, and nothing after it: the process has died.
    dies_at: Option<usize>,
    /// Keys are made that no write names.
    calls: BTreeMap<&'static str, usize>,
}

impl Faults {
    pub fn losing_answer_to(write: usize) -> Faults {
        let faults = Faults::default();
        faults.lock().loses_answer_to = Some(write);
        faults
    }

    pub fn dying_at(write: usize) -> Faults {
        let faults = Faults::default();
        faults.lock().dies_at = Some(write);
        faults
    }

    pub fn reading_slowly(reads_take: Duration) -> Faults {
        let faults = Faults::default();
        faults.lock().reads_take = reads_take;
        faults
    }

    pub fn writes(&self) -> usize {
        self.lock().writes
    }

    /// How often an operation was asked for.
    pub fn calls(&self, operation: &str) -> usize {
        self.lock().calls.get(operation).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, FaultsInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, operation: &'static str) {
        *self.lock().calls.entry(operation).or_default() += 1;
    }
}

enum Fate {
    Well,
    AnswerLost,
    Dead,
}

const UNKNOWN: ObjectError = ObjectError::Unknown { operation: "s3:PutObject", words: String::new() };

impl MemoryObjects {
    pub fn new(clock: Clock) -> MemoryObjects {
        MemoryObjects { store: Arc::default(), clock, faults: Faults::default() }
    }

    /// The same store, met with these faults.
    pub fn with(&self, faults: Faults) -> MemoryObjects {
        MemoryObjects { faults, ..self.clone() }
    }

    pub fn keys(&self) -> Vec<String> {
        self.store().objects.keys().cloned().collect()
    }

    /// Write over an object as nobody of ours does.
    pub fn damage(&self, key: &str, body: &[u8]) {
        let mut store = self.store();
        store.etags += 1;
        let etag = format!("\"{}\"", store.etags);
        store.objects.insert(key.to_owned(), (body.to_vec(), etag, self.clock.now().0));
    }

    pub fn delete(&self, key: &str) {
        self.store().objects.remove(key);
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Fate {
        let mut faults = self.faults.lock();
        faults.writes += 1;
        if faults.dies_at.is_some_and(|at| faults.writes >= at) {
            Fate::Dead
        } else if faults.loses_answer_to == Some(faults.writes) {
            Fate::AnswerLost
        } else {
            Fate::Well
        }
    }

    fn is_dead(&self) -> bool {
        let faults = self.faults.lock();
        faults.dies_at.is_some_and(|at| faults.writes >= at)
    }

    async fn write(
        &self,
        key: &str,
        may: impl FnOnce(Option<&str>) -> bool,
        body: Vec<u8>,
    ) -> Result<Written, ObjectError> {
        let fate = self.fate();
        if matches!(fate, Fate::Dead) {
            // Nothing more happens in a process that has died.
            std::future::pending::<()>().await;
        }
        let mut store = self.store();
        if !may(store.objects.get(key).map(|(_, etag, _)| etag.as_str())) {
            return if matches!(fate, Fate::AnswerLost) { Err(UNKNOWN) } else { Ok(Written::NotNow) };
        }
        store.etags += 1;
        let etag = format!("\"{}\"", store.etags);
        store.objects.insert(key.to_owned(), (body, etag.clone(), self.clock.now().0));
        if matches!(fate, Fate::AnswerLost) { Err(UNKNOWN) } else { Ok(Written::Now { etag }) }
    }
}

impl Objects for MemoryObjects {
    async fn get(&self, key: &str) -> Result<Option<Found>, ObjectError> {
        self.faults.count("get");
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
        let takes = self.faults.lock().reads_take;
        self.clock.sleep(takes).await;
        let now = self.clock.now().0 / 1000;
        let store = self.store();
        Ok(store.objects.get(key).map(|(body, etag, at)| Found {
            body: body.clone(),
            etag: etag.clone(),
            age: Duration::from_secs(now.saturating_sub(at / 1000)),
        }))
    }

    async fn create(&self, key: &str, body: Vec<u8>) -> Result<Written, ObjectError> {
        self.faults.count("put");
        self.write(key, |there| there.is_none(), body).await
    }

    async fn replace(&self, key: &str, etag: &str, body: Vec<u8>) -> Result<Written, ObjectError> {
        self.faults.count("put");
        self.write(key, |there| there == Some(etag), body).await
    }

    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, ObjectError> {
        self.faults.count("list");
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
        let store = self.store();
        let keys = store.objects.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after);
        Ok(keys.cloned().collect())
    }
}

//! Looks at deployments, shared: one at a time of each, whoever asks for it, kept for seconds. However many pages are
//! open, a deployment's cloud is asked as often as one page would ask it, and runs have the rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as ShortMutex, MutexGuard, PoisonError};
use std::time::Duration;

use conductor::Clock;
use tokio::sync::{Mutex, Semaphore};
use upgrade::{Banner, Timestamp};

use crate::backend::{Backend, BackendError, Look};

/// A look is kept for so long at least.
const KEPT_MILLISECONDS: u64 = 3000;

/// And for so many times as long as it took: whoever looks takes no more than this part of the time from those who act.
const KEPT_TIMES: u64 = 4;

/// Deployments that are looked at at the same time.
const AT_ONCE: usize = 4;

/// What came of a look, for everybody who asked.
type Found<T> = Result<Arc<T>, BackendError>;

/// Looks at deployments, and at their banners.
pub(crate) struct Looks {
    backend: Arc<dyn Backend>,
    deployments: Shared<Look>,
    banners: Shared<Option<Banner>>,
}

impl Looks {
    pub(crate) fn new(backend: Arc<dyn Backend>, clock: Clock) -> Looks {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let deployments = Shared::new(clock, Arc::clone(&turns));
        Looks { backend, deployments, banners: Shared::new(clock, turns) }
    }

    /// How a deployment is, as of a few seconds ago at most. Whoever asks and goes away ends no look that others wait for.
    pub(crate) async fn deployment(&self, deployment: &str) -> Found<Look> {
        self.is_there(deployment)?;
        let (backend, name) = (Arc::clone(&self.backend), deployment.to_owned());
        self.deployments.get(deployment, async move || backend.observe(&name).await).await
    }

    /// As [`Looks::deployment`], for so long at most; `None`: there is no answer yet.
    pub(crate) async fn deployment_within(&self, deployment: &str, seconds: u64) -> Option<Found<Look>> {
        tokio::time::timeout(Duration::from_secs(seconds), self.deployment(deployment)).await.ok()
    }

    /// The banner that users see, as of a few seconds ago at most.
    pub(crate) async fn banner(&self, deployment: &str) -> Found<Option<Banner>> {
        self.is_there(deployment)?;
        let (backend, name) = (Arc::clone(&self.backend), deployment.to_owned());
        self.banners.get(deployment, async move || backend.banner(&name).await).await
    }

    /// Something was changed there: who asks from now on is to see it.
    pub(crate) fn forget(&self, deployment: &str) {
        self.deployments.forget(deployment);
        self.banners.forget(deployment);
    }

    /// Of deployments that there are, and of no made-up names, something is kept.
    fn is_there(&self, deployment: &str) -> Result<(), BackendError> {
        let is_there = self.backend.deployments().iter().any(|one| one.name == deployment);
        if is_there { Ok(()) } else { Err(BackendError::NoDeployment(deployment.to_owned())) }
    }
}

/// Answers by deployment, each asked for once however many want it.
struct Shared<T> {
    clock: Clock,
    turns: Arc<Semaphore>,
    kept: ShortMutex<HashMap<String, Arc<Kept<T>>>>,
}

/// The last answer. Held while the next is asked for: who asks meanwhile waits for it, and finds it.
type Kept<T> = Mutex<Option<Answer<T>>>;

struct Answer<T> {
    until: Timestamp,
    found: Found<T>,
}

impl<T: Send + Sync + 'static> Shared<T> {
    fn new(clock: Clock, turns: Arc<Semaphore>) -> Shared<T> {
        Shared { clock, turns, kept: ShortMutex::default() }
    }

    async fn get<F>(&self, deployment: &str, ask: impl FnOnce() -> F + Send + 'static) -> Found<T>
    where
        F: Future<Output = Result<T, BackendError>> + Send,
    {
        let kept = Arc::clone(self.places().entry(deployment.to_owned()).or_default());
        if let Ok(kept) = kept.try_lock()
            && let Some(found) = still_good(&kept, self.clock.now())
        {
            return found;
        }
        let (clock, turns) = (self.clock, Arc::clone(&self.turns));
        let asking = tokio::spawn(async move {
            let mut kept = kept.lock().await;
            if let Some(found) = still_good(&kept, clock.now()) {
                return found;
            }
            // It is never closed; without a turn there would only be more at once.
            let _turn = turns.acquire().await;
            let began = clock.now();
            let found = ask().await.map(Arc::new);
            let now = clock.now();
            let keep = KEPT_MILLISECONDS.max(now.milliseconds_since(began).saturating_mul(KEPT_TIMES));
            *kept = Some(Answer { until: Timestamp(now.0.saturating_add(keep)), found: found.clone() });
            found
        });
        let broken_off = || BackendError::Unreachable("the look was broken off".to_owned());
        asking.await.unwrap_or_else(|_| Err(broken_off()))
    }

    fn forget(&self, deployment: &str) {
        // An answer that is under way is from before: it is kept for nobody.
        self.places().remove(deployment);
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Arc<Kept<T>>>> {
        // Places are only added and removed: all are whole whoever panicked.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn still_good<T>(kept: &Option<Answer<T>>, now: Timestamp) -> Option<Found<T>> {
    kept.as_ref().filter(|answer| now < answer.until).map(|answer| answer.found.clone())
}

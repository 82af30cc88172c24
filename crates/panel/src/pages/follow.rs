//! A page that shows by itself what has changed: server-sent events with those of its parts that are other than what it shows.
//! Runs tell when they have news; a look at a deployment is asked for now and then, and shared ([`crate::looks`]).

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex as ShortMutex, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use http::HeaderMap;
use maud::Markup;
use tokio::sync::Mutex;
use upgrade::Timestamp;

use crate::access::Role;
use crate::web::{Call, Failure};

/// A stream is ended now and then; the browser comes back, and whoever may no longer look is turned away.
const STREAM_SECONDS: u64 = 600;

/// Proxies hang up on what is silent for long.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// A page is made anew at most so often, however much happens.
const REST_MILLISECONDS: u64 = 500;

/// How long after the last time a page is made anew though no run has news, where something is under way; and where nothing is.
pub(super) const BUSY_SECONDS: u64 = 3;
pub(super) const QUIET_SECONDS: u64 = 20;

/// Pages that are kept for whoever asks next.
const MOST_KEPT: usize = 64;

/// The parts of a page that change.
pub(super) struct Parts {
    /// Each with the name of its place in the page.
    pub(super) regions: Vec<(&'static str, Markup)>,
    /// After so many seconds they are looked at again.
    pub(super) again_seconds: u64,
    /// Whether something waits for whoever looks.
    pub(super) is_urgent: bool,
}

/// Makes a page's parts for whoever asks.
pub(super) type MakeParts = fn(Call) -> Pin<Box<dyn Future<Output = Result<Parts, Failure>> + Send>>;

/// What a page shows: a fingerprint of each part. It goes through the browser as `name-print.name-print`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shown(BTreeMap<String, u64>);

impl Shown {
    fn read(text: &str) -> Shown {
        let pairs = text.split('.').filter_map(|pair| pair.split_once('-'));
        let known =
            pairs.filter_map(|(name, print)| Some((name.to_owned(), u64::from_str_radix(print, 16).ok()?)));
        Shown(known.collect())
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (name, print)) in self.0.iter().enumerate() {
            let point = if place == 0 { "" } else { "." };
            write!(formatter, "{point}{name}-{print:x}")?;
        }
        Ok(())
    }
}

/// The query of the stream that goes on from what a page shows of these parts.
pub(super) fn shown(parts: &Parts) -> String {
    let prints = parts.regions.iter().map(|(name, html)| ((*name).to_owned(), fingerprint(&html.0)));
    format!("shown={}", Shown(prints.collect()))
}

/// Tells one text from another, within this process; another process's page is told everything once.
fn fingerprint(html: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    html.hash(&mut hasher);
    hasher.finish()
}

/// Parts lately made, by page and by who looks: two hundred open pages cost one.
#[derive(Clone, Default)]
pub(super) struct Made {
    kept: Arc<ShortMutex<HashMap<Key, Arc<Kept>>>>,
}

/// What differs between those who look.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    id: String,
    person: String,
    role: Role,
}

/// Held while they are made: the first one makes them, the others wait and find them.
type Kept = Mutex<Option<(u64, Timestamp, Arc<Parts>)>>;

impl Made {
    /// Parts at least as new as this wake-up.
    async fn get(&self, call: &Call, make: MakeParts, wake: u64) -> Result<Arc<Parts>, Failure> {
        let person = &call.asker.person;
        let key = Key { id: call.id.clone(), person: person.name.clone(), role: person.role };
        let place = self.place(key);
        let mut kept = place.lock().await;
        let now = call.panel.now();
        if let Some((made_at_wake, at, parts)) = &*kept
            && *made_at_wake >= wake
            && now.milliseconds_since(*at) < REST_MILLISECONDS
        {
            return Ok(Arc::clone(parts));
        }
        let parts = Arc::new(make(call.clone()).await?);
        *kept = Some((wake, call.panel.now(), Arc::clone(&parts)));
        Ok(parts)
    }

    fn place(&self, key: Key) -> Arc<Kept> {
        // Places are only added and removed: all are whole whoever panicked.
        let mut places = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST_KEPT && !places.contains_key(&key) {
            places.clear();
        }
        Arc::clone(places.entry(key).or_default())
    }
}

/// The page as it goes on. Each message's id is what the page shows then.
///
/// # Errors
/// It isn't said what goes on: a stream is of a page.
pub(super) fn follow(
    call: Call,
    made: Made,
    headers: &HeaderMap,
    make: MakeParts,
) -> Result<Response, Failure> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let shown = Shown::read(last.or_else(|| call.query("shown")).ok_or(Failure::NotFound)?);
    let until = call.panel.now().0.saturating_add(STREAM_SECONDS * 1000);
    let (watch, doors) = (call.panel.live.watch(), call.panel.access.doors());
    let begin = Following { call, made, make, shown, watch, doors, until, is_first: true };
    let events = stream::unfold(begin, Following::next).map(Ok::<_, std::convert::Infallible>);
    let alive = KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS));
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

struct Following {
    call: Call,
    made: Made,
    make: MakeParts,
    shown: Shown,
    watch: tokio::sync::watch::Receiver<u64>,
    doors: tokio::sync::watch::Receiver<u64>,
    until: u64,
    is_first: bool,
}

impl Following {
    async fn next(mut self) -> Option<(Event, Following)> {
        loop {
            if !std::mem::take(&mut self.is_first) {
                tokio::time::sleep(Duration::from_millis(REST_MILLISECONDS)).await;
            }
            let now = self.call.panel.now();
            if now.0 >= self.until {
                return None;
            }
            // Marked before the look, so that what is written during it wakes us again.
            self.doors.mark_unchanged();
            if !self.is_still_allowed(now) {
                return None;
            }
            let wake = *self.watch.borrow_and_update();
            // What can't be made now may be the next time; the page says until then what it said.
            let parts = self.made.get(&self.call, self.make, wake).await.ok();
            if let Some(data) = parts.as_ref().and_then(|parts| self.data(parts)) {
                return Some((Event::default().id(self.shown.to_string()).data(data), self));
            }
            let again = parts.map_or(QUIET_SECONDS, |parts| parts.again_seconds);
            let left = self.until.saturating_sub(self.call.panel.now().0);
            let woken = async {
                tokio::select! {
                    changed = self.watch.changed() => changed,
                    changed = self.doors.changed() => changed,
                }
            };
            let wait = Duration::from_secs(again).min(Duration::from_millis(left));
            if let Ok(Err(_)) = tokio::time::timeout(wait, woken).await {
                return None;
            }
        }
    }

    /// Whether whoever looks is who they were when they began, and may what they might.
    fn is_still_allowed(&self, now: Timestamp) -> bool {
        let asker = &self.call.asker;
        let shown = self.call.panel.access.shown_by(&asker.proof, now);
        shown.is_ok_and(|person| person.as_ref() == Some(&asker.person))
    }

    /// What is other than what the page shows, if anything is.
    fn data(&mut self, parts: &Parts) -> Option<String> {
        let mut changed = serde_json::Map::new();
        for (name, html) in &parts.regions {
            let print = fingerprint(&html.0);
            if self.shown.0.insert((*name).to_owned(), print) != Some(print) {
                changed.insert((*name).to_owned(), html.0.clone().into());
            }
        }
        let now = self.call.panel.now().0;
        (!changed.is_empty()).then(|| serde_json::json!({ "now": now, "regions": changed }).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn what_a_page_shows_is_read_as_it_was_written_and_nonsense_is_nothing() {
        let shown = Shown([("state".to_owned(), u64::MAX), ("work".to_owned(), 1)].into());
        assert_eq!(Shown::read(&shown.to_string()), shown);
        assert_eq!(Shown::read("state-zz.work; drop.x-1"), Shown([("x".to_owned(), 1)].into()));
    }
}

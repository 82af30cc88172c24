//! A run's page, kept live: server-sent events, each made once and given to every page that stands at the same place.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex as ShortMutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use http::HeaderMap;
use tokio::sync::Mutex;
use upgrade::Timestamp;

use super::events::{LINES_A_PAGE, lines};
use super::mark::Mark;
use super::regions::{TIMELINE, regions, timeline_now};
use crate::access::Permission;
use crate::live::LiveError;
use crate::panel::Panel;
use crate::usual::Usual;
use crate::web::{Asker, Call, Failure};

/// A stream is ended now and then; the browser comes back, and whoever may no longer look is turned away.
const STREAM_SECONDS: u64 = 600;

/// Proxies hang up on what is silent for long.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// How long after its last drawing a timeline is drawn again when something has happened meanwhile; and when nothing has.
const REDRAW_MILLISECONDS: u64 = 1000;
const GROW_MILLISECONDS: u64 = 5000;

/// Messages that are kept for the pages which haven't asked yet.
const MOST_KEPT: usize = 64;

/// The run as it goes on. Each message's id is the [`Mark`] that the page stands at then: a browser that comes back
/// says the last one in `Last-Event-ID`, and goes on from there.
pub(super) async fn stream(
    call: Call,
    Extension(messages): Extension<Messages>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    call.panel.live.run(&call.id).await?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let mark = last.and_then(Mark::read).or_else(|| call.query("after").and_then(Mark::read));
    let Call { panel, asker, id: run_id, .. } = call;
    let until = panel.now().0.saturating_add(STREAM_SECONDS * 1000);
    let (watch, doors) = (panel.live.watch(), panel.access.doors());
    let drawn = (panel.now(), mark.map(|mark| mark.told));
    let sent = HashMap::new();
    let begin =
        Following { panel, asker, messages, run_id, mark, sent, drawn, watch, doors, until, over: false };
    let events = stream::unfold(begin, Following::next).map(Ok::<_, std::convert::Infallible>);
    let alive = KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS));
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

struct Following {
    panel: Panel,
    asker: Asker,
    messages: Messages,
    run_id: String,
    /// Where the page stands; `None`: it knows nothing, so that everything comes.
    mark: Option<Mark>,
    /// What the page was told of each region.
    sent: HashMap<&'static str, Fingerprint>,
    /// When its timeline was drawn, and of how many records.
    drawn: (Timestamp, Option<usize>),
    watch: tokio::sync::watch::Receiver<u64>,
    doors: tokio::sync::watch::Receiver<u64>,
    until: u64,
    over: bool,
}

impl Following {
    async fn next(mut self) -> Option<(Event, Following)> {
        loop {
            let now = self.panel.now();
            if self.over || now.0 >= self.until {
                return None;
            }
            // Marked before the look, so that what is written during it wakes us again.
            self.doors.mark_unchanged();
            if !self.is_still_allowed(now) {
                return None;
            }
            let wake = *self.watch.borrow_and_update();
            let key = MessageKey {
                run_id: self.run_id.clone(),
                mark: self.mark,
                may_decide: self.asker.person.role.may(Permission::Decide),
                drawn_in_second: (now >= self.redraws_at()).then_some(now.0 / 1000),
            };
            let message = self.messages.get(&self.panel, key, wake).await.ok()?;
            if let Some(data) = self.data(&message, now) {
                return Some((Event::default().id(message.mark.to_string()).data(data), self));
            }
            let next_look = self.until.min(self.redraws_at().0);
            let left = Duration::from_millis(next_look.saturating_sub(self.panel.now().0));
            let woken = async {
                tokio::select! {
                    changed = self.watch.changed() => changed,
                    changed = self.doors.changed() => changed,
                }
            };
            if let Ok(Err(_)) = tokio::time::timeout(left, woken).await {
                return None;
            }
        }
    }

    /// Whether whoever looks is who they were when they began, and may what they might. Asked before everything that is
    /// told, and now and then: another process may shut people out, too.
    fn is_still_allowed(&self, now: Timestamp) -> bool {
        let shown = self.panel.access.shown_by(&self.asker.proof, now);
        shown.is_ok_and(|person| person.as_ref() == Some(&self.asker.person))
    }

    /// When the page's timeline is to be drawn again: soon after something has happened, and now and then while nothing
    /// does, so that it grows while one looks.
    fn redraws_at(&self) -> Timestamp {
        let (at, of_records) = self.drawn;
        let is_behind = of_records != self.mark.map(|mark| mark.told);
        Timestamp(at.0 + if is_behind { REDRAW_MILLISECONDS } else { GROW_MILLISECONDS })
    }

    /// What is new to this page, if anything is.
    fn data(&mut self, message: &Message, now: Timestamp) -> Option<String> {
        let moved = self.mark != Some(message.mark);
        let mut regions = Vec::new();
        for Region { name, json, print } in &message.regions {
            if self.sent.insert(name, *print) != Some(*print) {
                regions.push(format!("\"{name}\":{}", json));
            }
            if *name == TIMELINE {
                self.drawn = (now, Some(message.mark.told));
            }
        }
        self.mark = Some(message.mark);
        self.over = message.ended && self.drawn.1 == Some(message.mark.told);
        if !moved && regions.is_empty() {
            return None;
        }
        let lines = if moved { &message.lines } else { "\"\"" };
        // A page's clock may be off: it counts on from ours.
        Some(format!(
            "{{\"now\":{},\"regions\":{{{}}},\"lines\":{lines},\"ended\":{}}}",
            now.0,
            regions.join(","),
            self.over
        ))
    }
}

/// What a page needs to come to where the run is. Pages that need the same are given the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct MessageKey {
    run_id: String,
    mark: Option<Mark>,
    may_decide: bool,
    /// With the timeline, as it is in this second; `None`: without.
    drawn_in_second: Option<u64>,
}

/// What is told to pages.
#[derive(Debug)]
struct Message {
    /// Where a page stands afterwards.
    mark: Mark,
    ended: bool,
    regions: Vec<Region>,
    /// HTML as JSON.
    lines: String,
}

/// A part of a page.
#[derive(Debug)]
struct Region {
    name: &'static str,
    /// HTML as JSON.
    json: String,
    print: Fingerprint,
}

/// Tells one text from another, within this process.
type Fingerprint = u64;

impl Region {
    fn new(name: &'static str, html: String) -> Region {
        let mut hasher = DefaultHasher::new();
        html.hash(&mut hasher);
        Region { name, json: serde_json::Value::String(html).to_string(), print: hasher.finish() }
    }
}

/// Messages lately made. Two hundred open pages cost one rendering an event, and not two hundred.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    kept: Arc<ShortMutex<HashMap<MessageKey, Arc<Kept>>>>,
}

/// A message, and the wake-up that it was made at. Held while it is made: the first one makes it, the others wait and find it.
type Kept = Mutex<Option<(u64, Arc<Message>)>>;

impl Messages {
    /// What is wanted, at least as new as this wake-up.
    async fn get(&self, panel: &Panel, key: MessageKey, wake: u64) -> Result<Arc<Message>, LiveError> {
        let kept = self.place(&key, wake);
        let mut kept = kept.lock().await;
        if let Some((made_at, message)) = &*kept
            && *made_at >= wake
        {
            return Ok(Arc::clone(message));
        }
        let message = Arc::new(render(panel, &key).await?);
        *kept = Some((wake, Arc::clone(&message)));
        Ok(message)
    }

    /// Where what is wanted is kept.
    fn place(&self, key: &MessageKey, wake: u64) -> Arc<Kept> {
        // Places are only added and removed: all are whole whoever panicked.
        let mut places = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = places.get(key) {
            return Arc::clone(kept);
        }
        if places.len() >= MOST_KEPT {
            // One that can't be locked is being made.
            places.retain(|_, kept| {
                kept.try_lock()
                    .map_or(true, |kept| kept.as_ref().is_some_and(|(made_at, _)| *made_at >= wake))
            });
        }
        // All of the same wake-up: of the least use are those that wait longest, which nobody counts.
        if places.len() >= MOST_KEPT {
            places.clear();
        }
        Arc::clone(places.entry(key.clone()).or_default())
    }
}

async fn render(panel: &Panel, key: &MessageKey) -> Result<Message, LiveError> {
    let picture = panel.live.run(&key.run_id).await?;
    let claim = panel.live.carried_out_by(&key.run_id).await?;
    let mark = Mark { told: picture.telling.told(), held: claim.is_some() };
    let mut changed = Vec::new();
    if key.mark != Some(mark) {
        let usual = Usual::of_run(panel, &picture.plan).await;
        let named = regions(&picture, &usual, key.may_decide, claim.as_ref(), panel.now()).named();
        changed.extend(named.map(|(name, html)| Region::new(name, html)));
    }
    if key.drawn_in_second.is_some() {
        changed.push(Region::new(TIMELINE, timeline_now(&picture, panel.now()).into_string()));
    }
    let new = picture.telling.lines_since(key.mark.map_or(0, |mark| mark.told));
    // A page that knows little is given what a page shows.
    let new = new.get(new.len().saturating_sub(LINES_A_PAGE)..).unwrap_or_default();
    let console = super::console(panel, &picture.plan);
    let lines = serde_json::Value::String(lines(new.iter(), console.as_ref()).into_string()).to_string();
    Ok(Message { mark, ended: picture.telling.report().outcome.is_some(), regions: changed, lines })
}

//! The lines between machines and clouds, with all that can happen on them: a call arrives late, its answer is lost, the machine
//! stands still before it or after it. Every call is on record: who sent it, when it arrived, and who had the claim then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws::{AwsCloud, Carrier, Connection, Transport};
use bytes::Bytes;
use conductor::{Clock, HOLD_SECONDS};
use http::{Request, Response};
use localcloud::LocalCloud;
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{Record, Step, Timestamp, UpdateKind};

use super::chance::Chance;
use super::machine::Stillness;
use crate::rehearsal::calls::{answered, operation, service};

/// An attempt that has not been answered by then is given up (`aws`); what was sent goes on.
const ATTEMPT: Duration = Duration::from_secs(25);

/// What AWS may answer instead, and a platform's API.
const ANSWERS: [&str; 4] = ["throttled", "server_error", "expired_credentials", "access_denied"];

/// What S3 may answer instead where the state is.
const ANSWERS_OF_STATE: [&str; 2] = ["throttled", "server_error"];

/// A signature is taken for five minutes.
const LATEST_MILLISECONDS: u64 = 300_000;

/// Where something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The machine stood still after a record was written, before the call that it announces.
    BetweenRecordAndCall,
    /// The machine stood still between two calls of one act.
    BetweenCalls,
    /// The call arrived late.
    Late,
    /// It arrived, and nobody learnt of it.
    AnswerLost,
    /// It never arrived.
    NeverArrived,
    /// It was answered so instead.
    Answered(&'static str),
}

impl Place {
    /// In a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Place::BetweenRecordAndCall => "stands still before a call",
            Place::BetweenCalls => "stands still between calls",
            Place::Late => "a call arrives late",
            Place::AnswerLost => "an answer is lost",
            Place::NeverArrived => "a call never arrives",
            Place::Answered(word) => word,
        }
    }
}

/// How often something goes wrong on a machine's lines: once in so many calls; `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// Calls that change something arrive late or never, answers are lost, the machine stands still.
    pub once_in: Option<u64>,
    /// Whatever is called is answered with an error instead.
    pub answered_once_in: Option<u64>,
}

impl Trouble {
    pub const NONE: Trouble = Trouble { once_in: None, answered_once_in: None };

    /// In a step that is aimed at.
    const AIMED: Trouble = Trouble { once_in: Some(6), answered_once_in: Some(8) };
}

/// What happened on all lines together.
#[derive(Debug, Default)]
pub struct Log {
    /// What went wrong, by place and operation.
    pub hits: BTreeMap<(Place, String), usize>,
    /// Calls that were sent when their machine's limit had passed: there must be none.
    pub past_the_limit: Vec<String>,
    /// Calls that arrived when somebody else had the claim, by operation.
    pub late_after_takeover: BTreeMap<String, usize>,
    /// The holder that the claim names, and when it last gave a sign of life that was taken.
    pub holder: Option<(String, Timestamp)>,
    /// Takeovers: how long after the last sign of life of the one before a `Resumed` stood, and whether the taker was undisturbed.
    pub takeovers: Vec<(u64, bool)>,
    /// A takeover whose `Resumed` does not stand yet: since when the one before was silent, and by whom.
    taking: Option<(Timestamp, usize)>,
    /// Until when each machine was last disturbed.
    disturbed_until: BTreeMap<usize, Timestamp>,
    /// Since when each machine tries.
    pub tries_since: BTreeMap<usize, Timestamp>,
    /// Requests to the state, by method: what they cost.
    pub state_requests: BTreeMap<&'static str, usize>,
    /// What went wrong, by the step that the run was in.
    pub by_step: BTreeMap<(Place, Step), usize>,
    /// The machine whose record the store took last.
    pub last_writer: Option<usize>,
    /// The step that meets more trouble than the others; `None`: none does.
    pub aim: Option<Step>,
    /// The step that the run is in; `None`: it has none yet.
    pub step: Option<Step>,
    /// Where somebody wants to read it: what was sent, what arrived, and what was written, a line each, as it came.
    pub told: Option<Vec<String>>,
}

impl Log {
    /// Whether trouble waits on the way back to the previous release.
    #[must_use]
    pub fn aims_at_way_back(&self) -> bool {
        self.aim.is_some_and(|step| Step::of_update(UpdateKind::WayBack).contains(&step))
    }
}

/// One world's lines.
#[derive(Clone)]
pub struct Net {
    pub log: Arc<Mutex<Log>>,
    /// The true time.
    pub clock: Clock,
    /// The folder of the state, as a request's path begins.
    state_path: String,
    /// The same as a listing's query names it.
    listed: String,
    /// Nothing goes wrong any more.
    calm: Arc<Mutex<bool>>,
}

/// One machine's lines.
#[derive(Clone)]
pub struct Lines {
    net: Net,
    machine: usize,
    pub stillness: Stillness,
    own: Arc<Mutex<Own>>,
}

#[derive(Debug)]
struct Own {
    chance: Chance,
    /// It carries a run on.
    conducts: bool,
    /// When the last sign of life that was answered was sent.
    beat_sent_at: Timestamp,
    /// The last thing that was written or done, for what comes after it.
    before: Before,
    trouble: Trouble,
    /// It is as good as dead from here on.
    stays_still_for_good: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Record,
    Call,
    Other,
}

impl Net {
    pub fn new(clock: Clock, bucket: &str, prefix: &str) -> Net {
        Net {
            log: Arc::default(),
            clock,
            state_path: format!("/{bucket}/{prefix}"),
            listed: prefix.trim_end_matches('/').to_owned(),
            calm: Arc::default(),
        }
    }

    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line for whoever reads the evening.
    pub(super) fn tell(&self, words: std::fmt::Arguments<'_>) {
        let now = self.clock.now().0;
        if let Some(told) = &mut self.log().told {
            told.push(format!("{now} {words}"));
        }
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&self) {
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Whether nothing goes wrong any more.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn lines(&self, machine: usize, chance: Chance, trouble: Trouble) -> Lines {
        let own = Own {
            chance,
            conducts: false,
            beat_sent_at: Timestamp(0),
            before: Before::Other,
            trouble,
            stays_still_for_good: false,
        };
        Lines { net: self.clone(), machine, stillness: Stillness::default(), own: Arc::new(Mutex::new(own)) }
    }
}

/// Whether a request changes something.
fn changes(request: &Request<Bytes>, operation: &str) -> bool {
    let asks = ["describe", "get", "list", "simulate", "detect", "validate", "estimate"];
    let name = operation.rsplit('/').next().unwrap_or(operation).to_ascii_lowercase();
    let reads = request.method() == http::Method::GET || request.method() == http::Method::HEAD;
    !reads && !asks.iter().any(|asks| name.starts_with(asks))
}

/// What happens to a call.
enum Fate {
    Well,
    Late(u64),
    AnswerLost,
    NeverArrived,
    Answered(&'static str),
}

impl Lines {
    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this machine carries a run on, or no more.
    pub fn conducts(&self, conducts: bool) {
        let mut own = self.own();
        own.conducts = conducts;
        own.beat_sent_at = self.net.clock.now();
    }

    pub fn may_die(&self) {
        self.own().stays_still_for_good = true;
    }

    /// The SDK over these lines. `clock` is the machine's own.
    pub fn sdk(&self, local: &LocalCloud, clock: Clock) -> AwsCloud {
        let keys = local.keys().clone();
        AwsCloud::new(&Connection {
            region: local.region().to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            transport: Transport::Carried(self.carrier(local)),
            now: Arc::new(move || clock.system_time()),
        })
    }

    fn carrier(&self, local: &LocalCloud) -> Carrier {
        let (lines, local) = (self.clone(), local.clone());
        Arc::new(move |request| {
            let (lines, local) = (lines.clone(), local.clone());
            Box::pin(async move {
                let name = format!("{}:{}", service(&request), short(&operation(&request)));
                let call = move |request, instead: Option<&str>| match instead {
                    None => local.call(request),
                    Some(word) => answered(&local, request, word),
                };
                lines.carry(request, name, call).await
            })
        })
    }

    /// Carry one request to whoever answers it.
    pub async fn carry(
        &self,
        request: Request<Bytes>,
        name: String,
        answer: impl FnOnce(Request<Bytes>, Option<&'static str>) -> Response<Bytes> + Send + 'static,
    ) -> std::io::Result<Response<Bytes>> {
        let sent_at = self.net.clock.now();
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let is_list = query.contains("list-type") && query.contains(&self.net.listed);
        if path.starts_with(&self.net.state_path) || is_list {
            return self.carry_state(request, sent_at, &path, answer).await;
        }
        let what = name.rsplit(':').next().unwrap_or_default();
        let changes = changes(&request, what);
        self.check_limit(sent_at, &name);
        let fate = self.draw_fate(&name, changes, &ANSWERS);
        let sender = self.net.log().holder.clone().map(|(holder, _)| holder);
        let (lines, named) = (self.clone(), name.clone());
        let arrive = move |instead: Option<&'static str>| {
            if changes && instead.is_none() {
                lines.note_arrival(&named, sender.as_deref());
            }
            answer(request, instead)
        };
        let response = self.meet(fate, arrive).await;
        if changes {
            self.own().before = Before::Call;
            self.perhaps_stand_still(Place::BetweenCalls, &name).await;
        }
        response
    }

    async fn carry_state(
        &self,
        request: Request<Bytes>,
        sent_at: Timestamp,
        path: &str,
        answer: impl FnOnce(Request<Bytes>, Option<&'static str>) -> Response<Bytes> + Send + 'static,
    ) -> std::io::Result<Response<Bytes>> {
        let is_put = request.method() == http::Method::PUT;
        let (is_claim, is_record) =
            (is_put && path.ends_with("/claim"), is_put && path.contains("/records/"));
        let kind = if is_put {
            "PUT"
        } else if request.uri().query().is_some_and(|query| query.contains("list-type")) {
            "LIST"
        } else {
            "GET"
        };
        *self.net.log().state_requests.entry(kind).or_default() += 1;
        let body = request.body().clone();
        let intended = intended(&body);
        let name = if is_claim {
            "state:claim"
        } else if is_record {
            "state:record"
        } else {
            "state:other"
        };
        let fate = self.draw_fate(name, is_put, &ANSWERS_OF_STATE);
        if is_claim {
            let how = match &fate {
                Fate::Well => "well".to_owned(),
                Fate::Late(milliseconds) => format!("{milliseconds} ms late"),
                Fate::AnswerLost => "its answer lost".to_owned(),
                Fate::NeverArrived => "never to arrive".to_owned(),
                Fate::Answered(word) => format!("answered {word}"),
            };
            self.net.tell(format_args!("machine {} sends a claim, {how}", self.machine));
        }
        let lines = self.clone();
        let arrive = move |instead: Option<&'static str>| {
            let response = answer(request, instead);
            if response.status().is_success() {
                if is_claim {
                    lines.note_claim(&body);
                } else if is_record {
                    lines.note_record(&body);
                }
            }
            response
        };
        let response = self.meet(fate, arrive).await?;
        if is_claim && response.status().is_success() {
            let mut own = self.own();
            own.beat_sent_at = own.beat_sent_at.max(sent_at);
        }
        if is_record {
            self.own().before = Before::Record;
            self.perhaps_stand_still(
                Place::BetweenRecordAndCall,
                intended.as_deref().unwrap_or("a record of what happened"),
            )
            .await;
        }
        Ok(response)
    }

    /// A call meets what is drawn for it.
    async fn meet(
        &self,
        fate: Fate,
        arrive: impl FnOnce(Option<&'static str>) -> Response<Bytes> + Send + 'static,
    ) -> std::io::Result<Response<Bytes>> {
        match fate {
            Fate::Well => Ok(arrive(None)),
            Fate::Answered(word) => Ok(arrive(Some(word))),
            Fate::AnswerLost => {
                drop(arrive(None));
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
            }
            Fate::NeverArrived => std::future::pending().await,
            Fate::Late(milliseconds) => {
                let clock = self.net.clock;
                let arriving = tokio::spawn(async move {
                    clock.sleep(Duration::from_millis(milliseconds)).await;
                    arrive(None)
                });
                if Duration::from_millis(milliseconds) >= ATTEMPT {
                    // Its attempt is given up before it is answered.
                    std::future::pending::<()>().await;
                }
                arriving.await.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))
            }
        }
    }

    /// Nothing is sent past the holder's limit.
    fn check_limit(&self, sent_at: Timestamp, name: &str) {
        let own = self.own();
        let silent = sent_at.milliseconds_since(own.beat_sent_at);
        if own.conducts && silent >= HOLD_SECONDS * 1000 {
            let words = format!("machine {} sent {name} {silent} ms after its last beat", self.machine);
            self.net.tell(format_args!("{words}"));
            self.net.log().past_the_limit.push(words);
        }
    }

    /// How much goes wrong, in the step that the run is in.
    fn trouble(&self) -> Trouble {
        let is_aimed = {
            let log = self.net.log();
            log.aim.is_some() && log.aim == log.step
        };
        if is_aimed { Trouble::AIMED } else { self.own().trouble }
    }

    fn draw_fate(&self, name: &str, changes: bool, answers: &[&'static str]) -> Fate {
        if self.net.is_calm() {
            return Fate::Well;
        }
        let trouble = self.trouble();
        let mut own = self.own();
        if !own.conducts {
            return Fate::Well;
        }
        let Trouble { once_in, answered_once_in } = trouble;
        if let Some(times) = answered_once_in
            && own.chance.once_in(times)
        {
            let which = own.chance.below(answers.len() as u64);
            drop(own);
            let word = usize::try_from(which).ok().and_then(|which| answers.get(which)).copied();
            let word = word.unwrap_or("server_error");
            self.hit(Place::Answered(word), name);
            self.disturbed(30_000);
            return Fate::Answered(word);
        }
        let happens = changes && once_in.is_some_and(|times| own.chance.once_in(times));
        if !happens {
            return Fate::Well;
        }
        let (place, fate) = match own.chance.below(4) {
            0 => (Place::AnswerLost, Fate::AnswerLost),
            1 => (Place::NeverArrived, Fate::NeverArrived),
            _ => (Place::Late, Fate::Late(own.chance.between(1_000, LATEST_MILLISECONDS))),
        };
        drop(own);
        self.hit(place, name);
        let until = match fate {
            Fate::Late(milliseconds) => milliseconds.min(30_000),
            Fate::Well | Fate::AnswerLost | Fate::NeverArrived | Fate::Answered(_) => 30_000,
        };
        self.disturbed(until);
        fate
    }

    /// The machine stands still, and nothing of it goes on: a closed laptop, or a process that is dead.
    async fn perhaps_stand_still(&self, place: Place, name: &str) {
        if self.net.is_calm() {
            return;
        }
        let trouble = self.trouble();
        let milliseconds = {
            let mut own = self.own();
            let Some(times) = trouble.once_in else { return };
            if !own.conducts || !own.chance.once_in(times) {
                return;
            }
            if own.stays_still_for_good && own.chance.once_in(3) {
                u64::MAX / 4
            } else {
                own.chance.between(1_000, 900_000)
            }
        };
        self.hit(place, name);
        self.disturbed(milliseconds);
        self.stillness.begin(Duration::from_millis(milliseconds));
        // Whoever polls the machine sees it, and polls it no more until then.
        tokio::task::yield_now().await;
    }

    fn hit(&self, place: Place, name: &str) {
        let mut log = self.net.log();
        *log.hits.entry((place, name.to_owned())).or_default() += 1;
        if let Some(step) = log.step {
            *log.by_step.entry((place, step)).or_default() += 1;
        }
    }

    fn disturbed(&self, milliseconds: u64) {
        let until = Timestamp(self.net.clock.now().0.saturating_add(milliseconds).saturating_add(25_000));
        let mut log = self.net.log();
        let known = log.disturbed_until.entry(self.machine).or_insert(until);
        *known = (*known).max(until);
    }

    fn note_arrival(&self, name: &str, sender: Option<&str>) {
        let mut log = self.net.log();
        let taken_over = match (&log.holder, sender) {
            (Some((holder, _)), Some(sender)) => holder != sender,
            _ => false,
        };
        if taken_over {
            *log.late_after_takeover.entry(name.to_owned()).or_default() += 1;
        }
        drop(log);
        self.net.tell(format_args!("arrived from machine {}: {name}", self.machine));
    }

    /// The store has taken a claim.
    fn note_claim(&self, body: &Bytes) {
        let now = self.net.clock.now();
        let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let holder = document.pointer("/conducting/holder").and_then(serde_json::Value::as_str);
        let given_back = document.pointer("/conducting/given_back") == Some(&serde_json::Value::Bool(true));
        let mut log = self.net.log();
        match holder.filter(|_| !given_back) {
            None => log.holder = None,
            Some(holder) => {
                if let Some((before, beat_at)) = &log.holder
                    && before != holder
                {
                    log.taking = Some((*beat_at, self.machine));
                }
                let doing = document.pointer("/conducting/doing").and_then(serde_json::Value::as_str);
                if matches!(doing, Some("Begin" | "Take over")) {
                    // Whoever takes it counts from when they tried, also where the answer is lost and what stands is read: at
                    // the latest from now, as everybody else does.
                    let mut own = self.own();
                    own.beat_sent_at = own.beat_sent_at.max(now);
                }
                log.holder = Some((holder.to_owned(), now));
            }
        }
    }

    /// The store has taken a record.
    fn note_record(&self, body: &Bytes) {
        let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let resumed = document.pointer("/entry/Record/Happened/what/Resumed").is_some();
        let now = self.net.clock.now();
        let mut log = self.net.log();
        log.last_writer = Some(self.machine);
        if let Some((silent_since, machine)) = log.taking
            && resumed
            && machine == self.machine
        {
            log.taking = None;
            let tried = log.tries_since.get(&machine).is_some_and(|since| *since <= silent_since);
            let disturbed = log.disturbed_until.get(&machine).is_some_and(|until| *until >= silent_since);
            log.takeovers.push((now.milliseconds_since(silent_since), tried && !disturbed));
        }
        drop(log);
        if let Some(words) = in_words(&document) {
            self.net.tell(format_args!("machine {} wrote: {words}", self.machine));
        }
    }
}

/// What a record says, in short.
fn in_words(document: &serde_json::Value) -> Option<String> {
    let entry = document.get("entry")?;
    let record = entry.get("Record").or_else(|| entry.get("Last"))?;
    let words = match serde_json::from_value(record.clone()).ok()? {
        Record::Intended { act, .. } => format!("intends {act}"),
        Record::Happened(event) => format!("{:?}", event.what),
    };
    Some(words.chars().take(200).collect())
}

/// The act that a record announces, by its name.
fn intended(body: &Bytes) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let act = document.pointer("/entry/Record/Intended/act")?;
    let (kind, rest) = act.as_object()?.iter().next()?;
    let name = rest.as_object().and_then(|rest| rest.keys().next()).map_or("", String::as_str);
    Some(format!("act {kind}.{name}"))
}

/// An operation without what is different each time.
fn short(operation: &str) -> String {
    let last = operation.rsplit('.').next().unwrap_or(operation);
    match last.split_once('/') {
        // Of REST services the path's first words: the last ones are names.
        Some((_, path)) => path.split('/').take(2).last().unwrap_or_default().to_owned(),
        None => last.to_owned(),
    }
}

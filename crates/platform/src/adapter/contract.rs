//! Slackwater's own contract, version 1, as `openapi.yaml` describes it.
//!
//! An act that was accepted says nothing of what came of it: a save is confirmed by a later list that shows nothing
//! unsaved, a stop by one that doesn't show the session. A session or computation that is gone counts as stopped.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use upgrade::{
    Banner, BannerLevel, Computation, LastSave, PlatformAct, PlatformCapabilities, PlatformHealth,
    PlatformStatus, Session, SessionKind, Unsaved,
};

use super::{AdapterKind, PlatformApi};
use crate::client::{Client, MOST_PAGES, Scheme, path, unless_gone};
use crate::failure::Failure;

/// Slackwater's own contract, version 1. Everything: what a platform leaves out it answers with 501, which is a refusal.
pub static HTTP: AdapterKind = AdapterKind {
    word: "http",
    capabilities: PlatformCapabilities {
        save: true,
        notices: true,
        banner: true,
        status: true,
        computations: true,
        sessions: true,
    },
    speaks: Some((Scheme::Bearer, |client| Box::new(Contract(client)))),
};

const PREFIX: [&str; 2] = ["slackwater", "v1"];

struct Contract(Client);

#[async_trait]
impl PlatformApi for Contract {
    fn client(&self) -> &Client {
        &self.0
    }

    async fn sessions(&self) -> Result<Vec<Session>, Failure> {
        let all = list(&self.0, "sessions", |page: SessionsPage| (page.sessions, page.next_cursor)).await?;
        let running = all.into_iter().filter(|session| !session.state.has_ended());
        Ok(running.map(SessionJson::into_session).collect())
    }

    async fn computations(&self) -> Result<Vec<Computation>, Failure> {
        let open = |page: ComputationsPage| (page.computations, page.next_cursor);
        let all = list(&self.0, "computations", open).await?;
        let unfinished = all.into_iter().filter(|each| !each.state.has_ended());
        Ok(unfinished.map(ComputationJson::into_computation).collect())
    }

    async fn status(&self) -> Result<PlatformStatus, Failure> {
        let platform: PlatformJson = self.0.get(&under(&["platform"])?, &[]).await?;
        Ok(platform.into_status())
    }

    async fn banner(&self) -> Result<Option<Banner>, Failure> {
        let banner: Result<BannerJson, Failure> = self.0.get(&under(&["banner"])?, &[]).await;
        match banner {
            Ok(banner) => Ok(Some(banner.into_banner())),
            Err(failure) if is_gone(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn act(&self, act: &PlatformAct) -> Result<(), Failure> {
        let client = &self.0;
        let result = match act {
            PlatformAct::SaveSession { session_id } => post(client, &["sessions", session_id, "save"]).await,
            PlatformAct::StopSession { session_id } => post(client, &["sessions", session_id, "stop"]).await,
            PlatformAct::StopComputation { computation_id } => {
                post(client, &["computations", computation_id, "stop"]).await
            }
            PlatformAct::Notify { session_id, text, level } => {
                let notice = NoticeJson { text: text.clone(), level: *level };
                let path = under(&["sessions", session_id, "notice"])?;
                client.send(Method::POST, &path, &[], Some(&to_json(&notice)?)).await
            }
            PlatformAct::SetBanner(banner) => {
                let banner = to_json(&BannerJson::from_banner(banner))?;
                // There is nothing here that could be gone: a 404 is somebody else's.
                return client.send(Method::PUT, &under(&["banner"])?, &[], Some(&banner)).await.map(drop);
            }
            PlatformAct::ClearBanner => client.send(Method::DELETE, &under(&["banner"])?, &[], None).await,
        };
        unless_gone(result, is_gone)
    }
}

/// The contract's own 404 carries a problem; that of a proxy or of another server at this address doesn't.
fn is_gone(failure: &Failure) -> bool {
    matches!(failure, Failure::Status { status: StatusCode::NOT_FOUND, is_problem: true, .. })
}

fn under(segments: &[&str]) -> Result<String, Failure> {
    path(&[&PREFIX, segments].concat())
}

async fn post(client: &Client, segments: &[&str]) -> Result<Bytes, Failure> {
    client.send(Method::POST, &under(segments)?, &[], None).await
}

fn to_json(value: &impl Serialize) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(value).map_err(Failure::from_json)
}

/// Every page of a list.
async fn list<P, T>(
    client: &Client,
    name: &str,
    open: impl Fn(P) -> (Vec<T>, Option<String>),
) -> Result<Vec<T>, Failure>
where
    P: for<'a> Deserialize<'a>,
{
    let path = under(&[name])?;
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let query = cursor.as_deref().map(|cursor| ("cursor", cursor));
        let (entries, next) = open(client.get(&path, query.as_slice()).await?);
        all.extend(entries);
        if next.is_none() {
            return Ok(all);
        }
        if next == cursor {
            return Err(Failure::SamePageAgain);
        }
        cursor = next;
    }
    Err(Failure::TooManyPages(MOST_PAGES))
}

#[derive(Deserialize)]
struct PlatformJson {
    version: Option<String>,
    #[serde(with = "HealthJson")]
    health: PlatformHealth,
    detail: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "PlatformHealth", rename_all = "lowercase")]
enum HealthJson {
    Ok,
    Degraded,
    Down,
}

impl PlatformJson {
    fn into_status(self) -> PlatformStatus {
        PlatformStatus { version: self.version, health: self.health, detail: self.detail }
    }
}

#[derive(Deserialize)]
struct SessionsPage {
    sessions: Vec<SessionJson>,
    /// Left out it is no end: a list that is cut short must not pass for a whole one.
    #[serde(deserialize_with = "Option::deserialize")]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct SessionJson {
    id: String,
    name: String,
    owner: String,
    state: SessionState,
    started_at: Option<String>,
    /// `null`: the platform can't tell. It must say so; leaving it out is no answer.
    #[serde(deserialize_with = "Option::deserialize")]
    unsaved: Option<bool>,
    #[serde(default)]
    unsaved_items: u32,
    last_save: Option<LastSaveJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SessionState {
    Running,
    Saving,
    Stopping,
    Stopped,
}

impl SessionState {
    fn has_ended(&self) -> bool {
        match self {
            SessionState::Running | SessionState::Saving | SessionState::Stopping => false,
            SessionState::Stopped => true,
        }
    }
}

#[derive(Deserialize)]
struct LastSaveJson {
    at: String,
    succeeded: bool,
    error: Option<String>,
}

impl SessionJson {
    fn into_session(self) -> Session {
        let unsaved = match self.unsaved {
            Some(false) => Unsaved::No,
            Some(true) => Unsaved::Yes { items: self.unsaved_items },
            None => Unsaved::Unknown,
        };
        let last_save =
            self.last_save.map(|save| LastSave { at: save.at, succeeded: save.succeeded, error: save.error });
        Session {
            id: self.id,
            name: self.name,
            owner: self.owner,
            kind: SessionKind::Plain,
            unsaved,
            last_save,
            started_at: self.started_at,
        }
    }
}

#[derive(Deserialize)]
struct ComputationsPage {
    computations: Vec<ComputationJson>,
    /// Left out it is no end: a list that is cut short must not pass for a whole one.
    #[serde(deserialize_with = "Option::deserialize")]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct ComputationJson {
    id: String,
    name: String,
    owner: String,
    state: ComputationState,
    started_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ComputationState {
    Queued,
    Running,
    Stopping,
    Succeeded,
    Failed,
    Stopped,
}

impl ComputationState {
    fn has_ended(&self) -> bool {
        match self {
            ComputationState::Queued | ComputationState::Running | ComputationState::Stopping => false,
            ComputationState::Succeeded | ComputationState::Failed | ComputationState::Stopped => true,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            ComputationState::Queued => "queued",
            ComputationState::Running => "running",
            ComputationState::Stopping => "stopping",
            ComputationState::Succeeded => "succeeded",
            ComputationState::Failed => "failed",
            ComputationState::Stopped => "stopped",
        }
    }
}

impl ComputationJson {
    fn into_computation(self) -> Computation {
        Computation {
            id: self.id,
            name: self.name,
            owner: self.owner,
            status: self.state.word().to_owned(),
            started_at: self.started_at,
        }
    }
}

#[derive(Serialize)]
struct NoticeJson {
    text: String,
    #[serde(with = "LevelJson")]
    level: BannerLevel,
}

#[derive(Serialize, Deserialize)]
struct BannerJson {
    text: String,
    #[serde(with = "LevelJson")]
    level: BannerLevel,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "BannerLevel", rename_all = "lowercase")]
enum LevelJson {
    Info,
    Warning,
    Critical,
}

impl BannerJson {
    fn from_banner(banner: &Banner) -> BannerJson {
        BannerJson {
            text: banner.text.clone(),
            level: banner.level,
            from: banner.from.clone(),
            until: banner.until.clone(),
        }
    }

    fn into_banner(self) -> Banner {
        Banner { text: self.text, level: self.level, from: self.from, until: self.until }
    }
}

//! Code Ocean's public REST API.
//!
//! Sources: the user guide (<https://docs.codeocean.com/user-guide/code-ocean-api>) and the published Python client
//! (`codeocean` 0.17.0 on PyPI), whose routes and field names these are.
//!
//! What it can't do, and [`CODE_OCEAN`] says so: save a cloud workstation, show a notice inside one, show a banner,
//! tell the platform's version. Whether a workstation holds unsaved work it can't tell either, so every one of them
//! is [`Unsaved::Unknown`].
//!
//! What a person loses when a workstation ends (user guide, "Exiting a Cloud Workstation Session"): *hold* suspends
//! the container, so it keeps files, installed packages and the shell's history, and loses what is in memory (the
//! kernel's variables, cells that ran). *Shut down* loses the installed packages and everything outside of the
//! capsule's folders too; both sync new files back to the capsule. The API has neither. All it has is `DELETE`, which
//! "deletes a computation and stops it if currently running" (the client's words): so stopping through it is to be
//! taken as losing whatever the person hasn't synced. People should be asked to hold or shut down themselves first.
//!
//! # Assumptions
//!
//! Neither source says these; each is the careful reading.
//!
//! 1. `DELETE` of a computation that has ended deletes its record and its results. So a stop looks first and leaves
//!    alone what has ended. Of a run that was stopped so, the record is gone from the capsule's timeline.
//! 2. `created` counts seconds since 1970 (the guide calls it a float64, the client an int64).
//! 3. A state that isn't known here is one of something unfinished.
//! 4. The search without `ownership` gives "all accessible" to the token: for everybody's, the token must be an
//!    administrator's. What it can't see isn't listed. Runs of released capsules are shown to those who started them
//!    and to administrators (admin guide, "Release Run Visibility").
//! 5. What is archived can't run, so the search leaves it out as it does unasked.
//! 6. A release of Code Ocean older than the route `pipelines` answers 404 to it, and lists pipelines among capsules,
//!    as it did when there was one route.
//! 7. A workstation on hold is listed if its state is one of an unfinished computation; the client has no word for it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Number, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{
    Banner, Computation, PlatformAct, PlatformCapabilities, PlatformHealth, PlatformStatus, Session,
    SessionKind, Unsaved,
};

use super::{AdapterKind, PlatformApi};
use crate::client::{Client, MOST_PAGES, Scheme, path, unless_gone};
use crate::failure::Failure;

/// Code Ocean's public REST API.
pub static CODE_OCEAN: AdapterKind = AdapterKind {
    word: "code-ocean",
    capabilities: PlatformCapabilities {
        save: false,
        notices: false,
        banner: false,
        status: true,
        computations: true,
        sessions: true,
    },
    speaks: Some((Scheme::BasicUserName, |client| Box::new(CodeOcean(client)))),
};

/// Capsules and pipelines have the same routes (`Pipelines` in the client is `Capsules` with another prefix).
const ROUTES: [&str; 2] = ["capsules", "pipelines"];

/// "Number of items to return (up to 1000, defaults to 100)".
const PAGE_SIZE: u32 = 1_000;

/// Computations are listed capsule by capsule; so many at once, in the order of the search.
const CAPSULES_AT_ONCE: usize = 8;

struct CodeOcean(Client);

#[async_trait]
impl PlatformApi for CodeOcean {
    fn client(&self) -> &Client {
        &self.0
    }

    async fn sessions(&self) -> Result<Vec<Session>, Failure> {
        let found = unfinished(&self.0).await?.into_iter();
        Ok(found.filter(|found| found.computation.is_workstation()).map(Found::into_session).collect())
    }

    async fn computations(&self) -> Result<Vec<Computation>, Failure> {
        let found = unfinished(&self.0).await?.into_iter();
        Ok(found.filter(|found| !found.computation.is_workstation()).map(Found::into_computation).collect())
    }

    /// The API tells neither health nor version. That it finds a capsule for this token shows that its front, its database
    /// and its sign-in work.
    async fn status(&self) -> Result<PlatformStatus, Failure> {
        let _: SearchPage = self.0.post(&search_path("capsules")?, &json!({ "limit": 1 })).await?;
        Ok(PlatformStatus {
            version: None,
            health: PlatformHealth::Ok,
            detail: Some("the API answers; it tells neither health nor version".to_owned()),
        })
    }

    async fn banner(&self) -> Result<Option<Banner>, Failure> {
        Err(Failure::Unable(NO_BANNER))
    }

    async fn act(&self, act: &PlatformAct) -> Result<(), Failure> {
        match act {
            PlatformAct::StopSession { session_id } => stop(&self.0, session_id, true).await,
            PlatformAct::StopComputation { computation_id } => stop(&self.0, computation_id, false).await,
            PlatformAct::SaveSession { .. } => {
                Err(Failure::Unable("Code Ocean's API can't save a workstation"))
            }
            PlatformAct::Notify { .. } => Err(Failure::Unable("Code Ocean's API can't show a notice")),
            PlatformAct::SetBanner(_) | PlatformAct::ClearBanner => Err(Failure::Unable(NO_BANNER)),
        }
    }
}

const NO_BANNER: &str = "Code Ocean's API knows no banner";

/// Stop what hasn't ended. One look first, for `DELETE` takes the results of what has; and so that nobody's
/// workstation is ended by an act that names a run.
async fn stop(client: &Client, id: &str, workstation: bool) -> Result<(), Failure> {
    let path = path(&["api", "v1", "computations", id])?;
    let computation: ComputationJson = match client.get(&path, &[]).await {
        Ok(computation) => computation,
        Err(failure) if is_gone(&failure) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    if computation.has_ended() {
        return Ok(());
    }
    if computation.is_workstation() != workstation {
        return Err(Failure::Unable(if workstation {
            "it is a run, not a cloud workstation"
        } else {
            "it is a cloud workstation, with what somebody may not have saved"
        }));
    }
    unless_gone(client.send(Method::DELETE, &path, &[], None).await, is_gone)
}

fn is_gone(failure: &Failure) -> bool {
    matches!(failure, Failure::Status { status: StatusCode::NOT_FOUND, .. })
}

fn search_path(route: &str) -> Result<String, Failure> {
    path(&["api", "v1", route, "search"])
}

/// Everything that hasn't ended, in any capsule or pipeline.
async fn unfinished(client: &Client) -> Result<Vec<Found>, Failure> {
    let capsules = capsules(client).await?;
    let lists: Vec<Vec<Found>> =
        stream::iter(capsules.into_iter().map(|capsule| unfinished_of(client, capsule)))
            .buffered(CAPSULES_AT_ONCE)
            .try_collect()
            .await?;
    let mut seen = BTreeSet::new();
    let all = lists.into_iter().flatten();
    Ok(all.filter(|found| seen.insert(found.computation.id.clone())).collect())
}

async fn unfinished_of(client: &Client, capsule: Capsule) -> Result<Vec<Found>, Failure> {
    let path = path(&["api", "v1", capsule.route, &capsule.id, "computations"])?;
    let computations: Vec<ComputationJson> = match client.get(&path, &[]).await {
        Ok(computations) => computations,
        // Deleted since it was found.
        Err(failure) if is_gone(&failure) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let unfinished = computations.into_iter().filter(|computation| !computation.has_ended());
    Ok(unfinished.map(|computation| Found { capsule_name: capsule.name.clone(), computation }).collect())
}

/// Every capsule and pipeline that the token can see.
async fn capsules(client: &Client) -> Result<Vec<Capsule>, Failure> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for route in ROUTES {
        let found = match search(client, route).await {
            Ok(found) => found,
            Err(failure) if route == "pipelines" && is_gone(&failure) => Vec::new(),
            Err(failure) => return Err(failure),
        };
        for CapsuleJson { id, name } in found {
            if seen.insert(id.clone()) {
                all.push(Capsule { route, id, name });
            }
        }
    }
    Ok(all)
}

async fn search(client: &Client, route: &str) -> Result<Vec<CapsuleJson>, Failure> {
    let path = search_path(route)?;
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let request = match &token {
            Some(token) => json!({ "limit": PAGE_SIZE, "next_token": token }),
            None => json!({ "limit": PAGE_SIZE }),
        };
        let page: SearchPage = client.post(&path, &request).await?;
        all.extend(page.results);
        if !page.has_more {
            return Ok(all);
        }
        if page.next_token.is_none() || page.next_token == token {
            return Err(Failure::SamePageAgain);
        }
        token = page.next_token;
    }
    Err(Failure::TooManyPages(MOST_PAGES))
}

struct Capsule {
    route: &'static str,
    id: String,
    name: String,
}

/// An unfinished computation, and where it was found.
struct Found {
    capsule_name: String,
    computation: ComputationJson,
}

impl Found {
    /// A workstation's own name is that of its kind ("Jupyter Lab"); its capsule's is what a person knows it by.
    fn name(&self) -> String {
        format!("{}: {}", self.capsule_name, self.computation.name)
    }

    fn into_session(self) -> Session {
        Session {
            name: self.name(),
            owner: self.computation.owner().to_owned(),
            started_at: self.computation.started_at(),
            id: self.computation.id,
            kind: SessionKind::Workstation,
            unsaved: Unsaved::Unknown,
            last_save: None,
        }
    }

    fn into_computation(self) -> Computation {
        Computation {
            name: self.name(),
            owner: self.computation.owner().to_owned(),
            started_at: self.computation.started_at(),
            id: self.computation.id,
            status: self.computation.state,
        }
    }
}

/// `CapsuleSearchResults` in the client.
#[derive(Deserialize)]
struct SearchPage {
    has_more: bool,
    results: Vec<CapsuleJson>,
    next_token: Option<String>,
}

/// `Capsule` in the client.
#[derive(Deserialize)]
struct CapsuleJson {
    id: String,
    name: String,
}

/// `Computation` in the client.
#[derive(Deserialize)]
struct ComputationJson {
    id: String,
    name: String,
    /// The owner's id; releases that know it give the address beside it.
    owner: Option<String>,
    owner_email: Option<String>,
    created: Option<Number>,
    /// `initializing`, `running`, `finalizing`, `completed` or `failed`.
    state: String,
    cloud_workstation: Option<bool>,
}

impl ComputationJson {
    fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "failed")
    }

    fn is_workstation(&self) -> bool {
        self.cloud_workstation == Some(true)
    }

    fn owner(&self) -> &str {
        self.owner_email.as_deref().or(self.owner.as_deref()).unwrap_or("unknown")
    }

    fn started_at(&self) -> Option<String> {
        let created = self.created.as_ref()?;
        // A fraction of a second is of no interest; the conversion saturates.
        let seconds = created.as_i64().or_else(|| created.as_f64().map(|seconds| seconds as i64))?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
    }
}

//! A platform's own API, as a run sees it: who works, what runs, saving, stopping, telling. What carries it is the
//! `platform` crate's.

use serde::{Deserialize, Serialize};

/// A question to the platform. Asking changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformQuery {
    /// Every session that isn't stopped.
    Sessions,
    /// Every computation that hasn't ended.
    Computations,
    /// Version and health.
    Status,
    /// The banner that users see.
    Banner,
}

/// What the platform answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformObservation {
    /// Answer to [`PlatformQuery::Sessions`].
    Sessions(Vec<Session>),
    /// Answer to [`PlatformQuery::Computations`].
    Computations(Vec<Computation>),
    /// Answer to [`PlatformQuery::Status`].
    Status(PlatformStatus),
    /// Answer to [`PlatformQuery::Banner`]; `None`: there is none.
    Banner(Option<Banner>),
}

/// Somebody's interactive work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The platform's id for it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// What it is.
    pub kind: SessionKind,
    /// Whether stopping it now would lose something.
    pub unsaved: Unsaved,
    /// The last attempt to save it.
    pub last_save: Option<LastSave>,
    /// When it began, as the platform wrote it (RFC 3339).
    pub started_at: Option<String>,
}

/// What a session is; for words only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// Any interactive session.
    Session,
    /// A cloud workstation (Code Ocean).
    CloudWorkstation,
}

/// Whether stopping a session would lose something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsaved {
    /// Everything is saved.
    No,
    /// Something would be lost.
    Yes {
        /// How many files or the like.
        items: u32,
    },
    /// The platform can't tell, so it counts as yes.
    Unknown,
}

/// An attempt to save a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSave {
    /// When, as the platform wrote it.
    pub at: String,
    /// Whether everything was saved.
    pub succeeded: bool,
    /// Why not.
    pub error: Option<String>,
}

/// A computation that hasn't ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computation {
    /// The platform's id for it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// The platform's word for where it stands.
    pub status: String,
    /// When it began, as the platform wrote it.
    pub started_at: Option<String>,
}

/// What the platform says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformStatus {
    /// The release that answers.
    pub version: Option<String>,
    /// How it is.
    pub health: PlatformHealth,
    /// More about it.
    pub detail: Option<String>,
}

/// How a platform is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformHealth {
    /// Well.
    Ok,
    /// Works, not wholly.
    Degraded,
    /// Doesn't work.
    Down,
}

/// A message to every user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// What it says. Text, not markup.
    pub text: String,
    /// How grave it is.
    pub level: BannerLevel,
    /// From when it is shown (RFC 3339); `None`: at once.
    pub from: Option<String>,
    /// Until when it is shown; `None`: until it is cleared.
    pub until: Option<String>,
}

/// How grave a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BannerLevel {
    /// Good to know.
    Info,
    /// Something will happen.
    Warning,
    /// It happens now.
    Critical,
}

/// What the platform can be told. Each is safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformAct {
    /// Begin to save a session; what came of it shows in [`Session::unsaved`] and [`Session::last_save`].
    SaveSession {
        /// Which.
        session_id: String,
    },
    /// Begin to stop a session. One that is gone counts as stopped.
    StopSession {
        /// Which.
        session_id: String,
    },
    /// Begin to stop a computation. One that is gone counts as stopped.
    StopComputation {
        /// Which.
        computation_id: String,
    },
    /// Show a message inside a session.
    Notify {
        /// Which.
        session_id: String,
        /// What it says.
        text: String,
        /// How grave it is.
        level: BannerLevel,
    },
    /// Show a banner, instead of the one that is there.
    SetBanner(Banner),
    /// Show no banner.
    ClearBanner,
}

/// What an adapter can do. A step that needs what it can't is planned away, and the plan says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlatformCapabilities {
    /// Lists and stops sessions.
    pub sessions: bool,
    /// Saves sessions.
    pub save: bool,
    /// Shows messages inside sessions.
    pub notices: bool,
    /// Lists and stops computations.
    pub computations: bool,
    /// Shows a banner.
    pub banner: bool,
    /// Tells version and health.
    pub status: bool,
}

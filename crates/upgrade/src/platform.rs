//! What is asked of a platform's own API, what it showed, and what it can be told to do. AWS knows the machines;
//! only the platform knows who sits in front of them and what they have not saved.
//!
//! Facts and words only. How a platform is reached lives in the crate `platform`; what follows from an answer is
//! decided in the steps. Times are RFC 3339, UTC, as the platform wrote them: they are shown, never compared.

use serde::{Deserialize, Serialize};

/// A question to the platform. Asking changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformQuery {
    /// Every session that has not ended.
    Sessions,
    /// Every computation that has not ended.
    Computations,
    /// Version and health.
    Status,
    /// The banner that users see.
    Banner,
}

/// What the platform showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformObservation {
    /// Answer to [`PlatformQuery::Sessions`].
    Sessions(Vec<Session>),
    /// Answer to [`PlatformQuery::Computations`].
    Computations(Vec<Computation>),
    /// Answer to [`PlatformQuery::Status`].
    Status(PlatformStatus),
    /// Answer to [`PlatformQuery::Banner`]; `None` when there is none.
    Banner(Option<Banner>),
}

/// Somebody's interactive work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// The platform's id of it.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is: a name or address that a person recognizes.
    pub owner: String,
    /// What the platform calls such a thing.
    pub kind: SessionKind,
    /// Whether something would be lost if it ended now.
    pub unsaved: Unsaved,
    /// How the last attempt to save it went; `None` when there was none, or the platform doesn't tell.
    pub last_save: Option<LastSave>,
    /// Since when it runs.
    pub started_at: Option<String>,
}

/// What a session is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SessionKind {
    /// Code Ocean's cloud workstation.
    Workstation,
    /// A session.
    Plain,
}

/// Whether a session holds unsaved work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Unsaved {
    /// Nothing is unsaved.
    No,
    /// Something is.
    Yes {
        /// How many things (files, notebooks, …); zero when the platform doesn't count them.
        items: u32,
    },
    /// The platform can't tell. It must be treated as if something were.
    Unknown,
}

/// An attempt to save a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LastSave {
    pub at: String,
    /// Whether everything was saved.
    pub succeeded: bool,
    /// Why not, in the platform's words.
    pub error: Option<String>,
}

/// A run that nobody sits in front of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Computation {
    /// The platform's id of it.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is: a name or address that a person recognizes.
    pub owner: String,
    /// The platform's word for its state, such as `running`.
    pub status: String,
    /// Since when it runs.
    pub started_at: Option<String>,
}

/// Version and health of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformStatus {
    /// Its version; `None` when its API doesn't tell.
    pub version: Option<String>,
    /// How it says it is.
    pub health: PlatformHealth,
    /// More, in its own words.
    pub detail: Option<String>,
}

/// How a platform says it is. One that does not answer at all is an error, not a health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformHealth {
    /// All is well.
    Ok,
    /// It works, but not all of it.
    Degraded,
    /// It answers, and does not work.
    Down,
}

/// The message that users see before and during maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// What it says.
    pub text: String,
    /// How urgently.
    pub level: BannerLevel,
    /// Shown from then on; `None`: at once.
    pub from: Option<String>,
    /// Shown until then; `None`: until it is cleared.
    pub until: Option<String>,
}

/// How urgent a banner or a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BannerLevel {
    /// Good to know.
    Info,
    /// Something will be interrupted.
    Warning,
    /// Something is being interrupted.
    Critical,
}

/// One act on the platform. Every act is safe to repeat, and says nothing of when it takes effect: that is seen by
/// asking again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformAct {
    /// Ask the platform to save a session. That it was asked is no save: see [`Session::is_saved`].
    SaveSession {
        session_id: String,
    },
    StopSession {
        session_id: String,
    },
    StopComputation {
        computation_id: String,
    },
    /// Show a notice inside a session.
    Notify {
        session_id: String,
        /// What it says.
        text: String,
        /// How urgently.
        level: BannerLevel,
    },
    /// Show a banner to everybody, in place of the one that is shown.
    SetBanner(Banner),
    /// Show no banner.
    ClearBanner,
}

/// What a platform's API can do. A step that needs what it can't is planned away, and the plan says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformCapabilities {
    /// Save a session, and tell whether it is saved.
    pub save: bool,
    /// Show a notice inside a session.
    pub notices: bool,
    /// Show and clear a banner.
    pub banner: bool,
    /// Tell its health, and its version if it has one to tell.
    pub status: bool,
    /// List and stop computations.
    pub computations: bool,
    /// List and stop sessions.
    pub sessions: bool,
}

impl PlatformCapabilities {
    /// Those of no platform at all.
    pub const NONE: PlatformCapabilities = PlatformCapabilities {
        save: false,
        notices: false,
        banner: false,
        status: false,
        computations: false,
        sessions: false,
    };
}

impl Session {
    /// Whether nothing would be lost if it ended now, as far as the platform says: nothing is unsaved, and the last
    /// save, if there was one, succeeded. A save is confirmed or it did not happen.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        let save_failed = self.last_save.as_ref().is_some_and(|save| !save.succeeded);
        match self.unsaved {
            Unsaved::No => !save_failed,
            Unsaved::Yes { .. } | Unsaved::Unknown => false,
        }
    }
}

impl PlatformQuery {
    /// Its name in a [`crate::PortError`].
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            PlatformQuery::Sessions => "platform:Sessions",
            PlatformQuery::Computations => "platform:Computations",
            PlatformQuery::Status => "platform:Status",
            PlatformQuery::Banner => "platform:Banner",
        }
    }
}

impl PlatformAct {
    /// Its name in a [`crate::PortError`].
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            PlatformAct::SaveSession { .. } => "platform:SaveSession",
            PlatformAct::StopSession { .. } => "platform:StopSession",
            PlatformAct::StopComputation { .. } => "platform:StopComputation",
            PlatformAct::Notify { .. } => "platform:Notify",
            PlatformAct::SetBanner(_) => "platform:SetBanner",
            PlatformAct::ClearBanner => "platform:ClearBanner",
        }
    }
}

impl std::fmt::Display for PlatformAct {
    /// One line for a person.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PlatformAct::SaveSession { session_id } => write!(formatter, "save session {session_id}"),
            PlatformAct::StopSession { session_id } => write!(formatter, "stop session {session_id}"),
            PlatformAct::StopComputation { computation_id } => {
                write!(formatter, "stop computation {computation_id}")
            }
            PlatformAct::Notify { session_id, .. } => {
                write!(formatter, "show a notice inside session {session_id}")
            }
            PlatformAct::SetBanner(banner) => write!(formatter, "show the banner \"{}\"", banner.text),
            PlatformAct::ClearBanner => formatter.write_str("clear the banner"),
        }
    }
}

//! A deployment as it stands, in a file that a person may read and share: what a rehearsal starts from.
//!
//! No secret is in it: the value of a NoEcho parameter isn't known to whoever takes it, tokens and addresses of the settings are
//! left out. What could not be looked at is named ([`Snapshot::unread`]).

pub(crate) mod mask;
pub(crate) mod take;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use template::Template;
use upgrade::Timestamp;

use crate::error::CliError;
use crate::files::{self, FileError};

/// The form of the file. A program reads its own alone.
pub const SNAPSHOT_FORMAT: u32 = 1;

/// A deployment as it stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// The deployment's name in the settings.
    pub deployment: String,
    /// When it was looked at; `None`: it is made up from templates.
    pub taken_at: Option<Timestamp>,
    /// Account numbers, physical ids, and who works on what stand for others.
    pub masked: bool,
    pub settings: SettingsSnapshot,
    /// The primary one first.
    pub stacks: Vec<StackSnapshot>,
    pub sessions: Vec<WorkSnapshot>,
    pub computations: Vec<WorkSnapshot>,
    /// What could not be looked at, a sentence each.
    pub unread: Vec<String>,
}

/// What the deployment's owner decided, as far as a rehearsal can keep to it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsSnapshot {
    /// The tables `doors`, `maintenance`, `health` and `accepted` of the deployment and the words `profile` and `gate`, as JSON.
    pub table: serde_json::Map<String, serde_json::Value>,
    /// The text of the profile's file, where it is one.
    pub profile_text: Option<String>,
    /// The platform's adapter, as the settings have it.
    pub adapter: String,
}

/// Which stack it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Primary,
    Backup,
    Role,
}

/// A stack as it stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackSnapshot {
    pub part: Part,
    pub name: String,
    /// Twelve digits.
    pub account_id: String,
    pub region: String,
    /// The template's text.
    pub template: String,
    /// The template that the settings name for a linked stack's next release.
    pub next_template: Option<String>,
    /// Values, without those of NoEcho parameters.
    pub parameters: BTreeMap<String, String>,
    /// NoEcho parameters; a rehearsal makes values up.
    pub secret_parameters: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// Whether CloudFormation works as a role of its own on it.
    pub has_role: bool,
    pub resources: Vec<ResourceSnapshot>,
    /// Its event history, oldest first: how long things took here.
    pub events: Vec<EventSnapshot>,
    pub groups: Vec<GroupSnapshot>,
    pub queues: Vec<QueueSnapshot>,
    pub databases: Vec<DatabaseSnapshot>,
    /// Instances outside of every group.
    pub machines: Vec<MachineSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceSnapshot {
    pub logical_id: String,
    pub physical_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSnapshot {
    /// As AWS writes it.
    pub at: String,
    pub logical_id: String,
    pub resource_type: String,
    pub status: String,
}

/// An Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSnapshot {
    pub logical_id: String,
    pub desired: usize,
    /// New instances are protected from scale-in.
    pub protected: bool,
    /// The least size of its warm pool; `None`: it has none.
    pub warm_pool: Option<usize>,
    pub suspended: Vec<String>,
}

/// A job queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSnapshot {
    pub logical_id: String,
    pub jobs: Vec<WorkSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSnapshot {
    pub logical_id: String,
    /// GiB.
    pub allocated: u64,
    pub engine_version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineSnapshot {
    /// Tags by which the profile finds it.
    pub tags: BTreeMap<String, String>,
}

/// A session, a computation or a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkSnapshot {
    pub name: String,
    pub owner: Option<String>,
    /// How many things are unsaved; `None`: it isn't known, or there is nothing to save.
    pub unsaved: Option<u32>,
}

impl Snapshot {
    /// Read one.
    ///
    /// # Errors
    /// There is no such file, it isn't a snapshot, or another program's.
    pub fn read(path: &Path) -> Result<Snapshot, CliError> {
        let text = files::read_text(path)?;
        let malformed = |error: serde_json::Error| FileError::malformed(path, error);
        let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if format != u64::from(SNAPSHOT_FORMAT) {
            return Err(CliError::bad_input(format!(
                "the snapshot in {} has format {format}, and this program reads {SNAPSHOT_FORMAT}",
                path.display()
            ))
            .hint("take it again with `slackwater snapshot`; nothing was touched"));
        }
        Ok(serde_json::from_value(value).map_err(malformed)?)
    }

    /// A deployment of which nobody knows more than its template and parameters. Values of secret parameters are left out.
    #[must_use]
    pub fn of_template(
        name: &str,
        text: &str,
        template: &Template,
        given: &BTreeMap<String, String>,
    ) -> Snapshot {
        let taken = given.iter().filter(|(key, _)| template.parameters.contains_key(*key));
        let is_secret = |key: &str| template.parameters.get(key).is_some_and(|one| one.no_echo);
        let parameters = taken.filter(|(key, _)| !is_secret(key));
        // One that has a default keeps it.
        let secrets = template
            .parameters
            .values()
            .filter(|one| one.no_echo && (one.default.is_none() || given.contains_key(&one.name)));
        let stack = StackSnapshot {
            part: Part::Primary,
            name: name.to_owned(),
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            template: text.to_owned(),
            next_template: None,
            parameters: parameters.map(|(key, value)| (key.clone(), value.clone())).collect(),
            secret_parameters: secrets.map(|one| one.name.clone()).collect(),
            tags: BTreeMap::new(),
            has_role: false,
            resources: Vec::new(),
            events: Vec::new(),
            groups: Vec::new(),
            queues: Vec::new(),
            databases: Vec::new(),
            machines: Vec::new(),
        };
        Snapshot {
            format: SNAPSHOT_FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            deployment: name.to_owned(),
            taken_at: None,
            masked: false,
            settings: SettingsSnapshot { adapter: "none".to_owned(), ..SettingsSnapshot::default() },
            stacks: vec![stack],
            sessions: Vec::new(),
            computations: Vec::new(),
            unread: vec!["Nothing was looked at: what runs in it is made up.".to_owned()],
        }
    }

    /// The stack of this part.
    #[must_use]
    pub fn stack(&self, part: Part) -> Option<&StackSnapshot> {
        self.stacks.iter().find(|stack| stack.part == part)
    }
}

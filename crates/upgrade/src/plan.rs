//! The plan: everything an upgrade will do, frozen. The executor obeys.

use changeset::estimate::PointOfNoReturn;
use changeset::expect::{AwsAction, Expectation, Expected};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::act::RuleMove;
use crate::checks::CheckResult;
use crate::circumstances::Machine;
use crate::comparison::Change;
use crate::door::PlannedDoor;
use crate::facts::Facts;
use crate::observation::{Job, LogicalResource};
use crate::platform::{Computation, PlatformCapabilities, Session};
use crate::policy::{Announcement, HealthPolicy, MaintenancePolicy};
use crate::state::{Before, Maintenance};
use crate::step::{Ends, Step};
use crate::version::VersionSource;

/// Version of the plan's format. 1: the first. 2: linked stacks, policies, health, the way back, checks. 3: change sets
/// with details that have parts and with what becomes of old resources; checks that are accepted one by one; the maintenance that was found.
/// 4: the location of the deployment's state; whether maintenance is left without it. 5: what can't be ended is looked for
/// before the gate closes. 6: every way in, each with what becomes of it; platforms without a gate. 7: ECS services.
pub const PLAN_FORMAT: u32 = 7;

/// What a run will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_FORMAT`] of the writer.
    pub format: u32,
    /// The run that will carry it out: letters, digits and hyphens. Also the stack operation's
    /// ClientRequestToken and the tag of what the run makes.
    pub run_id: String,
    /// The deployment's name, as the operator knows it.
    pub deployment: String,
    /// Where the deployment's state is, as people name it and as notes carry it: `s3://bucket/prefix`, or `HOST:/path` for a
    /// data directory; empty: nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Maintenance is left though the deployment's state can't be read: whoever entered it may go on acting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_without_state: bool,
    pub kind: RunKind,
    /// The primary stack's name.
    pub stack_name: String,
    /// The primary stack's id.
    pub stack_id: String,
    /// The profile that found the targets.
    pub profile: String,
    /// Where templates of that profile tell their version; none: in metadata whose key ends in `::VersionInfo`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub version_sources: Vec<VersionSource>,
    /// The deployed release's version, when its template tells it.
    pub from_version: Option<String>,
    /// The new release's version, when its template tells it.
    pub to_version: Option<String>,
    /// The stack updates, in the order in which they are made; the primary stack's is the last. None when maintenance
    /// is entered or left by itself.
    pub updates: Vec<StackUpdate>,
    /// The primary stack's update back to what it had, for a platform that isn't healthy afterwards. Made only when a
    /// person, or the health policy, says so.
    pub way_back: Option<StackUpdate>,
    /// What the updates' templates bring in from elsewhere, as it was when the plan was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
    /// What the updates' templates bring in that this plan can't hold to what it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpinned: Vec<UnpinnedPiece>,
    /// What maintenance touches.
    pub targets: Targets,
    /// Every way in, and what becomes of each: the gate.
    pub doors: Vec<PlannedDoor>,
    /// The owner says that there is no gate: work is stopped, and nobody is kept out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gateless: bool,
    /// How users are told, and when the gate closes.
    pub announcement: Announcement,
    /// How each kind of workload is treated.
    pub maintenance: MaintenancePolicy,
    /// What the platform's own API can do; what it can't isn't among the steps.
    pub platform: PlatformCapabilities,
    /// Snapshots that are taken before the update.
    pub snapshots: Vec<PlannedSnapshot>,
    /// What proves the platform healthy.
    pub health: HealthPolicy,
    /// How everything was before: how healthy it was, and what the journal of an earlier run knows that entered the
    /// maintenance in which the deployment is.
    pub before: Before,
    /// The maintenance in which the deployment was found: an upgrade uses it, and ends it when it succeeds.
    pub found: Option<Maintenance>,
    /// What it stands on: looked at again before the gate closes, and before the update. Empty for maintenance by itself,
    /// which looks at everything as it goes.
    pub stands_on: Facts,
    /// The checks and their results, as they were when the plan was made.
    pub checks: Vec<CheckResult>,
    /// Checks and replacements that the operator accepted.
    pub accepted: Vec<Acceptance>,
    /// What the update may cost, the gravest first.
    pub risks: Vec<PlannedRisk>,
    /// The least IAM policy of the updates, JSON.
    pub permissions: String,
    /// Who and what was at work when the plan was made.
    pub at_work: AtWork,
    /// Every step in order.
    pub steps: Vec<PlannedStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// Maintenance, updates, health, and out again.
    Upgrade,
    /// Into maintenance, and no further.
    EnterMaintenance,
    /// Out of maintenance.
    LeaveMaintenance,
}

/// Which update of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UpdateKind {
    /// The backup stack's, often in another account or Region.
    BackupStack,
    /// The deployment role's stack's.
    RoleStack,
    /// The platform's own.
    Primary,
    /// The platform's own, back to what it had.
    WayBack,
}

impl UpdateKind {
    pub const ALL: [UpdateKind; 4] =
        [UpdateKind::BackupStack, UpdateKind::RoleStack, UpdateKind::Primary, UpdateKind::WayBack];

    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            UpdateKind::BackupStack => "backup stack",
            UpdateKind::RoleStack => "deployment role stack",
            UpdateKind::Primary => "stack",
            UpdateKind::WayBack => "stack, back to the previous release",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackUpdate {
    pub kind: UpdateKind,
    pub stack_name: String,
    pub stack_id: String,
    /// The deployed release's version, when its template tells it.
    pub from_version: Option<String>,
    /// The new release's version, when its template tells it.
    pub to_version: Option<String>,
    /// What is asked of CloudFormation.
    pub proposal: Proposal,
    /// The change set we expect AWS to make of it (plain mode).
    pub predicted: Vec<Change>,
    /// What we expect to really happen, and why.
    pub expected: Vec<ExpectedChange>,
    /// How long it takes until UPDATE_COMPLETE, in seconds: an estimate from published averages and assumptions.
    #[serde(default)]
    pub estimated_seconds: u64,
    /// From where on a rollback can't bring back what was; `None` where nothing of it is known to be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_of_no_return: Option<PointOfNoReturn>,
}

/// Something that CloudFormation reads while it carries an update out, beside the template itself: a nested stack's
/// template, a snippet of `AWS::Include`. An approval is of its contents too, so it is read again and compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Whose template brings it in: it is read with that stack's rights.
    pub update: UpdateKind,
    /// Such as `nested stack Network/Subnets`.
    pub what: String,
    /// Where it is, without a signature.
    pub url: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// Something that an update brings in and that nobody can look at beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnpinnedPiece {
    /// Whose template brings it in.
    pub update: UpdateKind,
    /// Such as `application Logging`.
    pub what: String,
    /// Why it can't be looked at.
    pub why: String,
}

/// A snapshot that is taken before the update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSnapshot {
    /// Of what.
    pub kind: SnapshotKind,
    /// The resource's name in the template.
    pub logical_id: String,
    /// DBInstanceIdentifier or volume id.
    pub source_id: String,
    /// The snapshot's name: DBSnapshotIdentifier, or an EBS snapshot's tag `Name`.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// An RDS database instance.
    Database,
    /// An EBS volume.
    Volume,
}

/// Something that the operator accepted, to be found later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Acceptance {
    /// A check's id, or the logical id of a resource whose replacement is accepted.
    pub what: String,
    pub who: String,
    pub why: String,
    /// Of a check that is accepted by itself: its warnings, as they were read. Empty: whatever it warns of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
}

impl Acceptance {
    /// Whether this is somebody's yes to what the check says now.
    #[must_use]
    pub fn covers(&self, check: &CheckResult) -> bool {
        self.what == check.id && (self.of.is_empty() || self.of == check.warnings)
    }
}

/// A danger of the update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedRisk {
    pub update: UpdateKind,
    /// Its kind, in a few words.
    pub kind: String,
    /// False when it depends on something that only AWS knows.
    pub certain: bool,
    /// The resource, where it is one.
    pub logical_id: Option<String>,
    /// Why, in a sentence.
    pub because: String,
}

/// Who and what was at work when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AtWork {
    pub sessions: Vec<Session>,
    pub computations: Vec<Computation>,
    /// Unfinished jobs.
    pub jobs: Vec<Job>,
    /// Instances of worker groups.
    pub worker_instances: usize,
    /// Tasks of ECS services.
    #[serde(default)]
    pub service_tasks: usize,
    pub dedicated_machines: Vec<Machine>,
}

/// What we expect to really happen to a resource; AWS's own words may differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExpectedChange {
    /// The resource's name in the template.
    pub logical_id: String,
    pub resource_type: String,
    /// What will happen to it.
    pub expected: Fate,
    /// What AWS says without property values, such as `Modify, replacement Conditional`; `None`: nothing.
    pub aws_plain: Option<String>,
    /// What AWS says with property values.
    pub aws_values: Option<String>,
    /// Whether one of AWS's two answers is something else than what we expect.
    pub differs_from_aws: bool,
    /// Why, in short sentences.
    pub because: Vec<String>,
}

impl ExpectedChange {
    /// An expectation as a plan keeps it.
    #[must_use]
    pub fn from_expectation(expectation: &Expectation) -> ExpectedChange {
        ExpectedChange {
            logical_id: expectation.logical_id.clone(),
            resource_type: expectation.resource_type.clone(),
            expected: match expectation.expected {
                Expected::Unchanged => Fate::Unchanged,
                Expected::MayBeUpdated => Fate::MayBeUpdated,
                Expected::UpdatedInPlace => Fate::UpdatedInPlace,
                Expected::InstancesReplaced => Fate::InstancesReplaced,
                Expected::MayBeReplaced => Fate::MayBeReplaced,
                Expected::Replaced => Fate::Replaced,
                Expected::Added => Fate::Added,
                Expected::Removed => Fate::Removed,
                Expected::Fails => Fate::Fails,
            },
            aws_plain: expectation.aws_plain.map(in_words),
            aws_values: expectation.aws_values.map(in_words),
            differs_from_aws: expectation.differs(),
            because: expectation.because.iter().map(ToString::to_string).collect(),
        }
    }
}

fn in_words(said: AwsAction) -> String {
    match said.replacement {
        Some(replacement) => format!("{}, replacement {}", said.action.word(), replacement.word()),
        None => said.action.word().to_owned(),
    }
}

/// What happens to a resource; the order is the order in which a person must mind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Fate {
    /// The update fails here.
    Fails,
    /// It leaves the stack.
    Removed,
    Replaced,
    /// Perhaps replaced.
    MayBeReplaced,
    /// The group stays; its instances are replaced in batches.
    InstancesReplaced,
    /// Made.
    Added,
    /// Changed in place.
    UpdatedInPlace,
    /// Perhaps changed in place.
    MayBeUpdated,
    /// Nothing, though AWS may list it.
    Unchanged,
}

impl Fate {
    /// For a person.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fate::Fails => "fails",
            Fate::Removed => "removed",
            Fate::Replaced => "replaced",
            Fate::MayBeReplaced => "perhaps replaced",
            Fate::InstancesReplaced => "instances replaced",
            Fate::Added => "added",
            Fate::UpdatedInPlace => "changed in place",
            Fate::MayBeUpdated => "perhaps changed",
            Fate::Unchanged => "unchanged",
        }
    }
}

/// What is asked of CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub change_set_name: String,
    /// Where the new template is.
    pub template_url: String,
    /// SHA-256 of the new template's bytes, hex.
    pub template_sha256: String,
    /// Every parameter of the new template that is not left to its default.
    pub parameters: Vec<ParameterSetting>,
    /// Acknowledged capabilities.
    pub capabilities: Vec<String>,
    /// The role that CloudFormation assumes; `None`: the one the stack has, or the caller's own rights.
    pub role_arn: Option<String>,
    /// The stack's tags afterwards; `None`: those it has.
    pub tags: Option<Vec<(String, String)>>,
    /// SNS topics for the stack's events; `None`: those it has.
    pub notification_arns: Option<Vec<String>>,
    /// ARNs of CloudWatch alarms that roll the update back; `None`: those it has.
    pub rollback_triggers: Option<Vec<String>>,
    /// For how many minutes after the update those alarms are watched; `None`: as the stack has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_minutes: Option<u64>,
}

/// A parameter as it is sent. A NoEcho parameter is only ever `None`: its value is never in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterSetting {
    /// The parameter's name.
    pub key: String,
    /// The new value; `None`: the previous value.
    pub value: Option<String>,
}

/// What maintenance touches, by name in the template and id in the account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Targets {
    pub listeners: Vec<LogicalResource>,
    /// Target groups that serve users' pages.
    pub target_groups: Vec<LogicalResource>,
    /// Batch job queues.
    pub job_queues: Vec<LogicalResource>,
    /// Auto Scaling groups of workers.
    pub worker_groups: Vec<LogicalResource>,
    /// Amazon ECS services that work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ecs_services: Vec<LogicalResource>,
    /// Amazon ECS services that serve users' pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serving_services: Vec<LogicalResource>,
    /// CloudWatch alarms.
    pub alarms: Vec<LogicalResource>,
    /// RDS database instances.
    pub databases: Vec<LogicalResource>,
    /// EBS volumes that hold data.
    pub volumes: Vec<LogicalResource>,
    /// Tags that a machine outside of every group carries, all of them, each with its value where one is wanted.
    pub dedicated_machine_tags: Vec<(String, Option<String>)>,
}

impl Targets {
    /// Everything that has a name in the template.
    pub fn all(&self) -> impl Iterator<Item = &LogicalResource> {
        let work = [&self.job_queues, &self.worker_groups, &self.ecs_services, &self.serving_services];
        let rest = [&self.listeners, &self.target_groups, &self.alarms, &self.databases, &self.volumes];
        rest.into_iter().chain(work).flatten()
    }

    /// The same lists, to be written anew.
    pub(crate) fn lists_mut(&mut self) -> [&mut Vec<LogicalResource>; 9] {
        let Targets {
            listeners,
            target_groups,
            job_queues,
            worker_groups,
            ecs_services,
            serving_services,
            alarms,
            databases,
            volumes,
            dedicated_machine_tags: _,
        } = self;
        [
            listeners,
            target_groups,
            job_queues,
            worker_groups,
            ecs_services,
            serving_services,
            alarms,
            databases,
            volumes,
        ]
    }
}

/// The rules on one listener that show everybody the maintenance page, allow-listed addresses aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Before every rule of the platform: 1 to 50000, lower first.
    pub priority: i32,
    /// 503.
    pub status_code: u16,
    /// `text/html` or `text/plain`.
    pub content_type: String,
    /// At most 1,024 bytes (ELB's limit for fixed responses).
    pub body: String,
    /// Addresses that pass (CIDR blocks).
    pub admitted: Vec<String>,
    /// How they pass: copies of the platform's own rules, before the gate's, in the platform's order.
    pub admitting_rules: Vec<AdmittingRule>,
    /// The platform's own rules that make room for it, and take their places again when it opens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub makes_room: Vec<RuleMove>,
}

/// A copy of one of the platform's rules, for allow-listed addresses only (ELB knows no "not this address").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmittingRule {
    pub priority: i32,
    /// The ARN of the rule that it is a copy of.
    pub copy_of: String,
    /// The addresses of this copy: a rule has room for 5 condition values in all, so there may be several copies.
    pub addresses: Vec<String>,
}

/// A step with its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    pub step: Step,
    /// It has failed when it takes longer than this many seconds; `None`: as long as CloudFormation takes.
    pub deadline_seconds: Option<u64>,
    /// Milliseconds between looks while it waits.
    pub poll_milliseconds: u64,
}

impl Plan {
    /// SHA-256 over all of it, hex. Approval is of this.
    #[must_use]
    pub fn sha256(&self) -> String {
        // A plan holds only text, numbers and lists of them: writing it as JSON cannot fail. Were it ever
        // to, the hash of nothing approves nothing.
        let json = serde_json::to_vec(self).unwrap_or_default();
        sha256_of(&json)
    }

    /// The limits of a step: the plan's, or the usual ones for a step that isn't on the straight way.
    #[must_use]
    pub fn planned(&self, step: Step) -> PlannedStep {
        self.steps.iter().find(|planned| planned.step == step).copied().unwrap_or_else(|| step.usual())
    }

    /// How many seconds a step may take, by the plan or by its policies, before it has failed or is ended by force;
    /// `None`: as long as it takes.
    #[must_use]
    pub fn deadline_seconds(&self, planned: &PlannedStep) -> Option<u64> {
        let policy = &self.maintenance;
        planned.deadline_seconds.or(match planned.step.rules().ends {
            Ends::Drain(of) | Ends::DrainOfWork(of) => of(policy).limit_seconds(),
            Ends::AtHealthDeadline => Some(self.health.deadline_seconds),
            Ends::After(_) | Ends::ByItself | Ends::AtWindow | Ends::WhenSettled => None,
        })
    }

    /// A stack update of this plan.
    #[must_use]
    pub fn update(&self, kind: UpdateKind) -> Option<&StackUpdate> {
        self.updates.iter().chain(&self.way_back).find(|update| update.kind == kind)
    }

    /// The gate's rules on the listeners that are closed, each with its listener's ARN.
    pub fn gates(&self) -> impl Iterator<Item = (&str, &Gate)> {
        self.doors.iter().filter_map(|door| Some((door.listener.physical_id.as_str(), door.gate()?)))
    }

    /// A listener for a person: its name in the template, with its place; its ARN where the plan doesn't know it.
    #[must_use]
    pub fn door_name(&self, listener_arn: &str) -> String {
        let known = self.doors.iter().find(|door| door.listener.physical_id == listener_arn);
        known.map_or_else(|| listener_arn.to_owned(), PlannedDoor::name)
    }

    /// Addresses that pass the closed gate (CIDR blocks).
    #[must_use]
    pub fn admitted(&self) -> &[String] {
        self.gates().next().map_or(&[], |(_, gate)| gate.admitted.as_slice())
    }

    #[must_use]
    pub fn primary(&self) -> Option<&StackUpdate> {
        self.update(UpdateKind::Primary)
    }

    /// The token that marks an update's events on its stack.
    #[must_use]
    pub fn token(&self, kind: UpdateKind) -> String {
        match kind {
            UpdateKind::BackupStack | UpdateKind::RoleStack | UpdateKind::Primary => self.run_id.clone(),
            UpdateKind::WayBack => format!("{}-back", self.run_id),
        }
    }
}

/// SHA-256 of contents, lower-case hex: what a plan pins a template by.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

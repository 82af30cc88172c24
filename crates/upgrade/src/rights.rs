//! What Slackwater's own principal must be allowed: the one table of the actions that it asks of AWS, for which purpose, on
//! what, and why. The policy that it prints and the actions that a plan has simulated are both made of it.
//!
//! What an action is checked on is the Service Authorization Reference's word, a page a service
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>).
//! An action for which it names no resource type is allowed on `*`; there is no other `*`.
//!
//! What CloudFormation does with the stack's resources is none of it: that is the stack's role's, or, where it has none, a right
//! that the principal needs besides ([`crate::actions_of_role`]).

mod scope;
mod table;

use serde_json::{Map, Value, json};

use crate::plan::Targets;

pub use table::{ASKED_IN_WANT, ASKED_WITHOUT_RIGHT, NO_RUN_WAITS_FOR, NOT_FOR_A_DEPLOYMENT, TOPICS};

/// What a principal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// `check` and `plan`: to look, and to keep copies of templates.
    Plan,
    /// `maintenance enable`, `disable` and `status`.
    Maintenance,
    /// `upgrade` and all that belongs to it: planning, maintenance, the updates.
    Upgrade,
    /// What the panel and `status` show; what is done in the panel takes the rights of what is done.
    Panel,
}

impl Purpose {
    pub const ALL: [Purpose; 4] = [Purpose::Plan, Purpose::Maintenance, Purpose::Upgrade, Purpose::Panel];

    /// As people name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Plan => "plan",
            Purpose::Maintenance => "maintenance",
            Purpose::Upgrade => "upgrade",
            Purpose::Panel => "panel",
        }
    }
}

/// An action and what it is needed for.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    /// Such as `batch:TerminateJob`.
    pub action: &'static str,
    pub purposes: &'static [Purpose],
}

/// Actions that are needed for one reason on the same things.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// The statement's `Sid`.
    pub sid: &'static str,
    /// Why, for whoever has to allow it.
    pub because: &'static str,
    pub on: On,
    pub rights: &'static [Right],
}

/// What actions are checked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum On {
    /// The reference names no resource type. It is asked only where there is such a thing.
    Everything(When),
    /// The primary stack, and stacks nested in it.
    PrimaryStack,
    /// Stacks that are updated before it.
    LinkedStacks,
    /// All of them.
    AllStacks,
    /// Change sets of all of them, by our names.
    ChangeSets,
    /// Those change sets themselves, where an action is checked on them and not on their stack.
    OwnChangeSets,
    /// The role that is handed to CloudFormation.
    PassedRoles,
    /// Listeners that the gate closes.
    Listeners,
    /// Their rules.
    ListenerRules,
    /// The same, where rules of the platform make room.
    RulesMakingRoom,
    JobQueues,
    /// Notes on them.
    NotesOnJobQueues,
    /// Which jobs there will be nobody knows.
    Jobs,
    WorkerGroups,
    NotesOnWorkerGroups,
    /// Instances of worker groups, and machines by their tags.
    Machines,
    /// Notes on instances of worker groups.
    NotesOnInstances,
    EcsServices,
    /// Those that work, and those that serve.
    AllEcsServices,
    NotesOnEcsServices,
    /// Tasks of the services' clusters.
    Tasks,
    /// Container instances of the services' clusters: what ListTasks is checked on.
    ContainerInstances,
    /// CloudWatch checks DescribeAlarms on all alarms, whichever are named.
    AllAlarms,
    Alarms,
    /// Those that maintenance mutes.
    MutedAlarms,
    NotesOnAlarms,
    /// Every database instance: also a name that a release would take.
    Databases,
    /// Databases, and the snapshots that are made of them.
    DatabaseSnapshots,
    /// The snapshots alone.
    SnapshotsOfDatabases,
    /// Volumes, and the snapshots that are made of them.
    VolumeSnapshots,
    /// Tags of a snapshot, as it is made.
    TagsOfVolumeSnapshots,
    BackupVaults,
    /// The principal itself.
    Itself,
    /// The principal, and the role that the stack has.
    ItselfAndTheStacksRole,
    /// Quotas of what a release may add.
    Quotas,
    /// Roles, profiles, users, of whose names a release might take one.
    RoleNames,
    ProfileNames,
    UserNames,
    QueueNames,
    /// Copies of templates under their hashes.
    TemplateCopies,
    /// Templates elsewhere in S3 that the settings name.
    NamedTemplates,
    /// Claim and journals.
    State,
    /// Their bucket, listed below the state's prefix.
    StateKeys,
    /// Their bucket.
    StateBucket,
    Topics,
}

/// Where an action that knows no resource is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    Always,
    /// There is a stack whose workloads and ways in are looked at.
    Primary,
    HasQueues,
    HasGroups,
    HasMachines,
    SnapshotsVolumes,
    HasTargetGroups,
}

/// What is known of a deployment, as far as one principal reaches it.
#[derive(Debug, Clone, Default)]
pub struct Grounds {
    /// Such as `aws`.
    pub partition: String,
    pub region: String,
    pub account_id: String,
    /// The primary stack's name, where it is reached so.
    pub primary_stack: Option<String>,
    /// Names of linked stacks that are reached so.
    pub linked_stacks: Vec<String>,
    /// Stacks are nested in the primary one.
    pub has_nested: bool,
    /// What maintenance touches, in the primary stack.
    pub targets: Targets,
    /// ARNs of the listeners that the gate closes.
    pub listener_arns: Vec<String>,
    /// Rules of the platform make room for the gate's.
    pub makes_room: bool,
    /// Maintenance mutes the stack's alarms.
    pub mutes_alarms: bool,
    /// Databases are copied before an update.
    pub snapshots_databases: bool,
    /// Volumes are.
    pub snapshots_volumes: bool,
    /// The roles that the stacks have.
    pub stack_roles: Vec<String>,
    /// The role that an upgrade names, ARN.
    pub passed_roles: Vec<String>,
    /// Whose policy it is: a role's ARN or a user's; `None`: nobody said.
    pub principal: Option<String>,
    /// The bucket that a plan's templates are copied to.
    pub template_buckets: Vec<String>,
    /// ARNs of objects that the settings name as templates.
    pub template_objects: Vec<String>,
    /// Bucket, and prefix that is empty or ends with `/`.
    pub state: Option<(String, String)>,
    /// SNS topics that are told of runs, ARNs.
    pub topics: Vec<String>,
}

/// One condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Such as `StringEquals`.
    pub operator: &'static str,
    /// Such as `iam:PassedToService`.
    pub key: String,
    pub values: Vec<String>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub sid: String,
    pub because: &'static str,
    pub actions: Vec<&'static str>,
    /// ARNs, with `*` in them where a part isn't known; or `*` alone.
    pub resources: Vec<String>,
    pub conditions: Vec<Condition>,
}

/// Which names of resources are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Names {
    /// Those that they have.
    AsTheyAre,
    /// What an update leaves of them.
    Lasting,
}

/// The statements of the least policy for a purpose.
#[must_use]
pub fn statements(purpose: Purpose, grounds: &Grounds) -> Vec<Statement> {
    let names = if purpose == Purpose::Upgrade { Names::Lasting } else { Names::AsTheyAre };
    named_statements(purpose, names, grounds)
}

fn named_statements(purpose: Purpose, names: Names, grounds: &Grounds) -> Vec<Statement> {
    let mut statements = Vec::new();
    for topic in TOPICS {
        let wanted = topic.rights.iter().filter(|right| right.purposes.contains(&purpose));
        let actions: Vec<&'static str> = wanted.map(|right| right.action).collect();
        if actions.is_empty() {
            continue;
        }
        for (number, scope) in scope::scopes(topic.on, names, grounds).into_iter().enumerate() {
            let number = if number == 0 { String::new() } else { (number + 1).to_string() };
            statements.push(Statement {
                sid: format!("{}{number}", topic.sid),
                because: topic.because,
                actions: actions.clone(),
                resources: scope.resources,
                conditions: scope.conditions,
            });
        }
    }
    statements
}

/// What IAM's simulation is asked: actions on resources, under these condition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub actions: Vec<String>,
    /// ARNs; none: `*`.
    pub resources: Vec<String>,
    pub context: Vec<(String, Vec<String>)>,
}

impl Asked {
    /// Actions wherever they may be done.
    #[must_use]
    pub fn everywhere(actions: impl IntoIterator<Item = String>) -> Asked {
        let actions = actions.into_iter().collect();
        Asked { actions, resources: Vec::new(), context: Vec::new() }
    }
}

/// What an upgrade asks of its principal on what is there now, and no plan does. Whatever a plan needs shows in planning.
#[must_use]
pub fn asked_of_caller(grounds: &Grounds) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    for statement in named_statements(Purpose::Upgrade, Names::AsTheyAre, grounds) {
        let Statement { sid: _, because: _, actions, resources, conditions } = statement;
        let mut actions = actions.into_iter().filter(|action| is_act(action)).map(str::to_owned).peekable();
        if actions.peek().is_none() {
            continue;
        }
        let context = conditions.into_iter().map(|condition| (condition.key, condition.values)).collect();
        match asked.iter_mut().find(|known| known.resources == resources && known.context == context) {
            Some(known) => known.actions.extend(actions),
            None => asked.push(Asked { actions: actions.collect(), resources, context }),
        }
    }
    asked
}

/// Whether an action is what a run does, and no plan needs.
#[must_use]
pub fn is_act(action: &str) -> bool {
    if NO_RUN_WAITS_FOR.contains(&action) {
        return false;
    }
    let mut rights = TOPICS.iter().flat_map(|topic| topic.rights).filter(|right| right.action == action);
    rights.clone().next().is_some() && !rights.any(|right| right.purposes.contains(&Purpose::Plan))
}

/// Whether the principal itself is asked for an action, whatever CloudFormation does with the stack's resources.
#[must_use]
pub fn is_ours(action: &str) -> bool {
    TOPICS.iter().flat_map(|topic| topic.rights).any(|right| right.action == action)
}

/// The policy document of statements.
#[must_use]
pub fn policy_document(statements: &[Statement]) -> Value {
    let statements: Vec<Value> = statements.iter().map(Statement::to_json).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

impl Statement {
    fn to_json(&self) -> Value {
        let Statement { sid, because: _, actions, resources, conditions } = self;
        let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources});
        let mut operators = Map::new();
        for Condition { operator, key, values } in conditions {
            let keys = operators.entry((*operator).to_owned()).or_insert_with(|| json!({}));
            keys[key.as_str()] = json!(values);
        }
        if !operators.is_empty() {
            statement["Condition"] = Value::Object(operators);
        }
        statement
    }
}

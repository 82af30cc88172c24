//! From what is known of a deployment to the resources and conditions of statements. ARNs have the forms of the reference's
//! tables "Resource types".

use super::{Condition, Grounds, Names, On, When};
use crate::observation::LogicalResource;

/// What notes are written under; the only tag that is written on what is the platform's.
const NOTE_TAG: &str = "slackwater:before";
/// What everything is marked with that maintenance makes.
const RUN_TAG: &str = "slackwater:run-id";
/// What Auto Scaling writes on the instances of its groups.
const GROUP_TAG: &str = "aws:ResourceTag/aws:autoscaling:groupName";
/// What the names of our change sets and snapshots begin with.
const OWN_NAMES: &str = "slackwater-";
/// Codes of Service Quotas: VPCs, internet gateways, Elastic IPs, security groups.
const QUOTAS: [&str; 4] = ["vpc/L-F678F1CE", "vpc/L-A4707A72", "ec2/L-0263D0A3", "vpc/L-E79EC296"];

/// Where something may be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Scope {
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<Condition>,
}

impl Scope {
    fn with(mut self, operator: &'static str, key: impl Into<String>, values: Vec<String>) -> Scope {
        self.conditions.push(Condition { operator, key: key.into(), values });
        self
    }

    /// No tag but our note.
    fn notes(self) -> Scope {
        self.with("ForAllValues:StringEquals", "aws:TagKeys", vec![NOTE_TAG.to_owned()])
    }
}

/// A scope for each set of conditions; none where the deployment has nothing of the kind.
pub(super) fn scopes(on: On, names: Names, grounds: &Grounds) -> Vec<Scope> {
    let scopes = match on {
        On::Machines => machines(grounds, names),
        other => vec![scope(other, names, grounds)],
    };
    scopes.into_iter().filter(|scope| !scope.resources.is_empty()).collect()
}

fn scope(on: On, lasting: Names, grounds: &Grounds) -> Scope {
    let arn = |service: &str, resource: &str| grounds.arn(service, resource);
    let on_these = |resources: Vec<String>| Scope { resources, conditions: Vec::new() };
    let one = |resource: String| on_these(vec![resource]);
    let where_primary = |scope: Scope| if grounds.primary_stack.is_some() { scope } else { Scope::default() };
    let targets = &grounds.targets;
    let names = |service: &str, prefix: &str, resources: &[LogicalResource]| {
        let named = resources.iter().map(|resource| name(resource, lasting));
        on_these(named.map(|name| arn(service, &format!("{prefix}{name}"))).collect())
    };
    let groups = || names("autoscaling", "autoScalingGroup:*:autoScalingGroupName/", &targets.worker_groups);
    let arns = |resources: &[LogicalResource]| {
        on_these(resources.iter().map(|resource| name(resource, lasting)).collect())
    };
    let snapshot = || format!("arn:{}:ec2:{}::snapshot/*", grounds.partition, grounds.region);
    let database_snapshots = || arn("rds", &format!("snapshot:{OWN_NAMES}*"));
    let some = |wanted: bool, scope: Scope| if wanted { scope } else { Scope::default() };
    match on {
        On::Everything(when) => some(grounds.has(when), one("*".to_owned())),
        On::PrimaryStack => on_these(grounds.primary_stack_arns()),
        On::LinkedStacks => on_these(grounds.linked_stack_arns()),
        On::AllStacks => on_these(grounds.stack_arns()),
        On::ChangeSets => {
            let ours = vec![format!("{OWN_NAMES}*")];
            on_these(grounds.stack_arns()).with("StringLike", "cloudformation:ChangeSetName", ours)
        }
        On::OwnChangeSets => {
            let own = one(arn("cloudformation", &format!("changeSet/{OWN_NAMES}*/*")));
            some(!grounds.stack_arns().is_empty(), own)
        }
        On::PassedRoles => {
            let to = vec!["cloudformation.amazonaws.com".to_owned()];
            on_these(grounds.passed_roles.clone()).with("StringEquals", "iam:PassedToService", to)
        }
        On::Listeners => on_these(grounds.listeners(lasting, "listener/")),
        On::ListenerRules => on_these(grounds.listeners(lasting, "listener-rule/")).with(
            "ForAllValues:StringEquals",
            "aws:TagKeys",
            vec![NOTE_TAG.to_owned(), RUN_TAG.to_owned()],
        ),
        On::RulesMakingRoom => {
            some(grounds.makes_room, on_these(grounds.listeners(lasting, "listener-rule/"))).notes()
        }
        On::JobQueues => arns(&targets.job_queues),
        On::NotesOnJobQueues => arns(&targets.job_queues).notes(),
        On::Jobs => some(!targets.job_queues.is_empty(), one(arn("batch", "job/*"))),
        On::WorkerGroups => groups(),
        On::NotesOnWorkerGroups => groups().notes(),
        On::NotesOnInstances => of_groups(grounds, lasting).map(Scope::notes).unwrap_or_default(),
        On::Machines => Scope::default(),
        On::EcsServices => arns(&targets.ecs_services),
        On::AllEcsServices => {
            let all = targets.ecs_services.iter().chain(&targets.serving_services);
            on_these(all.map(|service| name(service, lasting)).collect())
        }
        On::NotesOnEcsServices => arns(&targets.ecs_services).notes(),
        On::Tasks => on_these(grounds.in_clusters("task")),
        On::ContainerInstances => on_these(grounds.in_clusters("container-instance")),
        On::AllAlarms => some(!targets.alarms.is_empty(), one(arn("cloudwatch", "alarm:*"))),
        On::Alarms => names("cloudwatch", "alarm:", &targets.alarms),
        On::MutedAlarms => some(grounds.mutes_alarms, names("cloudwatch", "alarm:", &targets.alarms)),
        On::NotesOnAlarms => {
            some(grounds.mutes_alarms, names("cloudwatch", "alarm:", &targets.alarms)).notes()
        }
        On::Databases => where_primary(one(arn("rds", "db:*"))),
        On::DatabaseSnapshots => {
            let mut scope = some(grounds.snapshots_databases, names("rds", "db:", &targets.databases));
            if !scope.resources.is_empty() {
                scope.resources.push(database_snapshots());
            }
            scope
        }
        On::SnapshotsOfDatabases => {
            some(grounds.snapshots_databases && !targets.databases.is_empty(), one(database_snapshots()))
        }
        On::VolumeSnapshots => {
            let volumes = targets.volumes.iter().filter(|_| grounds.snapshots_volumes);
            let mut resources: Vec<String> =
                volumes.map(|one| arn("ec2", &format!("volume/{}", one.physical_id))).collect();
            if !resources.is_empty() {
                resources.push(snapshot());
            }
            on_these(resources)
        }
        On::TagsOfVolumeSnapshots => some(grounds.has(When::SnapshotsVolumes), one(snapshot())).with(
            "StringEquals",
            "ec2:CreateAction",
            vec!["CreateSnapshot".to_owned()],
        ),
        On::BackupVaults => where_primary(one(arn("backup", "backup-vault:*"))),
        On::Itself => {
            let is_role = |principal: &&String| principal.contains(":role/");
            on_these(grounds.principal.iter().filter(is_role).cloned().collect())
        }
        On::ItselfAndTheStacksRole => {
            let itself = match &grounds.principal {
                Some(principal) => vec![principal.clone()],
                None => vec![grounds.iam_arn("role/*"), grounds.iam_arn("user/*")],
            };
            let roles = grounds.stack_roles.iter().chain(&grounds.passed_roles).cloned();
            on_these(itself.into_iter().chain(roles).collect())
        }
        On::Quotas => {
            where_primary(on_these(QUOTAS.iter().map(|quota| arn("servicequotas", quota)).collect()))
        }
        On::RoleNames => where_primary(one(grounds.iam_arn("role/*"))),
        On::ProfileNames => where_primary(one(grounds.iam_arn("instance-profile/*"))),
        On::UserNames => where_primary(one(grounds.iam_arn("user/*"))),
        On::QueueNames => where_primary(one(arn("sqs", "*"))),
        On::TemplateCopies => {
            let copies = grounds.template_buckets.iter();
            on_these(copies.map(|bucket| grounds.s3(&format!("{bucket}/slackwater/templates/*"))).collect())
        }
        On::NamedTemplates => on_these(grounds.template_objects.clone()),
        On::State => {
            let objects =
                grounds.state.iter().map(|(bucket, prefix)| grounds.s3(&format!("{bucket}/{prefix}*")));
            on_these(objects.collect())
        }
        On::StateKeys => match &grounds.state {
            None => Scope::default(),
            Some((bucket, prefix)) => {
                one(grounds.s3(bucket)).with("StringLike", "s3:prefix", vec![format!("{prefix}*")])
            }
        },
        On::StateBucket => on_these(grounds.state.iter().map(|(bucket, _)| grounds.s3(bucket)).collect()),
        On::Topics => on_these(grounds.topics.clone()),
    }
}

/// Instances of the worker groups, by the tag that Auto Scaling writes.
fn of_groups(grounds: &Grounds, names: Names) -> Option<Scope> {
    let groups: Vec<String> = grounds.targets.worker_groups.iter().map(|group| name(group, names)).collect();
    let scope = Scope { resources: vec![grounds.arn("ec2", "instance/*")], conditions: Vec::new() };
    (!groups.is_empty()).then(|| scope.with("StringLike", GROUP_TAG, groups))
}

/// Those, and machines that bear all of the platform's tags.
fn machines(grounds: &Grounds, names: Names) -> Vec<Scope> {
    let tags = &grounds.targets.dedicated_machine_tags;
    let mut by_tags = Scope { resources: vec![grounds.arn("ec2", "instance/*")], conditions: Vec::new() };
    for (key, value) in tags {
        let value = value.clone().unwrap_or_else(|| "*".to_owned());
        by_tags = by_tags.with("StringLike", format!("aws:ResourceTag/{key}"), vec![value]);
    }
    let by_tags = (!tags.is_empty()).then_some(by_tags);
    of_groups(grounds, names).into_iter().chain(by_tags).collect()
}

impl Grounds {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account_id)
    }

    /// IAM's ARNs name no Region.
    fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account_id)
    }

    /// A bucket's ARN, or that of objects in it.
    fn s3(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.partition)
    }

    /// By its name: who names a stack by its name is checked on every stack that has had it. A nested stack's name is its
    /// parent's, with more behind it.
    fn primary_stack_arns(&self) -> Vec<String> {
        let own = self.primary_stack.iter().map(|name| format!("stack/{name}/*"));
        let nested = self.primary_stack.iter().filter(|_| self.has_nested);
        let nested = nested.map(|name| format!("stack/{name}-*/*"));
        own.chain(nested).map(|resource| self.arn("cloudformation", &resource)).collect()
    }

    fn linked_stack_arns(&self) -> Vec<String> {
        let names = self.linked_stacks.iter();
        names.map(|name| self.arn("cloudformation", &format!("stack/{name}/*"))).collect()
    }

    fn stack_arns(&self) -> Vec<String> {
        self.primary_stack_arns().into_iter().chain(self.linked_stack_arns()).collect()
    }

    /// The listeners, or their rules. An upgrade meets those as well that the update itself makes on the same balancers.
    fn listeners(&self, names: Names, kind: &str) -> Vec<String> {
        let mut arns: Vec<String> = Vec::new();
        for listener in &self.listener_arns {
            // arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/LISTENER
            let whole = listener.replacen(":listener/", &format!(":{kind}"), 1);
            let of_balancer = whole.rsplit_once('/').map_or(whole.as_str(), |(balancer, _)| balancer);
            let arn = match (names, kind) {
                (Names::Lasting, _) => format!("{of_balancer}/*"),
                (_, "listener/") => whole.clone(),
                (_, _) => format!("{whole}/*"),
            };
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        arns
    }

    /// Everything of a kind in the clusters of the services.
    fn in_clusters(&self, kind: &str) -> Vec<String> {
        let mut arns: Vec<String> = Vec::new();
        for service in &self.targets.ecs_services {
            // arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME
            let Some((_, rest)) = service.physical_id.split_once(":service/") else { continue };
            let cluster = rest.split('/').next().unwrap_or_default();
            let arn = self.arn("ecs", &format!("{kind}/{cluster}/*"));
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        arns
    }

    fn has(&self, when: When) -> bool {
        let targets = &self.targets;
        match when {
            When::Always => true,
            When::Primary => self.primary_stack.is_some(),
            When::HasQueues => !targets.job_queues.is_empty(),
            When::HasGroups => !targets.worker_groups.is_empty(),
            When::HasMachines => !targets.dedicated_machine_tags.is_empty(),
            When::SnapshotsVolumes => self.snapshots_volumes && !targets.volumes.is_empty(),
            When::HasTargetGroups => !targets.target_groups.is_empty(),
        }
    }
}

/// A resource's physical id. An upgrade may replace it, so that of its name only what the update leaves is said: what
/// CloudFormation makes up behind the logical id isn't, and neither is the number at a name's end, which in such names is a
/// launch template's version.
fn name(resource: &LogicalResource, names: Names) -> String {
    let LogicalResource { logical_id, physical_id } = resource;
    if names == Names::AsTheyAre {
        return physical_id.clone();
    }
    let made_up =
        |text: &str| (8..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match physical_id.rsplit_once('-') {
        Some((before, last))
            if made_up(last) && before.to_lowercase().ends_with(&logical_id.to_lowercase())
                || !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            format!("{before}-*")
        }
        Some(_) | None => physical_id.clone(),
    }
}

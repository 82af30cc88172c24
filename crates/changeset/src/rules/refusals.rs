//! What CloudFormation or a service refuses, known from the values alone: the old properties, where the resource is there, and the
//! new ones. What another resource has already is in [`super::exclusive`].

use std::cmp::Ordering;

use indexmap::IndexMap;
use template::Value;

/// A resource that is made, changed or replaced, as far as a refusal looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Its type.
    pub type_name: &'a str,
    /// The properties that it has; `None` when it is made, or when a new one takes its place.
    pub before: Option<&'a IndexMap<String, Value>>,
    /// The properties that it is to have.
    pub after: &'a IndexMap<String, Value>,
    /// The evaluated `UpdatePolicy`.
    pub update_policy: Option<&'a Value>,
}

/// What refusals are about, for a reader who wants to know what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Versions that can't go back, or not so far ahead.
    EngineVersions,
    /// Storage that can't shrink, or not grow so little.
    Storage,
    /// Indexes, schemas and other parts of a thing that are fixed.
    FixedParts,
    /// Names that a service wants otherwise.
    Names,
    /// Sizes that contradict each other.
    Sizes,
    /// Resources and properties that CloudFormation never updates.
    NeverUpdated,
    /// Values that a service doesn't take.
    Values,
}

impl Group {
    /// For a person, in the plural.
    pub fn title(self) -> &'static str {
        match self {
            Group::EngineVersions => "engine versions",
            Group::Storage => "storage",
            Group::FixedParts => "fixed parts",
            Group::Names => "names",
            Group::Sizes => "sizes",
            Group::NeverUpdated => "what is never updated",
            Group::Values => "values",
        }
    }
}

/// One refusal.
pub struct Rule {
    /// The types that it is about.
    pub types: &'static [&'static str],
    /// What it is about.
    pub group: Group,
    /// Where that is known from.
    pub source: &'static str,
    /// Whether what is there may be something else than its template says (storage grows, engines are upgraded by themselves):
    /// the service judges by that, and whoever has it does as well.
    pub compares_live: bool,
    /// The refusal in the service's words, as far as they are known.
    pub judge: fn(&Change<'_>) -> Option<String>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Rule")
            .field("types", &self.types)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Every refusal that is known.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain(super::values::RULES)
}

/// Those that compare what there is with what is to be.
const RULES: &[Rule] = &[
    Rule {
        types: &["AWS::RDS::DBInstance"],
        group: Group::EngineVersions,
        source: "RDS API reference, ModifyDBInstance, EngineVersion: \"downgrades aren't supported\"; copilot-cli 4333",
        compares_live: true,
        judge: older_engine,
    },
    Rule {
        types: &["AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"],
        group: Group::EngineVersions,
        source: "RDS API reference, ModifyDBInstance, EngineVersion: \"downgrades aren't supported\"; copilot-cli 4333",
        compares_live: false,
        judge: older_engine,
    },
    Rule {
        types: &["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"],
        group: Group::EngineVersions,
        source: "RDS API reference, ModifyDBInstance, AllowMajorVersionUpgrade: \"must be enabled when specifying a value for the \
                 EngineVersion parameter that's a different major version\"",
        compares_live: false,
        judge: major_engine,
    },
    Rule {
        types: &[
            "AWS::ElastiCache::ReplicationGroup",
            "AWS::ElastiCache::CacheCluster",
            "AWS::MemoryDB::Cluster",
        ],
        group: Group::EngineVersions,
        source: "ElastiCache API reference, ModifyReplicationGroup, EngineVersion: \"You cannot downgrade to an earlier engine version\"",
        compares_live: false,
        judge: older_engine,
    },
    Rule {
        types: &["AWS::OpenSearchService::Domain", "AWS::AmazonMQ::Broker"],
        group: Group::EngineVersions,
        source: "OpenSearch developer guide, \"Upgrading OpenSearch domains\": only to later versions; resource-providers-rds PR 202",
        compares_live: false,
        judge: older_engine,
    },
    Rule {
        types: &["AWS::EKS::Cluster", "AWS::EKS::Nodegroup"],
        group: Group::EngineVersions,
        source: "EKS user guide, \"Update existing cluster to new Kubernetes version\": no downgrade, one minor version at a time",
        compares_live: false,
        judge: kubernetes_version,
    },
    Rule {
        types: &["AWS::MSK::Cluster"],
        group: Group::EngineVersions,
        source: "MSK developer guide, \"Updating the Apache Kafka version\": \"You can't update to an older version\"",
        compares_live: false,
        judge: older_kafka,
    },
    Rule {
        types: &["AWS::RDS::DBInstance"],
        group: Group::Storage,
        source: "RDS user guide, \"Increasing DB instance storage capacity\"",
        compares_live: true,
        judge: database_storage,
    },
    Rule {
        types: &["AWS::EC2::Volume"],
        group: Group::Storage,
        source: "EC2 API reference, ModifyVolume, Size: \"must be greater than or equal to the existing size\"",
        compares_live: false,
        judge: |change| shrinks(change, "Size", "New size cannot be smaller than existing size"),
    },
    Rule {
        types: &["AWS::FSx::FileSystem"],
        group: Group::Storage,
        source: "FSx API reference, UpdateFileSystem, StorageCapacity: \"must be at least 10 percent greater\"",
        compares_live: false,
        judge: |change| grows_too_little(change, "StorageCapacity", "FSx"),
    },
    Rule {
        types: &["AWS::DynamoDB::Table"],
        group: Group::FixedParts,
        source: "DynamoDB API reference, UpdateTable; coverage roadmap 881 and 229, aws-cdk 14920",
        compares_live: false,
        judge: global_indexes,
    },
    Rule {
        types: &["AWS::Cognito::UserPool"],
        group: Group::FixedParts,
        source: "Cognito developer guide, \"User pool attributes\": \"You can't change or remove a custom attribute\"; aws-cdk 10002",
        compares_live: false,
        judge: user_pool_schema,
    },
    Rule {
        types: &["AWS::SQS::Queue"],
        group: Group::Names,
        source: "SQS API reference, CreateQueue, QueueName: \"A FIFO queue name must end with the .fifo suffix\"",
        compares_live: false,
        judge: |change| fifo(change, "FifoQueue", "QueueName"),
    },
    Rule {
        types: &["AWS::SNS::Topic"],
        group: Group::Names,
        source: "SNS API reference, CreateTopic, Name: \"For a FIFO topic, the name must end with the .fifo suffix\"",
        compares_live: false,
        judge: |change| fifo(change, "FifoTopic", "TopicName"),
    },
    Rule {
        types: &["AWS::AutoScaling::AutoScalingGroup"],
        group: Group::Sizes,
        source: "user guide, UpdatePolicy, MinInstancesInService: \"must be less than the MaxSize\"",
        compares_live: false,
        judge: instances_in_service,
    },
    Rule {
        types: &["AWS::AutoScaling::AutoScalingGroup"],
        group: Group::Sizes,
        source: "Auto Scaling API reference, CreateAutoScalingGroup, DesiredCapacity, MinSize, MaxSize",
        compares_live: false,
        judge: group_sizes,
    },
    Rule {
        types: &["AWS::CloudFormation::WaitCondition"],
        group: Group::NeverUpdated,
        source: "user guide, AWS::CloudFormation::WaitCondition: \"Update requires: Updates are not supported.\"",
        compares_live: false,
        judge: |change| {
            change.before.filter(|before| *before != change.after).map(|_| {
                "AWS doesn't support updating a wait condition; give the new one another logical id."
                    .to_owned()
            })
        },
    },
    Rule {
        types: &["AWS::EC2::Volume"],
        group: Group::NeverUpdated,
        source: "user guide, AWS::EC2::Volume: \"Update requires: Updates are not supported.\"",
        compares_live: false,
        judge: |change| not_supported(change, &["AvailabilityZone", "Encrypted", "KmsKeyId", "SnapshotId"]),
    },
    Rule {
        types: &["AWS::Organizations::Account"],
        group: Group::NeverUpdated,
        source: "user guide, AWS::Organizations::Account: \"Update requires: Updates are not supported.\"",
        compares_live: false,
        judge: |change| not_supported(change, &["RoleName"]),
    },
];

/// Why the change is refused, by each rule that refuses it.
pub fn refusals(change: &Change<'_>) -> impl Iterator<Item = (&'static Rule, String)> {
    rules()
        .filter(|rule| {
            rule.types.contains(&change.type_name)
                || (change.type_name.starts_with("Custom::") && rule.types.contains(&"Custom::*"))
        })
        .filter_map(|rule| Some((rule, (rule.judge)(change)?)))
}

impl<'a> Change<'a> {
    fn old(&self, name: &str) -> Option<&'a Value> {
        self.before?.get(name)
    }

    pub(super) fn texts(&self, name: &str) -> Option<(&'a str, &'a str)> {
        Some((self.old(name)?.scalar_text()?, self.after.get(name)?.scalar_text()?))
    }

    pub(super) fn numbers(&self, name: &str) -> Option<(u64, u64)> {
        let (old, new) = self.texts(name)?;
        Some((old.parse().ok()?, new.parse().ok()?))
    }
}

pub(super) fn number(value: Option<&Value>) -> Option<u64> {
    value?.scalar_text()?.parse().ok()
}

/// The numbers of a version. `None` where it has other parts that tell (`8.0.mysql_aurora.3.02.0`).
fn version(text: &str) -> Option<Vec<u64>> {
    let digits = text.rsplit('_').next().unwrap_or(text).trim_start_matches('v');
    digits.split('.').map(|part| part.parse().ok()).collect()
}

/// How a version stands to another one, as far as both say: `15` and `15.4` are equal.
pub(crate) fn compare_versions(old: &str, new: &str) -> Option<Ordering> {
    let (old, new) = (version(old)?, version(new)?);
    let shared = old.len().min(new.len());
    Some(old.iter().take(shared).cmp(new.iter().take(shared)))
}

fn older_engine(change: &Change<'_>) -> Option<String> {
    let (old, new) = change.texts("EngineVersion")?;
    let same_engine = change.texts("Engine").is_none_or(|(old, new)| old == new);
    // `OpenSearch_2.5` follows on `Elasticsearch_7.10`.
    let family = |text: &str| text.split_once('_').map(|(family, _)| family.to_owned());
    (same_engine && family(old) == family(new) && compare_versions(old, new)? == Ordering::Greater)
        .then(|| format!("Cannot upgrade from {old} to {new}: an engine can't go back to an older version."))
}

fn older_kafka(change: &Change<'_>) -> Option<String> {
    let (old, new) = change.texts("KafkaVersion")?;
    (compare_versions(old, new)? == Ordering::Greater)
        .then(|| format!("Apache Kafka can't go back from {old} to {new}."))
}

/// How many numbers of a version are the major one, by engine (RDS user guide, "Upgrading a DB instance engine version").
fn major_parts(engine: &str) -> Option<usize> {
    match engine {
        "postgres" | "aurora-postgresql" => Some(1),
        "mysql" | "mariadb" => Some(2),
        _ => None,
    }
}

fn major_engine(change: &Change<'_>) -> Option<String> {
    let (old, new) = change.texts("EngineVersion")?;
    let engine = change.after.get("Engine")?.scalar_text()?;
    let parts = major_parts(engine)?;
    let allowed = change.after.get("AllowMajorVersionUpgrade").and_then(Value::scalar_text) == Some("true");
    let majors = [version(old)?, version(new)?].map(|numbers| numbers.get(..parts).map(<[u64]>::to_vec));
    let [old_major, new_major] = majors;
    // A member of a cluster takes its cluster's version.
    let member = change.after.contains_key("DBClusterIdentifier");
    (!allowed && !member && old_major? < new_major?).then(|| {
        format!(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version: {engine} {old} to {new}."
        )
    })
}

fn kubernetes_version(change: &Change<'_>) -> Option<String> {
    let (old, new) = change.texts("Version")?;
    let (old_numbers, new_numbers) = (version(old)?, version(new)?);
    let ([old_major, old_minor, ..], [new_major, new_minor, ..]) =
        (old_numbers.as_slice(), new_numbers.as_slice())
    else {
        return None;
    };
    let is_next = old_major == new_major && *new_minor <= old_minor.saturating_add(1);
    let goes_back = (new_major, new_minor) < (old_major, old_minor);
    (goes_back || (!is_next && change.type_name == "AWS::EKS::Cluster"))
        .then(|| format!("Unsupported Kubernetes minor version update from {old} to {new}"))
}

fn database_storage(change: &Change<'_>) -> Option<String> {
    let (from, to) = change.numbers("AllocatedStorage")?;
    if to < from {
        return Some(format!(
            "RDS refuses to shrink storage: AllocatedStorage would go from {from} to {to} GiB."
        ));
    }
    grows_too_little(change, "AllocatedStorage", "RDS")
}

fn grows_too_little(change: &Change<'_>, property: &str, service: &str) -> Option<String> {
    let (from, to) = change.numbers(property)?;
    if to < from {
        return Some(format!(
            "{service} refuses to shrink storage: {property} would go from {from} to {to} GiB."
        ));
    }
    let too_little = to > from && to.saturating_sub(from).saturating_mul(10) < from;
    too_little.then(|| {
        format!(
            "{service} refuses to grow storage by less than 10 %: {property} would go from {from} to {to} GiB."
        )
    })
}

fn shrinks(change: &Change<'_>, property: &str, words: &str) -> Option<String> {
    let (from, to) = change.numbers(property)?;
    (to < from).then(|| format!("{words}: {property} would go from {from} to {to} GiB."))
}

/// A global secondary index's key schema and projection.
type Index<'a> = (Option<&'a Value>, Option<&'a Value>);

/// The global secondary indexes by name.
fn indexes(properties: &IndexMap<String, Value>) -> Option<IndexMap<&str, Index<'_>>> {
    let list = match properties.get("GlobalSecondaryIndexes") {
        None => return Some(IndexMap::new()),
        Some(Value::List(list)) => list,
        Some(_) => return None,
    };
    list.iter()
        .map(|index| match index {
            Value::Map(index) => Some((
                index.get("IndexName")?.scalar_text()?,
                (index.get("KeySchema"), index.get("Projection")),
            )),
            _ => None,
        })
        .collect()
}

fn global_indexes(change: &Change<'_>) -> Option<String> {
    let (old, new) = (indexes(change.before?)?, indexes(change.after)?);
    let made = new.keys().filter(|name| !old.contains_key(*name)).count();
    let deleted = old.keys().filter(|name| !new.contains_key(*name)).count();
    let same = |one: Option<&Value>, other: Option<&Value>| crate::compare::same(one, other);
    let altered = old.iter().find(|(name, (keys, projection))| {
        new.get(*name).is_some_and(|(new_keys, new_projection)| {
            !same(*keys, *new_keys) || !same(*projection, *new_projection)
        })
    });
    if let Some((name, _)) = altered {
        return Some(format!(
            "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. You can create a new GSI with a different name: {name}."
        ));
    }
    (made + deleted > 1).then(|| {
        format!(
            "Cannot perform more than one GSI creation or deletion in a single update: {made} would be made and {deleted} deleted."
        )
    })
}

fn user_pool_schema(change: &Change<'_>) -> Option<String> {
    let attributes = |properties: &IndexMap<String, Value>| match properties.get("Schema") {
        Some(Value::List(list)) => list.clone(),
        _ => Vec::new(),
    };
    let (old, new) = (attributes(change.before?), attributes(change.after));
    let gone = old.iter().find(|attribute| !new.iter().any(|other| other.equals_as_text(attribute)))?;
    let name = match gone {
        Value::Map(entries) => entries.get("Name").and_then(Value::scalar_text).unwrap_or("one of them"),
        _ => "one of them",
    };
    Some(format!("Existing schema attributes cannot be modified or deleted: {name}."))
}

fn fifo(change: &Change<'_>, flag: &str, name: &str) -> Option<String> {
    let is_fifo = change.after.get(flag).and_then(Value::scalar_text) == Some("true");
    let given = change.after.get(name)?.scalar_text()?;
    // What is known after apply has no end that could be looked at.
    let looked_at = !given.contains("{{");
    (looked_at && is_fifo != given.ends_with(".fifo")).then(|| {
        if is_fifo {
            format!("The name must end with the .fifo suffix: {given}.")
        } else {
            format!("Only a FIFO name may end with .fifo: {given}.")
        }
    })
}

fn instances_in_service(change: &Change<'_>) -> Option<String> {
    let Some(Value::Map(policy)) = change.update_policy else { return None };
    let Some(Value::Map(rolling)) = policy.get("AutoScalingRollingUpdate") else { return None };
    let (least, most) = (number(rolling.get("MinInstancesInService"))?, number(change.after.get("MaxSize"))?);
    (least >= most && change.before.is_some()).then(|| {
        format!(
            "MinInstancesInService must be less than the autoscaling group's MaxSize: {least} and {most}."
        )
    })
}

fn group_sizes(change: &Change<'_>) -> Option<String> {
    let size = |name: &str| number(change.after.get(name));
    let (least, most) = (size("MinSize")?, size("MaxSize")?);
    if least > most {
        return Some(format!("Max bound, {most}, must be greater than or equal to min bound, {least}."));
    }
    let desired = size("DesiredCapacity")?;
    (desired < least || desired > most).then(|| {
        format!(
            "Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
        )
    })
}

fn not_supported(change: &Change<'_>, properties: &[&str]) -> Option<String> {
    let before = change.before?;
    let changed =
        properties.iter().find(|name| !crate::compare::same(before.get(**name), change.after.get(**name)))?;
    Some(format!("Update to property {changed} is not supported."))
}

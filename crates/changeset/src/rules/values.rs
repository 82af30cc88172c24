//! Refusals of single values: what a service's API reference doesn't allow of them, and a schema doesn't say. Each stands here because
//! somebody met it.

use template::{Part, Value};

use super::refusals::{Change, Group, Rule};

/// Refusals of values.
pub(super) const RULES: &[Rule] = &[
    Rule {
        types: &["Custom::*", "AWS::CloudFormation::CustomResource"],
        group: Group::FixedParts,
        source: "user guide, AWS::CloudFormation::CustomResource, ServiceToken: \"Updates aren't supported\"; serverless 9240",
        compares_live: false,
        judge: |change| {
            let old = change.before?.get("ServiceToken")?.scalar_text()?;
            let is_another = match change.after.get("ServiceToken")? {
                // The ARN of a function that is made, or made anew.
                Value::Unknown(unknown) => {
                    unknown.parts.iter().any(|part| matches!(part, Part::Resource { .. }))
                }
                new => new.scalar_text()? != old,
            };
            is_another.then(|| "Modifying service token is not allowed.".to_owned())
        },
    },
    Rule {
        types: &["AWS::RDS::DBInstance"],
        group: Group::EngineVersions,
        source: "RDS API reference, ModifyDBInstance, EngineVersion: a cluster's is changed by ModifyDBCluster; aws-cdk 21899",
        compares_live: false,
        judge: |change| {
            change.after.get("DBClusterIdentifier")?;
            let (old, new) = change.texts("EngineVersion")?;
            (old != new).then(|| {
                "The specified DB Instance is a member of a cluster. Modify the engine version for the DB Instance using the \
                 ModifyDBCluster API"
                    .to_owned()
            })
        },
    },
    Rule {
        types: &["AWS::SQS::Queue"],
        group: Group::Values,
        source: "user guide, AWS::SQS::Queue, FifoQueue: true, or left out for a standard queue; aws-cdk 8550",
        compares_live: false,
        judge: |change| {
            let is_false = change.after.get("FifoQueue").and_then(Value::scalar_text) == Some("false");
            (change.before.is_none() && is_false).then(|| "Unknown Attribute FifoQueue.".to_owned())
        },
    },
    Rule {
        types: &["AWS::Kinesis::Stream"],
        group: Group::Sizes,
        source: "Kinesis API reference, UpdateShardCount: no more than double, no less than half of the current count",
        compares_live: false,
        judge: |change| {
            let (old, new) = change.numbers("ShardCount")?;
            (new > old.saturating_mul(2) || new.saturating_mul(2) < old).then(|| {
                format!("UpdateShardCount cannot scale from {old} to {new} shards: to double or half of it at most")
            })
        },
    },
    Rule {
        types: &["AWS::Events::Rule", "AWS::Scheduler::Schedule"],
        group: Group::Values,
        source: "EventBridge user guide, \"Rate expressions\": a value of 1 takes the singular, others the plural; cfn-lint 2141",
        compares_live: false,
        judge: rate,
    },
    Rule {
        types: &["AWS::Route53::RecordSet"],
        group: Group::Values,
        source: "Route 53 developer guide, \"Supported DNS record types\": TXT in quotation marks, no CNAME at the zone's apex",
        compares_live: false,
        judge: record,
    },
    Rule {
        types: &["AWS::S3::Bucket"],
        group: Group::Values,
        source: "S3 user guide, \"Transitioning objects\": 30 days at least before STANDARD_IA and ONEZONE_IA",
        compares_live: false,
        judge: infrequent_access,
    },
    Rule {
        types: &["AWS::EC2::SecurityGroup"],
        group: Group::Values,
        source: "EC2 API reference, IpRange, Description: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*; cfn-lint 173",
        compares_live: false,
        judge: rule_description,
    },
    Rule {
        types: &["AWS::ECS::TaskDefinition"],
        group: Group::Sizes,
        source: "ECS developer guide, \"Task definition parameters for Fargate\", task CPU and memory",
        compares_live: false,
        judge: fargate,
    },
    Rule {
        types: &["AWS::Lambda::Function"],
        group: Group::Names,
        source: "Lambda developer guide, \"Defined runtime environment variables\": reserved ones can't be set",
        compares_live: false,
        judge: reserved_variables,
    },
    Rule {
        types: &["AWS::CloudWatch::Alarm"],
        group: Group::Values,
        source: "CloudWatch API reference, PutMetricAlarm, Period: 10, 20, 30, or a multiple of 60",
        compares_live: false,
        judge: |change| {
            let period = super::refusals::number(change.after.get("Period"))?;
            let fits = matches!(period, 10 | 20 | 30) || (period > 0 && period % 60 == 0);
            (!fits).then(|| format!("Period must be 10, 20, 30 or a multiple of 60, and is {period}"))
        },
    },
];

fn text<'a>(change: &Change<'a>, name: &str) -> Option<&'a str> {
    change.after.get(name)?.scalar_text()
}

fn rate(change: &Change<'_>) -> Option<String> {
    let inner = text(change, "ScheduleExpression")?.strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inner.trim().split_once(' ')?;
    let count: u64 = count.parse().ok()?;
    let singular = matches!(unit, "minute" | "hour" | "day");
    let plural = matches!(unit, "minutes" | "hours" | "days");
    let fits = if count == 1 { singular } else { plural && count > 0 };
    (!fits).then(|| "Parameter ScheduleExpression is not valid.".to_owned())
}

fn record(change: &Change<'_>) -> Option<String> {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let name = text(change, "Name")?;
    match text(change, "Type")? {
        "TXT" | "SPF" => {
            let Some(Value::List(records)) = change.after.get("ResourceRecords") else { return None };
            let bare = records.iter().filter_map(Value::scalar_text).any(|one| {
                let one = one.trim();
                let is_quoted = one.starts_with('"') && one.ends_with('"') && one.len() > 1;
                !(is_quoted || one.contains("{{"))
            });
            bare.then(|| "InvalidCharacterString: value should be enclosed in quotation marks".to_owned())
        }
        "CNAME" => {
            let zone = text(change, "HostedZoneName")?;
            (plain(zone) == plain(name)).then(|| {
                format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}")
            })
        }
        _ => None,
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Map(entries) => entries.get(name),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::List(_)
        | Value::Unknown(_) => None,
    }
}

fn items(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::List(items)) => items,
        Some(one @ Value::Map(_)) => std::slice::from_ref(one),
        _ => &[],
    }
}

fn infrequent_access(change: &Change<'_>) -> Option<String> {
    let rules = items(change.after.get("LifecycleConfiguration").and_then(|one| member(one, "Rules")));
    let transitions = rules
        .iter()
        .flat_map(|rule| items(member(rule, "Transitions")).iter().chain(items(member(rule, "Transition"))));
    transitions.into_iter().find_map(|transition| {
        let class = member(transition, "StorageClass")?.scalar_text()?;
        let days: u64 = member(transition, "TransitionInDays")?.scalar_text()?.parse().ok()?;
        (matches!(class, "STANDARD_IA" | "ONEZONE_IA") && days < 30).then(|| {
            format!(
                "'Days' in Transition action must be greater than or equal to 30 for storageClass '{class}'"
            )
        })
    })
}

fn rule_description(change: &Change<'_>) -> Option<String> {
    const ALLOWED: &str = " ._-:/()#,@[]+=&;{}!$*";
    let rules = ["SecurityGroupIngress", "SecurityGroupEgress"];
    let descriptions = rules
        .iter()
        .flat_map(|name| items(change.after.get(*name)))
        .filter_map(|rule| member(rule, "Description")?.scalar_text());
    descriptions
        .into_iter()
        .any(|text| {
            !text.contains("{{") && text.chars().any(|one| !one.is_ascii_alphanumeric() && !ALLOWED.contains(one))
        })
        .then(|| {
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: \
             a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
                .to_owned()
        })
}

/// The memory that goes with so many CPU units, in MiB: from, to, in steps.
const FARGATE: [(u64, u64, u64, u64); 7] = [
    (256, 512, 2048, 512),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

fn fargate(change: &Change<'_>) -> Option<String> {
    let is_fargate = items(change.after.get("RequiresCompatibilities"))
        .iter()
        .any(|one| one.scalar_text() == Some("FARGATE"));
    let cpu: u64 = text(change, "Cpu")?.parse().ok()?;
    let memory: u64 = text(change, "Memory")?.parse().ok()?;
    let fits = FARGATE.iter().any(|&(units, from, to, step)| {
        // 256 units take 512, 1024 and 2048.
        let steps = units != 256 || memory != 1536;
        units == cpu && (from..=to).contains(&memory) && (memory - from).is_multiple_of(step) && steps
    });
    (is_fargate && !fits)
        .then(|| format!("No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."))
}

fn reserved_variables(change: &Change<'_>) -> Option<String> {
    const RESERVED: [&str; 20] = [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "AWS_SECURITY_TOKEN",
        "AWS_LAMBDA_MAX_CONCURRENCY",
    ];
    let Some(Value::Map(variables)) = member(change.after.get("Environment")?, "Variables") else {
        return None;
    };
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    (!reserved.is_empty()).then(|| {
        format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided \
             contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )
    })
}

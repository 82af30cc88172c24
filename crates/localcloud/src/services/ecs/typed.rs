//! A template's properties in the API's form. Parameters make everything text, but JSON clients insist on numbers and
//! booleans, so those are found by their names.

use serde_json::{Map, Number, Value};

use crate::properties::lower_camel;

const INTEGERS: &[&str] = &[
    "availabilityZoneRebalancingTimeout",
    "bakeTimeInMinutes",
    "base",
    "containerPort",
    "desiredCount",
    "hardLimit",
    "healthCheckGracePeriodSeconds",
    "hostPort",
    "idleTimeoutSeconds",
    "ignoredExitCodes",
    "ingressPortOverride",
    "interval",
    "maxSwap",
    "maximumPercent",
    "memoryReservation",
    "minimumHealthyPercent",
    "perRequestTimeoutSeconds",
    "port",
    "restartAttemptPeriod",
    "retries",
    "sharedMemorySize",
    "sizeInGiB",
    "softLimit",
    "startPeriod",
    "startTimeout",
    "stopTimeout",
    "swappiness",
    "throughput",
    "timeout",
    "transitEncryptionPort",
    "weight",
];
/// These are numbers of a container and texts of a task.
const INTEGERS_OF_CONTAINERS: &[&str] = &["cpu", "memory", "size"];
const BOOLEANS: &[&str] = &[
    "autoprovision",
    "cloudWatchEncryptionEnabled",
    "disableNetworking",
    "enable",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "enableFaultInjection",
    "enabled",
    "encrypted",
    "essential",
    "initProcessEnabled",
    "interactive",
    "privileged",
    "pseudoTerminal",
    "readOnly",
    "readonlyRootFilesystem",
    "rollback",
    "s3EncryptionEnabled",
];
/// Maps whose names are the user's own.
const KEPT: &[&str] = &["DockerLabels", "DriverOpts", "Labels", "Options"];
/// Names that the template and the API have differently, as [`lower_camel`] leaves them.
const RENAMED: &[(&str, &str)] = &[
    ("clusterSettings", "settings"),
    ("eFSVolumeConfiguration", "efsVolumeConfiguration"),
    ("filesystemId", "fileSystemId"),
    ("fSxWindowsFileServerVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"),
    ("placementStrategies", "placementStrategy"),
    ("proxyConfigurationProperties", "properties"),
];

/// Properties as ECS writes them.
pub(super) fn from_properties(properties: &Value) -> Value {
    typed(lower_camel(properties, KEPT), false)
}

/// A text that is a number as one.
fn number(value: &Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
    number.map_or_else(|| value.clone(), |number| Value::Number(Number::from(number)))
}

/// Recursion is as deep as the template, whose parser limits it.
fn typed(value: Value, in_container: bool) -> Value {
    match value {
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| typed(item, in_container)).collect())
        }
        Value::Object(fields) => {
            let typed = fields.into_iter().map(|(name, field)| {
                let is_integer = INTEGERS.contains(&name.as_str())
                    || in_container && INTEGERS_OF_CONTAINERS.contains(&name.as_str());
                let field = match &field {
                    _ if KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(&name)) => field,
                    Value::Array(items) if is_integer => items.iter().map(number).collect(),
                    Value::String(_) if is_integer => number(&field),
                    Value::String(text) if BOOLEANS.contains(&name.as_str()) => {
                        text.parse::<bool>().map_or(field.clone(), Value::Bool)
                    }
                    _ => typed(field, in_container || name == "containerDefinitions"),
                };
                let renamed = RENAMED.iter().find(|(from, _)| *from == name);
                (renamed.map_or(name, |(_, to)| (*to).to_owned()), field)
            });
            Value::Object(typed.collect::<Map<String, Value>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::from_properties;

    #[test]
    fn properties_get_the_types_of_the_api() {
        let properties = json!({
            "Cpu": "256",
            "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}],
            "ContainerDefinitions": [{
                "Name": "web",
                "Cpu": "10",
                "Essential": "true",
                "PortMappings": [{"ContainerPort": "80"}],
                "Environment": [{"Name": "A", "Value": "1"}],
                "LogConfiguration": {"LogDriver": "awslogs", "Options": {"Mode": "1"}},
                "RestartPolicy": {"IgnoredExitCodes": ["0", "3"]},
            }],
            "Services": [{"Timeout": {"IdleTimeoutSeconds": "5"}}],
            "DesiredCount": "2",
            "Tags": [{"Key": "Enable", "Value": "true"}],
        });
        let expected = json!({
            "cpu": "256",
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "containerDefinitions": [{
                "name": "web",
                "cpu": 10,
                "essential": true,
                "portMappings": [{"containerPort": 80}],
                "environment": [{"name": "A", "value": "1"}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"Mode": "1"}},
                "restartPolicy": {"ignoredExitCodes": [0, 3]},
            }],
            "services": [{"timeout": {"idleTimeoutSeconds": 5}}],
            "desiredCount": 2,
            "tags": [{"key": "Enable", "value": "true"}],
        });
        assert_eq!(from_properties(&properties), expected);
    }
}

//! A template's properties in the API's form.

use serde_json::Value;

use crate::properties::{Members, lower_camel};

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

const MEMBERS: Members = Members {
    integers: INTEGERS,
    booleans: BOOLEANS,
    maps: KEPT,
    renamed: RENAMED,
    list: "containerDefinitions",
    integers_of_items: INTEGERS_OF_CONTAINERS,
};

/// Properties as ECS writes them.
pub(super) fn from_properties(properties: &Value) -> Value {
    MEMBERS.typed(lower_camel(properties, KEPT))
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

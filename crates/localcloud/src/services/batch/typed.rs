//! A template's properties in the API's form.

use serde_json::Value;

use crate::properties::{Members, lower_camel};

const INTEGERS: &[&str] = &[
    "attemptDurationSeconds",
    "attempts",
    "bidPercentage",
    "desiredvCpus",
    "hardLimit",
    "jobExecutionTimeoutMinutes",
    "mainNode",
    "maxSwap",
    "maxTimeSeconds",
    "maxvCpus",
    "memory",
    "minvCpus",
    "numNodes",
    "order",
    "priority",
    "schedulingPriority",
    "sharedMemorySize",
    "sizeInGiB",
    "softLimit",
    "swappiness",
    "unmanagedvCpus",
    "vcpus",
];
const BOOLEANS: &[&str] = &[
    "initProcessEnabled",
    "privileged",
    "propagateTags",
    "readOnly",
    "readonlyRootFilesystem",
    "replaceComputeEnvironment",
    "terminateJobsOnUpdate",
    "updateToLatestImageVersion",
];
/// Maps whose names are the user's own.
const KEPT: &[&str] = &["Tags", "Parameters", "tags", "parameters", "Options", "Limits", "Requests"];

const MEMBERS: Members = Members {
    integers: INTEGERS,
    booleans: BOOLEANS,
    maps: &["tags", "parameters"],
    renamed: &[],
    list: "",
    integers_of_items: &[],
};

/// Properties as `Batch` writes them.
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
            "ComputeResources": {"MaxvCpus": "256", "Subnets": ["s"], "Tags": {"Name": "1"}},
            "Priority": "1",
            "Tags": {"Priority": "1"},
            "ContainerProperties": {"Privileged": "true", "Environment": [{"Name": "A", "Value": "true"}]},
        });
        let expected = json!({
            "computeResources": {"maxvCpus": 256, "subnets": ["s"], "tags": {"Name": "1"}},
            "priority": 1,
            "tags": {"Priority": "1"},
            "containerProperties": {"privileged": true, "environment": [{"name": "A", "value": "true"}]},
        });
        assert_eq!(from_properties(&properties), expected);
    }
}

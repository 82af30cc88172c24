//! A template's properties in the API's form. Parameters make everything text, but REST-JSON clients insist on
//! numbers and booleans, so those are found by their names.

use serde_json::{Number, Value};

use crate::properties::lower_camel;

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

/// Properties as `Batch` writes them.
pub(super) fn from_properties(properties: &Value) -> Value {
    typed(lower_camel(properties, KEPT))
}

/// Recursion is as deep as the template, whose parser limits it.
fn typed(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(typed).collect()),
        Value::Object(fields) => {
            let typed = fields.into_iter().map(|(name, field)| {
                let field = match &field {
                    _ if matches!(name.as_str(), "tags" | "parameters") => field,
                    Value::String(text) if INTEGERS.contains(&name.as_str()) => text
                        .parse::<i64>()
                        .map_or(field.clone(), |number| Value::Number(Number::from(number))),
                    Value::String(text) if BOOLEANS.contains(&name.as_str()) => {
                        text.parse::<bool>().map_or(field.clone(), Value::Bool)
                    }
                    _ => typed(field),
                };
                (name, field)
            });
            Value::Object(typed.collect())
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

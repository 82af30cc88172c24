//! Times in the answers of a service that speaks several protocols, each of which writes them in its own way:
//! the handler gives milliseconds under a name that says that it is a time.

use std::borrow::Cow;

use serde_json::Value;

use super::{Protocol, Service};
use crate::Timestamp;

/// Whether a name of CloudWatch's answers stands for a time.
#[must_use]
pub fn is_time(name: &str) -> bool {
    name.ends_with("Timestamp")
}

/// An answer with its times as the protocol writes them, copied only where there may be any. CBOR tags them itself.
#[must_use]
pub fn written(output: &Value, service: Service, protocol: Protocol) -> Cow<'_, Value> {
    match (service, protocol) {
        (Service::CloudWatch, Protocol::Query) => {
            Cow::Owned(each(output, &|milliseconds| Value::String(Timestamp(milliseconds).iso8601())))
        }
        (Service::CloudWatch, Protocol::TargetJson) => {
            Cow::Owned(each(output, &|milliseconds| Value::from(seconds(milliseconds))))
        }
        _ => Cow::Borrowed(output),
    }
}

/// Milliseconds as seconds, exact for any time of this age.
#[must_use]
pub fn seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}

/// Depth is the answer's, which our own handlers wrote.
fn each(value: &Value, write: &dyn Fn(u64) -> Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| each(item, write)).collect()),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| {
                let written = field.as_u64().filter(|_| is_time(name)).map(write);
                (name.clone(), written.unwrap_or_else(|| each(field, write)))
            });
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_protocol_writes_times_in_its_way() {
        let output = json!({"Alarms": [{"StateUpdatedTimestamp": 1_500, "Period": 60}]});
        for (protocol, time) in [
            (Protocol::Query, json!("1970-01-01T00:00:01.500Z")),
            (Protocol::TargetJson, json!(1.5)),
            (Protocol::Cbor, json!(1_500)),
        ] {
            let expected = json!({"Alarms": [{"StateUpdatedTimestamp": time, "Period": 60}]});
            assert_eq!(*written(&output, Service::CloudWatch, protocol), expected, "{protocol:?}");
        }
    }
}

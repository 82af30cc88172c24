//! A metric alarm: what it was configured with, and its state.

use serde_json::{Map, Number, Value, json};

use super::tags::{self, Tags};
use crate::{AwsError, Input, Timestamp};

/// Settings that are kept and given back, in the API's form.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>
const DESCRIBED: &[&str] = &[
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "AlarmRule",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
];

/// The lists of what an alarm does; shown also when empty.
const ACTIONS: &[&str] = &["AlarmActions", "InsufficientDataActions", "OKActions"];

const INTEGERS: &[&str] = &[
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "DatapointsToAlarm",
    "EvaluationPeriods",
    "Period",
];
const FRACTIONS: &[&str] = &["Threshold"];
const FLAGS: &[&str] = &["ReturnData"];

/// Of a metric, or composed of others. They share their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Metric,
    Composite,
}

impl Kind {
    /// In `AlarmTypes`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Metric => "MetricAlarm",
            Kind::Composite => "CompositeAlarm",
        }
    }
}

/// An alarm.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) actions_enabled: bool,
    pub(super) tags: Tags,
    described: Map<String, Value>,
    configured: Timestamp,
    state: AlarmState,
}

/// The states of an alarm, and why it is in the present one.
#[derive(Debug, Clone)]
pub(super) struct AlarmState {
    pub(super) value: String,
    pub(super) reason: String,
    pub(super) data: Option<String>,
    updated: Timestamp,
    transitioned: Timestamp,
}

impl Alarm {
    /// An alarm of a name as a request or a template wants it. Without a word about its actions they are enabled,
    /// so putting an alarm again enables them. AlarmState and tags of the alarm of before stay: "If you are using this
    /// operation to update an existing alarm, any tags you specify in this parameter are ignored"
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>).
    ///
    /// # Errors
    /// When a setting is missing or of the wrong kind.
    pub(super) fn configured(
        kind: Kind,
        name: &str,
        arn: String,
        input: Input<'_>,
        before: Option<&Alarm>,
        now: Timestamp,
    ) -> Result<Alarm, AwsError> {
        if name.is_empty() || name.chars().count() > 255 {
            return Err(AwsError::validation(
                "1 validation error detected: Value at 'alarmName' failed to satisfy constraint: Member must have \
                 length between 1 and 255",
            ));
        }
        match kind {
            Kind::Metric => {
                input.required_string("ComparisonOperator")?;
                if !input.has("EvaluationPeriods") {
                    input.required_string("EvaluationPeriods")?;
                }
            }
            Kind::Composite => {
                input.required_string("AlarmRule")?;
            }
        }
        let mut described = Map::new();
        for name in DESCRIBED.iter().chain(ACTIONS) {
            if let Some(value) = input.0.get(*name) {
                described.insert((*name).to_owned(), typed(name, value)?);
            } else if ACTIONS.contains(name) || (*name == "Dimensions" && kind == Kind::Metric) {
                described.insert((*name).to_owned(), json!([]));
            }
        }
        let given = tags::parse(input)?;
        let first = AlarmState {
            value: "INSUFFICIENT_DATA".to_owned(),
            reason: "Unchecked: Initial alarm creation".to_owned(),
            data: None,
            updated: now,
            transitioned: now,
        };
        Ok(Alarm {
            kind,
            name: name.to_owned(),
            arn,
            actions_enabled: input.boolean("ActionsEnabled")?.unwrap_or(true),
            tags: before.map_or(given, |before| before.tags.clone()),
            described,
            configured: now,
            state: before.map_or(first, |before| before.state.clone()),
        })
    }

    /// Put it into a state.
    pub(super) fn set_state(&mut self, value: &str, reason: &str, data: Option<&str>, now: Timestamp) {
        let is_new = self.state.value != value;
        self.state = AlarmState {
            value: value.to_owned(),
            reason: reason.to_owned(),
            data: data.map(str::to_owned),
            updated: now,
            transitioned: if is_new { now } else { self.state.transitioned },
        };
    }

    /// Its state's name.
    pub(super) fn state(&self) -> &str {
        &self.state.value
    }

    /// Whether one of its actions begins with a prefix.
    pub(super) fn acts_on(&self, prefix: &str) -> bool {
        let actions = ACTIONS.iter().filter_map(|name| self.described.get(*name)?.as_array());
        actions.flatten().filter_map(Value::as_str).any(|action| action.starts_with(prefix))
    }

    /// As `DescribeAlarms` shows it.
    pub(super) fn to_api(&self) -> Value {
        let mut fields = self.described.clone();
        let own = [
            ("AlarmName", json!(self.name)),
            ("AlarmArn", json!(self.arn)),
            ("ActionsEnabled", json!(self.actions_enabled)),
            ("AlarmConfigurationUpdatedTimestamp", json!(self.configured.0)),
            ("StateValue", json!(self.state.value)),
            ("StateReason", json!(self.state.reason)),
            ("StateReasonData", json!(self.state.data)),
            ("StateUpdatedTimestamp", json!(self.state.updated.0)),
            ("StateTransitionedTimestamp", json!(self.state.transitioned.0)),
        ];
        fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(fields)
    }
}

/// A setting with its numbers as numbers: forms and templates give text, and JSON and CBOR clients insist.
/// Recursion is as deep as a request may be.
fn typed(name: &str, value: &Value) -> Result<Value, AwsError> {
    let wrong = |kind: &str| AwsError::validation(format!("{name} must be {kind}"));
    match value {
        Value::Array(items) => {
            Ok(Value::Array(items.iter().map(|item| typed("", item)).collect::<Result<_, _>>()?))
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| Ok((name.clone(), typed(name, field)?)));
            Ok(Value::Object(fields.collect::<Result<_, AwsError>>()?))
        }
        Value::String(text) if INTEGERS.contains(&name) => {
            text.parse::<i64>().map(Value::from).map_err(|_| wrong("an integer"))
        }
        Value::String(text) if FLAGS.contains(&name) => {
            text.parse::<bool>().map(Value::from).map_err(|_| wrong("either true or false"))
        }
        Value::String(_) | Value::Number(_) if FRACTIONS.contains(&name) => {
            let number = match value {
                Value::String(text) => text.parse().ok(),
                _ => value.as_f64(),
            };
            let number = number.and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| wrong("a number"))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

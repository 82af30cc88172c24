//! What Lambda polls itself: queues of SQS, streams of Kinesis and DynamoDB. The function's role must be allowed to read them.

use super::{Called, Event};
use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::role::{allowing, aws_policy_arn};
use crate::serverless::source::{Declared, Form};
use crate::serverless::tree::{Map, map};

/// What every event of this kind may have.
pub(super) const COMMON: &[Declared] = &[
    ("BatchSize", Form::Number, false),
    ("StartingPositionTimestamp", Form::Any, false),
    ("Enabled", Form::Bool, false),
    ("MaximumBatchingWindowInSeconds", Form::Number, false),
    ("MaximumRetryAttempts", Form::Number, false),
    ("BisectBatchOnFunctionError", Form::Bool, false),
    ("MaximumRecordAgeInSeconds", Form::Number, false),
    ("DestinationConfig", Form::Map, false),
    ("ParallelizationFactor", Form::Number, false),
    ("TumblingWindowInSeconds", Form::Number, false),
    ("FunctionResponseTypes", Form::List, false),
    ("FilterCriteria", Form::Map, false),
    ("KmsKeyArn", Form::Any, false),
    ("ScalingConfig", Form::Map, false),
    ("ProvisionedPollerConfig", Form::Map, false),
    ("MetricsConfig", Form::Map, false),
    ("LoggingConfig", Form::Map, false),
];

/// A service's own queue or stream.
pub(super) struct Kind {
    /// The property that has its ARN.
    property: &'static str,
    own: &'static [Declared],
    /// The path of AWS's policy that lets a role read it.
    pub(super) managed: &'static str,
}

/// A queue of SQS.
pub(super) const QUEUE: Kind = Kind {
    property: "Queue",
    own: &[("Queue", Form::Any, true), ("StartingPosition", Form::Any, false)],
    managed: "service-role/AWSLambdaSQSQueueExecutionRole",
};

const STREAM: &[Declared] = &[("Stream", Form::Any, true), ("StartingPosition", Form::Any, true)];

/// A stream of Kinesis.
pub(super) const KINESIS: Kind =
    Kind { property: "Stream", own: STREAM, managed: "service-role/AWSLambdaKinesisExecutionRole" };

/// The stream of a table.
pub(super) const TABLE: Kind =
    Kind { property: "Stream", own: STREAM, managed: "service-role/AWSLambdaDynamoDBExecutionRole" };

/// Writes out a queue or a stream that is polled.
pub(super) fn expand(
    expansion: &Expansion<'_>,
    called: &mut Called<'_>,
    name: &str,
    event: &Node,
    kind: &Kind,
) -> Expanded<Vec<Generated>> {
    let event = Event::read(called, name, event, &[COMMON, kind.own])?;
    let arn = event.source.get(kind.property);
    let polled = Polled { arn, managed: Some(kind.managed), policies: Vec::new(), own: Map::new() };
    poll(expansion, called, &event, polled)
}

/// What is polled, and what the role must be allowed for it.
pub(super) struct Polled<'a> {
    /// `EventSourceArn`.
    pub(super) arn: Option<&'a Node>,
    /// The path of a policy of AWS's own.
    pub(super) managed: Option<&'a str>,
    pub(super) policies: Vec<Node>,
    /// More properties of the mapping.
    pub(super) own: Map,
}

/// Writes out the mapping between what is polled and the function.
pub(super) fn poll(
    expansion: &Expansion<'_>,
    called: &mut Called<'_>,
    event: &Event,
    polled: Polled<'_>,
) -> Expanded<Vec<Generated>> {
    let Polled { arn, managed, policies, own } = polled;
    let source = &event.source;
    if let Some(criteria) = source.something("FilterCriteria").filter(|one| !one.is_function())
        && criteria.pairs().any(|(key, _)| key != "Filters")
    {
        return source.wrong("FilterCriteria has Filters alone");
    }
    let mut mapping = mapping(called, event.id());
    mapping.set_some("EventSourceArn", arn);
    for name in ["StartingPosition", "Topics", "Queues", "SourceAccessConfigurations"] {
        mapping.set_some(name, source.get(name));
    }
    for (name, ..) in COMMON.iter().filter(|(name, ..)| *name != "DestinationConfig") {
        mapping.set_some(name, source.get(name));
    }
    mapping.properties.extend(own);
    let mut allowed = None;
    if let Some(config) = source.something("DestinationConfig") {
        let mut config = config.clone();
        let Some(on_failure) = config.get_mut("OnFailure").filter(|one| one.as_mapping().is_some()) else {
            return source.wrong("DestinationConfig needs OnFailure, a map");
        };
        // Its kind is for the transform alone.
        if let Some(kind) = on_failure.get("Type").filter(|kind| kind.is_something()).cloned() {
            on_failure.take("Type");
            let target = on_failure.get("Destination").cloned();
            allowed = match (kind.as_str(), target) {
                (Some("SQS"), Some(to)) => {
                    Some(allowing(format!("{}SQSPolicy", event.id()), &[("sqs:SendMessage", &to)]))
                }
                (Some("SNS"), Some(to)) => {
                    Some(allowing(format!("{}SNSPolicy", event.id()), &[("sns:publish", &to)]))
                }
                (Some("S3"), Some(to)) => {
                    let objects = map! {"Fn::Join" => vec![Node::from("/"), Node::from(vec![to.clone(), Node::from("*")])]};
                    let statements = [("s3:PutObject", &objects), ("s3:ListBucket", &to)];
                    Some(allowing(format!("{}S3Policy", event.id()), &statements))
                }
                (Some("SQS" | "SNS" | "S3"), None) => {
                    return source.wrong("DestinationConfig.OnFailure needs Destination");
                }
                (Some("Kafka"), _) => None,
                _ => return source.wrong("the Type of DestinationConfig.OnFailure is SQS, SNS, S3 or Kafka"),
            };
        }
        mapping.set("DestinationConfig", config);
    }
    if let Some(path) = managed {
        allow_polling(expansion, called, path);
    }
    if !policies.is_empty() && called.role.properties.get("Policies").is_some_and(has_choice) {
        return source.wrong("a function whose Policies are chosen by Fn::If can't have this event");
    }
    for policy in policies.into_iter().chain(allowed) {
        add_policy(called.role, policy);
    }
    Ok(vec![mapping])
}

/// Whether a policy is chosen by a condition.
fn has_choice(policies: &Node) -> bool {
    policies.children().any(|policy| policy.get("PolicyDocument").is_none())
}

/// A mapping between what is polled and the function.
pub(super) fn mapping(called: &Called<'_>, logical_id: &str) -> Generated {
    let mut mapping = Generated::new(logical_id, "AWS::Lambda::EventSourceMapping", &called.attributes());
    mapping.set("FunctionName", called.target.reference());
    mapping
}

/// Lets the role poll, by a policy of AWS's own.
pub(super) fn allow_polling(expansion: &Expansion<'_>, called: &mut Called<'_>, policy: &str) {
    let arn = Node::from(aws_policy_arn(expansion.partition, policy));
    if let Some(arns) = called.role.properties.get_mut("ManagedPolicyArns").and_then(Node::elements_mut)
        && !arns.contains(&arn)
    {
        arns.push(arn);
    }
}

/// Adds a policy to a role, unless one says the same.
fn add_policy(role: &mut Generated, policy: Node) {
    let policies = role.properties.entry("Policies".to_owned()).or_insert_with(|| Node::from(Vec::new()));
    if let Some(policies) = policies.elements_mut()
        && !policies.iter().any(|one| one.get("PolicyDocument") == policy.get("PolicyDocument"))
    {
        policies.push(policy);
    }
}

//! `SNS`: a topic calls the function, or fills a queue that the function polls.

use super::stream::{QUEUE, allow_polling, mapping};
use super::{Called, Event, permission};
use crate::node::{Node, NodeKind, Position};
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::source::{Declared, Form};
use crate::serverless::tree::{list, map};

const PROPERTIES: &[Declared] = &[
    ("Topic", Form::Text, true),
    ("Region", Form::Text, false),
    ("FilterPolicy", Form::Any, false),
    ("FilterPolicyScope", Form::Any, false),
    ("SqsSubscription", Form::BoolOrMap, false),
    ("RedrivePolicy", Form::Map, false),
];

/// Writes out the subscription and what it takes.
pub(super) fn expand(
    expansion: &Expansion<'_>,
    called: &mut Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let event = Event::read(called, name, event, &[PROPERTIES])?;
    let source = &event.source;
    let Some(topic) = source.get("Topic").cloned() else {
        return source.wrong("Topic is missing");
    };
    let Some(by_queue) = source.something("SqsSubscription") else {
        let mut permission = permission(called, event.id(), "", "sns.amazonaws.com");
        permission.set("SourceArn", &topic);
        return Ok(vec![permission, subscription(called, &event, "lambda", &called.arn, &topic)]);
    };
    let mut made = Vec::new();
    let mut policy_id = format!("{}QueuePolicy", event.id());
    let mut batch_size = Node::new(NodeKind::Number("10".to_owned()), Position::default());
    let (arn, url) = if by_queue.as_bool().is_some() {
        let mut queue =
            Generated::new(format!("{}Queue", event.id()), "AWS::SQS::Queue", &called.attributes());
        if let Some(fifo) = fifo_of(expansion, &event, &topic)? {
            queue.set("FifoQueue", fifo);
        }
        let addresses = (queue.attribute("Arn"), queue.reference());
        made.push(queue);
        addresses
    } else {
        let something = |key: &str| by_queue.get(key).filter(|one| one.is_something());
        let (Some(arn), Some(url)) = (something("QueueArn"), something("QueueUrl")) else {
            return source.wrong("SqsSubscription needs QueueArn and QueueUrl");
        };
        if let Some(id) = something("QueuePolicyLogicalId") {
            match id.as_str().filter(|id| id.chars().all(|one| one.is_ascii_alphanumeric())) {
                Some(id) => policy_id = id.to_owned(),
                None => return source.wrong("QueuePolicyLogicalId is an alphanumeric text"),
            }
        }
        if let Some(size) = something("BatchSize") {
            batch_size = size.clone();
        }
        (arn.clone(), url.clone())
    };
    let mut policy = Generated::new(policy_id, "AWS::SQS::QueuePolicy", &called.attributes());
    policy.set(
        "PolicyDocument",
        map! {
            "Version" => "2012-10-17",
            "Statement" => list![map! {
                "Action" => "sqs:SendMessage",
                "Effect" => "Allow",
                "Principal" => "*",
                "Resource" => &arn,
                "Condition" => map! {"ArnEquals" => map! {"aws:SourceArn" => &topic}},
            }],
        },
    );
    policy.set("Queues", list![url]);
    let mut mapping = mapping(called, &format!("{}EventSourceMapping", event.id()));
    mapping.set("EventSourceArn", &arn);
    mapping.set("BatchSize", batch_size);
    mapping.set("Enabled", true);
    allow_polling(expansion, called, QUEUE.managed);
    made.extend([policy, mapping, subscription(called, &event, "sqs", &arn, &topic)]);
    Ok(made)
}

fn subscription(called: &Called<'_>, event: &Event, protocol: &str, to: &Node, topic: &Node) -> Generated {
    let mut subscription = Generated::new(event.id(), "AWS::SNS::Subscription", &called.attributes());
    subscription.set("Protocol", protocol);
    subscription.set("Endpoint", to);
    subscription.set("TopicArn", topic);
    for name in ["Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"] {
        subscription.set_some(name, event.source.get(name));
    }
    subscription
}

/// `FifoTopic` of a topic of the same template, if it is set.
fn fifo_of(expansion: &Expansion<'_>, event: &Event, topic: &Node) -> Expanded<Option<Node>> {
    let fifo = topic
        .reference_name()
        .and_then(|id| expansion.resource(id)?.get("Properties")?.get("FifoTopic"))
        .map(|fifo| expansion.values.resolved(event.id(), fifo))
        .transpose()?;
    Ok(fifo.filter(Node::is_something))
}

//! The events of a function or a state machine: what calls it, and what it takes for that (permissions, rules, subscriptions, mappings).

mod api;
mod broker;
mod bucket;
mod http_api;
mod others;
mod rule;
mod schedule;
mod stream;
mod topic;
mod user_pool;

pub(super) use api::api_id;

use super::Expansion;
use super::generated::Generated;
use super::logical_id;
use super::problem::{Expanded, unknown, wrong};
use super::source::{Declared, Form, Source};
use super::tree::{Map, map};
use crate::node::Node;

/// The events of a state machine that are known here. `Api` is not.
const OF_STATE_MACHINES: [&str; 4] = ["Schedule", "ScheduleV2", "CloudWatchEvent", "EventBridgeRule"];

/// A function or a state machine with its events under way.
pub(super) struct Called<'a> {
    /// The logical id of the function or the state machine.
    pub(super) function_id: &'a str,
    /// What is called: the function, or its alias if it publishes one.
    pub(super) target: &'a Generated,
    /// The ARN of what is called.
    pub(super) arn: Node,
    /// The generated role; what an event must be allowed is added to it, whether it is used or not.
    pub(super) role: &'a mut Generated,
    /// Set for a state machine, which isn't called but started, by a role: the boundary of that role's permissions, if any.
    pub(super) starts: Option<Option<Node>>,
}

impl Called<'_> {
    /// The attributes that what is made for an event takes over.
    fn attributes(&self) -> Map {
        self.target.handed_on()
    }

    /// The condition under which the function exists.
    pub(super) fn condition(&self) -> Option<&Node> {
        self.target.attributes.get("Condition")
    }

    /// What `Fn::Sub` calls the ARN of what is called.
    fn arn_variable(&self) -> String {
        match self.target.logical_id == self.function_id {
            true => format!("{}.Arn", self.function_id),
            // An alias refers to its ARN.
            false => self.target.logical_id.clone(),
        }
    }
}

/// An event as its author wrote it.
struct Event {
    /// Its logical id is the function's, followed by the event's name.
    source: Source,
}

impl Event {
    fn read(called: &Called<'_>, name: &str, node: &Node, declared: &[&[Declared]]) -> Expanded<Event> {
        let type_name = node.get("Type").and_then(Node::as_str).unwrap_or_default();
        let id = format!("{}{name}", called.function_id);
        if !id.chars().all(|one| one.is_ascii_alphanumeric()) {
            return wrong(called.function_id, node, format!("the event's name {name} isn't alphanumeric"));
        }
        let source = Source::read(&id, &format!("the event {type_name}"), node, declared)?;
        Ok(Event { source })
    }

    /// The logical id of what is made for it.
    fn id(&self) -> &str {
        &self.source.logical_id
    }

    /// The resource of the same template that a property refers to, with its logical id; `what` is what it should be, in words.
    fn referred(
        &self,
        expansion: &Expansion<'_>,
        property: &str,
        type_name: &str,
        what: &str,
    ) -> Expanded<(String, Node)> {
        let id = self.source.get(property).and_then(Node::reference_name);
        let Some((id, resource)) = id.and_then(|id| Some((id, expansion.resource(id)?))) else {
            return self.source.wrong(format!("{property} must be the Ref of a {what} in the same template"));
        };
        if resource.get("Type").and_then(Node::as_str) != Some(type_name) {
            return self.source.wrong(format!("{id} is no {what}"));
        }
        Ok((id.to_owned(), resource.clone()))
    }
}

/// Writes out a resource of the template that an event has changed, which may have these properties.
fn changed(
    expansion: &mut Expansion<'_>,
    id: &str,
    type_name: &'static str,
    resource: Node,
    properties: &[&'static str],
) -> Expanded<Generated> {
    let declared: Vec<Declared> = properties.iter().map(|name| (*name, Form::Any, false)).collect();
    let written = Source::read(id, type_name, &resource, &[&declared])?;
    let mut made = Generated::new(id, type_name, &written.attributes);
    made.depends_on = written.depends_on.clone();
    made.properties = written.properties().clone();
    if let Some(entry) = expansion.resources.get_mut(id) {
        entry.value = resource;
    }
    Ok(made)
}

/// Writes out a function's events.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    called: &mut Called<'_>,
    events: Option<&Node>,
) -> Expanded<Vec<Generated>> {
    let mut made = Vec::new();
    for (name, event) in in_order(called, events)? {
        made.extend(expand_one(expansion, called, &name, &event)?);
    }
    Ok(made)
}

/// Events in the order in which the transform takes them: by the path of an API, by their name where they have none.
fn in_order(called: &Called<'_>, events: Option<&Node>) -> Expanded<Vec<(String, Node)>> {
    let mut found = Vec::new();
    for (name, event) in events.into_iter().flat_map(Node::pairs) {
        let path = event.get("Properties").and_then(|properties| properties.get("Path"));
        match path.map(Node::as_str) {
            Some(None) => {
                return wrong(called.function_id, event, format!("the Path of the event {name} is no text"));
            }
            Some(Some(path)) => found.push((path.to_owned(), name.to_owned(), event.clone())),
            None => found.push((name.to_owned(), name.to_owned(), event.clone())),
        }
    }
    found.sort_by(|(left, ..), (right, ..)| left.cmp(right));
    Ok(found.into_iter().map(|(_, name, event)| (name, event)).collect())
}

fn expand_one(
    expansion: &mut Expansion<'_>,
    called: &mut Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let type_name = event.get("Type").and_then(Node::as_str).unwrap_or_default();
    if called.starts.is_some() && !OF_STATE_MACHINES.contains(&type_name) {
        let what = format!("the event {name} of type {type_name:?} of a state machine");
        return unknown(called.function_id, event, what);
    }
    match type_name {
        "Schedule" => rule::schedule(called, name, event),
        "CloudWatchEvent" | "EventBridgeRule" => rule::pattern(called, name, event),
        "ScheduleV2" => schedule::expand(called, name, event),
        "S3" => bucket::expand(expansion, called, name, event),
        "SNS" => topic::expand(expansion, called, name, event),
        "SQS" => stream::expand(expansion, called, name, event, &stream::QUEUE),
        "Kinesis" => stream::expand(expansion, called, name, event, &stream::KINESIS),
        "DynamoDB" => stream::expand(expansion, called, name, event, &stream::TABLE),
        "AlexaSkill" => others::alexa(called, name, event),
        "IoTRule" => others::iot(expansion, called, name, event),
        "CloudWatchLogs" => others::logs(expansion, called, name, event),
        "Api" => api::expand(expansion, called, name, event),
        "HttpApi" => http_api::expand(expansion, called, name, event),
        "Cognito" => user_pool::expand(expansion, called, name, event),
        "MSK" => broker::msk(expansion, called, name, event),
        "MQ" => broker::mq(expansion, called, name, event),
        "SelfManagedKafka" => broker::kafka(expansion, called, name, event),
        "DocumentDB" => broker::document_db(expansion, called, name, event),
        _ => wrong(called.function_id, event, format!("the event {name} has no type that there is")),
    }
}

/// The permission for a service to call the function; `suffix` tells several of one event apart.
fn permission(called: &Called<'_>, prefix: &str, suffix: &str, principal: &str) -> Generated {
    let is_plain = !suffix.is_empty() && suffix.chars().all(char::is_alphanumeric);
    let id = match is_plain {
        true => format!("{prefix}Permission{suffix}"),
        false => format!("{prefix}Permission{}", logical_id::digits_of_text(suffix)),
    };
    let mut permission = Generated::new(id, "AWS::Lambda::Permission", &called.attributes());
    permission.set("Action", "lambda:InvokeFunction");
    permission.set("FunctionName", called.target.reference());
    permission.set("Principal", principal);
    permission
}

/// `Fn::Sub` of an ARN in this account with the values of its variables.
pub(super) fn own_arn(partition: &str, service: &str, resource: &str, variables: Node) -> Node {
    let text = format!("arn:{partition}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}");
    map! {"Fn::Sub" => vec![Node::from(text), variables]}
}

/// A dead-letter queue's ARN, and the queue if the event makes one of its own.
fn dead_letter_queue(event: &Event, called: &Called<'_>) -> Expanded<Option<(Node, Option<Generated>)>> {
    let source = &event.source;
    let Some(config) = source.get("DeadLetterConfig") else {
        return Ok(None);
    };
    let kind = config.get("Type");
    match (config.get("Arn"), kind) {
        (Some(_), Some(_)) => source.wrong("DeadLetterConfig has Arn or Type, not both"),
        (None, None) => source.wrong("DeadLetterConfig needs Arn or Type"),
        (Some(arn), None) => Ok(Some((arn.clone(), None))),
        (None, Some(kind)) if kind.as_str() != Some("SQS") => {
            source.wrong("the Type of DeadLetterConfig is SQS")
        }
        (None, Some(_)) => {
            let id = match config.get("QueueLogicalId") {
                None => format!("{}Queue", event.id()),
                Some(id) => match id.as_str() {
                    Some("") => format!("{}Queue", event.id()),
                    Some(id) => id.to_owned(),
                    None => return source.wrong("QueueLogicalId is a text"),
                },
            };
            let queue = Generated::new(id, "AWS::SQS::Queue", &called.attributes());
            Ok(Some((queue.attribute("Arn"), Some(queue))))
        }
    }
}

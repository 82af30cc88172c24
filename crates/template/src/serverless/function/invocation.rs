//! `EventInvokeConfig`: how often an asynchronous call is tried, and where its outcome goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::logical_id;
use crate::serverless::problem::Expanded;
use crate::serverless::role::allowing;
use crate::serverless::source::Source;
use crate::serverless::tree::{conditional, list, map};

/// The configuration, the queues and topics that it makes, and what the function must be allowed for it.
#[derive(Default)]
pub(super) struct Invocation {
    pub(super) made: Vec<Generated>,
    pub(super) allowed: Vec<Node>,
}

/// Destinations that functions have of `Globals`. They are one and the same for the transform, which writes what it makes for the
/// first function into it: the others use that one's queue or topic.
#[derive(Debug, Default)]
pub(in crate::serverless) struct Shared {
    /// Functions by the destination that they have of `Globals`.
    functions: BTreeSet<(&'static str, String)>,
    made: BTreeMap<&'static str, Node>,
}

impl Shared {
    /// What functions of a template share, before `Globals` is merged.
    pub(in crate::serverless) fn of(template: &Node) -> Shared {
        let has = |config: Option<&Node>, name: &str| {
            config.is_some_and(|config| {
                config.get("DestinationConfig").is_some_and(|destinations| destinations.get(name).is_some())
            })
        };
        let global =
            template.get("Globals").and_then(|globals| globals.get("Function")?.get("EventInvokeConfig"));
        let mut shared = Shared::default();
        for name in OUTCOMES.into_iter().filter(|name| has(global, name)) {
            for (id, resource) in template.get("Resources").into_iter().flat_map(Node::pairs) {
                let own =
                    resource.get("Properties").and_then(|properties| properties.get("EventInvokeConfig"));
                if !has(own, name) {
                    shared.functions.insert((name, id.to_owned()));
                }
            }
        }
        shared
    }
}

/// What may come of a call.
const OUTCOMES: [&str; 2] = ["OnSuccess", "OnFailure"];

/// A destination of outcomes.
struct Destination {
    arn: Node,
    made: Option<Generated>,
    allowed: Node,
}

/// Writes the configuration out.
pub(super) fn invocation(
    expansion: &mut Expansion<'_>,
    source: &Source,
    function: &Generated,
    alias: Option<&Generated>,
) -> Expanded<Invocation> {
    let Some(config) = source.something("EventInvokeConfig") else {
        return Ok(Invocation::default());
    };
    let logical_id = format!("{}EventInvokeConfig", source.logical_id);
    let config = expansion.values.resolved(&source.logical_id, config)?;
    let mut invocation = Invocation::default();
    let mut made = Generated::new(logical_id.as_str(), "AWS::Lambda::EventInvokeConfig", &source.attributes);
    made.depends_on = alias.map(|alias| list![alias.logical_id.as_str()]);
    let mut destinations = Node::from_pairs([]);
    let given = config.get("DestinationConfig").filter(|one| one.is_something());
    if given.is_some_and(|given| given.as_mapping().is_none()) {
        return source.wrong("EventInvokeConfig.DestinationConfig is a map");
    }
    for name in OUTCOMES {
        let Some(to) = given.and_then(|given| given.get(name)) else {
            continue;
        };
        let mut to = to.clone();
        let is_shared = expansion.destinations.functions.contains(&(name, source.logical_id.clone()));
        if let Some(made) = expansion.destinations.made.get(name).filter(|_| is_shared) {
            to.put("Destination", made);
        }
        if to.as_mapping().is_none() {
            return source.wrong(format!("EventInvokeConfig.DestinationConfig.{name} is a map"));
        }
        let found = destination(expansion, source, &to, &logical_id, name)?;
        if is_shared {
            expansion.destinations.made.insert(name, found.arn.clone());
        }
        destinations.put(name, map! {"Destination" => found.arn});
        invocation.made.extend(found.made);
        invocation.allowed.push(found.allowed);
    }
    made.set("FunctionName", function.reference());
    let qualifier = alias.and_then(|alias| alias.properties.get("Name")).cloned();
    made.set("Qualifier", qualifier.unwrap_or_else(|| Node::from("$LATEST")));
    made.set("DestinationConfig", destinations);
    for name in ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"] {
        made.set_some(name, config.get(name));
    }
    invocation.made.push(made);
    Ok(invocation)
}

/// Where an outcome goes: what is given, or a queue or topic of its own where nothing is, also under a condition alone.
fn destination(
    expansion: &mut Expansion<'_>,
    source: &Source,
    to: &Node,
    config_id: &str,
    event: &str,
) -> Expanded<Destination> {
    let kind = to.get("Type").and_then(Node::as_str).unwrap_or_default().to_owned();
    if !["SQS", "SNS", "EventBridge", "Lambda", "S3Bucket"].contains(&kind.as_str()) {
        return source.wrong(format!(
            "the Type of EventInvokeConfig.DestinationConfig.{event} is SQS, SNS, EventBridge, Lambda or S3Bucket"
        ));
    }
    let id = format!("{config_id}{event}");
    let given = to.get("Destination");
    let chosen = chosen(expansion, source, given, config_id)?;
    if let (Some(given), None) = (given, &chosen) {
        return Ok(Destination { arn: given.clone(), made: None, allowed: allowed(&kind, given, &id) });
    }
    let mut made = match kind.as_str() {
        "SQS" => Generated::new(format!("{id}Queue"), "AWS::SQS::Queue", &source.handed_on()),
        "SNS" => Generated::new(format!("{id}Topic"), "AWS::SNS::Topic", &source.handed_on()),
        _ => return source.wrong(format!("EventInvokeConfig.DestinationConfig.{event} needs Destination")),
    };
    let own = match kind.as_str() {
        "SQS" => made.attribute("Arn"),
        _ => made.reference(),
    };
    let arn = match chosen {
        None => own,
        Some((condition, other)) => {
            if source.attributes.contains_key("Condition") {
                return source.unknown(format!(
                    "a Condition of a function of which EventInvokeConfig.DestinationConfig.{event} is chosen by Fn::If"
                ));
            }
            made.attributes.insert("Condition".to_owned(), Node::from(condition.as_str()));
            conditional(condition, own, Some(other))
        }
    };
    let allowed = allowed(&kind, &arn, &id);
    Ok(Destination { arn, made: Some(made), allowed })
}

/// A destination that is given under a condition alone: the condition under which it isn't, and the destination.
fn chosen(
    expansion: &mut Expansion<'_>,
    source: &Source,
    given: Option<&Node>,
    config_id: &str,
) -> Expanded<Option<(String, Node)>> {
    let Some(arguments) = given.and_then(Node::if_arguments) else {
        return Ok(None);
    };
    let Some([condition, yes, no]) = arguments.as_sequence() else {
        return source.wrong("Fn::If takes a condition and two values");
    };
    let Some(condition) = condition.as_str() else {
        return source.unknown("a destination that is chosen by more than the name of a condition");
    };
    match (yes.is_no_value(), no.is_no_value()) {
        (true, false) => Ok(Some((condition.to_owned(), no.clone()))),
        (false, true) => {
            let name = format!("NOT{condition}{}", logical_id::digits_of_text(config_id));
            let negated = map! {"Fn::Not" => list![map! {"Condition" => condition}]};
            expansion.add_condition(source, &name, negated)?;
            Ok(Some((name, yes.clone())))
        }
        _ => Ok(None),
    }
}

fn allowed(kind: &str, to: &Node, id: &str) -> Node {
    match kind {
        "SQS" => allowing(format!("{id}SQSPolicy"), &[("sqs:SendMessage", to)]),
        "SNS" => allowing(format!("{id}SNSPolicy"), &[("sns:publish", to)]),
        "EventBridge" => allowing(format!("{id}EventBridgePolicy"), &[("events:PutEvents", to)]),
        "Lambda" => allowing(format!("{id}LambdaPolicy"), &[("lambda:InvokeFunction", to)]),
        _ => {
            let objects = map! {"Fn::Join" => list!["/", list![to, "*"]]};
            allowing(format!("{id}S3Policy"), &[("s3:PutObject", &objects), ("s3:ListBucket", to)])
        }
    }
}

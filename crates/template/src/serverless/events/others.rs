//! Events that take a permission and little more: `AlexaSkill`, `IoTRule`, `CloudWatchLogs`.

use super::{Called, Event, own_arn, permission};
use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Form;
use crate::serverless::tree::{list, map, reference};

/// A skill of Alexa.
pub(super) fn alexa(called: &Called<'_>, name: &str, event: &Node) -> Expanded<Vec<Generated>> {
    let event = Event::read(called, name, event, &[&[("SkillId", Form::Text, false)]])?;
    let mut permission = permission(called, event.id(), "", "alexa-appkit.amazon.com");
    permission.set_some("EventSourceToken", event.source.get("SkillId"));
    Ok(vec![permission])
}

/// A rule of IoT.
pub(super) fn iot(
    expansion: &Expansion<'_>,
    called: &Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let declared = [("Sql", Form::Text, true), ("AwsIotSqlVersion", Form::Text, false)];
    let event = Event::read(called, name, event, &[&declared])?;
    let mut permission = permission(called, event.id(), "", "iot.amazonaws.com");
    let variables = map! {"RuleName" => reference(event.id())};
    permission.set("SourceArn", own_arn(expansion.partition, "iot", "rule/${RuleName}", variables));
    permission.set("SourceAccount", map! {"Fn::Sub" => "${AWS::AccountId}"});
    let mut payload = map! {
        "RuleDisabled" => false,
        "Actions" => list![map! {"Lambda" => map! {"FunctionArn" => &called.arn}}],
    };
    if let Some(sql) = event.source.get("Sql") {
        payload.put("Sql", sql);
    }
    if let Some(version) = event.source.something("AwsIotSqlVersion") {
        payload.put("AwsIotSqlVersion", version);
    }
    let mut rule = Generated::new(event.id(), "AWS::IoT::TopicRule", &called.attributes());
    rule.set("TopicRulePayload", payload);
    Ok(vec![permission, rule])
}

/// A log group.
pub(super) fn logs(
    expansion: &Expansion<'_>,
    called: &Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let declared = [("LogGroupName", Form::Text, true), ("FilterPattern", Form::Text, true)];
    let event = Event::read(called, name, event, &[&declared])?;
    let mut permission = permission(called, event.id(), "", "logs.amazonaws.com");
    let mut filter = Generated::new(event.id(), "AWS::Logs::SubscriptionFilter", &called.attributes());
    filter.depends_on = Some(list![permission.logical_id.as_str()]);
    if let Some(group) = event.source.get("LogGroupName") {
        let variables = map! {"__LogGroupName__" => group};
        let resource = "log-group:${__LogGroupName__}:*";
        permission.set("SourceArn", own_arn(expansion.partition, "logs", resource, variables));
        filter.set("LogGroupName", group);
    }
    filter.set_some("FilterPattern", event.source.get("FilterPattern"));
    filter.set("DestinationArn", &called.arn);
    Ok(vec![permission, filter])
}

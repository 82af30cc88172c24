//! Elastic Load Balancing: the rule that closes the gate.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, PathPatternConditionConfig, Rule, RuleCondition, Tag,
};
use upgrade::{Gate, GateRuleSeen, PortError};

use crate::errors::{code, look_again, port_error};

/// The tag on everything that maintenance makes; its value is the run's id.
pub(crate) const RUN_TAG: &str = "slackwater:run-id";

/// DescribeTags takes at most 20 ARNs (Elastic Load Balancing API reference).
const ARNS_A_CALL: usize = 20;

/// Every rule of a listener, the default one included.
async fn rules(client: &Client, listener_arn: &str) -> Result<Vec<Rule>, PortError> {
    let mut rules = Vec::new();
    let mut marker = None;
    loop {
        let page = client
            .describe_rules()
            .listener_arn(listener_arn)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| port_error("elasticloadbalancing:DescribeRules", &error))?;
        rules.extend(page.rules.unwrap_or_default());
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(rules);
        }
    }
}

/// The priorities that a listener's rules have.
pub(crate) async fn rule_priorities(client: &Client, listener_arn: &str) -> Result<Vec<i32>, PortError> {
    // The default rule's priority is the word "default".
    let rules = rules(client, listener_arn).await?;
    Ok(rules.iter().filter_map(|rule| rule.priority()?.parse().ok()).collect())
}

/// The rules on a listener that carry our tag.
pub(crate) async fn gate_rules(client: &Client, listener_arn: &str) -> Result<Vec<GateRuleSeen>, PortError> {
    // A gate answers by itself: asking only such rules for their tags saves most calls.
    let candidates: Vec<String> = rules(client, listener_arn)
        .await?
        .iter()
        .filter(|rule| rule.actions().iter().any(|action| action.fixed_response_config().is_some()))
        .filter_map(|rule| rule.rule_arn().map(str::to_owned))
        .collect();
    let mut seen = Vec::new();
    for arns in candidates.chunks(ARNS_A_CALL) {
        let answer = client
            .describe_tags()
            .set_resource_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("elasticloadbalancing:DescribeTags", &error))?;
        for description in answer.tag_descriptions() {
            let run = description.tags().iter().find(|tag| tag.key() == Some(RUN_TAG));
            if let (Some(arn), Some(run)) = (description.resource_arn(), run) {
                seen.push(GateRuleSeen {
                    rule_arn: arn.to_owned(),
                    run_id: run.value().unwrap_or_default().to_owned(),
                });
            }
        }
    }
    Ok(seen)
}

pub(crate) async fn close_gate(
    client: &Client,
    listener_arn: &str,
    gate: &Gate,
    run_id: &str,
) -> Result<(), PortError> {
    const OPERATION: &str = "elasticloadbalancing:CreateRule";
    let page = FixedResponseActionConfig::builder()
        .status_code(gate.status_code.to_string())
        .content_type(&gate.content_type)
        .message_body(&gate.body)
        .build();
    client
        .create_rule()
        .listener_arn(listener_arn)
        .priority(gate.priority)
        .conditions(
            RuleCondition::builder()
                .field("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().values("*").build())
                .build(),
        )
        .actions(Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(page).build())
        .tags(Tag::builder().key(RUN_TAG).value(run_id).build())
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let sorted = port_error(OPERATION, &error);
            // The rule may be our own, made by a call whose answer was lost.
            if code(&error) == Some("PriorityInUse") { look_again(sorted) } else { sorted }
        })
}

pub(crate) async fn open_gate(client: &Client, rule_arns: &[String]) -> Result<(), PortError> {
    for arn in rule_arns {
        if let Err(error) = client.delete_rule().rule_arn(arn).send().await
            && code(&error) != Some("RuleNotFound")
        {
            return Err(port_error("elasticloadbalancing:DeleteRule", &error));
        }
    }
    Ok(())
}

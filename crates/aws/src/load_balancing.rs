//! Elastic Load Balancing: rules, their tags, and the health of targets. The gate is in [`gate`], the ways in are in
//! [`listeners`].

pub(crate) mod gate;
pub(crate) mod listeners;

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::error::SdkError;
use aws_sdk_elasticloadbalancingv2::operation::describe_rules::DescribeRulesError;
use aws_sdk_elasticloadbalancingv2::types::{Rule, RuleCondition, TargetHealthStateEnum};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use upgrade::{Finding, PortError};

use crate::errors::{code, port_error};
use crate::tags::{MEMORY_TAG, RUN_TAG};
use crate::together::all;

/// DescribeTags takes at most 20 ARNs (Elastic Load Balancing API reference).
const ARNS_A_CALL: usize = 20;

const DESCRIBE_RULES: &str = "elasticloadbalancing:DescribeRules";

/// Every rule of a listener, the default one included.
pub(crate) async fn rules(client: &Client, listener_arn: &str) -> Result<Vec<Rule>, PortError> {
    read_rules(client, listener_arn).await.map_err(|error| port_error(DESCRIBE_RULES, &error))
}

/// A listener's rules; `None`: there is no such listener.
pub(crate) async fn rules_if_any(
    client: &Client,
    listener_arn: &str,
) -> Result<Option<Vec<Rule>>, PortError> {
    match read_rules(client, listener_arn).await {
        Ok(rules) => Ok(Some(rules)),
        Err(error) if code(&error) == Some("ListenerNotFound") => Ok(None),
        Err(error) => Err(port_error(DESCRIBE_RULES, &error)),
    }
}

async fn read_rules(
    client: &Client,
    listener_arn: &str,
) -> Result<Vec<Rule>, SdkError<DescribeRulesError, HttpResponse>> {
    let mut rules = Vec::new();
    let mut marker = None;
    loop {
        let page = client.describe_rules().listener_arn(listener_arn).set_marker(marker).send().await?;
        rules.extend(page.rules.unwrap_or_default());
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(rules);
        }
    }
}

/// A rule's priority. The default rule's is the word "default".
pub(crate) fn priority(rule: &Rule) -> Option<i32> {
    rule.priority()?.parse().ok()
}

/// What our tags on a rule say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OurTags {
    /// The run that made it; `None`: it is the platform's.
    pub run_id: Option<String>,
    /// Of ours, since when and by whom; of the platform's, where it was before it made room.
    pub note: Option<String>,
}

/// What our tags say, by the rules' ARNs; those without any are left out.
pub(crate) async fn our_tags(
    client: &Client,
    arns: &[String],
) -> Result<HashMap<String, OurTags>, PortError> {
    let answers = all(arns.chunks(ARNS_A_CALL), async |some| {
        client
            .describe_tags()
            .set_resource_arns(Some(some.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("elasticloadbalancing:DescribeTags", &error))
    })
    .await?;
    let described = answers.iter().flat_map(|answer| answer.tag_descriptions());
    Ok(described
        .filter_map(|description| {
            let value = |key: &str| {
                let tag = description.tags().iter().find(|tag| tag.key() == Some(key))?;
                Some(tag.value().unwrap_or_default().to_owned())
            };
            let tags = OurTags { run_id: value(RUN_TAG), note: value(MEMORY_TAG) };
            (tags != OurTags::default()).then_some((description.resource_arn()?.to_owned(), tags))
        })
        .collect())
}

/// How many values a condition compares with: what counts towards the five of a rule.
pub(crate) fn values_of(condition: &RuleCondition) -> u32 {
    let configured = [
        condition.host_header_config().map(|found| found.values().len()),
        condition.path_pattern_config().map(|found| found.values().len()),
        condition.http_header_config().map(|found| found.values().len()),
        condition.http_request_method_config().map(|found| found.values().len()),
        condition.query_string_config().map(|found| found.values().len()),
        condition.source_ip_config().map(|found| found.values().len()),
    ];
    let count: usize = configured.into_iter().flatten().sum();
    // The older form repeats the values of paths and hosts.
    u32::try_from(count.max(condition.values().len())).unwrap_or(u32::MAX)
}

/// How a target group's targets are: well when one is healthy at least, and none is unhealthy or still being looked at.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
pub(crate) async fn target_health(client: &Client, arn: &str) -> Result<Finding, PortError> {
    // arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/NAME/ID
    let name = arn.split('/').nth(1).unwrap_or(arn);
    let what = format!("target group {name}");
    let answer = match client.describe_target_health().target_group_arn(arn).send().await {
        Ok(answer) => answer,
        Err(error) if code(&error) == Some("TargetGroupNotFound") => {
            return Ok(Finding { what, healthy: false, detail: "it does not exist".to_owned() });
        }
        Err(error) => return Err(port_error("elasticloadbalancing:DescribeTargetHealth", &error)),
    };
    let targets = answer.target_health_descriptions();
    if targets.is_empty() {
        return Ok(Finding { what, healthy: false, detail: "it has no targets".to_owned() });
    }
    let (mut healthy, mut all_well) = (0_usize, true);
    let mut others = Vec::new();
    for target in targets {
        let health = target.target_health();
        match health.and_then(|health| health.state()) {
            Some(TargetHealthStateEnum::Healthy) => healthy += 1,
            // On its way out: it gets no new requests.
            Some(TargetHealthStateEnum::Draining) => {}
            state => {
                all_well = false;
                let id = target.target().and_then(|target| target.id()).unwrap_or("a target");
                let state = state.map_or("of unknown health", TargetHealthStateEnum::as_str);
                let reason = health.and_then(|health| health.reason()).map(|reason| reason.as_str());
                let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
                others.push(format!("{id} {state}{reason}"));
            }
        }
    }
    let mut detail = format!("{healthy} of {} healthy", targets.len());
    if !others.is_empty() {
        detail = format!("{detail}; {}", others.join(", "));
    }
    Ok(Finding { what, healthy: all_well && healthy > 0, detail })
}

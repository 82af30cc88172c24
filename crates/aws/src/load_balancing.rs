//! Elastic Load Balancing: rules, their tags, and the health of targets. The gate is in [`gate`], the ways in are in
//! [`listeners`].

pub(crate) mod gate;
pub(crate) mod listeners;

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use upgrade::{HealthFinding, PortError};

use crate::concurrency::all;
use crate::endpoints::LOAD_BALANCING;
use crate::errors::OrAbsent;
use crate::tags::{MEMORY_TAG, RUN_TAG, Tag};
use crate::wire::Wire;
use crate::wire::query::Form;

/// DescribeTags takes at most 20 ARNs (Elastic Load Balancing API reference).
const ARNS_A_CALL: usize = 20;

/// A rule as DescribeRules shows it, as far as anything here depends on it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Rule {
    pub rule_arn: String,
    /// A number, or `default`.
    priority: String,
    conditions: Vec<Condition>,
    pub actions: Vec<Action>,
}

/// What a condition compares with, in the form of its kind; paths and hosts in an older form as well.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Condition {
    values: Vec<IgnoredAny>,
    host_header_config: Values,
    path_pattern_config: Values,
    http_header_config: Values,
    http_request_method_config: Values,
    query_string_config: Values,
    source_ip_config: Values,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Values {
    values: Vec<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Action {
    target_group_arn: Option<String>,
    forward_config: Forward,
    redirect_config: Option<Redirect>,
    fixed_response_config: Option<IgnoredAny>,
    authenticate_oidc_config: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Forward {
    target_groups: Vec<TargetGroup>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TargetGroup {
    target_group_arn: Option<String>,
    /// DescribeTargetGroups alone shows it.
    target_type: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Redirect {
    host: Option<String>,
    port: Option<String>,
}

impl Rule {
    /// `None`: it is the default rule.
    pub(crate) fn priority(&self) -> Option<i32> {
        self.priority.parse().ok()
    }

    /// How many values its conditions compare with, of the five that a rule may have.
    fn condition_values(&self) -> u32 {
        self.conditions.iter().map(Condition::values).sum()
    }
}

impl Condition {
    fn values(&self) -> u32 {
        let configured = [
            &self.host_header_config,
            &self.path_pattern_config,
            &self.http_header_config,
            &self.http_request_method_config,
            &self.query_string_config,
            &self.source_ip_config,
        ];
        let count: usize = configured.iter().map(|config| config.values.len()).sum();
        // The older form repeats the values of paths and hosts.
        u32::try_from(count.max(self.values.len())).unwrap_or(u32::MAX)
    }
}

fn describe_rules(listener_arn: &str) -> Form<'static> {
    Form::new(&LOAD_BALANCING, "DescribeRules").with("ListenerArn", listener_arn)
}

/// Every rule of a listener, the default one included.
pub(crate) async fn rules(wire: &Wire, listener_arn: &str) -> Result<Vec<Rule>, PortError> {
    Ok(wire.list(&describe_rules(listener_arn), "Rules").await?)
}

/// A listener's rules; `None`: there is no such listener.
pub(crate) async fn rules_if_any(wire: &Wire, listener_arn: &str) -> Result<Option<Vec<Rule>>, PortError> {
    let rules = wire.list(&describe_rules(listener_arn), "Rules").await;
    rules.or_absent(|error| error.code() == "ListenerNotFound")
}

/// What our tags on a rule say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OurTags {
    /// The run that made it; `None`: it is the platform's.
    pub run_id: Option<String>,
    /// Of ours, since when and by whom; of the platform's, where it was before it made room.
    pub note: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TagDescription {
    resource_arn: String,
    tags: Vec<Tag>,
}

/// What our tags say, by the rules' ARNs; those without any are left out.
pub(crate) async fn our_tags(wire: &Wire, arns: &[String]) -> Result<HashMap<String, OurTags>, PortError> {
    let described = all(arns.chunks(ARNS_A_CALL), async |some| {
        let form = Form::new(&LOAD_BALANCING, "DescribeTags").with_list("ResourceArns.member", some);
        Ok(wire.list::<TagDescription>(&form, "TagDescriptions").await?)
    })
    .await?;
    let tags = described.into_iter().flatten().map(|TagDescription { resource_arn, tags }| {
        let ours = OurTags { run_id: Tag::find(&tags, RUN_TAG), note: Tag::find(&tags, MEMORY_TAG) };
        (resource_arn, ours)
    });
    Ok(tags.filter(|(_, ours)| *ours != OurTags::default()).collect())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TargetDescription {
    target: Target,
    target_health: TargetHealth,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Target {
    id: Option<String>,
    port: i32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TargetHealth {
    state: Option<String>,
    reason: Option<String>,
}

fn describe_target_health(target_group_arn: &str) -> Form<'static> {
    Form::new(&LOAD_BALANCING, "DescribeTargetHealth").with("TargetGroupArn", target_group_arn)
}

/// How a target group's targets are: well when one is healthy at least, and none is unhealthy or still being looked at.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
pub(crate) async fn target_health(wire: &Wire, arn: &str) -> Result<HealthFinding, PortError> {
    // arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/NAME/ID
    let name = arn.split('/').nth(1).unwrap_or(arn);
    let what = format!("target group {name}");
    let unhealthy =
        |what: String, detail: &str| Ok(HealthFinding { what, healthy: false, detail: detail.to_owned() });
    let targets = wire.list(&describe_target_health(arn), "TargetHealthDescriptions").await;
    let targets: Option<Vec<TargetDescription>> =
        targets.or_absent(|error| error.code() == "TargetGroupNotFound")?;
    let Some(targets) = targets else { return unhealthy(what, "it does not exist") };
    if targets.is_empty() {
        return unhealthy(what, "it has no targets");
    }
    let (mut healthy, mut all_well) = (0_usize, true);
    let mut others = Vec::new();
    for TargetDescription { target, target_health: health } in &targets {
        match health.state.as_deref() {
            Some("healthy") => healthy += 1,
            // On its way out: it gets no new requests.
            Some("draining") => {}
            state => {
                all_well = false;
                let id = target.id.as_deref().unwrap_or("a target");
                let state = state.unwrap_or("of unknown health");
                let reason = health.reason.as_ref().map(|reason| format!(" ({reason})"));
                others.push(format!("{id} {state}{}", reason.unwrap_or_default()));
            }
        }
    }
    let mut detail = format!("{healthy} of {} healthy", targets.len());
    if !others.is_empty() {
        detail = format!("{detail}; {}", others.join(", "));
    }
    Ok(HealthFinding { what, healthy: all_well && healthy > 0, detail })
}

/// Whether Elastic Load Balancing has something of this name; it refuses with `absent` where it hasn't.
pub(crate) async fn exists(
    wire: &Wire,
    action: &'static str,
    name: &str,
    absent: &str,
) -> Result<bool, PortError> {
    let form = Form::new(&LOAD_BALANCING, action).with_list("Names.member", [name]);
    Ok(wire.tell(&form).await.or_absent(|error| error.code() == absent)?.is_some())
}

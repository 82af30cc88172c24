//! What a rule consists of: conditions and actions, checked, and written the way the API shows them.

use serde_json::{Map, Value, json};

use super::{refused, target_groups};
use crate::{AwsError, Input, World};

/// The most bytes of a fixed response.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html>
const LONGEST_BODY: usize = 1024;
/// The most condition values of a rule.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html>
const MOST_VALUES: usize = 5;

/// Each field's configuration and where its values stand.
const FIELDS: &[(&str, &str)] = &[
    ("host-header", "HostHeaderConfig"),
    ("path-pattern", "PathPatternConfig"),
    ("http-header", "HttpHeaderConfig"),
    ("http-request-method", "HttpRequestMethodConfig"),
    ("query-string", "QueryStringConfig"),
    ("source-ip", "SourceIpConfig"),
];

/// The conditions of a rule.
pub(super) fn conditions(input: Input<'_>) -> Result<Value, AwsError> {
    let mut shown = Vec::new();
    let mut values = 0;
    for condition in input.objects("Conditions") {
        let (condition, count) = self::condition(condition)?;
        shown.push(condition);
        values += count;
    }
    if shown.is_empty() {
        return Err(AwsError::validation("A rule must have at least one condition"));
    }
    if values > MOST_VALUES {
        return Err(AwsError::validation(format!("A rule can only have '{MOST_VALUES}' condition values")));
    }
    Ok(Value::Array(shown))
}

/// Old clients give `Values` beside the field, newer ones the field's configuration; both are shown.
fn condition(input: Input<'_>) -> Result<(Value, usize), AwsError> {
    let field = input.string("Field").unwrap_or_default();
    let (field, config_name) = FIELDS
        .iter()
        .find(|(name, _)| *name == field)
        .ok_or_else(|| AwsError::validation(format!("Condition field '{field}' must be one of '[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]'")))?;
    let config = input.object(config_name);
    let plain: Vec<&str> = input.strings("Values").collect();
    let config = match config {
        Some(config) => config.0.clone(),
        None if matches!(*field, "host-header" | "path-pattern") => json!({"Values": plain}),
        None => {
            return Err(AwsError::validation(format!(
                "A condition of field '{field}' must have a '{config_name}'"
            )));
        }
    };
    let values: Vec<Value> = config.get("Values").and_then(Value::as_array).cloned().unwrap_or_default();
    if values.is_empty() {
        return Err(AwsError::validation("A condition must have at least one value"));
    }
    let mut shown = Map::new();
    shown.insert("Field".to_owned(), json!(field));
    if matches!(*field, "host-header" | "path-pattern") {
        shown.insert("Values".to_owned(), Value::Array(values.clone()));
    }
    shown.insert((*config_name).to_owned(), config);
    Ok((Value::Object(shown), values.len()))
}

/// The actions under a name.
pub(super) fn actions(world: &World, input: Input<'_>, name: &str) -> Result<Value, AwsError> {
    let mut shown = Vec::new();
    let mut terminal = 0;
    for action in input.objects(name) {
        match action.string("Type").unwrap_or_default() {
            "forward" => terminal += 1,
            "redirect" => {
                terminal += 1;
                if action.object("RedirectConfig").and_then(|config| config.string("StatusCode")).is_none() {
                    return Err(AwsError::validation("A redirect action must have a status code"));
                }
            }
            "fixed-response" => {
                terminal += 1;
                fixed_response(action)?;
            }
            "authenticate-oidc" | "authenticate-cognito" | "jwt-validation" => {}
            other => return Err(AwsError::validation(format!("Action type '{other}' is not valid"))),
        }
        shown.push(self::action(world, action)?);
    }
    if terminal != 1 {
        return Err(refused(
            "InvalidLoadBalancerAction",
            "Exactly one action of type forward, redirect or fixed-response must be specified",
        ));
    }
    Ok(Value::Array(shown))
}

fn fixed_response(action: Input<'_>) -> Result<(), AwsError> {
    let config = action
        .object("FixedResponseConfig")
        .ok_or_else(|| AwsError::validation("A fixed-response action must have a FixedResponseConfig"))?;
    let body = config.string("MessageBody").unwrap_or_default();
    if body.len() > LONGEST_BODY {
        return Err(AwsError::validation(
            "1 validation error detected: Value at 'actions.1.member.fixedResponseConfig.messageBody' failed to \
             satisfy constraint: Member must have length less than or equal to 1024",
        ));
    }
    let code = config.string("StatusCode").unwrap_or_default();
    let is_code = code.len() == 3
        && code.starts_with(['2', '4', '5'])
        && code.bytes().all(|byte| byte.is_ascii_digit());
    if !is_code {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{code}' at 'actions.1.member.fixedResponseConfig.statusCode' failed \
             to satisfy constraint: Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$"
        )));
    }
    match config.string("ContentType") {
        None
        | Some("text/plain" | "text/css" | "text/html" | "application/javascript" | "application/json") => {
            Ok(())
        }
        Some(other) => Err(AwsError::validation(format!("Content type '{other}' is not valid"))),
    }
}

/// A forward names one target group or a weighted list; both are shown. An OIDC secret is never shown.
fn action(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let mut shown = input.0.as_object().cloned().unwrap_or_default();
    if input.string("Type") == Some("forward") {
        let listed =
            input.object("ForwardConfig").map(|config| config.objects("TargetGroups").collect::<Vec<_>>());
        let mut arns: Vec<&str> =
            listed.into_iter().flatten().filter_map(|target| target.string("TargetGroupArn")).collect();
        if let Some(arn) = input.string("TargetGroupArn").filter(|_| arns.is_empty()) {
            arns.push(arn);
            let config = json!({"TargetGroups": [{"TargetGroupArn": arn, "Weight": 1}], "TargetGroupStickinessConfig": {"Enabled": false}});
            shown.insert("ForwardConfig".to_owned(), config);
        }
        if arns.is_empty() {
            return Err(AwsError::validation("A target group ARN must be specified"));
        }
        if arns.iter().any(|arn| !world.load_balancing.target_groups.contains_key(*arn)) {
            return Err(target_groups::not_found());
        }
        if let [only] = arns.as_slice() {
            shown.insert("TargetGroupArn".to_owned(), json!(only));
        }
    }
    if let Some(config) = shown.get_mut("AuthenticateOidcConfig").and_then(Value::as_object_mut) {
        config.shift_remove("ClientSecret");
    }
    Ok(Value::Object(shown))
}

/// Whether actions name a target group.
pub(super) fn forwards_to(actions: &Value, target_group_arn: &str) -> bool {
    actions.as_array().into_iter().flatten().any(|action| {
        let action = Input(action);
        let listed =
            action.object("ForwardConfig").map(|config| config.objects("TargetGroups").collect::<Vec<_>>());
        action.string("TargetGroupArn") == Some(target_group_arn)
            || listed
                .into_iter()
                .flatten()
                .any(|target| target.string("TargetGroupArn") == Some(target_group_arn))
    })
}

//! `FunctionUrlConfig`: an address of the function's own, and who may call it there.

use crate::node::{Node, NodeKind};
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;

/// The address with its permissions.
pub(super) fn address(
    source: &Source,
    function: &Generated,
    alias: Option<&Generated>,
) -> Expanded<Vec<Generated>> {
    let Some(config) = source.something("FunctionUrlConfig") else {
        return Ok(Vec::new());
    };
    check(source, config)?;
    let target = alias.unwrap_or(function).reference();
    let made = |name: &str, type_name: &'static str| {
        Generated::new(format!("{}{name}", source.logical_id), type_name, &source.handed_on())
    };
    let mut url = made("Url", "AWS::Lambda::Url");
    url.set_some("Cors", config.get("Cors").filter(|cors| cors.is_something()));
    url.set_some("AuthType", config.get("AuthType"));
    url.set("TargetFunctionArn", target.clone());
    url.set_some("InvokeMode", config.get("InvokeMode"));
    let auth_type = config.get("AuthType");
    if config.is_function() || auth_type.and_then(Node::as_str) != Some("NONE") {
        return Ok(vec![url]);
    }
    let permission = |name: &str, action: &str| {
        let mut permission = made(name, "AWS::Lambda::Permission");
        permission.set("Action", action);
        permission.set("FunctionName", target.clone());
        permission.set("Principal", "*");
        permission
    };
    let mut public = permission("UrlPublicPermissions", "lambda:InvokeFunctionUrl");
    public.set_some("FunctionUrlAuthType", auth_type);
    let mut invoke = permission("URLInvokeAllowPublicAccess", "lambda:InvokeFunction");
    invoke.set("InvokedViaFunctionUrl", true);
    Ok(vec![url, public, invoke])
}

fn check(source: &Source, config: &Node) -> Expanded<()> {
    if config.is_function() {
        return Ok(());
    }
    let auth_type = config.get("AuthType");
    let is_known = auth_type.is_some_and(|one| {
        one.is_function() || one.as_str().is_some_and(|text| ["AWS_IAM", "NONE"].contains(&text))
    });
    if !is_known {
        return source.wrong("FunctionUrlConfig needs AuthType: AWS_IAM or NONE");
    }
    let Some(cors) = config.get("Cors").filter(|cors| cors.is_something() && !cors.is_function()) else {
        return Ok(());
    };
    if cors.as_mapping().is_none() {
        return source.wrong("FunctionUrlConfig.Cors is a map");
    }
    for (name, value) in cors.pairs() {
        let fits = match name {
            "AllowOrigins" | "AllowMethods" | "AllowHeaders" | "ExposeHeaders" => {
                value.as_sequence().is_some()
            }
            "AllowCredentials" => value.as_bool().is_some(),
            "MaxAge" => {
                value.as_bool().is_some()
                    || matches!(&value.kind, NodeKind::Number(text) if !text.contains(['.', 'e', 'E']))
            }
            _ => return source.wrong(format!("FunctionUrlConfig.Cors has no {name}")),
        };
        if !fits && !value.is_function() {
            return source.wrong(format!("FunctionUrlConfig.Cors.{name} can't be {}", value.kind_name()));
        }
    }
    Ok(())
}

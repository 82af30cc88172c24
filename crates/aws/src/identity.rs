//! Who asks, and what they may do: STS and IAM.

use std::collections::BTreeMap;

use upgrade::rights::Asked;
use upgrade::{DeniedAction, PortError, PortErrorKind};

use crate::concurrency::all;
use crate::ec2::incomplete;
use crate::endpoints::{IAM, STS};
use crate::errors::OrAbsent;
use crate::wire::Wire;
use crate::wire::query::Form;

/// The ARN of whoever signs the requests.
pub(crate) async fn caller_arn(wire: &Wire) -> Result<String, PortError> {
    let answer = wire.query(&Form::new(&STS, "GetCallerIdentity")).await?;
    answer.some_text_of("Arn").ok_or_else(|| incomplete("sts:GetCallerIdentity", "ARN"))
}

/// Of what is asked, the actions that the principal's policies deny on some of the resources.
///
/// Simulated without resource policies. Where every resource (`*`) is asked for, what a policy allows for some resources only
/// counts as denied, as IAM has it ("implicitDeny").
///
/// # Errors
/// When the principal can't be simulated (a federated user) or the caller may not.
pub(crate) async fn denied_actions(
    wire: &Wire,
    principal_arn: &str,
    asked: &[Asked],
) -> Result<Vec<DeniedAction>, PortError> {
    let source = match principal(principal_arn) {
        // Nothing denies the account's own user but the organization, which a simulation doesn't know.
        Principal::Root => return Ok(Vec::new()),
        Principal::Own(arn) => arn.to_owned(),
        Principal::SessionOf { role_name, arn } => match role_arn(wire, role_name).await {
            Ok(found) => found,
            // A role without a path has this ARN.
            Err(unasked) => {
                let simulated = simulate(wire, &arn, asked).await;
                return simulated.map_err(|error| PortError {
                    message: format!(
                        "{}; the session's role could not be asked for: {unasked}",
                        error.message
                    ),
                    ..error
                });
            }
        },
        Principal::Other => {
            return Err(PortError {
                kind: PortErrorKind::Refused,
                operation: "iam:SimulatePrincipalPolicy".to_owned(),
                message: format!("IAM can't simulate the policies of {principal_arn}"),
            });
        }
    };
    simulate(wire, &source, asked).await
}

async fn simulate(wire: &Wire, source: &str, asked: &[Asked]) -> Result<Vec<DeniedAction>, PortError> {
    // 100 results come a page: so many actions a request save the paging, where each is asked once.
    let requests = asked.iter().flat_map(|asked| asked.actions.chunks(100).map(move |some| (asked, some)));
    let found = all(requests, async |(asked, some)| {
        let mut form = Form::new(&IAM, "SimulatePrincipalPolicy")
            .with("PolicySourceArn", source)
            .with_list("ActionNames.member", some)
            .with_list("ResourceArns.member", &asked.resources);
        // Policies often allow things in some Regions only.
        let region = ("aws:RequestedRegion".to_owned(), vec![wire.endpoints.region.clone()]);
        for (index, (key, values)) in std::iter::once(&region).chain(&asked.context).enumerate() {
            let entry = format!("ContextEntries.member.{}", index + 1);
            let kind = if key == "aws:TagKeys" { "stringList" } else { "string" };
            form = form
                .with(format!("{entry}.ContextKeyName"), key)
                .with(format!("{entry}.ContextKeyType"), kind)
                .with_list(&format!("{entry}.ContextKeyValues.member"), values);
        }
        Ok(wire.items(&form, &["EvaluationResults"]).await?)
    })
    .await?;
    let mut denied: BTreeMap<String, String> = BTreeMap::new();
    for result in found.iter().flatten() {
        let (action, decision) = (result.text_of("EvalActionName"), result.text_of("EvalDecision"));
        // One that is denied in words somewhere is told so.
        if decision != "allowed" && denied.get(action).is_none_or(|known| known != "explicitDeny") {
            denied.insert(action.to_owned(), decision.to_owned());
        }
    }
    Ok(denied.into_iter().map(|(action, decision)| DeniedAction { action, decision }).collect())
}

/// Whose policies an ARN stands for.
#[derive(Debug, PartialEq, Eq)]
enum Principal<'a> {
    /// The account's root user.
    Root,
    /// A user, a role or a group of IAM.
    Own(&'a str),
    /// A session of a role, whose ARN this is when it has no path.
    SessionOf { role_name: &'a str, arn: String },
    /// A federated user.
    Other,
}

fn principal(arn: &str) -> Principal<'_> {
    // arn:aws:sts::123456789012:assumed-role/NAME/SESSION
    let mut parts = arn.splitn(6, ':');
    let (Some(partition), Some(service), Some(account), Some(resource)) =
        (parts.nth(1), parts.next(), parts.nth(1), parts.next())
    else {
        return Principal::Other;
    };
    match (service, resource.split('/').collect::<Vec<_>>().as_slice()) {
        ("iam", ["root"]) => Principal::Root,
        ("iam", ["user" | "role" | "group", ..]) => Principal::Own(arn),
        ("sts", ["assumed-role", role_name, _session]) => Principal::SessionOf {
            role_name,
            arn: format!("arn:{partition}:iam::{account}:role/{role_name}"),
        },
        _ => Principal::Other,
    }
}

/// A role's ARN. A session doesn't tell the role's path (single sign-on's roles have one), so IAM is asked.
async fn role_arn(wire: &Wire, role_name: &str) -> Result<String, PortError> {
    let form = Form::new(&IAM, "GetRole").with("RoleName", role_name);
    let answer = wire.query(&form).await?;
    let role = answer.child("Role").and_then(|role| role.some_text_of("Arn"));
    role.ok_or_else(|| incomplete("iam:GetRole", "ARN"))
}

/// Whether IAM has something of this name: `GetRole`, `GetInstanceProfile`, `GetUser`.
pub(crate) async fn exists(
    wire: &Wire,
    action: &'static str,
    field: &str,
    name: &str,
) -> Result<bool, PortError> {
    let answer = wire.query(&Form::new(&IAM, action).with(field, name)).await;
    Ok(answer.or_absent(|error| error.code() == "NoSuchEntity")?.is_some())
}

/// IAM's own quotas and uses, as GetAccountSummary names them (`Roles`, `RolesQuota`).
pub(crate) async fn summary(wire: &Wire) -> Result<Vec<(String, u64)>, PortError> {
    let answer = wire.query(&Form::new(&IAM, "GetAccountSummary")).await?;
    Ok(answer
        .list("SummaryMap")
        .iter()
        .filter_map(|entry| Some((entry.some_text_of("key")?, entry.text_of("value").parse().ok()?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{Principal, principal};

    #[test]
    fn a_session_stands_for_its_role() {
        let role =
            |name: &'static str, arn: &str| Principal::SessionOf { role_name: name, arn: arn.to_owned() };
        for (arn, whose) in [
            ("arn:aws:iam::1:root", Principal::Root),
            ("arn:aws:iam::1:user/x/ada", Principal::Own("arn:aws:iam::1:user/x/ada")),
            ("arn:aws:iam::1:role/x/ada", Principal::Own("arn:aws:iam::1:role/x/ada")),
            ("arn:aws-cn:sts::1:assumed-role/Admin/ada@x", role("Admin", "arn:aws-cn:iam::1:role/Admin")),
            ("arn:aws:sts::1:federated-user/ada", Principal::Other),
            ("nonsense", Principal::Other),
            ("", Principal::Other),
        ] {
            assert_eq!(principal(arn), whose, "{arn}");
        }
    }
}

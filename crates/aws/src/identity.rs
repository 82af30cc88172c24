//! Who asks, and what they may do: STS and IAM.

use upgrade::{DeniedAction, PortError, PortErrorKind};

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

/// Of the actions, those that the principal's policies deny.
///
/// Simulated with every resource (`*`) and without resource policies: what a policy allows for some resources only counts
/// as denied, as IAM has it ("implicitDeny").
///
/// # Errors
/// When the principal can't be simulated (a federated user) or the caller may not.
pub(crate) async fn denied_actions(
    wire: &Wire,
    principal_arn: &str,
    actions: &[String],
) -> Result<Vec<DeniedAction>, PortError> {
    let source = match principal(principal_arn) {
        // Nothing denies the account's own user but the organization, which a simulation doesn't know.
        Principal::Root => return Ok(Vec::new()),
        Principal::Own(arn) => arn.to_owned(),
        Principal::SessionOf { role_name, arn } => role_arn(wire, role_name, &arn).await,
        Principal::Other => {
            return Err(PortError {
                kind: PortErrorKind::Refused,
                operation: "iam:SimulatePrincipalPolicy".to_owned(),
                message: format!("IAM can't simulate the policies of {principal_arn}"),
            });
        }
    };
    let mut denied = Vec::new();
    // 100 results come a page: so many actions a request save the paging.
    for some in actions.chunks(100) {
        let form = Form::new(&IAM, "SimulatePrincipalPolicy")
            .with("PolicySourceArn", &source)
            .with_list("ActionNames.member", some)
            // Policies often allow things in some Regions only.
            .with("ContextEntries.member.1.ContextKeyName", "aws:RequestedRegion")
            .with("ContextEntries.member.1.ContextKeyType", "string")
            .with("ContextEntries.member.1.ContextKeyValues.member.1", &wire.endpoints.region);
        let results = wire.items(&form, &["EvaluationResults"]).await?;
        denied.extend(results.iter().filter_map(|result| {
            let decision = result.text_of("EvalDecision");
            (decision != "allowed").then(|| DeniedAction {
                action: result.text_of("EvalActionName").to_owned(),
                decision: decision.to_owned(),
            })
        }));
    }
    Ok(denied)
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

/// A role's ARN. A session doesn't tell the role's path (single sign-on's roles have one), so IAM is asked; who may not
/// ask gets the ARN without a path.
async fn role_arn(wire: &Wire, role_name: &str, without_path: &str) -> String {
    let form = Form::new(&IAM, "GetRole").with("RoleName", role_name);
    let told = wire.query(&form).await.ok();
    let role = told.as_ref().and_then(|answer| answer.child("Role")?.some_text_of("Arn"));
    role.unwrap_or_else(|| without_path.to_owned())
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

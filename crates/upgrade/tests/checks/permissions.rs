//! Who asks, and what IAM says.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, check_all};

#[test]
fn permissions() {
    check_all(&[
        ("who", |_| {}, "identity", Passed, "ada"),
        (
            "root",
            |w| w.around.caller_arn = Ok("arn:aws:iam::111122223333:root".into()),
            "identity",
            Warning,
            "root user",
        ),
        (
            "another account",
            |w| w.around.caller_arn = Ok("arn:aws:sts::999999999999:assumed-role/operator/ada".into()),
            "identity",
            Failed,
            "999999999999",
        ),
        ("nobody", |w| w.around.caller_arn = Err("expired".into()), "identity", Warning, "expired"),
        ("all allowed", |_| {}, "permissions-caller", Passed, "none of the plan's actions"),
        ("not looked", |w| w.around.denied_to_caller = Err("no".into()), "permissions-caller", Skipped, "no"),
        (
            "denied",
            |w| deny(w, "ec2:CreateLaunchTemplateVersion", "implicitDeny"),
            "permissions-caller",
            Failed,
            "ec2:CreateLaunchTemplateVersion (implicitDeny), needed for some of Template",
        ),
        (
            "denied in words",
            |w| deny(w, "batch:UpdateJobQueue", "explicitDeny"),
            "permissions-caller",
            Failed,
            "boundary",
        ),
        (
            "the role does it",
            |w| {
                w.around.stack.role_arn = Some("arn:aws:iam::111122223333:role/deploy".into());
                deny(w, "ec2:CreateLaunchTemplateVersion", "implicitDeny");
            },
            "permissions-caller",
            Passed,
            "",
        ),
        (
            "who may only look plans for others",
            |w| {
                let acts = [
                    "batch:UpdateJobQueue",
                    "cloudformation:CreateChangeSet",
                    "cloudformation:ExecuteChangeSet",
                ];
                let denied = |action: &str| DeniedAction {
                    action: action.to_owned(),
                    decision: "implicitDeny".to_owned(),
                };
                w.around.denied_to_caller = Ok(acts.map(denied).into());
            },
            "permissions-caller",
            Passed,
            "may look and plan, and change nothing",
        ),
        (
            "who reaches the backup stack alone",
            |w| {
                let denied = DeniedAction {
                    action: "cloudformation:CancelUpdateStack".to_owned(),
                    decision: "implicitDeny".to_owned(),
                };
                w.around.denied_to_linked = vec![(UpdateKind::BackupStack, Ok(vec![denied]))];
            },
            "permissions-caller",
            Failed,
            "the caller of the backup stack is denied cloudformation:CancelUpdateStack",
        ),
        ("no role", |_| {}, "permissions-role", Skipped, "no role"),
        (
            "denied to the role in words",
            |w| {
                w.around.denied_to_role = Some(Ok(vec![DeniedAction {
                    action: "ec2:CreateLaunchTemplateVersion".into(),
                    decision: "explicitDeny".into(),
                }]));
            },
            "permissions-role",
            Failed,
            "boundary",
        ),
        (
            "the role needs no rights of the caller's",
            |w| {
                w.around.denied_to_role = Some(Ok(vec![DeniedAction {
                    action: "ec2:TerminateInstances".into(),
                    decision: "explicitDeny".into(),
                }]));
            },
            "permissions-role",
            Passed,
            "",
        ),
        (
            "denied to the role",
            |w| {
                w.around.denied_to_role = Some(Ok(vec![DeniedAction {
                    action: "ec2:CreateLaunchTemplateVersion".into(),
                    decision: "implicitDeny".into(),
                }]));
            },
            "permissions-role",
            Warning,
            "the role is denied",
        ),
    ]);
}

fn deny(world: &mut World, action: &str, decision: &str) {
    world.around.denied_to_caller =
        Ok(vec![DeniedAction { action: action.to_owned(), decision: decision.to_owned() }]);
}

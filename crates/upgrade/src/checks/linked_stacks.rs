//! The stacks beside the primary one: the backup stack with its recovery points, and the deployment role's stack.

use template::Template;

use super::finding::Finding;
use super::stack::way_out;
use super::{Check, CheckInput, CheckResult, Version};
use crate::circumstances::LinkedStack;
use crate::deployment::Deployment;
use crate::plan::UpdateKind;

/// Whether there is a backup stack, whole, and recent enough for the release.
pub(super) const BACKUP_STACK: Check = Check::new("backup-stack", "Backup stack", backup).standing();

fn backup(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let least = input.release.least_backup_version.as_deref();
    let Some(linked) = &input.circumstances.backup else {
        // No parameter of the platform's would point at one, so its vendor has none to deploy.
        if least.is_none() && input.profile.backup_parameters.is_empty() {
            return finding.skipped("The platform knows no backup stack, and none is configured.".to_owned());
        }
        finding.warn(
            match least {
                Some(least) => format!(
                    "No backup stack is configured; the release wants one of {least} or newer where there is one. What \
                     an upgrade destroys can only come from snapshots of this account."
                ),
                None => "No backup stack is configured: what an upgrade destroys can only come from snapshots of this \
                         account."
                    .to_owned(),
            },
            "If the deployment has one, name it in its configuration. If it has none, consider deploying it first.",
        );
        return finding.done();
    };
    let Some(deployment) = whole(&mut finding, linked, "backups go on without anybody watching") else {
        return finding.done();
    };
    let version = version_at_our_turn(input, deployment, UpdateKind::BackupStack);
    match (least, version) {
        (None, Some(version)) => finding.note(format!("{} is {version}; the release asks for no version.", linked.name)),
        (None, None) => finding.note(format!("{} is there; the release asks for no version.", linked.name)),
        (Some(least), version) => match (Version::parse(least), version.as_deref().and_then(Version::parse)) {
            (Some(least), Some(version)) if version < least => finding.fail(
                format!("{} is {version}; the release needs {least} or newer, or its backups stop working.", linked.name),
                "Update the backup stack first: give its new template to the plan, which updates it before the \
                 platform.",
            ),
            (Some(least), Some(version)) => {
                finding.note(format!("{} is {version} by then; the release needs {least}.", linked.name));
            }
            (Some(_) | None, Some(_) | None) => finding.warn(
                format!("The release needs a backup stack of {least} or newer; {} doesn't tell its version.", linked.name),
                "Look at the backup stack's template, and update it if in doubt.",
            ),
        },
    }
    finding.done()
}

/// Whether there is something fresh to go back to.
pub(super) const RECOVERY_POINT: Check = Check::new("recovery-point", "Recovery point", recovery_point);

fn recovery_point(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let hours = input.recovery_point_age_seconds / 3_600;
    match &input.circumstances.newest_recovery_point {
        Err(reason) => finding.warn(
            format!("Recovery points could not be looked at: {reason}. If data is lost, nobody knows from when the last copy is."),
            "Look in AWS Backup yourself, or let the plan take snapshots.",
        ),
        Ok(None) => finding.warn(
            "There is no completed recovery point of the deployment's resources: lost data would stay lost.",
            "Start an on-demand backup and let it complete, or let the plan take snapshots.",
        ),
        Ok(Some(newest)) => {
            let age_seconds = input.now.milliseconds_since(*newest) / 1_000;
            let age = duration(age_seconds);
            if age_seconds > input.recovery_point_age_seconds {
                finding.warn(
                    format!("The newest recovery point is {age} old, more than {hours} h: all work since would be lost with the data."),
                    "Start an on-demand backup and let it complete.",
                );
            } else {
                finding.note(format!("The newest recovery point is {age} old."));
            }
        }
    }
    finding.done()
}

/// Whether the role that CloudFormation assumes is that of the new release.
pub(super) const ROLE_STACK: Check = Check::new("role-stack", "Deployment role stack", role);

fn role(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let Some(linked) = &input.circumstances.role_stack else {
        return finding.skipped(match &input.circumstances.stack.role_arn {
            Some(role) => format!("The stack uses {role}, and no stack of that role is configured."),
            None => {
                "The stack uses no role of its own: CloudFormation acts with the caller's rights.".to_owned()
            }
        });
    };
    let Some(deployment) = whole(&mut finding, linked, "the role may lack what the release needs") else {
        return finding.done();
    };
    let version = version_at_our_turn(input, deployment, UpdateKind::RoleStack);
    let wanted = input.release.version.as_deref();
    match (version.as_deref().and_then(Version::parse), wanted.and_then(Version::parse)) {
        (Some(version), Some(wanted)) if version < wanted => finding.warn(
            format!(
                "{} is {version}, the release is {wanted}: a role of an older release may lack what the new one needs, \
                 and the update then fails half-way.",
                linked.name
            ),
            "Give the role stack's new template to the plan, which updates it before the platform.",
        ),
        (Some(version), Some(_) | None) => finding.note(format!("{} is {version} by then.", linked.name)),
        (None, Some(_) | None) => finding.note(format!(
            "{} is there; its template doesn't tell a version. Whether it allows enough is the permissions' check.",
            linked.name
        )),
    }
    finding.done()
}

/// The linked stack, when it was found in a state that can be relied on.
fn whole<'a>(finding: &mut Finding, linked: &'a LinkedStack, meaning: &str) -> Option<&'a Deployment> {
    match &linked.found {
        Err(reason) => {
            finding.warn(
                format!("{} could not be looked at ({reason}): {meaning}.", linked.name),
                "Check its name, account, Region and the caller's access to it.",
            );
            None
        }
        Ok(deployment) => match way_out(&deployment.status) {
            Some(advice) => {
                finding.fail(
                    format!("{} is {}, so it isn't whole: {meaning}.", linked.name, deployment.status),
                    advice,
                );
                None
            }
            None => Some(deployment),
        },
    }
}

/// The version that a linked stack has when the primary stack is updated.
fn version_at_our_turn(input: &CheckInput<'_>, deployment: &Deployment, kind: UpdateKind) -> Option<String> {
    if let Some(planned) = input.planned_versions.get(&kind) {
        return Some(planned.clone());
    }
    let template = Template::parse(&deployment.stack_name, deployment.template.as_bytes()).ok()?;
    Some(template.version_info()?.version)
}

/// `3 days`, `7 h`, `12 min`.
fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (days, _, _) if days >= 2 => format!("{days} days"),
        (_, hours, _) if hours >= 1 => format!("{hours} h"),
        (_, _, minutes) => format!("{minutes} min"),
    }
}

//! `slackwater check --drift`: what was changed outside of CloudFormation, and what the release wants of it.

use std::fmt::Write as _;

use aws::{AwsCloud, Drifted, drift_preview_name};
use conductor::Clock;
use upgrade::{PortError, StackUpdate, UpdateKind};

use crate::answers::{Drift, StackDrift};
use crate::change_table::wrap;
use crate::error::CliError;
use crate::planning::Prepared;
use crate::signals::until_interrupted;
use crate::site::Site;

/// One stack's preview; the error in words.
pub(crate) struct Preview {
    stack_name: String,
    found: Result<Vec<Drifted>, String>,
}

/// Drift that AWS is reported to see where there is none: type, part of the path, the report.
const FALSE_DRIFT: [(&str, &str, &str); 4] = [
    (
        "AWS::EC2::Instance",
        "Volumes",
        "coverage-roadmap 2465: volumes that are attached by resources of their own",
    ),
    (
        "AWS::EC2::Instance",
        "BlockDeviceMappings",
        "coverage-roadmap 2465: volumes that are attached by resources of their own",
    ),
    ("AWS::ApiGateway::", "ResourceId", "coverage-roadmap 2505: Ref of an API's resource is misread"),
    ("AWS::ApiGateway::", "ParentId", "coverage-roadmap 2505: Ref of an API's resource is misread"),
];

/// Look at every stack that is to be updated. A change set is made for it, which is said before; one whose look is broken off is
/// deleted.
///
/// # Errors
/// When it is interrupted.
pub(crate) async fn look(site: &Site, prepared: &Prepared) -> Result<Vec<Preview>, CliError> {
    let updates = prepared.foretold.iter().flat_map(|foretold| &foretold.updates);
    let mut previews = Vec::new();
    for update in updates.filter(|update| update.kind != UpdateKind::WayBack) {
        remark!(
            "change set {} is made in stack {} to look at its drift, and deleted again; it is not executed",
            drift_preview_name(&update.proposal),
            update.stack_name
        );
        let found = match site.ports.clouds.cloud_for(update.kind) {
            Ok(cloud) => of_stack(cloud, update, &site.clock).await?,
            Err(error) => Err(error),
        };
        previews.push(Preview {
            stack_name: update.stack_name.clone(),
            found: found.map_err(|error| error.to_string()),
        });
    }
    Ok(previews)
}

async fn of_stack(
    cloud: &AwsCloud,
    update: &StackUpdate,
    clock: &Clock,
) -> Result<Result<Vec<Drifted>, PortError>, CliError> {
    let StackUpdate { stack_id, proposal, .. } = update;
    let interrupted = match until_interrupted(cloud.drift_preview(stack_id, proposal, clock)).await {
        Ok(found) => return Ok(found),
        Err(interrupted) => interrupted,
    };
    Err(match cloud.forget_drift_preview(stack_id, proposal).await {
        Ok(()) => interrupted.hint(format!("change set {} is deleted", drift_preview_name(proposal))),
        Err(error) => interrupted.hint(format!(
            "change set {} may be there still, and must not be executed ({error}); the next look deletes it",
            drift_preview_name(proposal)
        )),
    })
}

pub(crate) fn text(previews: &[Preview], width: usize) -> String {
    let mut text = String::new();
    for Preview { stack_name, found } in previews {
        let _ = writeln!(text, "\nWhat was changed outside of CloudFormation in {stack_name}:");
        match found {
            Err(reason) => wrap(&mut text, &format!("It could not be looked at: {reason}."), width),
            Ok(drifted) if drifted.is_empty() => text.push_str("    Nothing that AWS can tell.\n"),
            Ok(drifted) => {
                for one in drifted {
                    wrap(&mut text, &sentence(one), width);
                }
            }
        }
    }
    if previews.is_empty() {
        text.push_str("\nNo update is foretold, so its drift was not looked at.\n");
    }
    text
}

fn sentence(one: &Drifted) -> String {
    let Drifted { logical_id, resource_type, path, agrees } = one;
    let Some(path) = path else {
        return format!("{logical_id} ({resource_type}) was deleted.");
    };
    let path = path.strip_prefix("/Properties/").unwrap_or(path);
    let doubt = match false_drift(resource_type, path) {
        Some(report) => format!(" Perhaps it isn't drift at all ({report})."),
        None => String::new(),
    };
    match agrees {
        true => format!("{logical_id} ({resource_type}): {path} is already as the release wants it.{doubt}"),
        false => format!(
            "{logical_id} ({resource_type}): {path} is otherwise than the release wants it. An update that touches the resource \
             puts the template's value there.{doubt}"
        ),
    }
}

fn false_drift(resource_type: &str, path: &str) -> Option<&'static str> {
    FALSE_DRIFT
        .iter()
        .find(|(name, part, _)| resource_type.starts_with(name) && path.contains(part))
        .map(|(_, _, report)| *report)
}

/// The same for other programs.
pub(crate) fn answer(previews: &[Preview]) -> Vec<StackDrift> {
    let drifted = |one: &Drifted| {
        let Drifted { logical_id, resource_type, path, agrees } = one.clone();
        let perhaps_false = false_drift(&resource_type, path.as_deref().unwrap_or_default());
        Drift { logical_id, resource_type, path, agrees, perhaps_false }
    };
    let stack = |Preview { stack_name, found }: &Preview| StackDrift {
        stack: stack_name.clone(),
        drifted: found.as_ref().ok().map(|found| found.iter().map(drifted).collect()),
        unknown_because: found.as_ref().err().cloned(),
    };
    previews.iter().map(stack).collect()
}

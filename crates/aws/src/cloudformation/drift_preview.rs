//! What an update would put back of what was changed outside of CloudFormation: a drift-aware change set (`REVERT_DRIFT`) that is made,
//! read and deleted, and never executed.

use std::ops::ControlFlow;
use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use conductor::Clock;
use serde::Deserialize;
use upgrade::{PortError, PortErrorKind, Proposal};

use super::{NO_CHANGES, acts, on_stack};
use crate::cloud::AwsCloud;
use crate::wire::Wire;
use crate::wire::query::time;

/// How long between two looks, and for how long at most: live resources are read one after the other.
const LOOK: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(300);

/// How old a look's change set is, in seconds, when nobody can be looking any more: its process has died.
const LEFT_BEHIND: u64 = 600;

/// How the names of these change sets end.
const SUFFIX: &str = "-drift";

/// The name of the change set that a look at this proposal's drift makes.
#[must_use]
pub fn drift_preview_name(proposal: &Proposal) -> String {
    format!("{}{SUFFIX}", proposal.change_set_name)
}

/// One property that isn't as CloudFormation left it, or a resource that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drifted {
    pub logical_id: String,
    pub resource_type: String,
    /// Such as `/Properties/Tags/0/Value`; `None`: the resource was deleted.
    pub path: Option<String>,
    /// Whether the new template has what there is: nothing is changed then.
    pub agrees: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    status: String,
    status_reason: Option<String>,
    changes: Vec<AnyChange>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AnyChange {
    resource_change: Option<ResourceChange>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResourceChange {
    logical_resource_id: String,
    resource_type: String,
    resource_drift_status: Option<String>,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Detail {
    target: Target,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Target {
    path: Option<String>,
    attribute_change_type: Option<String>,
    drift: Option<Drift>,
}

#[derive(Default, Deserialize)]
struct Drift {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Summary {
    change_set_name: String,
    status: String,
    execution_status: String,
    #[serde(deserialize_with = "time")]
    creation_time: Option<String>,
}

impl Summary {
    /// It can be executed, or will be to be had in a moment.
    fn waits(&self) -> bool {
        let is_made = matches!(self.status.as_str(), "CREATE_PENDING" | "CREATE_IN_PROGRESS");
        is_made || self.execution_status == "AVAILABLE"
    }

    /// Of a look that died in its midst.
    fn is_left_behind(&self, clock: &Clock) -> bool {
        let made = self.creation_time.as_deref();
        let made = made.and_then(|text| DateTime::from_str(text, Format::DateTime).ok());
        let made = made.and_then(|made| u64::try_from(made.secs()).ok());
        let now = clock.now().0 / 1000;
        let is_ours =
            self.change_set_name.starts_with("slackwater-") && self.change_set_name.ends_with(SUFFIX);
        is_ours && made.is_some_and(|made| now > made + LEFT_BEHIND)
    }
}

impl AwsCloud {
    /// Look at what the update that is proposed would find drifted. A change set ([`drift_preview_name`]) is made for it and deleted
    /// again, whatever comes of it. None is made while another one waits to be executed; one that a look has left behind is deleted.
    ///
    /// # Errors
    /// When another change set waits, this one fails or takes longer than five minutes, or could not be deleted.
    pub async fn drift_preview(
        &self,
        stack_id: &str,
        proposal: &Proposal,
        clock: &Clock,
    ) -> Result<Vec<Drifted>, PortError> {
        self.look_at_drift(stack_id, proposal, clock).await.map_err(|error| self.origin.explain(error))
    }

    /// Delete the change set of a look that was broken off.
    ///
    /// # Errors
    /// When it is still there.
    pub async fn forget_drift_preview(&self, stack_id: &str, proposal: &Proposal) -> Result<(), PortError> {
        let deleted = acts::delete_change_set(&self.wire, stack_id, &drift_preview_name(proposal)).await;
        deleted.map_err(|error| self.origin.explain(error))
    }

    async fn look_at_drift(
        &self,
        stack_id: &str,
        proposal: &Proposal,
        clock: &Clock,
    ) -> Result<Vec<Drifted>, PortError> {
        let found: Vec<Summary> = self.wire.list(&on_stack("ListChangeSets", stack_id), "Summaries").await?;
        let (left, others): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.is_left_behind(clock));
        let waiting: Vec<&str> =
            others.iter().filter(|one| one.waits()).map(|one| one.change_set_name.as_str()).collect();
        if !waiting.is_empty() {
            let words = format!("change set {} waits to be executed", waiting.join(", "));
            return Err(refused(PortErrorKind::Refused, words));
        }
        for one in left {
            acts::delete_change_set(&self.wire, stack_id, &one.change_set_name).await?;
        }
        let name = drift_preview_name(proposal);
        let named = Proposal { change_set_name: name.clone(), ..proposal.clone() };
        acts::create_drift_aware_change_set(&self.wire, stack_id, &named).await?;
        let looked = look(&self.wire, stack_id, &name, clock).await;
        // Somebody might execute what is left: that is worse than whatever the look came to.
        acts::delete_change_set(&self.wire, stack_id, &name).await.map_err(|error| PortError {
            message: format!(
                "change set {name} could not be deleted, and must not be executed: {}",
                error.message
            ),
            ..error
        })?;
        looked
    }
}

async fn look(wire: &Wire, stack_id: &str, name: &str, clock: &Clock) -> Result<Vec<Drifted>, PortError> {
    let form = on_stack("DescribeChangeSet", stack_id)
        .with("ChangeSetName", name)
        .with("IncludePropertyValues", true);
    let began = clock.now();
    loop {
        let (mut status, mut reason, mut drifted) = (String::new(), None, Vec::new());
        let read = wire.pages(&form, |page: Page| {
            (status, reason) = (page.status, page.status_reason);
            drifted
                .extend(page.changes.into_iter().filter_map(|any| any.resource_change).flat_map(of_change));
            ControlFlow::Continue(())
        });
        read.await?;
        match status.as_str() {
            "CREATE_COMPLETE" => return Ok(drifted),
            "FAILED" if reason.as_deref().is_some_and(|words| words.contains(NO_CHANGES)) => {
                return Ok(Vec::new());
            }
            "FAILED" => {
                let words = reason.unwrap_or_else(|| "AWS gave no reason".to_owned());
                return Err(refused(PortErrorKind::Refused, words));
            }
            _ if u128::from(clock.now().milliseconds_since(began)) >= LONGEST.as_millis() => {
                let words = format!("it took longer than {} s", LONGEST.as_secs());
                return Err(refused(PortErrorKind::Transient, words));
            }
            _ => clock.sleep(LOOK).await,
        }
    }
}

fn of_change(change: ResourceChange) -> Vec<Drifted> {
    let ResourceChange { logical_resource_id, resource_type, resource_drift_status, details } = change;
    let one = |path: Option<String>, agrees| Drifted {
        logical_id: logical_resource_id.clone(),
        resource_type: resource_type.clone(),
        path,
        agrees,
    };
    match resource_drift_status.as_deref() {
        Some("DELETED") => vec![one(None, false)],
        _ => details
            .into_iter()
            .filter(|detail| detail.target.drift.is_some())
            .map(|detail| {
                let agrees = detail.target.attribute_change_type.as_deref() == Some("SyncWithActual");
                one(Some(detail.target.path.unwrap_or_default()), agrees)
            })
            .collect(),
    }
}

fn refused(kind: PortErrorKind, message: String) -> PortError {
    PortError { kind, operation: "cloudformation:CreateChangeSet".to_owned(), message }
}

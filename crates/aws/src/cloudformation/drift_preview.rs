//! What an update would put back of what was changed outside of CloudFormation: a drift-aware change set (`REVERT_DRIFT`) that is made,
//! read and deleted, and never executed.

use std::ops::ControlFlow;
use std::time::Duration;

use conductor::Clock;
use serde::Deserialize;
use upgrade::{PortError, PortErrorKind, Proposal};

use super::{acts, on_stack};
use crate::cloud::AwsCloud;
use crate::wire::Wire;

/// How long between two looks, and for how long at most: live resources are read one after the other.
const LOOK: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(300);

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

impl AwsCloud {
    /// Look at what the update that is proposed would find drifted. A change set `name` is made for it and deleted again, whatever
    /// comes of it; none is made while another one waits to be executed.
    ///
    /// # Errors
    /// When another change set waits, this one fails, or takes longer than five minutes.
    pub async fn drift_preview(
        &self,
        stack_id: &str,
        proposal: &Proposal,
        name: &str,
        clock: &Clock,
    ) -> Result<Vec<Drifted>, PortError> {
        let waiting = self.waiting_change_sets(stack_id).await?;
        if !waiting.is_empty() {
            let words = format!("change set {} waits to be executed", waiting.join(", "));
            return Err(refused(PortErrorKind::Refused, words));
        }
        let proposal = Proposal { change_set_name: name.to_owned(), ..proposal.clone() };
        acts::create_drift_aware_change_set(&self.wire, stack_id, &proposal).await?;
        let looked = look(&self.wire, stack_id, name, clock).await;
        let deleted = acts::delete_change_set(&self.wire, stack_id, name).await;
        looked.and_then(|drifted| deleted.map(|()| drifted)).map_err(|error| self.origin.explain(error))
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
            "FAILED" if reason.as_deref().is_some_and(|words| words.contains("didn't contain changes")) => {
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

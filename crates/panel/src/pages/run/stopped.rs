//! What a run stopped, and whose it was.

use maud::{Markup, html};
use upgrade::Report;

use crate::words::counted;

/// A longer list is folded.
const MOST_OPEN: usize = 12;

pub(in crate::pages) fn stopped(report: &Report) -> Markup {
    let count = report.stopped_jobs.len()
        + report.stopped_sessions.len()
        + report.stopped_computations.len()
        + report.stopped_instances.len()
        + report.stopped_tasks.len()
        + report.stopped_machines.len();
    if count == 0 {
        return html! {};
    }
    let somebody = |owner: &Option<String>| owner.clone().unwrap_or_else(|| "nobody known".to_owned());
    html! {
        section {
            h2 { "What was stopped, and whose it was" }
            details open[count <= MOST_OPEN] { summary { (counted(count, "thing")) }
            div.scroll tabindex="0" role="region" aria-label="What was stopped" {
                table.cards-on-phone {
                    thead { tr { th { "What" } th { "Name" } th { "Whose" } th { "State then" } } }
                    tbody {
                        @for one in &report.stopped_sessions { tr { td data-label="What" { "session" } td data-label="Name" { (one.name) } td data-label="Whose" { (one.owner) } td data-label="State then" {} } }
                        @for one in &report.stopped_computations { tr { td data-label="What" { "computation" } td data-label="Name" { (one.name) } td data-label="Whose" { (one.owner) } td data-label="State then" { (one.status) } } }
                        @for one in &report.stopped_jobs { tr { td data-label="What" { "job" } td data-label="Name" { (one.name) } td data-label="Whose" { (somebody(&one.owner)) } td data-label="State then" { (one.status) } } }
                        @for (group, one) in &report.stopped_instances { tr { td data-label="What" { "instance" } td data-label="Name" { (one.id) } td data-label="Whose" { (group) } td data-label="State then" { (one.lifecycle_state) } } }
                        @for one in &report.stopped_tasks { tr { td data-label="What" { "task" } td data-label="Name" { (last_part(&one.arn)) } td data-label="Whose" { (last_part(&one.service_arn)) } td data-label="State then" { (one.status) } } }
                        @for one in &report.stopped_machines { tr { td data-label="What" { "machine" } td data-label="Name" { (one.instance_id) } td data-label="Whose" {} td data-label="State then" {} } }
                    }
                }
            } }
        }
    }
}

/// Of an ARN.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

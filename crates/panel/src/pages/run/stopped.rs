//! What a run stopped, and whose it was.

use maud::{Markup, html};
use upgrade::Report;

pub(in crate::pages) fn stopped(report: &Report) -> Markup {
    let nothing = report.stopped_jobs.is_empty()
        && report.stopped_sessions.is_empty()
        && report.stopped_computations.is_empty()
        && report.stopped_instances.is_empty()
        && report.stopped_tasks.is_empty()
        && report.stopped_machines.is_empty();
    if nothing {
        return html! {};
    }
    let somebody = |owner: &Option<String>| owner.clone().unwrap_or_else(|| "nobody known".to_owned());
    html! {
        section {
            h2 { "What was stopped, and whose it was" }
            div.scroll tabindex="0" role="region" aria-label="What was stopped" {
                table {
                    thead { tr { th { "What" } th { "Name" } th { "Whose" } th { "State then" } } }
                    tbody {
                        @for one in &report.stopped_sessions { tr { td { "session" } td { (one.name) } td { (one.owner) } td { } } }
                        @for one in &report.stopped_computations { tr { td { "computation" } td { (one.name) } td { (one.owner) } td { (one.status) } } }
                        @for one in &report.stopped_jobs { tr { td { "job" } td { (one.name) } td { (somebody(&one.owner)) } td { (one.status) } } }
                        @for (group, one) in &report.stopped_instances { tr { td { "instance" } td { (one.id) } td { (group) } td { (one.lifecycle_state) } } }
                        @for one in &report.stopped_tasks { tr { td { "task" } td { (last_part(&one.arn)) } td { (last_part(&one.service_arn)) } td { (one.status) } } }
                        @for one in &report.stopped_machines { tr { td { "machine" } td { (one.instance_id) } td { } td { } } }
                    }
                }
            }
        }
    }
}

/// Of an ARN.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

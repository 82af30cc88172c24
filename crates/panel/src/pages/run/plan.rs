//! The plan of a run, as it was approved.

use maud::{Markup, html};
use upgrade::{Plan, UpdateKind};

use crate::pages::form::copy_button;
use crate::words::counted;

pub(super) fn plan(plan: &Plan) -> Markup {
    let mut expected: Vec<_> =
        plan.update(UpdateKind::Primary).map(|update| update.expected.iter().collect()).unwrap_or_default();
    expected.sort_by_key(|change: &&upgrade::ExpectedChange| change.expected);
    html! {
        section {
            h2 { "The plan" }
            @let hash = plan.sha256();
            p.sub { "SHA-256 " code.wrap { (hash) } " " (copy_button(&hash, "Copy the SHA-256")) }
            @if !plan.risks.is_empty() {
                h3 { "Risks" }
                ul { @for risk in &plan.risks { li {
                    strong { (risk.kind) } @if let Some(id) = &risk.logical_id { " · " (id) }
                    @if !risk.certain { " (perhaps)" } ": " (risk.because)
                } } }
            }
            @for (update, point) in plan.updates.iter().filter_map(|update| Some((update, update.point_of_no_return.as_ref()?))) {
                h3 { "Point of no return of the " (update.kind.title()) }
                p { (point) }
            }
            @if !plan.accepted.is_empty() {
                h3 { "Accepted" }
                ul { @for one in &plan.accepted { li { (one.what) " by " (one.who) @if !one.why.is_empty() { ": " (one.why) } } } }
            }
            @if !expected.is_empty() {
                details {
                    summary { (counted(expected.len(), "expected change")) }
                    div.scroll tabindex="0" role="region" aria-label="Expected changes" { table {
                        thead { tr { th { "Resource" } th { "We expect" } th { "AWS says" } th { "Why" } } }
                        tbody { @for change in expected { tr {
                            td { (change.logical_id) br; small { (change.resource_type) } }
                            td { (change.expected.word()) }
                            td { (change.aws_plain.as_deref().unwrap_or("nothing")) }
                            td { (change.because.join(" ")) }
                        } } }
                    } }
                }
            }
        }
    }
}

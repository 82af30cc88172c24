//! History: every run, newest first.

use std::sync::Arc;

use conductor::RunSummary;
use maud::{Markup, html};

use super::words::{duration, pill, purpose, standing, when};
use crate::live::RunPicture;

/// The page. `older` begins the next one.
pub(crate) fn history(runs: &[(RunSummary, Arc<RunPicture>)], older: Option<&str>) -> Markup {
    html! {
        h1 { "History" }
        @if runs.is_empty() { p.empty { "Nothing was run yet. What is, stays here: its plan, its report, who decided." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Runs" {
                table {
                    thead { tr { th { "Began" } th { "Deployment" } th { "What" } th { "Release" } th { "How it stands" } th.number { "Took" } } }
                    tbody { @for (run, picture) in runs {
                        @let (tone, words) = standing(picture.telling.state());
                        @let report = picture.telling.report();
                        tr {
                            td { (when(run.created_at)) }
                            td { (run.deployment) }
                            td { a href={ "/runs/" (run.run_id) } { (purpose(run.kind)) } }
                            td { @if let Some(to) = &picture.plan.to_version {
                                (picture.plan.from_version.as_deref().unwrap_or("?")) " → " (to)
                            } @else { span.sub { "–" } } }
                            td { (pill(tone, &words)) }
                            td.number { (duration(report.last_at.milliseconds_since(report.started_at))) }
                        }
                    } }
                }
            }
            @if let Some(older) = older { p { a.button href={ "/history?before=" (older) } { "Older runs" } } }
        }
    }
}

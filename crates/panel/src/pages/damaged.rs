//! The page of a run whose plan or records can't be read: what is known of it, and how users are let in all the same.

use conductor::RunSummary;
use maud::{Markup, html};

use super::words::{Tone, pill, purpose_of, when};

/// The page. `reason`: what can't be read.
pub(crate) fn damaged(run: &RunSummary, reason: &str) -> Markup {
    html! {
        header.head {
            p.crumb { a href="/history" { "History" } " / " (run.deployment) }
            h1 { (purpose_of(run.kind)) }
            p.sub { "Run " code { (run.run_id) } " · stack " (run.stack_name) " · began " (when(run.created_at)) }
        }
        div.standing { p.big { (pill(Tone::Bad, "damaged")) } }
        p.notice.bad { "What this run did can't be told: " (reason) }
        @if run.set_aside.is_some() {
            p { "It was set aside when the next run of its stack was begun." }
        } @else if !run.ended {
            p { "Nobody can go on with it. It is in no other run's way: the next one of its stack sets it aside." }
        }
        p {
            "Where users are is looked at on the deployment's own page; maintenance can be disabled there, too. "
            a.button href={ "/deployments/" (run.deployment) "/maintenance" } { "To system maintenance" }
        }
    }
}

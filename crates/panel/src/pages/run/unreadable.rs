//! The page of a run that can't be read: what is known of it, and how users are let in all the same.

use conductor::RunSummary;
use maud::{Markup, html};

use crate::live::Unreadable;
use crate::words::{purpose, unreadable, when};

pub(super) fn page(run: &RunSummary, why: &Unreadable) -> Markup {
    html! {
        header.head {
            p.crumb { a href="/history" { "History" } " / " (run.deployment) }
            h1 { (purpose(run.kind)) }
            p.sub { "Run " code { (run.run_id) } " · stack " (run.stack_name) " · began " (when(run.created_at)) }
        }
        div.standing { p.big { (unreadable(why)) } }
        @match why {
            Unreadable::NotBegun => {
                p.notice.mind { "It was claimed, and its first record isn't written: nothing was done for it so far. Load this page again in a minute." }
                p { "Should whoever claimed it be gone, the same plan can be begun again; the next run of its stack sets it aside." }
            },
            Unreadable::Damaged(reason) | Unreadable::NoAnswer(reason) => {
                p.notice.bad { "What this run did can't be told: " (reason) }
                @if run.set_aside.is_some() {
                    p { "It was set aside when the next run of its stack was begun." }
                } @else if !run.ended && matches!(why, Unreadable::Damaged(_)) {
                    p { "Nobody can go on with it. It is in no other run's way: the next one of its stack sets it aside." }
                }
            },
        }
        p {
            "Where users are is looked at on the deployment's own page; maintenance can be disabled there, too. "
            a.button href={ "/deployments/" (run.deployment) "/maintenance" } { "To system maintenance" }
        }
    }
}

//! The page of a run of which can't be told what it did: what is known of it, and how users are let in all the same.

use conductor::RunSummary;
use maud::{Markup, html};

use super::words::{Tone, pill, purpose_of, when};
use crate::live::Untold;

/// The page. `why`: why it can't be told.
pub(crate) fn untold(run: &RunSummary, why: &Untold) -> Markup {
    html! {
        header.head {
            p.crumb { a href="/history" { "History" } " / " (run.deployment) }
            h1 { (purpose_of(run.kind)) }
            p.sub { "Run " code { (run.run_id) } " · stack " (run.stack_name) " · began " (when(run.created_at)) }
        }
        div.standing { p.big { (pill_of(why)) } }
        @match why {
            Untold::NotBegun => {
                p.notice.mind { "It was claimed, and its first record isn't written: nothing was done for it so far. Load this page again in a minute." }
                p { "Should whoever claimed it be gone, the same plan can be begun again; the next run of its stack sets it aside." }
            },
            Untold::Damaged(reason) | Untold::Unread(reason) => {
                p.notice.bad { "What this run did can't be told: " (reason) }
                @if run.set_aside.is_some() {
                    p { "It was set aside when the next run of its stack was begun." }
                } @else if !run.ended && matches!(why, Untold::Damaged(_)) {
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

/// In a word, in a list or on its own page.
pub(super) fn pill_of(why: &Untold) -> Markup {
    let tone = match why {
        Untold::NotBegun => Tone::Quiet,
        Untold::Unread(_) => Tone::Mind,
        Untold::Damaged(_) => Tone::Bad,
    };
    pill(tone, why.word())
}

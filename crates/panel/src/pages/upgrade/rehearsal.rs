//! A rehearsal: a section of the review, and a page of its own with everything that it tells.

use maud::{Markup, PreEscaped, html};

use crate::pages::form::{Send, button};
use crate::proposals::{
    EndCount, GraveFailure, Picture, Proposal, Rehearsal, RehearsalEnd, RehearsalPart, RehearsalStanding,
    TriedFailures, UnderWay, lasting,
};
use crate::words::{Tone, counted, pill, when};

/// What a section shows.
pub(super) struct Shown<'a> {
    pub(super) proposal: &'a Proposal,
    pub(super) standing: &'a RehearsalStanding,
    /// Whether the settings want one before approval.
    pub(super) required: bool,
    /// Whether whoever looks may rehearse.
    pub(super) may: bool,
    /// The page that it is shown on.
    pub(super) here: &'a str,
}

impl Shown<'_> {
    /// Whether that is the rehearsal's own.
    fn is_own_page(&self) -> bool {
        self.here == address(self.proposal)
    }
}

/// Where the page of a proposal's rehearsal is.
pub(super) fn address(proposal: &Proposal) -> String {
    format!("/proposals/{}/rehearsal", proposal.id)
}

/// How it stands, and the button.
pub(super) fn section(shown: &Shown<'_>) -> Markup {
    html! {
        section aria-labelledby="rehearsal" {
            h2 #rehearsal { "Rehearsal" }
            (standing(shown))
        }
    }
}

fn standing(shown: &Shown<'_>) -> Markup {
    let Shown { proposal, standing, required, may, here } = *shown;
    let rehearse = format!("/proposals/{}/rehearse", proposal.id);
    let act = |class: &str, words: &str| {
        html! { @if may && proposal.stage.is_open() {
            div.buttons { (button(Send { method: "POST", path: &rehearse, then: here }, class, words)) }
        } }
    };
    let wanted = html! { @if required && proposal.stage.is_open() { p.notice.mind { "The settings want a rehearsal before approval, of the proposal as it is." } } };
    match standing {
        RehearsalStanding::None if !proposal.stage.is_open() => {
            html! { p.empty { "Nobody has rehearsed it." } }
        }
        RehearsalStanding::None => html! {
            (wanted)
            p { "The upgrade is carried out again and again on clouds in memory, set up as this deployment is now, and then everything fails "
                "that can, one thing at a time. That takes a minute or more. Nothing of the deployment is changed, and users notice nothing." }
            (act("", "Rehearse"))
        },
        RehearsalStanding::UnderWay(under_way) => html! { (wanted) (progress(proposal, *under_way)) },
        RehearsalStanding::Failed { at, reason } => html! {
            (wanted)
            div.notice.bad role="status" {
                h3 { "It could not be rehearsed" }
                p { (reason) }
                p.sub { (when(*at)) ". Nothing was changed, and users notice nothing." }
            }
            (act("", "Rehearse again"))
        },
        RehearsalStanding::Done(rehearsal) => html! {
            p { (verdict(rehearsal)) " This upgrade was "
                @if shown.is_own_page() { (rehearsal.in_a_sentence()) } @else { a href=(address(proposal)) { (rehearsal.in_a_sentence()) } } "." }
            p.sub { "As the deployment was " (when(rehearsal.at)) "." }
            (act("", "Rehearse again"))
        },
    }
}

fn verdict(rehearsal: &Rehearsal) -> Markup {
    if rehearsal.finished() < rehearsal.runs {
        pill(Tone::Bad, "not every run finished")
    } else if rehearsal.failures.need_a_person.is_empty() {
        pill(Tone::Good, "every run finished")
    } else {
        pill(Tone::Mind, "every run finished")
    }
}

/// While it goes on. The script counts, and has the page come anew at the end.
fn progress(proposal: &Proposal, UnderWay { since, part, done, all }: UnderWay) -> Markup {
    let poll = format!("/api/v1{}", address(proposal));
    let parts = [
        ("stage", RehearsalPart::Stage),
        ("runs", RehearsalPart::Runs),
        ("failures", RehearsalPart::Failures),
    ];
    html! {
        div.looking data-poll=(poll) data-while="under-way" {
            p.lead role="status" { "Rehearsing …" }
            p {
                @for (word, one) in parts { span data-part=(word) hidden[one != part] { (one.title()) } }
                span data-part="runs failures" hidden[part == RehearsalPart::Stage] { ": " span data-told="done" { (done) } " of " span data-told="all" { (all) } }
            }
            progress aria-label="How much is done of this part" max=(all.max(1)) value=(done) {}
            p.sub { "Since " (when(since)) ". You can leave: it goes on." }
            p.notice.busy data-over hidden { "It is over. What you have typed here is kept until you " a href="" { "load this page again" } "." }
        }
    }
}

/// The page of its own.
pub(super) fn page(shown: &Shown<'_>) -> Markup {
    let proposal = shown.proposal;
    let review = if proposal.stage.is_open() {
        format!("/deployments/{}/upgrade/review", proposal.deployment)
    } else {
        format!("/proposals/{}", proposal.id)
    };
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (proposal.deployment) " / Upgrade / " a href=(review) { "Review" } }
            h1 { "Rehearsal of the upgrade of " (proposal.deployment) }
            p.sub.wrap { (proposal.template.in_words()) }
        }
        (standing(shown))
        @if let RehearsalStanding::Done(rehearsal) = shown.standing { (told(rehearsal)) }
        p { a.button href=(review) { "Back to the review" } }
    }
}

fn told(rehearsal: &Rehearsal) -> Markup {
    html! {
        (numbers(rehearsal))
        section aria-labelledby="out" {
            h2 #out { "How long users are out" }
            (picture(&rehearsal.distribution, "How often users are out for how long",
                "Across: how long users are out. Up: in how many runs. Dashed lines: the middle, 90 and 99 of 100 runs."))
        }
        section aria-labelledby="course" {
            h2 #course { "The run in the middle" }
            (picture(&rehearsal.timeline, "The run in the middle, in its course",
                "First the steps, then the resources of the update. Those that make the update as long as it is stand out, and are listed below. Shaded: users are out."))
            (steps(rehearsal))
            (longest(rehearsal))
        }
        (failures(&rehearsal.failures))
        (worth(rehearsal))
    }
}

fn numbers(rehearsal: &Rehearsal) -> Markup {
    let Rehearsal { at: _, runs, seed, users_out, ends, point_of_no_return, .. } = rehearsal;
    html! {
        dl.facts {
            div { dt { "Users out, the middle" } dd { @match users_out {
                Some(spread) => (lasting(spread.median_seconds)),
                None if rehearsal.finished() == 0 => "not known: no run finished",
                None => "never",
            } } }
            @if let Some(spread) = users_out {
                div { dt { "In 90 of 100 runs at most" } dd { (lasting(spread.p90_seconds)) } }
                div { dt { "In nine of ten runs" } dd { (lasting(spread.p5_seconds)) " to " (lasting(spread.p95_seconds)) } }
            }
            div { dt { (counted(*runs, "run")) ", seed " (seed) } dd { (ends_in_words(ends)) } }
            div { dt { "Point of no return" } dd { @match point_of_no_return {
                Some(point) => (point),
                None => "none is known before the clean-up",
            } } }
        }
    }
}

fn ends_in_words(ends: &[EndCount]) -> String {
    let ends = ends.iter().filter(|one| one.count > 0);
    let words: Vec<String> = ends.map(|one| format!("{} {}", one.count, one.end.title())).collect();
    words.join("; ")
}

/// Larger than a phone: it is scrolled, and keeps its letters readable.
fn picture(picture: &Picture, label: &str, legend: &str) -> Markup {
    html! {
        figure.rehearsed {
            div.scroll tabindex="0" role="region" aria-label=(label) { (PreEscaped(picture.svg())) }
            figcaption.sub { (legend) }
        }
    }
}

fn steps(rehearsal: &Rehearsal) -> Markup {
    html! {
        h3 id="steps-took" { "Where the time goes" }
        div.scroll tabindex="0" role="region" aria-labelledby="steps-took" { table {
            thead { tr { th { "Step" } th.number { "Middle" } th.number { "90 of 100 runs" } } }
            tbody { @for step in &rehearsal.steps { tr {
                td { (step.title) }
                td.number { (lasting(step.took.median_seconds)) }
                td.number { (lasting(step.took.p90_seconds)) }
            } } }
        } }
    }
}

fn longest(rehearsal: &Rehearsal) -> Markup {
    html! {
        @if !rehearsal.longest.is_empty() {
            h3 id="longest" { "What makes the update long" }
            div.scroll tabindex="0" role="region" aria-labelledby="longest" { table {
                thead { tr { th { "Resource" } th.number { "In of 100 runs" } th.number { "Middle" } th.number { "90 of 100 runs" } th { "Known from" } } }
                tbody { @for one in &rehearsal.longest { tr {
                    td { (one.logical_id) br; small { (one.resource_type) } }
                    td.number { (one.percent) }
                    td.number { (lasting(one.took.median_seconds)) }
                    td.number { (lasting(one.took.p90_seconds)) }
                    td { (one.provenance) }
                } } }
            } }
        }
    }
}

fn failures(failures: &TriedFailures) -> Markup {
    let TriedFailures { tried, sampled, ends, need_a_person } = failures;
    html! {
        section aria-labelledby="failures" {
            h2 #failures { "Failures that need a person" }
            p { "One thing at a time was let fail, " (counted(*tried, "failure")) ": " (ends_in_words(ends)) "." }
            @if need_a_person.is_empty() { p { (pill(Tone::Good, "none needs a person")) } }
            @else { div.scroll tabindex="0" role="region" aria-label="Table of the failures that need a person" { table.grave {
                thead { tr { th { "What fails" } th { "How it ends" } th { "Why" } th { "The way out" } } }
                tbody { @for one in need_a_person { tr {
                    td.wrap { (one.title) }
                    td { (pill(tone(one.end), one.end.title())) }
                    td.wrap { (one.reason) }
                    td.wrap { (way_out(one)) }
                } } }
            } } }
            @for sentence in sampled { p.sub { (sentence) } }
        }
    }
}

fn tone(end: RehearsalEnd) -> Tone {
    match end {
        RehearsalEnd::Finished | RehearsalEnd::RolledBack => Tone::Good,
        RehearsalEnd::WaitsForPerson => Tone::Mind,
        RehearsalEnd::KeptOut | RehearsalEnd::Broken => Tone::Bad,
    }
}

fn way_out(failure: &GraveFailure) -> Markup {
    html! {
        @match (&failure.way_out, failure.end) {
            (Some(way), _) => {
                "Answer " code { (way.answer) @if !way.skip.is_empty() { " " (way.skip.join(",")) } }
                ", which leaves " (way.stack_status) ": " (way.end.title()) "."
            },
            (None, RehearsalEnd::WaitsForPerson) => "Answer the run's question: each answer leads on.",
            (None, RehearsalEnd::KeptOut) => "Disable maintenance when the platform is well.",
            (None, RehearsalEnd::Broken) => "None is known.",
            (None, RehearsalEnd::Finished | RehearsalEnd::RolledBack) => "None is needed.",
        }
    }
}

fn worth(rehearsal: &Rehearsal) -> Markup {
    let Rehearsal { at, provenance, assumed, not_simulated, made_up, accepted, .. } = rehearsal;
    html! {
        section aria-labelledby="worth" {
            h2 #worth { "What this is worth" }
            p { "The deployment was looked at for it " (when(*at)) "." }
            @if !provenance.is_empty() {
                h3 { "Where the times are from" }
                ul { @for share in provenance { li { @if share.percent == 0 { "under 1" } @else { (share.percent) } " % by " (share.from) } } }
            }
            @if !assumed.is_empty() {
                details { summary { "Nobody has measured " (counted(assumed.len(), "kind")) " of change" }
                    ul { @for one in assumed { li.wrap { (one) } } } }
            }
            h3 { "Not simulated" }
            ul { @for sentence in not_simulated { li.wrap { (sentence) } } }
            @if !made_up.is_empty() { p.wrap { "Secrets were made up: " (made_up.join(", ")) "." } }
            @if !accepted.is_empty() { p.wrap { "Checks that warn were accepted for the rehearsal: " (accepted.join(", ")) "." } }
        }
    }
}

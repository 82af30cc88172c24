//! What the five pages of an upgrade have in common.

use maud::{Markup, html};
use upgrade::Timestamp;

use crate::access::{Permission, SignedIn};
use crate::backend::DeploymentSummary;
use crate::pages::form::{Send, button};
use crate::proposals::{Preparation, Proposal, RehearsalStanding, Stage};
use crate::words::{Tone, pill, when};

/// The pages, in their order: name, and where after `/upgrade`.
const PAGES: [(&str, &str); 5] = [
    ("Template", ""),
    ("Details", "/details"),
    ("Options", "/options"),
    ("Review", "/review"),
    ("Events", "/events"),
];

/// What every page of the five is given.
pub(super) struct Wizard<'a> {
    /// The deployment's settings.
    pub(super) settings: &'a DeploymentSummary,
    /// The open proposal.
    pub(super) proposal: Option<&'a Proposal>,
    /// What was found out for it.
    pub(super) preparation: Option<&'a Preparation>,
    /// Where a rehearsal of it stands.
    pub(super) rehearsal: &'a RehearsalStanding,
    /// Who looks.
    pub(super) person: &'a SignedIn,
    /// Whether somebody else must approve.
    pub(super) two_person_approval: bool,
    /// Whether it must be rehearsed before.
    pub(super) rehearsal_required: bool,
    pub(super) now: Timestamp,
}

impl Wizard<'_> {
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.person.role.may(permission)
    }

    /// The address of a page.
    pub(super) fn page(&self, number: usize) -> String {
        address(&self.settings.name, number)
    }

    /// What stands above every page.
    pub(super) fn head(&self, number: usize) -> Markup {
        let title = PAGES.get(number - 1).map_or("", |(name, _)| name);
        html! {
            header.head {
                p.crumb { a href="/" { "Overview" } " / " (self.settings.name) " / Upgrade" }
                h1 { "Upgrade " (self.settings.name) ": " (title.to_lowercase()) }
                @if let Some(proposal) = self.proposal { (self.stage(proposal)) }
            }
            (way(Some(number), |page| Some(self.page(page))))
        }
    }

    fn stage(&self, proposal: &Proposal) -> Markup {
        let from = self.preparation.and_then(|found| found.from_version.as_deref());
        let to = self.preparation.and_then(|found| found.to_version.as_deref());
        let (tone, words) = stage_words(proposal, self.preparation);
        html! {
            p { (pill(tone, &words)) " "
                @if let (Some(from), Some(to)) = (from, to) { strong { (from) " → " (to) } " · " }
                span.wrap { (proposal.template.in_words()) }
            }
            p.sub { "Proposed by " (proposal.made_by) ", " (when(proposal.made_at))
                @if let [_, others @ ..] = proposal.authors.as_slice() && !others.is_empty() { ", changed by " (others.join(", ")) }
                @if let Some(approval) = proposal.stage.approval() { "; approved by " (approval.by) ", " (when(approval.at)) }
            }
        }
    }

    /// A page while nothing is known that it could show.
    pub(super) fn unready(&self, proposal: &Proposal, number: usize) -> Markup {
        let path = format!("/proposals/{}", proposal.id);
        let (prepare, here) = (format!("{path}/prepare"), self.page(number));
        let again = |words: &str| {
            html! { @if self.may(Permission::Plan) {
                (button(Send { method: "POST", path: &prepare, then: &here }, "primary", words))
            } }
        };
        html! {
            (self.head(number))
            @match &proposal.stage {
                Stage::Looking { since } => {
                    div.looking role="status" data-poll={ "/api/v1" (path) } data-while="looking" {
                        p.lead { "Looking at the deployment … " span.sub data-seconds aria-hidden="true" {} }
                        p { "The release is read, compared with what is deployed, and checked against everything around it. "
                            "That takes seconds, or a minute where drift is looked for. Nothing of the deployment is changed; copies of the templates are kept in its bucket." }
                        p.sub { "Since " (when(*since)) ". You can leave: it goes on." }
                    }
                },
                Stage::Failed { at, reason } => {
                    div.notice.bad role="alert" {
                        h2 { "The deployment could not be looked at" }
                        p.wrap { (reason) }
                        p.sub { (when(*at)) ". Nothing was changed, and users notice nothing." }
                    }
                    div.buttons { (again("Look again")) a.button href=(self.page(1)) { "Choose another release" } }
                },
                Stage::Unseen | Stage::Seen | Stage::Approved(_) => {
                    p.empty { "Nobody has looked at the deployment for this yet, or the look was interrupted." }
                    div.buttons { (again("Look now")) }
                },
                Stage::Begun { .. } | Stage::Discarded { .. } => p.empty { "This proposal has ended." },
            }
        }
    }

    /// The buttons below a page's form are in the form; these lead on without it.
    pub(super) fn only_reading(&self, number: usize) -> Markup {
        html! {
            p.sub { "An operator can change this." }
            p { a.button href=(self.page(number)) { "Next: " (PAGES.get(number - 1).map_or("", |(name, _)| name)) } }
        }
    }
}

fn address(deployment: &str, number: usize) -> String {
    let place = PAGES.get(number - 1).map_or("", |(_, place)| place);
    format!("/deployments/{deployment}/upgrade{place}")
}

/// The five pages as a way; `here` is the one that is shown.
fn way(here: Option<usize>, address: impl Fn(usize) -> Option<String>) -> Markup {
    html! {
        nav.way aria-label="Pages of the upgrade" { ol {
            @for (index, (name, _)) in PAGES.iter().enumerate() {
                @let number = index + 1;
                li { @match address(number) {
                    Some(to) => a href=(to) aria-current=[(here == Some(number)).then_some("step")] { span.number { (number) } " " (name) },
                    None => span { span.number { (number) } " " (name) },
                } }
            }
        } }
    }
}

/// The way above a run: its last page, and the review as it was approved.
pub(in crate::pages) fn way_of_run(proposal: &Proposal) -> Markup {
    let to = |number| match (&proposal.stage, number) {
        (Stage::Begun { run_id, .. }, 5) => Some(format!("/runs/{run_id}")),
        (_, 4) => Some(format!("/proposals/{}", proposal.id)),
        (_, _) => None,
    };
    way(Some(5), to)
}

/// How far a proposal has come, in a few words.
pub(super) fn stage_words(proposal: &Proposal, preparation: Option<&Preparation>) -> (Tone, String) {
    match &proposal.stage {
        Stage::Unseen => (Tone::Quiet, "not looked at".to_owned()),
        Stage::Looking { .. } => (Tone::Busy, "looking".to_owned()),
        Stage::Failed { .. } => (Tone::Bad, "could not be looked at".to_owned()),
        Stage::Seen => match preparation {
            Some(Preparation { plan: Some(_), .. }) => (Tone::Good, "ready to be approved".to_owned()),
            Some(_) | None => (Tone::Mind, "something stands in the way".to_owned()),
        },
        Stage::Approved(_) => (Tone::Good, "approved, ready to run".to_owned()),
        Stage::Begun { .. } => (Tone::Busy, "run".to_owned()),
        Stage::Discarded { .. } => (Tone::Quiet, "discarded".to_owned()),
    }
}

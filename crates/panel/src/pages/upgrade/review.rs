//! Page 4: everything that must be known before it is decided, risks first; the decision; the beginning.

use maud::{Markup, html};
use upgrade::{Acceptance, Approval, CheckResult, Piece, Plan, UnpinnedPiece, UpdateKind, Verdict};

use super::changes::{changes_of_all, counts, risks};
use super::rehearsal::{self, Shown};
use super::templates::templates;
use super::wizard::{Wizard, stage_words, way_of_run};
use crate::access::Permission;
use crate::moment::iso;
use crate::pages::form::{Send, button, form};
use crate::proposals::{
    NOTICE_TO_KEEP_MILLISECONDS, Preparation, Proposal, RehearsalStanding, Stage, missed_notice,
};
use crate::words::{Tone, counted, duration, pill, since_by, when};

/// What was found out longer ago than this is called old.
const OLD_MILLISECONDS: u64 = 3_600_000;

/// A line of evidence that is longer is folded.
const LONG_LINE: usize = 320;

/// Lines of what was seen, and of owners, that are shown before somebody asks for more.
const MOST_LINES: usize = 6;
const MOST_NAMES: usize = 10;

pub(super) fn page(wizard: &Wizard<'_>, proposal: &Proposal, preparation: &Preparation) -> Markup {
    let rehearsal = rehearsal::section(&Shown {
        proposal,
        standing: wizard.rehearsal,
        required: wizard.rehearsal_required,
        may: wizard.may(Permission::Plan),
        here: &wizard.page(4),
    });
    html! {
        (wizard.head(4))
        (verdict(wizard, proposal, preparation))
        (findings(preparation, html! { (decide(wizard, proposal, preparation)) (rehearsal) }))
        (approval(wizard, proposal, preparation))
    }
}

/// A proposal of which nothing more can come, to be read.
pub(super) fn ended(
    proposal: &Proposal,
    preparation: Option<&Preparation>,
    standing: &RehearsalStanding,
) -> Markup {
    let (tone, words) = stage_words(proposal, preparation);
    let here = format!("/proposals/{}", proposal.id);
    let rehearsal =
        rehearsal::section(&Shown { proposal, standing, required: false, may: false, here: &here });
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (proposal.deployment) " / Upgrade" }
            h1 { "Upgrade of " (proposal.deployment) ", as it was proposed" }
            p { (pill(tone, &words)) " " span.wrap { (proposal.template.in_words()) } }
        }
        (way_of_run(proposal))
        dl.facts {
            div { dt { "Proposed by" } dd { (proposal.authors.join(", ")) br; span.sub { (when(proposal.made_at)) } } }
            @match &proposal.stage {
                Stage::Begun { run_id, approval, by, at } => {
                    div { dt { "Approved by" } dd { (approval.by) br; span.sub { (when(approval.at)) } } }
                    div { dt { "Begun by" } dd { (by) br; span.sub { (when(*at)) } } }
                    div { dt { "Run" } dd { a href={ "/runs/" (run_id) } { (run_id) } } }
                },
                Stage::Discarded { by, at } => div { dt { "Discarded by" } dd { (by) br; span.sub { (when(*at)) } } },
                Stage::Unseen | Stage::Looking { .. } | Stage::Failed { .. } | Stage::Seen | Stage::Approved(_) => {},
            }
        }
        @match preparation {
            None => p.empty { "Nothing was found out for it." },
            Some(preparation) => (findings(preparation, rehearsal)),
        }
    }
}

fn verdict(wizard: &Wizard<'_>, proposal: &Proposal, preparation: &Preparation) -> Markup {
    let age = wizard.now.milliseconds_since(preparation.at);
    let is_rehearsal_wanting =
        wizard.rehearsal_required && wizard.rehearsal.is_wanting(preparation.at).is_some();
    html! {
        @match (&preparation.plan, proposal.stage.approval()) {
            (Some(_), Some(approval)) => div.notice.good role="status" { p { "Approved by " strong { (approval.by) } ". It can be begun at the end of this page." } },
            (Some(_), None) if is_rehearsal_wanting => div.notice.mind role="status" {
                p { "Nothing stands in the way but a rehearsal, which the settings want: " a href="#rehearsal" { "see below" } "." }
            },
            (Some(_), None) => div.notice.good role="status" { p { "Nothing stands in the way. Read it, then approve it at the end of this page." } },
            (None, _) => div.notice.bad role="status" {
                p { strong { "There is no plan yet." } " "
                    @if preparation.in_the_way.is_empty() { (preparation.undrawn.as_deref().unwrap_or("It could not be drawn up.")) }
                    @else { (counted(preparation.in_the_way.len(), "check")) " to be decided on or set right below. Nothing was changed, and users notice nothing." }
                }
            },
        }
        @if age >= OLD_MILLISECONDS {
            p.notice.mind { "This was found out " (duration(age)) " ago, and the deployment may have changed since. Look again before you decide." }
        }
        @if let Some(Plan { found: Some(found), .. }) = &preparation.plan {
            div.notice.busy {
                p { strong { "The deployment is in maintenance" } (since_by(found)) "." }
                p { "This upgrade uses that maintenance, and ends it when it succeeds. If it doesn't happen, the deployment stays in maintenance." }
            }
        }
        p.sub { "Looked at " (when(preparation.at)) ". " (preparation.expectation) }
    }
}

/// All that was found out, risks first. `after_risks`: what is to be decided, and the rehearsal.
fn findings(preparation: &Preparation, after_risks: Markup) -> Markup {
    html! {
        @if let Some(foretold) = &preparation.foretold {
            (counts(foretold, &preparation.parameters))
            p { a href="#changes" { "Each of them, before and after" } }
        }
        section aria-labelledby="risks" {
            h2 #risks { "Risks" }
            @match &preparation.foretold {
                Some(foretold) => (risks(&foretold.risks)),
                None => p.notice.mind { "What the update will do can't be told as things are: "
                    (preparation.undrawn.as_deref().unwrap_or("see the checks")) },
            }
        }
        (after_risks)
        (checks(preparation))
        @if let Some(foretold) = &preparation.foretold {
            section aria-labelledby="changes" {
                h2 #changes { "What will change" }
                (changes_of_all(foretold, &preparation.parameters))
            }
        }
        (templates(&preparation.templates))
        @if let Some(plan) = &preparation.plan { (brought_in(plan)) }
        (people(preparation))
        @if let Some(plan) = &preparation.plan { (steps(plan)) }
        @if let Some(foretold) = &preparation.foretold {
            section aria-labelledby="permissions" {
                h2 #permissions { "Permissions" }
                p { "The least that IAM must allow for this very update; whether it does, the checks say." }
                details { summary { "The policy" } pre tabindex="0" { code { (pretty(&foretold.permissions)) } } }
            }
        }
    }
}

/// What the templates bring in by its address: held to its contents, or not.
fn brought_in(plan: &Plan) -> Markup {
    let of_stack = |update: UpdateKind| {
        html! { @if update != UpdateKind::Primary { " (" (update.title()) ")" } }
    };
    html! {
        @if !plan.pieces.is_empty() || !plan.unpinned.is_empty() {
            section aria-labelledby="pieces" {
                h2 #pieces { "What the templates bring in" }
                @for UnpinnedPiece { update, what, why } in &plan.unpinned {
                    p.notice.mind { strong { "Not held to what it is now: " (what) } (of_stack(*update)) ". " (why) }
                }
                @if !plan.pieces.is_empty() {
                    p { "Approval is of these contents too: what has changed when the update is to begin stops the run." }
                    details { summary { (counted(plan.pieces.len(), "piece")) }
                    div.scroll tabindex="0" role="region" aria-labelledby="pieces" { table {
                        thead { tr { th { "What" } th { "Where" } th { "SHA-256" } } }
                        tbody { @for Piece { update, what, url, sha256 } in &plan.pieces { tr {
                            td { (what) (of_stack(*update)) }
                            td.wrap { (url) }
                            td { code title=(sha256) { (sha256.get(..12).unwrap_or(sha256)) "…" } }
                        } } }
                    } } }
                }
            }
        }
    }
}

fn pretty(policy: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(policy).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| policy.to_owned())
}

/// What a person must decide, each with its reason.
fn decide(wizard: &Wizard<'_>, proposal: &Proposal, preparation: &Preparation) -> Markup {
    let open = |check: &&CheckResult| preparation.in_the_way.contains(&check.id);
    let warnings: Vec<&CheckResult> =
        preparation.checks.iter().filter(open).filter(|check| check.verdict == Verdict::Warning).collect();
    let accepted = |what: &str| proposal.choices.accepted.iter().any(|one| one.what == what);
    let losses: Vec<&String> = preparation
        .foretold
        .iter()
        .flat_map(|foretold| &foretold.losses)
        .filter(|what| !accepted(what))
        .collect();
    let (singly, together): (Vec<&CheckResult>, Vec<&CheckResult>) =
        warnings.iter().copied().partition(|check| check.accepted_singly);
    let may = wizard.may(Permission::Plan);
    let stale = |one: &Acceptance| {
        preparation
            .checks
            .iter()
            .any(|check| check.id == one.what && check.verdict == Verdict::Warning && !one.covers(check))
    };
    let several = together.len() > 1;
    let path = format!("/proposals/{}", proposal.id);
    let here = wizard.page(4);
    let send = Send { method: "PATCH", path: &path, then: &here };
    html! {
        @if !warnings.is_empty() || !losses.is_empty() || !proposal.choices.accepted.is_empty() {
            section aria-labelledby="decisions" {
                h2 #decisions { "To be decided" }
                @if !warnings.is_empty() || !losses.is_empty() {
                    p { "Give a reason for what you accept; it is kept with your name. What you leave empty stays open. The database's storage, "
                        "permissions, the gate, replacements and data that goes are accepted one by one." }
                    (form(send, "stack wide", &html! { fieldset disabled[!may] {
                        legend.hidden { "Accept" }
                        @for check in singly { (accept_by_itself(wizard, check)) }
                        @for check in together {
                            div.notice.mind {
                                h3 { (check.title) }
                                (evidence(&check.evidence))
                                (to_do(wizard, check))
                                label { "Why “" (check.title) "” is acceptable"
                                    input name={ "accept." (check.id) } maxlength="500" autocomplete="off" data-reason;
                                }
                            }
                        }
                        @for what in losses {
                            div.notice.bad {
                                h3 { "The data in " (what) " goes" }
                                label { "Why the data in " (what) " may be lost"
                                    input name={ "accept." (what) } maxlength="500" autocomplete="off";
                                }
                            }
                        }
                        @if may {
                            div.buttons {
                                button.primary { "Accept, and look again" }
                                // Not for storage, permissions, gate, replacements, and data that goes: each of those
                                // is thought about by itself.
                                @if several { button type="button" data-same-reason { "Give the other warnings the first of their reasons" } }
                            }
                        }
                    } }))
                }
                @if !proposal.choices.accepted.is_empty() {
                    h3 { "Accepted" }
                    ul { @for one in &proposal.choices.accepted { li {
                        strong { (title(preparation, &one.what)) } " by " (one.who) ": " (one.why)
                        @if stale(one) { " " em { "(it warns of something else by now, so it is to be decided anew)" } }
                        @if may && proposal.stage.is_open() {
                            (form(send, "", &html! {
                                input type="hidden" name={ "accept." (one.what) } value="" data-type="exact";
                                button aria-label={ "Take back: " (title(preparation, &one.what)) } { "Take back" }
                            }))
                        }
                    } } }
                }
            }
        }
    }
}

/// A warning that is accepted by itself, in the words that are accepted.
fn accept_by_itself(wizard: &Wizard<'_>, check: &CheckResult) -> Markup {
    let others: Vec<String> =
        check.evidence.iter().filter(|line| !check.warnings.contains(line)).cloned().collect();
    html! {
        div.notice.bad {
            h3 { (check.title) }
            p { "What is accepted here, and by itself:" }
            (evidence(&check.warnings))
            @if !others.is_empty() { details { summary { "What else was seen" } (evidence(&others)) } }
            (to_do(wizard, check))
            label { "Your reason for “" (check.title) "”, by itself"
                input name={ "accept." (check.id) } maxlength="500" autocomplete="off";
            }
        }
    }
}

fn to_do(wizard: &Wizard<'_>, check: &CheckResult) -> Markup {
    html! {
        @if let Some(advice) = &check.advice { p { (advice) } }
        @for fix in &check.fixes { p { a href=(wizard.page(2)) { "Details: set " (fix.parameter) " to " (fix.value) } } }
    }
}

fn title<'a>(preparation: &'a Preparation, what: &'a str) -> &'a str {
    preparation.checks.iter().find(|check| check.id == what).map_or(what, |check| &check.title)
}

/// Warnings that are still to be decided stand above, with their forms.
fn checks(preparation: &Preparation) -> Markup {
    let checks = &preparation.checks;
    let above =
        |check: &CheckResult| check.verdict == Verdict::Warning && preparation.in_the_way.contains(&check.id);
    let undecided = checks.iter().filter(|check| above(check)).count();
    let is_grave = |check: &&CheckResult| match check.verdict {
        Verdict::Failed | Verdict::Warning => !above(check),
        Verdict::Passed | Verdict::Skipped => false,
    };
    let mut grave: Vec<&CheckResult> = checks.iter().filter(is_grave).collect();
    grave.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    let of = |verdict: Verdict| checks.iter().filter(move |check| check.verdict == verdict);
    let (passed, skipped): (Vec<_>, Vec<_>) = (of(Verdict::Passed).collect(), of(Verdict::Skipped).collect());
    html! {
        section aria-labelledby="checks" {
            h2 #checks { "Checks" }
            @if undecided > 0 { p { (counted(undecided, "warning")) " to be decided: see above." } }
            @else if grave.is_empty() { p { (pill(Tone::Good, "all passed")) } }
            @for check in grave { (one_check(check)) }
            @if !passed.is_empty() { details { summary { (passed.len()) " passed" } @for check in passed { (one_check(check)) } } }
            @if !skipped.is_empty() { details { summary { (skipped.len()) " skipped: they don't apply, or could not be looked at" }
                @for check in skipped { (one_check(check)) } } }
        }
    }
}

/// What was seen; a list of a hundred names is there for those who want it.
fn evidence(lines: &[String]) -> Markup {
    let beginning = |line: &str| line.chars().take(LONG_LINE / 2).collect::<String>();
    let list = |lines: &[String]| {
        html! { ul { @for line in lines { li.wrap {
            @if line.chars().count() <= LONG_LINE { (line) }
            @else { details { summary { (beginning(line)) " …" } (line) } }
        } } } }
    };
    let (first, more) = lines.split_at(lines.len().min(MOST_LINES));
    html! {
        (list(first))
        @if !more.is_empty() { details { summary { (more.len()) " more" } (list(more)) } }
    }
}

fn one_check(check: &CheckResult) -> Markup {
    let (tone, word) = match check.verdict {
        Verdict::Passed => (Tone::Good, "passed"),
        Verdict::Skipped => (Tone::Quiet, "skipped"),
        Verdict::Warning => (Tone::Mind, "warning"),
        Verdict::Failed => (Tone::Bad, "failed"),
    };
    html! {
        div.finding {
            h3 { (pill(tone, word)) " " (check.title) }
            (evidence(&check.evidence))
            @if let Some(advice) = &check.advice { p { strong { "To do: " } (advice) } }
        }
    }
}

fn people(preparation: &Preparation) -> Markup {
    let work = &preparation.at_work;
    html! {
        section aria-labelledby="people" {
            h2 #people { "People" }
            @if let Some(plan) = &preparation.plan {
                h3 { "What users will notice" }
                @if let Some(at) = plan.announcement.closes_at { p { "The gate closes " strong { (when(at)) } "." } }
                ul { @for sentence in plan.users_notice(|at| iso(at).replace('T', " ").replace('Z', " UTC")) { li { (sentence) } } }
            }
            h3 { "How long" }
            p { (preparation.expectation) }
            h3 { "Who works right now" }
            p { (work.counts()) }
            @let owners = work.by_owner();
            @if !owners.is_empty() { details open[owners.len() <= MOST_NAMES] { summary { (counted(owners.len(), "owner")) }
                ul.names { @for line in owners { li { (line) } } } } }
        }
    }
}

fn steps(plan: &Plan) -> Markup {
    html! {
        section aria-labelledby="plan-steps" {
            h2 #plan-steps { "Steps" }
            details { summary { (counted(plan.steps.len(), "step")) ", in this order" }
                ol { @for planned in &plan.steps { li {
                    (planned.step.title()) " "
                    span.sub { @match plan.deadline_seconds(planned) {
                        Some(seconds) => { "at most " (duration(seconds * 1000)) },
                        None => "as long as it takes",
                    } }
                } } }
            }
        }
    }
}

/// Approving, and then beginning.
fn approval(wizard: &Wizard<'_>, proposal: &Proposal, preparation: &Preparation) -> Markup {
    let path = format!("/proposals/{}", proposal.id);
    let here = wizard.page(4);
    let look = format!("{path}/prepare");
    let again = html! { @if wizard.may(Permission::Plan) {
        (button(Send { method: "POST", path: &look, then: &here }, "", "Look again"))
    } };
    let Some(plan) = &preparation.plan else {
        return html! { div.buttons { (again) a.button href=(wizard.page(2)) { "Back to the details" } } };
    };
    html! {
        section.card.decision aria-labelledby="approval" {
            h2 #approval { "Approve and run" }
            p.sub { "The plan's SHA-256 is " code.wrap { (plan.sha256()) } ". Approval is of this plan and no other; before anybody is kept out, "
                "the change set that AWS really makes is compared with it." }
            @match &proposal.stage {
                Stage::Approved(approval) => (begin(wizard, proposal, plan, preparation, approval)),
                Stage::Unseen | Stage::Looking { .. } | Stage::Failed { .. } | Stage::Seen
                | Stage::Begun { .. } | Stage::Discarded { .. } => (approve(wizard, proposal, preparation, plan, &path)),
            }
            div.buttons { (again) }
        }
    }
}

fn approve(
    wizard: &Wizard<'_>,
    proposal: &Proposal,
    preparation: &Preparation,
    plan: &Plan,
    path: &str,
) -> Markup {
    if !wizard.may(Permission::Approve) {
        return html! { p { "An operator approves it." } };
    }
    let own = proposal.authors.iter().any(|author| author.eq_ignore_ascii_case(&wizard.person.name));
    if wizard.two_person_approval && own {
        return html! { p.notice.mind { "Two people are wanted: you proposed or changed this, so somebody else approves it. This page is the same for them." } };
    }
    if wizard.rehearsal_required
        && let Some(wanting) = wizard.rehearsal.is_wanting(preparation.at)
    {
        return html! { p.notice.mind { (wanting) " " a href="#rehearsal" { "To the rehearsal" } } };
    }
    let approve = format!("{path}/approve");
    let here = wizard.page(4);
    let losses = preparation.foretold.iter().flat_map(|foretold| &foretold.losses);
    form(
        Send { method: "POST", path: &approve, then: &here },
        "stack wide",
        &html! {
            input type="hidden" name="planSha256" value=(plan.sha256()) data-type="exact";
            @for capability in preparation.capabilities() {
                label.check { input type="checkbox" name="capabilities" data-type="list" value=(capability) required;
                    span { "I acknowledge " code { (capability) } ": " (meaning(capability)) } }
            }
            @for what in losses {
                label.check { input type="checkbox" name="losses" data-type="list" value=(what) required;
                    span { "I know that " code { (what) } " is replaced or removed, and the data in it goes." } }
            }
            button.primary { "Approve this plan" }
        },
    )
}

/// In CloudFormation's sense (user guide, "Acknowledging IAM resources in CloudFormation templates").
fn meaning(capability: &str) -> &'static str {
    match capability {
        "CAPABILITY_NAMED_IAM" => {
            "the template makes or changes IAM resources, some under names of their own."
        }
        "CAPABILITY_AUTO_EXPAND" => "the template has macros or includes, which CloudFormation expands.",
        _ => "the template makes or changes IAM resources.",
    }
}

fn begin(
    wizard: &Wizard<'_>,
    proposal: &Proposal,
    plan: &Plan,
    preparation: &Preparation,
    approval: &Approval,
) -> Markup {
    let run = format!("/proposals/{}/run", proposal.id);
    let notice = plan.announcement.closes_at.map(|at| at.milliseconds_since(preparation.at));
    let is_awaited = proposal.choices.closes_at.is_some()
        || notice.is_some_and(|notice| notice >= NOTICE_TO_KEEP_MILLISECONDS);
    let missed = missed_notice(proposal, plan, preparation.at, wizard.now);
    html! {
        p { "Approved by " strong { (approval.by) } ", " (when(approval.at)) "." }
        @if !wizard.may(Permission::Run) { p { "An operator begins it." } }
        @else { (form(Send { method: "POST", path: &run, then: "/runs/{runId}" }, "stack wide", &html! {
            @if let Some(missed) = &missed { p.notice.mind { (missed) } }
            @if is_awaited {
                label.check { input type="checkbox" name="withoutNotice";
                    span { "Begin even when users no longer have their notice" } }
            }
            button.primary { "Run it now" }
        })) }
    }
}

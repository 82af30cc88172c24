//! Access: people, tokens, the audit trail.

use maud::{Markup, html};

use super::layout::token;
use super::words::{Tone, pill, when};
use crate::access::{ApiToken, AuditEntry, LEAST_PASSWORD, Person, Role};

/// A token just made: its name, and its secret to be shown this once.
pub(crate) struct Made<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its secret.
    pub(crate) secret: &'a str,
}

/// The page.
pub(crate) fn access(
    people: &[Person],
    tokens: &[ApiToken],
    trail: &[AuditEntry],
    made: Option<&Made<'_>>,
    form_token: &str,
) -> Markup {
    html! {
        h1 { "Access" }
        @if let Some(made) = made {
            div.notice.good role="status" {
                p { "Token " strong { (made.name) } ". Copy it now: it is shown this once, and kept nowhere." }
                p { code.wrap { (made.secret) } }
            }
        }
        section aria-labelledby="people" {
            h2 #people { "People" }
            div.scroll tabindex="0" role="region" aria-label="People" { table {
                thead { tr { th { "Name" } th { "Role" } th { "Signed in last" } th { "Change" } } }
                tbody { @for person in people { tr {
                    td { (person.name) @if person.disabled { " " (pill(Tone::Mind, "shut out")) } }
                    td { (person.role.word()) }
                    td { @match person.signed_in_at { Some(at) => (when(at)), None => span.sub { "never" } } }
                    td { form.inline method="post" action="/access/people/change" {
                        (token(form_token))
                        input type="hidden" name="name" value=(person.name);
                        (roles("role", person.role, &format!("Role of {}", person.name)))
                        label.check { input type="checkbox" name="disabled" value="yes" checked[person.disabled]; span { "shut out" } }
                        button { "Change" }
                    } }
                } } }
            } }
            details {
                summary { "Add somebody …" }
                form.stack method="post" action="/access/people" {
                    (token(form_token))
                    label { "Name" input name="name" required maxlength="64" autocomplete="off"; }
                    label { "First password" input name="password" type="password" required minlength=(LEAST_PASSWORD) autocomplete="new-password"; }
                    label { "Role" (roles("role", Role::Viewer, "Role")) }
                    ul.sub { @for role in Role::ALL { li { strong { (role.word()) } " " (role.in_words()) } } }
                    button.primary { "Add" }
                }
            }
        }
        section aria-labelledby="tokens" {
            h2 #tokens { "API tokens" }
            @if tokens.is_empty() { p.empty { "There are none. A program signs in with one, in the Authorization header." } }
            @else { div.scroll tabindex="0" role="region" aria-label="Tokens" { table {
                thead { tr { th { "Name" } th { "Whose" } th { "Role" } th { "Expires" } th { "Used last" } th { "" } } }
                tbody { @for one in tokens { tr {
                    td { (one.name) } td { (one.person) } td { (one.role.word()) } td { (when(one.expires_at)) }
                    td { @match one.used_at { Some(at) => (when(at)), None => span.sub { "never" } } }
                    td { @if one.revoked { (pill(Tone::Quiet, "revoked")) } @else {
                        form method="post" action="/access/tokens/revoke" {
                            (token(form_token)) input type="hidden" name="id" value=(one.id);
                            button aria-label={ "Revoke " (one.name) } { "Revoke" }
                        }
                    } }
                } } }
            } } }
            details {
                summary { "Make one …" }
                form.stack method="post" action="/access/tokens" {
                    (token(form_token))
                    label { "What it is for" input name="name" required maxlength="64"; }
                    label { "Role" (roles("role", Role::Viewer, "Role")) }
                    label { "Days" input name="days" type="number" min="1" max="366" value="90" required; }
                    button.primary { "Make a token" }
                }
            }
        }
        section aria-labelledby="trail" {
            h2 #trail { "Audit trail" }
            p.sub { "Every act, newest first. It can't be changed or shortened from here." }
            div.scroll tabindex="0" role="region" aria-label="Audit trail" { table {
                thead { tr { th.number { "No." } th { "When" } th { "Who" } th { "From" } th { "What" } th { "" } } }
                tbody { @for entry in trail { tr {
                    td.number { (entry.number) } td { (when(entry.at)) } td { (entry.who) } td { (entry.address) }
                    td { (entry.act) " " (entry.object) @if !entry.detail.is_empty() { br; small { (entry.detail) } } }
                    td { @if entry.done { (pill(Tone::Good, "done")) } @else { (pill(Tone::Mind, "refused")) } }
                } } }
            } }
            @if let Some(last) = trail.last() && last.number > 1 {
                p { a.button href={ "/access?before=" (last.number) } { "Older" } }
            }
        }
    }
}

fn roles(name: &str, now: Role, label: &str) -> Markup {
    html! { select name=(name) aria-label=(label) { @for role in Role::ALL {
        option value=(role.word()) selected[role == now] { (role.word()) }
    } } }
}

//! Access: people, tokens, the audit trail.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::form::{Send, form};
use crate::access::{ApiToken, AuditEntry, LEAST_PASSWORD, Permission, Person, Role};
use crate::web::{Call, Failure, Page};
use crate::words::{Tone, pill, when};

/// Where acts of this page lead.
const HERE: &str = "/access";

pub(super) const PAGES: &[Page] = &[Page {
    path: HERE,
    permission: Some(Permission::Administer),
    link: Some("Access"),
    handler: || get(show),
}];

/// Entries of the audit trail on a page.
const ENTRIES: u32 = 100;

async fn show(call: Call) -> Result<Response, Failure> {
    let before = call.query("before").and_then(|text| text.parse().ok());
    let access = &call.panel.access;
    let (people, tokens) = (access.people()?, access.tokens()?);
    let words = call.query("find").unwrap_or_default().trim();
    let trail = access.audit_trail_with(words, before, ENTRIES)?;
    Ok(call.frame(HERE, "Access", page(&people, &tokens, &trail, words)).into_response())
}

/// `words`: what is looked for in the trail.
fn page(people: &[Person], tokens: &[ApiToken], trail: &[AuditEntry], words: &str) -> Markup {
    let find = form_urlencoded::Serializer::new(String::new()).append_pair("find", words).finish();
    html! {
        h1 { "Access" }
        section aria-labelledby="people" {
            h2 #people { "People" }
            div.scroll tabindex="0" role="region" aria-label="Table of people" { table {
                thead { tr { th { "Name" } th { "Role" } th { "Signed in last" } th { "Change" } } }
                tbody { @for person in people { tr {
                    td { (person.name) @if person.disabled { " " (pill(Tone::Mind, "shut out")) } }
                    td { (person.role.word()) }
                    td { @match person.signed_in_at { Some(at) => (when(at.0)), None => span.sub { "never" } } }
                    td { (change(person)) }
                } } }
            } }
            details {
                summary { "Add somebody …" }
                (form(Send { method: "POST", path: "/people", then: HERE }, "stack", &html! {
                    label { "Name" input name="name" required maxlength="64" autocomplete="off"; }
                    label { "First password"
                        input name="password" type="password" required minlength=(LEAST_PASSWORD) autocomplete="new-password";
                        small { "At least " (LEAST_PASSWORD) " characters. Tell it to them in person; they can change it." }
                    }
                    label { "Role" (roles("role", Role::Viewer, "Role")) }
                    (own_password())
                    ul.sub { @for role in Role::ALL { li { strong { (role.word()) } " may " (role.in_words()) } } }
                    button.primary { "Add" }
                }))
            }
        }
        section aria-labelledby="tokens" {
            h2 #tokens { "API tokens" }
            @if tokens.is_empty() { p.empty { "There are none. A program signs in with one, in the Authorization header." } }
            @else { div.scroll tabindex="0" role="region" aria-label="Table of tokens" { table {
                thead { tr { th { "Name" } th { "Whose" } th { "Role" } th { "Expires" } th { "Used last" } th { "Revoke" } } }
                tbody { @for one in tokens { tr {
                    td { (one.name) } td { (one.person) } td { (one.role.word()) } td { (when(one.expires_at.0)) }
                    td { @match one.used_at { Some(at) => (when(at.0)), None => span.sub { "never" } } }
                    td { @if one.revoked { (pill(Tone::Quiet, "revoked")) } @else {
                        details {
                            summary aria-label={ "Revoke " (one.name) " …" } { "Revoke …" }
                            (form(Send { method: "DELETE", path: &format!("/tokens/{}", one.id), then: HERE }, "inline", &html! {
                                (own_password())
                                button aria-label={ "Revoke " (one.name) } { "Revoke" }
                            }))
                        }
                    } }
                } } }
            } } }
            details {
                summary { "Make one …" }
                form.stack method="post" data-method="POST" data-path="/api/v1/tokens" data-shows="minted" {
                    label { "What it is for" input name="name" required maxlength="64"; }
                    label { "Role" (roles("role", Role::Viewer, "Role")) }
                    label { "Days" input name="days" type="number" min="1" max="366" value="90" required; }
                    (own_password())
                    button.primary { "Make a token" }
                }
            }
            div.notice.good #minted role="status" tabindex="-1" hidden {
                p { "Token " strong data-of="name" {} ". Copy it now: it is shown this once, and kept nowhere." }
                p { code.wrap data-of="secret" {} }
                p { a.button href=(HERE) { "Done" } }
            }
        }
        section aria-labelledby="trail" {
            h2 #trail { "Audit trail" }
            p.sub {
                "Every act, newest first; refused sign-ins are summed up. It can't be changed or shortened from here, and each row is
                 chained to the one before it: " code { "slackwater serve --verify-audit" } " looks whether it is whole. "
                a href="/api/v1/audit/export" download="audit.jsonl" { "All of it, as JSON lines" }
            }
            form.filter method="get" action=(HERE) {
                label { "Find who, what or from where" input type="search" name="find" value=(words) autocomplete="off" maxlength="200"; }
                button { "Show" }
            }
            @if trail.is_empty() { p.empty { "No act is like that." } }
            div.scroll tabindex="0" role="region" aria-label="Entries of the audit trail" { table {
                thead { tr { th.number { "No." } th { "When" } th { "Who" } th { "From" } th { "What" } th { "Outcome" } } }
                tbody { @for entry in trail { tr {
                    td.number { (entry.number) } td { (when(entry.at.0)) } td { (entry.who) } td { (entry.address) }
                    td {
                        (entry.act) " " (entry.object)
                        @if !entry.detail.is_empty() { br; small { (entry.detail) } }
                    }
                    td { @match entry.done {
                        Some(true) => (pill(Tone::Good, "done")),
                        Some(false) => (pill(Tone::Mind, "refused")),
                        None => (pill(Tone::Quiet, "no end is written")),
                    } }
                } } }
            } }
            @if let Some(last) = trail.last() && last.number > 1 {
                p { a.button href={ "/access?before=" (last.number) "&" (find) } { "Older" } }
            }
        }
    }
}

fn change(person: &Person) -> Markup {
    let path = format!("/people/{}", person.name);
    let password = format!("{path}/password");
    html! {
        details {
            summary aria-label={ "Change " (person.name) " …" } { "Role …" }
            (form(Send { method: "PUT", path: &path, then: HERE }, "inline", &html! {
                (roles("role", person.role, &format!("Role of {}", person.name)))
                label.check { input type="checkbox" name="disabled" checked[person.disabled]; span { "shut out" } }
                (own_password())
                button aria-label={ "Change " (person.name) } { "Change" }
            }))
        }
        details {
            summary { "New password …" }
            (form(Send { method: "PUT", path: &password, then: HERE }, "inline", &html! {
                input name="password" type="password" required minlength=(LEAST_PASSWORD) autocomplete="new-password"
                    aria-label={ "New password of " (person.name) };
                (own_password())
                button { "Set it" }
            }))
        }
    }
}

/// Whoever lets people in shows once more that they are who signed in.
fn own_password() -> Markup {
    html! { label { "Your own password" input name="current" type="password" required autocomplete="current-password"; } }
}

fn roles(name: &str, now: Role, label: &str) -> Markup {
    html! { select name=(name) aria-label=(label) { @for role in Role::ALL {
        option value=(role.word()) selected[role == now] { (role.word()) }
    } } }
}

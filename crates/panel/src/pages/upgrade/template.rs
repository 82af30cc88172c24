//! Page 1: which release.

use maud::{Markup, html};
use upgrade::CatalogueEntry;

use super::wizard::Wizard;
use crate::access::Permission;
use crate::backend::BackendError;
use crate::pages::form::{Send, button, form};

pub(super) fn page(wizard: &Wizard<'_>, releases: &Result<Vec<CatalogueEntry>, BackendError>) -> Markup {
    let name = &wizard.settings.name;
    let (method, path, nested) = match wizard.proposal {
        None => ("POST", format!("/deployments/{name}/proposals"), ""),
        Some(proposal) => ("PATCH", format!("/proposals/{}", proposal.id), "template."),
    };
    let details = wizard.page(2);
    let send = Send { method, path: &path, then: &details };
    let field = |name: &str| format!("{nested}{name}");
    html! {
        (wizard.head(1))
        @if let Some(proposal) = wizard.proposal {
            div.buttons {
                a.button.primary href=(details) { "Next: Details" }
                @if wizard.may(Permission::Plan) {
                    (button(Send { method: "DELETE", path: &format!("/proposals/{}", proposal.id), then: &wizard.page(1) }, "danger", "Discard this proposal"))
                }
            }
        } @else {
            p.lead { "Choose the release to upgrade to. Looking at it changes nothing of the deployment: you see what it would do before anybody decides." }
        }
        @if !wizard.may(Permission::Plan) { p.sub { "An operator chooses the release." } }
        @else {
            @if wizard.proposal.is_some() { h2 { "Choose another release" } }
            div.cards {
                section.card aria-labelledby="from-catalogue" {
                    h2 #from-catalogue { "From the catalogue" }
                    (catalogue(releases, send, &field("release")))
                }
                section.card aria-labelledby="from-url" {
                    h2 #from-url { "From a URL" }
                    (form(send, "stack", &html! {
                        label { "Template URL"
                            input name=(field("url")) type="url" required maxlength="1024" placeholder="https://bucket.s3.region.amazonaws.com/key" autocomplete="off";
                            small { "On S3, https:// or s3://. A signed URL is a secret: it isn't taken." }
                        }
                        button { "Use this URL" }
                    }))
                }
                section.card aria-labelledby="from-file" {
                    h2 #from-file { "From a file" }
                    (form(send, "stack", &html! {
                        label { "Template file"
                            input name=(field("file")) type="file" required accept=".yaml,.yml,.json,.template,text/plain";
                            small { "YAML or JSON, at most 1,000,000 bytes. It is put into the deployment's template bucket." }
                        }
                        button { "Use this file" }
                    }))
                }
            }
        }
    }
}

fn catalogue(releases: &Result<Vec<CatalogueEntry>, BackendError>, send: Send<'_>, field: &str) -> Markup {
    html! { @match releases {
        Err(error) => p.notice.mind { "The catalogue can't be read: " (error) },
        Ok(releases) if releases.is_empty() => {
            p.empty { "The settings name no catalogue. " code { "[deployments.NAME.release]" } " " code { "catalogue = \"releases.toml\"" } " adds one." }
        },
        Ok(releases) => (form(send, "stack", &html! {
            label { "Release"
                select name=(field) required {
                    @for one in releases.iter().rev() { option value=(one.version) { (one.version)
                        @if let Some(least) = &one.from_at_least { " (from " (least) ")" }
                        @if one.required_stop { " – required stop" }
                    } }
                }
            }
            button.primary { "Use this release" }
            ul.sub { @for one in releases.iter().rev() { @if let Some(notes) = &one.notes { li { strong { (one.version) } " " (notes) } } } }
        })),
    } }
}

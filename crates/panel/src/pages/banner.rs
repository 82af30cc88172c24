//! The user banner of one deployment.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use upgrade::Banner;

use super::form::{Send, button};
use crate::access::Permission;
use crate::backend::{BackendError, DeploymentSummary};
use crate::web::{Call, Failure, Page};
use crate::words::{level_word, moment};

pub(super) const PAGES: &[Page] = &[Page::new("/deployments/{name}/banner", || get(show))];

async fn show(call: Call) -> Result<Response, Failure> {
    let settings = call.deployment()?;
    let banner = call.panel.looks.banner(&settings.name).await;
    let body = page(&settings, &banner, call.asker.may(Permission::Announce));
    Ok(call.frame("", "User banner", body).into_response())
}

fn page(
    settings: &DeploymentSummary,
    banner: &Result<Arc<Option<Banner>>, BackendError>,
    may_announce: bool,
) -> Markup {
    let banner = banner.as_ref().map(|banner| (**banner).as_ref());
    let current = banner.ok().flatten();
    let now = current.map_or("info", |banner| level_word(banner.level));
    let path = format!("/deployments/{}/banner", settings.name);
    html! {
        header.head {
            p.crumb { a href="/" { "Overview" } " / " (settings.name) }
            h1 { "User banner" }
        }
        @match banner {
            Err(error) => p.notice.mind { "The banner could not be asked for: " (error) },
            Ok(None) => p.empty { "Users see no banner." },
            Ok(Some(banner)) => {
                h2 { "Users see" }
                p class={ "banner " (level_word(banner.level)) } { (banner.text) }
                p.sub {
                    @if let Some(from) = &banner.from { "From " (moment(from, false)) " " }
                    @if let Some(until) = &banner.until { "until " (moment(until, false)) }
                }
            },
        }
        @if !may_announce { p.sub { "An operator sets the banner." } }
        @else {
            section {
                h2 { @if current.is_some() { "Change it" } @else { "Show one" } }
                form.stack method="post" data-method="PUT" data-path={ "/api/v1" (path) } data-preview {
                    label { "Text"
                        textarea name="text" rows="3" maxlength="500" required { (current.map(|banner| banner.text.as_str()).unwrap_or_default()) }
                    }
                    label { "Level"
                        select name="level" { @for word in ["info", "warning", "critical"] {
                            option value=(word) selected[word == now] { (word) }
                        } }
                    }
                    label { "From" input name="from" type="datetime-local" data-type="time"; small { "Your time. Empty: at once." } }
                    label { "Until" input name="until" type="datetime-local" data-type="time"; small { "Your time. Empty: until it is cleared." } }
                    div { p.sub { "Preview" } p class={ "banner " (now) } data-preview-of="text" {
                        (current.map_or("What users will see.", |banner| banner.text.as_str()))
                    } }
                    button.primary { "Show it to users" }
                }
                @if current.is_some() {
                    (button(Send { method: "DELETE", path: &path, then: &path }, "", "Take it down"))
                }
            }
        }
    }
}

//! One's own account: who one is here, and one's password.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::form::{Send, form};
use crate::access::{LEAST_PASSWORD, Permission, SignedIn};
use crate::web::{Call, Page};

pub(super) const PAGES: &[Page] =
    &[Page { permission: Some(Permission::OwnAccount), ..Page::new("/account", || get(show)) }];

async fn show(call: Call) -> Response {
    call.frame("/account", "Your account", page(&call.asker.person)).into_response()
}

fn page(person: &SignedIn) -> Markup {
    html! {
        h1 { "Your account" }
        p { "You are " strong { (person.name) } ", " (person.role.word()) ": you may " (person.role.in_words()) "." }
        section {
            h2 { "Change your password" }
            p.sub { "You are signed out everywhere, and sign in with the new one. Your API tokens are revoked." }
            (form(Send { method: "PUT", path: "/account/password", then: "/sign-in" }, "stack", &html! {
                label { "Current password" input name="current" type="password" autocomplete="current-password" required; }
                label { "New password"
                    input name="new" type="password" autocomplete="new-password" required minlength=(LEAST_PASSWORD);
                    small { "At least " (LEAST_PASSWORD) " characters. A sentence does well." }
                }
                button.primary { "Change password" }
            }))
        }
    }
}

//! One's own account: who one is here, and one's password.

use maud::{Markup, html};

use super::form::{Send, form};
use crate::access::{LEAST_PASSWORD, SignedIn};

/// The page.
pub(crate) fn account(person: &SignedIn) -> Markup {
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

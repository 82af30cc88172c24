//! Coming in: the first time, and every time.

use maud::{Markup, html};

use super::layout::token;
use crate::access::LEAST_PASSWORD;

/// Signing in; `to` is where to go then.
pub(crate) fn sign_in(form_token: &str, to: &str, said: Option<&str>) -> Markup {
    html! {
        section.narrow {
            h1 { "Sign in" }
            (complaint(said))
            form.stack method="post" action="/sign-in" {
                (token(form_token))
                input type="hidden" name="to" value=(to);
                label { "Name" input name="name" autocomplete="username" required autofocus maxlength="64"; }
                label { "Password" input name="password" type="password" autocomplete="current-password" required; }
                button.primary { "Sign in" }
            }
        }
    }
}

/// The first admin.
pub(crate) fn set_up(form_token: &str, secret: &str, said: Option<&str>) -> Markup {
    html! {
        section.narrow {
            h1 { "Set up the panel" }
            p.lead { "Nobody can sign in yet. You will be the first, as an admin; this link works once." }
            (complaint(said))
            form.stack method="post" action={ "/setup/" (secret) } {
                (token(form_token))
                label { "Name" input name="name" autocomplete="username" required autofocus maxlength="64"
                    pattern="[A-Za-z0-9._@\\-]+"; }
                label {
                    "Password"
                    input name="password" type="password" autocomplete="new-password" required minlength=(LEAST_PASSWORD);
                    small { "At least " (LEAST_PASSWORD) " characters. A sentence does well." }
                }
                button.primary { "Begin" }
            }
        }
    }
}

fn complaint(said: Option<&str>) -> Markup {
    html! { @if let Some(said) = said { p.notice.bad role="alert" { (said) } } }
}

//! What surrounds every page.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::access::{Deed, SignedIn};
use crate::web::{Failure, SCRIPT, STYLE};

/// A page.
pub(crate) struct Page<'a> {
    /// Its heading.
    pub(crate) title: &'a str,
    /// Where in the navigation it is.
    pub(crate) here: &'a str,
    /// Who looks.
    pub(crate) person: Option<&'a SignedIn>,
    /// The token of its forms.
    pub(crate) form_token: &'a str,
    /// Whether a browser without script should ask again by itself.
    pub(crate) refreshes: bool,
    /// What is in it.
    pub(crate) body: Markup,
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        Html(self.html().into_string()).into_response()
    }
}

impl Page<'_> {
    fn html(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if self.person.is_some() { meta name="form-token" content=(self.form_token); }
                    @if self.refreshes { noscript { meta http-equiv="refresh" content="3"; } }
                    title { (self.title) " · Slackwater" }
                    link rel="stylesheet" href=(STYLE.path);
                    script src=(SCRIPT.path) defer {}
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    header.top {
                        a.brand href="/" { "Slackwater" }
                        @if let Some(person) = self.person {
                            nav aria-label="Pages" {
                                (self.link("/", "Overview"))
                                (self.link("/history", "History"))
                                @if person.role.may(Deed::Administer) { (self.link("/access", "Access")) }
                            }
                            form.who method="post" action="/sign-out" {
                                (token(self.form_token))
                                a href="/account" { (person.name) } small { (person.role.word()) }
                                button.plain { "Sign out" }
                            }
                        }
                    }
                    main id="main" tabindex="-1" {
                        @if self.person.is_some() {
                            noscript { p.notice.mind { "Everything can be read without script; doing something needs it." } }
                        }
                        (self.body)
                    }
                }
            }
        }
    }

    fn link(&self, path: &str, words: &str) -> Markup {
        html! { a href=(path) aria-current=[(self.here == path).then_some("page")] { (words) } }
    }
}

/// The token that every form carries.
pub(super) fn token(form_token: &str) -> Markup {
    html! { input type="hidden" name="form_token" value=(form_token); }
}

/// A failure as a page.
pub(crate) fn failed(failure: &Failure) -> Html<String> {
    let body = html! {
        section.failure {
            p.code { (failure.status().as_u16()) }
            h1 { (failure.title()) }
            p.lead { (failure) }
            p { a href="/" { "Back to the overview" } }
        }
    };
    let page =
        Page { title: failure.title(), here: "", person: None, form_token: "", refreshes: false, body };
    Html(page.html().into_string())
}

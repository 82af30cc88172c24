//! What a page is, and what surrounds every one of them.

use axum::response::{Html, IntoResponse, Response};
use axum::routing::MethodRouter;
use maud::{DOCTYPE, Markup, html};

use super::assets::{Icon, SCRIPT, STYLE};
use crate::access::{Permission, SignedIn};
use crate::panel::Panel;

/// An address for people, and what answers there.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    /// With its parameter in braces.
    pub(crate) path: &'static str,
    /// What whoever asks must be allowed; `None`: it is for those who haven't signed in.
    pub(crate) permission: Option<Permission>,
    /// Its words in the navigation; `None`: it isn't in it.
    pub(crate) link: Option<&'static str>,
    pub(crate) handler: fn() -> MethodRouter<Panel>,
}

impl Page {
    /// A page for everybody who has signed in, in no navigation.
    pub(crate) const fn new(path: &'static str, handler: fn() -> MethodRouter<Panel>) -> Page {
        Page { path, permission: Some(Permission::Look), link: None, handler }
    }
}

/// What a page says, and what surrounds it.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    /// Where in the navigation it is: a page's path.
    pub(crate) here: &'a str,
    pub(crate) navigation: &'a [Page],
    /// Who looks; `None`: nobody who has signed in.
    pub(crate) person: Option<&'a SignedIn>,
    pub(crate) form_token: &'a str,
    /// Whether a browser without script should ask again by itself.
    pub(crate) refreshes: bool,
    pub(crate) icon: Icon,
    /// How much waits for them.
    pub(crate) waiting: usize,
    /// The settings' time zone, in which pages show times; `None`: the reader's own.
    pub(crate) time_zone: Option<&'a str>,
    pub(crate) body: Markup,
}

impl<'a> Frame<'a> {
    /// A page for somebody who hasn't signed in.
    pub(crate) fn for_a_stranger(title: &'a str, form_token: &'a str, body: Markup) -> Frame<'a> {
        Frame {
            title,
            here: "",
            navigation: &[],
            person: None,
            form_token,
            refreshes: false,
            icon: Icon::default(),
            waiting: 0,
            time_zone: None,
            body,
        }
    }
}

/// So much waits for whoever looks; nothing where nothing does.
pub(crate) fn waiting_count(count: usize) -> Markup {
    html! { @if count > 0 { " " span.count { (count) span.hidden { " waiting for you" } } } }
}

/// The token that every form carries.
pub(crate) fn token(form_token: &str) -> Markup {
    html! { input type="hidden" name="form_token" value=(form_token); }
}

impl IntoResponse for Frame<'_> {
    fn into_response(self) -> Response {
        Html(self.html().into_string()).into_response()
    }
}

impl Frame<'_> {
    fn html(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if self.person.is_some() { meta name="form-token" content=(self.form_token); }
                    @if let Some(zone) = self.time_zone { meta name="time-zone" content=(zone); }
                    @if self.refreshes { noscript { meta http-equiv="refresh" content="3"; } }
                    title { (self.title) " · Slackwater" }
                    link rel="icon" type="image/svg+xml" href=(self.icon.path());
                    link rel="stylesheet" href=(STYLE.path);
                    script src=(SCRIPT.path) defer {}
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    header.top {
                        a.brand href="/" { "Slackwater" }
                        @if let Some(person) = self.person {
                            nav aria-label="Pages" {
                                @for page in self.navigation {
                                    @if let (Some(words), Some(permission)) = (page.link, page.permission) && person.role.may(permission) {
                                        a href=(page.path) aria-current=[(self.here == page.path).then_some("page")] { (words)
                                            @if page.path == "/" { span #waiting { (waiting_count(self.waiting)) } } }
                                    }
                                }
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
                    // The script says which zone it is, and lets it be chosen.
                    footer.zone { p { span data-zone { "Times are UTC." } " " button.plain type="button" data-zone-switch hidden {} } }
                }
            }
        }
    }
}

//! Forms that our script sends to the REST API: the one way to write. Without script a form does nothing, and says so.

use maud::{Markup, html};

/// Where a form goes, and what follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Send<'a> {
    /// The API's method.
    pub(super) method: &'static str,
    /// The API's path, after `/api/v1`.
    pub(super) path: &'a str,
    /// The page that success leads to; names in braces are taken from the answer.
    pub(super) then: &'a str,
}

/// A form with `fields` in it. `method="post"`: a browser without script must not put what is in it into an address.
pub(super) fn form(send: Send<'_>, class: &str, fields: &Markup) -> Markup {
    html! {
        form class=(class) method="post" data-method=(send.method) data-path={ "/api/v1" (send.path) } data-then=(send.then) {
            (fields)
        }
    }
}

/// A form that is only a button.
pub(super) fn button(send: Send<'_>, class: &str, words: &str) -> Markup {
    form(send, "single", &html! { button class=(class) { (words) } })
}

/// Whoever presses it is told by their browser when something waits for them. Only script shows it.
pub(super) fn notify_button() -> Markup {
    html! { p.tell hidden { button.plain type="button" data-notify="" { "Notify me in this browser" } span role="status" {} } }
}

/// Puts a text on the reader's clipboard. Only script shows it.
pub(super) fn copy_button(text: &str, what: &str) -> Markup {
    html! { button.plain.copy type="button" data-copy=(text) aria-label=(what) hidden { "Copy" } }
}

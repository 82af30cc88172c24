//! What every page has: head, banner, version. Text from outside passes through [`escape`].

use crate::clock::UnixSeconds;
use crate::store::Banner;

/// Text as it may stand in HTML, between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A page's frame.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) version: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) banner: Option<&'a Banner>,
    /// Extra attributes of `body`, written by us.
    pub(super) data: String,
}

impl Frame<'_> {
    pub(super) fn around(&self, body: &str) -> String {
        let user = self.user.map_or(String::new(), |user| {
            format!(
                "<form method=post action=/sign-out><span>{}</span> <button>Sign out</button></form>",
                escape(user)
            )
        });
        let (hidden, level, text) = match self.banner {
            Some(banner) => ("", escape(&banner.level), escape(&banner.text)),
            None => (" hidden", "info".to_owned(), String::new()),
        };
        format!(
            "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
             <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} · Lab</title>\n<link rel=stylesheet href=/assets/lab.css>\n\
             <script src=/assets/lab.js defer></script>\n</head>\n<body{data}>\n\
             <header><a href=/>Lab</a> <span id=version>{version}</span>{user}</header>\n\
             <p id=banner role=status class=\"{level}\"{hidden}>{text}</p>\n\
             <p id=lost role=alert class=critical hidden>The platform does not answer. What you have typed stays in this page; don't close it.</p>\n\
             <main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n",
            title = escape(self.title),
            version = escape(self.version),
            data = self.data,
        )
    }
}

/// A page for when even the frame's parts can't be had.
pub(super) fn bare_page(title: &str, words: &str) -> String {
    let frame = Frame { title, version: "", user: None, banner: None, data: String::new() };
    frame.around(&format!("<p>{}</p>\n<p><a href=/>To the beginning</a></p>", escape(words)))
}

/// A time that a program can read, too.
pub(super) fn time(at: UnixSeconds) -> String {
    let text = at.rfc3339();
    format!("<time datetime=\"{text}\">{}</time>", text.replace('T', " ").replace('Z', " UTC"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_escapes_the_escaping() {
        assert_eq!(super::escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
        assert!(super::bare_page("<script>", "<img>").contains("&lt;script&gt;"));
        assert!(!super::bare_page("<b>", "<img>").contains("<img>"));
    }
}

//! A JSON tree written as the Query protocol's XML: arrays as `<member>`s (or as the service calls its items),
//! null left out, everything else as text.

use serde_json::Value;

/// How the items of a list are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    /// `member`: nearly all services.
    Member,
    /// `item`: EC2.
    Item,
    /// By the list's name; `member` where the table has none.
    Of(&'static [(&'static str, &'static str)]),
}

impl Items {
    fn of(self, list: &str) -> &'static str {
        match self {
            Items::Member => "member",
            Items::Item => "item",
            Items::Of(names) => {
                names.iter().find(|(name, _)| *name == list).map_or("member", |(_, item)| item)
            }
        }
    }
}

/// Append `<name>…</name>`. Null appends nothing.
pub fn element(out: &mut String, name: &str, value: &Value, items: Items) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => text_element(out, name, if *flag { "true" } else { "false" }),
        Value::Number(number) => text_element(out, name, &number.to_string()),
        Value::String(text) => text_element(out, name, text),
        Value::Array(_) | Value::Object(_) => {
            open(out, name);
            content(out, name, value, items);
            close(out, name);
        }
    }
}

/// Append what stands between the tags of `name`. Depth is the answer's, which our own handlers wrote.
pub fn content(out: &mut String, name: &str, value: &Value, items: Items) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => escape(out, text),
        Value::Array(list) => list.iter().for_each(|item| match item {
            // A null in a list would shift the others if it were left out.
            Value::Null => text_element(out, items.of(name), ""),
            _ => element(out, items.of(name), item, items),
        }),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| match field {
            // The entries of a map stand side by side, without a list around them.
            Value::Array(entries) if name == "entry" => {
                entries.iter().for_each(|entry| element(out, name, entry, items));
            }
            _ => element(out, name, field, items),
        }),
    }
}

/// Append an element of text.
pub fn text_element(out: &mut String, name: &str, text: &str) {
    open(out, name);
    escape(out, text);
    close(out, name);
}

fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Append text so that a parser reads the same text. XML 1.0 has no way to write most control characters, not
/// even escaped (<https://www.w3.org/TR/xml/#charsets>): those become U+FFFD.
pub fn escape(out: &mut String, text: &str) {
    // Answers are long and nearly all of it is written as it is, so runs of that are copied whole. U+FFFE and U+FFFF
    // begin with the byte EF, as many others do. AWS writes quotation marks as entities as well, which in a text says the same.
    let may_be_special = |byte: &u8| {
        matches!(byte, b'&' | b'<' | b'>' | 0xEF) || (*byte < b' ' && *byte != b'\t' && *byte != b'\n')
    };
    // Most texts have nothing of it. Looked at without a branch for each byte, many at a time.
    if !text.as_bytes().iter().fold(false, |any, byte| any | may_be_special(byte)) {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(place) = rest.as_bytes().iter().position(may_be_special) {
        let (plain, special) = rest.split_at(place);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('\r') => out.push_str("&#13;"),
            Some('\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            Some(character) => out.push(character),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Items, element};

    #[test]
    fn trees_become_xml() {
        for (value, xml) in [
            (json!({"A": "x", "N": null, "B": true, "C": 3}), "<R><A>x</A><B>true</B><C>3</C></R>"),
            (json!({"L": [{"K": "a"}, "b"]}), "<R><L><member><K>a</K></member><member>b</member></L></R>"),
            (json!({"L": []}), "<R><L></L></R>"),
            (
                json!({"M": {"entry": [{"key": "a"}, {"key": "b"}]}}),
                "<R><M><entry><key>a</key></entry><entry><key>b</key></entry></M></R>",
            ),
            (
                json!("a&b<c>\"\r\u{0}\u{1f}\u{ffff}\n\u{fb01}\u{e9}"),
                "<R>a&amp;b&lt;c&gt;\"&#13;\u{fffd}\u{fffd}\u{fffd}\n\u{fb01}\u{e9}</R>",
            ),
        ] {
            let mut out = String::new();
            element(&mut out, "R", &value, Items::Member);
            assert_eq!(out, xml);
            let mut reader = quick_xml::Reader::from_str(&out);
            while !matches!(reader.read_event().expect("well formed"), quick_xml::events::Event::Eof) {}
        }
    }

    #[test]
    fn items_have_their_service_s_name() {
        for (items, xml) in [
            (Items::Member, "<R><Ls><member><N><member>a</member></N></member></Ls></R>"),
            (Items::Item, "<R><Ls><item><N><item>a</item></N></item></Ls></R>"),
            (Items::Of(&[("Ls", "L")]), "<R><Ls><L><N><member>a</member></N></L></Ls></R>"),
        ] {
            let mut out = String::new();
            element(&mut out, "R", &json!({"Ls": [{"N": ["a"]}]}), items);
            assert_eq!(out, xml);
        }
    }
}

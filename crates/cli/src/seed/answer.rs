//! What the Query services answer, as far as a seed reads it: texts by their element's name, and the records of a list.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Every text that stands directly in an element of this name, in their order.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(xml, |path, text| {
        if path.last().is_some_and(|last| last == name) {
            found.extend(text);
        }
    });
    found
}

/// The records of the list of this name: what each has directly, by name.
pub(crate) fn records(xml: &str, list: &str) -> Vec<BTreeMap<String, String>> {
    let (mut found, mut record) = (Vec::new(), BTreeMap::new());
    walk(xml, |path, text| {
        let Some(place) = path.iter().position(|name| name == list) else { return };
        match (path.get(place + 1..).unwrap_or_default(), text) {
            ([_item, name], Some(text)) => drop(record.insert(name.clone(), text)),
            ([_item], None) => found.push(std::mem::take(&mut record)),
            _ => {}
        }
    });
    found
}

/// Tell of every element at its end, with the names down to it, and its text where it has nothing else. What isn't XML
/// ends it.
fn walk(xml: &str, mut tell: impl FnMut(&[String], Option<String>)) {
    let mut reader = Reader::from_str(xml);
    let (mut path, mut text): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                path.push(element.local_name().as_ref().to_owned());
                text = Some(String::new());
            }
            Ok(Event::Text(part)) => text.iter_mut().for_each(|text| text.push_str(&part)),
            Ok(Event::GeneralRef(reference)) => {
                if let Some(text) = &mut text {
                    text.extend(reference.resolve_char_ref().ok().flatten());
                    text.push_str(
                        quick_xml::escape::resolve_predefined_entity(&reference).unwrap_or_default(),
                    );
                }
            }
            Ok(Event::End(_)) => {
                tell(&path, text.take());
                path.pop();
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_records_are_found() {
        let xml = "<R><Rs><member><K>a</K><V>1 &amp; &#50;</V><D><V>9</V></D></member><member><V>3</V></member><member><V>4</V></member></Rs><V>5</V></R>";
        assert_eq!(texts(xml, "V"), ["1 & 2", "9", "3", "4", "5"]);
        let found = records(xml, "Rs");
        let values: Vec<Option<&str>> =
            found.iter().map(|record| record.get("V").map(String::as_str)).collect();
        assert_eq!(values, [Some("1 & 2"), Some("3"), Some("4")]);
        assert_eq!(texts("not <XML", "V"), Vec::<String>::new());
    }
}

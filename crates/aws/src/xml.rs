//! An XML answer as a tree. Only what the Query protocol writes: elements and text, no attributes.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Deeper than any answer goes.
const DEEPEST: usize = 64;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// Its own text.
    pub text: String,
    /// The elements inside.
    pub children: Vec<Element>,
}

/// Why an answer is not XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    /// The parser's words.
    #[error("not XML: {0}")]
    Malformed(String),
    /// It ends in the middle, or nests too deep.
    #[error("not a whole XML document")]
    Incomplete,
}

impl Element {
    /// The document's root.
    ///
    /// # Errors
    /// When the text isn't one whole element.
    pub(crate) fn parse(text: &str) -> Result<Element, XmlError> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Element> = Vec::new();
        loop {
            let event = reader.read_event().map_err(|error| XmlError::Malformed(error.to_string()))?;
            let closed = match event {
                Event::Start(start) => {
                    if open.len() == DEEPEST {
                        return Err(XmlError::Incomplete);
                    }
                    open.push(Element::named(start.local_name().as_ref()));
                    continue;
                }
                Event::Empty(empty) => Element::named(empty.local_name().as_ref()),
                Event::End(_) => open.pop().ok_or(XmlError::Incomplete)?,
                Event::Text(text) => {
                    push(&mut open, &text.xml10_content());
                    continue;
                }
                Event::CData(text) => {
                    push(&mut open, &text.xml10_content());
                    continue;
                }
                Event::GeneralRef(reference) => {
                    let letter = reference
                        .resolve_char_ref()
                        .map_err(|error| XmlError::Malformed(error.to_string()))?;
                    match letter {
                        Some(letter) => push(&mut open, letter.encode_utf8(&mut [0; 4])),
                        None => push(
                            &mut open,
                            resolve_predefined_entity(&reference.xml10_content()).unwrap_or_default(),
                        ),
                    }
                    continue;
                }
                Event::Eof => return Err(XmlError::Incomplete),
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => continue,
            };
            match open.last_mut() {
                Some(parent) => parent.children.push(closed),
                None => return Ok(closed),
            }
        }
    }

    fn named(name: &str) -> Element {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name; empty when there is none.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// The text of the first child of a name, unless it is empty.
    pub(crate) fn some_text_of(&self, name: &str) -> Option<String> {
        Some(self.text_of(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The items of a list, whatever they are called (`member`, `item`, `DBInstance`).
    pub(crate) fn list(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| list.children.as_slice())
    }

    /// The first element of a name anywhere inside, or itself.
    pub(crate) fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|child| child.find(name)) }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        // Between elements there is only the white space of the writer's indentation.
        if !text.trim().is_empty() || !element.text.is_empty() {
            element.text.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST, Element, XmlError};

    #[test]
    fn answers_become_trees() {
        let tree = Element::parse(
            "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><r:A xmlns:r=\"y\">a &amp; &#98; <![CDATA[<c>]]></r:A>\n <L><item><N>1</N></item><item/></L></R>",
        )
        .expect("a tree");
        assert_eq!(tree.text_of("A"), "a & b <c>");
        assert_eq!(tree.list("L").len(), 2);
        assert_eq!(tree.list("L").first().map(|item| item.text_of("N")), Some("1"));
        assert_eq!(tree.list("absent"), &[]);
        assert_eq!(tree.find("N").map(|found| found.text.as_str()), Some("1"));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let deep = "<a>".repeat(DEEPEST + 1);
        for text in ["", "text", "<a>", "<a><b></a>", "{\"a\":1}", deep.as_str()] {
            assert!(Element::parse(text).is_err(), "{text}");
        }
        assert_eq!(Element::parse("<a>"), Err(XmlError::Incomplete));
    }
}

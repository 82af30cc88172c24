//! An XML answer as a tree, and a tree as a type. Only what AWS writes: elements and text, no attributes.

use std::ops::ControlFlow;
use std::slice::Iter;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde::de::value::{Error as ReadError, MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::errors::Failure;

/// Deeper than any answer goes.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    /// Its name without a prefix.
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

/// Why an answer is not XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
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
        // Nothing is called so, so nothing is handed over.
        let whole = Element::parse_but(text, "", |_| ControlFlow::Continue(()))?;
        whole.ok_or(XmlError::Incomplete)
    }

    /// The document's root without the items of the lists of this name: each is handed over as soon as it is read. `None`: `each` broke
    /// off, and what follows was not read.
    ///
    /// # Errors
    /// When what was read isn't one whole element.
    pub(crate) fn parse_but(
        text: &str,
        list: &str,
        mut each: impl FnMut(Element) -> ControlFlow<()>,
    ) -> Result<Option<Element>, XmlError> {
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
                Event::End(_) => {
                    let mut closed = open.pop().ok_or(XmlError::Incomplete)?;
                    if !closed.children.is_empty() {
                        // The white space of the writer's indentation.
                        closed.text.clear();
                    }
                    closed
                }
                // As it is written, its line ends included: a template's hash depends on them.
                Event::Text(text) => {
                    push(&mut open, &text.into_inner());
                    continue;
                }
                Event::CData(text) => {
                    push(&mut open, &text.into_inner());
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
                            resolve_predefined_entity(&reference.into_inner()).unwrap_or_default(),
                        ),
                    }
                    continue;
                }
                Event::Eof => return Err(XmlError::Incomplete),
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => continue,
            };
            match open.last_mut() {
                Some(parent) if parent.name == list => {
                    if each(closed).is_break() {
                        return Ok(None);
                    }
                }
                Some(parent) => parent.children.push(closed),
                None => return Ok(Some(closed)),
            }
        }
    }

    /// The element as a type.
    pub(crate) fn read<'de, T: Deserialize<'de>>(&'de self) -> Result<T, Failure> {
        T::deserialize(self)
            .map_err(|error| Failure::Unreadable(format!("{} can't be read: {error}", self.name)))
    }

    fn parsed<T: std::str::FromStr>(&self) -> Result<T, ReadError> {
        let text = self.text.trim();
        text.parse().map_err(|_| ReadError::custom(format_args!("{} is {text:?}", self.name)))
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
        Some(self.text_of(name)).filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }

    /// The items of a list, whatever they are called (`member`, `item`, `DBInstance`).
    pub(crate) fn list(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| list.children.as_slice())
    }

    /// The element without its child `name`, where it has a child of one of the other names.
    pub(crate) fn without(&self, name: &str, others: &[&str]) -> Element {
        let mut element = self.clone();
        if others.iter().any(|other| self.child(other).is_some()) {
            element.children.retain(|child| child.name != name);
        }
        element
    }

    /// The first element of a name anywhere inside, or itself.
    pub(crate) fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|child| child.find(name)) }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// An element is what is asked for: a structure has its children's names as fields, a list its children as items whatever they
/// are called (`member`, `item`, `DBInstance`), and anything else is its text.
impl<'de> Deserializer<'de> for &'de Element {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(&self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_seq(SeqDeserializer::<Iter<'de, Element>, _>::new(self.children.iter()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor
            .visit_map(MapDeserializer::new(self.children.iter().map(|child| (child.name.as_str(), child))))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_bool(self.parsed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_i32(self.parsed()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(self.parsed()?)
    }

    // What is asked for so far; another one is a line more.
    forward_to_deserialize_any! {
        i8 i16 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, ReadError> for &'de Element {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

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
    fn trees_become_types() {
        #[derive(Debug, PartialEq, Eq, Default, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct Group {
            name: String,
            size: i32,
            is_on: bool,
            note: Option<String>,
            absent: Option<i32>,
            zones: Vec<String>,
            none: Vec<String>,
            members: Vec<Group>,
        }
        let read = |text: &str| Element::parse(text).expect("a tree").read::<Group>();
        let whole = "<G>\n <Name> a </Name><Size>-1</Size><IsOn>true</IsOn><Note/><Zones><member>x</member></Zones><None/>\
                     <Members><item><Name>b\r\n</Name></item></Members><Other><More/></Other></G>";
        let inner = Group { name: "b\r\n".to_owned(), ..Group::default() };
        let group = Group {
            name: " a ".to_owned(),
            size: -1,
            is_on: true,
            note: Some(String::new()),
            zones: vec!["x".to_owned()],
            members: vec![inner],
            ..Group::default()
        };
        assert_eq!(read(whole), Ok(group));
        assert_eq!(read("<G/>"), Ok(Group::default()));
        for unreadable in ["<G><Size>many</Size></G>", "<G><IsOn>perhaps</IsOn></G>", "<G><Size/></G>"] {
            assert!(read(unreadable).is_err(), "{unreadable}");
        }
    }

    #[test]
    fn items_are_handed_over_until_somebody_has_enough() {
        let text = "<R><L><m>1</m><m>2</m><m>3</m></L><Next>t</Next></R>";
        let mut seen = Vec::new();
        let mut read = |most: usize| {
            Element::parse_but(text, "L", |item| {
                seen.push(item.text);
                if seen.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        };
        let whole = read(9).expect("XML").expect("nobody broke off");
        assert_eq!((whole.text_of("Next"), whole.list("L").len()), ("t", 0));
        assert_eq!(read(5), Ok(None));
        assert_eq!(seen, ["1", "2", "3", "1", "2"]);
        assert!(Element::parse_but("<R><L><m>1</m>", "L", |_| ControlFlow::Continue(())).is_err());
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

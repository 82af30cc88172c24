//! YAML into the tree, with the place of every value and key; short forms written out.
//!
//! The parser's events are folded with a stack of our own, so that depth is bounded by a check and not by the
//! machine's stack. Scalars follow YAML 1.1 as CloudFormation does (see `scalar`), although the parser is 1.2.

use std::borrow::Cow;

use indexmap::IndexMap;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use crate::flow_indentation::Shifted;
use crate::location::Location;
use crate::node::{Entry, Node, NodeKind, Position};
use crate::read::{Aliases, Anchors, MAXIMUM_ALIASED_VALUES, MAXIMUM_DEPTH, read_key, tree_size};
use crate::read_error::TemplateError;
use crate::{scalar, short_form};

/// Reads one YAML document.
pub(crate) fn read(file: &str, text: &str, aliases: Aliases) -> Result<Node, TemplateError> {
    read_shifted(file, text, aliases, None).or_else(|error| match (&error, Shifted::new(text)) {
        (TemplateError::NotWellFormed { .. }, Some(shifted)) => {
            read_shifted(file, &shifted.text, aliases, Some(&shifted)).map_err(|again| match again {
                // What was wrong at first is told as it was given.
                TemplateError::NotWellFormed { .. } => error,
                again => again,
            })
        }
        _ => Err(error),
    })
}

fn read_shifted(
    file: &str,
    text: &str,
    aliases: Aliases,
    shifted: Option<&Shifted>,
) -> Result<Node, TemplateError> {
    let mut builder = Builder {
        file,
        shifted,
        aliases,
        open: Vec::new(),
        depth: 0,
        anchors: Anchors::new(),
        aliased_values: 0,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                return Err(TemplateError::NotWellFormed {
                    location: Location::new(file, position(error.marker())),
                    format: "YAML",
                    reason: error.info().to_owned(),
                });
            }
        }
    }
    builder.root.ok_or_else(|| TemplateError::Empty {
        location: Location::new(file, Position { line: 1, column: 1 }),
    })
}

fn position(marker: &Marker) -> Position {
    Position {
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(marker.col()).unwrap_or(u32::MAX).saturating_add(1),
    }
}

/// A list or map that has begun and not ended.
struct Open {
    at: Position,
    anchor: usize,
    /// The function whose short form this collection carries.
    function: Option<&'static str>,
    /// The depth before it began.
    outer_depth: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: IndexMap<String, Entry>,
        /// The key whose value comes next.
        key: Option<Key>,
        /// What merge keys bring; keys written out win over them.
        merged: Vec<Node>,
    },
}

struct Key {
    text: String,
    at: Position,
    /// A plain `<<`.
    merge: bool,
}

struct Builder<'text> {
    file: &'text str,
    shifted: Option<&'text Shifted>,
    aliases: Aliases,
    open: Vec<Open>,
    depth: usize,
    anchors: Anchors,
    aliased_values: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn location(&self, at: Position) -> Location {
        Location::new(self.file, at)
    }

    fn not_well_formed(&self, at: Position, reason: &str) -> TemplateError {
        TemplateError::NotWellFormed {
            location: self.location(at),
            format: "YAML",
            reason: reason.to_owned(),
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), TemplateError> {
        let at = position(&span.start);
        let at = self.shifted.map_or(at, |shifted| shifted.place(at));
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                if self.root.is_some() {
                    return Err(self.second_document(at));
                }
                self.scalar(text, style, anchor, tag, at)
            }
            Event::SequenceStart(anchor, tag) => self.begin(Content::Sequence(Vec::new()), anchor, tag, at),
            Event::MappingStart(anchor, tag) => self.begin(
                Content::Mapping { entries: IndexMap::new(), key: None, merged: Vec::new() },
                anchor,
                tag,
                at,
            ),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, at),
        }
    }

    fn second_document(&self, at: Position) -> TemplateError {
        self.not_well_formed(
            at,
            "a second document begins here; a template is a single one, remove what follows",
        )
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        at: Position,
    ) -> Result<(), TemplateError> {
        let plain = style == ScalarStyle::Plain;
        if let Some(Open { content: Content::Mapping { key: key @ None, .. }, .. }) = self.open.last_mut()
            && tag.is_none()
        {
            // AWS does not say what a plain `Null:` or `on:` as a key becomes; policies have a `Null` operator,
            // so words stay words. Numbers are read as numbers: account ids as keys lose their leading zero.
            let merge = plain && text == "<<";
            let number = if plain { scalar::number(&text) } else { None };
            *key = Some(Key { text: number.unwrap_or_else(|| text.into_owned()), at, merge });
            return if merge && self.aliases == Aliases::Refuse {
                Err(TemplateError::AliasNotAllowed { location: self.location(at) })
            } else {
                Ok(())
            };
        }
        let (function, core) = self.tag(tag.as_deref(), at)?;
        let kind = match core {
            Some("str") => NodeKind::String(text.into_owned()),
            Some("int" | "float" | "bool" | "null") => scalar::resolve_plain(&text),
            // A tag replaces the reading of a plain scalar: the argument of a short form is text as it stands.
            _ if plain && function.is_none() => scalar::resolve_plain(&text),
            _ => NodeKind::String(text.into_owned()),
        };
        let mut node = Node::new(kind, at);
        if let Some(function) = function {
            if self.depth + 1 > MAXIMUM_DEPTH {
                return Err(self.too_deep(at));
            }
            node = short_form::write_out(function, node, at);
        }
        self.finish(node, anchor)
    }

    /// What a tag means: the function of a short form, or the name of a core type (`str`).
    fn tag(
        &self,
        tag: Option<&Tag>,
        at: Position,
    ) -> Result<(Option<&'static str>, Option<&'static str>), TemplateError> {
        let Some(tag) = tag else {
            return Ok((None, None));
        };
        if tag.is_yaml_core_schema() {
            for known in ["str", "int", "float", "bool", "null", "map", "seq"] {
                if tag.suffix == known {
                    return Ok((None, Some(known)));
                }
            }
            return Err(TemplateError::UnknownTag {
                location: self.location(at),
                tag: format!("!!{}", tag.suffix),
                hint: "CloudFormation supports only !!str, !!int, !!float, !!bool, !!null, !!map and !!seq"
                    .to_owned(),
            });
        }
        if tag.handle.is_empty() && tag.suffix == "!" {
            return Ok((None, Some("str")));
        }
        match short_form::long_form(&tag.suffix) {
            Some(function) if tag.handle == "!" => Ok((Some(function), None)),
            _ => Err(TemplateError::UnknownTag {
                location: self.location(at),
                tag: format!("{}{}", tag.handle, tag.suffix),
                hint: "CloudFormation has no such function; check the spelling, or quote the text".to_owned(),
            }),
        }
    }

    fn too_deep(&self, at: Position) -> TemplateError {
        TemplateError::TooDeep { location: self.location(at), limit: MAXIMUM_DEPTH }
    }

    fn begin(
        &mut self,
        content: Content,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        at: Position,
    ) -> Result<(), TemplateError> {
        if self.root.is_some() {
            return Err(self.second_document(at));
        }
        if let Some(Open { content: Content::Mapping { key: None, .. }, .. }) = self.open.last() {
            return Err(self.not_well_formed(at, "a list or map can't be a key; keys are text"));
        }
        let (function, core) = self.tag(tag.as_deref(), at)?;
        let fits = match (core, &content) {
            (None, _) | (Some("map"), Content::Mapping { .. }) | (Some("seq"), Content::Sequence(_)) => true,
            (Some(_), _) => false,
        };
        if !fits {
            return Err(self.not_well_formed(at, "the tag doesn't fit the value; remove the tag"));
        }
        let outer_depth = self.depth;
        self.depth += if function.is_some() { 2 } else { 1 };
        if self.depth > MAXIMUM_DEPTH {
            return Err(self.too_deep(at));
        }
        self.open.push(Open { at, anchor, function, outer_depth, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), TemplateError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        self.depth = open.outer_depth;
        let kind = match open.content {
            Content::Sequence(elements) => NodeKind::Sequence(elements),
            Content::Mapping { mut entries, merged, .. } => {
                for source in merged {
                    if let NodeKind::Mapping(inherited) = source.kind {
                        for (key, entry) in inherited {
                            entries.entry(key).or_insert(entry);
                        }
                    }
                }
                NodeKind::Mapping(entries)
            }
        };
        let mut node = Node::new(kind, open.at);
        if let Some(function) = open.function {
            node = short_form::write_out(function, node, open.at);
        }
        self.finish(node, open.anchor)
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), TemplateError> {
        if self.aliases == Aliases::Refuse {
            return Err(TemplateError::AliasNotAllowed { location: self.location(at) });
        }
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(
                self.not_well_formed(at, "this alias stands inside the value it names; write the value out")
            );
        };
        self.aliased_values = self.aliased_values.saturating_add(size.values);
        if self.aliased_values > MAXIMUM_ALIASED_VALUES {
            return Err(TemplateError::AliasExpansionTooLarge {
                location: self.location(at),
                limit: MAXIMUM_ALIASED_VALUES,
            });
        }
        if self.depth + size.depth > MAXIMUM_DEPTH {
            return Err(self.too_deep(at));
        }
        let node = node.clone();
        if let Some(Open { content: Content::Mapping { key: key @ None, .. }, .. }) = self.open.last_mut() {
            let Some(text) = node.scalar_text() else {
                return Err(self.not_well_formed(at, "a list or map can't be a key; keys are text"));
            };
            *key = Some(Key { text: text.to_owned(), at, merge: false });
            return Ok(());
        }
        self.finish(node, 0)
    }

    /// Puts a finished value where it belongs.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), TemplateError> {
        if anchor > 0 && self.aliases == Aliases::Expand {
            let size = tree_size(&node);
            // Every copy kept for later counts, or nested anchors would cost the square of the file's size.
            self.aliased_values = self.aliased_values.saturating_add(size.values);
            if self.aliased_values > MAXIMUM_ALIASED_VALUES {
                return Err(TemplateError::AliasExpansionTooLarge {
                    location: self.location(node.at),
                    limit: MAXIMUM_ALIASED_VALUES,
                });
            }
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => {
                self.root = Some(node);
                Ok(())
            }
            Some(Content::Sequence(elements)) => {
                elements.push(node);
                Ok(())
            }
            Some(Content::Mapping { entries, key, merged }) => match key.take() {
                Some(Key { merge: true, at, .. }) => {
                    let sources = match node.kind {
                        NodeKind::Sequence(elements) => elements,
                        NodeKind::Mapping(_) => vec![node],
                        _ => Vec::new(),
                    };
                    if sources.is_empty() || sources.iter().any(|one| one.as_mapping().is_none()) {
                        return Err(self.not_well_formed(at, "a merge key takes a map or a list of maps"));
                    }
                    merged.extend(sources);
                    Ok(())
                }
                Some(key) => {
                    read_key(entries, key.text, key.at, node);
                    Ok(())
                }
                None => Err(self.not_well_formed(node.at, "a key can't carry a tag")),
            },
        }
    }
}

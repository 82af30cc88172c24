//! Loops and includes, written out: `Fn::ForEach` of `AWS::LanguageExtensions`, and `AWS::Include`. What serverless resources
//! become is in `serverless`.
//!
//! A loop's collection may be a parameter or a mapping, so this needs resolved parameters; what comes out is a
//! template as its author could have written it by hand, whose structure is then checked as usual. Other macros
//! are programs of somebody's own and stay as they are.
//!
//! Rules: user guide, "Fn::ForEach" and "AWS::Include transform". `${Identifier}` and `&{Identifier}` (only the
//! letters and digits of the value) are replaced in keys and texts, `Ref` of the identifier by the value.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::evaluate_error::EvaluateError;
use crate::evaluation::{Evaluation, NoResources, Outside, Pseudo};
use crate::functions::{Functions, Made};
use crate::location::Location;
use crate::node::{Entry, Node, NodeKind, Position};
use crate::read::{Aliases, MAXIMUM_DEPTH, MAXIMUM_TEMPLATE_BYTES, insert_key, read, tree_size};
use crate::read_error::TemplateError;
use crate::resolve::ResolvedParameters;
use crate::serverless::{self, SERVERLESS};
use crate::template::{LANGUAGE_EXTENSIONS, Template};
use crate::value::Value;

/// How many values loops may write. The result must itself be a template of at most 1 MB, and a value takes some
/// bytes, so a sound template never comes near.
const MAXIMUM_LOOP_VALUES: usize = 200_000;

/// How many includes may be open inside each other. AWS does not nest them; one level is for our own snippets.
const MAXIMUM_OPEN_INCLUDES: usize = 2;

impl Template {
    /// Writes out the loops of `AWS::LanguageExtensions` and the resources of `AWS::Serverless-2016-10-31`. Without those
    /// transforms the template stays as it is. Includes stay unknown; see [`Template::expand_with`].
    ///
    /// # Errors
    /// A loop or a serverless resource that can't be written out, or a result that CloudFormation would refuse.
    pub fn expand(
        &self,
        parameters: &ResolvedParameters,
        pseudo: &Pseudo,
    ) -> Result<Template, TemplateError> {
        self.expand_with(parameters, pseudo, &Outside::default())
    }

    /// Like [`Template::expand`], and writes out those `AWS::Include` whose snippets are at hand.
    ///
    /// # Errors
    /// As [`Template::expand`], and snippets that can't be read.
    pub fn expand_with(
        &self,
        parameters: &ResolvedParameters,
        pseudo: &Pseudo,
        outside: &Outside,
    ) -> Result<Template, TemplateError> {
        let written_out = self.without_loops(parameters, pseudo, outside)?;
        if !written_out.has_transform(SERVERLESS) {
            return Ok(written_out);
        }
        let root = serverless::expand(&self.name, &written_out.root, parameters, pseudo)?;
        let mut expanded = Template::from_tree(&self.name, self.size_bytes, root)?;
        expanded.done_transforms.extend([SERVERLESS.to_owned()]);
        Ok(expanded)
    }

    /// With loops and includes written out.
    fn without_loops(
        &self,
        parameters: &ResolvedParameters,
        pseudo: &Pseudo,
        outside: &Outside,
    ) -> Result<Template, TemplateError> {
        let loops = self.has_transform(LANGUAGE_EXTENSIONS);
        if !loops && outside.includes.is_empty() {
            return Ok(self.clone());
        }
        let mut expander = Expander {
            evaluation: Evaluation {
                template: self,
                parameters,
                pseudo,
                outside,
                conditions: HashMap::new(),
                includes: HashMap::new(),
            },
            loops,
            written_values: 0,
            written_bytes: 0,
        };
        let root = expander.root()?;
        let depth = tree_size(&root).depth;
        if depth > MAXIMUM_DEPTH {
            return Err(TemplateError::TooDeep {
                location: Location::new(&self.name, root.at),
                limit: MAXIMUM_DEPTH,
            });
        }
        Template::from_tree(&self.name, self.size_bytes, root)
    }
}

struct Expander<'a> {
    /// For collections and addresses. No condition is decided yet, and none may be asked for here.
    evaluation: Evaluation<'a>,
    loops: bool,
    written_values: usize,
    written_bytes: usize,
}

impl Expander<'_> {
    fn error(&self, at: Position, reason: impl Into<String>) -> TemplateError {
        TemplateError::Expansion { location: self.evaluation.location(at), reason: reason.into() }
    }

    /// The whole template. Parameters and metadata hold no loops; the top's own includes join the sections.
    fn root(&mut self) -> Result<Node, TemplateError> {
        let template = self.evaluation.template;
        let mut sections = IndexMap::new();
        for (key, entry) in template.root.as_mapping().into_iter().flatten() {
            let value = match key.as_str() {
                "Transform" => match self.top_includes(&entry.value, &mut sections)? {
                    Some(rest) => rest,
                    None => continue,
                },
                "Metadata" | "Parameters" | "Rules" | "Description" | "AWSTemplateFormatVersion" => {
                    entry.value.clone()
                }
                _ => self.node(&entry.value, 0)?,
            };
            sections.insert(key.clone(), entry.holding(value));
        }
        Ok(Node::new(NodeKind::Mapping(sections), template.root.at))
    }

    /// Takes the includes out of the top's `Transform`; gives what is left of it.
    fn top_includes(
        &mut self,
        transform: &Node,
        sections: &mut IndexMap<String, Entry>,
    ) -> Result<Option<Node>, TemplateError> {
        let one = std::slice::from_ref(transform);
        let mut left = Vec::new();
        for macro_call in transform.as_sequence().unwrap_or(one) {
            match self.include(macro_call, 0)? {
                Some(Node { kind: NodeKind::Mapping(brought), .. }) => {
                    for (key, entry) in brought {
                        // What the template says itself wins; it comes later and replaces this.
                        sections.entry(key).or_insert(entry);
                    }
                }
                Some(other) => {
                    return Err(self.error(other.at, "an include at the top must be a map"));
                }
                None => left.push(macro_call.clone()),
            }
        }
        let kept = left.len();
        if kept == transform.as_sequence().unwrap_or(one).len() {
            return Ok(Some(transform.clone()));
        }
        Ok((kept > 0).then(|| Node::new(NodeKind::Sequence(left), transform.at)))
    }

    fn node(&mut self, node: &Node, open_includes: usize) -> Result<Node, TemplateError> {
        let kind = match &node.kind {
            NodeKind::Sequence(elements) => NodeKind::Sequence(
                elements.iter().map(|element| self.node(element, open_includes)).collect::<Result<_, _>>()?,
            ),
            NodeKind::Mapping(entries) => return self.mapping(entries, node.at, open_includes),
            scalar => scalar.clone(),
        };
        Ok(Node::new(kind, node.at))
    }

    fn mapping(
        &mut self,
        entries: &IndexMap<String, Entry>,
        at: Position,
        open_includes: usize,
    ) -> Result<Node, TemplateError> {
        let file = self.evaluation.template.name.as_str();
        let mut written: IndexMap<String, Entry> = IndexMap::with_capacity(entries.len());
        let mut snippets = HashSet::new();
        for (key, entry) in entries {
            if self.loops && key.starts_with("Fn::ForEach::") {
                for (key, entry) in self.written_loop(key, entry, open_includes)? {
                    insert_key(file, &mut written, key, entry)?;
                }
                continue;
            }
            if key == "Fn::Transform"
                && let Some(brought) = self.include(&entry.value, open_includes)?
            {
                match brought.kind {
                    NodeKind::Mapping(brought) => {
                        // What a snippet brings wins over what the template has under the same key (recorded on AWS).
                        snippets.extend(brought.keys().cloned());
                        written.extend(brought);
                        continue;
                    }
                    // A snippet that is a list or text stands for the whole map.
                    _ if entries.len() == 1 => return Ok(brought),
                    _ => {
                        return Err(self.error(brought.at, "an include beside other keys must be a map"));
                    }
                }
            }
            if snippets.contains(key) {
                continue;
            }
            let value = self.node(&entry.value, open_includes)?;
            insert_key(file, &mut written, key.clone(), entry.holding(value))?;
        }
        Ok(Node::new(NodeKind::Mapping(written), at))
    }

    /// One loop, written out.
    fn written_loop(
        &mut self,
        name: &str,
        entry: &Entry,
        open_includes: usize,
    ) -> Result<IndexMap<String, Entry>, TemplateError> {
        const TAKES: &str =
            "takes a list of an identifier, a collection and a map whose key holds ${identifier}";
        let [identifier, collection, body] = entry.value.as_sequence().unwrap_or_default() else {
            return Err(self.error(entry.value.at, format!("{name} {TAKES}")));
        };
        let (Some(identifier_text), Some(body)) = (identifier.as_str(), body.as_mapping()) else {
            return Err(self.error(entry.value.at, format!("{name} {TAKES}")));
        };
        let template = self.evaluation.template;
        if template.parameters.contains_key(identifier_text)
            || template.resources.contains_key(identifier_text)
        {
            return Err(self.error(
                identifier.at,
                format!(
                    "the identifier {identifier_text:?} of {name} is the name of a parameter or resource; choose another"
                ),
            ));
        }
        let values = self.collection(name, collection)?;
        let file = template.name.as_str();
        let mut written = IndexMap::new();
        for value in values {
            let replacement = Replacement {
                identifier: identifier_text,
                value: &value,
                alphanumeric: value.chars().filter(char::is_ascii_alphanumeric).collect(),
            };
            for (key, entry) in body {
                let new_key = self.replaced(&replacement, key, entry.key_at)?;
                // A nested loop's key carries no identifier: its own keys do.
                if new_key == *key && !key.starts_with("Fn::ForEach::") {
                    return Err(self.error(
                        entry.key_at,
                        format!(
                            "the key {key:?} of {name} must hold ${{{identifier_text}}}, or each round would write the same key"
                        ),
                    ));
                }
                let new_value = self.replaced_node(&replacement, &entry.value)?;
                let round = IndexMap::from([(new_key, entry.holding(new_value))]);
                let round = self.mapping(&round, entry.key_at, open_includes)?;
                if let NodeKind::Mapping(round) = round.kind {
                    for (key, entry) in round {
                        insert_key(file, &mut written, key, entry)?;
                    }
                }
            }
        }
        Ok(written)
    }

    /// The values that a loop goes over.
    fn collection(&self, name: &str, node: &Node) -> Result<Vec<String>, TemplateError> {
        let value = Functions::new(&self.evaluation, &NoResources, &Made::default())
            .value(node)
            .map_err(not_evaluated)?;
        let Some(Value::List(elements)) = value else {
            return Err(self.error(
                node.at,
                format!("the collection of {name} must be a list that is known now: values, a list parameter or a mapping's list"),
            ));
        };
        elements
            .iter()
            .map(|element| {
                element.scalar_text().map(str::to_owned).ok_or_else(|| {
                    self.error(
                        node.at,
                        format!(
                            "the collection of {name} holds what is {}; it must hold texts",
                            element.kind_name()
                        ),
                    )
                })
            })
            .collect()
    }

    fn replaced_node(&mut self, replacement: &Replacement<'_>, node: &Node) -> Result<Node, TemplateError> {
        self.written_values += 1;
        if self.written_values > MAXIMUM_LOOP_VALUES {
            return Err(self.error(
                node.at,
                format!("the loops write more than {MAXIMUM_LOOP_VALUES} values; shorten the collections"),
            ));
        }
        let kind = match &node.kind {
            NodeKind::String(text) => NodeKind::String(self.replaced(replacement, text, node.at)?),
            NodeKind::Sequence(elements) => NodeKind::Sequence(
                elements
                    .iter()
                    .map(|element| self.replaced_node(replacement, element))
                    .collect::<Result<_, _>>()?,
            ),
            NodeKind::Mapping(entries) => {
                if let Some(("Ref", entry)) = node.only_entry()
                    && entry.value.as_str() == Some(replacement.identifier)
                {
                    return Ok(Node::string(replacement.value, node.at));
                }
                let file = self.evaluation.template.name.as_str();
                let mut written = IndexMap::with_capacity(entries.len());
                for (key, entry) in entries {
                    let key = self.replaced(replacement, key, entry.key_at)?;
                    let value = self.replaced_node(replacement, &entry.value)?;
                    insert_key(file, &mut written, key, entry.holding(value))?;
                }
                NodeKind::Mapping(written)
            }
            scalar => scalar.clone(),
        };
        Ok(Node::new(kind, node.at))
    }

    fn replaced(
        &mut self,
        replacement: &Replacement<'_>,
        text: &str,
        at: Position,
    ) -> Result<String, TemplateError> {
        let room = MAXIMUM_TEMPLATE_BYTES.saturating_sub(self.written_bytes);
        match replacement.apply(text, room) {
            Some(replaced) => {
                self.written_bytes += replaced.len();
                Ok(replaced.into_owned())
            }
            None => Err(self.error(
                at,
                format!("the loops write more than the {MAXIMUM_TEMPLATE_BYTES} bytes that a template may have; shorten the collections"),
            )),
        }
    }

    /// The snippet of an `AWS::Include`, itself expanded; nothing if this is another macro or the snippet is not
    /// at hand.
    fn include(&mut self, argument: &Node, open_includes: usize) -> Result<Option<Node>, TemplateError> {
        if argument.get("Name").and_then(Node::as_str) != Some("AWS::Include") {
            return Ok(None);
        }
        let Some(location) = argument.get("Parameters").and_then(|one| one.get("Location")) else {
            return Err(self.error(argument.at, "AWS::Include needs Parameters with a Location; add it"));
        };
        let address = Functions::new(&self.evaluation, &NoResources, &Made::default())
            .value(location)
            .map_err(not_evaluated)?;
        let address = address.as_ref().and_then(Value::scalar_text);
        let Some((name, text)) = address.and_then(|one| self.evaluation.outside.includes.get_key_value(one))
        else {
            return Ok(None);
        };
        if open_includes >= MAXIMUM_OPEN_INCLUDES {
            return Err(
                self.error(argument.at, "includes are nested too deep here; an include can't include itself")
            );
        }
        // Each snippet is as large as a template at most, and each call of it counts.
        let snippet = read(name, text.as_bytes(), Aliases::Expand)?;
        self.written_values += tree_size(&snippet).values;
        self.written_bytes += text.len();
        if self.written_values > MAXIMUM_LOOP_VALUES || self.written_bytes > MAXIMUM_TEMPLATE_BYTES {
            return Err(
                self.error(argument.at, "the includes bring more than a template may have; include less")
            );
        }
        self.node(&snippet, open_includes + 1).map(Some)
    }
}

fn not_evaluated(error: EvaluateError) -> TemplateError {
    match error {
        EvaluateError::Template(error) => *error,
        error => TemplateError::Evaluation(Box::new(error)),
    }
}

/// What a round of a loop replaces.
struct Replacement<'text> {
    identifier: &'text str,
    value: &'text str,
    /// The letters and digits of the value.
    alphanumeric: String,
}

impl Replacement<'_> {
    /// The text with both forms of the identifier replaced; nothing if it would have more than `room` bytes.
    fn apply<'text>(&self, text: &'text str, room: usize) -> Option<Cow<'text, str>> {
        let plain = format!("${{{}}}", self.identifier);
        let letters = format!("&{{{}}}", self.identifier);
        let mut written = Cow::Borrowed(text);
        for (from, to) in [(plain, self.value), (letters, self.alphanumeric.as_str())] {
            let count = written.matches(&from).count();
            if count > 0 {
                let longer = count.checked_mul(to.len())?.checked_add(written.len())?;
                if longer.saturating_sub(count * from.len()) > room {
                    return None;
                }
                written = Cow::Owned(written.replace(&from, to));
            }
        }
        (written.len() <= room).then_some(written)
    }
}

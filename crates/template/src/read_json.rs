//! JSON into the tree, with the place of every value and key.
//!
//! Written out here because the tree needs positions and the numbers' own text, which no JSON library of the
//! workspace gives. Strict (RFC 8259), as CloudFormation is.

use indexmap::IndexMap;

use crate::location::Location;
use crate::node::{Node, NodeKind, Position};
use crate::read::{MAXIMUM_DEPTH, read_key};
use crate::read_error::TemplateError;
use crate::scalar::is_json_number;

/// Reads one JSON document.
pub(crate) fn read(file: &str, text: &str) -> Result<Node, TemplateError> {
    let mut reader = Reader { file, rest: text, at: Position { line: 1, column: 1 } };
    reader.skip_space();
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(extra) => {
            Err(reader.error(format!("{extra:?} after the end of the template; remove what follows")))
        }
    }
}

struct Reader<'text> {
    file: &'text str,
    rest: &'text str,
    at: Position,
}

impl<'text> Reader<'text> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        self.rest = characters.as_str();
        if character == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(character)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn error(&self, reason: String) -> TemplateError {
        TemplateError::NotWellFormed { location: Location::new(self.file, self.at), format: "JSON", reason }
    }

    fn unexpected(&self, expected: &str) -> TemplateError {
        self.error(match self.peek() {
            None => {
                format!("the file ends where {expected} was expected; it may have been cut off")
            }
            Some(found) => format!("found {found:?} where {expected} was expected"),
        })
    }

    fn value(&mut self, depth: usize) -> Result<Node, TemplateError> {
        let at = self.at;
        let kind = match self.peek() {
            Some('{') => self.mapping(depth + 1)?,
            Some('[') => self.sequence(depth + 1)?,
            Some('"') => NodeKind::String(self.string()?),
            Some(first) if first == '-' || first.is_ascii_digit() => self.number()?,
            Some(first) if first.is_ascii_alphabetic() => self.word()?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node::new(kind, at))
    }

    fn enter(&mut self, depth: usize) -> Result<(), TemplateError> {
        if depth > MAXIMUM_DEPTH {
            return Err(TemplateError::TooDeep {
                location: Location::new(self.file, self.at),
                limit: MAXIMUM_DEPTH,
            });
        }
        self.next();
        self.skip_space();
        Ok(())
    }

    fn mapping(&mut self, depth: usize) -> Result<NodeKind, TemplateError> {
        self.enter(depth)?;
        let mut entries = IndexMap::new();
        if self.peek() == Some('}') {
            self.next();
            return Ok(NodeKind::Mapping(entries));
        }
        loop {
            if self.peek() != Some('"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key_at = self.at;
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(':') {
                return Err(self.unexpected("a colon"));
            }
            self.next();
            self.skip_space();
            let value = self.value(depth)?;
            read_key(&mut entries, key, key_at, value);
            self.skip_space();
            match self.peek() {
                Some(',') => {
                    self.next();
                    self.skip_space();
                }
                Some('}') => {
                    self.next();
                    return Ok(NodeKind::Mapping(entries));
                }
                _ => return Err(self.unexpected("a comma or a closing brace")),
            }
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<NodeKind, TemplateError> {
        self.enter(depth)?;
        let mut elements = Vec::new();
        if self.peek() == Some(']') {
            self.next();
            return Ok(NodeKind::Sequence(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            self.skip_space();
            match self.peek() {
                Some(',') => {
                    self.next();
                    self.skip_space();
                }
                Some(']') => {
                    self.next();
                    return Ok(NodeKind::Sequence(elements));
                }
                _ => return Err(self.unexpected("a comma or a closing bracket")),
            }
        }
    }

    /// The text from here while `wanted` holds.
    fn take_while(&mut self, wanted: fn(char) -> bool) -> &'text str {
        let whole = self.rest;
        while self.peek().is_some_and(wanted) {
            self.next();
        }
        whole.get(..whole.len().saturating_sub(self.rest.len())).unwrap_or(whole)
    }

    fn number(&mut self) -> Result<NodeKind, TemplateError> {
        let start = self.at;
        let text = self.take_while(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.' | '_'));
        if !is_json_number(text) {
            self.at = start;
            return Err(
                self.error(format!("{text:?} is not a number; put it in double quotes if it is text"))
            );
        }
        Ok(NodeKind::Number(text.to_owned()))
    }

    fn word(&mut self) -> Result<NodeKind, TemplateError> {
        let start = self.at;
        match self.take_while(|one| one.is_ascii_alphanumeric() || one == '_') {
            "true" => Ok(NodeKind::Bool(true)),
            "false" => Ok(NodeKind::Bool(false)),
            "null" => Ok(NodeKind::Null),
            word => {
                let word = word.to_owned();
                self.at = start;
                Err(self.error(format!("{word:?} is not a value; text needs double quotes")))
            }
        }
    }

    fn string(&mut self) -> Result<String, TemplateError> {
        self.next();
        let mut text = String::new();
        loop {
            let plain = self.take_while(|one| one != '"' && one != '\\' && one >= ' ');
            text.push_str(plain);
            match self.peek() {
                Some('"') => {
                    self.next();
                    return Ok(text);
                }
                Some('\\') => {
                    self.next();
                    text.push(self.escape()?);
                }
                _ => {
                    return Err(self.unexpected("the closing double quote (a line break is written \\n)"));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, TemplateError> {
        let character = match self.peek() {
            Some('"') => '"',
            Some('\\') => '\\',
            Some('/') => '/',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.next();
                return self.unicode_escape();
            }
            _ => return Err(self.unexpected("one of \" \\ / b f n r t u after a backslash")),
        };
        self.next();
        Ok(character)
    }

    /// The four digits after `\u`, and the second half of a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, TemplateError> {
        let first = self.four_hex_digits()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if (0xD800..0xDC00).contains(&first) && self.rest.starts_with("\\u") {
            self.next();
            self.next();
            let second = self.four_hex_digits()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                if let Some(character) = char::from_u32(code) {
                    return Ok(character);
                }
            }
        }
        Err(self.error("half of a surrogate pair; write both halves".to_owned()))
    }

    fn four_hex_digits(&mut self) -> Result<u32, TemplateError> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|one| one.to_digit(16)) {
                Some(digit) => {
                    code = code * 16 + digit;
                    self.next();
                }
                None => return Err(self.unexpected("four hexadecimal digits")),
            }
        }
        Ok(code)
    }
}

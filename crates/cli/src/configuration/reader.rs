//! Reading TOML with places: each table remembers which keys it was asked for, and what it has beside them is a
//! mistake. Nothing here knows what the settings mean.

use std::cell::RefCell;
use std::ops::Range;

use template::{Location, Position};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use upgrade::nearest;

use super::duration::{self, DURATION};
use super::problem::{Problem, ProblemKind, Problems};

/// A text of the file, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Where.
    pub at: Location,
}

/// A file that is being read.
pub(super) struct Document<'t> {
    file: &'t str,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Document<'t> {
    /// Read a file's text; `read` takes from its root what it needs.
    pub(super) fn read<T>(
        file: &'t str,
        text: &'t str,
        read: impl FnOnce(&Table<'_>) -> Option<T>,
    ) -> Result<T, Problems> {
        let document = Document { file, text, problems: RefCell::new(Vec::new()) };
        let root = match DeTable::parse(text) {
            Ok(root) => root,
            Err(error) => {
                let at = document.location(error.span().unwrap_or(0..0));
                let kind = ProblemKind::Syntax(error.message().replace('\n', ", "));
                return Err(Problems(vec![Problem { at, kind }]));
            }
        };
        let table = Table::new(&document, "the file".to_owned(), String::new(), root.span(), root.get_ref());
        let made = table.read_whole(|table| read(table));
        let mut problems = document.problems.into_inner();
        problems.sort_by_key(|problem| problem.at.at);
        match made {
            Some(made) if problems.is_empty() => Ok(made),
            _ => Err(Problems(problems)),
        }
    }

    fn location(&self, span: Range<usize>) -> Location {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let at = Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        };
        Location::new(self.file, at)
    }
}

/// A day of the calendar as it is written, which needn't exist.
pub(super) struct Day {
    pub word: Word,
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

/// A table that is being read.
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    /// `[deployments.production]`, as a person finds it in the file.
    title: String,
    /// `deployments.production`; empty for the root.
    path: String,
    span: Range<usize>,
    entries: &'d DeTable<'d>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d> Table<'d> {
    fn new(
        document: &'d Document<'d>,
        title: String,
        path: String,
        span: Range<usize>,
        entries: &'d DeTable<'d>,
    ) -> Table<'d> {
        Table { document, title, path, span, entries, asked: RefCell::new(Vec::new()) }
    }

    /// Where the table begins.
    pub(super) fn at(&self) -> Location {
        self.document.location(self.span.clone())
    }

    /// Say that something is wrong at a place.
    pub(super) fn problem(&self, at: Location, kind: ProblemKind) {
        self.document.problems.borrow_mut().push(Problem { at, kind });
    }

    /// Say that a key that isn't there must be.
    pub(super) fn missing(&self, key: &'static str, why: &'static str) {
        self.problem(self.at(), ProblemKind::Missing { key, table: self.title.clone(), why });
    }

    /// Say that a value isn't what it should be.
    pub(super) fn unfit(&self, key: &str, word: &Word, why: impl Into<String>) {
        let kind = ProblemKind::Unfit { key: key.to_owned(), written: word.text.clone(), why: why.into() };
        self.problem(word.at.clone(), kind);
    }

    /// The same where it is there and isn't fit.
    pub(super) fn check(&self, key: &str, word: Option<&Word>, is_fit: impl Fn(&str) -> bool, why: &str) {
        if let Some(word) = word.filter(|word| !is_fit(&word.text)) {
            self.unfit(key, word, why);
        }
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// A text.
    pub(super) fn text(&self, key: &'static str) -> Option<Word> {
        self.typed(key, "a text in quotes", |value| self.word(value))
    }

    /// A text that must be there.
    pub(super) fn needed_text(&self, key: &'static str, why: &'static str) -> Option<Word> {
        if !self.has(key) {
            self.missing(key, why);
        }
        self.text(key)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", |value| value.get_ref().as_bool())
    }

    /// A whole number in a range.
    pub(super) fn number(&self, key: &'static str, range: Range<u64>) -> Option<u64> {
        let word = self.typed(key, "a whole number", |value| {
            let text = value.get_ref().as_integer()?.as_str().to_owned();
            Some(Word { text, at: self.document.location(value.span()) })
        })?;
        let number = word.text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let why =
                format!("a whole number from {} to {} is wanted", range.start, range.end.saturating_sub(1));
            self.unfit(key, &word, why);
        }
        number
    }

    /// A duration in seconds.
    pub(super) fn seconds(&self, key: &'static str) -> Option<u64> {
        let word = self.typed(key, DURATION, |value| self.word(value))?;
        let seconds = duration::seconds(&word.text);
        if seconds.is_none() {
            self.unfit(key, &word, format!("{DURATION} is wanted"));
        }
        seconds
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let word = self.text(key)?;
        let found = words.iter().find(|(name, _)| *name == word.text).map(|(_, value)| *value);
        if found.is_none() {
            let words = words.iter().map(|(name, _)| *name).collect();
            self.problem(word.at, ProblemKind::NotOneOf { key: key.to_owned(), written: word.text, words });
        }
        found
    }

    /// A day, such as `2027-03-31`, as a date of TOML's or in quotes. Whether there is such a day isn't looked at.
    pub(super) fn day(&self, key: &'static str) -> Option<Day> {
        self.typed(key, "a day, such as 2027-03-31", |value| {
            let text = match value.get_ref() {
                DeValue::Datetime(written) if written.time.is_none() => written.to_string(),
                DeValue::String(text) => text.to_string(),
                _ => return None,
            };
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let digits = |part: &str, count: usize| {
                part.len() == count && part.bytes().all(|one| one.is_ascii_digit())
            };
            if !(digits(year, 4) && digits(month, 2) && digits(day, 2) && parts.next().is_none()) {
                return None;
            }
            let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
            Some(Day { year, month, day, word: Word { text, at: self.document.location(value.span()) } })
        })
    }

    /// A list of texts; empty when it isn't there.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Word> {
        self.typed(key, "a list of texts in quotes", |value| {
            value.get_ref().as_array()?.iter().map(|item| self.word(item)).collect()
        })
        .unwrap_or_default()
    }

    /// A table that `read` takes what it needs from.
    pub(super) fn table<T>(&self, key: &'static str, read: impl FnOnce(&Table<'d>) -> T) -> Option<T> {
        self.open(key).map(|below| below.read_whole(read))
    }

    fn open(&self, key: &'static str) -> Option<Table<'d>> {
        let (key_span, value) = self.value(key)?;
        let Some(entries) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(self.below(key, key_span, entries))
    }

    fn read_whole<T>(&self, read: impl FnOnce(&Table<'d>) -> T) -> T {
        let made = read(self);
        self.finish();
        made
    }

    /// A table of tables with names of the owner's choice.
    pub(super) fn named_tables<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Word, &Table<'d>) -> Option<T>,
    ) -> Vec<T> {
        let Some(table) = self.open(key) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, value) in table.entries {
            let text = name.get_ref().to_string();
            let Some(entries) = value.get_ref().as_table() else {
                table.wrong_type(&text, value, "a table");
                continue;
            };
            let word = Word { text, at: self.document.location(name.span()) };
            let below = table.below(&word.text, name.span(), entries);
            found.extend(below.read_whole(|below| read(&word, below)));
        }
        found
    }

    /// A table of texts with keys of the owner's choice.
    pub(super) fn named_texts(&self, key: &'static str) -> Vec<(String, Word)> {
        let Some(table) = self.open(key) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, value) in table.entries {
            let name = name.get_ref().to_string();
            match self.word(value) {
                Some(word) => found.push((name, word)),
                None => table.wrong_type(&name, value, "a text in quotes"),
            }
        }
        found
    }

    /// A list of tables; empty when it isn't there.
    pub(super) fn tables<T>(
        &self,
        key: &'static str,
        mut read: impl FnMut(&Table<'d>) -> Option<T>,
    ) -> Vec<T> {
        let Some((_, value)) = self.value(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of tables");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(entries) => found.extend(self.below(key, item.span(), entries).read_whole(&mut read)),
                None => self.wrong_type(key, item, "a list of tables"),
            }
        }
        found
    }

    /// A text, or a list of texts and tables: each is given to the one that fits.
    pub(super) fn texts_or_tables<T>(
        &self,
        key: &'static str,
        text: impl Fn(Word) -> T,
        table: impl Fn(&Table<'d>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let (_, value) = self.value(key)?;
        let items = match value.get_ref().as_array() {
            Some(items) => items.iter().collect(),
            None => vec![value],
        };
        let mut found = Vec::new();
        for item in items {
            if let Some(word) = self.word(item) {
                found.push(text(word));
            } else if let Some(entries) = item.get_ref().as_table() {
                found.extend(self.below(key, item.span(), entries).read_whole(&table));
            } else {
                self.wrong_type(key, item, "a text in quotes, a table, or a list of them");
            }
        }
        Some(found)
    }

    /// A value is not of the wanted type. What stands there isn't repeated.
    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &'static str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let at = self.document.location(value.span());
        self.problem(at, ProblemKind::WrongType { key: key.to_owned(), found, wanted });
    }

    fn typed<T>(
        &self,
        key: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&'d Spanned<DeValue<'d>>) -> Option<T>,
    ) -> Option<T> {
        let (_, value) = self.value(key)?;
        let read = read(value);
        if read.is_none() {
            self.wrong_type(key, value, wanted);
        }
        read
    }

    fn word(&self, value: &Spanned<DeValue<'_>>) -> Option<Word> {
        let text = value.get_ref().as_str()?.to_owned();
        Some(Word { text, at: self.document.location(value.span()) })
    }

    fn below(&self, key: &str, span: Range<usize>, entries: &'d DeTable<'d>) -> Table<'d> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Table::new(self.document, format!("[{path}]"), path, span, entries)
    }

    fn value(&self, key: &'static str) -> Option<(Range<usize>, &'d Spanned<DeValue<'d>>)> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(name, value)| (name.span(), value))
    }

    /// Everything has been asked: what else is there is a mistake.
    fn finish(&self) {
        let asked = self.asked.borrow();
        for (name, _) in self.entries {
            let key = name.get_ref().as_ref();
            if asked.contains(&key) {
                continue;
            }
            let kind = match instead_of_secret(key, &asked) {
                Some(instead) => ProblemKind::Secret { key: key.to_owned(), instead },
                None => ProblemKind::UnknownKey {
                    key: key.to_owned(),
                    table: self.title.clone(),
                    nearest: nearest(key, asked.iter().copied()).into_iter().next(),
                },
            };
            self.problem(self.document.location(name.span()), kind);
        }
    }
}

/// What to write instead of a key under which people put secrets.
fn instead_of_secret(key: &str, asked: &[&'static str]) -> Option<&'static str> {
    let key = key.to_lowercase();
    if key.contains("access_key") || key.contains("session_token") {
        return Some(
            "Write aws_profile = \"NAME\" for a profile of AWS's own files, or leave it out for the environment's keys.",
        );
    }
    if key == "webhook_url" {
        return Some(
            "Its address lets anybody post: put it in an environment variable and write webhook_url_env = \"NAME\".",
        );
    }
    // What is asked for under the same name with an ending: an address that lets anybody post, a key, a password.
    if asked.iter().any(|one| one.strip_suffix("_env") == Some(key.as_str())) && key != "token" {
        return Some(
            "Put it in an environment variable or a file, and name that under the same key with _env or _file.",
        );
    }
    let is_secret = ["token", "password", "secret", "api_key", "apikey", "authorization"]
        .iter()
        .any(|word| key == *word || key.ends_with(&format!("_{word}")));
    is_secret.then_some(if asked.contains(&"token_env") {
        "Put it in an environment variable and write token_env = \"NAME\", or in a file and write token_file = \"PATH\"."
    } else {
        "Nothing here needs one."
    })
}

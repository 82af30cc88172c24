//! The patterns of the schemas, compiled once each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A compiled pattern of a schema.
#[derive(Debug)]
pub struct Pattern {
    regex: regex_lite::Regex,
    /// How many states it has, about: what one character of a text costs.
    states: u64,
}

/// What looking at one text may cost, in states times characters; a few milliseconds at most.
const EFFORT: u64 = 1_000_000;
/// What a compiled pattern may take, in bytes.
const SIZE: usize = 1 << 20;

impl Pattern {
    /// Whether a text certainly doesn't match. One that would take too long to look at isn't refused.
    pub fn refuses(&self, text: &str) -> bool {
        self.states.saturating_mul(text.len() as u64) <= EFFORT && !self.regex.is_match(text)
    }
}

/// A pattern, compiled when it is first asked for. `None` for one that looks ahead or behind, has classes of Unicode or is too
/// large: 3,012 patterns are published, and of 251 with `(?` or `\p` in them nothing is said.
pub fn pattern(text: &str) -> Option<Arc<Pattern>> {
    static COMPILED: OnceLock<Mutex<BTreeMap<String, Option<Arc<Pattern>>>>> = OnceLock::new();
    let mut compiled =
        COMPILED.get_or_init(|| Mutex::new(BTreeMap::new())).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = compiled.get(text) {
        return known.clone();
    }
    let regex = regex_lite::RegexBuilder::new(text).size_limit(SIZE).build().ok();
    let made = regex.map(|regex| Arc::new(Pattern { regex, states: states(text) }));
    compiled.insert(text.to_owned(), made.clone());
    made
}

/// The pattern's length, times what its repetitions with a count repeat.
fn states(pattern: &str) -> u64 {
    let counts = pattern.split('{').skip(1).filter_map(|rest| {
        let (count, _) = rest.split_once('}')?;
        count.rsplit(',').next()?.parse::<u64>().ok().or_else(|| count.split(',').next()?.parse().ok())
    });
    counts.fold(pattern.len() as u64, |states, count| states.saturating_add(count.saturating_mul(4)))
}

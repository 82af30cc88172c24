//! Releases' versions and their order. Nothing here knows which step between two of them is allowed.
//!
//! Precedence is that of Semantic Versioning 2.0.0 (point 11), for any count of numbers: vendors write `v3.8.2`,
//! `6.70`, `2024.11.0.1`. The crate `semver` reads only three numbers and no `v`.

use std::cmp::Ordering;
use std::fmt;

/// A version that can be compared.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    numbers: Vec<u64>,
    pre_release: Vec<Identifier>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    // Numbers come before words.
    Number(u64),
    Word(String),
}

impl Version {
    /// Reads `[v]NUMBER(.NUMBER)*[-PRE.RELEASE][+BUILD]`; `None` when it is something else, such as a commit. What is
    /// built of a version (`+…`) has no part in its order.
    #[must_use]
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.trim();
        let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let bare = bare.split_once('+').map_or(bare, |(version, _)| version);
        let (numbers, pre_release) = match bare.split_once('-') {
            Some((numbers, pre_release)) => (numbers, Some(pre_release)),
            None => (bare, None),
        };
        let numbers = numbers.split('.').map(number).collect::<Option<Vec<u64>>>()?;
        let pre_release = match pre_release {
            None => Vec::new(),
            Some(text) => text.split('.').map(identifier).collect::<Option<Vec<Identifier>>>()?,
        };
        Some(Version { text: text.to_owned(), numbers, pre_release })
    }
}

/// Digits only: `u64::from_str` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn identifier(text: &str) -> Option<Identifier> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.is_empty() || !text.bytes().all(allowed) {
        return None;
    }
    Some(number(text).map_or_else(|| Identifier::Word(text.to_owned()), Identifier::Number))
}

impl Ord for Version {
    /// Missing numbers count as 0, so that 3.8 is 3.8.0; a pre-release comes before its release.
    fn cmp(&self, other: &Version) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let padded = |version: &Version| {
            let mut numbers = version.numbers.clone();
            numbers.resize(length, 0);
            numbers
        };
        padded(self).cmp(&padded(other)).then_with(|| {
            match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => self.pre_release.cmp(&other.pre_release),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    /// As it was written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        let ascending = [
            "v3.7.0-alpha",
            "3.7.0-alpha.1",
            "3.7.0-alpha.beta",
            "3.7.0-beta.2",
            "v3.7.0-beta.11",
            "3.7.0-rc.1",
            "3.7.0",
            "3.7.0.1",
            "v3.8.2",
            "3.10",
            "V4",
            "2024.11.0",
        ];
        for pair in ascending.windows(2) {
            let [lower, higher] = pair else { unreachable!("windows of two") };
            let read = |text: &str| Version::parse(text).unwrap_or_else(|| panic!("{text} is a version"));
            assert!(read(lower) < read(higher), "{lower} comes before {higher}");
        }
    }

    #[test]
    fn the_same_version_is_written_in_several_ways() {
        for (one, other) in [("v3.8", "3.8.0"), ("3.8.0+build.7", "3.8.0"), (" v1 ", "1.0.0.0")] {
            assert_eq!(Version::parse(one), Version::parse(other), "{one} is {other}");
        }
    }

    #[test]
    fn what_is_no_version() {
        for text in [
            "",
            "v",
            "latest",
            "60cc19e",
            "1..2",
            "1.x",
            "1.2-",
            "1.2-a..b",
            "+1.2",
            "-1",
            "99999999999999999999",
        ] {
            assert!(Version::parse(text).is_none(), "{text:?} is no version");
        }
    }
}

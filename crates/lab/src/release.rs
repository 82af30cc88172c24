//! A release of the lab, and the database schema that it knows. One program is every release: a template says
//! which one it is to be, so that an upgrade changes what users see and what the database holds.

use std::fmt;
use std::str::FromStr;

/// A version such as `1.1.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Not three numbers.
#[derive(Debug, thiserror::Error)]
#[error("a release is three numbers, such as 1.1.0")]
pub struct NotARelease;

impl Release {
    /// The newest schema that this release knows. 1.1.0 brought the history of saves.
    #[must_use]
    pub fn schema(self) -> u32 {
        if self < (Release { major: 1, minor: 1, patch: 0 }) { 1 } else { 2 }
    }

    /// Whether a session's page tells when each file was saved.
    #[must_use]
    pub fn has_history_of_saves(self) -> bool {
        self.schema() >= 2
    }
}

impl FromStr for Release {
    type Err = NotARelease;

    fn from_str(text: &str) -> Result<Release, NotARelease> {
        let mut parts = text.split('.').map(str::parse::<u32>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => Ok(Release { major, minor, patch }),
            _ => Err(NotARelease),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn a_release_knows_a_schema() {
        for (text, schema) in [("1.0.0", 1), ("1.0.12", 1), ("1.1.0", 2), ("1.3.0", 2), ("2.0.0", 2)] {
            let release: Release = text.parse().expect("a release");
            assert_eq!(release.schema(), schema, "{text}");
            assert_eq!(release.to_string(), text);
        }
        for text in ["", "1", "1.1", "1.1.0.0", "v1.1.0", "1.1.x"] {
            assert!(text.parse::<Release>().is_err(), "{text}");
        }
    }
}

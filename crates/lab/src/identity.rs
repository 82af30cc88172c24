//! Identifiers, tokens, and how a token is recognized without being kept.

use sha2::{Digest, Sha256};

/// What somebody must know. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("****")
    }
}

impl Secret {
    /// A secret of this text; an empty one lets nobody in.
    #[must_use]
    pub fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// Whether somebody presented it. Digests are compared, so the time taken tells nothing.
    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        !self.0.is_empty() && digest(&self.0) == digest(presented)
    }

    /// The text, for the one place that sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A new random UUID (version 4), as Code Ocean's ids are.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_id() -> Result<String, NoRandomness> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    let value = u128::from_be_bytes(bytes);
    let value = (value & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{value:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// A new token of 256 random bits.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_token(prefix: &str) -> Result<String, NoRandomness> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(format!("{prefix}{}", hex::encode(bytes)))
}

/// What is kept of a token.
#[must_use]
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Secret, new_id};

    #[test]
    fn ids_are_uuids_of_version_4() {
        let id = new_id().expect("an id");
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.as_bytes()[14], b'4', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, new_id().expect("another"));
    }

    #[test]
    fn an_empty_secret_lets_nobody_in_and_none_is_shown() {
        assert!(!Secret::new("").is(""));
        assert!(Secret::new("open").is("open"));
        assert!(!Secret::new("open").is("opens"));
        assert_eq!(format!("{:?}", Secret::new("open")), "****");
    }
}

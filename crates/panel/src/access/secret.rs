//! Secrets that we make: 256 random bits, shown or sent once, kept only as their hash.

use sha2::{Digest, Sha256};

/// A secret just made. Its text is for its owner alone: there is no Debug, and it is kept as [`fingerprint`].
pub struct Minted(String);

impl Minted {
    /// Make one, beginning with `prefix` so that people and secret scanners recognize it.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new(prefix: &str) -> Result<Minted, getrandom::Error> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Minted(format!("{prefix}{}", hex::encode(bytes))))
    }

    /// The secret itself.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A password of 100 random bits, in groups that can be read out: letters and digits that look like no others.
///
/// # Errors
/// The system gives no random bytes.
pub fn fresh_password() -> Result<Minted, getrandom::Error> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    let groups = bytes.chunks(5).map(|group| {
        let letters = group.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
        letters.map(|letter| char::from(*letter)).collect::<String>()
    });
    Ok(Minted(groups.collect::<Vec<_>>().join("-")))
}

/// A random id of 64 bits, for something that isn't secret.
///
/// # Errors
/// The system gives no random bytes.
pub fn fresh_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// What is kept of a secret. It is random and long: a plain hash can't be guessed back.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// The token that forms carry against requests forged elsewhere: it follows from the cookie, which only our own pages'
/// server sees, and tells nothing of it.
#[must_use]
pub fn form_token(cookie: &str) -> String {
    hex::encode(Sha256::digest(format!("slackwater form\n{cookie}").as_bytes()))
}

/// Whether two texts are the same, in a time that doesn't tell where they differ.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::{Minted, fingerprint, form_token, same};

    #[test]
    fn secrets_are_long_their_own_and_compared_whole() {
        let (one, other) = (Minted::new("swt_").expect("random"), Minted::new("swt_").expect("random"));
        assert_eq!(one.text().len(), 4 + 64);
        assert!(!same(one.text(), other.text()));
        assert!(same(one.text(), one.text()));
        assert!(!same("ab", "abc") && !same("", "a") && !same("abd", "abc"));
        assert_ne!(fingerprint(one.text()), form_token(one.text()));
    }
}

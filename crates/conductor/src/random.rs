//! The one place in this crate that takes random bytes from the machine.

/// What words are made of: 32 of them, so that each letter is five whole bits. Without `l`, `o`, `0` and `1`, which people
/// take for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The machine gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("this machine gives no random numbers: {0}")]
pub struct NoRandomness(String);

/// A word of so many random letters and digits.
///
/// # Errors
/// The machine gives no random bytes.
pub fn random_word(letters: usize) -> Result<String, NoRandomness> {
    let mut bytes = vec![0_u8; letters];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('x', char::from);
    Ok(bytes.into_iter().map(letter).collect())
}

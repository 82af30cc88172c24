//! Identifiers that look random and are not: each entity has a stream of its own, drawn from the seed and
//! the entity's name, so that one more resource does not rename the others.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Gives identifiers.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    seed: u64,
    drawn: BTreeMap<String, u64>,
}

impl Identities {
    /// Identifiers of a world with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Identities {
        Identities { seed, drawn: BTreeMap::new() }
    }

    /// Lower-case hex, `length` (at most 64) digits, the next of the entity's stream.
    pub fn hex(&mut self, entity: &str, length: usize) -> String {
        let digest = self.draw(entity);
        digest
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .take(length)
            .map(|n| char::from_digit(u32::from(n), 16).unwrap_or('0'))
            .collect()
    }

    /// Letters and digits, `length` (at most 32), the next of the entity's stream: the suffix of a
    /// generated physical id (`Stack-Bucket-Kdps7TfbhFx5`).
    pub fn alphanumeric(&mut self, entity: &str, length: usize) -> String {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let digest = self.draw(entity);
        digest.iter().take(length).map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()])).collect()
    }

    /// A UUID, the next of the entity's stream.
    pub fn uuid(&mut self, entity: &str) -> String {
        let hex = self.hex(entity, 32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    fn draw(&mut self, entity: &str) -> [u8; 32] {
        let count = self.drawn.entry(entity.to_owned()).or_default();
        *count += 1;
        let mut hasher = Sha256::new();
        hasher.update(self.seed.to_be_bytes());
        hasher.update(count.to_be_bytes());
        hasher.update(entity.as_bytes());
        hasher.finalize().into()
    }
}

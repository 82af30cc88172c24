//! The key pair that requests must be signed with. The local cloud can start processes, so it answers nobody
//! who doesn't hold it.

use std::fmt;
use std::io::Read;

/// An access key. Its `Debug` never shows the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeys {
    /// Such as `AKIA…`; not secret.
    pub access_key_id: String,
    /// Secret.
    pub secret_access_key: String,
}

impl AccessKeys {
    /// Keys given by the caller: fixed ones in virtual time.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> AccessKeys {
        AccessKeys { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() }
    }

    /// Fresh keys from the operating system's randomness, in the form AWS gives them: 20 and 40 characters.
    ///
    /// # Errors
    /// When the operating system offers no `/dev/urandom`.
    pub fn generate() -> std::io::Result<AccessKeys> {
        let mut random = [0_u8; 16 + 40];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let (id, secret) = random.split_at(16);
        Ok(AccessKeys {
            access_key_id: format!("AKIA{}", characters(id, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
            secret_access_key: characters(
                secret,
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            ),
        })
    }
}

/// One character of the alphabet (32 or 64 long, so none is likelier) for each random byte.
fn characters(random: &[u8], alphabet: &[u8]) -> String {
    random
        .iter()
        .filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()))
        .map(|character| char::from(*character))
        .collect()
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessKeys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::AccessKeys;

    #[test]
    fn generated_keys_differ_and_hide_their_secret() {
        let first = AccessKeys::generate().expect("random");
        let second = AccessKeys::generate().expect("random");
        assert_ne!(first, second);
        assert_eq!(first.access_key_id.len(), 20);
        assert_eq!(first.secret_access_key.len(), 40);
        assert!(!format!("{first:?}").contains(&first.secret_access_key));
    }
}

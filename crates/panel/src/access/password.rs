//! Passwords: argon2id, made and compared beside the requests, a few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// The least length of a password, in characters (NIST SP 800-63B asks for 15 where a password stands alone, with no
/// rules on what it is made of).
pub const LEAST_PASSWORD: usize = 15;

/// The longest that is hashed: more than a person types, less than an attack sends.
pub const MOST_PASSWORD: usize = 1024;

/// OWASP's "Password Storage Cheat Sheet": argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIBIBYTES: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Two at a time: 19 MiB each, however many ask.
const AT_ONCE: usize = 2;

/// Hashes and compares.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// What is compared with when there is no such person, so that the answer takes as long.
    nobody: Arc<str>,
}

/// Why a password wasn't taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PasswordError {
    #[error("a password has at least {LEAST_PASSWORD} characters")]
    TooShort,
    #[error("a password has at most {MOST_PASSWORD} bytes")]
    TooLong,
    /// It is the person's name over and over.
    #[error("a password is not the name")]
    IsTheName,
    /// The machine could not hash it.
    #[error("the password could not be hashed")]
    Unhashed,
}

impl Passwords {
    /// Ready to work.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Passwords, PasswordError> {
        let nobody = hashed("no password is this one, ever")?;
        Ok(Passwords { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody.into() })
    }

    /// Judge a wished password and hash it.
    ///
    /// # Errors
    /// It won't do.
    pub async fn hash(&self, name: &str, password: String) -> Result<String, PasswordError> {
        if password.chars().count() < LEAST_PASSWORD {
            return Err(PasswordError::TooShort);
        }
        if password.len() > MOST_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        let bare = password.to_lowercase().replace(&name.to_lowercase(), "");
        if bare.chars().count() < 4 {
            return Err(PasswordError::IsTheName);
        }
        let _turn = self.turns.acquire().await.map_err(|_| PasswordError::Unhashed)?;
        tokio::task::spawn_blocking(move || hashed(&password)).await.map_err(|_| PasswordError::Unhashed)?
    }

    /// Whether a password is the hashed one. `None`: there is no such person; it takes as long.
    pub async fn matches(&self, password: String, hash: Option<String>) -> bool {
        if password.len() > MOST_PASSWORD {
            return false;
        }
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|parsed| argon2().verify_password(password.as_bytes(), &parsed).is_ok())
        });
        right.await.unwrap_or(false) && known
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIBIBYTES, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hashed(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|_| PasswordError::Unhashed)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Unhashed)?;
    let hash = argon2().hash_password(password.as_bytes(), &salt).map_err(|_| PasswordError::Unhashed)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::{PasswordError, Passwords};

    #[tokio::test]
    async fn a_password_is_itself_and_nothing_else() {
        let passwords = Passwords::new().expect("random");
        let hash = passwords.hash("ada", "correct horse battery".to_owned()).await.expect("long enough");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches("correct horse battery".to_owned(), Some(hash.clone())).await);
        assert!(!passwords.matches("correct horse batterx".to_owned(), Some(hash)).await);
        assert!(!passwords.matches("no password is this one, ever".to_owned(), None).await);
        for (password, error) in [
            ("short".to_owned(), PasswordError::TooShort),
            ("ada".repeat(5), PasswordError::IsTheName),
            ("x".repeat(2000), PasswordError::TooLong),
        ] {
            assert_eq!(passwords.hash("ada", password).await, Err(error));
        }
    }
}

//! Temporary credentials. Neither `Debug` here shows a secret.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::wire::signature::SignatureError;
use crate::{AccessKeys, Timestamp};

/// A role session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// What its requests are signed with.
    pub keys: AccessKeys,
    /// What its requests must carry besides.
    pub token: String,
    /// Since when.
    pub issued: Timestamp,
    /// From this moment on it is refused.
    pub expires: Timestamp,
    /// `arn:aws:sts::ACCOUNT:assumed-role/role/session`.
    pub arn: String,
    /// `AROA…:session`.
    pub user_id: String,
    /// The role's ARN.
    pub role_arn: String,
}

impl Session {
    /// Whether a request whose signature holds may count as this session's: it carries the token, in time.
    ///
    /// # Errors
    /// When it doesn't.
    pub fn check(&self, headers: &HeaderMap, query: &str, now: Timestamp) -> Result<(), SignatureError> {
        let in_header = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let in_query = || {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs
                .find(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Security-Token"))
                .map(|(_, token)| token.into_owned())
        };
        let token = in_header.map(str::to_owned).or_else(in_query);
        if token.as_deref() != Some(self.token.as_str()) {
            return Err(SignatureError::UnknownKey);
        }
        if now >= self.expires { Err(SignatureError::ExpiredToken) } else { Ok(()) }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("keys", &self.keys)
            .field("expires", &self.expires)
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

/// What the secrets of sessions are made with; secret itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt")
    }
}

impl Salt {
    /// From the owner's secret.
    #[must_use]
    pub fn new(owner_secret: &str) -> Salt {
        let mut hasher = Sha256::new();
        hasher.update(b"temporary credentials\0");
        hasher.update(owner_secret.as_bytes());
        Salt(hasher.finalize().into())
    }

    /// A secret of 40 characters, as AWS's are.
    pub(super) fn secret(&self, access_key_id: &str) -> String {
        self.digest("secret", access_key_id).chars().take(40).collect()
    }

    /// A token. AWS documents no length.
    pub(super) fn token(&self, access_key_id: &str) -> String {
        let parts = ["token 1", "token 2", "token 3"];
        parts.iter().map(|part| self.digest(part, access_key_id)).collect::<String>().replace('=', "/")
    }

    /// A few letters that only this salt has; nothing follows from them.
    pub(super) fn mark(&self) -> String {
        self.digest("mark", "").chars().take(8).collect()
    }

    fn digest(&self, what: &str, access_key_id: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(what.as_bytes());
        hasher.update([0]);
        hasher.update(access_key_id.as_bytes());
        STANDARD.encode(hasher.finalize())
    }
}

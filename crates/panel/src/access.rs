//! Who may do what: people, passwords, sessions, API tokens, limits on guessing, and the audit trail.
//!
//! Everything is kept in `panel.sqlite`, apart from the journal. Passwords are there as argon2id hashes, tokens and
//! session ids as SHA-256 of 256 random bits: whoever reads the file can sign in with nothing that it holds.

mod answers;
mod limits;
mod password;
mod refusals;
mod role;
mod secret;
mod sessions;
mod store;
mod tokens;
mod trail;

pub use answers::Earlier;
pub use limits::{Limits, TooMany};
pub use password::{LEAST_PASSWORD, MOST_PASSWORD, PasswordError, Passwords};
pub use refusals::{Refusal, Refusals};
pub use role::{Permission, Role};
pub use secret::{Minted, fingerprint, form_token, fresh_id, fresh_password, same};
pub use sessions::{Proof, SESSION_IDLE_SECONDS, SESSION_SECONDS, SETUP_SECONDS};
pub use store::{Access, AccessError, Person, SignedIn};
pub use tokens::ApiToken;
pub use trail::{Act, AuditEntry, Broken, TrailRow, Verified};

//! The port to what keeps objects: S3, or a likeness of it in tests. The journal's protocol (`object_journal.rs`) needs four
//! operations and nothing else.
//!
//! Nothing is repeated behind this port: whoever writes reads before it writes again, since a write whose answer was lost may
//! have happened.

use std::future::Future;
use std::time::Duration;

/// An object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its bytes.
    pub body: Vec<u8>,
    /// Its ETag, as the store wrote it (quotes included).
    pub etag: String,
    /// How long ago it was written: the answer's `Date` less its `Last-Modified`, both by the store's own clock, to the second.
    pub age: Duration,
}

/// What came of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Now {
        /// The new object's ETag.
        etag: String,
    },
    /// It was not, by this request: 412, 409, or 404 for what should have been there. An earlier one of the same writer may
    /// have been.
    NotNow,
}

/// Why an operation came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// No answer, 5xx, throttled, not sent, or credentials that are over and may be renewed by the next time: nobody knows
    /// whether a write happened; trying again may help.
    #[error("{operation}: {words}")]
    Unknown {
        /// Such as `s3:PutObject`.
        operation: &'static str,
        /// What was answered, or why nothing was.
        words: String,
    },
    /// It was refused, and trying again as it is won't help: rights, KMS, another owner, no such bucket.
    #[error("{operation}: {words}")]
    Refused {
        /// Such as `s3:PutObject`.
        operation: &'static str,
        /// What was answered, and what to do.
        words: String,
    },
}

/// Keeps objects under keys. Keys are relative to a prefix that the implementation knows.
pub trait Objects: Send + Sync {
    /// Read one; `None`: it isn't there.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Found>, ObjectError>> + Send;

    /// Write it where nothing is (`If-None-Match: *`).
    fn create(&self, key: &str, body: Vec<u8>) -> impl Future<Output = Result<Written, ObjectError>> + Send;

    /// Write over the object that has this ETag (`If-Match`).
    fn replace(
        &self,
        key: &str,
        etag: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<Written, ObjectError>> + Send;

    /// The keys that begin with `prefix` and come after `after` (which may be empty), all of them, in S3's order.
    fn list(
        &self,
        prefix: &str,
        after: &str,
    ) -> impl Future<Output = Result<Vec<String>, ObjectError>> + Send;
}

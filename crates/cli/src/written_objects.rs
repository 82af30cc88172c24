//! What looking and preparing have written. They change nothing of the deployment; what they put beside it is told.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Addresses of objects that were not there before.
#[derive(Debug, Default)]
pub struct WrittenObjects(Mutex<BTreeSet<String>>);

impl WrittenObjects {
    /// Note one.
    pub(crate) fn note(&self, address: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
    }

    /// All of them, sorted.
    pub fn addresses(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

//! How long databases take. RDS documents none of these; they are assumptions in the range that people see, and
//! shorter than what CloudFormation takes for the same (`data/durations.txt`), since it waits for them.

use std::time::Duration;

/// `creating`.
pub(super) const CREATION: Duration = Duration::from_secs(540);
/// `modifying`.
pub(super) const MODIFICATION: Duration = Duration::from_secs(300);
/// `storage-optimization`, after which the storage can't be changed for a while still.
pub(super) const OPTIMIZATION: Duration = Duration::from_secs(3600);
/// No second change of storage for six hours after the first (user guide, "Increasing DB instance storage
/// capacity").
pub(super) const STORAGE_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// `deleting`, when not CloudFormation waits for it.
pub(super) const DELETION: Duration = Duration::from_secs(300);
/// A snapshot's `creating`.
pub(super) const SNAPSHOT: Duration = Duration::from_secs(180);

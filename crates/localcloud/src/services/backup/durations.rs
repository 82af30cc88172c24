//! How long a backup takes. AWS documents no figures ("Backup jobs … start within the start window").

use std::time::Duration;

/// From CREATED to RUNNING. Assumption.
pub(super) const BEGIN: Duration = Duration::from_secs(30);
/// From RUNNING to COMPLETED. Assumption: a small database's snapshot.
pub(super) const RUN: Duration = Duration::from_secs(300);

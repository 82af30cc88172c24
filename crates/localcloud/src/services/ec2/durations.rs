//! How long things take. EC2 documents none of these; they are assumptions in the range that people see.

use std::time::Duration;

/// An instance's `pending`.
pub(super) const LAUNCH: Duration = Duration::from_secs(30);
/// An instance's `stopping`.
pub(super) const STOP: Duration = Duration::from_secs(45);
/// An instance's `shutting-down`.
pub(super) const TERMINATION: Duration = Duration::from_secs(45);
/// A terminated instance stays visible for about an hour (user guide, "Terminate EC2 instances").
pub(super) const VISIBLE: Duration = Duration::from_secs(3600);
/// The least of that, not scaled: whoever waits for `terminated` must be able to see it.
pub(super) const SHORTEST_VISIBLE: Duration = Duration::from_secs(60);
/// A volume's `creating`.
pub(super) const VOLUME: Duration = Duration::from_secs(5);
/// A snapshot's `pending`.
pub(super) const SNAPSHOT: Duration = Duration::from_secs(90);

//! How a process group ends: asked, then made to.

use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long processes have between being asked to end and being made to.
const GRACE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// End every process of the group: SIGTERM, then SIGKILL for what is left after five seconds.
pub async fn end(group: Option<Pid>) {
    let Some(group) = group else { return };
    // A group that is gone already is what was wanted.
    if kill_process_group(group, Signal::TERM) == Err(Errno::SRCH) {
        return;
    }
    let looks = GRACE.as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..looks {
        if test_kill_process_group(group) == Err(Errno::SRCH) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let _gone_meanwhile = kill_process_group(group, Signal::KILL);
}

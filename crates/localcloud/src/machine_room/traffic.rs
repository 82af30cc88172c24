//! How many requests are under way at each target, so that an instance that leaves can finish them; and what flows
//! through an upgraded connection.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// Counts by target id. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic {
    under_way: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// How often it is looked whether a target is quiet.
const LOOK: Duration = Duration::from_millis(10);

impl Traffic {
    /// Count a request to a target until what is given back is dropped.
    pub(super) fn count(&self, target: &str) -> UnderWay {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        *under_way.entry(target.to_owned()).or_default() += 1;
        UnderWay { traffic: self.clone(), target: target.to_owned() }
    }

    /// Wait until nothing is under way at a target, but not longer than this.
    pub(super) async fn quiet(&self, target: &str, longest: Duration) {
        let quiet = async {
            while self.is_busy(target) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _in_time = tokio::time::timeout(longest, quiet).await;
    }

    fn is_busy(&self, target: &str) -> bool {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).contains_key(target)
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    traffic: Traffic,
    target: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.traffic.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.target) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.target);
            }
        }
    }
}

/// Copy between two connections until either closes, or nothing moves for a while.
pub(super) async fn copy_both<A, B>(left: A, right: B, idle: Duration)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (mut from_left, mut to_left) = tokio::io::split(left);
    let (mut from_right, mut to_right) = tokio::io::split(right);
    let moved = Notify::new();
    let silence = async { while tokio::time::timeout(idle, moved.notified()).await.is_ok() {} };
    let both = async {
        tokio::join!(copy(&mut from_left, &mut to_right, &moved), copy(&mut from_right, &mut to_left, &moved))
    };
    tokio::select! {
        _closed = both => {}
        () = silence => {}
    }
}

/// Copy until there is no more, and say so to the other side.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    moved: &Notify,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        moved.notify_one();
        match buffer.get(..count) {
            None | Some([]) => return to.shutdown().await,
            Some(bytes) => to.write_all(bytes).await?,
        }
        to.flush().await?;
    }
}

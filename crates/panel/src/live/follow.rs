//! The follower: looks for news over and over, reads on what there is of it, and wakes whoever looks.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use conductor::{JournalError, RunSummary};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use upgrade::Timestamp;

use super::{Live, LiveError};

/// How often somebody asks whether there is news.
const FOLLOW_MILLISECONDS: u64 = 50;

/// How often runs are looked at though there is no news: whoever carried a run out may be gone. And how long after a look
/// that failed there is another one.
const LOOK_ANYWAY_MILLISECONDS: u64 = 1000;

/// What the follower saw last of all runs.
#[derive(Debug, Default, PartialEq, Eq)]
struct RunsSeen {
    runs: usize,
    /// Runs that go on, and whether somebody carries them out.
    under_way: Vec<(String, bool)>,
}

impl RunsSeen {
    fn new(runs: &[RunSummary], now: Timestamp) -> RunsSeen {
        let under_way = runs.iter().filter(|run| !run.ended);
        let under_way = under_way.map(|run| (run.run_id.clone(), run.carried_out_by(now).is_some()));
        RunsSeen { runs: runs.len(), under_way: under_way.collect() }
    }

    fn goes_on(&self, run_id: &str) -> bool {
        self.under_way.iter().any(|(under_way, _)| under_way == run_id)
    }
}

/// A run, and how many of its records are told; `None`: nobody answered.
type Read = (String, Option<usize>);

/// Runs that are being read beside each other: a slow one keeps no other from being told.
#[derive(Default)]
struct Reads {
    reads: FuturesUnordered<Pin<Box<dyn Future<Output = Read> + Send>>>,
    /// The runs that are being read, and whether each is to be read again at once: somebody has looked meanwhile.
    again: HashMap<String, bool>,
}

impl Reads {
    fn begin(&mut self, live: &Arc<Live>, run_id: &str) {
        if let Some(again) = self.again.get_mut(run_id) {
            *again = true;
            return;
        }
        self.again.insert(run_id.to_owned(), false);
        let (live, run_id) = (Arc::clone(live), run_id.to_owned());
        self.reads.push(Box::pin(async move {
            let told = match live.run(&run_id).await {
                Ok(picture) => Some(picture.telling.told()),
                Err(LiveError::Journal(JournalError::Store { .. }) | LiveError::Interrupted) => None,
                // A run that can't be told says so on its own page.
                Err(LiveError::Journal(_)) => Some(0),
            };
            (run_id, told)
        }));
    }

    /// The next run that is read; never, where none is being read.
    async fn next(&mut self, live: &Arc<Live>) -> Read {
        let Some((run_id, told)) = self.reads.next().await else { return std::future::pending().await };
        // Where nobody answered, the next look is soon enough.
        if self.again.remove(&run_id) == Some(true) && told.is_some() {
            self.begin(live, &run_id);
        }
        (run_id, told)
    }
}

impl Live {
    /// Look for news over and over.
    pub async fn follow(self: Arc<Live>) {
        let (mut known, mut looked_at) = (None, Timestamp(0));
        let (mut seen, mut told, mut reads) = (RunsSeen::default(), HashMap::new(), Reads::default());
        loop {
            tokio::select! {
                (run_id, records) = reads.next(&self) => {
                    if let Some(records) = records
                        && seen.goes_on(&run_id)
                        && told.insert(run_id, records) != Some(records)
                    {
                        self.wake();
                    }
                    continue;
                }
                () = self.clock.sleep(Duration::from_millis(FOLLOW_MILLISECONDS)) => {}
            }
            let now = self.clock.now();
            // Asked before the look, so that what is written during it is news the next time. What can't be read now may
            // be read the next time; pages that ask meanwhile are told.
            let Ok(news) = self.runs.news().await else { continue };
            let is_new = known.is_some_and(|known| known != news);
            if !is_new && now.milliseconds_since(looked_at) < LOOK_ANYWAY_MILLISECONDS {
                continue;
            }
            looked_at = now;
            let runs = self.runs().await;
            known = runs.is_ok().then_some(news);
            let Ok(runs) = runs else { continue };
            let fresh = RunsSeen::new(&runs, self.clock.now());
            for (run_id, _) in &fresh.under_way {
                reads.begin(&self, run_id);
            }
            told.retain(|run_id, _| fresh.goes_on(run_id));
            if fresh != seen {
                seen = fresh;
                self.wake();
            }
        }
    }

    fn wake(&self) {
        self.wake.send_modify(|count| *count = count.wrapping_add(1));
    }
}

//! The process dies right before, or right after, each record of a run's journal; another one resumes, on the cloud as it
//! then is, and comes to the same end, the invariants kept on the way as an onlooker sees them.

use conductor::{
    Asked, ConductError, Conducting, Ended, Holder, JournalError, JournalStore, Request, RunSummary,
    SqliteJournal, TAKE_OVER_SECONDS, TakenOver,
};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;
use upgrade::{Outcome, Plan, Record, Timestamp};

use crate::common::{Silent, approved, virtual_time};
use crate::full::{Full, Wishes, everything, freshly, journal, records};
use crate::material::Vendor;
use crate::outside::Standing;

/// How many of each run's crashes are tried when not all are.
const SAMPLED: usize = 10;

#[test]
fn the_sample_resumed_around_every_record_comes_to_the_same_end() {
    check(Vendor::Sample, if everything() { usize::MAX } else { SAMPLED });
}

#[test]
fn code_ocean_resumed_around_records_comes_to_the_same_end() {
    check(Vendor::CodeOcean, if everything() { usize::MAX } else { 1 });
}

fn check(vendor: Vendor, most: usize) {
    let whole = virtual_time().block_on(async {
        let fresh = freshly(vendor).await?;
        let full = Full::stand(vendor, 1, Wishes::default()).await?;
        let plan = full.plan().await;
        let journal = journal();
        let ended = full.start(&plan, &journal, &mut Silent).await.expect("it goes on to its end");
        assert_eq!(ended, Ended::Run(Outcome::Upgraded));
        let records = records(&journal, &plan.run_id);
        Some((fresh, records.len()))
    });
    let Some((fresh, whole)) = whole else { return };
    let every = whole.div_ceil(most).max(1);
    // Two cores, and each crash is a world of its own.
    let halves = [Dies::Before, Dies::After].map(|dies| {
        let fresh = fresh.clone();
        std::thread::spawn(move || {
            // The two halves die at different records, so that together they meet more of them.
            let first = if every > 1 { dies as usize * every / 2 } else { 0 };
            let places: Vec<usize> = (first..whole).step_by(every).collect();
            for at in &places {
                virtual_time().block_on(crash_and_resume(vendor, *at, dies, &fresh));
            }
            places.len()
        })
    });
    let tried: usize = halves.into_iter().map(|half| half.join().expect("every crash is survived")).sum();
    println!(
        "{vendor:?}: {tried} of {} crashes tried, {tried} of {tried} resumed to the same end",
        2 * whole
    );
    assert!(tried > 0);
}

async fn crash_and_resume(vendor: Vendor, at: usize, dies: Dies, fresh: &Standing) {
    let what = format!("{vendor:?}, dies {dies:?} record {at}");
    let full = Full::stand(vendor, 1, Wishes::default()).await.expect("it stood before");
    let plan = full.plan().await;
    let journal = MortalJournal::dying(at, dies);
    let (ended, looks) = full
        .watched(30, async {
            let died = full.start(&plan, &journal, &mut Silent).await;
            assert!(
                matches!(died, Err(ConductError::Journal(JournalError::Overtaken { .. }))),
                "{what}: {died:?}"
            );
            let begun = journal.runs().await.expect("readable").pop();
            match begun {
                // Not even the first record was written: nothing has happened, and it is simply begun.
                None => full.start(&plan, &journal, &mut Silent).await,
                // The last record was written: the run has ended, there is nothing to resume.
                Some(run) if run.ended => Ok(Ended::Run(Outcome::Upgraded)),
                Some(run) => {
                    let early = full.resume(&run.run_id, &journal, &mut Silent, "second").await;
                    assert!(
                        matches!(early, Err(ConductError::Journal(JournalError::ClaimHeld { .. }))),
                        "{what}: nobody knows yet that the first is dead: {early:?}"
                    );
                    full.clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS + 1)).await;
                    full.resume(&run.run_id, &journal, &mut Silent, "second").await
                }
            }
        })
        .await;
    assert_eq!(ended.expect("it goes on"), Ended::Run(Outcome::Upgraded), "{what}");
    let records = records(&journal, &plan.run_id);
    let report = full.assert_end(&plan, &records, &looks, fresh, &what).await;
    assert_eq!(report.stopped_jobs.len(), plan.at_work.jobs.len(), "{what}: what was stopped is still told");
}

/// A holder that is known to be dead needn't be waited for.
#[test]
fn the_run_of_a_dead_process_is_taken_over_at_once() {
    virtual_time().block_on(async {
        let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
        let plan = full.plan().await;
        let journal = MortalJournal::dying(40, Dies::After);
        let this = Conducting::begin().expect("random");
        let [host, process, _, place, ..] = *this.as_str().split('/').collect::<Vec<_>>() else {
            panic!("{}", *this)
        };
        // The same process id, given to a process that began at another time.
        let dead = Holder::named(&format!("{host}/{process}/1/{place}/nonce"));
        let conductor = conductor::Conductor {
            cloud: &full.site.ports,
            journal: &journal,
            clock: &full.clock,
            holder: &dead,
        };
        conductor.start(&approved(&plan, &full.clock), &mut Silent).await.expect_err("it died");
        let ended = full.resume(&plan.run_id, &journal, &mut Silent, "second").await;
        assert_eq!(ended.expect("it goes on"), Ended::Run(Outcome::Upgraded));
    });
}

#[derive(Debug, Clone, Copy)]
enum Dies {
    Before,
    After,
}

/// A journal whose process dies, once, around the n-th record: what was to be written is lost, or it is written
/// and nobody learns of it.
struct MortalJournal {
    store: SqliteJournal,
    life: Mutex<Life>,
}

struct Life {
    written: usize,
    death: Option<(usize, Dies)>,
}

impl MortalJournal {
    fn dying(at: usize, dies: Dies) -> MortalJournal {
        MortalJournal { store: journal(), life: Mutex::new(Life { written: 0, death: Some((at, dies)) }) }
    }

    async fn write(
        &self,
        write: impl Future<Output = Result<(), JournalError>> + Send,
    ) -> Result<(), JournalError> {
        let death = {
            let mut life = self.life.lock().expect("whole");
            let death = life.death.filter(|(at, _)| *at == life.written).map(|(_, dies)| dies);
            if death.is_some() {
                life.death = None;
            }
            if !matches!(death, Some(Dies::Before)) {
                life.written += 1;
            }
            death
        };
        // The one error after which a conducting writes nothing more: it neither tries again nor gives its claim back, as a
        // dead process does neither.
        let gone = || JournalError::Overtaken { run_id: "any".to_owned(), holder: None };
        match death {
            Some(Dies::Before) => Err(gone()),
            Some(Dies::After) => {
                write.await?;
                Err(gone())
            }
            None => write.await,
        }
    }
}

impl JournalStore for MortalJournal {
    fn location(&self) -> &str {
        self.store.location()
    }

    async fn begin(&self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError> {
        self.write(self.store.begin(plan, first, holder)).await
    }

    async fn append(
        &self,
        run_id: &str,
        place: usize,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        self.write(self.store.append(run_id, place, record, ends, holder)).await
    }

    async fn take(&self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<TakenOver, JournalError> {
        self.store.take(run_id, holder, now).await
    }

    async fn beat(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.store.beat(run_id, holder, doing, now).await
    }

    async fn confirm(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        self.store.confirm(run_id, holder).await
    }

    async fn release(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        self.store.release(run_id, holder).await
    }

    async fn ask(&self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError> {
        self.store.ask(run_id, request, at).await
    }

    async fn requests(
        &self,
        run_id: &str,
        taken: &BTreeSet<String>,
        for_the_last: bool,
    ) -> Result<Vec<Asked>, JournalError> {
        self.store.requests(run_id, taken, for_the_last).await
    }

    async fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        self.store.load(run_id).await
    }

    async fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
        self.store.records_from(run_id, from).await
    }

    async fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.store.runs().await
    }
}

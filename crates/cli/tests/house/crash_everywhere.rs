//! The process dies right before, or right after, each record of a run's journal; another one resumes, on the
//! cloud as it then is, and comes to the same end.

use conductor::{ConductError, JournalError, JournalStore, RunSummary, SqliteJournal};
use upgrade::{Outcome, Plan, Record, Report};

use crate::common::{Rehearsal, Silent, sample, virtual_time};
use crate::virtual_upgrade::assert_upgraded;

#[test]
fn a_run_resumed_around_every_record_comes_to_the_same_end() {
    let whole = virtual_time().block_on(async {
        let rehearsal = Rehearsal::new(1);
        let plan = rehearsal.prepare(&sample()).await;
        rehearsal.upgrade(&plan).await.1.len()
    });
    // Two cores, and each crash is a world of its own.
    let halves = [Dies::Before, Dies::After].map(|dies| std::thread::spawn(move || try_all(whole, dies)));
    let tried: usize = halves.into_iter().map(|half| half.join().expect("every crash is survived")).sum();
    println!("{tried} of {} crashes resumed to the same end", 2 * whole);
    assert_eq!(tried, 2 * whole);
}

fn try_all(records: usize, dies: Dies) -> usize {
    for at in 0..records {
        virtual_time().block_on(crash_and_resume(at, dies));
    }
    records
}

async fn crash_and_resume(at: usize, dies: Dies) {
    let rehearsal = Rehearsal::new(1);
    let plan = rehearsal.prepare(&sample()).await;
    let mut journal = MortalJournal {
        store: SqliteJournal::in_memory().expect("a journal"),
        written: 0,
        death: Some((at, dies)),
    };
    let died = conductor::start(&plan, &rehearsal.cloud, &mut journal, &rehearsal.clock, &mut Silent).await;
    assert!(
        matches!(died, Err(ConductError::Journal(JournalError::Store { .. }))),
        "{dies:?} {at}: {died:?}"
    );
    let begun = journal.runs().expect("readable").pop();
    let outcome = match begun {
        // Not even the first record was written: nothing has happened, and it is simply begun.
        None => conductor::start(&plan, &rehearsal.cloud, &mut journal, &rehearsal.clock, &mut Silent).await,
        // The last record was written: the run has ended, there is nothing to resume.
        Some(run) if run.ended => Ok(Outcome::Upgraded),
        Some(run) => {
            conductor::resume(&run.run_id, &rehearsal.cloud, &mut journal, &rehearsal.clock, &mut Silent)
                .await
        }
    };
    assert_eq!(outcome.expect("it goes on"), Outcome::Upgraded, "{dies:?} {at}");
    assert_upgraded(&rehearsal, &plan).await;
    let (_, records) = journal.load(&plan.run_id).expect("readable");
    let report = Report::from_journal(&plan, &records).expect("the journal fits its plan");
    assert_eq!(report.outcome, Some(Outcome::Upgraded), "{dies:?} {at}");
    assert_eq!(report.stopped_jobs.len(), 6, "{dies:?} {at}: what was stopped is still told");
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
    written: usize,
    death: Option<(usize, Dies)>,
}

impl MortalJournal {
    fn write(
        &mut self,
        write: impl FnOnce(&mut SqliteJournal) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let death = self.death.filter(|(at, _)| *at == self.written).map(|(_, dies)| dies);
        let gone = || JournalError::Store { doing: "written", source: "the process has died".into() };
        match death {
            Some(Dies::Before) => {
                self.death = None;
                Err(gone())
            }
            Some(Dies::After) => {
                self.death = None;
                write(&mut self.store)?;
                self.written += 1;
                Err(gone())
            }
            None => {
                self.written += 1;
                write(&mut self.store)
            }
        }
    }
}

impl JournalStore for MortalJournal {
    fn begin(&mut self, plan: &Plan, first: &Record) -> Result<(), JournalError> {
        self.write(|store| store.begin(plan, first))
    }

    fn append(&mut self, run_id: &str, record: &Record, ends: bool) -> Result<(), JournalError> {
        self.write(|store| store.append(run_id, record, ends))
    }

    fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        self.store.load(run_id)
    }

    fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.store.runs()
    }
}

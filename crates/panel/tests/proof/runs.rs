//! Runs for a journal: an update with as many events as one likes.

use conductor::{Holder, JournalStore as _, SqliteJournal};
use futures_util::FutureExt as _;
use upgrade::{ApprovedPlan, Event, Observation, Plan, Record, StackEvent, Timestamp, What};

/// When these runs begin: 2026-11-25, in milliseconds.
pub const BEGAN: u64 = 1_795_564_800_000;

/// Events that one look at the stack shows.
const EVENTS_A_LOOK: usize = 20;

/// Resources of the stack: the events are theirs in turn.
const RESOURCES: usize = 400;

/// Whoever carries these runs out: a process that is not there, so that nobody does.
pub fn holder() -> Holder {
    Holder::named("this test")
}

/// A run's first record.
pub fn first(plan: &Plan, at: Timestamp) -> Record {
    let approved = ApprovedPlan::new(plan.clone(), &plan.sha256(), "ada", at).expect("its own hash");
    Record::Happened(Event { at, what: What::Started { approval: approved.approval().clone() } })
}

/// SQLite's answer: nobody waits for it.
fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("SQLite's calls block")
}

/// Begin a run.
pub fn begin(journal: &SqliteJournal, plan: &Plan) {
    now(journal.begin(plan, &first(plan, Timestamp(BEGAN)), &holder())).expect("begun");
}

/// How many records a run has.
pub fn count(journal: &SqliteJournal, run_id: &str) -> usize {
    now(journal.load(run_id)).expect("readable").1.len()
}

/// Write a record that ends nothing, at the place that comes next.
pub fn write(journal: &SqliteJournal, run_id: &str, place: usize, at: u64, what: What) {
    let record = Record::Happened(Event { at: Timestamp(at), what });
    now(journal.append(run_id, place, &record, false, &holder())).expect("written");
}

/// Let so many stack events happen, look by look, from this one on.
pub fn events(journal: &SqliteJournal, run_id: &str, from: usize, many: usize) {
    let numbers: Vec<usize> = (from..from + many).collect();
    for (place, look) in (count(journal, run_id)..).zip(numbers.chunks(EVENTS_A_LOOK)) {
        let at = BEGAN + 1000 * look.last().map_or(0, |number| *number as u64);
        let seen = look.iter().map(|number| event(*number)).collect();
        write(
            journal,
            run_id,
            place,
            at,
            What::Observed(Observation::StackEvents { events: seen, worker_groups: Vec::new() }),
        );
    }
}

/// The stack's own beginning, then each resource's beginning and end.
pub fn event(number: usize) -> StackEvent {
    let seconds = number % 60;
    let (minutes, hours) = (number / 60 % 60, number / 3600 % 24);
    let of_stack = number == 0;
    let status = if of_stack || (number / RESOURCES).is_multiple_of(2) {
        "UPDATE_IN_PROGRESS"
    } else {
        "UPDATE_COMPLETE"
    };
    StackEvent {
        event_id: format!("event-{number}"),
        timestamp: format!("2026-11-25T{hours:02}:{minutes:02}:{seconds:02}.000Z"),
        physical_id: None,
        logical_id: if of_stack {
            "lab-stack".to_owned()
        } else {
            format!("Resource{:03}", number % RESOURCES)
        },
        resource_type: if of_stack { "AWS::CloudFormation::Stack" } else { "AWS::Batch::JobQueue" }
            .to_owned(),
        status: status.to_owned(),
        status_reason: None,
        hook: None,
    }
}

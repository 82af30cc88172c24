//! Runs for a journal: an update with as many events as one likes.

use conductor::{Holder, JournalStore as _, SqliteJournal};
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

/// Begin a run.
pub fn begin(journal: &mut SqliteJournal, plan: &Plan) {
    let approved =
        ApprovedPlan::new(plan.clone(), &plan.sha256(), "ada", Timestamp(BEGAN)).expect("its own hash");
    let what = What::Started { approval: approved.approval().clone() };
    let first = Record::Happened(Event { at: Timestamp(BEGAN), what });
    journal.begin(plan, &first, &holder()).expect("begun");
}

/// Write a record that ends nothing.
pub fn write(journal: &mut SqliteJournal, run_id: &str, at: u64, what: What) {
    let record = Record::Happened(Event { at: Timestamp(at), what });
    journal.append(run_id, &record, false, &holder()).expect("written");
}

/// Let so many stack events happen, look by look, from this one on.
pub fn events(journal: &mut SqliteJournal, run_id: &str, from: usize, count: usize) {
    let numbers: Vec<usize> = (from..from + count).collect();
    for look in numbers.chunks(EVENTS_A_LOOK) {
        let at = BEGAN + 1000 * look.last().map_or(0, |number| *number as u64);
        let seen = look.iter().map(|number| event(*number)).collect();
        write(
            journal,
            run_id,
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
    }
}

//! What happened, for a person.

use std::collections::BTreeMap;
use std::process::ExitCode;

use upgrade::{Event, Outcome, Plan, Record, Report, RunKind, Telling, What};

use crate::error::{DONE, GATE_CLOSED, NOT_UPGRADED};
use crate::runs::by_owner;
use crate::words::{counted, duration, time_of_day};

/// Print the report.
pub(crate) fn print(plan: &Plan, records: &[Record], report: &Report) {
    let releases = match (&plan.from_version, &plan.to_version) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        _ => String::new(),
    };
    println!("\nReport of run {}: stack {}{releases}", plan.run_id, plan.stack_name);
    match &report.outcome {
        None => println!("  The run has not ended."),
        Some(Outcome::Upgraded) => println!("  Upgraded. Users are let in."),
        Some(Outcome::NotUpgraded { reason }) if plan.kind == RunKind::EnterMaintenance => {
            println!("  Maintenance was not entered, or was left again. Users are let in.\n  {reason}");
        }
        Some(Outcome::NotUpgraded { reason }) => {
            println!("  Not upgraded. The old release stands, and users are let in.\n  {reason}");
        }
        Some(Outcome::WentBack { reason }) => {
            println!("  Gone back to the previous release, and users are let in.\n  {reason}");
        }
        Some(Outcome::InMaintenance) => {
            println!(
                "  In maintenance, as was asked: users are kept out until `slackwater maintenance disable`."
            );
        }
        Some(Outcome::OutOfMaintenance) => println!("  Maintenance is left. Users are let in."),
        Some(Outcome::GateClosed { reason }) => {
            println!("  USERS ARE STILL KEPT OUT: somebody must look.\n  {reason}");
        }
    }
    println!("\n  {:<40} {:>8}  {:>12}", "step", "began", "took");
    for step in &report.steps {
        let took = step.milliseconds().map_or_else(|| "under way".to_owned(), duration);
        println!("  {:<40} {:>8}  {took:>12}", step.step.title(), time_of_day(step.started_at));
    }
    println!(
        "  {:<40} {:>8}  {:>12}",
        "in all",
        "",
        duration(report.last_at.milliseconds_since(report.started_at))
    );
    match report.gate_closed {
        Some((from, Some(until))) => println!(
            "\n  Users were kept out for {} (from {} to {} UTC).",
            duration(until.milliseconds_since(from)),
            time_of_day(from),
            time_of_day(until)
        ),
        Some((from, None)) => println!("\n  Users are kept out since {} UTC.", time_of_day(from)),
        None => println!("\n  Users were never kept out."),
    }
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, _) in &report.stopped_instances {
        *groups.entry(group).or_default() += 1;
    }
    let groups: Vec<String> = groups.iter().map(|(group, count)| format!("{count} of {group}")).collect();
    println!(
        "  Stopped: {}, {}{}.",
        counted(report.stopped_jobs.len(), "job"),
        counted(report.stopped_instances.len(), "instance"),
        if groups.is_empty() { String::new() } else { format!(" ({})", groups.join(", ")) }
    );
    let more = [
        (report.stopped_sessions.len(), "session"),
        (report.stopped_computations.len(), "computation"),
        (report.stopped_machines.len(), "dedicated machine"),
    ];
    let more: Vec<String> =
        more.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
    if !more.is_empty() {
        println!("  Stopped as well: {}.", more.join(", "));
    }
    let owners = by_owner(&report.stopped_sessions, |session| session.owner.as_str());
    for (owner, count) in owners {
        println!("    {owner}: {}", counted(count, "session"));
    }
    for snapshot in &report.snapshots {
        println!("  Snapshot: {} ({}).", snapshot.name, snapshot.id);
    }
    println!("  CloudFormation: {}.", counted(report.stack_events.len(), "event"));
    for decision in &report.decisions {
        println!("  {decision}.");
    }
    for remark in &report.remarks {
        println!("  TO KNOW: {remark}.");
    }
    let GoneOn { asked, under_way } = GoneOn::of(plan, records);
    if under_way > 0 {
        println!(
            "  Gone on with after its process had ended in the midst of it: {}.",
            counted(under_way, "time")
        );
    }
    if asked > 0 {
        println!("  Gone on with after it had been left to wait for a decision: {}.", counted(asked, "time"));
    }
}

/// How often a run was gone on with, by what it was doing when nobody carried it out any more.
#[derive(Debug, Default, PartialEq, Eq)]
struct GoneOn {
    /// It waited for a person's decision.
    asked: usize,
    /// It was at work: its process died, or was interrupted.
    under_way: usize,
}

impl GoneOn {
    fn of(plan: &Plan, records: &[Record]) -> GoneOn {
        let mut gone_on = GoneOn::default();
        let mut telling = Telling::default();
        for record in records {
            if let Record::Happened(Event { what: What::Resumed, .. }) = record {
                match telling.state().is_some_and(|state| state.question.is_some()) {
                    true => gone_on.asked += 1,
                    false => gone_on.under_way += 1,
                }
            }
            // Whoever has a report has found that the records fit.
            if telling.tell(plan, record).is_err() {
                break;
            }
        }
        gone_on
    }
}

/// The exit code for how a run ended.
pub(crate) fn exit_code(outcome: &Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Upgraded => DONE,
        Outcome::InMaintenance | Outcome::OutOfMaintenance => DONE,
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } => NOT_UPGRADED,
        Outcome::GateClosed { .. } => GATE_CLOSED,
    })
}

//! What happened, for a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use panel::Moment;
use panel::answers::{
    AskedQuestion, FoundMaintenance, ListedComputation, ListedJob, ListedMachine, ListedSession,
    ResourceEvent, RunStep, RunSummary,
};
use upgrade::{
    Acceptance, Ending, Event, Outcome, Plan, Record, Report, RunKind, RunningReport, Seen, State, What,
};

use crate::answers::{Accepted, Approval, RunReport, Stopped, StoppedInstance, StoppedTask, TakenSnapshot};
use crate::error::Exit;
use crate::terminal;
use crate::words::{already, clock_time, counted, duration, moment, time_of_day};

/// For what stops, or keeps somebody out.
const RED: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// For what wants a look.
const YELLOW: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));

/// Print the report.
pub(crate) fn print(plan: &Plan, records: &[Record], report: &Report) {
    print_styled!("{}", terminal::fit(&render(plan, records, report)));
}

fn render(plan: &Plan, records: &[Record], report: &Report) -> String {
    let mut text = String::new();
    macro_rules! say {
        ($($words:tt)*) => {{
            // Writing to a string cannot fail.
            let _ = writeln!(text, $($words)*);
        }};
    }
    let releases = match (&plan.from_version, &plan.to_version) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        _ => String::new(),
    };
    say!("\nReport of run {}: stack {}{releases}", plan.run_id, plan.stack_name);
    if let Some(upgrade::Approval { by, at, plan_sha256 }) = &report.approval {
        say!("  Approved by {by} at {}: plan {plan_sha256}", clock_time(*at));
    }
    match &report.outcome {
        None => say!("  The run has not ended."),
        Some(outcome) => {
            let ending = Ending { kind: plan.kind, outcome, seen: report.seen.as_ref() };
            match ending.needs_somebody() {
                true => say!("  {RED}{}: SOMEBODY MUST LOOK{RED:#}.", ending.title()),
                false => say!("  {}.", ending.title()),
            }
            if let Some(reason) = ending.reason() {
                say!("  {reason}");
            }
            for sentence in ending.sentences(moment) {
                say!("  {sentence}");
            }
        }
    }
    if let Some(found) = &report.found {
        say!("  Found: {}", already(found));
    }
    for Acceptance { what, who, why, of: _ } in &plan.accepted {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        say!("  Accepted: {what} by {who}{why}");
    }
    say!("\n  {:<40} {:>8}  {:>12}", "step", "began", "took");
    for step in &report.steps {
        let took = step.milliseconds().map_or_else(|| "under way".to_owned(), duration);
        say!("  {:<40} {:>8}  {took:>12}", step.step.title(), time_of_day(step.started_at));
    }
    say!(
        "  {:<40} {:>8}  {:>12}",
        "in all",
        "",
        duration(report.last_at.milliseconds_since(report.started_at))
    );
    match report.gate_closed {
        Some((from, Some(until))) => say!(
            "\n  {} for {} (from {} to {}).",
            if plan.gateless { "There is no gate; work was stopped" } else { "Users were kept out" },
            duration(until.milliseconds_since(from)),
            time_of_day(from),
            clock_time(until)
        ),
        Some((from, None)) if plan.gateless => {
            say!(
                "\n  There is no gate; work was stopped from {} on, and not let go on by this run.",
                clock_time(from)
            );
        }
        Some((from, None)) => {
            say!("\n  The gate was closed at {}, and not opened by this run.", clock_time(from));
        }
        None if plan.gateless => say!("\n  There is no gate, and this run stopped no work."),
        None => say!("\n  This run did not close the gate."),
    }
    if plan.doors.len() > 1 {
        say!("  Ways in:");
        for door in &plan.doors {
            let mut seen = report.seen.iter().flat_map(|seen| &seen.doors);
            let seen = seen.find(|seen| seen.listener_arn == door.listener.physical_id);
            let stands = match seen {
                Some(seen) if seen.closed => "; closed when it was looked at last",
                Some(_) => "; open when it was looked at last",
                None => "",
            };
            say!("    {}{stands}", door.in_words());
        }
    }
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, _) in &report.stopped_instances {
        *groups.entry(group).or_default() += 1;
    }
    let groups: Vec<String> = groups.iter().map(|(group, count)| format!("{count} of {group}")).collect();
    say!(
        "  Stopped: {}, {}{}.",
        counted(report.stopped_jobs.len(), "job"),
        counted(report.stopped_instances.len(), "instance"),
        if groups.is_empty() { String::new() } else { format!(" ({})", groups.join(", ")) }
    );
    let more = [
        (report.stopped_tasks.len(), "ECS task"),
        (report.stopped_sessions.len(), "session"),
        (report.stopped_computations.len(), "computation"),
        (report.stopped_machines.len(), "dedicated machine"),
    ];
    let more: Vec<String> =
        more.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
    if !more.is_empty() {
        say!("  Stopped as well: {}.", more.join(", "));
    }
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for session in &report.stopped_sessions {
        *owners.entry(&session.owner).or_default() += 1;
    }
    for (owner, count) in owners {
        say!("    {owner}: {}", counted(count, "session"));
    }
    for snapshot in &report.snapshots {
        say!("  Snapshot: {} ({}).", snapshot.name, snapshot.id);
    }
    say!("  CloudFormation: {}.", counted(report.stack_events.len(), "event"));
    for line in &report.came_back {
        say!("  Came back: {line}.");
    }
    for line in &report.left_behind {
        say!("  {YELLOW}LEFT BEHIND{YELLOW:#} by CloudFormation's clean-up, delete it by hand: {line}.");
    }
    for line in &report.still_to_put_back {
        say!("  {RED}NOT PUT BACK{RED:#}: {line}.");
    }
    for decision in &report.decisions {
        say!("  {decision}.");
    }
    for remark in &report.remarks {
        say!("  {YELLOW}TO KNOW{YELLOW:#}: {remark}.");
    }
    if report.times_stood_still > 0 {
        say!(
            "  Its machine stood still (a closed laptop), and nobody else had taken it over: {}.",
            counted(report.times_stood_still, "time")
        );
    }
    let GoneOn { asked, under_way } = GoneOn::of(plan, records);
    if under_way > 0 {
        say!(
            "  Gone on with after its process had ended in the midst of it: {}.",
            counted(under_way, "time")
        );
    }
    if asked > 0 {
        say!("  Gone on with after it had been left to wait for a decision: {}.", counted(asked, "time"));
    }
    text
}

/// The same for other programs. `standing`: where it stands, in a few words.
pub(crate) fn answer(plan: &Plan, report: &Report, state: &State, standing: String) -> RunReport {
    let Report {
        approval,
        started_at,
        last_at,
        steps,
        outcome,
        times_resumed,
        times_stood_still,
        gate_closed,
        found,
        came_back,
        still_to_put_back,
        left_behind,
        seen,
        stopped_jobs,
        stopped_instances,
        stopped_tasks,
        stopped_sessions,
        stopped_computations,
        stopped_machines,
        snapshots,
        stack_events,
        decisions,
        remarks,
    } = report;
    let (from, until) = gate_closed.unzip();
    RunReport {
        summary: RunSummary {
            run_id: plan.run_id.clone(),
            deployment: plan.deployment.clone(),
            stack: plan.stack_name.clone(),
            kind: Some(plan.kind),
            from_version: plan.from_version.clone(),
            to_version: plan.to_version.clone(),
            started_at: (*started_at).into(),
            last_at: (*last_at).into(),
            standing,
            ended: outcome.is_some(),
            outcome: outcome.as_ref().map(panel::answers::Outcome::from),
        },
        plan_sha256: plan.sha256(),
        approval: approval.as_ref().map(Approval::from),
        accepted: plan.accepted.iter().map(Accepted::from).collect(),
        question: state.question.as_ref().map(AskedQuestion::from),
        seen: seen.as_ref().map(panel::answers::Seen::from),
        found: found.as_ref().map(FoundMaintenance::from),
        users_out_from: from.map(Moment::from),
        users_out_until: until.flatten().map(Moment::from),
        steps: steps.iter().map(RunStep::from).collect(),
        stopped: Stopped {
            sessions: stopped_sessions.iter().map(ListedSession::from).collect(),
            computations: stopped_computations.iter().map(ListedComputation::from).collect(),
            jobs: stopped_jobs.iter().map(ListedJob::from).collect(),
            instances: stopped_instances
                .iter()
                .map(|(group, instance)| StoppedInstance {
                    group: group.clone(),
                    instance_id: instance.id.clone(),
                    lifecycle_state: instance.lifecycle_state.clone(),
                    in_warm_pool: instance.in_warm_pool,
                })
                .collect(),
            machines: stopped_machines.iter().map(ListedMachine::from).collect(),
            tasks: stopped_tasks.iter().map(StoppedTask::from).collect(),
        },
        snapshots: snapshots.iter().map(TakenSnapshot::from).collect(),
        came_back: came_back.clone(),
        still_to_put_back: still_to_put_back.clone(),
        left_behind: left_behind.clone(),
        decisions: decisions.clone(),
        remarks: remarks.clone(),
        times_resumed: *times_resumed,
        times_stood_still: *times_stood_still,
        stack_events: stack_events.iter().map(ResourceEvent::from).collect(),
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
        let mut telling = RunningReport::default();
        for record in records {
            if let Record::Happened(Event { what: What::Resumed { .. }, .. }) = record {
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

/// The exit code for how a run ended, by what was seen then.
pub(crate) fn exit_code(kind: RunKind, outcome: &Outcome, seen: Option<&Seen>) -> ExitCode {
    if (Ending { kind, outcome, seen }).needs_somebody() {
        return Exit::KeptOut.into();
    }
    let exit = match outcome {
        Outcome::Upgraded | Outcome::InMaintenance | Outcome::OutOfMaintenance => Exit::Done,
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } | Outcome::GateClosed { .. } => {
            Exit::NotUpgraded
        }
    };
    exit.into()
}

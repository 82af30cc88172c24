//! A run that is taken over from a conducting which fell silent, and whose last call arrives late.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out, carry_out_on};
use crate::plans::{entering, first_gate, leaving, plan};
use crate::platform::{Fortune, Platform};
use crate::stories::{assert_put_back, stops, stories};

/// A run, and the platform that it is of.
struct Story {
    name: String,
    plan: Plan,
    platform: Platform,
}

/// Upgrades that end well and badly, entering and leaving.
fn told() -> Vec<Story> {
    let some = [
        "all is well",
        "calls fail in passing",
        "the update is rolled back",
        "the backup stack's update is rolled back",
        "the rollback fails and is continued",
        "jobs do not end",
        "the new release is sick and a person goes back",
        "the new release is sick and the policy goes back",
        "AWS makes another change set",
    ];
    let told = stories().into_iter().filter(|story| some.contains(&story.name));
    let mut told: Vec<Story> = told
        .chain(stops().into_iter().step_by(4))
        .map(|story| {
            let (name, plan) = (story.name.to_owned(), story.plan);
            Story { name, plan, platform: Platform::new(story.fate) }
        })
        .collect();
    let story = |name: &str, plan, platform| Story { name: name.to_owned(), plan, platform };
    let entered = carry_out(&entering(), Fortune::default(), Crash::Never).platform;
    told.push(story("entering", entering(), Platform::new(Fortune::default())));
    told.push(story("leaving", at_once(leaving()), entered));
    told
}

/// A plan that waits for no window.
fn at_once(mut plan: Plan) -> Plan {
    plan.announcement.closes_at = None;
    plan
}

/// Everything is taken away, and who leaves puts all of it back.
fn assert_in_maintenance(name: &str, platform: &Platform) {
    assert!(platform.gate_rules.iter().any(|rule| rule.closes), "{name}: the gate is closed");
    assert!(platform.queues.values().all(|(enabled, _)| !enabled), "{name}: queues are disabled");
    assert!(platform.alarms.values().all(|(act, _)| !act), "{name}: alarms are muted");
    assert_eq!(platform.group.max_size, 0, "{name}: the group is at zero");
    let left = Platform { fate: Fortune::default(), ..platform.clone() };
    let Carried { platform, outcome, .. } = carry_out_on(&at_once(leaving()), left, Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance, "{name}");
    assert_put_back(name, &platform);
}

/// How a run is taken over: after how many milliseconds something arrives late, whether that is everything, and after how
/// many records it is taken over once more.
#[derive(Clone, Copy, Debug)]
struct Takeover {
    later: u64,
    everything: bool,
    again: Option<usize>,
}

fn check(story: &Story, crash: Crash, takeover: Takeover, expected: &Outcome) {
    let mut platform = story.platform.clone();
    platform.fate.overtaken = Some(takeover.later);
    (platform.fate.everything_late, platform.fate.crashes_again) = (takeover.everything, takeover.again);
    let name = format!("{}, {crash:?}, {takeover:?}", story.name);
    let Carried { journal, mut platform, outcome } = carry_out_on(&story.plan, platform, crash);
    let kind = |outcome: &Outcome| std::mem::discriminant(outcome);
    assert_eq!(kind(&outcome), kind(expected), "{name}: {outcome:?}");
    // Whatever is still on its way arrives.
    platform.now += 3_600_000;
    platform.let_arrive();
    match outcome {
        Outcome::InMaintenance => assert_in_maintenance(&name, &platform),
        Outcome::GateClosed { .. } => panic!("{name}: {outcome:?}"),
        Outcome::Upgraded
        | Outcome::NotUpgraded { .. }
        | Outcome::WentBack { .. }
        | Outcome::OutOfMaintenance => assert_put_back(&name, &platform),
    }
    for kind in ["BackupStack", "RoleStack", "Primary", "WayBack"] {
        let of_kind = platform.executed.iter().filter(|name| name.contains(kind)).count();
        assert!(of_kind <= 1, "{name}: {:?}", platform.executed);
        let is_upgraded = matches!(outcome, Outcome::Upgraded);
        assert!(!is_upgraded || of_kind == 1 || kind == "WayBack", "{name}: {kind}");
    }
    // What the overtaken one could execute was never executed by the taker.
    let executes = |record: &Record| match record {
        Record::Intended { act: Act::Stack(StackAct::ExecuteChangeSet { change_set_name, .. }), .. } => {
            Some(change_set_name.clone())
        }
        Record::Intended { .. } | Record::Happened(_) => None,
    };
    let is_takeover = |record: &Record| match record {
        Record::Happened(event) => matches!(event.what, What::Resumed { after: Handover::Overtaken { .. } }),
        Record::Intended { .. } => false,
    };
    let taken_over = journal.iter().rposition(is_takeover);
    let by_taker = journal.iter().skip(taken_over.unwrap_or(journal.len())).filter_map(executes);
    for change_set in by_taker {
        assert!(!platform.revoked_names.contains(&change_set), "{name}: {change_set} was executed");
    }
}

/// Before and after every record of an upgrade, of entering and of leaving; of what ends otherwise, every thirteenth. The last
/// act arrives at once, after a minute, and at the last moment; or everything does.
#[test]
fn late_calls_of_an_overtaken_conducting_do_no_harm_that_stays() {
    let told = told();
    let told = &told;
    let half = |half: usize| {
        move || {
            let mut tried = 0;
            for (number, story) in told.iter().enumerate().skip(half).step_by(2) {
                let Carried { journal, outcome, .. } =
                    carry_out_on(&story.plan, story.platform.clone(), Crash::Never);
                let step = if number == 0 || number + 2 >= told.len() { 1 } else { 13 };
                for at in (1..journal.len()).step_by(step) {
                    for crash in [Crash::Before(at), Crash::After(at)] {
                        for (later, everything) in
                            [(0, false), (60_000, false), (299_000, false), (20_000, true), (290_000, true)]
                        {
                            check(story, crash, Takeover { later, everything, again: None }, &outcome);
                            tried += 1;
                        }
                    }
                }
            }
            tried
        }
    };
    let tried: usize = std::thread::scope(|scope| {
        let halves = [0, 1].map(|number| scope.spawn(half(number)));
        halves.into_iter().map(|half| half.join().expect("no harm stays")).sum()
    });
    println!("{tried} of {tried} takeovers with a late call ended as they should");
}

#[test]
fn a_run_that_is_overtaken_twice_makes_everything_anew_twice() {
    let told = told();
    let mut tried = 0;
    for story in told.iter().filter(|story| ["all is well", "entering", "leaving"].contains(&&*story.name)) {
        let Carried { journal, outcome, .. } =
            carry_out_on(&story.plan, story.platform.clone(), Crash::Never);
        for at in (1..journal.len()).step_by(3) {
            for again in [1, 2, 4, 7, 12] {
                let takeover = Takeover { later: 100_000, everything: again == 7, again: Some(again) };
                check(story, Crash::After(at), takeover, &outcome);
                tried += 1;
            }
        }
    }
    println!("{tried} of {tried} second takeovers ended as they should");
}

/// Where the platform's first rule leaves no room, the gate stays, and it is told.
#[test]
fn a_gate_without_room_beside_it_is_kept_and_told() {
    let mut tight = plan();
    first_gate(&mut tight).priority = 2;
    first_gate(&mut tight).admitting_rules[0].priority = 1;
    let fate = || Fortune {
        statuses: &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"],
        overtaken: Some(60_000),
        ..Fortune::default()
    };
    for (name, plan, remarks, rules) in [("tight", tight, 1, 4), ("room", plan(), 0, 6)] {
        let whole = carry_out(&plan, fate(), Crash::Never).journal;
        let at = whole
            .iter()
            .position(|record| {
                matches!(record, Record::Intended { act: Act::Fleet(FleetAct::TerminateJobs { .. }), .. })
            })
            .expect("jobs are ended");
        let Carried { journal, platform, outcome } = carry_out(&plan, fate(), Crash::After(at));
        assert_eq!(outcome, Outcome::Upgraded, "{name}");
        assert_eq!(platform.rules_made, rules, "{name}");
        let report = Report::from_journal(&plan, &journal).expect("whole");
        let told: Vec<&String> =
            report.remarks.iter().filter(|remark| remark.contains("was not made anew")).collect();
        assert_eq!(told.len(), remarks, "{name}: {:?}", report.remarks);
        // Users are told to have been let in when the gate was opened, and not when it was looked at once more.
        let (from, until) = report.gate_closed.expect("it was closed");
        let looked = report.steps.iter().find(|step| step.step == Step::LookOnceMore).expect("it was");
        assert!(until.expect("and opened") <= looked.started_at && from < looked.started_at, "{name}");
        assert!(looked.milliseconds().expect("it ended") >= 200_000, "{name}: nothing arrives any more");
    }
}

/// Entered, and waiting for what may arrive late: whoever stops it there leaves maintenance.
#[test]
fn an_entered_maintenance_that_waits_for_late_calls_can_be_stopped() {
    let fate = || Fortune { overtaken: Some(60_000), ..Fortune::default() };
    let whole = carry_out(&entering(), fate(), Crash::Never).journal;
    let crash = Crash::After(whole.len() - 3);
    for (stop_at, end) in [(None, "InMaintenance"), (Some(Step::LookOnceMore), "NotUpgraded")] {
        let Carried { platform, outcome, journal } =
            carry_out(&entering(), Fortune { stop_at, ..fate() }, crash);
        assert!(format!("{outcome:?}").starts_with(end), "{outcome:?}");
        match stop_at {
            None => assert_in_maintenance(end, &platform),
            Some(_) => assert_put_back(end, &platform),
        }
        let report = Report::from_journal(&entering(), &journal).expect("whole");
        assert!(report.steps.iter().any(|step| step.step == Step::LookOnceMore), "{end}");
    }
}

/// Who leaves without state knows nothing of the run elsewhere, whose calls may arrive for a while: what they take away is
/// put back by what the notes said, and told. Whoever has entered maintenance since then keeps it.
#[test]
fn who_leaves_without_state_looks_once_more_when_nothing_can_arrive_any_more() {
    let Carried { journal, platform: entered, .. } = carry_out(&entering(), Fortune::default(), Crash::Never);
    let mut plan = Plan { left_without_state: true, ..at_once(leaving()) };
    plan.steps.insert(plan.steps.len() - 1, Step::LookOnceMore.usual());
    let is_late = |act: &Act| match act {
        Act::Fleet(FleetAct::SetJobQueueStates { .. } | FleetAct::SetAlarmActions { .. }) => true,
        Act::Fleet(FleetAct::ResizeWorkerGroups { .. } | FleetAct::CloseGate { .. }) => true,
        Act::Fleet(_) | Act::Stack(_) | Act::Platform { .. } => false,
    };
    let acts: Vec<Act> = journal
        .iter()
        .filter_map(|record| match record {
            Record::Intended { act, .. } if is_late(act) => Some(act.clone()),
            Record::Intended { .. } | Record::Happened(_) => None,
        })
        .collect();
    let again = FleetAct::CloseGate {
        listener_arn: "Listener-1".to_owned(),
        gate: first_gate(&mut plan.clone()).clone(),
        run_id: "run-3".to_owned(),
        note: String::new(),
        missing: vec![9],
    };
    for (name, late, remarks, is_open) in [
        ("nothing arrives", Vec::new(), 0, true),
        ("everything arrives", acts.clone(), 4, true),
        ("somebody enters again", vec![again.into()], 1, false),
    ] {
        let mut platform = Platform { fate: Fortune::default(), ..entered.clone() };
        platform.late = late.into_iter().map(|act| (platform.now + 250_000, act)).collect();
        let Carried { journal, platform, outcome } = carry_out_on(&plan, platform, Crash::Never);
        assert_eq!(outcome, Outcome::OutOfMaintenance, "{name}");
        let report = Report::from_journal(&plan, &journal).expect("whole");
        assert_eq!(report.remarks.len(), remarks, "{name}: {:?}", report.remarks);
        assert_eq!(platform.gate_rules.is_empty(), is_open, "{name}");
        if is_open {
            assert_put_back(name, &platform);
        }
    }
}

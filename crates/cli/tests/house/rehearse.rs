//! Upgrades rehearsed: the stage, its forks, what differs between runs.

use std::collections::BTreeMap;

use cli::planning::NewRelease;
use cli::rehearsal::durations::Drawn;
use cli::rehearsal::every_failure::{Cause, Failure, every_failure};
use cli::rehearsal::pictures::in_a_line;
use cli::rehearsal::summary::End;
use cli::rehearsal::{Came, Rehearsal, Variation, virtual_time};
use cli::snapshot::Snapshot;
use conductor::Ended;
use template::Template;
use upgrade::{Outcome, UpdateKind};

use crate::common::{Releases, code_ocean, sample};
use crate::full::everything;
use crate::linked::snapshot_with_linked_stacks;

fn stand_linked(releases: &Releases) -> Rehearsal {
    let to = NewRelease::of("to.yaml", releases.to.clone(), None).expect("a template");
    let snapshot = snapshot_with_linked_stacks(releases);
    let preparing = Rehearsal::prepare(&snapshot, to, &releases.parameters);
    virtual_time().expect("a runtime").block_on(preparing).unwrap_or_else(|error| panic!("{error}"))
}

fn stand(releases: &Releases) -> Rehearsal {
    let text = String::from_utf8(releases.from.clone()).expect("a template is text");
    let template = Template::parse("from.yaml", text.as_bytes()).expect("a template");
    let snapshot = Snapshot::of_template("platform", &text, &template, &releases.parameters);
    let to = NewRelease::of("to.yaml", releases.to.clone(), None).expect("a template");
    let runtime = virtual_time().expect("a runtime");
    runtime
        .block_on(Rehearsal::prepare(&snapshot, to, &releases.parameters))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn upgraded(came: &Came) -> bool {
    came.ended == Ended::Run(Outcome::Upgraded)
}

#[test]
fn a_run_on_a_fork_leaves_the_stage_as_it_was() {
    let rehearsal = stand(&sample());
    let one = rehearsal.run(&Variation::default()).expect("a run");
    assert!(upgraded(&one), "{:?}", one.ended);
    let other = rehearsal.run(&Variation::default()).expect("a run");
    assert_eq!(format!("{:?}", one.records), format!("{:?}", other.records));
}

#[test]
fn drawn_times_make_runs_differ_and_the_same_seed_the_same_journal() {
    let Some(releases) = code_ocean() else { return };
    let rehearsal = stand(&releases);
    let run = |seed| {
        let drawn = Drawn { histories: Vec::new().into(), seed };
        rehearsal.run(&Variation::drawn(drawn)).expect("a run")
    };
    let (one, again, other) = (run(1), run(1), run(2));
    assert!(upgraded(&one) && upgraded(&other), "{:?} {:?}", one.ended, other.ended);
    assert_eq!(format!("{:?}", one.records), format!("{:?}", again.records));
    assert_ne!(one.ended_at, other.ended_at);
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &one.calls {
        *calls.entry(call).or_default() += 1;
    }
    let mut calls: Vec<(&str, usize)> = calls.into_iter().collect();
    calls.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!(
        "{} calls and {} records in {} virtual s: {:?}",
        one.calls.len(),
        one.records.len(),
        one.ended_at.milliseconds_since(one.began_at) / 1000,
        calls.iter().take(30).collect::<Vec<_>>()
    );
}

/// Resting until something may have changed changes nothing of what is written down.
#[test]
fn what_is_not_looked_at_is_not_missed() {
    for releases in [Some(sample()), code_ocean()].into_iter().flatten() {
        let rehearsal = stand(&releases);
        for seed in 0..if everything() { 20 } else { 2 } {
            let drawn = Drawn { histories: Vec::new().into(), seed };
            let run = |looks_always| {
                // Whoever looks always makes other calls, of which others would be throttled.
                let pace = Some(std::sync::Arc::new(drawn.clone()) as std::sync::Arc<dyn localcloud::Pace>);
                rehearsal.run(&Variation { pace, looks_always, ..Variation::default() }).expect("a run")
            };
            let (rested, looked) = (run(false), run(true));
            println!("seed {seed}: {} calls instead of {}", rested.calls.len(), looked.calls.len());
            assert!(rested.calls.len() < looked.calls.len());
            assert_eq!(rested.ended_at, looked.ended_at);
            for (place, (rested, looked)) in rested.records.iter().zip(&looked.records).enumerate() {
                assert_eq!(format!("{rested:?}"), format!("{looked:?}"), "record {place}");
            }
            assert_eq!(rested.records.len(), looked.records.len());
        }
    }
}

/// Wherever a run is forked, it goes on as it would have: the same records at the same times, the same calls.
#[test]
fn a_fork_of_a_beginning_is_the_run_itself() {
    for releases in [Some(sample()), code_ocean()].into_iter().flatten() {
        let rehearsal = stand_linked(&releases);
        let whole = rehearsal.run(&Variation::default()).expect("a run");
        let beginnings = rehearsal.beginnings(&whole).expect("they are kept");
        assert!(beginnings.len() >= 8, "{}", beginnings.len());
        for (place, beginning) in beginnings.iter().enumerate() {
            let forked = rehearsal.run_from(Some(beginning), &Variation::default()).expect("a run");
            let told = |came: &Came| {
                let records: Vec<String> = came.records.iter().map(|one| format!("{one:?}")).collect();
                (records, came.calls.clone(), came.requests.clone(), came.began_at, came.ended_at)
            };
            assert_eq!(
                told(&forked),
                told(&whole),
                "beginning {place}, of {} records",
                beginning.records.len()
            );
        }
    }
}

/// In another account and Region too: what is ordered to fail there fails there.
#[test]
fn linked_stacks_fail_in_their_own_clouds() {
    let rehearsal = stand_linked(&sample());
    let failures = every_failure(&rehearsal, 1, &|_, _| true).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(failures.unmet, Vec::<String>::new());
    let linked = |kind| {
        let of = |one: &&Failure| matches!(&one.cause, Cause::Resource { update, .. } if *update == kind);
        failures.outcomes.iter().filter(of).collect::<Vec<_>>()
    };
    for kind in [UpdateKind::BackupStack, UpdateKind::RoleStack] {
        let outcomes = linked(kind);
        assert!(!outcomes.is_empty(), "{kind:?}");
        for one in outcomes {
            assert!(
                matches!(one.end, End::RolledBack | End::Held),
                "{}: {:?} {}",
                one.title,
                one.end,
                one.reason
            );
            // Users are at work while linked stacks are updated.
            assert_eq!(one.downtime, None, "{}", one.title);
        }
    }
    let broken = failures.outcomes.iter().filter(|one| one.end == End::Broken);
    let broken: Vec<String> = broken.map(|one| format!("{}: {}", one.title, one.reason)).collect();
    assert_eq!(broken, Vec::<String>::new());
    println!("{}", in_a_line(&failures));
}

#[test]
fn everything_that_can_fail_is_tried_and_nothing_breaks() {
    let rehearsal = stand(&sample());
    let most = if everything() { usize::MAX } else { 3 };
    let failures = every_failure(&rehearsal, most, &|_, _| true).unwrap_or_else(|error| panic!("{error}"));
    println!("{}: {:?}", in_a_line(&failures), failures.ends);
    assert_eq!(failures.unmet, Vec::<String>::new());
    let broken: Vec<String> = failures
        .outcomes
        .iter()
        .filter(|one| one.end == End::Broken)
        .map(|one| format!("{}: {}", one.title, one.reason))
        .collect();
    assert_eq!(broken, Vec::<String>::new());
    for one in &failures.outcomes {
        match &one.cause {
            // Somebody has to come, and there is a way out that leaves an updatable stack.
            Cause::Resource { rollback_too: true, .. } if one.end == End::Held => {
                let best = one.ways_out.first().unwrap_or_else(|| panic!("{}: no way out", one.title));
                assert!(best.leaves_updatable() && best.end.is_well(), "{}: {:?}", one.title, one.ways_out);
            }
            Cause::Resource { .. } => assert!(one.end.is_well(), "{}: {}", one.title, one.reason),
            Cause::Death(_) => assert_eq!(one.end, End::Finished, "{}: {}", one.title, one.reason),
            // On the way out whoever says stop is asked what is to follow.
            Cause::Stop { .. } | Cause::Call { .. } | Cause::Platform { .. } => {}
        }
    }
}

//! What a run adds to the stack update itself where nothing is to be drained, and how soon it notices the end. Beside it,
//! on a like cloud, the same change set is made, executed and followed without anything else, five looks a second.
//!
//! `sample` is the repository's own platform in virtual time, over several seeds: exact, but for the processor's time.
//! `without queues` is the same without Batch, whose queues take their own time to be disabled and enabled. `small`
//! changes one tag of that and runs in real time.
//!
//! `cargo bench --package cli --bench added_time`

#[path = "../tests/house/common.rs"]
#[expect(dead_code, reason = "the tests share more than this needs")]
mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use aws::NewStack;
use cli::demo_settings;
use cli::rehearsal::calls::CallLog;
use cli::site::Site;
use common::{Rehearsal, Releases, local_cloud, sample, virtual_time};
use conductor::{Clock, Cloud as _};
use localcloud::Config;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{
    Act, Observation, Outcome, Plan, Query, Record, Report, StackAct, StackQuery, StackUpdate, Step,
    Timestamp, UpdateKind, What,
};

const SEEDS: u64 = 15;
const REAL_RUNS: u64 = 3;

fn main() {
    // `cargo test --benches` only wants to know that it builds and runs.
    let whole = std::env::args().any(|argument| argument == "--bench");
    println!(
        "medians{:>21} {:>10} {:>10} {:>10} {:>16}",
        "update", "run", "added", "noticed", "looks a second"
    );
    let seeds = if whole { SEEDS } else { 1 };
    measure("sample, virtual time", &sample(), seeds, false);
    if whole {
        measure("without queues", &without_queues(), seeds, false);
        measure("small, real time", &small(), REAL_RUNS, true);
    }
}

/// The sample without its Batch queues, whose disabling and enabling takes Batch its own time, with jobs or without.
fn without_queues() -> Releases {
    let without = |template: &[u8]| {
        let mut kept = Vec::new();
        let mut dropping = false;
        for line in std::str::from_utf8(template).expect("text").lines() {
            if line.starts_with("  ") && !line.starts_with("   ") {
                dropping = line.ends_with("Queue:");
            }
            if !dropping {
                kept.push(line);
            }
        }
        kept.join("\n").into_bytes()
    };
    let releases = sample();
    Releases { from: without(&releases.from), to: without(&releases.to), ..releases }
}

/// The same, and a release that changes a tag.
fn small() -> Releases {
    let mut releases = without_queues();
    let to = String::from_utf8(releases.from.clone()).expect("text");
    let to = to
        .replace("Version: 1.0.0", "Version: 1.0.1")
        .replace("${AWS::StackName}-vpc", "${AWS::StackName}-net");
    releases.to = to.into_bytes();
    releases
}

/// One run, and the update alone beside it, in milliseconds.
struct Measured {
    update: f64,
    run: f64,
    noticed: f64,
    looks_a_second: f64,
    /// The run's steps that took time.
    steps: Vec<(&'static str, u64)>,
}

fn measure(name: &str, releases: &Releases, runs: u64, real: bool) {
    let measured: Vec<Measured> = (0..runs).map(|seed| once(releases, seed + 1, real)).collect();
    let of = |value: fn(&Measured) -> f64| median(measured.iter().map(value).collect());
    println!(
        "{name:<22} {:>5.1} s {:>8.1} s {:>8.2} s {:>8.2} s {:>16.2}",
        of(|one| one.update) / 1000.0,
        of(|one| one.run) / 1000.0,
        of(|one| one.run - one.update) / 1000.0,
        of(|one| one.noticed) / 1000.0,
        of(|one| one.looks_a_second),
    );
    let steps = measured.iter().flat_map(|one| &one.steps).take(measured[0].steps.len());
    let steps: Vec<String> =
        steps.map(|(step, milliseconds)| format!("{step} {:.1}", *milliseconds as f64 / 1000.0)).collect();
    println!("  of which, seed 1: {}", steps.join(", "));
}

fn once(releases: &Releases, seed: u64, real: bool) -> Measured {
    let update = virtual_time().block_on(async {
        let (rehearsal, _, site, plan) = idle(releases, seed, real).await;
        update_alone(&rehearsal, &site, plan.primary().expect("an update")).await
    });
    virtual_time().block_on(async {
        let (rehearsal, log, site, plan) = idle(releases, seed, real).await;
        log.begin(None);
        let began = rehearsal.clock.now();
        let (outcome, records) = rehearsal.upgrade(&site, &plan).await;
        assert_eq!(outcome, Outcome::Upgraded);
        let run = rehearsal.clock.now().milliseconds_since(began);
        let looks = log.calls().iter().filter(|call| call.ends_with(":DescribeStackEvents")).count();
        let (noticed, followed) = noticed(&records);
        let report = Report::from_journal(&plan, &records).expect("the journal fits its plan");
        let steps = report.steps.iter().filter_map(|step| Some((step.step.title(), step.milliseconds()?)));
        Measured {
            update,
            run: run as f64,
            noticed,
            looks_a_second: looks as f64 / (followed / 1000.0),
            steps: steps.filter(|(_, milliseconds)| *milliseconds > 0).collect(),
        }
    })
}

/// The platform with nobody and nothing at work, and its plan; from here on in real time where it is wanted.
async fn idle(releases: &Releases, seed: u64, real: bool) -> (Rehearsal, CallLog, Site, Plan) {
    let clock = Clock::starting_at(Timestamp(common::BEGINNING));
    let local = local_cloud(Config { seed, ..Config::default() });
    let log = CallLog::default();
    let cloud = log.sdk(&local, clock);
    let rehearsal = Rehearsal { local, cloud, clock };
    let cloud = &rehearsal.cloud;
    let template_url = cloud
        .upload_template("slackwater-demo-templates", "from.yaml", &releases.from)
        .await
        .expect("uploaded");
    let stack = NewStack {
        stack_name: "platform",
        template_url: &template_url,
        parameters: &BTreeMap::new(),
        capabilities: &["CAPABILITY_NAMED_IAM".to_owned()],
    };
    let stack_id = cloud.create_stack(&stack).await.expect("begun");
    cloud.wait_until_created(&stack_id, &clock).await.expect("created");
    let mut settings = demo_settings("platform").expect("the demo's settings are sound");
    settings.health.quiet_seconds = 0;
    let site = rehearsal.site(settings);
    let plan = rehearsal.plan(&site, &releases.to).await;
    if real {
        tokio::time::resume();
    }
    (rehearsal, log, site, plan)
}

/// The change set made, executed and followed to its end, and nothing else.
async fn update_alone(rehearsal: &Rehearsal, site: &Site, update: &StackUpdate) -> f64 {
    let (cloud, clock) = (&site.ports, rehearsal.clock);
    let began = clock.now();
    let pause = || clock.sleep(Duration::from_millis(200));
    let (kind, stack_id) = (UpdateKind::Primary, update.stack_id.clone());
    let name = update.proposal.change_set_name.clone();
    let create = StackAct::CreateChangeSet {
        update: kind,
        stack_id: stack_id.clone(),
        proposal: update.proposal.clone(),
    };
    cloud.act(&create.into()).await.expect("begun");
    let query = StackQuery::ChangeSet { update: kind, stack_id: stack_id.clone(), name: name.clone() };
    loop {
        match cloud.observe(&Query::Stack(query.clone())).await.expect("seen") {
            Observation::ChangeSet(Some(seen)) if seen.execution_status == "AVAILABLE" => break,
            _ => pause().await,
        }
    }
    let token = "alone".to_owned();
    let execute = StackAct::ExecuteChangeSet {
        update: kind,
        stack_id: stack_id.clone(),
        change_set_name: name,
        client_request_token: token.clone(),
    };
    cloud.act(&execute.into()).await.expect("begun");
    loop {
        let (status, _) = rehearsal.cloud.stack_status("platform").await.expect("seen").expect("there");
        match status.as_str() {
            "UPDATE_COMPLETE" => return clock.now().milliseconds_since(began) as f64,
            status => assert!(status.ends_with("_IN_PROGRESS"), "{status}"),
        }
        pause().await;
    }
}

/// Milliseconds between UPDATE_COMPLETE and the look that showed it, and how long the update was followed.
fn noticed(records: &[Record]) -> (f64, f64) {
    let mut began = None;
    for record in records {
        if let Record::Intended { at, act: Act::Stack(StackAct::ExecuteChangeSet { .. }) } = record {
            began = Some(*at);
        }
        let Record::Happened(event) = record else { continue };
        let What::Observed(Observation::StackEvents { events, .. }) = &event.what else { continue };
        let end = events.iter().find(|one| one.is_of_stack("platform") && one.status == "UPDATE_COMPLETE");
        if let (Some(end), Some(began)) = (end, began) {
            let ended = OffsetDateTime::parse(&end.timestamp, &Rfc3339).expect("AWS's own time");
            let ended = Timestamp((ended.unix_timestamp_nanos() / 1_000_000) as u64);
            return (event.at.milliseconds_since(ended) as f64, event.at.milliseconds_since(began) as f64);
        }
    }
    panic!("the run has no UPDATE_COMPLETE, {:?}", Step::FollowUpdate(UpdateKind::Primary));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

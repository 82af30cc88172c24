//! Everything that can fail does, one thing at a time: each resource of the update, each call of the run in each way. Every
//! run ends, names the cause, and leaves the platform as it says.

use std::collections::BTreeMap;

use conductor::{Ended, Reply, Watcher};
use serde_json::json;
use upgrade::{Answer, Fate, Outcome, Plan, Question, Record, Report, State, UpdateKind, Users};

use crate::common::{Silent, virtual_time};
use crate::full::{Full, Wishes, everything, freshly, journal, records};
use crate::material::Vendor;
use crate::outside::Standing;
use crate::stub_platform::{Fault, Mishap};

/// How many calls of a run are tried with each failure when not all are.
const SAMPLED: usize = 3;

/// What one call of the cloud meets, and whether looking again helps.
const ANSWERS: [(&str, bool); 6] = [
    ("throttled", true),
    ("server_error", true),
    ("drop_connection", true),
    ("lose_response", true),
    ("expired_credentials", true),
    ("access_denied", false),
];

/// The same of the platform.
const MISHAPS: [(Mishap, bool); 6] = [
    (Mishap::Throttled, true),
    (Mishap::ServerError, true),
    (Mishap::Silence, true),
    (Mishap::LostResponse, true),
    (Mishap::ExpiredToken, false),
    (Mishap::Denied, false),
];

/// A run without failures: what it calls.
/// How it stood, its calls, how many records, what becomes of each resource.
type Whole = (Standing, Vec<String>, usize, Vec<(String, Fate)>);

fn whole(vendor: Vendor) -> Option<Whole> {
    virtual_time().block_on(async {
        let fresh = freshly(vendor).await?;
        let full = Full::stand(vendor, 1, Wishes::default()).await?;
        let plan = full.plan().await;
        full.calls.begin(None);
        full.platform.begin(Vec::new());
        let journal = journal();
        full.start(&plan, &journal, &mut Silent).await.expect("it goes on to its end");
        let expected = plan.primary().map(|update| update.expected.clone()).unwrap_or_default();
        let resources = expected.into_iter().map(|one| (one.logical_id, one.expected)).collect();
        Some((fresh, full.calls.calls(), full.platform.requests().len(), resources))
    })
}

#[test]
fn each_call_of_the_cloud_fails_in_each_way() {
    let Some((fresh, calls, _, _)) = whole(Vendor::Sample) else { return };
    let every = if everything() { 1 } else { calls.len().div_ceil(SAMPLED) };
    let halves = [0, 1].map(|half| {
        let (fresh, calls) = (fresh.clone(), calls.clone());
        std::thread::spawn(move || {
            let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
            for (number, (answer, passes)) in ANSWERS.into_iter().enumerate().filter(|(n, _)| n % 2 == half) {
                // Each failure begins elsewhere, so that together they meet more of the calls.
                for at in (number * every / ANSWERS.len()..calls.len()).step_by(every) {
                    let what = format!("call {at}, {}: {answer}", calls[at]);
                    let end = virtual_time().block_on(call_fails(at, answer, passes, &fresh, &what));
                    *ends.entry(end).or_default() += 1;
                }
            }
            ends
        })
    });
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for half in halves {
        for (end, count) in half.join().expect("every run ends as it should") {
            *ends.entry(end).or_default() += count;
        }
    }
    let tried: usize = ends.values().sum();
    println!(
        "{tried} of {} failing calls of the cloud tried, each run ended as it says: {ends:?}",
        calls.len() * ANSWERS.len()
    );
}

async fn call_fails(
    at: usize,
    answer: &'static str,
    passes: bool,
    fresh: &Standing,
    what: &str,
) -> &'static str {
    let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
    let plan = full.plan().await;
    full.calls.begin(Some((at, answer)));
    full.platform.begin(Vec::new());
    ends(&full, &plan, passes, fresh, what).await
}

#[test]
fn each_request_to_the_platform_fails_in_each_way() {
    let Some((fresh, _, requests, _)) = whole(Vendor::Sample) else { return };
    let every = if everything() { 1 } else { requests.div_ceil(SAMPLED) };
    let mut tried = 0;
    for (number, (mishap, passes)) in MISHAPS.into_iter().enumerate() {
        for at in (number * every / MISHAPS.len()..requests).step_by(every) {
            let what = format!("platform request {at}: {mishap:?}");
            virtual_time().block_on(async {
                let full =
                    Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
                let plan = full.plan().await;
                full.platform.begin(vec![Fault { at, mishap }]);
                ends(&full, &plan, passes, &fresh, &what).await
            });
            tried += 1;
        }
    }
    println!(
        "{tried} of {} failing requests to the platform tried, each run ended as it says",
        requests * MISHAPS.len()
    );
}

/// The run ends; how.
async fn ends(full: &Full, plan: &Plan, passes: bool, fresh: &Standing, what: &str) -> &'static str {
    let journal = journal();
    let (ended, looks) = full.watched(30, full.start(plan, &journal, &mut Silent)).await;
    let outcome = match ended.unwrap_or_else(|error| panic!("{what}: {error}")) {
        Ended::Run(outcome) => outcome,
        Ended::NeedsAnswer(question, _) => panic!("{what}: {question:?}"),
    };
    let records = records(&journal, &plan.run_id);
    full.calls.begin(None);
    full.platform.begin(Vec::new());
    let report = full.assert_end(plan, &records, &looks, fresh, what).await;
    if passes {
        assert_eq!(outcome, Outcome::Upgraded, "{what}");
    }
    match &outcome {
        Outcome::Upgraded => "upgraded",
        Outcome::NotUpgraded { reason } => {
            assert!(names_the_cause(reason), "{what}: {reason}");
            "put back"
        }
        Outcome::GateClosed { reason } => {
            assert!(names_the_cause(reason), "{what}: {reason}");
            "gate closed, and said"
        }
        other @ (Outcome::WentBack { .. } | Outcome::InMaintenance | Outcome::OutOfMaintenance) => {
            panic!("{what}: {other:?}, {report:?}")
        }
    }
}

fn names_the_cause(reason: &str) -> bool {
    ["xpired", "not authorized", "AccessDenied", "UnauthorizedOperation", "may not"]
        .iter()
        .any(|words| reason.contains(words))
}

/// Answers a failed rollback by passing over what is stuck.
struct Skips {
    asked: usize,
}

impl Watcher for Skips {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, _state: &State) {}

    fn asked(&mut self, _plan: &Plan, question: &Question, _users: Option<&Users>) -> Reply {
        self.asked += 1;
        match question {
            Question::RollbackFailed { resources, .. } => Reply::Answer {
                answer: Answer::ContinueRollback {
                    skip: resources.iter().map(|stuck| stuck.logical_id.clone()).collect(),
                },
                by: "grace".to_owned(),
            },
            Question::Unhealthy { .. }
            | Question::Unseen { .. }
            | Question::NoCredentials { .. }
            | Question::Leaving { .. }
            | Question::GateGone { .. }
            | Question::WindowPassed { .. } => Reply::Leave,
        }
    }
}

#[test]
fn each_resource_of_the_update_fails_and_in_the_rollback_too() {
    let Some((_, _, _, resources)) = whole(Vendor::Sample) else { return };
    each_resource(Vendor::Sample, &resources, usize::MAX);
}

#[test]
fn resources_of_the_code_ocean_update_fail() {
    let Some((_, _, _, resources)) = whole(Vendor::CodeOcean) else { return };
    each_resource(Vendor::CodeOcean, &resources, if everything() { usize::MAX } else { 1 });
}

fn each_resource(vendor: Vendor, resources: &[(String, Fate)], most: usize) {
    let phase = |fate: Fate| match fate {
        Fate::Added => Some("create"),
        Fate::Replaced | Fate::UpdatedInPlace | Fate::InstancesReplaced => Some("update"),
        // What is removed is removed in the clean-up, which fails no update; the rest may not change at all.
        Fate::Removed | Fate::MayBeReplaced | Fate::MayBeUpdated | Fate::Unchanged | Fate::Fails => None,
    };
    let failing: Vec<(&String, &str)> =
        resources.iter().filter_map(|(id, fate)| Some((id, phase(*fate)?))).collect();
    let every = failing.len().div_ceil(most).max(1);
    let (mut tried, mut skipped) = (0, 0);
    for (logical_id, phase) in failing.iter().step_by(every) {
        for in_rollback in [false, true] {
            let what = format!("{vendor:?}: {logical_id} fails, in the rollback too: {in_rollback}");
            let asked =
                virtual_time().block_on(resource_fails(vendor, logical_id, phase, in_rollback, &what));
            tried += 1;
            skipped += usize::from(asked > 0);
        }
    }
    println!(
        "{vendor:?}: {tried} of {} failing resources tried, each rolled back, named, everything put back; {skipped} after a failed \
         rollback was led on",
        failing.len() * 2
    );
    assert!(tried > 0);
}

async fn resource_fails(
    vendor: Vendor,
    logical_id: &str,
    phase: &str,
    in_rollback: bool,
    what: &str,
) -> usize {
    let full = Full::stand(vendor, 1, Wishes::default()).await.expect("it stood before");
    let plan = full.plan().await;
    let failing = |phase: &str| json!({"stack": "platform", "logical_id": logical_id, "phase": phase, "reason": "so it was told"});
    let mut resources = vec![failing(phase)];
    if in_rollback {
        resources.push(failing("rollback"));
    }
    full.set_faults(&json!({ "resources": resources }));
    let journal = journal();
    let mut watcher = Skips { asked: 0 };
    let (ended, looks) = full.watched(30, full.start(&plan, &journal, &mut watcher)).await;
    let records = records(&journal, &plan.run_id);
    let report = Report::from_journal(&plan, &records).expect("the journal fits its plan");
    match ended.unwrap_or_else(|error| panic!("{what}: {error}")) {
        Ended::Run(Outcome::NotUpgraded { reason }) => {
            assert!(reason.contains(logical_id) && reason.contains("so it was told"), "{what}: {reason}");
        }
        other => panic!("{what}: {other:?}, {:?}", report.remarks),
    }
    crate::outside::check_gate(&looks, what);
    if watcher.asked == 0 {
        full.assert_put_back(what).await;
    } else {
        // What was passed over is whatever it is; the gate is open, and the rest of ours is gone.
        let after = full.outside().standing().await;
        assert_eq!(after.left, Vec::<String>::new(), "{what}");
        assert!(
            report.remarks.iter().any(|remark| remark.contains(logical_id)),
            "{what}: {:?}",
            report.remarks
        );
    }
    assert!(plan.update(UpdateKind::Primary).is_some());
    watcher.asked
}

/// The log is what the failures are ordered by: it has every call of a run, whatever the service.
#[test]
fn the_calls_of_a_run_are_known() {
    let Some((_, calls, requests, _)) = whole(Vendor::Sample) else { return };
    for wanted in
        ["elasticloadbalancing", "batch", "autoscaling", "cloudformation", "ec2", "rds", "monitoring"]
    {
        assert!(calls.iter().any(|call| call.starts_with(wanted)), "{wanted}: {calls:?}");
    }
    assert!(requests > 20, "{requests}");
    println!("a run of the sample makes {} calls of the cloud and {requests} of the platform", calls.len());
}

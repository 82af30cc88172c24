//! Several machines carry one deployment's run on, in virtual time, while everything that lies between them goes wrong: they
//! stand still between record and call and between the calls of one act, calls arrive up to five minutes late, answers are lost,
//! clocks differ by minutes. Whatever happens: no call is sent past its sender's limit, no record that somebody believes written
//! is lost, and when everything has arrived that was sent, the deployment is where the run says it is.
//!
//! The suite runs a few seeds; `SLACKWATER_SEEDS=10000` runs so many, `SLACKWATER_SEED=17` one of them, and prints what happened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use aws::AwsClouds;
use cli::ports::Ports;
use cli::site::Site;
use conductor::{
    Clock, ConductError, Conductor, Ended, Holder, JournalError, JournalStore, ObjectJournal, Reply, Watcher,
    read_run,
};
use upgrade::{Answer, Outcome, Plan, Question, Record, RunKind, State, Timestamp, Users};

use crate::common::{approved, virtual_time};
use crate::full::{BUCKET, Full, Wishes, freshly};
use crate::material::Vendor;
use crate::outside::{Standing, Way};

pub use cli::simulation::net::Lines;

use cli::simulation::chance::Chance;
use cli::simulation::machine::{Machine, everyone};
use cli::simulation::net::{Net, Place, Trouble};

/// Seeds of the suite.
const SAMPLED: u64 = 12;

/// Nobody gives up before.
const PATIENCE: Duration = Duration::from_secs(60 * 60 * 24);

/// A folder of the bucket.
const PREFIX: &str = "slackwater-state/";

/// What a world came to.
struct Came {
    records: String,
    hits: BTreeMap<(Place, String), usize>,
    late: BTreeMap<String, usize>,
    takeovers: Vec<(u64, bool)>,
    outcome: String,
    seconds: u64,
    state_requests: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Enable,
    Disable,
    Upgrade,
}

#[test]
fn whatever_happens_between_machines_the_deployment_is_where_the_run_says() {
    let Some(fresh) = virtual_time().block_on(freshly(Vendor::Sample)) else { return };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("SLACKWATER_SEED") {
        let came = simulate(seed, &fresh);
        println!("seed {seed}: {} after {} virtual s, {:?}", came.outcome, came.seconds, came.hits);
        return;
    }
    let seeds = number("SLACKWATER_SEEDS").unwrap_or(SAMPLED);
    // Two cores; each world has a runtime of its own.
    let halves = [0, 1].map(|half| {
        let fresh = fresh.clone();
        std::thread::Builder::new()
            .stack_size(16 << 20)
            .spawn(move || {
                let mut all = Vec::new();
                let mut broken = Vec::new();
                for seed in (0..seeds).filter(|seed| seed % 2 == half) {
                    let world = std::panic::AssertUnwindSafe(|| simulate(seed, &fresh));
                    match std::panic::catch_unwind(world) {
                        Ok(came) => all.push(came),
                        Err(why) => {
                            let words = why
                                .downcast_ref::<String>()
                                .cloned()
                                .or_else(|| why.downcast_ref::<&str>().map(|words| (*words).to_owned()));
                            broken.push((seed, words.unwrap_or_default()));
                        }
                    }
                    if seed / 2 % 250 == 249 {
                        println!("… seed {seed}, {} broken so far", broken.len());
                    }
                }
                (all, broken)
            })
            .expect("a thread")
    });
    let mut all = Vec::new();
    let mut broken = Vec::new();
    for half in halves {
        let (came, not) = half.join().expect("it tells what broke");
        all.extend(came);
        broken.extend(not);
    }
    print(&all, seeds);
    for (seed, words) in broken.iter().take(20) {
        println!("BROKEN: seed {seed}: {words}");
    }
    assert!(broken.is_empty(), "{} of {seeds} seeds are broken", broken.len());
}

#[test]
fn a_seed_reproduces_a_world_to_the_byte() {
    let Some(fresh) = virtual_time().block_on(freshly(Vendor::Sample)) else { return };
    for seed in [3, 4] {
        let (one, other) = (simulate(seed, &fresh), simulate(seed, &fresh));
        assert_eq!(one.records, other.records, "seed {seed}");
        assert_eq!(one.hits, other.hits, "seed {seed}");
    }
}

fn print(all: &[Came], seeds: u64) {
    let mut hits: BTreeMap<(Place, String), usize> = BTreeMap::new();
    let mut late: BTreeMap<String, usize> = BTreeMap::new();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut undisturbed, mut takeovers, mut longest) = (0, 0, 0);
    for came in all {
        for (where_, times) in &came.hits {
            *hits.entry(where_.clone()).or_default() += times;
        }
        for (operation, times) in &came.late {
            *late.entry(operation.clone()).or_default() += times;
        }
        for (kind, times) in &came.state_requests {
            *requests.entry(kind).or_default() += times;
        }
        *outcomes.entry(came.outcome.clone()).or_default() += 1;
        takeovers += came.takeovers.len();
        for (took, counts) in &came.takeovers {
            if *counts {
                undisturbed += 1;
                longest = longest.max(*took);
            }
        }
    }
    println!("{} of {seeds} seeds came to their right end: {outcomes:?}", all.len());
    println!(
        "{takeovers} takeovers; {undisturbed} by machines that tried from the start and were not disturbed, the slowest \
         within {:.1} s of the last sign of life",
        longest as f64 / 1000.0
    );
    let virtual_hours = all.iter().map(|came| came.seconds).sum::<u64>() as f64 / 3600.0;
    println!("requests to the state in {virtual_hours:.0} virtual hours: {requests:?}");
    println!("went wrong, by place and call:");
    for ((place, operation), times) in &hits {
        println!("  {place:?} {operation}: {times}");
    }
    println!("arrived after a takeover, by call: {late:?}");
}

/// Its answers are given at once: what is tried on is waited for.
struct Person {
    recorded: Rc<RefCell<Vec<Record>>>,
}

impl Watcher for Person {
    fn recorded(&mut self, _plan: &Plan, record: &Record, _state: &State) {
        self.recorded.borrow_mut().push(record.clone());
    }

    fn asked(&mut self, _plan: &Plan, question: &Question, _users: Option<&Users>) -> Reply {
        let answers = [Answer::LookAgain, Answer::CloseAgain, Answer::GoOn, Answer::Open];
        match answers.into_iter().find(|answer| question.takes(answer)) {
            Some(answer) => Reply::Answer { answer, by: "ada".to_owned() },
            None => Reply::Leave,
        }
    }
}

fn simulate(seed: u64, fresh: &Standing) -> Came {
    virtual_time().block_on(Box::pin(world(seed, fresh)))
}

async fn world(seed: u64, fresh: &Standing) -> Came {
    let mut chance = Chance::of(seed, 0);
    let kind = match chance.below(10) {
        0 | 1 => Kind::Enable,
        2 | 3 => Kind::Disable,
        _ => Kind::Upgrade,
    };
    let full = Full::stand(Vendor::Sample, 1, Wishes { notice: "0s", ..Wishes::default() })
        .await
        .expect("the repository's own");
    let plan = plan_of(&full, kind).await;
    let stack_id = plan.stack_id.clone();
    let net = Net::new(full.clock, BUCKET, PREFIX);
    net.log().told = std::env::var_os("SLACKWATER_SEED").map(|_| Vec::new());
    let machines = chance.between(2, 5);
    // Few calls meet trouble in some worlds, many in others.
    let trouble_once_in = [12, 25, 50, 100][usize::try_from(chance.below(4)).unwrap_or(0)];
    let started_at = full.clock.now();
    let believed: Vec<Rc<RefCell<Vec<Record>>>> = (0..machines).map(|_| Rc::default()).collect();
    let mut working = Vec::new();
    for number in 0..machines {
        let mut own = Chance::of(seed, number + 1);
        let index = usize::try_from(number).unwrap_or(0);
        // The machine's clock is off by up to three minutes.
        let offset = own.between(0, 360_000);
        let clock = Clock::starting_at(Timestamp(full.clock.now().0 + offset - 180_000));
        let comes_after = if number == 0 { 0 } else { own.between(5, 1_500) };
        let lines = net.lines(index, own, Trouble { once_in: Some(trouble_once_in), answered_once_in: None });
        if number > 0 && number + 1 < machines || number == 0 {
            lines.may_die();
        }
        let recorded = Rc::clone(&believed[index]);
        let machine = Machine::of(
            carry_on(
                &full,
                &net,
                lines.clone(),
                clock,
                (seed, index),
                (&plan, number == 0),
                comes_after,
                recorded,
            ),
            lines.stillness.clone(),
        );
        working.push(machine);
    }
    let all = everyone(working);
    let what = format!("seed {seed}, {kind:?}, {machines} machines, trouble once in {trouble_once_in}");
    assert!(
        tokio::time::timeout(PATIENCE, all).await.is_ok(),
        "{what}: the run never ends; hits {:?}",
        net.log().hits
    );
    // Everything arrives that was sent.
    net.calm_down();
    full.clock.sleep(Duration::from_secs(600)).await;
    judge(&full, &net, &plan, &stack_id, &believed, fresh, &what, started_at).await
}

async fn plan_of(full: &Full, kind: Kind) -> Plan {
    use cli::planning::prepare_maintenance;
    let nothing = upgrade::Before::default;
    match kind {
        Kind::Upgrade => full.plan().await,
        Kind::Enable => {
            prepare_maintenance(&full.site, RunKind::EnterMaintenance, "run-1", &[], None, nothing())
                .await
                .expect("a plan")
        }
        Kind::Disable => {
            let enabling =
                prepare_maintenance(&full.site, RunKind::EnterMaintenance, "run-0", &[], None, nothing())
                    .await
                    .expect("a plan");
            let journal = crate::full::journal();
            let ended = full.start(&enabling, &journal, &mut crate::common::Silent).await;
            assert_eq!(ended.expect("entered"), Ended::Run(Outcome::InMaintenance));
            prepare_maintenance(&full.site, RunKind::LeaveMaintenance, "run-1", &[], None, nothing())
                .await
                .expect("a plan")
        }
    }
}

/// One machine: begins the run, or comes later, and goes on with it whenever it may, until it has ended.
#[expect(clippy::too_many_arguments, reason = "a machine is made of all of them")]
async fn carry_on(
    full: &Full,
    net: &Net,
    lines: Lines,
    clock: Clock,
    (seed, number): (u64, usize),
    (plan, begins): (&Plan, bool),
    comes_after: u64,
    recorded: Rc<RefCell<Vec<Record>>>,
) {
    clock.sleep(Duration::from_secs(comes_after)).await;
    let cloud = lines.sdk(&full.local, clock);
    let backup = lines.sdk(&full.backup, clock);
    let clouds = AwsClouds { primary: cloud.clone(), backup: Some(backup), role: Some(cloud.clone()) };
    let ports = Ports { clouds, platform: crate::stub_platform::adapter_over(&full.platform, &lines) };
    let site = Site::around(full.site.settings.clone(), Path::new(""), ports, clock).expect("a profile");
    let (mut times, mut has_begun) = (0, false);
    net.log().tries_since.insert(number, full.clock.now());
    loop {
        let Ok(objects) = cloud.state_objects(BUCKET, PREFIX, None).await else {
            clock.sleep(Duration::from_secs(5)).await;
            continue;
        };
        let journal = ObjectJournal::new(objects, format!("s3://{BUCKET}/{PREFIX}"), &plan.stack_id, clock);
        let holder = Holder::named(&format!("seed-{seed}-machine-{number}-{times}"));
        times += 1;
        let mut person = Person { recorded: Rc::clone(&recorded) };
        let conductor = Conductor { cloud: &site.ports, journal: &journal, clock: &clock, holder: &holder };
        lines.conducts(true);
        // Whoever wants the upgrade tries to begin it until it has begun.
        let ended = if begins && !has_begun {
            Box::pin(conductor.start(&approved(plan, &clock), &mut person)).await
        } else {
            Box::pin(conductor.resume(&plan.run_id, &mut person)).await
        };
        lines.conducts(false);
        if std::env::var_os("SLACKWATER_SEED").is_some() {
            println!("{} machine {number}: {ended:?}", full.clock.now().0);
        }
        match ended {
            Ok(Ended::Run(_))
            | Err(ConductError::Ended { .. } | ConductError::Journal(JournalError::Ended { .. })) => return,
            // It had its turn, and somebody else goes on; or it could not be begun.
            Ok(Ended::NeedsAnswer(..)) => {}
            Err(error) => {
                let unbegun = matches!(
                    &error,
                    ConductError::Journal(JournalError::Store { .. } | JournalError::ClaimHeld { .. })
                );
                has_begun = !unbegun || !recorded.borrow().is_empty();
            }
        }
        clock.sleep(Duration::from_secs(3)).await;
    }
}

#[expect(clippy::too_many_arguments, reason = "it looks at everything")]
async fn judge(
    full: &Full,
    net: &Net,
    plan: &Plan,
    stack_id: &str,
    believed: &[Rc<RefCell<Vec<Record>>>],
    fresh: &Standing,
    what: &str,
    started_at: Timestamp,
) -> Came {
    let lines = net.lines(99, Chance::of(0, 99), Trouble::NONE);
    let objects =
        lines.sdk(&full.local, full.clock).state_objects(BUCKET, PREFIX, None).await.expect("there");
    let journal = ObjectJournal::new(objects, String::new(), stack_id, full.clock);
    let (_, records, state) =
        read_run(&journal, &plan.run_id).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    if std::env::var_os("SLACKWATER_SEED").is_some() {
        for line in net.log().told.iter().flatten() {
            println!("{line}");
        }
    }
    let outcome = state.outcome.unwrap_or_else(|| panic!("{what}: it has not ended"));
    for (machine, believed) in believed.iter().enumerate() {
        let mut rest = records.iter();
        for record in believed.borrow().iter() {
            assert!(
                rest.any(|written| written == record),
                "{what}: machine {machine} believes written what is not: {record:?}"
            );
        }
    }
    let runs = journal.runs().await.expect("readable");
    assert!(runs.iter().all(|run| run.ended), "{what}: {runs:?}");
    {
        let log = net.log();
        assert_eq!(log.past_the_limit, Vec::<String>::new(), "{what}");
        for (took, counts) in &log.takeovers {
            assert!(!counts || *took <= 90_000, "{what}: a takeover took {took} ms");
        }
    }
    assert_eq!(full.platform.wrongs(), Vec::<String>::new(), "{what}");
    match &outcome {
        Outcome::Upgraded => full.assert_upgraded(fresh, what).await,
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } | Outcome::OutOfMaintenance => {
            full.assert_put_back(what).await;
        }
        Outcome::InMaintenance => assert_calm(full, what).await,
        Outcome::GateClosed { reason } => panic!("{what}: it gave up: {reason}"),
    }
    let kind = match &outcome {
        Outcome::NotUpgraded { .. } => "NotUpgraded".to_owned(),
        Outcome::WentBack { .. } => "WentBack".to_owned(),
        other => format!("{other:?}"),
    };
    let log = net.log();
    Came {
        records: serde_json::to_string(&records).expect("plain data"),
        hits: log.hits.clone(),
        late: log.late_after_takeover.clone(),
        takeovers: log.takeovers.clone(),
        outcome: format!("{:?} {kind}", plan.kind),
        seconds: full.clock.now().milliseconds_since(started_at) / 1000,
        state_requests: log.state_requests.clone(),
    }
}

/// Maintenance was entered, and nothing of it has come back.
async fn assert_calm(full: &Full, what: &str) {
    let look = full.outside().look(full.clock.now().0).await;
    assert_eq!(look.stranger, Way::MaintenancePage, "{what}: users are kept out");
    let after = full.outside().standing().await;
    assert_eq!(after.groups["WorkerGroup"].sizes, ["0", "0", "0"].map(str::to_owned), "{what}");
    assert!(after.queues.values().all(|(state, _)| state == "DISABLED"), "{what}: {:?}", after.queues);
    assert_eq!(full.platform.at_work(), (0, 0), "{what}");
}

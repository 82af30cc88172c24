//! Keys that expire at each step of an upgrade, for longer than any step may take: the run waits, asks, and goes on by itself when
//! they are renewed. Nothing is given up, on the way in as little as on the way out.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use conductor::{Ended, Reply, Watcher};
use serde_json::json;
use upgrade::{Outcome, Plan, PortErrorKind, Question, Record, Report, State, Step, Timestamp, Users, What};

use crate::common::virtual_time;
use crate::full::{Full, Wishes, everything, freshly, journal, records};
use crate::material::Vendor;

/// For how long the keys are over: for longer than a step may take, but at least for so long that a person is asked; at most for
/// half an hour, or for less where not everything is tried.
const LEAST_MINUTES: u64 = 7;
const MOST_MINUTES: [u64; 2] = [11, 32];

const SERVICES: [&str; 9] = [
    "autoscaling",
    "batch",
    "cloudformation",
    "ec2",
    "elasticloadbalancing",
    "monitoring",
    "rds",
    "s3",
    "sts",
];

/// Lets the keys expire when the run comes to a step.
struct Expires<'a> {
    full: &'a Full,
    step: Step,
    since: &'a Cell<Option<Timestamp>>,
    questions: usize,
}

impl Watcher for Expires<'_> {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, state: &State) {
        if state.step == self.step && state.outcome.is_none() && self.since.get().is_none() {
            self.since.set(Some(self.full.clock.now()));
            set(self.full, true);
        }
    }

    fn asked(&mut self, _plan: &Plan, question: &Question, _users: Option<&Users>) -> Reply {
        match question {
            Question::NoCredentials { error, .. } => {
                assert!(error.contains("xpired"), "{error}");
                self.questions += 1;
            }
            other => panic!("{other:?}"),
        }
        Reply::Wait
    }
}

/// The keys are over, or good again, wherever they are used.
fn set(full: &Full, over: bool) {
    let calls: Vec<_> = SERVICES
        .iter()
        .map(|service| json!({"service": service, "operation": "*", "next": 1_000_000, "answer": "expired_credentials"}))
        .collect();
    let faults = if over { json!({ "calls": calls }) } else { json!({}) };
    let faults = localcloud::Faults::parse(&faults.to_string()).expect("a document of faults");
    for local in [&full.local, &full.backup] {
        local.set_faults(&faults).expect("taken");
    }
}

#[test]
fn keys_that_expire_at_any_step_are_waited_for_and_the_upgrade_goes_on() {
    let (steps, fresh) = virtual_time().block_on(async {
        let fresh = freshly(Vendor::Sample).await.expect("the repository's own");
        let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
        let plan = full.plan().await;
        let planned: Vec<Step> = plan.steps.iter().map(|planned| planned.step).collect();
        let leaving = Step::LEAVING.iter().copied().filter(|step| !planned.contains(step));
        (planned.iter().copied().chain(leaving).collect::<Vec<_>>(), fresh)
    });
    let (mut reached, mut asked) = (0, 0);
    let mut unreached = BTreeSet::new();
    // Each is a whole upgrade: the suite samples them.
    let every = if everything() { 1 } else { 5 };
    for step in steps.iter().skip(every / 2).step_by(every) {
        let what = step.title();
        virtual_time().block_on(async {
            let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
            let plan = full.plan().await;
            let (journal, since) = (journal(), Cell::new(None));
            let deadline = plan.deadline_seconds(&plan.planned(*step)).unwrap_or_default() / 60 + 1;
            let minutes = deadline.clamp(LEAST_MINUTES, MOST_MINUTES[usize::from(everything())]);
            let mut watcher = Expires { full: &full, step: *step, since: &since, questions: 0 };
            let renewing = async {
                loop {
                    full.clock.sleep(Duration::from_secs(5)).await;
                    let now = full.clock.now();
                    if since.get().is_some_and(|since| now.milliseconds_since(since) > minutes * 60_000) {
                        set(&full, false);
                        std::future::pending::<()>().await;
                    }
                }
            };
            let ended = tokio::select! {
                ended = full.start(&plan, &journal, &mut watcher) => ended,
                () = renewing => unreachable!("it waits for good"),
            };
            match ended.unwrap_or_else(|error| panic!("{what}: {error}")) {
                Ended::Run(Outcome::Upgraded) => {}
                other => panic!("{what}: {other:?}"),
            }
            if since.get().is_none() {
                unreached.insert(what);
                return;
            }
            reached += 1;
            asked += usize::from(watcher.questions > 0);
            set(&full, false);
            full.assert_upgraded(&fresh, what).await;
            let records = records(&journal, &plan.run_id);
            let failures = records.iter().filter(|record| is_for_want_of_credentials(record)).count();
            // The first, and the one after which a person is asked; an act or a look more where it was begun already.
            assert!(failures <= 4, "{what}: {failures} records say that the keys are over");
            let report = Report::from_journal(&plan, &records).expect("it fits");
            assert_eq!(report.still_to_put_back, Vec::<String>::new(), "{what}");
        });
    }
    println!(
        "keys over for {LEAST_MINUTES} to {} min at every {every}. of {} steps: {reached} of {reached} runs waited and upgraded, {asked} of them asked; \
         not come to: {unreached:?}",
        MOST_MINUTES[usize::from(everything())],
        steps.len()
    );
    let least = if everything() { (20, 15) } else { (4, 2) };
    assert!(reached >= least.0 && asked >= least.1, "{reached}, {asked}");
}

fn is_for_want_of_credentials(record: &Record) -> bool {
    let Record::Happened(event) = record else { return false };
    match &event.what {
        What::ObserveFailed(error) | What::ActFailed(error) | What::WatchFailed(error) => {
            error.kind == PortErrorKind::Expired
        }
        _ => false,
    }
}

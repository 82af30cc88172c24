//! What a state in S3 costs: an upgrade whose journal is in a bucket at some distance, in virtual time. Prints requests by kind, an
//! hour of them at S3's list price, and how long a run of 2,000 records takes to be gone on with.
//!
//! `cargo bench --package cli --bench state`

#[path = "../tests/house/common.rs"]
mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::{AwsCloud, Connection, StateObjects, Transport};
use common::{Rehearsal, Releases, approved, code_ocean, sample, virtual_time};
use conductor::{Clock, Conductor, Ended, Holder, JournalStore, ObjectJournal, read_run};
use localcloud::LocalCloud;
use upgrade::{Event, Outcome, Record, Timestamp, What};

/// How far away the bucket is.
const PUT: Duration = Duration::from_millis(40);
const GET: Duration = Duration::from_millis(20);

/// S3 Standard in us-east-1, US dollars a thousand requests (aws.amazon.com/s3/pricing, 2026).
const PUT_AND_LIST_PRICE: f64 = 0.005;
const GET_PRICE: f64 = 0.0004;

const BUCKET: &str = "slackwater-bench";

/// A long run's records.
const RECORDS: usize = 2_000;

type Counted = Arc<Mutex<BTreeMap<&'static str, usize>>>;

fn main() {
    upgrade_far_from_its_state("sample", &sample());
    if let Some(releases) = code_ocean() {
        upgrade_far_from_its_state("Code Ocean", &releases);
    }
    long_run_is_gone_on_with();
}

/// The same upgrade with its journal in this process, and in a bucket.
fn upgrade_far_from_its_state(name: &str, releases: &Releases) {
    let runtime = virtual_time();
    let here = runtime.block_on(async {
        let rehearsal = Rehearsal::new(1);
        let (site, plan) = rehearsal.prepare(releases).await;
        let began = rehearsal.clock.now();
        rehearsal.upgrade(&site, &plan).await;
        rehearsal.clock.now().milliseconds_since(began) as f64 / 1000.0
    });
    let runtime = virtual_time();
    runtime.block_on(async {
        let rehearsal = Rehearsal::new(1);
        let (site, plan) = rehearsal.prepare(releases).await;
        // Makes the bucket.
        rehearsal.cloud.upload_template(BUCKET, "x", b"x").await.expect("a bucket");
        let counted = Counted::default();
        let objects = distant(&rehearsal.local, rehearsal.clock, &counted).await;
        let journal = ObjectJournal::new(objects, String::new(), &plan.stack_id, rehearsal.clock);
        let holder = Holder::named("a bench");
        counted.lock().expect("whole").clear();
        let began = rehearsal.clock.now();
        let clock = &rehearsal.clock;
        let conductor = Conductor { cloud: &site.ports, journal: &journal, clock, holder: &holder };
        let ended = conductor.start(&approved(&plan, clock), &mut common::Silent).await;
        assert_eq!(ended.expect("it ends"), Ended::Run(Outcome::Upgraded));
        let lasted = rehearsal.clock.now().milliseconds_since(began) as f64 / 1000.0;
        let sent = counted.lock().expect("whole").clone();
        let records = journal.load(&plan.run_id).await.expect("readable").1.len();
        let of = |kind: &str| sent.get(kind).copied().unwrap_or(0);
        let an_hour = |kind: &str| of(kind) as f64 * 3600.0 / lasted;
        let price = (an_hour("PUT") + an_hour("LIST")) / 1000.0 * PUT_AND_LIST_PRICE
            + an_hour("GET") / 1000.0 * GET_PRICE;
        println!(
            "{name}: {lasted:.0} virtual s with {PUT:?} a PUT and {GET:?} a GET ({here:.0} s with the journal here), {records} \
             records"
        );
        println!(
            "  {} PUTs (a record, a beat each 10 s, and what begins and ends the run), {} LISTs, {} GETs; an hour: {:.0} \
             PUTs, {:.0} LISTs, {:.0} GETs, {price:.3} US dollars",
            of("PUT"),
            of("LIST"),
            of("GET"),
            an_hour("PUT"),
            an_hour("LIST"),
            an_hour("GET")
        );
        let beats = (lasted / 10.0).ceil() as usize;
        assert!(of("PUT") <= records + beats + 6, "a PUT a record and one each beat");
        assert!(of("LIST") <= (lasted / 2.0).ceil() as usize + 16, "a LIST each two seconds, and where what a stop does changes");
    });
}

fn long_run_is_gone_on_with() {
    let runtime = virtual_time();
    runtime.block_on(async {
        let rehearsal = Rehearsal::new(1);
        let (_, plan) = rehearsal.prepare(&sample()).await;
        rehearsal.cloud.upload_template(BUCKET, "x", b"x").await.expect("a bucket");
        let clock = rehearsal.clock;
        let counted = Counted::default();
        let objects = distant(&rehearsal.local, clock, &counted).await;
        let journal = ObjectJournal::new(objects, String::new(), &plan.stack_id, clock);
        let (first, second) = (Holder::named("first"), Holder::named("second"));
        let what = What::Started { approval: approved(&plan, &clock).approval().clone() };
        let record = Record::Happened(Event { at: clock.now(), what });
        journal.begin(&plan, &record, &first).await.expect("begun");
        for place in 1..RECORDS {
            let record = Record::Happened(Event { at: clock.now(), what: What::Waited });
            journal.append(&plan.run_id, place, &record, false, &first).await.expect("written");
        }
        journal.release(&plan.run_id, &first).await.expect("given back");
        // Another machine, which has read nothing yet.
        let objects = distant(&rehearsal.local, clock, &counted).await;
        let elsewhere = ObjectJournal::new(objects, String::new(), &plan.stack_id, clock);
        let (began, wall) = (clock.now(), wall_clock());
        elsewhere.take(&plan.run_id, &second, clock.now()).await.expect("taken");
        let (_, records, _) = read_run(&elsewhere, &plan.run_id).await.expect("sound");
        let resumed = What::Resumed { after: upgrade::Handover::GivenBack };
        let record = Record::Happened(Event { at: clock.now(), what: resumed });
        elsewhere.append(&plan.run_id, records.len(), &record, false, &second).await.expect("written");
        println!(
            "a run of {RECORDS} records is gone on with after {:.2} virtual s on the wire, and {:.2} s of this machine's time",
            clock.now().milliseconds_since(began) as f64 / 1000.0,
            wall.elapsed().as_secs_f64()
        );
        assert!(clock.now() > Timestamp(0));
    });
}

/// The state's objects behind a line of some length.
async fn distant(local: &LocalCloud, clock: Clock, counted: &Counted) -> StateObjects {
    let (keys, callee, counted) = (local.keys().clone(), local.clone(), Arc::clone(counted));
    let carrier = move |request: http::Request<bytes::Bytes>| -> aws::Carried {
        let (callee, counted) = (callee.clone(), Arc::clone(&counted));
        Box::pin(async move {
            let (kind, takes) = match request.method().as_str() {
                "PUT" => ("PUT", PUT),
                _ if request.uri().query().is_some_and(|query| query.contains("list-type")) => ("LIST", GET),
                _ => ("GET", GET),
            };
            *counted.lock().expect("whole").entry(kind).or_default() += 1;
            clock.sleep(takes).await;
            Ok(callee.call(request))
        })
    };
    let cloud = AwsCloud::new(&Connection {
        region: local.region().to_owned(),
        endpoint_url: "http://localhost".to_owned(),
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        transport: Transport::Carried(Arc::new(carrier)),
        now: Arc::new(move || clock.system_time()),
    });
    cloud.state_objects(BUCKET, "state/", None).await.expect("a bucket")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn wall_clock() -> std::time::Instant {
    std::time::Instant::now()
}

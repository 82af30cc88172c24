//! Pace and concurrency against a cloud that throttles as AWS does, in virtual time.

use std::time::Duration;

use aws::Pace;
use localcloud::Faults;
use upgrade::{FleetAct, FleetQuery, Observation};

use crate::common::{Bench, TEMPLATE};

const JOBS: usize = 1000;

#[tokio::test(start_paused = true)]
async fn a_drain_keeps_to_the_rate_and_is_never_turned_away() {
    let mut bench = Bench::empty(true, Pace::Documented);
    bench.create(TEMPLATE).await;
    let queue = bench.id("Queue");
    let definition = bench.cloud.register_job_definition("work").await.expect("registered");
    for number in 0..JOBS {
        bench
            .cloud
            .submit_job(&queue, &definition, &format!("job-{number}"), 36_000)
            .await
            .expect("submitted");
    }
    let Observation::Jobs(jobs) = bench.ask(FleetQuery::Jobs { queue_arns: vec![queue] }).await else {
        panic!("jobs")
    };
    assert_eq!(jobs.len(), JOBS);
    let began = bench.clock.now();
    let job_ids = jobs.into_iter().map(|job| job.id).collect();
    // Nothing is tried twice in this process: one call too many would be an error.
    bench.tell(&FleetAct::TerminateJobs { job_ids, reason: "upgrade".to_owned() }).await;
    let took = bench.clock.now().milliseconds_since(began);
    // 50 a second are 20 s; a tenth more is fine.
    assert!((20_000..22_000).contains(&took), "{took} ms");
}

#[tokio::test(start_paused = true)]
async fn without_a_pace_it_is_turned_away() {
    let mut bench = Bench::empty(true, Pace::Unlimited);
    bench.create(TEMPLATE).await;
    let (mut made, queue) = (0, bench.id("Queue"));
    let definition = bench.cloud.register_job_definition("work").await.expect("registered");
    let refused = loop {
        match bench.cloud.submit_job(&queue, &definition, "job", 60).await {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    assert!(made < 60, "{made}");
    assert_eq!(refused.kind, upgrade::PortErrorKind::Transient, "{refused}");
}

/// The tests' queue, so many times.
fn queues(count: usize) -> String {
    let (before, rest) = TEMPLATE.split_once("  Queue:\n").expect("a queue");
    let (queue, after) = rest.split_once("  Alarm:\n").expect("an alarm after it");
    let many: String = (0..count)
        .map(|number| {
            let queue = queue.replace("JobQueueName: jobs", &format!("JobQueueName: jobs-{number}"));
            format!("  Queue{number}:\n{queue}")
        })
        .collect();
    format!("{before}{many}  Alarm:\n{after}")
}

/// Others use most of the account's rate: 32 queues are disabled, their jobs are found, ended, and looked for until none is
/// left, in the time that these calls take at what is left.
#[tokio::test(start_paused = true)]
async fn thirty_two_queues_drain_in_the_time_that_the_rate_left_to_us_allows() {
    const QUEUES: usize = 32;
    const JOBS_A_QUEUE: usize = 20;
    for left in [20.0, 5.0] {
        let mut bench = Bench::empty(false, Pace::Documented);
        bench.create(&queues(QUEUES)).await;
        let queue_arns: Vec<String> = (0..QUEUES).map(|number| bench.id(&format!("Queue{number}"))).collect();
        let definition = bench.cloud.register_job_definition("work").await.expect("registered");
        for queue in &queue_arns {
            for number in 0..JOBS_A_QUEUE {
                let name = format!("job-{number}");
                bench.cloud.submit_job(queue, &definition, &name, 36_000).await.expect("submitted");
            }
        }
        let throttle = format!(
            r#"{{"throttle": [{{"service": "batch", "operation": "*", "burst": 10, "per_second": {left}}}]}}"#
        );
        bench.local.set_faults(&Faults::parse(&throttle).expect("faults")).expect("set");
        let began = bench.clock.now();
        bench.tell(&FleetAct::SetJobQueueStates { queue_arns: queue_arns.clone(), enabled: false }).await;
        let mut looks = 0;
        loop {
            let Observation::Jobs(jobs) =
                bench.ask(FleetQuery::Jobs { queue_arns: queue_arns.clone() }).await
            else {
                panic!("jobs")
            };
            looks += 1;
            if jobs.is_empty() {
                break;
            }
            if looks == 1 {
                assert_eq!(jobs.len(), QUEUES * JOBS_A_QUEUE);
                let job_ids = jobs.into_iter().map(|job| job.id).collect();
                bench.tell(&FleetAct::TerminateJobs { job_ids, reason: "upgrade".to_owned() }).await;
            }
            bench.clock.sleep(Duration::from_secs(1)).await;
        }
        let took = Duration::from_millis(bench.clock.now().milliseconds_since(began)).as_secs_f64();
        // A queue's jobs are listed by five statuses.
        let calls = QUEUES + looks * QUEUES * 5 + QUEUES * JOBS_A_QUEUE;
        let allowed = calls as f64 / left;
        println!(
            "{QUEUES} queues, {} jobs, {left} calls a second left: {calls} calls in {took:.1} s, {allowed:.1} s are allowed: {:.2}",
            QUEUES * JOBS_A_QUEUE,
            took / allowed
        );
        assert!(took <= allowed * 1.3, "{took} s, and {allowed} s are allowed");
    }
}

/// One page of a look is turned away, without a pace: the others are not asked for again.
#[tokio::test(start_paused = true)]
async fn a_look_keeps_what_it_has_read_when_a_page_is_one_too_many() {
    let mut bench = Bench::empty(false, Pace::Unlimited);
    bench.create(&queues(32)).await;
    let queue_arns: Vec<String> = (0..32).map(|number| bench.id(&format!("Queue{number}"))).collect();
    let faults = r#"{"calls": [{"service": "batch", "operation": "ListJobs", "after": 70, "next": 3, "answer": "throttled"}]}"#;
    bench.local.set_faults(&Faults::parse(faults).expect("faults")).expect("set");
    let began = bench.clock.now();
    let seen = bench.ask(FleetQuery::Jobs { queue_arns }).await;
    assert_eq!(seen, Observation::Jobs(vec![]));
    let took = bench.clock.now().milliseconds_since(began);
    assert!((1000..=3000).contains(&took), "only what was turned away is asked for again: {took} ms");
}

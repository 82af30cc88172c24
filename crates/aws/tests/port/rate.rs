//! Pace and concurrency against a cloud that throttles as AWS does, in virtual time.

use aws::Pace;
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

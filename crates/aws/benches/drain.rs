//! How long it takes to drain 10,000 jobs and 1,000 workers over TCP, with AWS's limits and without.
//!
//! `cargo bench -p aws --bench drain`; with an argument (a number), so many jobs.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws::{AwsCloud, Connection, NewStack, Pace, Transport};
use conductor::{Clock, Cloud};
use http_body_util::{BodyExt, Full};
use localcloud::{AccessKeys, Config, Faults, LocalCloud, Speed};
use upgrade::{FleetAct, FleetQuery, GroupSize, Observation};

const TEMPLATE: &str = include_str!("../tests/port/platform.yaml");
const WORKERS: i32 = 1000;

fn main() {
    let jobs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (title, pace, limited) in
        [("limits off", Pace::Unlimited, false), ("AWS's limits, at our pace", Pace::Documented, true)]
    {
        runtime.block_on(drain(title, pace, limited, jobs));
    }
}

/// What the server saw.
#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    /// Turned away for being too many.
    refused: AtomicU64,
    connections: AtomicU64,
}

async fn drain(title: &str, pace: Pace, limited: bool, jobs: usize) {
    let seen = Arc::new(Seen::default());
    // Instances and groups at a hurry; the limits are AWS's only at AWS's own speed.
    let speed = if limited { Speed::Times(1.0) } else { Speed::Instant };
    let keys = AccessKeys::new("AKIABENCH", "only on loopback");
    let local = LocalCloud::in_memory(
        Config { speed, ..Config::default() },
        localcloud::Clock::system(),
        keys.clone(),
    );
    let throttling = |on| Faults { throttling: Some(on), ..Faults::default() };
    local.set_faults(&throttling(false)).expect("set");
    let port = serve(local.clone(), seen.clone());
    let clock = Clock::system();
    let connection = Connection {
        region: "us-east-1".to_owned(),
        endpoint_url: format!("http://127.0.0.1:{port}"),
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        transport: Transport::Network,
        now: Arc::new(move || clock.system_time()),
    };
    let setting_up = AwsCloud::new(&connection);
    let (queue, job_ids) = set_up(&setting_up, &clock, jobs).await;
    let instance_ids = workers(&setting_up, &clock).await;

    local.set_faults(&throttling(limited)).expect("set");
    let cloud = AwsCloud::paced(&connection, pace);
    println!("{title}");
    let (began, before) = (clock.now(), seen.requests.load(Ordering::Relaxed));
    cloud
        .act(&FleetAct::TerminateJobs { job_ids, reason: "upgrade".to_owned() }.into())
        .await
        .expect("terminated");
    let took = clock.now().milliseconds_since(began).max(1);
    let made = seen.requests.load(Ordering::Relaxed) - before;
    // Batch's 50 calls a second an account.
    let beyond = (took as f64 / (jobs as f64 * 20.0) - 1.0) * 100.0;
    let beyond =
        if limited { format!(", {beyond:+.1} % of the time that the limit allows") } else { String::new() };
    println!(
        "  {jobs} jobs terminated in {:.1} s: {:.0} calls a second{beyond}",
        took as f64 / 1000.0,
        made as f64 * 1000.0 / took as f64,
    );
    let (began, before) = (clock.now(), seen.requests.load(Ordering::Relaxed));
    let left =
        match cloud.observe(&FleetQuery::Jobs { queue_arns: vec![queue] }.into()).await.expect("listed") {
            Observation::Jobs(jobs) => jobs.len(),
            other => panic!("{other:?}"),
        };
    let size = GroupSize {
        group_name: "workers".to_owned(),
        min_size: 0,
        max_size: 0,
        desired_capacity: 0,
        new_instances_protected: false,
    };
    cloud.act(&FleetAct::ResizeWorkerGroups { sizes: vec![size] }.into()).await.expect("resized");
    let count = instance_ids.len();
    let unprotect = FleetAct::RemoveScaleInProtection { group_name: "workers".to_owned(), instance_ids };
    cloud.act(&unprotect.into()).await.expect("unprotected");
    println!(
        "  one look at the jobs ({left} left), {count} workers unprotected: {} calls in {} ms",
        seen.requests.load(Ordering::Relaxed) - before,
        clock.now().milliseconds_since(began)
    );
    println!(
        "  {} requests were turned away; {} connections in all",
        seen.refused.load(Ordering::Relaxed),
        seen.connections.load(Ordering::Relaxed)
    );
}

/// The tests' platform without what takes long to create at AWS's speed, and with room for the workers.
fn template() -> String {
    let kept = ["Vpc", "SubnetA", "Template", "Workers", "BatchRole", "Environment", "Queue"];
    let (_, resources) = TEMPLATE.split_once("Resources:\n").expect("resources");
    let mut template = "Resources:\n".to_owned();
    let mut keeps = false;
    for line in resources.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            keeps = kept.contains(&line.trim().trim_end_matches(':'));
        }
        if keeps {
            template.push_str(line);
            template.push('\n');
        }
    }
    template.replace("MaxSize: \"200\"", "MaxSize: \"1000\"")
}

/// The platform with its jobs: the queue, and the jobs' ids.
async fn set_up(cloud: &AwsCloud, clock: &Clock, jobs: usize) -> (String, Vec<String>) {
    let template = template();
    let template_url =
        cloud.upload_template("templates", "a.yaml", template.as_bytes()).await.expect("uploaded");
    let stack = NewStack {
        stack_name: "platform",
        template_url: &template_url,
        parameters: &std::collections::BTreeMap::new(),
        capabilities: &["CAPABILITY_NAMED_IAM".to_owned()],
    };
    let stack_id = cloud.create_stack(&stack).await.expect("created");
    cloud.wait_until_created(&stack_id, clock).await.expect("complete");
    let deployment = cloud.deployment("platform").await.expect("a deployment");
    let queue =
        deployment.resources.into_iter().find(|found| found.logical_id == "Queue").expect("the queue");
    let definition = cloud.register_job_definition("work").await.expect("registered");
    let mut job_ids = Vec::with_capacity(jobs);
    for number in 0..jobs {
        let name = format!("job-{number}");
        job_ids.push(
            cloud.submit_job(&queue.physical_id, &definition, &name, 360_000).await.expect("submitted"),
        );
    }
    (queue.physical_id, job_ids)
}

async fn workers(cloud: &AwsCloud, clock: &Clock) -> Vec<String> {
    cloud.set_desired_capacity("workers", WORKERS).await.expect("set");
    loop {
        let query = FleetQuery::WorkerGroups { names: vec!["workers".to_owned()] }.into();
        let Observation::WorkerGroups(groups) = cloud.observe(&query).await.expect("groups") else {
            panic!("groups")
        };
        let in_service: Vec<String> = groups
            .iter()
            .flat_map(|group| &group.instances)
            .filter(|instance| instance.lifecycle_state == "InService")
            .map(|instance| instance.id.clone())
            .collect();
        if in_service.len() >= WORKERS as usize {
            return in_service;
        }
        clock.sleep(Duration::from_secs(1)).await;
    }
}

/// The local cloud on a thread and a port of its own, counting.
fn serve(cloud: LocalCloud, seen: Arc<Seen>) -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                seen.connections.fetch_add(1, Ordering::Relaxed);
                let _small_answers_leave_at_once = stream.set_nodelay(true);
                let (cloud, seen) = (cloud.clone(), seen.clone());
                let service =
                    hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                        let (cloud, seen) = (cloud.clone(), seen.clone());
                        async move {
                            let (parts, body) = request.into_parts();
                            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                            let answer = cloud.call(http::Request::from_parts(parts, body));
                            seen.requests.fetch_add(1, Ordering::Relaxed);
                            if answer.status() == 429 {
                                seen.refused.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok::<_, Infallible>(answer.map(Full::new))
                        }
                    });
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
    });
    port
}

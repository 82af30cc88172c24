//! Nothing is left behind, however the server ends; and what should run runs again.

use serde_json::json;

use super::jobs::{job, prepare, submit, until};
use super::support::{House, content, lives, wait};

/// A script that stays, with a child and a stray, and writes their numbers.
const STAYS: &str = "echo $$ > pid; sleep 1000 & echo $! > child; \
                     setsid sh -c 'echo $$ > stray; exec sleep 1000' & wait";

struct Started {
    instance: String,
    job: String,
    pids: Vec<String>,
    stray: Vec<String>,
}

async fn start(house: &House) -> Started {
    prepare(house).await;
    let job =
        submit(house, json!({"command": ["sh", "-c", STAYS]}), json!({"retryStrategy": {"attempts": 2}}));
    let instance = house.run_instance(&format!("#!/bin/sh\n{STAYS}\n"));
    let (mut pids, mut stray) = (Vec::new(), Vec::new());
    for home in [house.home("jobs").join(&job), house.home(&instance)] {
        for name in ["pid", "child"] {
            pids.push(content(&home.join(name)).await);
        }
        stray.push(content(&home.join("stray")).await);
        std::fs::remove_file(home.join("pid")).expect("removed");
    }
    until(house, &job, "RUNNING").await;
    assert!(pids.iter().chain(&stray).all(|pid| lives(pid)));
    Started { instance, job, pids, stray }
}

/// What should run runs again; the job's host is gone, and the job is tried again.
async fn check_again(house: &House, before: &Started) {
    let pid = content(&house.home(&before.instance).join("pid")).await;
    assert!(lives(&pid));
    let again = content(&house.home("jobs").join(&before.job).join("pid")).await;
    assert!(lives(&again));
    let job = job(house, &before.job);
    let reason = job["attempts"][0]["statusReason"].as_str().expect("reason");
    assert!(reason.starts_with("Host EC2 (instance i-") && reason.ends_with(") terminated."), "{job}");
    assert!(before.pids.iter().chain(&before.stray).all(|pid| !lives(pid)));
}

#[tokio::test]
async fn a_shutdown_waits_until_nothing_is_left() {
    let house = House::new(100.0).await;
    let started = start(&house).await;
    let folder = house.close().await;
    for pid in started.pids.iter().chain(&started.stray) {
        assert!(!lives(pid), "{pid}");
    }
    let house = House::open(folder, 100.0).await;
    check_again(&house, &started).await;
    house.close().await;
}

#[tokio::test]
async fn a_server_that_breaks_off_leaves_nothing_behind() {
    let house = House::new(100.0).await;
    let started = start(&house).await;
    let folder = house.break_off().await;
    wait("the groups to end", || async { started.pids.iter().all(|pid| !lives(pid)).then_some(()) }).await;
    // Those that left their group are found by the next one.
    let house = House::open(folder, 100.0).await;
    check_again(&house, &started).await;
    house.close().await;
}

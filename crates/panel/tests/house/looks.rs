//! Looks at deployments are shared: however many pages are open, the cloud is asked as one page would ask it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use conductor::Clock;
use http::{Method, StatusCode};
use tokio::sync::Semaphore;
use upgrade::Timestamp;

use crate::common::house::House;
use crate::served::Served;

#[tokio::test(start_paused = true)]
async fn two_hundred_viewers_cost_one_look() {
    let clock = Clock::starting_at(Timestamp(1_800_000_000_000));
    let served = Served::at(clock, House { looks: Semaphore::new(0), ..House::default() }, false);
    let ada = served.set_up_unseen().await;
    let looked = || served.house.looked.load(Ordering::Relaxed);
    let pages = ["/", "/deployments/lab/maintenance", "/api/v1/deployments/lab"];
    let before = looked();
    let viewers = (0..200).map(|number| served.get(pages[number % 3], &ada.cookie));
    let viewers = futures_util::future::join_all(viewers);
    let let_look = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        served.house.looks.add_permits(1);
    };
    let (answers, ()) = tokio::join!(viewers, let_look);
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(looked() - before, 1);
    // It is kept for seconds: for as many times as long as it took, so that runs have the rest of the time.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(served.get("/", &ada.cookie).await.text.contains("1.2.0"));
    assert_eq!(looked() - before, 1);
}

#[tokio::test]
async fn whoever_goes_away_ends_no_look_that_others_wait_for() {
    let served = Served::with(House { looks: Semaphore::new(0), ..House::default() }, false);
    let ada = served.set_up_unseen().await;
    let before = served.house.looked.load(Ordering::Relaxed);
    let impatient =
        tokio::time::timeout(Duration::from_millis(50), served.get("/api/v1/deployments/lab", &ada.cookie));
    assert!(impatient.await.is_err());
    let patient = served.get("/api/v1/deployments/lab", &ada.cookie);
    let let_look = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        served.house.looks.add_permits(1);
    };
    let (answer, ()) = tokio::join!(patient, let_look);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(served.house.looked.load(Ordering::Relaxed) - before, 1);
}

#[tokio::test]
async fn what_was_done_is_seen_at_once() {
    let served = Served::new();
    let ada = served.set_up().await;
    let looked = || served.house.looked.load(Ordering::Relaxed);
    served.get("/", &ada.cookie).await;
    let before = looked();
    let set =
        served.send(Method::PUT, "/deployments/lab/banner", &ada, r#"{"text":"Hi","level":"info"}"#).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    assert!(served.get("/deployments/lab/banner", &ada.cookie).await.text.contains("Hi"));
    served.get("/", &ada.cookie).await;
    assert_eq!(looked() - before, 1, "what was seen before the act is not shown after it");
}

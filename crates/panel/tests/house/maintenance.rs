//! Maintenance as a state of the deployment: whoever entered it, the panel says so, uses it and leaves it.

use std::collections::BTreeSet;

use conductor::{Clock, Holder, JournalStore as _, Request, SqliteJournal};
use http::{Method, StatusCode};
use panel::LeavingWish;
use panel::access::Role;
use serde_json::json;
use upgrade::{ApprovedPlan, Event, Job, Maintenance, Record, Timestamp, Users, What};

use crate::common::house::{House, UnderWay};
use crate::common::plan::plan;
use crate::served::{Browser, Served};
use crate::upgrade::{Way, approvals, json};

const PAGE: &str = "/deployments/lab/maintenance";
const DISABLE: &str = "/deployments/lab/maintenance/disable";

/// 2026-11-29 22:00:00 UTC.
const SINCE: Timestamp = Timestamp(1_795_989_600_000);

/// A deployment in maintenance that somebody else entered, from elsewhere.
fn in_maintenance() -> House {
    let found = Maintenance {
        run_id: "elsewhere-1".to_owned(),
        since: Some(SINCE),
        by: Some("grace".to_owned()),
        state: None,
    };
    House {
        users: Users::Out(found),
        taken_away: vec!["queue spot is disabled (VALID)".to_owned()],
        maintenance: Some(plan("lab-leaving")),
        ..House::default()
    }
}

/// A run of the house that has not ended.
async fn under_way(served: &Served, conducted: bool) -> SqliteJournal {
    let holder = Holder::named("this test");
    let journal = SqliteJournal::open(&served.folder.path().join("journal.sqlite")).expect("a journal");
    let now = Clock::system().now();
    let approved = plan("one");
    let hash = approved.sha256();
    let approved = ApprovedPlan::new(approved, &hash, "ada", now).expect("its own hash");
    let what = What::Started { approval: approved.approval().clone() };
    let first = Record::Happened(Event { at: now, what });
    journal.begin(approved.plan(), &first, &holder).await.expect("begun");
    if !conducted {
        journal.release("one", &holder).await.expect("held");
    }
    journal
}

/// The first thing that is asked of the run.
async fn asked(journal: &SqliteJournal) -> Option<Request> {
    let asked = journal.requests("one", &BTreeSet::new(), false).await.expect("readable");
    asked.into_iter().next().map(|asked| asked.request)
}

async fn shown(served: &Served, path: &str, browser: &Browser) -> String {
    let page = served.get(path, &browser.cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
    page.text
}

#[track_caller]
fn holds(page: &str, there: &[&str], not_there: &[&str]) {
    for text in there {
        assert!(page.contains(text), "{text:?} is missing in: {page}");
    }
    for text in not_there {
        assert!(!page.contains(text), "{text:?} is in: {page}");
    }
}

/// What was drawn up for whoever asks for maintenance, or for its end, is what they approve.
#[tokio::test]
async fn maintenance_is_approved_by_whoever_asks_for_it() {
    let plan = plan("lab-maintenance");
    let served = Served::with(House { maintenance: Some(plan.clone()), ..House::default() }, false);
    let ada = served.set_up().await;
    let grace = served.called(&ada, "grace", Role::Operator).await;
    let way = "/deployments/lab/maintenance/";
    for (browser, act) in [(&grace, "enable"), (&ada, "disable")] {
        let begun = served.send(Method::POST, &format!("{way}{act}"), browser, "").await;
        assert!(begun.status.is_success(), "{act}: {}", begun.text);
    }
    let approved = |by: &str| (json!(plan.sha256()), by.to_owned());
    assert_eq!(approvals(&served), [approved("grace"), approved("ada")]);
}

#[tokio::test]
async fn maintenance_that_somebody_else_entered_is_told_and_left_and_not_offered_again() {
    let served = Served::with(in_maintenance(), false);
    let ada = served.set_up().await;
    let told = ["2026-11-29 22:00:00 UTC", "<strong>grace</strong>"];
    let page = shown(&served, PAGE, &ada).await;
    holds(
        &page,
        &told,
        &["Enable maintenance mode", "stopRun", "whileUpdating", "Complete maintenance mode"],
    );
    holds(&page, &["Maintenance mode: <span class=\"pill mind\">on</span>", "On since", "Upgrade now"], &[]);
    holds(&page, &["elsewhere-1", "isn't this panel's", "queue spot is disabled", "althoughUnhealthy"], &[]);
    holds(&shown(&served, "/", &ada).await, &told, &[]);
    holds(&shown(&served, "/", &ada).await, &["Maintenance mode is on since"], &["let in", "kept out"]);
    let api = served.get("/api/v1/deployments/lab", &ada.cookie).await;
    let api = json(&api);
    assert_eq!(
        (&api["gate"], &api["gateBy"], &api["gateSince"], &api["takenAway"]["items"][0]),
        (
            &json!("closed"),
            &json!("grace"),
            &json!("2026-11-29T22:00:00Z"),
            &json!("queue spot is disabled (VALID)")
        )
    );
    let left = served.send(Method::POST, DISABLE, &ada, r#"{"althoughUnhealthy":true}"#).await;
    assert_eq!(json(&left)["runId"], "lab-leaving", "{}", left.text);
    let wish = LeavingWish { although_unhealthy: true, ..LeavingWish::default() };
    assert_eq!(*served.house.leavings.lock().expect("no panic"), [(wish, "ada".to_owned())]);
    let strange = served.send(Method::POST, DISABLE, &ada, r#"{"force":true}"#).await;
    assert_eq!(strange.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", strange.text);
}

/// What is left of maintenance though users are in is named, and disabling goes on with it.
#[tokio::test]
async fn what_is_still_to_be_put_back_is_told_while_users_are_in() {
    let house = House { users: Users::In, status: "UPDATE_IN_PROGRESS", ..in_maintenance() };
    let served = Served::with(house, false);
    let ada = served.set_up().await;
    let page = shown(&served, PAGE, &ada).await;
    holds(
        &page,
        &[
            "still to be put back",
            "queue spot is disabled",
            "Disable maintenance mode",
            "Enable maintenance mode",
        ],
        &["On since", "stopRun", "Upgrade now"],
    );
    holds(&page, &["name=\"whileUpdating\" required", "whatever CloudFormation is changing"], &[]);
    holds(
        &shown(&served, "/", &ada).await,
        &["1 thing of it is still to be put back", "queue spot is disabled"],
        &[],
    );

    let calm = Served::new();
    let ada = calm.set_up().await;
    holds(&shown(&calm, PAGE, &ada).await, &["Enable maintenance mode"], &["Disable maintenance mode"]);
}

/// Behind the closed gate something is at work again: what isn't complete can be completed.
#[tokio::test]
async fn maintenance_that_is_not_complete_can_be_completed() {
    let job = Job {
        id: "1".to_owned(),
        name: "nightly".to_owned(),
        queue_arn: "spot".to_owned(),
        status: "RUNNING".to_owned(),
        owner: None,
    };
    let served = Served::with(House { jobs: vec![job], ..in_maintenance() }, false);
    let ada = served.set_up().await;
    let page = shown(&served, PAGE, &ada).await;
    holds(&page, &["Complete maintenance mode", "Disable maintenance mode"], &["Enable maintenance mode"]);
}

#[tokio::test]
async fn a_run_that_is_carried_out_is_stopped_only_when_that_is_asked_for() {
    let under = UnderWay { run_id: "one", conducted: true };
    let served = Served::with(House { under_way: Some(under), ..in_maintenance() }, false);
    let ada = served.set_up().await;
    let journal = under_way(&served, true).await;
    let page = shown(&served, PAGE, &ada).await;
    holds(
        &page,
        &["name=\"stopRun\" required", "Stop the run first", "/runs/one", "has not ended"],
        &["Nobody carries it out", "Enable maintenance mode"],
    );
    let refused = served.send(Method::POST, DISABLE, &ada, "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert_eq!(asked(&journal).await, None, "nothing was asked of it");
    let stopped = served.send(Method::POST, DISABLE, &ada, r#"{"stopRun":true}"#).await;
    assert_eq!(json(&stopped)["runId"], "one", "{}", stopped.text);
    assert_eq!(asked(&journal).await, Some(Request::Stop { by: "ada".to_owned() }));
    assert!(served.house.resumed.lock().expect("no panic").is_empty(), "it is carried out");
}

#[tokio::test]
async fn a_run_that_nobody_carries_out_is_gone_on_with_to_its_end() {
    let under = UnderWay { run_id: "one", conducted: false };
    let served = Served::with(House { under_way: Some(under), ..in_maintenance() }, false);
    let ada = served.set_up().await;
    let journal = under_way(&served, false).await;
    holds(&shown(&served, PAGE, &ada).await, &["Nobody carries it out", "gone on with here"], &["stopRun"]);
    let left = served.send(Method::POST, DISABLE, &ada, "{}").await;
    assert_eq!(json(&left)["runId"], "one", "{}", left.text);
    assert_eq!(asked(&journal).await, Some(Request::Stop { by: "ada".to_owned() }));
    assert_eq!(*served.house.resumed.lock().expect("no panic"), ["one"]);
}

#[tokio::test]
async fn the_review_says_that_the_maintenance_that_was_found_is_used() {
    let served = Served::with(in_maintenance(), false);
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    way.clear(&ada).await;
    let review = shown(&served, "/deployments/lab/upgrade/review", &ada).await;
    holds(
        &review,
        &[
            "The deployment is in maintenance",
            "<strong>grace</strong>",
            "uses that maintenance, and ends it when it succeeds",
            "nested stack Network (backup stack)",
            "Not held to what it is now: application Logging",
            "Serverless Application Repository",
        ],
        &[],
    );
}

/// A review begins with how much of what, and each change has its values before and after.
#[tokio::test]
async fn a_review_counts_and_shows_each_value_before_and_after() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    way.clear(&ada).await;
    let review = shown(&served, "/deployments/lab/upgrade/review", &ada).await;
    holds(
        &review,
        &[
            "1 replaced",
            "1 value, before and after",
            "KeySchema/0/AttributeName",
            "<code class=\"value\">id</code>",
        ],
        &["only tags"],
    );
    holds(&review, &["with another value", "AWS says something else", "data-find=\"changes-of-all\""], &[]);
    let counts = review.find("class=\"counts\"").expect("they are there");
    assert!(counts < review.find("id=\"risks\"").expect("risks"), "counts come first");
}

/// Overview counts the parts that are well; System maintenance names each, the sick ones first.
#[tokio::test]
async fn how_healthy_each_part_is_stands_where_one_looks() {
    let finding = |what: &str, healthy, detail: &str| upgrade::HealthFinding {
        what: what.to_owned(),
        healthy,
        detail: detail.to_owned(),
    };
    let health = vec![
        finding("target group web", true, "2 of 2 targets are healthy"),
        finding("platform", false, "is degraded: no license"),
    ];
    let served = Served::with(House { health, ..House::default() }, false);
    let ada = served.set_up().await;
    holds(
        &shown(&served, "/", &ada).await,
        &["<span class=\"pill bad\">1 of 2 healthy</span>"],
        &["no license"],
    );
    let page = shown(&served, PAGE, &ada).await;
    holds(&page, &["</span> platform · is degraded: no license", "</span> target group web · 2 of 2"], &[]);
    assert!(page.find("no license") < page.find("target group web"), "{page}");
    let api = served.get("/api/v1/deployments/lab", &ada.cookie).await;
    let platform = json!({"part": "platform", "healthy": false, "detail": "is degraded: no license"});
    assert_eq!(json(&api)["health"]["items"][1], platform);
    let nothing = Served::with(House::default(), false);
    let ada = nothing.set_up().await;
    holds(&shown(&nothing, "/", &ada).await, &[], &["Health"]);
    holds(&shown(&nothing, PAGE, &ada).await, &["The settings ask nothing for its health."], &[]);
}

//! Rehearsals of proposals: begun by a button, voided by a change, wanted by settings, and never more than one at a time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, StatusCode};
use panel::access::Role;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::common::house::House;
use crate::common::rehearsal::HOSTILE;
use crate::served::{Answer, Browser, Served};
use crate::upgrade::{Way, json};

const REVIEW: &str = "/deployments/lab/upgrade/review";
const SENTENCE: &str = "rehearsed 200 times: users out 22 to 55 min; 3 of 214 failures need a person";

/// A house whose rehearsals wait for a turn.
fn waiting() -> House {
    House { rehearsals: Semaphore::new(0), ..House::default() }
}

async fn rehearse(served: &Served, way: &Way<'_>, browser: &Browser) -> Answer {
    served.send(Method::POST, &way.path("/rehearse"), browser, "").await
}

async fn standing(served: &Served, way: &Way<'_>, browser: &Browser) -> Value {
    json(&served.get(&format!("/api/v1{}", way.path("/rehearsal")), &browser.cookie).await)
}

/// How it stands once this is no longer so.
async fn after(served: &Served, way: &Way<'_>, browser: &Browser, word: &str) -> Value {
    for _ in 0..400 {
        let found = standing(served, way, browser).await;
        if found["standing"] != word {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is {word} for ever");
}

#[tokio::test]
async fn a_rehearsal_is_begun_shown_and_told() {
    let served = Served::with(waiting(), false);
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let page = async |path: &str| served.get(path, &ada.cookie).await.text;
    assert_eq!(standing(&served, &way, &ada).await["standing"], "none");
    let review = page(REVIEW).await;
    assert!(review.contains(">Rehearsal</h2>") && review.contains(">Rehearse</button>"), "{review}");

    let begun = rehearse(&served, &way, &ada).await;
    assert_eq!((begun.status, &json(&begun)["standing"]), (StatusCode::OK, &json!("under-way")));
    while standing(&served, &way, &ada).await["part"] == "stage" {
        tokio::task::yield_now().await;
    }
    let under_way = standing(&served, &way, &ada).await;
    assert_eq!(under_way["part"], "runs");
    assert_eq!((&under_way["done"], &under_way["all"]), (&json!(3), &json!(200)));
    let own = way.path("/rehearsal");
    for path in [REVIEW, &own] {
        let page = page(path).await;
        for told in [
            "Rehearsing …",
            "value=\"3\"",
            "max=\"200\"",
            "data-while=\"under-way\"",
            "http-equiv=\"refresh\"",
        ] {
            assert!(page.contains(told), "{path}: {told}: {page}");
        }
        assert!(!page.contains(">Rehearse"), "one at a time: {page}");
    }
    let second = rehearse(&served, &way, &ada).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.text.contains("being rehearsed already"), "{}", second.text);

    served.house.rehearsals.add_permits(1);
    let done = after(&served, &way, &ada, "under-way").await;
    assert_eq!(done["standing"], "done");
    let rehearsal = &done["rehearsal"];
    assert_eq!(rehearsal["summary"], SENTENCE);
    assert_eq!(rehearsal["usersOut"]["medianSeconds"], 2_700);
    assert_eq!(rehearsal["failures"]["needAPerson"][0]["wayOut"]["answer"], "skip");
    assert!(rehearsal["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{rehearsal}");
    let review = page(REVIEW).await;
    assert!(review.contains(&format!("href=\"{own}\">{SENTENCE}</a>")), "{review}");
    let whole = page(&own).await;
    for told in [
        SENTENCE,
        "45 min 00 s",
        "<svg viewBox=\"0 0 9 9\" role=\"img\"><title>the upgrade in its course</title>",
        "how long users are out</title>",
        "skip Database",
        "UPDATE_ROLLBACK_COMPLETE",
        "each answer leads on",
        "What this is worth",
        "80 % by historical averages",
        "Not simulated",
        "lab-stack/AdminToken",
        "Rehearse again",
    ] {
        assert!(whole.contains(told), "{told}: {whole}");
    }
    assert!(served.get("/access", &ada.cookie).await.text.contains("rehearse upgrade"), "it is in the trail");

    // Whoever only looks sees all of it, and has no button.
    let viewer = served.somebody(&ada, Role::Viewer).await;
    for path in [REVIEW, &own] {
        let page = served.get(path, &viewer.cookie).await.text;
        assert!(page.contains(SENTENCE) && !page.contains(">Rehearse"), "{path}: {page}");
    }
    assert_eq!(rehearse(&served, &way, &viewer).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_change_voids_a_rehearsal_that_was_made_and_ends_one_that_is_under_way() {
    let served = Served::with(waiting(), false);
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    served.house.rehearsals.add_permits(1);
    rehearse(&served, &way, &ada).await;
    assert_eq!(after(&served, &way, &ada, "under-way").await["standing"], "done");
    way.change(&ada, json!({"parameters": {"Size": "37"}})).await;
    assert_eq!(standing(&served, &way, &ada).await["standing"], "none", "it was of another size");
    assert!(!served.get(REVIEW, &ada.cookie).await.text.contains(SENTENCE));

    rehearse(&served, &way, &ada).await;
    while standing(&served, &way, &ada).await["part"] == "stage" {
        tokio::task::yield_now().await;
    }
    served.send(Method::POST, &way.path("/prepare"), &ada, "").await;
    way.looked(&ada).await;
    assert_eq!(standing(&served, &way, &ada).await["standing"], "none", "a new look is of other facts");
    rehearse(&served, &way, &ada).await;
    served.house.rehearsals.add_permits(2);
    assert_eq!(after(&served, &way, &ada, "under-way").await["standing"], "done");
    while served.house.unwanted.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(served.house.unwanted.load(Ordering::Relaxed), 1, "the overtaken one is told to end");
    let rehearsed = served.house.rehearsed.lock().expect("no panic");
    let sizes: Vec<Option<&str>> =
        rehearsed.iter().map(|one| one.given.get("Size").map(String::as_str)).collect();
    assert_eq!(sizes, [None, Some("37"), Some("37")]);
}

#[tokio::test]
async fn an_approval_waits_for_a_rehearsal_where_the_settings_want_one() {
    let served = Served::wanting_rehearsals(waiting());
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let hash = &way.clear(&ada).await["preparation"]["planSha256"];
    let refused = async |words: &str| {
        let answer = way.approve(&ada, hash).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{words}");
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
        let page = served.get(REVIEW, &ada.cookie).await.text;
        assert!(page.contains(words) && !page.contains("Approve this plan"), "{words}: {page}");
        assert!(page.contains("Nothing stands in the way but a rehearsal"), "{page}");
    };
    refused("A rehearsal is wanted before approval, of the proposal as it is. Rehearse it").await;
    rehearse(&served, &way, &ada).await;
    refused("and it is under way").await;
    served.house.rehearsals.add_permits(1);
    assert_eq!(after(&served, &way, &ada, "under-way").await["standing"], "done");
    assert!(served.get(REVIEW, &ada.cookie).await.text.contains("Approve this plan"));
    assert_eq!(way.approve(&ada, hash).await.status, StatusCode::OK);
    assert_eq!(served.send(Method::POST, &way.path("/run"), &ada, "").await.status, StatusCode::OK);
    let kept = served.get(&way.path(""), &ada.cookie).await.text;
    let link = format!("href=\"{}\">{SENTENCE}</a>", way.path("/rehearsal"));
    assert!(kept.contains(&link), "it is read with the proposal that has ended: {kept}");
    let own = served.get(&way.path("/rehearsal"), &ada.cookie).await.text;
    assert!(own.contains("What this is worth") && !own.contains(">Rehearse"), "{own}");
    assert_eq!(rehearse(&served, &way, &ada).await.status, StatusCode::CONFLICT, "nothing can come of it");
}

#[tokio::test]
async fn a_rehearsal_of_an_older_deployment_is_none_for_an_approval() {
    let served = Served::wanting_rehearsals(House { rehearsed_before: 3_600_000, ..House::default() });
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let hash = &way.clear(&ada).await["preparation"]["planSha256"];
    rehearse(&served, &way, &ada).await;
    assert_eq!(after(&served, &way, &ada, "under-way").await["standing"], "done");
    let answer = way.approve(&ada, hash).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("older than what the plan was drawn up from"), "{}", answer.text);
    assert!(served.get(REVIEW, &ada.cookie).await.text.contains("older than what the plan"));
}

#[tokio::test]
async fn what_can_t_be_rehearsed_says_why_and_may_be_tried_again() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    for (url, words) in
        [("s3://b/blocked", "the upgrade would not begin"), ("s3://b/broken", "by a fault of this program")]
    {
        way.change(&ada, json!({"template": {"url": url}})).await;
        for _again in 0..2 {
            assert_eq!(rehearse(&served, &way, &ada).await.status, StatusCode::OK, "{url}");
            let found = after(&served, &way, &ada, "under-way").await;
            assert_eq!(found["standing"], "failed", "{url}");
            assert!(found["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{found}");
        }
        let page = served.get(REVIEW, &ada.cookie).await.text;
        assert!(page.contains("It could not be rehearsed") && page.contains(words), "{page}");
        assert!(!page.contains("<b>too"), "words are no markup: {page}");
    }
}

#[tokio::test]
async fn names_that_would_be_markup_are_told_as_names() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    rehearse(&served, &way, &ada).await;
    after(&served, &way, &ada, "under-way").await;
    let page = served.get(&way.path("/rehearsal"), &ada.cookie).await;
    assert_eq!(page.text.matches("&lt;img src=x").count(), 6, "{}", page.text);
    assert!(!page.text.contains(HOSTILE) && !page.text.contains("style="), "{}", page.text);
    let policy = page.headers.get("content-security-policy").and_then(|value| value.to_str().ok());
    assert!(policy.is_some_and(|policy| policy.contains("style-src 'self';")), "{policy:?}");
}

#[tokio::test]
async fn nothing_is_rehearsed_that_nobody_has_looked_at() {
    let served = Served::with(House { turns: Semaphore::new(0), ..House::default() }, false);
    let ada = served.set_up().await;
    let body = r#"{"release":"2.0.0"}"#;
    let made = served.send(Method::POST, "/deployments/lab/proposals", &ada, body).await;
    let id = json(&made)["proposalId"].as_str().expect("an id").to_owned();
    let path = format!("/proposals/{id}/rehearse");
    let early = served.send(Method::POST, &path, &ada, "").await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.text.contains("looked at first"), "{}", early.text);
    for id in ["none", "..", "%3Cscript%3E"] {
        let answer = served.get(&format!("/proposals/{id}/rehearsal"), &ada.cookie).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        let answer = served.get(&format!("/api/v1/proposals/{id}/rehearsal"), &ada.cookie).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
    }
}

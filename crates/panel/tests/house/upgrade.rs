//! The upgrade's five pages and their API: from a release to a run, who may, what voids what, and what is never told.

use http::{Method, StatusCode};
use panel::access::Role;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use upgrade::ApprovedPlan;

use crate::common::house::House;
use crate::common::release::LOSS;
use crate::served::{Answer, Browser, Served};

/// Somebody's way through a proposal.
pub struct Way<'a> {
    served: &'a Served,
    pub id: String,
}

impl Way<'_> {
    pub async fn begin<'a>(served: &'a Served, browser: &Browser) -> Way<'a> {
        let made =
            served.send(Method::POST, "/deployments/lab/proposals", browser, r#"{"release":"2.0.0"}"#).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
        let id = json(&made)["proposalId"].as_str().expect("an id").to_owned();
        let way = Way { served, id };
        way.looked(browser).await;
        way
    }

    pub fn path(&self, more: &str) -> String {
        format!("/proposals/{}{more}", self.id)
    }

    pub async fn get(&self, browser: &Browser) -> Value {
        json(&self.served.get(&format!("/api/v1{}", self.path("")), &browser.cookie).await)
    }

    /// The proposal once nobody looks any more.
    pub async fn looked(&self, browser: &Browser) -> Value {
        for _ in 0..200 {
            let proposal = self.get(browser).await;
            if proposal["standing"] != "looking" {
                return proposal;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it looks for ever");
    }

    pub async fn change(&self, browser: &Browser, change: Value) -> Answer {
        let answer = self.served.send(Method::PATCH, &self.path(""), browser, &change.to_string()).await;
        self.looked(browser).await;
        answer
    }

    /// All that stands in the way is set right or accepted.
    pub async fn clear(&self, browser: &Browser) -> Value {
        let accept = json!({
            "termination-protection": "on Monday",
            "drift": "by hand",
            "gate-space": "there is another door",
            "permissions-role": "it has them tonight",
            LOSS: "it is empty",
        });
        let cleared = self.change(browser, json!({"parameters": {"Size": "37"}, "accept": accept})).await;
        assert_eq!(cleared.status, StatusCode::OK, "{}", cleared.text);
        self.get(browser).await
    }

    pub async fn approve(&self, browser: &Browser, hash: &Value) -> Answer {
        let body = json!({"planSha256": hash, "capabilities": ["CAPABILITY_IAM"], "losses": [LOSS]});
        self.served.send(Method::POST, &self.path("/approve"), browser, &body.to_string()).await
    }
}

pub fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("no JSON: {}", answer.text))
}

/// Of every run that was begun: the plan's hash, and who approved it.
pub fn approvals(served: &Served) -> Vec<(Value, String)> {
    let begun = served.house.begun.lock().expect("no panic");
    let approval = |plan: &ApprovedPlan| {
        assert_eq!(plan.approval().plan_sha256, plan.plan().sha256());
        (json!(plan.plan().sha256()), plan.approval().by.clone())
    };
    begun.iter().map(approval).collect()
}

#[tokio::test]
async fn an_upgrade_goes_from_its_release_to_its_run() {
    let served = Served::new();
    let ada = served.set_up().await;
    let page = async |place: &str| {
        let answer = served.get(&format!("/deployments/lab/upgrade{place}"), &ada.cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{place}");
        answer.text
    };
    let first = page("").await;
    assert!(first.contains("Use this release") && first.contains("2.0.0 (from 1.0.0)"), "{first}");
    let away = served.get("/deployments/lab/upgrade/review", &ada.cookie).await;
    assert_eq!(away.location(), "/deployments/lab/upgrade", "there is nothing to review yet");

    let way = Way::begin(&served, &ada).await;
    let details = page("/details").await;
    for told in [
        "Size of the database (GiB)",
        "default changed",
        "Set Size to 37",
        "Kept, not shown.",
        "data-least=\"20\"",
    ] {
        assert!(details.contains(told), "{told}");
    }
    assert!(page("/options").await.contains("team=platform"));
    let review = page("/review").await;
    assert!(review.contains("There is no plan yet.") && !review.contains("Approve this plan"), "{review}");
    let (risks, changes) = (review.find(">Risks<").expect("risks"), review.find(">What will change<"));
    assert!(changes.is_some_and(|changes| risks < changes), "risks first");

    let cleared = way.clear(&ada).await;
    assert_eq!(cleared["preparation"]["inTheWay"], json!([]));
    assert_eq!(cleared["accepted"][0]["who"], "ada");
    let review = page("/review").await;
    for told in [
        "I acknowledge",
        LOSS,
        "AWS will say",
        "AWS says something else",
        "Approve this plan",
        "What users will notice",
        // The template's difference, as text whatever stands in it.
        "1 line added, 1 removed",
        "&lt;b&gt;key&lt;/b&gt;",
    ] {
        assert!(review.contains(told), "{told}");
    }
    let hash = &cleared["preparation"]["planSha256"];
    assert_eq!(way.approve(&ada, &json!("another")).await.status, StatusCode::CONFLICT);
    let bare = json!({"planSha256": hash}).to_string();
    let bare = served.send(Method::POST, &way.path("/approve"), &ada, &bare).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json(&bare)["errors"].as_array().map(Vec::len), Some(2), "{}", bare.text);
    assert_eq!(served.send(Method::POST, &way.path("/run"), &ada, "").await.status, StatusCode::CONFLICT);

    assert_eq!(way.approve(&ada, hash).await.status, StatusCode::OK);
    assert!(page("/review").await.contains("Run it now"));
    let begun = served.send(Method::POST, &way.path("/run"), &ada, "{}").await;
    assert_eq!(
        (begun.status, json(&begun)["runId"].as_str()),
        (StatusCode::OK, Some("lab-1")),
        "{}",
        begun.text
    );
    assert_eq!(approvals(&served), [(hash.clone(), "ada".to_owned())], "the approved plan, and no other");
    let kept = served.get(&way.path(""), &ada.cookie).await.text;
    assert!(kept.contains("Approved by") && kept.contains("/runs/lab-1"), "{kept}");
    let again = served.get("/deployments/lab/upgrade/events", &ada.cookie).await;
    assert_eq!(again.location(), "/runs/lab-1");
    let trail = served.get("/access", &ada.cookie).await.text;
    for act in ["propose upgrade", "change proposal", "approve plan", "run plan"] {
        assert!(trail.contains(act), "{act}");
    }
}

/// A button that gives one reason to many leaves storage, permissions, gate and replacements out; each has its own
/// acceptance, with the words that are accepted, and those words alone.
#[tokio::test]
async fn what_is_accepted_by_itself_is_in_no_button_and_as_it_was_read() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let review = async || served.get("/deployments/lab/upgrade/review", &ada.cookie).await.text;
    let page = review().await;
    assert!(page.contains("data-same-reason"), "two warnings may share a reason: {page}");
    for (id, is_shared) in [
        ("termination-protection", true),
        ("drift", true),
        ("gate-space", false),
        ("permissions-role", false),
        (LOSS, false),
    ] {
        let from = page.find(&format!("name=\"accept.{id}\"")).unwrap_or_else(|| panic!("{id} has no field"));
        let field = &page[from..from + page[from..].find('>').expect("the field ends")];
        assert_eq!(field.contains("data-reason"), is_shared, "{field}");
    }
    let (said, asked) =
        ("What permissions-role warns of.", "Your reason for “Permissions of the role”, by itself");
    assert!(page.find(said).expect("the words") < page.find(asked).expect("the question"), "{page}");

    let accept = json!({"accept": {"permissions-role": "it has them tonight", "drift": "by hand"}});
    assert_eq!(way.change(&ada, accept).await.status, StatusCode::OK);
    let in_the_way = async || way.get(&ada).await["preparation"]["inTheWay"].clone();
    let open = ["database-storage", "termination-protection", "gate-space", "replacements"];
    assert_eq!(in_the_way().await, json!(open));
    // With another size the role is refused something else.
    way.change(&ada, json!({"parameters": {"Size": "50"}})).await;
    let open =
        ["database-storage", "termination-protection", "gate-space", "permissions-role", "replacements"];
    assert_eq!(in_the_way().await, json!(open), "nobody has read that");
    let page = review().await;
    for told in ["Another action is refused.", asked, "it warns of something else by now"] {
        assert!(page.contains(told), "{told}: {page}");
    }
}

#[tokio::test]
async fn two_people_are_wanted_where_the_settings_say_so() {
    let served = Served::with(House::default(), true);
    let ada = served.set_up().await;
    let grace = served.called(&ada, "grace", Role::Operator).await;
    let way = Way::begin(&served, &grace).await;
    let cleared = way.clear(&grace).await;
    let hash = &cleared["preparation"]["planSha256"];
    let own = way.approve(&grace, hash).await;
    assert_eq!(own.status, StatusCode::CONFLICT);
    assert!(own.text.contains("Two people"), "{}", own.text);
    let page = served.get("/deployments/lab/upgrade/review", &grace.cookie).await.text;
    assert!(page.contains("Two people are wanted") && !page.contains("Approve this plan"));

    // Whoever changes what will be done is an author as well; whoever accepts a warning is not.
    way.change(&ada, json!({"accept": {"termination-protection": ""}})).await;
    way.change(&ada, json!({"accept": {"termination-protection": "I turn it on"}})).await;
    let hash = &way.get(&ada).await["preparation"]["planSha256"];
    assert_eq!(way.approve(&ada, hash).await.status, StatusCode::OK, "she only accepted");
    way.change(&ada, json!({"parameters": {"Class": "large"}})).await;
    let changed = way.get(&ada).await;
    assert_eq!((&changed["standing"], &changed["approvedBy"]), (&json!("looked-at"), &Value::Null), "voided");
    let hash = &changed["preparation"]["planSha256"];
    assert_eq!(way.approve(&ada, hash).await.status, StatusCode::CONFLICT, "an author by now");
    let alan = served.called(&ada, "alan", Role::Operator).await;
    assert_eq!(way.approve(&alan, hash).await.status, StatusCode::OK);
    let begun = served.send(Method::POST, &way.path("/run"), &grace, "").await;
    assert_eq!(begun.status, StatusCode::OK, "whoever proposed may begin it: {}", begun.text);
    let approved = (hash.clone(), "alan".to_owned());
    assert_eq!(approvals(&served), [approved], "and the run knows who approved it");
    let kept = way.get(&grace).await;
    assert_eq!((&kept["proposedBy"], &kept["approvedBy"]), (&json!("grace"), &json!("alan")));
}

#[tokio::test]
async fn what_is_changed_must_fit_and_says_which_field_does_not() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let arn = "arn:aws:sns:us-east-1:000000000000:topic";
    for (change, field) in [
        (json!({"parameters": {"Size": "19"}}), Some("parameters.Size")),
        (json!({"parameters": {"Size": "many"}}), Some("parameters.Size")),
        (json!({"parameters": {"Size": "50"}}), None),
        (json!({"parameters": {"Class": "huge"}}), Some("parameters.Class")),
        (json!({"parameters": {"Class": "large"}}), None),
        (json!({"parameters": {"Unknown": "1"}}), Some("parameters.Unknown")),
        (json!({"parameters": {"Legacy": "1"}}), Some("parameters.Legacy")),
        (json!({"accept": {"no-such-check": "why not"}}), Some("accept.no-such-check")),
        (
            json!({"accept": {"termination-protection": "x".repeat(501)}}),
            Some("accept.termination-protection"),
        ),
        (json!({"options": {"roleArn": "admin"}}), Some("options.roleArn")),
        (json!({"options": {"notificationArns": [arn]}}), None),
        (json!({"options": {"notificationArns": ["topic"]}}), Some("options.notificationArns")),
        (
            json!({"options": {"rollbackTriggers": [arn, arn, arn, arn, arn, arn]}}),
            Some("options.rollbackTriggers"),
        ),
        (json!({"options": {"tags": {"aws:x": "y"}}}), Some("options.tags")),
        (json!({"forceSessions": ["session-9"]}), Some("forceSessions")),
        (json!({"forceSessions": ["session-1"]}), None),
        (json!({"closesAt": "tonight"}), Some("closesAt")),
        (json!({"closesAt": "2020-01-01T00:00:00Z"}), Some("closesAt")),
        (json!({"closesAt": "2099-01-01T00:00:00Z"}), None),
        (json!({"closesAt": ""}), None),
        (json!({"template": {"url": "http://bucket/key"}}), Some("url")),
        (json!({"template": {"url": "https://b.s3.amazonaws.com/k?X-Amz-Signature=s3cret"}}), Some("url")),
        (json!({"template": {"url": "https://b.s3.amazonaws.com/k?versionId=1"}}), None),
        (json!({"template": {"file": "\n"}}), Some("file")),
    ] {
        let answer = way.change(&ada, change.clone()).await;
        match field {
            None => assert_eq!(answer.status, StatusCode::OK, "{change}: {}", answer.text),
            Some(field) => {
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{change}");
                assert_eq!(json(&answer)["errors"][0]["field"], field, "{change}");
                assert!(!answer.text.contains("s3cret"), "not repeated");
            }
        }
    }
    for body in [r"{}", r#"{"url":"s3://b/k","release":"2.0.0"}"#, r#"{"uri":"s3://b/k"}"#] {
        let answer = served.send(Method::POST, "/deployments/lab/proposals", &ada, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
}

#[tokio::test]
async fn what_the_stack_has_already_is_not_asked_for() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let own = json!({"tags": {"team": "platform"}, "notificationArns": [], "rollbackTriggers": []});
    way.change(&ada, json!({"parameters": {"Size": "20", "Class": "small"}, "options": own})).await;
    let looks = served.house.wishes.lock().expect("no panic").len();
    assert_eq!(looks, 1, "nothing has changed, so nobody looks again");
    way.change(&ada, json!({"parameters": {"Size": "37"}, "forceSessions": ["session-1"]})).await;
    way.change(&ada, json!({"parameters": {"Size": "20"}})).await;
    let wishes = served.house.wishes.lock().expect("no panic").clone();
    let given: Vec<Option<&str>> =
        wishes.iter().map(|wish| wish.given.get("Size").map(String::as_str)).collect();
    assert_eq!(given, [None, Some("37"), None]);
    assert_eq!(wishes[2].force_sessions, ["session-1"]);
    assert!(wishes.iter().all(|wish| wish.options.tags.is_none()));
}

#[tokio::test]
async fn a_secret_is_neither_taken_nor_told() {
    const SECRET: &str = "hunter2-is-no-secret-any-more";
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let refused = way.change(&ada, json!({"parameters": {"AdminToken": SECRET}})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut told = vec![refused.text];
    for place in ["", "/details", "/options", "/review"] {
        told.push(served.get(&format!("/deployments/lab/upgrade{place}"), &ada.cookie).await.text);
    }
    told.push(served.get("/access", &ada.cookie).await.text);
    told.push(way.get(&ada).await.to_string());
    assert!(told.iter().all(|text| !text.contains(SECRET)));
    assert!(!told[2].contains("name=\"parameters.AdminToken\""), "there is no field for it");
    for entry in std::fs::read_dir(served.folder.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kept = std::fs::read(&path).expect("readable");
        let found = kept.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn one_proposal_at_a_time_and_a_discarded_one_has_ended() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    let body = r#"{"release":"2.0.0"}"#;
    let second = served.send(Method::POST, "/deployments/lab/proposals", &ada, body).await;
    assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.text);
    assert_eq!(served.send(Method::DELETE, &way.path(""), &ada, "").await.status, StatusCode::NO_CONTENT);
    for (method, more) in
        [(Method::DELETE, ""), (Method::PATCH, ""), (Method::POST, "/prepare"), (Method::POST, "/run")]
    {
        let answer = served.send(method, &way.path(more), &ada, "{}").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{more}");
    }
    let third = Way::begin(&served, &ada).await;
    let all = served.get("/api/v1/deployments/lab/proposals?limit=1", &ada.cookie).await;
    assert_eq!(json(&all)["proposals"][0]["proposalId"], json!(third.id));
    let older = format!("/api/v1/deployments/lab/proposals?before={}", third.id);
    let older = json(&served.get(&older, &ada.cookie).await);
    assert_eq!(older["proposals"][0]["standing"], "discarded");
}

#[tokio::test]
async fn a_look_is_shown_as_one_and_an_overtaken_one_is_thrown_away() {
    let served = Served::with(House { turns: Semaphore::new(0), ..House::default() }, false);
    let ada = served.set_up().await;
    let body = r#"{"url":"s3://bucket/gone"}"#;
    let made = served.send(Method::POST, "/deployments/lab/proposals", &ada, body).await;
    let way = Way { served: &served, id: json(&made)["proposalId"].as_str().expect("an id").to_owned() };
    let page = served.get("/deployments/lab/upgrade/details", &ada.cookie).await.text;
    assert!(page.contains("Looking at the deployment") && page.contains("http-equiv=\"refresh\""), "{page}");
    let early = served.send(Method::POST, &way.path("/approve"), &ada, r#"{"planSha256":"0"}"#).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert_eq!(way.get(&ada).await["preparation"], Value::Null);
    for change in [r#"{"accept":{"termination-protection":"yes"}}"#, r#"{"parameters":{"Size":"37"}}"#] {
        let early = served.send(Method::PATCH, &way.path(""), &ada, change).await;
        assert_eq!(early.status, StatusCode::CONFLICT, "{change}: of what nobody has seen");
    }
    // Another release, before the first look has ended.
    let change = r#"{"template":{"release":"2.0.0"}}"#;
    assert_eq!(served.send(Method::PATCH, &way.path(""), &ada, change).await.status, StatusCode::OK);
    served.house.turns.add_permits(2);
    assert_eq!(way.looked(&ada).await["standing"], "looked-at", "the first one's failure is nobody's");
    served.house.turns.add_permits(1);
    way.change(&ada, json!({"template": {"url": "s3://bucket/gone"}})).await;
    let page = served.get("/deployments/lab/upgrade/review", &ada.cookie).await.text;
    assert!(page.contains("could not be looked at") && page.contains("no such key"), "{page}");
    assert!(!page.contains("2.0.0"), "nothing of what was found out for another release");
}

#[tokio::test]
async fn a_file_may_be_as_long_as_a_template_and_no_longer() {
    let served = Served::new();
    let ada = served.set_up().await;
    let viewer = served.somebody(&ada, Role::Viewer).await;
    let path = "/deployments/lab/proposals";
    let file = |bytes: usize| json!({"fileName": "t.yaml", "file": "x".repeat(bytes)}).to_string();
    for (browser, bytes, status) in [
        (&viewer, 100_000, StatusCode::PAYLOAD_TOO_LARGE),
        (&ada, 1_000_001, StatusCode::UNPROCESSABLE_ENTITY),
        (&ada, 3_000_000, StatusCode::PAYLOAD_TOO_LARGE),
        (&ada, 1_000_000, StatusCode::OK),
    ] {
        let answer = served.send(Method::POST, path, browser, &file(bytes)).await;
        assert_eq!(answer.status, status, "{bytes}: {}", answer.text);
    }
}

#[tokio::test]
async fn users_keep_their_notice_unless_somebody_says_otherwise() {
    let served = Served::new();
    let ada = served.set_up().await;
    let way = Way::begin(&served, &ada).await;
    way.clear(&ada).await;
    let (run, review) = (way.path("/run"), "/deployments/lab/upgrade/review");
    let soon = time::OffsetDateTime::now_utc() + time::Duration::minutes(10);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).expect("a time");
    assert_eq!(way.change(&ada, json!({"closesAt": soon})).await.status, StatusCode::OK);
    let hash = &way.get(&ada).await["preparation"]["planSha256"];
    assert_eq!(way.approve(&ada, hash).await.status, StatusCode::OK);
    tokio::time::pause();
    for (minutes, words) in [(6, "and 3 are left"), (5, "has passed")] {
        tokio::time::advance(std::time::Duration::from_secs(minutes * 60)).await;
        let late = served.send(Method::POST, &run, &ada, "{}").await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.text.contains(words), "{}", late.text);
        assert!(served.get(review, &ada.cookie).await.text.contains(words));
    }
    let willing = served.send(Method::POST, &run, &ada, r#"{"withoutNotice":true}"#).await;
    assert_eq!(willing.status, StatusCode::OK, "{}", willing.text);
}

#[tokio::test]
async fn people_change_their_own_password_and_are_signed_out() {
    let served = Served::new();
    let ada = served.set_up().await;
    let change = async |browser: &Browser, current: &str, new: &str| {
        let body = json!({"current": current, "new": new}).to_string();
        served.send(Method::PUT, "/account/password", browser, &body).await
    };
    let wrong = change(&ada, "not that one at all", "another sentence does too").await;
    assert_eq!(
        (wrong.status, &json(&wrong)["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("current"))
    );
    let short = change(&ada, crate::served::PASSWORD, "short").await;
    assert_eq!(json(&short)["errors"][0]["field"], "new");
    let done = change(&ada, crate::served::PASSWORD, "another sentence does too").await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(served.get("/", &ada.cookie).await.status, StatusCode::SEE_OTHER, "signed out");
    assert_eq!(served.sign_in("ada", "another sentence does too").await.status, StatusCode::SEE_OTHER);
}

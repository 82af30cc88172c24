//! The state's objects on the local cloud, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::{AwsCloud, Connection, Pace, StateObjects, Transport};
use conductor::{Found, ObjectError, Objects, Written};
use localcloud::{AccessKeys, Faults, LocalCloud};

use crate::common::{Bench, connection};

const ACCOUNT: &str = "000000000000";

/// A cloud with a bucket `templates`, and a state in it.
async fn bench() -> (Bench, StateObjects) {
    let bench = Bench::empty(false, Pace::Unlimited);
    bench.upload("Resources: {}").await;
    let opened = sendable(bench.cloud.state_objects("templates", "/state/one/", Some(ACCOUNT)));
    let objects = opened.await.expect("there");
    (bench, objects)
}

/// A conducting does this in a task of its own.
fn sendable<T: Send>(future: T) -> T {
    future
}

async fn found(objects: &StateObjects, key: &str) -> Found {
    sendable(objects.get(key)).await.expect("answered").unwrap_or_else(|| panic!("{key} is there"))
}

fn etag(written: Result<Written, ObjectError>) -> String {
    match written.expect("answered") {
        Written::Now { etag } => etag,
        Written::NotNow => panic!("it should have been written"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_created_once_and_replaced_under_its_etag_alone() {
    let (_bench, objects) = bench().await;
    assert_eq!(objects.location(), "s3://templates/state/one");
    assert_eq!(objects.get("claim").await, Ok(None));
    assert_eq!(objects.replace("claim", "\"0\"", b"early".to_vec()).await, Ok(Written::NotNow), "404");
    let first = etag(objects.create("claim", b"one".to_vec()).await);
    assert_eq!(objects.create("claim", b"two".to_vec()).await, Ok(Written::NotNow), "412");
    assert_eq!(objects.replace("claim", "\"0\"", b"two".to_vec()).await, Ok(Written::NotNow), "412");
    assert_eq!(found(&objects, "claim").await.body, b"one");
    assert_eq!(found(&objects, "claim").await.etag, first);
    let second = etag(objects.replace("claim", &first, b"two".to_vec()).await);
    assert_ne!(first, second);
    assert_eq!(objects.replace("claim", &first, b"three".to_vec()).await, Ok(Written::NotNow));
    assert_eq!(
        found(&objects, "claim").await,
        Found { body: b"two".to_vec(), etag: second, age: Duration::ZERO }
    );
}

#[tokio::test(start_paused = true)]
async fn an_age_goes_with_the_clouds_clock_and_begins_anew_with_each_write() {
    let (bench, objects) = bench().await;
    let first = etag(objects.create("claim", b"one".to_vec()).await);
    for (waits, age) in [(0, 0), (45, 45), (3600, 3645)] {
        bench.clock.sleep(Duration::from_secs(waits)).await;
        assert_eq!(found(&objects, "claim").await.age, Duration::from_secs(age));
    }
    etag(objects.replace("claim", &first, b"two".to_vec()).await);
    bench.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(found(&objects, "claim").await.age, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_list_has_every_key_behind_the_given_one_over_all_pages() {
    const RECORDS: usize = 2345;
    let (bench, objects) = bench().await;
    let beside =
        bench.cloud.state_objects("templates", "state/one-more", Some(ACCOUNT)).await.expect("there");
    etag(beside.create("records/00001", Vec::new()).await);
    let key = |number: usize| format!("records/{number:05}");
    for number in 0..RECORDS {
        etag(objects.create(&key(number), Vec::new()).await);
    }
    etag(objects.create("requests/a", Vec::new()).await);
    for (prefix, after, first, count) in [
        ("records/", String::new(), Some(key(0)), RECORDS),
        ("records/", key(0), Some(key(1)), RECORDS - 1),
        ("records/", key(1344), Some(key(1345)), 1000),
        ("records/", key(RECORDS - 1), None, 0),
        ("records/0234", String::new(), Some(key(2340)), 5),
        ("", key(RECORDS - 2), Some(key(RECORDS - 1)), 2),
        ("nothing/", String::new(), None, 0),
    ] {
        let keys = objects.list(prefix, &after).await.expect("listed");
        assert_eq!((keys.first(), keys.len()), (first.as_ref(), count), "{prefix} after {after}");
        assert!(keys.is_sorted(), "{prefix} after {after}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_with_odd_letters_are_the_same_wherever_they_are_named() {
    let (bench, _) = bench().await;
    let odd = "a+b c%20d/ü€/=&?#;,:@$!'()*[]{}|\\^`~\"<>/.hidden/..dots";
    for prefix in ["", "with space+plus/ü"] {
        let objects = bench.cloud.state_objects("templates", prefix, None).await.expect("there");
        let first = etag(objects.create(odd, b"one".to_vec()).await);
        assert_eq!(objects.create(odd, b"one".to_vec()).await, Ok(Written::NotNow));
        etag(objects.replace(odd, &first, b"two".to_vec()).await);
        assert_eq!(found(&objects, odd).await.body, b"two");
        assert_eq!(objects.list("a+b c", "a").await, Ok(vec![odd.to_owned()]), "{prefix}");
        assert_eq!(objects.list("", odd).await.map(|keys| keys.contains(&odd.to_owned())), Ok(false));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_absent_or_another_accounts_is_refused_by_name() {
    let (bench, objects) = bench().await;
    for (bucket, owner, words) in [
        ("absent", None, "NoSuchBucket: there is no bucket absent"),
        ("absent", Some(ACCOUNT), "NoSuchBucket: there is no bucket absent"),
        ("templates", Some("111122223333"), "isn't account 111122223333's"),
    ] {
        let refused = bench.cloud.state_objects(bucket, "state", owner).await.expect_err("refused");
        assert!(matches!(refused, ObjectError::Refused { .. }), "{refused:?}");
        assert!(refused.to_string().contains(words), "{refused}");
        assert_eq!(refused.to_string().contains("state_owner"), bucket == "templates", "{refused}");
    }
    assert_eq!(objects.region(), "us-east-1");
}

/// What a fault makes of a write and of a read of the same operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    NotNow,
    Unknown,
    Refused,
}

fn comes<T: std::fmt::Debug + PartialEq>(answered: Result<T, ObjectError>, not_now: &T) -> Comes {
    match answered {
        Ok(other) if other == *not_now => Comes::NotNow,
        Ok(other) => panic!("{other:?}"),
        Err(ObjectError::Unknown { .. }) => Comes::Unknown,
        Err(ObjectError::Refused { .. }) => Comes::Refused,
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_meets_a_fault_says_what_is_known_of_it_and_is_sent_once() {
    // The fault, what the write says, and whether it has happened at once and 60 s later.
    for (answer, said, at_once, later) in [
        ("server_error", Comes::Unknown, false, false),
        ("service_unavailable", Comes::Unknown, false, false),
        ("throttled", Comes::Unknown, false, false),
        ("access_denied", Comes::Refused, false, false),
        ("expired_credentials", Comes::Unknown, false, false),
        ("conditional_request_conflict", Comes::NotNow, false, false),
        ("drop_connection", Comes::Unknown, false, false),
        ("lose_response", Comes::Unknown, true, true),
        ("arrive_late", Comes::Unknown, false, true),
    ] {
        let (bench, objects) = bench().await;
        let before = etag(objects.create("replaced", b"old".to_vec()).await);
        let fault = format!(
            r#"{{"calls": [{{"service": "s3", "operation": "PutObject", "next": 2, "answer": "{answer}"}}]}}"#
        );
        bench.local.set_faults(&Faults::parse(&fault).expect("faults")).expect("set");
        let created = objects.create("created", b"new".to_vec()).await;
        let replaced = objects.replace("replaced", &before, b"new".to_vec()).await;
        assert_eq!(comes(created, &Written::NotNow), said, "{answer}");
        assert_eq!(comes(replaced, &Written::NotNow), said, "{answer}");
        for (waits, happened) in [(0, at_once), (61, later)] {
            bench.clock.sleep(Duration::from_secs(waits)).await;
            let is_there = objects.get("created").await.expect("answered").is_some();
            let is_new = found(&objects, "replaced").await.body == b"new";
            assert_eq!((is_there, is_new), (happened, happened), "{answer} after {waits} s");
        }
        // Both faults are used up: nothing was repeated.
        etag(objects.create("after", Vec::new()).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_meets_a_fault_is_not_taken_for_nothing_there() {
    for (answer, said) in [
        ("server_error", Comes::Unknown),
        ("service_unavailable", Comes::Unknown),
        ("throttled", Comes::Unknown),
        ("access_denied", Comes::Refused),
        ("drop_connection", Comes::Unknown),
        ("lose_response", Comes::Unknown),
    ] {
        let (bench, objects) = bench().await;
        for operation in ["GetObject", "ListObjectsV2"] {
            let fault = format!(
                r#"{{"calls": [{{"service": "s3", "operation": "{operation}", "answer": "{answer}"}}]}}"#
            );
            bench.local.set_faults(&Faults::parse(&fault).expect("faults")).expect("set");
            let comes = match operation {
                "GetObject" => comes(objects.get("claim").await, &None),
                _ => comes(objects.list("", "").await, &Vec::new()),
            };
            assert_eq!(comes, said, "{operation} {answer}");
        }
        assert_eq!(objects.get("claim").await, Ok(None), "{answer}");
        assert_eq!(objects.list("", "").await, Ok(Vec::new()), "{answer}");
    }
}

/// Requests as they were sent, signatures included.
type Sent = Arc<Mutex<Vec<String>>>;

fn recorded(local: &LocalCloud, keys: &AccessKeys, clock: conductor::Clock) -> (AwsCloud, Sent) {
    let sent = Sent::default();
    let (seen, callee) = (sent.clone(), local.clone());
    let transport = Transport::InProcess(Arc::new(move |request| {
        let (method, uri, headers, body) =
            (request.method(), request.uri(), request.headers(), request.body());
        seen.lock().expect("the list").push(format!("{method} {uri} {headers:?} {body:?}"));
        callee.call(request)
    }));
    (AwsCloud::new(&Connection { transport, ..connection(local, keys, clock) }), sent)
}

#[tokio::test(start_paused = true)]
async fn the_same_run_sends_the_same_bytes_and_signatures() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bench = Bench::empty(false, Pace::Unlimited);
        let (cloud, sent) = recorded(&bench.local, bench.local.keys(), bench.clock);
        cloud.upload_template("templates", "a.yaml", b"Resources: {}").await.expect("uploaded");
        let objects = cloud.state_objects("templates", "state", Some(ACCOUNT)).await.expect("there");
        let lost = r#"{"calls": [{"service": "s3", "operation": "PutObject", "after": 2, "answer": "lose_response"},
                                 {"service": "s3", "operation": "GetObject", "answer": "throttled"}]}"#;
        bench.local.set_faults(&Faults::parse(lost).expect("faults")).expect("set");
        let mut told = Vec::new();
        let mut last = String::from("\"0\"");
        for beat in 0..20 {
            bench.clock.sleep(Duration::from_millis(9_737)).await;
            let body = format!("nonce {beat}").into_bytes();
            if beat == 0 {
                told.push(format!("{:?}", objects.create("claim", body).await));
            } else {
                told.push(format!("{:?}", objects.replace("claim", &last, body).await));
            }
            let found = objects.get("claim").await;
            told.push(format!("{found:?}"));
            if let Ok(Some(found)) = found {
                last = found.etag;
            }
            told.push(format!("{:?}", objects.list("", "").await));
        }
        let sent = std::mem::take(&mut *sent.lock().expect("the list"));
        assert!(sent.iter().all(|request| request.contains("Signature=")), "{sent:?}");
        assert_eq!(sent.len(), 1 + 1 + 1 + 1 + 1 + 3 * 20, "{sent:#?}");
        runs.push((sent, told));
    }
    let [first, second] = runs.try_into().expect("two runs");
    assert_eq!(first.0, second.0);
    assert_eq!(first.1, second.1);
}

//! What is seen of a state's bucket. The answers are those of the S3 API reference.

use conductor::Objects;
use localcloud::Faults;
use upgrade::{BucketSeen, Trial, Versions};

use crate::common::Bench;
use crate::state_answers::{Answer, Store, error};

/// A store of which one setting is as the case says, and everything else as it is with a new bucket.
fn store(setting: &'static str, status: u16, body: &str) -> Store {
    stores(&[(setting, status, body)])
}

fn stores(settings: &[(&'static str, u16, &str)]) -> Store {
    let settings: Vec<(&str, u16, String)> =
        settings.iter().map(|(setting, status, body)| (*setting, *status, (*body).to_owned())).collect();
    Store::that(move |request| {
        let query = request.uri().query().unwrap_or_default();
        let told = settings.iter().find(|(setting, ..)| *setting == query);
        match (request.method().as_str(), told) {
            (_, Some((_, status, body))) => (*status, vec![], body.clone()),
            ("GET", None) => usual(query),
            ("PUT", None) => (412, vec![], error("PreconditionFailed", "words")),
            (_, None) => (200, vec![], String::new()),
        }
    })
}

fn usual(setting: &str) -> Answer {
    let (status, body) = match setting {
        "publicAccessBlock" => (404, error("NoSuchPublicAccessBlockConfiguration", "words")),
        "policyStatus" => (404, error("NoSuchBucketPolicy", "words")),
        "acl" => (200, list_of("<ID>1</ID>")),
        "lifecycle" => (404, error("NoSuchLifecycleConfiguration", "words")),
        "object-lock" => (404, error("ObjectLockConfigurationNotFoundError", "words")),
        "versioning" => (200, "<VersioningConfiguration/>".to_owned()),
        other => panic!("{other} is asked for"),
    };
    (status, vec![], body)
}

/// An access control list that gives one more than its owner something.
fn list_of(grantee: &str) -> String {
    format!(
        "<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">{grantee}</Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
    )
}

async fn seen(store: &Store) -> BucketSeen {
    let objects = store.objects(None).await;
    let look: std::pin::Pin<Box<dyn Future<Output = (BucketSeen, bool)> + Send + '_>> =
        Box::pin(objects.inspect_bucket("word"));
    let (seen, _) = look.await;
    assert!(store.requests().iter().all(|request| request.method() != "DELETE"), "nothing is deleted");
    seen
}

fn nothing_special() -> BucketSeen {
    BucketSeen {
        trial: Ok(Trial::Holds),
        public: Ok(false),
        expired_by: Ok(None),
        locked_days: Ok(None),
        versions: Ok(Versions::NotKept),
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_bucket_has_nothing_to_warn_of() {
    let bench = Bench::empty(false, aws::Pace::Unlimited);
    bench.upload("Resources: {}").await;
    let objects = bench.cloud.state_objects("templates", "state", Some("000000000000")).await.expect("there");
    // The second time the probe is there already.
    for is_new in [true, false] {
        assert_eq!(objects.inspect_bucket("word").await, (nothing_special(), is_new));
    }
    assert_eq!(objects.list("", "").await, Ok(vec!["probe/word".to_owned()]));
    assert_eq!(seen(&stores(&[])).await, nothing_special());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_ignores_a_condition_is_found_out() {
    // How many of the three writes are taken: created, created again, replaced.
    for (taken, trial) in [
        ([200, 412, 412], Ok(Trial::Holds)),
        ([412, 412, 404], Ok(Trial::Holds)),
        ([200, 200, 412], Ok(Trial::CreatesTwice)),
        ([200, 412, 200], Ok(Trial::ReplacesAny)),
        ([501, 501, 501], Err("doesn't know what a state needs")),
        ([403, 403, 403], Err("not looked at: s3:PutObject")),
        ([200, 503, 412], Err("not looked at: s3:PutObject")),
    ] {
        let writes = std::sync::Mutex::new(taken.to_vec());
        let store = Store::that(move |request| match request.method().as_str() {
            "PUT" => {
                let status = writes.lock().expect("the list").remove(0);
                let code = if status == 404 { "NoSuchKey" } else { "" };
                (status, vec![("etag", "\"e\"")], error(code, ""))
            }
            "GET" => usual(request.uri().query().unwrap_or_default()),
            _ => (200, vec![], String::new()),
        });
        match (seen(&store).await.trial, trial) {
            (found, Ok(trial)) => assert_eq!(found, Ok(trial), "{taken:?}"),
            (Err(reason), Err(words)) => assert!(reason.contains(words), "{reason}"),
            (found, Err(_)) => panic!("{taken:?}: {found:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_public_as_far_as_nothing_takes_it_back() {
    const BLOCKED: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>TRUE</BlockPublicAcls><IgnorePublicAcls>TRUE</IgnorePublicAcls><BlockPublicPolicy>TRUE</BlockPublicPolicy><RestrictPublicBuckets>TRUE</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    const LET_IN: &str = "<PublicAccessBlockConfiguration><IgnorePublicAcls>false</IgnorePublicAcls><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    const OPEN: &str = "<PolicyStatus><IsPublic>TRUE</IsPublic></PolicyStatus>";
    const CLOSED: &str = "<PolicyStatus><IsPublic>FALSE</IsPublic></PolicyStatus>";
    let everybody = list_of("<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>");
    let writers_of_logs = list_of("<URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI>");
    let denied = error("AccessDenied", "Access Denied");
    for (settings, public) in [
        (vec![("policyStatus", 200, OPEN)], Ok(true)),
        (vec![("policyStatus", 200, CLOSED)], Ok(false)),
        (vec![("acl", 200, everybody.as_str())], Ok(true)),
        (vec![("acl", 200, writers_of_logs.as_str())], Ok(false)),
        (
            vec![("publicAccessBlock", 200, BLOCKED), ("policyStatus", 200, OPEN), ("acl", 200, &everybody)],
            Ok(false),
        ),
        // What is taken back needn't be asked for.
        (
            vec![("publicAccessBlock", 200, BLOCKED), ("policyStatus", 403, &denied), ("acl", 403, &denied)],
            Ok(false),
        ),
        (vec![("publicAccessBlock", 200, LET_IN), ("policyStatus", 200, OPEN)], Ok(true)),
        (vec![("publicAccessBlock", 403, &denied), ("policyStatus", 200, OPEN)], Ok(true)),
        (vec![("publicAccessBlock", 403, &denied)], Ok(false)),
        (vec![("policyStatus", 403, &denied)], Err("not looked at: s3:GetBucketPolicyStatus: AccessDenied")),
        (vec![("policyStatus", 403, &denied), ("acl", 200, &everybody)], Ok(true)),
        (vec![("acl", 501, "")], Err("not looked at: s3:GetBucketAcl")),
    ] {
        match (seen(&stores(&settings)).await.public, public) {
            (found, Ok(public)) => assert_eq!(found, Ok(public), "{settings:?}"),
            (Err(reason), Err(words)) => assert!(reason.contains(words), "{reason}"),
            (found, Err(_)) => panic!("{settings:?}: {found:?}"),
        }
    }
}

fn rule(inside: &str) -> String {
    format!("<LifecycleConfiguration><Rule><ID>tidy</ID>{inside}</Rule></LifecycleConfiguration>")
}

const EXPIRES: &str = "<Status>Enabled</Status><Expiration><Days>30</Days></Expiration>";
const CLEANS_UP: &str = "<Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";

#[tokio::test(start_paused = true)]
async fn a_rule_counts_when_it_is_about_the_states_objects() {
    const VERSIONED: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    // A filter, whether it is about some of the prefix `state/`, and whether about all of it.
    for (filter, some, all) in [
        ("<Filter/>", true, true),
        ("<Prefix></Prefix>", true, true),
        ("<Filter><Prefix>st</Prefix></Filter>", true, true),
        ("<Prefix>state/</Prefix>", true, true),
        ("<Filter><Prefix>state/probe/</Prefix></Filter>", true, false),
        ("<Filter><Prefix>logs/</Prefix></Filter>", false, false),
        ("<Filter><Prefix>state-other/</Prefix></Filter>", false, false),
        ("<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>", false, false),
        (
            "<Filter><And><Prefix>state/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>",
            false,
            false,
        ),
        (
            "<Filter><And><Prefix>state/</Prefix><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></And></Filter>",
            true,
            false,
        ),
    ] {
        let expiring = seen(&store("lifecycle", 200, &rule(&format!("{filter}{EXPIRES}")))).await;
        assert_eq!(expiring.expired_by, Ok(some.then(|| "tidy".to_owned())), "{filter}");
        let cleaning = rule(&format!("{filter}{CLEANS_UP}"));
        let versioned = seen(&stores(&[("versioning", 200, VERSIONED), ("lifecycle", 200, &cleaning)])).await;
        let kept = if all { Versions::CleanedUp } else { Versions::Kept };
        assert_eq!((versioned.versions, versioned.expired_by), (Ok(kept), Ok(None)), "{filter}");
    }
    // Neither does anything to what is there.
    for inside in [
        "<Filter/><Status>Disabled</Status><Expiration><Days>30</Days></Expiration>",
        "<Filter/><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
        "<Filter/><Status>Enabled</Status><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>",
    ] {
        assert_eq!(seen(&store("lifecycle", 200, &rule(inside))).await.expired_by, Ok(None), "{inside}");
    }
    let nameless =
        format!("<LifecycleConfiguration><Rule><Filter/>{EXPIRES}</Rule></LifecycleConfiguration>");
    let found = seen(&store("lifecycle", 200, &nameless)).await.expired_by;
    assert_eq!(found, Ok(Some("a rule without a name".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn default_retention_is_told_in_days() {
    let lock = |retention: &str| {
        format!(
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{retention}</ObjectLockConfiguration>"
        )
    };
    let of = |period: &str| {
        lock(&format!("<Rule><DefaultRetention><Mode>GOVERNANCE</Mode>{period}</DefaultRetention></Rule>"))
    };
    for (body, days) in
        [(lock(""), None), (of("<Days>30</Days>"), Some(30)), (of("<Years>2</Years>"), Some(730))]
    {
        assert_eq!(seen(&store("object-lock", 200, &body)).await.locked_days, Ok(days), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_asked_says_so_and_keeps_nothing_else_from_being_asked() {
    const VERSIONED: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let denied = error("AccessDenied", "Access Denied");
    let told = seen(&stores(&[
        ("lifecycle", 403, &denied),
        ("object-lock", 403, &denied),
        ("versioning", 200, VERSIONED),
    ]))
    .await;
    let BucketSeen { trial, public, expired_by, locked_days, versions } = told;
    assert_eq!((trial, public), (Ok(Trial::Holds), Ok(false)));
    let reasons = [expired_by.err(), locked_days.err(), versions.err()];
    for (reason, permission) in reasons.into_iter().zip([
        "s3:GetLifecycleConfiguration",
        "s3:GetBucketObjectLockConfiguration",
        // Without the rules nobody knows what becomes of versions.
        "s3:GetLifecycleConfiguration",
    ]) {
        let reason = reason.expect("it was denied");
        assert!(reason.starts_with(&format!("not looked at: {permission}: AccessDenied")), "{reason}");
        assert!(reason.contains(&format!("needs the permission {permission}")), "{reason}");
    }

    let bench = Bench::empty(false, aws::Pace::Unlimited);
    bench.upload("Resources: {}").await;
    let objects = bench.cloud.state_objects("templates", "state", None).await.expect("there");
    let fault = r#"{"calls": [{"service": "s3", "operation": "GetBucketVersioning", "answer": "service_unavailable"}]}"#;
    bench.local.set_faults(&Faults::parse(fault).expect("faults")).expect("set");
    let reason = objects.inspect_bucket("word").await.0.versions.expect_err("nobody answered");
    assert!(reason.starts_with("not looked at: s3:GetBucketVersioning: ServiceUnavailable"), "{reason}");
}

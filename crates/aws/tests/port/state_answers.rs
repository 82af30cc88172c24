//! What S3's answers mean for a state: written, not written, nobody knows, or refused with what to do. The answers are those of
//! the S3 API reference ("Error responses") and of AWS's troubleshooting pages.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws::{AwsCloud, Connection, StateObjects, Transport};
use bytes::Bytes;
use conductor::{Found, ObjectError, Objects, Written};

const DATE: &str = "Thu, 01 Jan 2026 00:17:03 GMT";

/// 2026-01-01T00:00:00Z.
fn beginning() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// An answer: status, headers, body.
pub type Answer = (u16, Vec<(&'static str, &'static str)>, String);

type Answering = dyn Fn(&http::Request<Bytes>) -> Answer + Send + Sync;

/// A store that answers as it is told to, and what it was asked.
#[derive(Clone)]
pub struct Store {
    answer: Arc<Answering>,
    requests: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl Store {
    pub fn that(answer: impl Fn(&http::Request<Bytes>) -> Answer + Send + Sync + 'static) -> Store {
        Store { answer: Arc::new(answer), requests: Arc::default() }
    }

    pub fn cloud(&self, now: SystemTime) -> AwsCloud {
        let store = self.clone();
        AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "secret-key-that-must-not-show".to_owned(),
            transport: Transport::InProcess(Arc::new(move |request| {
                let (status, headers, body) = (store.answer)(&request);
                store.requests.lock().expect("the list").push(request);
                let response = http::Response::builder().status(status);
                let response =
                    headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
                response.body(Bytes::from(body)).expect("an answer")
            })),
            now: Arc::new(move || now),
        })
    }

    pub async fn objects(&self, owner: Option<&str>) -> StateObjects {
        self.cloud(beginning()).state_objects("bucket", "state", owner).await.expect("there")
    }

    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        let requests = self.requests.lock().expect("the list");
        let copy = |request: &http::Request<Bytes>| {
            let mut copy = http::Request::new(request.body().clone());
            *copy.method_mut() = request.method().clone();
            *copy.uri_mut() = request.uri().clone();
            *copy.headers_mut() = request.headers().clone();
            copy
        };
        requests.iter().map(copy).collect()
    }
}

pub fn error(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message><RequestId>1</RequestId></Error>"
    )
}

/// A store whose bucket is there, and which answers everything else so.
fn always(status: u16, headers: &[(&'static str, &'static str)], body: String) -> Store {
    let headers = headers.to_vec();
    Store::that(move |request| match request.method().as_str() {
        "HEAD" => (200, vec![("x-amz-bucket-region", "us-east-1")], String::new()),
        _ => (status, headers.clone(), body.clone()),
    })
}

/// What it should come to.
enum Comes {
    Now,
    NotNow,
    Unknown(&'static str),
    Refused(&'static str),
}

fn check(case: &str, answered: &Result<Written, ObjectError>, expected: &Comes) {
    let shown = format!("{case}: {answered:?}");
    match (answered, expected) {
        (Ok(Written::Now { etag }), Comes::Now) => assert_eq!(etag, "\"e\"", "{shown}"),
        (Ok(Written::NotNow), Comes::NotNow) => {}
        (Err(ObjectError::Unknown { operation, words }), Comes::Unknown(part))
        | (Err(ObjectError::Refused { operation, words }), Comes::Refused(part)) => {
            assert!(words.contains(part), "{shown} lacks {part}");
            assert_eq!(*operation, "s3:PutObject", "{shown}");
            assert!(!words.contains("secret-key"), "{shown}");
        }
        (_, _) => panic!("{shown}"),
    }
}

const KMS: &str = "User: arn:aws:iam::1:user/ada is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:us-east-1:1:key/k because no identity-based policy allows the kms:GenerateDataKey action";

#[tokio::test(start_paused = true)]
async fn what_a_write_is_answered_says_what_is_known_of_it() {
    use Comes::{NotNow, Now, Refused, Unknown};
    for (status, code, message, expected) in [
        (200, "", "", Now),
        (412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", NotNow),
        (409, "ConditionalRequestConflict", "The conditional request cannot succeed", NotNow),
        (404, "NoSuchKey", "The specified key does not exist.", NotNow),
        (404, "NoSuchBucket", "The specified bucket does not exist", Refused("there is no bucket bucket")),
        (404, "", "", Unknown("status 404")),
        (409, "OperationAborted", "A conflicting conditional operation is in progress", Unknown("Aborted")),
        (400, "RequestTimeout", "Your socket connection was not read from", Unknown("RequestTimeout")),
        (500, "InternalError", "We encountered an internal error. Please try again.", Unknown("Internal")),
        (502, "", "", Unknown("status 502")),
        (503, "SlowDown", "Please reduce your request rate.", Unknown("SlowDown")),
        (503, "ServiceUnavailable", "Service is unable to handle request.", Unknown("Unavailable")),
        (501, "NotImplemented", "A header you provided", Refused("doesn't know what a state needs")),
        (
            403,
            "AccessDenied",
            "Access Denied",
            Refused("needs the permission s3:PutObject for s3://bucket/state"),
        ),
        (403, "AccessDenied", "Access Denied", Refused("account 1's: if it is another's")),
        (403, "AccessDenied", KMS, Refused("kms:GenerateDataKey to write and kms:Decrypt to read")),
        (400, "KMS.DisabledException", "arn:aws:kms:k is disabled.", Refused("kms:GenerateDataKey to write")),
        (400, "KMS.ThrottlingException", "Rate exceeded", Unknown("KMS may answer")),
        (400, "InvalidRequest", "Content-MD5 is required", Refused("InvalidRequest: Content-MD5")),
        (400, "ExpiredToken", "The provided token has expired.", Unknown("renew them")),
        (403, "InvalidAccessKeyId", "The key does not exist", Unknown("InvalidAccessKeyId")),
        (403, "SignatureDoesNotMatch", "The signature does not match", Refused("check profile, Region")),
    ] {
        let body = if code.is_empty() { String::new() } else { error(code, message) };
        let store = always(status, &[("etag", "\"e\""), ("date", DATE)], body);
        let objects = store.objects(Some("1")).await;
        check(code, &objects.create("claim", b"x".to_vec()).await, &expected);
        check(code, &objects.replace("claim", "\"d\"", b"x".to_vec()).await, &expected);
        assert_eq!(store.requests().len(), 3, "{code}: nothing is repeated");
    }
    let store = always(200, &[], String::new());
    let answered = store.objects(None).await.create("claim", Vec::new()).await;
    check("no ETag", &answered, &Unknown("has to be read"));
}

#[tokio::test(start_paused = true)]
async fn what_a_read_is_answered_is_never_taken_for_nothing_there() {
    const MODIFIED: &str = "Thu, 01 Jan 2026 00:16:21 GMT";
    let all = [("etag", "\"e\""), ("date", DATE), ("last-modified", MODIFIED)];
    let seconds = |age| {
        Ok(Some(Found { body: b"x".to_vec(), etag: "\"e\"".to_owned(), age: Duration::from_secs(age) }))
    };
    assert_eq!(always(200, &all, "x".to_owned()).objects(None).await.get("claim").await, seconds(42));
    // One server a moment behind another.
    let ahead = [("etag", "\"e\""), ("date", MODIFIED), ("last-modified", DATE)];
    assert_eq!(always(200, &ahead, "x".to_owned()).objects(None).await.get("claim").await, seconds(0));
    let nothing = always(404, &[], error("NoSuchKey", "The specified key does not exist."));
    assert_eq!(nothing.objects(None).await.get("claim").await, Ok(None));
    let [tag, date, modified] = all;
    for (status, headers, body, is_refused, words) in [
        (200, vec![tag, date], String::new(), true, "no Last-Modified that can be read"),
        (200, vec![tag, modified], String::new(), true, "no Date that can be read"),
        (200, vec![tag, ("date", "yesterday"), modified], String::new(), true, "no Date that can be read"),
        (200, vec![date, modified], String::new(), true, "no ETag"),
        (
            403,
            vec![],
            error("AccessDenied", "Access Denied"),
            true,
            "without that S3 answers 403 also for what is not there",
        ),
        (
            403,
            vec![],
            error("AccessDenied", "not authorized to perform: kms:Decrypt"),
            true,
            "kms:Decrypt to read",
        ),
        (404, vec![], error("NoSuchBucket", "The specified bucket does not exist"), true, "no bucket bucket"),
        (404, vec![], "<html>Not Found</html>".to_owned(), false, "status 404"),
        (500, vec![], error("InternalError", "Please try again."), false, "InternalError"),
    ] {
        let answered = always(status, &headers, body).objects(None).await.get("claim").await;
        match answered {
            Err(ObjectError::Refused { words: told, .. }) if is_refused => {
                assert!(told.contains(words), "{told}")
            }
            Err(ObjectError::Unknown { words: told, .. }) if !is_refused => {
                assert!(told.contains(words), "{told}")
            }
            other => panic!("{words}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_far_off_is_told_by_how_much() {
    let skewed = error(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    );
    for (headers, now, words) in [
        (vec![("date", DATE)], beginning(), "this machine's clock is 17 min 3 s behind S3's: set it right"),
        (
            vec![("date", DATE)],
            beginning() + Duration::from_secs(17 * 60 + 3 + 7 * 3600),
            "this machine's clock is 7 h 0 min ahead of S3's: set it right",
        ),
        (vec![], beginning(), "this machine's clock and S3's differ by minutes"),
    ] {
        let cloud = always(403, &headers, skewed.clone()).cloud(now);
        let objects = cloud.state_objects("bucket", "state", None).await.expect("there");
        check("skewed", &objects.create("claim", Vec::new()).await, &Comes::Refused(words));
        let read = objects.get("claim").await.expect_err("refused");
        assert!(matches!(&read, ObjectError::Refused { words: told, .. } if told.contains(words)), "{read}");
    }
}

/// The Region that a request was signed for.
fn signed_for(request: &http::Request<Bytes>) -> &str {
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    authorization.and_then(|text| text.split('/').nth(2)).unwrap_or_default()
}

/// A store whose bucket is in eu-west-1, from the given request on.
fn in_ireland(from: usize, status: u16, code: &'static str) -> Store {
    let asked = Mutex::new(0);
    Store::that(move |request| {
        let mut asked = asked.lock().expect("a number");
        *asked += 1;
        let region = if *asked > from { "eu-west-1" } else { "us-east-1" };
        let place = vec![("x-amz-bucket-region", region), ("etag", "\"e\"")];
        if signed_for(request) == region {
            (200, place, String::new())
        } else {
            (status, place, error(code, "Please send all future requests to this endpoint."))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn the_buckets_own_region_is_found_and_found_again() {
    for (status, code) in [(301, "PermanentRedirect"), (400, "AuthorizationHeaderMalformed")] {
        let store = in_ireland(0, status, code);
        let objects = store.objects(Some("1")).await;
        assert_eq!(objects.region(), "eu-west-1");
        check(code, &objects.create("claim", Vec::new()).await, &Comes::Now);
        let regions: Vec<String> = store.requests().iter().map(|one| signed_for(one).to_owned()).collect();
        assert_eq!(regions, ["us-east-1", "eu-west-1", "eu-west-1"], "{code}");

        // A bucket that was deleted and made again elsewhere: this request came to nothing, the next one goes there.
        let store = in_ireland(2, status, code);
        let objects = store.objects(Some("1")).await;
        check(code, &objects.create("claim", Vec::new()).await, &Comes::Now);
        let lost = objects.create("claim", Vec::new()).await;
        check(code, &lost, &Comes::Unknown("the next request goes to eu-west-1"));
        check(code, &objects.create("claim", Vec::new()).await, &Comes::Now);
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_list_a_part_of_the_bucket_only_may_still_keep_a_state_there() {
    for (answers, refused) in [
        // HeadBucket needs s3:ListBucket of the whole bucket.
        ([403, 403], None),
        ([403, 200], Some("isn't account 1's")),
        ([404, 404], Some("no bucket")),
        ([503, 503], Some("status 503")),
    ] {
        let store = Store::that(move |request| {
            let [expected, anybody] = answers;
            let is_expected = request.headers().contains_key("x-amz-expected-bucket-owner");
            (
                if is_expected { expected } else { anybody },
                vec![("x-amz-bucket-region", "us-east-1")],
                String::new(),
            )
        });
        let opened = store.cloud(beginning()).state_objects("bucket", "state", Some("1")).await;
        match (opened, refused) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => assert!(error.to_string().contains(words), "{error}"),
            (other, _) => panic!("{answers:?}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_names_the_owner_and_every_write_its_checksum_and_condition() {
    let store = always(200, &[("etag", "\"e\"")], "<ListBucketResult/>".to_owned());
    let objects = store.objects(Some("111122223333")).await;
    objects.create("a b", b"x".to_vec()).await.expect("written");
    objects.replace("a b", "\"d\"", b"x".to_vec()).await.expect("written");
    objects.list("requests/", "requests/1").await.expect("listed");
    let requests = store.requests();
    let header = |request: &http::Request<Bytes>, name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned()
    };
    for request in &requests {
        assert_eq!(header(request, "x-amz-expected-bucket-owner"), "111122223333");
        assert_ne!(header(request, "x-amz-content-sha256"), "-");
        let signed = header(request, "authorization");
        assert!(
            signed.contains("x-amz-content-sha256;") && signed.contains("x-amz-expected-bucket-owner"),
            "{signed}"
        );
    }
    // The SHA-256 of `x`, in base64.
    const SUM: &str = "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";
    let seen: Vec<String> = requests
        .iter()
        .map(|one| {
            let [sum, absent, same] =
                ["x-amz-checksum-sha256", "if-none-match", "if-match"].map(|name| header(one, name));
            format!("{} {} {sum} {absent} {same}", one.method(), one.uri())
        })
        .collect();
    assert_eq!(seen, [
        "HEAD http://localhost/bucket/ - - -".to_owned(),
        format!("PUT http://localhost/bucket/state/a%20b {SUM} * -"),
        format!("PUT http://localhost/bucket/state/a%20b {SUM} - \"d\""),
        "GET http://localhost/bucket/?list-type=2&prefix=state%2Frequests%2F&start-after=state%2Frequests%2F1&max-keys=1000&encoding-type=url - - -"
            .to_owned(),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_as_it_is_encoded_and_an_incomplete_one_is_nobodys_list() {
    let page = |keys: &str, rest: &str| format!("<ListBucketResult>{rest}{keys}</ListBucketResult>");
    let key = |key: &str| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>");
    let encoded = "<EncodingType>url</EncodingType>";
    for (body, expected) in [
        (page(&key("state/a%2Bb+c%2520"), encoded), Ok(vec!["a+b c%20"])),
        (page(&key("state/a+b%20"), ""), Ok(vec!["a+b%20"])),
        // The console's folder, and a store that minds no prefix.
        (page(&format!("{}{}{}", key("state/"), key("other/a"), key("state/a")), encoded), Ok(vec!["a"])),
        (page(&key("state/%zz"), encoded), Err("is no key")),
        (page(&key("state/a"), "<IsTruncated>true</IsTruncated>"), Err("doesn't say where")),
        ("<ListBucketResult>".to_owned(), Err("not a whole XML document")),
    ] {
        let listed = always(200, &[], body).objects(None).await.list("", "").await;
        match (listed, expected) {
            (Ok(keys), Ok(expected)) => assert_eq!(keys, expected),
            (Err(ObjectError::Unknown { words, .. }), Err(part)) => assert!(words.contains(part), "{words}"),
            (other, expected) => panic!("{other:?} instead of {expected:?}"),
        }
    }
}

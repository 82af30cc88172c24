//! Templates pinned by content, against a store whose answers are those of the S3 API reference.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use aws::{AwsCloud, Connection, PinnedTemplate, Transport};
use bytes::Bytes;
use upgrade::{PortErrorKind, sha256_of};

use crate::common::Bench;

const TEMPLATE: &[u8] = b"Resources: {}";

/// How a store behaves.
#[derive(Clone, Copy)]
struct Behaviour {
    /// What HeadBucket answers.
    head: u16,
    /// Where the bucket is; `None`: HeadBucket doesn't say.
    region: Option<&'static str>,
    /// Whether it knows `If-None-Match`.
    conditional: bool,
    /// Whether it lets objects be read.
    readable: bool,
    /// How many writes meet another that is under way.
    conflicts: usize,
}

const S3: Behaviour =
    Behaviour { head: 200, region: Some("us-east-1"), conditional: true, readable: true, conflicts: 0 };

#[derive(Default)]
struct Contents {
    objects: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
}

#[derive(Clone)]
struct Store {
    behaviour: Behaviour,
    contents: Arc<Mutex<Contents>>,
}

impl Store {
    fn new(behaviour: Behaviour) -> Store {
        Store { behaviour, contents: Arc::default() }
    }

    fn holding(self, path: &str, body: &[u8]) -> Store {
        self.contents.lock().expect("contents").objects.insert(path.to_owned(), body.to_vec());
        self
    }

    fn at(&self, path: &str) -> Option<Vec<u8>> {
        self.contents.lock().expect("contents").objects.get(path).cloned()
    }

    /// Such as `PUT /bucket/key us-east-1 *`: what was asked, signed for which Region, on which condition.
    fn requests(&self) -> Vec<String> {
        self.contents.lock().expect("contents").requests.clone()
    }

    fn cloud(&self) -> AwsCloud {
        let store = self.clone();
        AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "secret-key-that-must-not-show".to_owned(),
            transport: Transport::InProcess(Arc::new(move |request| store.answer(&request))),
            now: Arc::new(|| UNIX_EPOCH),
        })
    }

    fn answer(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let (method, uri) = (request.method().as_str(), request.uri());
        let path = uri.path().to_owned();
        let scope = header("authorization").and_then(|text| text.split('/').nth(2)).unwrap_or_default();
        let condition = header("if-none-match").unwrap_or("-");
        let query = uri.query().unwrap_or_default().split('&');
        let version: Vec<&str> = query.filter(|pair| pair.starts_with("versionId")).collect();
        let mut contents = self.contents.lock().expect("contents");
        let puts = contents.requests.iter().filter(|one| one.starts_with("PUT")).count();
        contents.requests.push(format!("{method} {path} {scope} {condition} {}", version.concat()));
        let mut response = http::Response::builder();
        let refusal =
            |code: &str| Bytes::from(format!("<Error><Code>{code}</Code><Message>words</Message></Error>"));
        let misplaced = self.behaviour.region.is_some_and(|region| region != scope);
        let (status, body) = match method {
            "HEAD" => {
                if let Some(region) = self.behaviour.region {
                    response = response.header("x-amz-bucket-region", region);
                }
                (self.behaviour.head, Bytes::new())
            }
            _ if misplaced => (301, refusal("PermanentRedirect")),
            "GET" if !self.behaviour.readable => (403, refusal("AccessDenied")),
            "GET" => match contents.objects.get(&path) {
                Some(body) => (200, Bytes::from(body.clone())),
                None => (404, refusal("NoSuchKey")),
            },
            "PUT" if puts < self.behaviour.conflicts => (409, refusal("ConditionalRequestConflict")),
            "PUT" if condition == "*" && !self.behaviour.conditional => (501, refusal("NotImplemented")),
            "PUT" if condition == "*" && contents.objects.contains_key(&path) => {
                (412, refusal("PreconditionFailed"))
            }
            "PUT" => {
                contents.objects.insert(path, request.body().to_vec());
                (200, Bytes::new())
            }
            _ => (405, refusal("MethodNotAllowed")),
        };
        response.status(status).body(body).expect("an answer")
    }
}

fn path() -> String {
    format!("/bucket/slackwater/templates/{}.template", sha256_of(TEMPLATE))
}

#[tokio::test(start_paused = true)]
async fn a_template_is_pinned_once_under_its_hash() {
    let store = Store::new(S3);
    let cloud = store.cloud();
    for is_new in [true, false] {
        let pinned = cloud.pin_template("bucket", TEMPLATE).await.expect("pinned");
        let key = path().replacen("/bucket/", "", 1);
        let url = format!("https://bucket.s3.us-east-1.amazonaws.com/{key}");
        assert_eq!(pinned, PinnedTemplate { url, sha256: sha256_of(TEMPLATE), is_new });
        assert_eq!(cloud.get_template(&pinned.url).await.expect("read"), TEMPLATE);
    }
    assert_eq!(store.at(&path()).as_deref(), Some(TEMPLATE));
    let puts: Vec<String> = store.requests().into_iter().filter(|one| one.starts_with("PUT")).collect();
    assert_eq!(
        puts,
        vec![format!("PUT {} us-east-1 * ", path()); 2],
        "always on the condition that nothing is there"
    );
}

#[tokio::test(start_paused = true)]
async fn something_else_under_the_hash_is_refused_and_left() {
    for behaviour in [S3, Behaviour { conditional: false, ..S3 }] {
        let store = Store::new(behaviour).holding(&path(), b"evil");
        let error = store.cloud().pin_template("bucket", TEMPLATE).await.expect_err("refused");
        assert_eq!(error.kind, PortErrorKind::Refused);
        for words in ["holds something else", "somebody wrote over it", &sha256_of(b"evil")] {
            assert!(error.message.contains(words), "{error}");
        }
        assert_eq!(store.at(&path()).as_deref(), Some(&b"evil"[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_without_conditional_writes_is_written_to_and_read_back() {
    let store = Store::new(Behaviour { conditional: false, ..S3 });
    for _ in 0..2 {
        store.cloud().pin_template("bucket", TEMPLATE).await.expect("pinned");
    }
    let plain = |one: &&String| one.starts_with("PUT") && one.contains(" - ");
    assert_eq!(store.requests().iter().filter(plain).count(), 1, "{:?}", store.requests());
    assert_eq!(store.at(&path()).as_deref(), Some(TEMPLATE));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_meets_another_is_made_again_and_not_for_ever() {
    for (conflicts, pinned) in [(1, true), (2, true), (3, false)] {
        let store = Store::new(Behaviour { conflicts, ..S3 });
        let outcome = store.cloud().pin_template("bucket", TEMPLATE).await;
        match outcome {
            Ok(_) => assert!(pinned, "{conflicts}"),
            Err(error) => assert!(!pinned && error.kind == PortErrorKind::Transient, "{conflicts}: {error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_asked_in_its_own_region_whatever_head_bucket_answers() {
    for (head, region, url_region) in [
        (200, Some("us-east-1"), "us-east-1"),
        (200, Some("eu-west-1"), "eu-west-1"),
        (301, Some("eu-west-1"), "eu-west-1"),
        (400, Some("me-central-1"), "me-central-1"),
        (403, Some("ap-south-1"), "ap-south-1"),
        // A store that doesn't say is asked as ours.
        (200, None, "us-east-1"),
        (403, None, "us-east-1"),
    ] {
        let store = Store::new(Behaviour { head, region, ..S3 });
        let cloud = store.cloud();
        let pinned = cloud.pin_template("bucket", TEMPLATE).await.expect("pinned");
        assert!(
            pinned.url.starts_with(&format!("https://bucket.s3.{url_region}.amazonaws.com/")),
            "{pinned:?}"
        );
        cloud.get_template(&pinned.url).await.expect("read");
        for request in store.requests().iter().filter(|one| !one.starts_with("HEAD")) {
            assert_eq!(request.split(' ').nth(2), Some(url_region), "{head}: {request}");
        }
        let heads = store.requests().iter().filter(|one| one.starts_with("HEAD")).count();
        assert!(region.is_none() || heads == 1, "kept for the bucket: {heads}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_in_the_url_is_the_one_that_is_read() {
    let store = Store::new(S3).holding("/bucket/t.yaml", TEMPLATE);
    let cloud = store.cloud();
    for (url, asked) in [
        ("https://bucket.s3.amazonaws.com/t.yaml?versionId=a%2Fb", "versionId=a%2Fb"),
        ("s3://bucket/t.yaml?versionId=7", "versionId=7"),
        ("s3://bucket/t.yaml", ""),
    ] {
        assert_eq!(cloud.get_template(url).await.expect("read"), TEMPLATE);
        let last = store.requests().pop().expect("a request");
        assert_eq!(last, format!("GET /bucket/t.yaml us-east-1 - {asked}"));
    }
    for (url, kept) in [
        (
            "s3://bucket/t.yaml?versionId=7",
            Some("https://bucket.s3.us-east-1.amazonaws.com/t.yaml?versionId=7"),
        ),
        ("s3://bucket/t.yaml", None),
        ("https://example.com/t.yaml?versionId=7", None),
    ] {
        assert_eq!(cloud.versioned_template_url(url).await.expect("asked").as_deref(), kept, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_linked_stack_must_be_able_to_read_the_copy_with_its_own_rights() {
    let pinned = Store::new(S3).cloud().pin_template("bucket", TEMPLATE).await.expect("pinned");
    for (linked, words) in [
        (Store::new(S3).holding(&path(), TEMPLATE), None),
        (Store::new(S3), Some("NoSuchKey")),
        (
            Store::new(Behaviour { readable: false, ..S3 }).holding(&path(), TEMPLATE),
            Some("allow it s3:GetObject"),
        ),
        (Store::new(S3).holding(&path(), b"other"), Some("its bucket is another one there")),
    ] {
        let read = pinned.can_be_read_by(&linked.cloud()).await;
        match words {
            None => assert_eq!(read, Ok(())),
            Some(words) => {
                let error = read.expect_err("can't be read");
                assert!(error.message.contains(words), "{error}");
                assert!(error.message.contains("template_bucket of its own"), "{error}");
                assert!(!error.message.contains("secret-key"), "{error}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_local_cloud_takes_a_pinned_template() {
    let bench = Bench::with_platform().await;
    let pinned = bench.cloud.pin_template("templates", TEMPLATE).await.expect("pinned");
    let again = PinnedTemplate { is_new: false, ..pinned.clone() };
    assert!(pinned.is_new, "{pinned:?}");
    assert_eq!(bench.cloud.pin_template("templates", TEMPLATE).await.expect("again"), again);
    assert_eq!(pinned.can_be_read_by(&bench.cloud).await, Ok(()));
    let error = bench.cloud.pin_template("not-there", TEMPLATE).await.expect_err("no bucket");
    assert!(error.message.contains("NoSuchBucket"), "{error}");
}

//! The wire: what is let in, how it is answered, in process and over TCP.

mod common;

use aws_sigv4::http_request::SignableBody;
use bytes::Bytes;
use common::{START, Signing, cloud, keys, query, text};
use http::{Method, Request};
use localcloud::{AccessKeys, Clock, Config, LocalCloud, Timestamp};

const CALLER: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// A tokio runtime is needed for nothing but the clock's type; these tests run without one.
fn check(what: &str, request: Request<Bytes>, status: u16, contains: &str) {
    let response = cloud().call(request);
    let body = text(&response);
    assert_eq!(response.status(), status, "{what}: {body}");
    assert!(body.contains(contains), "{what}: {body} lacks {contains}");
    assert!(!body.contains("a test's secret"), "{what}");
}

#[test]
fn a_signed_request_is_answered() {
    check(
        "in process, without a Host header",
        Signing::of("sts").sign(query(CALLER)),
        200,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <UserId>000000000000</UserId><Account>000000000000</Account><Arn>arn:aws:iam::000000000000:root</Arn>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>",
    );
    let mut late = Signing::of("sts");
    late.at = Timestamp(START.0 - 4 * 60 * 1000);
    check("four minutes old", late.sign(query(CALLER)), 200, "Arn");
    let get = Request::get(format!("http://localhost/?{CALLER}&b=%20x%2By&a=%E2%82%AC")).body(Bytes::new());
    check("in the query string", Signing::of("sts").sign(get.expect("request")), 200, "Arn");
    let spaced = Request::post("https://sts.us-east-1.amazonaws.com/").header("x-amz-test", "  a   b ");
    check(
        "odd headers",
        Signing::of("sts").sign(spaced.body(Bytes::from(CALLER)).expect("request")),
        200,
        "Arn",
    );
    let arn = "/v1/tags/arn%3Aaws%3Abatch%3Aus-east-1%3A000000000000%3Ajob-queue%2Fq";
    let tags = Request::get(format!("http://localhost{arn}")).body(Bytes::new()).expect("request");
    let response = cloud().call(Signing::of("batch").sign(tags));
    assert_ne!(
        response.headers().get("x-amzn-errortype").map(|kind| kind.as_bytes()),
        Some(&b"InvalidSignatureException"[..]),
        "an encoded path"
    );
}

#[test]
fn what_is_not_signed_as_it_should_be_is_refused() {
    let signed = || Signing::of("sts").sign(query(CALLER));
    check("unsigned", query(CALLER), 403, "<Code>MissingAuthenticationToken</Code>");
    check("unsigned nonsense", query("\u{1}=%%%"), 403, "<Code>MissingAuthenticationToken</Code>");

    let mut other_key = Signing::of("sts");
    other_key.keys = AccessKeys::new("AKIAOTHER", "a test's secret");
    check("unknown key", other_key.sign(query(CALLER)), 403, "<Code>InvalidClientTokenId</Code>");
    let mut wrong_secret = Signing::of("sts");
    wrong_secret.keys.secret_access_key.push('!');
    check("wrong secret", wrong_secret.sign(query(CALLER)), 403, "<Code>SignatureDoesNotMatch</Code>");
    let mut wrong_region = Signing::of("sts");
    wrong_region.region = "eu-west-1";
    check(
        "wrong Region",
        wrong_region.sign(query(CALLER)),
        403,
        "Credential should be scoped to a valid region",
    );
    for minutes in [-6_i64, 6] {
        let mut skewed = Signing::of("sts");
        skewed.at = Timestamp(START.0.saturating_add_signed(minutes * 60 * 1000));
        check("skewed", skewed.sign(query(CALLER)), 403, "<Code>RequestExpired</Code>");
    }

    let mut changed = signed();
    *changed.body_mut() = Bytes::from("Action=GetCallerIdentity&Version=2011-06-15&Evil=1");
    check("changed body", changed, 403, "<Code>SignatureDoesNotMatch</Code>");
    let mut changed = signed();
    *changed.uri_mut() = "http://127.0.0.1:4566/?a=b".parse().expect("uri");
    check("changed query", changed, 403, "<Code>SignatureDoesNotMatch</Code>");
    let mut changed = signed();
    *changed.method_mut() = Method::PUT;
    check("changed method", changed, 403, "<Code>SignatureDoesNotMatch</Code>");
    let mut changed = signed();
    *changed.uri_mut() = "http://localhost:4566/".parse().expect("uri");
    check("changed host", changed, 403, "<Code>SignatureDoesNotMatch</Code>");
    let mut added = signed();
    added.headers_mut().insert("x-amz-security-token", "x".parse().expect("value"));
    check("added header", added, 403, "were not signed: x-amz-security-token");
    let mut unsigned_body = Signing::of("sts");
    unsigned_body.body = Some(SignableBody::UnsignedPayload);
    let mut request = query(CALLER);
    request.headers_mut().insert("x-amz-content-sha256", "UNSIGNED-PAYLOAD".parse().expect("value"));
    check("unsigned body", unsigned_body.sign(request), 400, "<Code>SignatureDoesNotMatch</Code>");

    let scope = "Credential=AKIATEST/20260131/us-east-1";
    for (line, status, code) in [
        ("Bearer x".to_owned(), 400, "IncompleteSignature"),
        ("AWS4-HMAC-SHA256".to_owned(), 400, "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0".to_owned(), 400, "IncompleteSignature"),
        (format!("AWS4-HMAC-SHA256 {scope}/sts/aws4_request, SignedHeaders=, Signature="), 403, "SignatureDoesNotMatch"),
        (format!("AWS4-HMAC-SHA256 {scope}/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"), 403, "SignatureDoesNotMatch"),
        ("AWS4-HMAC-SHA256 Credential=AKIATEST/2/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0".to_owned(), 400, "IncompleteSignature"),
        (format!("AWS4-HMAC-SHA256 {scope}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"), 400, "InvalidAction"),
    ] {
        let mut request = query(CALLER);
        request.headers_mut().insert("authorization", line.parse().expect("value"));
        request.headers_mut().insert("x-amz-date", "20260131T081530Z".parse().expect("value"));
        check(&line, request, status, &format!("<Code>{code}</Code>"));
    }
}

#[test]
fn browsers_and_other_hosts_are_turned_away() {
    for (name, value) in [("origin", "http://localhost:4566"), ("sec-fetch-site", "cross-site")] {
        let mut request = query(CALLER);
        request.headers_mut().insert(name, value.parse().expect("value"));
        check(name, Signing::of("sts").sign(request), 403, "<Code>AccessDenied</Code>");
    }
    let rebound = Request::post("http://evil.example:4566/").body(Bytes::from(CALLER)).expect("request");
    check("rebound name", Signing::of("sts").sign(rebound), 403, "<Code>AccessDenied</Code>");
}

#[test]
fn hostile_requests_get_an_answer() {
    let deep = format!("Action=GetCallerIdentity&{}=1", vec!["a"; 1000].join("."));
    for (form, code) in [
        ("Action=Nonsense&Version=2011-06-15", "InvalidAction"),
        ("Version=2011-06-15", "MissingAction"),
        ("", "MissingAction"),
        (deep.as_str(), "MalformedQueryString"),
        ("Action=GetCallerIdentity&A=1&A.B=2", "MalformedQueryString"),
        ("Action.A=1", "MissingAction"),
    ] {
        check(form, Signing::of("sts").sign(query(form)), 400, &format!("<Code>{code}</Code>"));
    }
    let huge = "Action=GetCallerIdentity&A.member.18446744073709551615=1&A.member.99999999999999999999=2";
    check("huge indices", Signing::of("sts").sign(query(huge)), 200, "Arn");

    let batch = |path: &str, body: &str| {
        let request = Request::post(format!("http://localhost{path}")).body(Bytes::from(body.to_owned()));
        cloud().call(Signing::of("batch").sign(request.expect("request")))
    };
    let nested = "[".repeat(100_000);
    for (path, body, kind) in [
        ("/v1/describejobqueues", nested.as_str(), "SerializationException"),
        ("/v1/describejobqueues", "[]", "SerializationException"),
        ("/v1/nonsense", "{}", "InvalidAction"),
        ("/v2/x", "{}", "InvalidAction"),
    ] {
        let response = batch(path, body);
        assert_eq!(response.status(), 400, "{path}");
        assert_eq!(response.headers()["x-amzn-errortype"], kind, "{path}");
    }

    let large = Bytes::from(vec![b'a'; localcloud::service::LARGEST_BODY_BYTES + 1]);
    let request = Request::post("http://localhost/").body(large).expect("request");
    check("oversize", request, 413, "<Code>RequestEntityTooLarge</Code>");
}

fn storage(
    cloud: &LocalCloud,
    method: Method,
    url: &str,
    body: &'static str,
    headers: &[(&str, &str)],
) -> http::Response<Bytes> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut signing = Signing::of("s3");
    if headers.iter().any(|(_, value)| *value == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
        signing.body = Some(SignableBody::StreamingUnsignedPayloadTrailer);
    }
    cloud.call(signing.sign(request.body(Bytes::from(body)).expect("request")))
}

#[test]
fn objects_are_stored_and_given_back() {
    let cloud = cloud();
    let base = "http://127.0.0.1:4566";
    let put =
        |key: &str, body, headers: &[_]| storage(&cloud, Method::PUT, &format!("{base}{key}"), body, headers);
    let get = |key: &str, headers: &[_]| storage(&cloud, Method::GET, &format!("{base}{key}"), "", headers);
    assert_eq!(get("/bucket/key", &[]).status(), 404);
    assert_eq!(put("/bucket", "", &[]).status(), 200);
    assert_eq!(put("/bucket", "", &[]).status(), 409);
    assert_eq!(put("/B", "", &[]).status(), 400);
    assert_eq!(put("/bucket/a%20key/%E2%82%AC+", "hello", &[("x-amz-meta-m", "v")]).status(), 200);
    let found = get("/bucket/a%20key/%E2%82%AC+", &[]);
    assert_eq!(
        (text(&found).as_str(), &found.headers()["x-amz-meta-m"]),
        ("hello", &"v".parse().expect("value"))
    );
    let part = get("/bucket/a%20key/%E2%82%AC+", &[("range", "bytes=1-2")]);
    assert_eq!((part.status().as_u16(), text(&part).as_str()), (206, "el"));
    let head = storage(&cloud, Method::HEAD, &format!("{base}/bucket/a%20key/%E2%82%AC+"), "", &[]);
    assert_eq!((head.headers()["content-length"].as_bytes(), head.body().len()), (&b"5"[..], 0));
    let chunked = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", "5"),
    ];
    assert_eq!(
        put("/bucket/chunked", "5\r\nworld\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n", &chunked).status(),
        400,
        "another body's checksum"
    );
    assert_eq!(
        put("/bucket/chunked", "5\r\nworld\r\n0\r\nx-amz-checksum-crc32:OncRQw==\r\n\r\n", &chunked).status(),
        200
    );
    assert_eq!(text(&get("/bucket/chunked", &[])), "world");
    for bad in ["5\r\nworl", "zz\r\n", "4\r\nworl\r\n0\r\n\r\n", "ffffffffffffffff\r\nx"] {
        assert_eq!(put("/bucket/chunked", bad, &chunked).status(), 400, "{bad:?}");
    }
    assert_eq!(text(&get("/bucket/chunked", &[])), "world", "a refused body changes nothing");
    let virtual_host =
        storage(&cloud, Method::GET, "https://bucket.s3.us-east-1.amazonaws.com/chunked", "", &[]);
    assert_eq!(text(&virtual_host), "world");
    let listed = text(&get("/bucket?list-type=2&delimiter=%2F", &[]));
    assert!(listed.contains("<Key>chunked</Key>") && listed.contains("<Prefix>a key/</Prefix>"), "{listed}");
    assert_eq!(get("/bucket?versioning", &[]).status(), 200);
    assert_eq!(get("/bucket?replication", &[]).status(), 501);
    assert_eq!(put("/bucket/k", "hello", &[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]).status(), 200);
    for (name, value) in [("content-md5", "XUFAKrxLKna5cZ2REBfFkQ=="), ("x-amz-checksum-crc32", "AAAAAA==")] {
        let refused = put("/bucket/k", "hello", &[(name, value)]);
        assert_eq!((refused.status().as_u16(), text(&refused).contains("BadDigest")), (400, true), "{name}");
    }
    assert_eq!(get("/bucket/k", &[("range", "bytes=5-")]).status(), 416);
    assert_eq!(
        get("/bucket/k", &[("range", "lines=1")]).status(),
        200,
        "a range that can't be read is ignored"
    );
    let unchanged = get("/bucket/k", &[("if-none-match", "\"5d41402abc4b2a76b9719d911017c592\"")]);
    assert_eq!((unchanged.status().as_u16(), unchanged.body().len()), (304, 0));
    assert_eq!(storage(&cloud, Method::DELETE, &format!("{base}/bucket/k"), "", &[]).status(), 204);
    assert_eq!(storage(&cloud, Method::DELETE, &format!("{base}/bucket"), "", &[]).status(), 409);
    assert_eq!(storage(&cloud, Method::DELETE, &format!("{base}/bucket/chunked"), "", &[]).status(), 204);
    assert_eq!(get("/bucket/chunked", &[]).status(), 404);
}

#[test]
fn buckets_tell_their_region_and_objects_their_versions() {
    let cloud = cloud();
    let base = "http://127.0.0.1:4566/bucket";
    let header = |response: &http::Response<Bytes>, name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    assert_eq!(storage(&cloud, Method::PUT, base, "", &[]).status(), 200);
    let head = storage(&cloud, Method::HEAD, base, "", &[]);
    assert_eq!(header(&head, "x-amz-bucket-region").as_deref(), Some("us-east-1"));
    assert_eq!(storage(&cloud, Method::HEAD, "http://127.0.0.1:4566/nobody", "", &[]).status(), 404);
    let location = text(&storage(&cloud, Method::GET, &format!("{base}?location"), "", &[]));
    assert!(location.contains("<LocationConstraint"), "{location}");
    assert!(!location.contains("us-east-1"), "us-east-1 is written as nothing at all: {location}");

    let key = format!("{base}/k");
    let plain = storage(&cloud, Method::PUT, &key, "one", &[("if-none-match", "*")]);
    assert_eq!((plain.status().as_u16(), header(&plain, "x-amz-version-id")), (200, None));
    let taken = storage(&cloud, Method::PUT, &key, "two", &[("if-none-match", "*")]);
    assert_eq!(taken.status(), 412);
    assert!(text(&taken).contains("<Code>PreconditionFailed</Code>"), "{}", text(&taken));
    let tag = header(&plain, "etag").expect("a tag");
    let versioning = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status></VersioningConfiguration>";
    assert_eq!(storage(&cloud, Method::PUT, &format!("{base}?versioning"), versioning, &[]).status(), 200);
    let shown = text(&storage(&cloud, Method::GET, &format!("{base}?versioning"), "", &[]));
    assert!(shown.contains("<Status>Enabled</Status>"), "{shown}");
    let second = storage(&cloud, Method::PUT, &key, "two", &[("if-match", &tag)]);
    let version = header(&second, "x-amz-version-id").expect("a version");
    assert_eq!(storage(&cloud, Method::PUT, &key, "three", &[("if-match", &tag)]).status(), 412);
    assert_eq!(storage(&cloud, Method::PUT, &key, "three", &[]).status(), 200);
    for (id, body) in [("null", "one"), (version.as_str(), "two")] {
        let url = format!("{key}?versionId={id}");
        let got = storage(&cloud, Method::GET, &url, "", &[]);
        assert_eq!((text(&got).as_str(), header(&got, "x-amz-version-id").as_deref()), (body, Some(id)));
        let head = storage(&cloud, Method::HEAD, &url, "", &[]);
        assert_eq!(header(&head, "x-amz-version-id").as_deref(), Some(id));
    }
    let unknown = storage(&cloud, Method::GET, &format!("{key}?versionId=nothing"), "", &[]);
    assert_eq!(unknown.status(), 404);
    assert!(text(&unknown).contains("<Code>NoSuchVersion</Code>"), "{}", text(&unknown));
    let latest = storage(&cloud, Method::GET, &key, "", &[]);
    assert_eq!(text(&latest), "three");
    assert_eq!(header(&latest, "date"), header(&latest, "last-modified"), "both in this cloud's time");
}

#[test]
fn what_is_set_on_a_bucket_is_told_as_it_was_put() {
    const RULES: &str = "<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration><Transition><Days>7</Days><StorageClass>GLACIER</StorageClass></Transition><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
    const LOCK: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    const POLICY: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}"#;
    let cloud = cloud();
    let base = "http://127.0.0.1:4566/bucket";
    assert_eq!(storage(&cloud, Method::PUT, base, "", &[]).status(), 200);
    let get = |setting: &str| text(&storage(&cloud, Method::GET, &format!("{base}?{setting}"), "", &[]));
    for (put, body, asked, missing, parts) in [
        (
            "lifecycle",
            RULES,
            "lifecycle",
            "NoSuchLifecycleConfiguration",
            &[
                "<ID>tidy</ID>",
                "<Prefix>a/</Prefix>",
                "<Days>30</Days>",
                "<StorageClass>GLACIER",
                "<NoncurrentDays>1<",
            ][..],
        ),
        (
            "object-lock",
            LOCK,
            "object-lock",
            "ObjectLockConfigurationNotFoundError",
            &["<ObjectLockEnabled>Enabled<", "<Mode>GOVERNANCE</Mode>", "<Days>30</Days>"],
        ),
        ("policy", POLICY, "policyStatus", "NoSuchBucketPolicy", &["<IsPublic>true</IsPublic>"]),
    ] {
        assert!(get(asked).contains(&format!("<Code>{missing}</Code>")), "{}", get(asked));
        let done = storage(&cloud, Method::PUT, &format!("{base}?{put}"), body, &[]);
        assert!(done.status().is_success(), "{put}: {}", text(&done));
        for part in parts {
            assert!(get(asked).contains(part), "{} lacks {part}", get(asked));
        }
    }
    let gone = storage(&cloud, Method::DELETE, &format!("{base}?lifecycle"), "", &[]);
    assert_eq!(gone.status(), 204);
    assert!(get("lifecycle").contains("NoSuchLifecycleConfiguration"));
    assert!(get("acl").contains("<Permission>FULL_CONTROL</Permission>"), "{}", get("acl"));
    for (owner, status) in [("000000000000", 200), ("111122223333", 403)] {
        let headers = [("x-amz-expected-bucket-owner", owner)];
        assert_eq!(storage(&cloud, Method::HEAD, base, "", &headers).status(), status);
    }
}

#[test]
fn a_presigned_url_lives_as_long_as_it_says() {
    for (seconds_ago, status) in [(0, 200), (3599, 200), (3601, 403)] {
        let cloud = cloud();
        for (key, body) in [("", ""), ("/key", "hello")] {
            assert_eq!(
                storage(&cloud, Method::PUT, &format!("http://localhost/bucket{key}"), body, &[]).status(),
                200
            );
        }
        let mut signing = Signing::of("s3");
        signing.at = Timestamp(START.0 - seconds_ago * 1000);
        signing.presigned = Some(std::time::Duration::from_secs(3600));
        signing.body = Some(SignableBody::UnsignedPayload);
        let unsigned = Request::get("http://localhost/bucket/key").body(Bytes::new()).expect("request");
        let presigned = signing.sign(unsigned);
        assert!(presigned.headers().get("authorization").is_none());
        let response = cloud.call(presigned.clone());
        assert_eq!(response.status(), status, "{seconds_ago} s: {}", text(&response));
        let (mut parts, body) = presigned.into_parts();
        parts.uri = parts.uri.to_string().replace("/key", "/other").parse().expect("uri");
        assert_eq!(cloud.call(Request::from_parts(parts, body)).status(), 403, "for another key");
    }
}

#[test]
fn signed_chunks_are_verified_one_by_one() {
    use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(START.0);
    let key = generate_signing_key(&keys().secret_access_key, time, "us-east-1", "s3");
    let sign_chunk = |previous: &str, hash: &str| {
        let scope = "20260131/us-east-1/s3/aws4_request";
        let text =
            format!("AWS4-HMAC-SHA256-PAYLOAD\n20260131T081530Z\n{scope}\n{previous}\n{EMPTY}\n{hash}");
        calculate_signature(&key, text.as_bytes())
    };
    for (sent, status) in [("hello", 200), ("jello", 403)] {
        let cloud = cloud();
        assert_eq!(storage(&cloud, Method::PUT, "http://localhost/bucket", "", &[]).status(), 200);
        let mut signing = Signing::of("s3");
        signing.body = Some(SignableBody::Precomputed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_owned()));
        let unsigned =
            Request::put("http://localhost/bucket/key").header("x-amz-decoded-content-length", "5");
        let mut request = signing.sign(unsigned.body(Bytes::new()).expect("request"));
        let line = request.headers()["authorization"].to_str().expect("text");
        let seed = line.rsplit_once("Signature=").expect("signature").1.to_owned();
        let first = sign_chunk(&seed, HELLO);
        let last = sign_chunk(&first, EMPTY);
        *request.body_mut() =
            Bytes::from(format!("5;chunk-signature={first}\r\n{sent}\r\n0;chunk-signature={last}\r\n\r\n"));
        let response = cloud.call(request);
        assert_eq!(response.status(), status, "{sent}: {}", text(&response));
    }
}

#[test]
fn what_was_pending_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("cloud.sqlite");
    let states = |seconds: u64, form: &str| {
        let at = Timestamp(START.0 + seconds * 1000);
        let cloud =
            LocalCloud::open(&path, Config::default(), Clock::starting_at(at), Some(keys())).expect("open");
        let mut signing = Signing::of("autoscaling");
        signing.at = at;
        text(&cloud.call(signing.sign(query(form))))
    };
    let created = states(0, "Action=CreateAutoScalingGroup&AutoScalingGroupName=g&MinSize=1&MaxSize=1");
    assert!(created.contains("CreateAutoScalingGroupResponse"), "{created}");
    for (seconds, state) in [(30, "Pending"), (60, "InService")] {
        let answer = states(seconds, "Action=DescribeAutoScalingInstances");
        assert!(answer.contains(&format!("<LifecycleState>{state}</LifecycleState>")), "{answer}");
    }
}

#[test]
fn a_data_file_gives_the_same_world_again() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("cloud.sqlite");
    let open = |config: Config| LocalCloud::open(&path, config, Clock::starting_at(START), Some(keys()));
    let first = open(Config::default()).expect("new");
    for (key, body) in [("/bucket", ""), ("/bucket/key", "body")] {
        assert_eq!(storage(&first, Method::PUT, &format!("http://localhost{key}"), body, &[]).status(), 200);
    }
    let error = open(Config::default()).expect_err("two at once");
    assert!(error.to_string().contains("is in use"), "{error}");
    let before = first.inspect(|world| format!("{world:?}")).expect("world");
    drop(first);

    let second = open(Config::default()).expect("again");
    let after = second.inspect(|world| format!("{world:?}")).expect("world");
    // The clock has gone on by the real time between.
    let without_now = |world: &str| world.replacen(&format!("now: {START:?}"), "", 1);
    assert!(before.contains("bucket"), "{before}");
    assert_eq!(strip_now(&without_now(&before)), strip_now(&without_now(&after)));
    drop(second);

    let other = Config { seed: 2, ..Config::default() };
    assert!(open(other).expect_err("another seed").to_string().contains("same configuration"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("file").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(&path, "not a database, but long enough to be looked at as one").expect("write");
    let error = open(Config::default()).expect_err("no database");
    assert!(error.to_string().contains("not a local cloud's data file"), "{error}");
}

/// The world's text without its present moment.
fn strip_now(world: &str) -> String {
    let Some((before, after)) = world.split_once("now: Timestamp(") else { return world.to_owned() };
    let rest = after.split_once(')').map_or("", |(_, rest)| rest);
    format!("{before}{rest}")
}

#[tokio::test]
async fn it_answers_over_tcp() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(localcloud::server::serve(listener, cloud(), async {
        let _told = stopped.await;
    }));
    let request = Request::post(format!("http://{address}/")).body(Bytes::from(CALLER)).expect("request");
    let request = Signing::of("sts").sign(request);
    let mut head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n",
        CALLER.len()
    );
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
    }
    for (sent, status, contains) in [
        (format!("{head}\r\n{CALLER}"), "200", "arn:aws:iam::000000000000:root"),
        (
            format!("POST / HTTP/1.1\r\nhost: {address}\r\ncontent-length: 99999999999\r\n\r\n"),
            "403",
            "MissingAuthenticationToken",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"),
            "403",
            "MissingAuthenticationToken",
        ),
        ("GET / HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), "403", "names no Host"),
        (
            head.replace(&format!("content-length: {}", CALLER.len()), "content-length: 99999999999")
                + "\r\n",
            "413",
            "RequestEntityTooLarge",
        ),
        ("nonsense\r\n\r\n".to_owned(), "400", ""),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answer");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(contains),
            "{sent}\n{answer}"
        );
    }
    stop.send(()).expect("serving");
    served.await.expect("ended").expect("well");
}

//! S3 through [`World::handle`](crate::World::handle). What the wire adds is tested there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

fn bench() -> Bench {
    let mut bench = Bench::new(Service::ObjectStorage);
    bench.ok(0, "CreateBucket", json!({"Bucket": "bucket"}));
    bench
}

fn put(bench: &mut Bench, key: &str, body: &str) -> Value {
    let body = STANDARD.encode(body);
    bench.ok(0, "PutObject", json!({"Bucket": "bucket", "Key": key, "Body": body}))
}

fn text(bench: &Bench, key: &str, version: Option<&str>) -> Option<String> {
    let body = bench.world.object_storage.body("bucket", key, version)?;
    Some(String::from_utf8_lossy(body).into_owned())
}

#[test]
fn versions_are_kept_where_they_are_enabled() {
    let mut bench = bench();
    put(&mut bench, "k", "one");
    let of = |id: &str| json!({"Bucket": "bucket", "Key": "k", "VersionId": id});
    let status = |status: &str| json!({"Bucket": "bucket", "Status": status});
    bench.ok(0, "PutBucketVersioning", status("Enabled"));
    let two = put(&mut bench, "k", "two")["VersionId"].as_str().expect("a version").to_owned();
    assert_eq!(text(&bench, "k", None).as_deref(), Some("two"));
    assert_eq!(text(&bench, "k", Some("null")).as_deref(), Some("one"));
    let marker = bench.ok(0, "DeleteObject", json!({"Bucket": "bucket", "Key": "k"}));
    assert_eq!(marker["DeleteMarker"], true);
    bench.refused(0, "GetObject", json!({"Bucket": "bucket", "Key": "k"}), "NoSuchKey", "does not exist");
    let marker_id = marker["VersionId"].as_str().expect("a version").to_owned();
    bench.refused(0, "GetObject", of(&marker_id), "MethodNotAllowed", "not allowed");
    assert_eq!(bench.ok(0, "GetObject", of(&two))["ContentLength"], 3);
    let listed = bench.ok(0, "ListObjectVersions", json!({"Bucket": "bucket"}));
    assert_eq!(listed["Versions"].as_array().map(Vec::len), Some(2));
    assert_eq!(listed["DeleteMarkers"][0]["IsLatest"], true);
    let first = bench.ok(0, "ListObjectVersions", json!({"Bucket": "bucket", "MaxKeys": 1}));
    let next = json!({
        "Bucket": "bucket", "KeyMarker": first["NextKeyMarker"], "VersionIdMarker": first["NextVersionIdMarker"],
    });
    let rest = bench.ok(0, "ListObjectVersions", next);
    assert_eq!(rest["Versions"], listed["Versions"], "the rest, after the marker");
    bench.ok(0, "DeleteObject", of(&marker_id));
    assert_eq!(text(&bench, "k", None).as_deref(), Some("two"), "without its marker it is back");
    bench.ok(0, "PutBucketVersioning", status("Suspended"));
    put(&mut bench, "k", "three");
    assert_eq!(text(&bench, "k", Some("null")).as_deref(), Some("three"), "in place of the one");
    bench.refused(0, "DeleteBucket", json!({"Bucket": "bucket"}), "BucketNotEmpty", "not empty");
    bench.ok(
        0,
        "DeleteObjects",
        json!({"Bucket": "bucket", "Objects": [
            {"Key": "k", "VersionId": two}, {"Key": "k", "VersionId": "null"}, {"Key": "never"},
        ]}),
    );
    let listed = bench.ok(0, "ListObjectVersions", json!({"Bucket": "bucket"}));
    assert_eq!(listed["Versions"], json!([]));
    // Where versions are suspended, deleting what never was leaves a marker too.
    assert_eq!(listed["DeleteMarkers"][0]["Key"], "never");
}

#[test]
fn a_conditional_write_depends_on_what_is_there() {
    let mut bench = bench();
    let write = |body: &str, condition: &str, value: &str| json!({"Bucket": "bucket", "Key": "k", "Body": STANDARD.encode(body), condition: value});
    bench.refused(0, "PutObject", write("0", "IfMatch", "x"), "NoSuchKey", "does not exist");
    let first = bench.ok(0, "PutObject", write("one", "IfNoneMatch", "*"))["ETag"].clone();
    let first = first.as_str().expect("a tag");
    bench.refused(0, "PutObject", write("two", "IfNoneMatch", "*"), "PreconditionFailed", "did not hold");
    bench.refused(0, "PutObject", write("two", "IfNoneMatch", first), "NotImplemented", "not implemented");
    bench.refused(0, "PutObject", write("two", "IfMatch", "x"), "PreconditionFailed", "did not hold");
    assert_eq!(text(&bench, "k", None).as_deref(), Some("one"));
    bench.ok(0, "PutObject", write("two", "IfMatch", first));
    bench.refused(0, "PutObject", write("three", "IfMatch", first), "PreconditionFailed", "did not hold");
    assert_eq!(text(&bench, "k", None).as_deref(), Some("two"));
    // A delete marker is as good as nothing.
    bench.ok(0, "PutBucketVersioning", json!({"Bucket": "bucket", "Status": "Enabled"}));
    bench.ok(0, "DeleteObject", json!({"Bucket": "bucket", "Key": "k"}));
    bench.refused(0, "PutObject", write("three", "IfMatch", "*"), "NoSuchKey", "does not exist");
    bench.ok(0, "PutObject", write("three", "IfNoneMatch", "*"));
    assert_eq!(text(&bench, "k", None).as_deref(), Some("three"));
}

#[test]
fn parts_become_one_object() {
    let mut bench = bench();
    let of = |fields: Value| {
        let mut input = json!({"Bucket": "bucket", "Key": "large"});
        for (name, value) in fields.as_object().expect("fields") {
            input[name] = value.clone();
        }
        input
    };
    let id = bench.ok(0, "CreateMultipartUpload", of(json!({"ContentType": "text/x"})))["UploadId"].clone();
    let part = |number: i64, body: &[u8]| {
        of(json!({"UploadId": id, "PartNumber": number, "Body": STANDARD.encode(body)}))
    };
    let large = vec![b'a'; super::uploads::LEAST_PART_BYTES];
    let tag = |bench: &mut Bench, number: i64, body: &[u8]| {
        let answer = bench.ok(0, "UploadPart", part(number, body));
        json!({"PartNumber": number, "ETag": answer["ETag"]})
    };
    let (one, two) = (tag(&mut bench, 1, &large), tag(&mut bench, 3, b"end"));
    let small = tag(&mut bench, 2, b"small");
    bench.refused(0, "UploadPart", part(10_001, b""), "InvalidArgument", "between 1 and 10000");
    let listed = bench.ok(0, "ListParts", of(json!({"UploadId": id, "MaxParts": 2})));
    assert_eq!((&listed["NextPartNumberMarker"], &listed["IsTruncated"]), (&json!(2), &json!(true)));
    let mut wrong = one.clone();
    wrong["ETag"] = json!("0");
    for (parts, code) in [
        (json!([]), "MalformedXML"),
        (json!([two.clone(), one.clone()]), "InvalidPartOrder"),
        (json!([wrong]), "InvalidPart"),
        (json!([small, two.clone()]), "EntityTooSmall"),
    ] {
        let input = of(json!({"UploadId": id, "Parts": parts}));
        bench.refused(0, "CompleteMultipartUpload", input, code, "");
    }
    let parts = of(json!({"UploadId": id, "Parts": [one, two]}));
    let made = bench.ok(0, "CompleteMultipartUpload", parts.clone());
    assert!(made["ETag"].as_str().is_some_and(|tag| tag.ends_with("-2")), "{made}");
    let got = bench.ok(0, "HeadObject", of(json!({})));
    assert_eq!(got["ContentLength"], large.len() + 3);
    assert_eq!(got["ContentType"], "text/x");
    bench.refused(0, "CompleteMultipartUpload", parts, "NoSuchUpload", "completed");
}

#[test]
fn settings_are_records() {
    let mut bench = bench();
    let of = |record: Value| json!({"Bucket": "bucket", "Record": record});
    for (name, code) in [
        ("BucketTagging", "NoSuchTagSet"),
        ("BucketPolicy", "NoSuchBucketPolicy"),
        ("PublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
    ] {
        bench.refused(0, &format!("Get{name}"), of(json!(null)), code, "");
        bench.ok(0, &format!("Put{name}"), of(json!({"a": name})));
        assert_eq!(bench.ok(0, &format!("Get{name}"), of(json!(null)))["Record"]["a"], name);
        bench.ok(0, &format!("Delete{name}"), of(json!(null)));
        bench.refused(0, &format!("Get{name}"), of(json!(null)), code, "");
    }
}

#[test]
fn a_policy_is_public_that_lets_everybody_in_without_a_condition() {
    let statement = |rest: &str| format!("{{\"Statement\": [{{\"Action\": \"s3:GetObject\", {rest}}}]}}");
    for (rest, is_public) in [
        ("\"Effect\": \"Allow\", \"Principal\": \"*\"", true),
        ("\"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"1\", \"*\"]}", true),
        ("\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"1\"}", false),
        ("\"Effect\": \"Deny\", \"Principal\": \"*\"", false),
        ("\"Effect\": \"Allow\", \"Principal\": \"*\", \"Condition\": {\"Bool\": {}}", false),
    ] {
        let mut bench = bench();
        let of_bucket = json!({"Bucket": "bucket"});
        bench.refused(0, "GetBucketPolicyStatus", of_bucket.clone(), "NoSuchBucketPolicy", "does not exist");
        let record = json!({"Policy": statement(rest)});
        bench.ok(0, "PutBucketPolicy", json!({"Bucket": "bucket", "Record": record}));
        assert_eq!(bench.ok(0, "GetBucketPolicyStatus", of_bucket)["IsPublic"], is_public, "{rest}");
    }
}

#[test]
fn whoever_expects_another_owner_is_refused_and_changes_nothing() {
    let mut bench = bench();
    let put = |owner: &str| json!({"Bucket": "bucket", "Key": "k", "Body": "", "ExpectedBucketOwner": owner});
    bench.refused(0, "PutObject", put("111122223333"), "AccessDenied", "Access Denied");
    assert_eq!(text(&bench, "k", None), None);
    let account = bench.world.config.account_id.clone();
    bench.ok(0, "PutObject", put(&account));
    let absent = json!({"Bucket": "absent", "ExpectedBucketOwner": "111122223333"});
    bench.refused(0, "HeadBucket", absent, "NoSuchBucket", "does not exist");
}

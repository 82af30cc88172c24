//! S3 from its requests as the log has them. What the wire adds is tested there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::dto::*;
use serde_json::{Value, json};

use super::operations::{OPERATIONS, S3Input, answer};
use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{AwsError, Input};

fn bench() -> Bench {
    let mut bench = Bench::new(Service::ObjectStorage);
    bench.ok(0, "CreateBucket", json!({"Bucket": "bucket"}));
    bench
}

/// The answer to a request that is made of its parameters, as the log has them.
fn ask<I: S3Input>(bench: &mut Bench, input: Value) -> Result<I::Output, AwsError> {
    answer(&mut bench.world, Input(&input), I::from_parameters(&input)?)
}

fn put(bench: &mut Bench, key: &str, body: &str) -> PutObjectOutput {
    let body = STANDARD.encode(body);
    let input = json!({"Bucket": "bucket", "Key": key, "Body": body});
    ask::<PutObjectInput>(bench, input).expect("stored")
}

fn listed(bench: &mut Bench, input: Value) -> ListObjectVersionsOutput {
    ask::<ListObjectVersionsInput>(bench, input).expect("a list")
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
    let two = put(&mut bench, "k", "two").version_id.expect("a version");
    assert_eq!(text(&bench, "k", None).as_deref(), Some("two"));
    assert_eq!(text(&bench, "k", Some("null")).as_deref(), Some("one"));
    let marker = json!({"Bucket": "bucket", "Key": "k"});
    let marker = ask::<DeleteObjectInput>(&mut bench, marker).expect("deleted");
    assert_eq!(marker.delete_marker, Some(true));
    bench.refused(0, "GetObject", json!({"Bucket": "bucket", "Key": "k"}), "NoSuchKey", "does not exist");
    let marker_id = marker.version_id.expect("a version");
    bench.refused(0, "GetObject", of(&marker_id), "MethodNotAllowed", "not allowed");
    let got = ask::<GetObjectInput>(&mut bench, of(&two)).expect("an object");
    assert_eq!(got.content_length, Some(3));
    let all = listed(&mut bench, json!({"Bucket": "bucket"}));
    let all_ids: Vec<_> = all.versions.iter().flatten().map(|version| version.version_id.clone()).collect();
    assert_eq!(all_ids, [Some(two.clone()), Some("null".to_owned())]);
    assert_eq!(all.delete_markers.expect("markers")[0].is_latest, Some(true));
    let first = listed(&mut bench, json!({"Bucket": "bucket", "MaxKeys": 1}));
    let next = json!({
        "Bucket": "bucket", "KeyMarker": first.next_key_marker, "VersionIdMarker": first.next_version_id_marker,
    });
    let rest = listed(&mut bench, next);
    assert_eq!(rest.versions, all.versions, "the rest, after the marker");
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
    let all = listed(&mut bench, json!({"Bucket": "bucket"}));
    assert_eq!(all.versions, Some(Vec::new()));
    // Where versions are suspended, deleting what never was leaves a marker too.
    assert_eq!(all.delete_markers.expect("markers")[0].key.as_deref(), Some("never"));
}

#[test]
fn a_conditional_write_depends_on_what_is_there() {
    let mut bench = bench();
    let write = |body: &str, condition: &str, value: &str| json!({"Bucket": "bucket", "Key": "k", "Body": STANDARD.encode(body), condition: value});
    bench.refused(0, "PutObject", write("0", "IfMatch", "x"), "NoSuchKey", "does not exist");
    let first = ask::<PutObjectInput>(&mut bench, write("one", "IfNoneMatch", "*")).expect("stored").e_tag;
    let first = first.as_ref().map(ETag::value).expect("a tag");
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
    let begun = of(json!({"ContentType": "text/x"}));
    let id = ask::<CreateMultipartUploadInput>(&mut bench, begun).expect("begun").upload_id;
    let part = |number: i64, body: &[u8]| {
        of(json!({"UploadId": id, "PartNumber": number, "Body": STANDARD.encode(body)}))
    };
    let large = vec![b'a'; super::uploads::LEAST_PART_BYTES];
    let tag = |bench: &mut Bench, number: i64, body: &[u8]| {
        let answer = ask::<UploadPartInput>(bench, part(number, body)).expect("kept");
        json!({"PartNumber": number, "ETag": answer.e_tag.as_ref().map(ETag::value)})
    };
    let (one, two) = (tag(&mut bench, 1, &large), tag(&mut bench, 3, b"end"));
    let small = tag(&mut bench, 2, b"small");
    bench.refused(0, "UploadPart", part(10_001, b""), "InvalidArgument", "between 1 and 10000");
    let parts = of(json!({"UploadId": id, "MaxParts": 2}));
    let page = ask::<ListPartsInput>(&mut bench, parts).expect("a list");
    assert_eq!((page.next_part_number_marker, page.is_truncated), (Some(2), Some(true)));
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
    let made = ask::<CompleteMultipartUploadInput>(&mut bench, parts.clone()).expect("made").e_tag;
    assert!(made.as_ref().is_some_and(|tag| tag.value().ends_with("-2")), "{made:?}");
    let got = ask::<HeadObjectInput>(&mut bench, of(json!({}))).expect("an object");
    assert_eq!(got.content_length, i64::try_from(large.len() + 3).ok());
    assert_eq!(got.content_type.as_deref(), Some("text/x"));
    bench.refused(0, "CompleteMultipartUpload", parts, "NoSuchUpload", "completed");
}

#[test]
fn settings_are_given_back_as_they_were_put() {
    let mut bench = bench();
    let of = |record: &Value| json!({"Bucket": "bucket", "Record": record});
    let rule = json!({"status": "Enabled", "id": "all", "prefix": ""});
    for (name, code, record, told) in [
        ("BucketTagging", "NoSuchTagSet", json!({"Tags": [{"Key": "a", "Value": "b"}]}), "\"b\""),
        ("BucketPolicy", "NoSuchBucketPolicy", json!({"Policy": "{\"a\": 1}"}), "{\"a\": 1}"),
        ("BucketEncryption", "", json!({"Rules": [{"SSEAlgorithm": "aws:kms"}]}), "aws:kms"),
        ("BucketLifecycleConfiguration", "NoSuchLifecycleConfiguration", json!({"Rules": [rule]}), "Enabled"),
        (
            "ObjectLockConfiguration",
            "ObjectLockConfigurationNotFoundError",
            json!({"Configuration": {"object_lock_enabled": "Enabled"}}),
            "Enabled",
        ),
        (
            "PublicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            json!({"BlockPublicAcls": true}),
            "true",
        ),
    ] {
        let get = format!("Get{name}");
        let absent = |bench: &mut Bench| match code {
            // There is always an encryption.
            "" => drop(bench.ok(0, &get, of(&json!(null)))),
            code => bench.refused(0, &get, of(&json!(null)), code, ""),
        };
        absent(&mut bench);
        bench.ok(0, &format!("Put{name}"), of(&record));
        bench.ok(0, &get, of(&json!(null)));
        let kept = format!("{:?}", bench.world.object_storage.buckets["bucket"].settings);
        assert!(kept.contains(told) || kept.contains(&format!("{told:?}")), "{name}: {kept}");
        let delete = match name {
            "BucketLifecycleConfiguration" => "DeleteBucketLifecycle".to_owned(),
            // It can't be removed.
            "ObjectLockConfiguration" => continue,
            _ => format!("Delete{name}"),
        };
        bench.ok(0, &delete, of(&json!(null)));
        absent(&mut bench);
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
        let answer = ask::<GetBucketPolicyStatusInput>(&mut bench, of_bucket).expect("a status");
        assert_eq!(answer.policy_status.and_then(|status| status.is_public), Some(is_public), "{rest}");
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

/// A data file of an earlier version has these forms.
#[test]
fn a_request_is_logged_in_the_form_in_which_it_always_was() {
    fn check<I: S3Input>(bench: &mut Bench, input: Value) {
        let request = I::from_parameters(&input).expect("parameters");
        let mut logged = input.clone();
        logged.as_object_mut().expect("an object").remove("Body");
        assert_eq!(request.parameters(), logged, "{}", I::NAME);
        bench.ok(0, I::NAME, input);
    }
    let bench = &mut bench();
    let of = |fields: Value| {
        let mut input = json!({"Bucket": "bucket"});
        for (name, value) in fields.as_object().expect("fields") {
            input[name] = value.clone();
        }
        input
    };
    let about = json!({
        "Key": "k", "ContentType": "text/x", "CacheControl": "a", "ContentDisposition": "b",
        "ContentEncoding": "c", "ContentLanguage": "d", "Expires": 1_767_225_600_000_i64,
        "StorageClass": "STANDARD_IA", "Metadata": {"a": "1", "b": "2"},
        "Tags": [{"Key": "a b", "Value": "c=&d"}],
    });
    let with = |more: Value| {
        let mut fields = about.clone();
        for (name, value) in more.as_object().expect("fields") {
            fields[name] = value.clone();
        }
        of(fields)
    };
    check::<CreateBucketInput>(bench, json!({"Bucket": "other", "LocationConstraint": "us-east-1"}));
    check::<DeleteBucketInput>(bench, json!({"Bucket": "other"}));
    check::<PutBucketVersioningInput>(bench, of(json!({"Status": "Enabled"})));
    check::<PutBucketTaggingInput>(bench, of(json!({"Record": {"Tags": [{"Key": "a", "Value": "b"}]}})));
    let rule = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k", "BucketKeyEnabled": true});
    check::<PutBucketEncryptionInput>(bench, of(json!({"Record": {"Rules": [rule]}})));
    check::<PutBucketPolicyInput>(bench, of(json!({"Record": {"Policy": "{}"}})));
    let block = json!({
        "BlockPublicAcls": true, "BlockPublicPolicy": null, "IgnorePublicAcls": false, "RestrictPublicBuckets": true,
    });
    check::<PutPublicAccessBlockInput>(bench, of(json!({"Record": block})));
    let body = STANDARD.encode("hello");
    let sums = json!({"CRC32": "NhCmhg==", "SHA1": "qvTGHdzF6KLavt4PO0gs2a6pQ00="});
    check::<PutObjectInput>(bench, with(json!({"Body": body, "IfNoneMatch": "*", "Checksums": sums})));
    check::<PutObjectTaggingInput>(bench, of(json!({"Key": "k", "Tags": [{"Key": "a", "Value": "b"}]})));
    let source = json!({"Bucket": "bucket", "Key": "k", "VersionId": null});
    let copied = json!({"CopySource": source, "MetadataDirective": "REPLACE", "TaggingDirective": "COPY"});
    check::<CopyObjectInput>(bench, with(copied));
    check::<CreateMultipartUploadInput>(bench, with(json!({})));
    let id = bench.world.object_storage.uploads.keys().next().expect("an upload").clone();
    let part = |number: i32| json!({"Key": "k", "UploadId": id, "PartNumber": number});
    let mut first = part(1);
    first["Body"] = json!(body);
    check::<UploadPartInput>(bench, of(first));
    let mut second = part(2);
    (second["CopySource"], second["CopySourceRange"]) = (source, json!("bytes=0-1"));
    check::<UploadPartCopyInput>(bench, of(second));
    let tag = super::md5_hex(b"hello");
    let parts = json!([{"PartNumber": 1, "ETag": tag}]);
    let whole = of(json!({"Key": "k", "UploadId": id, "IfMatch": "*", "Parts": parts}));
    check::<CompleteMultipartUploadInput>(bench, whole);
    check::<DeleteObjectInput>(bench, of(json!({"Key": "k", "VersionId": "1"})));
    check::<DeleteObjectsInput>(bench, of(json!({"Objects": [{"Key": "k", "VersionId": null}]})));
    for operation in OPERATIONS {
        assert_ne!(
            bench.ask(0, operation.name, json!({})).map_err(|(code, _)| code),
            Err("NotImplemented".to_owned())
        );
    }
}

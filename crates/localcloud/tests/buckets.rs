//! A bucket that CloudFormation makes is one of S3's: asked for through the wire, as clients do.

#[expect(dead_code, reason = "the clouds made here have a configuration of their own")]
mod common;

use bytes::Bytes;
use common::{START, Signing, keys, query, text};
use http::Request;
use localcloud::{Clock, Config, LocalCloud, Speed};
use serde_json::{Value, json};

fn cloud() -> LocalCloud {
    let config = Config { speed: Speed::Instant, throttling: false, ..Config::default() };
    LocalCloud::in_memory(config, Clock::starting_at(START), keys())
}

/// Ask S3; gives status and body.
fn s3(cloud: &LocalCloud, method: &str, path: &str, body: &str) -> (u16, String) {
    let request = Request::builder().method(method).uri(format!("http://127.0.0.1:4566{path}"));
    let request = request.body(Bytes::from(body.to_owned())).expect("a request");
    let response = cloud.call(Signing::of("s3").sign(request));
    (response.status().as_u16(), text(&response))
}

fn cloudformation(cloud: &LocalCloud, parameters: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2010-05-15").extend_pairs(parameters);
    text(&cloud.call(Signing::of("cloudformation").sign(query(&form.finish()))))
}

/// Create or update the stack `s` of these resources.
fn deploy(cloud: &LocalCloud, action: &str, resources: &Value) -> String {
    let body = json!({"Resources": resources}).to_string();
    let tag = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "research")];
    let request = [("Action", action), ("StackName", "s"), ("TemplateBody", body.as_str())];
    cloudformation(cloud, &[&request[..], &tag[..]].concat());
    cloudformation(cloud, &[("Action", "DescribeStackEvents"), ("StackName", "s")])
}

/// Properties of a bucket called `mine`, a question to S3, and what the answer holds. The properties are those of an update, so
/// what an earlier line has set and a later one leaves out is gone again.
const SETTINGS: &[(&str, &str, u16, &str)] = &[
    ("{}", "/mine", 200, "<Name>mine</Name>"),
    (
        "{}",
        "/mine?versioning",
        200,
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></",
    ),
    ("{}", "/mine?tagging", 200, "<Key>aws:cloudformation:logical-id</Key><Value>B</Value>"),
    ("{}", "/mine?tagging", 200, "<Key>team</Key><Value>research</Value>"),
    ("{}", "/mine?encryption", 200, "<SSEAlgorithm>AES256</SSEAlgorithm>"),
    ("{}", "/mine?publicAccessBlock", 200, "<RestrictPublicBuckets>true</RestrictPublicBuckets>"),
    ("{}", "/mine?lifecycle", 404, "NoSuchLifecycleConfiguration"),
    ("{}", "/mine?policy", 404, "NoSuchBucketPolicy"),
    (r#"{"Tags": [{"Key": "team", "Value": "own"}]}"#, "/mine?tagging", 200, "<Value>own</Value>"),
    (
        r#"{"VersioningConfiguration": {"Status": "Enabled"}}"#,
        "/mine?versioning",
        200,
        "<Status>Enabled</Status>",
    ),
    ("{}", "/mine?versioning", 200, "<Status>Suspended</Status>"),
    (
        r#"{"BucketEncryption": {"ServerSideEncryptionConfiguration": [
            {"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]}}"#,
        "/mine?encryption",
        200,
        "<KMSMasterKeyID>k</KMSMasterKeyID>",
    ),
    (
        r#"{"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}}"#,
        "/mine?publicAccessBlock",
        200,
        "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>",
    ),
    (
        r#"{"LifecycleConfiguration": {"Rules": [{"Id": "r", "Status": "Enabled", "ExpirationInDays": 30, "Prefix": "tmp/"}]}}"#,
        "/mine?lifecycle",
        200,
        "<Days>30</Days>",
    ),
    ("{}", "/mine?lifecycle", 404, "NoSuchLifecycleConfiguration"),
    (
        r#"{"ObjectLockEnabled": true}"#,
        "/mine?object-lock",
        200,
        "<ObjectLockEnabled>Enabled</ObjectLockEnabled>",
    ),
];

#[test]
fn what_a_template_sets_on_a_bucket_is_told_by_s3() {
    let cloud = cloud();
    deploy(
        &cloud,
        "CreateStack",
        &json!({"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}}),
    );
    for (properties, path, status, part) in SETTINGS {
        let mut properties: Value = serde_json::from_str(properties).expect("JSON");
        properties["BucketName"] = json!("mine");
        // What object lock is enabled on is replaced, which a custom name forbids.
        if properties.get("ObjectLockEnabled").is_some() {
            cloudformation(&cloud, &[("Action", "DeleteStack"), ("StackName", "s")]);
            deploy(
                &cloud,
                "CreateStack",
                &json!({"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}),
            );
        } else {
            deploy(
                &cloud,
                "UpdateStack",
                &json!({"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}),
            );
        }
        let (answered, body) = s3(&cloud, "GET", path, "");
        assert!(answered == *status && body.contains(part), "{properties} {path}: {answered} {body}");
    }
}

#[test]
fn a_bucket_policy_is_its_buckets_and_goes_with_its_resource() {
    let cloud = cloud();
    let bucket = json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}});
    let policy = |bucket: Value| {
        json!({"Type": "AWS::S3::BucketPolicy", "Properties":
            {"Bucket": bucket, "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Sid": "told"}]}}})
    };
    let resources = json!({"B": bucket, "P": policy(json!({"Ref": "B"}))});
    deploy(&cloud, "CreateStack", &resources);
    let (status, body) = s3(&cloud, "GET", "/mine?policy", "");
    assert!(status == 200 && body.contains("told"), "{status} {body}");
    deploy(&cloud, "UpdateStack", &json!({"B": bucket}));
    assert_eq!(s3(&cloud, "GET", "/mine?policy", "").0, 404);
    let events = deploy(&cloud, "UpdateStack", &json!({"B": bucket, "P": policy(json!("none-such"))}));
    assert!(events.contains("The specified bucket does not exist"), "{events}");
}

#[test]
fn a_bucket_that_holds_something_is_not_deleted() {
    let cloud = cloud();
    let resources = json!({"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}});
    deploy(&cloud, "CreateStack", &resources);
    assert_eq!(s3(&cloud, "PUT", "/mine/key", "kept").0, 200);
    cloudformation(&cloud, &[("Action", "DeleteStack"), ("StackName", "s")]);
    let stack = cloudformation(&cloud, &[("Action", "DescribeStacks"), ("StackName", "s")]);
    assert!(stack.contains("<StackStatus>DELETE_FAILED</StackStatus>"), "{stack}");
    let events = cloudformation(&cloud, &[("Action", "DescribeStackEvents"), ("StackName", "s")]);
    let words = "The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty;";
    assert!(events.contains(words), "{events}");
    assert_eq!(s3(&cloud, "DELETE", "/mine/key", "").0, 204);
    cloudformation(&cloud, &[("Action", "DeleteStack"), ("StackName", "s")]);
    assert_eq!(s3(&cloud, "HEAD", "/mine", "").0, 404);
}

#[test]
fn a_name_that_a_bucket_has_is_taken_whoever_made_it() {
    let cloud = cloud();
    assert_eq!(s3(&cloud, "PUT", "/mine", "").0, 200);
    let resources = json!({"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}});
    let body = json!({"Resources": resources}).to_string();
    for (name, is_disabled, words) in [
        ("early", "false", "AWS::EarlyValidation::ResourceExistenceCheck"),
        ("late", "true", "<ResourceStatusReason>mine already exists</ResourceStatusReason>"),
    ] {
        let request = [("Action", "CreateStack"), ("StackName", name), ("TemplateBody", body.as_str())];
        cloudformation(&cloud, &[&request[..], &[("DisableValidation", is_disabled)]].concat());
        let events = cloudformation(&cloud, &[("Action", "DescribeStackEvents"), ("StackName", name)]);
        assert!(events.contains(words), "{events}");
    }
    assert_eq!(s3(&cloud, "HEAD", "/mine", "").0, 200, "the creation's undoing has taken it away");
}

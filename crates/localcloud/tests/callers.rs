//! A user with keys is held to its policies, in each service's words; the account's own keys may do everything.

mod common;

use bytes::Bytes;
use common::{START, Signing, cloud, query, text};
use http::{Method, Request, Response};
use localcloud::{AccessKeys, Clock, Config, LocalCloud, Speed};
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::000000000000:user/ada";

/// A cloud with a user, and the user's keys.
fn with_user() -> (LocalCloud, AccessKeys) {
    user_of(cloud())
}

fn user_of(cloud: LocalCloud) -> (LocalCloud, AccessKeys) {
    own(&cloud, "iam", "Action=CreateUser&UserName=ada&Tags.member.1.Key=team&Tags.member.1.Value=blue");
    let made = own(&cloud, "iam", "Action=CreateAccessKey&UserName=ada");
    let field = |name: &str| {
        let (_, rest) = made.split_once(&format!("<{name}>")).expect("a field");
        rest.split('<').next().unwrap_or_default().to_owned()
    };
    let keys = AccessKeys::new(field("AccessKeyId"), field("SecretAccessKey"));
    assert!(keys.access_key_id.starts_with("AKIA") && keys.secret_access_key.len() == 40, "{keys:?}");
    (cloud, keys)
}

/// Ask as the account's owner.
fn own(cloud: &LocalCloud, service: &'static str, form: &str) -> String {
    let response = cloud.call(Signing::of(service).sign(query(form)));
    assert!(response.status().is_success(), "{form}: {}", text(&response));
    text(&response)
}

fn allow(cloud: &LocalCloud, statements: &Value) {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let document: String = form_urlencoded::byte_serialize(document.as_bytes()).collect();
    let form = format!("Action=PutUserPolicy&UserName=ada&PolicyName=p&PolicyDocument={document}");
    own(cloud, "iam", &form);
}

fn ask(
    cloud: &LocalCloud,
    keys: &AccessKeys,
    service: &'static str,
    request: Request<Bytes>,
) -> Response<Bytes> {
    cloud.call(Signing { keys: keys.clone(), ..Signing::of(service) }.sign(request))
}

#[test]
fn a_user_without_a_policy_is_refused_in_the_services_words() {
    let (cloud, keys) = with_user();
    let json = |target: &str| {
        let request = Request::post("http://localhost/").header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1");
        request.body(Bytes::from(r#"{"SecretId": "s"}"#)).expect("a request")
    };
    let rest = |path: &str| {
        Request::post(format!("http://localhost{path}")).body(Bytes::from("{}")).expect("a request")
    };
    let get =
        |path: &str| Request::get(format!("http://localhost{path}")).body(Bytes::new()).expect("a request");
    own_bucket(&cloud);
    for (service, request, status, code, action, resource) in [
        (
            "cloudformation",
            query("Action=DescribeStacks&StackName=s"),
            403,
            "AccessDenied",
            "cloudformation:DescribeStacks",
            "arn:aws:cloudformation:us-east-1:000000000000:stack/s/*",
        ),
        (
            "ec2",
            query("Action=DescribeInstances"),
            403,
            "UnauthorizedOperation",
            "ec2:DescribeInstances",
            "*",
        ),
        (
            "rds",
            query("Action=DescribeDBInstances"),
            403,
            "AccessDenied",
            "rds:DescribeDBInstances",
            "arn:aws:rds:us-east-1:000000000000:db:*",
        ),
        (
            "batch",
            rest("/v1/describejobqueues"),
            403,
            "AccessDeniedException",
            "batch:DescribeJobQueues",
            "*",
        ),
        (
            "secretsmanager",
            json("secretsmanager.GetSecretValue"),
            400,
            "AccessDeniedException",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:s",
        ),
        ("s3", get("/bucket/key"), 403, "AccessDenied", "s3:GetObject", "\"arn:aws:s3:::bucket/key\""),
        // What this cloud doesn't know is no way round either.
        ("iam", query("Action=GetAccountSummary"), 403, "AccessDenied", "iam:GetAccountSummary", "*"),
    ] {
        let response = ask(&cloud, &keys, service, request);
        let told = text(&response).replace("&quot;", "\"").replace("\\\"", "\"");
        let headers = format!("{:?}", response.headers());
        let words = format!(
            "User: {USER} is not authorized to perform: {action} on resource: {resource} because no identity-based policy \
             allows the {action} action"
        );
        assert_eq!(response.status(), status, "{action}: {told}");
        assert!(told.contains(&words), "{told} lacks {words}");
        assert!(told.contains(code) || headers.contains(code), "{code}: {told} {headers}");
    }
    let whoever = ask(&cloud, &keys, "sts", query("Action=GetCallerIdentity&Version=2011-06-15"));
    assert!(text(&whoever).contains(&format!("<Arn>{USER}</Arn>")), "it needs no right: {}", text(&whoever));
}

fn own_bucket(cloud: &LocalCloud) {
    for (path, body) in [("bucket", ""), ("bucket/key", "hello")] {
        let put = Request::builder().method(Method::PUT).uri(format!("http://localhost/{path}"));
        let put = put.body(Bytes::from(body)).expect("a request");
        assert!(cloud.call(Signing::of("s3").sign(put)).status().is_success());
    }
}

#[test]
fn conditions_know_the_request_the_caller_and_the_resource() {
    let (cloud, keys) = with_user();
    own(
        &cloud,
        "autoscaling",
        "Action=CreateAutoScalingGroup&AutoScalingGroupName=g&MinSize=0&MaxSize=0&Tags.member.1.Key=team&Tags.member.1.Value=blue",
    );
    let tag =
        "Action=CreateOrUpdateTags&Tags.member.1.ResourceId=g&Tags.member.1.Key=k&Tags.member.1.Value=v";
    for (operator, key, value, passes) in [
        ("StringEquals", "aws:ResourceAccount", "000000000000", true),
        ("StringEquals", "aws:ResourceAccount", "111111111111", false),
        ("StringEquals", "aws:PrincipalAccount", "000000000000", true),
        ("ArnEquals", "aws:PrincipalArn", USER, true),
        ("StringEquals", "aws:PrincipalType", "User", true),
        ("StringEquals", "aws:username", "ada", true),
        ("StringLike", "aws:userid", "AIDA*", true),
        ("StringEquals", "aws:PrincipalTag/team", "blue", true),
        ("StringEquals", "aws:PrincipalTag/team", "red", false),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", true),
        ("IpAddress", "aws:SourceIp", "127.0.0.0/8", true),
        ("Bool", "aws:SecureTransport", "true", true),
        ("Bool", "aws:ViaAWSService", "false", true),
        ("Bool", "aws:PrincipalIsAWSService", "false", true),
        ("Null", "aws:CalledVia", "true", true),
        ("Null", "aws:PrincipalOrgID", "true", true),
        ("Null", "aws:MultiFactorAuthPresent", "true", true),
        ("Null", "aws:TokenIssueTime", "true", true),
        ("DateLessThan", "aws:CurrentTime", "2026-02-01T00:00:00Z", true),
        ("DateGreaterThan", "aws:CurrentTime", "2026-02-01T00:00:00Z", false),
        ("NumericGreaterThan", "aws:EpochTime", "1700000000", true),
        ("StringEquals", "aws:ResourceTag/team", "blue", true),
        ("StringEquals", "autoscaling:ResourceTag/team", "red", false),
        ("StringEquals", "aws:RequestTag/k", "v", true),
        ("StringEquals", "aws:RequestTag/k", "w", false),
        ("ForAllValues:StringEquals", "aws:TagKeys", "k", true),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "other", false),
        // A key that nobody knows is one that isn't there.
        ("StringEquals", "aws:NoSuchKey", "x", false),
        ("StringNotEquals", "aws:NoSuchKey", "x", true),
        ("StringEqualsIfExists", "aws:NoSuchKey", "x", true),
        ("Null", "aws:NoSuchKey", "true", true),
    ] {
        let condition = json!({operator: {key: value}});
        let of = |effect: &str, condition: &Value| json!({"Effect": effect, "Action": "autoscaling:*", "Resource": "*", "Condition": condition});
        allow(&cloud, &json!([of("Allow", &condition)]));
        let allowed = ask(&cloud, &keys, "autoscaling", query(tag));
        assert_eq!(allowed.status().is_success(), passes, "{condition}: {}", text(&allowed));
        allow(&cloud, &json!([of("Allow", &json!({})), of("Deny", &condition)]));
        let denied = ask(&cloud, &keys, "autoscaling", query(tag));
        assert_eq!(denied.status().is_success(), !passes, "denied, {condition}: {}", text(&denied));
        let words = "with an explicit deny in an identity-based policy";
        assert!(!passes || text(&denied).contains(words), "{}", text(&denied));
    }
}

#[test]
fn keys_that_are_inactive_or_deleted_or_whose_user_may_do_nothing_sign_for_nothing() {
    let (cloud, keys) = with_user();
    allow(&cloud, &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    let asked = || ask(&cloud, &keys, "ec2", query("Action=DescribeVpcs"));
    assert!(asked().status().is_success());
    let id = &keys.access_key_id;
    own(&cloud, "iam", &format!("Action=UpdateAccessKey&UserName=ada&AccessKeyId={id}&Status=Inactive"));
    assert!(text(&asked()).contains("InvalidClientTokenId"), "{}", text(&asked()));
    own(&cloud, "iam", &format!("Action=UpdateAccessKey&UserName=ada&AccessKeyId={id}&Status=Active"));
    assert!(asked().status().is_success());
    own(&cloud, "iam", "Action=DeleteUserPolicy&UserName=ada&PolicyName=p");
    assert!(text(&asked()).contains("UnauthorizedOperation"), "{}", text(&asked()));
    own(&cloud, "iam", &format!("Action=DeleteAccessKey&UserName=ada&AccessKeyId={id}"));
    assert!(text(&asked()).contains("InvalidClientTokenId"), "{}", text(&asked()));
    own(&cloud, "iam", "Action=DeleteUser&UserName=ada");
}

#[test]
fn a_users_role_is_assumed_by_its_own_right_or_by_name() {
    let (cloud, keys) = with_user();
    let assume = |role: &str| {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me1&RoleArn=arn:aws:iam::000000000000:role/{role}"
        );
        ask(&cloud, &keys, "sts", query(&form)).status().is_success()
    };
    let role = |name: &str, principal: &str| {
        let trust = json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}});
        let trust: String = form_urlencoded::byte_serialize(trust.to_string().as_bytes()).collect();
        own(&cloud, "iam", &format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={trust}"));
    };
    role("account", "000000000000");
    role("named", USER);
    assert!(!assume("account"), "the account leaves it to the user's policies");
    assert!(assume("named"));
    allow(
        &cloud,
        &json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/account"}]),
    );
    assert!(assume("account"));
}

#[test]
fn without_a_role_cloudformation_works_with_the_rights_of_whoever_asks() {
    let instant = Config { speed: Speed::Instant, ..Config::default() };
    let (cloud, keys) = user_of(LocalCloud::in_memory(instant, Clock::starting_at(START), common::keys()));
    let create = |name: &str| {
        let form = format!(
            "Action=CreateStack&StackName={name}&TemplateBody=%7B%22Resources%22%3A%7B%22Q%22%3A%7B%22Type%22%3A%22AWS%3A%3ASQS%3A%3AQueue%22%7D%7D%7D"
        );
        let made = ask(&cloud, &keys, "cloudformation", query(&form));
        assert!(made.status().is_success(), "{}", text(&made));
        own(&cloud, "cloudformation", &format!("Action=DescribeStackEvents&StackName={name}"))
    };
    let stacks = json!({"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"});
    allow(&cloud, &json!([stacks]));
    let events = create("denied");
    let words = format!("User: {USER} is not authorized to perform: sqs:CreateQueue on resource: ");
    assert!(events.contains(&words) && events.contains("ROLLBACK_COMPLETE"), "{events}");
    // It calls in the user's name, and says so.
    let called = json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}, "Bool": {"aws:ViaAWSService": "true"}});
    let queues = json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": called});
    allow(&cloud, &json!([stacks, queues]));
    let events = create("allowed");
    assert!(!events.contains("FAILED") && events.contains("CREATE_COMPLETE"), "{events}");
}

//! Temporary credentials, throttling and faults at the wire: in process, over TCP, and after a restart.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{START, Signing, cloud, keys, query, text};
use http::{Method, Request, Response};
use localcloud::{AccessKeys, Clock, Config, Faults, LocalCloud, Timestamp};
use serde_json::{Value, json};

const CALLER: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const ROLE: &str = "arn:aws:iam::000000000000:role/r";

fn call(cloud: &LocalCloud, service: &'static str, form: &str) -> Response<Bytes> {
    cloud.call(Signing::of(service).sign(query(form)))
}

/// A request to the control endpoint.
fn control(cloud: &LocalCloud, method: Method, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri("http://127.0.0.1:4566/_slackwater/faults");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request.body(Bytes::from(body)).expect("request");
    let response = cloud.call(Signing::of("slackwater").sign(request));
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("json"))
}

/// A request in JSON 1.1.
fn target(cloud: &LocalCloud, service: &'static str, target: &'static str, body: Value) -> (u16, Value) {
    let request = Request::post("http://localhost/").header("x-amz-target", target);
    let request = request.header("content-type", "application/x-amz-json-1.1");
    let request = request.body(Bytes::from(body.to_string())).expect("request");
    let response = cloud.call(Signing::of(service).sign(request));
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("json"))
}

fn is_dropped(response: &Response<Bytes>) -> bool {
    response.extensions().get::<std::io::ErrorKind>() == Some(&std::io::ErrorKind::ConnectionReset)
}

/// Between an element's tags.
fn between(text: &str, name: &str) -> String {
    let start = text.split_once(&format!("<{name}>")).expect(name).1;
    start.split_once(&format!("</{name}>")).expect(name).0.to_owned()
}

/// Assume the role `r`, which is made first; gives the answer's text.
fn assume(cloud: &LocalCloud) -> String {
    let trust = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}}"#;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", "CreateRole").append_pair("Version", "2010-05-08");
    form.append_pair("RoleName", "r").append_pair("AssumeRolePolicyDocument", trust);
    assert_eq!(call(cloud, "iam", &form.finish()).status(), 200);
    let form =
        format!("Action=AssumeRole&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=me&DurationSeconds=900");
    let response = call(cloud, "sts", &form);
    assert_eq!(response.status(), 200, "{}", text(&response));
    text(&response)
}

/// Who is calling, with these credentials at this time.
fn caller(cloud: &LocalCloud, credentials: &str, token: Option<&str>, at: Timestamp) -> (u16, String) {
    let mut signing = Signing::of("sts");
    signing.keys =
        AccessKeys::new(between(credentials, "AccessKeyId"), between(credentials, "SecretAccessKey"));
    signing.at = at;
    let mut request = query(CALLER);
    if let Some(token) = token {
        request.headers_mut().insert("x-amz-security-token", token.parse().expect("value"));
    }
    let response = cloud.call(signing.sign(request));
    (response.status().as_u16(), text(&response))
}

#[test]
fn temporary_credentials_are_accepted_until_they_expire() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("cloud.sqlite");
    let open = |at: Timestamp| {
        LocalCloud::open(&path, Config::default(), Clock::starting_at(at), Some(keys())).expect("open")
    };
    let cloud = open(START);
    let credentials = assume(&cloud);
    let token = between(&credentials, "SessionToken");
    let (status, body) = caller(&cloud, &credentials, Some(&token), START);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("<Arn>arn:aws:sts::000000000000:assumed-role/r/me</Arn>"), "{body}");
    let secret = between(&credentials, "SecretAccessKey");
    assert!(!format!("{cloud:?}").contains(&secret));
    for (token, secret, code) in [
        (None, "", "InvalidClientTokenId"),
        (Some("wrong"), "", "InvalidClientTokenId"),
        (Some(token.as_str()), "<SecretAccessKey>guessed</SecretAccessKey>", "SignatureDoesNotMatch"),
    ] {
        let credentials = format!("{secret}{credentials}");
        let (status, body) = caller(&cloud, &credentials, token, START);
        assert_eq!(status, 403);
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
    }
    // No parameter makes somebody else of a caller.
    let response =
        call(&cloud, "sts", &format!("{CALLER}&CallerAccessKeyId={}", between(&credentials, "AccessKeyId")));
    assert!(text(&response).contains(":root</Arn>"));

    // Another process finds the same session, and its end (the role was assumed some milliseconds after the start).
    drop(cloud);
    for (seconds, status, part) in [
        (890, 200, "assumed-role/r/me"),
        (901, 403, "<Code>ExpiredToken</Code><Message>The security token included in the request is expired"),
    ] {
        let at = START.after(Duration::from_secs(seconds));
        let (found, body) = caller(&open(at), &credentials, Some(&token), at);
        assert_eq!(found, status, "after {seconds} s: {body}");
        assert!(body.contains(part), "after {seconds} s: {body}");
    }
}

#[test]
fn credentials_can_be_made_to_expire() {
    let cloud = cloud();
    let credentials = assume(&cloud);
    let token = between(&credentials, "SessionToken");
    let (status, shown) = control(&cloud, Method::PUT, &json!({"expire_credentials": true}));
    assert_eq!((status, shown.get("expire_credentials")), (200, None));
    let (status, body) = caller(&cloud, &credentials, Some(&token), START);
    assert!(status == 403 && body.contains("<Code>ExpiredToken</Code>"), "{body}");
    // Each protocol has its own words for it.
    for (service, status, part) in [
        ("s3", 400, "<Code>ExpiredToken</Code><Message>The provided token has expired."),
        ("ec2", 400, "<Code>RequestExpired</Code><Message>Request has expired."),
        ("ssm", 400, r#""__type":"ExpiredTokenException""#),
    ] {
        let mut signing = Signing::of(service);
        signing.keys =
            AccessKeys::new(between(&credentials, "AccessKeyId"), between(&credentials, "SecretAccessKey"));
        let request = Request::get("http://localhost/").header("x-amz-security-token", &token);
        let response = cloud.call(signing.sign(request.body(Bytes::new()).expect("request")));
        assert_eq!(response.status(), status, "{service}: {}", text(&response));
        assert!(text(&response).contains(part), "{service}: {}", text(&response));
    }
    assert_eq!(call(&cloud, "sts", CALLER).status(), 200, "the owner's keys don't expire");
}

#[test]
fn calls_meet_what_was_ordered() {
    let cloud = cloud();
    let topics =
        || text(&call(&cloud, "sns", "Action=ListTopics&Version=2010-03-31")).matches("<TopicArn>").count();
    let create =
        |name: &str| call(&cloud, "sns", &format!("Action=CreateTopic&Version=2010-03-31&Name={name}"));
    let order = |answer: &str, after: u64| {
        let fault = json!({"service": "sns", "operation": "CreateTopic", "after": after, "answer": answer});
        assert_eq!(control(&cloud, Method::PUT, &json!({"calls": [fault]})).0, 200);
    };
    for (answer, status, code) in [
        ("server_error", 500, "<Code>InternalFailure</Code>"),
        ("service_unavailable", 503, "<Code>ServiceUnavailable</Code>"),
        ("expired_credentials", 403, "<Code>ExpiredToken</Code>"),
    ] {
        order(answer, 0);
        let before = topics();
        let response = create(answer);
        assert_eq!(response.status(), status);
        assert!(text(&response).contains(code) && !is_dropped(&response), "{}", text(&response));
        assert_eq!(topics(), before, "{answer} has changed nothing");
        assert_eq!(create(answer).status(), 200, "once");
    }
    let before = topics();
    order("drop_connection", 1);
    assert_eq!(create("let_through").status(), 200);
    assert!(is_dropped(&create("dropped")));
    assert_eq!(topics(), before + 1);
    order("lose_response", 0);
    assert!(is_dropped(&create("lost")));
    assert_eq!(topics(), before + 2, "it has happened all the same");
    let (_, shown) = control(&cloud, Method::GET, &Value::Null);
    assert_eq!(shown["calls"][0]["next"], 0);
    assert_eq!(control(&cloud, Method::DELETE, &Value::Null).1["calls"], json!([]));
    let (status, refusal) = control(&cloud, Method::PUT, &json!({"calls": 1}));
    assert!(
        status == 400 && refusal["message"].as_str().is_some_and(|text| text.contains("no faults")),
        "{refusal}"
    );
    let unsigned =
        Request::put("http://127.0.0.1:4566/_slackwater/faults").body(Bytes::from("{}")).expect("request");
    assert_eq!(cloud.call(unsigned).status(), 403);
}

#[test]
fn a_conditional_write_can_be_made_to_conflict() {
    let cloud = cloud();
    let put = |path: &str| {
        let request = Request::put(format!("http://127.0.0.1:4566{path}")).header("if-none-match", "*");
        cloud.call(Signing::of("s3").sign(request.body(Bytes::new()).expect("request")))
    };
    assert_eq!(put("/bucket").status(), 200);
    let fault = json!({"service": "s3", "operation": "PutObject", "answer": "conditional_request_conflict"});
    assert_eq!(control(&cloud, Method::PUT, &json!({"calls": [fault]})).0, 200);
    let refused = put("/bucket/k");
    assert_eq!(refused.status(), 409);
    assert!(text(&refused).contains("<Code>ConditionalRequestConflict</Code>"), "{}", text(&refused));
    assert_eq!(put("/bucket/k").status(), 200, "nothing was written, and the fault is used up");
}

/// A PUT that was given up arrives all the same: what is there by then decides what it does.
#[tokio::test(start_paused = true)]
async fn a_call_can_arrive_after_those_that_came_later() {
    let cloud = cloud();
    let put = |path: &str, body: &'static str, condition: Option<&str>| {
        let mut request = Request::put(format!("http://127.0.0.1:4566{path}"));
        if let Some(etag) = condition {
            request = request.header("if-match", etag);
        }
        cloud.call(Signing::of("s3").sign(request.body(Bytes::from(body)).expect("request")))
    };
    let get = || {
        let request = Request::get("http://127.0.0.1:4566/bucket/k").body(Bytes::new()).expect("request");
        text(&cloud.call(Signing::of("s3").sign(request)))
    };
    let late = |seconds: u64| {
        let fault = json!({"service": "s3", "operation": "PutObject", "answer": "arrive_late", "late_seconds": seconds});
        control(&cloud, Method::PUT, &json!({"calls": [fault]})).0
    };
    let seconds = async |seconds| tokio::time::advance(Duration::from_secs(seconds)).await;
    assert_eq!(put("/bucket", "", None).status(), 200);
    let tag = |answer: &Response<Bytes>| answer.headers()["etag"].to_str().expect("ASCII").to_owned();
    let first = tag(&put("/bucket/k", "first", None));
    for (meanwhile, condition, then) in
        [(None, Some(&first), "late"), (Some("next"), Some(&first), "next"), (Some("next"), None, "late")]
    {
        assert_eq!(put("/bucket/k", "first", None).status(), 200);
        assert_eq!(late(60), 200);
        assert!(is_dropped(&put("/bucket/k", "late", condition.map(String::as_str))));
        seconds(59).await;
        assert_eq!(get(), "first");
        if let Some(body) = meanwhile {
            assert_eq!(put("/bucket/k", body, None).status(), 200);
        }
        seconds(2).await;
        assert_eq!(get(), then, "{meanwhile:?}, {condition:?}");
    }
    assert_eq!(late(1000), 400, "by then no signature would do any more");
}

#[test]
fn a_call_too_many_is_throttled_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("cloud.sqlite");
    let open =
        || LocalCloud::open(&path, Config::default(), Clock::starting_at(START), Some(keys())).expect("open");
    let cloud = open();
    let put = |cloud: &LocalCloud, value: &str| {
        let input = json!({"Name": "p", "Value": value, "Type": "String", "Overwrite": true});
        target(cloud, "ssm", "AmazonSSM.PutParameter", input)
    };
    let throttle = json!({"service": "ssm", "operation": "PutParameter", "burst": 2, "per_second": 0});
    assert_eq!(control(&cloud, Method::PUT, &json!({"throttle": [throttle]})).0, 200);
    let codes: Vec<u16> = ["1", "2", "3", "4"].iter().map(|value| put(&cloud, value).0).collect();
    assert_eq!(codes, [200, 200, 400, 400]);
    let (_, refusal) = put(&cloud, "5");
    assert_eq!(refusal, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    let read = |cloud: &LocalCloud| {
        let (_, found) = target(cloud, "ssm", "AmazonSSM.GetParameter", json!({"Name": "p"}));
        (found["Parameter"]["Value"].clone(), found["Parameter"]["Version"].clone())
    };
    assert_eq!(read(&cloud), (json!("2"), json!(2)));
    drop(cloud);
    let cloud = open();
    assert_eq!(read(&cloud), (json!("2"), json!(2)), "nor in a replay");
    assert_eq!(control(&cloud, Method::GET, &Value::Null).1["throttle"][0]["burst"], 2);
}

#[test]
fn counts_and_effects_survive_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("cloud.sqlite");
    let open =
        || LocalCloud::open(&path, Config::default(), Clock::starting_at(START), Some(keys())).expect("open");
    let cloud = open();
    let faults = r#"{"calls": [{"service": "sns", "operation": "*", "next": 3, "answer": "lose_response"}]}"#;
    cloud.set_faults(&Faults::parse(faults).expect("faults")).expect("set");
    for name in ["a", "b"] {
        assert!(is_dropped(&call(
            &cloud,
            "sns",
            &format!("Action=CreateTopic&Version=2010-03-31&Name={name}")
        )));
    }
    let world = cloud.inspect(|world| format!("{world:?}")).expect("world");
    drop(cloud);
    let cloud = open();
    assert_eq!(control(&cloud, Method::GET, &Value::Null).1["calls"][0]["next"], 1);
    let again = cloud.inspect(|world| format!("{world:?}")).expect("world");
    // The moment of looking is the one thing that differs.
    let without_now = |world: &str| world.split_once("timers:").expect("timers").1.to_owned();
    assert_eq!(without_now(&world), without_now(&again));
    assert!(is_dropped(&call(&cloud, "sns", "Action=ListTopics&Version=2010-03-31")));
    let listed = text(&call(&cloud, "sns", "Action=ListTopics&Version=2010-03-31"));
    assert_eq!(listed.matches("<TopicArn>").count(), 2, "{listed}");
}

#[tokio::test]
async fn a_dropped_connection_is_closed_without_an_answer() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    let cloud = cloud();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(localcloud::server::serve(listener, cloud.clone(), async {
        let _asked = stopped.await;
    }));
    let faults = r#"{"calls": [{"service": "sts", "operation": "*", "answer": "drop_connection"}]}"#;
    cloud.set_faults(&Faults::parse(faults).expect("faults")).expect("set");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = Request::post(format!("http://{address}/")).header("host", address.to_string());
        let request = Signing::of("sts").sign(request.body(Bytes::from(CALLER)).expect("request"));
        let mut head = String::from("POST / HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in request.headers() {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n{CALLER}", CALLER.len()));
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let _end = stream.read_to_end(&mut answer).await;
        answers.push(String::from_utf8_lossy(&answer).into_owned());
    }
    assert_eq!(answers[0], "", "the first is closed");
    assert!(answers[1].starts_with("HTTP/1.1 200 OK"), "{}", answers[1]);
    stop.send(()).expect("running");
    served.await.expect("ended").expect("served");
}

#[test]
fn each_protocol_is_spoken() {
    let cloud = cloud();
    let (status, made) = target(
        &cloud,
        "secretsmanager",
        "secretsmanager.CreateSecret",
        json!({"Name": "s", "SecretString": "x"}),
    );
    assert_eq!((status, &made["Name"]), (200, &json!("s")));
    let (status, refusal) =
        target(&cloud, "secretsmanager", "secretsmanager.GetSecretValue", json!({"SecretId": "no"}));
    assert_eq!(status, 400);
    assert_eq!(
        refusal,
        json!({"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."})
    );
    let backup = |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        cloud.call(Signing::of("backup").sign(request.body(Bytes::from("{}")).expect("request")))
    };
    assert_eq!(backup(Method::PUT, "/backup-vaults/vault").status(), 200);
    let listed: Value = serde_json::from_slice(backup(Method::GET, "/backup-vaults/").body()).expect("json");
    assert_eq!(listed["BackupVaultList"][0]["BackupVaultName"], "vault");
    let response = backup(Method::GET, "/backup-vaults/no");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-amzn-errortype"]),
        (403, &"AccessDeniedException".parse().expect("value"))
    );
    call(&cloud, "sns", "Action=CreateTopic&Version=2010-03-31&Name=t");
    let arn = "arn:aws:sns:us-east-1:000000000000:t";
    let body =
        text(&call(&cloud, "sns", &format!("Action=GetTopicAttributes&Version=2010-03-31&TopicArn={arn}")));
    assert!(
        body.contains("<Attributes><entry><key>DisplayName</key><value></value></entry><entry>"),
        "{body}"
    );
    // IAM is signed for the first Region of its partition, wherever the cloud is.
    let config = Config { region: "eu-west-1".to_owned(), ..Config::default() };
    let elsewhere = LocalCloud::in_memory(config, Clock::starting_at(START), keys());
    assert_eq!(call(&elsewhere, "iam", "Action=ListRoles&Version=2010-05-08").status(), 200);
    assert_eq!(call(&elsewhere, "sts", CALLER).status(), 403);
}

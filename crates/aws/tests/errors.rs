//! What an answer of the wire means for a run: look again, or give up. The answers are as the services send them.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use aws::{AwsCloud, Connection, Transport};
use bytes::Bytes;
use conductor::Cloud;
use upgrade::{FleetAct, PortErrorKind, Query, StackAct, StackQuery, UpdateKind};

fn cloud_that_answers(status: u16, content_type: &'static str, body: &'static str) -> AwsCloud {
    AwsCloud::new(&Connection {
        region: "us-east-1".to_owned(),
        endpoint_url: "http://localhost".to_owned(),
        access_key_id: "AKIATEST".to_owned(),
        secret_access_key: "secret-key-that-must-not-show".to_owned(),
        transport: Transport::InProcess(Arc::new(move |_request| {
            http::Response::builder()
                .status(status)
                .header("content-type", content_type)
                .body(Bytes::from_static(body.as_bytes()))
                .expect("an answer")
        })),
        now: Arc::new(|| UNIX_EPOCH),
    })
}

fn change_set() -> Query {
    let (update, stack_id) = (UpdateKind::Primary, "stack".to_owned());
    StackQuery::ChangeSet { update, stack_id, name: "x".to_owned() }.into()
}

const THROTTLED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>";
const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: cloudformation:DescribeChangeSet</Message></Error><RequestId>1</RequestId></ErrorResponse>";
const FAILED: &str = "<ErrorResponse><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>oops</Message></Error><RequestId>1</RequestId></ErrorResponse>";
const NO_CHANGE_SET: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ChangeSetNotFound</Code><Message>ChangeSet [x] does not exist</Message></Error><RequestId>1</RequestId></ErrorResponse>";

#[tokio::test]
async fn errors_are_sorted_into_patience_and_giving_up() {
    let query = change_set();
    for (status, body, kind, words) in [
        (400, THROTTLED, PortErrorKind::Transient, "Throttling: Rate exceeded"),
        (403, DENIED, PortErrorKind::Refused, "AccessDenied: not authorized"),
        (500, FAILED, PortErrorKind::Transient, "InternalFailure: oops"),
        (503, "", PortErrorKind::Transient, ""),
        (502, "<html>Bad Gateway</html>", PortErrorKind::Transient, ""),
        (200, "this is no XML", PortErrorKind::Transient, ""),
    ] {
        let error =
            cloud_that_answers(status, "text/xml", body).observe(&query).await.expect_err("no answer");
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
        assert_eq!(error.operation, "cloudformation:DescribeChangeSet");
        assert!(error.message.contains(words), "{status} {body}: {error}");
        assert!(!error.to_string().contains("secret-key"), "{error}");
    }
}

#[tokio::test]
async fn an_absent_change_set_is_an_answer() {
    let query = change_set();
    let answer = cloud_that_answers(404, "text/xml", NO_CHANGE_SET).observe(&query).await.expect("an answer");
    assert_eq!(answer, upgrade::Observation::ChangeSet(None));
}

#[tokio::test]
async fn what_a_lost_answer_may_have_done_already_is_looked_at_again() {
    let executed = StackAct::ExecuteChangeSet {
        update: UpdateKind::Primary,
        stack_id: "stack".to_owned(),
        change_set_name: "x".to_owned(),
        client_request_token: "run".to_owned(),
    };
    const EXECUTING: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidChangeSetStatus</Code><Message>ChangeSet [x] cannot be executed in its current status of [EXECUTE_IN_PROGRESS]</Message></Error><RequestId>1</RequestId></ErrorResponse>";
    let error =
        cloud_that_answers(400, "text/xml", EXECUTING).act(&executed.into()).await.expect_err("refused");
    assert_eq!(error.kind, PortErrorKind::Transient, "{error}");

    const GONE: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>RuleNotFound</Code><Message>One or more rules not found</Message></Error><RequestId>1</RequestId></ErrorResponse>";
    let opened = FleetAct::OpenGate { rule_arns: vec!["rule".to_owned()] };
    cloud_that_answers(400, "text/xml", GONE)
        .act(&opened.into())
        .await
        .expect("a rule that is gone is as good as deleted");
}

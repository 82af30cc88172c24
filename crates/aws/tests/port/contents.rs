//! What an update is made of, compared again with what was approved.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use aws::{AwsCloud, AwsClouds, Connection, FoundContent, Transport, VerifiedContents};
use bytes::Bytes;
use upgrade::{
    Observation, Piece, PortErrorKind, Proposal, StackAct, StackQuery, StackUpdate, UpdateKind, sha256_of,
};

use crate::common::{Bench, TEMPLATE};

fn planned(stack_id: &str, template_url: &str, template: &[u8]) -> StackUpdate {
    StackUpdate {
        estimated_seconds: 0,
        point_of_no_return: None,
        kind: UpdateKind::Primary,
        stack_name: "platform".to_owned(),
        stack_id: stack_id.to_owned(),
        from_version: None,
        to_version: None,
        proposal: Proposal {
            change_set_name: "slackwater-run".to_owned(),
            template_url: template_url.to_owned(),
            template_sha256: sha256_of(template),
            parameters: vec![],
            capabilities: vec!["CAPABILITY_NAMED_IAM".to_owned()],
            role_arn: None,
            tags: None,
            notification_arns: None,
            rollback_triggers: None,
            monitoring_minutes: None,
        },
        predicted: vec![],
        expected: vec![],
    }
}

fn piece(update: UpdateKind, url: &str, contents: &[u8]) -> Piece {
    Piece {
        update,
        what: "nested stack Network".to_owned(),
        url: url.to_owned(),
        sha256: sha256_of(contents),
    }
}

fn found(verified: &VerifiedContents) -> Vec<(&str, &FoundContent)> {
    assert_eq!(verified.unread, [], "{verified:?}");
    verified.differences.iter().map(|one| (one.what.as_str(), &one.found)).collect()
}

async fn create_change_set(bench: &Bench, update: &StackUpdate) {
    let create = StackAct::CreateChangeSet {
        update: update.kind,
        stack_id: update.stack_id.clone(),
        proposal: update.proposal.clone(),
    };
    bench.tell(&create).await;
    let query = StackQuery::ChangeSet {
        update: update.kind,
        stack_id: update.stack_id.clone(),
        name: update.proposal.change_set_name.clone(),
    };
    let made = |seen: &Observation| matches!(seen, Observation::ChangeSet(Some(seen)) if seen.status == "CREATE_COMPLETE");
    bench.until(query, made).await;
}

#[tokio::test(start_paused = true)]
async fn the_change_sets_own_template_is_compared_to_the_byte() {
    // Ends of lines and of the file, and what XML minds.
    let template = format!("\n# <&>\r\n{}\n\n", TEMPLATE.replace("Default: green", "Default: blue"));
    let bench = Bench::with_platform().await;
    let clouds = AwsClouds::one(bench.cloud.clone());
    let pinned = bench.cloud.pin_template("templates", template.as_bytes()).await.expect("pinned");
    let update = planned(&bench.stack_id, &pinned.url, template.as_bytes());
    // As long as there is no change set our copy stands for it.
    assert!(clouds.verify_contents(&update, &[]).await.is_as_approved());
    create_change_set(&bench, &update).await;
    let own = bench.cloud.change_set_template(&bench.stack_id, "slackwater-run").await.expect("told");
    assert_eq!(own.as_deref(), Some(template.as_str()));
    assert!(clouds.verify_contents(&update, &[]).await.is_as_approved());
    // Whoever writes over the copy now changes nothing of what the change set will do.
    let key = pinned.url.split_once(".com/").expect("a key").1;
    bench.cloud.upload_template("templates", key, b"evil").await.expect("put");
    assert!(clouds.verify_contents(&update, &[]).await.is_as_approved());
    assert_eq!(bench.cloud.change_set_template(&bench.stack_id, "other").await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_was_made_of_something_else_is_told() {
    let bench = Bench::with_platform().await;
    let clouds = AwsClouds::one(bench.cloud.clone());
    let approved = TEMPLATE.replace("Default: green", "Default: blue");
    let evil = TEMPLATE.replace("Default: green", "Default: red");
    let pinned = bench.cloud.pin_template("templates", approved.as_bytes()).await.expect("pinned");
    let key = pinned.url.split_once(".com/").expect("a key").1;
    bench.cloud.upload_template("templates", key, evil.as_bytes()).await.expect("put");
    let update = planned(&bench.stack_id, &pinned.url, approved.as_bytes());
    let other = FoundContent::Other(sha256_of(evil.as_bytes()));
    let before = clouds.verify_contents(&update, &[]).await;
    assert_eq!(found(&before), [("the template of the stack", &other)]);
    create_change_set(&bench, &update).await;
    let after = clouds.verify_contents(&update, &[]).await;
    assert_eq!(found(&after), [("the template of change set slackwater-run", &other)]);
    let words = after.differences.first().expect("one").to_string();
    for part in [sha256_of(evil.as_bytes()), sha256_of(approved.as_bytes())] {
        assert!(words.contains(&part), "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn pieces_are_read_again() {
    let bench = Bench::with_platform().await;
    let clouds = AwsClouds::one(bench.cloud.clone());
    let pinned = bench.cloud.pin_template("templates", TEMPLATE.as_bytes()).await.expect("pinned");
    let update = planned(&bench.stack_id, &pinned.url, TEMPLATE.as_bytes());
    let url = bench.cloud.upload_template("templates", "network.yaml", b"one").await.expect("put");
    let gone = url.replace("network", "gone");
    let pieces = [
        piece(UpdateKind::Primary, &url, b"one"),
        piece(UpdateKind::Primary, &gone, b"one"),
        // Another update's is that one's to look at.
        piece(UpdateKind::BackupStack, &url, b"other"),
    ];
    let seen = clouds.verify_contents(&update, &pieces).await;
    assert_eq!(found(&seen), [("nested stack Network", &FoundContent::Absent)]);
    bench.cloud.upload_template("templates", "network.yaml", b"two").await.expect("put");
    let seen = clouds.verify_contents(&update, &pieces).await;
    let other = FoundContent::Other(sha256_of(b"two"));
    assert_eq!(
        found(&seen),
        [("nested stack Network", &other), ("nested stack Network", &FoundContent::Absent)]
    );
}

/// A cloud whose GetTemplate answers with this, and whose S3 with that.
fn answering(template: (u16, String), object: (u16, &'static str)) -> AwsClouds {
    AwsClouds::one(AwsCloud::new(&Connection {
        region: "us-east-1".to_owned(),
        endpoint_url: "http://localhost".to_owned(),
        access_key_id: "AKIATEST".to_owned(),
        secret_access_key: "secret".to_owned(),
        transport: Transport::InProcess(Arc::new(move |request| {
            let (status, body) = match request.method().as_str() {
                "POST" => template.clone(),
                "HEAD" => (200, String::new()),
                _ => (object.0, object.1.to_owned()),
            };
            http::Response::builder().status(status).body(Bytes::from(body)).expect("an answer")
        })),
        now: Arc::new(|| UNIX_EPOCH),
    }))
}

fn get_template(body: &str) -> (u16, String) {
    let answer = format!(
        "<GetTemplateResponse><GetTemplateResult><TemplateBody>{body}</TemplateBody></GetTemplateResult></GetTemplateResponse>"
    );
    (200, answer)
}

#[tokio::test(start_paused = true)]
async fn aws_shows_question_marks_for_what_is_not_ascii() {
    const SENT: &str = "Description: 請交月報 \u{2014} ok";
    let update = planned("s", "s3://b/k", SENT.as_bytes());
    for (shown, stored, differences) in [
        ("Description: ???? ? ok", SENT, 0),
        (SENT, SENT, 0),
        ("Description: ???? ? no", SENT, 1),
        // What our copy can't prove isn't believed.
        ("Description: ???? ? ok", "Description: other", 1),
    ] {
        let seen = answering(get_template(shown), (200, stored)).verify_contents(&update, &[]).await;
        assert_eq!(found(&seen).len(), differences, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_no_difference() {
    const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let denied = format!("<ErrorResponse>{DENIED}</ErrorResponse>");
    let update = planned("s", "s3://b/k", b"x");
    let pieces = [piece(UpdateKind::Primary, "s3://b/n", b"x")];
    let seen = answering((403, denied), (403, DENIED)).verify_contents(&update, &pieces).await;
    assert_eq!(seen.differences, []);
    let unread: Vec<(&str, &str, PortErrorKind)> = seen
        .unread
        .iter()
        .map(|one| (one.what.as_str(), one.error.operation.as_str(), one.error.kind))
        .collect();
    assert_eq!(
        unread,
        [
            (
                "the template of change set slackwater-run",
                "cloudformation:GetTemplate",
                PortErrorKind::Refused
            ),
            ("nested stack Network", "s3:GetObject", PortErrorKind::Refused),
        ]
    );
    assert!(!seen.is_as_approved());
    let seen = answering(get_template("x"), (503, "")).verify_contents(&update, &pieces).await;
    assert_eq!(seen.unread.first().map(|one| one.error.kind), Some(PortErrorKind::Transient));
}

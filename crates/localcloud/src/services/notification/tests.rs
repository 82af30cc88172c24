//! SNS through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const ARN: &str = "arn:aws:sns:us-east-1:000000000000:t";

fn bench() -> Bench {
    let mut bench = Bench::new(Service::Notification);
    let made = bench.ok(0, "CreateTopic", json!({"Name": "t", "Attributes": {"DisplayName": "T"}}));
    assert_eq!(made["TopicArn"], ARN);
    bench
}

fn attribute(bench: &mut Bench, arn: &str, name: &str) -> Value {
    let answer = bench.ok(0, "GetTopicAttributes", json!({"TopicArn": arn}));
    let entries = answer["Attributes"]["entry"].as_array().expect("entries").clone();
    entries
        .into_iter()
        .find(|entry| entry["key"] == name)
        .map(|entry| entry["value"].clone())
        .unwrap_or_default()
}

#[test]
fn what_is_published_is_kept() {
    let mut bench = bench();
    let sent = bench.ok(5, "Publish", json!({"TopicArn": ARN, "Subject": "s", "Message": "m"}));
    let published = bench.world.notification.published();
    assert_eq!(published.len(), 1);
    assert_eq!((published[0].message.as_str(), published[0].subject.as_deref()), ("m", Some("s")));
    assert_eq!((published[0].at.0, json!(published[0].message_id)), (5000, sent["MessageId"].clone()));
    for _ in 0..1001 {
        bench.ok(6, "Publish", json!({"TargetArn": ARN, "Message": "again"}));
    }
    let published = bench.world.notification.published();
    assert!(published.len() == 1000 && published.iter().all(|one| one.message == "again"));
}

#[test]
fn subscriptions_wait_for_their_reader() {
    let mut bench = bench();
    let mail = json!({"TopicArn": ARN, "Protocol": "email", "Endpoint": "a@example.com"});
    assert_eq!(bench.ok(0, "Subscribe", mail.clone())["SubscriptionArn"], "pending confirmation");
    bench.ok(0, "Subscribe", mail);
    let queue =
        json!({"TopicArn": ARN, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:000000000000:q"});
    let arn = bench.ok(0, "Subscribe", queue)["SubscriptionArn"].clone();
    assert!(arn.as_str().is_some_and(|arn| arn.starts_with(ARN)));
    assert_eq!(attribute(&mut bench, ARN, "SubscriptionsPending"), "1");
    assert_eq!(attribute(&mut bench, ARN, "SubscriptionsConfirmed"), "1");
    let listed = bench.ok(0, "ListSubscriptionsByTopic", json!({"TopicArn": ARN}));
    assert_eq!(listed["Subscriptions"].as_array().map(Vec::len), Some(2));
    bench.ok(0, "Unsubscribe", json!({"SubscriptionArn": arn}));
    assert_eq!(
        bench.ok(0, "ListSubscriptions", json!({}))["Subscriptions"].as_array().map(Vec::len),
        Some(1)
    );
    bench.ok(0, "DeleteTopic", json!({"TopicArn": ARN}));
    bench.ok(0, "DeleteTopic", json!({"TopicArn": ARN}));
    assert_eq!(bench.ok(0, "ListSubscriptions", json!({}))["Subscriptions"], json!([]));
}

#[test]
fn refusals_are_in_sns_s_words() {
    let mut bench = bench();
    let other = "arn:aws:sns:us-east-1:000000000000:no";
    let long = "x".repeat(262_145);
    for (operation, input, code, part) in [
        ("GetTopicAttributes", json!({"TopicArn": other}), "NotFound", "Topic does not exist"),
        ("GetTopicAttributes", json!({"TopicArn": "t"}), "InvalidParameter", "Invalid parameter: TopicArn"),
        ("Publish", json!({"Message": "m"}), "InvalidParameter", "TopicArn or TargetArn"),
        ("Publish", json!({"TopicArn": other, "Message": "m"}), "NotFound", "Topic does not exist"),
        ("Publish", json!({"TopicArn": ARN}), "InvalidParameter", "Invalid parameter: Empty message"),
        ("Publish", json!({"TopicArn": ARN, "Message": long}), "InvalidParameter", "Message too long"),
        (
            "Subscribe",
            json!({"TopicArn": ARN, "Protocol": "owl", "Endpoint": "x"}),
            "InvalidParameter",
            "owl",
        ),
        ("Subscribe", json!({"TopicArn": ARN, "Protocol": "sms"}), "InvalidParameter", "Endpoint"),
        ("CreateTopic", json!({"Name": "a b"}), "InvalidParameter", "Invalid parameter: Topic Name"),
        (
            "SetTopicAttributes",
            json!({"TopicArn": ARN, "AttributeName": "X"}),
            "InvalidParameter",
            "AttributeName",
        ),
        ("ListTopics", json!({"NextToken": "%"}), "InvalidParameter", "NextToken"),
        ("Dance", json!({}), "InvalidAction", "Dance"),
    ] {
        bench.refused(0, operation, input, code, part);
    }
}

#[test]
fn a_template_s_topic_has_its_subscriptions() {
    let mut bench = Bench::new(Service::Notification);
    let properties =
        json!({"DisplayName": "d", "Subscription": [{"Protocol": "email", "Endpoint": "a@example.com"}]});
    let arn = bench.create("AWS::SNS::Topic", "Topic", properties).expect("topic").physical_id;
    assert_eq!(attribute(&mut bench, &arn, "DisplayName"), "d");
    let properties = json!({"TopicArn": arn, "Protocol": "lambda", "Endpoint": "arn:aws:lambda:x"});
    let own =
        bench.create("AWS::SNS::Subscription", "Subscription", properties).expect("subscription").physical_id;
    let listed = bench.ok(0, "ListSubscriptions", json!({}));
    assert_eq!(listed["Subscriptions"].as_array().map(Vec::len), Some(2));
    bench.finish_delete("AWS::SNS::Subscription", &own);
    assert_eq!(attribute(&mut bench, &arn, "SubscriptionsConfirmed"), "0");
    bench.finish_delete("AWS::SNS::Topic", &arn);
    assert_eq!(bench.ok(0, "ListTopics", json!({}))["Topics"], json!([]));
}

#[test]
fn a_topic_has_its_default_policy_unless_a_resource_gives_it_another() {
    let mut bench = bench();
    let policy = |bench: &mut Bench| attribute(bench, ARN, "Policy").as_str().unwrap_or_default().to_owned();
    assert!(policy(&mut bench).contains("__default_statement_ID"));
    assert!(
        attribute(&mut bench, ARN, "EffectiveDeliveryPolicy")
            .as_str()
            .is_some_and(|text| text.contains("numRetries"))
    );
    let given = json!({"Topics": [ARN], "PolicyDocument": {"Statement": [{"Sid": "own"}]}});
    let made = bench.create("AWS::SNS::TopicPolicy", "Policy", given).expect("made");
    assert!(policy(&mut bench).contains("own"));
    bench.finish_delete("AWS::SNS::TopicPolicy", &made.physical_id);
    assert!(policy(&mut bench).contains("__default_statement_ID"));
}

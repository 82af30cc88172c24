//! Amazon SNS: one message to a topic.

use upgrade::PortError;

use crate::cloud::AwsCloud;
use crate::endpoints::SNS;
use crate::wire::query::Form;

/// A subject has at most 100 characters, ASCII, no line breaks (SNS API reference, Publish).
const SUBJECT_CHARACTERS: usize = 100;

impl AwsCloud {
    /// Publish a message to a topic, which may be in another Region: the request goes where its ARN says.
    ///
    /// # Errors
    /// As the service says; a message that may have arrived isn't sent again.
    pub async fn publish(&self, topic_arn: &str, subject: &str, message: &str) -> Result<(), PortError> {
        let subject: String = subject
            .chars()
            .map(|one| if one.is_ascii_graphic() || one == ' ' { one } else { '?' })
            .take(SUBJECT_CHARACTERS)
            .collect();
        let form = Form::new(&SNS, "Publish")
            .with("TopicArn", topic_arn)
            .with("Subject", subject)
            .with("Message", message)
            .once();
        // arn:PARTITION:sns:REGION:ACCOUNT:NAME
        let region = topic_arn.split(':').nth(3).unwrap_or(&self.region);
        let sent = self.wire.in_region(region).tell(&form).await;
        sent.map_err(|error| self.origin.explain(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    use crate::cloud::AwsCloud;
    use crate::connection::{Connection, Transport};

    /// The form is Publish's, for the topic's own Region, and signed for it.
    #[tokio::test]
    async fn a_topic_is_told_in_its_own_region() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heard = seen.clone();
        let cloud = AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "not a secret".to_owned(),
            transport: Transport::InProcess(Arc::new(move |request| {
                let authorization = request.headers().get("authorization").map(|value| format!("{value:?}"));
                let body = String::from_utf8_lossy(request.body()).into_owned();
                heard.lock().expect("nobody panicked").push((authorization.unwrap_or_default(), body));
                http::Response::new("<PublishResponse/>".into())
            })),
            now: Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)),
        });
        let topic = "arn:aws:sns:eu-west-1:111111111111:upgrades";
        cloud.publish(topic, "an upgrade\n\u{e9}", "It has begun.").await.expect("told");
        let seen = seen.lock().expect("nobody panicked");
        let [(authorization, body)] = seen.as_slice() else { panic!("{seen:?}") };
        assert!(authorization.contains("/eu-west-1/sns/aws4_request"), "{authorization}");
        assert_eq!(
            body,
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111111111111%3Aupgrades&\
             Subject=an+upgrade%3F%3F&Message=It+has+begun."
        );
    }
}

//! Amazon SNS: one message to a topic.

use upgrade::PortError;

use crate::cloud::AwsCloud;
use crate::endpoints::SNS;
use crate::wire::Form;

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
        let sent = self.wire.in_region(region).query(&form).await;
        sent.map(drop).map_err(|error| self.origin.explain(error))
    }
}

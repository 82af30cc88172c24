//! S3: where CloudFormation reads templates that are too long to send inline (51,200 bytes).

use aws_smithy_types::byte_stream::ByteStream;
use upgrade::PortError;

use crate::cloud::AwsCloud;
use crate::errors::{code, port_error};

impl AwsCloud {
    /// Put a template into a bucket, which is made if it isn't there; gives the URL for CloudFormation.
    pub async fn upload_template(&self, bucket: &str, key: &str, body: &[u8]) -> Result<String, PortError> {
        if let Err(error) = self.storage.create_bucket().bucket(bucket).send().await
            && code(&error) != Some("BucketAlreadyOwnedByYou")
        {
            return Err(port_error("s3:CreateBucket", &error));
        }
        self.storage
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(ByteStream::from(body.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("s3:PutObject", &error))?;
        Ok(format!("https://{bucket}.s3.{}.amazonaws.com/{key}", self.region))
    }
}

//! S3: where CloudFormation reads templates that are too long to send inline (51,200 bytes).

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_types::byte_stream::ByteStream;
use upgrade::PortError;

use crate::cloud::AwsCloud;
use crate::errors::{code, port_error};

/// The Region whose buckets are made without naming it (CreateBucket, LocationConstraint).
const DEFAULT_REGION: &str = "us-east-1";

impl AwsCloud {
    /// Put a template into a bucket of the user's; gives the URL for CloudFormation. The bucket is only made when
    /// `create` says so.
    ///
    /// # Errors
    /// When there is no such bucket, or it can't be written to.
    pub async fn put_template(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        create: bool,
    ) -> Result<String, PortError> {
        if create && !self.bucket_exists(bucket).await.unwrap_or(false) {
            let configuration = CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(self.region.as_str()))
                .build();
            let configuration = (self.region != DEFAULT_REGION).then_some(configuration);
            let created = self
                .storage
                .create_bucket()
                .bucket(bucket)
                .set_create_bucket_configuration(configuration)
                .send()
                .await;
            if let Err(error) = created
                && code(&error) != Some("BucketAlreadyOwnedByYou")
            {
                return Err(port_error("s3:CreateBucket", &error));
            }
        }
        self.storage
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(ByteStream::from(body.to_vec()))
            .send()
            .await
            .map_err(|error| self.origin.explain(port_error("s3:PutObject", &error)))?;
        let domain = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(format!("https://{bucket}.s3.{}.{domain}/{key}", self.region))
    }

    /// Put a template into a bucket, which is made if it isn't there; gives the URL for CloudFormation.
    pub async fn upload_template(&self, bucket: &str, key: &str, body: &[u8]) -> Result<String, PortError> {
        self.put_template(bucket, key, body, true).await
    }

    /// Whether there is a bucket of this name, whosoever's. HeadBucket answers 403 for somebody else's.
    pub(crate) async fn bucket_exists(&self, bucket: &str) -> Result<bool, PortError> {
        let Err(error) = self.storage.head_bucket().bucket(bucket).send().await else { return Ok(true) };
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Ok(false),
            Some(301 | 403) => Ok(true),
            _ => Err(port_error("s3:HeadBucket", &error)),
        }
    }
}

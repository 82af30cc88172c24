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

    /// Read a template from S3. `url` is `s3://BUCKET/KEY`, or what CloudFormation takes as TemplateURL:
    /// `https://BUCKET.s3[.REGION].amazonaws.com/KEY` or `https://s3[.REGION].amazonaws.com/BUCKET/KEY`.
    ///
    /// # Errors
    /// When the URL is none of these, or the object can't be read.
    pub async fn get_template(&self, url: &str) -> Result<Vec<u8>, PortError> {
        let refused = |message: String| PortError {
            kind: upgrade::PortErrorKind::Refused,
            operation: "s3:GetObject".to_owned(),
            message,
        };
        let (bucket, key) = bucket_and_key(url).ok_or_else(|| {
            refused(format!(
                "{url} is not an S3 URL: https://BUCKET.s3.REGION.amazonaws.com/KEY or s3://BUCKET/KEY is wanted"
            ))
        })?;
        let object = self
            .storage
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| self.origin.explain(port_error("s3:GetObject", &error)))?;
        let body = object.body.collect().await;
        body.map(|body| body.to_vec()).map_err(|error| refused(format!("{url} broke off: {error}")))
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

/// The bucket and key of an S3 URL, in any of its forms; a query (a version, say) is left aside.
fn bucket_and_key(url: &str) -> Option<(&str, &str)> {
    if let Some(rest) = url.strip_prefix("s3://") {
        return rest.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    }
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let service = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let is_s3 = |name: &str| name == "s3" || name.starts_with("s3.") || name.starts_with("s3-");
    if is_s3(service) {
        return path.split_once('/').filter(|(_, key)| !key.is_empty());
    }
    let at = service.rfind(".s3")?;
    let (bucket, rest) = service.split_at(at);
    (is_s3(rest.strip_prefix('.')?) && !bucket.is_empty() && !path.is_empty()).then_some((bucket, path))
}

#[cfg(test)]
mod tests {
    use super::bucket_and_key;

    #[test]
    fn every_form_of_a_url_is_taken_apart() {
        for (url, parts) in [
            ("s3://releases/v2/t.yaml", Some(("releases", "v2/t.yaml"))),
            ("https://releases.s3.amazonaws.com/t.yaml", Some(("releases", "t.yaml"))),
            ("https://re.leases.s3.eu-west-1.amazonaws.com/a/t.yaml", Some(("re.leases", "a/t.yaml"))),
            ("https://s3.amazonaws.com/releases/t.yaml?versionId=1", Some(("releases", "t.yaml"))),
            ("https://s3-us-west-2.amazonaws.com/releases/t.yaml", Some(("releases", "t.yaml"))),
            ("https://releases.s3.cn-north-1.amazonaws.com.cn/t.yaml", Some(("releases", "t.yaml"))),
            ("https://example.com/releases/t.yaml", None),
            ("https://s3.amazonaws.com/releases", None),
            ("http://releases.s3.amazonaws.com/t.yaml", None),
            ("s3://releases", None),
        ] {
            assert_eq!(bucket_and_key(url), parts, "{url}");
        }
    }
}

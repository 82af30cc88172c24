//! S3: where CloudFormation reads templates that are too long to send inline (51,200 bytes), and where a plan keeps its own
//! copies of them.

mod address;

use aws_sdk_s3::config::Builder;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::region::Region;
use upgrade::{PortError, PortErrorKind, sha256_of};

use crate::cloud::AwsCloud;
use crate::errors::{code, look_again, port_error};
pub(crate) use address::ObjectAddress;

/// The Region whose buckets are made without naming it (CreateBucket, LocationConstraint).
const DEFAULT_REGION: &str = "us-east-1";

/// How often a copy is written that somebody else is writing at the same time.
const PIN_ATTEMPTS: usize = 3;

/// The header in which S3 says where a bucket is.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// A template that nobody changes unnoticed: what is at the URL has this hash, or it isn't what was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedTemplate {
    /// Where CloudFormation reads it.
    pub url: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

impl PinnedTemplate {
    /// Whether a cloud can read it with its own rights, as its CloudFormation will have to: it reads a template with the
    /// rights of whoever asks for the change set.
    ///
    /// # Errors
    /// Why it can't be read, and what to do; or that something else is there.
    pub async fn can_be_read_by(&self, cloud: &AwsCloud) -> Result<(), PortError> {
        let read = cloud.get_template(&self.url).await.map_err(|error| PortError {
            message: format!(
                "the template's copy {} can't be read by {}, which has to: {}; allow it s3:GetObject in the bucket's policy, or name a template_bucket of its own for that stack",
                self.url,
                cloud.described(),
                error.message
            ),
            ..error
        })?;
        let found = sha256_of(&read);
        if found == self.sha256 {
            return Ok(());
        }
        Err(refused(
            "s3:GetObject",
            format!(
                "{} has the SHA-256 {found} for {}, not {}: its bucket is another one there; name a template_bucket of its own for that stack",
                self.url,
                cloud.described(),
                self.sha256
            ),
        ))
    }
}

/// Why an object wasn't written.
enum Unwritten {
    /// Something is there, or is being put there.
    Taken,
    /// The store knows no conditional writes.
    NoConditions,
    Failed(PortError),
}

/// Why an object wasn't read.
pub(crate) enum Unread {
    /// There is none, or not in this version.
    Absent(PortError),
    Failed(PortError),
}

impl From<Unread> for PortError {
    fn from(unread: Unread) -> PortError {
        match unread {
            Unread::Absent(error) | Unread::Failed(error) => error,
        }
    }
}

impl AwsCloud {
    /// Put our own copy of a template under its hash into a bucket of the user's: once, and never over something else.
    ///
    /// # Errors
    /// When there is no such bucket, it can't be written to or read from, or something else has the copy's key.
    pub async fn pin_template(&self, bucket: &str, bytes: &[u8]) -> Result<PinnedTemplate, PortError> {
        let sha256 = sha256_of(bytes);
        let address = ObjectAddress {
            bucket: bucket.to_owned(),
            key: format!("slackwater/templates/{sha256}.template"),
            version_id: None,
        };
        let region = self.bucket_region(bucket).await?;
        let url = address.template_url(&region);
        let mut absent = None;
        for _ in 0..PIN_ATTEMPTS {
            match self.put(&address, bytes, true).await {
                Ok(()) => return Ok(PinnedTemplate { url, sha256 }),
                Err(Unwritten::Taken) => {}
                Err(Unwritten::NoConditions) => self.put_without_conditions(&address, bytes).await?,
                Err(Unwritten::Failed(error)) => return Err(error),
            }
            let there = match self.get(&address).await {
                Ok(there) => sha256_of(&there),
                // Somebody is writing it at this moment (409), or has deleted it.
                Err(Unread::Absent(error)) => {
                    absent = Some(error);
                    continue;
                }
                Err(Unread::Failed(error)) => return Err(error),
            };
            if there == sha256 {
                return Ok(PinnedTemplate { url, sha256 });
            }
            return Err(refused(
                "s3:PutObject",
                format!(
                    "{url} should be our copy of a template, and holds something else (SHA-256 {there}): somebody wrote over it. Look at who may write to the bucket {bucket}, and delete the object"
                ),
            ));
        }
        let error = absent.unwrap_or_else(|| refused("s3:PutObject", format!("{url} can't be written")));
        Err(look_again(error))
    }

    /// For a store older than S3 of November 2024 (an emulator's, an appliance's). Between the look and the write somebody
    /// may write as well, so what is there afterwards is compared in any case.
    async fn put_without_conditions(&self, address: &ObjectAddress, bytes: &[u8]) -> Result<(), PortError> {
        match self.get(address).await {
            Ok(_) => Ok(()),
            Err(Unread::Failed(error)) => Err(error),
            Err(Unread::Absent(_)) => match self.put(address, bytes, false).await {
                // Conditions are minded only where they are made.
                Ok(()) | Err(Unwritten::Taken | Unwritten::NoConditions) => Ok(()),
                Err(Unwritten::Failed(error)) => Err(error),
            },
        }
    }

    /// A template that is named with a version of its own, which nobody can change: what CloudFormation takes as its URL.
    /// `None`: the URL names no version, or isn't one of S3.
    ///
    /// # Errors
    /// When nobody answers for the bucket.
    pub async fn versioned_template_url(&self, url: &str) -> Result<Option<String>, PortError> {
        match ObjectAddress::parse(url).filter(|address| address.version_id.is_some()) {
            Some(address) => Ok(Some(address.template_url(&self.bucket_region(&address.bucket).await?))),
            None => Ok(None),
        }
    }

    /// Read a template from S3. `url` is `s3://BUCKET/KEY`, or what CloudFormation takes as TemplateURL; a
    /// `?versionId=` is minded.
    ///
    /// # Errors
    /// When the URL is none of these, or the object can't be read.
    pub async fn get_template(&self, url: &str) -> Result<Vec<u8>, PortError> {
        Ok(self.read_object(url).await?)
    }

    /// The same, for those who mind whether it is there.
    pub(crate) async fn read_object(&self, url: &str) -> Result<Vec<u8>, Unread> {
        let address = ObjectAddress::parse(url).ok_or_else(|| {
            Unread::Failed(refused("s3:GetObject", format!(
                "{url} is not an S3 URL: https://BUCKET.s3.REGION.amazonaws.com/KEY or s3://BUCKET/KEY is wanted"
            )))
        })?;
        self.get(&address).await
    }

    /// Put a template into a bucket, which is made if it isn't there; gives the URL for CloudFormation.
    pub async fn upload_template(&self, bucket: &str, key: &str, body: &[u8]) -> Result<String, PortError> {
        if !self.bucket_exists(bucket).await.unwrap_or(false) {
            self.create_bucket(bucket).await?;
        }
        let address = ObjectAddress { bucket: bucket.to_owned(), key: key.to_owned(), version_id: None };
        match self.put(&address, body, false).await {
            Ok(()) => Ok(address.template_url(&self.bucket_region(bucket).await?)),
            Err(Unwritten::Failed(error)) => Err(error),
            Err(Unwritten::Taken | Unwritten::NoConditions) => {
                Err(refused("s3:PutObject", format!("{key} can't be written into {bucket}")))
            }
        }
    }

    async fn create_bucket(&self, bucket: &str) -> Result<(), PortError> {
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
        match created {
            Err(error) if code(&error) != Some("BucketAlreadyOwnedByYou") => {
                Err(port_error("s3:CreateBucket", &error))
            }
            Ok(_) | Err(_) => Ok(()),
        }
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

    /// The Region that a bucket is in. S3 says it in `x-amz-bucket-region` whatever the status of its answer (HeadBucket:
    /// 200, 301, 403, and 400 for a Region that wants its own signature); a store that doesn't is asked as ours.
    async fn bucket_region(&self, bucket: &str) -> Result<String, PortError> {
        let buckets = &self.wire.endpoints.buckets;
        if let Some(region) = buckets.get(bucket) {
            return Ok(region);
        }
        let told = match self.storage.head_bucket().bucket(bucket).send().await {
            Ok(answer) => answer.bucket_region().map(str::to_owned),
            Err(error) => match error.raw_response() {
                Some(answer) => answer.headers().get(BUCKET_REGION).map(str::to_owned),
                None => return Err(self.origin.explain(port_error("s3:HeadBucket", &error))),
            },
        };
        if let Some(region) = &told {
            buckets.remember(bucket, region);
        }
        Ok(told.unwrap_or_else(|| self.region.clone()))
    }

    /// What a request to a bucket has to be made with beside the client's own configuration.
    async fn in_bucket_region(&self, bucket: &str) -> Result<Builder, PortError> {
        let region = self.bucket_region(bucket).await?;
        Ok(Builder::default().region(Region::new(region)))
    }

    async fn get(&self, address: &ObjectAddress) -> Result<Vec<u8>, Unread> {
        let region = self.in_bucket_region(&address.bucket).await.map_err(Unread::Failed)?;
        let object = self
            .storage
            .get_object()
            .bucket(&address.bucket)
            .key(&address.key)
            .set_version_id(address.version_id.clone())
            .customize()
            .config_override(region)
            .send()
            .await
            .map_err(|error| {
                self.mind_region(&address.bucket, error.raw_response());
                let told = self.origin.explain(port_error("s3:GetObject", &error));
                match code(&error) {
                    Some("NoSuchKey" | "NoSuchVersion" | "NoSuchBucket") => Unread::Absent(told),
                    _ => Unread::Failed(told),
                }
            })?;
        let body = object.body.collect().await;
        body.map(|body| body.to_vec()).map_err(|error| {
            let ObjectAddress { bucket, key, .. } = address;
            let words = format!("{key} of the bucket {bucket} broke off: {error}");
            Unread::Failed(look_again(refused("s3:GetObject", words)))
        })
    }

    /// A bucket may have been deleted and made again in another Region: a refusal says where it is now (301, 400), or the
    /// next request asks.
    fn mind_region(&self, bucket: &str, answer: Option<&HttpResponse>) {
        let buckets = &self.wire.endpoints.buckets;
        match answer.and_then(|answer| answer.headers().get(BUCKET_REGION)) {
            Some(region) => buckets.remember(bucket, region),
            None => buckets.forget(bucket),
        }
    }

    /// `if_absent`: only where nothing is (S3 user guide, "How to prevent object overwrites with conditional writes").
    async fn put(&self, address: &ObjectAddress, body: &[u8], if_absent: bool) -> Result<(), Unwritten> {
        let region = self.in_bucket_region(&address.bucket).await.map_err(Unwritten::Failed)?;
        let put = self
            .storage
            .put_object()
            .bucket(&address.bucket)
            .key(&address.key)
            .set_if_none_match(if_absent.then(|| "*".to_owned()))
            .body(ByteStream::from(body.to_vec()))
            .customize()
            .config_override(region)
            .send()
            .await;
        let Err(error) = put else { return Ok(()) };
        match code(&error) {
            Some("PreconditionFailed" | "ConditionalRequestConflict") => Err(Unwritten::Taken),
            Some("NotImplemented") if if_absent => Err(Unwritten::NoConditions),
            _ => {
                self.mind_region(&address.bucket, error.raw_response());
                Err(Unwritten::Failed(self.origin.explain(port_error("s3:PutObject", &error))))
            }
        }
    }
}

fn refused(operation: &str, message: String) -> PortError {
    PortError { kind: PortErrorKind::Refused, operation: operation.to_owned(), message }
}

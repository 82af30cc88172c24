//! S3: where CloudFormation reads templates that are too long to send inline (51,200 bytes), and where a plan keeps its own
//! copies of them.

mod address;

use http::Method;
use upgrade::{PortError, PortErrorKind, sha256_of};

use crate::cloud::AwsCloud;
use crate::errors::{Failure, failed, look_again};
use crate::wire::Answer;
use crate::wire::object_storage::{BUCKET_REGION, StorageRequest};
pub(crate) use address::ObjectAddress;

/// The Region whose buckets are made without naming it (CreateBucket, LocationConstraint).
const DEFAULT_REGION: &str = "us-east-1";

/// How often a copy is written that somebody else is writing at the same time.
const PIN_ATTEMPTS: usize = 3;

/// A template that nobody changes unnoticed: what is at the URL has this hash, or it isn't what was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedTemplate {
    /// Where CloudFormation reads it.
    pub url: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// It was written now; else it was there.
    pub is_new: bool,
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
                cloud.label(),
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
                cloud.label(),
                self.sha256
            ),
        ))
    }
}

/// Bucket and key of an object on S3; `None`: the URL is none of S3's.
#[must_use]
pub fn object_of_url(url: &str) -> Option<(String, String)> {
    ObjectAddress::parse(url).map(|address| (address.bucket, address.key))
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
            let is_new = match self.put(&address, bytes, true).await {
                Ok(()) => return Ok(PinnedTemplate { url, sha256, is_new: true }),
                Err(Unwritten::Taken) => false,
                Err(Unwritten::NoConditions) => self.put_without_conditions(&address, bytes).await?,
                Err(Unwritten::Failed(error)) => return Err(error),
            };
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
                return Ok(PinnedTemplate { url, sha256, is_new });
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
    /// may write as well, so what is there afterwards is compared in any case. Gives whether it was written.
    async fn put_without_conditions(&self, address: &ObjectAddress, bytes: &[u8]) -> Result<bool, PortError> {
        match self.get(address).await {
            Ok(_) => Ok(false),
            Err(Unread::Failed(error)) => Err(error),
            Err(Unread::Absent(_)) => match self.put(address, bytes, false).await {
                // Conditions are minded only where they are made.
                Ok(()) => Ok(true),
                Err(Unwritten::Taken | Unwritten::NoConditions) => Ok(false),
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
        let region = self.region.as_str();
        let mut request = StorageRequest::new(Method::PUT, bucket, region);
        if region != DEFAULT_REGION {
            request = request.header("content-type", Some("application/xml")).body(format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            ));
        }
        match succeeded(self.wire.storage(request).await) {
            Err(unfinished) if unfinished.failure.code() != "BucketAlreadyOwnedByYou" => {
                Err(failed("s3:CreateBucket", &unfinished.failure))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn head_bucket(&self, bucket: &str) -> Result<Answer, Failure> {
        self.wire.storage(StorageRequest::new(Method::HEAD, bucket, &self.region)).await
    }

    /// Whether there is a bucket of this name, whosoever's. HeadBucket answers 403 for somebody else's.
    pub(crate) async fn bucket_exists(&self, bucket: &str) -> Result<bool, PortError> {
        match self.head_bucket(bucket).await {
            Ok(answer) if answer.is_success() || matches!(answer.status, 301 | 403) => Ok(true),
            Ok(answer) if answer.status == 404 => Ok(false),
            Ok(answer) => Err(failed("s3:HeadBucket", &answer.refusal())),
            Err(failure) => Err(failed("s3:HeadBucket", &failure)),
        }
    }

    /// The Region that a bucket is in. S3 says it in `x-amz-bucket-region` whatever the status of its answer (HeadBucket:
    /// 200, 301, 403, and 400 for a Region that wants its own signature); a store that doesn't is asked as ours.
    async fn bucket_region(&self, bucket: &str) -> Result<String, PortError> {
        let buckets = &self.wire.endpoints.buckets;
        if let Some(region) = buckets.get(bucket) {
            return Ok(region);
        }
        let answer = self.head_bucket(bucket).await;
        let answer = answer.map_err(|failure| self.origin.explain(failed("s3:HeadBucket", &failure)))?;
        let told = answer.header(BUCKET_REGION).map(str::to_owned);
        if let Some(region) = &told {
            buckets.remember(bucket, region);
        }
        Ok(told.unwrap_or_else(|| self.region.clone()))
    }

    async fn get(&self, address: &ObjectAddress) -> Result<Vec<u8>, Unread> {
        let region = self.bucket_region(&address.bucket).await.map_err(Unread::Failed)?;
        let request = StorageRequest::new(Method::GET, &address.bucket, &region)
            .object_key(address.key.as_str())
            .with("versionId", address.version_id.as_deref());
        let answer = succeeded(self.wire.storage(request).await).map_err(|unfinished| {
            self.mind_region(&address.bucket, &unfinished);
            let told = self.origin.explain(failed("s3:GetObject", &unfinished.failure));
            match unfinished.failure.code() {
                "NoSuchKey" | "NoSuchVersion" | "NoSuchBucket" => Unread::Absent(told),
                _ => Unread::Failed(told),
            }
        })?;
        Ok(answer.body.into())
    }

    /// A bucket may have been deleted and made again in another Region: a refusal says where it is now (301, 400), or the
    /// next request asks.
    fn mind_region(&self, bucket: &str, unfinished: &Unfinished) {
        let buckets = &self.wire.endpoints.buckets;
        match &unfinished.region {
            Some(region) => buckets.remember(bucket, region),
            None => buckets.forget(bucket),
        }
    }

    /// `if_absent`: only where nothing is (S3 user guide, "How to prevent object overwrites with conditional writes").
    async fn put(&self, address: &ObjectAddress, body: &[u8], if_absent: bool) -> Result<(), Unwritten> {
        let region = self.bucket_region(&address.bucket).await.map_err(Unwritten::Failed)?;
        let request = StorageRequest::new(Method::PUT, &address.bucket, &region)
            .object_key(address.key.as_str())
            .header("if-none-match", if_absent.then_some("*"))
            .object(body.to_vec());
        let Err(unfinished) = succeeded(self.wire.storage(request).await) else { return Ok(()) };
        match unfinished.failure.code() {
            "PreconditionFailed" | "ConditionalRequestConflict" => Err(Unwritten::Taken),
            "NotImplemented" if if_absent => Err(Unwritten::NoConditions),
            _ => {
                self.mind_region(&address.bucket, &unfinished);
                Err(Unwritten::Failed(self.origin.explain(failed("s3:PutObject", &unfinished.failure))))
            }
        }
    }
}

/// Why a request came to nothing, and where S3 says that the bucket is.
struct Unfinished {
    failure: Failure,
    region: Option<String>,
}

fn succeeded(answered: Result<Answer, Failure>) -> Result<Answer, Unfinished> {
    match answered {
        Ok(answer) if answer.is_success() => Ok(answer),
        Ok(answer) => Err(Unfinished {
            failure: answer.refusal(),
            region: answer.header(BUCKET_REGION).map(str::to_owned),
        }),
        Err(failure) => Err(Unfinished { failure, region: None }),
    }
}

fn refused(operation: &str, message: String) -> PortError {
    PortError { kind: PortErrorKind::Refused, operation: operation.to_owned(), message }
}

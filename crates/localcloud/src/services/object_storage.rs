//! S3: buckets and objects, as far as templates and artifacts need them. Versions, multipart uploads, policies
//! and the rest of S3 are not here.

mod objects;
pub(crate) mod url;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use crate::{AwsError, Input, Timestamp, World};

pub use objects::handle;

/// Buckets and objects.
#[derive(Debug, Default)]
pub struct ObjectStorage {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    created: Timestamp,
    objects: BTreeMap<String, Object>,
}

/// A stored object.
#[derive(Debug)]
struct Object {
    body: Bytes,
    entity_tag: String,
    content_type: Option<String>,
    metadata: Value,
    modified: Timestamp,
}

impl ObjectStorage {
    /// The bytes of an object; `None` when the bucket or the key doesn't exist.
    #[must_use]
    pub fn get(&self, bucket: &str, key: &str) -> Option<&[u8]> {
        Some(&self.buckets.get(bucket)?.objects.get(key)?.body)
    }

    /// Whether there is such a bucket.
    #[must_use]
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }
}

/// The object that a URL such as CloudFormation's `TemplateURL` names: `https://bucket.s3.amazonaws.com/key`,
/// `https://bucket.s3.region.amazonaws.com/key`, `https://s3.region.amazonaws.com/bucket/key`,
/// `s3://bucket/key`, `http://127.0.0.1:PORT/bucket/key`.
///
/// # Errors
/// `ValidationError` in CloudFormation's words when the URL isn't one of S3 or names nothing.
pub fn resolve_url<'a>(world: &'a World, url: &str) -> Result<&'a [u8], AwsError> {
    // CloudFormation's words for a URL of another host and for an object it can't read.
    let (bucket, key) =
        url::parse(url).ok_or_else(|| AwsError::validation("TemplateURL must be a supported URL."))?;
    world.object_storage.get(&bucket, &key).ok_or_else(|| {
        let reason = if world.object_storage.has_bucket(&bucket) {
            "S3 error: The specified key does not exist."
        } else {
            "S3 error: The specified bucket does not exist"
        };
        AwsError::validation(format!(
            "{reason}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ))
    })
}

/// The name of a bucket, or S3's refusal.
fn bucket_name<'a>(input: Input<'a>) -> Result<&'a str, AwsError> {
    let name = input.string("Bucket").unwrap_or_default();
    let allowed = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if allowed {
        Ok(name)
    } else {
        Err(AwsError::new(400, "InvalidBucketName", "The specified bucket is not valid."))
    }
}

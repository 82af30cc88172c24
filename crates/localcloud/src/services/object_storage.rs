//! S3: buckets, objects and their versions, multipart uploads, and the settings of a bucket that are kept as
//! records. What they would do to a request (policies, access blocks, encryption) is not carried out here.
//!
//! HTTP is the wire's (`wire::object_storage`); here a request is a JSON tree in the API reference's names,
//! with bodies in base64, so that it is logged like any other.

mod buckets;
mod listing;
mod objects;
mod uploads;
pub(crate) mod url;

use std::collections::BTreeMap;

use bytes::Bytes;
use md5::{Digest, Md5};
use serde_json::Value;

use crate::descriptor::{Descriptor, Errors, QUERY, QUERY_ERRORS, Target, changes, reads};
use crate::wire::Protocol;
use crate::{AwsError, Input, Timestamp, World};

/// Buckets, objects, and uploads that are under way.
#[derive(Debug, Default)]
pub struct ObjectStorage {
    buckets: BTreeMap<String, Bucket>,
    /// By upload id.
    uploads: BTreeMap<String, uploads::Upload>,
}

#[derive(Debug)]
struct Bucket {
    created: Timestamp,
    versioning: Versioning,
    /// By key; of each the oldest version first. No key is without versions.
    objects: BTreeMap<String, Vec<Version>>,
    /// What was put with `PutBucketTagging` and the like, by the name of the setting.
    records: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Versioning {
    /// It never was on: objects have the version `null`, and the API says nothing about it.
    Never,
    Enabled,
    Suspended,
}

/// A version of an object.
#[derive(Debug, Clone)]
struct Version {
    id: String,
    modified: Timestamp,
    /// `None` is a delete marker.
    object: Option<Object>,
}

/// A stored object.
#[derive(Debug, Clone)]
struct Object {
    body: Bytes,
    /// Without its quotes.
    entity_tag: String,
    /// Content type, metadata, tags and the like, as they were put.
    settings: Value,
}

impl ObjectStorage {
    /// The bytes of an object; `None` when the bucket or the key doesn't exist.
    #[must_use]
    pub fn get(&self, bucket: &str, key: &str) -> Option<&[u8]> {
        self.body(bucket, key, None).map(|body| &**body)
    }

    /// The bytes of a version, or of the latest one.
    #[must_use]
    pub fn body(&self, bucket: &str, key: &str, version: Option<&str>) -> Option<&Bytes> {
        let versions = self.buckets.get(bucket)?.objects.get(key)?;
        let version = match version {
            Some(id) => versions.iter().find(|version| version.id == id)?,
            None => versions.last()?,
        };
        version.object.as_ref().map(|object| &object.body)
    }

    /// Whether there is such a bucket.
    #[must_use]
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }
}

/// What it is to the rest of the cloud. The parameters' names are those of the S3 API reference; `Body` is base64.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "S3",
    signing_name: "s3",
    protocol: Protocol::RestXml,
    namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
    errors: Errors {
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
        throttled: (503, "SlowDown", "Please reduce your request rate."),
        server_error: "InternalError",
        ..QUERY_ERRORS
    },
    unknown_operation: |operation| {
        let words = "A header you provided implies functionality that is not implemented";
        AwsError::new(501, "NotImplemented", format!("{words}: {operation}"))
    },
    precondition: check_owner,
    target: Target::Computed(|world, operation, input| {
        let (bucket, partition) = (input.string("Bucket")?, &world.config.partition);
        Some(match input.string("Key") {
            Some(key) => format!("arn:{partition}:s3:::{bucket}/{key}"),
            None if operation == "DeleteObjects" => format!("arn:{partition}:s3:::{bucket}/*"),
            None => format!("arn:{partition}:s3:::{bucket}"),
        })
    }),
    operations: &[
        reads("ListBuckets", buckets::list).action("ListAllMyBuckets"),
        changes("CreateBucket", buckets::create),
        reads("HeadBucket", buckets::locate).action("ListBucket"),
        reads("GetBucketLocation", buckets::locate),
        changes("DeleteBucket", buckets::delete),
        changes("PutBucketVersioning", buckets::put_versioning),
        reads("GetBucketVersioning", buckets::get_versioning),
        reads("GetBucketAcl", buckets::access_control_list),
        reads("GetBucketPolicyStatus", buckets::policy_status),
        changes("PutObject", objects::put),
        reads("GetObject", objects::get).version_action("GetObjectVersion"),
        reads("HeadObject", objects::get).action("GetObject").version_action("GetObjectVersion"),
        changes("DeleteObject", objects::delete).version_action("DeleteObjectVersion"),
        changes("DeleteObjects", objects::delete_many).action("DeleteObject"),
        changes("CopyObject", objects::copy).action("PutObject"),
        changes("PutObjectTagging", objects::put_tags),
        reads("GetObjectTagging", objects::get_tags),
        reads("ListObjects", listing::objects).action("ListBucket"),
        reads("ListObjectsV2", listing::objects).action("ListBucket"),
        reads("ListObjectVersions", listing::versions).action("ListBucketVersions"),
        changes("CreateMultipartUpload", uploads::create).action("PutObject"),
        changes("UploadPart", uploads::put_part).action("PutObject"),
        changes("UploadPartCopy", uploads::copy_part).action("PutObject"),
        changes("CompleteMultipartUpload", uploads::complete).action("PutObject"),
        changes("AbortMultipartUpload", uploads::abort),
        reads("ListParts", uploads::list_parts).action("ListMultipartUploadParts"),
        reads("ListMultipartUploads", uploads::list).action("ListBucketMultipartUploads"),
        changes("PutBucketTagging", |world, input| buckets::TAGGING.put(world, input)),
        reads("GetBucketTagging", |world, input| buckets::TAGGING.get(world, input)),
        changes("DeleteBucketTagging", |world, input| buckets::TAGGING.delete(world, input))
            .action("PutBucketTagging"),
        changes("PutBucketEncryption", |world, input| buckets::ENCRYPTION.put(world, input))
            .action("PutEncryptionConfiguration"),
        reads("GetBucketEncryption", |world, input| buckets::ENCRYPTION.get(world, input))
            .action("GetEncryptionConfiguration"),
        changes("DeleteBucketEncryption", |world, input| buckets::ENCRYPTION.delete(world, input))
            .action("PutEncryptionConfiguration"),
        changes("PutBucketPolicy", |world, input| buckets::POLICY.put(world, input)),
        reads("GetBucketPolicy", |world, input| buckets::POLICY.get(world, input)),
        changes("DeleteBucketPolicy", |world, input| buckets::POLICY.delete(world, input)),
        changes("PutBucketLifecycleConfiguration", |world, input| buckets::LIFECYCLE.put(world, input))
            .action("PutLifecycleConfiguration"),
        reads("GetBucketLifecycleConfiguration", |world, input| buckets::LIFECYCLE.get(world, input))
            .action("GetLifecycleConfiguration"),
        changes("DeleteBucketLifecycle", |world, input| buckets::LIFECYCLE.delete(world, input))
            .action("PutLifecycleConfiguration"),
        changes("PutObjectLockConfiguration", |world, input| buckets::OBJECT_LOCK.put(world, input))
            .action("PutBucketObjectLockConfiguration"),
        reads("GetObjectLockConfiguration", |world, input| buckets::OBJECT_LOCK.get(world, input))
            .action("GetBucketObjectLockConfiguration"),
        changes("PutPublicAccessBlock", |world, input| buckets::PUBLIC_ACCESS_BLOCK.put(world, input))
            .action("PutBucketPublicAccessBlock"),
        reads("GetPublicAccessBlock", |world, input| buckets::PUBLIC_ACCESS_BLOCK.get(world, input))
            .action("GetBucketPublicAccessBlock"),
        changes("DeletePublicAccessBlock", |world, input| buckets::PUBLIC_ACCESS_BLOCK.delete(world, input))
            .action("PutBucketPublicAccessBlock"),
    ],
    ..QUERY
};

/// The object that a URL such as CloudFormation's `TemplateURL` names: `https://bucket.s3.amazonaws.com/key`,
/// `https://bucket.s3.region.amazonaws.com/key`, `https://s3.region.amazonaws.com/bucket/key`,
/// `s3://bucket/key`, `http://127.0.0.1:PORT/bucket/key`; all but `s3://` with `?versionId=ID` if a version is meant.
///
/// # Errors
/// `ValidationError` in CloudFormation's words when the URL isn't one of S3 or names nothing.
pub fn resolve_url<'a>(world: &'a World, url: &str) -> Result<&'a [u8], AwsError> {
    // CloudFormation's words for a URL of another host and for an object it can't read.
    let url::Location { bucket, key, version } =
        url::parse(url).ok_or_else(|| AwsError::validation("TemplateURL must be a supported URL."))?;
    let body = world.object_storage.body(&bucket, &key, version.as_deref());
    body.map(|body| &**body).ok_or_else(|| {
        let reason = if !world.object_storage.has_bucket(&bucket) {
            "S3 error: The specified bucket does not exist"
        } else if version.is_some() {
            "S3 error: The specified version does not exist."
        } else {
            "S3 error: The specified key does not exist."
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

fn bucket<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Bucket, AwsError> {
    world.object_storage.buckets.get(bucket_name(input)?).ok_or_else(no_such_bucket)
}

fn bucket_mut<'w>(world: &'w mut World, input: Input<'_>) -> Result<&'w mut Bucket, AwsError> {
    world.object_storage.buckets.get_mut(bucket_name(input)?).ok_or_else(no_such_bucket)
}

/// Every bucket here is this cloud's account's; who expects another's is refused
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>).
fn check_owner(world: &World, input: Input<'_>) -> Result<(), AwsError> {
    match input.string("ExpectedBucketOwner") {
        Some(expected) if expected != world.config.account_id && bucket(world, input).is_ok() => {
            Err(AwsError::new(403, "AccessDenied", "Access Denied"))
        }
        Some(_) | None => Ok(()),
    }
}

fn no_such_bucket() -> AwsError {
    AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist")
}

fn no_such_key() -> AwsError {
    AwsError::new(404, "NoSuchKey", "The specified key does not exist.")
}

/// The key a request names.
fn key<'a>(input: Input<'a>) -> Result<&'a str, AwsError> {
    let key = input.required_string("Key")?;
    if key.len() > 1024 {
        return Err(AwsError::new(400, "KeyTooLongError", "Your key is too long"));
    }
    Ok(key)
}

fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// A whole number within bounds; S3's refusal when it isn't one.
fn at_most(input: Input<'_>, field: &str, most: usize) -> Result<usize, AwsError> {
    let given = input.integer(field)?.unwrap_or(i64::try_from(most).unwrap_or(i64::MAX));
    match usize::try_from(given) {
        Ok(given) => Ok(given.min(most)),
        Err(_) => Err(AwsError::new(
            400,
            "InvalidArgument",
            format!("Argument {field} must be an integer between 0 and 2147483647"),
        )),
    }
}

#[cfg(test)]
mod tests;

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

/// Answer a request. The tree's names are those of the S3 API reference; `Body` is base64.
///
/// # Errors
/// In S3's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
    check_owner(world, input)?;
    match operation {
        "ListBuckets" => buckets::list(world, input),
        "CreateBucket" => buckets::create(world, input),
        "HeadBucket" | "GetBucketLocation" => buckets::locate(world, input),
        "DeleteBucket" => buckets::delete(world, input),
        "PutBucketVersioning" => buckets::put_versioning(world, input),
        "GetBucketVersioning" => buckets::get_versioning(world, input),
        "GetBucketAcl" => buckets::access_control_list(world, input),
        "GetBucketPolicyStatus" => buckets::policy_status(world, input),
        "PutObject" => objects::put(world, input),
        "GetObject" | "HeadObject" => objects::get(world, input),
        "DeleteObject" => objects::delete(world, input),
        "DeleteObjects" => objects::delete_many(world, input),
        "CopyObject" => objects::copy(world, input),
        "PutObjectTagging" => objects::put_tags(world, input),
        "GetObjectTagging" => objects::get_tags(world, input),
        "ListObjects" | "ListObjectsV2" => listing::objects(world, input),
        "ListObjectVersions" => listing::versions(world, input),
        "CreateMultipartUpload" => uploads::create(world, input),
        "UploadPart" => uploads::put_part(world, input),
        "UploadPartCopy" => uploads::copy_part(world, input),
        "CompleteMultipartUpload" => uploads::complete(world, input),
        "AbortMultipartUpload" => uploads::abort(world, input),
        "ListParts" => uploads::list_parts(world, input),
        "ListMultipartUploads" => uploads::list(world, input),
        _ => match buckets::Record::of(operation) {
            Some(record) => record.handle(world, operation, input),
            None => Err(AwsError::new(
                501,
                "NotImplemented",
                format!("A header you provided implies functionality that is not implemented: {operation}"),
            )),
        },
    }
}

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

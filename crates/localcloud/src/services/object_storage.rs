//! S3: buckets, objects and their versions, multipart uploads, and the settings of a bucket that are kept as
//! records. What they would do to a request (policies, access blocks, encryption) is not carried out here.
//!
//! HTTP is the wire's (`wire::object_storage`). Requests and answers are the crate `s3s`'s; the log has a request as a
//! JSON tree in the API reference's names, with bodies in base64 (`operations.rs` says what of it).

mod buckets;
mod listing;
mod logged;
pub(crate) mod objects;
pub(crate) mod operations;
pub mod provision;
mod uploads;
pub(crate) mod url;

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::dto::{ETag, StreamingBlob};

use crate::descriptor::{Descriptor, Errors, Permission, QUERY, QUERY_ERRORS, Target};
use crate::service::LARGEST_BODY_BYTES;
use crate::wire::Protocol;
use crate::{AwsError, Input, Timestamp, World};

/// What a request is answered, or S3's refusal.
type S3Answer<T> = Result<T, AwsError>;

/// Buckets, objects, and uploads that are under way.
#[derive(Debug, Clone, Default)]
pub struct ObjectStorage {
    buckets: BTreeMap<String, Bucket>,
    /// By upload id.
    uploads: BTreeMap<String, uploads::Upload>,
}

#[derive(Debug, Clone)]
struct Bucket {
    created: Timestamp,
    versioning: Versioning,
    /// By key; of each the oldest version first. No key is without versions.
    objects: BTreeMap<String, Vec<Version>>,
    settings: buckets::Settings,
}

impl Bucket {
    fn new(created: Timestamp) -> Bucket {
        Bucket {
            created,
            versioning: Versioning::Never,
            objects: BTreeMap::new(),
            settings: buckets::Settings::default(),
        }
    }

    /// The latest version of a key, unless that is a delete marker.
    fn current(&self, key: &str) -> Option<&Object> {
        self.objects.get(key)?.last()?.object.as_ref()
    }
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
    settings: objects::Settings,
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

    /// The versions of a key, oldest first; of a delete marker too.
    pub fn version_ids(&self, bucket: &str, key: &str) -> impl Iterator<Item = &str> {
        let versions = self.buckets.get(bucket).and_then(|bucket| bucket.objects.get(key));
        versions.into_iter().flatten().map(|version| version.id.as_str())
    }

    /// Whether a bucket holds an object, or a version of one.
    #[must_use]
    pub fn holds_objects(&self, bucket: &str) -> bool {
        self.buckets
            .get(bucket)
            .is_some_and(|bucket| bucket.objects.values().any(|versions| !versions.is_empty()))
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
        let Some(bucket) = input.string("Bucket") else { return Vec::new() };
        let partition = &world.config.partition;
        vec![match input.string("Key") {
            Some(key) => format!("arn:{partition}:s3:::{bucket}/{key}"),
            None if operation == "DeleteObjects" => format!("arn:{partition}:s3:::{bucket}/*"),
            None => format!("arn:{partition}:s3:::{bucket}"),
        }]
    }),
    // "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403": nobody is told without it
    // that nothing is there. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html> A condition on the prefix is
    // held against the key (found out by Ceph, which does as AWS does: ceph pull request 68577).
    besides: |world, operation, input| match (operation, input.string("Bucket"), input.string("Key")) {
        ("GetObject" | "HeadObject", Some(bucket), Some(key)) => {
            let store = &world.object_storage;
            let is_there = store.body(bucket, key, input.string("VersionId")).is_some();
            // Of a bucket that isn't there everybody is told.
            let is_there = is_there || !store.has_bucket(bucket);
            let bucket = format!("arn:{}:s3:::{bucket}", world.config.partition);
            if is_there {
                Vec::new()
            } else {
                vec![Permission::new("s3:ListBucket", bucket).with("s3:prefix", key)]
            }
        }
        _ => Vec::new(),
    },
    operations: operations::OPERATIONS,
    resource_types: provision::TYPES,
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
fn checked_name(name: &str) -> S3Answer<&str> {
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

fn bucket<'w>(world: &'w World, name: &str) -> S3Answer<&'w Bucket> {
    world.object_storage.buckets.get(checked_name(name)?).ok_or_else(no_such_bucket)
}

fn bucket_mut<'w>(world: &'w mut World, name: &str) -> S3Answer<&'w mut Bucket> {
    world.object_storage.buckets.get_mut(checked_name(name)?).ok_or_else(no_such_bucket)
}

/// Every bucket here is this cloud's account's; who expects another's is refused
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>).
fn check_owner(world: &World, parameters: Input<'_>) -> S3Answer<()> {
    let is_here = || bucket(world, parameters.string("Bucket").unwrap_or_default()).is_ok();
    match parameters.string("ExpectedBucketOwner") {
        Some(expected) if expected != world.config.account_id && is_here() => {
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

fn malformed() -> AwsError {
    AwsError::new(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// The key of an object, or S3's refusal.
fn checked_key(key: &str) -> S3Answer<&str> {
    match key.len() {
        0 => Err(AwsError::validation(
            "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
        )),
        1..=1024 => Ok(key),
        _ => Err(AwsError::new(400, "KeyTooLongError", "Your key is too long")),
    }
}

fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// A whole number within bounds; S3's refusal when it isn't one.
fn at_most(given: Option<i32>, field: &str, most: usize) -> S3Answer<usize> {
    match given.map(usize::try_from) {
        None => Ok(most),
        Some(Ok(given)) => Ok(given.min(most)),
        Some(Err(_)) => Err(AwsError::new(
            400,
            "InvalidArgument",
            format!("Argument {field} must be an integer between 0 and 2147483647"),
        )),
    }
}

/// The bytes of a body, which are in memory already.
pub(crate) fn whole(body: Option<StreamingBlob>) -> S3Answer<Bytes> {
    let Some(body) = body else { return Ok(Bytes::new()) };
    let mut body = s3s::Body::from(body);
    ready(body.store_all_limited(LARGEST_BODY_BYTES)).and_then(Result::ok).ok_or_else(|| {
        let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
        AwsError::new(400, "IncompleteBody", message)
    })
}

/// What a future that waits for nothing gives.
pub(crate) fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A time as `s3s` has it; `None` beyond what it knows.
fn time(at: Timestamp) -> Option<s3s::dto::Timestamp> {
    let nanoseconds = i128::from(at.0) * 1_000_000;
    time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok().map(Into::into)
}

fn tag(value: String) -> Option<ETag> {
    Some(ETag::Strong(value))
}

#[cfg(test)]
mod tests;

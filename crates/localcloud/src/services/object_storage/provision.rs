//! `AWS::S3::Bucket` and `AWS::S3::BucketPolicy`. What a bucket is called is made as for every type without a service of its
//! own; what is set on it is put by S3's own operations. Other properties of a bucket travel through.

use s3s::dto::*;
use serde_json::{Value as Json, json};

use super::{Bucket, Versioning, checked_name};
use crate::generic;
use crate::properties;
use crate::resource::{ArnForm, Desired, ProvisionError, Provisioned, ResourceType};
use crate::{AwsError, Input, World};
use std::time::Duration;

const BUCKET: &str = "AWS::S3::Bucket";

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType { name: BUCKET, create, update, delete, finish_delete, ..generic::ANY },
    ResourceType {
        name: "AWS::S3::BucketPolicy",
        create: create_policy,
        update: update_policy,
        finish_delete: delete_policy,
        arn: ArnForm::Property("s3", "", "Bucket"),
        ..generic::ANY
    },
];

/// Create the bucket.
///
/// # Errors
/// In S3's words, and CloudFormation's where the name is taken.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let given = properties::to_json(desired.properties);
    if let Some(name) = Input(&given).string("BucketName") {
        checked_name(name)?;
        if world.object_storage.has_bucket(name) {
            return Err(ProvisionError { reason: format!("{name} already exists") });
        }
    }
    let provisioned = generic::create(world, desired)?;
    let made = Bucket::new(world.now);
    world.object_storage.buckets.insert(provisioned.physical_id.clone(), made);
    define(world, desired, &provisioned.physical_id, &given)?;
    Ok(provisioned)
}

/// Change what is set on the bucket.
///
/// # Errors
/// In S3's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    super::bucket(world, desired.id())?;
    let provisioned = generic::update(world, desired)?;
    define(world, desired, &provisioned.physical_id, &properties::to_json(desired.properties))?;
    Ok(provisioned)
}

/// Refuse to remove what holds something. A bucket that somebody has removed by hand is gone already.
fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let bucket = world.object_storage.buckets.get(desired.id());
    if bucket.is_some_and(|bucket| !bucket.objects.is_empty()) {
        // In the form that people quote (aws-cdk issue 21776); the two ids of a request are made up.
        let request = world.identities.alphanumeric("s3 request", 16).to_uppercase();
        let extended = world.identities.alphanumeric("s3 request", 56);
        return Err(ProvisionError {
            reason: format!(
                "The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: \
                 BucketNotEmpty; Request ID: {request}; S3 Extended Request ID: {extended}=; Proxy: null)"
            ),
        });
    }
    Ok(Duration::ZERO)
}

/// Gone.
fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    super::buckets::remove(world, physical_id);
}

/// Put everything that the template says, and take away what it doesn't say any more.
fn define(world: &mut World, desired: &Desired<'_>, name: &str, given: &Json) -> Result<(), ProvisionError> {
    let bucket = super::bucket_mut(world, name)?;
    let at = |pointer: &str| given.pointer(pointer).filter(|value| !value.is_null());
    bucket.versioning =
        match (at("/VersioningConfiguration/Status").and_then(Json::as_str), bucket.versioning) {
            (Some(BucketVersioningStatus::ENABLED), _) => Versioning::Enabled,
            (Some(_), _) => Versioning::Suspended,
            // "Once you version-enable a bucket, it can never return to an unversioned state."
            (None, Versioning::Enabled) => Versioning::Suspended,
            (None, kept) => kept,
        };
    let settings = &mut bucket.settings;
    let own = Input(given).objects("Tags").filter_map(|tag| {
        Some((tag.string("Key")?.to_owned(), tag.string("Value").unwrap_or_default().to_owned()))
    });
    let tags = desired.tags(own).into_iter();
    let tags = tags.map(|(key, value)| Tag { key: Some(key), value: Some(value) });
    settings.tagging = Some(Tagging { tag_set: tags.collect() });
    settings.encryption = at("/BucketEncryption/ServerSideEncryptionConfiguration").map(encryption);
    settings.public_access = Some(public_access(at("/PublicAccessBlockConfiguration")));
    settings.lifecycle = at("/LifecycleConfiguration/Rules").map(|rules| {
        let rules = rules.as_array().into_iter().flatten().map(lifecycle_rule);
        BucketLifecycleConfiguration { rules: rules.collect() }
    });
    settings.object_lock = match (at("/ObjectLockConfiguration"), flag(given, "ObjectLockEnabled")) {
        (Some(lock), _) => Some(object_lock(lock)),
        (None, Some(true)) => Some(object_lock(&json!({}))),
        (None, _) => None,
    };
    Ok(())
}

fn encryption(rules: &Json) -> ServerSideEncryptionConfiguration {
    let rules = rules.as_array().into_iter().flatten().map(|rule| {
        let by_default =
            rule.get("ServerSideEncryptionByDefault").map(|by_default| ServerSideEncryptionByDefault {
                sse_algorithm: text(by_default, "SSEAlgorithm").unwrap_or_default().into(),
                kms_master_key_id: text(by_default, "KMSMasterKeyID"),
            });
        ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: by_default,
            bucket_key_enabled: Some(flag(rule, "BucketKeyEnabled").unwrap_or(false)),
        }
    });
    ServerSideEncryptionConfiguration { rules: rules.collect() }
}

/// Everything is blocked where the template says nothing, and nothing where it says something else
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>: "By default, new
/// buckets ... don't allow public access").
fn public_access(block: Option<&Json>) -> PublicAccessBlockConfiguration {
    let is = |name: &str| Some(block.is_none_or(|block| flag(block, name).unwrap_or(false)));
    PublicAccessBlockConfiguration {
        block_public_acls: is("BlockPublicAcls"),
        block_public_policy: is("BlockPublicPolicy"),
        ignore_public_acls: is("IgnorePublicAcls"),
        restrict_public_buckets: is("RestrictPublicBuckets"),
    }
}

/// A rule of the template's form in the API's. Dates and filters by tag travel through without being told.
fn lifecycle_rule(rule: &Json) -> LifecycleRule {
    let days = |pointer: &str| rule.pointer(pointer).and_then(number);
    let expiration = days("/ExpirationInDays")
        .map(|days| LifecycleExpiration { days: Some(days), ..LifecycleExpiration::default() });
    let noncurrent =
        days("/NoncurrentVersionExpiration/NoncurrentDays").or(days("/NoncurrentVersionExpirationInDays"));
    let single = rule.get("Transition").filter(|transition| transition.is_object());
    let several = rule.get("Transitions").and_then(Json::as_array).into_iter().flatten();
    let transitions: Vec<Transition> = single
        .into_iter()
        .chain(several)
        .map(|transition| Transition {
            date: None,
            days: transition.get("TransitionInDays").and_then(number),
            storage_class: text(transition, "StorageClass").map(Into::into),
        })
        .collect();
    LifecycleRule {
        abort_incomplete_multipart_upload: days("/AbortIncompleteMultipartUpload/DaysAfterInitiation")
            .map(|days| AbortIncompleteMultipartUpload { days_after_initiation: Some(days) }),
        expiration,
        filter: Some(LifecycleRuleFilter {
            prefix: Some(text(rule, "Prefix").unwrap_or_default()),
            ..LifecycleRuleFilter::default()
        }),
        id: text(rule, "Id"),
        noncurrent_version_expiration: noncurrent.map(|days| NoncurrentVersionExpiration {
            noncurrent_days: Some(days),
            ..NoncurrentVersionExpiration::default()
        }),
        noncurrent_version_transitions: None,
        prefix: None,
        status: text(rule, "Status").unwrap_or_default().into(),
        transitions: (!transitions.is_empty()).then_some(transitions),
    }
}

fn object_lock(lock: &Json) -> ObjectLockConfiguration {
    let retention = lock.pointer("/Rule/DefaultRetention").map(|retention| DefaultRetention {
        days: retention.get("Days").and_then(number),
        mode: text(retention, "Mode").map(Into::into),
        years: retention.get("Years").and_then(number),
    });
    ObjectLockConfiguration {
        object_lock_enabled: Some(ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED)),
        rule: retention.map(|retention| ObjectLockRule { default_retention: Some(retention) }),
    }
}

fn create_policy(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    put_policy(world, desired)?;
    generic::create(world, desired)
}

fn update_policy(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    put_policy(world, desired)?;
    generic::update(world, desired)
}

fn put_policy(world: &mut World, desired: &Desired<'_>) -> Result<(), AwsError> {
    let given = properties::to_json(desired.properties);
    let bucket = super::bucket_mut(world, Input(&given).string("Bucket").unwrap_or_default())?;
    // A document may be given as text.
    bucket.settings.policy = given.get("PolicyDocument").map(|document| match document {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    });
    Ok(())
}

/// A policy's physical id is its bucket's name.
fn delete_policy(world: &mut World, type_name: &str, physical_id: &str) {
    let was_here = world.generic.properties(type_name, physical_id).cloned();
    generic::finish_delete(world, type_name, physical_id);
    let bucket =
        was_here.as_ref().and_then(|given| given.get("Bucket")).and_then(template::Value::scalar_text);
    if let Some(bucket) = world.object_storage.buckets.get_mut(bucket.unwrap_or(physical_id)) {
        bucket.settings.policy = None;
    }
}

fn text(value: &Json, name: &str) -> Option<String> {
    value.get(name).and_then(Json::as_str).map(str::to_owned)
}

/// Evaluated properties are text, whatever they were in the template.
fn number(value: &Json) -> Option<i32> {
    match value {
        Json::String(text) => text.parse().ok(),
        other => i32::try_from(other.as_i64()?).ok(),
    }
}

fn flag(value: &Json, name: &str) -> Option<bool> {
    match value.get(name)? {
        Json::String(text) => text.parse().ok(),
        other => other.as_bool(),
    }
}

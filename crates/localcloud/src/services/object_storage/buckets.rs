//! Buckets and what is set on them.

use serde_json::{Value, json};

use super::{Bucket, Versioning, bucket, bucket_mut, bucket_name};
use crate::{AwsError, Input, World};

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let prefix = input.string("Prefix").unwrap_or_default();
    let after = input.string("ContinuationToken");
    let most = super::at_most(input, "MaxBuckets", 10_000)?;
    let buckets = world.object_storage.buckets.iter();
    let mut found = buckets
        .filter(|(name, _)| name.starts_with(prefix) && after.is_none_or(|after| name.as_str() > after));
    let page: Vec<(&String, &Bucket)> = found.by_ref().take(most).collect();
    let token = found.next().and(page.last()).map(|(name, _)| (*name).clone());
    let region = &world.config.region;
    let buckets = page.iter().map(
        |(name, bucket)| json!({"Name": name, "CreationDate": bucket.created.0, "BucketRegion": region}),
    );
    Ok(json!({
        "Buckets": buckets.collect::<Vec<_>>(),
        "ContinuationToken": token,
        "Owner": {"ID": world.config.account_id},
    }))
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = bucket_name(input)?.to_owned();
    let region = &world.config.region;
    match input.string("LocationConstraint") {
        Some(asked) if asked != region => {
            let message = format!(
                "The {asked} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            );
            return Err(AwsError::new(400, "IllegalLocationConstraintException", message));
        }
        Some(_) | None => {}
    }
    let created = world.now;
    let buckets = &mut world.object_storage.buckets;
    if buckets.contains_key(&name) {
        return Err(AwsError::new(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        ));
    }
    let location = format!("/{name}");
    let bucket = Bucket {
        created,
        versioning: Versioning::Never,
        objects: Default::default(),
        records: Default::default(),
    };
    buckets.insert(name, bucket);
    Ok(json!({"Location": location}))
}

pub(super) fn locate(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    bucket(world, input)?;
    Ok(json!({"BucketRegion": world.config.region}))
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = bucket_name(input)?;
    // S3 counts versions and delete markers, and not the uploads that are under way.
    if !bucket(world, input)?.objects.is_empty() {
        return Err(AwsError::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"));
    }
    world.object_storage.buckets.remove(name);
    world.object_storage.uploads.retain(|_, upload| upload.bucket != name);
    Ok(json!({}))
}

pub(super) fn put_versioning(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let versioning = match input.string("Status") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) | None => {
            return Err(AwsError::new(
                400,
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            ));
        }
    };
    bucket_mut(world, input)?.versioning = versioning;
    Ok(json!({}))
}

pub(super) fn get_versioning(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    Ok(match bucket(world, input)?.versioning {
        Versioning::Never => json!({}),
        Versioning::Enabled => json!({"Status": "Enabled"}),
        Versioning::Suspended => json!({"Status": "Suspended"}),
    })
}

/// Buckets have no access control lists of their own, as S3 makes them: their owner may do everything
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>).
pub(super) fn access_control_list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    bucket(world, input)?;
    Ok(json!({"Owner": world.config.account_id}))
}

/// Whether the policy lets everybody in: it allows something to everybody without a condition. S3 also sees through
/// conditions that hold for everybody
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, "The meaning of
/// 'public'"); that is not done here.
pub(super) fn policy_status(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let policy = bucket(world, input)?.records.get("BucketPolicy");
    let policy = policy.ok_or_else(|| AwsError::new(404, NO_POLICY.0, NO_POLICY.1))?;
    let document: Value = policy
        .get("Policy")
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    };
    let is_public = statements.iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && statement.get("Condition").is_none()
            && statement.get("Principal").is_some_and(is_everybody)
    });
    Ok(json!({"IsPublic": is_public}))
}

/// `"*"`, `{"AWS": "*"}`, `{"AWS": ["*"]}`.
fn is_everybody(principal: &Value) -> bool {
    match principal {
        Value::String(name) => name == "*",
        Value::Array(names) => names.iter().any(is_everybody),
        Value::Object(kinds) => kinds.get("AWS").is_some_and(is_everybody),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

const NO_POLICY: (&str, &str) = ("NoSuchBucketPolicy", "The bucket policy does not exist");

/// A setting that is kept as it was put, and what S3 says where there is none.
pub(super) struct Record {
    name: &'static str,
    missing: Option<(&'static str, &'static str)>,
}

pub(super) static TAGGING: Record =
    Record { name: "BucketTagging", missing: Some(("NoSuchTagSet", "The TagSet does not exist")) };
/// Every bucket is encrypted by default: GetBucketEncryption has always an answer.
pub(super) static ENCRYPTION: Record = Record { name: "BucketEncryption", missing: None };
pub(super) static POLICY: Record = Record { name: "BucketPolicy", missing: Some(NO_POLICY) };
/// Kept to be told: nothing here expires.
pub(super) static LIFECYCLE: Record = Record {
    name: "BucketLifecycleConfiguration",
    missing: Some(("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")),
};
/// Kept to be told: nothing here is locked.
pub(super) static OBJECT_LOCK: Record = Record {
    name: "ObjectLockConfiguration",
    missing: Some((
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    )),
};
pub(super) static PUBLIC_ACCESS_BLOCK: Record = Record {
    name: "PublicAccessBlock",
    missing: Some((
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    )),
};

impl Record {
    pub(super) fn put(&self, world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
        let record = input.0.get("Record").cloned().unwrap_or_default();
        bucket_mut(world, input)?.records.insert(self.name.to_owned(), record);
        Ok(json!({}))
    }

    pub(super) fn delete(&self, world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
        bucket_mut(world, input)?.records.remove(self.name);
        Ok(json!({}))
    }

    pub(super) fn get(&self, world: &World, input: Input<'_>) -> Result<Value, AwsError> {
        match (bucket(world, input)?.records.get(self.name), self.missing) {
            (Some(record), _) => Ok(json!({"Record": record})),
            (None, None) => Ok(json!({})),
            (None, Some((code, message))) => Err(AwsError::new(404, code, message)),
        }
    }
}

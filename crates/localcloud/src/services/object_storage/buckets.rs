//! Buckets and what is set on them.

use s3s::dto::*;
use serde_json::Value;

use super::{Bucket, S3Answer, Versioning, bucket, bucket_mut, checked_name, time};
use crate::{AwsError, World};

/// What was put on a bucket, to be given back; nothing here expires, is locked, or is encrypted.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) tagging: Option<Tagging>,
    pub(super) encryption: Option<ServerSideEncryptionConfiguration>,
    pub(super) policy: Option<String>,
    pub(super) lifecycle: Option<BucketLifecycleConfiguration>,
    pub(super) object_lock: Option<ObjectLockConfiguration>,
    pub(super) public_access: Option<PublicAccessBlockConfiguration>,
}

pub(super) fn list(world: &World, input: ListBucketsInput) -> S3Answer<ListBucketsOutput> {
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = input.continuation_token.as_deref();
    let most = super::at_most(input.max_buckets, "MaxBuckets", 10_000)?;
    let buckets = world.object_storage.buckets.iter();
    let mut found = buckets
        .filter(|(name, _)| name.starts_with(prefix) && after.is_none_or(|after| name.as_str() > after));
    let page: Vec<(&String, &Bucket)> = found.by_ref().take(most).collect();
    let continuation_token = found.next().and(page.last()).map(|(name, _)| (*name).clone());
    let buckets = page.iter().map(|(name, bucket)| s3s::dto::Bucket {
        name: Some((*name).clone()),
        creation_date: time(bucket.created),
        bucket_region: Some(world.config.region.clone()),
    });
    Ok(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        continuation_token,
        owner: Some(owner(world)),
        prefix: input.prefix,
    })
}

/// The one account that everything here belongs to.
fn owner(world: &World) -> Owner {
    Owner { id: Some(world.config.account_id.clone()), display_name: None }
}

pub(super) fn create(world: &mut World, input: CreateBucketInput) -> S3Answer<CreateBucketOutput> {
    let name = checked_name(&input.bucket)?;
    let asked = input.create_bucket_configuration.and_then(|made| made.location_constraint);
    match asked.as_ref().map(BucketLocationConstraint::as_str) {
        Some(asked) if asked != world.config.region => {
            let message = format!(
                "The {asked} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            );
            return Err(AwsError::new(400, "IllegalLocationConstraintException", message));
        }
        Some(_) | None => {}
    }
    let buckets = &mut world.object_storage.buckets;
    if buckets.contains_key(name) {
        return Err(AwsError::new(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        ));
    }
    let location = format!("/{name}");
    buckets.insert(input.bucket, Bucket::new(world.now));
    Ok(CreateBucketOutput { location: Some(location) })
}

pub(super) fn head(world: &World, input: HeadBucketInput) -> S3Answer<HeadBucketOutput> {
    bucket(world, &input.bucket)?;
    Ok(HeadBucketOutput { bucket_region: Some(world.config.region.clone()), ..Default::default() })
}

pub(super) fn locate(world: &World, input: GetBucketLocationInput) -> S3Answer<GetBucketLocationOutput> {
    bucket(world, &input.bucket)?;
    // us-east-1 is written as nothing at all.
    let region = Some(world.config.region.clone()).filter(|region| region != "us-east-1");
    Ok(GetBucketLocationOutput { location_constraint: region.map(BucketLocationConstraint::from) })
}

pub(super) fn delete(world: &mut World, input: DeleteBucketInput) -> S3Answer<DeleteBucketOutput> {
    let name = &input.bucket;
    // S3 counts versions and delete markers, and not the uploads that are under way.
    if !bucket(world, name)?.objects.is_empty() {
        return Err(AwsError::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"));
    }
    // One that a stack has made is gone behind the stack's back.
    world.generic.remove("AWS::S3::Bucket", name);
    remove(world, name);
    Ok(DeleteBucketOutput {})
}

/// Remove a bucket with the uploads that are under way to it.
pub(super) fn remove(world: &mut World, name: &str) {
    world.object_storage.buckets.remove(name);
    world.object_storage.uploads.retain(|_, upload| upload.bucket != name);
}

pub(super) fn put_versioning(
    world: &mut World,
    input: PutBucketVersioningInput,
) -> S3Answer<PutBucketVersioningOutput> {
    let status = input.versioning_configuration.status;
    let versioning = match status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) | None => return Err(super::malformed()),
    };
    bucket_mut(world, &input.bucket)?.versioning = versioning;
    Ok(PutBucketVersioningOutput::default())
}

pub(super) fn get_versioning(
    world: &World,
    input: GetBucketVersioningInput,
) -> S3Answer<GetBucketVersioningOutput> {
    let status = match bucket(world, &input.bucket)?.versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(GetBucketVersioningOutput { status, ..Default::default() })
}

/// Buckets have no access control lists of their own, as S3 makes them: their owner may do everything
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>).
pub(super) fn access_control_list(world: &World, input: GetBucketAclInput) -> S3Answer<GetBucketAclOutput> {
    bucket(world, &input.bucket)?;
    let owner = owner(world);
    let grantee = Grantee {
        display_name: None,
        email_address: None,
        id: owner.id.clone(),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    let permission = Some(Permission::from_static(Permission::FULL_CONTROL));
    Ok(GetBucketAclOutput {
        grants: Some(vec![Grant { grantee: Some(grantee), permission }]),
        owner: Some(owner),
    })
}

/// Whether the policy lets everybody in: it allows something to everybody without a condition. S3 also sees through
/// conditions that hold for everybody
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, "The meaning of
/// 'public'"); that is not done here.
pub(super) fn policy_status(
    world: &World,
    input: GetBucketPolicyStatusInput,
) -> S3Answer<GetBucketPolicyStatusOutput> {
    let policy = given_back(&bucket(world, &input.bucket)?.settings.policy, NO_POLICY)?;
    let document: Value = serde_json::from_str(&policy).unwrap_or_default();
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
    let policy_status = Some(PolicyStatus { is_public: Some(is_public) });
    Ok(GetBucketPolicyStatusOutput { policy_status })
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

type Missing = (&'static str, &'static str);

const NO_TAGS: Missing = ("NoSuchTagSet", "The TagSet does not exist");
const NO_POLICY: Missing = ("NoSuchBucketPolicy", "The bucket policy does not exist");
const NO_LIFECYCLE: Missing = ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
const NO_OBJECT_LOCK: Missing =
    ("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket");
const NO_PUBLIC_ACCESS: Missing =
    ("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");

fn given_back<T: Clone>(setting: &Option<T>, (code, message): Missing) -> S3Answer<T> {
    setting.clone().ok_or_else(|| AwsError::new(404, code, message))
}

/// Putting a setting, and removing it.
macro_rules! setting {
    ($setting:ident: $put:ident($input:ident, $given:ident) -> $output:ident
        $(, $delete:ident($delete_input:ident) -> $delete_output:ident)?) => {
        pub(super) fn $put(world: &mut World, input: $input) -> S3Answer<$output> {
            bucket_mut(world, &input.bucket)?.settings.$setting = input.$given.into();
            Ok($output::default())
        }

        $(pub(super) fn $delete(world: &mut World, input: $delete_input) -> S3Answer<$delete_output> {
            bucket_mut(world, &input.bucket)?.settings.$setting = None;
            Ok($delete_output::default())
        })?
    };
}

setting!(tagging: put_tagging(PutBucketTaggingInput, tagging) -> PutBucketTaggingOutput,
    delete_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput);
setting!(encryption:
    put_encryption(PutBucketEncryptionInput, server_side_encryption_configuration) -> PutBucketEncryptionOutput,
    delete_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput);
setting!(policy: put_policy(PutBucketPolicyInput, policy) -> PutBucketPolicyOutput,
    delete_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput);
setting!(lifecycle: put_lifecycle(PutBucketLifecycleConfigurationInput, lifecycle_configuration)
        -> PutBucketLifecycleConfigurationOutput,
    delete_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput);
setting!(object_lock:
    put_object_lock(PutObjectLockConfigurationInput, object_lock_configuration) -> PutObjectLockConfigurationOutput);
setting!(public_access:
    put_public_access(PutPublicAccessBlockInput, public_access_block_configuration) -> PutPublicAccessBlockOutput,
    delete_public_access(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput);

pub(super) fn get_tagging(world: &World, input: GetBucketTaggingInput) -> S3Answer<GetBucketTaggingOutput> {
    let tagging = given_back(&bucket(world, &input.bucket)?.settings.tagging, NO_TAGS)?;
    Ok(GetBucketTaggingOutput { tag_set: tagging.tag_set })
}

/// Every bucket is encrypted with S3's own keys unless something else was put
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>).
pub(super) fn get_encryption(
    world: &World,
    input: GetBucketEncryptionInput,
) -> S3Answer<GetBucketEncryptionOutput> {
    let usual = || {
        let by_default = ServerSideEncryptionByDefault {
            sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
            kms_master_key_id: None,
        };
        ServerSideEncryptionConfiguration {
            rules: vec![ServerSideEncryptionRule {
                apply_server_side_encryption_by_default: Some(by_default),
                bucket_key_enabled: Some(false),
            }],
        }
    };
    let put = bucket(world, &input.bucket)?.settings.encryption.clone();
    Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: put.or_else(|| Some(usual())) })
}

pub(super) fn get_policy(world: &World, input: GetBucketPolicyInput) -> S3Answer<GetBucketPolicyOutput> {
    let policy = given_back(&bucket(world, &input.bucket)?.settings.policy, NO_POLICY)?;
    Ok(GetBucketPolicyOutput { policy: Some(policy) })
}

pub(super) fn get_lifecycle(
    world: &World,
    input: GetBucketLifecycleConfigurationInput,
) -> S3Answer<GetBucketLifecycleConfigurationOutput> {
    let lifecycle = given_back(&bucket(world, &input.bucket)?.settings.lifecycle, NO_LIFECYCLE)?;
    Ok(GetBucketLifecycleConfigurationOutput { rules: Some(lifecycle.rules), ..Default::default() })
}

pub(super) fn get_object_lock(
    world: &World,
    input: GetObjectLockConfigurationInput,
) -> S3Answer<GetObjectLockConfigurationOutput> {
    let put = given_back(&bucket(world, &input.bucket)?.settings.object_lock, NO_OBJECT_LOCK)?;
    Ok(GetObjectLockConfigurationOutput { object_lock_configuration: Some(put) })
}

pub(super) fn get_public_access(
    world: &World,
    input: GetPublicAccessBlockInput,
) -> S3Answer<GetPublicAccessBlockOutput> {
    let put = given_back(&bucket(world, &input.bucket)?.settings.public_access, NO_PUBLIC_ACCESS)?;
    Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(put) })
}

//! S3's operations, each once: its name, its action in IAM, its types in the crate `s3s`, what carries it out, and those of its parameters
//! that the log holds. What isn't listed there is lost when a request is replayed, so nothing that changes the
//! world may depend on it.

use s3s::dto::*;
use serde_json::{Value, json};

use super::logged::{Logged, header_tags, insert, name_of};
use super::{S3Answer, buckets, check_owner, listing, objects, uploads};
use crate::descriptor::{Operation, changes, reads};
use crate::{AwsError, Input, World};

/// Calls a macro with the table. The operations `with_body` have one that is read, checked and logged beside their
/// parameters.
macro_rules! each_operation {
    ($then:ident) => {
        $then! {
            plain {
                reads ListBuckets action "ListAllMyBuckets":
                    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list
                    [prefix, continuation_token, max_buckets];
                changes CreateBucket:
                    create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create
                    [bucket, create_bucket_configuration "LocationConstraint"];
                reads HeadBucket action "ListBucket":
                    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head [bucket];
                reads GetBucketLocation:
                    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::locate
                    [bucket];
                changes DeleteBucket:
                    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete [bucket];
                changes PutBucketVersioning:
                    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput
                    = buckets::put_versioning [bucket, versioning_configuration "Status"];
                reads GetBucketVersioning:
                    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput
                    = buckets::get_versioning [bucket];
                reads GetBucketAcl:
                    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = buckets::access_control_list
                    [bucket];
                reads GetBucketPolicyStatus:
                    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput
                    = buckets::policy_status [bucket];
                changes PutBucketTagging:
                    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = buckets::put_tagging
                    [bucket, tagging "Record/Tags"];
                reads GetBucketTagging:
                    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = buckets::get_tagging
                    [bucket];
                changes DeleteBucketTagging action "PutBucketTagging":
                    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput
                    = buckets::delete_tagging [bucket];
                changes PutBucketEncryption action "PutEncryptionConfiguration":
                    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput
                    = buckets::put_encryption [bucket, server_side_encryption_configuration "Record/Rules"];
                reads GetBucketEncryption action "GetEncryptionConfiguration":
                    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput
                    = buckets::get_encryption [bucket];
                changes DeleteBucketEncryption action "PutEncryptionConfiguration":
                    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput
                    = buckets::delete_encryption [bucket];
                changes PutBucketPolicy:
                    put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = buckets::put_policy
                    [bucket, policy "Record/Policy"];
                reads GetBucketPolicy:
                    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = buckets::get_policy
                    [bucket];
                changes DeleteBucketPolicy:
                    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput
                    = buckets::delete_policy [bucket];
                changes PutBucketLifecycleConfiguration action "PutLifecycleConfiguration":
                    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput
                    = buckets::put_lifecycle [bucket, lifecycle_configuration "Record/Rules"];
                reads GetBucketLifecycleConfiguration action "GetLifecycleConfiguration":
                    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput
                    = buckets::get_lifecycle [bucket];
                changes DeleteBucketLifecycle action "PutLifecycleConfiguration":
                    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput
                    = buckets::delete_lifecycle [bucket];
                changes PutObjectLockConfiguration action "PutBucketObjectLockConfiguration":
                    put_object_lock_configuration(PutObjectLockConfigurationInput) -> PutObjectLockConfigurationOutput
                    = buckets::put_object_lock [bucket, object_lock_configuration "Record/Configuration"];
                reads GetObjectLockConfiguration action "GetBucketObjectLockConfiguration":
                    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput
                    = buckets::get_object_lock [bucket];
                changes PutPublicAccessBlock action "PutBucketPublicAccessBlock":
                    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput
                    = buckets::put_public_access [bucket, public_access_block_configuration "Record"];
                reads GetPublicAccessBlock action "GetBucketPublicAccessBlock":
                    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput
                    = buckets::get_public_access [bucket];
                changes DeletePublicAccessBlock action "PutBucketPublicAccessBlock":
                    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput
                    = buckets::delete_public_access [bucket];
                reads GetObject version_action "GetObjectVersion":
                    get_object(GetObjectInput) -> GetObjectOutput = objects::get
                    [bucket, key, version_id, if_match, if_none_match];
                reads HeadObject action "GetObject" version_action "GetObjectVersion":
                    head_object(HeadObjectInput) -> HeadObjectOutput = objects::head
                    [bucket, key, version_id, if_match, if_none_match];
                changes DeleteObject version_action "DeleteObjectVersion":
                    delete_object(DeleteObjectInput) -> DeleteObjectOutput = objects::delete
                    [bucket, key, version_id];
                changes DeleteObjects action "DeleteObject":
                    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = objects::delete_many
                    [bucket, delete "Objects"];
                changes CopyObject action "PutObject":
                    copy_object(CopyObjectInput) -> CopyObjectOutput = objects::copy
                    [bucket, key, copy_source, metadata_directive, tagging_directive, content_type,
                     cache_control, content_disposition, content_encoding, content_language, expires,
                     storage_class, metadata, tagging "Tags" by header_tags];
                changes PutObjectTagging:
                    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = objects::put_tags
                    [bucket, key, version_id, tagging "Tags"];
                reads GetObjectTagging:
                    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = objects::get_tags
                    [bucket, key, version_id];
                reads ListObjects action "ListBucket":
                    list_objects(ListObjectsInput) -> ListObjectsOutput = listing::objects
                    [bucket, prefix, delimiter, marker, max_keys];
                reads ListObjectsV2 action "ListBucket":
                    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::objects_v2
                    [bucket, prefix, delimiter, continuation_token, start_after, max_keys];
                reads ListObjectVersions action "ListBucketVersions":
                    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput
                    = listing::versions [bucket, prefix, delimiter, key_marker, version_id_marker, max_keys];
                changes CreateMultipartUpload action "PutObject":
                    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput
                    = uploads::create
                    [bucket, key, content_type, cache_control, content_disposition, content_encoding,
                     content_language, expires, storage_class, metadata, tagging "Tags" by header_tags];
                changes UploadPartCopy action "PutObject":
                    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = uploads::copy_part
                    [bucket, key, upload_id, part_number, copy_source, copy_source_range];
                changes CompleteMultipartUpload action "PutObject":
                    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput
                    = uploads::complete
                    [bucket, key, upload_id, if_match, if_none_match, multipart_upload "Parts"];
                changes AbortMultipartUpload:
                    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput
                    = uploads::abort [bucket, key, upload_id];
                reads ListParts action "ListMultipartUploadParts":
                    list_parts(ListPartsInput) -> ListPartsOutput = uploads::list_parts
                    [bucket, key, upload_id, max_parts, part_number_marker];
                reads ListMultipartUploads action "ListBucketMultipartUploads":
                    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput
                    = uploads::list [bucket, prefix];
            }
            with_body {
                changes PutObject:
                    put_object(PutObjectInput) -> PutObjectOutput = objects::put
                    [bucket, key, body, if_match, if_none_match, content_type, cache_control,
                     content_disposition, content_encoding, content_language, expires, storage_class, metadata,
                     tagging "Tags" by header_tags, checksum_crc32 "Checksums/CRC32", checksum_crc32c
                     "Checksums/CRC32C", checksum_crc64nvme "Checksums/CRC64NVME", checksum_sha1
                     "Checksums/SHA1", checksum_sha256 "Checksums/SHA256"];
                changes UploadPart action "PutObject":
                    upload_part(UploadPartInput) -> UploadPartOutput = uploads::put_part
                    [bucket, key, upload_id, part_number, body];
            }
        }
    };
}
pub(crate) use each_operation;

/// What an operation is asked with.
pub(crate) trait S3Input: Sized {
    /// The operation's name.
    const NAME: &'static str;
    type Output;

    /// The parameters by the names of the API reference, without a body.
    fn parameters(&self) -> Value;

    /// From [`Self::parameters`], and `Body` in base64.
    ///
    /// # Errors
    /// When one is missing that has to be there.
    fn from_parameters(parameters: &Value) -> S3Answer<Self>;

    /// # Errors
    /// In S3's words.
    fn carry_out(self, world: &mut World) -> S3Answer<Self::Output>;
}

macro_rules! implement {
    (@name $field:ident) => { name_of(stringify!($field)) };
    (@name $field:ident $name:literal) => { $name.to_owned() };
    (@write $value:expr) => { Logged::write(&$value) };
    (@write $value:expr, $codec:ident) => { $codec::write(&$value) };
    (@read $value:expr) => { Logged::read($value) };
    (@read $value:expr, $codec:ident) => { $codec::read($value) };
    ($($group:ident { $(
        $kind:ident $operation:ident $($more:ident $action:literal)*:
            $method:ident($input:ident) -> $output:ident = $handler:path
            [$($field:ident $($name:literal $(by $codec:ident)?)?),*];
    )* })*) => {
        /// All of them. What they answer is told to nobody here: a request of the log was answered when it came.
        pub(super) const OPERATIONS: &[Operation] = &[$($(
            $kind(stringify!($operation), |world, input| {
                $handler(world, <$input>::from_parameters(input.0)?).map(|_answer| json!({}))
            })
            $(.$more($action))*
        ),*),*];

        $($(
            impl S3Input for $input {
                const NAME: &'static str = stringify!($operation);
                type Output = $output;

                fn parameters(&self) -> Value {
                    let mut parameters = json!({});
                    $(
                        let value = implement!(@write self.$field $($(, $codec)?)?);
                        insert(&mut parameters, &implement!(@name $field $($name)?), value);
                    )*
                    parameters
                }

                fn from_parameters(parameters: &Value) -> S3Answer<$input> {
                    let builder = <$input>::builder();
                    $(
                        let place = format!("/{}", implement!(@name $field $($name)?));
                        let value = parameters.pointer(&place).unwrap_or(&Value::Null);
                        let builder = match implement!(@read value $($(, $codec)?)?) {
                            Some(value) => builder.$field(value),
                            None => builder,
                        };
                    )*
                    builder.build().map_err(|error| AwsError::new(400, "InvalidRequest", error.to_string()))
                }

                fn carry_out(self, world: &mut World) -> S3Answer<$output> {
                    $handler(world, self)
                }
            }
        )*)*
    };
}
each_operation!(implement);

/// Carry out a request, whose parameters say whose bucket it expects.
///
/// # Errors
/// In S3's words.
pub(crate) fn answer<I: S3Input>(
    world: &mut World,
    parameters: Input<'_>,
    request: I,
) -> S3Answer<I::Output> {
    check_owner(world, parameters)?;
    request.carry_out(world)
}

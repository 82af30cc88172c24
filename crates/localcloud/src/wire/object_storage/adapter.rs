//! The store that `s3s` talks to: each operation asks the world as any other request does. A trait is implemented in
//! one place, so this file is as long as the list of S3's operations that are served; any other operation is answered
//! `NotImplemented` by the trait itself.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use serde_json::{Value, json};

use super::convert::{
    self, Fields, Given, checksum, entity_tag, flag, list, number, ranged, small, text, time, whole,
};
use crate::services::object_storage::ObjectStorage;
use crate::wire::route::Call;
use crate::wire::{Protocol, Service};
use crate::{AwsError, LocalCloud};

/// What became of a request, beside its answer.
#[derive(Default)]
pub(super) struct Exchange {
    /// Such as `PutObject`; `None` when `s3s` found none.
    pub(super) operation: Option<String>,
    /// `bucket/key`.
    pub(super) resource: Option<String>,
    /// The world's refusal, which is answered in our words.
    pub(super) refusal: Option<AwsError>,
    /// A fault keeps the answer back.
    pub(super) is_dropped: bool,
}

/// The store.
pub(super) struct Adapter {
    cloud: LocalCloud,
    caller: String,
    /// Whose bucket it has to be, where the request says so.
    expected_owner: Option<String>,
    exchange: Arc<Mutex<Exchange>>,
}

impl Adapter {
    pub(super) fn new(
        cloud: LocalCloud,
        caller: String,
        expected_owner: Option<String>,
        exchange: Arc<Mutex<Exchange>>,
    ) -> Adapter {
        Adapter { cloud, caller, expected_owner, exchange }
    }

    fn ask(&self, operation: &str, input: Fields) -> S3Result<Value> {
        self.ask_and(operation, input, |_, output| output)
    }

    /// Ask, and look at the store before anybody else changes it.
    fn ask_and<T>(
        &self,
        operation: &str,
        input: Fields,
        look: impl FnOnce(&ObjectStorage, Value) -> T,
    ) -> S3Result<T> {
        let call = Call {
            service: Service::ObjectStorage,
            operation: operation.to_owned(),
            input: input.with("ExpectedBucketOwner", self.expected_owner.as_deref()).done(),
            protocol: Protocol::RestXml,
        };
        let part = |name| call.input.get(name).and_then(Value::as_str);
        let resource = part("Bucket").map(|bucket| match part("Key") {
            Some(key) => format!("{bucket}/{key}"),
            None => bucket.to_owned(),
        });
        let answer =
            self.cloud.apply_and(&call, &self.caller, |world, output| look(&world.object_storage, output));
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.operation = Some(call.operation);
        exchange.resource = resource;
        match answer {
            Ok(Some(output)) => Ok(output),
            Ok(None) => {
                exchange.is_dropped = true;
                Err(S3ErrorCode::ServiceUnavailable.into())
            }
            Err(refusal) => {
                exchange.refusal = Some(refusal);
                Err(S3ErrorCode::InternalError.into())
            }
        }
    }

    fn put_record(&self, operation: &str, bucket: &str, record: Value) -> S3Result<()> {
        self.ask(operation, Fields::of(bucket).with("Record", Some(record))).map(drop)
    }

    fn record(&self, operation: &str, bucket: &str) -> S3Result<Option<Value>> {
        Ok(self.ask(operation, Fields::of(bucket))?.get("Record").cloned())
    }
}

fn answer<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

/// Names as a list answers them: percent-encoded when that was asked for.
fn name(text: Option<String>, encoding: Option<&EncodingType>) -> Option<String> {
    match encoding {
        Some(encoding) if encoding.as_str() == EncodingType::URL => {
            text.map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect())
        }
        Some(_) | None => text,
    }
}

fn prefixes(output: &Value, encoding: Option<&EncodingType>) -> Vec<CommonPrefix> {
    list(output, "CommonPrefixes", |prefix| CommonPrefix {
        prefix: name(prefix.as_str().map(str::to_owned), encoding),
    })
}

fn contents(output: &Value, encoding: Option<&EncodingType>) -> Vec<Object> {
    list(output, "Contents", |object| Object {
        key: name(text(object, "Key"), encoding),
        last_modified: time(object, "LastModified"),
        e_tag: entity_tag(object),
        size: number(object, "Size"),
        storage_class: text(object, "StorageClass").map(ObjectStorageClass::from),
        ..Object::default()
    })
}

/// The fields that a `PutObject` and its like say about an object.
macro_rules! said_about_object {
    ($fields:expr, $input:expr) => {
        $fields
            .with("ContentType", $input.content_type)
            .with("CacheControl", $input.cache_control)
            .with("ContentDisposition", $input.content_disposition)
            .with("ContentEncoding", $input.content_encoding)
            .with("ContentLanguage", $input.content_language)
            .with("Expires", $input.expires.as_ref().and_then(convert::moment))
            .with("StorageClass", $input.storage_class.as_ref().map(StorageClass::as_str))
            .with("Metadata", $input.metadata.map(convert::metadata))
            .with("Tags", $input.tagging.as_deref().map(convert::tags_of_header))
    };
}

/// The checksums that came with a body.
macro_rules! given {
    ($input:expr) => {
        Given {
            md5: $input.content_md5.clone(),
            crc32: $input.checksum_crc32.clone(),
            crc32c: $input.checksum_crc32c.clone(),
            crc64nvme: $input.checksum_crc64nvme.clone(),
            sha1: $input.checksum_sha1.clone(),
            sha256: $input.checksum_sha256.clone(),
        }
    };
}

/// What `GetObject` and `HeadObject` both answer; only the body differs.
macro_rules! object_answer {
    ($kind:ident, $found:expr, $checks:expr, $($more:tt)*) => {{
        let found = &$found;
        let sum = |name| checksum(found, name).filter(|_| $checks);
        $kind {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: text(found, "CacheControl"),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            content_disposition: text(found, "ContentDisposition"),
            content_encoding: text(found, "ContentEncoding"),
            content_language: text(found, "ContentLanguage"),
            content_type: text(found, "ContentType").or_else(|| Some("binary/octet-stream".to_owned())),
            e_tag: entity_tag(found),
            expires: time(found, "Expires"),
            last_modified: time(found, "LastModified"),
            metadata: convert::metadata_back(found),
            storage_class: text(found, "StorageClass").filter(|class| class != "STANDARD").map(StorageClass::from),
            version_id: text(found, "VersionId"),
            $($more)*
            ..$kind::default()
        }
    }};
}

fn wants_checksums(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

/// An object is given as a whole: one that was put in parts has forgotten them.
fn check_part(number: Option<i32>) -> S3Result<()> {
    match number {
        None | Some(1) => Ok(()),
        Some(_) => Err(S3Error::with_message(
            S3ErrorCode::InvalidRange,
            "The requested partnumber is not satisfiable",
        )),
    }
}

#[async_trait]
impl S3 for Adapter {
    async fn list_buckets(
        &self,
        req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let input = req.input;
        let fields = Fields::empty()
            .with("Prefix", input.prefix.clone())
            .with("ContinuationToken", input.continuation_token)
            .with("MaxBuckets", input.max_buckets);
        let output = self.ask("ListBuckets", fields)?;
        let owner = output.get("Owner").map(|owner| Owner { id: text(owner, "ID"), display_name: None });
        let buckets = list(&output, "Buckets", |bucket| Bucket {
            name: text(bucket, "Name"),
            creation_date: time(bucket, "CreationDate"),
            bucket_region: text(bucket, "BucketRegion"),
        });
        answer(ListBucketsOutput {
            buckets: Some(buckets),
            continuation_token: text(&output, "ContinuationToken"),
            owner,
            prefix: input.prefix,
        })
    }

    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let constraint = req.input.create_bucket_configuration.and_then(|made| made.location_constraint);
        let fields = Fields::of(&req.input.bucket)
            .with("LocationConstraint", constraint.as_ref().map(BucketLocationConstraint::as_str));
        let output = self.ask("CreateBucket", fields)?;
        answer(CreateBucketOutput { location: text(&output, "Location") })
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let output = self.ask("HeadBucket", Fields::of(&req.input.bucket))?;
        answer(HeadBucketOutput { bucket_region: text(&output, "BucketRegion"), ..Default::default() })
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let output = self.ask("GetBucketLocation", Fields::of(&req.input.bucket))?;
        // us-east-1 is written as nothing at all.
        let region = text(&output, "BucketRegion").filter(|region| region != "us-east-1");
        answer(GetBucketLocationOutput { location_constraint: region.map(BucketLocationConstraint::from) })
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.ask("DeleteBucket", Fields::of(&req.input.bucket))?;
        Ok(S3Response::with_status(DeleteBucketOutput {}, http::StatusCode::NO_CONTENT))
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        let status = req.input.versioning_configuration.status;
        let fields =
            Fields::of(&req.input.bucket).with("Status", status.as_ref().map(BucketVersioningStatus::as_str));
        self.ask("PutBucketVersioning", fields)?;
        answer(PutBucketVersioningOutput::default())
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let output = self.ask("GetBucketVersioning", Fields::of(&req.input.bucket))?;
        let status = text(&output, "Status").map(BucketVersioningStatus::from);
        answer(GetBucketVersioningOutput { status, ..Default::default() })
    }

    async fn put_bucket_tagging(
        &self,
        req: S3Request<PutBucketTaggingInput>,
    ) -> S3Result<S3Response<PutBucketTaggingOutput>> {
        let record = json!({"Tags": convert::tags(&req.input.tagging.tag_set)});
        self.put_record("PutBucketTagging", &req.input.bucket, record)?;
        Ok(S3Response::with_status(PutBucketTaggingOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn get_bucket_tagging(
        &self,
        req: S3Request<GetBucketTaggingInput>,
    ) -> S3Result<S3Response<GetBucketTaggingOutput>> {
        let record = self.record("GetBucketTagging", &req.input.bucket)?.unwrap_or_default();
        answer(GetBucketTaggingOutput { tag_set: convert::tags_back(&record, "Tags") })
    }

    async fn delete_bucket_tagging(
        &self,
        req: S3Request<DeleteBucketTaggingInput>,
    ) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
        self.ask("DeleteBucketTagging", Fields::of(&req.input.bucket))?;
        Ok(S3Response::with_status(DeleteBucketTaggingOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn put_bucket_encryption(
        &self,
        req: S3Request<PutBucketEncryptionInput>,
    ) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
        let rules = req.input.server_side_encryption_configuration.rules;
        let rules = rules.iter().map(|rule| {
            let default = rule.apply_server_side_encryption_by_default.as_ref();
            json!({
                "SSEAlgorithm": default.map(|default| default.sse_algorithm.as_str()),
                "KMSMasterKeyID": default.and_then(|default| default.kms_master_key_id.as_deref()),
                "BucketKeyEnabled": rule.bucket_key_enabled,
            })
        });
        let record = json!({"Rules": rules.collect::<Vec<_>>()});
        self.put_record("PutBucketEncryption", &req.input.bucket, record)?;
        answer(PutBucketEncryptionOutput::default())
    }

    async fn get_bucket_encryption(
        &self,
        req: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        let record = self.record("GetBucketEncryption", &req.input.bucket)?;
        // Every bucket is encrypted with S3's own keys unless something else was put
        // (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>).
        let usual = || json!({"Rules": [{"SSEAlgorithm": "AES256", "BucketKeyEnabled": false}]});
        let rules = list(&record.unwrap_or_else(usual), "Rules", |rule| ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: text(rule, "SSEAlgorithm").map(|algorithm| {
                ServerSideEncryptionByDefault {
                    sse_algorithm: ServerSideEncryption::from(algorithm),
                    kms_master_key_id: text(rule, "KMSMasterKeyID"),
                }
            }),
            bucket_key_enabled: flag(rule, "BucketKeyEnabled"),
        });
        answer(GetBucketEncryptionOutput {
            server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration { rules }),
        })
    }

    async fn delete_bucket_encryption(
        &self,
        req: S3Request<DeleteBucketEncryptionInput>,
    ) -> S3Result<S3Response<DeleteBucketEncryptionOutput>> {
        self.ask("DeleteBucketEncryption", Fields::of(&req.input.bucket))?;
        Ok(S3Response::with_status(DeleteBucketEncryptionOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn put_bucket_policy(
        &self,
        req: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<S3Response<PutBucketPolicyOutput>> {
        self.put_record("PutBucketPolicy", &req.input.bucket, json!({"Policy": req.input.policy}))?;
        Ok(S3Response::with_status(PutBucketPolicyOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn get_bucket_policy(
        &self,
        req: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        let record = self.record("GetBucketPolicy", &req.input.bucket)?.unwrap_or_default();
        answer(GetBucketPolicyOutput { policy: text(&record, "Policy") })
    }

    async fn delete_bucket_policy(
        &self,
        req: S3Request<DeleteBucketPolicyInput>,
    ) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
        self.ask("DeleteBucketPolicy", Fields::of(&req.input.bucket))?;
        Ok(S3Response::with_status(DeleteBucketPolicyOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn get_bucket_policy_status(
        &self,
        req: S3Request<GetBucketPolicyStatusInput>,
    ) -> S3Result<S3Response<GetBucketPolicyStatusOutput>> {
        let output = self.ask("GetBucketPolicyStatus", Fields::of(&req.input.bucket))?;
        let status = PolicyStatus { is_public: flag(&output, "IsPublic") };
        answer(GetBucketPolicyStatusOutput { policy_status: Some(status) })
    }

    async fn get_bucket_acl(
        &self,
        req: S3Request<GetBucketAclInput>,
    ) -> S3Result<S3Response<GetBucketAclOutput>> {
        let output = self.ask("GetBucketAcl", Fields::of(&req.input.bucket))?;
        let id = text(&output, "Owner");
        let grantee = Grantee {
            display_name: None,
            email_address: None,
            id: id.clone(),
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        };
        let permission = Some(Permission::from_static(Permission::FULL_CONTROL));
        answer(GetBucketAclOutput {
            grants: Some(vec![Grant { grantee: Some(grantee), permission }]),
            owner: Some(Owner { id, display_name: None }),
        })
    }

    async fn put_bucket_lifecycle_configuration(
        &self,
        req: S3Request<PutBucketLifecycleConfigurationInput>,
    ) -> S3Result<S3Response<PutBucketLifecycleConfigurationOutput>> {
        let rules = req.input.lifecycle_configuration.map(|configuration| configuration.rules);
        let record = json!({"Rules": convert::kept(&rules)?});
        self.put_record("PutBucketLifecycleConfiguration", &req.input.bucket, record)?;
        answer(PutBucketLifecycleConfigurationOutput::default())
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        req: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> S3Result<S3Response<GetBucketLifecycleConfigurationOutput>> {
        let record = self.record("GetBucketLifecycleConfiguration", &req.input.bucket)?.unwrap_or_default();
        let rules = convert::given_back(&record, "Rules")?;
        answer(GetBucketLifecycleConfigurationOutput { rules, ..Default::default() })
    }

    async fn delete_bucket_lifecycle(
        &self,
        req: S3Request<DeleteBucketLifecycleInput>,
    ) -> S3Result<S3Response<DeleteBucketLifecycleOutput>> {
        self.ask("DeleteBucketLifecycle", Fields::of(&req.input.bucket))?;
        Ok(S3Response::with_status(DeleteBucketLifecycleOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn put_object_lock_configuration(
        &self,
        req: S3Request<PutObjectLockConfigurationInput>,
    ) -> S3Result<S3Response<PutObjectLockConfigurationOutput>> {
        let record = json!({"Configuration": convert::kept(&req.input.object_lock_configuration)?});
        self.put_record("PutObjectLockConfiguration", &req.input.bucket, record)?;
        answer(PutObjectLockConfigurationOutput::default())
    }

    async fn get_object_lock_configuration(
        &self,
        req: S3Request<GetObjectLockConfigurationInput>,
    ) -> S3Result<S3Response<GetObjectLockConfigurationOutput>> {
        let record = self.record("GetObjectLockConfiguration", &req.input.bucket)?.unwrap_or_default();
        let object_lock_configuration = convert::given_back(&record, "Configuration")?;
        answer(GetObjectLockConfigurationOutput { object_lock_configuration })
    }

    async fn put_public_access_block(
        &self,
        req: S3Request<PutPublicAccessBlockInput>,
    ) -> S3Result<S3Response<PutPublicAccessBlockOutput>> {
        let block = req.input.public_access_block_configuration;
        let record = json!({
            "BlockPublicAcls": block.block_public_acls,
            "BlockPublicPolicy": block.block_public_policy,
            "IgnorePublicAcls": block.ignore_public_acls,
            "RestrictPublicBuckets": block.restrict_public_buckets,
        });
        self.put_record("PutPublicAccessBlock", &req.input.bucket, record)?;
        answer(PutPublicAccessBlockOutput::default())
    }

    async fn get_public_access_block(
        &self,
        req: S3Request<GetPublicAccessBlockInput>,
    ) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
        let record = self.record("GetPublicAccessBlock", &req.input.bucket)?.unwrap_or_default();
        let block = PublicAccessBlockConfiguration {
            block_public_acls: flag(&record, "BlockPublicAcls"),
            block_public_policy: flag(&record, "BlockPublicPolicy"),
            ignore_public_acls: flag(&record, "IgnorePublicAcls"),
            restrict_public_buckets: flag(&record, "RestrictPublicBuckets"),
        };
        answer(GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) })
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        let given = given!(input);
        let body = whole(input.body).await?;
        let checksums = given.check(&body)?;
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key))
            .with("Body", Some(convert::base64(&body)))
            .with("IfMatch", input.if_match.as_ref().map(convert::condition))
            .with("IfNoneMatch", input.if_none_match.as_ref().map(convert::condition))
            .with("Checksums", Some(checksums));
        let output = self.ask("PutObject", said_about_object!(fields, input))?;
        answer(PutObjectOutput {
            e_tag: entity_tag(&output),
            version_id: text(&output, "VersionId"),
            checksum_crc32: given.crc32,
            checksum_crc32c: given.crc32c,
            checksum_crc64nvme: given.crc64nvme,
            checksum_sha1: given.sha1,
            checksum_sha256: given.sha256,
            ..Default::default()
        })
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        check_part(input.part_number)?;
        let (bucket, key, version) = (&input.bucket, &input.key, input.version_id.as_deref());
        let fields = Fields::of(bucket)
            .with("Key", Some(key.as_str()))
            .with("VersionId", version)
            .with("IfMatch", input.if_match.as_ref().map(convert::condition))
            .with("IfNoneMatch", input.if_none_match.as_ref().map(convert::condition));
        // The bytes needn't go through the tree.
        let (found, body) = self.ask_and("GetObject", fields, |store, output| {
            (output, store.body(bucket, key, version).cloned().unwrap_or_default())
        })?;
        let (part, content_range) = ranged(&body, input.range.as_ref())?;
        let status = content_range.as_ref().map(|_| http::StatusCode::PARTIAL_CONTENT);
        // A checksum is of the whole object.
        let checks = content_range.is_none() && wants_checksums(input.checksum_mode.as_ref());
        let output = object_answer!(GetObjectOutput, found, checks,
            content_length: i64::try_from(part.len()).ok(),
            content_range,
            tag_count: small(&found, "TagCount").filter(|count| *count > 0),
            body: Some(StreamingBlob::from(s3s::Body::from(part))),
        );
        let mut response = S3Response::new(output);
        response.status = status;
        Ok(response)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        check_part(input.part_number)?;
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key))
            .with("VersionId", input.version_id)
            .with("IfMatch", input.if_match.as_ref().map(convert::condition))
            .with("IfNoneMatch", input.if_none_match.as_ref().map(convert::condition));
        let found = self.ask("HeadObject", fields)?;
        let checks = wants_checksums(input.checksum_mode.as_ref());
        answer(
            object_answer!(HeadObjectOutput, found, checks, content_length: number(&found, "ContentLength"),),
        )
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let fields = Fields::of(&req.input.bucket)
            .with("Key", Some(req.input.key))
            .with("VersionId", req.input.version_id);
        let output = self.ask("DeleteObject", fields)?;
        let output = DeleteObjectOutput {
            delete_marker: flag(&output, "DeleteMarker"),
            version_id: text(&output, "VersionId"),
            ..Default::default()
        };
        Ok(S3Response::with_status(output, http::StatusCode::NO_CONTENT))
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let Delete { objects, quiet } = req.input.delete;
        let objects: Value =
            objects.iter().map(|one| json!({"Key": one.key, "VersionId": one.version_id})).collect();
        let output =
            self.ask("DeleteObjects", Fields::of(&req.input.bucket).with("Objects", Some(objects)))?;
        let deleted = list(&output, "Deleted", |one| DeletedObject {
            key: text(one, "Key"),
            version_id: text(one, "VersionId"),
            delete_marker: flag(one, "DeleteMarker"),
            delete_marker_version_id: text(one, "DeleteMarkerVersionId"),
        });
        let errors = list(&output, "Errors", |one| Error {
            key: text(one, "Key"),
            code: text(one, "Code"),
            message: text(one, "Message"),
            version_id: None,
        });
        answer(DeleteObjectsOutput {
            deleted: Some(deleted).filter(|_| quiet != Some(true)),
            errors: Some(errors),
            ..Default::default()
        })
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key))
            .with("CopySource", Some(convert::copy_source(&input.copy_source)?))
            .with("MetadataDirective", input.metadata_directive.as_ref().map(MetadataDirective::as_str))
            .with("TaggingDirective", input.tagging_directive.as_ref().map(TaggingDirective::as_str));
        let output = self.ask("CopyObject", said_about_object!(fields, input))?;
        let result = CopyObjectResult {
            e_tag: entity_tag(&output),
            last_modified: time(&output, "LastModified"),
            ..Default::default()
        };
        answer(CopyObjectOutput {
            copy_object_result: Some(result),
            version_id: text(&output, "VersionId"),
            ..Default::default()
        })
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let fields = Fields::of(&req.input.bucket)
            .with("Key", Some(req.input.key))
            .with("VersionId", req.input.version_id)
            .with("Tags", Some(convert::tags(&req.input.tagging.tag_set)));
        self.ask("PutObjectTagging", fields)?;
        answer(PutObjectTaggingOutput::default())
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let fields = Fields::of(&req.input.bucket)
            .with("Key", Some(req.input.key))
            .with("VersionId", req.input.version_id);
        let output = self.ask("GetObjectTagging", fields)?;
        answer(GetObjectTaggingOutput { tag_set: convert::tags_back(&output, "Tags"), version_id: None })
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket)
            .with("Prefix", input.prefix)
            .with("Delimiter", input.delimiter)
            .with("Marker", input.marker.clone())
            .with("MaxKeys", input.max_keys);
        let output = self.ask("ListObjects", fields)?;
        let encoding = input.encoding_type.as_ref();
        answer(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: name(text(&output, "Prefix"), encoding),
            delimiter: name(text(&output, "Delimiter"), encoding),
            marker: name(input.marker, encoding),
            max_keys: small(&output, "MaxKeys"),
            is_truncated: flag(&output, "IsTruncated"),
            next_marker: name(text(&output, "NextContinuationToken"), encoding),
            contents: Some(contents(&output, encoding)),
            common_prefixes: Some(prefixes(&output, encoding)),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket)
            .with("Prefix", input.prefix)
            .with("Delimiter", input.delimiter)
            .with("ContinuationToken", input.continuation_token.clone())
            .with("StartAfter", input.start_after.clone())
            .with("MaxKeys", input.max_keys);
        let output = self.ask("ListObjectsV2", fields)?;
        let encoding = input.encoding_type.as_ref();
        answer(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: name(text(&output, "Prefix"), encoding),
            delimiter: name(text(&output, "Delimiter"), encoding),
            start_after: name(input.start_after, encoding),
            continuation_token: input.continuation_token,
            max_keys: small(&output, "MaxKeys"),
            key_count: small(&output, "KeyCount"),
            is_truncated: flag(&output, "IsTruncated"),
            next_continuation_token: text(&output, "NextContinuationToken"),
            contents: Some(contents(&output, encoding)),
            common_prefixes: Some(prefixes(&output, encoding)),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket)
            .with("Prefix", input.prefix)
            .with("Delimiter", input.delimiter)
            .with("KeyMarker", input.key_marker.clone())
            .with("VersionIdMarker", input.version_id_marker.clone())
            .with("MaxKeys", input.max_keys);
        let output = self.ask("ListObjectVersions", fields)?;
        let encoding = input.encoding_type.as_ref();
        let versions = list(&output, "Versions", |version| ObjectVersion {
            key: name(text(version, "Key"), encoding),
            version_id: text(version, "VersionId"),
            is_latest: flag(version, "IsLatest"),
            last_modified: time(version, "LastModified"),
            e_tag: entity_tag(version),
            size: number(version, "Size"),
            storage_class: text(version, "StorageClass").map(ObjectVersionStorageClass::from),
            ..Default::default()
        });
        let markers = list(&output, "DeleteMarkers", |version| DeleteMarkerEntry {
            key: name(text(version, "Key"), encoding),
            version_id: text(version, "VersionId"),
            is_latest: flag(version, "IsLatest"),
            last_modified: time(version, "LastModified"),
            ..Default::default()
        });
        answer(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: name(text(&output, "Prefix"), encoding),
            delimiter: name(text(&output, "Delimiter"), encoding),
            key_marker: name(input.key_marker, encoding),
            version_id_marker: input.version_id_marker,
            max_keys: small(&output, "MaxKeys"),
            is_truncated: flag(&output, "IsTruncated"),
            next_key_marker: name(text(&output, "NextKeyMarker"), encoding),
            next_version_id_marker: text(&output, "NextVersionIdMarker"),
            versions: Some(versions),
            delete_markers: Some(markers),
            common_prefixes: Some(prefixes(&output, encoding)),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket).with("Key", Some(input.key));
        let output = self.ask("CreateMultipartUpload", said_about_object!(fields, input))?;
        answer(CreateMultipartUploadOutput {
            bucket: text(&output, "Bucket"),
            key: text(&output, "Key"),
            upload_id: text(&output, "UploadId"),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: input.checksum_type,
            ..Default::default()
        })
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = req.input;
        let given = given!(input);
        let body: Bytes = whole(input.body).await?;
        given.check(&body)?;
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key))
            .with("UploadId", Some(input.upload_id))
            .with("PartNumber", Some(input.part_number))
            .with("Body", Some(convert::base64(&body)));
        let output = self.ask("UploadPart", fields)?;
        answer(UploadPartOutput {
            e_tag: entity_tag(&output),
            checksum_crc32: given.crc32,
            checksum_crc32c: given.crc32c,
            checksum_crc64nvme: given.crc64nvme,
            checksum_sha1: given.sha1,
            checksum_sha256: given.sha256,
            ..Default::default()
        })
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key))
            .with("UploadId", Some(input.upload_id))
            .with("PartNumber", Some(input.part_number))
            .with("CopySource", Some(convert::copy_source(&input.copy_source)?))
            .with("CopySourceRange", input.copy_source_range);
        let output = self.ask("UploadPartCopy", fields)?;
        let result = CopyPartResult {
            e_tag: entity_tag(&output),
            last_modified: time(&output, "LastModified"),
            ..Default::default()
        };
        answer(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() })
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts: Value = parts
            .iter()
            .map(|part| json!({"PartNumber": part.part_number, "ETag": part.e_tag.as_ref().map(ETag::value)}))
            .collect();
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key))
            .with("UploadId", Some(input.upload_id))
            .with("IfMatch", input.if_match.as_ref().map(convert::condition))
            .with("IfNoneMatch", input.if_none_match.as_ref().map(convert::condition))
            .with("Parts", Some(parts));
        let output = self.ask("CompleteMultipartUpload", fields)?;
        answer(CompleteMultipartUploadOutput {
            bucket: text(&output, "Bucket"),
            key: text(&output, "Key"),
            location: text(&output, "Location"),
            e_tag: entity_tag(&output),
            version_id: text(&output, "VersionId"),
            ..Default::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let fields = Fields::of(&req.input.bucket)
            .with("Key", Some(req.input.key))
            .with("UploadId", Some(req.input.upload_id));
        self.ask("AbortMultipartUpload", fields)?;
        Ok(S3Response::with_status(AbortMultipartUploadOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket)
            .with("Key", Some(input.key.as_str()))
            .with("UploadId", Some(input.upload_id.as_str()))
            .with("MaxParts", input.max_parts)
            .with("PartNumberMarker", input.part_number_marker);
        let output = self.ask("ListParts", fields)?;
        let parts = list(&output, "Parts", |part| Part {
            part_number: small(part, "PartNumber"),
            e_tag: entity_tag(part),
            size: number(part, "Size"),
            last_modified: time(part, "LastModified"),
            ..Default::default()
        });
        answer(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            max_parts: small(&output, "MaxParts"),
            part_number_marker: small(&output, "PartNumberMarker"),
            next_part_number_marker: small(&output, "NextPartNumberMarker"),
            is_truncated: flag(&output, "IsTruncated"),
            parts: Some(parts),
            ..Default::default()
        })
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = req.input;
        let fields = Fields::of(&input.bucket).with("Prefix", input.prefix.clone());
        let output = self.ask("ListMultipartUploads", fields)?;
        let encoding = input.encoding_type.as_ref();
        let uploads = list(&output, "Uploads", |upload| MultipartUpload {
            key: name(text(upload, "Key"), encoding),
            upload_id: text(upload, "UploadId"),
            initiated: time(upload, "Initiated"),
            ..Default::default()
        });
        answer(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: name(input.prefix, encoding),
            is_truncated: Some(false),
            uploads: Some(uploads),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }
}

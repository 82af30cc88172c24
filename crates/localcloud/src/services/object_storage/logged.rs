//! How the parameters of S3's requests stand in the log.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use s3s::dto::*;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// What a parameter of this type is written as. `Null` is not written.
pub(super) trait Logged: Sized {
    fn write(&self) -> Value;

    /// `None` when it isn't such a value.
    fn read(value: &Value) -> Option<Self>;
}

/// `key_marker` is `KeyMarker` in the API reference.
pub(super) fn name_of(field: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    };
    field.split('_').map(word).collect()
}

/// Put a value where a path such as `Record/Tags` says.
pub(super) fn insert(parameters: &mut Value, path: &str, value: Value) {
    if !value.is_null() {
        *path.split('/').fold(parameters, |place, name| &mut place[name]) = value;
    }
}

impl<T: Logged> Logged for Option<T> {
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn read(value: &Value) -> Option<Option<T>> {
        Some(if value.is_null() { None } else { T::read(value) })
    }
}

/// As the type itself says.
macro_rules! by_serde {
    ($($type:ty),*) => { $(
        impl Logged for $type {
            fn write(&self) -> Value {
                serde_json::to_value(self).unwrap_or_default()
            }

            fn read(value: &Value) -> Option<$type> {
                serde_json::from_value(value.clone()).ok()
            }
        }
    )* };
}
by_serde!(String, i32, StorageClass, ObjectLockConfiguration);

/// As text.
macro_rules! by_text {
    ($($type:ty),*) => { $(
        impl Logged for $type {
            fn write(&self) -> Value {
                json!(self.as_str())
            }

            fn read(value: &Value) -> Option<$type> {
                Some(<$type>::from(String::read(value)?))
            }
        }
    )* };
}
by_text!(MetadataDirective, TaggingDirective);

/// Written as another value, and made from that.
macro_rules! as_other {
    ($($type:ty: |$this:ident| $write:expr, |$value:ident| $read:expr;)*) => { $(
        impl Logged for $type {
            fn write(&self) -> Value {
                let $this = self;
                json!($write)
            }

            fn read($value: &Value) -> Option<$type> {
                $read
            }
        }
    )* };
}
as_other! {
    // The log has it from the body as it was received: a stream can't be read twice.
    StreamingBlob: |_body| Value::Null, |value| {
        let body = STANDARD.decode(value.as_str()?).ok()?;
        Some(s3s::Body::from(Bytes::from(body)).into())
    };
    ETagCondition: |condition| condition.as_etag().map_or("*", ETag::value), |value| {
        Some(match value.as_str()? {
            "*" => ETagCondition::Any,
            tag => ETagCondition::ETag(ETag::Strong(tag.to_owned())),
        })
    };
    // Milliseconds since 1970.
    Timestamp: |time| milliseconds(time), |value| {
        let nanoseconds = i128::from(value.as_i64()?).checked_mul(1_000_000)?;
        Some(OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?.into())
    };
    // In the order of their names: a map of s3s has none, and the log must not depend on chance.
    Metadata: |metadata| metadata.iter().collect::<std::collections::BTreeMap<_, _>>(), |value| {
        let fields = value.as_object()?.iter();
        Some(fields.filter_map(|(name, value)| Some((name.clone(), String::read(value)?))).collect())
    };
    Tagging: |tagging| tags(&tagging.tag_set), |value| Some(Tagging { tag_set: tags_back(value) });
    CreateBucketConfiguration: |made| made.location_constraint, |value| {
        let location_constraint = Some(String::read(value)?.into());
        Some(CreateBucketConfiguration { location_constraint, ..Default::default() })
    };
    VersioningConfiguration: |made| made.status, |value| {
        let status = String::read(value).map(BucketVersioningStatus::from);
        Some(VersioningConfiguration { status, ..Default::default() })
    };
    BucketLifecycleConfiguration: |made| made.rules, |value| {
        Some(BucketLifecycleConfiguration { rules: serde_json::from_value(value.clone()).ok()? })
    };
    ServerSideEncryptionConfiguration: |made| each(&made.rules, |rule| {
        let default = rule.apply_server_side_encryption_by_default.as_ref();
        json!({
            "SSEAlgorithm": default.map(|default| default.sse_algorithm.as_str()),
            "KMSMasterKeyID": default.and_then(|default| default.kms_master_key_id.as_deref()),
            "BucketKeyEnabled": rule.bucket_key_enabled,
        })
    }), |value| Some(ServerSideEncryptionConfiguration { rules: list(value, |rule| {
        let by_default = text(rule, "SSEAlgorithm").map(|algorithm| ServerSideEncryptionByDefault {
            sse_algorithm: algorithm.into(),
            kms_master_key_id: text(rule, "KMSMasterKeyID"),
        });
        let bucket_key_enabled = flag(rule, "BucketKeyEnabled");
        Some(ServerSideEncryptionRule { apply_server_side_encryption_by_default: by_default, bucket_key_enabled })
    }) });
    PublicAccessBlockConfiguration: |block| json!({
        "BlockPublicAcls": block.block_public_acls,
        "BlockPublicPolicy": block.block_public_policy,
        "IgnorePublicAcls": block.ignore_public_acls,
        "RestrictPublicBuckets": block.restrict_public_buckets,
    }), |value| Some(PublicAccessBlockConfiguration {
        block_public_acls: flag(value, "BlockPublicAcls"),
        block_public_policy: flag(value, "BlockPublicPolicy"),
        ignore_public_acls: flag(value, "IgnorePublicAcls"),
        restrict_public_buckets: flag(value, "RestrictPublicBuckets"),
    });
    CopySource: |source| match source {
        CopySource::Bucket { bucket, key, version_id } => {
            json!({"Bucket": bucket, "Key": key, "VersionId": version_id})
        }
        // Refused before anything else is done.
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => Value::Null,
    }, |value| Some(CopySource::Bucket {
        bucket: text(value, "Bucket")?.into(),
        key: text(value, "Key")?.into(),
        version_id: text(value, "VersionId").map(Into::into),
    });
    // How much of the answer is wanted changes nothing in the world.
    Delete: |delete| each(&delete.objects, |one| json!({"Key": one.key, "VersionId": one.version_id})), |value| {
        let objects = list(value, |one| Some(ObjectIdentifier {
            key: text(one, "Key").unwrap_or_default(),
            version_id: text(one, "VersionId"),
            ..Default::default()
        }));
        Some(Delete { objects, quiet: None })
    };
    CompletedMultipartUpload: |upload| each(upload.parts.iter().flatten(), |part| {
        json!({"PartNumber": part.part_number, "ETag": part.e_tag.as_ref().map(ETag::value)})
    }), |value| Some(CompletedMultipartUpload { parts: Some(list(value, |part| Some(CompletedPart {
        part_number: part.get("PartNumber").and_then(i32::read),
        e_tag: text(part, "ETag").map(ETag::Strong),
        ..Default::default()
    }))) });
}

/// The header `x-amz-tagging` (`a=b&c=d`), which is written as every list of tags is.
pub(super) mod header_tags {
    use s3s::dto::{Tag, TaggingHeader};
    use serde_json::Value;

    pub(crate) fn parse(header: &str) -> Vec<Tag> {
        let pairs = form_urlencoded::parse(header.as_bytes());
        pairs.map(|(key, value)| Tag { key: Some(key.into()), value: Some(value.into()) }).collect()
    }

    pub(crate) fn write(header: &Option<TaggingHeader>) -> Value {
        header.as_deref().map_or(Value::Null, |header| super::tags(&parse(header)))
    }

    pub(crate) fn read(value: &Value) -> Option<Option<TaggingHeader>> {
        let tags = super::tags_back(value).into_iter();
        let pairs = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
        let header = || form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Some(value.is_array().then(header))
    }
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(time: &Timestamp) -> i64 {
    let nanoseconds = OffsetDateTime::from(time.clone()).unix_timestamp_nanos();
    i64::try_from(nanoseconds.div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

fn tags(tags: &[Tag]) -> Value {
    each(tags, |tag| json!({"Key": tag.key, "Value": tag.value}))
}

fn tags_back(value: &Value) -> Vec<Tag> {
    list(value, |tag| Some(Tag { key: text(tag, "Key"), value: text(tag, "Value") }))
}

fn each<'a, T: 'a>(items: impl IntoIterator<Item = &'a T>, write: impl Fn(&T) -> Value) -> Value {
    items.into_iter().map(write).collect()
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    value.as_array().into_iter().flatten().filter_map(read).collect()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(String::read)
}

fn flag(value: &Value, name: &str) -> Option<bool> {
    value.get(name)?.as_bool()
}

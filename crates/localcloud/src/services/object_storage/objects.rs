//! Objects and their versions.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use s3s::dto::*;

use super::{
    Bucket, Object, S3Answer, Version, Versioning, bucket, bucket_mut, checked_key, malformed, md5_hex,
    no_such_bucket, no_such_key, tag, time, whole,
};
use crate::{AwsError, World};

/// What is kept of an object beside its bytes, as it was put.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) expires: Option<Timestamp>,
    pub(super) storage_class: Option<StorageClass>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: Vec<Tag>,
    /// Those that came with the bytes.
    pub(super) checksums: Checksum,
}

/// The checksums that came with a body.
macro_rules! checksums {
    ($input:expr) => {
        s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32.clone(),
            checksum_crc32c: $input.checksum_crc32c.clone(),
            checksum_crc64nvme: $input.checksum_crc64nvme.clone(),
            checksum_sha1: $input.checksum_sha1.clone(),
            checksum_sha256: $input.checksum_sha256.clone(),
            checksum_type: None,
        }
    };
}
pub(crate) use checksums;

/// An answer with an object's checksums.
macro_rules! with_checksums {
    ($kind:ident, $checksums:expr, $($more:tt)*) => {{
        let checksums: Checksum = $checksums;
        $kind {
            checksum_crc32: checksums.checksum_crc32,
            checksum_crc32c: checksums.checksum_crc32c,
            checksum_crc64nvme: checksums.checksum_crc64nvme,
            checksum_sha1: checksums.checksum_sha1,
            checksum_sha256: checksums.checksum_sha256,
            $($more)*
            ..$kind::default()
        }
    }};
}
pub(super) use with_checksums;

/// What a `PutObject` and its like say about an object.
macro_rules! settings {
    ($input:expr) => {
        $crate::services::object_storage::objects::Settings {
            content_type: $input.content_type,
            cache_control: $input.cache_control,
            content_disposition: $input.content_disposition,
            content_encoding: $input.content_encoding,
            content_language: $input.content_language,
            expires: $input.expires,
            storage_class: $input.storage_class,
            metadata: $input.metadata.into_iter().flatten().collect(),
            tags: $input
                .tagging
                .as_deref()
                .map($crate::services::object_storage::logged::header_tags::parse)
                .unwrap_or_default(),
            checksums: Checksum::default(),
        }
    };
}
pub(super) use settings;

/// Make this the object's latest version; gives its id where the bucket has versions.
pub(super) fn store(
    world: &mut World,
    bucket_name: &str,
    key: &str,
    object: Option<Object>,
) -> S3Answer<Option<String>> {
    let modified = world.now;
    let bucket = world.object_storage.buckets.get_mut(bucket_name).ok_or_else(no_such_bucket)?;
    let id = match bucket.versioning {
        Versioning::Never | Versioning::Suspended => "null".to_owned(),
        Versioning::Enabled => world.identities.alphanumeric(&format!("version {bucket_name}/{key}"), 32),
    };
    let versions = bucket.objects.entry(key.to_owned()).or_default();
    // There is one version named null at most, and the new one takes its place.
    versions.retain(|version| version.id != id);
    versions.push(Version { id: id.clone(), modified, object });
    Ok((bucket.versioning != Versioning::Never).then_some(id))
}

fn condition_failed() -> AwsError {
    AwsError::new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

fn fits(condition: &ETagCondition, object: &Object) -> bool {
    condition.as_etag().is_none_or(|tag| tag.value() == object.entity_tag)
}

/// `If-Match` and `If-None-Match` of a write; the latter "expects the '*' (asterisk) character"
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>), as tag it isn't implemented there either.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
pub(super) fn check_write(
    current: Option<&Object>,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Answer<()> {
    match (if_match, current) {
        (Some(_), None) => return Err(no_such_key()),
        (Some(wanted), Some(object)) if !fits(wanted, object) => return Err(condition_failed()),
        (Some(_), Some(_)) | (None, _) => {}
    }
    match (if_none_match, current) {
        (Some(ETagCondition::Any), Some(_)) => Err(condition_failed()),
        (Some(ETagCondition::Any) | None, _) => Ok(()),
        (Some(ETagCondition::ETag(_)), _) => Err(AwsError::new(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )),
    }
}

pub(super) fn put(world: &mut World, input: PutObjectInput) -> S3Answer<PutObjectOutput> {
    let key = checked_key(&input.key)?;
    let current = bucket(world, &input.bucket)?.current(key);
    check_write(current, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let checksums = checksums!(input);
    let body = whole(input.body)?;
    // S3's tag of an object that was put at once is its MD5
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
    let entity_tag = md5_hex(&body);
    let settings = Settings { checksums: checksums.clone(), ..settings!(input) };
    let object = Object { body, entity_tag: entity_tag.clone(), settings };
    let version_id = store(world, &input.bucket, key, Some(object))?;
    Ok(with_checksums!(PutObjectOutput, checksums, e_tag: tag(entity_tag), version_id,))
}

/// The version that a request names, or the latest; a delete marker is refused.
fn find<'b>(bucket: &'b Bucket, key: &str, named: Option<&str>) -> S3Answer<(&'b Version, &'b Object)> {
    let versions = bucket.objects.get(checked_key(key)?);
    let version = match named {
        None => versions.and_then(|versions| versions.last()).ok_or_else(no_such_key)?,
        Some(id) => {
            let found = versions.and_then(|versions| versions.iter().find(|version| version.id == id));
            found
                .ok_or_else(|| AwsError::new(404, "NoSuchVersion", "The specified version does not exist."))?
        }
    };
    match (&version.object, named) {
        (Some(object), _) => Ok((version, object)),
        (None, None) => Err(no_such_key()),
        (None, Some(_)) => Err(AwsError::new(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )),
    }
}

/// `If-Match` and `If-None-Match` of a read.
fn check_read(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Answer<()> {
    if if_match.is_some_and(|wanted| !fits(wanted, object)) {
        return Err(condition_failed());
    }
    if if_none_match.is_some_and(|unwanted| fits(unwanted, object)) {
        return Err(AwsError::new(304, "NotModified", "Not Modified"));
    }
    Ok(())
}

/// An object is given as a whole: one that was put in parts has forgotten them.
fn check_part(number: Option<i32>) -> S3Answer<()> {
    match number {
        None | Some(1) => Ok(()),
        Some(_) => Err(AwsError::new(416, "InvalidRange", "The requested partnumber is not satisfiable")),
    }
}

/// What `GetObject` and `HeadObject` both answer; only the body differs.
macro_rules! object_answer {
    ($kind:ident, $bucket:expr, $version:expr, $object:expr, $checks:expr, $($more:tt)*) => {{
        let settings = &$object.settings;
        let checksums = if $checks { settings.checksums.clone() } else { Checksum::default() };
        with_checksums!($kind, checksums,
            accept_ranges: Some("bytes".to_owned()),
            cache_control: settings.cache_control.clone(),
            content_disposition: settings.content_disposition.clone(),
            content_encoding: settings.content_encoding.clone(),
            content_language: settings.content_language.clone(),
            content_type: settings.content_type.clone().or_else(|| Some("binary/octet-stream".to_owned())),
            e_tag: tag($object.entity_tag.clone()),
            expires: settings.expires.clone(),
            last_modified: time($version.modified),
            metadata: Some(settings.metadata.clone().into_iter().collect()),
            storage_class: settings.storage_class.clone().filter(|class| class.as_str() != StorageClass::STANDARD),
            version_id: ($bucket.versioning != Versioning::Never).then(|| $version.id.clone()),
            $($more)*
        )
    }};
}

fn wants_checksums(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

pub(super) fn get(world: &World, input: GetObjectInput) -> S3Answer<GetObjectOutput> {
    check_part(input.part_number)?;
    let bucket = bucket(world, &input.bucket)?;
    let (version, object) = find(bucket, &input.key, input.version_id.as_deref())?;
    check_read(object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let (part, content_range) = ranged(&object.body, input.range.as_ref())?;
    // A checksum is of the whole object.
    let checks = content_range.is_none() && wants_checksums(input.checksum_mode.as_ref());
    Ok(object_answer!(GetObjectOutput, bucket, version, object, checks,
        content_length: i64::try_from(part.len()).ok(),
        content_range,
        tag_count: i32::try_from(object.settings.tags.len()).ok().filter(|count| *count > 0),
        body: Some(s3s::Body::from(part).into()),
    ))
}

pub(super) fn head(world: &World, input: HeadObjectInput) -> S3Answer<HeadObjectOutput> {
    check_part(input.part_number)?;
    let bucket = bucket(world, &input.bucket)?;
    let (version, object) = find(bucket, &input.key, input.version_id.as_deref())?;
    check_read(object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let checks = wants_checksums(input.checksum_mode.as_ref());
    Ok(object_answer!(HeadObjectOutput, bucket, version, object, checks,
        content_length: i64::try_from(object.body.len()).ok(),
    ))
}

/// The bytes that a range asks for, and how the answer names them.
fn ranged(body: &Bytes, range: Option<&Range>) -> S3Answer<(Bytes, Option<String>)> {
    let Some(range) = range else { return Ok((body.clone(), None)) };
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let place = range.check(length).ok().and_then(|place| {
        let (from, to) = (usize::try_from(place.start).ok()?, usize::try_from(place.end).ok()?);
        (from < to && to <= body.len()).then_some((from, to))
    });
    match place {
        Some((from, to)) => Ok((body.slice(from..to), Some(format!("bytes {from}-{}/{length}", to - 1)))),
        None => Err(AwsError::new(416, "InvalidRange", "The requested range is not satisfiable")),
    }
}

pub(super) fn delete(world: &mut World, input: DeleteObjectInput) -> S3Answer<DeleteObjectOutput> {
    remove(world, &input.bucket, &input.key, input.version_id)
}

/// Without a version the latest is covered by a delete marker, where the bucket has versions; a named version goes
/// for good.
fn remove(
    world: &mut World,
    bucket_name: &str,
    key: &str,
    named: Option<String>,
) -> S3Answer<DeleteObjectOutput> {
    let key = checked_key(key)?;
    let bucket = bucket_mut(world, bucket_name)?;
    let (delete_marker, version_id) = match named {
        None if bucket.versioning == Versioning::Never => {
            bucket.objects.remove(key);
            (None, None)
        }
        None => (Some(true), store(world, bucket_name, key, None)?),
        Some(id) => {
            let mut was_marker = false;
            if let Some(versions) = bucket.objects.get_mut(key) {
                was_marker = versions.iter().any(|version| version.id == id && version.object.is_none());
                versions.retain(|version| version.id != id);
                if versions.is_empty() {
                    bucket.objects.remove(key);
                }
            }
            (was_marker.then_some(true), Some(id))
        }
    };
    Ok(DeleteObjectOutput { delete_marker, version_id, ..Default::default() })
}

pub(super) fn delete_many(world: &mut World, input: DeleteObjectsInput) -> S3Answer<DeleteObjectsOutput> {
    bucket(world, &input.bucket)?;
    let Delete { objects, quiet } = input.delete;
    if objects.len() > 1000 {
        return Err(malformed());
    }
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for ObjectIdentifier { key, version_id, .. } in objects {
        match remove(world, &input.bucket, &key, version_id.clone()) {
            Ok(DeleteObjectOutput { delete_marker, version_id: marker, .. }) => deleted.push(DeletedObject {
                key: Some(key),
                version_id,
                delete_marker,
                delete_marker_version_id: marker.filter(|_| delete_marker == Some(true)),
            }),
            Err(AwsError { code, message, .. }) => errors.push(Error {
                key: Some(key),
                code: Some(code),
                message: Some(message),
                version_id: None,
            }),
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: Some(deleted).filter(|_| quiet != Some(true)),
        errors: Some(errors),
        ..Default::default()
    })
}

/// The source of a copy.
pub(super) fn source<'w>(world: &'w World, source: &CopySource) -> S3Answer<&'w Object> {
    match source {
        CopySource::Bucket { bucket: name, key, version_id } => {
            find(bucket(world, name)?, key, version_id.as_deref()).map(|(_, object)| object)
        }
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => Err(AwsError::new(
            501,
            "NotImplemented",
            "Access points and outposts are not served in this local cloud",
        )),
    }
}

pub(super) fn copy(world: &mut World, input: CopyObjectInput) -> S3Answer<CopyObjectOutput> {
    let key = checked_key(&input.key)?;
    bucket(world, &input.bucket)?;
    let Object { body, settings: old, .. } = source(world, &input.copy_source)?.clone();
    let directive = input.metadata_directive.as_ref();
    let replaces = directive.is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let directive = input.tagging_directive.as_ref();
    let replaces_tags = directive.is_some_and(|directive| directive.as_str() == TaggingDirective::REPLACE);
    let given = settings!(input);
    // Checksums are of the bytes, whatever is said about them; the storage class is the request's.
    let settings = Settings {
        checksums: old.checksums.clone(),
        storage_class: given.storage_class.clone(),
        tags: if replaces_tags { given.tags.clone() } else { old.tags.clone() },
        ..if replaces { given } else { old.clone() }
    };
    let is_itself = matches!(&input.copy_source, CopySource::Bucket { bucket, key: from, .. }
        if **bucket == *input.bucket && **from == *key);
    if is_itself && settings == old && !replaces {
        return Err(AwsError::new(
            400,
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    // Copied at once, so its tag is the MD5, also of what was uploaded in parts.
    let entity_tag = md5_hex(&body);
    let object = Object { body, entity_tag: entity_tag.clone(), settings };
    let version_id = store(world, &input.bucket, key, Some(object))?;
    let result =
        CopyObjectResult { e_tag: tag(entity_tag), last_modified: time(world.now), ..Default::default() };
    Ok(CopyObjectOutput { copy_object_result: Some(result), version_id, ..Default::default() })
}

pub(super) fn put_tags(world: &mut World, input: PutObjectTaggingInput) -> S3Answer<PutObjectTaggingOutput> {
    let bucket = bucket_mut(world, &input.bucket)?;
    let id = find(bucket, &input.key, input.version_id.as_deref())?.0.id.clone();
    let versions = bucket.objects.get_mut(&input.key).into_iter().flatten();
    for version in versions.filter(|version| version.id == id) {
        if let Some(object) = &mut version.object {
            object.settings.tags.clone_from(&input.tagging.tag_set);
        }
    }
    Ok(PutObjectTaggingOutput::default())
}

pub(super) fn get_tags(world: &World, input: GetObjectTaggingInput) -> S3Answer<GetObjectTaggingOutput> {
    let (_, object) = find(bucket(world, &input.bucket)?, &input.key, input.version_id.as_deref())?;
    Ok(GetObjectTaggingOutput { tag_set: object.settings.tags.clone(), version_id: None })
}

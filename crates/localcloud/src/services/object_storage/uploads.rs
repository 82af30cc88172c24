//! Objects that come in parts.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};
use s3s::dto::*;

use super::listing::Naming;
use super::objects::{Settings, check_write, checksums, settings, source, store, with_checksums};
use super::{Object, S3Answer, bucket, checked_key, md5_hex, tag, time, whole};
use crate::{AwsError, Timestamp, World};

/// "Part numbers: 1 to 10,000 (inclusive)", "Part size: 5 MiB to 5 GiB. There is no minimum size limit on the last
/// part" (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MOST_PARTS: i32 = 10_000;
pub(super) const LEAST_PART_BYTES: usize = 5 * 1024 * 1024;

/// An upload that is under way.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub(super) bucket: String,
    key: String,
    begun: Timestamp,
    settings: Settings,
    parts: BTreeMap<i32, Part>,
}

#[derive(Debug, Clone)]
struct Part {
    body: Bytes,
    entity_tag: String,
    modified: Timestamp,
}

fn no_such_upload() -> AwsError {
    AwsError::new(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
         completed.",
    )
}

/// The upload of a request, which must be of its bucket and key.
fn upload<'w>(world: &'w World, name: &str, key: &str, id: &str) -> S3Answer<&'w Upload> {
    bucket(world, name)?;
    let upload = world.object_storage.uploads.get(id);
    upload.filter(|upload| upload.bucket == name && upload.key == key).ok_or_else(no_such_upload)
}

pub(super) fn create(
    world: &mut World,
    input: CreateMultipartUploadInput,
) -> S3Answer<CreateMultipartUploadOutput> {
    let key = checked_key(&input.key)?;
    bucket(world, &input.bucket)?;
    let id = world.identities.alphanumeric(&format!("upload {}/{key}", input.bucket), 32);
    let upload = Upload {
        bucket: input.bucket.clone(),
        key: key.to_owned(),
        begun: world.now,
        settings: settings!(input),
        parts: BTreeMap::new(),
    };
    world.object_storage.uploads.insert(id.clone(), upload);
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        ..Default::default()
    })
}

/// Gives the part's tag.
fn keep_part(
    world: &mut World,
    (name, key, id): (&str, &str, &str),
    number: i32,
    body: Bytes,
) -> S3Answer<Option<ETag>> {
    upload(world, name, key, id)?;
    if !(1..=MOST_PARTS).contains(&number) {
        return Err(AwsError::new(
            400,
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
        ));
    }
    let (entity_tag, modified) = (md5_hex(&body), world.now);
    let upload = world.object_storage.uploads.get_mut(id).ok_or_else(no_such_upload)?;
    upload.parts.insert(number, Part { body, entity_tag: entity_tag.clone(), modified });
    Ok(tag(entity_tag))
}

pub(super) fn put_part(world: &mut World, input: UploadPartInput) -> S3Answer<UploadPartOutput> {
    let body = whole(input.body)?;
    let upload = (&*input.bucket, &*input.key, &*input.upload_id);
    let e_tag = keep_part(world, upload, input.part_number, body)?;
    Ok(with_checksums!(UploadPartOutput, checksums!(input), e_tag,))
}

pub(super) fn copy_part(world: &mut World, input: UploadPartCopyInput) -> S3Answer<UploadPartCopyOutput> {
    let whole = &source(world, &input.copy_source)?.body;
    let invalid = || {
        AwsError::new(
            400,
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )
    };
    let body = match &input.copy_source_range {
        None => whole.clone(),
        Some(range) => {
            let (first, last) =
                range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(invalid)?;
            let first: usize = first.parse().map_err(|_| invalid())?;
            let end = last.parse::<usize>().ok().and_then(|last| last.checked_add(1)).ok_or_else(invalid)?;
            if first >= end || end > whole.len() {
                return Err(invalid());
            }
            whole.slice(first..end)
        }
    };
    let upload = (&*input.bucket, &*input.key, &*input.upload_id);
    let result = CopyPartResult {
        e_tag: keep_part(world, upload, input.part_number, body)?,
        last_modified: time(world.now),
        ..Default::default()
    };
    Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() })
}

/// The parts named, in their order, become the object.
pub(super) fn complete(
    world: &mut World,
    input: CompleteMultipartUploadInput,
) -> S3Answer<CompleteMultipartUploadOutput> {
    let (name, key) = (&input.bucket, checked_key(&input.key)?);
    let upload = upload(world, name, key, &input.upload_id)?;
    let current = bucket(world, name)?.current(key);
    check_write(current, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let asked = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if asked.is_empty() {
        return Err(AwsError::new(400, "MalformedXML", "You must specify at least one part"));
    }
    let mut whole = BytesMut::new();
    let mut digests = Md5::new();
    let numbers: Vec<i32> = asked.iter().map(|part| part.part_number.unwrap_or_default()).collect();
    if !numbers.is_sorted_by(|one, next| one < next) {
        return Err(AwsError::new(
            400,
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ));
    }
    for (place, (number, part)) in numbers.iter().zip(&asked).enumerate() {
        let tag = part.e_tag.as_ref().map(ETag::value);
        let kept = upload.parts.get(number).filter(|kept| tag == Some(kept.entity_tag.as_str()));
        let kept = kept.ok_or_else(|| {
            AwsError::new(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the \
                 specified entity tag may not match the part's entity tag.",
            )
        })?;
        if kept.body.len() < LEAST_PART_BYTES && place + 1 < asked.len() {
            return Err(AwsError::new(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            ));
        }
        digests.update(Md5::digest(&kept.body));
        whole.extend_from_slice(&kept.body);
    }
    // The MD5 of the parts' MD5s, and their number, as every client knows it from S3.
    let entity_tag = format!("{}-{}", hex::encode(digests.finalize()), asked.len());
    let object =
        Object { body: whole.freeze(), entity_tag: entity_tag.clone(), settings: upload.settings.clone() };
    let version_id = store(world, name, key, Some(object))?;
    world.object_storage.uploads.remove(&input.upload_id);
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("https://{name}.s3.{}.amazonaws.com/{key}", world.config.region)),
        e_tag: tag(entity_tag),
        version_id,
        key: Some(key.to_owned()),
        bucket: Some(input.bucket),
        ..Default::default()
    })
}

pub(super) fn abort(
    world: &mut World,
    input: AbortMultipartUploadInput,
) -> S3Answer<AbortMultipartUploadOutput> {
    upload(world, &input.bucket, &input.key, &input.upload_id)?;
    world.object_storage.uploads.remove(&input.upload_id);
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) fn list_parts(world: &World, input: ListPartsInput) -> S3Answer<ListPartsOutput> {
    let upload = upload(world, &input.bucket, &input.key, &input.upload_id)?;
    let most = super::at_most(input.max_parts, "MaxParts", 1000)?;
    let after = input.part_number_marker.unwrap_or_default();
    let mut rest = upload.parts.iter().filter(|(number, _)| **number > after);
    let parts: Vec<s3s::dto::Part> = rest
        .by_ref()
        .take(most)
        .map(|(number, part)| s3s::dto::Part {
            part_number: Some(*number),
            e_tag: tag(part.entity_tag.clone()),
            size: i64::try_from(part.body.len()).ok(),
            last_modified: time(part.modified),
            ..Default::default()
        })
        .collect();
    let is_truncated = rest.next().is_some();
    Ok(ListPartsOutput {
        max_parts: i32::try_from(most).ok(),
        part_number_marker: Some(after),
        is_truncated: Some(is_truncated),
        next_part_number_marker: parts.last().and_then(|part| part.part_number).filter(|_| is_truncated),
        parts: Some(parts),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        ..Default::default()
    })
}

/// Without pages: whoever has a thousand uploads under way here has forgotten them.
pub(super) fn list(world: &World, input: ListMultipartUploadsInput) -> S3Answer<ListMultipartUploadsOutput> {
    bucket(world, &input.bucket)?;
    let naming = Naming(input.encoding_type.as_ref());
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let mut uploads: Vec<(&String, &Upload)> = world
        .object_storage
        .uploads
        .iter()
        .filter(|(_, upload)| upload.bucket == input.bucket && upload.key.starts_with(prefix))
        .collect();
    uploads.sort_by(|a, b| (&a.1.key, a.1.begun, a.0).cmp(&(&b.1.key, b.1.begun, b.0)));
    let uploads = uploads.iter().map(|(id, upload)| MultipartUpload {
        key: naming.write(&upload.key),
        upload_id: Some((*id).clone()),
        initiated: time(upload.begun),
        ..Default::default()
    });
    Ok(ListMultipartUploadsOutput {
        is_truncated: Some(false),
        uploads: Some(uploads.collect()),
        prefix: input.prefix.as_deref().and_then(|prefix| naming.write(prefix)),
        bucket: Some(input.bucket),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

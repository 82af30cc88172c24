//! Multipart uploads. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::objects::{body, check_write, settings, source, store};
use super::{Object, bucket, bucket_name, key, md5_hex};
use crate::{AwsError, Input, Timestamp, World};

/// "Part numbers: 1 to 10,000 (inclusive)", "Part size: 5 MiB to 5 GiB. There is no minimum size limit on the last
/// part" (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MOST_PARTS: i64 = 10_000;
pub(super) const LEAST_PART_BYTES: usize = 5 * 1024 * 1024;

/// An upload that is under way.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) bucket: String,
    key: String,
    begun: Timestamp,
    settings: Value,
    parts: BTreeMap<i64, Part>,
}

#[derive(Debug)]
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
fn upload<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Upload, AwsError> {
    bucket(world, input)?;
    let upload = input.string("UploadId").and_then(|id| world.object_storage.uploads.get(id));
    upload
        .filter(|upload| {
            Some(upload.bucket.as_str()) == input.string("Bucket")
                && Some(upload.key.as_str()) == input.string("Key")
        })
        .ok_or_else(no_such_upload)
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (bucket_name, key) = (bucket_name(input)?, key(input)?);
    bucket(world, input)?;
    let id = world.identities.alphanumeric(&format!("upload {bucket_name}/{key}"), 32);
    let upload = Upload {
        bucket: bucket_name.to_owned(),
        key: key.to_owned(),
        begun: world.now,
        settings: settings(input),
        parts: BTreeMap::new(),
    };
    world.object_storage.uploads.insert(id.clone(), upload);
    Ok(json!({"Bucket": bucket_name, "Key": key, "UploadId": id}))
}

fn keep_part(world: &mut World, input: Input<'_>, body: Bytes) -> Result<Value, AwsError> {
    upload(world, input)?;
    let number = input.integer("PartNumber")?.unwrap_or_default();
    if !(1..=MOST_PARTS).contains(&number) {
        return Err(AwsError::new(
            400,
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
        ));
    }
    let (entity_tag, modified) = (md5_hex(&body), world.now);
    let id = input.required_string("UploadId")?;
    let upload = world.object_storage.uploads.get_mut(id).ok_or_else(no_such_upload)?;
    upload.parts.insert(number, Part { body, entity_tag: entity_tag.clone(), modified });
    Ok(json!({"ETag": entity_tag, "LastModified": modified.0}))
}

pub(super) fn put_part(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let body = body(input)?;
    keep_part(world, input, body)
}

pub(super) fn copy_part(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let whole = &source(world, input)?.body;
    let invalid = || {
        AwsError::new(
            400,
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )
    };
    let body = match input.string("CopySourceRange") {
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
    keep_part(world, input, body)
}

/// The parts named, in their order, become the object.
pub(super) fn complete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let upload = upload(world, input)?;
    check_write(world, input)?;
    let asked: Vec<Input<'_>> = input.objects("Parts").collect();
    if asked.is_empty() {
        return Err(AwsError::new(400, "MalformedXML", "You must specify at least one part"));
    }
    let mut whole = BytesMut::new();
    let mut digests = Md5::new();
    let mut numbers = Vec::new();
    for part in &asked {
        numbers.push(part.integer("PartNumber")?.unwrap_or_default());
    }
    if !numbers.is_sorted_by(|one, next| one < next) {
        return Err(AwsError::new(
            400,
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ));
    }
    for (place, (number, part)) in numbers.iter().zip(&asked).enumerate() {
        let tag = part.string("ETag");
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
    let (name, key) = (bucket_name(input)?, key(input)?);
    let version = store(world, name, key, Some(object))?;
    world.object_storage.uploads.remove(input.required_string("UploadId")?);
    Ok(json!({
        "Bucket": name,
        "Key": key,
        "ETag": entity_tag,
        "VersionId": version,
        "Location": format!("https://{name}.s3.{}.amazonaws.com/{key}", world.config.region),
    }))
}

pub(super) fn abort(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    upload(world, input)?;
    world.object_storage.uploads.remove(input.required_string("UploadId")?);
    Ok(json!({}))
}

pub(super) fn list_parts(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let upload = upload(world, input)?;
    let most = super::at_most(input, "MaxParts", 1000)?;
    let after = input.integer("PartNumberMarker")?.unwrap_or_default();
    let mut rest = upload.parts.iter().filter(|(number, _)| **number > after);
    let page: Vec<Value> = rest
        .by_ref()
        .take(most)
        .map(|(number, part)| {
            json!({
                "PartNumber": number,
                "ETag": part.entity_tag,
                "Size": part.body.len(),
                "LastModified": part.modified.0,
            })
        })
        .collect();
    let is_truncated = rest.next().is_some();
    let next = page.last().and_then(|part| part.get("PartNumber")).filter(|_| is_truncated);
    Ok(json!({
        "MaxParts": most,
        "PartNumberMarker": after,
        "IsTruncated": is_truncated,
        "NextPartNumberMarker": next,
        "Parts": page,
    }))
}

/// Without pages: whoever has a thousand uploads under way here has forgotten them.
pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    bucket(world, input)?;
    let name = bucket_name(input)?;
    let prefix = input.string("Prefix").unwrap_or_default();
    let mut uploads: Vec<(&String, &Upload)> = world
        .object_storage
        .uploads
        .iter()
        .filter(|(_, upload)| upload.bucket == name && upload.key.starts_with(prefix))
        .collect();
    uploads.sort_by(|a, b| (&a.1.key, a.1.begun, a.0).cmp(&(&b.1.key, b.1.begun, b.0)));
    let uploads = uploads
        .iter()
        .map(|(id, upload)| json!({"Key": upload.key, "UploadId": id, "Initiated": upload.begun.0}));
    Ok(json!({"Uploads": uploads.collect::<Vec<_>>()}))
}

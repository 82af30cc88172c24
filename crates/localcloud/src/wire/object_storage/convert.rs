//! Between `s3s`'s types and the world's JSON tree.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::checksum::ChecksumHasher;
use s3s::dto::{
    CopySource, ETag, ETagCondition, Metadata, Range, StreamingBlob, Tag, Timestamp, TimestampFormat,
};
use s3s::{S3Error, S3ErrorCode, S3Result};
use serde_json::{Map, Value, json};

use crate::service::LARGEST_BODY_BYTES;

/// An object of parameters as it grows.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn empty() -> Fields {
        Fields(Map::new())
    }

    pub(super) fn of(bucket: &str) -> Fields {
        Fields::empty().with("Bucket", Some(bucket))
    }

    /// `None` adds nothing.
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Fields {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Milliseconds since 1970; `None` before, or when it isn't a time that can be written.
pub(super) fn moment(value: &Timestamp) -> Option<Value> {
    let mut written = Vec::new();
    value.format(TimestampFormat::EpochSeconds, &mut written).ok()?;
    let seconds = std::str::from_utf8(&written).ok()?.split('.').next()?.parse::<u64>().ok()?;
    Some(json!(seconds.saturating_mul(1000)))
}

pub(super) fn condition(condition: &ETagCondition) -> Value {
    match condition {
        ETagCondition::Any => json!("*"),
        ETagCondition::ETag(tag) => json!(tag.value()),
    }
}

pub(super) fn metadata(metadata: Metadata) -> Value {
    // In the order of their names: a map of s3s has none, and the log must not depend on chance.
    let sorted: std::collections::BTreeMap<String, String> = metadata.into_iter().collect();
    json!(sorted)
}

/// `a=b&c=d`, as the header `x-amz-tagging` has it.
pub(super) fn tags_of_header(header: &str) -> Value {
    form_urlencoded::parse(header.as_bytes())
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}

pub(super) fn tags(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| json!({"Key": tag.key, "Value": tag.value})).collect()
}

pub(super) fn tags_back(output: &Value, field: &str) -> Vec<Tag> {
    list(output, field, |tag| Tag { key: text(tag, "Key"), value: text(tag, "Value") })
}

pub(super) fn copy_source(source: &CopySource) -> S3Result<Value> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            Ok(json!({"Bucket": bucket, "Key": key, "VersionId": version_id}))
        }
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => Err(S3Error::with_message(
            S3ErrorCode::NotImplemented,
            "Access points and outposts are not served in this local cloud",
        )),
    }
}

/// Checksums that came with a body.
#[derive(Default)]
pub(super) struct Given {
    pub(super) md5: Option<String>,
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
}

impl Given {
    /// Whether they are the body's; gives what is kept with the object.
    pub(super) fn check(&self, body: &Bytes) -> S3Result<Value> {
        if let Some(given) = &self.md5
            && *given != STANDARD.encode(Md5::digest(body))
        {
            return Err(S3Error::with_message(
                S3ErrorCode::BadDigest,
                "The Content-MD5 you specified did not match what we received.",
            ));
        }
        let mut hasher = ChecksumHasher {
            crc32: self.crc32.as_ref().map(|_| Default::default()),
            crc32c: self.crc32c.as_ref().map(|_| Default::default()),
            crc64nvme: self.crc64nvme.as_ref().map(|_| Default::default()),
            sha1: self.sha1.as_ref().map(|_| Default::default()),
            sha256: self.sha256.as_ref().map(|_| Default::default()),
        };
        hasher.update(body);
        let ours = hasher.finalize();
        let mut kept = Map::new();
        for (name, given, ours) in [
            ("CRC32", &self.crc32, ours.checksum_crc32),
            ("CRC32C", &self.crc32c, ours.checksum_crc32c),
            ("CRC64NVME", &self.crc64nvme, ours.checksum_crc64nvme),
            ("SHA1", &self.sha1, ours.checksum_sha1),
            ("SHA256", &self.sha256, ours.checksum_sha256),
        ] {
            if *given != ours {
                return Err(S3Error::with_message(
                    S3ErrorCode::BadDigest,
                    format!("The {name} you specified did not match the calculated checksum."),
                ));
            }
            if let Some(sum) = ours {
                kept.insert(name.to_owned(), json!(sum));
            }
        }
        Ok(Value::Object(kept))
    }
}

/// A configuration as the world keeps it, in the words of `s3s`: nothing here looks into it.
pub(super) fn kept(configuration: &impl serde::Serialize) -> S3Result<Value> {
    serde_json::to_value(configuration).map_err(S3Error::internal_error)
}

/// What [`kept`] has made of it.
pub(super) fn given_back<T: serde::de::DeserializeOwned>(record: &Value, field: &str) -> S3Result<T> {
    let kept = record.get(field).cloned().unwrap_or_default();
    serde_json::from_value(kept).map_err(S3Error::internal_error)
}

/// How a body is written in the tree.
pub(super) fn base64(body: &[u8]) -> String {
    STANDARD.encode(body)
}

/// The whole body; it is in memory already.
pub(super) async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    match body {
        None => Ok(Bytes::new()),
        Some(blob) => s3s::Body::from(blob)
            .store_all_limited(LARGEST_BODY_BYTES)
            .await
            .map_err(|_| S3ErrorCode::IncompleteBody.into()),
    }
}

/// The bytes that a range asks for, and how the answer names them.
pub(super) fn ranged(body: &Bytes, range: Option<&Range>) -> S3Result<(Bytes, Option<String>)> {
    let Some(range) = range else { return Ok((body.clone(), None)) };
    let whole = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let unsatisfiable =
        || S3Error::with_message(S3ErrorCode::InvalidRange, "The requested range is not satisfiable");
    let wanted = range.check(whole).map_err(|_| unsatisfiable())?;
    let (Ok(from), Ok(to)) = (usize::try_from(wanted.start), usize::try_from(wanted.end)) else {
        return Err(unsatisfiable());
    };
    if from >= to || to > body.len() {
        return Err(unsatisfiable());
    }
    Ok((body.slice(from..to), Some(format!("bytes {from}-{}/{whole}", to - 1))))
}

pub(super) fn text(output: &Value, field: &str) -> Option<String> {
    output.get(field)?.as_str().map(str::to_owned)
}

pub(super) fn flag(output: &Value, field: &str) -> Option<bool> {
    output.get(field)?.as_bool()
}

pub(super) fn number(output: &Value, field: &str) -> Option<i64> {
    output.get(field)?.as_i64()
}

pub(super) fn small(output: &Value, field: &str) -> Option<i32> {
    number(output, field).and_then(|number| i32::try_from(number).ok())
}

pub(super) fn entity_tag(output: &Value) -> Option<ETag> {
    text(output, "ETag").map(ETag::Strong)
}

pub(super) fn time(output: &Value, field: &str) -> Option<Timestamp> {
    let milliseconds = output.get(field)?.as_u64()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds)).map(Timestamp::from)
}

pub(super) fn list<T>(output: &Value, field: &str, of: impl Fn(&Value) -> T) -> Vec<T> {
    output.get(field).and_then(Value::as_array).into_iter().flatten().map(of).collect()
}

pub(super) fn checksum(output: &Value, name: &str) -> Option<String> {
    text(output.get("Checksums")?, name)
}

pub(super) fn metadata_back(output: &Value) -> Option<Metadata> {
    let entries = output.get("Metadata")?.as_object()?;
    Some(
        entries.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect(),
    )
}

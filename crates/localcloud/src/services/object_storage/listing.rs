//! Lists of objects and of their versions, page by page.

use s3s::dto::*;

use super::{Bucket, Object, S3Answer, Version, bucket, tag, time};
use crate::World;

/// What folders a list into common prefixes.
struct Folding<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
}

impl<'a> Folding<'a> {
    fn new(prefix: Option<&'a str>, delimiter: Option<&'a str>) -> Folding<'a> {
        Folding {
            prefix: prefix.unwrap_or_default(),
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
        }
    }

    /// The common prefix a key is folded into.
    fn common(&self, key: &str) -> Option<String> {
        let rest = key.get(self.prefix.len()..)?;
        let delimiter = self.delimiter?;
        let end = rest.find(delimiter)? + delimiter.len();
        Some(format!("{}{}", self.prefix, rest.get(..end)?))
    }
}

/// How a list's answer writes names: percent-encoded when that was asked for.
pub(super) struct Naming<'a>(pub(super) Option<&'a EncodingType>);

impl Naming<'_> {
    pub(super) fn write(&self, name: &str) -> Option<String> {
        Some(match self.0 {
            Some(encoding) if encoding.as_str() == EncodingType::URL => {
                form_urlencoded::byte_serialize(name.as_bytes()).collect()
            }
            Some(_) | None => name.to_owned(),
        })
    }

    fn prefixes(&self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        Some(prefixes.iter().map(|prefix| CommonPrefix { prefix: self.write(prefix) }).collect())
    }
}

/// A part of the list of a bucket's latest versions.
struct Page {
    contents: Vec<s3s::dto::Object>,
    prefixes: Vec<String>,
    most: usize,
    /// The last key, where others follow.
    next: Option<String>,
}

fn page(
    bucket: &Bucket,
    folding: &Folding<'_>,
    after: Option<&str>,
    most: Option<i32>,
    naming: &Naming<'_>,
) -> S3Answer<Page> {
    let most = super::at_most(most, "MaxKeys", 1000)?;
    let mut contents = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    let mut last = None;
    let mut truncated = false;
    for (key, version, object) in bucket.objects.iter().filter_map(latest) {
        if !key.starts_with(folding.prefix) || after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        let common = folding.common(key);
        if common.is_some() && (prefixes.last() == common.as_ref() || common.as_deref() == after) {
            last = Some(key.clone());
            continue;
        }
        if contents.len() + prefixes.len() >= most {
            truncated = most > 0;
            break;
        }
        last = Some(key.clone());
        match common {
            Some(folder) => prefixes.push(folder),
            None => contents.push(s3s::dto::Object {
                key: naming.write(key),
                last_modified: time(version.modified),
                e_tag: tag(object.entity_tag.clone()),
                size: i64::try_from(object.body.len()).ok(),
                storage_class: Some(storage_class(object).to_owned().into()),
                ..Default::default()
            }),
        }
    }
    Ok(Page { contents, prefixes, most, next: last.filter(|_| truncated) })
}

fn latest<'b>(
    (key, versions): (&'b String, &'b Vec<Version>),
) -> Option<(&'b String, &'b Version, &'b Object)> {
    let version = versions.last()?;
    Some((key, version, version.object.as_ref()?))
}

fn storage_class(object: &Object) -> &str {
    object.settings.storage_class.as_ref().map_or(StorageClass::STANDARD, StorageClass::as_str)
}

pub(super) fn objects(world: &World, input: ListObjectsInput) -> S3Answer<ListObjectsOutput> {
    let folding = Folding::new(input.prefix.as_deref(), input.delimiter.as_deref());
    let naming = Naming(input.encoding_type.as_ref());
    let bucket = bucket(world, &input.bucket)?;
    let page = page(bucket, &folding, input.marker.as_deref(), input.max_keys, &naming)?;
    Ok(ListObjectsOutput {
        prefix: naming.write(folding.prefix),
        delimiter: folding.delimiter.and_then(|delimiter| naming.write(delimiter)),
        marker: input.marker.as_deref().and_then(|marker| naming.write(marker)),
        max_keys: i32::try_from(page.most).ok(),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.and_then(|next| naming.write(&next)),
        contents: Some(page.contents),
        common_prefixes: naming.prefixes(&page.prefixes),
        name: Some(input.bucket),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(super) fn objects_v2(world: &World, input: ListObjectsV2Input) -> S3Answer<ListObjectsV2Output> {
    let folding = Folding::new(input.prefix.as_deref(), input.delimiter.as_deref());
    let naming = Naming(input.encoding_type.as_ref());
    // A token is the last key given, which is what `StartAfter` means too.
    let after = input.continuation_token.as_deref().or(input.start_after.as_deref());
    let page = page(bucket(world, &input.bucket)?, &folding, after, input.max_keys, &naming)?;
    Ok(ListObjectsV2Output {
        prefix: naming.write(folding.prefix),
        delimiter: folding.delimiter.and_then(|delimiter| naming.write(delimiter)),
        start_after: input.start_after.as_deref().and_then(|after| naming.write(after)),
        max_keys: i32::try_from(page.most).ok(),
        key_count: i32::try_from(page.contents.len() + page.prefixes.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next,
        contents: Some(page.contents),
        common_prefixes: naming.prefixes(&page.prefixes),
        name: Some(input.bucket),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

/// By key, of each the newest version first.
pub(super) fn versions(world: &World, input: ListObjectVersionsInput) -> S3Answer<ListObjectVersionsOutput> {
    let bucket = bucket(world, &input.bucket)?;
    let folding = Folding::new(input.prefix.as_deref(), input.delimiter.as_deref());
    let naming = Naming(input.encoding_type.as_ref());
    let most = super::at_most(input.max_keys, "MaxKeys", 1000)?;
    let (key_marker, version_marker) = (input.key_marker.as_deref(), input.version_id_marker.as_deref());
    let (mut versions, mut markers, mut prefixes) = (Vec::new(), Vec::new(), Vec::<String>::new());
    let mut last: Option<(&str, &str)> = None;
    let mut truncated = false;
    'keys: for (key, all) in &bucket.objects {
        let before = key_marker.is_some_and(|marker| match version_marker {
            Some(_) => key.as_str() < marker,
            None => key.as_str() <= marker,
        });
        if before || !key.starts_with(folding.prefix) {
            continue;
        }
        let mut waiting = version_marker.filter(|_| key_marker == Some(key.as_str()));
        if let Some(folder) = folding.common(key) {
            if prefixes.last() != Some(&folder) {
                if versions.len() + markers.len() + prefixes.len() >= most {
                    truncated = most > 0;
                    break 'keys;
                }
                prefixes.push(folder);
            }
            last = all.first().map(|version| (key.as_str(), version.id.as_str()));
            continue;
        }
        for (place, version) in all.iter().rev().enumerate() {
            if let Some(marker) = waiting {
                waiting = (version.id != marker).then_some(marker);
                continue;
            }
            if versions.len() + markers.len() + prefixes.len() >= most {
                truncated = most > 0;
                break 'keys;
            }
            last = Some((key, &version.id));
            let (key, version_id) = (naming.write(key), Some(version.id.clone()));
            let (is_latest, last_modified) = (Some(place == 0), time(version.modified));
            match &version.object {
                Some(object) => versions.push(ObjectVersion {
                    key,
                    version_id,
                    is_latest,
                    last_modified,
                    e_tag: tag(object.entity_tag.clone()),
                    size: i64::try_from(object.body.len()).ok(),
                    storage_class: Some(storage_class(object).to_owned().into()),
                    ..Default::default()
                }),
                None => {
                    markers.push(DeleteMarkerEntry {
                        key,
                        version_id,
                        is_latest,
                        last_modified,
                        owner: None,
                    });
                }
            }
        }
    }
    let next = last.filter(|_| truncated);
    Ok(ListObjectVersionsOutput {
        prefix: naming.write(folding.prefix),
        delimiter: folding.delimiter.and_then(|delimiter| naming.write(delimiter)),
        key_marker: key_marker.and_then(|marker| naming.write(marker)),
        max_keys: i32::try_from(most).ok(),
        is_truncated: Some(truncated),
        next_key_marker: next.and_then(|(key, _)| naming.write(key)),
        next_version_id_marker: next.map(|(_, version)| version.to_owned()),
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: naming.prefixes(&prefixes),
        name: Some(input.bucket),
        version_id_marker: input.version_id_marker,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

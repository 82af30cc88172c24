//! Lists of objects and of their versions, page by page.

use serde_json::{Value, json};

use super::{Object, Version, bucket, bucket_name};
use crate::{AwsError, Input, World};

/// What folders a list into common prefixes.
struct Folding<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
}

impl<'a> Folding<'a> {
    fn of(input: Input<'a>) -> Folding<'a> {
        Folding {
            prefix: input.string("Prefix").unwrap_or_default(),
            delimiter: input.string("Delimiter").filter(|text| !text.is_empty()),
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

pub(super) fn objects(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let bucket = bucket(world, input)?;
    let folding = Folding::of(input);
    let most = super::at_most(input, "MaxKeys", 1000)?;
    // A token is the last key given, which is what `StartAfter` (and version 1's `Marker`) means too.
    let after = ["ContinuationToken", "StartAfter", "Marker"].iter().find_map(|name| input.string(name));
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
            None => contents.push(json!({
                "Key": key,
                "LastModified": version.modified.0,
                "ETag": object.entity_tag,
                "Size": object.body.len(),
                "StorageClass": storage_class(object),
            })),
        }
    }
    Ok(json!({
        "Name": bucket_name(input)?,
        "Prefix": folding.prefix,
        "Delimiter": folding.delimiter,
        "KeyCount": contents.len() + prefixes.len(),
        "MaxKeys": most,
        "IsTruncated": truncated,
        "NextContinuationToken": last.filter(|_| truncated),
        "Contents": contents,
        "CommonPrefixes": prefixes,
    }))
}

fn latest<'w>(
    (key, versions): (&'w String, &'w Vec<Version>),
) -> Option<(&'w String, &'w Version, &'w Object)> {
    let version = versions.last()?;
    Some((key, version, version.object.as_ref()?))
}

fn storage_class(object: &Object) -> &str {
    object.settings.get("StorageClass").and_then(Value::as_str).unwrap_or("STANDARD")
}

/// By key, of each the newest version first.
pub(super) fn versions(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let bucket = bucket(world, input)?;
    let folding = Folding::of(input);
    let most = super::at_most(input, "MaxKeys", 1000)?;
    let (key_marker, version_marker) = (input.string("KeyMarker"), input.string("VersionIdMarker"));
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
            let mut entry = json!({
                "Key": key,
                "VersionId": version.id,
                "IsLatest": place == 0,
                "LastModified": version.modified.0,
            });
            match (&version.object, entry.as_object_mut()) {
                (Some(object), Some(fields)) => {
                    fields.insert("ETag".to_owned(), json!(object.entity_tag));
                    fields.insert("Size".to_owned(), json!(object.body.len()));
                    fields.insert("StorageClass".to_owned(), json!(storage_class(object)));
                    versions.push(entry);
                }
                (Some(_), None) | (None, _) => markers.push(entry),
            }
        }
    }
    let next = last.filter(|_| truncated);
    Ok(json!({
        "Name": bucket_name(input)?,
        "Prefix": folding.prefix,
        "Delimiter": folding.delimiter,
        "MaxKeys": most,
        "IsTruncated": truncated,
        "NextKeyMarker": next.map(|(key, _)| key),
        "NextVersionIdMarker": next.map(|(_, version)| version),
        "Versions": versions,
        "DeleteMarkers": markers,
        "CommonPrefixes": prefixes,
    }))
}

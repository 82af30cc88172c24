//! Objects and their versions.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    Object, Version, Versioning, bucket, bucket_mut, bucket_name, key, md5_hex, no_such_bucket, no_such_key,
};
use crate::{AwsError, Input, World};

/// What is kept of an object beside its bytes, under the API's names.
const SETTINGS: [&str; 10] = [
    "ContentType",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "Expires",
    "StorageClass",
    "Metadata",
    "Tags",
    "Checksums",
];

pub(super) fn settings(input: Input<'_>) -> Value {
    let kept = SETTINGS.iter().filter_map(|name| {
        let value = input.0.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(kept.collect())
}

pub(super) fn body(input: Input<'_>) -> Result<Bytes, AwsError> {
    let decoded = STANDARD.decode(input.string("Body").unwrap_or_default());
    decoded.map(Bytes::from).map_err(|_| AwsError::new(400, "InvalidRequest", "The body is not base64"))
}

/// Make this the object's latest version; gives its id where the bucket has versions.
pub(super) fn store(
    world: &mut World,
    bucket_name: &str,
    key: &str,
    object: Option<Object>,
) -> Result<Option<String>, AwsError> {
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

/// `If-Match` and `If-None-Match` of a write; the latter "expects the '*' (asterisk) character"
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>), as tag it isn't implemented there either.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
pub(super) fn check_write(world: &World, input: Input<'_>) -> Result<(), AwsError> {
    let current = latest(world, input).ok().and_then(|version| version.object.as_ref());
    let fits = |wanted: &str, object: &Object| wanted == "*" || wanted == object.entity_tag;
    match (input.string("IfMatch"), current) {
        (Some(_), None) => return Err(no_such_key()),
        (Some(wanted), Some(object)) if !fits(wanted, object) => return Err(condition_failed()),
        (Some(_), Some(_)) | (None, _) => {}
    }
    match (input.string("IfNoneMatch"), current) {
        (Some("*"), Some(_)) => Err(condition_failed()),
        (Some("*") | None, _) => Ok(()),
        (Some(_), _) => Err(AwsError::new(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )),
    }
}

pub(super) fn put(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let key = key(input)?;
    bucket(world, input)?;
    check_write(world, input)?;
    let body = body(input)?;
    // S3's tag of an object that was put at once is its MD5
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
    let entity_tag = md5_hex(&body);
    let object = Object { body, entity_tag: entity_tag.clone(), settings: settings(input) };
    let version = store(world, bucket_name(input)?, key, Some(object))?;
    Ok(json!({"ETag": entity_tag, "VersionId": version}))
}

fn latest<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Version, AwsError> {
    let versions = bucket(world, input)?.objects.get(key(input)?);
    versions.and_then(|versions| versions.last()).ok_or_else(no_such_key)
}

/// The version that a request names, or the latest; a delete marker is refused.
fn find<'w>(world: &'w World, input: Input<'_>) -> Result<(&'w Version, &'w Object), AwsError> {
    let version = match input.string("VersionId") {
        None => latest(world, input)?,
        Some(id) => {
            let versions = bucket(world, input)?.objects.get(key(input)?);
            let found = versions.and_then(|versions| versions.iter().find(|version| version.id == id));
            found
                .ok_or_else(|| AwsError::new(404, "NoSuchVersion", "The specified version does not exist."))?
        }
    };
    match (&version.object, input.string("VersionId")) {
        (Some(object), _) => Ok((version, object)),
        (None, None) => Err(no_such_key()),
        (None, Some(_)) => Err(AwsError::new(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )),
    }
}

/// What is known of an object; its bytes are at [`super::ObjectStorage::body`].
pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let (version, object) = find(world, input)?;
    if let Some(wanted) = input.string("IfMatch")
        && wanted != "*"
        && wanted != object.entity_tag
    {
        return Err(condition_failed());
    }
    if let Some(wanted) = input.string("IfNoneMatch")
        && (wanted == "*" || wanted == object.entity_tag)
    {
        return Err(AwsError::new(304, "NotModified", "Not Modified"));
    }
    let mut described = object.settings.as_object().cloned().unwrap_or_default();
    let has_versions = bucket(world, input)?.versioning != Versioning::Never;
    let tags = described.get("Tags").and_then(Value::as_array).map_or(0, Vec::len);
    for (name, value) in [
        ("ContentLength", json!(object.body.len())),
        ("ETag", json!(object.entity_tag)),
        ("LastModified", json!(version.modified.0)),
        ("TagCount", json!(tags)),
        ("VersionId", if has_versions { json!(version.id) } else { Value::Null }),
    ] {
        described.insert(name.to_owned(), value);
    }
    Ok(Value::Object(described))
}

/// Without a version the latest is covered by a delete marker, where the bucket has versions; a named version goes
/// for good.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let key = key(input)?;
    let (name, wanted) = (bucket_name(input)?, input.string("VersionId"));
    let bucket = bucket_mut(world, input)?;
    match wanted {
        None if bucket.versioning == Versioning::Never => {
            bucket.objects.remove(key);
            Ok(json!({}))
        }
        None => {
            let id = store(world, name, key, None)?;
            Ok(json!({"DeleteMarker": true, "VersionId": id}))
        }
        Some(id) => {
            let Some(versions) = bucket.objects.get_mut(key) else { return Ok(json!({"VersionId": id})) };
            let was_marker = versions.iter().any(|version| version.id == id && version.object.is_none());
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                bucket.objects.remove(key);
            }
            Ok(json!({"VersionId": id, "DeleteMarker": was_marker.then_some(true)}))
        }
    }
}

pub(super) fn delete_many(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = bucket_name(input)?;
    bucket(world, input)?;
    if input.objects("Objects").count() > 1000 {
        return Err(AwsError::new(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    }
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for one in input.objects("Objects") {
        let (key, version) = (one.string("Key").unwrap_or_default(), one.string("VersionId"));
        let asked = json!({"Bucket": name, "Key": key, "VersionId": version});
        match delete(world, Input(&asked)) {
            Ok(answer) => deleted.push(json!({
                "Key": key,
                "VersionId": version,
                "DeleteMarker": answer.get("DeleteMarker"),
                "DeleteMarkerVersionId": answer
                    .get("VersionId")
                    .filter(|_| answer.get("DeleteMarker").is_some_and(|marker| *marker == json!(true))),
            })),
            Err(error) => {
                errors.push(json!({"Key": key, "Code": error.code, "Message": error.message}));
            }
        }
    }
    Ok(json!({"Deleted": deleted, "Errors": errors}))
}

/// The source of a copy, as `CopySource` names it, with what is known of it.
pub(super) fn source<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Object, AwsError> {
    let source = input.object("CopySource").ok_or_else(no_such_key)?;
    find(world, source).map(|(_, object)| object)
}

pub(super) fn copy(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let key = key(input)?;
    bucket(world, input)?;
    let mut object = source(world, input)?.clone();
    let replaces = |directive: &str| input.string(directive) == Some("REPLACE");
    let given = settings(input);
    let field = |name: &str, from: &Value| from.get(name).cloned();
    let mut merged = Map::new();
    for name in SETTINGS {
        let from = match name {
            "Tags" if replaces("TaggingDirective") => &given,
            // Checksums are of the bytes, whatever is said about them; the storage class is the request's.
            "Tags" | "Checksums" => &object.settings,
            "StorageClass" => &given,
            _ if replaces("MetadataDirective") => &given,
            _ => &object.settings,
        };
        merged.extend(field(name, from).map(|value| (name.to_owned(), value)));
    }
    let is_itself = input.object("CopySource").is_some_and(|source| {
        source.string("Bucket") == input.string("Bucket") && source.string("Key") == Some(key)
    });
    if is_itself && Value::Object(merged.clone()) == object.settings && !replaces("MetadataDirective") {
        return Err(AwsError::new(
            400,
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    object.settings = Value::Object(merged);
    // Copied at once, so its tag is the MD5, also of what was uploaded in parts.
    object.entity_tag = md5_hex(&object.body);
    let entity_tag = object.entity_tag.clone();
    let modified = world.now;
    let version = store(world, bucket_name(input)?, key, Some(object))?;
    Ok(json!({"ETag": entity_tag, "LastModified": modified.0, "VersionId": version}))
}

pub(super) fn put_tags(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = find(world, input)?.0.id.clone();
    let tags = input.0.get("Tags").cloned().unwrap_or_default();
    let versions = bucket_mut(world, input)?.objects.get_mut(key(input)?).ok_or_else(no_such_key)?;
    let version = versions.iter_mut().find(|version| version.id == id);
    if let Some(fields) =
        version.and_then(|version| version.object.as_mut()).and_then(|object| object.settings.as_object_mut())
    {
        fields.insert("Tags".to_owned(), tags);
    }
    Ok(json!({}))
}

pub(super) fn get_tags(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let (_, object) = find(world, input)?;
    Ok(json!({"Tags": object.settings.get("Tags")}))
}

//! S3's operations on buckets and objects. Bodies travel as base64 in the JSON tree, so that a request can be
//! logged like any other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Bucket, Object, ObjectStorage, bucket_name};
use crate::{AwsError, Input, World};

/// Answer a request. The tree's names are those of the S3 API reference; `Body` is base64.
///
/// # Errors
/// In S3's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
    match operation {
        "ListBuckets" => Ok(list_buckets(world)),
        "CreateBucket" => create_bucket(world, input),
        "HeadBucket" | "GetBucketLocation" => {
            find_bucket(world, input)?;
            // The API says null for us-east-1; `BucketRegion` is a header.
            Ok(json!({"BucketRegion": world.config.region}))
        }
        "DeleteBucket" => delete_bucket(world, input),
        "PutObject" => put_object(world, input),
        "GetObject" => {
            let object = find_object(world, input)?;
            let mut described = describe(object);
            if let Some(fields) = described.as_object_mut() {
                fields.insert("Body".to_owned(), Value::String(STANDARD.encode(&object.body)));
            }
            Ok(described)
        }
        "HeadObject" => find_object(world, input).map(describe),
        "DeleteObject" => {
            let key = input.required_string("Key")?;
            bucket_mut(world, input)?.objects.remove(key);
            Ok(json!({}))
        }
        "ListObjects" | "ListObjectsV2" => list_objects(world, input),
        _ => Err(AwsError::new(
            501,
            "NotImplemented",
            format!(
                "A header or query you provided implies functionality that is not implemented: {operation}"
            ),
        )),
    }
}

fn find_bucket<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Bucket, AwsError> {
    world.object_storage.buckets.get(bucket_name(input)?).ok_or_else(no_such_bucket)
}

fn bucket_mut<'w>(world: &'w mut World, input: Input<'_>) -> Result<&'w mut Bucket, AwsError> {
    world.object_storage.buckets.get_mut(bucket_name(input)?).ok_or_else(no_such_bucket)
}

fn find_object<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Object, AwsError> {
    find_bucket(world, input)?
        .objects
        .get(input.required_string("Key")?)
        .ok_or_else(|| AwsError::new(404, "NoSuchKey", "The specified key does not exist."))
}

fn no_such_bucket() -> AwsError {
    AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist")
}

fn list_buckets(world: &World) -> Value {
    let buckets: Vec<Value> = world
        .object_storage
        .buckets
        .iter()
        .map(|(name, bucket)| json!({"Name": name, "CreationDate": bucket.created.iso8601()}))
        .collect();
    json!({"Buckets": buckets, "Owner": {"ID": world.config.account_id}})
}

fn create_bucket(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = bucket_name(input)?.to_owned();
    let created = world.now;
    let ObjectStorage { buckets } = &mut world.object_storage;
    if buckets.contains_key(&name) {
        return Err(AwsError::new(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        ));
    }
    let location = format!("/{name}");
    buckets.insert(name, Bucket { created, objects: Default::default() });
    Ok(json!({"Location": location}))
}

fn delete_bucket(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    if !find_bucket(world, input)?.objects.is_empty() {
        return Err(AwsError::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"));
    }
    world.object_storage.buckets.remove(bucket_name(input)?);
    Ok(json!({}))
}

fn put_object(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let modified = world.now;
    let key = input.required_string("Key")?;
    if key.len() > 1024 {
        return Err(AwsError::new(400, "KeyTooLongError", "Your key is too long"));
    }
    let body = STANDARD
        .decode(input.string("Body").unwrap_or_default())
        .map_err(|_| AwsError::new(400, "InvalidRequest", "The body is not base64"))?;
    let entity_tag = entity_tag(&body);
    let object = Object {
        body: Bytes::from(body),
        entity_tag: entity_tag.clone(),
        content_type: input.string("ContentType").map(str::to_owned),
        metadata: input.0.get("Metadata").cloned().unwrap_or_else(|| json!({})),
        modified,
    };
    bucket_mut(world, input)?.objects.insert(key.to_owned(), object);
    Ok(json!({"ETag": entity_tag}))
}

/// S3's tag of a plain object is its MD5; clients must not rely on that
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>), and here it is half of its SHA-256.
fn entity_tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn describe(object: &Object) -> Value {
    json!({
        "ContentLength": object.body.len(),
        "ETag": object.entity_tag,
        "ContentType": object.content_type.as_deref().unwrap_or("binary/octet-stream"),
        "LastModified": object.modified.0,
        "Metadata": object.metadata,
    })
}

fn list_objects(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let bucket = find_bucket(world, input)?;
    let prefix = input.string("Prefix").unwrap_or_default();
    let delimiter = input.string("Delimiter").filter(|text| !text.is_empty());
    let most = usize::try_from(input.integer("MaxKeys")?.unwrap_or(1000).clamp(0, 1000)).unwrap_or(1000);
    // A token is the last key given, which is what `StartAfter` (and version 1's `Marker`) means too.
    let after = ["ContinuationToken", "StartAfter", "Marker"].iter().find_map(|name| input.string(name));
    let mut contents = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    let mut last = None;
    let mut truncated = false;
    for (key, object) in &bucket.objects {
        if !key.starts_with(prefix) || after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        let rest = key.get(prefix.len()..).unwrap_or_default();
        let common = delimiter
            .and_then(|delimiter| rest.find(delimiter).map(|at| at + delimiter.len()))
            .and_then(|end| rest.get(..end))
            .map(|folder| format!("{prefix}{folder}"));
        if common.is_some() && (prefixes.last() == common.as_ref() || common.as_deref() == after) {
            last = Some(key.clone());
            continue;
        }
        if contents.len() + prefixes.len() >= most {
            truncated = true;
            break;
        }
        last = Some(key.clone());
        match common {
            Some(folder) => prefixes.push(folder),
            None => contents.push(json!({
                "Key": key,
                "LastModified": object.modified.iso8601(),
                "ETag": object.entity_tag,
                "Size": object.body.len(),
                "StorageClass": "STANDARD",
            })),
        }
    }
    Ok(json!({
        "Name": bucket_name(input)?,
        "Prefix": prefix,
        "Delimiter": delimiter,
        "KeyCount": contents.len() + prefixes.len(),
        "MaxKeys": most,
        "IsTruncated": truncated,
        "NextContinuationToken": last.filter(|_| truncated),
        "Contents": contents,
        "CommonPrefixes": prefixes,
    }))
}

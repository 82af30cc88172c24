//! Where code and content lie in S3: `s3://bucket/key?versionId=…`, or a map with `Bucket`, `Key` and `Version`.

use regex_lite::Regex;

use super::problem::{Expanded, wrong};
use super::tree::Map;
use crate::node::Node;

/// An object in S3.
#[derive(Debug, Clone)]
pub(super) struct S3Address {
    pub(super) bucket: Node,
    pub(super) key: Node,
    pub(super) version: Option<Node>,
    storage_mode: Option<Node>,
}

impl S3Address {
    /// Reads the value of the property `property` of the resource `of`.
    ///
    /// # Errors
    /// A map without bucket or key; a text that is no address in S3, such as a folder that is still to be packaged.
    pub(super) fn read(of: &str, property: &str, value: &Node) -> Expanded<S3Address> {
        if value.as_mapping().is_some() {
            let something = |key: &str| value.get(key).filter(|one| one.is_something()).cloned();
            let (Some(bucket), Some(key)) = (something("Bucket"), something("Key")) else {
                return wrong(of, value, format!("{property} needs Bucket and Key"));
            };
            return Ok(S3Address {
                bucket,
                key,
                version: value.get("Version").cloned(),
                storage_mode: value.get("StorageMode").cloned(),
            });
        }
        let Some(text) = value.as_str() else {
            return wrong(of, value, format!("{property} is a text or a map"));
        };
        if has_dynamic_path(text) {
            let reason = format!(
                "{property} can't hold a dynamic reference with a path; write it as a map with Bucket and Key"
            );
            return wrong(of, value, reason);
        }
        S3Address::parse(text, value).map_or_else(
            || {
                let reason = format!(
                    "{property} is {text:?}, which is no object in S3 (s3://bucket/key); package the template first (`sam package`, `aws cloudformation package`)"
                );
                wrong(of, value, reason)
            },
            Ok,
        )
    }

    /// Reads `s3://bucket/key`, with a version or without.
    pub(super) fn parse(text: &str, at: &Node) -> Option<S3Address> {
        let clean: String = text.trim().chars().filter(|one| !matches!(one, '\n' | '\r' | '\t')).collect();
        let (scheme, rest) = clean.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("s3") {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, key) = path.split_once('/')?;
        if bucket.is_empty() || bucket.contains(['[', ']']) {
            return None;
        }
        let mut versions = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, value)| *name == "versionId" && !value.is_empty());
        let version = versions.next().filter(|_| versions.next().is_none()).map(|(_, value)| value);
        let text = |text: &str| Node::string(text, at.at);
        Some(S3Address {
            bucket: text(bucket),
            key: text(key.trim_start_matches('/')),
            version: version.map(text),
            storage_mode: None,
        })
    }

    /// As Lambda takes it: `S3Bucket`, `S3Key`, `S3ObjectVersion`, `S3ObjectStorageMode`.
    pub(super) fn for_lambda(self) -> Map {
        let S3Address { bucket, key, version, storage_mode } = self;
        let mut made = Map::from([("S3Bucket".to_owned(), bucket), ("S3Key".to_owned(), key)]);
        made.extend(version.map(|version| ("S3ObjectVersion".to_owned(), version)));
        made.extend(storage_mode.map(|mode| ("S3ObjectStorageMode".to_owned(), mode)));
        made
    }
}

fn has_dynamic_path(text: &str) -> bool {
    let pattern = Regex::new(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):[a-zA-Z0-9_.\-/]+(:\d+)?\}\}");
    pattern.ok().and_then(|pattern| pattern.find(text)).is_some_and(|found| found.as_str().contains('/'))
}

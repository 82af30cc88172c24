//! S3's own protocol: bytes and XML, the operation in method, path and query.
//!
//! A dozen of its operations are needed, and `aws-sdk-s3` alone was a quarter of a release build. What an answer means is not
//! decided here: S3 says much in headers, whatever the status, so an answer is given as it is.

use aws_smithy_types::base64;
use bytes::Bytes;
use http::Method;
use sha2::{Digest, Sha256};

use super::{Answer, Call, Wire};
use crate::endpoints::STORAGE;
use crate::errors::Failure;
use crate::uri_encoding::{percent_encode, percent_encode_path};

/// The header in which S3 says where a bucket is, also when it refuses.
pub(crate) const BUCKET_REGION: &str = "x-amz-bucket-region";

/// A request to a bucket or to an object in it.
#[derive(Debug, Clone)]
pub(crate) struct StorageRequest {
    method: Method,
    bucket: String,
    region: String,
    key: String,
    query: Vec<String>,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl StorageRequest {
    /// `region`: the bucket's own, for which the request is signed and where it goes.
    pub(crate) fn new(method: Method, bucket: &str, region: &str) -> StorageRequest {
        StorageRequest {
            method,
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            key: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The object; without it the request is about the bucket.
    #[must_use]
    pub(crate) fn object_key(mut self, key: impl Into<String>) -> StorageRequest {
        self.key = key.into();
        self
    }

    /// What is asked of the bucket beside its objects, such as `versioning`.
    #[must_use]
    pub(crate) fn about(mut self, setting: &str) -> StorageRequest {
        self.query.push(setting.to_owned());
        self
    }

    /// A parameter; `None` adds nothing.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> StorageRequest {
        self.query.extend(value.map(|value| format!("{name}={}", percent_encode(value))));
        self
    }

    /// `None` adds nothing.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: Option<&str>) -> StorageRequest {
        self.headers.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> StorageRequest {
        self.body = body.into();
        self
    }

    /// An object's bytes with their checksum, which a bucket with Object Lock demands of every write (S3 API reference,
    /// PutObject). SHA-256, since the signature covers the body by it anyway, and since S3 as well as the emulators compare
    /// it; a store that doesn't know the header leaves it aside.
    #[must_use]
    pub(crate) fn object(self, body: impl Into<Bytes>) -> StorageRequest {
        let body = body.into();
        let checksum = base64::encode(Sha256::digest(&body));
        self.header("content-type", Some("application/octet-stream"))
            .header("x-amz-checksum-sha256", Some(&checksum))
            .body(body)
    }
}

impl Wire {
    /// Send, again and again where it may help; the answer has any status.
    pub(crate) async fn storage(&self, request: StorageRequest) -> Result<Answer, Failure> {
        self.send_for_any_status(&self.storage_call(request)).await
    }

    /// Send once, for those who look before they try again; the answer has any status.
    pub(crate) async fn storage_once(&self, request: StorageRequest) -> Result<Answer, Failure> {
        self.attempt(&self.storage_call(request)).await
    }

    fn storage_call(&self, request: StorageRequest) -> Call<'static> {
        let StorageRequest { method, bucket, region, key, query, headers, body } = request;
        let address = self.endpoints.bucket_address(&bucket, &region);
        let mut uri = format!("{address}/{}", percent_encode_path(&key));
        if !query.is_empty() {
            uri.push('?');
            uri.push_str(&query.join("&"));
        }
        Call {
            service: &STORAGE,
            method,
            uri,
            region,
            headers,
            body,
            // Whoever writes on a condition looks at what is there when a second try is refused.
            repeatable: true,
        }
    }
}

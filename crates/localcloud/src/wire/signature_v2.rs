//! Signature Version 2 in a presigned URL of S3: what boto3 and the AWS CLI's first version sign with in us-east-1 unless
//! they are told otherwise. Nothing else here accepts it: no header, no other service.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>, "Query String Request Authentication
//! Alternative".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::keys::AccessKeys;
use super::origin::without_port;
use super::signature::{LONGEST_PRESIGNED_SECONDS, SignatureError, SignedRequest};
use crate::clock::Timestamp;
use crate::services::object_storage::url::virtual_bucket;

/// Parameters that are part of the resource, in the order in which they are signed.
const SIGNED_PARAMETERS: [&str; 24] = [
    "accelerate",
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
];

/// The key id of a URL that says it is signed like this. Nothing of it is verified.
#[must_use]
pub fn claimed(query: &str) -> Option<String> {
    let signature = value(query, "Signature");
    value(query, "AWSAccessKeyId").filter(|_| signature.is_some() && value(query, "Expires").is_some())
}

/// Verify a presigned URL.
///
/// # Errors
/// When it has expired, or the signature doesn't hold.
pub fn verify(request: &SignedRequest<'_>, keys: &AccessKeys, now: Timestamp) -> Result<(), SignatureError> {
    if claimed(request.query).as_ref() != Some(&keys.access_key_id) {
        return Err(SignatureError::UnknownKey);
    }
    let expires = value(request.query, "Expires").unwrap_or_default();
    let ends: u64 = expires.parse().map_err(|_| SignatureError::Incomplete("Expires"))?;
    let seconds = now.0 / 1000;
    if ends < seconds || ends > seconds.saturating_add(LONGEST_PRESIGNED_SECONDS) {
        return Err(SignatureError::Expired(expires, now));
    }
    // A header that may change what is meant must have been signed; a URL of this kind carries such in its query.
    if let Some(name) = request.headers.keys().find(|name| name.as_str().starts_with("x-amz-")) {
        return Err(SignatureError::NotSigned(name.as_str().to_owned()));
    }
    let given = value(request.query, "Signature").and_then(|text| STANDARD.decode(text).ok());
    let text = string_to_sign(request, &expires);
    let mut mac = Hmac::<Sha1>::new_from_slice(keys.secret_access_key.as_bytes())
        .map_err(|_| SignatureError::Mismatch)?;
    mac.update(text.as_bytes());
    mac.verify_slice(&given.unwrap_or_default()).map_err(|_| SignatureError::Mismatch)
}

fn string_to_sign(request: &SignedRequest<'_>, expires: &str) -> String {
    let header =
        |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut text =
        format!("{}\n{}\n{}\n{expires}\n", request.method, header("content-md5"), header("content-type"));
    let mut amazon: Vec<(String, String)> = form_urlencoded::parse(request.query.as_bytes())
        .into_owned()
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .collect();
    amazon.sort();
    for (name, value) in amazon {
        text.push_str(&format!("{name}:{}\n", value.trim()));
    }
    if let Some(bucket) = virtual_bucket(without_port(request.host)) {
        text.push_str(&format!("/{bucket}"));
    }
    text.push_str(request.path);
    let parameters: Vec<(String, String)> =
        form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let signed: Vec<String> = SIGNED_PARAMETERS
        .iter()
        .filter_map(|name| parameters.iter().find(|(given, _)| given == name))
        .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
        .collect();
    if !signed.is_empty() {
        text.push_str(&format!("?{}", signed.join("&")));
    }
    text
}

fn value(query: &str, wanted: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{claimed, verify};
    use crate::wire::signature::SignedRequest;
    use crate::{AccessKeys, Timestamp};

    /// The signature of the documentation's own example:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth>
    #[test]
    fn the_documented_url_holds_and_no_other() {
        let keys = AccessKeys::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
        assert_eq!(claimed(query).as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
        let headers = HeaderMap::new();
        let request = |method, path, query| SignedRequest {
            method,
            path,
            query,
            host: "johnsmith.s3.amazonaws.com",
            headers: &headers,
            body: &[],
        };
        let now = |seconds: u64| Timestamp(seconds * 1000);
        let holds = |request: &SignedRequest<'_>, seconds| verify(request, &keys, now(seconds)).is_ok();
        let good = request("GET", "/photos/puppy.jpg", query);
        assert!(holds(&good, 1_175_139_600));
        assert!(!holds(&good, 1_175_139_621), "its time is over");
        assert!(!holds(&good, 1_170_000_000), "it lives too long");
        assert!(!holds(&request("PUT", "/photos/puppy.jpg", query), 1_175_139_600));
        assert!(!holds(&request("GET", "/photos/kitten.jpg", query), 1_175_139_600));
        let other = format!("{query}&versionId=1");
        assert!(!holds(&request("GET", "/photos/puppy.jpg", &other), 1_175_139_600));
    }
}

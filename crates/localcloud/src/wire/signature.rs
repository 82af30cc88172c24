//! Signature Version 4, from the server's side: rebuild what the client says it signed, sign it with our key,
//! compare. The two cryptographic steps are the `aws-sigv4` crate's; the canonical form is ours, because a
//! verifier must take the client's list of signed headers, which a signer chooses.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::PrimitiveDateTime;
use time::macros::format_description;

use super::keys::AccessKeys;
use super::signature_v2;
use crate::clock::Timestamp;
use crate::services::object_storage::url::percent_decode;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a request's date may be from ours.
const MOST_SKEW_MILLISECONDS: u64 = 5 * 60 * 1000;
/// The longest a presigned URL may live: seven days.
pub(super) const LONGEST_PRESIGNED_SECONDS: u64 = 604_800;

/// Why a signature doesn't hold. No text of the request is repeated but its key id and date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Nothing is signed at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// What should say how it was signed can't be read.
    #[error("Authorization header or query parameters are incomplete: {0}")]
    Incomplete(&'static str),
    /// A key that isn't ours.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// Temporary credentials whose time is over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// Signed too long ago, or in the future.
    #[error("Signature expired: {0} is more than 5 minutes from {now} or past its expiry", now = .1.iso8601())]
    Expired(String, Timestamp),
    /// A scope of another service or Region.
    #[error("Credential should be scoped to {0}")]
    Scope(String),
    /// A header that has to be signed is not.
    #[error("There were headers present in the request which were not signed: {0}")]
    NotSigned(String),
    /// The body isn't the one whose hash was signed.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    Body,
    /// The signature differs.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
         Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// A request as far as its signature is concerned.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// As sent, still encoded.
    pub path: &'a str,
    /// As sent, without the question mark.
    pub query: &'a str,
    /// The `Host` header, or the authority of an in-process request's URI.
    pub host: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// `AKIA…/20260131/us-east-1/batch/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The key's id.
    pub access_key_id: String,
    date: String,
    /// The Region signed for.
    pub region: String,
    /// The service signed for.
    pub service: String,
}

/// What a signature covers of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// All of it, or (S3 only) none of it.
    Plain,
    /// The body is `aws-chunked`, its chunks unsigned.
    Chunked,
    /// The body is `aws-chunked`, each chunk signed in a chain that starts with the request's signature.
    SignedChunks(ChunkChain),
}

/// What is needed to verify a chain of signed chunks. Its `Debug` shows no key.
#[derive(Clone, PartialEq, Eq)]
pub struct ChunkChain {
    key: Vec<u8>,
    date: String,
    scope: String,
    previous: String,
}

impl std::fmt::Debug for ChunkChain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ChunkChain").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl ChunkChain {
    /// Whether the next chunk carries the right signature.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
    pub fn accept(&mut self, chunk: &[u8], signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}",
            self.date,
            self.scope,
            self.previous,
            sha256_hex(b""),
            sha256_hex(chunk)
        );
        self.previous = calculate_signature(&self.key, text.as_bytes());
        same(&self.previous, signature)
    }
}

struct Authorization {
    credential: Credential,
    signed_headers: Vec<String>,
    signature: String,
    date: String,
    /// Seconds a presigned URL lives; `None` when a header carries the signature.
    expires_seconds: Option<u64>,
}

/// What the request says it was signed with, if it says so: nothing of it is verified.
#[must_use]
pub fn claimed(headers: &HeaderMap, query: &str) -> Option<Credential> {
    if let Ok(authorization) = authorization(headers, query) {
        return Some(authorization.credential);
    }
    // The second version is known in URLs of S3 alone, and names no Region.
    let access_key_id = signature_v2::claimed(query)?;
    let (date, region) = (String::new(), String::new());
    Some(Credential { access_key_id, date, region, service: "s3".to_owned() })
}

/// Verify a request for a service in a Region.
///
/// # Errors
/// When the signature doesn't hold, in AWS's words.
pub fn verify(
    request: &SignedRequest<'_>,
    keys: &AccessKeys,
    region: &str,
    signing_name: &str,
    now: Timestamp,
) -> Result<Payload, SignatureError> {
    if signing_name == "s3"
        && signature_v2::claimed(request.query).is_some()
        && !request.headers.contains_key("authorization")
    {
        return signature_v2::verify(request, keys, now).map(|()| Payload::Plain);
    }
    let authorization = authorization(request.headers, request.query)?;
    let signed_at = check_head(request, &authorization, keys, region, signing_name, now)?;
    let is_storage = signing_name == "s3";
    let payload_hash = match stated_hash(request, &authorization, is_storage) {
        Some(Stated::Nothing(text)) => text,
        Some(Stated::Hash(text)) if text == sha256_hex(request.body) => text,
        Some(Stated::Hash(_)) => return Err(SignatureError::Body),
        None => sha256_hex(request.body),
    };
    let signer = Signer { keys, region, signing_name, signed_at };
    let Signature { ours, key, scope } = signer.check(request, &authorization, is_storage, &payload_hash)?;
    Ok(match payload_hash.strip_prefix("STREAMING-") {
        None => Payload::Plain,
        Some(kind) if kind.starts_with("AWS4-HMAC-SHA256-PAYLOAD") => {
            Payload::SignedChunks(ChunkChain { key, date: authorization.date.clone(), scope, previous: ours })
        }
        Some(_) => Payload::Chunked,
    })
}

/// Verify what can be before the body is read (`request`'s is left aside). Gives whether the signature holds, for a body that
/// will be as it is stated; `false`: it can only be told with the body, and all else is as it should be.
///
/// # Errors
/// When the signature doesn't hold, whatever the body, in AWS's words.
pub fn verify_head(
    request: &SignedRequest<'_>,
    keys: &AccessKeys,
    region: &str,
    signing_name: &str,
    now: Timestamp,
) -> Result<bool, SignatureError> {
    let is_storage = signing_name == "s3";
    if is_storage
        && signature_v2::claimed(request.query).is_some()
        && !request.headers.contains_key("authorization")
    {
        return signature_v2::verify(request, keys, now).map(|()| true);
    }
    let authorization = authorization(request.headers, request.query)?;
    let signed_at = check_head(request, &authorization, keys, region, signing_name, now)?;
    let Some(Stated::Nothing(payload_hash) | Stated::Hash(payload_hash)) =
        stated_hash(request, &authorization, is_storage)
    else {
        return Ok(false);
    };
    let signer = Signer { keys, region, signing_name, signed_at };
    signer.check(request, &authorization, is_storage, &payload_hash).map(|_signature| true)
}

/// What a request says of its body.
enum Stated {
    /// That the signature doesn't cover it as a whole.
    Nothing(String),
    /// Its hash.
    Hash(String),
}

fn stated_hash(
    request: &SignedRequest<'_>,
    authorization: &Authorization,
    is_storage: bool,
) -> Option<Stated> {
    match header(request.headers, "x-amz-content-sha256") {
        _ if authorization.expires_seconds.is_some() && is_storage => {
            Some(Stated::Nothing("UNSIGNED-PAYLOAD".to_owned()))
        }
        Some(text) if is_storage && (text == "UNSIGNED-PAYLOAD" || text.starts_with("STREAMING-")) => {
            Some(Stated::Nothing(text.to_owned()))
        }
        Some(text) => Some(Stated::Hash(text.to_owned())),
        None => None,
    }
}

/// Key, scope, date and what has to be signed. Gives when it was signed.
fn check_head(
    request: &SignedRequest<'_>,
    authorization: &Authorization,
    keys: &AccessKeys,
    region: &str,
    signing_name: &str,
    now: Timestamp,
) -> Result<Timestamp, SignatureError> {
    let credential = &authorization.credential;
    if credential.access_key_id != keys.access_key_id {
        return Err(SignatureError::UnknownKey);
    }
    if credential.service != signing_name {
        return Err(SignatureError::Scope(format!("correct service: '{signing_name}'.")));
    }
    if credential.region != region {
        return Err(SignatureError::Scope(format!("a valid region: '{region}'.")));
    }
    let signed_at = check_date(authorization, now)?;
    check_signed_headers(request, authorization)?;
    Ok(signed_at)
}

/// Whose signature is looked for.
struct Signer<'a> {
    keys: &'a AccessKeys,
    region: &'a str,
    signing_name: &'a str,
    signed_at: Timestamp,
}

/// A signature that holds, and what it was made with.
struct Signature {
    ours: String,
    key: Vec<u8>,
    scope: String,
}

impl Signer<'_> {
    /// Sign what the request says that it signed, and compare.
    fn check(
        &self,
        request: &SignedRequest<'_>,
        authorization: &Authorization,
        is_storage: bool,
        payload_hash: &str,
    ) -> Result<Signature, SignatureError> {
        let Signer { keys, region, signing_name, signed_at } = self;
        let canonical = canonical_request(request, authorization, is_storage, payload_hash)?;
        let scope = format!("{}/{region}/{signing_name}/aws4_request", authorization.credential.date);
        let text =
            format!("{ALGORITHM}\n{}\n{scope}\n{}", authorization.date, sha256_hex(canonical.as_bytes()));
        let key = generate_signing_key(
            &keys.secret_access_key,
            UNIX_EPOCH + Duration::from_millis(signed_at.0),
            region,
            signing_name,
        );
        let ours = calculate_signature(&key, text.as_bytes());
        if !same(&ours, &authorization.signature) {
            return Err(SignatureError::Mismatch);
        }
        Ok(Signature { ours, key: key.as_ref().to_vec(), scope })
    }
}

fn check_date(authorization: &Authorization, now: Timestamp) -> Result<Timestamp, SignatureError> {
    let date = &authorization.date;
    let signed_at = parse_date(date).ok_or(SignatureError::Incomplete("the date can't be read"))?;
    if !date.starts_with(&authorization.credential.date) || authorization.credential.date.len() != 8 {
        return Err(SignatureError::Incomplete("the credential's date is not the request's"));
    }
    let expired = match authorization.expires_seconds {
        None => signed_at.0.abs_diff(now.0) > MOST_SKEW_MILLISECONDS,
        Some(seconds) => {
            signed_at.0 > now.0.saturating_add(MOST_SKEW_MILLISECONDS)
                || now.0 > signed_at.0.saturating_add(seconds.saturating_mul(1000))
        }
    };
    if expired { Err(SignatureError::Expired(date.clone(), now)) } else { Ok(signed_at) }
}

/// `host` and every `x-amz-` header have to be signed.
fn check_signed_headers(
    request: &SignedRequest<'_>,
    authorization: &Authorization,
) -> Result<(), SignatureError> {
    let signed = |name: &str| authorization.signed_headers.iter().any(|signed| signed == name);
    if !signed("host") {
        return Err(SignatureError::NotSigned("host".to_owned()));
    }
    match request.headers.keys().find(|name| name.as_str().starts_with("x-amz-") && !signed(name.as_str())) {
        Some(name) => Err(SignatureError::NotSigned(name.as_str().to_owned())),
        None => Ok(()),
    }
}

fn authorization(headers: &HeaderMap, query: &str) -> Result<Authorization, SignatureError> {
    let mut lines = headers.get_all("authorization").iter();
    match (lines.next(), lines.next()) {
        (None, _) => presigned(query),
        (Some(_), Some(_)) => Err(SignatureError::Incomplete("there is more than one")),
        (Some(line), None) => {
            let line = line.to_str().map_err(|_| SignatureError::Incomplete("it is not text"))?;
            let date = header(headers, "x-amz-date").ok_or(SignatureError::Incomplete("X-Amz-Date"))?;
            from_header(line, date)
        }
    }
}

fn from_header(line: &str, date: &str) -> Result<Authorization, SignatureError> {
    let rest = line.trim().strip_prefix(ALGORITHM).ok_or(SignatureError::Incomplete("AWS4-HMAC-SHA256"))?;
    let part = |name: &'static str| {
        rest.split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or(SignatureError::Incomplete(name))
    };
    Ok(Authorization {
        credential: credential(part("Credential")?)?,
        signed_headers: part("SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: part("Signature")?.to_owned(),
        date: date.to_owned(),
        expires_seconds: None,
    })
}

fn presigned(query: &str) -> Result<Authorization, SignatureError> {
    let find = |wanted: &'static str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
            .ok_or(SignatureError::Incomplete(wanted))
    };
    if find("X-Amz-Algorithm").map_err(|_| SignatureError::Missing)? != ALGORITHM {
        return Err(SignatureError::Incomplete("X-Amz-Algorithm"));
    }
    let seconds = find("X-Amz-Expires")?.parse().ok().filter(|seconds| *seconds <= LONGEST_PRESIGNED_SECONDS);
    Ok(Authorization {
        credential: credential(&find("X-Amz-Credential")?)?,
        signed_headers: find("X-Amz-SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: find("X-Amz-Signature")?,
        date: find("X-Amz-Date")?,
        expires_seconds: Some(seconds.ok_or(SignatureError::Incomplete("X-Amz-Expires"))?),
    })
}

fn credential(text: &str) -> Result<Credential, SignatureError> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [id, date, region, service, "aws4_request"] => Ok(Credential {
            access_key_id: (*id).to_owned(),
            date: (*date).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
        }),
        _ => Err(SignatureError::Incomplete("Credential")),
    }
}

fn canonical_request(
    request: &SignedRequest<'_>,
    authorization: &Authorization,
    is_storage: bool,
    payload_hash: &str,
) -> Result<String, SignatureError> {
    // S3 takes the path as sent, every other service encodes it once more.
    let path = if request.path.is_empty() { "/" } else { request.path };
    let path = if is_storage { path.to_owned() } else { encode(path, true) };

    let mut pairs: Vec<(String, String)> = request
        .query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((encode(&percent_decode(name)?, false), encode(&percent_decode(value)?, false)))
        })
        .collect::<Option<_>>()
        .ok_or(SignatureError::Mismatch)?;
    pairs.retain(|(name, _)| name != "X-Amz-Signature");
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();

    let mut headers = String::new();
    for name in &authorization.signed_headers {
        headers.push_str(name);
        headers.push(':');
        headers.push_str(&canonical_header(request, name)?);
        headers.push('\n');
    }
    Ok(format!(
        "{}\n{path}\n{}\n{headers}\n{}\n{payload_hash}",
        request.method,
        query.join("&"),
        authorization.signed_headers.join(";"),
    ))
}

fn canonical_header(request: &SignedRequest<'_>, name: &str) -> Result<String, SignatureError> {
    if name == "host" {
        return Ok(request.host.to_owned());
    }
    let values: Vec<String> = request
        .headers
        .get_all(name)
        .iter()
        .map(|value| {
            let words: Vec<&str> = value.to_str().ok()?.split_ascii_whitespace().collect();
            Some(words.join(" "))
        })
        .collect::<Option<_>>()
        .ok_or(SignatureError::Mismatch)?;
    Ok(values.join(","))
}

/// Everything but RFC 3986's unreserved characters.
const IN_A_PART: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_A_PATH: AsciiSet = IN_A_PART.remove(b'/');

/// Percent-encode everything but RFC 3986's unreserved characters (and the slash, in a path).
pub(crate) fn encode(text: &str, keep_slash: bool) -> String {
    utf8_percent_encode(text, if keep_slash { &IN_A_PATH } else { &IN_A_PART }).to_string()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Takes as long whether the first or the last character differs.
fn same(ours: &str, theirs: &str) -> bool {
    ours.len() == theirs.len()
        && ours.bytes().zip(theirs.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Lower-case hex of the SHA-256.
fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `20260131T081530Z`.
fn parse_date(text: &str) -> Option<Timestamp> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let parsed = PrimitiveDateTime::parse(text, format).ok().filter(|_| text.len() == 16)?;
    Timestamp::from_time(parsed.assume_utc())
}

#[cfg(test)]
mod tests {
    use super::parse_date;

    #[test]
    fn dates_are_read() {
        for (text, milliseconds) in [
            ("19700101T000000Z", Some(0)),
            ("20000229T000000Z", Some(951_782_400_000)),
            ("20261231T235959Z", Some(1_798_761_599_000)),
            ("20261331T235959Z", None),
            ("2026-12-31T23:59:59Z", None),
            ("+0261231T235959Z", None),
            ("20261231T235959+", None),
            ("", None),
        ] {
            assert_eq!(parse_date(text).map(|at| at.0), milliseconds, "{text}");
        }
    }
}

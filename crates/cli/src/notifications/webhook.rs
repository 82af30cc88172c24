//! A webhook of the owner's: the notice's document, signed where there is a secret. docs/notices.md says how it is verified.

use http::{HeaderMap, HeaderName, HeaderValue};
use platform::Secret;
use serde_json::Value;
use upgrade::Timestamp;

const SIGNATURE: HeaderName = HeaderName::from_static("slackwater-signature");

/// The headers of a signed notice: `t=SECONDS,v1=HEX`, HMAC-SHA256 with the secret over `SECONDS.BODY`. The time is signed as
/// well: what was overheard can't be sent again later.
pub(super) fn headers(secret: Option<&Secret>, body: &Value, now: Timestamp) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(secret) = secret else { return headers };
    let seconds = now.0 / 1000;
    // Plain HMAC-SHA256 in hexadecimal digits: signing requests to AWS brings it along.
    let mac =
        aws_sigv4::sign::v4::calculate_signature(secret.expose(), format!("{seconds}.{body}").as_bytes());
    if let Ok(value) = HeaderValue::try_from(format!("t={seconds},v1={mac}")) {
        headers.insert(SIGNATURE, value);
    }
    headers
}

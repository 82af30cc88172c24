//! Percent-encoding as S3 signs and reads it: everything but letters, digits and `-._~` (S3 API reference, "Signature
//! calculations for the authorization header", UriEncode).

use std::fmt::Write as _;

/// A part of a query, or of a path that must stay one part.
pub(crate) fn percent_encode(text: &str) -> String {
    encode(text, false)
}

/// A path: its slashes stay.
pub(crate) fn percent_encode_path(text: &str) -> String {
    encode(text, true)
}

fn encode(text: &str, keep_slashes: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~')
            || (byte == b'/' && keep_slashes)
        {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `%20` and the like decoded; `None` when that isn't UTF-8, or a `%` stands alone. A `+` is itself in S3's keys.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The same of a key in a list that was asked for with `encoding-type=url`: there a `+` is a space.
pub(crate) fn percent_decode_listed(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}

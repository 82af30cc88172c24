//! Percent-encoding as S3 signs and reads it: everything but letters, digits and `-._~` (S3 API reference, "Signature
//! calculations for the authorization header", UriEncode).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but letters, digits and these.
const IN_A_PART: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_A_PATH: AsciiSet = IN_A_PART.remove(b'/');

/// A part of a query, or of a path that must stay one part.
pub(crate) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, &IN_A_PART).to_string()
}

/// A path: its slashes stay.
pub(crate) fn percent_encode_path(text: &str) -> String {
    utf8_percent_encode(text, &IN_A_PATH).to_string()
}

/// `%20` and the like decoded; `None` when that isn't UTF-8, or a `%` stands alone. A `+` is itself in S3's keys.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    // The library lets a lone one through.
    let is_whole =
        |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|one| one.is_ascii_hexdigit()));
    let all_whole = text.split('%').skip(1).all(is_whole);
    all_whole.then(|| percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)).flatten()
}

/// The same of a key in a list that was asked for with `encoding-type=url`: there a `+` is a space.
pub(crate) fn percent_decode_listed(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}

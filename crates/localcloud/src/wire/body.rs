//! `aws-chunked` bodies: chunks with their sizes in hex, maybe signed, maybe followed by trailers.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use bytes::Bytes;

use super::signature::Payload;

/// Why a body can't be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A size that is no number, a chunk that is cut short.
    #[error("The request body is not well formed aws-chunked data")]
    Malformed,
    /// A chunk's signature.
    #[error("The signature of a chunk does not match")]
    Signature,
    /// `x-amz-decoded-content-length` says otherwise.
    #[error(
        "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header"
    )]
    Length,
}

/// A body in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The object's bytes.
    pub body: Bytes,
    /// Headers that came after it: checksums.
    pub trailers: Vec<(String, String)>,
}

/// The object's bytes, chunk by chunk if the payload is chunked, and the checksums that trail them. The signature of
/// the trailers, where there is one, is passed over: the chunks' own are verified.
///
/// # Errors
/// When the chunks are malformed, their signatures don't hold, or their length isn't the stated one.
pub fn decode(body: &Bytes, payload: Payload, stated_length: Option<u64>) -> Result<Decoded, BodyError> {
    let mut chain = match payload {
        Payload::Plain => return Ok(Decoded { body: body.clone(), trailers: Vec::new() }),
        Payload::Chunked => None,
        Payload::SignedChunks(chain) => Some(chain),
    };
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest: &[u8] = body;
    loop {
        let end = rest.windows(2).take(1024).position(|pair| pair == b"\r\n").ok_or(BodyError::Malformed)?;
        let (line, after) = rest.split_at_checked(end).ok_or(BodyError::Malformed)?;
        let after = after.strip_prefix(b"\r\n").ok_or(BodyError::Malformed)?;
        let line = std::str::from_utf8(line).map_err(|_| BodyError::Malformed)?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        if size.is_empty() || !size.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(BodyError::Malformed);
        }
        let size = usize::from_str_radix(size, 16).map_err(|_| BodyError::Malformed)?;
        let (chunk, after) = after.split_at_checked(size).ok_or(BodyError::Malformed)?;
        if let Some(chain) = &mut chain {
            let signature = extension.strip_prefix("chunk-signature=").ok_or(BodyError::Signature)?;
            if !chain.accept(chunk, signature) {
                return Err(BodyError::Signature);
            }
        }
        if size == 0 {
            rest = after;
            break;
        }
        decoded.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").ok_or(BodyError::Malformed)?;
    }
    let trailers = trailers(rest);
    match stated_length {
        Some(length) if usize::try_from(length) != Ok(decoded.len()) => Err(BodyError::Length),
        Some(_) | None => Ok(Decoded { body: decoded.into(), trailers }),
    }
}

/// `name:value` lines; only checksums, for a trailer must not change what a request means.
fn trailers(rest: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(rest).unwrap_or_default();
    text.split(['\r', '\n'])
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| name.starts_with("x-amz-checksum-"))
        .collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{BodyError, decode};
    use crate::wire::signature::Payload;

    #[test]
    fn chunks_are_joined_and_hostile_ones_refused() {
        for (body, length, decoded) in [
            ("5\r\nhello\r\n0\r\n\r\n", Some(5), Ok("hello")),
            ("5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n", None, Ok("hello!")),
            ("0\r\n\r\n", Some(0), Ok("")),
            ("5\r\nhello\r\n0\r\n\r\n", Some(6), Err(BodyError::Length)),
            ("", None, Err(BodyError::Malformed)),
            ("5\r\nhell", None, Err(BodyError::Malformed)),
            ("5\r\nhello", None, Err(BodyError::Malformed)),
            ("5\r\nhello\r\n", None, Err(BodyError::Malformed)),
            ("+5\r\nhello\r\n0\r\n\r\n", None, Err(BodyError::Malformed)),
            ("ffffffffffffffff\r\nhello\r\n", None, Err(BodyError::Malformed)),
            ("fffffffffffffffffffff\r\nhello\r\n", None, Err(BodyError::Malformed)),
            ("zz\r\nhello\r\n", None, Err(BodyError::Malformed)),
        ] {
            let expected = decoded.map(|text| text.as_bytes().to_vec());
            let found = decode(&Bytes::from(body), Payload::Chunked, length);
            assert_eq!(found.map(|decoded| decoded.body.to_vec()), expected, "{body:?}");
        }
        let body = Bytes::from("0\r\nX-Amz-Checksum-Crc32:abc=\r\nhost:evil\r\n\r\n");
        let decoded = decode(&body, Payload::Chunked, None).expect("a body");
        assert_eq!(decoded.trailers, [("x-amz-checksum-crc32".to_owned(), "abc=".to_owned())]);
    }
}

//! Which object a URL names.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What a URL names, percent-decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) bucket: String,
    pub(super) key: String,
    /// `versionId`; without one the latest version is meant.
    pub(super) version: Option<String>,
}

/// `None` when the URL isn't one of S3.
pub(super) fn parse(url: &str) -> Option<Location> {
    if let Some(rest) = url.strip_prefix("s3://") {
        let (bucket, key) = rest.split_once('/')?;
        // Such a URL has no query: a question mark is one of the key's.
        return location(bucket, key.to_owned(), None);
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (authority, path) = rest.split_once('/')?;
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let version = match pairs.find(|(name, _)| *name == "versionId") {
        Some((_, id)) => Some(percent_decode(id)?),
        None => None,
    };
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
    });
    let path = percent_decode(path)?;
    match virtual_bucket(host) {
        Some(bucket) => location(bucket, path, version),
        None if is_path_style(host) => {
            let (bucket, key) = path.split_once('/')?;
            location(bucket, key.to_owned(), version)
        }
        None => None,
    }
}

/// The bucket in a virtual-host name: `bucket.s3.amazonaws.com`, `bucket.s3.region.amazonaws.com`,
/// `bucket.s3-region.amazonaws.com`, `bucket.localhost`, `bucket.s3.localhost`. Bucket names may have dots.
pub fn virtual_bucket(host: &str) -> Option<&str> {
    if let Some(bucket) = host.strip_suffix(".localhost") {
        let bucket = bucket.strip_suffix(".s3").unwrap_or(bucket);
        return (bucket != "s3" && !bucket.is_empty()).then_some(bucket);
    }
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    if let Some(bucket) = name.strip_suffix(".s3") {
        return Some(bucket);
    }
    let (rest, region) = name.rsplit_once('.').unwrap_or(("", name));
    if region.starts_with("s3-") {
        return (!rest.is_empty()).then_some(rest);
    }
    // `bucket.s3.dualstack.region` names the dual-stack endpoint.
    let rest = rest.strip_suffix(".dualstack").unwrap_or(rest);
    rest.strip_suffix(".s3").filter(|bucket| !bucket.is_empty())
}

fn is_path_style(host: &str) -> bool {
    if matches!(host, "127.0.0.1" | "localhost" | "[::1]" | "s3.localhost") {
        return true;
    }
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    name.is_some_and(|name| name == "s3" || name.starts_with("s3.") || name.starts_with("s3-"))
}

fn location(bucket: &str, key: String, version: Option<String>) -> Option<Location> {
    (!bucket.is_empty() && !key.is_empty()).then(|| Location { bucket: bucket.to_owned(), key, version })
}

/// `%20` and the like decoded; `None` when that isn't UTF-8 or a `%` stands alone.
pub fn percent_decode(text: &str) -> Option<String> {
    let is_code = |place: usize| {
        let code = text.as_bytes().get(place + 1..place + 3);
        code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.match_indices('%').all(|(place, _)| is_code(place)) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::{Location, parse};

    #[test]
    fn urls_name_objects() {
        for (url, named) in [
            ("https://b.s3.amazonaws.com/k/l.yaml", Some(("b", "k/l.yaml"))),
            ("https://b.s3.us-east-1.amazonaws.com/k", Some(("b", "k"))),
            ("https://b.s3-us-west-2.amazonaws.com/k", Some(("b", "k"))),
            ("https://my.dotted.bucket.s3.us-east-1.amazonaws.com/k", Some(("my.dotted.bucket", "k"))),
            ("https://b.s3.dualstack.us-east-1.amazonaws.com/k", Some(("b", "k"))),
            ("https://b.s3.cn-north-1.amazonaws.com.cn/k", Some(("b", "k"))),
            ("https://s3.amazonaws.com/b/k", Some(("b", "k"))),
            ("https://s3.us-east-1.amazonaws.com/b/k/l", Some(("b", "k/l"))),
            ("https://s3-us-west-2.amazonaws.com/b/k", Some(("b", "k"))),
            ("s3://b/k/l", Some(("b", "k/l"))),
            ("http://127.0.0.1:4566/b/a%20key", Some(("b", "a key"))),
            ("http://b.localhost:4566/k", Some(("b", "k"))),
            ("https://example.com/b/k", None),
            ("https://ec2.us-east-1.amazonaws.com/b/k", None),
            ("https://s3.amazonaws.com/b", None),
            ("s3://b", None),
            ("s3:///k", None),
            ("http://127.0.0.1/b/%zz", None),
            ("file:///etc/passwd", None),
            ("", None),
        ] {
            let expected = named.map(|(bucket, key): (&str, &str)| Location {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                version: None,
            });
            assert_eq!(parse(url), expected, "{url}");
        }
    }

    #[test]
    fn urls_name_versions() {
        for (url, key, version) in [
            ("https://b.s3.amazonaws.com/k?versionId=1", "k", Some("1")),
            ("http://localhost/b/k?versionId=null", "k", Some("null")),
            ("https://b.s3.amazonaws.com/k?x=1&versionId=a%2Fb&versionId=2#f", "k", Some("a/b")),
            ("https://b.s3.amazonaws.com/k?versionId", "k", Some("")),
            ("https://b.s3.amazonaws.com/k?versionid=1", "k", None),
            ("https://b.s3.amazonaws.com/k#?versionId=1", "k", None),
            ("s3://b/k?versionId=1", "k?versionId=1", None),
        ] {
            let found = parse(url).map(|found| (found.key, found.version));
            assert_eq!(found, Some((key.to_owned(), version.map(str::to_owned))), "{url}");
        }
        assert_eq!(parse("https://b.s3.amazonaws.com/k?versionId=%zz"), None);
    }
}

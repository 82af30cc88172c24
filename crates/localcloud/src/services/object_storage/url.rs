//! Which bucket and key a URL names.

/// Bucket and key (percent-decoded); `None` when the URL isn't one of S3.
pub(super) fn parse(url: &str) -> Option<(String, String)> {
    if let Some(rest) = url.strip_prefix("s3://") {
        let (bucket, key) = rest.split_once('/')?;
        return pair(bucket, key.to_owned());
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (authority, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
    });
    let path = percent_decode(path)?;
    match virtual_bucket(host) {
        Some(bucket) => pair(bucket, path),
        None if is_path_style(host) => {
            let (bucket, key) = path.split_once('/')?;
            pair(bucket, key.to_owned())
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

fn pair(bucket: &str, key: String) -> Option<(String, String)> {
    (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key))
}

/// `%20` and the like decoded; `None` when that isn't UTF-8 or a `%` stands alone.
pub fn percent_decode(text: &str) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::parse;

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
            ("http://localhost/b/k?versionId=1", Some(("b", "k"))),
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
            let expected = named.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
            assert_eq!(parse(url), expected, "{url}");
        }
    }
}

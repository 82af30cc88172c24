//! Where an object is, as people and templates write it.

use std::fmt::Write as _;

use crate::endpoints;
use crate::uri_encoding::{percent_decode, percent_encode, percent_encode_path};

/// An object on S3, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectAddress {
    pub bucket: String,
    /// Decoded.
    pub key: String,
    pub version_id: Option<String>,
}

impl ObjectAddress {
    /// Takes `s3://BUCKET/KEY` and the `https://` forms of the S3 user guide ("Methods for accessing a general purpose
    /// bucket", "Dual-stack endpoints", "FIPS"), virtual-hosted and path style, with `?versionId=` or without. Another
    /// query (a signature) is left aside: requests are signed with our own keys.
    pub(crate) fn parse(url: &str) -> Option<ObjectAddress> {
        if let Some(rest) = url.strip_prefix("s3://") {
            // In this form a key is written as it is, so only a query that names a version is one.
            let (path, version_id) = match rest.rsplit_once("?versionId=") {
                Some((path, version)) => (path, Some(percent_decode(version)?)),
                None => (rest, None),
            };
            let (bucket, key) = path.split_once('/')?;
            return ObjectAddress::new(bucket, key.to_owned(), version_id);
        }
        let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let version_id = query.split('&').find_map(|pair| pair.strip_prefix("versionId="));
        let version_id = match version_id {
            Some(text) => Some(percent_decode(text)?),
            None => None,
        };
        match bucket_in_host(host)? {
            Some(bucket) => ObjectAddress::new(bucket, percent_decode(path)?, version_id),
            None => {
                let (bucket, key) = path.split_once('/')?;
                ObjectAddress::new(bucket, percent_decode(key)?, version_id)
            }
        }
    }

    fn new(bucket: &str, key: String, version_id: Option<String>) -> Option<ObjectAddress> {
        let version_id = version_id.filter(|version| !version.is_empty());
        (!bucket.is_empty() && !key.is_empty()).then(|| ObjectAddress {
            bucket: bucket.to_owned(),
            key,
            version_id,
        })
    }

    /// What CloudFormation takes as TemplateURL; `region` is the bucket's. A version is named as the user guide says
    /// ("Selecting a stack template").
    pub(crate) fn template_url(&self, region: &str) -> String {
        let domain = endpoints::domain(region);
        let key = percent_encode_path(&self.key);
        let mut url = if self.bucket.contains('.') {
            // No certificate fits a bucket's name with a dot in it.
            format!("https://s3.{region}.{domain}/{}/{key}", self.bucket)
        } else {
            format!("https://{}.s3.{region}.{domain}/{key}", self.bucket)
        };
        if let Some(version) = &self.version_id {
            let _ = write!(url, "?versionId={}", percent_encode(version));
        }
        url
    }
}

/// The bucket in a host name; `Some(None)`: the path tells it; `None`: not S3's.
fn bucket_in_host(host: &str) -> Option<Option<&str>> {
    let service = endpoints::domains().find_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'))?;
    // From the right, since a bucket's name may have dots: the Region, how it is reached, the service.
    let (rest, last) = split_last(service);
    let rest = if is_s3_alone(last) {
        rest
    } else if is_region(last) {
        let (before, label) = split_last(rest?);
        let (before, label) = if label == "dualstack" { split_last(before?) } else { (before, label) };
        if !matches!(label, "s3" | "s3-fips") {
            return None;
        }
        before
    } else {
        return None;
    };
    match rest {
        Some("") => None,
        bucket => Some(bucket),
    }
}

/// The last label of a name, and what is before it.
fn split_last(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('.') {
        Some((rest, last)) => (Some(rest), last),
        None => (None, name),
    }
}

/// `s3`, and the older forms with a Region in the same label: `s3-us-west-2`, `s3-fips-us-gov-west-1`.
fn is_s3_alone(label: &str) -> bool {
    let Some(rest) = label.strip_prefix("s3") else { return false };
    let rest = rest.strip_prefix("-fips").unwrap_or(rest);
    match rest.strip_prefix('-') {
        Some(region) => region == "external-1" || (is_region(region) && !region.starts_with("website-")),
        None => label == "s3",
    }
}

/// `us-east-1`, `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    label.matches('-').count() >= 2
        && label.ends_with(|last: char| last.is_ascii_digit())
        && label.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-')
        && !label.starts_with("s3-")
}

#[cfg(test)]
mod tests {
    use super::ObjectAddress;

    #[test]
    fn every_form_of_a_url_is_taken_apart() {
        for (url, parts) in [
            ("s3://releases/v2/t.yaml", Some(("releases", "v2/t.yaml", None))),
            ("s3://releases/v2/t.yaml?versionId=a.b_C", Some(("releases", "v2/t.yaml", Some("a.b_C")))),
            ("s3://releases/a?b 100%.yaml", Some(("releases", "a?b 100%.yaml", None))),
            ("https://releases.s3.amazonaws.com/t.yaml", Some(("releases", "t.yaml", None))),
            ("https://re.leases.s3.eu-west-1.amazonaws.com/a/t.yaml", Some(("re.leases", "a/t.yaml", None))),
            ("https://a.s3.b.s3.eu-west-1.amazonaws.com/t", Some(("a.s3.b", "t", None))),
            ("https://a.s3-us-west-2.s3.amazonaws.com/t", Some(("a.s3-us-west-2", "t", None))),
            ("https://dualstack.s3.eu-west-1.amazonaws.com/t", Some(("dualstack", "t", None))),
            ("https://s3.amazonaws.com/releases/t.yaml?versionId=1", Some(("releases", "t.yaml", Some("1")))),
            ("https://s3.amazonaws.com/re.leases/t.yaml", Some(("re.leases", "t.yaml", None))),
            ("https://s3-us-west-2.amazonaws.com/releases/t.yaml", Some(("releases", "t.yaml", None))),
            ("https://b.s3-us-west-2.amazonaws.com/t.yaml", Some(("b", "t.yaml", None))),
            ("https://s3-external-1.amazonaws.com/b/t.yaml", Some(("b", "t.yaml", None))),
            ("https://releases.s3.cn-north-1.amazonaws.com.cn/t.yaml", Some(("releases", "t.yaml", None))),
            ("https://s3.cn-north-1.amazonaws.com.cn/releases/t.yaml", Some(("releases", "t.yaml", None))),
            ("https://b.s3.us-iso-east-1.c2s.ic.gov/t.yaml", Some(("b", "t.yaml", None))),
            ("https://b.s3.dualstack.us-east-1.amazonaws.com/t", Some(("b", "t", None))),
            ("https://b.c.s3.dualstack.us-east-1.amazonaws.com/t", Some(("b.c", "t", None))),
            ("https://s3.dualstack.us-east-1.amazonaws.com/b/t", Some(("b", "t", None))),
            ("https://b.s3-fips.us-gov-west-1.amazonaws.com/t", Some(("b", "t", None))),
            ("https://s3-fips.us-east-1.amazonaws.com/b/t", Some(("b", "t", None))),
            ("https://b.s3-fips.dualstack.us-east-1.amazonaws.com/t", Some(("b", "t", None))),
            ("https://b.s3-fips-us-gov-west-1.amazonaws.com/t", Some(("b", "t", None))),
            ("https://b.s3.us-east-1.amazonaws.com/a%20b/%C3%BC+c.yaml", Some(("b", "a b/ü+c.yaml", None))),
            (
                "https://b.s3.us-east-1.amazonaws.com/t?X-Amz-Signature=0&versionId=x%2Fy#top",
                Some(("b", "t", Some("x/y"))),
            ),
            ("https://b.s3.us-east-1.amazonaws.com/t?versionId=", Some(("b", "t", None))),
            ("https://b.s3.us-east-1.amazonaws.com/%zz", None),
            ("https://b.s3-website-us-east-1.amazonaws.com/t", None),
            ("https://b.s3-website.eu-central-1.amazonaws.com/t", None),
            ("https://ap-1.s3-accesspoint.us-east-1.amazonaws.com/t", None),
            ("https://ec2.us-east-1.amazonaws.com/b/t", None),
            ("https://s3.evil.example/b/t", None),
            ("https://b.s3.amazonaws.com.evil.example/t", None),
            ("https://evilamazonaws.com/b/t", None),
            ("https://.s3.amazonaws.com/t", None),
            ("https://example.com/releases/t.yaml", None),
            ("https://s3.amazonaws.com/releases", None),
            ("http://releases.s3.amazonaws.com/t.yaml", None),
            ("s3://releases", None),
            ("s3:///t.yaml", None),
            ("", None),
        ] {
            let expected = parts.map(|(bucket, key, version_id): (&str, &str, Option<&str>)| ObjectAddress {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                version_id: version_id.map(str::to_owned),
            });
            assert_eq!(ObjectAddress::parse(url), expected, "{url}");
        }
    }

    #[test]
    fn a_template_url_names_the_same_object_again() {
        for (url, region, written) in [
            ("s3://b/t.yaml", "us-east-1", "https://b.s3.us-east-1.amazonaws.com/t.yaml"),
            ("s3://b.c/t.yaml", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/b.c/t.yaml"),
            ("s3://b/a b/ü?", "cn-north-1", "https://b.s3.cn-north-1.amazonaws.com.cn/a%20b/%C3%BC%3F"),
            (
                "s3://b/t?versionId=x%2Fy",
                "us-east-1",
                "https://b.s3.us-east-1.amazonaws.com/t?versionId=x%2Fy",
            ),
        ] {
            let address = ObjectAddress::parse(url).expect("an address");
            assert_eq!(address.template_url(region), written);
            assert_eq!(ObjectAddress::parse(written), Some(address), "{written}");
        }
    }
}

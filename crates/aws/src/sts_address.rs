//! The credentials' own requests to STS, where the settings name an address for every service.
//!
//! `aws-config` makes the clients that a profile's chain of roles or a web identity asks STS with, and takes their address
//! from the environment or the profile only. So it is changed where the requests leave. The `Host` header stays what was
//! signed. Single sign-on isn't moved (see [`crate::endpoints`]), nor is what tells a machine its own role.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::endpoints::STS;
use crate::pace::signed_for;

/// A connector that takes requests to STS to `settings_url`, where there is one.
pub(crate) fn with_sts_address(
    connector: SharedHttpConnector,
    settings_url: Option<String>,
) -> SharedHttpConnector {
    match settings_url {
        None => connector,
        Some(url) => SharedHttpConnector::new(Rerouted { inner: connector, url }),
    }
}

#[derive(Debug)]
struct Rerouted {
    inner: SharedHttpConnector,
    url: String,
}

impl HttpConnector for Rerouted {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if is_for_sts(&request)
            && let Err(error) = reroute(&mut request, &self.url)
        {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
        }
        self.inner.call(request)
    }
}

/// A web identity's request isn't signed; its form tells.
fn is_for_sts(request: &HttpRequest) -> bool {
    let unsigned = || {
        let body = request.body().bytes();
        body.is_some_and(|form| form.starts_with(b"Action=AssumeRoleWith"))
    };
    match signed_for(request) {
        Some((service, _)) => service == STS.signing_name,
        None => unsigned(),
    }
}

fn reroute(request: &mut HttpRequest, url: &str) -> Result<(), String> {
    let base = url.trim_end_matches('/');
    // A role of the settings is asked for there already.
    if request.uri().strip_prefix(base).is_some_and(|rest| rest.starts_with('/')) {
        return Ok(());
    }
    let uri: http::Uri = request.uri().parse().map_err(|error| format!("{}: {error}", request.uri()))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = format!("{base}{path}");
    if let (Some(authority), None) = (uri.authority(), request.headers().get("host")) {
        let authority = authority.as_str().to_owned();
        request.headers_mut().insert("host", authority);
    }
    request.set_uri(target.as_str()).map_err(|error| format!("{target}: {error}"))
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_types::body::SdkBody;

    use super::{is_for_sts, reroute};

    #[test]
    fn only_requests_to_sts_are_moved_and_keep_the_host_that_was_signed() {
        const SIGNED: &str =
            "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sts/aws4_request, SignedHeaders=host";
        const FOR_SSO: &str =
            "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sso/aws4_request, SignedHeaders=host";
        for (uri, authorization, form, moved) in [
            (
                "https://sts.us-east-1.amazonaws.com/",
                Some(SIGNED),
                "Action=AssumeRole",
                Some("sts.us-east-1.amazonaws.com"),
            ),
            (
                "https://sts.amazonaws.com/",
                None,
                "Action=AssumeRoleWithWebIdentity&x=y",
                Some("sts.amazonaws.com"),
            ),
            ("https://portal.sso.us-east-1.amazonaws.com/federation/credentials?x=y", None, "", None),
            ("https://sso.us-east-1.amazonaws.com/", Some(FOR_SSO), "", None),
            ("http://169.254.169.254/latest/meta-data/", None, "", None),
        ] {
            let mut request = http::Request::builder().uri(uri);
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            let request = request.body(SdkBody::from(form)).expect("a request");
            let mut request = HttpRequest::try_from(request).expect("a request");
            assert_eq!(is_for_sts(&request), moved.is_some(), "{uri}");
            if let Some(host) = moved {
                for _ in 0..2 {
                    reroute(&mut request, "http://127.0.0.1:4580/cloud/").expect("moved");
                    assert_eq!(request.uri(), "http://127.0.0.1:4580/cloud/");
                    assert_eq!(request.headers().get("host"), Some(host));
                }
            }
        }
    }
}

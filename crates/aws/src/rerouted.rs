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
pub(crate) fn rerouted(connector: SharedHttpConnector, settings_url: Option<String>) -> SharedHttpConnector {
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
    let uri: http::Uri = request.uri().parse().map_err(|error| format!("{}: {error}", request.uri()))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = format!("{}{path}", url.trim_end_matches('/'));
    if let (Some(authority), None) = (uri.authority(), request.headers().get("host")) {
        let authority = authority.as_str().to_owned();
        request.headers_mut().insert("host", authority);
    }
    request.set_uri(target.as_str()).map_err(|error| format!("{target}: {error}"))
}

//! No call leaves when another conducting may have taken over ([`conductor::may_send`]). It stands where requests leave, after
//! whatever waits for its turn, so that repeated attempts are asked about as well.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;

/// A connector that asks before it sends.
pub(crate) fn limited(connector: SharedHttpConnector) -> SharedHttpConnector {
    SharedHttpConnector::new(Limited { inner: connector })
}

#[derive(Debug)]
struct Limited {
    inner: SharedHttpConnector,
}

impl HttpConnector for Limited {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            // Not an I/O error: nobody is to try it again as it is.
            conductor::may_send().map_err(|error| ConnectorError::user(error.into()))?;
            let sent = conductor::SentCall::begin();
            let answer = inner.call(request).await;
            if answer.is_ok() {
                sent.answered();
            }
            answer
        })
    }
}

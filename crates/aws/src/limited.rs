//! No call leaves when another conducting may have taken over ([`conductor::may_send`]), and none is waited for longer than
//! that allows. It stands where requests leave, after whatever waits for its turn, so that repeated attempts are asked about as
//! well, and so that a turn that comes late takes nothing from the answer's time.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use crate::wire::ATTEMPT;

/// A connector that asks before it sends, and gives answers that are whole.
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
            let answering = async {
                let mut answer = inner.call(request).await?;
                let body = answer.take_body().collect().await.map_err(ConnectorError::io)?.to_bytes();
                *answer.body_mut() = SdkBody::from(body);
                Ok(answer)
            };
            let late = |_| Err(ConnectorError::timeout(format!("no answer within {ATTEMPT:?}").into()));
            let answer = tokio::time::timeout(ATTEMPT, answering).await.unwrap_or_else(late);
            if answer.is_ok() {
                sent.answered();
            }
            answer
        })
    }
}

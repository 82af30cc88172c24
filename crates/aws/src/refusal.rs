//! What a refusal is called, before anybody parses the answer: for what stands between the clients and the wire.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use crate::wire::refusal;

/// The answer, its body read, with its code; empty when it has none.
pub(crate) async fn with_code(mut response: HttpResponse) -> Result<(HttpResponse, String), ConnectorError> {
    let body = response.take_body().collect().await.map_err(ConnectorError::io)?.to_bytes();
    let status = response.status().as_u16();
    let in_header = response.headers().get("x-amzn-errortype");
    let code = refusal(status, in_header, &String::from_utf8_lossy(&body)).code().to_owned();
    *response.body_mut() = SdkBody::from(body);
    Ok((response, code))
}

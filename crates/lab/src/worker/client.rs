//! The worker's side of `/worker/v1`. Its messages are the web service's own types.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http_client::{HttpError, send};
use crate::identity::Secret;
use crate::web::worker_api::{Claim, Finished, Heartbeat, Instruction, Work};

/// Why the web service gave no answer that helps.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the token is wrong")]
    Unauthorized,
    #[error("the web service answers {0}")]
    Status(StatusCode),
    #[error("the web service's address or answer is malformed")]
    Malformed,
}

impl ClientError {
    /// Whether asking again later may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            ClientError::Http(_) => true,
            ClientError::Status(status) => status.is_server_error(),
            ClientError::Unauthorized | ClientError::Malformed => false,
        }
    }
}

pub(super) struct Client {
    base: String,
    token: Secret,
    worker: String,
}

impl Client {
    pub(super) fn new(web: &str, token: Secret, worker: &str) -> Client {
        let base = format!("{}/worker/v1", web.trim_end_matches('/'));
        Client { base, token, worker: worker.to_owned() }
    }

    pub(super) async fn claim(&self) -> Result<Option<Work>, ClientError> {
        let answer = self.json("claim", &Claim { worker: self.worker.clone() }).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        read(&answer).map(Some)
    }

    /// Gives whether to stop.
    pub(super) async fn heartbeat(&self, id: &str, log: &str) -> Result<bool, ClientError> {
        let body = Heartbeat { worker: self.worker.clone(), log: log.to_owned() };
        let answer = self.json(&format!("computations/{id}/heartbeat"), &body).await?;
        read::<Instruction>(&answer).map(|instruction| instruction.stop)
    }

    pub(super) async fn result(&self, id: &str, path: &str, bytes: Vec<u8>) -> Result<(), ClientError> {
        let path: Vec<String> = path.split('/').map(percent_encode).collect();
        let worker = percent_encode(&self.worker);
        let path = format!("computations/{id}/results/{worker}/{}", path.join("/"));
        self.send(Method::PUT, &path, "application/octet-stream", bytes).await.map(drop)
    }

    pub(super) async fn finish(
        &self,
        id: &str,
        log: &str,
        exit_code: Option<i32>,
        detail: Option<String>,
    ) -> Result<(), ClientError> {
        let body = Finished { worker: self.worker.clone(), log: log.to_owned(), exit_code, detail };
        self.json(&format!("computations/{id}/finish"), &body).await.map(drop)
    }

    async fn json(&self, path: &str, body: &impl Serialize) -> Result<Response<Bytes>, ClientError> {
        let body = serde_json::to_vec(body).map_err(|_| ClientError::Malformed)?;
        self.send(Method::POST, path, "application/json", body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.base))
            .header("content-type", kind)
            .header("authorization", format!("Bearer {}", self.token.reveal()))
            .body(Bytes::from(body))
            .map_err(|_| ClientError::Malformed)?;
        let answer = send(request).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED => Err(ClientError::Unauthorized),
            status => Err(ClientError::Status(status)),
        }
    }
}

fn read<T: DeserializeOwned>(answer: &Response<Bytes>) -> Result<T, ClientError> {
    serde_json::from_slice(answer.body()).map_err(|_| ClientError::Malformed)
}

/// Everything but RFC 3986's unreserved characters.
const IN_A_SEGMENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path segment: everything but RFC 3986's unreserved characters is encoded.
fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, &IN_A_SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_segment_is_encoded() {
        assert_eq!(super::percent_encode("a b/ü.txt"), "a%20b%2F%C3%BC.txt");
    }
}

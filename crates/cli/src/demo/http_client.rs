//! Requests to the lab.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::error::{CliError, Exit};
use crate::http_client::PlainClient;

/// More of a page than this is not read.
const LARGEST_PAGE_BYTES: usize = 1 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the lab could not be set to work, or did not come through as it should.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No answer.
    #[error("{url} does not answer: {reason}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// An answer that says no.
    #[error("{url} answered {status}: {words}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// Its beginning.
        words: String,
    },
    /// Something that should have come did not.
    #[error("waited {} s in vain until {what}{}", .seconds, .last.as_deref().map(|last| format!(": {last}")).unwrap_or_default())]
    InVain {
        /// What.
        what: String,
        /// How long.
        seconds: u64,
        /// What was found last.
        last: Option<String>,
    },
    /// The run ended, and something that it promises does not hold.
    #[error("the run ended, but not as it promises: {}", .0.join("; "))]
    NotProved(Vec<String>),
}

impl From<DemoError> for CliError {
    fn from(error: DemoError) -> CliError {
        CliError::new(Exit::Failed, error)
    }
}

#[derive(Debug, Clone)]
pub(super) struct LabClient(PlainClient);

impl LabClient {
    pub(super) fn new() -> LabClient {
        LabClient(PlainClient::new())
    }

    /// Send a request; an answer of any status is one.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, DemoError> {
        let url = request.uri().to_string();
        let no_answer = |reason| DemoError::NoAnswer { url: url.clone(), reason };
        match tokio::time::timeout(PATIENCE, self.0.send(request, LARGEST_PAGE_BYTES)).await {
            Ok(answer) => answer.map_err(no_answer),
            Err(_) => Err(no_answer(format!("nothing came within {} s", PATIENCE.as_secs()))),
        }
    }

    /// GET it.
    pub(super) async fn get(&self, url: &str) -> Result<Response<Bytes>, DemoError> {
        let request = Request::get(url)
            .body(Bytes::new())
            .map_err(|error| DemoError::NoAnswer { url: url.to_owned(), reason: error.to_string() })?;
        self.send(request).await
    }
}

/// An answer that must be a good one, or a redirect.
pub(super) fn good(url: &str, answer: Response<Bytes>) -> Result<Response<Bytes>, DemoError> {
    let status = answer.status();
    if status.is_success() || status.is_redirection() {
        return Ok(answer);
    }
    let words: String = String::from_utf8_lossy(answer.body()).chars().take(200).collect();
    Err(DemoError::Refused { url: url.to_owned(), status: status.as_u16(), words })
}

/// The body as text.
pub(super) fn text(answer: &Response<Bytes>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

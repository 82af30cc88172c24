//! The owner's own HTTP checks: one GET each, without credentials.

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::uri::Scheme;
use upgrade::{HealthFinding, HttpCheck};

use crate::failure::Failure;
use crate::transport::Transport;

/// More of a page than this is not read.
const LARGEST_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Make one check. What can't be asked is not healthy, with the reason; no redirect is followed, so a check that
/// expects one says so with its status.
pub async fn probe(check: &HttpCheck, timeout: Duration) -> HealthFinding {
    let finding = |healthy, detail: String| HealthFinding {
        what: if check.name == check.url {
            check.url.clone()
        } else {
            format!("{} ({})", check.name, check.url)
        },
        healthy,
        detail,
    };
    let response = match tokio::time::timeout(timeout, get(&check.url)).await {
        Err(_) => return finding(false, format!("no answer within {} s", timeout.as_secs())),
        Ok(Err(reason)) => return finding(false, reason),
        Ok(Ok(response)) => response,
    };
    let status = response.status().as_u16();
    if status != check.status {
        return finding(false, format!("answered {status}, not {}", check.status));
    }
    match &check.contains {
        Some(text) if !String::from_utf8_lossy(response.body()).contains(text) => {
            finding(false, format!("answered {status}, without \"{text}\""))
        }
        Some(_) | None => finding(true, format!("answered {status}")),
    }
}

async fn get(url: &str) -> Result<http::Response<Bytes>, String> {
    let uri: Uri = url.parse().map_err(|error| format!("not an address: {error}"))?;
    let scheme = uri.scheme().cloned().unwrap_or(Scheme::HTTP);
    let transport = Transport::network(&scheme, None).map_err(|error| error.to_string())?;
    let request = http::Request::get(uri).body(Bytes::new()).map_err(|error| error.to_string())?;
    transport.call(request, LARGEST_PAGE_BYTES).await.map_err(|failure| match failure {
        Failure::Unreachable(reason) => format!("not reached: {reason}"),
        other => other.to_string(),
    })
}

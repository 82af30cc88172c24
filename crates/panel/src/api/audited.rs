//! Each act once in the audit trail.

use crate::access::Act;
use crate::panel::Panel;
use crate::web::{Asker, Call, Failure};

/// Write an act down, do it, and write down what came of it. What can't be written down isn't done.
pub(super) async fn audited<T>(
    call: &Call,
    act: &str,
    object: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    audited_by(&call.panel, &call.asker, act, object, work).await
}

/// As [`audited`], of somebody whose call isn't read yet.
pub(super) async fn audited_by<T>(
    panel: &Panel,
    asker: &Asker,
    act: &str,
    object: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let (who, address) = (asker.signature(), asker.address.to_string());
    let act = Act { who: &who, address: &address, act, object };
    let number = panel.access.begin_act(act, panel.now())?;
    let result = work.await;
    let detail = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if let Err(error) = panel.access.end_act(number, result.is_ok(), &detail, panel.now()) {
        // What was done is done: whoever asked is told so, and the trail has the act without its outcome.
        eprintln!("slackwater: what came of act {number} of the audit trail could not be written: {error}");
    }
    result
}

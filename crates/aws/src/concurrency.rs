//! Many calls of one act at once, but not all at once.

use std::future::Future;

use futures_util::stream::{self, StreamExt};
use upgrade::{PortError, PortErrorKind};

/// Calls that are under way at a time. More than this wins nothing at AWS's rates, and a wait for one's turn stays far
/// below the timeout of an attempt.
pub(crate) const AT_ONCE: usize = 32;

/// Do the same to each item. When some fail the others are done all the same, so that a repeated act has less to do; a
/// refusal ends it early, since the next item would most likely be refused as well.
///
/// # Errors
/// The first refusal in the items' order, or else the first failure that may pass; with how many have failed.
pub(crate) async fn each<Item, Call>(
    items: impl IntoIterator<Item = Item>,
    call: impl FnMut(Item) -> Call,
) -> Result<(), PortError>
where
    Call: Future<Output = Result<(), PortError>>,
{
    do_each(items, call, true).await
}

/// The same where a refusal says nothing of the next item: a queue that is INVALID keeps no other from being set.
///
/// # Errors
/// As [`each`].
pub(crate) async fn each_by_itself<Item, Call>(
    items: impl IntoIterator<Item = Item>,
    call: impl FnMut(Item) -> Call,
) -> Result<(), PortError>
where
    Call: Future<Output = Result<(), PortError>>,
{
    do_each(items, call, false).await
}

async fn do_each<Item, Call>(
    items: impl IntoIterator<Item = Item>,
    call: impl FnMut(Item) -> Call,
    ends_at_refusal: bool,
) -> Result<(), PortError>
where
    Call: Future<Output = Result<(), PortError>>,
{
    let mut calls = stream::iter(items).map(call).buffered(AT_ONCE);
    let (mut count, mut failed, mut worst) = (0_usize, 0_usize, None::<PortError>);
    while let Some(outcome) = calls.next().await {
        count += 1;
        let Err(error) = outcome else { continue };
        failed += 1;
        let refused = error.kind == PortErrorKind::Refused;
        if worst.as_ref().is_none_or(|worst| refused && worst.kind != PortErrorKind::Refused) {
            worst = Some(error);
        }
        if refused && ends_at_refusal {
            break;
        }
    }
    match worst {
        None => Ok(()),
        Some(error) if failed == 1 => Err(error),
        Some(error) => Err(PortError {
            message: format!("{} ({failed} of {count} calls failed)", error.message),
            ..error
        }),
    }
}

/// Ask the same of each item; the answers in the items' order.
///
/// # Errors
/// The first failure in that order.
pub(crate) async fn all<Item, Answer, Call>(
    items: impl IntoIterator<Item = Item>,
    call: impl FnMut(Item) -> Call,
) -> Result<Vec<Answer>, PortError>
where
    Call: Future<Output = Result<Answer, PortError>>,
{
    let mut calls = stream::iter(items).map(call).buffered(AT_ONCE);
    let mut answers = Vec::new();
    while let Some(answer) = calls.next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

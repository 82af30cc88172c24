//! What stands between a verified request and the world: what a user or a role's session may do, faults of calls, then throttling. Nothing that is stopped here
//! has happened, and nothing of it is logged but the fault that was used up.

use crate::faults::Answer;
use crate::services::Service;
use crate::services::iam::authorize::authorize;
use crate::services::iam::caller::Caller;
use crate::throttle::{Buckets, Limits};
use crate::wire::error::WireError;
use crate::wire::route::Call;
use crate::wire::signature::SignatureError;
use crate::{AwsError, Timestamp, World};

/// How a request goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// To the world.
    Open,
    /// To the world, but its answer is lost.
    WithoutAnswer,
    /// Not at all: this is the answer.
    Refused(AwsError),
    /// Not at all, and there is no answer.
    Dropped,
    /// To the world so many seconds later, and there is no answer.
    Late(u64),
}

/// How a request of the caller with this key goes on, and the place of the fault that it uses up.
pub(crate) fn pass(
    world: &World,
    buckets: &mut Buckets,
    call: &Call,
    caller: &str,
    at: Timestamp,
) -> (Passage, Option<usize>) {
    // Whoever orders the faults isn't hit by them.
    if call.service == Service::Control {
        return (Passage::Open, None);
    }
    if let Some(held) = Caller::of_key(world, caller)
        && let Err(refusal) = authorize(world, &held, call)
    {
        return (Passage::Refused(refusal), None);
    }
    let descriptor = call.service.descriptor();
    let mut used = None;
    let mut loses_answer = false;
    if let Some((place, fault)) = world.faults.call(descriptor.signing_name, &call.operation) {
        used = Some(place);
        if fault.after == 0 {
            match fault.answer {
                Answer::ServerError => {
                    let message = "The request processing has failed because of an unknown error, exception or failure.";
                    let error = AwsError::new(500, descriptor.errors.server_error, message);
                    return (Passage::Refused(error), used);
                }
                Answer::ServiceUnavailable => {
                    let message = "The request has failed due to a temporary failure of the server.";
                    return (Passage::Refused(AwsError::new(503, "ServiceUnavailable", message)), used);
                }
                Answer::Throttled => return (Passage::Refused(descriptor.throttled()), used),
                Answer::AccessDenied => {
                    let action = format!("{}:{}", descriptor.signing_name, call.operation);
                    let why = "because a fault was ordered";
                    return (Passage::Refused(descriptor.denied(caller, &action, "*", why)), used);
                }
                Answer::ExpiredCredentials => {
                    let error = WireError::Signature(SignatureError::ExpiredToken).to_aws(call.protocol);
                    return (Passage::Refused(error), used);
                }
                Answer::ConditionalRequestConflict => {
                    // <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
                    let message = "The conditional request cannot succeed due to a conflicting operation against \
                                   this resource.";
                    return (
                        Passage::Refused(AwsError::new(409, "ConditionalRequestConflict", message)),
                        used,
                    );
                }
                Answer::DropConnection => return (Passage::Dropped, used),
                Answer::ArriveLate => return (Passage::Late(fault.late_seconds.unwrap_or(60)), used),
                Answer::LoseResponse => loses_answer = true,
            }
        }
    }
    let usual = world.faults.throttling.unwrap_or(world.config.throttling);
    let limits = Limits { usual, speed: world.config.speed, faults: &world.faults };
    match buckets.draw(call.service, &call.operation, at, limits) {
        Err(refusal) => (Passage::Refused(refusal), used),
        Ok(()) if loses_answer => (Passage::WithoutAnswer, used),
        Ok(()) => (Passage::Open, used),
    }
}

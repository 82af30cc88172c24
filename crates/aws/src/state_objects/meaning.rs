//! What an answer of S3's means for the journal's protocol: written, not written, nobody knows, or refused for good. And what a
//! person can do about it.

use std::time::{Duration, SystemTime};

use conductor::{ObjectError, Written};
use upgrade::PortErrorKind;

use super::{StateObjects, http_date};
use crate::errors::{Failure, failed, is_about_clocks, is_denial, may_be_repeated};
use crate::wire::Answer;

/// S3's code for what meets another request that is under way, conditional writes aside; it may be tried again (S3 API
/// reference, "Error responses").
const ABORTED: &str = "OperationAborted";

impl StateObjects {
    /// What came of a conditional write that was answered.
    pub(super) fn written(&self, answer: &Answer) -> Result<Written, ObjectError> {
        const OPERATION: &str = "s3:PutObject";
        if answer.is_success() {
            return match answer.header("etag") {
                Some(etag) => Ok(Written::Now { etag: etag.to_owned() }),
                None => Err(ObjectError::Unknown {
                    operation: OPERATION,
                    words: "the answer has no ETag, so the object has to be read".to_owned(),
                }),
            };
        }
        match (answer.status, answer.refusal().code()) {
            (412, _) | (409, "ConditionalRequestConflict") | (404, "NoSuchKey") => Ok(Written::NotNow),
            (_, _) => Err(self.refused_by(OPERATION, answer)),
        }
    }

    /// Why there is no answer.
    pub(crate) fn not_answered(&self, operation: &'static str, failure: &Failure) -> ObjectError {
        let words = self.origin.explain(failed(operation, failure)).message;
        match failure {
            // The request itself can't be made, now or later.
            Failure::Unsent(_) => ObjectError::Refused { operation, words },
            // Credentials that couldn't be fetched may be had the next time.
            Failure::Unreachable(_)
            | Failure::Withheld(_)
            | Failure::Credentials(_)
            | Failure::Unreadable(_)
            | Failure::Service { .. } => ObjectError::Unknown { operation, words },
        }
    }

    /// What an answer means that is neither a success nor about the object itself.
    pub(crate) fn refused_by(&self, operation: &'static str, answer: &Answer) -> ObjectError {
        let failure = answer.refusal();
        let Failure::Service { status, code, message } = &failure else {
            return self.not_answered(operation, &failure);
        };
        let said = match (code.as_str(), message.as_str()) {
            ("", _) => format!("status {status}"),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        let refused = |advice: String| ObjectError::Refused { operation, words: format!("{said}; {advice}") };
        let unknown = |advice: String| ObjectError::Unknown { operation, words: format!("{said}; {advice}") };
        let caller = &self.origin.label;
        let is_elsewhere = matches!(status, 301 | 307 | 400) && self.mind_region(answer);
        if is_about_clocks(code, message) {
            refused(clock_advice(answer))
        } else if is_elsewhere {
            let there = self.region();
            unknown(format!("the bucket is not in {}: the next request goes to {there}", answer.region))
        } else if code.starts_with("KMS.") || message.contains("kms:") {
            if ["Throttling", "Internal", "Timeout", "Unavailable"].iter().any(|word| code.contains(word)) {
                return unknown("KMS may answer the next time".to_owned());
            }
            refused(format!(
                "what {} keeps is encrypted with a KMS key: the caller ({caller}) needs kms:GenerateDataKey to write and kms:Decrypt to read, by its own policy and by the key's, and the key has to be enabled",
                self.location()
            ))
        } else if is_denial(code) || (*status == 403 && code.is_empty()) {
            refused(self.denial_advice(operation))
        } else if code == "NoSuchBucket" {
            self.no_bucket(operation)
        } else if *status == 501 {
            refused(format!("the store behind {} doesn't know what a state needs", self.location()))
        } else if may_be_repeated(code, *status) || matches!(status, 300..=399) || code == ABORTED {
            ObjectError::Unknown { operation, words: said }
        } else if *status == 404 {
            // Not S3's own words for an object that isn't there.
            unknown(format!("nobody knows whether that is about {}", self.location()))
        } else {
            let error = self.origin.explain(failed(operation, &failure));
            match error.kind {
                PortErrorKind::Transient | PortErrorKind::Expired => {
                    ObjectError::Unknown { operation, words: error.message }
                }
                PortErrorKind::Refused => ObjectError::Refused { operation, words: error.message },
            }
        }
    }

    fn denial_advice(&self, operation: &'static str) -> String {
        let mut advice = format!(
            "the caller ({}) needs the permission {operation} for {}",
            self.origin.label,
            self.location()
        );
        if operation == "s3:GetObject" {
            advice.push_str(
                ", and s3:ListBucket of its prefix: without that S3 answers 403 also for what is not there",
            );
        }
        if let Some(owner) = &self.owner {
            advice.push_str(&format!(
                "; or the bucket isn't account {owner}'s: if it is another's, name that account as state_owner"
            ));
        }
        advice
    }

    pub(super) fn no_bucket(&self, operation: &'static str) -> ObjectError {
        ObjectError::Refused { operation, words: format!("NoSuchBucket: there is no bucket {}", self.bucket) }
    }

    pub(super) fn not_the_owner(&self, operation: &'static str, owner: &str) -> ObjectError {
        let words = format!(
            "AccessDenied: the bucket {} isn't account {owner}'s; if that is as it should be, name its account as state_owner",
            self.bucket
        );
        ObjectError::Refused { operation, words }
    }
}

/// By how much this machine's clock differs from S3's.
fn clock_advice(answer: &Answer) -> String {
    let theirs = http_date(answer, "date").and_then(|date| SystemTime::try_from(date).ok());
    let difference = theirs.map(|theirs| match answer.signed_at.duration_since(theirs) {
        Ok(ahead) => format!("{} ahead of S3's", in_words(ahead)),
        Err(behind) => format!("{} behind S3's", in_words(behind.duration())),
    });
    match difference {
        Some(difference) => format!("this machine's clock is {difference}: set it right"),
        None => "this machine's clock and S3's differ by minutes: set it right".to_owned(),
    }
}

/// `17 min 3 s`, `2 h 5 min`.
fn in_words(difference: Duration) -> String {
    let seconds = difference.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::in_words;

    #[test]
    fn a_difference_is_told_in_two_units_at_most() {
        for (seconds, words) in [(0, "0 s"), (59, "59 s"), (1023, "17 min 3 s"), (7510, "2 h 5 min")] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}

//! Whether the claim that keeps everybody else from acting on the deployment can be kept where its state is: a bucket that
//! takes conditional writes in earnest, and no other state of the same deployment.
//!
//! Source: Amazon S3 user guide, "How to prevent object overwrites with conditional writes": `If-None-Match: *` and
//! `If-Match` answer 412 where they don't hold. A store that ignores them lets two operators act at once.

use super::finding::{Finding, count, list};
use super::{Check, CheckInput, CheckResult};
use crate::shared_state::{BucketSeen, SharedState, Trial, Versions, reaching};

/// Whether nobody else can act.
pub(super) const CLAIM: Check = Check::new("claim", "Nobody else acts on this deployment", check).standing();

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let SharedState { location, bucket } = &input.circumstances.state;
    match &input.circumstances.elsewhere {
        Ok(others) if others.is_empty() => {}
        Ok(others) => finding.fail(
            format!(
                "The gate, or notes on the deployment, belong to a run of the state {}; the state here is {}: \
                 two states of one deployment know nothing of each other.",
                list(others.iter().map(String::as_str)),
                if location.is_empty() { "another" } else { location.as_str() }
            ),
            format!(
                "To look at that run (`slackwater run list`), {}; or end its maintenance from here (`slackwater maintenance \
                 disable`), which is not refused.",
                reaching(&others[0])
            ),
        ),
        Err(reason) => finding.warn(
            format!(
                "Whether the gate, or notes on the deployment, name another state could not be looked at: {reason}. A run \
                 of another state is then found when the gate is to be closed, and ends this one."
            ),
            "Mend that and plan anew, or know that nobody else has the deployment in maintenance.",
        ),
    }
    if location.is_empty() {
        return finding.skipped("Where the deployment's state is was not looked at.");
    }
    match bucket {
        None => finding.warn(
            format!(
                "The state is in a data directory ({location}): nothing keeps an operator on another machine from acting on \
                 the deployment at the same time."
            ),
            "Keep the state in a bucket that every operator can reach (`state = \"s3://bucket/prefix\"`, or a \
             template_bucket).",
        ),
        Some(bucket) => judge(&mut finding, location, bucket),
    }
    finding.done()
}

fn judge(finding: &mut Finding, location: &str, bucket: &BucketSeen) {
    let BucketSeen { trial, public, expired_by, locked_days, versions } = bucket;
    let ignores = |precondition: &str, happened: &str| {
        format!(
            "{location} ignores `{precondition}`: a probe {happened}, so two operators could hold the claim at once."
        )
    };
    let another = "Keep the state in a bucket of S3, or in a store that takes conditional writes in earnest.";
    match trial {
        Ok(Trial::Holds) => {
            finding.note(format!("The state is in {location}, which keeps to conditional writes."));
        }
        Ok(Trial::CreatesTwice) => finding.fail(ignores("If-None-Match: *", "was created twice"), another),
        Ok(Trial::ReplacesAny) => {
            finding.fail(ignores("If-Match", "was replaced under an ETag that it doesn't have"), another);
        }
        Err(reason) => finding.fail(
            format!("Whether the claim can be kept in {location} could not be tried: {reason}"),
            "Allow s3:GetObject and s3:PutObject on the prefix, s3:ListBucket limited to it, and kms:GenerateDataKey and \
             kms:Decrypt where it is encrypted.",
        ),
    }
    match public {
        Ok(false) => finding.note("The bucket is not public."),
        Ok(true) => finding.warn(
            "The bucket is public: whoever may write there may stop, answer and resume runs; whoever may read there reads \
             their journals.",
            "Turn on S3 Block Public Access for the bucket, or keep the state in another one.",
        ),
        Err(reason) => unasked(finding, "it is public", reason),
    }
    match expired_by {
        Ok(None) => finding.note("No lifecycle rule expires the state."),
        Ok(Some(rule)) => finding.warn(
            format!(
                "The lifecycle rule {rule} expires objects of the state: whatever deletes the claim or a record lets two \
                 runs act at once."
            ),
            "Leave the prefix of the state out of that rule.",
        ),
        Err(reason) => unasked(finding, "a lifecycle rule expires the state", reason),
    }
    match locked_days {
        Ok(None) => finding.note("Object Lock keeps nothing there by default."),
        Ok(Some(days)) => finding.warn(
            format!(
                "Object Lock keeps every version there for {}: the claim is written over six times a minute while a run goes \
                 on.",
                count(*days as usize, "day")
            ),
            "Keep the state in a bucket without a default retention.",
        ),
        Err(reason) => unasked(finding, "Object Lock keeps versions there", reason),
    }
    match versions {
        Ok(Versions::NotKept) => finding.note("The bucket keeps no versions."),
        Ok(Versions::CleanedUp) => finding.note("Versions that were written over are cleaned up."),
        Ok(Versions::Kept) => finding.warn(
            "The bucket keeps versions that were written over for ever: the claim makes six a minute while a run goes on.",
            "Add a lifecycle rule that expires noncurrent versions of the prefix.",
        ),
        Err(reason) => unasked(finding, "versions are kept", reason),
    }
}

/// What may not be asked is said, and warns of nothing.
fn unasked(finding: &mut Finding, what: &str, reason: &str) {
    finding.note(format!("Whether {what} could not be asked: {reason}."));
}

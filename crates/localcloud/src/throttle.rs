//! API throttling: token buckets, one for each class of operations. A bucket is a function of the times of the requests
//! it has let through and nothing else. A request that it stops isn't logged and changes nothing.
//!
//! The buckets are no part of the world: a cloud that is opened again has full ones.

mod bucket;
mod rates;

use std::collections::BTreeMap;

use bucket::Bucket;
use rates::Rate;

use crate::faults::Faults;
use crate::world::Speed;
use crate::{AwsError, Timestamp};

/// The buckets that have been drawn from.
#[derive(Debug, Default)]
pub struct Buckets {
    usual: BTreeMap<(&'static str, String), Bucket>,
    /// Of the faults, by their place; begun anew when the faults change.
    ordered: (Faults, BTreeMap<usize, Bucket>),
}

impl Buckets {
    /// Draw for a call: whether it may go on.
    ///
    /// # Errors
    /// As the service answers a call too many.
    pub fn draw(
        &mut self,
        service: &'static str,
        operation: &str,
        at: Timestamp,
        limits: Limits<'_>,
    ) -> Result<(), AwsError> {
        if self.ordered.0.throttle != limits.faults.throttle {
            self.ordered = (limits.faults.clone(), BTreeMap::new());
        }
        for (place, throttle) in limits.faults.throttles(service, operation) {
            let bucket = self.ordered.1.entry(place).or_insert_with(|| Bucket::full(at, throttle.burst));
            if !bucket.draw(at, throttle.burst, throttle.per_second) {
                return Err(too_many(service));
            }
        }
        let factor = match limits.speed {
            // Where everything is done at once, so is the refilling.
            Speed::Instant => return Ok(()),
            Speed::Times(factor) if factor > 0.0 => factor,
            Speed::Times(_) => 1.0,
        };
        if !limits.usual {
            return Ok(());
        }
        let Some(Rate { class, burst, per_second, .. }) = rates::of(service, operation) else {
            return Ok(());
        };
        let class = if *class == rates::EACH { operation } else { class };
        let bucket =
            self.usual.entry((service, class.to_owned())).or_insert_with(|| Bucket::full(at, *burst));
        if bucket.draw(at, *burst, f64::from(*per_second) * factor) { Ok(()) } else { Err(too_many(service)) }
    }
}

/// What is limited, and how.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Whether the rates that AWS documents apply.
    pub usual: bool,
    /// AWS's seconds pass as quickly as everything else.
    pub speed: Speed,
    /// Those that somebody has ordered.
    pub faults: &'a Faults,
}

/// How a service answers a call too many.
///
/// - EC2: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
/// - Batch: <https://repost.aws/knowledge-center/aws-batch-requests-error>
/// - ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>
/// - Elastic Load Balancing: <https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html>
/// - SNS: <https://repost.aws/knowledge-center/sns-throttling-exception-errors>
/// - the parameter store: <https://repost.aws/knowledge-center/ssm-parameter-store-rate-exceeded>
/// - S3: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
/// - the others: "Throttling, 400: The request was denied due to request throttling", of the common errors.
#[must_use]
pub fn too_many(service: &str) -> AwsError {
    let (status, code, message) = match service {
        "ec2" => (503, "RequestLimitExceeded", "Request limit exceeded."),
        "batch" => (429, "TooManyRequestsException", "Too Many Requests"),
        "s3" => (503, "SlowDown", "Please reduce your request rate."),
        "elasticloadbalancing" | "sns" | "ssm" | "secretsmanager" | "backup" | "ecs" => {
            (400, "ThrottlingException", "Rate exceeded")
        }
        _ => (400, "Throttling", "Rate exceeded"),
    };
    AwsError::new(status, code, message)
}

#[cfg(test)]
mod tests;

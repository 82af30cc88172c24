//! API throttling: token buckets, one for each class of operations. A bucket is a function of the times of the requests
//! it has let through and nothing else. A request that it stops isn't logged and changes nothing. A quota of so many
//! requests a second is a bucket of as many, refilled each second.
//!
//! The rates that AWS documents are in the services' descriptors. CloudFormation, Auto Scaling ("a shared API bucket"), IAM,
//! RDS and AWS Backup throttle as well, but AWS publishes no figures: they are not throttled here unless the faults say so.
//! Neither is CloudWatch, whose page has figures that nobody has read from it yet.
//!
//! The buckets are no part of the world: a cloud that is opened again has full ones.

mod bucket;

use std::collections::BTreeMap;

use bucket::Bucket;

use crate::descriptor::Rate;
use crate::faults::Faults;
use crate::services::Service;
use crate::world::Speed;
use crate::{AwsError, Timestamp};

/// The buckets that have been drawn from.
#[derive(Debug, Default)]
pub struct Buckets {
    usual: BTreeMap<(Service, String), Bucket>,
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
        service: Service,
        operation: &str,
        at: Timestamp,
        limits: Limits<'_>,
    ) -> Result<(), AwsError> {
        let descriptor = service.descriptor();
        if self.ordered.0.throttle != limits.faults.throttle {
            self.ordered = (limits.faults.clone(), BTreeMap::new());
        }
        for (place, throttle) in limits.faults.throttles(descriptor.signing_name, operation) {
            let bucket = self.ordered.1.entry(place).or_insert_with(|| Bucket::full(at, throttle.burst));
            if !bucket.draw(at, throttle.burst, throttle.per_second) {
                return Err(descriptor.throttled());
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
        let Some(Rate { class, burst, per_second, .. }) = descriptor.rate(operation) else {
            return Ok(());
        };
        let class = class.unwrap_or(operation);
        let bucket =
            self.usual.entry((service, class.to_owned())).or_insert_with(|| Bucket::full(at, *burst));
        if bucket.draw(at, *burst, f64::from(*per_second) * factor) {
            Ok(())
        } else {
            Err(descriptor.throttled())
        }
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

#[cfg(test)]
mod tests;

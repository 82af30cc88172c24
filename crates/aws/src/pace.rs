//! Pace: no more requests than AWS lets an account make, as far as it is known beforehand, and than it lets us make.
//!
//! It stands where requests leave, below [`crate::wire`], so that every attempt counts, retries
//! included, as AWS counts them. What AWS turns away for being too many takes another turn, so that nobody above has to
//! begin anew: a refusal of that kind says that nothing was done.
//!
//! An account's rates are shared with whoever else uses it, so they are learned ([`bucket`]). Requests take their turns in
//! the order in which they ask, so the same run twice waits the same.

mod bucket;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use conductor::Clock;
use upgrade::Timestamp;

use self::bucket::Bucket;
use crate::endpoints::STORAGE;
use crate::errors::is_one_too_many;
use crate::refusal::with_code;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// As fast as they come: for a cloud without limits.
    #[default]
    Unlimited,
    /// Below the rates that AWS documents for an account, see `RATES`, and below what is left of them, as refusals tell.
    /// Services without a published rate (CloudFormation, Auto Scaling, ECS, RDS, IAM, CloudWatch) are held back when they refuse.
    Documented,
}

/// A rate that AWS documents.
struct Rate {
    /// The service's name in signatures.
    service: &'static str,
    /// The bucket; [`EACH`]: every operation has its own.
    class: &'static str,
    /// Beginnings of operations' names; the first line that fits counts.
    operations: &'static [&'static str],
    burst: u32,
    per_second: u32,
}

const EACH: &str = "each";

const RATES: &[Rate] = &[
    // "The maximum number of transactions per second (TPS) for each account for AWS Batch API calls, including the
    // SubmitJob operations, is 50." <https://repost.aws/knowledge-center/aws-batch-requests-error>
    Rate { service: "batch", class: "all", operations: &[""], burst: 50, per_second: 50 },
    // <https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html>: non-mutating actions.
    Rate {
        service: "elasticloadbalancing",
        class: "non-mutating",
        operations: &["Describe"],
        burst: 40,
        per_second: 10,
    },
    // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>: each operation by itself.
    Rate { service: "ec2", class: EACH, operations: &["Describe"], burst: 100, per_second: 20 },
    Rate { service: "ec2", class: EACH, operations: &[""], burst: 50, per_second: 5 },
];

/// How long a request that was one too many takes turn after turn. A signature holds for five minutes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

type Key = (String, String);

/// Buckets, by service and class.
#[derive(Debug)]
pub(crate) struct Paces {
    clock: Clock,
    buckets: Mutex<BTreeMap<Key, Bucket>>,
}

impl Paces {
    fn new() -> Paces {
        Paces { clock: Clock::starting_at(Timestamp(0)), buckets: Mutex::default() }
    }

    /// Do something with the bucket of an operation, at this time in microseconds.
    fn with<T>(&self, service: &str, operation: &str, work: impl FnOnce(&mut Bucket, u64) -> T) -> T {
        let rate = RATES.iter().find(|rate| {
            rate.service == service && rate.operations.iter().any(|begin| operation.starts_with(begin))
        });
        let class = match rate {
            Some(rate) if rate.class != EACH => rate.class,
            Some(_) | None => operation,
        };
        let now = self.clock.now().0 * 1000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry((service.to_owned(), class.to_owned()))
            .or_insert_with(|| Bucket::new(rate.map(|rate| (rate.burst, rate.per_second))));
        work(bucket, now)
    }
}

/// A connector whose requests keep to the pace.
pub(crate) fn paced(connector: SharedHttpConnector, pace: Pace) -> SharedHttpConnector {
    match pace {
        Pace::Unlimited => connector,
        Pace::Documented => {
            SharedHttpConnector::new(PacedConnector { inner: connector, paces: Arc::new(Paces::new()) })
        }
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    paces: Arc<Paces>,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (service, operation) = match signed_for(&request) {
            // Whoever keeps objects looks before anything is sent again.
            Some((service, operation)) if service != STORAGE.signing_name => (service.to_owned(), operation),
            Some(_) | None => return self.inner.call(request),
        };
        let (inner, paces) = (self.inner.clone(), self.paces.clone());
        let mut turn = paces.with(&service, &operation, Bucket::turn);
        HttpConnectorFuture::new(async move {
            let began = paces.clock.now();
            let mut request = request;
            loop {
                if !turn.wait.is_zero() {
                    paces.clock.sleep(turn.wait).await;
                }
                let again = request.try_clone();
                let mut response = inner.call(request).await?;
                let status = response.status();
                let mut refused = false;
                if status.is_client_error() || status.is_server_error() {
                    let code;
                    (response, code) = with_code(response).await?;
                    refused = is_one_too_many(&code, status.as_u16());
                }
                if !refused {
                    paces.with(&service, &operation, Bucket::passed);
                    return Ok(response);
                }
                turn = paces.with(&service, &operation, |bucket, now| {
                    bucket.refused(&turn, now);
                    bucket.turn(now)
                });
                let waited = Duration::from_millis(paces.clock.now().milliseconds_since(began));
                match again {
                    Some(again) if waited + turn.wait < PATIENCE => request = again,
                    Some(_) | None => return Ok(response),
                }
            }
        })
    }
}

/// The service and the operation of a request: from its signature's scope, and from its form or path.
pub(crate) fn signed_for(request: &HttpRequest) -> Option<(&str, String)> {
    // AWS4-HMAC-SHA256 Credential=AKIA…/20260131/us-east-1/batch/aws4_request, SignedHeaders=…
    let authorization = request.headers().get("authorization")?;
    let scope = authorization.split_once("Credential=")?.1.split(',').next()?;
    let service = scope.split('/').nth(3)?;
    let in_form = request.body().bytes().and_then(|form| {
        // Our forms begin with it, and the SDK's.
        let rest = std::str::from_utf8(form.get(..128.min(form.len()))?).ok()?.strip_prefix("Action=")?;
        rest.split('&').next().map(str::to_owned)
    });
    let operation = in_form.unwrap_or_default();
    Some((service, operation))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bucket, Paces};

    /// All turns are asked for at once: when the last of `calls` leaves, in milliseconds.
    fn last_turn(service: &str, operation: &str, calls: u32) -> u128 {
        let paces = Paces::new();
        let turns = (0..calls).map(|_| paces.with(service, operation, Bucket::turn).wait);
        turns.max().unwrap_or_default().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_documented_rates() {
        for (service, operation, calls, at_least, at_most) in [
            ("batch", "", 25, 0, 0),
            // 10,000 at 50 a second are 200 s.
            ("batch", "", 10_000, 200_000, 220_000),
            ("elasticloadbalancing", "DescribeRules", 120, 10_000, 11_000),
            ("elasticloadbalancing", "CreateRule", 1000, 0, 0),
            ("ec2", "TerminateInstances", 50, 5_000, 6_000),
            ("ec2", "DescribeInstances", 50, 0, 0),
            ("autoscaling", "DescribeAutoScalingGroups", 1000, 0, 0),
        ] {
            let last = last_turn(service, operation, calls);
            assert!((at_least..=at_most).contains(&last), "{service} {operation} {calls}: {last} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_than_the_account_may_make() {
        let paces = Paces::new();
        let mut leaves = Vec::new();
        let mut now = Duration::ZERO;
        for step in 0..2000_u64 {
            // Quick stretches, pauses between them.
            let pause = if step.is_multiple_of(200) { Duration::from_secs(3) } else { Duration::ZERO };
            tokio::time::advance(pause).await;
            now += pause;
            leaves.push(now + paces.with("batch", "", Bucket::turn).wait);
        }
        leaves.sort();
        for (index, from) in leaves.iter().enumerate() {
            // A full bucket of 50 and 50 that come back: what AWS's own bucket lets through in a second.
            let within =
                leaves.iter().skip(index).take_while(|at| **at < *from + Duration::from_secs(1)).count();
            assert!(within <= 75, "{within} from {from:?}");
        }
    }
}

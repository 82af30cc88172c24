//! Buckets by service and operation.

use super::{Buckets, Limits};
use crate::Timestamp;
use crate::faults::Faults;
use crate::services::Service;
use crate::world::Speed;

/// Calls at one moment: how many of so many pass, and the code of the first that doesn't.
fn check(faults: &str, speed: Speed, usual: bool, calls: &[(u64, &'static str, &str, usize, usize, &str)]) {
    let faults = Faults::parse(faults).expect("faults");
    let mut buckets = Buckets::default();
    for (at, service, operation, count, passing, code) in calls {
        let signed_for = |name| Service::signed_for(name).expect("a service");
        let limits = Limits { usual, speed, faults: &faults };
        let answers: Vec<_> = (0..*count)
            .map(|_| buckets.draw(signed_for(service), operation, Timestamp(*at), limits))
            .collect();
        let passed = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(passed, *passing, "{operation} at {at} ms");
        let refused = answers.into_iter().find_map(Result::err).map(|error| error.code);
        assert_eq!(refused.unwrap_or_default(), *code, "{operation} at {at} ms");
    }
}

#[test]
fn services_throttle_as_documented() {
    check(
        "{}",
        Speed::Times(1.0),
        true,
        &[
            (0, "batch", "ListJobs", 30, 30, ""),
            (0, "batch", "SubmitJob", 30, 20, "TooManyRequestsException"),
            (1000, "batch", "ListJobs", 51, 50, "TooManyRequestsException"),
            (0, "ec2", "DescribeInstances", 101, 100, "RequestLimitExceeded"),
            (0, "ec2", "DescribeVolumes", 100, 100, ""),
            (0, "ec2", "TerminateInstances", 51, 50, "RequestLimitExceeded"),
            (0, "elasticloadbalancing", "DescribeRules", 41, 40, "ThrottlingException"),
            (0, "elasticloadbalancing", "CreateRule", 500, 500, ""),
            (0, "ssm", "GetParameter", 41, 40, "ThrottlingException"),
            (0, "cloudformation", "DescribeStackEvents", 1000, 1000, ""),
        ],
    );
    check(
        "{}",
        Speed::Times(10.0),
        true,
        &[(0, "batch", "A", 50, 50, ""), (50, "batch", "A", 30, 25, "TooManyRequestsException")],
    );
    check("{}", Speed::Instant, true, &[(0, "batch", "ListJobs", 500, 500, "")]);
    check("{}", Speed::Times(1.0), false, &[(0, "batch", "ListJobs", 500, 500, "")]);
}

#[test]
fn ordered_throttles_come_besides() {
    let faults = r#"{"throttle": [
        {"service": "cloudformation", "operation": "DescribeStackEvents", "burst": 1, "per_second": 0.2},
        {"service": "sts", "operation": "*", "burst": 2, "per_second": 0}
    ]}"#;
    for speed in [Speed::Times(1.0), Speed::Instant] {
        check(
            faults,
            speed,
            false,
            &[
                (0, "cloudformation", "DescribeStackEvents", 2, 1, "Throttling"),
                (0, "cloudformation", "DescribeStacks", 9, 9, ""),
                (4999, "cloudformation", "DescribeStackEvents", 1, 0, "Throttling"),
                (5000, "cloudformation", "DescribeStackEvents", 1, 1, ""),
                (0, "sts", "GetCallerIdentity", 1, 1, ""),
                (0, "sts", "AssumeRole", 2, 1, "Throttling"),
            ],
        );
    }
}

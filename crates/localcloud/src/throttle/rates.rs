//! The rates that AWS documents. A quota of so many requests a second is a bucket of as many, refilled each second.
//!
//! ECS publishes buckets (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>) that nobody
//! has read from its page yet, and isn't throttled here either.
//!
//! CloudFormation, Auto Scaling ("a shared API bucket"), IAM, RDS and AWS Backup throttle as well, but AWS publishes no
//! figures: they are not throttled here unless the faults say so. Neither are CloudWatch and the mutating operations of
//! Elastic Load Balancing, whose pages have figures that nobody has read from them yet.

/// One class of operations, which share a bucket.
#[derive(Debug)]
pub(super) struct Rate {
    service: &'static str,
    /// The bucket's name; [`EACH`]: every operation has its own.
    pub(super) class: &'static str,
    /// Names, or beginnings with a `*`.
    operations: &'static [&'static str],
    /// Tokens of a full bucket.
    pub(super) burst: u32,
    /// Tokens that come back.
    pub(super) per_second: u32,
}

/// The class of operations that have a bucket each.
pub(super) const EACH: &str = "each";

const fn rate(
    service: &'static str,
    class: &'static str,
    operations: &'static [&'static str],
    burst: u32,
    per_second: u32,
) -> Rate {
    Rate { service, class, operations, burst, per_second }
}

/// The first line that fits counts.
const RATES: &[Rate] = &[
    // "The maximum number of transactions per second (TPS) for each account for AWS Batch API calls, including the
    // SubmitJob operations, is 50." <https://repost.aws/knowledge-center/aws-batch-requests-error>
    rate("batch", "all", &["*"], 50, 50),
    // <https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html>: non-mutating actions.
    rate("elasticloadbalancing", "non-mutating", &["Describe*"], 40, 10),
    // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>: "each API is evaluated individually";
    // non-mutating actions (the page's own example: 100, and 20 a second), then mutating ones. UNCONFIRMED: the mutating
    // figures were not seen again on the page when the others were checked.
    rate("ec2", EACH, &["Describe*", "List*", "Search*", "Get*"], 100, 20),
    rate("ec2", EACH, &["*"], 50, 5),
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>: requests made with the account's
    // credentials.
    rate("sts", "account", &["AssumeRole", "GetCallerIdentity"], 600, 600),
    // <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
    rate("secretsmanager", "reading", &["DescribeSecret", "GetSecretValue"], 10_000, 10_000),
    rate("secretsmanager", "writing", &["PutSecretValue", "UpdateSecret"], 50, 50),
    rate(
        "secretsmanager",
        EACH,
        &["CreateSecret", "DeleteSecret", "RestoreSecret", "ListSecretVersionIds"],
        50,
        50,
    ),
    rate("secretsmanager", EACH, &["ListSecrets"], 100, 100),
    // <https://docs.aws.amazon.com/general/latest/gr/ssm.html>: the default throughput, shared.
    rate("ssm", "throughput", &["GetParameter", "GetParameters", "PutParameter"], 40, 40),
    // <https://docs.aws.amazon.com/general/latest/gr/sns.html>
    rate("sns", EACH, &["ListTopics", "ListSubscriptions", "ListSubscriptionsByTopic"], 30, 30),
    rate("sns", EACH, &["Subscribe", "Unsubscribe"], 100, 100),
];

/// The class of an operation, if it has one.
pub(super) fn of(service: &str, operation: &str) -> Option<&'static Rate> {
    RATES.iter().filter(|rate| rate.service == service).find(|rate| {
        rate.operations.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(beginning) => operation.starts_with(beginning),
            None => operation == *wanted,
        })
    })
}

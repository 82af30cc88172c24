//! Requests that nobody sane sends, to every operation of the services: none panics, and one that is refused
//! has changed nothing.

use serde_json::{Map, Value, json};

use crate::wire::Service;
use crate::{Config, Input, Speed, Timestamp, World};

const OPERATIONS: &[(Service, &[&str])] = &[
    (
        Service::AutoScaling,
        &[
            "CreateAutoScalingGroup",
            "DeleteAutoScalingGroup",
            "DescribeAutoScalingGroups",
            "DescribeAutoScalingInstances",
            "DescribeLifecycleHooks",
            "DescribeScalingActivities",
            "UpdateAutoScalingGroup",
            "SetDesiredCapacity",
            "SetInstanceProtection",
            "TerminateInstanceInAutoScalingGroup",
            "CompleteLifecycleAction",
            "SuspendProcesses",
            "ResumeProcesses",
            "DescribeWarmPool",
            "PutWarmPool",
            "DeleteWarmPool",
        ],
    ),
    (
        Service::Batch,
        &[
            "CreateComputeEnvironment",
            "UpdateComputeEnvironment",
            "DeleteComputeEnvironment",
            "CreateJobQueue",
            "UpdateJobQueue",
            "DeleteJobQueue",
            "DescribeJobQueues",
            "RegisterJobDefinition",
            "DeregisterJobDefinition",
            "DescribeJobDefinitions",
            "SubmitJob",
            "ListJobs",
            "DescribeJobs",
            "CancelJob",
            "TerminateJob",
            "TagResource",
            "UntagResource",
        ],
    ),
    (
        Service::LoadBalancing,
        &[
            "DescribeLoadBalancers",
            "ModifyLoadBalancerAttributes",
            "DescribeListeners",
            "DescribeRules",
            "CreateRule",
            "ModifyRule",
            "DeleteRule",
            "SetRulePriorities",
            "DescribeTags",
            "AddTags",
            "DescribeTargetGroups",
            "DescribeTargetHealth",
        ],
    ),
    (
        Service::ObjectStorage,
        &[
            "CreateBucket",
            "DeleteBucket",
            "PutObject",
            "GetObject",
            "DeleteObject",
            "ListObjects",
            "ListObjectsV2",
        ],
    ),
];

/// Names that the operations read.
const NAMES: &[&str] = &[
    "AutoScalingGroupName",
    "AutoScalingGroupNames",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "MaxGroupPreparedCapacity",
    "InstanceId",
    "InstanceIds",
    "ProtectedFromScaleIn",
    "ShouldDecrementDesiredCapacity",
    "NewInstancesProtectedFromScaleIn",
    "LifecycleHookSpecificationList",
    "LifecycleHookName",
    "LifecycleActionResult",
    "MixedInstancesPolicy",
    "VPCZoneIdentifier",
    "AvailabilityZones",
    "ScalingProcesses",
    "Filters",
    "NextToken",
    "MaxRecords",
    "ForceDelete",
    "PoolState",
    "Tags",
    "jobQueueName",
    "jobQueue",
    "jobQueues",
    "jobName",
    "jobDefinition",
    "jobDefinitionName",
    "jobStatus",
    "jobs",
    "jobId",
    "reason",
    "state",
    "type",
    "parameters",
    "containerOverrides",
    "timeout",
    "dependsOn",
    "computeEnvironmentName",
    "computeEnvironment",
    "computeEnvironmentOrder",
    "computeResources",
    "resourceArn",
    "tags",
    "nextToken",
    "maxResults",
    "ListenerArn",
    "RuleArn",
    "RuleArns",
    "RulePriorities",
    "Priority",
    "Conditions",
    "Actions",
    "ResourceArns",
    "LoadBalancerArn",
    "TargetGroupArn",
    "Marker",
    "PageSize",
    "Attributes",
    "Bucket",
    "Key",
    "Body",
    "Prefix",
    "Delimiter",
    "MaxKeys",
    "Metadata",
];

/// Numbers that look random and are the same in every run.
struct Stream(u64);

impl Stream {
    /// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default() % bound
    }

    fn value(&mut self, depth: usize) -> Value {
        let plain = [
            json!("g"),
            json!("arn:aws:batch:us-east-1:000000000000:job-queue/g"),
            json!("arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/x"),
            json!(""),
            json!("\u{0}\u{10ffff}é"),
            json!("%"),
            json!("-1"),
            json!("3"),
            json!("9223372036854775807"),
            json!("true"),
            json!("DISABLED"),
            json!("CONTINUE"),
            json!("RUNNING"),
            json!(null),
            json!(false),
            json!(2),
            json!(-9_223_372_036_854_775_808_i64),
            json!(18_446_744_073_709_551_615_u64),
            json!(1e300),
        ];
        match self.below(if depth == 0 { 6 } else { 8 }) {
            6 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            7 => {
                let keys =
                    ["Key", "Value", "Values", "Type", "Field", "jobId", "name", "value", "LaunchTemplate"];
                let fields = (0..self.below(5))
                    .map(|_| (keys[self.below(keys.len())].to_owned(), self.value(depth - 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            _ => plain[self.below(plain.len())].clone(),
        }
    }
}

#[test]
fn nothing_panics_and_a_refusal_changes_nothing() {
    for (speed, seed) in [(Speed::Times(1.0), 0), (Speed::Instant, 1 << 32)] {
        let mut stream = Stream(seed);
        let mut world = World::new(Config { speed, ..Config::default() }, Timestamp(0));
        let mut answered = 0;
        for round in 0..3000_u64 {
            // Now and then begin again, so that the world stays small enough to be compared.
            if round % 150 == 0 {
                world = World::new(Config { speed, ..Config::default() }, Timestamp(0));
            }
            let (service, operations) = OPERATIONS[stream.below(OPERATIONS.len())];
            let operation = operations[stream.below(operations.len())];
            let mut input = Map::new();
            for name in NAMES {
                // Half of the names that end in "Name" are good ones, or nothing would ever exist.
                match stream.below(4) {
                    0 => drop(input.insert((*name).to_owned(), stream.value(3))),
                    1 if name.ends_with("Name") || matches!(*name, "jobQueue" | "type" | "Bucket") => {
                        input.insert((*name).to_owned(), json!("group"));
                    }
                    1 if name.ends_with("Size") => drop(input.insert((*name).to_owned(), json!("2"))),
                    _ => {}
                }
            }
            let input = Value::Object(input);
            let at = Timestamp(round % 150 * 7000);
            world.advance(at);
            let before = format!("{world:?}");
            match world.handle(at, service, operation, Input(&input)) {
                Ok(_) => answered += 1,
                Err(error) => {
                    assert!(
                        before == format!("{world:?}"),
                        "{operation} {input}: {error} has changed something"
                    );
                }
            }
        }
        assert!(answered > 300, "only {answered} requests got beyond their checks");
    }
}

//! What is expected of resources where AWS's preview is silent, vague or wrong, and what follows for risks
//! and capabilities.

use std::collections::BTreeMap;

use crate::support::{Resolved, real_pseudo};
use changeset::capabilities::capabilities;
use changeset::expect::{Expectation, Expected, expectations};
use changeset::predict::{Deployed, Mode, predict};
use changeset::risks::{RiskKind, risks};
use template::{Outside, Template};

/// What a case says of one resource: its name, what is expected, and a part of the first reason.
type Wanted = (&'static str, Expected, &'static str);

/// Name, resources before and after, what is expected, and the kinds of risk (but for capabilities) in order.
type Case = (&'static str, &'static str, &'static str, &'static [Wanted], &'static [RiskKind]);

const CASES: &[Case] = &[
    (
        "a custom-named resource that must be replaced meets its own name",
        "Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q, FifoQueue: false}}",
        "Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q, FifoQueue: true}}",
        &[("Q", Expected::Fails, "QueueName stays q. Rename it and update the stack again.")],
        &[RiskKind::UpdateFails],
    ),
    (
        "a role whose path changes keeps its name",
        "R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r, Path: /a/, AssumeRolePolicyDocument: {}}}",
        "R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r, Path: /b/, AssumeRolePolicyDocument: {}}}",
        &[(
            "R",
            Expected::Fails,
            "cannot update a stack when a custom-named resource requires replacing: RoleName stays r",
        )],
        &[RiskKind::UpdateFails],
    ),
    (
        "a role without a name of its own is simply replaced",
        "R: {Type: 'AWS::IAM::Role', Properties: {Path: /a/, AssumeRolePolicyDocument: {}}}",
        "R: {Type: 'AWS::IAM::Role', Properties: {Path: /b/, AssumeRolePolicyDocument: {}}}",
        &[("R", Expected::Replaced, "The template changes Path; changing it needs a new resource")],
        &[],
    ),
    (
        "a topic's name is its own though an ARN identifies it",
        "T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: t, FifoTopic: false}}",
        "T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: t, FifoTopic: true}}",
        &[("T", Expected::Fails, "TopicName stays t")],
        &[RiskKind::UpdateFails],
    ),
    (
        "RDS refuses to shrink storage",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {AllocatedStorage: '100'}}",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {AllocatedStorage: '20'}}",
        &[("D", Expected::Fails, "refuses to shrink storage: AllocatedStorage would go from 100 to 20")],
        &[RiskKind::UpdateFails],
    ),
    (
        "RDS refuses to grow storage by less than a tenth",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {AllocatedStorage: '100'}}",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {AllocatedStorage: '109'}}",
        &[("D", Expected::Fails, "by less than 10 %")],
        &[RiskKind::UpdateFails],
    ),
    (
        "more storage is an update that can't be undone",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {AllocatedStorage: '100'}}",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {AllocatedStorage: '110'}}",
        &[("D", Expected::UpdatedInPlace, "The template changes AllocatedStorage")],
        &[RiskKind::Irreversible],
    ),
    (
        "a database that is replaced loses its data",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUsername: a}}",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUsername: b}}",
        &[("D", Expected::Replaced, "The template changes MasterUsername")],
        &[RiskKind::DataLost, RiskKind::Interruption],
    ),
    (
        "what leaves the stack: deleted with data, deleted without, kept, saved",
        "A: {Type: 'AWS::S3::Bucket'}\nB: {Type: 'AWS::SNS::Topic'}\nC: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain}\nD: {Type: 'AWS::RDS::DBInstance'}\nZ: {Type: 'AWS::SNS::Topic'}",
        "Z: {Type: 'AWS::SNS::Topic'}",
        &[("A", Expected::Removed, "the new one doesn't"), ("D", Expected::Removed, "")],
        &[
            RiskKind::DataLost,
            RiskKind::Irreversible,
            RiskKind::Interruption,
            RiskKind::ResourceDeleted,
            RiskKind::LeftBehind,
        ],
    ),
    (
        "a rolling update keeps the group and exchanges its instances",
        "L: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: {ImageId: a}}}\nG: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingRollingUpdate: {}}, Properties: {LaunchTemplate: {Version: !GetAtt L.LatestVersionNumber}}}",
        "L: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: {ImageId: b}}}\nG: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingRollingUpdate: {}}, Properties: {LaunchTemplate: {Version: !GetAtt L.LatestVersionNumber}}}",
        &[("L", Expected::UpdatedInPlace, ""), ("G", Expected::InstancesReplaced, "rolling update")],
        &[RiskKind::Interruption],
    ),
    (
        "without an update policy running instances stay as they are",
        "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {LaunchConfigurationName: a}}",
        "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {LaunchConfigurationName: b}}",
        &[("G", Expected::UpdatedInPlace, "no update policy")],
        &[],
    ),
    (
        "WillReplace replaces a group, unless it is empty",
        "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}, Properties: {LaunchTemplate: {LaunchTemplateId: l, Version: a}}}",
        "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}, Properties: {LaunchTemplate: {LaunchTemplateId: l, Version: b}}}",
        &[("G", Expected::MayBeReplaced, "WillReplace")],
        &[RiskKind::Interruption, RiskKind::Undecided],
    ),
    (
        "with a launch configuration WillReplace replaces an empty group too",
        "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}, Properties: {LaunchConfigurationName: a}}",
        "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}, Properties: {LaunchConfigurationName: b}}",
        &[("G", Expected::Replaced, "WillReplace")],
        &[RiskKind::Interruption],
    ),
    (
        "a launch template whose tags alone change keeps its version, so its readers stay",
        "L: {Type: 'AWS::EC2::LaunchTemplate', Metadata: {v: 1}, Properties: {LaunchTemplateData: {ImageId: a}}}\nG: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {AutoScalingGroupName: !Sub 'g-${L.LatestVersionNumber}'}}",
        "L: {Type: 'AWS::EC2::LaunchTemplate', Metadata: {v: 2}, Properties: {LaunchTemplateData: {ImageId: a}}}\nG: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {AutoScalingGroupName: !Sub 'g-${L.LatestVersionNumber}'}}",
        &[
            ("L", Expected::UpdatedInPlace, "which CloudFormation itself keeps"),
            ("G", Expected::Unchanged, "stays the same"),
        ],
        &[],
    ),
    (
        "a compute environment is replaced unless it says otherwise",
        "A: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED, ComputeResources: {ImageId: a}}}\nB: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED, ReplaceComputeEnvironment: false, ComputeResources: {ImageId: a}}}",
        "A: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED, ComputeResources: {ImageId: b}}}\nB: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED, ReplaceComputeEnvironment: false, ComputeResources: {ImageId: b}}}",
        &[
            ("A", Expected::Replaced, "makes a new compute environment"),
            ("B", Expected::UpdatedInPlace, "ReplaceComputeEnvironment is false"),
        ],
        &[RiskKind::Interruption],
    ),
    (
        "a VPC whose tenancy becomes the default stays, and so does all that is in it",
        "V: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16}}\nS: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref V}}",
        "V: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16, InstanceTenancy: default}}\nS: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref V}}",
        &[("V", Expected::UpdatedInPlace, "becomes default"), ("S", Expected::Unchanged, "stays the same")],
        &[],
    ),
    (
        "a wait condition can't be updated",
        "W: {Type: 'AWS::CloudFormation::WaitCondition', Properties: {Count: 1}}",
        "W: {Type: 'AWS::CloudFormation::WaitCondition', Properties: {Count: 2}}",
        &[("W", Expected::Fails, "doesn't support updating a wait condition")],
        &[RiskKind::UpdateFails],
    ),
    (
        "a custom resource decides itself, and what reads it may change",
        "C: {Type: 'Custom::Thing', Properties: {ServiceToken: t, A: 1}}\nT: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt C.Value}}",
        "C: {Type: 'Custom::Thing', Properties: {ServiceToken: t, A: 2}}\nT: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt C.Value}}",
        &[
            ("C", Expected::MayBeReplaced, "Its provider decides"),
            ("T", Expected::MayBeUpdated, "DisplayName reads C.Value (the resource may be replaced)"),
        ],
        &[RiskKind::Undecided],
    ),
    (
        "a type that no schema knows is undecided",
        "X: {Type: 'Example::Vendor::Thing', Properties: {A: 1}}",
        "X: {Type: 'Example::Vendor::Thing', Properties: {A: 2}}",
        &[("X", Expected::UpdatedInPlace, "No published schema")],
        &[RiskKind::Undecided],
    ),
    (
        "two rules that exchange their priorities wait for each other",
        "A: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: {ListenerArn: arn, Priority: 1, Conditions: [], Actions: []}}\nB: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: {ListenerArn: arn, Priority: 2, Conditions: [], Actions: []}}",
        "A: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: {ListenerArn: arn, Priority: 2, Conditions: [], Actions: []}}\nB: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: {ListenerArn: arn, Priority: 1, Conditions: [], Actions: []}}",
        &[
            ("A", Expected::Fails, "Priority '2' is currently in use: B has it until it is changed itself"),
            ("B", Expected::Fails, "Priority '1' is currently in use: A has it until it is changed itself"),
        ],
        &[RiskKind::UpdateFails],
    ),
    (
        "a priority that is given up before is free",
        "A: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: {ListenerArn: arn, Priority: 1, Conditions: [], Actions: []}}\nB: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', DependsOn: A, Properties: {ListenerArn: arn, Priority: 2, Conditions: [], Actions: []}}",
        "A: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: {ListenerArn: arn, Priority: 3, Conditions: [], Actions: []}}\nB: {Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', DependsOn: A, Properties: {ListenerArn: arn, Priority: 1, Conditions: [], Actions: []}}",
        &[
            ("A", Expected::UpdatedInPlace, "The template changes Priority"),
            ("B", Expected::UpdatedInPlace, "The template changes Priority"),
        ],
        &[],
    ),
    (
        "a subnet in a new VPC may have the block of the old one",
        "V: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16}}\nS: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}",
        "V: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/8}}\nS: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}",
        &[("S", Expected::Replaced, "VpcId reads V")],
        &[],
    ),
    (
        "an inline policy under another logical id goes with the old one",
        "Old: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [r], PolicyDocument: {}}}",
        "New: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [r], PolicyDocument: {}}}",
        &[("New", Expected::Added, "The new template has it")],
        &[RiskKind::GoneAfterCleanUp, RiskKind::ResourceDeleted],
    ),
    (
        "an inline policy whose old one is retained takes nothing with it",
        "Old: {Type: 'AWS::IAM::Policy', DeletionPolicy: Retain, Properties: {PolicyName: p, Roles: [r], PolicyDocument: {}}}",
        "New: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [r], PolicyDocument: {}}}",
        &[("New", Expected::Added, "The new template has it")],
        &[RiskKind::LeftBehind],
    ),
    (
        "a name that a retained resource has stays taken",
        "Old: {Type: 'AWS::SNS::Topic', DeletionPolicy: Retain, Properties: {TopicName: t}}",
        "New: {Type: 'AWS::SNS::Topic', Properties: {TopicName: t}}",
        &[("New", Expected::Fails, "t already exists: Old has it and keeps it")],
        &[RiskKind::UpdateFails, RiskKind::LeftBehind],
    ),
    (
        "a database's second zone is no new database",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {MultiAZ: false}}",
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {MultiAZ: true}}",
        &[("D", Expected::UpdatedInPlace, "AWS changes it in place, and it may be away for a while")],
        &[RiskKind::Interruption],
    ),
    (
        "a table's key schema makes a new table",
        "T: {Type: 'AWS::DynamoDB::Table', Properties: {KeySchema: [{AttributeName: a, KeyType: HASH}]}}",
        "T: {Type: 'AWS::DynamoDB::Table', Properties: {KeySchema: [{AttributeName: b, KeyType: HASH}]}}",
        &[("T", Expected::Replaced, "By AWS's user guide this needs a new resource")],
        &[RiskKind::DataLost],
    ),
    (
        "an attribute that a type doesn't have fails where it is read",
        "Q: {Type: 'AWS::SQS::Queue'}\nT: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: a}}",
        "Q: {Type: 'AWS::SQS::Queue'}\nT: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt Q.Nonsense}}",
        &[("T", Expected::Fails, "Resource type AWS::SQS::Queue does not support attribute {Nonsense}")],
        &[RiskKind::UpdateFails],
    ),
    (
        "security groups of two VPCs may have one name",
        "S: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupName: g, GroupDescription: d, VpcId: vpc-1}}",
        "N: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupName: g, GroupDescription: d, VpcId: vpc-2}}",
        &[("N", Expected::Added, "The new template has it")],
        &[RiskKind::ResourceDeleted],
    ),
];

#[test]
fn every_expectation_holds() {
    for (name, before, after, wanted, kinds) in CASES {
        let (before, after) = (resolved(before), resolved(after));
        let expected = expected_between(&before, &after);
        for (logical_id, outcome, reason) in *wanted {
            let found = expected
                .iter()
                .find(|one| one.logical_id == *logical_id)
                .unwrap_or_else(|| panic!("{name}: nothing of {logical_id}"));
            assert_eq!(found.expected, *outcome, "{name}: {found:?}");
            assert!(
                found.because.first().is_some_and(|first| first.to_string().contains(reason)),
                "{name}: {:?}",
                found.because
            );
        }
        let mut found: Vec<RiskKind> =
            risks(&expected, &after.evaluation(&real_pseudo(), &Outside::default()))
                .iter()
                .map(|risk| risk.kind)
                .collect();
        found.dedup();
        found.retain(|kind| *kind != RiskKind::CapabilityNeeded);
        assert_eq!(found, *kinds, "{name}");
    }
}

/// A name that the new resource takes is told where it is known and isn't the old resource's own.
#[test]
fn names_that_are_taken_are_told() {
    const GROUP: &str = "G: {Type: 'AWS::AutoScaling::AutoScalingGroup', UpdatePolicy: {AutoScalingReplacingUpdate: {WillReplace: true}}, Properties: {AutoScalingGroupName: g, LaunchTemplate: {LaunchTemplateId: l, Version: VERSION}}}";
    for (before, after, taken) in [
        ("", "G: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: lab}}", Some("lab")),
        ("", "G: {Type: 'AWS::RDS::DBInstance', Properties: {DBInstanceIdentifier: main}}", Some("main")),
        ("", "G: {Type: 'AWS::Logs::LogGroup'}", None),
        ("", "G: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: !GetAtt A.TopicName}}", None),
        // The bucket is another resource's.
        ("", "G: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: lab, PolicyDocument: {}}}", None),
        (
            "G: {Type: 'AWS::IAM::Role', Properties: {RoleName: a, AssumeRolePolicyDocument: {}}}",
            "G: {Type: 'AWS::IAM::Role', Properties: {RoleName: b, AssumeRolePolicyDocument: {}}}",
            Some("b"),
        ),
        (&GROUP.replace("VERSION", "a"), &GROUP.replace("VERSION", "b"), None),
    ] {
        let with = |more: &str| resolved(&format!("A: {{Type: 'AWS::SNS::Topic'}}\n{more}"));
        let all = expected_between(&with(before), &with(after));
        let one = all.iter().find(|one| one.logical_id == "G").unwrap_or_else(|| panic!("{after}: {all:#?}"));
        assert_eq!(one.takes_name.as_deref(), taken, "{after}: {:?}", one.expected);
    }
}

#[test]
fn a_dispute_is_said_among_the_reasons() {
    let (before, after) = (
        resolved("D: {Type: 'AWS::RDS::DBInstance', Properties: {Port: '1'}}"),
        resolved("D: {Type: 'AWS::RDS::DBInstance', Properties: {Port: '2'}}"),
    );
    let expected = expected_between(&before, &after);
    let because = &expected.first().expect("the database").because;
    assert!(
        because.iter().any(|one| one
            .to_string()
            .starts_with("Disputed: for Port the CloudFormation schema says Never")),
        "{because:?}"
    );
}

/// Template text and the capabilities it needs.
const CAPABILITIES: [(&str, &[&str]); 8] = [
    (
        "Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: {'Fn::Transform': {Name: M, Parameters: {}}}}}}",
        &["CAPABILITY_AUTO_EXPAND"],
    ),
    ("Resources: {T: {Type: 'AWS::SNS::Topic'}}", &[]),
    (
        "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {}}}}",
        &["CAPABILITY_IAM"],
    ),
    (
        "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}}",
        &["CAPABILITY_NAMED_IAM"],
    ),
    // Its name is required and doesn't count.
    (
        "Resources: {P: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, PolicyDocument: {}}}}",
        &["CAPABILITY_IAM"],
    ),
    // An inactive resource counts.
    (
        "{Conditions: {No: !Equals [a, b]}, Resources: {T: {Type: 'AWS::SNS::Topic'}, U: {Type: 'AWS::IAM::User', Condition: 'No'}}}",
        &["CAPABILITY_IAM"],
    ),
    (
        "{Transform: 'AWS::LanguageExtensions', Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
        &["CAPABILITY_AUTO_EXPAND"],
    ),
    (
        "{Transform: 'AWS::Serverless-2016-10-31', Resources: {U: {Type: 'AWS::IAM::User', Properties: {UserName: u}}}}",
        &["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    ),
];

#[test]
fn capabilities_are_as_aws_decides() {
    for (text, expected) in CAPABILITIES {
        let template = Template::parse("case.yaml", format!("---\n{text}").as_bytes())
            .unwrap_or_else(|error| panic!("{error}"));
        let words: Vec<&str> =
            capabilities(&template).iter().map(|needed| needed.capability.word()).collect();
        assert_eq!(words, expected, "{text}");
    }
}

fn expected_between(before: &Resolved, after: &Resolved) -> Vec<Expectation> {
    let (pseudo, outside, deployed) = (real_pseudo(), Outside::default(), Deployed::default());
    let (old, new) = (before.evaluation(&pseudo, &outside), after.evaluation(&pseudo, &outside));
    let predict = |mode| predict(Some(&old), &new, &deployed, mode).unwrap_or_else(|error| panic!("{error}"));
    expectations(Some(&old), &new, &deployed, &predict(Mode::Plain), &predict(Mode::Values))
        .expect("expectations")
}

fn resolved(resources: &str) -> Resolved {
    let indented: String = resources.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!("Resources:\n{indented}");
    let template =
        Template::parse("case.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Resolved::new(template, &BTreeMap::new(), None, &BTreeMap::new())
}

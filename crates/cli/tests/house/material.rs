//! What the platforms of the full upgrade are made of: their templates before and after, their parameters, the work on them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::{code_ocean, sample};

/// The value of a NoEcho parameter; recognizable wherever it leaks.
pub const PASSWORD: &str = "pw-Q9-NOECHO-SECRET-hunter2";

/// The repository's folder.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Which platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// The repository's own sample, with an alarm, a volume and a secret besides.
    Sample,
    /// Code Ocean v3.7.0 to v3.8.2.
    CodeOcean,
    /// The repository's lab, 1.0.0 to 1.1.0, without its processes.
    Lab,
}

/// What a vendor's deployment is made of.
pub struct Material {
    pub from: String,
    pub to: String,
    pub parameters: BTreeMap<String, String>,
    pub workload: &'static str,
    pub profile: &'static str,
}

const SAMPLE_WORK: &str = r#"
[[stack.jobs]]
queue = "*"
count = 3
seconds = 36000
owners = ["ada@example.com", "grace@example.com"]

[[stack.workers]]
group = "WorkerGroup"
desired = 2
protected = true
warm_pool = 1

[[stack.dedicated]]
count = 2
tags = { Name = "dedicated", owner = "grace@example.com" }

[[stack.storage]]
database = "Database"
gib = 37
"#;

const LAB_WORK: &str = r#"
[[stack.jobs]]
queue = "*"
count = 3
seconds = 36000
owners = ["ada@example.com", "grace@example.com"]

[[stack.workers]]
group = "WorkerGroup"
desired = 2
protected = true
warm_pool = 1

[[stack.storage]]
database = "Database"
gib = 37
"#;

/// 40 jobs in five queues; 12 workers: eight in service, two in warm pools, two machines of their own.
const CODE_OCEAN_WORK: &str = r#"
[[stack.jobs]]
queue = "*"
count = 8
seconds = 360000
names = ["rnaseq", "variant-calling", "index-datasets"]
owners = ["ada@example.com", "grace@example.com", "rosalind@example.com"]

[[stack.workers]]
group = "WorkersAutoScalingGroup"
desired = 6
protected = true
warm_pool = 1

[[stack.workers]]
group = "GPUWorkersAutoScalingGroup"
desired = 2
protected = true
warm_pool = 1

[[stack.dedicated]]
count = 2
tags = { Name = "codeocean-dedicated-worker", "codeocean:deployment" = "platform", owner = "grace@example.com" }

[[stack.storage]]
database = "AnalyticsDBInstance"
gib = 37
"#;

/// What the sample lacks: an alarm that acts, one that its owner has muted, data on a volume, a secret.
const SAMPLE_MORE: &str = r#"  BusyAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      MetricName: CPUUtilization
      Namespace: AWS/EC2
      Period: 300
      Statistic: Average
      Threshold: 80
      AlarmActions: [!Sub "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:pager"]
  QuietAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      ActionsEnabled: false
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      MetricName: CPUUtilization
      Namespace: AWS/EC2
      Period: 300
      Statistic: Average
      Threshold: 90
      AlarmActions: [!Sub "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:pager"]
  DataVolume:
    Type: AWS::EC2::Volume
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties: { AvailabilityZone: !Select [0, !GetAZs ""], Size: 50, VolumeType: gp3 }
Outputs:
"#;

const SAMPLE_SECRET: &str = "Parameters:\n  DatabaseMasterPassword:\n    Type: String\n    NoEcho: true\n    MinLength: 8\n    Description: Password of the database\n";

impl Vendor {
    /// What its deployment is made of; `None` when the vendor's releases aren't at hand, which was said.
    pub fn material(self) -> Option<Material> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a template is text");
        match self {
            Vendor::Sample => {
                let releases = sample();
                let fuller = |release: Vec<u8>| {
                    let release = text(release);
                    let secret = release
                        .lines()
                        .find(|line| line.trim_start().starts_with("MasterUserPassword:"))
                        .expect("the sample has a database");
                    release
                        .replace(secret, "      MasterUserPassword: !Ref DatabaseMasterPassword")
                        .replacen("Parameters:\n", SAMPLE_SECRET, 1)
                        .replacen("\nOutputs:\n", &format!("\n{SAMPLE_MORE}"), 1)
                };
                Some(Material {
                    from: fuller(releases.from),
                    to: fuller(releases.to),
                    parameters: BTreeMap::from([("DatabaseMasterPassword".to_owned(), PASSWORD.to_owned())]),
                    workload: SAMPLE_WORK,
                    profile: "generic",
                })
            }
            Vendor::Lab => {
                let read =
                    |name: &str| std::fs::read_to_string(Path::new(ROOT).join("deploy/lab").join(name));
                let given =
                    [("AdminToken", PASSWORD), ("WorkerToken", PASSWORD), ("DatabaseAllocatedStorage", "20")];
                Some(Material {
                    from: read("primary-1.0.0.yaml").expect("the lab's"),
                    to: read("primary-1.1.0.yaml").expect("the lab's"),
                    parameters: given.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
                    workload: LAB_WORK,
                    profile: "generic",
                })
            }
            Vendor::CodeOcean => {
                let releases = code_ocean()?;
                Some(Material {
                    from: text(releases.from),
                    to: text(releases.to),
                    parameters: releases.parameters,
                    workload: CODE_OCEAN_WORK,
                    profile: "code-ocean",
                })
            }
        }
    }
}

/// What makes a plan look at everything that there is to look at: a vault, a database whose maintenance falls into the evening,
/// and a release that adds what has quotas, under names that might be taken.
const FROM_MORE: &str = r#"  Vault:
    Type: AWS::Backup::BackupVault
    Properties: { BackupVaultName: own-vault }
"#;
const TO_MORE: &str = r#"  Vault:
    Type: AWS::Backup::BackupVault
    Properties: { BackupVaultName: own-vault }
  NewNetwork: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: 10.99.0.0/16 } }
  NewGateway: { Type: "AWS::EC2::InternetGateway" }
  NewAddress: { Type: "AWS::EC2::EIP", Properties: { Domain: vpc } }
  NewGroup: { Type: "AWS::EC2::SecurityGroup", Properties: { GroupDescription: new, VpcId: !Ref NewNetwork } }
  NewLogs: { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: new-logs } }
  NewMessages: { Type: "AWS::SQS::Queue", Properties: { QueueName: new-messages } }
  NewUser: { Type: "AWS::IAM::User", Properties: { UserName: new-user } }
  NewRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: new-role
      AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: ec2.amazonaws.com } }] }
  NewProfile: { Type: "AWS::IAM::InstanceProfile", Properties: { InstanceProfileName: new-profile, Roles: [!Ref NewRole] } }
  NewSubnets:
    Type: AWS::RDS::DBSubnetGroup
    Properties: { DBSubnetGroupDescription: new, SubnetIds: [subnet-1, subnet-2] }
  NewTemplate:
    Type: AWS::EC2::LaunchTemplate
    Properties: { LaunchTemplateName: new-template, LaunchTemplateData: { ImageId: ami-1, InstanceType: t3.micro } }
  NewWorkers:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: "0"
      MaxSize: "0"
      AvailabilityZones: [us-east-1a]
      LaunchTemplate: { LaunchTemplateId: !Ref NewTemplate, Version: "1" }
  NewTargets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: { Port: 80, Protocol: HTTP, VpcId: !Ref NewNetwork }
"#;

/// The vendor's material; with the sample a plan looks at everything.
pub fn fullest(vendor: Vendor) -> Option<Material> {
    let mut material = vendor.material()?;
    if vendor == Vendor::Sample {
        let overlapping = "      PreferredMaintenanceWindow: thu:00:00-thu:12:00\n      MasterUserPassword:";
        for (text, more) in [(&mut material.from, FROM_MORE), (&mut material.to, TO_MORE)] {
            *text = text.replacen("\nOutputs:\n", &format!("\n{more}Outputs:\n"), 1);
            *text = text.replacen("      MasterUserPassword:", overlapping, 1);
        }
    }
    Some(material)
}

//! A deployment that nobody wrote: a platform behind a load balancer, of a few parts, and its next release, in which some of them
//! change, are replaced, go, or come.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use template::Template;

use super::chance::Chance;
use crate::error::CliError;
use crate::rehearsal::stage::BEGINNING;
use crate::snapshot::{GroupSnapshot, Part, QueueSnapshot, Snapshot, StackSnapshot, WorkSnapshot};

/// The stack's name.
pub(super) const STACK: &str = "platform";

/// A NoEcho parameter's value: no journal, report or error may have it.
pub(super) const SECRET: &str = "simulated-SECRET-0b5c1e";

/// The NoEcho parameter.
pub(super) const SECRET_PARAMETER: &str = "AdminSecret";

/// What a platform may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Workers,
    JobQueue,
    Alarm,
    Setting,
    Topic,
    Inbox,
    Bucket,
    Path,
    Database,
}

impl Kind {
    const ALL: [Kind; 9] = [
        Kind::Workers,
        Kind::JobQueue,
        Kind::Alarm,
        Kind::Setting,
        Kind::Topic,
        Kind::Inbox,
        Kind::Bucket,
        Kind::Path,
        Kind::Database,
    ];
}

/// What becomes of a part in the next release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Becomes {
    Same,
    Changed,
    Replaced,
    Removed,
    Added,
}

/// A part: its logical ids end in its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartOf {
    pub kind: Kind,
    pub becomes: Becomes,
}

/// A deployment and its next release.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub parts: Vec<PartOf>,
    pub snapshot: Snapshot,
    /// The next release's template.
    pub to: String,
    /// The template that somebody else updates the stack to: the deployed one, and a resource that no plan knows of.
    pub meddled: String,
}

impl Deployment {
    /// Draw one.
    ///
    /// # Errors
    /// What was drawn is no template: a fault of this program.
    pub fn draw(chance: &mut Chance) -> Result<Deployment, CliError> {
        let count = chance.between(2, 7);
        let mut parts = vec![
            PartOf { kind: Kind::Setting, becomes: Becomes::Changed },
            PartOf { kind: Kind::Workers, becomes: becomes(chance) },
            PartOf { kind: Kind::JobQueue, becomes: becomes(chance) },
        ];
        for _ in 0..count {
            let kind = chance.one_of(&Kind::ALL).copied().unwrap_or(Kind::Setting);
            let becomes = becomes(chance);
            parts.push(PartOf { kind, becomes });
        }
        let from = template(&parts, false);
        let mut meddled = from.clone();
        if let Some(resources) = meddled.get_mut("Resources").and_then(Value::as_object_mut) {
            let properties = json!({"Type": "String", "Value": "somebody else's"});
            resources.insert(
                "Foreign".to_owned(),
                json!({"Type": "AWS::SSM::Parameter", "Properties": properties}),
            );
        }
        let text = from.to_string();
        let read = Template::parse("from.json", text.as_bytes())?;
        let given = [(SECRET_PARAMETER.to_owned(), SECRET.to_owned())].into();
        let mut snapshot = Snapshot::of_template(STACK, &text, &read, &given);
        snapshot.taken_at = Some(BEGINNING);
        snapshot.unread.clear();
        snapshot.settings.adapter = "http".to_owned();
        snapshot.settings.table = settings(chance);
        if let Some(primary) = snapshot.stacks.first_mut() {
            set_to_work(primary, &parts, chance);
        }
        for (part, name) in [(Part::Backup, "backup"), (Part::Role, "deployment-role")] {
            if chance.once_in(4)
                && let Some(primary) = snapshot.stacks.first()
            {
                let linked = linked(primary, part, name, part == Part::Backup && chance.once_in(2));
                snapshot.stacks.push(linked);
            }
        }
        Ok(Deployment {
            to: template(&parts, true).to_string(),
            meddled: meddled.to_string(),
            parts,
            snapshot,
        })
    }

    /// Logical ids of what the update touches, with what is done to each: `create`, `update` or `delete`.
    #[must_use]
    pub fn touched(&self) -> Vec<(String, &'static str)> {
        let touched = |(number, part): (usize, &PartOf)| {
            let phase = match part.becomes {
                Becomes::Same => return None,
                Becomes::Changed => "update",
                Becomes::Replaced | Becomes::Added => "create",
                Becomes::Removed => "delete",
            };
            Some((format!("{}{number}", name(part.kind)), phase))
        };
        self.parts.iter().enumerate().filter_map(touched).collect()
    }

    /// Whether the update makes or loses a way in.
    #[must_use]
    pub fn changes_ways_in(&self) -> bool {
        self.parts.iter().any(|part| part.kind == Kind::Path && part.becomes != Becomes::Same)
    }
}

fn becomes(chance: &mut Chance) -> Becomes {
    match chance.below(10) {
        0..4 => Becomes::Same,
        4..7 => Becomes::Changed,
        7 => Becomes::Replaced,
        8 => Becomes::Removed,
        _ => Becomes::Added,
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Workers => "Workers",
        Kind::JobQueue => "Jobs",
        Kind::Alarm => "Alarm",
        Kind::Setting => "Setting",
        Kind::Topic => "Topic",
        Kind::Inbox => "Inbox",
        Kind::Bucket => "Bucket",
        Kind::Path => "Path",
        Kind::Database => "Database",
    }
}

fn template(parts: &[PartOf], is_next: bool) -> Value {
    let subnets = json!([{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]);
    let subnet = |block: &str, zone: &str| {
        json!({"Type": "AWS::EC2::Subnet", "Properties": {
            "VpcId": {"Ref": "Vpc"}, "CidrBlock": block, "AvailabilityZone": zone,
        }})
    };
    let resources = json!({
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.20.0.0/16"}},
        "SubnetA": subnet("10.20.0.0/24", "us-east-1a"),
        "SubnetB": subnet("10.20.1.0/24", "us-east-1b"),
        "Groups": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "GroupDescription": "Machines of the platform", "VpcId": {"Ref": "Vpc"},
        }},
        "LoadBalancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {
            "Type": "application", "Scheme": "internet-facing", "Subnets": subnets.clone(),
            "SecurityGroups": [{"Fn::GetAtt": ["Groups", "GroupId"]}],
        }},
        "Web": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
            "VpcId": {"Ref": "Vpc"}, "Port": 8080, "Protocol": "HTTP",
        }},
        "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": {"Ref": "LoadBalancer"}, "Port": 80, "Protocol": "HTTP",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Web"}}],
        }},
        "Machine": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {
            "ImageId": "ami-0123456789abcdef0", "InstanceType": "m6i.large",
        }}},
        "Service": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "batch.amazonaws.com"}}],
        }}},
        "Environment": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": {
            "Type": "MANAGED", "ServiceRole": {"Fn::GetAtt": ["Service", "Arn"]},
            "ComputeResources": {
                "Type": "FARGATE", "MaxvCpus": 64, "Subnets": subnets.clone(),
                "SecurityGroupIds": [{"Fn::GetAtt": ["Groups", "GroupId"]}],
            },
        }},
        "Secret": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": SECRET_PARAMETER}}},
    });
    let mut resources = match resources {
        Value::Object(resources) => resources,
        _ => Map::new(),
    };
    for (number, part) in parts.iter().enumerate() {
        let is_there = match part.becomes {
            Becomes::Same | Becomes::Changed | Becomes::Replaced => true,
            Becomes::Removed => !is_next,
            Becomes::Added => is_next,
        };
        if is_there {
            let changed = is_next && part.becomes == Becomes::Changed;
            let replaced = is_next && part.becomes == Becomes::Replaced;
            let resource = resource(part.kind, number, changed, replaced);
            resources.insert(format!("{}{number}", name(part.kind)), resource);
        }
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Metadata": {"Sample::VersionInfo": {"Version": if is_next { "1.1.0" } else { "1.0.0" }}},
        "Parameters": {SECRET_PARAMETER: {"Type": "String", "NoEcho": true}},
        "Resources": resources,
    })
}

fn resource(kind: Kind, number: usize, changed: bool, replaced: bool) -> Value {
    let named = format!("part-{number}-{}", if replaced { "second" } else { "first" });
    match kind {
        Kind::Workers => json!({"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
            "AutoScalingGroupName": named, "MinSize": "0", "MaxSize": if changed { "6" } else { "4" },
            "LaunchTemplate": {
                "LaunchTemplateId": {"Ref": "Machine"},
                "Version": {"Fn::GetAtt": ["Machine", "LatestVersionNumber"]},
            },
            "VPCZoneIdentifier": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}],
        }}),
        Kind::JobQueue => json!({"Type": "AWS::Batch::JobQueue", "Properties": {
            "JobQueueName": named, "Priority": if changed { 9 } else { 1 },
            "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Environment"}}],
        }}),
        Kind::Alarm => json!({"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "AlarmName": named, "Namespace": "Platform", "MetricName": "Load", "Statistic": "Average",
            "Period": 60, "EvaluationPeriods": 1, "Threshold": if changed { 90 } else { 80 },
            "ComparisonOperator": "GreaterThanThreshold", "ActionsEnabled": true,
        }}),
        Kind::Setting => json!({"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": format!("/{named}"), "Type": "String", "Value": if changed { "b" } else { "a" },
        }}),
        Kind::Topic => json!({"Type": "AWS::SNS::Topic", "Properties": {
            "TopicName": named, "DisplayName": if changed { "b" } else { "a" },
        }}),
        Kind::Inbox => json!({"Type": "AWS::SQS::Queue", "Properties": {
            "QueueName": named, "VisibilityTimeout": if changed { 60 } else { 30 },
        }}),
        Kind::Bucket => json!({
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketName": named,
                "VersioningConfiguration": {"Status": if changed { "Suspended" } else { "Enabled" }},
            },
        }),
        Kind::Path => json!({"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
            "ListenerArn": {"Ref": "Listener"}, "Priority": 100 + number,
            "Conditions": [{"Field": "path-pattern", "Values": [format!("/{named}{}/*", if changed { "b" } else { "a" })]}],
            "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Web"}}],
        }}),
        Kind::Database => json!({
            "Type": "AWS::RDS::DBInstance",
            "DeletionPolicy": "Snapshot",
            "UpdateReplacePolicy": "Snapshot",
            "Properties": {
                "DBInstanceIdentifier": named, "Engine": "postgres", "EngineVersion": "17.6",
                "DBInstanceClass": if changed { "db.t4g.large" } else { "db.t4g.medium" },
                "AllocatedStorage": "20", "MaxAllocatedStorage": 100, "MasterUsername": "platform",
                "MasterUserPassword": {"Ref": SECRET_PARAMETER},
            },
        }),
    }
}

/// What the deployment's owner decided.
fn settings(chance: &mut Chance) -> Map<String, Value> {
    let notice = chance.one_of(&["0s", "0s", "2m", "20m"]).copied().unwrap_or("0s");
    let on_failure = chance.one_of(&["ask", "ask", "open", "go-back"]).copied().unwrap_or("ask");
    let settings = json!({
        "maintenance": {"notice": notice, "mute_alarms": !chance.once_in(3)},
        "health": {"quiet": "20s", "deadline": "10m", "on_failure": on_failure},
    });
    match settings {
        Value::Object(settings) => settings,
        _ => Map::new(),
    }
}

/// Jobs, workers.
fn set_to_work(primary: &mut StackSnapshot, parts: &[PartOf], chance: &mut Chance) {
    let there = parts.iter().enumerate().filter(|(_, part)| part.becomes != Becomes::Added);
    for (number, part) in there {
        let logical_id = format!("{}{number}", name(part.kind));
        match part.kind {
            Kind::Workers => primary.groups.push(GroupSnapshot {
                logical_id,
                desired: usize::try_from(chance.below(4)).unwrap_or(0),
                protected: chance.once_in(3),
                warm_pool: chance.once_in(4).then_some(1),
                suspended: Vec::new(),
            }),
            Kind::JobQueue => {
                let jobs = chance.below(4);
                let job = |number| WorkSnapshot {
                    name: format!("job-{number}"),
                    owner: Some("ada@example.com".to_owned()),
                    unsaved: None,
                };
                primary.queues.push(QueueSnapshot { logical_id, jobs: (0..jobs).map(job).collect() });
            }
            Kind::Alarm
            | Kind::Setting
            | Kind::Topic
            | Kind::Inbox
            | Kind::Bucket
            | Kind::Path
            | Kind::Database => {}
        }
    }
}

/// A linked stack, and its next release.
fn linked(primary: &StackSnapshot, part: Part, name: &str, is_elsewhere: bool) -> StackSnapshot {
    let template = |value: &str, version: &str| {
        json!({
            "Metadata": {"Sample::VersionInfo": {"Version": version}},
            "Resources": {"Kept": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}},
        })
        .to_string()
    };
    let place = match is_elsewhere {
        true => ("111111111111", "eu-central-1"),
        false => (primary.account_id.as_str(), primary.region.as_str()),
    };
    StackSnapshot {
        part,
        name: name.to_owned(),
        account_id: place.0.to_owned(),
        region: place.1.to_owned(),
        template: template("a", "1.0.0"),
        next_template: Some(template("b", "1.1.0")),
        parameters: [].into(),
        secret_parameters: Vec::new(),
        groups: Vec::new(),
        queues: Vec::new(),
        ..primary.clone()
    }
}

//! Quotas of what an update adds, and how much of each is used.
//!
//! Where a service tells its own quotas together with their use (RDS, IAM, Auto Scaling), it is asked itself: one call,
//! and no permission for Service Quotas is needed. Only EC2's networks need Service Quotas.

use serde_json::{Value, json};
use upgrade::{Looked, PortError, Quota};

use crate::cloud::AwsCloud;
use crate::ec2::incomplete;
use crate::endpoints::{AUTO_SCALING, LOAD_BALANCING, SERVICE_QUOTAS};
use crate::wire::query::Form;
use crate::{ec2, identity, rds};

/// Who tells a type's quota.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// RDS, under this name (DescribeAccountAttributes).
    Rds(&'static str),
    /// IAM, under this name (GetAccountSummary).
    Iam(&'static str),
    /// Auto Scaling (DescribeAccountLimits).
    AutoScalingGroups,
    /// Elastic Load Balancing, under this name (DescribeAccountLimits).
    LoadBalancing(&'static str),
    /// Service Quotas; counted with an EC2 operation.
    Counted { service: &'static str, code: &'static str, action: &'static str, set: &'static str },
}

/// The codes are those that `aws service-quotas list-service-quotas` shows in every Region.
const SOURCES: &[(&str, &str, Source)] = &[
    ("AWS::RDS::DBInstance", "DB instances", Source::Rds("DBInstances")),
    ("AWS::RDS::DBSubnetGroup", "DB subnet groups", Source::Rds("DBSubnetGroups")),
    ("AWS::RDS::DBParameterGroup", "Parameter groups", Source::Rds("DBParameterGroups")),
    ("AWS::IAM::Role", "Roles per account", Source::Iam("Roles")),
    ("AWS::IAM::InstanceProfile", "Instance profiles per account", Source::Iam("InstanceProfiles")),
    ("AWS::IAM::ManagedPolicy", "Customer managed policies per account", Source::Iam("Policies")),
    ("AWS::AutoScaling::AutoScalingGroup", "Auto Scaling groups per Region", Source::AutoScalingGroups),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Application Load Balancers per Region",
        Source::LoadBalancing("application-load-balancers"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Target Groups per Region",
        Source::LoadBalancing("target-groups"),
    ),
    (
        "AWS::EC2::VPC",
        "VPCs per Region",
        Source::Counted { service: "vpc", code: "L-F678F1CE", action: "DescribeVpcs", set: "vpcSet" },
    ),
    (
        "AWS::EC2::InternetGateway",
        "Internet gateways per Region",
        Source::Counted {
            service: "vpc",
            code: "L-A4707A72",
            action: "DescribeInternetGateways",
            set: "internetGatewaySet",
        },
    ),
    (
        "AWS::EC2::EIP",
        "EC2-VPC Elastic IPs",
        Source::Counted {
            service: "ec2",
            code: "L-0263D0A3",
            action: "DescribeAddresses",
            set: "addressesSet",
        },
    ),
    (
        "AWS::EC2::SecurityGroup",
        "VPC security groups per Region",
        Source::Counted {
            service: "vpc",
            code: "L-E79EC296",
            action: "DescribeSecurityGroups",
            set: "securityGroupInfo",
        },
    ),
];

/// The quotas of the types, and what could not be looked at. When nothing could, that is the answer.
pub(crate) async fn quotas(cloud: &AwsCloud, types: &[String]) -> (Looked<Vec<Quota>>, Vec<String>) {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for (resource_type, name, source) in SOURCES {
        if !types.iter().any(|wanted| wanted == resource_type) {
            continue;
        }
        match cloud.looked(limit_and_use(cloud, *source).await) {
            Ok((limit, used)) => found.push(Quota {
                name: (*name).to_owned(),
                resource_type: (*resource_type).to_owned(),
                limit,
                used,
            }),
            Err(reason) => unknown.push(format!("quota {name}: {reason}")),
        }
    }
    if found.is_empty()
        && let Some(first) = unknown.first()
    {
        return (Err(first.clone()), unknown);
    }
    (Ok(found), unknown)
}

/// How many there may be, and how many there are.
async fn limit_and_use(cloud: &AwsCloud, source: Source) -> Result<(u64, u64), PortError> {
    match source {
        Source::Rds(name) => {
            let quotas = rds::quotas(&cloud.wire).await?;
            let quota = quotas.into_iter().find(|(found, ..)| found == name);
            let (_, limit, used) = quota.ok_or_else(|| incomplete("rds:DescribeAccountAttributes", name))?;
            Ok((limit, used))
        }
        Source::Iam(name) => {
            let summary = identity::summary(&cloud.wire).await?;
            let entry = |wanted: &str| {
                let entry = summary.iter().find(|(found, _)| found == wanted);
                entry.map(|(_, count)| *count).ok_or_else(|| incomplete("iam:GetAccountSummary", wanted))
            };
            Ok((entry(&format!("{name}Quota"))?, entry(name)?))
        }
        Source::AutoScalingGroups => {
            const OPERATION: &str = "autoscaling:DescribeAccountLimits";
            let limits = cloud.wire.query(&Form::new(&AUTO_SCALING, "DescribeAccountLimits")).await?;
            let number = |name| limits.text_of(name).parse().ok();
            match (number("MaxNumberOfAutoScalingGroups"), number("NumberOfAutoScalingGroups")) {
                (Some(limit), Some(used)) => Ok((limit, used)),
                _ => Err(incomplete(OPERATION, "number of groups")),
            }
        }
        Source::LoadBalancing(name) => load_balancing(cloud, name).await,
        Source::Counted { service, code, action, set } => {
            let used = ec2::count(&cloud.wire, action, set).await?;
            let asked = json!({"ServiceCode": service, "QuotaCode": code});
            let answer: Value = cloud.wire.target_json(&SERVICE_QUOTAS, "GetServiceQuota", &asked).await?;
            let limit = answer.get("Quota").and_then(|quota| quota.get("Value")?.as_f64());
            let limit = limit.ok_or_else(|| incomplete("servicequotas:GetServiceQuota", "value"))?;
            // The cast saturates; a quota is a whole number.
            Ok((limit as u64, used))
        }
    }
}

async fn load_balancing(cloud: &AwsCloud, name: &str) -> Result<(u64, u64), PortError> {
    let wire = &cloud.wire;
    let describe = |action| Form::new(&LOAD_BALANCING, action);
    let used = if name == "target-groups" {
        wire.items(&describe("DescribeTargetGroups"), &["TargetGroups"]).await?.len()
    } else {
        let found = wire.items(&describe("DescribeLoadBalancers"), &["LoadBalancers"]).await?;
        // Network and gateway load balancers have quotas of their own.
        found.iter().filter(|found| found.text_of("Type") == "application").count()
    };
    let limits = wire.items(&describe("DescribeAccountLimits"), &["Limits"]).await?;
    let limit = limits.iter().find(|limit| limit.text_of("Name") == name);
    let limit = limit.and_then(|limit| limit.text_of("Max").parse().ok());
    let limit = limit.ok_or_else(|| incomplete("elasticloadbalancing:DescribeAccountLimits", name))?;
    Ok((limit, used as u64))
}

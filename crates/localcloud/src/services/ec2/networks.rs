//! VPCs, subnets and security groups that CloudFormation made, and the Region's zones: to be looked at only.
//! Rules that a template adds to a security group by resources of their own are not followed.

use serde_json::{Value, json};

use super::{filter, paged, refused, tags};
use crate::{AwsError, Input, World};

/// One kind of network resource.
pub(super) struct Kind {
    /// How its ids begin.
    beginning: &'static str,
    /// The request's list of ids.
    ids: &'static str,
    /// The answer's list.
    list: &'static str,
    code: &'static str,
    words: &'static str,
    filters: &'static [filter::Known],
}

/// VPCs.
pub(super) const VPCS: Kind = Kind {
    beginning: "vpc-",
    ids: "VpcId",
    list: "vpcSet",
    code: "InvalidVpcID.NotFound",
    words: "The vpc ID '{}' does not exist",
    filters: &[
        ("cidr", "cidrBlock"),
        ("is-default", "isDefault"),
        ("isDefault", "isDefault"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("vpc-id", "vpcId"),
    ],
};

/// Subnets.
pub(super) const SUBNETS: Kind = Kind {
    beginning: "subnet-",
    ids: "SubnetId",
    list: "subnetSet",
    code: "InvalidSubnetID.NotFound",
    words: "The subnet ID '{}' does not exist",
    filters: &[
        ("availability-zone", "availabilityZone"),
        ("cidr-block", "cidrBlock"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Security groups.
pub(super) const SECURITY_GROUPS: Kind = Kind {
    beginning: "sg-",
    ids: "GroupId",
    list: "securityGroupInfo",
    code: "InvalidGroup.NotFound",
    words: "The security group '{}' does not exist",
    filters: &[
        ("description", "groupDescription"),
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("owner-id", "ownerId"),
        ("vpc-id", "vpcId"),
    ],
};

impl Kind {
    /// The refusal of an id that isn't there.
    pub(super) fn not_found(&self, id: &str) -> AwsError {
        refused(self.code, self.words.replace("{}", id))
    }
}

/// Those of a kind that are meant.
pub(super) fn describe(world: &World, input: Input<'_>, kind: &Kind) -> Result<Value, AwsError> {
    let filters = filter::parse(input, kind.filters)?;
    let ids: Vec<&str> = input.strings(kind.ids).collect();
    if let Some(id) =
        ids.iter().find(|id| !(id.starts_with(kind.beginning) && world.ec2.networks.contains_key(**id)))
    {
        return Err(kind.not_found(id));
    }
    let found =
        world.ec2.networks.iter().filter(|(id, _)| {
            id.starts_with(kind.beginning) && (ids.is_empty() || ids.contains(&id.as_str()))
        });
    let shown = found.map(|(id, record)| {
        let mut shown = record.clone();
        shown["tagSet"] = tags::tag_set(world, id);
        (id.clone(), shown)
    });
    paged(input, kind.list, shown.filter(|(_, shown)| filters.take(shown)))
}

/// A VPC, a subnet or a security group of a template, as it is shown but for its tags.
pub(super) fn record(world: &World, id: &str, properties: Input<'_>) -> Value {
    let owner = &world.config.account_id;
    let text = |name: &str| properties.string(name);
    if id.starts_with(VPCS.beginning) {
        json!({
            "vpcId": id,
            "ownerId": owner,
            "state": "available",
            "cidrBlock": text("CidrBlock"),
            "instanceTenancy": text("InstanceTenancy").unwrap_or("default"),
            "isDefault": false,
        })
    } else if id.starts_with(SUBNETS.beginning) {
        let region = &world.config.region;
        json!({
            "subnetId": id,
            "subnetArn": world.arn("ec2", &format!("subnet/{id}")),
            "ownerId": owner,
            "state": "available",
            "vpcId": text("VpcId"),
            "cidrBlock": text("CidrBlock"),
            "availabilityZone": text("AvailabilityZone").map_or_else(|| format!("{region}a"), str::to_owned),
            "defaultForAz": false,
            "mapPublicIpOnLaunch": text("MapPublicIpOnLaunch").unwrap_or("false"),
        })
    } else {
        json!({
            "groupId": id,
            "securityGroupArn": world.arn("ec2", &format!("security-group/{id}")),
            "ownerId": owner,
            "groupName": text("GroupName").map_or_else(|| name(world, id), str::to_owned),
            "groupDescription": text("GroupDescription"),
            "vpcId": text("VpcId"),
            "ipPermissions": permissions(properties, "SecurityGroupIngress", "SourceSecurityGroupId"),
            "ipPermissionsEgress": match properties.has("SecurityGroupEgress") {
                true => permissions(properties, "SecurityGroupEgress", "DestinationSecurityGroupId"),
                false => everywhere(),
            },
        })
    }
}

/// A group that says nothing of what leaves it lets everything leave (recorded: `test_deploy_security_group_with_tags`).
fn everywhere() -> Value {
    json!([{"ipProtocol": "-1", "ipRanges": [{"cidrIp": "0.0.0.0/0"}]}])
}

/// The name that a group has already, or its id.
fn name(world: &World, id: &str) -> String {
    let known = world.ec2.networks.get(id).and_then(|record| record.get("groupName")?.as_str());
    known.unwrap_or(id).to_owned()
}

/// The group that comes with a VPC: whoever is in it may come in, and everything may leave
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html>).
pub(super) fn default_group(world: &World, id: &str, vpc: &str) -> Value {
    let owner = &world.config.account_id;
    json!({
        "groupId": id,
        "securityGroupArn": world.arn("ec2", &format!("security-group/{id}")),
        "ownerId": owner,
        "groupName": "default",
        "groupDescription": "default VPC security group",
        "vpcId": vpc,
        "ipPermissions": [{"ipProtocol": "-1", "groups": [{"groupId": id, "userId": owner}]}],
        "ipPermissionsEgress": everywhere(),
    })
}

fn permissions(properties: Input<'_>, rules: &str, group: &str) -> Value {
    let with_description = |rule: Input<'_>, field: &str, value: &str| json!([{field: value, "description": rule.string("Description")}]);
    let shown = properties.objects(rules).map(|rule| {
        json!({
            "ipProtocol": rule.string("IpProtocol"),
            "fromPort": rule.string("FromPort"),
            "toPort": rule.string("ToPort"),
            "ipRanges": rule.string("CidrIp").map(|range| with_description(rule, "cidrIp", range)),
            "ipv6Ranges": rule.string("CidrIpv6").map(|range| with_description(rule, "cidrIpv6", range)),
            "groups": rule.string(group).map(|id| with_description(rule, "groupId", id)),
        })
    });
    shown.collect()
}

/// Zones `a` to `f` of the Region. AWS's Regions have three to six; which is not simulated.
pub(super) fn zones(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let region = &world.config.region;
    let filters = filter::parse(
        input,
        &[
            ("region-name", "regionName"),
            ("state", "zoneState"),
            ("zone-name", "zoneName"),
            ("zone-type", "zoneType"),
        ],
    )?;
    let names: Vec<&str> = input.strings("ZoneName").collect();
    let zones: Vec<Value> = ('a'..='f')
        .map(|letter| {
            json!({
                "zoneName": format!("{region}{letter}"),
                "zoneId": format!("{region}-az{}", u32::from(letter) - u32::from('a') + 1),
                "zoneState": "available",
                "zoneType": "availability-zone",
                "regionName": region,
                "groupName": region,
                "networkBorderGroup": region,
                "optInStatus": "opt-in-not-required",
            })
        })
        .filter(|zone| filters.take(zone))
        .filter(|zone| {
            names.is_empty() || Input(zone).string("zoneName").is_some_and(|name| names.contains(&name))
        })
        .collect();
    if zones.len() < names.len() {
        return Err(refused(
            "InvalidParameterValue",
            format!("Invalid availability zones: [{}]", names.join(", ")),
        ));
    }
    Ok(json!({"availabilityZoneInfo": zones}))
}

/// The one Region that there is.
pub(super) fn regions(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let region = &world.config.region;
    let names: Vec<&str> = input.strings("RegionName").collect();
    if names.iter().any(|name| name != region) {
        return Err(refused(
            "InvalidParameterValue",
            format!("Invalid region names: [{}]", names.join(", ")),
        ));
    }
    let filters = filter::parse(input, &[("endpoint", "regionEndpoint"), ("region-name", "regionName")])?;
    let shown = json!({
        "regionName": region,
        "regionEndpoint": format!("ec2.{region}.amazonaws.com"),
        "optInStatus": "opt-in-not-required",
    });
    Ok(json!({"regionInfo": Some(shown).into_iter().filter(|shown| filters.take(shown)).collect::<Vec<_>>()}))
}

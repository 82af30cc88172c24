use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Input, Timestamp};

fn bench() -> Bench {
    Bench::new(Service::Ec2)
}

/// The texts at a path of every item.
fn texts(items: &Value, path: &str) -> Vec<String> {
    let items = items.as_array().into_iter().flatten();
    items.filter_map(|item| item.pointer(path)?.as_str()).map(str::to_owned).collect()
}

/// The instances that a request finds.
fn instances(bench: &mut Bench, seconds: u64, input: Value) -> Value {
    let answer = bench.ok(seconds, "DescribeInstances", input);
    let reservations = answer["reservationSet"].as_array().into_iter().flatten();
    reservations
        .flat_map(|reservation| reservation["instancesSet"].as_array().cloned().unwrap_or_default())
        .collect()
}

fn filter(name: &str, values: &[&str]) -> Value {
    json!({"Filter": [{"Name": name, "Value": values}]})
}

fn run(bench: &mut Bench, seconds: u64, count: u64, name: &str) -> Vec<String> {
    let answer = bench.ok(
        seconds,
        "RunInstances",
        json!({
            "ImageId": "ami-1", "InstanceType": "t3.small", "MinCount": "1", "MaxCount": count.to_string(),
            "BlockDeviceMapping": [{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": "50", "DeleteOnTermination": "false"}}],
            "TagSpecification": [
                {"ResourceType": "instance", "Tag": [{"Key": "Name", "Value": name}]},
                {"ResourceType": "volume", "Tag": [{"Key": "of", "Value": name}]},
            ],
        }),
    );
    texts(&answer["instancesSet"], "/instanceId")
}

#[test]
fn an_instance_goes_through_its_states_and_its_volumes_go_with_it_or_stay() {
    let mut bench = bench();
    let id = run(&mut bench, 0, 1, "web").remove(0);
    let state = |bench: &mut Bench, seconds| {
        texts(&instances(bench, seconds, json!({"InstanceId": [id]})), "/instanceState/name").concat()
    };
    assert_eq!(state(&mut bench, 1), "pending");
    assert_eq!(state(&mut bench, 40), "running");
    let volumes = bench.ok(40, "DescribeVolumes", filter("attachment.instance-id", &[&id]));
    assert_eq!(texts(&volumes["volumeSet"], "/status"), ["in-use", "in-use"]);
    assert_eq!(texts(&volumes["volumeSet"], "/tagSet/0/value"), ["web", "web"]);
    let answer = bench.ok(50, "TerminateInstances", json!({"InstanceId": [id]}));
    assert_eq!(
        answer["instancesSet"],
        json!([{
            "instanceId": id,
            "currentState": {"code": 32, "name": "shutting-down"},
            "previousState": {"code": 16, "name": "running"},
        }])
    );
    assert_eq!(state(&mut bench, 60), "shutting-down");
    assert_eq!(state(&mut bench, 100), "terminated");
    // The root volume went with it, the other was to stay.
    let volumes = bench.ok(100, "DescribeVolumes", json!({}));
    assert_eq!(texts(&volumes["volumeSet"], "/status"), ["available"]);
    assert_eq!(volumes["volumeSet"][0]["size"], 50);
    bench.ok(101, "TerminateInstances", json!({"InstanceId": [id]}));
    assert_eq!(state(&mut bench, 110), "terminated", "it stays so");
    bench.refused(5000, "DescribeInstances", json!({"InstanceId": [id]}), "InvalidInstanceID.NotFound", &id);
}

#[test]
fn instances_are_found_by_filters() {
    let mut bench = bench();
    let web = run(&mut bench, 0, 2, "web-1");
    let db = run(&mut bench, 0, 1, "db").remove(0);
    bench.ok(50, "TerminateInstances", json!({"InstanceId": [db]}));
    let mut all = web.clone();
    all.push(db.clone());
    all.sort();
    let mut web = web;
    web.sort();
    let db = vec![db];
    let none: Vec<String> = Vec::new();
    for (input, expected) in [
        (json!({}), &all),
        (filter("tag:Name", &["web-*"]), &web),
        (filter("tag:Name", &["web-?"]), &web),
        (filter("tag:Name", &["web-1", "db"]), &all),
        (filter("tag:name", &["web-1"]), &none),
        (filter("tag-key", &["Name"]), &all),
        (filter("instance-state-name", &["running"]), &web),
        (filter("instance-state-code", &["32"]), &db),
        (filter("image-id", &["ami-1"]), &all),
        (filter("instance-type", &["t3.*"]), &all),
        (filter("instance-type", &["m5.*"]), &none),
        (filter("instance-id", &[&db[0]]), &db),
        (filter("vpc-id", &["vpc-1"]), &none),
        (filter("instance-id", &[]), &none),
        (
            json!({"Filter": [{"Name": "tag:Name", "Value": ["*"]}, {"Name": "instance-state-name", "Value": ["shutting-down"]}]}),
            &db,
        ),
    ] {
        let mut found = texts(&instances(&mut bench, 51, input.clone()), "/instanceId");
        found.sort();
        assert_eq!(&found, expected, "{input}");
    }
    let first = bench.ok(51, "DescribeInstances", json!({"MaxResults": "1"}));
    let rest = bench.ok(51, "DescribeInstances", json!({"NextToken": first["nextToken"]}));
    let count = |answer: &Value| answer["reservationSet"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&first), count(&rest)), (1, 1), "pages are of reservations");
}

/// A group of two behind a launch template, both in service at second 100.
fn grouped(bench: &mut Bench) -> String {
    let template = json!({"LaunchTemplateData": {
        "ImageId": "ami-7", "InstanceType": "m5.large", "SecurityGroupIds": ["sg-1"],
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": "30"}}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}],
    }});
    let template =
        bench.create("AWS::EC2::LaunchTemplate", "Template", template).expect("template").physical_id;
    let group = json!({
        "MinSize": "0", "MaxSize": "4", "DesiredCapacity": "2",
        "LaunchTemplate": {"LaunchTemplateId": template, "Version": "$Latest"},
        "VPCZoneIdentifier": ["subnet-1", "subnet-2"],
        "Tags": [
            {"Key": "Name", "Value": "worker", "PropagateAtLaunch": "true"},
            {"Key": "own", "Value": "group", "PropagateAtLaunch": "false"},
        ],
    });
    bench.create("AWS::AutoScaling::AutoScalingGroup", "Group", group).expect("group").physical_id
}

#[test]
fn a_group_s_instances_have_its_tags_and_its_launch_template() {
    let mut bench = bench();
    let group = grouped(&mut bench);
    let members = |bench: &mut Bench, seconds| {
        instances(bench, seconds, filter("tag:aws:autoscaling:groupName", &[&group]))
    };
    assert_eq!(texts(&members(&mut bench, 1), "/instanceState/name"), ["pending", "pending"]);
    let found = members(&mut bench, 100);
    for (path, expected) in [
        ("/instanceState/name", ["running", "running"]),
        ("/imageId", ["ami-7", "ami-7"]),
        ("/instanceType", ["m5.large", "m5.large"]),
        ("/groupSet/0/groupId", ["sg-1", "sg-1"]),
    ] {
        assert_eq!(texts(&found, path), expected, "{path}");
    }
    let mut subnets = texts(&found, "/subnetId");
    subnets.sort();
    assert_eq!(subnets, ["subnet-1", "subnet-2"]);
    let tags: Vec<(String, String)> = texts(&found[0]["tagSet"], "/key")
        .into_iter()
        .zip(texts(&found[0]["tagSet"], "/value"))
        .filter(|(key, _)| !key.starts_with("aws:cloudformation") && !key.ends_with("template:id"))
        .collect();
    let expected = [
        ("Name", "worker"),
        ("aws:autoscaling:groupName", group.as_str()),
        ("aws:ec2launchtemplate:version", "1"),
        ("from", "template"),
        ("team", "blue"),
    ];
    assert_eq!(tags, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let volumes = bench.ok(100, "DescribeVolumes", filter("size", &["30"]));
    assert_eq!(volumes["volumeSet"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_group_s_instance_that_is_terminated_here_is_replaced_by_the_group() {
    let mut bench = bench();
    let group = grouped(&mut bench);
    let states = |bench: &mut Bench, seconds| {
        let mut found = texts(
            &instances(bench, seconds, filter("tag:aws:autoscaling:groupName", &[&group])),
            "/instanceState/name",
        );
        found.sort();
        found
    };
    let first =
        instances(&mut bench, 100, json!({}))[0]["instanceId"].as_str().unwrap_or_default().to_owned();
    bench.ok(100, "TerminateInstances", json!({"InstanceId": [first]}));
    assert_eq!(states(&mut bench, 110), ["running", "shutting-down"]);
    // The group notices when the instance is gone, and launches another.
    assert_eq!(states(&mut bench, 150), ["pending", "running", "terminated"]);
    assert_eq!(states(&mut bench, 300), ["running", "running", "terminated"]);
    let activities = json!({"AutoScalingGroupName": group});
    let activities = bench.world.handle(
        Timestamp(300_000),
        Service::AutoScaling,
        "DescribeScalingActivities",
        Input(&activities),
    );
    let told = activities.expect("activities").to_string();
    assert!(told.contains("in response to an EC2 health check indicating it has been terminated"), "{told}");
}

#[test]
fn a_group_whose_health_checks_are_suspended_notices_when_they_are_resumed() {
    let mut bench = bench();
    let group = grouped(&mut bench);
    let first =
        instances(&mut bench, 100, json!({}))[0]["instanceId"].as_str().unwrap_or_default().to_owned();
    let mut scaling = |seconds: u64, operation: &str, input: Value| {
        bench
            .world
            .handle(Timestamp(seconds * 1000), Service::AutoScaling, operation, Input(&input))
            .expect("answered")
    };
    let process = json!({"AutoScalingGroupName": group, "ScalingProcesses": ["HealthCheck"]});
    let members = json!({"AutoScalingGroupNames": [group]});
    let states = |answer: &Value| texts(&answer["AutoScalingGroups"][0]["Instances"], "/LifecycleState");
    scaling(100, "SuspendProcesses", process.clone());
    let terminate = json!({"InstanceId": [first]});
    bench
        .world
        .handle(Timestamp(100_000), Service::Ec2, "TerminateInstances", Input(&terminate))
        .expect("answered");
    let mut scaling = |seconds: u64, operation: &str, input: Value| {
        bench
            .world
            .handle(Timestamp(seconds * 1000), Service::AutoScaling, operation, Input(&input))
            .expect("answered")
    };
    assert_eq!(
        states(&scaling(300, "DescribeAutoScalingGroups", members.clone())),
        ["InService", "InService"]
    );
    scaling(300, "ResumeProcesses", process);
    let mut found = states(&scaling(300, "DescribeAutoScalingGroups", members));
    found.sort();
    assert_eq!(found, ["InService", "Pending", "Terminating"]);
}

#[test]
fn a_deleted_group_leaves_no_instance_running() {
    let mut bench = bench();
    let group = grouped(&mut bench);
    bench.world.advance(Timestamp(100_000));
    let input = json!({"AutoScalingGroupName": group, "ForceDelete": "true"});
    bench
        .world
        .handle(Timestamp(100_000), Service::AutoScaling, "DeleteAutoScalingGroup", Input(&input))
        .expect("gone");
    let states =
        |bench: &mut Bench, seconds| texts(&instances(bench, seconds, json!({})), "/instanceState/name");
    assert_eq!(states(&mut bench, 101), ["shutting-down", "shutting-down"]);
    assert_eq!(states(&mut bench, 200), ["terminated", "terminated"]);
}

#[test]
fn a_stack_s_instance_and_its_volume_are_records() {
    let mut bench = bench();
    let vpc =
        bench.create("AWS::EC2::VPC", "Vpc", json!({"CidrBlock": "10.0.0.0/16"})).expect("vpc").physical_id;
    let subnet = json!({"VpcId": vpc, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1b"});
    let subnet = bench.create("AWS::EC2::Subnet", "Subnet", subnet).expect("subnet").physical_id;
    let made = bench
        .create(
            "AWS::EC2::Instance",
            "Machine",
            json!({"ImageId": "ami-1", "InstanceType": "t3.large", "SubnetId": subnet, "DisableApiTermination": "true"}),
        )
        .expect("instance");
    let id = made.physical_id.clone();
    let text = |name: &str| match made.attributes.get(name) {
        Some(template::Value::String(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    let shown = instances(&mut bench, 60, filter("vpc-id", &[&vpc]))[0].clone();
    for (path, expected) in [
        ("/instanceId", id.clone()),
        ("/placement/availabilityZone", text("AvailabilityZone")),
        ("/placement/availabilityZone", "us-east-1b".to_owned()),
        ("/privateIpAddress", text("PrivateIp")),
        ("/privateDnsName", text("PrivateDnsName")),
        ("/vpcId", text("VpcId")),
        ("/instanceState/name", "running".to_owned()),
    ] {
        assert_eq!(shown.pointer(path).and_then(Value::as_str), Some(expected.as_str()), "{path}");
    }
    assert!(id.starts_with("i-") && id.len() == 19, "{id}");
    let volume =
        json!({"Size": "100", "AvailabilityZone": "us-east-1b", "VolumeType": "gp3", "Encrypted": "true"});
    let volume = bench.create("AWS::EC2::Volume", "Data", volume).expect("volume").physical_id;
    let attachment = json!({"VolumeId": volume, "InstanceId": id, "Device": "/dev/sdf"});
    let attached =
        bench.create("AWS::EC2::VolumeAttachment", "Attached", attachment.clone()).expect("attached");
    let refused =
        bench.create("AWS::EC2::VolumeAttachment", "Twice", attachment).expect_err("attached already");
    assert!(refused.reason.contains("already attached"), "{refused}");
    let refused = bench.delete("AWS::EC2::Volume", &volume).expect_err("attached");
    assert_eq!(refused.reason, format!("Volume {volume} is currently attached to {id}"));
    let shrunk = json!({"Size": "50", "AvailabilityZone": "us-east-1b"});
    let refused = bench.update("AWS::EC2::Volume", &volume, shrunk).expect_err("smaller");
    assert_eq!(refused.reason, "New size cannot be smaller than existing size");
    bench.finish_delete("AWS::EC2::VolumeAttachment", &attached.physical_id);
    bench.delete("AWS::EC2::Volume", &volume).expect("free");
    bench.refused(
        61,
        "TerminateInstances",
        json!({"InstanceId": [id]}),
        "OperationNotPermitted",
        "disableApiTermination",
    );
    let before = json!({"ImageId": "ami-1", "InstanceType": "t3.large", "DisableApiTermination": "true"});
    bench
        .change("AWS::EC2::Instance", &id, before, json!({"ImageId": "ami-1", "InstanceType": "m5.large"}))
        .expect("updated");
    assert_eq!(texts(&instances(&mut bench, 62, json!({})), "/instanceType"), ["m5.large"]);
    bench.delete("AWS::EC2::Instance", &id).expect("deletion begins");
    assert_eq!(texts(&instances(&mut bench, 63, json!({})), "/instanceState/name"), ["shutting-down"]);
    bench.finish_delete("AWS::EC2::Instance", &id);
    assert_eq!(texts(&instances(&mut bench, 64, json!({})), "/instanceState/name"), ["terminated"]);
}

#[test]
fn snapshots_are_complete_after_a_time() {
    let mut bench = bench();
    let volume = json!({"Size": "100", "AvailabilityZone": "us-east-1a"});
    let volume = bench.create("AWS::EC2::Volume", "Data", volume).expect("volume").physical_id;
    let made = bench.ok(
        10,
        "CreateSnapshot",
        json!({"VolumeId": volume, "Description": "before", "TagSpecification": [
            {"ResourceType": "snapshot", "Tag": [{"Key": "why", "Value": "upgrade"}]},
        ]}),
    );
    assert_eq!((&made["status"], &made["volumeSize"]), (&json!("pending"), &json!(100)));
    let found = |bench: &mut Bench, seconds, input: Value| {
        let answer = bench.ok(seconds, "DescribeSnapshots", input);
        texts(&answer["snapshotSet"], "/status").concat()
    };
    assert_eq!(found(&mut bench, 20, filter("tag:why", &["upgrade"])), "pending");
    assert_eq!(
        found(&mut bench, 200, json!({"Owner": ["self"], "SnapshotId": [made["snapshotId"]]})),
        "completed"
    );
    assert_eq!(found(&mut bench, 200, json!({"Owner": ["amazon"]})), "");
    assert_eq!(found(&mut bench, 200, filter("volume-id", &["vol-1"])), "");
    let left = bench.leave_snapshot("AWS::EC2::Volume", &volume).expect("one");
    bench.finish_delete("AWS::EC2::Volume", &volume);
    assert_eq!(found(&mut bench, 400, json!({"SnapshotId": [left]})), "completed");
    assert_eq!(bench.leave_snapshot("AWS::EC2::Instance", "i-0"), None);
    bench.ok(401, "DeleteSnapshot", json!({"SnapshotId": left}));
    bench.ok(401, "DeleteSnapshot", json!({"SnapshotId": made["snapshotId"]}));
    assert_eq!(found(&mut bench, 402, json!({})), "");
}

#[test]
fn launch_templates_have_versions() {
    let mut bench = bench();
    let data = |kind: &str| json!({"LaunchTemplateName": "workers", "LaunchTemplateData": {"ImageId": "ami-1", "InstanceType": kind}});
    let made = bench.create("AWS::EC2::LaunchTemplate", "T", data("t3.small")).expect("created");
    let id = made.physical_id;
    let number = |made: &crate::resource::Provisioned| match made.attributes.get("LatestVersionNumber") {
        Some(template::Value::String(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    // Somebody makes a version by the API; the stack's next one counts on from it.
    let version = bench.ok(
        1,
        "CreateLaunchTemplateVersion",
        json!({"LaunchTemplateName": "workers", "SourceVersion": "1", "LaunchTemplateData": {"InstanceType": "c5.large"}}),
    );
    let version = &version["launchTemplateVersion"];
    assert_eq!(
        (&version["versionNumber"], &version["launchTemplateData"]),
        (&json!(2), &json!({"imageId": "ami-1", "instanceType": "c5.large"}))
    );
    // The bench updates with nothing before, which counts as a change.
    let mut bench_update =
        |kind: &str| bench.update("AWS::EC2::LaunchTemplate", &id, data(kind)).expect("updated");
    let _same = bench_update("t3.small");
    let latest = number(&bench_update("t3.small"));
    let shown = bench.ok(2, "DescribeLaunchTemplates", json!({"LaunchTemplateId": [id]}))["launchTemplates"]
        [0]
    .clone();
    assert_eq!(shown["latestVersionNumber"].to_string(), latest, "the record and the attribute agree");
    assert_eq!(shown["defaultVersionNumber"], 1);
    bench.ok(3, "ModifyLaunchTemplate", json!({"LaunchTemplateId": id, "SetDefaultVersion": "2"}));
    let versions = |bench: &mut Bench, input: Value| -> Vec<String> {
        let answer = bench.ok(4, "DescribeLaunchTemplateVersions", input);
        let found = answer["launchTemplateVersionSet"].as_array().into_iter().flatten();
        found
            .map(|version| {
                format!(
                    "{}{}",
                    version["versionNumber"],
                    if version["defaultVersion"] == true { "*" } else { "" }
                )
            })
            .collect()
    };
    for (input, expected) in [
        (json!({"LaunchTemplateId": id, "MaxVersion": "2"}), vec!["2*", "1"]),
        (json!({"LaunchTemplateId": id, "LaunchTemplateVersion": ["1", "$Default"]}), vec!["2*", "1"]),
        (json!({"LaunchTemplateVersion": ["$Default"]}), vec!["2*"]),
        (
            json!({"LaunchTemplateName": "workers", "LaunchTemplateVersion": ["$Default"], "Filter": [{"Name": "instance-type", "Value": ["t3.*"]}]}),
            vec![],
        ),
    ] {
        assert_eq!(versions(&mut bench, input.clone()), expected, "{input}");
    }
    let run = json!({"MinCount": 1, "MaxCount": 1, "LaunchTemplate": {"LaunchTemplateName": "workers"}, "InstanceType": "r5.large"});
    let started = bench.ok(5, "RunInstances", run);
    assert_eq!(texts(&started["instancesSet"], "/imageId"), ["ami-1"]);
    assert_eq!(texts(&started["instancesSet"], "/instanceType"), ["r5.large"]);
    let refused = bench.create("AWS::EC2::LaunchTemplate", "Other", data("t3.small")).expect_err("taken");
    assert_eq!(refused.reason, "Launch template name already in use.");
}

#[test]
fn tags_are_made_found_and_deleted() {
    let mut bench = bench();
    let id = run(&mut bench, 0, 1, "web").remove(0);
    bench.ok(
        1,
        "CreateTags",
        json!({"ResourceId": [id], "Tag": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}),
    );
    let tags = |bench: &mut Bench, input: Value| texts(&bench.ok(1, "DescribeTags", input)["tagSet"], "/key");
    let of_it = filter("resource-id", &[&id]);
    assert_eq!(tags(&mut bench, of_it.clone()), ["Name", "a", "b"]);
    assert_eq!(tags(&mut bench, filter("tag:a", &["1"])), ["a"]);
    assert_eq!(tags(&mut bench, filter("resource-type", &["volume"])), ["of", "of"]);
    bench.ok(
        2,
        "DeleteTags",
        json!({"ResourceId": [id], "Tag": [{"Key": "a", "Value": "other"}, {"Key": "b"}]}),
    );
    assert_eq!(tags(&mut bench, of_it.clone()), ["Name", "a"]);
    bench.ok(3, "DeleteTags", json!({"ResourceId": [id]}));
    assert_eq!(tags(&mut bench, of_it), Vec::<String>::new());
    let many: Vec<Value> = (0..51).map(|number| json!({"Key": number.to_string(), "Value": ""})).collect();
    bench.refused(4, "CreateTags", json!({"ResourceId": [id], "Tag": many}), "TagLimitExceeded", "50");
}

#[test]
fn networks_zones_and_regions_are_shown() {
    let mut bench = bench();
    let vpc =
        bench.create("AWS::EC2::VPC", "Vpc", json!({"CidrBlock": "10.0.0.0/16"})).expect("vpc").physical_id;
    let group = json!({
        "GroupDescription": "d", "GroupName": "web", "VpcId": vpc,
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "CidrIp": "0.0.0.0/0"}],
    });
    let group = bench.create("AWS::EC2::SecurityGroup", "Web", group).expect("group").physical_id;
    for (operation, input, list, path, expected) in [
        (
            "DescribeVpcs",
            filter("tag:aws:cloudformation:logical-id", &["Vpc"]),
            "vpcSet",
            "/cidrBlock",
            "10.0.0.0/16",
        ),
        ("DescribeSubnets", filter("vpc-id", &[&vpc]), "subnetSet", "/subnetId", ""),
        ("DescribeSecurityGroups", json!({"GroupId": [group]}), "securityGroupInfo", "/groupName", "web"),
        (
            "DescribeSecurityGroups",
            filter("vpc-id", &[&vpc]),
            "securityGroupInfo",
            "/ipPermissions/0/ipRanges/0/cidrIp",
            "0.0.0.0/0",
        ),
        (
            "DescribeSecurityGroups",
            json!({"GroupId": [group]}),
            "securityGroupInfo",
            "/ipPermissionsEgress/0/ipRanges/0/cidrIp",
            "0.0.0.0/0",
        ),
        (
            "DescribeSecurityGroups",
            filter("group-name", &["default"]),
            "securityGroupInfo",
            "/groupDescription",
            "default VPC security group",
        ),
        (
            "DescribeAvailabilityZones",
            json!({"ZoneName": ["us-east-1b"]}),
            "availabilityZoneInfo",
            "/zoneId",
            "us-east-1-az2",
        ),
        ("DescribeRegions", json!({}), "regionInfo", "/regionName", "us-east-1"),
    ] {
        let answer = bench.ok(0, operation, input.clone());
        assert_eq!(texts(&answer[list], path).concat(), expected, "{operation} {input}");
    }
    bench.finish_delete("AWS::EC2::VPC", &vpc);
    bench.refused(1, "DescribeVpcs", json!({"VpcId": [vpc]}), "InvalidVpcID.NotFound", &vpc);
}

#[test]
fn refusals_are_in_ec2_s_words() {
    let mut bench = bench();
    let ids = run(&mut bench, 0, 1, "web");
    let id = &ids[0];
    for (operation, input, code, part) in [
        (
            "DescribeInstances",
            json!({"InstanceId": ["i-0"]}),
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-0' does not exist",
        ),
        (
            "DescribeInstances",
            json!({"InstanceId": ["x"]}),
            "InvalidInstanceID.Malformed",
            "Invalid id: \"x\"",
        ),
        (
            "DescribeInstances",
            filter("colour", &["red"]),
            "InvalidParameterValue",
            "The filter 'colour' is invalid",
        ),
        ("DescribeInstances", json!({"NextToken": "%"}), "InvalidNextToken", ""),
        ("DescribeInstances", json!({"MaxResults": "0"}), "InvalidParameterValue", "maxResults"),
        ("TerminateInstances", json!({}), "MissingParameter", "InstanceId"),
        ("TerminateInstances", json!({"InstanceId": [id, "i-0"]}), "InvalidInstanceID.NotFound", "i-0"),
        (
            "TerminateInstances",
            json!({"InstanceId": [id], "DryRun": "true"}),
            "DryRunOperation",
            "DryRun flag is set",
        ),
        ("RunInstances", json!({"MinCount": 1, "MaxCount": 1}), "MissingParameter", "ImageId"),
        (
            "RunInstances",
            json!({"MinCount": 2, "MaxCount": 1, "ImageId": "ami-1"}),
            "InvalidParameterValue",
            "minCount",
        ),
        (
            "RunInstances",
            json!({"MinCount": 1, "MaxCount": 1, "LaunchTemplate": {"LaunchTemplateId": "lt-0"}}),
            "InvalidLaunchTemplateId.NotFound",
            "template ID lt-0, does not exist",
        ),
        (
            "DescribeVolumes",
            json!({"VolumeId": ["vol-0"]}),
            "InvalidVolume.NotFound",
            "The volume 'vol-0' does not exist.",
        ),
        ("CreateSnapshot", json!({"VolumeId": "vol-0"}), "InvalidVolume.NotFound", "vol-0"),
        ("DescribeSnapshots", json!({"SnapshotId": ["snap-0"]}), "InvalidSnapshot.NotFound", "snap-0"),
        (
            "CreateTags",
            json!({"ResourceId": [id], "Tag": [{"Key": "aws:x"}]}),
            "InvalidParameterValue",
            "reserved",
        ),
        ("CreateTags", json!({"ResourceId": ["what"], "Tag": [{"Key": "x"}]}), "InvalidID", "'what'"),
        ("CreateTags", json!({"Tag": [{"Key": "x"}]}), "MissingParameter", "resourceIdSet"),
        ("DescribeLaunchTemplateVersions", json!({}), "MissingParameter", "LaunchTemplateId"),
        (
            "DescribeLaunchTemplates",
            json!({"LaunchTemplateName": ["no"]}),
            "InvalidLaunchTemplateName.NotFoundException",
            "no",
        ),
        ("DescribeRegions", json!({"RegionName": ["mars-1"]}), "InvalidParameterValue", "mars-1"),
        ("StopInstances", json!({"InstanceId": [id]}), "IncorrectInstanceState", "can be stopped"),
        ("StopInstances", json!({}), "MissingParameter", "InstanceId"),
        ("RebootInstances", json!({"InstanceId": [id]}), "InvalidAction", "RebootInstances"),
    ] {
        bench.refused(1, operation, input, code, part);
    }
    assert_eq!(texts(&instances(&mut bench, 50, json!({})), "/instanceState/name"), ["running"]);
}

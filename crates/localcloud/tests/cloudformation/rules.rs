//! What is foretold to fail fails, and what isn't doesn't: every rule of `changeset::rules` in a pair of templates that meets it and
//! in one that just doesn't, foretold and then done.

use changeset::expect::Expected;
use changeset::rules::exclusive::{self, Effect, Rule};
use serde_json::{Value, json};

use crate::every_type::{helped, required};
use crate::expected::foretold;
use crate::support::{CAPABILITIES, Cloud, first_failure, template};

/// What became of an update.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    foretold: bool,
    failed: bool,
}

/// Foretell an update, then do it. `None`: what is deployed can't be made, or nothing changes.
fn told(before: &Value, after: &Value) -> Result<Told, String> {
    let mut cloud = Cloud::new();
    let request = json!({"StackName": "s", "TemplateBody": before.to_string(), "Capabilities": CAPABILITIES});
    cloud.ask("CreateStack", request).map_err(|error| error.to_string())?;
    cloud.settle();
    if cloud.status("s") != "CREATE_COMPLETE" {
        let found = cloud.get("DescribeEvents", json!({"StackName": "s"}));
        let found = found["OperationEvents"][0]["ValidationStatusReason"].clone();
        return Err(format!("what is deployed isn't made: {:?} {found}", first_failure(&mut cloud, "s")));
    }
    let mut request = json!({
        "StackName": "s", "ChangeSetName": "v", "TemplateBody": after.to_string(), "Capabilities": CAPABILITIES,
    });
    cloud.ask("CreateChangeSet", request.clone()).map_err(|error| error.to_string())?;
    request["ChangeSetName"] = json!("c");
    request["DisableValidation"] = json!(true);
    cloud.ask("CreateChangeSet", request).map_err(|error| error.to_string())?;
    cloud.pass(60);
    let foretold = foretold(&cloud, "s")?;
    let fails = foretold.iter().any(|one| one.expected == Expected::Fails);
    let validated = cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "v"}));
    if validated["Status"] == "FAILED" && !fails {
        return Err(format!("validation finds what isn't foretold: {validated}"));
    }
    cloud
        .ask("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}))
        .map_err(|error| error.to_string())?;
    cloud.settle();
    Ok(Told { foretold: fails, failed: cloud.status("s") != "UPDATE_COMPLETE" })
}

/// What types of simulated services need beside them, and which of their properties then name it, for each edition.
fn fixture(rule: &Rule) -> (Value, &'static [(&'static str, &'static str)]) {
    let balancer =
        json!({"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": ["subnet-1"]}});
    let volume =
        json!({"Type": "AWS::EC2::Volume", "Properties": {"AvailabilityZone": "us-east-1a", "Size": 1}});
    match rule.type_name {
        "AWS::ElasticLoadBalancingV2::Listener" => {
            let group = json!({"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties":
                {"VpcId": "vpc-1", "Port": 80, "Protocol": "HTTP"}});
            (json!({"B0": balancer, "B1": balancer, "T0": group}), &[("LoadBalancerArn", "B")])
        }
        "AWS::ElasticLoadBalancingV2::ListenerRule" => {
            let listener = json!({"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties":
                {"LoadBalancerArn": {"Ref": "B0"}, "Port": 80, "Protocol": "HTTP", "DefaultActions":
                 [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}});
            (json!({"B0": balancer, "N0": listener}), &[("ListenerArn", "N")])
        }
        "AWS::EC2::VolumeAttachment" => {
            let mut others = helped(rule.type_name, 0).0;
            others["V7"] = volume;
            (others, &[("VolumeId", "V")])
        }
        "AWS::S3::BucketPolicy" => {
            let bucket = json!({"Type": "AWS::S3::Bucket"});
            (json!({"K0": bucket, "K7": bucket}), &[("Bucket", "K")])
        }
        "AWS::EC2::Instance" if rule.key.starts_with("Volumes") => {
            (json!({"V0": volume, "V7": volume}), &[("Volumes", "V")])
        }
        _ => (helped(rule.type_name, 0).0, &[]),
    }
}

/// A resource that has the rule's key, the last of its values of this edition; `owner`: of those that there are.
fn holder(rule: &Rule, edition: u64, owner: u64) -> Value {
    let mut properties = required(rule.type_name);
    for (name, given) in helped(rule.type_name, 0).1.as_object().into_iter().flatten() {
        properties.insert(name.clone(), given.clone());
    }
    let keys: Vec<&str> = match rule.key {
        "-" => Vec::new(),
        key => key.split('@').next().unwrap_or_default().split('+').collect(),
    };
    // What else of its kind only one can have is another's for another edition.
    for (type_name, property) in [
        ("AWS::EC2::VPCGatewayAttachment", "VpcId"),
        ("AWS::Cognito::UserPoolDomain", "UserPoolId"),
        ("AWS::Cognito::UserPoolDomain", "Domain"),
    ] {
        if rule.type_name == type_name {
            let value = match property {
                "UserPoolId" => format!("us-east-1_other{edition}"),
                _ => format!("other-{edition}"),
            };
            properties.insert(property.to_owned(), json!(value));
        }
    }
    for (place, key) in keys.iter().enumerate() {
        if let Some((name, value)) = key.split_once('!') {
            let value =
                if value.is_empty() { format!("{name}-{edition}").to_lowercase() } else { value.to_owned() };
            properties.insert(name.to_owned(), json!(value));
            continue;
        }
        let path: Vec<&str> = key.trim_end_matches(['?', '~']).split('/').collect();
        let last = keys.get(place + 1).is_none_or(|next| next.contains('!'));
        let edition = if last { edition } else { 0 };
        let named = fixture(rule).1.iter().find(|(name, _)| *name == path[0]);
        let leaf = match (path[path.len() - 1], key.ends_with('~') || path[0].contains("Cidr")) {
            ("TargetGroupArn", _) => json!({"Ref": "T0"}),
            (_, true) => json!(format!("10.0.{edition}.0/24")),
            ("Priority" | "Port" | "FromPort" | "ToPort", _) => json!(edition + 1),
            ("IpProtocol", _) => json!("tcp"),
            ("UserPoolId", _) => json!(format!("us-east-1_pool{edition}")),
            ("FileSystemId", _) => json!(format!("fs-{edition:08}")),
            ("SubnetId", _) => json!(format!("subnet-{edition:08}")),
            ("ServiceNamespace", _) => json!("ecs"),
            ("ScalableDimension", _) => json!("ecs:service:DesiredCount"),
            ("EventSourceArn", _) => json!("arn:aws:sqs:us-east-1:000000000000:queue"),
            (name, _) => json!(format!("{name}-{edition}").to_lowercase()),
        };
        let leaf = named.map_or(leaf, |(_, other)| json!({"Ref": format!("{other}{edition}")}));
        let given = path[1..].iter().rev().fold(leaf, |inner, part| match *part {
            "*" => json!([inner]),
            "VolumeId" => json!({"VolumeId": inner, "Device": "/dev/sdf"}),
            "NetworkInterfaceId" => json!({"NetworkInterfaceId": inner, "DeviceIndex": "1"}),
            name => json!({name: inner}),
        });
        // What is required beside it stays.
        match (properties.get_mut(path[0]), given) {
            (Some(Value::Object(there)), Value::Object(given)) => there.extend(given),
            (_, given) => {
                properties.insert(path[0].to_owned(), given);
            }
        }
    }
    if rule.key.contains('@') {
        properties["DefaultActions"][0]["Type"] = json!("forward");
        properties.insert("LoadBalancerArn".to_owned(), json!({"Ref": format!("B{owner}")}));
        properties.insert("Port".to_owned(), json!(80 + owner));
    }
    json!({"Type": rule.type_name, "Properties": properties})
}

#[test]
fn what_only_one_can_have_is_refused_as_it_is_foretold_and_only_then() {
    let (mut agreed, mut all) = (0, 0);
    let (mut wrong, mut not_made) = (Vec::new(), Vec::new());
    for rule in exclusive::rules() {
        let others = fixture(rule).0;
        let with = |resources: &[(&str, Value)]| {
            let mut all = others.as_object().cloned().unwrap_or_default();
            all.extend(resources.iter().map(|(name, one)| ((*name).to_owned(), one.clone())));
            template(Value::Object(all))
        };
        let shares_owner = rule.key.contains('@');
        let before = with(&[("Old", holder(rule, 0, 0))]);
        let same = holder(rule, 0, u64::from(shares_owner));
        let refused = rule.effect == Effect::Refused;
        let is_single = rule.key.starts_with('-');
        let pairs = [
            ("renamed", with(&[("New", same.clone())]), refused),
            ("beside", with(&[("Old", holder(rule, 0, 0)), ("New", same)]), refused),
            (
                "another",
                with(&[("Old", holder(rule, 0, 0)), ("New", holder(rule, 7, 0))]),
                refused && is_single,
            ),
        ];
        for (what, after, expected) in pairs {
            if what == "another" && shares_owner {
                continue;
            }
            all += 1;
            match told(&before, &after) {
                Ok(Told { foretold, failed }) if foretold == expected && failed == expected => agreed += 1,
                Ok(told) => wrong
                    .push(format!("{} {} {what}: {told:?}, expected {expected}", rule.type_name, rule.key)),
                Err(why) => not_made.push(format!("{} {} {what}: {why}", rule.type_name, rule.key)),
            }
        }
    }
    println!("{agreed} of {all} pairs of what only one can have: foretold and done alike");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(not_made.is_empty(), "{not_made:#?}");
}

/// A table, group or database before and after, and whether AWS takes the change (each rule's source is beside it).
const REFUSALS: &[(&str, &str, &str, bool)] = &[
    (
        "AWS::RDS::DBInstance",
        r#"{"Engine": "postgres", "EngineVersion": "15.4", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUsername": "u", "ManageMasterUserPassword": true}"#,
        r#"{"EngineVersion": "14.9"}"#,
        false,
    ),
    (
        "AWS::RDS::DBInstance",
        r#"{"Engine": "postgres", "EngineVersion": "15.4", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUsername": "u", "ManageMasterUserPassword": true}"#,
        r#"{"EngineVersion": "16.1"}"#,
        false,
    ),
    (
        "AWS::RDS::DBInstance",
        r#"{"Engine": "postgres", "EngineVersion": "15.4", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUsername": "u", "ManageMasterUserPassword": true}"#,
        r#"{"EngineVersion": "15.7"}"#,
        true,
    ),
    (
        "AWS::RDS::DBInstance",
        r#"{"Engine": "postgres", "EngineVersion": "15.4", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUsername": "u", "ManageMasterUserPassword": true}"#,
        r#"{"AllocatedStorage": "10"}"#,
        false,
    ),
    (
        "AWS::RDS::DBInstance",
        r#"{"Engine": "postgres", "EngineVersion": "15.4", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUsername": "u", "ManageMasterUserPassword": true}"#,
        r#"{"AllocatedStorage": "40"}"#,
        true,
    ),
    (
        "AWS::ElastiCache::ReplicationGroup",
        r#"{"ReplicationGroupDescription": "d", "EngineVersion": "7.0"}"#,
        r#"{"EngineVersion": "6.2"}"#,
        false,
    ),
    (
        "AWS::ElastiCache::ReplicationGroup",
        r#"{"ReplicationGroupDescription": "d", "EngineVersion": "7.0"}"#,
        r#"{"EngineVersion": "7.1"}"#,
        true,
    ),
    (
        "AWS::AmazonMQ::Broker",
        r#"{"BrokerName": "b", "DeploymentMode": "SINGLE_INSTANCE", "EngineType": "ACTIVEMQ", "EngineVersion": "5.18", "HostInstanceType": "mq.t3.micro", "PubliclyAccessible": false, "Users": []}"#,
        r#"{"EngineVersion": "5.17"}"#,
        false,
    ),
    (
        "AWS::OpenSearchService::Domain",
        r#"{"EngineVersion": "Elasticsearch_7.10"}"#,
        r#"{"EngineVersion": "OpenSearch_1.3"}"#,
        true,
    ),
    (
        "AWS::EKS::Cluster",
        r#"{"RoleArn": "arn:aws:iam::000000000000:role/r", "ResourcesVpcConfig": {"SubnetIds": ["subnet-1"]}, "Version": "1.27"}"#,
        r#"{"Version": "1.29"}"#,
        false,
    ),
    (
        "AWS::EKS::Cluster",
        r#"{"RoleArn": "arn:aws:iam::000000000000:role/r", "ResourcesVpcConfig": {"SubnetIds": ["subnet-1"]}, "Version": "1.27"}"#,
        r#"{"Version": "1.28"}"#,
        true,
    ),
    ("AWS::EC2::Volume", r#"{"AvailabilityZone": "us-east-1a", "Size": 20}"#, r#"{"Size": 10}"#, false),
    ("AWS::EC2::Volume", r#"{"AvailabilityZone": "us-east-1a", "Size": 20}"#, r#"{"Size": 30}"#, true),
    (
        "AWS::DynamoDB::Table",
        r#"{"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}"#,
        r#"{"GlobalSecondaryIndexes": [{"IndexName": "one", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}, {"IndexName": "two", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}"#,
        false,
    ),
    (
        "AWS::DynamoDB::Table",
        r#"{"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}"#,
        r#"{"GlobalSecondaryIndexes": [{"IndexName": "one", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}"#,
        true,
    ),
    (
        "AWS::Cognito::UserPool",
        r#"{"Schema": [{"Name": "team", "AttributeDataType": "String"}]}"#,
        r#"{"Schema": [{"Name": "team", "AttributeDataType": "Number"}]}"#,
        false,
    ),
    (
        "AWS::Cognito::UserPool",
        r#"{"Schema": [{"Name": "team", "AttributeDataType": "String"}]}"#,
        r#"{"Schema": [{"Name": "team", "AttributeDataType": "String"}, {"Name": "more", "AttributeDataType": "String"}]}"#,
        true,
    ),
    ("AWS::SQS::Queue", r#"{"QueueName": "a"}"#, r#"{"QueueName": "b", "FifoQueue": true}"#, false),
    ("AWS::SQS::Queue", r#"{"QueueName": "a"}"#, r#"{"QueueName": "b.fifo", "FifoQueue": true}"#, true),
    ("AWS::SNS::Topic", r#"{"TopicName": "a"}"#, r#"{"TopicName": "b", "FifoTopic": true}"#, false),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        r#"{"MinSize": "0", "MaxSize": "2", "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"}}"#,
        r#"{"MinSize": "3"}"#,
        false,
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        r#"{"MinSize": "0", "MaxSize": "2"}"#,
        r#"{"MaxSize": "3"}"#,
        true,
    ),
    (
        "AWS::MSK::Cluster",
        r#"{"ClusterName": "c", "KafkaVersion": "3.5.1", "NumberOfBrokerNodes": 2, "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1"], "InstanceType": "kafka.m5.large"}}"#,
        r#"{"KafkaVersion": "2.8.1"}"#,
        false,
    ),
    (
        "AWS::FSx::FileSystem",
        r#"{"FileSystemType": "LUSTRE", "SubnetIds": ["subnet-1"], "StorageCapacity": 1200}"#,
        r#"{"StorageCapacity": 1210}"#,
        false,
    ),
    ("AWS::Kinesis::Stream", r#"{"ShardCount": 2}"#, r#"{"ShardCount": 16}"#, false),
    ("AWS::Kinesis::Stream", r#"{"ShardCount": 2}"#, r#"{"ShardCount": 4}"#, true),
    (
        "AWS::Events::Rule",
        r#"{"ScheduleExpression": "rate(5 minutes)"}"#,
        r#"{"ScheduleExpression": "rate(1 hours)"}"#,
        false,
    ),
    (
        "AWS::Events::Rule",
        r#"{"ScheduleExpression": "rate(5 minutes)"}"#,
        r#"{"ScheduleExpression": "rate(1 hour)"}"#,
        true,
    ),
    (
        "Custom::Lookup",
        r#"{"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:a"}"#,
        r#"{"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:b"}"#,
        false,
    ),
    (
        "AWS::EC2::SecurityGroup",
        r#"{"GroupDescription": "g"}"#,
        r#"{"SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8", "Description": "it's ours"}]}"#,
        false,
    ),
    (
        "AWS::EC2::SecurityGroup",
        r#"{"GroupDescription": "g"}"#,
        r#"{"SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8", "Description": "ours"}]}"#,
        true,
    ),
    (
        "AWS::CloudWatch::Alarm",
        r#"{"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1}"#,
        r#"{"Period": 45}"#,
        false,
    ),
    (
        "AWS::Lambda::Function",
        r#"{"Code": {"ZipFile": "x"}, "Role": "arn:aws:iam::000000000000:role/r", "Handler": "i.h", "Runtime": "python3.12"}"#,
        r#"{"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}}"#,
        false,
    ),
    (
        "AWS::S3::Bucket",
        r#"{"BucketName": "b-of-rules"}"#,
        r#"{"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 7}]}]}}"#,
        false,
    ),
    (
        "AWS::Route53::RecordSet",
        r#"{"HostedZoneName": "example.com.", "Name": "a.example.com.", "Type": "TXT", "TTL": "60", "ResourceRecords": ["\"a\""]}"#,
        r#"{"ResourceRecords": ["a"]}"#,
        false,
    ),
];

#[test]
fn what_services_refuse_of_the_values_is_refused_as_it_is_foretold_and_only_then() {
    let mut wrong = Vec::new();
    for (type_name, properties, changed, is_taken) in REFUSALS {
        let mut old: Value = serde_json::from_str(properties).expect("JSON");
        let changed: Value = serde_json::from_str(changed).expect("JSON");
        let body = |properties: &Value| template(json!({"R": {"Type": type_name, "Properties": properties}}));
        let before = body(&old);
        for (name, value) in changed.as_object().into_iter().flatten() {
            old[name.as_str()] = value.clone();
        }
        match told(&before, &body(&old)) {
            Ok(Told { foretold, failed }) if foretold != *is_taken && failed != *is_taken => {}
            other => wrong.push(format!("{type_name} {changed}: {other:?}, AWS takes it: {is_taken}")),
        }
    }
    println!(
        "{} of {} refusals and their neighbours: foretold and done alike",
        REFUSALS.len() - wrong.len(),
        REFUSALS.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

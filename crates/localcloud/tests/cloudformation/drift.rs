//! Drift: what somebody changed behind CloudFormation's back is found.

use localcloud::Input;
use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{Cloud, parameter, template};

#[test]
fn what_was_changed_by_hand_is_found() {
    let mut cloud = Cloud::new();
    let body = template(json!({"A": parameter("a"), "B": parameter("b"), "C": parameter("c")}));
    cloud.create("s", &body);
    assert_eq!(cloud.stack("s")["DriftInformation"], json!({"StackDriftStatus": "NOT_CHECKED"}));
    let stack = cloud.world.cloudformation.find("s").expect("a stack");
    let id = |name: &str| stack.resources[name].physical_id.clone().unwrap_or_default();
    let (a, b) = (id("A"), id("B"));
    let generic = &mut cloud.world.generic;
    generic.set_property("AWS::SSM::Parameter", &a, "Value", template::Value::String("by hand".to_owned()));
    generic.remove("AWS::SSM::Parameter", &b);
    let detection = cloud.get("DetectStackDrift", json!({"StackName": "s"}));
    let status = cloud.get("DescribeStackDriftDetectionStatus", detection.clone());
    assert_eq!(status["DetectionStatus"], "DETECTION_IN_PROGRESS");
    cloud.pass(60);
    let status = cloud.get("DescribeStackDriftDetectionStatus", detection);
    assert_eq!(
        (&status["DetectionStatus"], &status["StackDriftStatus"], &status["DriftedStackResourceCount"]),
        (&json!("DETECTION_COMPLETE"), &json!("DRIFTED"), &json!(2))
    );
    let drifts = cloud.all(
        "DescribeStackResourceDrifts",
        "StackResourceDrifts",
        json!({"StackName": "s", "MaxResults": 1}),
    );
    let told: Vec<(&Value, &Value)> = drifts
        .iter()
        .map(|drift| (&drift["LogicalResourceId"], &drift["StackResourceDriftStatus"]))
        .collect();
    assert_eq!(json!(told), json!([["A", "MODIFIED"], ["B", "DELETED"], ["C", "IN_SYNC"]]));
    assert_eq!(
        drifts[0]["PropertyDifferences"],
        json!([{"PropertyPath": "/Value", "ExpectedValue": "a", "ActualValue": "by hand", "DifferenceType": "NOT_EQUAL"}])
    );
    let filtered = json!({"StackName": "s", "StackResourceDriftStatusFilters": ["DELETED"]});
    assert_eq!(cloud.all("DescribeStackResourceDrifts", "StackResourceDrifts", filtered).len(), 1);
}

/// What maintenance leaves behind: each change by the service's own API, and the property that drift shows for it.
#[test]
fn what_maintenance_changed_is_found() {
    let database = json!({"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete", "Properties": {
        "DBInstanceIdentifier": "main", "Engine": "postgres", "DBInstanceClass": "db.t4g.medium", "AllocatedStorage": "20",
    }});
    let alarm = json!({"Type": "AWS::CloudWatch::Alarm", "Properties": {
        "AlarmName": "busy", "ActionsEnabled": true, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
        "Threshold": 1, "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Period": 60, "Statistic": "Average",
    }});
    let machines = json!({"Type": "AWS::EC2::LaunchTemplate", "Properties": {
        "LaunchTemplateName": "machines", "LaunchTemplateData": {"ImageId": "ami-1", "InstanceType": "m6i.large"},
    }});
    let group = json!({"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
        "AutoScalingGroupName": "workers", "MinSize": "1", "MaxSize": "4", "DesiredCapacity": "1",
        "AvailabilityZones": ["us-east-1a"],
        "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Machines"}, "Version": {"Fn::GetAtt": ["Machines", "LatestVersionNumber"]}},
    }});
    let place = json!({"Type": "AWS::Batch::ComputeEnvironment", "Properties": {
        "ComputeEnvironmentName": "place", "Type": "UNMANAGED", "State": "ENABLED",
    }});
    let queue = json!({"Type": "AWS::Batch::JobQueue", "Properties": {
        "JobQueueName": "jobs", "Priority": 1, "State": "ENABLED",
        "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Place"}}],
    }});
    let resources = json!({
        "Database": database, "Alarm": alarm, "Machines": machines, "Group": group, "Place": place, "Queue": queue,
    });
    let mut cloud = Cloud::new();
    cloud.create("s", &template(resources));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "{:?}", crate::support::first_failure(&mut cloud, "s"));
    let differences = |cloud: &mut Cloud| -> Vec<String> {
        cloud.get("DetectStackDrift", json!({"StackName": "s"}));
        cloud.pass(60);
        let drifts =
            cloud.all("DescribeStackResourceDrifts", "StackResourceDrifts", json!({"StackName": "s"}));
        assert_eq!(drifts.len(), 6, "every one is looked at: {drifts:#?}");
        let paths = drifts.iter().flat_map(|drift| {
            let found = drift["PropertyDifferences"].as_array().cloned().unwrap_or_default();
            found.into_iter().map(|found| {
                let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
                let id = drift["LogicalResourceId"].as_str().unwrap_or_default();
                format!("{id}{} {} {}", text("PropertyPath"), text("ExpectedValue"), text("ActualValue"))
            })
        });
        paths.collect()
    };
    assert_eq!(differences(&mut cloud), Vec::<String>::new(), "as it was created");
    cloud.auto_scaling(
        "UpdateAutoScalingGroup",
        json!({"AutoScalingGroupName": "workers", "MinSize": 0, "DesiredCapacity": 0}),
    );
    cloud.cloudwatch("DisableAlarmActions", json!({"AlarmNames": ["busy"]}));
    let now = cloud.now;
    for (service, operation, input) in [
        (Service::Batch, "UpdateJobQueue", json!({"jobQueue": "jobs", "state": "DISABLED"})),
        (
            Service::Rds,
            "ModifyDBInstance",
            json!({"DBInstanceIdentifier": "main", "AllocatedStorage": 40, "ApplyImmediately": true}),
        ),
        (
            Service::Ec2,
            "CreateLaunchTemplateVersion",
            json!({"LaunchTemplateName": "machines", "LaunchTemplateData": {"ImageId": "ami-2", "InstanceType": "m6i.large"}}),
        ),
        (
            Service::Ec2,
            "ModifyLaunchTemplate",
            json!({"LaunchTemplateName": "machines", "SetDefaultVersion": "2"}),
        ),
    ] {
        cloud.world.handle(now, service, operation, Input(&input)).expect(operation);
    }
    cloud.settle();
    assert_eq!(
        differences(&mut cloud),
        [
            "Alarm/ActionsEnabled true false",
            "Database/AllocatedStorage 20 40",
            "Group/MinSize 1 0",
            "Group/DesiredCapacity 1 0",
            "Machines/LaunchTemplateData/ImageId ami-1 ami-2",
            "Queue/State ENABLED DISABLED",
        ]
    );
    let one = cloud.get("DetectStackResourceDrift", json!({"StackName": "s", "LogicalResourceId": "Queue"}));
    assert_eq!(one["StackResourceDrift"]["StackResourceDriftStatus"], "MODIFIED");
}

#[test]
fn an_update_that_is_only_said_to_be_made_is_found() {
    let database = |class: &str| {
        template(
            json!({"Database": {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete", "Properties": {
                "DBInstanceIdentifier": "main", "Engine": "postgres", "DBInstanceClass": class, "AllocatedStorage": "20",
                "MasterUsername": "u", "ManageMasterUserPassword": true,
            }}}),
        )
    };
    let mut cloud = Cloud::new();
    cloud.create("s", &database("db.t4g.medium"));
    let unmade =
        localcloud::faults::UnmadeUpdate { stack: "s".to_owned(), logical_id: "Database".to_owned() };
    cloud.world.faults.unmade.push(unmade);
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": database("db.m6g.large").to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    cloud.get("DetectStackDrift", json!({"StackName": "s"}));
    cloud.pass(60);
    let drifts = cloud.all("DescribeStackResourceDrifts", "StackResourceDrifts", json!({"StackName": "s"}));
    let found = &drifts[0]["PropertyDifferences"][0];
    assert_eq!(
        (&found["ExpectedValue"], &found["ActualValue"]),
        (&json!("db.m6g.large"), &json!("db.t4g.medium")),
        "{drifts:#?}"
    );
}

/// A change set that reverts drift lists what was changed by hand, and what the template wants of it: kept by a normal one, put back,
/// or as it is already.
#[test]
fn a_drift_aware_change_set_shows_what_would_be_put_back() {
    let body =
        |a: &str, b: &str| template(json!({"A": parameter(a), "B": parameter(b), "C": parameter("c")}));
    let mut cloud = Cloud::new();
    cloud.create("s", &body("a", "b"));
    let stack = cloud.world.cloudformation.find("s").expect("a stack");
    let ids = ["A", "B"].map(|name| stack.resources[name].physical_id.clone().unwrap_or_default());
    for id in ids {
        let by_hand = template::Value::String("by hand".to_owned());
        cloud.world.generic.set_property("AWS::SSM::Parameter", &id, "Value", by_hand);
    }
    let mut request =
        json!({"StackName": "s", "ChangeSetName": "c", "TemplateBody": body("a", "by hand").to_string()});
    request["DeploymentMode"] = json!("REVERT_DRIFT");
    cloud.get("CreateChangeSet", request);
    cloud.pass(60);
    let named = json!({"StackName": "s", "ChangeSetName": "c", "IncludePropertyValues": true});
    let made = cloud.get("DescribeChangeSet", named.clone());
    assert_eq!(
        (&made["Status"], &made["DeploymentMode"], &made["StackDriftStatus"]),
        (&json!("CREATE_COMPLETE"), &json!("REVERT_DRIFT"), &json!("DRIFTED"))
    );
    let told: Vec<String> = made["Changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| {
            let change = &change["ResourceChange"];
            let target = &change["Details"][0]["Target"];
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {}: {} {} -> {}",
                text(&change["LogicalResourceId"]),
                text(&change["ResourceDriftStatus"]),
                text(&target["Path"]),
                text(&target["AttributeChangeType"]),
                text(&target["BeforeValue"]),
                text(&target["AfterValue"])
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "B MODIFIED /Properties/Value: SyncWithActual by hand -> by hand",
            "A MODIFIED /Properties/Value: Modify by hand -> a",
        ]
    );
    assert!(
        cloud
            .refused("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}))
            .contains("isn't simulated")
    );
}

/// A secret that the update changes is in neither side of what has drifted.
#[test]
fn a_drift_aware_change_set_shows_no_secret_old_or_new() {
    let mut body = template(json!({"A": parameter("a")}));
    body["Parameters"] = json!({"Secret": {"Type": "String", "NoEcho": true}});
    body["Resources"]["A"]["Properties"]["Value"] = json!({"Fn::Sub": "key=${Secret}"});
    let with = |secret: &str| json!([{"ParameterKey": "Secret", "ParameterValue": secret}]);
    let mut cloud = Cloud::new();
    cloud.get(
        "CreateStack",
        json!({"StackName": "s", "TemplateBody": body.to_string(), "Parameters": with("first-hunter")}),
    );
    cloud.settle();
    let stack = cloud.world.cloudformation.find("s").expect("a stack");
    let id = stack.resources["A"].physical_id.clone().unwrap_or_default();
    let by_hand = template::Value::String("by hand, first-hunter".to_owned());
    cloud.world.generic.set_property("AWS::SSM::Parameter", &id, "Value", by_hand);
    cloud.get(
        "CreateChangeSet",
        json!({
            "StackName": "s", "ChangeSetName": "c", "TemplateBody": body.to_string(),
            "Parameters": with("second-hunter"), "DeploymentMode": "REVERT_DRIFT",
        }),
    );
    cloud.pass(60);
    for with_values in [false, true] {
        let named = json!({"StackName": "s", "ChangeSetName": "c", "IncludePropertyValues": with_values});
        let told = cloud.get("DescribeChangeSet", named).to_string();
        assert!(told.contains("by hand, ****") && !told.contains("hunter"), "{told}");
    }
}

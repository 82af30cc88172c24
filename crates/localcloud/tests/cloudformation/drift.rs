//! Drift: what somebody changed behind CloudFormation's back is found.

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
    let generic = &mut cloud.world.cloudformation.generic;
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

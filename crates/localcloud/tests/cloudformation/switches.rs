//! What an update makes of an alarm that somebody muted and a queue that somebody disabled: nothing while it leaves the
//! resource alone, the template's word when it touches it.

use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{Cloud, parameter, template};

fn deployment(note: &str, threshold: &str, priority: &str, said: bool) -> Value {
    let mut alarm = json!({
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "CPUUtilization",
        "Namespace": "AWS/EC2", "Period": 60, "Statistic": "Average", "AlarmName": "a", "Threshold": threshold,
    });
    let mut queue = json!({"JobQueueName": "q", "Priority": priority, "ComputeEnvironmentOrder": []});
    if said {
        alarm["ActionsEnabled"] = json!("true");
        queue["State"] = json!("ENABLED");
    }
    template(json!({
        "P": parameter(note),
        "A": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
        "Q": {"Type": "AWS::Batch::JobQueue", "Properties": queue},
    }))
}

/// Whether the alarm acts, and the queue's state.
fn seen(cloud: &mut Cloud) -> (Value, Value) {
    let alarms = cloud.cloudwatch("DescribeAlarms", json!({}));
    let queues = cloud.service(Service::Batch, "DescribeJobQueues", json!({})).expect("queues");
    (alarms["MetricAlarms"][0]["ActionsEnabled"].clone(), queues["jobQueues"][0]["state"].clone())
}

#[test]
fn an_update_sets_only_the_resources_that_it_touches() {
    for (said, next, expected) in [
        (true, ("2", "1", "1"), (false, "DISABLED")),
        (true, ("1", "2", "1"), (true, "DISABLED")),
        (true, ("1", "1", "2"), (false, "ENABLED")),
        // An alarm's default is true (PutMetricAlarm); a queue's state that isn't given stays (UpdateJobQueue).
        (false, ("1", "2", "2"), (true, "DISABLED")),
    ] {
        let mut cloud = Cloud::new();
        cloud.create("s", &deployment("1", "1", "1", said));
        cloud.cloudwatch("DisableAlarmActions", json!({"AlarmNames": ["a"]}));
        let disable = json!({"jobQueue": "q", "state": "DISABLED"});
        cloud.service(Service::Batch, "UpdateJobQueue", disable).expect("disabled");
        cloud.pass(60);
        assert_eq!(seen(&mut cloud), (json!(false), json!("DISABLED")));
        let (note, threshold, priority) = next;
        let body = deployment(note, threshold, priority, said).to_string();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": body}));
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
        assert_eq!(seen(&mut cloud), (json!(expected.0), json!(expected.1)), "{next:?}, said: {said}");
    }
}

#[test]
fn an_update_of_tags_alone_is_one_of_the_alarm() {
    let tagged = |value: &str| {
        let mut made = deployment("1", "1", "1", true);
        made["Resources"]["A"]["Properties"]["Tags"] = json!([{"Key": "k", "Value": value}]);
        made
    };
    let mut cloud = Cloud::new();
    cloud.create("s", &tagged("1"));
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a";
    let note = json!({"ResourceARN": arn, "Tags": [{"Key": "note", "Value": "n"}]});
    cloud.cloudwatch("TagResource", note);
    cloud.cloudwatch("DisableAlarmActions", json!({"AlarmNames": ["a"]}));
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": tagged("2").to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    let tags = cloud.cloudwatch("ListTagsForResource", json!({"ResourceARN": arn}));
    let value = |key: &str| {
        let found = tags["Tags"].as_array().into_iter().flatten().find(|tag| tag["Key"] == key);
        found.map(|tag| tag["Value"].clone())
    };
    assert_eq!((value("k"), value("note")), (Some(json!("2")), Some(json!("n"))));
    assert_eq!(value("aws:cloudformation:logical-id"), Some(json!("A")));
    assert_eq!(seen(&mut cloud).0, true, "the whole alarm is put again");
}

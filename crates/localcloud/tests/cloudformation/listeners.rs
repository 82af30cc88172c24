//! What an update makes of a door: a listener and its load balancer, replaced or changed in place, and the rules that
//! somebody has made there.

use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{Cloud, template};

fn answer(status: &str) -> Value {
    json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status}}])
}

/// A load balancer with a listener and one rule of the template's.
fn door(scheme: &str, port: &str, status: &str) -> Value {
    template(json!({
        "B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {
            "Scheme": scheme, "Subnets": ["subnet-1", "subnet-2"],
        }},
        "L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": {"Ref": "B"}, "Port": port, "Protocol": "HTTP", "DefaultActions": answer(status),
        }},
        "R": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
            "ListenerArn": {"Ref": "L"}, "Priority": 80, "Actions": answer("200"),
            "Conditions": [{"Field": "path-pattern", "Values": ["/app/*"]}],
        }},
    }))
}

fn ask(cloud: &mut Cloud, operation: &str, input: Value) -> Value {
    cloud.service(Service::LoadBalancing, operation, input).expect(operation)
}

fn physical_id(cloud: &mut Cloud, logical_id: &str) -> String {
    let found =
        cloud.get("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": logical_id}));
    found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap_or_default().to_owned()
}

/// Priorities of a listener's rules, the default one last.
fn priorities(cloud: &mut Cloud, listener: &str) -> Vec<String> {
    let rules = ask(cloud, "DescribeRules", json!({"ListenerArn": listener}));
    let rules = rules["Rules"].as_array().cloned().unwrap_or_default();
    rules.iter().filter_map(|rule| rule["Priority"].as_str().map(str::to_owned)).collect()
}

/// A rule that somebody makes outside of the stack, with a tag; gives its ARN.
fn make_rule(cloud: &mut Cloud, listener: &str) -> String {
    let rule = json!({
        "ListenerArn": listener, "Priority": 1, "Actions": answer("503"),
        "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}], "Tags": [{"Key": "made-by", "Value": "us"}],
    });
    ask(cloud, "CreateRule", rule)["Rules"][0]["RuleArn"].as_str().expect("an ARN").to_owned()
}

#[test]
fn a_listener_changes_in_place_and_keeps_the_rules_of_others() {
    let mut cloud = Cloud::new();
    cloud.create("s", &door("internal", "80", "404"));
    let listener = physical_id(&mut cloud, "L");
    let rule = make_rule(&mut cloud, &listener);
    // Port, protocol and default actions: "Update requires: No interruption".
    let next = door("internal", "8080", "410").to_string();
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    assert_eq!(physical_id(&mut cloud, "L"), listener);
    assert_eq!(priorities(&mut cloud, &listener), ["1", "80", "default"]);
    let shown =
        ask(&mut cloud, "DescribeListeners", json!({"ListenerArns": [listener]}))["Listeners"][0].clone();
    assert_eq!(shown["Port"], 8080);
    let tags = ask(&mut cloud, "DescribeTags", json!({"ResourceArns": [rule]}));
    assert_eq!(tags["TagDescriptions"][0]["Tags"], json!([{"Key": "made-by", "Value": "us"}]));
}

#[test]
fn a_replaced_load_balancer_opens_a_new_door_before_the_old_one_goes_with_its_rules() {
    let mut cloud = Cloud::new();
    cloud.create("s", &door("internal", "80", "404"));
    let (balancer, listener) = (physical_id(&mut cloud, "B"), physical_id(&mut cloud, "L"));
    let rule = make_rule(&mut cloud, &listener);
    let next = door("internet-facing", "80", "404").to_string();
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next}));
    let mut both = 0;
    for _ in 0..3000 {
        cloud.pass(1);
        let balancers = ask(&mut cloud, "DescribeLoadBalancers", json!({}))["LoadBalancers"].clone();
        let mut doors: Vec<String> = Vec::new();
        for found in balancers.as_array().into_iter().flatten() {
            let of = json!({"LoadBalancerArn": found["LoadBalancerArn"]});
            let listeners = ask(&mut cloud, "DescribeListeners", of)["Listeners"].clone();
            let arns =
                listeners.as_array().into_iter().flatten().filter_map(|one| one["ListenerArn"].as_str());
            doors.extend(arns.map(str::to_owned));
        }
        if doors.len() == 2 {
            both += 1;
            assert!(doors.contains(&listener));
            assert_eq!(priorities(&mut cloud, &listener)[0], "1", "the old door is as it was until it goes");
            let new = doors.iter().find(|arn| **arn != listener).expect("the new one").clone();
            assert!(!priorities(&mut cloud, &new).contains(&"1".to_owned()), "nobody's rule moves");
        }
    }
    assert!(both > 0, "the new listener is there before the old one is deleted");
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    let (new_balancer, new_listener) = (physical_id(&mut cloud, "B"), physical_id(&mut cloud, "L"));
    assert!(new_balancer != balancer && new_listener != listener);
    assert_eq!(priorities(&mut cloud, &new_listener), ["80", "default"]);
    for (operation, input, code) in [
        ("DescribeRules", json!({"RuleArns": [rule]}), "RuleNotFound"),
        ("DescribeTags", json!({"ResourceArns": [rule]}), "RuleNotFound"),
        ("DescribeRules", json!({"ListenerArn": listener}), "ListenerNotFound"),
        ("DescribeListeners", json!({"ListenerArns": [listener]}), "ListenerNotFound"),
        ("DescribeLoadBalancers", json!({"LoadBalancerArns": [balancer]}), "LoadBalancerNotFound"),
    ] {
        let refusal = cloud.service(Service::LoadBalancing, operation, input).expect_err(operation);
        assert_eq!(refusal.code, code, "{operation}");
    }
}

#[test]
fn a_listener_under_another_name_meets_the_old_one_on_its_port() {
    for (port, status) in [("80", "UPDATE_ROLLBACK_COMPLETE"), ("8080", "UPDATE_COMPLETE")] {
        let mut cloud = Cloud::new();
        cloud.create("s", &door("internal", "80", "404"));
        let listener = physical_id(&mut cloud, "L");
        make_rule(&mut cloud, &listener);
        let mut next = door("internal", port, "404");
        let moved = next["Resources"]["L"].take();
        next["Resources"]["M"] = moved;
        next["Resources"]["R"]["Properties"]["ListenerArn"] = json!({"Ref": "M"});
        next["Resources"].as_object_mut().expect("resources").shift_remove("L");
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next.to_string()}));
        cloud.settle();
        assert_eq!(cloud.status("s"), status, "{port}");
        let balancer = physical_id(&mut cloud, "B");
        let left =
            ask(&mut cloud, "DescribeListeners", json!({"LoadBalancerArn": balancer}))["Listeners"].clone();
        assert_eq!(left.as_array().map(Vec::len), Some(1));
        let left = left[0]["ListenerArn"].as_str().expect("an ARN").to_owned();
        let expected =
            if status == "UPDATE_COMPLETE" { vec!["80", "default"] } else { vec!["1", "80", "default"] };
        assert_eq!(priorities(&mut cloud, &left), expected, "{port}");
    }
}

#[test]
fn a_target_group_serves_one_load_balancer() {
    let door = |scheme: &str| {
        let mut made = door(scheme, "80", "404");
        made["Resources"]["T"] = json!({"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
            "Port": 80, "Protocol": "HTTP", "VpcId": "vpc-1",
        }});
        made["Resources"]["L"]["Properties"]["DefaultActions"] =
            json!([{"Type": "forward", "TargetGroupArn": {"Ref": "T"}}]);
        made
    };
    let mut cloud = Cloud::new();
    cloud.create("s", &door("internal"));
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": door("internet-facing").to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    let failure = crate::support::first_failure(&mut cloud, "s").expect("a failure");
    assert!(failure.contains("cannot be associated with more than one load balancer"), "{failure}");
}

//! Elastic Load Balancing through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};
use template::Value as Attribute;

use crate::services::testing::Bench;
use crate::wire::Service;

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const TARGETS: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

struct Made {
    bench: Bench,
    balancer: String,
    listener: String,
    targets: String,
}

fn made() -> Made {
    let mut bench = Bench::new(Service::LoadBalancing);
    let balancer = bench.create(BALANCER, "ExternalLoadBalancer", json!({"Subnets": ["s-1", "s-2"], "LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "4000"}]}));
    let balancer = balancer.expect("balancer");
    assert!(balancer.physical_id.contains(":loadbalancer/app/Stack-Extern-"), "{}", balancer.physical_id);
    for (name, part) in [
        ("DNSName", ".us-east-1.elb.amazonaws.com"),
        ("LoadBalancerFullName", "app/Stack-Extern-"),
        ("CanonicalHostedZoneID", "Z"),
    ] {
        let Some(Attribute::String(value)) = balancer.attributes.get(name) else { panic!("{name}") };
        assert!(value.contains(part), "{name}: {value}");
    }
    let targets = bench
        .create(TARGETS, "Web", json!({"Port": "80", "Protocol": "HTTP", "VpcId": "vpc-1"}))
        .expect("targets");
    let Some(Attribute::String(full)) = targets.attributes.get("TargetGroupFullName") else {
        panic!("full name")
    };
    assert!(full.starts_with("targetgroup/Stack-Web-"), "{full}");
    let targets = targets.physical_id;
    let listener = json!({"LoadBalancerArn": balancer.physical_id, "Port": "443", "Protocol": "HTTPS", "DefaultActions": [{"Type": "forward", "TargetGroupArn": targets}]});
    let listener = bench.create(LISTENER, "Https", listener).expect("listener").physical_id;
    Made { bench, balancer: balancer.physical_id, listener, targets }
}

impl Made {
    fn rule(&self, priority: i64) -> Value {
        json!({
            "ListenerArn": self.listener,
            "Priority": priority.to_string(),
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
            "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/html", "MessageBody": "closed"}}],
            "Tags": [{"Key": "made-by", "Value": "us"}],
        })
    }

    fn create(&mut self, priority: i64) -> String {
        let rule = self.rule(priority);
        self.bench.ok(0, "CreateRule", rule)["Rules"][0]["RuleArn"].as_str().expect("arn").to_owned()
    }

    fn priorities(&mut self) -> String {
        let answer = self.bench.ok(0, "DescribeRules", json!({"ListenerArn": self.listener}));
        let rules = answer["Rules"].as_array().expect("rules");
        rules.iter().map(|rule| rule["Priority"].as_str().expect("priority")).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn rules_have_unique_priorities_and_the_default_comes_last() {
    let mut made = made();
    let (ten, two) = (made.create(10), made.create(2));
    assert_eq!(made.priorities(), "2 10 default");
    let rule = made.rule(10);
    made.bench.refused(0, "CreateRule", rule, "PriorityInUse", "Priority '10' is currently in use");
    let set = |first: i64, second: i64| json!({"RulePriorities": [{"RuleArn": ten, "Priority": first}, {"RuleArn": two, "Priority": second}]});
    made.bench.ok(0, "SetRulePriorities", set(2, 10));
    made.bench.refused(0, "SetRulePriorities", set(7, 7), "PriorityInUse", "Priority '7'");
    made.bench.refused(0, "SetRulePriorities", set(0, 7), "ValidationError", "greater than or equal to 1");
    let answer = made.bench.ok(0, "DescribeRules", json!({"RuleArns": [ten]}));
    assert_eq!(answer["Rules"][0]["Priority"], "2", "they have changed places");
    made.bench.ok(0, "DeleteRule", json!({"RuleArn": two}));
    made.bench.refused(
        0,
        "DeleteRule",
        json!({"RuleArn": two}),
        "RuleNotFound",
        "One or more rules not found",
    );
    assert_eq!(made.priorities(), "2 default");
    let answer = made.bench.ok(0, "DescribeRules", json!({"ListenerArn": made.listener}));
    let default = answer["Rules"][1]["RuleArn"].as_str().expect("arn");
    assert!(default.contains(":listener-rule/app/"), "{default}");
    for operation in ["DeleteRule", "ModifyRule"] {
        made.bench.refused(
            0,
            operation,
            json!({"RuleArn": default}),
            "OperationNotPermitted",
            "Default rule",
        );
    }
}

#[test]
fn a_rule_that_cannot_be_is_refused() {
    let mut made = made();
    let values = |count: usize| json!([{"Field": "source-ip", "SourceIpConfig": {"Values": vec!["192.0.2.1/32"; count]}}]);
    let fixed = |config: Value| json!([{"Type": "fixed-response", "FixedResponseConfig": config}]);
    for (field, value, code, part) in [
        ("Priority", json!("0"), "ValidationError", "greater than or equal to 1"),
        ("Priority", json!("50001"), "ValidationError", "less than or equal to 50000"),
        ("Priority", json!(null), "ValidationError", "Priority"),
        ("ListenerArn", json!("arn:nope"), "ListenerNotFound", "not found"),
        ("Conditions", json!([]), "ValidationError", "at least one condition"),
        ("Conditions", values(6), "ValidationError", "'5' condition values"),
        ("Conditions", json!([{"Field": "weather"}]), "ValidationError", "weather"),
        (
            "Conditions",
            json!([{"Field": "http-header", "Values": ["x"]}]),
            "ValidationError",
            "HttpHeaderConfig",
        ),
        ("Actions", json!([]), "InvalidLoadBalancerAction", "Exactly one"),
        (
            "Actions",
            json!([{"Type": "forward", "TargetGroupArn": "arn:nope"}]),
            "TargetGroupNotFound",
            "not found",
        ),
        ("Actions", fixed(json!({"StatusCode": "302"})), "ValidationError", "regular expression"),
        (
            "Actions",
            fixed(json!({"StatusCode": "503", "MessageBody": "x".repeat(1025)})),
            "ValidationError",
            "less than or equal to 1024",
        ),
        (
            "Actions",
            fixed(json!({"StatusCode": "503", "ContentType": "image/png"})),
            "ValidationError",
            "image/png",
        ),
    ] {
        let mut rule = made.rule(1);
        rule[field] = value;
        made.bench.refused(0, "CreateRule", rule, code, part);
    }
    assert_eq!(made.priorities(), "default");
    let mut rule = made.rule(1);
    rule["Actions"] = fixed(json!({"StatusCode": "503", "MessageBody": "x".repeat(1024)}));
    rule["Conditions"] = values(5);
    made.bench.ok(0, "CreateRule", rule);
    for priority in 2..=100 {
        made.create(priority);
    }
    let rule = made.rule(101);
    made.bench.refused(0, "CreateRule", rule, "TooManyRules", "maximum number of rules");
}

#[test]
fn tags_are_given_added_and_taken() {
    let mut made = made();
    let rule = made.create(1);
    let tags = |made: &mut Made, arn: &str| {
        made.bench.ok(0, "DescribeTags", json!({"ResourceArns": [arn]}))["TagDescriptions"][0]["Tags"].clone()
    };
    assert_eq!(tags(&mut made, &rule), json!([{"Key": "made-by", "Value": "us"}]));
    made.bench.ok(0, "AddTags", json!({"ResourceArns": [rule], "Tags": [{"Key": "a", "Value": "b"}]}));
    made.bench.ok(0, "RemoveTags", json!({"ResourceArns": [rule], "TagKeys": ["made-by"]}));
    assert_eq!(tags(&mut made, &rule), json!([{"Key": "a", "Value": "b"}]));
    let balancer = made.balancer.clone();
    let shown = tags(&mut made, &balancer);
    let find = |key: &str| {
        shown.as_array().and_then(|tags| tags.iter().find(|tag| tag["Key"] == key)).map(|tag| &tag["Value"])
    };
    assert_eq!(find("aws:cloudformation:logical-id"), Some(&json!("ExternalLoadBalancer")));
    assert_eq!(find("team"), Some(&json!("blue")));
    made.bench.refused(
        0,
        "DescribeTags",
        json!({"ResourceArns": ["arn:x:listener-rule/x"]}),
        "RuleNotFound",
        "",
    );
    made.bench.refused(0, "DescribeTags", json!({"ResourceArns": []}), "ValidationError", "");
}

#[test]
fn what_is_deleted_takes_its_own_with_it() {
    let mut made = made();
    let rule = made.create(1);
    let error = made.bench.delete(TARGETS, &made.targets.clone()).expect_err("in use");
    assert!(error.reason.contains("is currently in use by a listener or a rule"), "{error}");
    let again = json!({"LoadBalancerArn": made.balancer, "Port": 443, "DefaultActions": [{"Type": "forward", "TargetGroupArn": made.targets}]});
    let error = made.bench.create(LISTENER, "Again", again).expect_err("same port");
    assert!(error.reason.contains("already exists on this port"), "{error}");
    let protect = |flag: &str| json!({"LoadBalancerArn": made.balancer, "Attributes": [{"Key": "deletion_protection.enabled", "Value": flag}]});
    let (on, off) = (protect("true"), protect("false"));
    made.bench.ok(0, "ModifyLoadBalancerAttributes", on);
    let error = made.bench.delete(BALANCER, &made.balancer).expect_err("protected");
    assert!(error.reason.contains("deletion protection"), "{error}");
    made.bench.ok(0, "ModifyLoadBalancerAttributes", off);
    made.bench.finish_delete(LISTENER, &made.listener);
    made.bench.refused(0, "DescribeRules", json!({"RuleArns": [rule]}), "RuleNotFound", "");
    made.bench.refused(
        0,
        "DescribeListeners",
        json!({"ListenerArns": [made.listener]}),
        "ListenerNotFound",
        "",
    );
    made.bench.delete(TARGETS, &made.targets.clone()).expect("free now");
    made.bench.finish_delete(BALANCER, &made.balancer);
    made.bench.refused(
        0,
        "DescribeLoadBalancers",
        json!({"LoadBalancerArns": [made.balancer]}),
        "LoadBalancerNotFound",
        "",
    );
}

#[test]
fn a_template_s_rule_changes_in_place() {
    let mut made = made();
    let rule = made.rule(80);
    let created = made.bench.create(RULE, "Rule", rule).expect("created");
    assert_eq!(created.attributes.get("RuleArn"), Some(&Attribute::String(created.physical_id.clone())));
    let mut rule = made.rule(90);
    rule["Actions"] =
        json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": made.targets}]}}]);
    made.bench.update(RULE, &created.physical_id, rule).expect("updated");
    assert_eq!(made.priorities(), "90 default");
    let answer = made.bench.ok(0, "DescribeRules", json!({"RuleArns": [created.physical_id]}));
    assert_eq!(answer["Rules"][0]["Actions"][0]["TargetGroupArn"], json!(made.targets));
    assert_eq!(answer["Rules"][0]["Conditions"][0]["Values"], json!(["/*"]));
}

#[test]
fn instances_in_service_are_healthy_targets() {
    let mut made = made();
    let group =
        json!({"AutoScalingGroupName": "g", "MinSize": 1, "MaxSize": 1, "TargetGroupARNs": [made.targets]});
    made.bench.create("AWS::AutoScaling::AutoScalingGroup", "Group", group).expect("group");
    for (seconds, count) in [(0, 0), (40, 1)] {
        let answer = made.bench.ok(seconds, "DescribeTargetHealth", json!({"TargetGroupArn": made.targets}));
        assert_eq!(answer["TargetHealthDescriptions"].as_array().map(Vec::len), Some(count));
    }
    let answer = made.bench.ok(40, "DescribeTargetGroups", json!({"LoadBalancerArn": made.balancer}));
    assert_eq!(answer["TargetGroups"][0]["LoadBalancerArns"], json!([made.balancer]));
    let answer =
        made.bench.ok(40, "DescribeLoadBalancerAttributes", json!({"LoadBalancerArn": made.balancer}));
    assert!(
        answer["Attributes"]
            .as_array()
            .expect("attributes")
            .contains(&json!({"Key": "idle_timeout.timeout_seconds", "Value": "4000"}))
    );
}

#[test]
fn tags_of_rules_are_added_replaced_removed_and_go_with_their_rule() {
    let mut made = made();
    let rule = made.create(1);
    let Made { bench, listener, .. } = &mut made;
    let tags = |bench: &mut Bench, arn: &str| {
        let answer = bench.ok(0, "DescribeTags", json!({"ResourceArns": [arn]}));
        let tags = answer["TagDescriptions"][0]["Tags"].as_array().cloned().unwrap_or_default();
        let text = |tag: &Value, name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        let shown = tags.iter().map(|tag| format!("{}={}", text(tag, "Key"), text(tag, "Value")));
        shown.filter(|tag| !tag.starts_with("aws:")).collect::<Vec<_>>().join(" ")
    };
    let add = |arns: &[&str], tags: Value| json!({"ResourceArns": arns, "Tags": tags});
    let (since, again) = (json!([{"Key": "since", "Value": "1"}]), json!([{"Key": "since", "Value": "2"}]));
    bench.ok(0, "AddTags", add(&[&rule, listener], since));
    bench.ok(0, "AddTags", add(&[&rule], again));
    assert_eq!(tags(bench, &rule), "made-by=us since=2");
    assert_eq!(tags(bench, listener), "since=1 team=blue");
    bench.ok(0, "RemoveTags", json!({"ResourceArns": [rule], "TagKeys": ["made-by", "never"]}));
    assert_eq!(tags(bench, &rule), "since=2");
    let many: Vec<Value> = (0..50).map(|number| json!({"Key": number.to_string(), "Value": ""})).collect();
    let twice = json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]);
    for (arns, given, code) in [
        (vec![rule.as_str()], json!(many), "TooManyTags"),
        (vec![&rule], twice, "DuplicateTagKeys"),
        (vec![&rule], json!([{"Key": "k".repeat(129), "Value": ""}]), "ValidationError"),
        (vec![&rule], json!([{"Key": "k", "Value": "v".repeat(257)}]), "ValidationError"),
        (vec![&rule, "arn:aws:elasticloadbalancing:us-east-1:0:listener-rule/x"], json!([]), "RuleNotFound"),
        (vec![], json!([]), "ValidationError"),
    ] {
        bench.refused(0, "AddTags", add(&arns, given), code, "");
    }
    assert_eq!(tags(bench, &rule), "since=2");
    bench.ok(0, "DeleteRule", json!({"RuleArn": rule}));
    bench.refused(0, "DescribeTags", json!({"ResourceArns": [rule]}), "RuleNotFound", "");
}

#[test]
fn a_target_group_is_refused_to_a_second_load_balancer() {
    let mut made = made();
    let second = made.bench.create(BALANCER, "Second", json!({"Subnets": ["s-1", "s-2"]})).expect("balancer");
    let targets = made.targets.clone();
    let to = |action: Value| {
        json!({
            "LoadBalancerArn": second.physical_id, "Port": "80", "Protocol": "HTTP", "DefaultActions": [action],
        })
    };
    let words = "cannot be associated with more than one load balancer";
    let forward = json!({"Type": "forward", "TargetGroupArn": targets});
    let refused = made.bench.create(LISTENER, "Http", to(forward.clone())).expect_err("in use");
    assert!(refused.reason.contains(words), "{refused}");
    let fixed = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}});
    let other = made.bench.create(LISTENER, "Http", to(fixed)).expect("listener").physical_id;
    let mut rule = made.rule(1);
    rule["ListenerArn"] = json!(other);
    let arn = made.bench.ok(0, "CreateRule", rule.clone())["Rules"][0]["RuleArn"].clone();
    rule["Priority"] = json!("2");
    rule["Actions"] = json!([forward]);
    made.bench.refused(0, "CreateRule", rule, "TargetGroupAssociationLimit", words);
    let change = json!({"RuleArn": arn, "Actions": [forward]});
    made.bench.refused(0, "ModifyRule", change, "TargetGroupAssociationLimit", words);
    // Its own load balancer may use it as often as it likes.
    let own = json!({"LoadBalancerArn": made.balancer, "Port": "80", "Protocol": "HTTP", "DefaultActions": [forward]});
    made.bench.create(LISTENER, "Own", own).expect("listener");
}

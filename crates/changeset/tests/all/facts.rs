//! The resource facts, and comparing evaluated properties by them.

use std::collections::BTreeSet;

use crate::support::{read_template, shared};
use changeset::compare::changed_properties;
use changeset::facts::{
    self, ReplacementStrategy,
    RequiresRecreation::{self, *},
    Treatment, recreation, resource_type, treatment,
};
use indexmap::IndexMap;
use template::{Evaluation, Outside, ParameterInputs, ResourceValues, Template, Value, resolve_parameters};

#[test]
fn every_type_is_read() {
    let names: Vec<&str> = facts::type_names().collect();
    assert_eq!(names.len(), 1_898, "the facts were made anew: say so in the changelog");
    assert!(names.is_sorted());
    let types: Vec<_> = names.iter().filter_map(|name| resource_type(name)).collect();
    assert_eq!(types.len(), names.len(), "some records can't be read");
    let with_handlers = types.iter().filter(|one| one.handlers.is_some()).count();
    assert_eq!(with_handlers, 1_763);
    let disputed: u64 = types.iter().map(|one| one.disputed.len() as u64).sum();
    assert_eq!(disputed, facts::sources().disputed_properties);
    assert!(facts::sources().packages.contains_key("cfn-lint"));
    for one in types {
        for name in &one.required {
            let known = one.properties.contains_key(name);
            assert!(
                known || one.name.starts_with("AWS::Serverless::"),
                "{} requires {name}, which it doesn't have",
                one.name
            );
        }
    }
}

#[test]
fn a_type_says_what_a_simulation_needs() {
    let bucket = resource_type("AWS::S3::Bucket").expect("a bucket");
    assert_eq!(bucket.reference, ["BucketName"]);
    assert_eq!(bucket.primary_identifier, ["BucketName"]);
    assert!(bucket.stateful.is_some());
    assert_eq!(bucket.read_only.get("Arn").map(String::as_str), Some("string"));
    assert_eq!(bucket.tagging.as_ref().map(|tagging| tagging.property.as_str()), Some("/Tags"));
    let group = resource_type("AWS::AutoScaling::AutoScalingGroup").expect("a group");
    let create =
        group.handlers.as_ref().and_then(|handlers| handlers.create.as_ref()).expect("a create handler");
    assert!(create.permissions.contains(&"autoscaling:CreateAutoScalingGroup".to_owned()));
    assert_eq!(create.timeout_minutes, Some(360));
    assert_eq!(group.replacement_strategy, ReplacementStrategy::CreateThenDelete);
    let topic_policy = facts::type_names()
        .filter_map(resource_type)
        .filter(|one| one.replacement_strategy == ReplacementStrategy::DeleteThenCreate);
    assert!(topic_policy.count() > 50);
    let listener = resource_type("AWS::ElasticLoadBalancingV2::Listener").expect("a listener");
    let action = listener
        .properties
        .get("DefaultActions")
        .and_then(|property| property.items.as_ref())
        .expect("actions");
    assert_eq!(action.required, ["Type"]);
    assert_eq!(action.properties.get("Type").and_then(|kind| kind.kind.as_deref()), Some("string"));
    assert_eq!(resource_type("AWS::IAM::Policy").expect("a policy").free_form, ["/PolicyDocument"]);
}

#[test]
fn recreation_follows_the_schema_the_overrides_and_the_handlers() {
    let cases: [(&str, &str, RequiresRecreation); 18] = [
        ("AWS::SNS::Topic", "/TopicName", Always),
        ("AWS::SNS::Topic", "TopicName", Always),
        ("AWS::SNS::Topic", "/DisplayName", Never),
        ("AWS::EC2::Instance", "/InstanceType", Conditionally),
        ("AWS::RDS::DBInstance", "/StorageType", Conditionally),
        ("AWS::AutoScaling::AutoScalingGroup", "/LaunchConfigurationName", Conditionally),
        ("AWS::AutoScaling::AutoScalingGroup", "/LaunchTemplate", Conditionally),
        ("AWS::AutoScaling::AutoScalingGroup", "/LaunchTemplate/Version", Conditionally),
        ("AWS::AutoScaling::WarmPool", "/AutoScalingGroupName", Always),
        // Without an update handler everything recreates.
        ("AWS::Lambda::Permission", "/Action", Always),
        ("AWS::EC2::SubnetRouteTableAssociation", "/SubnetId", Always),
        // A nested create-only path, what stands above it and what stands beside it.
        ("AWS::MSK::Cluster", "/EncryptionInfo/EncryptionInTransit/InCluster", Always),
        ("AWS::MSK::Cluster", "/EncryptionInfo", Always),
        ("AWS::MSK::Cluster", "/EncryptionInfo/EncryptionInTransit/ClientBroker", Never),
        // Both spellings of a custom resource, and what no schema knows.
        ("Custom::Anything", "/Whatever/0", Conditionally),
        ("AWS::CloudFormation::CustomResource", "/ServiceToken", Conditionally),
        ("Example::Vendor::Thing", "/Name", Never),
        ("AWS::CDK::Metadata", "/Analytics", Conditionally),
    ];
    for (type_name, path, expected) in cases {
        assert_eq!(recreation(type_name, path), expected, "{type_name} {path}");
    }
}

#[test]
fn where_the_sources_differ_the_type_says_disputed() {
    let database = resource_type("AWS::RDS::DBInstance").expect("a database");
    let disputed = database.disputed.get("/Port").expect("disputed");
    assert_eq!((disputed.schema, disputed.second), (Never, Always));
}

#[test]
fn a_type_without_a_schema_has_a_stated_treatment() {
    let cases = [
        ("AWS::S3::Bucket", Treatment::Published),
        ("Custom::Copy", Treatment::CustomResource),
        ("AWS::CloudFormation::CustomResource", Treatment::CustomResource),
        ("AWS::Serverless::Function", Treatment::Transformed),
        ("Example::Vendor::Thing::MODULE", Treatment::Module),
        ("Example::Vendor::Thing", Treatment::Unknown),
        ("AWS::CloudFormation::WaitCondition", Treatment::Published),
    ];
    for (type_name, expected) in cases {
        assert_eq!(treatment(type_name), expected, "{type_name}");
        assert_eq!(expected.note().is_none(), expected == Treatment::Published);
    }
}

#[test]
fn every_type_of_the_platform_is_known() {
    if shared("templates/code-ocean").is_none() {
        return;
    }
    let mut types = BTreeSet::new();
    for version in ["v3.7.0", "v3.8.2"] {
        let template = read_template(&format!("templates/code-ocean/{version}.yaml"));
        types.extend(template.resources.into_values().map(|resource| resource.type_name));
    }
    assert_eq!(types.len(), 57);
    let unknown: Vec<&String> = types.iter().filter(|name| treatment(name) == Treatment::Unknown).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Type, before, after, and `Name path word` of each change.
const COMPARED: [(&str, &str, &str, &[&str]); 9] = [
    ("AWS::SNS::Topic", "{DisplayName: a}", "{DisplayName: a}", &[]),
    ("AWS::SNS::Topic", "{DisplayName: a, TopicName: t}", "{TopicName: t, DisplayName: a}", &[]),
    (
        "AWS::SNS::Topic",
        "{DisplayName: a, TopicName: t}",
        "{DisplayName: b, TopicName: u}",
        &["DisplayName /DisplayName Never", "TopicName /TopicName Always"],
    ),
    (
        "AWS::SNS::Topic",
        "{DisplayName: a}",
        "{TopicName: u}",
        &["DisplayName /DisplayName Never", "TopicName /TopicName Always"],
    ),
    ("AWS::SQS::Queue", "{DelaySeconds: 5}", "{DelaySeconds: '5'}", &[]),
    (
        "AWS::MSK::Cluster",
        "{EncryptionInfo: {EncryptionInTransit: {InCluster: true, ClientBroker: TLS}}}",
        "{EncryptionInfo: {EncryptionInTransit: {InCluster: true, ClientBroker: PLAINTEXT}}}",
        &["EncryptionInfo /EncryptionInfo Never"],
    ),
    (
        "AWS::MSK::Cluster",
        "{EncryptionInfo: {EncryptionInTransit: {InCluster: true}}}",
        "{EncryptionInfo: {EncryptionInTransit: {InCluster: false}}}",
        &["EncryptionInfo /EncryptionInfo/EncryptionInTransit/InCluster Always"],
    ),
    (
        "AWS::EC2::LaunchTemplate",
        "{LaunchTemplateData: {ImageId: a}}",
        "{LaunchTemplateData: {ImageId: b}}",
        &["LaunchTemplateData /LaunchTemplateData Never"],
    ),
    ("AWS::SNS::Topic", "{}", "{}", &[]),
];

#[test]
fn changed_properties_are_weighed_where_they_differ() {
    for (type_name, before, after, expected) in COMPARED {
        let made = changed_properties(type_name, &properties(before), &properties(after));
        let lines: Vec<String> =
            made.iter().map(|one| format!("{} {} {}", one.name, one.path, one.recreation.word())).collect();
        assert_eq!(lines, expected, "{type_name} {before} {after}");
    }
}

fn properties(text: &str) -> IndexMap<String, Value> {
    struct Nothing;
    impl ResourceValues for Nothing {
        fn reference(&self, _: &str) -> Value {
            Value::Null
        }
        fn attribute(&self, _: &str, _: &str) -> Value {
            Value::Null
        }
    }
    let text = format!("Resources: {{A: {{Type: 'AWS::SNS::Topic', Properties: {text}}}}}");
    let template = Template::parse("case.yaml", text.as_bytes()).expect("a template");
    let given = IndexMap::new();
    let inputs = ParameterInputs { given: &given, previous: None, ssm: &Default::default() };
    let parameters = resolve_parameters(&template, &inputs).expect("parameters");
    let (pseudo, outside) = (crate::support::real_pseudo(), Outside::default());
    let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).expect("an evaluation");
    evaluation.properties(&template.resources["A"], &Nothing).expect("properties")
}

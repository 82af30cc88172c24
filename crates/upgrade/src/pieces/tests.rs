use std::collections::BTreeMap;

use template::Pseudo;

use super::{
    ReferenceKind, included_snippets, nested_pseudo, nested_release, nested_templates, unaskable,
    with_snippets,
};
use crate::draft::ReleaseSide;

fn pseudo() -> Pseudo {
    Pseudo {
        account_id: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "platform".to_owned(),
        stack_id: "arn:aws:cloudformation:eu-west-1:123456789012:stack/platform/u".to_owned(),
        notification_arns: Vec::new(),
    }
}

fn release(text: &str, given: &[(&str, Option<&str>)]) -> ReleaseSide {
    let given: BTreeMap<String, Option<String>> =
        given.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect();
    nested_release("t.yaml", text.as_bytes(), &given, &pseudo()).unwrap_or_else(|error| panic!("{error}"))
}

/// `what: url` or `what? why`, with a `~` where it isn't certain.
fn listed(release: &ReleaseSide, physical: &[(&str, &str)]) -> Vec<String> {
    let physical = physical.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
    let found = nested_templates(release, &pseudo(), &physical).unwrap_or_else(|error| panic!("{error}"));
    let text = |one: super::TemplateReference| {
        let certain = if one.certain { "" } else { "~" };
        match one.url {
            Ok(url) => format!("{certain}{}: {url}", one.what),
            Err(why) => format!("{certain}{}? {why}", one.what),
        }
    };
    found.into_iter().map(text).collect()
}

const NESTED: &str = r#"
Parameters:
  Base: {Type: String, Default: releases}
  Wide: {Type: String, Default: "yes"}
  Secret: {Type: String, NoEcho: true, Default: hunter2}
Conditions:
  IsWide: !Equals [!Ref Wide, "yes"]
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Plain:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://${Base}.s3.${AWS::URLSuffix}/plain.yaml?versionId=7&X-Amz-Signature=00"}
  Wider:
    Type: AWS::CloudFormation::Stack
    Condition: IsWide
    Properties:
      TemplateURL: !If [IsWide, "https://b.s3.amazonaws.com/w.yaml", "https://b.s3.amazonaws.com/n.yaml"]
  Own:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://${Bucket}.s3.amazonaws.com/own.yaml"}
  Late:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://${Bucket.DomainName}/late.yaml"}
  Signed:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://b.s3.amazonaws.com/s.yaml?token=${Secret}"}
  Set:
    Type: AWS::CloudFormation::StackSet
    Properties: {StackSetName: s, PermissionModel: SELF_MANAGED, TemplateURL: "https://b.s3.amazonaws.com/set.yaml"}
"#;

#[test]
fn nested_templates_are_listed_with_their_addresses() {
    assert_eq!(
        listed(&release(NESTED, &[]), &[("Bucket", "own-bucket")]),
        [
            "nested stack Plain: https://releases.s3.amazonaws.com/plain.yaml?versionId=7",
            "nested stack Wider: https://b.s3.amazonaws.com/w.yaml",
            "nested stack Own: https://own-bucket.s3.amazonaws.com/own.yaml",
            "nested stack Late? its address depends on DomainName of the resource Bucket",
            "nested stack Signed? its address depends on a value that is known only while the update is under way",
            "stack set Set: https://b.s3.amazonaws.com/set.yaml",
        ]
    );
    let narrow = listed(&release(NESTED, &[("Wide", Some("no"))]), &[]);
    assert!(narrow.iter().all(|one| !one.contains("Wider")), "{narrow:?}");
    assert!(
        narrow.iter().any(|one| one.starts_with("nested stack Own? its address depends on")),
        "{narrow:?}"
    );
}

#[test]
fn a_nested_template_with_values_that_are_not_known_is_listed_without_certainty() {
    assert_eq!(
        listed(&release(NESTED, &[("Wide", None), ("Base", None)]), &[])[..2],
        [
            "nested stack Plain? its address depends on a value that is known only while the update is under way",
            "~nested stack Wider: https://b.s3.amazonaws.com/n.yaml",
        ]
    );
}

#[test]
fn a_nested_stack_is_given_its_parents_values() {
    let parent = release(
        r#"
Parameters:
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
Resources:
  Network: {Type: AWS::EC2::VPC}
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://b.s3.amazonaws.com/n.yaml
      Parameters:
        Zones: !Ref Zones
        Joined: !Join [",", !Ref Zones]
        Count: 3
        Network: !Ref Network
        Nothing: !Ref AWS::NoValue
"#,
        &[],
    );
    let found = nested_templates(&parent, &pseudo(), &BTreeMap::new()).expect("evaluated");
    let ReferenceKind::NestedStack { parameters } = &found.first().expect("one").kind else {
        panic!("{found:?}");
    };
    let given: Vec<(&str, Option<&str>)> =
        parameters.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(
        given,
        [("Count", Some("3")), ("Joined", Some("a,b")), ("Network", None), ("Zones", Some("a,b"))]
    );
    // A number that isn't known passes a number's checks, and turns up in no address.
    let text = r#"
Parameters:
  Network: {Type: String, AllowedPattern: "vpc-.*"}
  Count: {Type: Number, MinValue: 2}
  Zones: {Type: CommaDelimitedList}
  Joined: {Type: String}
Resources:
  Deeper:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://b.s3.amazonaws.com/${Count}/${AWS::StackName}.yaml"}
"#;
    let mut given = parameters.clone();
    given.insert("Count".to_owned(), None);
    let pseudo = nested_pseudo(&pseudo());
    let nested = nested_release("n.yaml", text.as_bytes(), &given, &pseudo).expect("resolved");
    let found = nested_templates(&nested, &pseudo, &BTreeMap::new()).expect("evaluated");
    assert!(found.first().expect("one").url.is_err());
}

#[test]
fn included_snippets_are_listed_and_bring_nested_stacks() {
    let whole = release(
        r#"
Parameters:
  Base: {Type: String, Default: b}
Transform:
- Name: AWS::Include
  Parameters: {Location: !Sub "s3://${Base}/top.yaml"}
Conditions:
  Never: !Equals [a, b]
Resources:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: "s3://b/more.yaml"}}
  Topic:
    Type: AWS::SNS::Topic
    Condition: Never
    Properties:
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: "s3://b/topic.yaml"}}
  Other:
    Type: AWS::SNS::Topic
    Properties:
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: "s3://b/topic.yaml"}}
"#,
        &[],
    );
    let found = included_snippets(&whole, &pseudo()).expect("evaluated");
    let urls: Vec<&str> = found.iter().filter_map(|one| one.url.as_deref().ok()).collect();
    assert_eq!(
        urls,
        ["s3://b/top.yaml", "s3://b/more.yaml", "s3://b/topic.yaml"],
        "each once, whatever conditions say"
    );
    let more = "Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://b.s3.amazonaws.com/n.yaml}}";
    let top = "Outputs: {}";
    let snippets =
        [("s3://b/top.yaml", top), ("s3://b/more.yaml", more), ("s3://b/topic.yaml", "TopicName: t")];
    let snippets = snippets.map(|(location, text)| (location.to_owned(), text.to_owned()));
    let written = with_snippets(&whole, &pseudo(), BTreeMap::from(snippets)).expect("expanded");
    assert_eq!(listed(&written, &[]), ["nested stack Nested: https://b.s3.amazonaws.com/n.yaml"]);
    assert_eq!(included_snippets(&written, &pseudo()), Ok(vec![]));
}

#[test]
fn what_only_cloudformation_can_ask_for_is_named() {
    let whole = release(
        r#"
Transform: [AWS::Serverless-2016-10-31, Ours]
Resources:
  Logging:
    Type: AWS::Serverless::Application
    Properties: {Location: {ApplicationId: "arn:x", SemanticVersion: 1.0.0}}
  Own:
    Type: AWS::Serverless::Application
    Properties: {Location: "https://b.s3.amazonaws.com/app.yaml"}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {Fn::Transform: {Name: Namer}}
"#,
        &[],
    );
    let named: Vec<String> = unaskable(&whole.template).into_iter().map(|one| one.what).collect();
    assert_eq!(named, ["application Logging", "macro Ours", "macro Namer"]);
    assert_eq!(listed(&whole, &[]), ["nested stack Own: https://b.s3.amazonaws.com/app.yaml"]);
}

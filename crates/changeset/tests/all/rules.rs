//! Rules that no recording here has, each case with where it comes from: AWS's user guide, change sets that
//! AWS's own tools keep as test data, or a statement of the API reference.

use std::collections::BTreeMap;

use crate::support::{Resolved, predict_between, real_pseudo};
use changeset::change_set::{Attribute, ChangeSet};
use changeset::predict::{Deployed, Mode, PredictError};
use template::Template;

/// One case: two templates, the parameters of each side, and the change set as lines.
struct Case {
    name: &'static str,
    mode: Mode,
    before: &'static str,
    after: &'static str,
    parameters: [&'static [(&'static str, &'static str)]; 2],
    expected: &'static str,
}

const NONE: [&[(&str, &str)]; 2] = [&[], &[]];

/// The sample template of the user guide's page "Example change sets for CloudFormation stacks".
const GUIDE: &str = "
Parameters:
  Purpose: {Type: String, Default: testing}
  KeyPairName: {Type: 'AWS::EC2::KeyPair::KeyName'}
  InstanceType: {Type: String, Default: t2.micro}
Resources:
  MyEC2Instance:
    Type: AWS::EC2::Instance
    Properties:
      KeyName: !Ref KeyPairName
      InstanceType: !Ref InstanceType
      ImageId: ami-8fcee4e5
      Tags: [{Key: Purpose, Value: !Ref Purpose}]
";

const GUIDE_WITH_ANOTHER_TAG: &str = "
Parameters:
  Purpose: {Type: String, Default: testing}
  KeyPairName: {Type: 'AWS::EC2::KeyPair::KeyName'}
  InstanceType: {Type: String, Default: t2.micro}
Resources:
  MyEC2Instance:
    Type: AWS::EC2::Instance
    Properties:
      KeyName: !Ref KeyPairName
      InstanceType: !Ref InstanceType
      ImageId: ami-8fcee4e5
      Tags: [{Key: Purpose, Value: !Ref Purpose}, {Key: Owner, Value: me}]
";

const GUIDE_WITH_TAG_REPLACED: &str = "
Parameters:
  Purpose: {Type: String, Default: testing}
  KeyPairName: {Type: 'AWS::EC2::KeyPair::KeyName'}
  InstanceType: {Type: String, Default: t2.micro}
Resources:
  MyEC2Instance:
    Type: AWS::EC2::Instance
    Properties:
      KeyName: !Ref KeyPairName
      InstanceType: !Ref InstanceType
      ImageId: ami-8fcee4e5
      Tags: [{Key: Test, Value: Test}]
";

const CASES: &[Case] = &[
    Case {
        name: "user guide, directly editing a template: tags are an attribute of their own",
        mode: Mode::Plain,
        before: GUIDE,
        after: GUIDE_WITH_ANOTHER_TAG,
        parameters: [&[("KeyPairName", "a")], &[("KeyPairName", "a")]],
        expected: "Modify MyEC2Instance False - [Tags]\n  Static DirectModification - Tags Never",
    },
    Case {
        name: "user guide, modifying an input parameter value: a cause and a dynamic modification",
        mode: Mode::Plain,
        before: GUIDE,
        after: GUIDE,
        parameters: [&[("KeyPairName", "a")], &[("KeyPairName", "a"), ("Purpose", "production")]],
        expected: "Modify MyEC2Instance False - [Tags]\n  Static ParameterReference Purpose Tags Never\n  Dynamic DirectModification - Tags Never",
    },
    Case {
        name: "user guide, determining the value of the replacement field: the heaviest word wins",
        mode: Mode::Plain,
        before: GUIDE,
        after: GUIDE,
        parameters: [&[("KeyPairName", "a")], &[("KeyPairName", "b"), ("Purpose", "production"), ("InstanceType", "t2.small")]],
        expected: "Modify MyEC2Instance True ReplaceAndDelete [Properties, Tags]
  Static ParameterReference InstanceType Properties.InstanceType Conditionally
  Dynamic DirectModification - Properties.InstanceType Conditionally
  Static ParameterReference KeyPairName Properties.KeyName Always
  Dynamic DirectModification - Properties.KeyName Always
  Static ParameterReference Purpose Tags Never
  Dynamic DirectModification - Tags Never",
    },
    Case {
        name: "user guide, the same without the key pair: Conditional, and no policy action",
        mode: Mode::Plain,
        before: GUIDE,
        after: GUIDE,
        parameters: [&[("KeyPairName", "a")], &[("KeyPairName", "a"), ("InstanceType", "t2.small")]],
        expected: "Modify MyEC2Instance Conditional - [Properties]
  Static ParameterReference InstanceType Properties.InstanceType Conditionally
  Dynamic DirectModification - Properties.InstanceType Conditionally",
    },
    Case {
        name: "user guide, viewing property-level changes: paths reach into lists and maps",
        mode: Mode::Values,
        before: GUIDE,
        after: GUIDE_WITH_TAG_REPLACED,
        parameters: [&[("KeyPairName", "a")], &[("KeyPairName", "a")]],
        expected: "Modify MyEC2Instance False - [Tags]
  Static DirectModification - Tags Never /Properties/Tags/0/Key Purpose -> Test Modify
  Static DirectModification - Tags Never /Properties/Tags/0/Value testing -> Test Modify",
    },
    Case {
        name: "a change set of AWS Amplify: a custom resource is conditional, and the path names the list item",
        mode: Mode::Values,
        before: "Resources: {Copy: {Type: 'Custom::CDKBucketDeployment', Properties: {ServiceToken: t, SourceObjectKeys: [old.zip]}}}",
        after: "Resources: {Copy: {Type: 'Custom::CDKBucketDeployment', Properties: {ServiceToken: t, SourceObjectKeys: [new.zip]}}}",
        parameters: NONE,
        expected: "Modify Copy Conditional - [Properties]
  Static DirectModification - Properties.SourceObjectKeys Conditionally /Properties/SourceObjectKeys/0 old.zip -> new.zip Modify",
    },
    Case {
        name: "a change set of AWS Amplify: a value in a map has its own path and only its own causes",
        mode: Mode::Values,
        before: "{Parameters: {A: {Type: String}, B: {Type: String}}, Resources: {F: {Type: 'AWS::Lambda::Function', Properties: {Role: r, Code: {ZipFile: x}, Environment: {Variables: {ONE: !Ref A, TWO: !Ref B}}}}}}",
        after: "{Parameters: {A: {Type: String}, B: {Type: String}}, Resources: {F: {Type: 'AWS::Lambda::Function', Properties: {Role: r, Code: {ZipFile: x}, Environment: {Variables: {ONE: !Ref A, TWO: !Ref B}}}}}}",
        parameters: [&[("A", "1"), ("B", "2")], &[("A", "3"), ("B", "2")]],
        expected: "Modify F False - [Properties]
  Static ParameterReference A Properties.Environment Never /Properties/Environment/Variables/ONE 1 -> 3 Modify
  Dynamic DirectModification - Properties.Environment Never /Properties/Environment/Variables/ONE 1 -> 3 Modify",
    },
    Case {
        name: "test data of AWS CDK: a policy document is one value",
        mode: Mode::Values,
        before: "Resources: {P: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: a, Resource: old}]}}}}",
        after: "Resources: {P: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: a, Resource: new}]}}}}",
        parameters: NONE,
        expected: "Modify P False - [Properties]
  Static DirectModification - Properties.PolicyDocument Never /Properties/PolicyDocument {\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"a\",\"Resource\":\"old\"}]} -> {\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"a\",\"Resource\":\"new\"}]} Modify",
    },
    Case {
        name: "API reference, ChangeSource: a nested stack is listed although nothing changed, and its readers with it",
        mode: Mode::Plain,
        before: "Resources: {N: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: u}}, T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt N.Outputs.X}}}",
        after: "Resources: {N: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: u}}, T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt N.Outputs.X}}}",
        parameters: NONE,
        expected: "Modify N False - [Properties]
  Dynamic Automatic - Properties Never
Modify T False - [Properties]
  Dynamic ResourceAttribute N.Outputs.X Properties.DisplayName Never",
    },
    Case {
        name: "user guide, DeletionPolicy: removal by policy, and the databases' own default",
        mode: Mode::Plain,
        before: "Resources:
  Bare: {Type: 'AWS::SNS::Topic'}
  Kept: {Type: 'AWS::SNS::Topic', DeletionPolicy: Retain}
  KeptToo: {Type: 'AWS::SNS::Topic', DeletionPolicy: RetainExceptOnCreate}
  Saved: {Type: 'AWS::EC2::Volume', DeletionPolicy: Snapshot, Properties: {AvailabilityZone: a}}
  Database: {Type: 'AWS::RDS::DBInstance', Properties: {DBInstanceClass: c}}
  Member: {Type: 'AWS::RDS::DBInstance', Properties: {DBClusterIdentifier: c}}
  Cluster: {Type: 'AWS::RDS::DBCluster', Properties: {Engine: e}}
  Stays: {Type: 'AWS::SNS::Topic'}",
        after: "Resources: {Stays: {Type: 'AWS::SNS::Topic'}}",
        parameters: NONE,
        expected: "Remove Bare - Delete []
Remove Cluster - Snapshot []
Remove Database - Snapshot []
Remove Kept - Retain []
Remove KeptToo - Retain []
Remove Member - Delete []
Remove Saved - Snapshot []",
    },
    Case {
        name: "user guide, UpdateReplacePolicy: what becomes of a replaced resource, by the new template",
        mode: Mode::Plain,
        before: "Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: a}}, U: {Type: 'AWS::SNS::Topic', UpdateReplacePolicy: Retain, Properties: {TopicName: a}}}",
        after: "Resources: {T: {Type: 'AWS::SNS::Topic', UpdateReplacePolicy: Retain, Properties: {TopicName: b}}, U: {Type: 'AWS::SNS::Topic', Properties: {TopicName: b}}}",
        parameters: NONE,
        expected: "Modify T True ReplaceAndRetain [Properties, UpdateReplacePolicy]
  Static DirectModification - Properties.TopicName Always
  Static DirectModification - UpdateReplacePolicy Never
Modify U True ReplaceAndDelete [Properties, UpdateReplacePolicy]
  Static DirectModification - Properties.TopicName Always
  Static DirectModification - UpdateReplacePolicy Never",
    },
    Case {
        name: "attributes have details of their own; DependsOn and the name of a condition don't",
        mode: Mode::Plain,
        before: "{Conditions: {Yes: !Equals [a, a], Too: !Equals [b, b]}, Resources: {A: {Type: 'AWS::SNS::Topic', Condition: 'Yes', Metadata: {v: 1}}, B: {Type: 'AWS::SNS::Topic'}, C: {Type: 'AWS::SNS::Topic', Condition: 'Yes'}}}",
        after: "{Conditions: {Yes: !Equals [a, a], Too: !Equals [b, b]}, Resources: {A: {Type: 'AWS::SNS::Topic', Condition: 'Yes', Metadata: {v: 2}}, B: {Type: 'AWS::SNS::Topic', DependsOn: A}, C: {Type: 'AWS::SNS::Topic', Condition: Too}}}",
        parameters: NONE,
        expected: "Modify A False - [Metadata]\n  Static DirectModification - Metadata Never",
    },
    Case {
        name: "design, a reader of a conditionally replaced resource: dynamic, by Ref too",
        mode: Mode::Plain,
        before: "Resources: {B: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED, ComputeResources: {ImageId: a}}}, Q: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref B, TopicName: !GetAtt B.ComputeEnvironmentArn}}}",
        after: "Resources: {B: {Type: 'AWS::Batch::ComputeEnvironment', Properties: {Type: MANAGED, ComputeResources: {ImageId: b}}}, Q: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref B, TopicName: !GetAtt B.ComputeEnvironmentArn}}}",
        parameters: NONE,
        expected: "Modify B Conditional - [Properties]
  Static DirectModification - Properties.ComputeResources Conditionally
Modify Q Conditional - [Properties]
  Dynamic ResourceReference B Properties.DisplayName Never
  Dynamic ResourceAttribute B.ComputeEnvironmentArn Properties.TopicName Always",
    },
    Case {
        name: "design, a nested create-only path is compared at the path: another value beside it changes in place",
        mode: Mode::Plain,
        before: "Resources: {K: {Type: 'AWS::MSK::Cluster', Properties: {EncryptionInfo: {EncryptionInTransit: {InCluster: true, ClientBroker: TLS}}}}, L: {Type: 'AWS::MSK::Cluster', Properties: {EncryptionInfo: {EncryptionInTransit: {InCluster: true, ClientBroker: TLS}}}}}",
        after: "Resources: {K: {Type: 'AWS::MSK::Cluster', Properties: {EncryptionInfo: {EncryptionInTransit: {InCluster: false, ClientBroker: TLS}}}}, L: {Type: 'AWS::MSK::Cluster', Properties: {EncryptionInfo: {EncryptionInTransit: {InCluster: true, ClientBroker: PLAINTEXT}}}}}",
        parameters: NONE,
        expected: "Modify K True ReplaceAndDelete [Properties]
  Static DirectModification - Properties.EncryptionInfo Always
Modify L False - [Properties]
  Static DirectModification - Properties.EncryptionInfo Never",
    },
    Case {
        name: "overrides: the schema is right on a group's launch configuration, the second source on a database's storage type",
        mode: Mode::Plain,
        before: "Resources: {G: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {LaunchConfigurationName: a, MinSize: 1, MaxSize: 1}}, D: {Type: 'AWS::RDS::DBInstance', Properties: {StorageType: gp2}}}",
        after: "Resources: {G: {Type: 'AWS::AutoScaling::AutoScalingGroup', Properties: {LaunchConfigurationName: b, MinSize: 1, MaxSize: 1}}, D: {Type: 'AWS::RDS::DBInstance', Properties: {StorageType: gp3}}}",
        parameters: NONE,
        expected: "Modify D Conditional - [Properties]
  Static DirectModification - Properties.StorageType Conditionally
Modify G Conditional - [Properties]
  Static DirectModification - Properties.LaunchConfigurationName Conditionally",
    },
    Case {
        name: "a type without an update handler is always recreated",
        mode: Mode::Plain,
        before: "Resources: {P: {Type: 'AWS::Lambda::Permission', Properties: {FunctionName: f, Action: a, Principal: p}}}",
        after: "Resources: {P: {Type: 'AWS::Lambda::Permission', Properties: {FunctionName: f, Action: b, Principal: p}}}",
        parameters: NONE,
        expected: "Modify P True ReplaceAndDelete [Properties]\n  Static DirectModification - Properties.Action Always",
    },
    Case {
        name: "text beside a reference is text: a join that differs there differs in both modes",
        mode: Mode::Plain,
        before: "Resources: {A: {Type: 'AWS::SNS::Topic'}, B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Join ['-', [a, !Ref A]]}}}",
        after: "Resources: {A: {Type: 'AWS::SNS::Topic'}, B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Join ['-', [b, !Ref A]]}}}",
        parameters: NONE,
        expected: "Modify B False - [Properties]\n  Static DirectModification - Properties.DisplayName Never",
    },
    Case {
        name: "the same with values; what isn't known of the stack says so",
        mode: Mode::Values,
        before: "Resources: {A: {Type: 'AWS::SNS::Topic'}, B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Join ['-', [a, !Ref A]]}}}",
        after: "Resources: {A: {Type: 'AWS::SNS::Topic'}, B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Join ['-', [b, !Ref A]]}}}",
        parameters: NONE,
        expected: "Modify B False - [Properties]
  Static DirectModification - Properties.DisplayName Never /Properties/DisplayName a-{{deployed:A}} -> b-{{deployed:A}} Modify",
    },
    Case {
        name: "a value that goes and one that comes, AWS::NoValue being neither",
        mode: Mode::Values,
        before: "{Conditions: {No: !Equals [a, b]}, Resources: {R: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {}, Description: d, ManagedPolicyArns: [!If ['No', x, !Ref 'AWS::NoValue'], y]}}}}",
        after: "{Conditions: {No: !Equals [a, b]}, Resources: {R: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {}, MaxSessionDuration: 3600, ManagedPolicyArns: [y, !If ['No', x, !Ref 'AWS::NoValue']]}}}}",
        parameters: NONE,
        expected: "Modify R False - [Properties]
  Static DirectModification - Properties.Description Never /Properties/Description d -> - Remove
  Static DirectModification - Properties.MaxSessionDuration Never /Properties/MaxSessionDuration - -> 3600 Add",
    },
    Case {
        name: "a number and its text are the same",
        mode: Mode::Values,
        before: "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 5, FifoQueue: true}}}",
        after: "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: 'true', DelaySeconds: '5'}}}",
        parameters: NONE,
        expected: "",
    },
    Case {
        name: "a number and its text are the same without values too",
        mode: Mode::Plain,
        before: "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 5, FifoQueue: true}}}",
        after: "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: 'true', DelaySeconds: '5'}}}",
        parameters: NONE,
        expected: "",
    },
    Case {
        name: "design, with values what is updated in place is no cause, even where the text beside it changes",
        mode: Mode::Values,
        before: "Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: x}}, B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Join ['-', [a, !GetAtt A.Value]]}}}",
        after: "Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: y}}, B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Join ['-', [b, !GetAtt A.Value]]}}}",
        parameters: NONE,
        expected: "Modify A False - [Properties]
  Static DirectModification - Properties.Value Never /Properties/Value x -> y Modify
Modify B False - [Properties]
  Static DirectModification - Properties.DisplayName Never /Properties/DisplayName a-x -> b-x Modify",
    },
    Case {
        name: "a branch of Fn::If that is now taken is a direct modification: its condition's parameter is no reference",
        mode: Mode::Plain,
        before: "{Parameters: {P: {Type: String}}, Conditions: {C: !Equals [!Ref P, a]}, Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !If [C, one, two]}}}}",
        after: "{Parameters: {P: {Type: String}}, Conditions: {C: !Equals [!Ref P, a]}, Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !If [C, one, two]}}}}",
        parameters: [&[("P", "a")], &[("P", "b")]],
        expected: "Modify T False - [Properties]\n  Static DirectModification - Properties.DisplayName Never",
    },
    Case {
        name: "a secret is compared and never shown, not even inside other text",
        mode: Mode::Values,
        before: "{Parameters: {S: {Type: String, NoEcho: true}}, Resources: {D: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUserPassword: !Ref S, DBName: !Sub 'x-${S}-y'}}, F: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Base64 {Ref: S}}}}}",
        after: "{Parameters: {S: {Type: String, NoEcho: true}}, Resources: {D: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUserPassword: !Ref S, DBName: !Sub 'x-${S}-y'}}, F: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Base64 {Ref: S}}}}}",
        parameters: [&[("S", "hush-hush")], &[("S", "psst-psst")]],
        expected: "Modify D True ReplaceAndDelete [Properties]
  Static ParameterReference S Properties.DBName Always /Properties/DBName x-****-y -> x-****-y Modify
  Dynamic DirectModification - Properties.DBName Always /Properties/DBName x-****-y -> x-****-y Modify
  Static ParameterReference S Properties.MasterUserPassword Never /Properties/MasterUserPassword **** -> **** Modify
  Dynamic DirectModification - Properties.MasterUserPassword Never /Properties/MasterUserPassword **** -> **** Modify
Modify F False - [Properties]
  Static ParameterReference S Properties.DisplayName Never /Properties/DisplayName **** -> **** Modify
  Dynamic DirectModification - Properties.DisplayName Never /Properties/DisplayName **** -> **** Modify",
    },
    Case {
        name: "a secret that goes through another resource's property is not shown either",
        mode: Mode::Values,
        before: "{Parameters: {S: {Type: String, NoEcho: true}}, Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !Ref S}}, T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: a, TopicName: !GetAtt P.Value}}}}",
        after: "{Parameters: {S: {Type: String, NoEcho: true}}, Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !Ref S}}, T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: b, TopicName: !GetAtt P.Value}}}}",
        parameters: [&[("S", "hush-hush")], &[("S", "hush-hush")]],
        expected: "Modify T False - [Properties]
  Static DirectModification - Properties.DisplayName Never /Properties/DisplayName a -> b Modify",
    },
    Case {
        name: "a type that no schema knows changes in place",
        mode: Mode::Plain,
        before: "Resources: {X: {Type: 'Example::Vendor::Thing', Properties: {Name: a}}}",
        after: "Resources: {X: {Type: 'Example::Vendor::Thing', Properties: {Name: b}}}",
        parameters: NONE,
        expected: "Modify X False - [Properties]\n  Static DirectModification - Properties.Name Never",
    },
];

#[test]
fn every_rule_holds() {
    for case in CASES {
        let made = predicted(case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(sorted(&lines(&made)), sorted(case.expected), "{}\n{}", case.name, lines(&made));
        let shown = format!("{made:?}{}", changeset::wire::changes(&made));
        assert!(!shown.contains("hush") && !shown.contains("psst"), "{}: a secret is shown", case.name);
    }
}

/// Recorded by AWS CDK: contexts hold the metadata and the policies too, and every scalar is text.
#[test]
fn contexts_hold_the_other_attributes_and_text() {
    let template = |name: &str| {
        format!(
            "Resources: {{Queue: {{Type: 'AWS::SQS::Queue', Metadata: {{'aws:cdk:path': stack/Queue}}, UpdateReplacePolicy: Delete, DeletionPolicy: Delete, Properties: {{QueueName: {name}, ReceiveMessageWaitTimeSeconds: 20}}}}}}"
        )
    };
    let (before, after) = (resolved(&template("old"), &[]), resolved(&template("new"), &[]));
    let made = predict_between(Some(&before), &after, &Deployed::default(), Mode::Values, &real_pseudo())
        .expect("a prediction");
    let expected = |name: &str| {
        serde_json::json!({
            "Properties": {"QueueName": name, "ReceiveMessageWaitTimeSeconds": "20"},
            "Metadata": {"aws:cdk:path": "stack/Queue"},
            "UpdateReplacePolicy": "Delete",
            "DeletionPolicy": "Delete",
        })
    };
    let change = made.change("Queue").expect("the queue");
    assert_eq!(change.before_context, Some(expected("old")));
    assert_eq!(change.after_context, Some(expected("new")));
    assert_eq!(change.scope, [Attribute::Properties]);
}

#[test]
fn a_resource_that_changes_its_type_is_refused_with_its_place() {
    let before = resolved("Resources: {A: {Type: 'AWS::SNS::Topic'}}", &[]);
    let after = resolved("Resources:\n  A:\n    Type: AWS::SQS::Queue\n", &[]);
    let error = predict_between(Some(&before), &after, &Deployed::default(), Mode::Plain, &real_pseudo())
        .expect_err("refused");
    assert!(matches!(error, PredictError::TypeChanged { .. }));
    assert_eq!(error.position().map(|at| at.line), Some(2));
    assert!(error.to_string().contains("case.yaml:2:3"), "{error}");
}

/// Each resource reads the next twice: without care that is two to the power of a hundred.
#[test]
fn a_long_chain_of_readers_is_no_more_work_than_its_length() {
    let template = |last: &str| {
        let mut text = "Resources:\n".to_owned();
        for number in 0..100 {
            let next = number + 1;
            text += &format!(
                "  P{number}: {{Type: 'AWS::SSM::Parameter', Properties: {{Type: String, Value: !Sub '${{P{next}.Value}}${{P{next}.Value}}'}}}}\n"
            );
        }
        text + &format!(
            "  P100: {{Type: 'AWS::SSM::Parameter', Properties: {{Type: String, Value: {last}}}}}\n"
        )
    };
    let (before, after) = (resolved(&template("a"), &[]), resolved(&template("b"), &[]));
    let predict = |mode| {
        predict_between(Some(&before), &after, &Deployed::default(), mode, &real_pseudo())
            .expect("a prediction")
    };
    assert_eq!(predict(Mode::Plain).changes.len(), 101, "without values AWS lists every reader");
    assert_eq!(predict(Mode::Values).changes.len(), 1, "with values it omits them");
}

fn predicted(case: &Case) -> Result<ChangeSet, PredictError> {
    let (before, after) =
        (resolved(case.before, case.parameters[0]), resolved(case.after, case.parameters[1]));
    predict_between(Some(&before), &after, &Deployed::default(), case.mode, &real_pseudo())
}

fn resolved(text: &str, parameters: &[(&str, &str)]) -> Resolved {
    // A text that starts with a brace would be read as JSON.
    let text = if text.starts_with('{') { format!("---\n{text}") } else { text.to_owned() };
    let template =
        Template::parse("case.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let given = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Resolved::new(template, &given, None, &BTreeMap::new())
}

/// A change set as lines: `Action Id Replacement PolicyAction [Scope]`, and below each its details.
fn lines(change_set: &ChangeSet) -> String {
    let mut made = Vec::new();
    for change in &change_set.changes {
        let scope: Vec<&str> = change.scope.iter().map(|attribute| attribute.word()).collect();
        made.push(format!(
            "{} {} {} {} [{}]",
            change.action,
            change.logical_id,
            change.replacement.map_or("-", |one| one.word()),
            change.policy_action.map_or("-", |one| one.word()),
            scope.join(", ")
        ));
        for detail in &change.details {
            let target = &detail.target;
            let mut line = format!(
                "  {} {} {} {}{} {}",
                detail.evaluation,
                detail.change_source.map_or("-", |one| one.word()),
                detail.causing_entity.as_deref().unwrap_or("-"),
                target.attribute,
                target.name.as_ref().map(|name| format!(".{name}")).unwrap_or_default(),
                target.requires_recreation.map_or("-", |one| one.word()),
            );
            if let (Some(path), Some(kind)) = (&target.path, target.attribute_change_type) {
                let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
                line += &format!(
                    " {path} {} -> {} {kind}",
                    value(&target.before_value),
                    value(&target.after_value)
                );
            }
            made.push(line);
        }
    }
    made.join("\n")
}

/// Details are a set: each resource's lines in order.
fn sorted(text: &str) -> String {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        match (line.starts_with(' '), groups.last_mut()) {
            (true, Some(group)) => group.push(line),
            _ => groups.push(vec![line]),
        }
    }
    for group in &mut groups {
        group[1..].sort_unstable();
    }
    groups.concat().join("\n")
}

//! What requests are refused with, in CloudFormation's recorded words.

use serde_json::{Value, json};

use crate::support::{Cloud, one, parameter, template};

#[test]
fn templates_and_parameters_are_refused_in_recorded_words() {
    let conditional = json!({
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"MyTopic": {"Type": "AWS::SNS::Topic", "Condition": "Never"}, "P": parameter("x")},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["MyTopic", "TopicName"]}}},
    });
    let needs_ssm = json!({
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "MyTopic": {"Type": "AWS::SNS::Topic", "Condition": "Never"},
            "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "MyTopic"}}},
        },
    });
    let value = |value: Value| {
        template(
            json!({"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}),
        )
    };
    let mapped =
        |mapping: Value| json!({"Mappings": {"TopicSuffixMap": mapping}, "Resources": {"P": parameter("x")}});
    let looks_up = json!({
        "Mappings": {"TopicSuffixMap": {"A": {"Suffix": "a"}}},
        "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::FindInMap": ["TopicSuffixMap", "C", "Suffix"]}}}},
    });
    let number = json!({"Parameters": {"Value": {"Type": "Number"}}, "Resources": {"P": parameter("x")}});
    let input = json!({"Parameters": {"Input": {"Type": "String"}}, "Resources": {"P": parameter("x")}});
    let given = json!([{"ParameterKey": "Value", "ParameterValue": "not-a-number"}]);
    let role =
        template(json!({"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}}));
    let named_role = template(
        json!({"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": "r"}}}),
    );
    for (body, parameters, words) in [
        (
            template(json!({"P": "x"})),
            json!([]),
            "ValidationError Template format error: Any Resources member must be an object.",
        ),
        (
            template(json!({})),
            json!([]),
            "ValidationError Template format error: At least one Resources member must be defined.",
        ),
        (
            template(json!({"Foo": {"Properties": {}}})),
            json!([]),
            "ValidationError Template format error: [/Resources/Foo] Every Resources object must contain a Type member.",
        ),
        (
            template(json!({"P": {"Type": "AWS::SNS::Topic", "Invalid": 1}})),
            json!([]),
            "ValidationError Invalid template resource property 'Invalid'",
        ),
        (
            template(json!({"AWS::NoValue": parameter("x")})),
            json!([]),
            "ValidationError Template format error: Resource name AWS::NoValue is non alphanumeric.",
        ),
        (
            template(json!({"P": {"Type": "AWS::SNS::Topic", "DependsOn": ["NonExistingResource"]}})),
            json!([]),
            "ValidationError Template format error: Unresolved resource dependencies [NonExistingResource] in the Resources block of the template",
        ),
        (
            json!({"Resources": {"P": parameter("x")}, "Outputs": {"MyOutput": {"Value": null}}}),
            json!([]),
            "ValidationError [/Outputs/MyOutput/Value] 'null' values are not allowed in templates",
        ),
        (
            conditional,
            json!([]),
            "ValidationError Unresolved resource dependencies [MyTopic] in the Outputs block of the template",
        ),
        (
            needs_ssm,
            json!([]),
            "ValidationError Template format error: Unresolved resource dependencies [MyTopic] in the Resources block of the template",
        ),
        (
            json!({"Conditions": {"C": {"Fn::Equals": [1]}}, "Resources": {"P": parameter("x")}}),
            json!([]),
            "ValidationError Template error: every Fn::Equals object requires a list of 2 string parameters.",
        ),
        (json!("text"), json!([]), "ValidationError Template format error: unsupported structure."),
        (json!([1]), json!([]), "ValidationError Template format error: unsupported structure."),
        (
            value(json!({"Fn::GetAtt": ["Gone", "Arn"]})),
            json!([]),
            "ValidationError Template error: instance of Fn::GetAtt references undefined resource Gone",
        ),
        (
            value(json!({"Fn::Sub": "${Gone.Arn}"})),
            json!([]),
            "ValidationError Template error: instance of Fn::Sub references invalid resource attribute Gone.Arn",
        ),
        (
            value(json!({"Fn::If": ["MissingCondition", "a", "b"]})),
            json!([]),
            "ValidationError Template error: unresolved condition dependency MissingCondition in Fn::If",
        ),
        (
            value(json!({"Fn::Select": [9, ["a"]]})),
            json!([]),
            "ValidationError Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
        ),
        (
            value(json!({"Fn::Split": ["a"]})),
            json!([]),
            "ValidationError Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
        ),
        (
            mapped(json!({"A": "x"})),
            json!([]),
            "ValidationError Template format error: Every Mappings member A must be a map",
        ),
        (
            mapped(json!({"A": {"Suffix": {"B": "x"}}})),
            json!([]),
            "ValidationError Template format error: Every Mappings attribute must be a String or a List.",
        ),
        (
            looks_up,
            json!([]),
            "ValidationError Template error: Unable to get mapping for TopicSuffixMap::C::Suffix",
        ),
        (number, given, "ValidationError Parameter 'Value' must be a number."),
        (input.clone(), json!([]), "ValidationError Parameters: [Input] must have values"),
        (
            input,
            json!([{"ParameterKey": "Input", "ParameterValue": "x"}, {"ParameterKey": "Other", "ParameterValue": "x"}]),
            "ValidationError Parameters: [Other] do not exist in the template",
        ),
        (role, json!([]), "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_IAM]"),
        (
            named_role,
            json!([]),
            "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
    ] {
        let mut cloud = Cloud::new();
        let request = json!({"StackName": "s", "TemplateBody": body.to_string(), "Parameters": parameters});
        assert_eq!(cloud.refused("CreateStack", request), words, "{body}");
        assert_eq!(
            cloud.refused("DescribeStacks", json!({"StackName": "s"})),
            "ValidationError Stack with id s does not exist"
        );
    }
}

#[test]
fn requests_are_refused_in_recorded_words() {
    let mut cloud = Cloud::new();
    cloud.create("s", &one("x"));
    cloud.create("gone", &one("x"));
    let gone = cloud.stack("gone")["StackId"].as_str().unwrap_or_default().to_owned();
    cloud.get("DeleteStack", json!({"StackName": "gone"}));
    cloud.settle();
    let body = one("x").to_string();
    cloud.get(
        "CreateChangeSet",
        json!({"StackName": "new", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body}),
    );
    let long = format!("{{\"Resources\": {{}}}}{}", " ".repeat(51_200));
    for (operation, input, words) in [
        ("CreateStack", json!({"StackName": "s", "TemplateBody": body}), "AlreadyExistsException Stack [s] already exists".to_owned()),
        ("CreateStack", json!({"StackName": "*@da591fa3_$", "TemplateBody": body}), "ValidationError 1 validation error detected: Value '*@da591fa3_$' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*".to_owned()),
        ("CreateStack", json!({"StackName": "t", "TemplateBody": long}), format!("ValidationError 1 validation error detected: Value '{long}' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")),
        ("CreateStack", json!({"StackName": "t", "TemplateURL": "https://example.com/dummy.yml"}), "ValidationError TemplateURL must be a supported URL.".to_owned()),
        ("CreateStack", json!({"StackName": "t", "TemplateURL": "s3://bucket/test/template.yml"}), "ValidationError S3 error: Domain name specified in bucket is not a valid S3 domain".to_owned()),
        ("UpdateStack", json!({"StackName": "s", "TemplateBody": body}), "ValidationError No updates are to be performed.".to_owned()),
        ("UpdateStack", json!({"StackName": "s"}), "ValidationError Either Template URL or Template Body must be specified.".to_owned()),
        ("UpdateStack", json!({"StackName": "s", "TemplateBody": body, "ResourceTypes": ["AWS::EC2::*"]}), "ValidationError Resource type AWS::SSM::Parameter is not allowed by parameter ResourceTypes [AWS::EC2::*]".to_owned()),
        ("CreateChangeSet", json!({"StackName": "u", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body, "Parameters": [{"ParameterKey": "V", "UsePreviousValue": true}]}), "ValidationError Cannot specify UsePreviousValue on Parameters when ChangeSetType is CREATE".to_owned()),
        ("CreateChangeSet", json!({"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body}), "ValidationError Stack [s] already exists and cannot be created again with the changeSet [c].".to_owned()),
        ("CreateChangeSet", json!({"StackName": gone, "ChangeSetName": "c", "ChangeSetType": "UPDATE", "TemplateBody": body}), format!("ValidationError Stack:{gone} is in DELETE_COMPLETE state and can not be updated.")),
        ("CreateChangeSet", json!({"StackName": gone, "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body}), format!("ValidationError Stack [{gone}] already exists and cannot be created again with the changeSet [c].")),
        ("DeleteChangeSet", json!({"StackName": "nostack", "ChangeSetName": "c"}), "ValidationError Stack [nostack] does not exist".to_owned()),
        ("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "nothing"}), "ChangeSetNotFound ChangeSet [nothing] does not exist".to_owned()),
        ("DescribeStackEvents", json!({"StackName": "gone"}), "ValidationError Stack [gone] does not exist".to_owned()),
        ("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": "not-a-valid-resource"}), "ValidationError Resource not-a-valid-resource does not exist for stack s".to_owned()),
        ("DescribeStackResource", json!({"StackName": "not-a-valid-stack", "LogicalResourceId": "P"}), "ValidationError Stack 'not-a-valid-stack' does not exist".to_owned()),
        ("GetTemplate", json!({"StackName": "does-not-exist"}), "ValidationError Stack with id does-not-exist does not exist".to_owned()),
        ("GetTemplate", json!({"ChangeSetName": "c"}), "ValidationError StackName is a required parameter.".to_owned()),
        ("GetTemplateSummary", json!({"StackName": "new"}), "ValidationError GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.".to_owned()),
        ("CancelUpdateStack", json!({"StackName": "s"}), "ValidationError CancelUpdateStack cannot be called from current stack status".to_owned()),
        ("NoSuchOperation", json!({}), "InvalidAction Could not find operation NoSuchOperation".to_owned()),
    ] {
        assert_eq!(cloud.refused(operation, input), words);
    }
    let described = json!({"StackName": "s", "ChangeSetName": "nothing"});
    assert_eq!(cloud.ask("DescribeChangeSet", described).map_err(|error| error.status), Err(404));
}

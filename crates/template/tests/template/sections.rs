//! Rules, conditions, references, the graph, outputs, metadata and limits.

use indexmap::IndexMap;
use template::{
    EvaluatedOutput, Evaluation, GivenParameter, Limit, Outside, ParameterInputs, Reference, ReferenceTarget,
    Template, Value, resolve_parameters,
};

use crate::support::{Unknowns, pseudo, vendor_templates};

/// Evaluates a template with these parameter values.
fn with<T>(text: &str, values: &[(&str, &str)], look: impl FnOnce(&Evaluation<'_>) -> T) -> T {
    let template = Template::parse("t", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let given: IndexMap<_, _> = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), GivenParameter::Value((*value).to_owned())))
        .collect();
    let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
    let parameters = resolve_parameters(&template, &inputs).unwrap();
    let (pseudo, outside) = (pseudo(), Outside::default());
    let evaluation =
        Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap_or_else(|e| panic!("{e}"));
    look(&evaluation)
}

#[test]
fn conditions_are_decided() {
    let cases = [
        ("!Equals [!Ref P, a]", true),
        ("!Equals [!Ref N, 3]", true),
        ("!Equals [!Ref N, '3']", true),
        ("!Equals [true, 'true']", true),
        ("!Equals [!Ref L, [a, b]]", true),
        ("!Equals [!Join [',', !Ref L], 'a,b']", true),
        ("!Equals [!Ref P, A]", false),
        ("!Equals [!Ref AWS::Region, us-east-1]", true),
        ("!Equals [!FindInMap [M, !Ref P, k], v]", true),
        ("!Equals [!Select [1, !Ref L], b]", true),
        ("!Not [!Equals [!Ref P, a]]", false),
        ("!And [!Condition T, !Equals [1, 1], !Condition T]", true),
        ("!And [!Condition T, !Condition F]", false),
        ("!Or [!Condition F, !Condition T]", true),
        ("!Or [!Condition F, !Condition F]", false),
        ("{'Fn::Not': [{Condition: F}]}", true),
    ];
    for (condition, expected) in cases {
        let text = format!(
            "Parameters: {{P: {{Type: String, Default: a}}, N: {{Type: Number, Default: 3}}, L: {{Type: CommaDelimitedList, Default: 'a,b'}}}}
Mappings: {{M: {{a: {{k: v}}}}}}
Conditions: {{C: {condition}, T: !Equals [1, 1], F: !Equals [1, 2]}}
Resources: {{R: {{Type: T, Condition: C}}, S: {{Type: T}}}}"
        );
        with(&text, &[], |evaluation| {
            assert_eq!(evaluation.condition("C"), Some(expected), "{condition}");
            assert_eq!(evaluation.is_active("R"), expected);
            assert_eq!(evaluation.active_resources().count(), 1 + usize::from(expected));
            assert_eq!(evaluation.condition("Nothing"), None);
            assert!(!evaluation.is_active("Nothing"));
        });
    }
}

#[test]
fn a_condition_on_something_unknown_is_an_error() {
    let text = "Parameters: {P: {Type: AWS::SSM::Parameter::Value<String>, Default: /name}}
Conditions: {C: !Or [!Equals [!Ref P, a], !Equals [1, 2]], D: !Or [!Equals [!Ref P, a], !Equals [1, 1]]}
Resources: {R: {Type: T}}";
    let template = Template::parse("t", text.as_bytes()).unwrap();
    let parameters = resolve_parameters(&template, &ParameterInputs::default()).unwrap();
    let (pseudo, outside) = (pseudo(), Outside::default());
    let error = Evaluation::new(&template, &parameters, &pseudo, &outside).err().unwrap();
    assert_eq!(
        error.to_string(),
        "t:2:17: the condition \"C\" depends on the value of /name in the parameter store; give that value"
    );
    // D is decided all the same: one true is enough.
    let without = text.replace("C: !Or [!Equals [!Ref P, a], !Equals [1, 2]], ", "");
    with(&without, &[], |evaluation| assert_eq!(evaluation.condition("D"), Some(true)));
}

#[test]
fn rules_are_checked() {
    let template = |condition: &str, assertion: &str| {
        format!(
            "Parameters:
  P: {{Type: String, Default: a}}
  L: {{Type: CommaDelimitedList, Default: 'a,b'}}
  V: {{Type: 'AWS::EC2::VPC::Id', Default: vpc-1}}
  W: {{Type: 'AWS::EC2::VPC::Id', Default: vpc-2}}
Rules: {{Rule: {{RuleCondition: {condition}, Assertions: [{{Assert: {assertion}, AssertDescription: why}}]}}}}
Resources: {{R: {{Type: T}}}}"
        )
    };
    let cases = [
        ("!Contains [[a, b], !Ref P]", true),
        ("!Contains [[b], !Ref P]", false),
        ("!Contains [!Ref L, b]", true),
        ("!EachMemberEquals [[a, a], !Ref P]", true),
        ("!EachMemberEquals [!Ref L, a]", false),
        ("!EachMemberIn [!Ref L, [a, b, c]]", true),
        ("!EachMemberIn [!Ref L, [a]]", false),
        ("!Contains [!RefAll AWS::EC2::VPC::Id, vpc-2]", true),
        ("!Contains [!RefAll AWS::EC2::VPC::Id, vpc-3]", false),
        ("!And [!Equals [!Ref P, a], !Not [!Equals [!Ref P, b]]]", true),
        ("!Or [!Equals [!Ref P, b], !Contains [[b], !Ref P]]", false),
        // Only AWS knows the attributes of what is in the account.
        ("!Equals [!ValueOf [V, DefaultNetworkAcl], acl-1]", true),
        ("!EachMemberIn [!ValueOfAll [AWS::EC2::Subnet::Id, VpcId], !RefAll AWS::EC2::VPC::Id]", true),
    ];
    for (assertion, holds) in cases {
        let result = with(&template("!Equals [1, 1]", assertion), &[], |evaluation| evaluation.check_rules());
        match result {
            Ok(()) => assert!(holds, "{assertion}"),
            Err(violations) => {
                assert!(!holds, "{assertion}: {violations:?}");
                assert_eq!(violations[0].to_string(), "t:6:60: rule Rule is violated: why", "{assertion}");
            }
        }
    }
    // A rule whose condition does not hold is not asked.
    let never = template("!Equals [1, 2]", "!Contains [[b], !Ref P]");
    assert!(with(&never, &[], |evaluation| evaluation.check_rules()).is_ok());
}

#[test]
fn the_vendors_rule_asks_for_zones() {
    for vendor in vendor_templates().iter().filter(|one| one.name.starts_with("code-ocean/")) {
        let template = Template::parse(&vendor.name, &vendor.bytes).unwrap();
        let given: IndexMap<_, _> =
            [("pDnsRootDomain".to_owned(), GivenParameter::Value("example.com".to_owned()))].into();
        let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
        let parameters = resolve_parameters(&template, &inputs).unwrap();
        let (pseudo, outside) = (pseudo(), Outside::default());
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
        let violations = evaluation.check_rules().unwrap_err();
        assert_eq!(violations.len(), 1);
        assert_eq!(
            violations[0].description,
            "Test if availability zone 1 and 2 are set when a new VPC is being created"
        );
    }
}

const REFERRING: &str = "Parameters: {P: {Type: String, Default: a}}
Conditions: {C: !Equals [!Ref P, a]}
Resources:
  A: {Type: T, DependsOn: [B, Gone]}
  B: {Type: T, Properties: {x: !If [C, !GetAtt D.Arn.Part, !Ref A]}}
  D: {Type: T, Properties: {x: !Sub ['${P}-${E}-${AWS::Region}-${v}', {v: !Sub '${F.Arn}', E: 1}]}}
  E: {Type: T, Metadata: {x: !Ref F}}
  F: {Type: T}
  Gone: {Type: T, Condition: N}
";

#[test]
fn references_are_found_in_the_branches_that_are_taken() {
    let text = REFERRING.replace("Conditions: {", "Conditions: {N: !Equals [1, 2], ");
    with(&text, &[], |evaluation| {
        let references = |id: &str| {
            let node = evaluation.template().resources[id].properties.as_ref().unwrap();
            evaluation.references(node)
        };
        let shown = |list: &[Reference]| {
            list.iter()
                .map(|one| match &one.target {
                    ReferenceTarget::Parameter(name) => {
                        format!("{}:{} parameter {name}", one.at.line, one.at.column)
                    }
                    ReferenceTarget::Pseudo(name) => {
                        format!("{}:{} pseudo {name}", one.at.line, one.at.column)
                    }
                    ReferenceTarget::Resource { logical_id, attribute } => {
                        format!("{}:{} {logical_id} {attribute:?}", one.at.line, one.at.column)
                    }
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&references("B")), ["5:40 D Some(\"Arn.Part\")"]);
        assert_eq!(
            shown(&references("D")),
            ["6:38 parameter P", "6:38 pseudo AWS::Region", "6:75 F Some(\"Arn\")"]
        );
        let graph = evaluation.dependencies().unwrap();
        let needs = |id: &str| graph.dependencies_of(id).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(needs("A"), ["B"]);
        assert_eq!(needs("B"), ["D"]);
        assert_eq!(needs("D"), ["F"]);
        assert_eq!(needs("E"), ["F"]);
        assert!(needs("Gone").is_empty());
        assert_eq!(graph.dependents_of("F").collect::<Vec<_>>(), ["D", "E"]);
        assert_eq!(graph.topological_order(), ["F", "D", "B", "A", "E"]);
    });
    // The other branch makes a circle.
    let template = Template::parse("t", text.as_bytes()).unwrap();
    let given: IndexMap<_, _> = [("P".to_owned(), GivenParameter::Value("b".to_owned()))].into();
    let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
    let parameters = resolve_parameters(&template, &inputs).unwrap();
    let (pseudo, outside) = (pseudo(), Outside::default());
    let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
    assert_eq!(evaluation.dependencies().unwrap_err().cycle, ["A", "B", "A"]);
}

#[test]
fn outputs_are_evaluated() {
    let text = "Conditions: {N: !Equals [1, 2]}
Resources: {R: {Type: T}}
Outputs:
  One: {Value: 1, Description: number one, Export: {Name: !Sub '${AWS::StackName}-one'}}
  Never: {Value: !Ref R, Condition: N}";
    let outputs = with(text, &[], |evaluation| evaluation.outputs(&Unknowns)).unwrap();
    let expected = EvaluatedOutput {
        name: "One".to_owned(),
        value: Value::Number("1".to_owned()),
        export_name: Some(Value::string("stack-one")),
        description: Some("number one".to_owned()),
    };
    assert_eq!(outputs, [expected]);
}

#[test]
fn policies_may_be_functions() {
    let text = "Parameters: {P: {Type: String, Default: Retain}}
Resources:
  R: {Type: T, DeletionPolicy: !Ref P, UpdateReplacePolicy: Snapshot}";
    let policies = |value: &str| {
        with(text, &[("P", value)], |evaluation| {
            let resource = &evaluation.template().resources["R"];
            [&resource.deletion_policy, &resource.update_replace_policy, &None]
                .map(|node| evaluation.policy(node.as_ref()).map_err(|error| error.to_string()))
        })
    };
    let is = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(policies("Retain"), [is("Retain"), is("Snapshot"), Ok(None)]);
    let message = "t:3:32: a policy must be one of Delete, Retain, RetainExceptOnCreate, Snapshot";
    assert_eq!(policies("Keep")[0], Err(message.to_owned()));
}

#[test]
fn loops_must_be_written_out_first() {
    let text = "Transform: AWS::LanguageExtensions
Resources: {'Fn::ForEach::L': [I, [a], {'R${I}': {Type: T}}]}";
    let template = Template::parse("t", text.as_bytes()).unwrap();
    let parameters = resolve_parameters(&template, &ParameterInputs::default()).unwrap();
    let (pseudo, outside) = (pseudo(), Outside::default());
    let error = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap_err();
    assert!(error.to_string().starts_with("t:2:13: this loop is not written out yet"), "{error}");
}

#[test]
fn a_macro_may_bring_what_the_template_lacks() {
    let text = "Transform: Ours
Globals: {Function: {Timeout: 3}}
Resources:
  F: {Type: Ours::Function, Properties: {Role: !GetAtt FRole.Arn, Handler: h}, Connectors: {}}";
    let properties = with(text, &[], |evaluation| {
        evaluation.properties(&evaluation.template().resources["F"], &Unknowns).unwrap()
    });
    assert_eq!(properties["Handler"], Value::string("h"));
    assert_eq!(properties["Role"], Value::outside("FRole, which only the template's transform makes"));
}

#[test]
fn metadata_tells_groups_labels_and_the_version() {
    let text = "Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups: [{Label: {default: First}, Parameters: [A, B]}, {Parameters: [C]}, nonsense]
    ParameterLabels: {A: {default: The A}, B: nonsense}
  Vendor::Product::VersionInfo: {Version: 1.10, Commit: abc}
Resources: {R: {Type: T}}";
    let template = Template::parse("t", text.as_bytes()).unwrap();
    let interface = template.interface();
    assert_eq!(interface.groups.len(), 3);
    assert_eq!(interface.groups[0].label.as_deref(), Some("First"));
    assert_eq!(interface.groups[0].parameters, ["A", "B"]);
    assert_eq!(interface.groups[1].label, None);
    assert_eq!(interface.labels, IndexMap::from([("A".to_owned(), "The A".to_owned())]));
    let version = template.version_info().unwrap();
    assert_eq!((version.vendor.as_str(), version.version.as_str()), ("Vendor::Product", "1.10"));
    assert_eq!(version.commit.as_deref(), Some("abc"));
    for vendor in vendor_templates().iter().filter(|one| one.name.starts_with("code-ocean/")) {
        let template = Template::parse(&vendor.name, &vendor.bytes).unwrap();
        let version = template.version_info().unwrap();
        assert_eq!(version.vendor, "CodeOcean");
        assert_eq!(format!("code-ocean/{}.yaml", version.version), vendor.name);
        assert!(!template.interface().groups.is_empty());
    }
}

#[test]
fn limits_are_counted() {
    let mut text = "Resources:\n".to_owned();
    for index in 0..501 {
        text.push_str(&format!("  R{index}: {{Type: T}}\n"));
    }
    text.push_str("Parameters:\n");
    for index in 0..200 {
        text.push_str(&format!("  P{index}: {{Type: String}}\n"));
    }
    text.push_str(&"# padding\n".repeat(5_000));
    let template = Template::parse("t", text.as_bytes()).unwrap();
    let exceeded: Vec<_> = template.limits().into_iter().filter(|one| one.is_exceeded()).collect();
    assert_eq!(
        exceeded.iter().map(|one| one.limit).collect::<Vec<_>>(),
        [Limit::Resources, Limit::InlineBytes]
    );
    assert_eq!(exceeded[0].to_string(), "501 of 500 resources; move some to a nested stack");
    let maxima = [Limit::Parameters, Limit::Outputs, Limit::Mappings, Limit::Bytes].map(Limit::maximum);
    assert_eq!(maxima, [200, 200, 200, 1_048_576]);
}

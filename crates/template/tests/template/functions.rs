//! What each function gives, one table: a property as YAML, and its value as JSON (the unknown as `${…}`).

use std::collections::BTreeMap;

use indexmap::IndexMap;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Template, resolve_parameters, value_to_json,
};

use crate::support::{Unknowns, pseudo};

const AROUND: &str = "
Transform: AWS::LanguageExtensions
Parameters:
  Text: {Type: String, Default: text}
  Empty: {Type: String, Default: ''}
  Number: {Type: Number, Default: 3}
  List: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Image: {Type: AWS::SSM::Parameter::Value<String>, Default: /known}
  Missing: {Type: AWS::SSM::Parameter::Value<String>, Default: /missing}
  Images: {Type: AWS::SSM::Parameter::Value<List<String>>, Default: /list}
  Secret: {Type: String, Default: hush-hush, NoEcho: true}
Mappings:
  Map: {us-east-1: {Key: value, Number: 7, List: [x, y]}, text: {Key: other}}
Conditions:
  Holds: !Equals [!Ref Number, 3]
  Fails: !Not [!Condition Holds]
Resources:
  R: {Type: AWS::Test::R}
  Gone: {Type: AWS::Test::R, Condition: Fails}
  Subject:
    Type: AWS::Test::Subject
    Properties:
";

/// Evaluates `Property: <yaml>`; gives JSON, nothing if the property is dropped, or the error without its place.
fn evaluate(yaml: &str) -> Result<Option<String>, String> {
    let text = format!("{AROUND}      Property: {yaml}\n");
    let template = Template::parse("t", text.as_bytes()).map_err(|error| error.to_string())?;
    let given: IndexMap<String, GivenParameter> = IndexMap::new();
    let ssm = BTreeMap::from([
        ("/known".to_owned(), "ami-1".to_owned()),
        ("/list".to_owned(), "ami-1,ami-2".to_owned()),
    ]);
    let inputs = ParameterInputs { given: &given, previous: None, ssm: &ssm };
    let parameters = resolve_parameters(&template, &inputs).unwrap();
    let mut pseudo = pseudo();
    pseudo.notification_arns = vec!["arn:1".to_owned()];
    let outside = Outside {
        imports: BTreeMap::from([("export".to_owned(), "imported".to_owned())]),
        availability_zones: BTreeMap::from([("eu-north-1".to_owned(), vec!["eu-north-1q".to_owned()])]),
        includes: BTreeMap::from([
            ("s3://snippet".to_owned(), "Included: !Ref Text\nProperty: theirs".to_owned()),
            (
                "s3://self".to_owned(),
                "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://self}}".to_owned(),
            ),
        ]),
        ..Outside::default()
    };
    let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
    let subject = &template.resources["Subject"];
    let properties = evaluation.properties(subject, &Unknowns).map_err(|error| error.to_string())?;
    Ok(properties.get("Property").map(value_to_json))
}

#[test]
fn functions_give_what_aws_documents_and_recorded() {
    #[rustfmt::skip]
    let cases = [
        // Plain data.
        ("text", r#""text""#),
        ("1.50", "1.50"),
        ("yes", "true"),
        ("{b: 1, a: [x, {}]}", r#"{"b":1,"a":["x",{}]}"#),
        ("{Condition: {Bool: {x: 'false'}}}", r#"{"Condition":{"Bool":{"x":"false"}}}"#),
        ("{Condition: Holds}", r#"{"Condition":"Holds"}"#),
        ("'{{resolve:ssm:name:1}}'", r#""{{resolve:ssm:name:1}}""#),
        // Ref.
        ("!Ref Text", r#""text""#),
        ("{Ref: Number}", r#""3""#),
        ("!Ref List", r#"["a","b","c"]"#),
        ("!Ref Image", r#""ami-1""#),
        ("!Ref Images", r#"["ami-1","ami-2"]"#),
        ("!Ref Missing", r#""${the value of /missing in the parameter store}""#),
        ("!Ref R", r#""${R}""#),
        ("!Ref AWS::Region", r#""us-east-1""#),
        ("!Ref AWS::AccountId", r#""111111111111""#),
        ("!Ref AWS::Partition", r#""aws""#),
        ("!Ref AWS::URLSuffix", r#""amazonaws.com""#),
        ("!Ref AWS::StackName", r#""stack""#),
        ("!Ref AWS::NotificationARNs", r#"["arn:1"]"#),
        // GetAtt, all forms.
        ("!GetAtt R.Arn", r#""${R.Arn}""#),
        ("!GetAtt R.Outputs.Name", r#""${R.Outputs.Name}""#),
        ("!GetAtt [R, Outputs.Name]", r#""${R.Outputs.Name}""#),
        ("{'Fn::GetAtt': R.Arn}", r#""${R.Arn}""#),
        ("{'Fn::GetAtt': [R, !Ref Text]}", r#""${R.text}""#),
        // AWS::NoValue drops entries of maps and lists.
        ("{a: !Ref AWS::NoValue, b: 1}", r#"{"b":1}"#),
        ("[!Ref AWS::NoValue, 1, !If [Fails, 2, !Ref AWS::NoValue]]", "[1]"),
        ("!If [Holds, {x: !Ref AWS::NoValue}, no]", "{}"),
        // If: the branch that is not taken is not evaluated.
        ("!If [Holds, yes, !Ref Gone]", "true"),
        ("!If [Fails, !FindInMap [Map, nowhere, Key], [1]]", "[1]"),
        // Sub.
        ("!Sub plain", r#""plain""#),
        ("!Sub '${Text}-${Number}-${AWS::Region}'", r#""text-3-us-east-1""#),
        ("!Sub '${!Text} $${Text} ${Text'", r#""${Text} $text ${Text""#),
        ("!Sub 'a${R}b${R.Arn}'", r#""a${R}b${R.Arn}""#),
        ("!Sub ['${x}-${Text}', {x: !Join ['', [a, 1, true]]}]", r#""a1true-text""#),
        ("!Sub ['${Text}', {Text: mine}]", r#""mine""#),
        ("!Sub ['a${x}b', {x: !Ref R}]", r#""${R}""#),
        ("!Sub ['a${R.Arn}b', {x: 1}]", r#""${R.Arn}""#),
        ("!Sub ['ab', {x: !Ref R}]", r#""ab""#),
        ("!Sub 'x${Missing}'", r#""x${the value of /missing in the parameter store}""#),
        ("!Sub '<${AWS::NoValue}>'", r#""<>""#),
        // Join.
        ("!Join [',', [a, b]]", r#""a,b""#),
        ("!Join ['', []]", r#""""#),
        ("!Join ['-', !Ref List]", r#""a-b-c""#),
        ("!Join ['-', [a, !Ref AWS::NoValue, b]]", r#""a-b""#),
        ("!Join ['-', [a, !Ref R, !GetAtt R.Arn]]", r#""${R}""#),
        ("!Join ['', [x, !Sub 'a${R.Arn}b']]", r#""${R.Arn}""#),
        // Split.
        ("!Split [',', 'a,b,']", r#"["a","b",""]"#),
        ("!Split ['||', a]", r#"["a"]"#),
        ("!Split [',', !Sub 'a,${R}']", r#""${R}""#),
        ("!Join ['_', !Split ['-', x-y]]", r#""x_y""#),
        // Select.
        ("!Select [1, [a, b]]", r#""b""#),
        ("!Select ['0', !Ref List]", r#""a""#),
        ("!Select [!Ref Number, [a, b, c, d]]", r#""d""#),
        ("!Select [0, [!Ref R, b]]", r#""${R}""#),
        ("!Select [1, [!Ref R, b]]", r#""b""#),
        ("!Select [0, !GetAtt R.List]", r#""${R.List}""#),
        ("!Select [0, !Split [',', !Ref R]]", r#""${R}""#),
        ("!Select [0, [{a: !Ref Text}]]", r#"{"a":"text"}"#),
        // FindInMap.
        ("!FindInMap [Map, !Ref AWS::Region, Key]", r#""value""#),
        ("!FindInMap [Map, us-east-1, Number]", "7"),
        ("!FindInMap [Map, us-east-1, List]", r#"["x","y"]"#),
        ("!FindInMap [Map, !Ref Text, Key]", r#""other""#),
        ("!FindInMap [Map, !FindInMap [Map, nowhere, Key, {DefaultValue: text}], Key]", r#""other""#),
        ("!FindInMap [Map, nowhere, Key, {DefaultValue: !Ref Text}]", r#""text""#),
        ("!FindInMap [NoMap, nowhere, Key, {DefaultValue: [1]}]", "[1]"),
        ("!FindInMap [Map, !Ref Missing, Key]", r#""${the value of /missing in the parameter store}""#),
        // Base64, GetAZs, Cidr, ImportValue.
        ("!Base64 HelloWorld", r#""SGVsbG9Xb3JsZA==""#),
        ("{'Fn::Base64': !Sub 'é${Text}'}", r#""w6l0ZXh0""#),
        ("{'Fn::Base64': !Ref R}", r#""${R}""#),
        ("!GetAZs ''", r#"["us-east-1a","us-east-1b","us-east-1c","us-east-1d","us-east-1e","us-east-1f"]"#),
        ("!GetAZs eu-north-1", "[]"),
        ("!Select [5, {'Fn::GetAZs': !Ref AWS::Region}]", r#""us-east-1f""#),
        ("!Cidr [10.0.0.0/16, 2, 8]", r#"["10.0.0.0/24","10.0.1.0/24"]"#),
        ("!Select [1, !Cidr [!GetAtt R.CidrBlock, 2, 8]]", r#""${R.CidrBlock}""#),
        ("!ImportValue export", r#""imported""#),
        ("{'Fn::ImportValue': !Sub '${Text}-other'}", r#""${the export text-other}""#),
        // Transform.
        ("{'Fn::Transform': {Name: Macro, Parameters: {a: 1}}}", r#""${the output of the macro Macro}""#),
        ("{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://snippet}}}", r#"{"Included":"text","Property":"theirs"}"#),
        ("{Property: mine, 'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://snippet}}}", r#"{"Included":"text","Property":"theirs"}"#),
        ("{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://other}}}", r#""${the include s3://other}""#),
        // AWS::LanguageExtensions.
        ("!Length [1, !Ref R]", "2"),
        ("!Length {Ref: List}", "3"),
        ("!Length {'Fn::Split': [',', !Ref R]}", r#""${R}""#),
        ("!ToJsonString {a: !Ref Text, b: [1, yes]}", r#""{\"a\":\"text\",\"b\":[1,true]}""#),
        ("!ToJsonString [!Sub 'x${R}']", r#""${R}""#),
    ];
    for (yaml, expected) in cases {
        assert_eq!(evaluate(yaml), Ok(Some(expected.to_owned())), "{yaml}");
    }
    assert_eq!(evaluate("!Ref AWS::NoValue"), Ok(None));
    assert_eq!(evaluate("!If [Fails, 1, !Ref AWS::NoValue]"), Ok(None));
}

#[test]
fn wrong_arguments_are_refused_where_they_stand() {
    let select = "Fn::Select requires a list argument with two elements: an integer index and a list";
    let split = "Fn::Split object requires two parameters";
    #[rustfmt::skip]
    let cases = [
        ("!Select [100, [test]]", select),
        ("!Select [bad, [test]]", select),
        ("!Select [-1, [test]]", select),
        ("!Select [0]", select),
        ("!Select [0, text]", select),
        ("!Select [0, [!Ref AWS::NoValue]]", select),
        ("{'Fn::Split': !Ref AWS::Region}", split),
        ("!Split ['', text]", split),
        ("!Split [a, [b]]", split),
        ("!Join [a]", "Fn::Join object requires two parameters"),
        ("!Join [',', text]", "here is a string"),
        ("!Join [',', [[a]]]", "element 0 is a list"),
        ("!Join [',', [!Ref List]]", "element 0 is a list"),
        ("!GetAtt R", "Fn::GetAtt object requires two non-empty parameters"),
        ("!GetAtt [R]", "Fn::GetAtt object requires two non-empty parameters"),
        ("!GetAtt [R, '']", "Fn::GetAtt object requires two non-empty parameters"),
        ("!GetAtt Nothing.Arn", "unresolved resource of Fn::GetAtt \"Nothing\" in the Resources block"),
        ("!GetAtt Text.Arn", "unresolved resource of Fn::GetAtt \"Text\""),
        ("!GetAtt Gone.Arn", "Unresolved resource dependencies [Gone]"),
        ("!Ref Gone", "Unresolved resource dependencies [Gone]"),
        ("!Sub '${Gone}'", "guard the reference with Fn::If Fails"),
        ("!Ref Nothing", "unresolved resource or parameter \"Nothing\""),
        ("!Ref [a]", "Ref takes the name"),
        ("!Ref AWS::Nothing", "unresolved resource or parameter \"AWS::Nothing\""),
        ("!Sub '${Nothing}'", "unresolved resource or parameter \"Nothing\""),
        ("!Sub '${Nothing.Arn}'", "unresolved attribute in Fn::Sub \"Nothing.Arn\""),
        ("!Sub '${Text:-default}'", "variable names must contain only alphanumeric characters"),
        ("!Sub '${a b}'", "variable names must contain only alphanumeric characters"),
        ("!Sub '${}'", "variable names must contain only alphanumeric characters"),
        ("!Sub '${List}'", "List is a list"),
        ("!Sub [a]", "Fn::Sub object requires a string, or a list"),
        ("!Sub [a, b]", "Fn::Sub object requires a string, or a list"),
        ("!Sub {a: b}", "Fn::Sub object requires a string, or a list"),
        ("!If [Holds, 1]", "Fn::If requires a list argument with three elements"),
        ("!If [Nothing, 1, 2]", "unresolved condition dependency \"Nothing\" in Fn::If"),
        ("!FindInMap [Map, nowhere, Key]", "Unable to get mapping for Map::nowhere::Key"),
        ("!FindInMap [Map, us-east-1, Nothing]", "Unable to get mapping for Map::us-east-1::Nothing"),
        ("!FindInMap [NoMap, a, b]", "unresolved mapping \"NoMap\""),
        ("!FindInMap [Map, us-east-1]", "Fn::FindInMap object requires three parameters"),
        ("!FindInMap [Map, !Ref Secret, Key]", "Unable to get mapping for Map::****::Key"),
        ("!Base64 [a]", "Fn::Base64 takes a string"),
        ("!Base64 {a: b}", "Fn::Base64 takes a string; here is a map"),
        ("!Cidr [10.0.0.0/16, 0, 8]", "the count is not between 1 and 256"),
        ("!Cidr [10.0.0.0/16]", "Fn::Cidr requires a list argument"),
        ("!Length text", "Fn::Length takes a list"),
        ("!ToJsonString text", "Fn::ToJsonString takes a list or a map"),
        ("!RefAll AWS::EC2::VPC::Id", "it is a rule function"),
        ("{'Fn::Contains': [[a], a]}", "it is a rule function"),
        ("{'Fn::Nothing': 1}", "unknown function Fn::Nothing"),
        ("!Nothing 1", "unknown tag !Nothing"),
        ("!!binary aGk=", "unknown tag !!binary"),
        ("{'Fn::Sub': a, b: c}", "Fn::Sub must be the only key of its map"),
        ("{'Fn::Transform': [a]}", "Key Name of transform definition must be a string."),
        ("{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://self}}}", "an include can't include itself"),
        ("{'Fn::ForEach::X': [I, [a], {'k${I}': 1}]}", "this loop is not written out yet"),
    ];
    for (yaml, expected) in cases {
        match evaluate(yaml) {
            Ok(value) => panic!("{yaml} gave {value:?}"),
            Err(message) => {
                assert!(message.contains(expected), "{yaml}: {message}");
                assert!(message.starts_with("t:"), "{yaml}: {message}");
                assert!(!message.contains("hush-hush"), "{yaml}: {message}");
            }
        }
    }
}

#[test]
fn functions_do_not_fill_the_memory() {
    // 4 kB of text and 2,000 values, each repeated by a few bytes of template.
    let long = "x".repeat(4_000);
    let list = "x,".repeat(2_000);
    let cases = ["!Sub '${Long}'", "!Ref List", "!Split [',', !Ref Commas]", "!Cidr [10.0.0.0/8, 256, 8]"];
    for case in cases {
        let mut text = format!(
            "Parameters: {{Long: {{Type: String, Default: {long}}}, List: {{Type: CommaDelimitedList, Default: '{list}'}}, Commas: {{Type: String, Default: '{list}'}}}}\nResources:\n  R:\n    Type: T\n    Properties:\n      P:\n"
        );
        while text.len() < 1_000_000 {
            text.push_str(&format!("      - {case}\n"));
        }
        let template = Template::parse("t", text.as_bytes()).unwrap();
        let parameters = resolve_parameters(&template, &ParameterInputs::default()).unwrap();
        let (pseudo, outside) = (pseudo(), Outside::default());
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
        let error = evaluation.properties(&template.resources["R"], &Unknowns).unwrap_err();
        assert!(error.to_string().contains("repeat less"), "{case}: {error}");
    }
}

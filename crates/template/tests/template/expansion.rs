//! Loops and includes: written out, they are the template that a person would have written by hand.

use std::collections::BTreeMap;

use template::{Outside, ParameterInputs, Template, TemplateError, node_to_json, resolve_parameters};

use crate::support::pseudo;

const PARAMETERS: &str = "
Transform: AWS::LanguageExtensions
Parameters:
  Zones: {Type: CommaDelimitedList, Default: 'a,b'}
  Name: {Type: String, Default: text}
  Stored: {Type: AWS::SSM::Parameter::Value<List<String>>, Default: /list}
Mappings: {Map: {text: {List: [x-1, y.2]}}}
";

fn expand(text: &str, includes: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let template = Template::parse("t", text.as_bytes())?;
    let parameters = resolve_parameters(&template, &ParameterInputs::default()).unwrap();
    let includes: BTreeMap<_, _> =
        includes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    template.expand_with(&parameters, &pseudo(), &Outside { includes, ..Outside::default() })
}

#[test]
fn loops_are_written_out() {
    let cases = [
        // A literal collection, in resources, with Ref, Sub, GetAtt and DependsOn of what the loop makes.
        (
            "Resources:
  Fn::ForEach::Buckets:
    - Name_
    - [One, Two]
    - Bucket${Name_}:
        Type: T
        Properties: {Name: !Ref Name_, Text: !Sub '${Name_}-${AWS::Region}', List: [!Sub '${Name_}']}
  After: {Type: T, DependsOn: BucketOne, Properties: {x: !GetAtt BucketTwo.Arn}}",
            "Resources:
  BucketOne: {Type: T, Properties: {Name: One, Text: !Sub 'One-${AWS::Region}', List: [!Sub 'One']}}
  BucketTwo: {Type: T, Properties: {Name: Two, Text: !Sub 'Two-${AWS::Region}', List: [!Sub 'Two']}}
  After: {Type: T, DependsOn: BucketOne, Properties: {x: !GetAtt BucketTwo.Arn}}",
        ),
        // A parameter as collection; conditions and outputs.
        (
            "Conditions:
  Fn::ForEach::C: [Z, !Ref Zones, {'Is${Z}': !Equals [!Ref Z, a]}]
Resources:
  Fn::ForEach::R: [Z, !Ref Zones, {'R${Z}': {Type: T, Condition: 'Is${Z}'}}]
Outputs:
  Fn::ForEach::O: [Z, !Ref Zones, {'O${Z}': {Condition: 'Is${Z}', Value: !Ref 'R${Z}'}}]",
            "Conditions: {Isa: !Equals [a, a], Isb: !Equals [b, a]}
Resources: {Ra: {Type: T, Condition: Isa}, Rb: {Type: T, Condition: Isb}}
Outputs: {Oa: {Condition: Isa, Value: !Ref Ra}, Ob: {Condition: Isb, Value: !Ref Rb}}",
        ),
        // A mapping as collection; letters and digits only; inside properties; beside other keys.
        (
            "Resources:
  R:
    Type: T
    Properties:
      Before: 1
      Fn::ForEach::P: [V, !FindInMap [Map, !Ref Name, List], {'Key&{V}': '${V}'}]
      After: [{'Fn::ForEach::Q': [W, [1, 2], {'k${W}': !Ref W}]}]",
            "Resources:
  R: {Type: T, Properties: {Before: 1, Keyx1: x-1, Keyy2: y.2, After: [{k1: '1', k2: '2'}]}}",
        ),
        // Loops in loops; the inner collection depends on the outer value.
        (
            "Resources:
  Fn::ForEach::Outer:
    - A
    - [x, y]
    - Fn::ForEach::Inner: [B, !Split [',', !Sub '${A}1,${A}2'], {'R${A}${B}': {Type: T, Properties: {p: '${A}/${B}'}}}]",
            "Resources:
  Rxx1: {Type: T, Properties: {p: x/x1}}
  Rxx2: {Type: T, Properties: {p: x/x2}}
  Ryy1: {Type: T, Properties: {p: y/y1}}
  Ryy2: {Type: T, Properties: {p: y/y2}}",
        ),
    ];
    for (looped, by_hand) in cases {
        let expanded =
            expand(&format!("{PARAMETERS}{looped}"), &[]).unwrap_or_else(|error| panic!("{error}"));
        let by_hand = Template::parse("t", format!("{PARAMETERS}{by_hand}").as_bytes()).unwrap();
        assert!(expanded.root == by_hand.root, "{looped}\n{}", node_to_json(&expanded.root));
        let order = |template: &Template| template.resources.keys().cloned().collect::<Vec<_>>();
        assert_eq!(order(&expanded), order(&by_hand));
        assert!(!expanded.unexpanded);
    }
}

#[test]
fn includes_are_written_out_when_they_are_at_hand() {
    let snippet = [("s3://b/s", "{\"Two\": {\"Type\": \"T\"}, \"One\": {\"Type\": \"Theirs\"}}")];
    let text = "
Parameters: {Where: {Type: String, Default: s}}
Resources:
  One: {Type: T}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Sub 's3://b/${Where}'}}
Outputs: {O: {Value: !Ref Two}}
";
    let expanded = expand(text, &snippet).unwrap();
    assert_eq!(expanded.resources.keys().collect::<Vec<_>>(), ["One", "Two"]);
    // What a snippet brings wins.
    assert_eq!(expanded.resources["One"].type_name, "Theirs");
    // Not at hand: it stays, and what it may bring may be named.
    assert!(expand(text, &[("s3://other", "{}")]).unwrap().unexpanded);

    let top = "
Transform: [{Name: AWS::Include, Parameters: {Location: s3://b/s}}]
Resources: {One: {Type: T}}
";
    let brought = [("s3://b/s", "Resources: {Never: {Type: T}}\nOutputs: {O: {Value: !Ref One}}")];
    let expanded = expand(top, &brought).unwrap();
    assert_eq!(expanded.resources.keys().collect::<Vec<_>>(), ["One"]);
    assert_eq!(expanded.outputs.len(), 1);
    assert!(expanded.transforms.is_empty());
}

#[test]
fn without_the_transform_nothing_happens() {
    let text = "Resources: {R: {Type: T}}";
    let template = Template::parse("t", text.as_bytes()).unwrap();
    assert_eq!(expand(text, &[]).unwrap(), template);
}

#[test]
fn loops_that_cannot_be_written_out_are_refused_at_their_place() {
    #[rustfmt::skip]
    let cases = [
        ("Resources: {'Fn::ForEach::L': [I, [a]]}", "8:31: Fn::ForEach::L takes a list of an identifier"),
        ("Resources: {'Fn::ForEach::L': [I, [a], x]}", "8:31: Fn::ForEach::L takes a list of an identifier"),
        ("Resources: {'Fn::ForEach::L': [I, [a, b], {R: {Type: T}}]}", "8:44: the key \"R\" of Fn::ForEach::L must hold ${I}"),
        ("Resources: {'Fn::ForEach::L': [I, [a, a], {'R${I}': {Type: T}}]}", "8:44: the key \"Ra\" appears twice"),
        ("Resources: {Ra: {Type: T}, 'Fn::ForEach::L': [I, [a], {'R${I}': {Type: T}}]}", "8:56: the key \"Ra\" appears twice"),
        ("Resources: {'Fn::ForEach::L': [I, text, {'R${I}': {Type: T}}]}", "8:35: the collection of Fn::ForEach::L must be a list"),
        ("Resources: {'Fn::ForEach::L': [I, [[a]], {'R${I}': {Type: T}}]}", "8:35: the collection of Fn::ForEach::L holds what is a list"),
        ("Resources: {'Fn::ForEach::L': [I, !Ref Stored, {'R${I}': {Type: T}}]}", "8:35: the collection of Fn::ForEach::L must be a list that is known now"),
        ("Resources: {'Fn::ForEach::L': [I, !Ref Nothing, {'R${I}': {Type: T}}]}", "8:35: unresolved resource or parameter \"Nothing\""),
        ("Resources: {'Fn::ForEach::L': [Name, [a], {'R${Name}': {Type: T}}]}", "8:32: the identifier \"Name\" of Fn::ForEach::L is the name of a parameter"),
        ("Resources: {'Fn::ForEach::L': [I, [a-b], {'R${I}': {Type: T}}]}", "8:43: Resource name Ra-b is non alphanumeric"),
        ("Resources: {'Fn::ForEach::L': [I, [a], {'R${I}': {Type: T, Properties: {x: !Ref Nothing}}}]}", "8:76: unresolved resource or parameter \"Nothing\""),
        ("Resources: {'Fn::ForEach::L': [I, [a], {'R${I}': {}}]}", "8:41: Template format error: [/Resources/Ra] Every Resources object must contain a Type member."),
    ];
    for (resources, expected) in cases {
        let error = expand(&format!("{PARAMETERS}{resources}\n"), &[]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("t:{expected}")), "{resources}\n{error}");
    }
}

#[test]
fn loops_do_not_fill_the_memory() {
    // Six loops of 16 in each other would write 16 million resources.
    let values: Vec<String> = (0..16).map(|index| format!("v{index}")).collect();
    let values = values.join(", ");
    let mut inner = "{'R${A}${B}${C}${D}${E}${F}': {Type: T}}".to_owned();
    for identifier in ["F", "E", "D", "C", "B", "A"] {
        inner = format!("{{'Fn::ForEach::L{identifier}': [{identifier}, [{values}], {inner}]}}");
    }
    let error = expand(&format!("{PARAMETERS}Resources: {inner}\n"), &[]).unwrap_err();
    assert!(error.to_string().contains("shorten the collections"), "{error}");
    // A long value in a text that names it many times.
    let text = "${I}".repeat(10_000);
    let long = "x".repeat(4_000);
    let one = format!(
        "{PARAMETERS}Resources: {{'Fn::ForEach::L': [I, [{long}], {{'R${{I}}': {{Type: '{text}'}}}}]}}\n"
    );
    let error = expand(&one, &[]).unwrap_err();
    assert!(error.to_string().contains("shorten the collections"), "{error}");
    // A snippet that includes itself.
    let include = "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://self}}}";
    let error = expand(
        &format!("Resources: {include}\n"),
        &[("s3://self", &format!("# YAML\n{}", include.trim_matches(['{', '}'])))],
    );
    assert!(error.is_err());
}

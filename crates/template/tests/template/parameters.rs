//! Parameters: types, constraints, where values come from, and secrets that stay secret.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use template::{
    GivenParameter, ParameterInputs, ParameterProblem, ParameterSource, ParameterType, ResolvedParameters,
    Template, carry_over, resolve_parameters, unchecked_patterns, value_to_json,
};

fn parse(parameters: &str) -> Template {
    let text = format!("Resources: {{R: {{Type: T}}}}\nParameters:\n{parameters}\n");
    Template::parse("t", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn given(values: &[(&str, &str)]) -> IndexMap<String, GivenParameter> {
    values
        .iter()
        .map(|(name, value)| {
            let value = match *value {
                "<previous>" => GivenParameter::UsePreviousValue,
                value => GivenParameter::Value(value.to_owned()),
            };
            ((*name).to_owned(), value)
        })
        .collect()
}

fn resolve(
    template: &Template,
    values: &[(&str, &str)],
    previous: Option<&ResolvedParameters>,
) -> Result<ResolvedParameters, String> {
    let ssm = BTreeMap::from([("/one".to_owned(), "1".to_owned()), ("/list".to_owned(), "a, b".to_owned())]);
    let given = given(values);
    let inputs = ParameterInputs { given: &given, previous, ssm: &ssm };
    resolve_parameters(template, &inputs)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))
}

#[test]
fn every_type_gives_text_or_a_list() {
    let unknown = |name: &str| format!("\"${{the value of {name} in the parameter store}}\"");
    #[rustfmt::skip]
    let cases = [
        ("String", "a, b", r#""a, b""#.to_owned()),
        ("String", "", r#""""#.to_owned()),
        ("Number", "1.50", r#""1.50""#.to_owned()),
        ("Number", "-7", r#""-7""#.to_owned()),
        ("CommaDelimitedList", "a, b ,,c", r#"["a","b","","c"]"#.to_owned()),
        ("CommaDelimitedList", "", r#"[""]"#.to_owned()),
        ("List<Number>", "1, 2", r#"["1","2"]"#.to_owned()),
        ("List<String>", "x", r#"["x"]"#.to_owned()),
        ("AWS::EC2::VPC::Id", "vpc-1", r#""vpc-1""#.to_owned()),
        ("AWS::EC2::KeyPair::KeyName", "", r#""""#.to_owned()),
        ("List<AWS::EC2::Subnet::Id>", "subnet-1,subnet-2", r#"["subnet-1","subnet-2"]"#.to_owned()),
        ("AWS::SSM::Parameter::Name", "/one", r#""/one""#.to_owned()),
        ("AWS::SSM::Parameter::Value<String>", "/one", r#""1""#.to_owned()),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/one", r#""1""#.to_owned()),
        ("AWS::SSM::Parameter::Value<List<String>>", "/list", r#"["a","b"]"#.to_owned()),
        ("AWS::SSM::Parameter::Value<CommaDelimitedList>", "/list", r#"["a","b"]"#.to_owned()),
        ("AWS::SSM::Parameter::Value<List<AWS::EC2::Image::Id>>", "/list", r#"["a","b"]"#.to_owned()),
        ("AWS::SSM::Parameter::Value<String>", "/other", unknown("/other")),
        ("AWS::SSM::Parameter::Value<List<String>>", "/other", unknown("/other")),
    ];
    for (type_name, text, expected) in cases {
        let template = parse(&format!("  P: {{Type: '{type_name}'}}"));
        let resolved = resolve(&template, &[("P", text)], None).unwrap();
        let parameter = &resolved.0["P"];
        assert_eq!(value_to_json(&parameter.value), expected, "{type_name} {text:?}");
        assert_eq!(parameter.text, text, "{type_name}");
        assert_eq!(parameter.type_name.to_string(), type_name);
        assert_eq!(ParameterType::parse(type_name).as_ref(), Some(&parameter.type_name));
    }
}

#[test]
fn constraints_are_checked() {
    #[rustfmt::skip]
    let cases = [
        ("{Type: String, AllowedValues: [a, b]}", "b", ""),
        ("{Type: String, AllowedValues: [a, b]}", "c", "Parameter 'P' must be one of AllowedValues"),
        ("{Type: String, AllowedValues: [yes, 1.0]}", "true", ""),
        ("{Type: String, AllowedValues: [yes, 1.0]}", "1.0", ""),
        ("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a, b", ""),
        ("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a,c", "Parameter 'P' must be one of AllowedValues"),
        ("{Type: String, AllowedPattern: '[a-z]+'}", "abc", ""),
        ("{Type: String, AllowedPattern: '[a-z]+'}", "abc1", "Parameter 'P' must match pattern [a-z]+"),
        ("{Type: String, AllowedPattern: 'a|b'}", "ab", "Parameter 'P' must match pattern a|b"),
        ("{Type: String, AllowedPattern: '[a-z]*'}", "a\n", "Parameter 'P' must match pattern [a-z]*"),
        ("{Type: String, AllowedPattern: '(?=.*[0-9])[a-z0-9]+'}", "abc1", ""),
        ("{Type: String, AllowedPattern: '(?=.*[0-9])[a-z0-9]+'}", "abc", "Parameter 'P' must match pattern (?=.*[0-9])[a-z0-9]+"),
        ("{Type: CommaDelimitedList, AllowedPattern: '[a-z]'}", "a,b", ""),
        ("{Type: CommaDelimitedList, AllowedPattern: '[a-z]'}", "a,bb", "Parameter 'P' must match pattern [a-z]"),
        ("{Type: 'AWS::SSM::Parameter::Value<String>', AllowedPattern: '/o.*'}", "/one", ""),
        ("{Type: String, MinLength: 2, MaxLength: 3}", "é", "Parameter 'P' must contain at least 2 characters"),
        ("{Type: String, MinLength: 2, MaxLength: 3}", "éééé", "Parameter 'P' must contain at most 3 characters"),
        ("{Type: String, MinLength: 2, MaxLength: 3}", "ééé", ""),
        ("{Type: Number}", "not-a-number", "Parameter 'P' must be a number."),
        ("{Type: Number}", "", "Parameter 'P' must be a number."),
        ("{Type: Number}", "inf", "Parameter 'P' must be a number."),
        ("{Type: Number}", "1e400", "Parameter 'P' must be a number."),
        ("{Type: List<Number>}", "1,x", "Parameter 'P' must be a number."),
        ("{Type: Number, MinValue: 1, MaxValue: 5}", "0.5", "Parameter 'P' must be a number not less than 1"),
        ("{Type: Number, MinValue: 1, MaxValue: 5}", "5.5", "Parameter 'P' must be a number not greater than 5"),
        ("{Type: Number, MinValue: -1, MaxValue: 5}", "-1", ""),
        ("{Type: Number, MinValue: 1, ConstraintDescription: is one or more}", "0", "Parameter 'P' failed to satisfy constraint: is one or more"),
    ];
    for (declaration, value, expected) in cases {
        let template = parse(&format!("  P: {declaration}"));
        let message = resolve(&template, &[("P", value)], None).err().unwrap_or_default();
        let expected = if expected.is_empty() { String::new() } else { format!("t:3:3: {expected}") };
        assert_eq!(message, expected, "{declaration} {value:?}");
    }
    let template = parse("  P: {Type: String}");
    assert!(resolve(&template, &[("P", &"x".repeat(4_096))], None).is_ok());
    let message = resolve(&template, &[("P", &"é".repeat(2_049))], None).unwrap_err();
    assert!(message.contains("has 4098 bytes, more than the 4096"), "{message}");
}

#[test]
fn a_pattern_that_cannot_be_checked_is_told() {
    let template = parse(
        "  A: {Type: String, AllowedPattern: '(?<=a)[a-z0-9]+'}\n  B: {Type: String, AllowedPattern: '[a-z]+'}",
    );
    let names: Vec<_> = unchecked_patterns(&template).map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["A"]);
    assert!(resolve(&template, &[("A", "anything"), ("B", "b")], None).is_ok());
}

/// Each of 200 patterns may take long; together they may not take 200 times as long, and what is left is left to CloudFormation.
#[test]
fn what_patterns_take_is_bounded_over_all_parameters_together() {
    let patterns = ["(?=a)(a|a)*b", "[a-z]{0,2000}[0-9]"];
    for pattern in patterns {
        let declared: String = (0..200)
            .map(|number| format!("  P{number}: {{Type: String, AllowedPattern: '{pattern}'}}\n"))
            .collect();
        let template = parse(&declared);
        let long = "a".repeat(4_096);
        let names: Vec<String> = (0..200).map(|number| format!("P{number}")).collect();
        let values: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
        let refused = resolve(&template, &values, None).err().unwrap_or_default();
        let refused = refused.matches("must match pattern").count();
        assert!(refused < 200, "{pattern}: {refused} of 200 were compared to the end");
        println!("{pattern}: {refused} of 200 compared to the end");
    }
    println!("attacks: patterns that take long, 200 parameters each: {0} of {0} held", patterns.len());
}

#[test]
fn values_come_from_where_they_should() {
    let old = parse("  Kept: {Type: String}\n  Gone: {Type: String}");
    let previous = resolve(&old, &[("Kept", "old"), ("Gone", "x")], None).unwrap();
    let new = parse("  Kept: {Type: String, Default: new}\n  Fresh: {Type: String, Default: fresh}");
    let show = |values: &[(&str, &str)], previous: Option<&ResolvedParameters>| {
        resolve(&new, values, previous).map(|resolved| {
            let one = |name: &str| (resolved.0[name].text.clone(), resolved.0[name].source);
            [one("Kept"), one("Fresh")]
        })
    };
    let is = |text: &str, source| (text.to_owned(), source);
    use ParameterSource::{Default, Given, Previous};
    // Omitted through the API: the template's default, whatever is deployed.
    assert_eq!(show(&[], Some(&previous)), Ok([is("new", Default), is("fresh", Default)]));
    assert_eq!(
        show(&[("Kept", "<previous>"), ("Fresh", "given")], Some(&previous)),
        Ok([is("old", Previous), is("given", Given)])
    );
    // Carried over: given, else previous, else the new default.
    let carried = carry_over(&new, &given(&[]), Some(&previous));
    assert_eq!(carried, given(&[("Kept", "<previous>")]));
    let carried = carry_over(&new, &given(&[("Kept", "given")]), Some(&previous));
    assert_eq!(carried, given(&[("Kept", "given")]));
    assert!(carry_over(&new, &given(&[]), None).is_empty());

    let errors = [
        (
            show(&[("Fresh", "<previous>")], Some(&previous)).unwrap_err(),
            "t:4:3: Invalid input for parameter key Fresh. Cannot specify usePreviousValue as true for a parameter key not in the previous template",
        ),
        (show(&[("Kept", "<previous>")], None).unwrap_err(), "t:3:3: Invalid input for parameter key Kept."),
        (show(&[("Gone", "x")], None).unwrap_err(), "Parameters: [Gone] do not exist in the template"),
        (resolve(&old, &[("Kept", "x")], None).unwrap_err(), "t:4:3: Parameters: [Gone] must have values"),
    ];
    for (message, expected) in errors {
        assert!(message.starts_with(expected), "{message}");
    }
    let all = resolve_parameters(&old, &ParameterInputs::default()).unwrap_err();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|error| error.kind == ParameterProblem::Missing && error.position().is_some()));
}

#[test]
fn secrets_are_never_shown() {
    let secret = "hush-hush";
    let declarations = [
        "{Type: String, NoEcho: true}",
        "{Type: String, NoEcho: 'true', AllowedValues: [other]}",
        "{Type: String, NoEcho: true, AllowedPattern: '[0-9]+'}",
        "{Type: String, NoEcho: true, MaxLength: 3}",
        "{Type: Number, NoEcho: true}",
        "{Type: 'AWS::SSM::Parameter::Value<String>', NoEcho: true}",
    ];
    for declaration in declarations {
        let template = parse(&format!("  P: {declaration}"));
        let values = given(&[("P", secret)]);
        let inputs = ParameterInputs { given: &values, ..ParameterInputs::default() };
        let shown = match resolve_parameters(&template, &inputs) {
            Ok(resolved) => {
                // What a text shows of a value that isn't known must not show it either.
                let value = &resolved.0["P"].value;
                let unknown = value.first_unknown().map(ToString::to_string).unwrap_or_default();
                format!("{resolved:?}{resolved:#?}{unknown}")
            }
            Err(errors) => format!("{errors:?}{}", errors[0]),
        };
        assert!(!shown.contains(secret), "{declaration}: {shown}");
        assert!(!format!("{inputs:?}{values:?}").contains(secret));
    }
}

//! Templates that CloudFormation would refuse: each gets an error that points at the place and says what to do.

use indexmap::IndexMap;
use template::{Aliases, Evaluation, MAXIMUM_DEPTH, Outside, ParameterInputs, Template, resolve_parameters};

use crate::support::{Unknowns, exercise, pseudo};

/// `R` is a sound resource; so only what a case adds is wrong.
const SOUND: &str = "Resources: {R: {Type: T}}\n";

/// What is wrong with the answer to a text that must be refused with this message, if anything.
fn check(text: &[u8], expected: &str) -> Option<String> {
    let shown = String::from_utf8_lossy(text);
    match Template::parse("t", text) {
        Ok(_) => Some(format!("{shown:?} was taken")),
        Err(error) if error.to_string().starts_with(&format!("t:{expected}")) => {
            assert!(error.position().is_some());
            None
        }
        Err(error) => Some(format!("{shown:?}\n  gave     {error}\n  expected t:{expected}")),
    }
}

fn check_all<'case>(cases: impl Iterator<Item = (Vec<u8>, &'case str)>) {
    let wrong: Vec<String> = cases.filter_map(|(text, expected)| check(&text, expected)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unreadable_text_is_refused_at_its_place() {
    #[rustfmt::skip]
    let cases: &[(&[u8], &str)] = &[
        (b"", "1:1: the template is empty"),
        (b" \n\n", "1:1: the template is empty"),
        (b"# only a comment\n", "1:1: the template is empty"),
        (b"\xef\xbb\xbf", "1:1: the template is empty"),
        (b"a: \xc3\xa9\n \xff", "2:2: this byte is not UTF-8"),
        // JSON.
        (b"{", "1:2: JSON not well-formed: the file ends where a key"),
        (b"{\"a\": ", "1:7: JSON not well-formed: the file ends where a value"),
        (b"{\"a\": 1", "1:8: JSON not well-formed: the file ends where a comma"),
        (b"{\"a\": \"x", "1:9: JSON not well-formed: the file ends where the closing double quote"),
        (b"{\"a\": [1,\n 2", "2:3: JSON not well-formed: the file ends where a comma"),
        (b"{\"a\" 1}", "1:6: JSON not well-formed: found '1' where a colon"),
        (b"{\"a\": -}", "1:7: JSON not well-formed: \"-\" is not a number"),
        (b"{\"a\": \"\\x\"}", "1:9: JSON not well-formed: found 'x' where one of"),
        (b"{\"a\": \"\\ud800\"}", "1:14: JSON not well-formed: half of a surrogate pair"),
        (b"{\"a\": \"\\u12\"}", "1:12: JSON not well-formed: found '\"' where four hexadecimal digits"),
        (b"{\"a\": 1} x", "1:10: JSON not well-formed: 'x' after the end"),
        // What is no JSON is read as YAML is.
        (b"{\"a\": 1,}", "1:2: Invalid template property or properties [a]"),
        (b"{a: 1}", "1:2: Invalid template property or properties [a]"),
        (b"{'a': 1}", "1:2: Invalid template property or properties [a]"),
        (b"{\"a\": 01}", "1:2: Invalid template property or properties [a]"),
        (b"{\"a\": 1.}", "1:2: Invalid template property or properties [a]"),
        (b"{\"a\": nul}", "1:2: Invalid template property or properties [a]"),
        (b"{\"a\": True}", "1:2: Invalid template property or properties [a]"),
        (b"{\"a\": \"x\ny\"}", "1:2: Invalid template property or properties [a]"),
        (b"{\"a\": 1, /* no */ \"b\": 2}", "1:2: Invalid template property or properties [a]"),
        // YAML.
        (b"a: [1, 2\nb: 3\n", "2:2: YAML not well-formed"),
        (b"a: \"x\n", "1:4: YAML not well-formed"),
        (b"a: b: c\n", "1:5: YAML not well-formed"),
        (b"a:\n\t- b\n", "2:2: YAML not well-formed: tabs disallowed"),
        (b"a:\n   b: 1\n  c: 2\n", "3:3: YAML not well-formed"),
        (b"a: *nothing\n", "1:4: YAML not well-formed"),
        (b"--- {a: 1}\n--- {b: 1}\n", "2:5: YAML not well-formed: a second document"),
        (b"? [a, b]\n: c\n", "1:3: YAML not well-formed: a list or map can't be a key"),
        (b"!Ref a: b\n", "1:1: YAML not well-formed: a key can't carry a tag"),
        (b"a: !!seq {b: 1}\n", "1:4: YAML not well-formed: the tag doesn't fit"),
        (b"a: !Base64 !Sub b\n", "1:12: YAML not well-formed"),
        (b"a: !Rfe b\n", "1:4: unknown tag !Rfe"),
        (b"a: !!timestamp 2001-01-01\n", "1:4: unknown tag !!timestamp"),
        (b"a: !<tag:yaml.org,2002:set> {b}\n", "1:4: unknown tag"),
        // Aliases and merge keys, as CloudFormation treats them.
        (b"a: &x 1\nb: *x\n", "2:4: YAML aliases are not allowed in CloudFormation templates"),
        (b"a: &x {c: 1}\nb:\n  <<: *x\n", "3:3: YAML aliases are not allowed in CloudFormation templates"),
    ];
    check_all(cases.iter().map(|(text, expected)| (text.to_vec(), *expected)));
}

#[test]
fn unsound_sections_are_refused_at_their_place() {
    #[rustfmt::skip]
    let cases = [
        ("text", "1:1: a template is a map of sections, but here is a string"),
        ("[1]", "1:1: a template is a map of sections, but here is a list"),
        ("Resources: []", "1:12: Any Resources member must be an object, but here is a list"),
        ("Resources: {}", "1:12: At least one Resources member must be defined."),
        ("Outputs: {}", "1:1: At least one Resources member must be defined."),
        ("Resources: ''\nOutputs: ''", "1:12: Any Resources member must be an object"),
        ("Resources: {R: text}", "1:16: Any Resources member must be an object"),
        ("Resources: {R: {Properties: {}}}", "1:13: Template format error: [/Resources/R] Every Resources object must contain a Type member."),
        ("Resources: {R: {Type: T, Invalid: 1}}", "1:26: Invalid template resource property 'Invalid'"),
        ("Resources: {R: {Type: T, Properties: []}}", "1:38: Properties must be a map"),
        ("Resources: {'AWS::NoValue': {Type: T}}", "1:13: Resource name AWS::NoValue is non alphanumeric"),
        ("Resources: {R: {Type: T, Properties: {a: }}}", "1:40: [/Resources/R/Properties/a] 'null' values are not allowed in templates"),
        ("Resources: {R: {Type: T, DependsOn: Nothing}}", "1:37: unresolved resource dependency \"Nothing\" in the Resources block"),
        ("Resources: {R: {Type: T, DependsOn: {a: b}}}", "1:37: DependsOn must be a logical id"),
        ("Resources: {R: {Type: T, Condition: Nothing}}", "1:37: unresolved condition dependency \"Nothing\""),
        ("Resources: {R: {Type: T, DeletionPolicy: Keep}}", "1:42: unrecognized policy Keep; use one of Delete"),
        ("Resources: {R: {Type: T, DeletionPolicy: {a: b}}}", "1:42: a policy must be a string or a function, but here is a map"),
        ("Resources: {R: {Type: T, UpdatePolicy: !Ref X}}", "1:40: Template format error: Expected an object: UpdatePolicy must be a map, but here is Ref"),
        ("Resources: {R: {Type: T, CreationPolicy: x}}", "1:42: Template format error: Expected an object: CreationPolicy must be a map, but here is a string"),
        ("Resources: {R: {Type: T, Metadata: {a: !Ref Nothing}}}", "1:40: unresolved resource or parameter \"Nothing\""),
        ("Resorces: {R: {Type: T}}", "1:1: Invalid template property or properties [Resorces]"),
        ("AWSTemplateFormatVersion: 2011-01-01\nResources: {R: {Type: T}}", "1:27: unsupported template version"),
        ("Description: [a]\nResources: {R: {Type: T}}", "1:14: Description must be a string"),
        ("Transform: {Nme: x}\nResources: {R: {Type: T}}", "1:12: Key Name of transform definition must be a string."),
    ];
    check_all(cases.into_iter().map(|(text, expected)| (text.into(), expected)));
    #[rustfmt::skip]
    let added = [
        ("Parameters: {P: {Default: 1}}", "2:14: Template format error: Every Parameters object must contain a Type member"),
        ("Parameters: {P: {Type: Strng}}", "2:24: Unrecognized parameter type: Strng"),
        ("Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<AWS::SSM::Parameter::Name>'}}", "2:24: Unrecognized parameter type"),
        ("Parameters: {P: {Type: String, Defualt: 1}}", "2:32: Invalid template parameter property 'Defualt'"),
        ("Parameters: {P: {Type: String, Default: [1]}}", "2:41: Default must be a string, but here is a list"),
        ("Parameters: {P: {Type: String, MaxLength: many}}", "2:43: MaxLength must be a number"),
        ("Parameters: {P: {Type: String, NoEcho: maybe}}", "2:40: NoEcho must be true or false"),
        ("Parameters: {P: {Type: String, AllowedValues: a}}", "2:47: AllowedValues must be a list"),
        ("Parameters: {P-1: {Type: String}}", "2:14: Parameter name P-1 is non alphanumeric"),
        ("Parameters: []", "2:13: Any Parameters member must be an object"),
        ("Mappings: {M: {A: text}}", "2:19: Every Mappings member A must be a map"),
        ("Mappings: {M: {A: {B: {C: d}}}}", "2:23: Every Mappings attribute must be a String or a List"),
        ("Conditions: {C: text}", "2:17: condition \"C\" must be a function"),
        ("Conditions: {C: !Equals [1]}", "2:17: Fn::Equals object requires a list of 2 string parameters"),
        ("Conditions: {C: !And [!Condition C]}", "2:17: Fn::And requires a list argument with at least 2"),
        ("Conditions: {C: !Not [!Condition D]}", "2:23: unresolved condition dependency \"D\""),
        ("Conditions: {C: !Equals [!Ref R, 1]}", "2:26: unresolved resource or parameter \"R\" in the Conditions block"),
        ("Conditions: {A: !Not [!Condition B], B: !Or [!Condition C, !Condition C], C: !Not [!Condition A]}", "2:17: circular dependency between conditions: A -> B -> C -> A"),
        ("Conditions: {A: !Not [!Condition A]}", "2:17: circular dependency between conditions: A -> A"),
        ("Rules: {R: {}}", "2:9: rule \"R\" needs Assertions"),
        ("Rules: {R: {Assertions: [{}]}}", "2:26: an assertion needs Assert"),
        ("Rules: {R: {Assertions: [{Assert: !Contains [a]}]}}", "2:35: Fn::Contains requires a list argument"),
        ("Rules: {R: {Assert: []}}", "2:13: Invalid rule property 'Assert'"),
        ("Outputs: {O: {}}", "2:11: Template format error: Every Outputs member must contain a Value object"),
        ("Outputs: {O: {Value: }}", "2:20: [/Outputs/O/Value] 'null' values are not allowed in templates"),
        ("Outputs: {O: {Value: !Ref Nothing}}", "2:22: unresolved resource or parameter \"Nothing\" in the Outputs block"),
        ("Outputs: {O: {Value: 1, Export: name}}", "2:33: Export must be a map with a Name"),
        ("Outputs: {O: {Valu: 1}}", "2:15: Invalid template output property 'Valu'"),
        ("Outputs: {O: {Value: 1, Condition: Nothing}}", "2:36: unresolved condition dependency \"Nothing\""),
        ("Outputs: {O: {Value: !Length [1]}}", "2:22: unknown function Fn::Length; add Transform: AWS::LanguageExtensions"),
        ("Outputs: {O: {Value: {'Fn::ForEach::L': [I, [a], {'k${I}': 1}]}}}", "2:23: unknown function Fn::ForEach; add Transform"),
        ("Outputs: {O: {Value: !FindInMap [a, b, c, {DefaultValue: d}, e]}}", "2:22: Fn::FindInMap object requires three parameters"),
        ("Outputs: {O: {Value: !Equals [a, b]}}", "2:22: Template format error: the Value field of every Outputs member must evaluate to a String, but Fn::Equals gives a truth"),
        ("Outputs: {O: {Value: 1, Export: {Name: !Sub 'x-${R}'}}}", "2:40: Template error: Output O is malformed. The Name field of Export must not depend on any resources"),
        ("Outputs: {O: {Value: 1, Export: {Name: !Join ['-', [x, !GetAtt R.Arn]]}}}", "2:56: Template error: Output O is malformed. The Name field"),
        ("Outputs: {O: {Value: 1, Export: {Name: !ImportValue x}}}", "2:40: Template error: Output O is malformed. The Name field"),
        ("Outputs: {O: {Value: 1, Export: {Name: !Select [0, !GetAZs '']}}}", "2:52: Template error: Output O is malformed. The Name field"),
        ("Conditions: {C: !Equals [1, 1]}\nRules: {R: {RuleCondition: !Condition C, Assertions: []}}", "3:28: Condition is not allowed inside Rules"),
        ("Conditions: {C: !Equals [1, 1]}\nRules: {R: {Assertions: [{Assert: !Equals [1, !If [C, 1, 2]]}]}}", "3:47: Fn::If is not allowed inside Rules"),
    ];
    check_all(added.into_iter().map(|(text, expected)| (format!("{SOUND}{text}\n").into(), expected)));
}

#[test]
fn of_equal_keys_the_last_counts_and_both_are_told() {
    for text in [
        "Resources: {R: {Type: T, Properties: {a: 1,\n b: 2, a: 3}}}",
        "{\"Resources\": {\"R\": {\"Type\": \"T\", \"Properties\": {\"a\": 1,\n \"b\": 2, \"a\": 3}}}}",
    ] {
        let template = Template::parse("t", text.as_bytes()).unwrap();
        let properties = template.resources["R"].properties.as_ref().unwrap();
        assert_eq!(properties.get("a").unwrap().scalar_text(), Some("3"), "{text}");
        let displaced = template.displaced_keys();
        let lines: Vec<_> =
            displaced.iter().map(|one| (one.key.as_str(), one.at.line, one.first_at.line)).collect();
        assert_eq!(lines, [("a", 2, 1)], "{text}");
    }
}

#[test]
fn inside_brackets_indentation_means_nothing_and_places_are_told_as_written() {
    let sound = "Resources:\n  R:\n    Type: T\n    Properties:\n      a: [\n  'x',\n      ]\n      b: {\"c\": [\n1]}\n      d: 1\n";
    let template = Template::parse("t", sound.as_bytes()).unwrap();
    let properties = template.resources["R"].properties.as_ref().unwrap();
    let plain = template::read("t", b"{a: ['x'], b: {c: [1]}, d: 1}", Aliases::Refuse).unwrap();
    assert_eq!(*properties, plain);
    let first = &properties.get("a").unwrap().as_sequence().unwrap()[0];
    assert_eq!((first.at.line, first.at.column), (6, 3));
    let wrong = "Resources:\n  R:\n    Type: T\n    Properties:\n      a: [\n  !Ref Nothing\n      ]\n";
    assert_eq!(check(wrong.as_bytes(), "6:3: unresolved resource or parameter \"Nothing\""), None);
}

#[test]
fn sizes_are_limited() {
    let mut text = SOUND.as_bytes().to_vec();
    text.resize(template::MAXIMUM_TEMPLATE_BYTES, b'\n');
    assert!(Template::parse("t", &text).is_ok());
    text.push(b'\n');
    assert_eq!(check(&text, "1:1: the template has 1048577 bytes, more than the 1048576"), None);
}

#[test]
fn nesting_is_limited_and_the_deepest_tree_fits_on_the_stack() {
    let deep = |levels: usize| {
        let inner = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        [
            // Root, Resources, R, Properties: four levels.
            format!("{{\"Resources\": {{\"R\": {{\"Type\": \"T\", \"Properties\": {{\"a\": {inner}}}}}}}}}"),
            format!("Resources: {{R: {{Type: T, Properties: {{a: {inner}}}}}}}"),
        ]
    };
    for text in deep(MAXIMUM_DEPTH - 4) {
        exercise("t", text.as_bytes(), &IndexMap::new()).unwrap();
        let template = Template::parse("t", text.as_bytes()).unwrap();
        let again = Template::parse("t", template::node_to_json(&template.root).as_bytes()).unwrap();
        assert_eq!(template.root, again.root);
    }
    for text in deep(MAXIMUM_DEPTH - 3) {
        let message = Template::parse("t", text.as_bytes()).unwrap_err().to_string();
        assert!(message.contains("nested deeper than 100 levels"), "{message}");
    }
    // Each function is two levels, and takes more of the stack than plain data.
    let functions = [
        ("!If [C, ", ", 2]"),
        ("!Join ['', [", "]]"),
        ("!Select [0, [", "]]"),
        ("!Sub ['${a}', {a: ", "}]"),
        ("!FindInMap [", ", a, b, {DefaultValue: 1}]"),
        ("!Select [0, !Split ['-', ", "]]"),
        ("!If [{'Fn::Not': [{'Fn::Equals': [", ", 1]}]}, 1, 1]"),
        ("!ToJsonString [", "]"),
        ("{Fn::Transform: {Name: M, Parameters: {a: ", "}}}"),
    ];
    for (opening, closing) in functions {
        for count in 1..60 {
            let text = format!(
                "Transform: AWS::LanguageExtensions\nConditions: {{C: !Equals [1, 1]}}\nMappings: {{M: {{a: {{b: x}}}}}}\nResources: {{R: {{Type: T, Properties: {{a: {}x{}}}}}}}\n",
                opening.repeat(count),
                closing.repeat(count)
            );
            if let Err(error) = exercise("t", text.as_bytes(), &IndexMap::new()) {
                let message = error.to_string();
                assert!(message.contains("nested deeper") || count > 1, "{text}: {message}");
            }
        }
    }
}

#[test]
fn long_chains_do_not_exhaust_the_stack() {
    let mut text = "Resources:\n  R0: {Type: T}\n".to_owned();
    for index in 1..15_000 {
        text.push_str(&format!("  R{index}: {{Type: T, DependsOn: R{}}}\n", index - 1));
    }
    text.push_str("Conditions:\n  C0: !Equals [1, 1]\n");
    for index in 1..10_000 {
        text.push_str(&format!("  C{index}: !Not [!Condition C{}]\n", index - 1));
    }
    exercise("t", text.as_bytes(), &IndexMap::new()).unwrap();
}

#[test]
fn an_alias_bomb_is_refused_either_way() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [previous.as_str(); 10].join(", ")));
    }
    assert_eq!(check(bomb.as_bytes(), "2:10: YAML aliases are not allowed"), None);
    let message = template::read("t", bomb.as_bytes(), Aliases::Expand).unwrap_err().to_string();
    assert!(message.contains("expand to more than 100000 values"), "{message}");
    let itself = template::read("t", b"a: &x [*x]\n", Aliases::Expand).unwrap_err().to_string();
    assert!(itself.starts_with("t:1:8: "), "{itself}");
    assert!(itself.contains("inside the value it names"), "{itself}");
}

#[test]
fn aliases_and_merge_keys_expand_when_asked_for() {
    let text = b"
a: &map {x: 1, y: 2}
b: {<<: *map, y: 3}
c: {y: 3, <<: [*map, {z: 4}]}
d: &text hello
e: *text
*text : f
g: {'<<': kept}
h: {<<: {x: 1}}
";
    let plain = b"
a: {x: 1, y: 2}
b: {x: 1, y: 3}
c: {x: 1, y: 3, z: 4}
d: hello
e: hello
hello: f
g: {'<<': kept}
h: {x: 1}
";
    let expanded = template::read("t", text, Aliases::Expand).unwrap();
    let plain = template::read("t", plain, Aliases::Refuse).unwrap();
    assert_eq!(expanded, plain);
    for wrong in ["a: {<<: text}", "a: &l [1]\nb: {<<: *l}", "a: {<<: []}"] {
        let error = template::read("t", wrong.as_bytes(), Aliases::Expand).unwrap_err();
        assert!(error.to_string().contains("a merge key takes a map"), "{wrong}: {error}");
    }
}

#[test]
fn an_anchor_that_nothing_uses_is_harmless() {
    assert!(Template::parse("t", b"Resources: &all {R: &one {Type: T}}").is_ok());
}

#[test]
fn circles_of_resources_are_named() {
    let cases = [
        ("A: {Type: T, Properties: {x: !Ref A}}", "2:3: circular dependency between resources: A -> A; "),
        (
            "A: {Type: T, DependsOn: B}\n  B: {Type: T, Properties: {x: !Sub '${C.Arn}'}}\n  C: {Type: T, Metadata: {x: !GetAtt A.Arn}}",
            "2:3: circular dependency between resources: A -> B -> C -> A; ",
        ),
        (
            "Z: {Type: T, DependsOn: A}\n  A: {Type: T, DependsOn: B}\n  B: {Type: T, DependsOn: [A]}",
            "3:3: circular dependency between resources: A -> B -> A; ",
        ),
    ];
    for (resources, expected) in cases {
        let text = format!("Resources:\n  {resources}\n");
        let template = Template::parse("t", text.as_bytes()).unwrap();
        let parameters = resolve_parameters(&template, &ParameterInputs::default()).unwrap();
        let (pseudo, outside) = (pseudo(), Outside::default());
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
        let error = evaluation.dependencies().unwrap_err();
        assert!(error.to_string().starts_with(&format!("t:{expected}")), "{error}");
        // Evaluation itself does not follow references, so it comes back.
        assert!(evaluation.outputs(&Unknowns).is_ok());
    }
}

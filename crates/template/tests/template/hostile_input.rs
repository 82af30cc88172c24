//! Input made to hurt: it gets an answer, soon, and never a panic.

use std::sync::mpsc::channel;
use std::time::Duration;

use indexmap::IndexMap;
use template::{Aliases, MAXIMUM_TEMPLATE_BYTES, Template, node_to_json};

use crate::support::{Numbers, exercise, vendor_templates};

#[test]
fn a_megabyte_of_anything_is_answered_soon() {
    let patterns = [
        "[",
        "{",
        "]",
        "[]",
        "[[],",
        "{\"a\":",
        "- ",
        "- - ",
        "? ",
        "a: ",
        "!Sub ",
        "!",
        "&a ",
        "*a ",
        "\"",
        "'",
        "\\",
        "|\n ",
        ">",
        "#",
        "\n",
        "\t",
        "---\n",
        "é",
        "${",
        "0",
        "a: b\n",
        "- a\n",
        "[? ",
        "<<: ",
        "? a\n: b\n",
        "\u{0}",
        "\"\\u0041",
        "\r\n",
        "%TAG ! a\n",
    ];
    for opening in ["", "Resources: ["] {
        for pattern in patterns {
            let room = MAXIMUM_TEMPLATE_BYTES - opening.len();
            let text = format!("{opening}{}", pattern.repeat(room / pattern.len()));
            // In a thread of its own, so that a hang is seen. The reader alone as well: what it takes is no template.
            let (done, answered) = channel();
            std::thread::spawn(move || {
                let parsed = Template::parse("hostile", text.as_bytes());
                let _ = template::read("hostile", text.as_bytes(), Aliases::Expand);
                done.send(parsed.is_err())
            });
            let answer = answered.recv_timeout(Duration::from_secs(20));
            assert_eq!(answer, Ok(true), "{opening:?} {pattern:?}");
        }
    }
}

/// Damages a text: bytes changed, pieces cut out, doubled, swapped with pieces of another place.
fn mutate(original: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const TOKENS: [&str; 24] = [
        "\n",
        " ",
        "  ",
        ":",
        ": ",
        "- ",
        "!Sub ",
        "!Ref ",
        "!GetAtt ",
        "${",
        "}",
        "[",
        "]",
        "{",
        "\"",
        "'",
        "|\n",
        "&a ",
        "*a",
        "<<: ",
        "Fn::ForEach::L: ",
        "AWS::NoValue",
        "\u{feff}",
        "é",
    ];
    let mut bytes = original.to_vec();
    for _ in 0..=numbers.below(3) {
        let length = bytes.len().max(1);
        let at = numbers.below(length).min(bytes.len());
        let end = (at + numbers.below(40)).min(bytes.len());
        match numbers.below(7) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = numbers.below(256) as u8;
                }
            }
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                let piece = bytes[at..end].to_vec();
                let to = numbers.below(length).min(bytes.len());
                bytes.splice(to..to, piece);
            }
            4 => {
                let token = *numbers.pick(&TOKENS);
                bytes.splice(at..at, token.bytes());
            }
            5 => {
                let token = *numbers.pick(&TOKENS);
                bytes.splice(at..end, token.bytes());
            }
            // A line indented otherwise.
            _ => {
                let line = bytes[at..].iter().position(|byte| *byte == b'\n');
                if let Some(line) = line {
                    let start = at + line + 1;
                    if numbers.below(2) == 0 {
                        bytes.splice(start..start, *b"  ");
                    } else if bytes.get(start..start + 2) == Some(b"  ") {
                        bytes.drain(start..start + 2);
                    }
                }
            }
        }
    }
    bytes
}

#[test]
fn mutated_templates_never_panic() {
    let vendors = vendor_templates();
    let no_values = IndexMap::new();
    let json = node_to_json(&Template::parse("everything.yaml", EVERYTHING.as_bytes()).unwrap().root);
    let mut originals = vec![
        ("everything.yaml", EVERYTHING.as_bytes(), &no_values, 4_000),
        ("everything.json", json.as_bytes(), &no_values, 2_000),
    ];
    for vendor in &vendors {
        // The large ones take long to read; their size adds nothing to the ways of breaking them.
        let runs = match vendor.bytes.len() {
            0..15_000 => 150,
            15_000..60_000 => 12,
            _ => 2,
        };
        originals.push((&vendor.name, &vendor.bytes, &vendor.parameters, runs));
    }
    let mut sound = 0;
    let mut runs = 0;
    for (index, (name, bytes, values, count)) in originals.into_iter().enumerate() {
        exercise(name, bytes, values).unwrap_or_else(|error| panic!("{error}"));
        let mut numbers = Numbers::seeded(index as u64 + 1);
        for _ in 0..count {
            runs += 1;
            sound += usize::from(exercise(name, &mutate(bytes, &mut numbers), values).is_ok());
        }
    }
    // Damage that nobody notices would test nothing, and damage that is always noticed only the first check.
    assert!(sound > runs / 20 && sound < runs, "{sound} of {runs} stayed sound");
}

/// A small template in which every function occurs.
const EVERYTHING: &str = r#"
AWSTemplateFormatVersion: 2010-09-09
Description: every function # and a comment
Transform: AWS::LanguageExtensions
Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups: [{Label: {default: Group}, Parameters: [Text, Zones]}]
    ParameterLabels: {Text: {default: A text}}
  Vendor::VersionInfo: {Version: 1.2.3, Commit: abc}
Parameters:
  Text: {Type: String, Default: text, AllowedPattern: '[a-z]*', MaxLength: 9}
  Count: {Type: Number, Default: 3, MinValue: 1, MaxValue: 5}
  Zones: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /image}
  Secret: {Type: String, Default: hush, NoEcho: yes}
Mappings:
  Map: {us-east-1: {Key: value, List: [x, y]}}
Conditions:
  Holds: !Equals [!Ref Count, 3]
  Fails: !Not [!Condition Holds]
  Both: !And [!Condition Holds, !Or [!Condition Fails, !Equals [!Ref Text, text]]]
  Fn::ForEach::Zones: [Zone, !Ref Zones, {'Has${Zone}': !Equals [!Ref Zone, b]}]
Rules:
  Rule:
    RuleCondition: !Equals [!Ref Text, text]
    Assertions:
      - {Assert: !Contains [[text, other], !Ref Text], AssertDescription: the text}
      - Assert: !EachMemberIn [!Ref Zones, [a, b, c]]
Resources:
  First:
    Type: AWS::Test::One
    Metadata: {Note: !Sub 'in ${AWS::Region}'}
    DeletionPolicy: !If [Both, Retain, Delete]
    Properties:
      Joined: !Join ['-', [!Ref Text, !Ref 'AWS::StackName', !If [Fails, x, !Ref 'AWS::NoValue']]]
      Selected: !Select [1, !GetAZs '']
      Split: !Split [',', 'a,b']
      Found: !FindInMap [Map, !Ref AWS::Region, Key]
      Default: !FindInMap [Map, nowhere, Key, {DefaultValue: d}]
      Blocks: !Cidr [10.0.0.0/16, 2, 8]
      Encoded: {Fn::Base64: !Sub "${Text} ${!literal} ${Second.Name}"}
      Imported: !ImportValue name
      Length: !Length [1, 2]
      Json: {'Fn::ToJsonString': {a: !Ref Count, b: [yes, 1.50]}}
      Dynamic: '{{resolve:ssm:name:1}}'
      Fn::ForEach::Keys: [Key, [a, b], {'Property${Key}': !Ref Key}]
  Second:
    Type: AWS::Test::Two
    DependsOn: [Third]
    Properties: {Name: !Sub ['${a}', {a: !Ref Third}], Fn::Transform: {Name: Macro}}
  Third:
    Type: AWS::Test::Three
    Condition: Holds
    Properties:
      Image: !Ref Image
      Text: |
        several
        lines
      Attribute: {Fn::GetAtt: [ZoneA, Arn]}
  Fn::ForEach::Resources:
    - Zone
    - [A, B]
    - Zone${Zone}: {Type: AWS::Test::Zone, Properties: {Name: !Ref Zone}}
Outputs:
  Fn::ForEach::Outputs: [Zone, [A, B], {'Output${Zone}': {Value: !GetAtt 'Zone${Zone}.Arn'}}]
  Out: {Value: !GetAtt First.Arn, Export: {Name: !Sub '${AWS::StackName}-out'}, Condition: Both}
"#;

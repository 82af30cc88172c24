//! What holds for every template: printing loses nothing, JSON and YAML mean the same, the order of keys doesn't
//! matter.

use indexmap::IndexMap;
use template::{
    Aliases, Entry, Evaluation, Node, NodeKind, ParameterInputs, Position, Template, Value, node_to_json,
    read, resolve_parameters,
};

use crate::support::{Numbers, Unknowns, outside, pseudo, resolve, vendor_templates};

/// A random tree, at most this deep. Texts are the ones that printers and YAML get wrong.
fn tree(numbers: &mut Numbers, depth: usize) -> Node {
    const TEXTS: [&str; 24] = [
        "",
        "text",
        "yes",
        "No",
        "null",
        "~",
        "0",
        "012",
        "1e3",
        "0x1F",
        "2012-10-17",
        "1:30",
        " space ",
        "a: b",
        "- a",
        "# no",
        "'",
        "\"",
        "\\",
        "line\nline\n",
        "tab\t",
        "é😀\u{7f}\u{1}",
        "${A}",
        "{{resolve:ssm:x}}",
    ];
    let kinds = if depth == 0 { 4 } else { 6 };
    let kind = match numbers.below(kinds) {
        0 => NodeKind::Bool(numbers.below(2) == 0),
        1 => NodeKind::Number(
            (*numbers.pick(&["0", "-1", "1.50", "1e3", "123456789012345678901234567890", "-0.0", "2E-7"]))
                .to_owned(),
        ),
        2 | 3 => NodeKind::String((*numbers.pick(&TEXTS)).to_owned()),
        4 => NodeKind::Sequence((0..numbers.below(5)).map(|_| tree(numbers, depth - 1)).collect()),
        _ => {
            let mut entries = IndexMap::new();
            for _ in 0..numbers.below(5) {
                let key = (*numbers.pick(&TEXTS)).to_owned();
                let value = tree(numbers, depth - 1);
                entries.insert(key, Entry::new(Position::default(), value));
            }
            NodeKind::Mapping(entries)
        }
    };
    Node::new(kind, Position::default())
}

/// A tree as YAML: flow style, every text in single or double quotes. For the tests only.
fn to_yaml(node: &Node, text: &mut String) {
    match &node.kind {
        NodeKind::Null => text.push('~'),
        NodeKind::Bool(truth) => text.push_str(if *truth { "Yes" } else { "off" }),
        NodeKind::Number(number) => text.push_str(number),
        NodeKind::String(string) => text.push_str(&serde_json::to_string(string).unwrap()),
        NodeKind::Sequence(elements) => {
            text.push('[');
            for element in elements {
                to_yaml(element, text);
                text.push_str(", ");
            }
            text.push(']');
        }
        NodeKind::Mapping(entries) => {
            if let (1, Some((key, entry))) = (entries.len(), entries.first())
                && let Some(short) = key.strip_prefix("Fn::").or((key == "Ref").then_some("Ref"))
                && !short.starts_with("ForEach::")
                && entry.value.only_entry().is_none_or(|(key, _)| !key.starts_with("Fn::") && key != "Ref")
                && !matches!(entry.value.kind, NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_))
            {
                text.push_str(&format!("!{short} "));
                return to_yaml(&entry.value, text);
            }
            text.push('{');
            for (key, entry) in entries {
                text.push_str(&serde_json::to_string(key).unwrap());
                text.push_str(": ");
                to_yaml(&entry.value, text);
                text.push_str(", ");
            }
            text.push('}');
        }
    }
}

/// A tree with the keys of every map in another order.
fn shuffled(node: &Node, numbers: &mut Numbers) -> Node {
    let kind = match &node.kind {
        NodeKind::Sequence(elements) => {
            NodeKind::Sequence(elements.iter().map(|element| shuffled(element, numbers)).collect())
        }
        NodeKind::Mapping(entries) => {
            let mut left: Vec<(&String, &Entry)> = entries.iter().collect();
            let mut entries = IndexMap::new();
            while !left.is_empty() {
                let (key, entry) = left.swap_remove(numbers.below(left.len()));
                let value = shuffled(&entry.value, numbers);
                entries.insert(key.clone(), Entry::new(entry.key_at, value));
            }
            NodeKind::Mapping(entries)
        }
        scalar => scalar.clone(),
    };
    Node::new(kind, node.at)
}

#[test]
fn printing_and_reading_a_tree_gives_the_same_tree() {
    let mut numbers = Numbers::seeded(7);
    for _ in 0..3_000 {
        let node = Node::new(
            NodeKind::Mapping(IndexMap::from([(
                "root".to_owned(),
                Entry::new(Position::default(), tree(&mut numbers, 5)),
            )])),
            Position::default(),
        );
        let json = node_to_json(&node);
        let again =
            read("json", json.as_bytes(), Aliases::Refuse).unwrap_or_else(|error| panic!("{error}\n{json}"));
        assert_eq!(node, again, "{json}");
        // What is printed is JSON to others as well.
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        let mut yaml = "--- ".to_owned();
        to_yaml(&node, &mut yaml);
        let again =
            read("yaml", yaml.as_bytes(), Aliases::Refuse).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        assert_eq!(node, again, "{yaml}");
        // Order doesn't count, content does.
        assert_eq!(node, shuffled(&node, &mut numbers));
        let other = tree(&mut numbers, 5);
        assert_eq!(node_to_json(&other) == node_to_json(&again), other == again);
    }
}

/// All that a template evaluates to: properties of the active resources and outputs, by name.
fn evaluated(template: &Template, values: &IndexMap<String, String>) -> IndexMap<String, Value> {
    let parameters = resolve(template, values);
    let (pseudo, outside) = (pseudo(), outside());
    let template = template.expand(&parameters, &pseudo).unwrap();
    let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
    let mut all = IndexMap::new();
    for resource in evaluation.active_resources() {
        let properties = evaluation.properties(resource, &Unknowns).unwrap();
        all.insert(format!("resource {}", resource.logical_id), Value::Map(properties));
    }
    for output in evaluation.outputs(&Unknowns).unwrap() {
        all.insert(format!("output {}", output.name), output.value);
    }
    let graph = evaluation.dependencies().unwrap();
    for id in graph.resources() {
        let mut needs: Vec<Value> = graph.dependencies_of(id).map(Value::string).collect();
        needs.sort_by_key(template::value_to_json);
        all.insert(format!("needs of {id}"), Value::List(needs));
    }
    all
}

#[test]
fn json_yaml_and_the_order_of_keys_make_no_difference() {
    let mut numbers = Numbers::seeded(11);
    for vendor in vendor_templates() {
        let original = Template::parse(&vendor.name, &vendor.bytes).unwrap();
        let expected = evaluated(&original, &vendor.parameters);
        assert!(!expected.is_empty());

        let json = Template::parse("json", node_to_json(&original.root).as_bytes()).unwrap();
        assert!(json.root == original.root, "{}", vendor.name);
        assert!(evaluated(&json, &vendor.parameters) == expected, "{}", vendor.name);

        let mut yaml = "--- ".to_owned();
        to_yaml(&original.root, &mut yaml);
        let yaml = Template::parse("yaml", yaml.as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", vendor.name));
        assert!(yaml.root == original.root, "{}", vendor.name);
        assert!(evaluated(&yaml, &vendor.parameters) == expected, "{}", vendor.name);

        let other = shuffled(&original.root, &mut numbers);
        let other = Template::from_tree("shuffled", original.size_bytes, other).unwrap();
        assert!(evaluated(&other, &vendor.parameters) == expected, "{}", vendor.name);
    }
}

#[test]
fn active_resources_keep_the_templates_order() {
    let text =
        "Resources: {B: {Type: T, Properties: {z: 1, a: 2}}, A: {Type: T, DependsOn: C}, C: {Type: T}}";
    let template = Template::parse("t", text.as_bytes()).unwrap();
    let parameters = resolve_parameters(&template, &ParameterInputs::default()).unwrap();
    let (pseudo, outside) = (pseudo(), outside());
    let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
    let order: Vec<_> = evaluation.active_resources().map(|one| one.logical_id.as_str()).collect();
    assert_eq!(order, ["B", "A", "C"]);
    let properties = evaluation.properties(&template.resources["B"], &Unknowns).unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["z", "a"]);
    let graph = evaluation.dependencies().unwrap();
    assert_eq!(graph.topological_order(), ["B", "C", "A"]);
}

//! Every release of every vendor to the next one: predicted in both modes without an error or an unexplained
//! unknown, the same whatever the order of keys, and empty from a release to itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::support::{Resolved, predict_between, read_json, read_template, real_pseudo, shared, texts};
use changeset::ChangeSet;
use changeset::change_set::{ChangeSource, Evaluation};
use changeset::expect::{Expected, expectations};
use changeset::predict::{Deployed, Mode, predict};
use indexmap::IndexMap;
use template::{Entry, Node, NodeKind, Outside, Template};

const VENDORS: [&str; 5] = ["buildkite", "buildkite-service-role", "code-ocean", "metaflow", "runs-on"];
const MODES: [Mode; 2] = [Mode::Plain, Mode::Values];

/// The releases of a vendor, oldest first.
fn releases(vendor: &str) -> Option<Vec<String>> {
    let folder: PathBuf = shared(&format!("templates/{vendor}"))?;
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".yml") || name.ends_with(".yaml"))
        .collect();
    names.sort();
    Some(names.into_iter().map(|name| format!("templates/{vendor}/{name}")).collect())
}

fn given(vendor: &str) -> BTreeMap<String, String> {
    let mut given = read_json(&format!("templates/{vendor}/parameters.json"))
        .map(|json| texts(&json))
        .unwrap_or_default();
    if vendor == "buildkite" {
        // The releases here are the vendor's sources, whose mapping of images is filled in when they are
        // published.
        given.insert("ImageId".to_owned(), "ami-00000000000000000".to_owned());
    }
    given
}

#[test]
fn every_release_is_predicted_from_the_one_before() {
    let (mut pairs, mut changed) = (0, 0);
    for vendor in VENDORS {
        let Some(releases) = releases(vendor) else { return };
        let given = given(vendor);
        let mut previous: Option<Resolved> = None;
        for release in releases {
            let after = Resolved::new(
                read_template(&release),
                &given,
                previous.as_ref().map(|side| &side.parameters),
                &BTreeMap::new(),
            );
            if let Some(before) = &previous {
                pairs += 1;
                changed += usize::from(check_pair(before, &after));
            }
            previous = Some(after);
        }
    }
    println!("{pairs} pairs of releases, {changed} with changes");
    assert!(pairs >= 26, "the templates have shrunk to {pairs} pairs");
    assert!(changed + 2 >= pairs, "too many releases change nothing");
}

/// Gives whether anything changes.
fn check_pair(before: &Resolved, after: &Resolved) -> bool {
    let name = format!("{} to {}", before.template.name, after.template.name);
    let (pseudo, outside, deployed) = (real_pseudo(), Outside::default(), Deployed::default());
    let (old, new) = (before.evaluation(&pseudo, &outside), after.evaluation(&pseudo, &outside));
    let predict =
        |mode| predict(Some(&old), &new, &deployed, mode).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (plain, values) = (predict(Mode::Plain), predict(Mode::Values));
    let expected = expectations(Some(&old), &new, &deployed, &plain, &values)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    for change in plain.changes.iter().chain(&values.changes) {
        let text =
            serde_json::to_string(&changeset::wire::changes(&ChangeSet { changes: vec![change.clone()] }))
                .expect("JSON");
        assert!(!text.contains("perhaps changed"), "{name}: {} shows what is ours", change.logical_id);
        for unknown in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            let explained = ["changeSet:KNOWN_AFTER_APPLY", "deployed:", "outside:", "resolve:"]
                .iter()
                .any(|start| unknown.starts_with(start));
            // Templates hold double braces of their own (Jinja, Go templates); those are text.
            let ours = unknown.contains("null") && unknown.len() < 8;
            assert!(explained || !ours, "{name}: {}: unexplained {unknown}", change.logical_id);
        }
    }
    for one in &expected {
        assert!(!one.because.is_empty(), "{name}: {} is {:?} without a reason", one.logical_id, one.expected);
    }
    let count = |wanted| expected.iter().filter(|one| one.expected == wanted).count();
    println!(
        "{name}: plain {}, values {}, replaced {}, may be replaced {}, fails {}",
        plain.changes.len(),
        values.changes.len(),
        count(Expected::Replaced),
        count(Expected::MayBeReplaced),
        count(Expected::Fails)
    );
    !plain.changes.is_empty()
}

#[test]
fn a_release_to_itself_changes_nothing() {
    for vendor in VENDORS {
        let Some(releases) = releases(vendor) else { return };
        for release in releases {
            let side = Resolved::new(read_template(&release), &given(vendor), None, &BTreeMap::new());
            for mode in MODES {
                let made = predict_between(Some(&side), &side, &Deployed::default(), mode, &real_pseudo())
                    .expect("a prediction");
                for change in &made.changes {
                    // AWS lists every nested stack on every update: its template is not compared.
                    let automatic = change
                        .details
                        .iter()
                        .all(|detail| detail.change_source == Some(ChangeSource::Automatic));
                    let reads_one =
                        change.details.iter().all(|detail| detail.evaluation == Evaluation::Dynamic);
                    assert!(automatic || reads_one, "{release} to itself changes {}", change.logical_id);
                }
                let nested = side
                    .template
                    .resources
                    .values()
                    .any(|resource| resource.type_name == "AWS::CloudFormation::Stack");
                assert!(nested || made.changes.is_empty(), "{release} to itself: {made:?}");
            }
        }
    }
}

#[test]
fn the_order_of_keys_does_not_matter() {
    for vendor in VENDORS {
        let Some(releases) = releases(vendor) else { return };
        let given = given(vendor);
        for pair in releases.windows(2).rev().take(3) {
            let sides = |turn: bool| -> Vec<Resolved> {
                let mut made: Vec<Resolved> = Vec::new();
                for release in pair {
                    let template = read_template(release);
                    let template = if turn { turned(&template) } else { template };
                    let previous = made.first().map(|side| &side.parameters);
                    let side = Resolved::new(template, &given, previous, &BTreeMap::new());
                    made.push(side);
                }
                made
            };
            let (straight, turned) = (sides(false), sides(true));
            for mode in MODES {
                let predict = |sides: &[Resolved]| {
                    predict_between(Some(&sides[0]), &sides[1], &Deployed::default(), mode, &real_pseudo())
                        .expect("a prediction")
                };
                assert_eq!(comparable(predict(&straight)), comparable(predict(&turned)), "{pair:?} {mode:?}");
            }
        }
    }
}

/// JSON text of a map keeps the template's order of keys, as AWS's does; it is compared by content.
fn comparable(mut change_set: ChangeSet) -> ChangeSet {
    for change in &mut change_set.changes {
        for detail in &mut change.details {
            for text in
                [&mut detail.target.before_value, &mut detail.target.after_value].into_iter().flatten()
            {
                if let Ok(json @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) =
                    serde_json::from_str::<serde_json::Value>(text)
                {
                    *text = sorted(&json);
                }
            }
        }
    }
    change_set
}

fn sorted(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::Object(entries) => {
            let ordered: BTreeMap<&String, String> =
                entries.iter().map(|(key, value)| (key, sorted(value))).collect();
            format!("{ordered:?}")
        }
        serde_json::Value::Array(items) => format!("{:?}", items.iter().map(sorted).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

/// The same template with the keys of every map in reverse order.
fn turned(template: &Template) -> Template {
    Template::from_tree(&template.name, template.size_bytes, turned_node(&template.root))
        .expect("a sound template")
}

fn turned_node(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::Mapping(entries) => NodeKind::Mapping(
            entries
                .iter()
                .rev()
                .map(|(key, entry)| (key.clone(), Entry::new(entry.key_at, turned_node(&entry.value))))
                .collect::<IndexMap<_, _>>(),
        ),
        NodeKind::Sequence(elements) => NodeKind::Sequence(elements.iter().map(turned_node).collect()),
        other => other.clone(),
    };
    Node::new(kind, node.at)
}

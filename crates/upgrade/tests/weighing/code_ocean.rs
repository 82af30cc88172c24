//! Code Ocean v3.7.0 to v3.8.2, whose 77 changes AWS may spell in two ways.

use std::collections::BTreeMap;

use changeset::change_set::{Attribute, Target};
use changeset::{ChangeSet, Deployed};
use template::{Pseudo, Template};

use crate::support::{Release, changes, predict_between, shared, weigh_plainly};

fn prediction() -> Option<ChangeSet> {
    let pseudo = Pseudo {
        account_id: "111111111111".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "platform".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:111111111111:stack/platform/1".to_owned(),
        notification_arns: Vec::new(),
    };
    let template = |name: &str| {
        let text = shared(&format!("templates/code-ocean/{name}"))?;
        Some(Template::parse(name, text.as_bytes()).unwrap_or_else(|error| panic!("{error}")))
    };
    let given: BTreeMap<String, String> =
        serde_json::from_str(&shared("templates/code-ocean/parameters.json")?).expect("a map of texts");
    let ssm = BTreeMap::new();
    let before = Release::new(template("v3.7.0.yaml")?, &given, None, &ssm, &pseudo);
    let after = Release::new(template("v3.8.2.yaml")?, &given, Some(&before), &ssm, &pseudo);
    Some(predict_between(Some(&before), &after, &Deployed::default(), &pseudo).plain)
}

/// Every change of tags in one spelling. Gives how many resources have one.
fn spell_tags(set: &mut ChangeSet, attribute: Attribute, name: Option<&str>) -> usize {
    let mut resources = 0;
    for change in &mut set.changes {
        let mut found = false;
        for Target { attribute: of, name: named, .. } in
            change.details.iter_mut().map(|detail| &mut detail.target)
        {
            if *of == Attribute::Tags || named.as_deref() == Some("Tags") {
                (*of, *named) = (attribute, name.map(str::to_owned));
                found = true;
            }
        }
        if found {
            resources += 1;
            change.scope = change.details.iter().map(|detail| detail.target.attribute).collect();
            change.scope.sort_unstable();
            change.scope.dedup();
        }
    }
    resources
}

#[test]
fn either_spelling_of_tags_passes_for_the_other_over_a_whole_release() {
    let Some(prediction) = prediction() else { return };
    let (mut old, mut new) = (prediction.clone(), prediction.clone());
    let with_tags = spell_tags(&mut old, Attribute::Tags, None);
    assert_eq!(spell_tags(&mut new, Attribute::Properties, Some("Tags")), with_tags);
    assert_ne!(old, new);
    for (name, approved, actual) in
        [("old approved, new recorded", &old, &new), ("new approved, old recorded", &new, &old)]
    {
        let weighing = weigh_plainly(&changes(approved), &changes(actual));
        println!(
            "{name}: {} changes, {with_tags} with tags: {} stops, {} remarks",
            approved.changes.len(),
            weighing.stops.len(),
            weighing.remarks.len()
        );
        assert!(weighing.stops.is_empty(), "{:#?}", weighing.stops);
        assert!(weighing.remarks.len() <= with_tags, "{:#?}", weighing.remarks);
    }
    assert!(with_tags >= 18, "the release has shrunk to {with_tags}");
    assert!(prediction.changes.len() >= 77, "the release has shrunk to {}", prediction.changes.len());
}

/// Each of the release's changes, and each of their details, is missed when it goes.
#[test]
fn nothing_can_be_taken_from_a_release_or_added_to_it_unnoticed() {
    let Some(prediction) = prediction() else { return };
    let whole = changes(&prediction);
    let (mut parts, mut noticed) = (0, 0);
    for (place, change) in whole.iter().enumerate() {
        let mut without = whole.clone();
        without.remove(place);
        assert_eq!(weigh_plainly(&whole, &without).stops.len(), 1, "{}", change.logical_id);
        assert_eq!(weigh_plainly(&without, &whole).stops.len(), 1, "{}", change.logical_id);
        for detail in &change.details {
            let mut without = whole.clone();
            let poorer = &mut without[place];
            poorer.details.retain(|one| one.name != detail.name || one.attribute != detail.attribute);
            poorer.scope = poorer.details.iter().map(|one| one.attribute.clone()).collect();
            let added = weigh_plainly(&without, &whole);
            assert!(!added.stops.is_empty(), "{}: {detail} was added unnoticed", change.logical_id);
            let taken = weigh_plainly(&whole, &without);
            noticed += usize::from(!taken.stops.is_empty());
            assert!(!taken.stops.is_empty() || !taken.remarks.is_empty(), "{}: {detail}", change.logical_id);
            parts += 1;
        }
    }
    println!(
        "{} changes, {parts} details: each addition stops; {noticed} omissions stop, the rest are remarks",
        whole.len()
    );
}

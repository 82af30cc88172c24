//! Each kind of difference, and whether it stops a run.

use std::collections::BTreeSet;

use upgrade::{Change, ChangeDetail, weigh};

use crate::support::weigh_plainly;

/// What a difference weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Stop,
    Remark,
    Nothing,
}
use Weight::{Nothing, Remark, Stop};

fn detail(
    name: &str,
    recreation: &str,
    evaluation: &str,
    source: &str,
    entity: Option<&str>,
) -> ChangeDetail {
    ChangeDetail::new("Properties", Some(name), Some(recreation), evaluation, Some(source), entity)
}

/// A group that may be replaced, a database that is, a topic that goes, a queue that comes.
fn approved() -> Vec<Change> {
    let properties = || ["Properties".to_owned()];
    vec![
        Change::new(
            "Workers",
            "AWS::AutoScaling::AutoScalingGroup",
            "Modify",
            Some("Conditional"),
            properties(),
            [
                detail("MaxSize", "Never", "Static", "DirectModification", None),
                detail("Tags", "Never", "Static", "DirectModification", None),
                detail(
                    "AutoScalingGroupName",
                    "Always",
                    "Dynamic",
                    "ResourceAttribute",
                    Some("Template.LatestVersionNumber"),
                ),
            ],
        ),
        Change::new(
            "Database",
            "AWS::RDS::DBInstance",
            "Modify",
            Some("True"),
            properties(),
            [detail("MasterUsername", "Always", "Static", "ParameterReference", Some("pUser"))],
        )
        .with_policy_action(Some("ReplaceAndSnapshot")),
        Change::new("Topic", "AWS::SNS::Topic", "Remove", None, [], []).with_policy_action(Some("Retain")),
        Change::new("Queue", "AWS::SQS::Queue", "Add", None, [], []),
    ]
}

type Case = (&'static str, fn(&mut Vec<Change>), Weight, &'static str);

const WORKERS: usize = 0;
const DATABASE: usize = 1;
const TOPIC: usize = 2;
const QUEUE: usize = 3;

fn change_detail(changes: &mut [Change], name: &str, change: impl Fn(&mut ChangeDetail)) {
    for one in changes {
        let details = std::mem::take(&mut one.details).into_iter();
        one.details = details
            .map(|mut detail| {
                if detail.name.as_deref() == Some(name) {
                    change(&mut detail);
                }
                detail
            })
            .collect();
    }
}

fn add_detail(change: &mut Change, attribute: &str, name: Option<&str>) {
    change.details.insert(ChangeDetail::new(attribute, name, Some("Never"), "Static", None, None));
}

/// What AWS answers instead, what that weighs, and words that say so.
const CASES: &[Case] = &[
    ("the same", |_| (), Nothing, ""),
    ("another order", |set| set.reverse(), Nothing, ""),
    (
        "another resource",
        |set| set.push(Change::new("Bucket", "AWS::S3::Bucket", "Remove", None, [], [])),
        Stop,
        "Bucket (AWS::S3::Bucket): AWS will remove it, and nobody approved that",
    ),
    (
        "another resource that is only added",
        |set| set.push(Change::new("Bucket", "AWS::S3::Bucket", "Add", None, [], [])),
        Stop,
        "AWS will add it",
    ),
    ("the same resource twice", |set| set.push(set[QUEUE].clone()), Nothing, ""),
    (
        "the same resource twice, the second time otherwise",
        |set| set.push(Change { action: "Remove".to_owned(), ..set[QUEUE].clone() }),
        Stop,
        "Queue: approved to add it, and AWS will remove it",
    ),
    (
        "another type under the name",
        |set| set[QUEUE].resource_type = "AWS::SNS::Topic".to_owned(),
        Stop,
        "Queue: approved as AWS::SQS::Queue, and AWS has AWS::SNS::Topic",
    ),
    (
        "a change left out",
        |set| drop(set.remove(WORKERS)),
        Stop,
        "Workers (AWS::AutoScaling::AutoScalingGroup): approved to modify it, and AWS will not",
    ),
    ("a removal left out", |set| drop(set.remove(TOPIC)), Stop, "approved to remove it"),
    ("an addition left out", |set| drop(set.remove(QUEUE)), Stop, "approved to add it"),
    ("nothing at all", Vec::clear, Stop, "and AWS will not"),
    (
        "removed instead of modified",
        |set| set[DATABASE].action = "Remove".to_owned(),
        Stop,
        "Database: approved to modify it, and AWS will remove it",
    ),
    ("modified instead of added", |set| set[QUEUE].action = "Modify".to_owned(), Stop, "modify it"),
    ("modified instead of removed", |set| set[TOPIC].action = "Modify".to_owned(), Stop, "modify it"),
    ("imported instead of added", |set| set[QUEUE].action = "Import".to_owned(), Stop, "import it"),
    ("not known yet", |set| set[DATABASE].action = "Dynamic".to_owned(), Stop, "only executing tells"),
    ("an action of the future", |set| set[DATABASE].action = "Sync".to_owned(), Stop, "AWS will Sync"),
    (
        "certainly replaced instead of perhaps",
        |set| set[WORKERS].replacement = Some("True".to_owned()),
        Stop,
        "Workers: approved replacement Conditional, AWS says True",
    ),
    (
        "changed in place instead of perhaps replaced",
        |set| set[WORKERS].replacement = Some("False".to_owned()),
        Remark,
        "AWS says False",
    ),
    (
        "perhaps replaced instead of certainly",
        |set| set[DATABASE].replacement = Some("Conditional".to_owned()),
        Remark,
        "approved replacement True, AWS says Conditional",
    ),
    ("no word on replacement, and details that say it", |set| set[WORKERS].replacement = None, Nothing, ""),
    (
        "no word on replacement, and details that say more",
        |set| {
            set[WORKERS].replacement = None;
            change_detail(set, "AutoScalingGroupName", |detail| detail.evaluation = "Static".to_owned());
        },
        Stop,
        "AWS says True",
    ),
    (
        "a replacement of the future",
        |set| set[DATABASE].replacement = Some("Twice".to_owned()),
        Stop,
        "AWS says Twice",
    ),
    ("a replacement of an addition", |set| set[QUEUE] = added_with_replacement(), Nothing, ""),
    (
        "deleted instead of kept",
        |set| set[TOPIC].policy_action = Some("Delete".to_owned()),
        Stop,
        "Topic: approved for the old resource Retain, AWS says Delete",
    ),
    (
        "deleted without the snapshot",
        |set| set[DATABASE].policy_action = Some("ReplaceAndDelete".to_owned()),
        Stop,
        "AWS says ReplaceAndDelete",
    ),
    (
        "kept instead of deleted after a snapshot",
        |set| set[DATABASE].policy_action = Some("ReplaceAndRetain".to_owned()),
        Remark,
        "AWS says ReplaceAndRetain",
    ),
    ("no word on the old resource", |set| set[DATABASE].policy_action = None, Remark, "AWS says nothing"),
    (
        "another property",
        |set| add_detail(&mut set[WORKERS], "Properties", Some("MinSize")),
        Stop,
        "Workers: AWS will change MinSize, and nobody approved that",
    ),
    (
        "another attribute",
        |set| add_detail(&mut set[WORKERS], "DeletionPolicy", None),
        Stop,
        "AWS will change DeletionPolicy",
    ),
    (
        "a property without a name",
        |set| add_detail(&mut set[WORKERS], "Properties", None),
        Stop,
        "AWS will change Properties",
    ),
    (
        "an attribute that only the scope names",
        |set| {
            set[WORKERS].scope.insert("UpdatePolicy".to_owned());
        },
        Stop,
        "AWS will change UpdatePolicy",
    ),
    (
        "a certain change of a property left out",
        |set| set[WORKERS].details.retain(|detail| detail.name.as_deref() != Some("MaxSize")),
        Stop,
        "Workers: a change of MaxSize was approved, and AWS makes none",
    ),
    (
        "a possible change of a property left out",
        |set| set[WORKERS].details.retain(|detail| detail.name.as_deref() != Some("AutoScalingGroupName")),
        Remark,
        "a possible change of AutoScalingGroupName was approved, and AWS lists none",
    ),
    (
        "another cause",
        |set| {
            change_detail(set, "MaxSize", |detail| {
                detail.change_source = Some("ParameterReference".to_owned())
            })
        },
        Remark,
        "[Properties.MaxSize (Never) Static ParameterReference]",
    ),
    (
        "another causing entity",
        |set| change_detail(set, "MasterUsername", |detail| detail.causing_entity = None),
        Remark,
        "ParameterReference pUser",
    ),
    (
        "another evaluation",
        |set| change_detail(set, "MaxSize", |detail| detail.evaluation = "Dynamic".to_owned()),
        Remark,
        "Dynamic",
    ),
    (
        "another price of the same property, the replacement being the same",
        |set| {
            change_detail(set, "MaxSize", |detail| {
                detail.requires_recreation = Some("Conditionally".to_owned())
            })
        },
        Remark,
        "(Conditionally)",
    ),
    (
        "another cause besides",
        |set| {
            set[DATABASE].details.insert(detail(
                "MasterUsername",
                "Always",
                "Dynamic",
                "DirectModification",
                None,
            ));
        },
        Remark,
        "DirectModification",
    ),
    (
        "no scope",
        |set| set[DATABASE].scope.clear(),
        Remark,
        "Database: approved with scope [Properties], and AWS says []",
    ),
    ("tags in the old spelling", spell_tags_in_the_old_way, Nothing, ""),
];

fn added_with_replacement() -> Change {
    Change::new("Queue", "AWS::SQS::Queue", "Add", Some("True"), [], [])
}

fn spell_tags_in_the_old_way(set: &mut Vec<Change>) {
    let workers = set.remove(WORKERS);
    let tags = ChangeDetail::new("Tags", None, Some("Never"), "Static", Some("DirectModification"), None);
    let others = workers.details.iter().filter(|detail| detail.name.as_deref() != Some("Tags")).cloned();
    let details: Vec<ChangeDetail> = others.chain([tags]).collect();
    let scope = ["Properties".to_owned(), "Tags".to_owned()];
    let replacement = workers.replacement.as_deref();
    set.push(Change::new("Workers", &workers.resource_type, "Modify", replacement, scope, details));
}

#[test]
fn each_kind_of_difference_stops_or_is_remarked() {
    for (name, answer, expected, words) in CASES {
        let (approved, mut actual) = (approved(), approved());
        answer(&mut actual);
        let weighing = weigh_plainly(&approved, &actual);
        let found = match (weighing.stops.is_empty(), weighing.remarks.is_empty()) {
            (false, _) => Stop,
            (true, false) => Remark,
            (true, true) => Nothing,
        };
        assert_eq!(found, *expected, "{name}: {weighing:#?}");
        let told: Vec<String> =
            weighing.stops.iter().chain(&weighing.remarks).map(ToString::to_string).collect();
        assert!(told.join("\n").contains(words), "{name}: {told:#?} lack {words:?}");
    }
    println!("{} differences", CASES.len());
}

#[test]
fn a_silence_is_foretold_by_name_and_excuses_nothing_else() {
    let (approved, mut actual) = (approved(), approved());
    actual.remove(WORKERS);
    let silent = BTreeSet::from(["Workers"]);
    assert!(weigh(&approved, &actual, &silent).stops.is_empty());
    assert_eq!(weigh(&approved, &actual, &BTreeSet::from(["Topic"])).stops.len(), 1);
    // Where AWS speaks after all, what it says is weighed.
    let mut speaks = self::approved();
    speaks[WORKERS].replacement = Some("True".to_owned());
    assert_eq!(weigh(&approved, &speaks, &silent).stops.len(), 1);
}

#[test]
fn a_detail_is_told_in_one_line() {
    for (detail, line) in [
        (
            detail("Name", "Always", "Static", "ParameterReference", Some("pName")),
            "Properties.Name (Always) Static ParameterReference pName",
        ),
        (ChangeDetail::new("Metadata", None, None, "Static", None, None), "Metadata Static"),
        (
            ChangeDetail::new("Tags", None, Some("Never"), "Dynamic", None, None),
            "Properties.Tags (Never) Dynamic",
        ),
    ] {
        assert_eq!(detail.to_string(), line);
    }
}

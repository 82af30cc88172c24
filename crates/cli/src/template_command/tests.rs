//! What is read off the sample platform's release, and the promises of the output.

use std::collections::BTreeMap;

use changeset::permissions::Why;
use template::Template;

use super::{answer, pseudo, release, table};

const SAMPLE: &str = include_str!("../../../../deploy/sample/1.1.0.yaml");

const ODD: &str = r#"
Parameters:
  Secret: { Type: String, NoEcho: true, Default: hunter2, MinLength: 5 }
  Wide: { Type: String, AllowedPattern: "[a-z]+" }
Conditions:
  IsWide: !Equals [!Ref Wide, "wide"]
Resources:
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: odd, AssumeRolePolicyDocument: {} } }
  Queue: { Type: AWS::SQS::Queue, Condition: IsWide, Properties: { QueueName: odd } }
  Table: { Type: AWS::DynamoDB::Table, DeletionPolicy: Retain, Properties: { KeySchema: [] } }
  Member: { Type: AWS::RDS::DBInstance, Properties: { DBClusterIdentifier: c } }
  Alone: { Type: AWS::RDS::DBInstance, Properties: { AllocatedStorage: "20" } }
  Ours: { Type: Custom::Thing, Properties: { ServiceToken: x } }
"#;

fn template(text: &str) -> Template {
    Template::parse("release.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_stands_out_is_read_off_the_template() {
    let template = template(ODD);
    let release = release::read(&template, &BTreeMap::new(), &pseudo(), None);
    assert!(release.version.is_none());
    let count = |service: &str, kind: &str| release.services[service][kind];
    assert_eq!((count("SQS", "Queue").always, count("SQS", "Queue").conditional), (0, 1));
    assert_eq!((count("RDS", "DBInstance").always, count("Custom", "Thing").always), (2, 1));
    let named: Vec<&str> = release.custom_named.iter().map(|one| one.resource.logical_id.as_str()).collect();
    assert_eq!(named, ["Role", "Queue"]);
    let policies: Vec<(&str, &str, &str)> = release
        .stateful
        .iter()
        .map(|one| {
            let id = one.resource.logical_id.as_str();
            (id, one.deletion_policy.word(), one.update_replace_policy.word())
        })
        .filter(|(id, ..)| *id != "Queue")
        .collect();
    assert_eq!(
        policies,
        [("Table", "Retain", "Delete"), ("Member", "Delete", "Delete"), ("Alone", "Snapshot", "Delete")]
    );
    let maintenance = release.maintenance.as_ref().expect("it can be seen");
    assert_eq!(maintenance.taken_as_empty, ["Wide"]);
}

#[test]
fn a_role_that_deploys_it_may_create_change_and_delete_and_nothing_else() {
    let role = release::deployment_role(&template(ODD));
    assert!(role.groups[&Why::Create].actions.contains("iam:CreateRole"));
    assert!(role.groups[&Why::Delete].actions.contains("dynamodb:DeleteTable"));
    assert!(
        role.groups
            .iter()
            .all(|(why, group)| { *why == Why::PassRole || !group.actions.contains("iam:PassRole") })
    );
    assert!(!role.groups.contains_key(&Why::ChangeSet), "that is for whoever starts the update");
    assert_eq!(role.unknown_types.iter().collect::<Vec<_>>(), ["Custom::Thing"]);
}

#[test]
fn a_secrets_default_is_shown_nowhere() {
    let template = template(ODD);
    let release = release::read(&template, &BTreeMap::new(), &pseudo(), None);
    let role = release::deployment_role(&template);
    let told = answer::answer(&release, &role);
    let (shown, sent) = (table::render(&release, 80), crate::answers::document(&told).to_string());
    assert!(shown.contains("default ****, secret"));
    assert!(!shown.contains("hunter2") && !sent.contains("hunter2"));
}

#[test]
fn the_table_fits_80_columns() {
    let template = template(SAMPLE);
    let release = release::read(&template, &BTreeMap::new(), &pseudo(), None);
    let version = release.version.as_ref().map(|one| (one.version.as_str(), one.metadata_key.as_str()));
    assert_eq!(version, Some(("1.1.0", "Sample::VersionInfo")));
    let shown = anstream::adapter::strip_str(&table::render(&release, 80)).to_string();
    for line in shown.lines().filter(|line| !line.contains("they can't be replaced")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

//! A deployment with a linked backup stack, in another account and Region, and a linked deployment role.

use cli::snapshot::{Part, Snapshot, StackSnapshot, WorkSnapshot};
use template::Template;

use crate::common::Releases;

/// A platform with a linked backup and role stack, and people at work.
pub fn snapshot_with_linked_stacks(releases: &Releases) -> Snapshot {
    let text = String::from_utf8(releases.from.clone()).expect("a template is text");
    let template = Template::parse("from.yaml", text.as_bytes()).expect("a template");
    let mut snapshot = Snapshot::of_template("platform", &text, &template, &releases.parameters);
    let lab = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/lab");
        std::fs::read_to_string(format!("{folder}/{name}")).expect("the lab's")
    };
    let linked = |part, name: &str, from: &str, to: &str, account: &str, region: &str| StackSnapshot {
        part,
        name: name.to_owned(),
        account_id: account.to_owned(),
        region: region.to_owned(),
        template: lab(from),
        next_template: Some(lab(to)),
        parameters: Default::default(),
        secret_parameters: Vec::new(),
        ..snapshot.stacks[0].clone()
    };
    let backup = linked(
        Part::Backup,
        "backup",
        "backup-1.0.0.yaml",
        "backup-1.1.0.yaml",
        "111111111111",
        "eu-central-1",
    );
    let role = linked(
        Part::Role,
        "deployment-role",
        "deployment-role-1.0.0.yaml",
        "deployment-role-1.1.0.yaml",
        "000000000000",
        "us-east-1",
    );
    snapshot.stacks.extend([backup, role]);
    let work = |number: u32| WorkSnapshot {
        name: format!("work-{number}"),
        owner: Some("ada@example.com".to_owned()),
        unsaved: Some(number),
    };
    snapshot.sessions = (1..6).map(work).collect();
    snapshot.computations = (1..4).map(work).collect();
    snapshot.settings.adapter = "http".to_owned();
    snapshot
}

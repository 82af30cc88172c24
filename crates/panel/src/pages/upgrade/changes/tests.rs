//! An update of nothing but tags is said to be so.

use upgrade::{ChangedProperty, ExpectedChange, Fate, Foretold, Proposal, StackUpdate, UpdateKind};

use super::counts;

/// A stack whose resources are updated in place, in these properties.
fn foretold(paths: &[(&str, &str)]) -> Foretold {
    let expected = |id: &str| ExpectedChange {
        logical_id: id.to_owned(),
        resource_type: "AWS::SQS::Queue".to_owned(),
        expected: Fate::UpdatedInPlace,
        aws_plain: None,
        aws_values: None,
        differs_from_aws: false,
        because: Vec::new(),
    };
    let changed = |(id, path): &(&str, &str)| ChangedProperty {
        update: UpdateKind::Primary,
        logical_id: (*id).to_owned(),
        path: (*path).to_owned(),
        before: Some("1.0".to_owned()),
        after: Some("1.1".to_owned()),
    };
    let proposal = Proposal {
        change_set_name: String::new(),
        template_url: String::new(),
        template_sha256: String::new(),
        parameters: Vec::new(),
        capabilities: Vec::new(),
        role_arn: None,
        tags: None,
        notification_arns: None,
        rollback_triggers: None,
        monitoring_minutes: None,
    };
    let update = StackUpdate {
        estimated_seconds: 0,
        point_of_no_return: None,
        kind: UpdateKind::Primary,
        stack_name: "lab".to_owned(),
        stack_id: String::new(),
        from_version: None,
        to_version: None,
        proposal,
        predicted: Vec::new(),
        expected: ["Jobs", "Mail"].map(expected).to_vec(),
    };
    Foretold {
        updates: vec![update],
        risks: Vec::new(),
        permissions: String::new(),
        losses: Vec::new(),
        properties: paths.iter().map(changed).collect(),
    }
}

#[test]
fn an_update_of_nothing_but_tags_is_said_to_be_so() {
    let told = |paths: &[(&str, &str)]| counts(&foretold(paths), &[]).into_string();
    let all = told(&[("Jobs", "Tags/0/Value"), ("Mail", "Tags")]);
    assert!(
        all.contains("Nothing but tags changes.") && all.contains("2 of them in nothing but tags"),
        "{all}"
    );
    let some = told(&[("Jobs", "Tags/0/Value"), ("Mail", "DelaySeconds")]);
    assert!(!some.contains("Nothing but tags") && some.contains("1 of them in nothing but tags"), "{some}");
}

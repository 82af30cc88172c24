//! A release that a house may be upgraded to: its parameters, checks and plan, as a backend would find them.

use std::collections::BTreeMap;

use panel::proposals::{Preparation, Secrets, TemplateDifference};
use upgrade::{
    Announcement, AtWork, ChangedProperty, CheckResult, DrainPolicy, Escalation, ExpectedChange, Fate,
    Foretold, MaintenancePolicy, ParameterConstraints, ParameterFix, ParameterPlace, ParameterRow, Piece,
    Plan, PlannedRisk, Proposal, Session, SessionKind, StackSettings, StackUpdate, Step, Timestamp,
    UnpinnedPiece, Unsaved, UpdateKind, UpgradeChoices, Verdict,
};

/// A resource whose data goes with it.
pub const LOSS: &str = "OldTable";

/// What a look finds. The storage must be set right, the termination protection and the loss must be accepted.
pub fn preparation(choices: &UpgradeChoices, at: Timestamp) -> Preparation {
    let accepted = |what: &str| choices.accepted.iter().any(|one| one.what == what);
    let size = choices.given.get("Size").map_or("20", String::as_str);
    let mut checks = vec![check("template-limits", "Limits", Verdict::Passed)];
    let mut storage = check("database-storage", "Database storage", Verdict::Failed);
    if size == "37" {
        storage.verdict = Verdict::Passed;
    } else {
        storage.fixes = vec![ParameterFix {
            parameter: "Size".to_owned(),
            value: "37".to_owned(),
            because: "Database has 37 GiB, and storage never shrinks.".to_owned(),
        }];
    }
    checks.push(storage);
    checks.push(check("termination-protection", "Termination protection", Verdict::Warning));
    checks.push(check("drift", "Drift", Verdict::Warning));
    for (id, title) in [("gate-space", "Room for the gate"), ("permissions-role", "Permissions of the role")]
    {
        let mut singly = check(id, title, Verdict::Warning);
        singly.accepted_singly = true;
        // A size of 50 is refused to somebody else.
        if id == "permissions-role" && size == "50" {
            singly.warnings = vec!["Another action is refused.".to_owned()];
            singly.evidence.clone_from(&singly.warnings);
        }
        checks.push(singly);
    }
    let lost = if accepted(LOSS) { Verdict::Passed } else { Verdict::Failed };
    checks.push(check("replacements", "Data that would be lost", lost));
    let in_the_way: Vec<String> = checks
        .iter()
        .filter(|check| match check.verdict {
            Verdict::Failed => true,
            Verdict::Warning => !choices.accepted.iter().any(|one| one.covers(check)),
            Verdict::Passed | Verdict::Skipped => false,
        })
        .map(|check| check.id.clone())
        .collect();
    let foretold = Foretold {
        updates: vec![update()],
        risks: vec![PlannedRisk {
            update: UpdateKind::Primary,
            kind: "data is lost".to_owned(),
            certain: true,
            logical_id: Some(LOSS.to_owned()),
            because: "OldTable is replaced, and the old one is deleted.".to_owned(),
        }],
        permissions: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
        losses: vec![LOSS.to_owned()],
        properties: vec![changed("KeySchema/0/AttributeName", Some("id"), Some("key"))],
    };
    let plan = in_the_way.is_empty().then(|| plan(choices, &foretold, &checks));
    Preparation {
        at,
        to_version: Some("2.0.0".to_owned()),
        checks,
        parameters: parameters(choices, size),
        from_version: Some("1.0.0".to_owned()),
        stack: StackSettings {
            tags: BTreeMap::from([("team".to_owned(), "platform".to_owned())]),
            ..StackSettings::default()
        },
        foretold: Some(foretold),
        templates: vec![templates()],
        at_work: AtWork { sessions: vec![session()], ..AtWork::default() },
        expectation: "Users are kept out for about 3 min.".to_owned(),
        plan,
        in_the_way,
        undrawn: None,
    }
}

fn templates() -> TemplateDifference {
    let before = "Resources:\n  OldTable:\n    Type: AWS::DynamoDB::Table\n    KeySchema: id\n";
    let after = before.replace("id", "<b>key</b>");
    TemplateDifference::new(UpdateKind::Primary, "lab-stack", (before, &after), &Secrets::default())
}

fn check(id: &str, title: &str, verdict: Verdict) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        title: title.to_owned(),
        verdict,
        evidence: vec![format!("What was seen of {id}."), format!("What {id} warns of.")],
        warnings: vec![format!("What {id} warns of.")],
        accepted_singly: false,
        advice: None,
        fixes: Vec::new(),
    }
}

fn changed(path: &str, before: Option<&str>, after: Option<&str>) -> ChangedProperty {
    ChangedProperty {
        update: UpdateKind::Primary,
        logical_id: LOSS.to_owned(),
        path: path.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

fn session() -> Session {
    Session {
        id: "session-1".to_owned(),
        owner: "Grace".to_owned(),
        name: "Compiler notes".to_owned(),
        kind: SessionKind::Plain,
        unsaved: Unsaved::Unknown,
        last_save: None,
        started_at: None,
    }
}

fn parameters(choices: &UpgradeChoices, size: &str) -> Vec<ParameterRow> {
    let constraints = |type_name: &str| ParameterConstraints {
        type_name: type_name.to_owned(),
        description: None,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
        constraint_description: None,
    };
    let row = |name: &str, current: &str| ParameterRow {
        name: name.to_owned(),
        group: Some("Database".to_owned()),
        label: None,
        place: ParameterPlace::Kept,
        current: Some(current.to_owned()),
        old_default: Some(current.to_owned()),
        new_default: Some(current.to_owned()),
        will_be: Some(choices.given.get(name).map_or(current, String::as_str).to_owned()),
        changed_default: false,
        secret: false,
        constraint_error: None,
        constraints: None,
    };
    vec![
        ParameterRow {
            label: Some("Size of the database (GiB)".to_owned()),
            new_default: Some("40".to_owned()),
            will_be: Some(size.to_owned()),
            changed_default: true,
            constraints: Some(ParameterConstraints {
                min_value: Some("20".to_owned()),
                max_value: Some("100".to_owned()),
                ..constraints("Number")
            }),
            ..row("Size", "20")
        },
        ParameterRow {
            constraints: Some(ParameterConstraints {
                allowed_values: vec!["small".to_owned(), "large".to_owned()],
                ..constraints("String")
            }),
            ..row("Class", "small")
        },
        ParameterRow {
            secret: true,
            old_default: None,
            new_default: None,
            will_be: Some("****".to_owned()),
            ..row("AdminToken", "****")
        },
        ParameterRow { place: ParameterPlace::Gone, will_be: None, ..row("Legacy", "x") },
    ]
}

fn update() -> StackUpdate {
    StackUpdate {
        estimated_seconds: 0,
        point_of_no_return: None,
        kind: UpdateKind::Primary,
        stack_name: "lab-stack".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:000000000000:stack/lab-stack/1".to_owned(),
        from_version: Some("1.0.0".to_owned()),
        to_version: Some("2.0.0".to_owned()),
        proposal: Proposal {
            change_set_name: "slackwater-run".to_owned(),
            template_url: "s3://bucket/key".to_owned(),
            template_sha256: String::new(),
            parameters: Vec::new(),
            capabilities: vec!["CAPABILITY_IAM".to_owned()],
            role_arn: None,
            tags: None,
            notification_arns: None,
            rollback_triggers: None,
            monitoring_minutes: None,
        },
        predicted: Vec::new(),
        expected: vec![ExpectedChange {
            logical_id: LOSS.to_owned(),
            resource_type: "AWS::DynamoDB::Table".to_owned(),
            expected: Fate::Replaced,
            aws_plain: Some("Modify, replacement Conditional".to_owned()),
            aws_values: Some("Modify, replacement True".to_owned()),
            differs_from_aws: true,
            because: vec!["The template changes KeySchema.".to_owned()],
        }],
    }
}

fn plan(choices: &UpgradeChoices, foretold: &Foretold, checks: &[CheckResult]) -> Plan {
    let drain = || DrainPolicy { grace_seconds: 1, deadline_seconds: 60, escalation: Escalation::Stop };
    Plan {
        to_version: Some("2.0.0".to_owned()),
        updates: foretold.updates.clone(),
        announcement: Announcement { banner: None, closes_at: choices.closes_at },
        maintenance: MaintenancePolicy {
            sessions: drain(),
            force_sessions: choices.force_sessions.clone(),
            computations: drain(),
            jobs: drain(),
            workers: drain(),
            mute_alarms: true,
            stay_closed_on_failure: false,
        },
        checks: checks.to_vec(),
        accepted: choices.accepted.clone(),
        risks: foretold.risks.clone(),
        permissions: foretold.permissions.clone(),
        pieces: vec![Piece {
            update: UpdateKind::BackupStack,
            what: "nested stack Network".to_owned(),
            url: "https://templates.s3.us-east-1.amazonaws.com/network.yaml".to_owned(),
            sha256: "0123456789abcdef".repeat(4),
        }],
        unpinned: vec![UnpinnedPiece {
            update: UpdateKind::Primary,
            what: "application Logging".to_owned(),
            why: "It comes from the Serverless Application Repository.".to_owned(),
        }],
        steps: Step::LEAVING
            .iter()
            .copied()
            .filter(|step| *step != Step::LookOnceMore)
            .map(Step::usual)
            .collect(),
        ..super::plan::plan("lab-1")
    }
}

//! An approval is of contents.

use upgrade::*;

use crate::plans::{first_gate, plan};

/// What somebody changes in a plan after it was read.
type Edit = (&'static str, fn(&mut Plan));

#[test]
fn only_the_plan_whose_hash_was_approved_is_an_approved_one() {
    let whole = plan();
    let hash = whole.sha256();
    let edits: &[Edit] = &[
        ("another run's", |plan| plan.run_id = "run-2".to_owned()),
        ("another template", |plan| plan.updates[2].proposal.template_sha256 = "ab".repeat(32)),
        ("another parameter", |plan| {
            let parameter = ParameterSetting { key: "Size".to_owned(), value: Some("37".to_owned()) };
            plan.updates[2].proposal.parameters.push(parameter);
        }),
        ("another change foretold", |plan| plan.updates[2].predicted.clear()),
        ("users are asked less", |plan| plan.maintenance.jobs.grace_seconds = 0),
        ("no snapshots", |plan| plan.snapshots.clear()),
        ("another status for users", |plan| first_gate(plan).status_code = 500),
        ("no steps", |plan| plan.steps.clear()),
    ];
    for (name, edit) in edits {
        let mut edited = plan();
        edit(&mut edited);
        let found = edited.sha256();
        let refused = ApprovedPlan::new(edited, &hash, "ada", Timestamp(1));
        assert_eq!(refused, Err(NotApproved::OtherPlan { approved: hash.clone(), found }), "{name}");
    }
    for (hash, approver) in [("", "ada"), (&*hash.to_uppercase(), "ada"), (&*hash, ""), (&*hash, "  ")] {
        let refused = ApprovedPlan::new(plan(), hash, approver, Timestamp(1));
        assert!(refused.is_err(), "{hash:?} by {approver:?}");
    }
    let approved = ApprovedPlan::new(plan(), &hash, "ada", Timestamp(1)).expect("its own hash");
    assert_eq!(approved.plan(), &whole);
    let approval = Approval { by: "ada".to_owned(), at: Timestamp(1), plan_sha256: hash };
    assert_eq!(approved.approval(), &approval);
}

#[test]
fn a_plan_is_the_same_plan_after_it_was_kept_and_read_again() {
    let kept = serde_json::to_string_pretty(&plan()).expect("JSON");
    let read: Plan = serde_json::from_str(&kept).expect("a plan");
    assert!(ApprovedPlan::new(read, &plan().sha256(), "ada", Timestamp(1)).is_ok());
}

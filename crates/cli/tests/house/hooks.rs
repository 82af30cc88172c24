//! The account's hooks in an upgrade: announced before anybody is kept out, and told when one of them ends the update.

use conductor::Ended;
use serde_json::json;
use upgrade::{Outcome, Report};

use crate::common::{Silent, virtual_time};
use crate::full::{Full, Wishes, freshly, journal, records};
use crate::material::Vendor;

const GUARD: &str = "Acme::Guard::Hook";

#[test]
fn a_hook_that_fails_takes_the_update_back_and_the_report_says_who_and_why() {
    virtual_time().block_on(async {
        let fresh = freshly(Vendor::Sample).await.expect("the repository's own");
        let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
        let plan = full.plan().await;
        let changes = &plan.primary().expect("an update").predicted;
        let changed = changes.iter().find(|change| change.action == "Modify").expect("something changes");
        let resource = changed.logical_id.as_str();
        let hook = json!({
            "type": GUARD, "stack": plan.stack_name, "logical_id": resource, "mode": "FAIL", "fails": true,
            "reason": "no owner is named", "advice": "name the owner in a tag",
        });
        let warning = json!({
            "type": "Acme::Names::Hook", "stack": plan.stack_name, "logical_id": resource, "mode": "WARN", "fails": true,
            "reason": "the name is long",
        });
        full.set_faults(&json!({"hooks": [hook, warning]}));
        let journal = journal();
        let (ended, looks) = full.watched(20, full.start(&plan, &journal, &mut Silent)).await;
        let Ok(Ended::Run(Outcome::NotUpgraded { reason })) = ended else { panic!("{ended:?}") };
        let said = format!(
            "Update the stack: CloudFormation rolled the update back; the old release stands. First failure: {resource} ({}): The following hook(s) \
             failed: [{GUARD}]. {GUARD} (FAIL): Hook failed with message: no owner is named; it advises: name the owner in a tag",
            changed.resource_type
        );
        assert_eq!(reason, said);
        let records = records(&journal, &plan.run_id);
        let report = Report::from_journal(&plan, &records).expect("it fits");
        let announced = format!(
            "stack: the account's hooks will look at one resource before it is touched: {GUARD} (FAIL) at {resource}, \
             Acme::Names::Hook (WARN) at {resource}"
        );
        let warned = format!(
            "a hook of the account warned of {resource}, and it went on: Acme::Names::Hook (WARN): Hook failed with message: the \
             name is long"
        );
        assert_eq!(report.remarks, [announced, warned]);
        full.assert_end(&plan, &records, &looks, &fresh, "a hook took the update back").await;
        println!("{reason}\n{}", report.remarks.join("\n"));
    });
}

#[test]
fn a_hook_that_fails_the_change_set_ends_the_run_before_anybody_is_kept_out() {
    virtual_time().block_on(async {
        let full = Full::stand(Vendor::Sample, 1, Wishes::default()).await.expect("the repository's own");
        let plan = full.plan().await;
        full.set_faults(&json!({"hooks": [{
            "type": GUARD, "stack": plan.stack_name, "target": "CHANGE_SET", "fails": true, "reason": "no ticket",
            "advice": "name one",
        }]}));
        let journal = journal();
        let ended = full.start(&plan, &journal, &mut Silent).await;
        let Ok(Ended::Run(Outcome::NotUpgraded { reason })) = ended else { panic!("{ended:?}") };
        let words = "the stack: Acme::Guard::Hook (FAIL): Hook failed with message: no ticket; it advises: name one. AWS: The \
                     following hook(s)/validation failed: [Acme::Guard::Hook].";
        assert!(reason.ends_with(words), "{reason}");
        let report = Report::from_journal(&plan, &records(&journal, &plan.run_id)).expect("it fits");
        assert_eq!(report.gate_closed, None);
        println!("{reason}");
    });
}

//! Stacks that aren't whole: what leads out of it is said by every command that looks for the platform in them.

use std::time::Duration;

use cli::planning::{NewRelease, UpgradeRequest, prepare};
use cli::seed::Caller;
use cli::{demo_settings, entering};
use localcloud::faults::Faults;
use serde_json::json;
use upgrade::{Before, UpgradeChoices};

use crate::common::{Rehearsal, sample, virtual_time};

async fn call(caller: &Caller, operation: &str, fields: &[(&str, &str)]) {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let answer = caller.query("cloudformation", operation, &fields).await;
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
}

#[test]
fn a_stack_that_is_not_whole_says_what_leads_out_of_it() {
    virtual_time().block_on(async {
        let rehearsal = Rehearsal::new(1);
        let caller = Caller::in_process(rehearsal.local.clone(), rehearsal.clock);
        let template = String::from_utf8(sample().from).expect("UTF-8");
        let of = |name: &'static str| {
            let capability = ("Capabilities.member.1", "CAPABILITY_NAMED_IAM");
            vec![("StackName", name), ("TemplateBody", &*template), capability]
        };
        let mut reviewed = of("reviewed");
        reviewed.extend([("ChangeSetName", "first"), ("ChangeSetType", "CREATE")]);
        call(&caller, "CreateChangeSet", &reviewed).await;
        let fault = json!({"stack": "broken", "logical_id": "WebTargetGroup", "phase": "create", "reason": "so it was told"});
        let faults = Faults::parse(&json!({"resources": [fault]}).to_string()).expect("faults");
        rehearsal.local.set_faults(&faults).expect("taken");
        call(&caller, "CreateStack", &of("broken")).await;
        rehearsal.clock.sleep(Duration::from_secs(3600)).await;
        for (stack, status, advice) in [
            ("reviewed", "REVIEW_IN_PROGRESS", "execute that change set, or delete the stack"),
            ("broken", "ROLLBACK_COMPLETE", "delete it and create it anew"),
        ] {
            let site = rehearsal.site(demo_settings(stack).expect("sound"));
            let request = UpgradeRequest {
                inherited: Before::default(),
                release: NewRelease::of("to.yaml", sample().to, None).expect("a template"),
                choices: UpgradeChoices::default(),
                take_fixes: true,
                run_id: "run-1".to_owned(),
            };
            let upgrade = prepare(&site, &request).await.expect_err("there is no platform").to_string();
            let nowhere: Option<&conductor::SqliteJournal> = None;
            let maintenance = match entering(&site, nowhere, "run-1", &[], None).await {
                Ok(_) => panic!("{stack}: there is nobody to keep out"),
                Err(error) => error.to_string(),
            };
            for said in [upgrade, maintenance] {
                assert!(said.contains(&format!("stack {stack} is {status}, and isn't whole")), "{said}");
                assert!(said.contains(advice), "{said}");
            }
        }
    });
}

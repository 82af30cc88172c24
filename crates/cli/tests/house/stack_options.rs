//! What the third page of CloudFormation's wizard offers, from the wish to the stack.

use cli::planning::{UpgradeRequest, prepare};
use conductor::Ended;
use upgrade::{Acceptance, Outcome, UpdateOptions};

use crate::common::{Silent, virtual_time};
use crate::full::{Full, Wishes, journal};
use crate::material::Vendor;

#[test]
fn tags_topics_and_alarms_are_in_the_plan_and_on_the_stack_afterwards() {
    virtual_time().block_on(Box::pin(async {
        let full = Full::stand(Vendor::Sample, 7, Wishes::default()).await.expect("the sample is there");
        let cloud = &full.site.ports.clouds.primary;
        let deployment = cloud.deployment(&full.site.settings.stack).await.expect("it stands");
        let alarm = deployment.resources.iter().find(|one| one.logical_id == "BusyAlarm").expect("an alarm");
        let (account, alarm) = (&deployment.account_id, &alarm.physical_id);
        let alarm = format!("arn:aws:cloudwatch:us-east-1:{account}:alarm:{alarm}");
        let topic = format!("arn:aws:sns:us-east-1:{account}:events");
        let before = cloud.stack_settings(&deployment.stack_id).await.expect("settings");
        let mut tags = before.tags.clone();
        tags.insert("release-evening".to_owned(), "2026-12-01".to_owned());
        let wished = |options: UpdateOptions| {
            let mut request = full.request("run-1");
            request.choices.options = options;
            let accepted = ["stack-tags", "rollback"].map(|what| Acceptance {
                what: what.to_owned(),
                who: "ada".to_owned(),
                why: "it is wanted".to_owned(),
                of: Vec::new(),
            });
            request.choices.accepted.extend(accepted);
            request
        };
        let planned = async |request: &UpgradeRequest| {
            let prepared = prepare(&full.site, request).await.expect("everything could be looked at");
            prepared.plan.unwrap_or_else(|no_plan| panic!("{no_plan:?}: {:#?}", prepared.checks))
        };

        // What only repeats the stack's own is not asked for.
        let same = UpdateOptions {
            tags: Some(before.tags.clone().into_iter().collect()),
            monitoring_minutes: Some(0),
            ..UpdateOptions::default()
        };
        let plan = planned(&wished(same)).await;
        let proposal = &plan.updates.last().expect("the primary's").proposal;
        assert_eq!(
            (&proposal.tags, &proposal.rollback_triggers, proposal.monitoring_minutes),
            (&None, &None, None)
        );
        let lasts = plan.updates.last().expect("the primary's").estimated_seconds;

        let plan = planned(&wished(UpdateOptions {
            role_arn: None,
            tags: Some(tags.clone().into_iter().collect()),
            notification_arns: Some(vec![topic.clone()]),
            rollback_triggers: Some(vec![alarm.clone()]),
            monitoring_minutes: Some(20),
        }))
        .await;
        let update = plan.updates.last().expect("the primary's");
        assert!(update.estimated_seconds >= lasts + 20 * 60, "the alarms are watched before it is done");
        let retagged = |change: &&upgrade::ExpectedChange| change.logical_id == "DataVolume";
        assert!(update.expected.iter().any(|change| retagged(&change)), "whatever takes tags is foretold");
        let journal = journal();
        let ended = full.start(&plan, &journal, &mut Silent).await.expect("it goes on to its end");
        assert_eq!(ended, Ended::Run(Outcome::Upgraded));
        let after = cloud.stack_settings(&deployment.stack_id).await.expect("settings");
        assert_eq!((&after.tags, &after.notification_arns), (&tags, &vec![topic]));
        assert_eq!((&after.rollback_triggers, after.monitoring_minutes), (&vec![alarm], 20));
    }));
}

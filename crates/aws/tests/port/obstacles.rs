//! What a drain may meet, as it is looked at.

use conductor::Cloud as _;
use upgrade::{
    ApiProtection, FleetAct, FleetQuery, MaintenancePolicy, Observation, ObstacleParts, ObstaclesSeen,
    PortErrorKind,
};

use crate::canned::{Canned, refusal};
use crate::common::Bench;
use crate::lookups::{gather, targets};

async fn seen(bench: &Bench, parts: &ObstacleParts) -> ObstaclesSeen {
    match bench.ask(FleetQuery::Obstacles(parts.clone())).await {
        Observation::Obstacles(seen) => *seen,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_as_it_was_created_has_nothing_in_the_way() {
    let bench = Bench::with_platform().await;
    let parts = ObstacleParts::from_targets(&targets(&bench), &MaintenancePolicy::default());
    let ObstaclesSeen { protected, groups, queues, services: _, environments, schedules, refreshes } =
        seen(&bench, &parts).await;
    assert_eq!((protected, schedules, refreshes), (Ok(vec![]), Ok(vec![]), Ok(vec![])));
    assert_eq!((groups.expect("groups").len(), queues.expect("queues").len()), (1, 1));
    let environments = environments.expect("environments");
    let told: Vec<(bool, &str)> = environments.iter().map(|one| (one.enabled, one.status.as_str())).collect();
    assert_eq!(told, [(true, "VALID")]);
    let found = gather(&bench, &targets(&bench)).await;
    assert_eq!(found.pending_maintenance, Ok(vec![]));
    let databases = found.databases.expect("databases");
    assert_eq!(databases[0].maintenance_window, "sun:05:00-sun:05:30");
}

/// Scheduled actions are suspended and resumed, and nothing else of the group.
#[tokio::test(start_paused = true)]
async fn scheduled_actions_are_suspended_and_resumed() {
    let bench = Bench::with_platform().await;
    let parts = ObstacleParts::from_targets(&targets(&bench), &MaintenancePolicy::default());
    for (active, wanted) in [(false, &["ScheduledActions"][..]), (false, &["ScheduledActions"]), (true, &[])]
    {
        let group_names = vec![bench.id("Workers"), "gone".to_owned()];
        bench.tell(&FleetAct::SetScheduledActions { group_names, active }).await;
        let groups = seen(&bench, &parts).await.groups.expect("groups");
        assert_eq!(groups[0].suspended, wanted, "{active}");
    }
}

/// The words of the API references, where the local cloud can't be brought there from here.
#[tokio::test(start_paused = true)]
async fn what_is_told_of_machines_groups_and_databases_is_read() {
    const MACHINES: &str = "<DescribeInstancesResponse><reservationSet><item><instancesSet>\
        <item><instanceId>i-1</instanceId><instanceState><name>running</name></instanceState></item>\
        <item><instanceId>i-2</instanceId><instanceState><name>shutting-down</name></instanceState></item>\
        </instancesSet></item></reservationSet></DescribeInstancesResponse>";
    const OPEN: &str = "<DescribeInstanceAttributeResponse><instanceId>i-1</instanceId><disableApiTermination>\
        <value>false</value></disableApiTermination></DescribeInstanceAttributeResponse>";
    const HELD: &str = "<DescribeInstanceAttributeResponse><instanceId>i-1</instanceId><disableApiStop>\
        <value>true</value></disableApiStop></DescribeInstanceAttributeResponse>";
    const REFRESHES: &str = "<DescribeInstanceRefreshesResponse><DescribeInstanceRefreshesResult><InstanceRefreshes>\
        <member><Status>RollbackInProgress</Status><PercentageComplete>35</PercentageComplete></member>\
        <member><Status>RollbackSuccessful</Status></member>\
        </InstanceRefreshes></DescribeInstanceRefreshesResult></DescribeInstanceRefreshesResponse>";
    const SCHEDULES: &str = "<DescribeScheduledActionsResponse><DescribeScheduledActionsResult>\
        <ScheduledUpdateGroupActions><member><ScheduledActionName>morning</ScheduledActionName>\
        <StartTime>2026-01-01T08:00:00Z</StartTime><Recurrence>0 8 * * *</Recurrence></member>\
        </ScheduledUpdateGroupActions></DescribeScheduledActionsResult></DescribeScheduledActionsResponse>";
    const GROUPS: &str = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/>\
        </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
    let canned = Canned::default()
        .with("DescribeInstances", &[(200, MACHINES)])
        .with("DescribeInstanceAttribute", &[(200, OPEN), (200, HELD)])
        .with("DescribeAutoScalingGroups", &[(200, GROUPS)])
        .with("DescribeInstanceRefreshes", &[(200, REFRESHES)])
        .with("DescribeScheduledActions", &[(200, SCHEDULES)]);
    let parts = ObstacleParts {
        machine_tags: vec![("dedicated".to_owned(), None)],
        group_names: vec!["workers".to_owned()],
        ..ObstacleParts::default()
    };
    let seen = canned.cloud().observe(&FleetQuery::Obstacles(parts).into()).await.expect("looked at");
    let Observation::Obstacles(seen) = seen else { panic!("{seen:?}") };
    let protected = seen.protected.expect("looked at");
    let told: Vec<_> = protected.iter().map(|one| (one.instance_id.as_str(), one.by)).collect();
    assert_eq!(told, [("i-1", ApiProtection::Stop)]);
    let refreshes = seen.refreshes.expect("looked at");
    let told: Vec<_> = refreshes.iter().map(|one| (one.status.as_str(), one.percent)).collect();
    assert_eq!(told, [("RollbackInProgress", Some(35))], "what is over is in nobody's way");
    let schedules = seen.schedules.expect("looked at");
    assert_eq!((schedules[0].group_name.as_str(), schedules[0].name.as_str()), ("workers", "morning"));
    assert_eq!(schedules[0].next.as_deref(), Some("2026-01-01T08:00:00Z"));
}

/// What is denied carries the reason and spoils nothing else; what may pass is asked again by a run, and said to whoever plans.
#[tokio::test(start_paused = true)]
async fn a_part_that_can_not_be_looked_at_spoils_no_other() {
    const GROUPS: &str = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/>\
        </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
    const SCHEDULES: &str = "<DescribeScheduledActionsResponse><DescribeScheduledActionsResult>\
        <ScheduledUpdateGroupActions/></DescribeScheduledActionsResult></DescribeScheduledActionsResponse>";
    let parts = ObstacleParts { group_names: vec!["workers".to_owned()], ..ObstacleParts::default() };
    for (status, code, kind) in
        [(403, "AccessDenied", None), (400, "Throttling", Some(PortErrorKind::Transient))]
    {
        let canned = Canned::default()
            .with("DescribeAutoScalingGroups", &[(200, GROUPS)])
            .with("DescribeScheduledActions", &[(200, SCHEDULES)])
            .with("DescribeInstanceRefreshes", &[(status, &refusal(code, "words"))]);
        let found = canned.cloud().observe(&FleetQuery::Obstacles(parts.clone()).into()).await;
        match (found, kind) {
            (Ok(Observation::Obstacles(seen)), None) => {
                assert!(seen.refreshes.as_ref().is_err_and(|reason| reason.contains("words")), "{seen:?}");
                assert_eq!((seen.groups, seen.schedules), (Ok(vec![]), Ok(vec![])));
            }
            (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{code}: {error}"),
            (found, _) => panic!("{code}: {found:?}"),
        }
    }
}

//! 7: groups whose processes somebody has suspended.

use cli::planning::PlanningError;
use conductor::Ended;
use upgrade::{Outcome, State, Step, Verdict};

use super::{Scene, has, not_upgraded};
use crate::outside::{Tree, Way};
use crate::world::Waits;

/// The group of workers that is there before the update.
const WORKERS: &str = "platform-workers-1";

impl Scene {
    pub(super) async fn suspend(&self, group: &str, process: &str) {
        let asked = [("AutoScalingGroupName", group), ("ScalingProcesses.member.1", process)];
        self.call("autoscaling", "SuspendProcesses", &asked).await;
    }

    pub(super) async fn resume(&self, group: &str, process: &str) {
        let asked = [("AutoScalingGroupName", group), ("ScalingProcesses.member.1", process)];
        self.call("autoscaling", "ResumeProcesses", &asked).await;
    }

    /// The group as Auto Scaling shows it.
    pub(super) async fn group(&self, name: &str) -> Tree {
        let fields = [("AutoScalingGroupNames.member.1".to_owned(), name.to_owned())];
        let answer = self.full().caller.query("autoscaling", "DescribeAutoScalingGroups", &fields).await;
        let groups = Tree::read(&answer.expect("groups")).list("AutoScalingGroups");
        groups.into_iter().next().expect("the group is there")
    }

    /// Its instances in service, each with whether it is protected from scale-in.
    async fn in_service(&self, group: &str) -> Vec<(String, bool)> {
        let instances = self.group(group).await.list("Instances");
        let in_service = instances.iter().filter(|instance| instance.text("LifecycleState") == "InService");
        in_service
            .map(|instance| (instance.text("InstanceId"), instance.text("ProtectedFromScaleIn") == "true"))
            .collect()
    }
}

pub async fn a_group_that_can_not_shrink_is_named_before_anybody_is_kept_out() {
    let scene = Scene::new().await;
    // After the plan, while users are told.
    for by_hand in [true, false] {
        let plan = if by_hand { scene.world.enabling().await } else { scene.world.upgrading().await };
        let plan = plan.expect("a plan");
        scene.suspend(WORKERS, "Terminate").await;
        let (ended, looks) = scene.full().watched(5, scene.world.carry_on(&plan, &mut Waits)).await;
        let (_, ended, _) = scene.told(&plan.run_id, ended);
        let told = format!("group {WORKERS} has its process Terminate suspended");
        assert!(not_upgraded(&ended).contains(&told), "by hand: {by_hand}: {ended:?}");
        assert!(looks.iter().all(|look| look.stranger == Way::Platform), "nobody was kept out");
        scene.full().assert_put_back("nothing was stopped").await;
        scene.resume(WORKERS, "Terminate").await;
    }
    // Before the plan.
    scene.suspend(WORKERS, "Terminate").await;
    let prepared = scene.full().prepared("run-9").await;
    let check = prepared.checks.iter().find(|check| check.id == "suspended-processes").expect("made");
    assert_eq!(check.verdict, Verdict::Failed, "{check:?}");
    assert!(prepared.plan.is_err());
    let by_hand = scene.world.enabling().await;
    let refused = by_hand.as_ref().err().and_then(|error| error.downcast_ref());
    assert!(matches!(refused, Some(PlanningError::Undrainable(_))), "{by_hand:?}");
    scene.resume(WORKERS, "Terminate").await;
    let (_, ended, _) = scene.upgrade().await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    scene.full().assert_upgraded(&scene.fresh, "resumed").await;
}

/// Suspended behind the gate: the deadline passes, and what lives on is as it was.
pub async fn what_a_suspended_group_keeps_has_its_protection_again_and_is_not_told_as_stopped() {
    let scene = Scene::new().await;
    let before = scene.in_service(WORKERS).await;
    assert!(before.iter().any(|(_, protected)| *protected), "{before:?}");
    let plan = scene.world.upgrading().await.expect("a plan");
    let draining = |state: &State| state.step == Step::TerminateJobs;
    let ended = scene.world.carry_on_and(&plan, draining, scene.suspend(WORKERS, "Terminate")).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    assert!(not_upgraded(&ended).contains("instances were left after"), "{ended:?}");
    assert_eq!(report.stopped_instances, [], "they run");
    assert_eq!(scene.in_service(WORKERS).await, before, "protected as they were");
    assert_eq!(scene.look().await.stranger, Way::Platform);
    scene.full().assert_put_back("put back").await;
    // The same by the notes alone.
    scene.resume(WORKERS, "Terminate").await;
    let plan = scene.world.enabling().await.expect("a plan");
    let suspended = async {
        scene.suspend(WORKERS, "Terminate").await;
        scene.sleep(180).await;
        let unprotected = scene.in_service(WORKERS).await.iter().all(|(_, protected)| !protected);
        assert!(unprotected, "it is taken off");
    };
    scene.world.kill_when_after(&plan, draining, suspended).await;
    scene.world.lose_journal();
    scene.disable().await;
    assert_eq!(scene.in_service(WORKERS).await, before, "protected as they were");
    scene.full().assert_put_back("left without a journal").await;
}

/// A group that can't grow is told beforehand; what was put back and doesn't come is told at the end, and by status.
pub async fn a_group_that_can_not_grow_is_told_until_it_has_its_instances() {
    let scene = Scene::of(super::quiet_release).await;
    scene.suspend(WORKERS, "Launch").await;
    let prepared = scene.full().prepared("run-9").await;
    let check = prepared.checks.iter().find(|check| check.id == "suspended-processes").expect("made");
    assert_eq!(check.verdict, Verdict::Warning, "{check:?}");
    let wanted: i32 = scene.group(WORKERS).await.text("DesiredCapacity").parse().expect("a number");
    let told = format!("group {WORKERS} wants {wanted} instances and has 0: its process Launch is suspended");
    for by_hand in [true, false] {
        let what = format!("by hand: {by_hand}");
        let report = if by_hand {
            scene.world.enable().await;
            scene.disable().await;
            scene.world.last_report()
        } else {
            let (_, ended, report) = scene.upgrade().await;
            assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            report
        };
        assert!(has(&report.still_to_put_back, &told), "{what}: {:?}", report.still_to_put_back);
        let seen = report.seen.expect("looked at");
        assert!(has(&seen.not_come_back, &told), "{what}: {:?}", seen.not_come_back);
        assert_eq!(scene.look().await.stranger, Way::Platform, "{what}: users are in all the same");
        let standing = cli::attention(&scene.full().site).await.expect("looked at");
        assert!(has(&standing, &told), "{what}: {standing:?}");
    }
    scene.resume(WORKERS, "Launch").await;
    scene.sleep(600).await;
    assert_eq!(scene.in_service(WORKERS).await.len(), usize::try_from(wanted).expect("some"));
    let standing = cli::attention(&scene.full().site).await.expect("looked at");
    assert!(!has(&standing, "Launch"), "{standing:?}");
}

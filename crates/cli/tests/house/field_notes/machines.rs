//! 8: what EC2 refuses to terminate is named before anything is stopped.

use cli::planning::PlanningError;
use conductor::Ended;
use upgrade::{Outcome, State, Step, Verdict};

use super::{Scene, not_upgraded};
use crate::outside::{Tree, Way};
use crate::world::Waits;

impl Scene {
    /// The dedicated machines' ids.
    async fn machines(&self) -> Vec<String> {
        let filter = [("Filter.1.Name", "tag:Name"), ("Filter.1.Value.1", "dedicated")];
        let fields = filter.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let answer = self.full().caller.query("ec2", "DescribeInstances", &fields).await.expect("machines");
        let reservations = Tree::read(&answer).list("reservationSet");
        let instances = reservations.iter().flat_map(|reservation| reservation.list("instancesSet"));
        let alive = |instance: &Tree| {
            instance.get("instanceState").is_some_and(|state| state.text("name") == "running")
        };
        instances.filter(alive).map(|instance| instance.text("instanceId")).collect()
    }

    async fn protect(&self, machine: &str, attribute: &str, value: &str) {
        let attribute = format!("{attribute}.Value");
        let asked = [("InstanceId", machine), (attribute.as_str(), value)];
        self.call("ec2", "ModifyInstanceAttribute", &asked).await;
    }

    /// Who and what was at work still is.
    async fn assert_at_work(&self, what: &str) {
        assert_eq!(self.look().await.stranger, Way::Platform, "{what}");
        self.full().assert_put_back(what).await;
        assert_eq!(self.machines().await.len(), 2, "{what}: the machines run");
        let (sessions, computations) = self.full().platform.at_work();
        assert!(sessions > 0 && computations > 0, "{what}: nobody's work was stopped");
    }
}

pub async fn a_machine_that_may_not_be_terminated_is_named_before_there_is_a_plan() {
    for (attribute, named) in [
        ("DisableApiTermination", "has termination protection (disableApiTermination)"),
        ("DisableApiStop", "has stop protection (disableApiStop)"),
    ] {
        let scene = Scene::new().await;
        let machine = scene.machines().await.first().expect("one").clone();
        scene.protect(&machine, attribute, "true").await;
        let prepared = scene.full().prepared("run-1").await;
        let check = prepared.checks.iter().find(|check| check.id == "protected-instances").expect("made");
        assert_eq!(check.verdict, Verdict::Failed, "{check:?}");
        let told = format!("Machine {machine} dedicated of grace@example.com {named}");
        assert!(check.evidence.iter().any(|line| line.starts_with(&told)), "{:?}", check.evidence);
        assert!(prepared.plan.is_err());
        // The same by hand.
        let by_hand = scene.world.enabling().await;
        match by_hand.as_ref().err().and_then(|error| error.downcast_ref()) {
            Some(PlanningError::Undrainable(held)) => assert!(held[0].contains(named), "{held:?}"),
            _ => panic!("{by_hand:?}"),
        }
        scene.assert_at_work(attribute).await;
        scene.protect(&machine, attribute, "false").await;
        let (_, ended, report) = scene.upgrade().await;
        assert_eq!(ended, Ended::Run(Outcome::Upgraded));
        assert_eq!(report.stopped_machines.len(), 2);
        scene.full().assert_upgraded(&scene.fresh, attribute).await;
    }
}

/// The plan is drawn up, users are told, and then somebody protects a machine.
pub async fn a_machine_protected_after_the_plan_stops_the_run_before_anybody_is_kept_out() {
    let scene = Scene::new().await;
    let machine = scene.machines().await.first().expect("one").clone();
    for by_hand in [true, false] {
        let what = format!("by hand: {by_hand}");
        let plan = if by_hand { scene.world.enabling().await } else { scene.world.upgrading().await };
        let plan = plan.expect("a plan");
        scene.protect(&machine, "DisableApiTermination", "true").await;
        let (ended, looks) = scene.full().watched(5, scene.world.carry_on(&plan, &mut Waits)).await;
        let (_, ended, report) = scene.told(&plan.run_id, ended);
        let reason = not_upgraded(&ended);
        assert!(reason.contains("nothing was stopped, since it could not be ended"), "{what}: {reason}");
        assert!(reason.contains(&machine), "{what}: {reason}");
        assert!(looks.iter().all(|look| look.stranger == Way::Platform), "{what}: nobody was kept out");
        assert_eq!(report.stopped_jobs.len() + report.stopped_sessions.len(), 0, "{what}");
        assert_eq!(report.stopped_machines, [], "{what}");
        scene.assert_at_work(&what).await;
        scene.protect(&machine, "DisableApiTermination", "false").await;
    }
}

/// Protected when everything has been stopped: it is refused, and the report doesn't say that it stopped.
pub async fn a_machine_protected_in_mid_drain_is_not_told_as_stopped() {
    let scene = Scene::new().await;
    let machine = scene.machines().await.first().expect("one").clone();
    let plan = scene.world.upgrading().await.expect("a plan");
    let draining = |state: &State| state.step == Step::TerminateWorkers;
    let protected = scene.protect(&machine, "DisableApiTermination", "true");
    let ended = scene.world.carry_on_and(&plan, draining, protected).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    let reason = not_upgraded(&ended);
    assert!(reason.contains("Terminate dedicated machines") && reason.contains(&machine), "{reason}");
    assert_eq!(report.stopped_machines, []);
    assert!(!report.stopped_instances.is_empty());
    scene.full().assert_put_back("put back").await;
    assert_eq!(scene.machines().await.len(), 2);
}

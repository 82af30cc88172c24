//! 10a: what comes back behind the closed gate.

use conductor::Ended;
use serde_json::json;
use upgrade::{Outcome, State, Step, UpdateKind};

use super::{Scene, has, quiet_release};
use crate::common::BEGINNING;
use crate::outside::{Group, check_gate};
use crate::world::Waits;

/// The group of workers that is there before the update.
const WORKERS: &str = "platform-workers-1";

/// A schedule raises the workers in so many seconds.
async fn schedule(scene: &Scene, seconds: u64) {
    let at = (scene.full().clock.now().0 - BEGINNING) / 1000 + seconds;
    let start = format!("2026-01-01T{:02}:{:02}:{:02}Z", at / 3600, at / 60 % 60, at % 60);
    let asked = [
        ("AutoScalingGroupName", WORKERS),
        ("ScheduledActionName", "morning"),
        ("StartTime", &*start),
        ("MinSize", "1"),
        ("MaxSize", "4"),
        ("DesiredCapacity", "2"),
    ];
    scene.call("autoscaling", "PutScheduledUpdateGroupAction", &asked).await;
}

async fn workers(scene: &Scene) -> Group {
    scene.stands().await.groups["WorkerGroup"].clone()
}

/// The workers were raised and are at zero again.
async fn assert_taken_again(scene: &Scene) {
    scene.sleep(10).await;
    assert_ne!(workers(scene).await.sizes[1], "0", "the schedule has raised them");
    scene.sleep(120).await;
    assert_eq!(workers(scene).await.sizes, ["0", "0", "0"].map(str::to_owned));
}

pub async fn a_group_that_a_schedule_raises_in_mid_maintenance_is_taken_to_zero_again() {
    let scene = Scene::of(quiet_release).await;
    let plan = scene.world.upgrading().await.expect("a plan");
    let raised = async {
        schedule(&scene, 5).await;
        scene.sleep(240).await;
        assert_eq!(workers(&scene).await.sizes, ["0", "0", "0"].map(str::to_owned));
    };
    let in_maintenance = |state: &State| state.step == Step::TakeSnapshots;
    let ended = scene.world.carry_on_and(&plan, in_maintenance, raised);
    let (ended, looks) = scene.full().watched(10, ended).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    check_gate(&looks, "raised in mid-maintenance");
    let told = format!("worker groups were raised again, and taken to zero again: {WORKERS}");
    assert_eq!(report.came_back, [told]);
    scene.full().assert_upgraded(&scene.fresh, "raised in mid-maintenance").await;
}

pub async fn a_group_that_a_schedule_raises_behind_a_gate_that_nobody_watches_is_found_by_the_next_run() {
    for again in [false, true] {
        let what = format!("entered again: {again}");
        let scene = Scene::of(quiet_release).await;
        scene.world.enable().await;
        schedule(&scene, 600).await;
        scene.sleep(1200).await;
        assert_eq!(workers(&scene).await.sizes, ["1", "4", "2"].map(str::to_owned), "{what}");
        if again {
            let plan = scene.world.enabling().await.expect("what is half-way is completed");
            let ended = scene.world.carry_on(&plan, &mut Waits).await.expect("entered");
            assert_eq!(ended, Ended::Run(Outcome::InMaintenance), "{what}");
            scene.assert_in_maintenance(&what).await;
            scene.disable().await;
            scene.full().assert_put_back(&what).await;
        } else {
            let (_, ended, _) = scene.upgrade().await;
            assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            scene.full().assert_upgraded(&scene.fresh, &what).await;
        }
    }
}

/// The processes of the workers' group that are suspended.
async fn suspended(scene: &Scene) -> Vec<String> {
    let processes = scene.group(WORKERS).await.list("SuspendedProcesses");
    processes.iter().map(|process| process.text("ProcessName")).collect()
}

/// A schedule that is there beforehand raises nothing: it is suspended for the maintenance, and resumed.
pub async fn a_schedule_that_falls_into_the_maintenance_raises_nothing_and_is_resumed() {
    let scene = Scene::of(quiet_release).await;
    slow_update(&scene);
    let plan = scene.world.upgrading().await.expect("a plan");
    schedule(&scene, 400).await;
    let within = async {
        assert_eq!(suspended(&scene).await, ["ScheduledActions"]);
        scene.sleep(400).await;
        assert_eq!(workers(&scene).await.sizes, ["0", "0", "0"].map(str::to_owned));
        assert_eq!(scene.stands().await.status, "UPDATE_IN_PROGRESS", "its time is over");
    };
    let ended = scene.world.carry_on_and(&plan, updating, within).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    assert_eq!(report.came_back, Vec::<String>::new());
    assert_eq!(suspended(&scene).await, Vec::<String>::new());
    scene.full().assert_upgraded(&scene.fresh, "upgraded").await;
}

/// Whoever leaves maintenance resumes what maintenance suspended, with a journal or without, and nothing else.
pub async fn schedules_are_resumed_by_whoever_leaves_and_only_if_maintenance_suspended_them() {
    for (owners, lost) in [(false, false), (false, true), (true, false), (true, true)] {
        let what = format!("suspended by its owner: {owners}, journal lost: {lost}");
        let scene = Scene::of(quiet_release).await;
        schedule(&scene, 1800).await;
        if owners {
            scene.suspend(WORKERS, "ScheduledActions").await;
        }
        let before = suspended(&scene).await;
        scene.world.enable().await;
        assert_eq!(suspended(&scene).await, ["ScheduledActions"], "{what}");
        scene.sleep(1900).await;
        scene.assert_in_maintenance(&what).await;
        if lost {
            scene.world.lose_journal();
        }
        scene.disable().await;
        assert_eq!(suspended(&scene).await, before, "{what}");
        scene.full().assert_put_back(&what).await;
    }
}

/// The update takes its time.
fn slow_update(scene: &Scene) {
    let slow = json!({"stack": "platform", "logical_id": "WebTargetGroup", "times": 200});
    scene.full().set_faults(&json!({ "slow": [slow] }));
}

fn updating(state: &State) -> bool {
    state.step == Step::FollowUpdate(UpdateKind::Primary)
}

pub async fn a_group_that_a_schedule_raises_in_mid_update_is_taken_to_zero_again() {
    let scene = Scene::of(quiet_release).await;
    slow_update(&scene);
    let plan = scene.world.upgrading().await.expect("a plan");
    let raised = async {
        schedule(&scene, 5).await;
        assert_taken_again(&scene).await;
        assert_eq!(scene.stands().await.status, "UPDATE_IN_PROGRESS");
    };
    let ended = scene.world.carry_on_and(&plan, updating, raised);
    let (ended, looks) = scene.full().watched(10, ended).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    check_gate(&looks, "raised in mid-update");
    assert!(has(&report.came_back, "worker groups were raised again"), "{:?}", report.came_back);
    scene.full().assert_upgraded(&scene.fresh, "raised in mid-update").await;
}

pub async fn a_queue_that_an_operator_enables_is_disabled_again_and_its_job_ended() {
    for in_update in [false, true] {
        let what = format!("in mid-update: {in_update}");
        let scene = Scene::of(quiet_release).await;
        slow_update(&scene);
        let queue = scene.queue("PipelineQueue");
        let plan = scene.world.upgrading().await.expect("a plan");
        let when =
            |state: &State| if in_update { updating(state) } else { state.step == Step::TakeSnapshots };
        let enabled = async {
            scene.post("batch", "/v1/updatejobqueue", &json!({"jobQueue": queue, "state": "ENABLED"})).await;
            let job = json!({"jobName": "urgent", "jobQueue": queue, "jobDefinition": "slackwater-seed", "parameters": {"runSeconds": "36000"}});
            scene.sleep(8).await;
            scene.post("batch", "/v1/submitjob", &job).await;
            scene.sleep(180).await;
            let unfinished = unfinished(&scene, &queue).await;
            assert_eq!(unfinished, Vec::<String>::new(), "{what}");
            assert_eq!(scene.stands().await.queues["PipelineQueue"].0, "DISABLED", "{what}");
        };
        let ended = scene.world.carry_on_and(&plan, when, enabled);
        let (ended, looks) = scene.full().watched(10, ended).await;
        let (_, ended, report) = scene.told(&plan.run_id, ended);
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        check_gate(&looks, &what);
        assert!(has(&report.came_back, "job queues were enabled again, and disabled again"), "{report:?}");
        assert!(
            has(&report.came_back, "1 new jobs were placed, and ended"),
            "{what}: {:?}",
            report.came_back
        );
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}

async fn unfinished(scene: &Scene, queue: &str) -> Vec<String> {
    let mut found = Vec::new();
    for status in ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] {
        let asked = json!({"jobQueue": queue, "jobStatus": status});
        let answer = scene.post("batch", "/v1/listjobs", &asked).await;
        let jobs = answer["jobSummaryList"].as_array().cloned().unwrap_or_default();
        found.extend(jobs.iter().map(|job| format!("{} {status}", job["jobName"])));
    }
    found
}

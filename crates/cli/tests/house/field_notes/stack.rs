//! 17: notes on things that are no longer what they were.

use std::collections::BTreeMap;

use cli::seed::Caller;
use conductor::Ended;
use serde_json::json;
use upgrade::{Note, Outcome, State, Step, Timestamp, UpdateKind};

use super::{Scene, after, has, quiet_release};
use crate::full::{BUCKET, stack};
use crate::material::Material;
use crate::outside::check_gate;

const WORKERS: &str = "platform-workers-1";

/// Delete the stack, and create it again under its name, at work.
async fn create_again(scene: &Scene) {
    let (full, clouds) = (scene.full(), &scene.full().site.ports.clouds);
    scene.call("cloudformation", "DeleteStack", &[("StackName", "platform")]).await;
    for _ in 0..600 {
        if clouds.primary.stack_status("platform").await.expect("it can be looked at").is_none() {
            break;
        }
        scene.sleep(10).await;
    }
    let url = clouds.primary.upload_template(BUCKET, "again", full.material.from.as_bytes()).await;
    let (caller, material): (&Caller, &Material) = (&full.caller, &full.material);
    let parameters: &BTreeMap<String, String> = &material.parameters;
    stack(caller, &url.expect("uploaded"), "platform", parameters, material.workload).await;
    // Its owner gives the new one other sizes.
    let asked = [("AutoScalingGroupName", WORKERS), ("MaxSize", "9"), ("DesiredCapacity", "3")];
    scene.call("autoscaling", "UpdateAutoScalingGroup", &asked).await;
    scene.sleep(300).await;
}

pub async fn notes_of_a_stack_that_was_deleted_count_for_nothing() {
    for upgrades in [false, true] {
        let what = format!("then upgraded: {upgrades}");
        let scene = if upgrades { Scene::of(quiet_release).await } else { Scene::new().await };
        scene.world.enable().await;
        create_again(&scene).await;
        assert!(!scene.is_closed().await, "{what}: the new stack is in no maintenance");
        let before = scene.stands().await;
        assert_eq!(before.groups["WorkerGroup"].sizes, ["0", "9", "3"].map(str::to_owned), "{what}");
        let mut wanted = before.clone();
        if upgrades {
            let (_, ended, report) = scene.upgrade().await;
            assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            assert_eq!(report.found, None, "{what}");
            (wanted.status, wanted.version) = ("UPDATE_COMPLETE".to_owned(), scene.fresh.version.clone());
        } else {
            scene.world.enable().await;
            scene.assert_in_maintenance(&what).await;
            scene.disable().await;
        }
        // The banner of the maintenance that was never left is known from its run's journal, or from its words.
        wanted.left.clear();
        assert_eq!(scene.stands().await, wanted, "{what}");
    }
}

/// A release that sets the tags of the workers and the queues, and so takes all others off.
fn tagging_release(material: &mut Material) {
    quiet_release(material);
    let tags = "      Tags: [{ Key: team, Value: blue, PropagateAtLaunch: true }]\n";
    material.to = after(&material.to, "      NewInstancesProtectedFromScaleIn: true\n", tags);
    for priority in ["      Priority: 10\n", "      Priority: 1\n"] {
        material.to = after(&material.to, priority, "      Tags: { team: blue }\n");
    }
}

/// Which journal knows of the maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maintenance {
    OfTheUpgrade,
    ByHand,
    ByHandAndForgotten,
}

pub async fn an_update_that_wipes_tags_wipes_no_memory() {
    for maintenance in [Maintenance::OfTheUpgrade, Maintenance::ByHand, Maintenance::ByHandAndForgotten] {
        let what = format!("{maintenance:?}");
        let scene = Scene::of(tagging_release).await;
        if maintenance != Maintenance::OfTheUpgrade {
            scene.world.enable().await;
        }
        if maintenance == Maintenance::ByHandAndForgotten {
            scene.world.lose_journal();
        }
        let plan = scene.world.upgrading().await.expect("a plan");
        let updated = |state: &State| state.step == Step::CheckHealth;
        let wiped = async {
            let notes = scene.stands().await.left;
            let of_things = |note: &&String| note.contains("job-queue") || note.contains(WORKERS);
            assert_eq!(notes.iter().filter(of_things).count(), 0, "{what}: the update wiped them: {notes:?}");
        };
        let ended = scene.world.carry_on_and(&plan, updated, wiped).await;
        let (_, ended, _) = scene.told(&plan.run_id, ended);
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
        assert_eq!(
            scene.stands().await.groups["WorkerGroup"],
            scene.full().before.groups["WorkerGroup"],
            "{what}"
        );
    }
}

/// Templates drawn from a deployment in maintenance: with its notes on the workers and on a queue.
fn copying_releases(material: &mut Material) {
    let note = Note::on(WORKERS, Timestamp(1), "old").with("min", 2).with("max", 9).with("desired", 7);
    let tag = format!(
        "      Tags: [{{ Key: \"slackwater:before\", Value: \"{}\", PropagateAtLaunch: true }}]\n",
        note.write()
    );
    for template in [&mut material.from, &mut material.to] {
        *template = after(template, "      NewInstancesProtectedFromScaleIn: true\n", &tag);
    }
    let note = Note::on("arn:of:another", Timestamp(1), "old").with("state", "ENABLED").write();
    let parked = format!("      State: DISABLED\n      Tags: {{ \"slackwater:before\": \"{note}\" }}\n");
    material.to = after(&material.to, "      Priority: 20\n", &parked);
}

pub async fn tags_that_a_template_copies_are_no_notes() {
    let scene = Scene::of(copying_releases).await;
    let (_, ended, report) = scene.upgrade().await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    let named = format!("group {WORKERS} bore a note of an earlier maintenance that it isn't in");
    assert!(has(&report.remarks, &named), "{:?}", report.remarks);
    let stands = scene.stands().await;
    assert_eq!(stands.queues["InteractiveQueue"].0, "DISABLED", "as the release defines it");
    assert_eq!(stands.groups["WorkerGroup"].sizes, scene.fresh.groups["WorkerGroup"].sizes);
    let copied = format!("a note on {}", stands.queues["InteractiveQueue"].1);
    assert_eq!(stands.left, [copied], "what the release itself puts on its new queue");
    assert_eq!((stands.status.as_str(), &stands.version), ("UPDATE_COMPLETE", &scene.fresh.version));
    assert_eq!(stands.alarms, scene.fresh.alarms);
}

/// Let the update last, so that the calm is looked at meanwhile.
fn slow_update(scene: &Scene) {
    let slow = json!({"stack": "platform", "logical_id": "WebTargetGroup", "times": 200});
    scene.full().set_faults(&json!({ "slow": [slow] }));
}

pub async fn an_alarm_that_the_update_unmutes_is_muted_again_and_acts_at_the_end() {
    for by_hand in [false, true] {
        let what = format!("maintenance by hand: {by_hand}");
        let scene = Scene::of(|material| {
            quiet_release(material);
            material.to = material.to.replacen("Threshold: 80", "Threshold: 85", 1);
            material.to = material.to.replacen("Threshold: 90", "Threshold: 95", 1);
        })
        .await;
        slow_update(&scene);
        if by_hand {
            scene.world.enable().await;
        }
        let plan = scene.world.upgrading().await.expect("a plan");
        let looked = async {
            scene.sleep(5).await;
            assert_eq!(scene.stands().await.alarms["BusyAlarm"], "true", "{what}: the update unmutes it");
            scene.sleep(120).await;
            let stands = scene.stands().await;
            assert_eq!(
                (stands.status.as_str(), stands.alarms["BusyAlarm"].as_str()),
                ("UPDATE_IN_PROGRESS", "false"),
                "{what}"
            );
        };
        let updating = |state: &State| state.step == Step::FollowUpdate(UpdateKind::Primary);
        let ended = scene.world.carry_on_and(&plan, updating, looked).await;
        let (_, ended, report) = scene.told(&plan.run_id, ended);
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        assert!(has(&report.came_back, "alarms acted again, and were muted again"), "{what}: {report:?}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
        let alarms = scene.stands().await.alarms;
        assert_eq!(
            (alarms["BusyAlarm"].as_str(), alarms["QuietAlarm"].as_str()),
            ("true", "false"),
            "{what}"
        );
    }
}

pub async fn a_queue_that_the_update_enables_is_disabled_again_and_right_at_the_end() {
    for by_hand in [false, true] {
        let what = format!("maintenance by hand: {by_hand}");
        let scene = Scene::of(|material| {
            quiet_release(material);
            let enabled = "      Priority: 2\n      State: ENABLED\n";
            assert!(material.to.contains("      Priority: 1\n"));
            material.to = material.to.replacen("      Priority: 1\n", enabled, 1);
        })
        .await;
        slow_update(&scene);
        if by_hand {
            scene.world.enable().await;
        }
        let plan = scene.world.upgrading().await.expect("a plan");
        let looked = async {
            scene.sleep(150).await;
            let stands = scene.stands().await;
            assert_eq!(stands.status, "UPDATE_IN_PROGRESS", "{what}");
            assert_eq!(stands.queues["PipelineQueue"].0, "DISABLED", "{what}");
        };
        let updating = |state: &State| state.step == Step::FollowUpdate(UpdateKind::Primary);
        let ended = scene.world.carry_on_and(&plan, updating, looked);
        let (ended, looks) = scene.full().watched(10, ended).await;
        let (_, ended, report) = scene.told(&plan.run_id, ended);
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        check_gate(&looks, &what);
        assert!(
            has(&report.came_back, "job queues were enabled again, and disabled again"),
            "{what}: {report:?}"
        );
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}

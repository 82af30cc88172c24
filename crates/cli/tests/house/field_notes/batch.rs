//! 3: what of Batch is INVALID.

use cli::{LeavingWish, is_left_over};
use conductor::Ended;
use upgrade::{FactsBefore, Outcome, State, Step, Users, Verdict};

use super::{Scene, has, not_upgraded};
use crate::outside::Way;

pub async fn a_queue_that_was_invalid_beforehand_keeps_nobody_out() {
    let scene = Scene::new().await;
    scene.set_status("jobQueue", &scene.queue("PipelineQueue"), "INVALID", false).await;
    let prepared = scene.full().prepared("run-9").await;
    let check = prepared.checks.iter().find(|check| check.id == "job-queues").expect("made");
    assert_eq!(check.verdict, Verdict::Warning, "{check:?}");
    assert!(has(&check.evidence, "is INVALID (CLIENT_ERROR - Not authorized"), "named: {check:?}");
    let (_, ended, report) = scene.upgrade().await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    assert!(has(&report.remarks, "is INVALID (CLIENT_ERROR - Not authorized"), "{:?}", report.remarks);
    scene.full().assert_upgraded(&scene.fresh, "upgraded").await;
    // The same by hand.
    scene.world.enable().await;
    scene.disable().await;
    scene.full().assert_upgraded(&scene.fresh, "left").await;
}

/// Somebody changes a queue when the gate is about to close.
pub async fn a_queue_that_is_being_changed_is_waited_for_while_users_are_at_work() {
    for (seconds, upgrades) in [(60, true), (3600, false)] {
        let scene = Scene::new().await;
        let queue = scene.queue("PipelineQueue");
        let plan = scene.world.upgrading().await.expect("a plan");
        let about_to = |state: &State| state.step == Step::ConfirmFacts(FactsBefore::Gate);
        let order = serde_json::json!({"jobQueue": queue, "status": "UPDATING", "seconds": seconds});
        let changed = async {
            scene.post("slackwater", "/_slackwater/batch", &order).await;
            for _ in 0..5 {
                scene.sleep(10).await;
                assert_eq!(scene.look().await.stranger, Way::Platform, "users are at work");
            }
        };
        let ended = scene.world.carry_on_and(&plan, about_to, changed);
        let (ended, looks) = scene.full().watched(10, ended).await;
        let (_, ended, _) = scene.told(&plan.run_id, ended);
        if upgrades {
            assert_eq!(ended, Ended::Run(Outcome::Upgraded));
            scene.full().assert_upgraded(&scene.fresh, "changed").await;
        } else {
            let reason = not_upgraded(&ended);
            assert!(reason.contains("is UPDATING"), "{reason}");
            assert!(looks.iter().all(|look| look.stranger == Way::Platform), "nobody was kept out");
            scene.full().assert_put_back("never settled").await;
        }
    }
}

pub async fn a_queue_that_refuses_to_be_disabled_is_told_and_users_keep_what_they_have() {
    let scene = Scene::new().await;
    scene.set_status("jobQueue", &scene.queue("PipelineQueue"), "INVALID", true).await;
    let (_, ended, _) = scene.upgrade().await;
    let reason = not_upgraded(&ended);
    assert!(reason.contains("Disable job queues") && reason.contains("is in INVALID status"), "{reason}");
    assert_eq!(scene.look().await.stranger, Way::Platform);
    scene.full().assert_put_back("not upgraded").await;
    scene.set_status("jobQueue", &scene.queue("PipelineQueue"), "VALID", false).await;
    let (_, ended, _) = scene.upgrade().await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    scene.full().assert_upgraded(&scene.fresh, "mended").await;
}

pub async fn an_invalid_compute_environment_keeps_nobody_out() {
    for refuses_updates in [false, true] {
        let what = format!("refuses updates: {refuses_updates}");
        let scene = Scene::new().await;
        let environments =
            scene.post("batch", "/v1/describecomputeenvironments", &serde_json::json!({})).await;
        let name = environments["computeEnvironments"][0]["computeEnvironmentArn"].as_str();
        scene.set_status("computeEnvironment", name.expect("one"), "INVALID", refuses_updates).await;
        scene.world.enable().await;
        scene.assert_in_maintenance(&what).await;
        scene.disable().await;
        scene.full().assert_put_back(&what).await;
    }
}

pub async fn a_queue_invalid_on_the_way_out_is_named_and_put_back_when_it_is_valid_again() {
    for lost in [false, true] {
        let what = format!("journal lost: {lost}");
        let scene = Scene::new().await;
        let queue = scene.queue("PipelineQueue");
        let plan = scene.world.upgrading().await.expect("a plan");
        let leaving = |state: &State| state.step == Step::RestoreWorkers;
        let invalid = scene.set_status("jobQueue", &queue, "INVALID", true);
        let ended = scene.world.carry_on_and(&plan, leaving, invalid).await;
        let (_, ended, report) = scene.told(&plan.run_id, ended);
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        assert!(has(&report.still_to_put_back, "Restore job queues"), "{what}: {report:?}");
        let seen = report.seen.as_ref().expect("looked at");
        assert_eq!(seen.users, Users::In, "{what}");
        let name = queue.rsplit('/').next().expect("a name");
        assert!(
            has(&seen.still_to_put_back, &format!("queue {name} is disabled (INVALID)")),
            "{what}: {seen:?}"
        );
        // From outside: users are in, the queue is disabled and bears its note, and everything else is right.
        assert_eq!(scene.look().await.stranger, Way::Platform, "{what}");
        let stands = scene.stands().await;
        assert_eq!(stands.queues["PipelineQueue"].0, "DISABLED", "{what}");
        assert_eq!(stands.left, [format!("a note on {queue}")], "{what}");
        assert_eq!(stands.alarms, scene.fresh.alarms, "{what}");
        let site = &scene.full().site;
        assert!(is_left_over(site, &scene.world.journal()).await.expect("looked at"), "status shows it");
        if lost {
            scene.world.lose_journal();
        }
        // As long as it is INVALID, leaving leaves it on the list and keeps nobody out.
        scene.disable_with(LeavingWish::default()).await;
        assert_eq!(scene.stands().await.queues["PipelineQueue"].0, "DISABLED", "{what}");
        assert_eq!(scene.look().await.stranger, Way::Platform, "{what}");
        scene.set_status("jobQueue", &queue, "VALID", false).await;
        scene.disable().await;
        scene.full().assert_upgraded(&scene.fresh, &what).await;
        assert!(!is_left_over(site, &scene.world.journal()).await.expect("looked at"), "{what}");
    }
}

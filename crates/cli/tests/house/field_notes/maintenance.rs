//! 1: maintenance by hand, then the upgrade.

use cli::{Entering, already, entering};
use conductor::Ended;
use serde_json::json;
use upgrade::{OnUnhealthy, Outcome, State, Step, UpdateKind, Users};

use super::{Scene, has, not_upgraded};
use crate::common::BEGINNING;
use crate::outside::{Way, check_gate};
use crate::world::Waits;

pub async fn an_upgrade_uses_the_maintenance_entered_by_hand_and_ends_it() {
    for lost in [false, true] {
        let what = format!("journal lost: {lost}");
        let scene = Scene::new().await;
        scene.world.enable().await;
        scene.assert_in_maintenance(&what).await;
        if lost {
            scene.world.lose_journal();
        }
        scene.sleep(3600).await;
        scene.full().calls.begin(None);
        let ((_, ended, report), looks) = scene.full().watched(10, scene.upgrade()).await;
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        check_gate(&looks, &what);
        let turns = looks.windows(2).filter(|pair| pair[0].stranger != pair[1].stranger).count();
        assert!(turns <= 1 && looks[0].stranger == Way::MaintenancePage, "{what}: closed until its end");
        let made = scene.full().calls.calls().iter().filter(|call| call.ends_with(":CreateRule")).count();
        assert_eq!(made, 0, "{what}: the gate is used as it stands");
        assert_eq!(report.found.and_then(|found| found.by).as_deref(), Some("ada"), "{what}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}

pub async fn entering_maintenance_twice_changes_nothing_and_says_since_when_and_by_whom() {
    for lost in [false, true] {
        let scene = Scene::new().await;
        scene.world.enable().await;
        let entered = scene.stands().await;
        if lost {
            scene.world.lose_journal();
        }
        scene.sleep(7200).await;
        scene.full().platform.begin(Vec::new());
        let site = &scene.full().site;
        let found = match entering(site, Some(&scene.world.journal()), "again", &[], None).await {
            Ok(Entering::Already(found)) => found,
            Ok(Entering::By(plan)) => panic!("it would be entered again: {:?}", plan.steps),
            Err(error) => panic!("{error}"),
        };
        let words = already(&found);
        assert!(words.contains("since 2026-01-01 00:") && words.contains("by ada"), "{words}");
        let since = found.since.expect("the gate tells").milliseconds_since(upgrade::Timestamp(BEGINNING));
        assert!(since < 3_600_000, "it began hours ago, and not now: {since}");
        assert_eq!(scene.stands().await, entered);
        let requests = scene.full().platform.requests();
        assert!(requests.iter().all(|request| request.starts_with("GET")), "{requests:?}");
        scene.disable().await;
        scene.full().assert_put_back("left").await;
    }
}

pub async fn an_upgrade_tried_again_after_staying_closed_succeeds() {
    for lost in [false, true] {
        let what = format!("journal lost: {lost}");
        let mut scene = Scene::new().await;
        scene.world.full.site.settings.maintenance.policy.stay_closed_on_failure = true;
        fail(&scene);
        let (_, ended, _) = scene.upgrade().await;
        let Ended::Run(Outcome::GateClosed { reason }) = ended else { panic!("{what}: {ended:?}") };
        assert!(reason.contains("WebTargetGroup") && reason.contains("stay_closed_on_failure"), "{reason}");
        scene.assert_in_maintenance(&what).await;
        scene.full().set_faults(&json!({}));
        if lost {
            scene.world.lose_journal();
        }
        scene.sleep(1800).await;
        let (_, ended, _) = scene.upgrade().await;
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}

pub async fn an_upgrade_that_fails_in_a_maintenance_leaves_it_as_it_was() {
    for lost in [false, true] {
        let what = format!("journal lost: {lost}");
        let scene = Scene::new().await;
        scene.world.enable().await;
        let entered = scene.stands().await;
        if lost {
            scene.world.lose_journal();
        }
        fail(&scene);
        let plan = scene.world.upgrading().await.expect("a plan");
        let ended = scene.world.carry_on(&plan, &mut Waits).await;
        let (_, ended, report) = scene.told(&plan.run_id, ended);
        assert!(not_upgraded(&ended).contains("WebTargetGroup"), "{what}: {ended:?}");
        scene.assert_in_maintenance(&what).await;
        let stands = scene.stands().await;
        assert_eq!((&stands.version, &stands.queues), (&entered.version, &entered.queues), "{what}");
        assert_eq!((&stands.groups, &stands.alarms), (&entered.groups, &entered.alarms), "{what}");
        assert_eq!(stands.left, entered.left, "{what}: its gate, its notes and its banner, and nothing more");
        let seen = report.seen.expect("looked at");
        assert!(matches!(seen.users, Users::Out(_)), "{what}: {seen:?}");
        assert!(!has(&report.remarks, "could not"), "{what}: {:?}", report.remarks);
        scene.full().set_faults(&json!({}));
        scene.disable().await;
        scene.full().assert_put_back(&what).await;
    }
}

pub async fn an_upgrade_that_goes_back_in_a_maintenance_leaves_it_as_it_was() {
    let mut scene = Scene::new().await;
    scene.world.full.site.settings.health.on_failure = OnUnhealthy::GoBack;
    scene.world.enable().await;
    let plan = scene.world.upgrading().await.expect("a plan");
    scene.full().platform.be_healthy(false);
    let back = |state: &State| state.step == Step::CreateChangeSet(UpdateKind::WayBack);
    let mended = async { scene.full().platform.be_healthy(true) };
    let ended = scene.world.carry_on_and(&plan, back, mended).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    assert!(matches!(ended, Ended::Run(Outcome::WentBack { .. })), "{ended:?}");
    assert_eq!(scene.stands().await.version, scene.full().before.version);
    scene.assert_in_maintenance("gone back").await;
    let seen = report.seen.expect("looked at");
    assert!(matches!(seen.users, Users::Out(_)), "{seen:?}");
    scene.disable().await;
    let (stands, before) = (scene.stands().await, &scene.full().before);
    assert_eq!(stands.left, Vec::<String>::new());
    assert_eq!((&stands.queues, &stands.alarms), (&before.queues, &before.alarms));
    // The workers were replaced twice: they are as the old release defines them.
    assert_eq!(stands.groups["WorkerGroup"].sizes, ["0", "4", "0"].map(str::to_owned));
}

/// The update will fail.
fn fail(scene: &Scene) {
    let fault = json!({"stack": "platform", "logical_id": "WebTargetGroup", "phase": "update", "reason": "so it was told"});
    scene.full().set_faults(&json!({"resources": [fault]}));
}

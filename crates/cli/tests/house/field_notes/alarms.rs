//! 13: alarms that an interrupted run left muted.

use conductor::{Ended, Request};
use upgrade::{Outcome, State, Step};

use super::Scene;
use crate::outside::Tree;

fn muted(state: &State) -> bool {
    state.step == Step::TerminateWorkers
}

/// How the interrupted run is dealt with before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    JournalLost,
    GivenUp,
    LeftMaintenance,
}

pub async fn alarms_that_an_interrupted_run_muted_are_no_owners_choice() {
    for between in [Between::JournalLost, Between::GivenUp, Between::LeftMaintenance] {
        let what = format!("{between:?}");
        let scene = Scene::new().await;
        let plan = scene.world.upgrading().await.expect("a plan");
        scene.world.kill_when(&plan, muted).await;
        assert_eq!(scene.stands().await.alarms["BusyAlarm"], "false", "{what}");
        match between {
            Between::JournalLost => scene.world.lose_journal(),
            Between::GivenUp => {
                scene.world.ask(&plan.run_id, &Request::GiveUp { by: "grace".to_owned() });
                let ended = scene.world.resume(&plan.run_id, "second").await.expect("it ends");
                assert!(matches!(ended, Ended::Run(Outcome::GateClosed { .. })), "{what}: {ended:?}");
            }
            Between::LeftMaintenance => {
                scene.disable().await;
                scene.full().assert_put_back(&what).await;
            }
        }
        let (_, ended, _) = scene.upgrade().await;
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
        assert_eq!(scene.stands().await.alarms["BusyAlarm"], "true", "{what}");
        assert_eq!(scene.stands().await.alarms["QuietAlarm"], "false", "{what}: its owner muted it");
    }
}

pub async fn alarms_muted_by_a_run_whose_gate_was_removed_by_hand_act_again() {
    for upgrades in [false, true] {
        let what = format!("the next run upgrades: {upgrades}");
        let scene = Scene::new().await;
        let plan = scene.world.upgrading().await.expect("a plan");
        scene.world.kill_when(&plan, muted).await;
        scene.world.lose_journal();
        remove_gate(&scene).await;
        assert!(!scene.is_closed().await, "{what}");
        if upgrades {
            let (_, ended, _) = scene.upgrade().await;
            assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            scene.full().assert_upgraded(&scene.fresh, &what).await;
        } else {
            scene.disable().await;
            let (stands, before) = (scene.stands().await, &scene.full().before);
            assert_eq!((&stands.alarms, &stands.queues), (&before.alarms, &before.queues), "{what}");
            assert_eq!(stands.groups, before.groups, "{what}");
            // Whose the change set is that the first run has made nobody knows; it takes nothing from anybody.
            assert!(
                stands.left.iter().all(|left| left.starts_with("change set ")),
                "{what}: {:?}",
                stands.left
            );
        }
    }
}

/// Somebody deletes the gate's rules in the console.
pub async fn remove_gate(scene: &Scene) {
    let listener = scene.full().outside().listener();
    let asked = [("ListenerArn".to_owned(), listener)];
    let answer = scene.full().caller.query("elasticloadbalancing", "DescribeRules", &asked).await;
    for rule in Tree::read(&answer.expect("rules")).list("Rules") {
        if rule.text("Priority") != "100" && rule.text("IsDefault") != "true" {
            scene.call("elasticloadbalancing", "DeleteRule", &[("RuleArn", &*rule.text("RuleArn"))]).await;
        }
    }
}

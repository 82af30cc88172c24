//! 12: a rollback that somebody else continues, and a clean-up that leaves something.

use conductor::{Ended, Request};
use serde_json::json;
use upgrade::{Answer, Outcome, Plan, Question, Users};

use super::{Scene, has, not_upgraded};
use crate::common::Silent;
use crate::outside::Way;

/// An upgrade whose rollback has failed, and which nobody answers.
async fn stuck(scene: &Scene) -> Plan {
    let fault = |phase: &str| json!({"stack": "platform", "logical_id": "WebTargetGroup", "phase": phase, "reason": "so it was told"});
    scene.full().set_faults(&json!({"resources": [fault("update"), fault("rollback")]}));
    let plan = scene.world.upgrading().await.expect("a plan");
    let ended = scene.world.carry_on(&plan, &mut Silent).await.expect("it comes to a question");
    assert!(is_asked(&ended), "{ended:?}");
    assert_eq!(scene.stands().await.status, "UPDATE_ROLLBACK_FAILED");
    assert!(scene.is_closed().await);
    plan
}

fn is_asked(ended: &Ended) -> bool {
    matches!(ended, Ended::NeedsAnswer(Question::RollbackFailed { .. }, _))
}

/// Somebody mends the cause and continues the rollback in the console.
async fn continue_in_console(scene: &Scene) {
    scene.full().set_faults(&json!({}));
    scene.call("cloudformation", "ContinueUpdateRollback", &[("StackName", "platform")]).await;
}

async fn assert_went_on(scene: &Scene, plan: &Plan, ended: Ended) {
    let reason = not_upgraded(&ended);
    assert!(reason.contains("was continued by somebody else; the old release stands"), "{reason}");
    assert!(reason.contains("so it was told"), "{reason}");
    assert_eq!(scene.look().await.stranger, Way::Platform);
    scene.full().assert_put_back("continued in the console").await;
    let seen = scene.world.report(&plan.run_id).seen.expect("looked at");
    assert_eq!(
        (seen.stack_status.as_str(), seen.release.as_deref()),
        ("UPDATE_ROLLBACK_COMPLETE", Some("1.0.0"))
    );
}

pub async fn a_rollback_continued_in_the_console_is_seen_when_the_run_is_resumed() {
    // Long over, or still under way.
    for seconds in [1800, 0] {
        let scene = Scene::new().await;
        let plan = stuck(&scene).await;
        continue_in_console(&scene).await;
        scene.sleep(seconds).await;
        let ended = scene.world.resume(&plan.run_id, "second").await.expect("it goes on");
        assert_went_on(&scene, &plan, ended).await;
    }
}

pub async fn a_rollback_continued_in_the_console_is_followed_when_somebody_says_look_again() {
    let scene = Scene::new().await;
    let plan = stuck(&scene).await;
    let waiting = scene.world.resume(&plan.run_id, "second");
    let answering = async {
        scene.sleep(300).await;
        continue_in_console(&scene).await;
        let by = "ada".to_owned();
        scene.world.ask(&plan.run_id, &Request::Answer { answer: Answer::LookAgain, by });
    };
    let ended = tokio::join!(waiting, answering).0.expect("it goes on");
    assert_went_on(&scene, &plan, ended).await;
    assert!(has(&scene.world.report(&plan.run_id).decisions, "ada decided: look again"));
}

pub async fn a_failed_rollback_that_nobody_continued_is_asked_about_again() {
    let scene = Scene::new().await;
    let plan = stuck(&scene).await;
    let (journal, full) = (&scene.world.journal(), scene.full());
    let ended = full.resume(&plan.run_id, journal, &mut Silent, "second").await.expect("it asks again");
    assert!(is_asked(&ended), "{ended:?}");
    assert!(scene.is_closed().await);
    // The answers that it took before it still takes.
    full.set_faults(&json!({}));
    let answer = Answer::ContinueRollback { skip: Vec::new() };
    scene.world.ask(&plan.run_id, &Request::Answer { answer, by: "ada".to_owned() });
    let ended = full.resume(&plan.run_id, journal, &mut Silent, "third").await.expect("it goes on");
    assert!(not_upgraded(&ended).contains("the old release stands"), "{ended:?}");
    full.assert_put_back("continued by the run").await;
}

pub async fn what_the_clean_up_could_not_delete_is_named() {
    let scene = Scene::new().await;
    let fault = json!({"stack": "platform", "logical_id": "LegacyPolicy", "phase": "delete", "reason": "Cannot delete a policy attached to entities."});
    scene.full().set_faults(&json!({"resources": [fault]}));
    let (_, ended, report) = scene.upgrade().await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    scene.full().assert_upgraded(&scene.fresh, "left behind").await;
    let [named] = report.left_behind.as_slice() else { panic!("once: {:?}", report.left_behind) };
    assert!(named.contains("LegacyPolicy") && named.contains("attached to entities"), "{named}");
    assert!(named.contains("arn:aws:iam"), "by what it is called in the account: {named}");
}

/// What a question says of users is looked at, whatever the run has done itself.
pub async fn whether_users_are_in_is_seen_whenever_somebody_is_asked() {
    for by_hand in [false, true] {
        let scene = Scene::new().await;
        if by_hand {
            scene.world.enable().await;
        }
        // The role stack comes before the gate.
        let fault = |phase: &str| json!({"stack": "deployment-role", "logical_id": "DataPolicy", "phase": phase, "reason": "so it was told"});
        scene.full().set_faults(&json!({"resources": [fault("update"), fault("rollback")]}));
        let plan = scene.world.upgrading().await.expect("a plan");
        let ended = scene.world.carry_on(&plan, &mut Silent).await.expect("it comes to a question");
        assert!(is_asked(&ended), "{ended:?}");
        let Ended::NeedsAnswer(_, Some(users)) = ended else { panic!("{ended:?}") };
        assert_eq!(matches!(users, Users::Out(_)), by_hand, "{users:?}");
    }
    // And behind the run's own gate, which somebody opens in the console while the question stands.
    let scene = Scene::new().await;
    let plan = stuck(&scene).await;
    let again = async || {
        let full = scene.full();
        let ended = full.resume(&plan.run_id, &scene.world.journal(), &mut Silent, "another").await;
        match ended.expect("it asks again") {
            Ended::NeedsAnswer(_, users) => users.expect("seen"),
            Ended::Run(outcome) => panic!("{outcome:?}"),
        }
    };
    assert!(matches!(again().await, Users::Out(_)));
    super::alarms::remove_gate(&scene).await;
    assert_eq!(again().await, Users::In);
}

//! 20: health that can't be proven.

use cli::LeavingWish;
use conductor::{Ended, JournalStore, Request};
use upgrade::{Answer, Outcome, Question, State, Step, UpdateKind, fold};

use super::{Scene, after, has};
use crate::full::at_once;
use crate::material::Material;
use crate::outside::Way;

/// A second target group that waits for its turn, as in blue/green, without any target.
fn with_idle_targets(material: &mut Material) {
    for template in [&mut material.from, &mut material.to] {
        let health = template.lines().find(|line| line.trim_start().starts_with("HealthCheckPath:"));
        let health = format!("{}\n", health.expect("the sample has one"));
        *template = after(
            template,
            &health,
            "  GreenTargetGroup:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: { VpcId: !Ref Vpc, Port: 8080, Protocol: HTTP }
",
        );
        let one = "DefaultActions: [{ Type: forward, TargetGroupArn: !Ref WebTargetGroup }]";
        assert!(template.contains(one));
        *template = template.replacen(
            one,
            "DefaultActions:
        - Type: forward
          ForwardConfig:
            TargetGroups:
              - { TargetGroupArn: !Ref WebTargetGroup, Weight: 1 }
              - { TargetGroupArn: !Ref GreenTargetGroup, Weight: 0 }",
            1,
        );
    }
}

pub async fn a_target_group_that_had_no_target_before_is_told_and_not_waited_for() {
    for by_hand in [false, true] {
        for lost in [false, true] {
            let what = format!("by hand: {by_hand}, journal lost: {lost}");
            let scene = Scene::of(with_idle_targets).await;
            let plan = scene.world.upgrading().await.expect("a plan");
            assert_eq!(plan.targets.target_groups.len(), 2, "{what}: {:?}", plan.targets.target_groups);
            if by_hand {
                scene.world.enable().await;
            }
            if lost {
                scene.world.lose_journal();
            }
            let (_, ended, report) = scene.upgrade().await;
            assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
            let told = "was not healthy before either, so it was not waited for";
            assert_eq!(
                report.remarks.iter().filter(|one| one.contains(told)).count(),
                1,
                "{:?}",
                report.remarks
            );
            let checked = report.steps.iter().find(|step| step.step == Step::CheckHealth).expect("checked");
            let seconds = checked.milliseconds().expect("it ended") / 1000;
            assert!(seconds < 120, "{what}: waited for {seconds} s");
            scene.full().assert_upgraded(&scene.fresh, &what).await;
            // Leaving maintenance waits for it as little.
            scene.world.enable().await;
            scene.disable().await;
            scene.full().assert_upgraded(&scene.fresh, &what).await;
        }
    }
}

fn updating(state: &State) -> bool {
    state.step == Step::FollowUpdate(UpdateKind::Primary)
}

/// The question that a run is held by.
fn question(scene: &Scene, run_id: &str) -> Option<Question> {
    let (plan, records) = at_once(scene.world.journal().load(run_id)).expect("readable");
    fold(&plan, &records).expect("sound").question
}

pub async fn a_stop_while_health_is_awaited_leads_to_the_question() {
    let scene = Scene::new().await;
    let plan = scene.world.upgrading().await.expect("a plan");
    let run_id = plan.run_id.as_str();
    let stopping = async {
        scene.full().platform.be_healthy(false);
        while !scene.world.report(run_id).steps.iter().any(|step| step.step == Step::CheckHealth) {
            scene.sleep(5).await;
        }
        scene.sleep(30).await;
        scene.world.ask(run_id, &Request::Stop { by: "grace".to_owned() });
        scene.sleep(10).await;
        let Some(Question::Unhealthy { findings, can_go_back: true }) = question(&scene, run_id) else {
            panic!("{:?}", question(&scene, run_id))
        };
        assert!(has(&findings, "platform: is down") && has(&findings, "grace asked the run to stop"));
        assert!(scene.is_closed().await, "nobody is let in before somebody decides");
        scene.world.ask(run_id, &Request::Answer { answer: Answer::Open, by: "ada".to_owned() });
    };
    let ended = scene.world.carry_on_and(&plan, updating, stopping).await;
    let (_, ended, report) = scene.told(run_id, ended);
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    assert!(has(&report.decisions, "grace asked the run to stop"), "{:?}", report.decisions);
    assert!(has(&report.remarks, "ada let users in all the same"), "{:?}", report.remarks);
    assert_eq!(scene.look().await.stranger, Way::Platform);
    scene.full().assert_upgraded(&scene.fresh, "opened").await;
}

pub async fn maintenance_is_left_although_the_platform_is_sick_and_that_is_on_record() {
    let wish = LeavingWish { although_unhealthy: true, stop_run: true, ..LeavingWish::default() };
    // By a run of its own.
    let scene = Scene::new().await;
    scene.world.enable().await;
    scene.full().platform.be_healthy(false);
    scene.disable_with(wish).await;
    scene.full().assert_put_back("although it is sick").await;
    let runs = at_once(scene.world.journal().runs()).expect("readable");
    let (plan, _) =
        at_once(scene.world.journal().load(&runs.last().expect("a run").run_id)).expect("readable");
    assert!(plan.accepted.iter().any(|one| one.what == "health" && one.why.contains("unhealthy")));
    // Of an upgrade that waits for health, carried on by somebody or by nobody.
    for dead in [false, true] {
        let what = format!("its process has died: {dead}");
        let scene = Scene::new().await;
        let plan = scene.world.upgrading().await.expect("a plan");
        let leaving = async {
            scene.sleep(60).await;
            scene.disable_with(wish).await;
        };
        scene.full().platform.be_healthy(false);
        let awaited = |state: &State| state.step == Step::CheckHealth && !state.unhealthy.is_empty();
        if dead {
            scene.world.kill_when(&plan, awaited).await;
            leaving.await;
        } else {
            scene
                .world
                .carry_on_and(&plan, awaited, leaving)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        let report = scene.world.report(&plan.run_id);
        assert_eq!(report.outcome, Some(Outcome::Upgraded), "{what}");
        assert!(has(&report.remarks, "let users in all the same"), "{what}: {:?}", report.remarks);
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}

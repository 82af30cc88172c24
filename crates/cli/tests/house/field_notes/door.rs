//! 4: several ways in. 18: a release that replaces the load balancer, and so the listener. 21: a platform whose first rule
//! leaves no room before it.

use conductor::Ended;
use upgrade::Outcome;

use super::{Scene, after, has, not_upgraded, quiet_release};
use crate::material::Material;
use crate::outside::Way;

/// For how many seconds in a row strangers may meet the new listener before it is closed: CloudFormation's event has to be
/// seen first, which is looked for every two seconds.
const OPEN_SECONDS: usize = 8;

/// A listener's own properties replace nothing: it goes with its load balancer, whose name is create-only. A target group
/// can't be used by two load balancers, so the release makes a new one of another port, which is create-only as well.
fn replacing_release(material: &mut Material) {
    quiet_release(material);
    material.to = after(&material.to, "      Type: application\n", "      Name: platform-two\n");
    material.to = material.to.replacen("      Port: 8080\n", "      Port: 8081\n", 1);
}

pub async fn a_listener_that_the_update_replaces_is_closed_as_soon_as_it_is_seen() {
    for by_hand in [false, true] {
        let what = format!("maintenance by hand: {by_hand}");
        let mut scene = Scene::of(replacing_release).await;
        scene.world.full.accepted_replacements = &["HttpsListener", "LoadBalancer"];
        if by_hand {
            scene.world.enable().await;
        }
        let old = scene.full().outside().listener();
        let ((_, ended, report), looks) = scene.full().watched(1, scene.upgrade()).await;
        assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{what}");
        let new = scene.full().outside().listener();
        assert_ne!(new, old, "{what}: it was replaced");
        assert!(
            has(&report.came_back, &format!("the gate was closed there as well: {new}")),
            "{what}: {:?}",
            report.came_back
        );
        let open = |look: &crate::outside::Look| look.stranger == Way::Platform && !look.disturbed.is_empty();
        let mut longest = 0;
        let mut row = 0;
        for look in &looks {
            row = if open(look) { row + 1 } else { 0 };
            longest = longest.max(row);
        }
        assert!(longest <= OPEN_SECONDS, "{what}: the new door stood open for {longest} s");
        assert_eq!(scene.look().await.stranger, Way::Platform, "{what}");
        scene.full().assert_upgraded(&scene.fresh, &what).await;
    }
}

const FORWARDS: &str = "      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref WebTargetGroup }]\n";

/// A public HTTP listener that forwards, a second HTTPS listener with a rule of its own, and one that only redirects.
fn several_doors(material: &mut Material) {
    quiet_release(material);
    let door = |name: &str, port: u16, properties: &str| {
        format!(
            "  {name}:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      LoadBalancerArn: !Ref \
             LoadBalancer\n      Port: {port}\n{properties}"
        )
    };
    let forwards = format!("      Protocol: HTTP\n{FORWARDS}");
    let secure = format!(
        "      Protocol: HTTPS\n      Certificates: [{{ CertificateArn: !Ref Certificate }}]\n{FORWARDS}"
    );
    let redirects = "      Protocol: HTTP\n      DefaultActions: [{ Type: redirect, RedirectConfig: { StatusCode: HTTP_301, \
                     Protocol: HTTPS, Port: \"443\" } }]\n";
    let rule = "  SecondRule:\n    Type: AWS::ElasticLoadBalancingV2::ListenerRule\n    Properties:\n      ListenerArn: \
                !Ref SecondListener\n      Priority: 7\n      Conditions: [{ Field: path-pattern, PathPatternConfig: { \
                Values: [/second/*] } }]\n      Actions: [{ Type: forward, TargetGroupArn: !Ref WebTargetGroup }]\n";
    let more = [
        door("HttpListener", 8080, &forwards),
        door("SecondListener", 8443, &secure),
        rule.to_owned(),
        door("RedirectListener", 80, redirects),
    ];
    for template in [&mut material.from, &mut material.to] {
        *template = after(template, FORWARDS, &more.concat());
    }
}

pub async fn every_listener_that_users_come_through_is_closed_and_opened() {
    let mut scene = Scene::of(several_doors).await;
    scene.world.full.accepted_replacements = &[];
    scene.world.enable().await;
    assert!(scene.is_closed().await, "no listener lets strangers in");
    scene.disable().await;
    assert_eq!(scene.look().await.stranger, Way::Platform);
    let ((_, ended, report), looks) = scene.full().watched(1, scene.upgrade()).await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    assert!(report.still_to_put_back.is_empty(), "{:?}", report.still_to_put_back);
    crate::outside::check_gate(&looks, "several doors");
    scene.full().assert_upgraded(&scene.fresh, "several doors").await;
}

/// Somebody deletes the gate's rule on one of several listeners: users come in there, and nobody says otherwise.
pub async fn a_gate_that_is_open_in_part_is_told_and_closed_again() {
    let scene = Scene::of(several_doors).await;
    scene.world.enable().await;
    let rules = scene.full().outside().gate_rules("HttpListener").await;
    for rule in &rules {
        scene.call("elasticloadbalancing", "DeleteRule", &[("RuleArn", rule)]).await;
    }
    assert!(!rules.is_empty() && !scene.is_closed().await);
    scene.world.enable().await;
    assert!(scene.is_closed().await, "whoever enters closes what is open");
    // A fourth command in the same moment is more than the account's rate of looks at four listeners.
    scene.sleep(30).await;
    scene.disable().await;
    assert_eq!(scene.look().await.stranger, Way::Platform);
    assert_eq!(scene.stands().await, scene.full().before, "everything is as it was, whoever closed it");
}

/// The platform's rule is the first of all.
fn first_rule(material: &mut Material) {
    quiet_release(material);
    for template in [&mut material.from, &mut material.to] {
        *template = template.replacen("      Priority: 100\n", "      Priority: 1\n", 1);
        assert!(template.contains("      Priority: 1\n"));
    }
}

pub async fn rules_that_leave_no_room_make_room_and_take_their_places_again() {
    let scene = Scene::of(first_rule).await;
    let before = scene.stands().await.priorities;
    assert!(before.values().any(|priority| priority == "1"), "{before:?}");
    scene.world.enable().await;
    assert!(scene.is_closed().await);
    assert_ne!(scene.stands().await.priorities, before, "they have made room");
    // Whoever leaves needs no journal for it: the notes on the rules tell.
    scene.disable().await;
    assert_eq!(scene.stands().await.priorities, before);
    let ((_, ended, _), looks) = scene.full().watched(1, scene.upgrade()).await;
    assert_eq!(ended, Ended::Run(Outcome::Upgraded));
    crate::outside::check_gate(&looks, "first rule");
    scene.full().assert_upgraded(&scene.fresh, "first rule").await;
}

/// Somebody makes a rule at the gate's place between plan and run.
pub async fn a_place_that_was_taken_since_the_plan_is_not_insisted_on() {
    let scene = Scene::of(quiet_release).await;
    let plan = scene.world.upgrading().await.expect("a plan");
    let (arn, gate) = plan.gates().next().expect("a gate");
    let priority = gate.priority.to_string();
    scene
        .call(
            "elasticloadbalancing",
            "CreateRule",
            &[
                ("ListenerArn", arn),
                ("Priority", &priority),
                ("Conditions.member.1.Field", "path-pattern"),
                ("Conditions.member.1.PathPatternConfig.Values.member.1", "/mine/*"),
                ("Actions.member.1.Type", "fixed-response"),
                ("Actions.member.1.FixedResponseConfig.StatusCode", "404"),
            ],
        )
        .await;
    let mut waits = super::Waits;
    let work = scene.world.carry_on(&plan, &mut waits);
    let (ended, looks) = scene.full().watched(1, work).await;
    let (_, ended, report) = scene.told(&plan.run_id, ended);
    assert_eq!(ended, Ended::Run(Outcome::Upgraded), "{:?}", not_upgraded_if(&ended));
    assert!(has(&report.remarks, "was taken on"), "{:?}", report.remarks);
    crate::outside::check_gate(&looks, "a place that was taken");
}

fn not_upgraded_if(ended: &Ended) -> Option<&str> {
    matches!(ended, Ended::Run(Outcome::NotUpgraded { .. })).then(|| not_upgraded(ended))
}

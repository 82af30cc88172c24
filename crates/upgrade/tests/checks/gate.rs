//! Every way in, and room for the gate.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, check_all, listener, of, rule};

/// The new release has one listener more.
fn with_listener(world: &mut World, protocol: &str, port: u16) {
    let properties = format!("LoadBalancerArn: {{Ref: LoadBalancer}}, Port: {port}, Protocol: {protocol}");
    let more = format!(
        "  More:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties: {{{properties}}}\n  Queue:\n"
    );
    world.rewrite("  Queue:\n", &more);
}

#[test]
fn gate() {
    check_all(&[
        ("room", |_| {}, "gate-space", Passed, "before it, at 40"),
        (
            "only the default rule",
            |w| w.around.listeners = Ok(vec![listener(vec![rule(None, 0)])]),
            "gate-space",
            Passed,
            "",
        ),
        (
            "the platform's rule is the first",
            |w| w.around.listeners = Ok(vec![listener(vec![rule(Some(1), 1)])]),
            "gate-space",
            Passed,
            "it is moved for the time of the maintenance and back afterwards: 1 to 4",
        ),
        (
            "the release's rule would be before the gate",
            |w| {
                w.new_priorities.insert("Listener".to_owned(), [1].into());
            },
            "gate-space",
            Failed,
            "gives a rule of Listener priority 1",
        ),
        (
            "one priority, and addresses to let in",
            |w| {
                w.around.listeners = Ok(vec![listener(vec![rule(Some(2), 1), rule(None, 0)])]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Passed,
            // The gate, the copy of the rule, the copy of the default rule.
            "2 to 10",
        ),
        (
            "nine addresses beside one value",
            |w| {
                w.around.listeners = Ok(vec![listener(vec![rule(Some(8), 1), rule(None, 0)])]);
                w.admitted = (0..9).map(|n| format!("192.0.2.{n}/32")).collect();
            },
            "gate-space",
            Passed,
            // 1 + 9 over 4, twice.
            "needs 7 before it",
        ),
        (
            "a full rule",
            |w| {
                w.around.listeners = Ok(vec![listener(vec![rule(Some(80), 5), rule(None, 0)])]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            "priorities 80",
        ),
        (
            "a rule that signs in, and addresses to let in",
            |w| {
                let signing_in = ListenerRule { signs_in: true, ..rule(Some(80), 1) };
                w.around.listeners = Ok(vec![listener(vec![signing_in, rule(None, 0)])]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            "client secret can't be read",
        ),
        (
            "a rule that signs in, and nobody to let in",
            |w| {
                let signing_in = ListenerRule { signs_in: true, ..rule(Some(80), 1) };
                w.around.listeners = Ok(vec![listener(vec![signing_in, rule(None, 0)])]);
            },
            "gate-space",
            Passed,
            "before it, at 40",
        ),
        (
            "100 rules",
            |w| w.around.listeners = Ok(vec![listener((80..180).map(|n| rule(Some(n), 1)).collect())]),
            "gate-space",
            Failed,
            "over 100",
        ),
        (
            "left over",
            |w| {
                w.around.listeners = Ok(vec![listener(vec![
                    ListenerRule { run_id: Some("run-7".into()), ..rule(Some(1), 1) },
                    rule(Some(80), 1),
                ])]);
            },
            "gate-space",
            Warning,
            "run-7",
        ),
        ("blind", |w| w.around.listeners = Err("no".into()), "doors", Failed, "not known"),
        ("no gate", |w| w.gateless = true, "gate-space", Skipped, "no gate"),
    ]);
}

fn second(name: &str, kind: BalancerKind, balancer: &str, port: u16) -> ListenerSeen {
    ListenerSeen {
        arn: format!("arn:{name}"),
        logical_id: Some(name.to_owned()),
        balancer: balancer.to_owned(),
        kind,
        protocol: "HTTP".to_owned(),
        port,
        ..listener(Vec::new())
    }
}

#[test]
fn every_way_in_closes_or_is_settled() {
    fn with(world: &mut World, more: ListenerSeen) {
        world.around.listeners.as_mut().expect("seen").push(more);
    }
    check_all(&[
        ("one door", |_| {}, "doors", Passed, "Listener (HTTPS:443 of web) closes."),
        (
            "a public HTTP listener that forwards",
            |w| with(w, second("Http", BalancerKind::Application, "web", 80)),
            "doors",
            Passed,
            "Http (HTTP:80 of web) closes.",
        ),
        (
            "one that redirects to what closes",
            |w| {
                let leads_to = vec![LeadsTo { balancer: "web".to_owned(), port: 443 }];
                with(w, ListenerSeen { leads_to, ..second("Http", BalancerKind::Application, "web", 80) });
            },
            "doors",
            Passed,
            "Http (HTTP:80 of web) leads only to Listener, which closes.",
        ),
        (
            "a network load balancer",
            |w| with(w, second("Ssh", BalancerKind::Network, "front", 22)),
            "doors",
            Failed,
            "doors = { Ssh = \"not-for-users: …\" }",
        ),
        (
            "one that isn't for users",
            |w| {
                with(w, second("Ssh", BalancerKind::Network, "front", 22));
                let reason = "administrators only".to_owned();
                w.door_words.insert("Ssh".to_owned(), DoorWord::NotForUsers { reason });
            },
            "doors",
            Passed,
            "is not for users, by the settings: administrators only",
        ),
        (
            "one that stays open",
            |w| {
                with(w, second("Old", BalancerKind::Classic, "old", 0));
                let reason = "uploads only".to_owned();
                w.door_words.insert("Old".to_owned(), DoorWord::StaysOpen { reason });
            },
            "doors",
            Warning,
            "Old (classic load balancer old) stays open",
        ),
        (
            "a word for a door that isn't there",
            |w| {
                w.door_words.insert("Htps".to_owned(), DoorWord::Users);
            },
            "doors",
            Warning,
            "speak of a door Htps",
        ),
        (
            "the release brings a listener",
            |w| with_listener(w, "HTTPS", 8443),
            "doors",
            Passed,
            "More (HTTPS:8443, new with this release), closes as soon as CloudFormation has made it.",
        ),
        (
            "the release brings one that has no rules",
            |w| with_listener(w, "TCP", 22),
            "doors",
            Failed,
            "More (TCP:22, new with this release) can't be closed: only listeners of an application load balancer have rules.",
        ),
        (
            "it is settled",
            |w| {
                with_listener(w, "TCP", 22);
                let reason = "administrators alone have its key".to_owned();
                w.door_words.insert("More".to_owned(), DoorWord::NotForUsers { reason });
            },
            "doors",
            Passed,
            "More (TCP:22, new with this release) is not for users, by the settings: administrators alone",
        ),
        (
            "traffic for appliances",
            |w| with_listener(w, "GENEVE", 6081),
            "doors",
            Passed,
            "Listener (HTTPS:443 of web) closes.",
        ),
        ("nothing to close", |w| w.around.listeners = Ok(Vec::new()), "doors", Failed, "gate = \"none\""),
        (
            "no gate, and nothing to close",
            |w| (w.around.listeners, w.gateless) = (Ok(Vec::new()), true),
            "doors",
            Passed,
            "nobody is kept out",
        ),
        ("no gate, and a door", |w| w.gateless = true, "doors", Warning, "People may come in"),
        (
            "no gate, and a classic load balancer alone",
            |w| {
                let classic = second("Old", BalancerKind::Classic, "old", 0);
                (w.around.listeners, w.gateless) = (Ok(vec![classic]), true);
            },
            "doors",
            Warning,
            "by Old (classic load balancer old), which can't be closed",
        ),
        (
            "a gate, and a classic load balancer alone",
            |w| w.around.listeners = Ok(vec![second("Old", BalancerKind::Classic, "old", 0)]),
            "doors",
            Failed,
            "doors = { Old = \"not-for-users: …\" }",
        ),
    ]);
}

#[test]
fn ways_in_that_are_no_load_balancer_are_named_and_a_distribution_before_one_is_not() {
    fn with(world: &mut World, resources: &str) {
        world.deployment.template.push_str(resources);
    }
    check_all(&[
        (
            "an API",
            |w| with(w, "  Api: {Type: AWS::ApiGateway::RestApi}\n"),
            "doors",
            Passed,
            "Not judged, for only load balancers are: Api (API Gateway).",
        ),
        (
            "a distribution before the load balancer, one before a bucket, and no gate",
            |w| {
                with(
                    w,
                    "  Front:\n    Type: AWS::CloudFront::Distribution\n    Properties:\n      DistributionConfig: {Origins: \
                     [{DomainName: {Fn::GetAtt: [LoadBalancer, DNSName]}}]}\n  Files:\n    Type: \
                     AWS::CloudFront::Distribution\n    Properties:\n      DistributionConfig: {Origins: [{DomainName: \
                     files.s3.amazonaws.com}]}\n  Runner: {Type: AWS::AppRunner::Service}\n",
                );
                w.gateless = true;
            },
            "doors",
            Warning,
            "only load balancers are: Files (CloudFront), Runner (App Runner). Whoever comes in by such a way is not kept out.",
        ),
    ]);
}

/// The check and the draft of the gate must agree on what fits.
#[test]
fn the_gate_that_fits_is_drawn() {
    for lowest in [1, 2, 3, 6, 8, 11] {
        for values in [1, 4, 5] {
            for admitted in [0, 1, 9] {
                let mut world = World::default();
                world.around.listeners = Ok(vec![listener(vec![
                    rule(Some(lowest), values),
                    rule(Some(lowest + 1), 2),
                    rule(None, 0),
                ])]);
                world.admitted = (0..admitted).map(|n| format!("192.0.2.{n}/32")).collect();
                let settings = PlanSettings {
                    deployment_name: "lab".to_owned(),
                    run_id: "run-1".to_owned(),
                    state: String::new(),
                    left_without_state: false,
                    maintenance: world.maintenance.clone(),
                    health: world.health.clone(),
                    announcement: Announcement { banner: None, closes_at: None },
                    gateless: false,
                    door_words: world.door_words.clone(),
                    admitted: world.admitted.clone(),
                    message: None,
                    snapshot_databases: false,
                    snapshot_volumes: false,
                    platform: world.around.platform,
                };
                let listeners = world.around.listeners.clone().unwrap_or_default();
                let findings = Findings {
                    deployment: &world.deployment,
                    targets: &world.targets,
                    profile: &Profile::generic(),
                    listeners: &listeners,
                    new_priorities: &world.new_priorities,
                    at_work: &AtWork::default(),
                    checks: &[],
                    accepted: &[],
                    found: None,
                    before: &Before::default(),
                    facts: &Facts::default(),
                };
                let drawn = maintenance_plan(RunKind::EnterMaintenance, &settings, &findings);
                let verdict = of(&world.check(), "gate-space").verdict;
                assert_eq!(
                    drawn.is_ok(),
                    verdict == Passed,
                    "first rule {lowest} with {values} values, {admitted} admitted: {verdict:?}, {:?}",
                    drawn.err()
                );
            }
        }
    }
}
